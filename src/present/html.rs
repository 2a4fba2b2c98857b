//! `report.html`: one self-contained page. The table and the findings are plain HTML that reads without
//! JavaScript; the cells behind a pair are data, shown by `templates/report.js`.

use std::io::Write;

use askama::Template;

use super::crossing::{Crossing, CrossingFailure};
use super::drift::{DriftCharts, charts};
use super::error::RenderError;
use super::forecast::{self, ScoreRow};
use super::gate::{Account, Answer};
use super::html_data::HtmlData;
use super::html_environments::{EnvironmentRow, environments, packages};
use super::html_files::{FilesPage, files};
use super::html_findings::{SectionPage, sections};
pub use super::html_links::pair_link;
use super::isolation;
use super::promises::{self, PromisePage};
use super::table::Table;
use super::tables::tables;
use super::tradeoffs::{Plot, plot, tradeoffs};
use super::view::{Axis, View};
use super::words::{ARROW, Counts, Group, duration, join, line, plural};
use crate::vocab::Record;

/// Everything that `templates/report.html` shows. Texts from outside are one line and free of control
/// characters; the template escapes them.
#[derive(Clone, Debug, Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    description: String,
    facts: String,
    notice: Option<&'static str>,
    /// What a judged run says, before everything else.
    answer: Option<AnswerLine>,
    summary: Vec<SummaryTile>,
    statuses: Vec<(String, u64)>,
    /// The files that were given, by environments.
    files: Option<FilesPage>,
    sections: Vec<SectionPage>,
    /// How forecasts did; empty where none were asked for.
    score: Vec<String>,
    score_rows: Vec<ScoreRow>,
    columns: Vec<Head>,
    rows: Vec<Row>,
    verdicts: Vec<(&'static str, &'static str, u64)>,
    models: Vec<String>,
    formats: Vec<String>,
    tables: Vec<Table>,
    plot: Option<Plot>,
    /// How far outputs drift over releases, where there is something to see.
    drift: Option<DriftCharts>,
    crossings: Vec<CrossingPage>,
    promises: Vec<PromisePage>,
    suspects: Vec<isolation::Suspect>,
    suspicious_advice: &'static str,
    gaps: Option<String>,
    packages: Vec<String>,
    environments: Vec<EnvironmentRow>,
    footer: String,
    style: &'static str,
    script: &'static str,
}

/// The answer of a judged run.
#[derive(Clone, Debug)]
struct AnswerLine {
    class: &'static str,
    word: &'static str,
    account: String,
}

/// One group with its count, above everything.
#[derive(Clone, Debug)]
struct SummaryTile {
    class: &'static str,
    symbol: char,
    word: &'static str,
    count: u64,
    verdicts: String,
}

/// The same scikit-learn across pointer widths or byte orders.
#[derive(Clone, Debug)]
struct CrossingPage {
    direction: String,
    facts: String,
    failures: Vec<CrossingRow>,
}

#[derive(Clone, Debug)]
struct CrossingRow {
    class: &'static str,
    symbol: char,
    models: Vec<String>,
    formats: String,
    what: String,
    when: String,
}

#[derive(Clone, Debug)]
struct Head {
    name: String,
    about: String,
}

#[derive(Clone, Debug)]
struct Row {
    head: Head,
    cells: Vec<HeatCell>,
}

/// One pair of the table.
#[derive(Clone, Debug)]
struct HeatCell {
    class: &'static str,
    /// Percent of the cells in the group that colours it: the depth of the colour.
    share: u64,
    /// Fragment that opens it.
    link: String,
    label: String,
    groups: Vec<(&'static str, char, u64)>,
}

/// Renders `report.html`.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let page = Page::new(view).render()?;
    // The data of a large run are not held as text.
    let place = page.rfind(DATA).map_or(page.len(), |place| place + DATA.len());
    out.write_all(&page.as_bytes()[..place])?;
    HtmlData::new(view).write_script(out)?;
    Ok(out.write_all(&page.as_bytes()[place..])?)
}

/// What stands before the data in the page.
const DATA: &str = "<script type=\"application/json\" id=\"data\">";

impl Page {
    fn new(view: &View<'_>) -> Self {
        let record = view.record;
        let run = &record.run;
        Self {
            title: line(&record.matrix.name).into_owned(),
            description: record.matrix.description.as_deref().map(line).unwrap_or_default().into_owned(),
            facts: join([
                plural(view.producers.len() as u64, "producer"),
                plural(view.consumers.len() as u64, "consumer"),
                plural(view.models.len() as u64, "model"),
                plural(view.formats.len() as u64, "format"),
                plural(view.counts.total(), "cell"),
            ]),
            notice: run
                .interrupted
                .then_some("Interrupted: cells are missing. The same command goes on where it stopped."),
            summary: tiles(&view.counts),
            statuses: record
                .summary
                .statuses
                .iter()
                .map(|(status, count)| (status.to_string(), *count))
                .collect(),
            score: view.record.score.as_ref().map(forecast::sentences).unwrap_or_default(),
            score_rows: view.record.score.as_ref().map(forecast::rows).unwrap_or_default(),
            answer: answer(record),
            files: files(view),
            sections: sections(view),
            columns: view.consumers.iter().map(head).collect(),
            rows: rows(view),
            verdicts: view
                .counts
                .occurring()
                .map(|(verdict, count)| (verdict.as_str(), Group::of(verdict).class(), count))
                .collect(),
            models: view.models.iter().map(|name| line(name).into_owned()).collect(),
            formats: view.formats.iter().map(|name| line(name).into_owned()).collect(),
            tables: tables(record),
            plot: plot(&tradeoffs(record)),
            drift: charts(view),
            crossings: crossings(view),
            promises: promises::all(view.record, ARROW),
            suspects: isolation::suspects(view.record),
            suspicious_advice: isolation::SUSPICIOUS_ADVICE,
            gaps: isolation::gaps(view.record),
            packages: packages(view).into_iter().map(|package| line(package).into_owned()).collect(),
            environments: environments(view),
            footer: format!(
                "shelflife {}, run {}, started {}, {}",
                line(&run.shelflife),
                line(&run.name),
                line(&run.started),
                duration(run.seconds)
            ),
            style: include_str!("../../templates/report.css"),
            script: include_str!("../../templates/report.js"),
        }
    }
}

fn answer(record: &Record) -> Option<AnswerLine> {
    let answer = Answer::of_record(record);
    record.run.judged.then(|| AnswerLine {
        class: answer.group().class(),
        word: answer.word(),
        account: Account::of(record).sentence(),
    })
}

fn tiles(counts: &Counts) -> Vec<SummaryTile> {
    Group::ALL
        .into_iter()
        .map(|group| SummaryTile {
            class: group.class(),
            symbol: group.symbol(),
            word: group.word(),
            count: counts.group(group),
            verdicts: join(
                counts
                    .occurring()
                    .filter(|(verdict, _)| Group::of(*verdict) == group)
                    .map(|(verdict, count)| format!("{count} {verdict}")),
            ),
        })
        // Silent differences are worth a tile even where there is none: that is the good news.
        .filter(|tile| tile.count > 0 || tile.class == Group::Silent.class())
        .collect()
}

fn crossings(view: &View<'_>) -> Vec<CrossingPage> {
    let row = |failure: &CrossingFailure| CrossingRow {
        class: failure.group.class(),
        symbol: failure.group.symbol(),
        models: failure.models.clone(),
        formats: failure.formats_text(),
        what: failure.what.clone(),
        when: failure.when.clone(),
    };
    let page = |crossing: &Crossing| CrossingPage {
        direction: crossing.direction.text(ARROW),
        facts: format!(
            "scikit-learn {}: {}",
            join(crossing.versions.iter().map(|version| line(version))),
            crossing.counts.sentence()
        ),
        failures: crossing.failures.iter().map(row).collect(),
    };
    view.crossings.iter().map(page).collect()
}

fn head(axis: &Axis<'_>) -> Head {
    Head { name: line(axis.name).into_owned(), about: axis.about() }
}

fn rows(view: &View<'_>) -> Vec<Row> {
    let row = |(row, producer): (usize, &Axis<'_>)| Row {
        head: head(producer),
        cells: view
            .consumers
            .iter()
            .enumerate()
            .map(|(column, consumer)| heat_cell(producer.name, consumer.name, &view.pair(row, column).counts))
            .collect(),
    };
    view.producers.iter().enumerate().map(row).collect()
}

fn heat_cell(producer: &str, consumer: &str, counts: &Counts) -> HeatCell {
    HeatCell {
        class: counts.tone().map_or("empty", Group::class),
        share: counts.groups().next().map_or(0, |(_, count)| 100 * count / counts.total()),
        link: pair_link(producer, consumer),
        label: format!("{} to {}: {}", line(producer), line(consumer), counts.sentence()),
        groups: counts.groups().map(|(group, count)| (group.class(), group.symbol(), count)).collect(),
    }
}

/// The page's content as text, for snapshots: everything but styles, script and data.
pub fn context(view: &View<'_>) -> String {
    let mut page = Page::new(view);
    (page.style, page.script) = ("", "");
    format!("{page:#?}")
}
