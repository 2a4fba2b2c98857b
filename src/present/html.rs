//! `report.html`: one self-contained page. The table and the findings are plain HTML that reads without
//! JavaScript; the cells behind a pair are data, shown by `templates/report.js`.

use std::fmt::Write as _;

use askama::Template;

use super::crossing::{Crossing, CrossingFailure};
use super::error::RenderError;
use super::forecast::{self, ScoreRow};
use super::html_data::HtmlData;
use super::isolation;
use super::markup::html_spans;
use super::promises::{self, PromisePage};
use super::reasons::broken;
use super::table::Table;
use super::tables::tables;
use super::tradeoffs::{Plot, plot, tradeoffs};
use super::view::{Axis, FindingView, Fixed, Section, UNEXPLAINED, UNEXPLAINED_ADVICE, View, abridged};
use super::words::{ARROW, Counts, Group, block, difference, duration, join, line, plural, shorten};

/// Pairs linked from one finding, and how many of them at once.
const MOST_PAIRS: usize = 60;
const FIRST_PAIRS: usize = 4;
/// Findings of a section that are shown at once.
const FIRST_FINDINGS: usize = 6;
/// Findings shown in a section; the rest is reached through the table.
const MOST_FINDINGS: usize = 200;
/// Longest message of a finding.
const LONGEST_MESSAGE: usize = 1_000;

/// Everything that `templates/report.html` shows. Texts from outside are one line and free of control
/// characters; the template escapes them.
#[derive(Clone, Debug, Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    description: String,
    facts: String,
    notice: Option<&'static str>,
    summary: Vec<SummaryTile>,
    statuses: Vec<(String, u64)>,
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
    crossings: Vec<CrossingPage>,
    promises: Vec<PromisePage>,
    suspects: Vec<isolation::Suspect>,
    suspicious_advice: &'static str,
    gaps: Option<String>,
    environments: Vec<EnvironmentRow>,
    footer: String,
    style: &'static str,
    script: &'static str,
    data: String,
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

#[derive(Clone, Debug)]
struct SectionPage {
    class: &'static str,
    symbol: char,
    title: &'static str,
    advice: &'static str,
    reach: String,
    findings: Vec<FindingPage>,
    /// The rest, folded.
    more: Vec<FindingPage>,
    left_out: usize,
}

#[derive(Clone, Debug, Default)]
struct FindingPage {
    title: String,
    /// Output, size and worst row, for differences.
    fact: String,
    notes: Vec<(&'static str, String)>,
    remedy: String,
    cause: String,
    links: Vec<String>,
    details: String,
    reach: String,
    pairs: Vec<PairLink>,
    /// The rest, folded.
    more_pairs: Vec<PairLink>,
    /// What the fold says.
    more_reach: String,
    pairs_left_out: usize,
    is_declared: bool,
}

#[derive(Clone, Debug)]
struct PairLink {
    link: String,
    from: String,
    to: String,
}

#[derive(Clone, Debug)]
struct EnvironmentRow {
    name: String,
    runtime: &'static str,
    python: String,
    versions: Vec<String>,
    machine: String,
    bits: String,
    error: String,
    remedy: String,
}

/// Packages with a column of their own among the environments.
const PACKAGES: [&str; 4] = ["scikit-learn", "numpy", "scipy", "joblib"];

/// Renders `report.html`.
pub fn render(view: &View<'_>) -> Result<Vec<u8>, RenderError> {
    let page = Page::new(view, HtmlData::new(view).to_script()?);
    let mut out = String::with_capacity(page.data.len() + 64 * 1024);
    page.render_into(&mut out)?;
    Ok(out.into_bytes())
}

impl Page {
    fn new(view: &View<'_>, data: String) -> Self {
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
            sections: Section::ALL
                .into_iter()
                .filter_map(|section| section_page(view, section))
                .chain(unexplained_page(view))
                .chain(fixed_page(view))
                .collect(),
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
            crossings: crossings(view),
            promises: promises::all(view.record, ARROW),
            suspects: isolation::suspects(view.record),
            suspicious_advice: isolation::SUSPICIOUS_ADVICE,
            gaps: isolation::gaps(view.record),
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
            data,
        }
    }
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

/// The fragment that opens a pair: `#pair=sk1.2.2/sk1.5.2`.
pub fn pair_link(producer: &str, consumer: &str) -> String {
    format!("#pair={}/{}", encode(&line(producer)), encode(&line(consumer)))
}

/// Percent-encodes everything that JavaScript's `encodeURIComponent` does, and some more.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

const fn group(section: Section) -> Group {
    match section {
        Section::Silent | Section::Nondeterministic => Group::Silent,
        Section::Failure => Group::Fails,
        Section::Environment | Section::Unjudged | Section::NotTried => Group::NoVerdict,
        Section::Noise => Group::Works,
        Section::Unsupported => Group::Unsupported,
    }
}

fn section_page(view: &View<'_>, section: Section) -> Option<SectionPage> {
    let all: Vec<_> = view.section(section).collect();
    let mut findings: Vec<_> = Vec::new();
    if section == Section::Environment {
        findings.extend(view.broken_environments.iter().map(|environment| {
            let name = line(environment.name.as_str());
            let error = broken(environment).unwrap_or_default();
            let error = line(&error);
            FindingPage {
                remedy: environment.remedy.as_deref().map(html_spans).unwrap_or_default(),
                ..FindingPage::titled(format!("{name}: {error}"))
            }
        }));
    }
    findings.extend(all.iter().take(MOST_FINDINGS).map(|finding| finding_page(view, finding)));
    if findings.is_empty() {
        return None;
    }
    let cells: usize = all.iter().map(|finding| finding.finding.cells.len()).sum();
    let left_out = all.len().saturating_sub(MOST_FINDINGS);
    let count = plural((findings.len() + left_out) as u64, "finding");
    let more = findings.split_off(findings.len().min(FIRST_FINDINGS));
    Some(SectionPage {
        class: group(section).class(),
        symbol: group(section).symbol(),
        title: section.title(),
        advice: section.advice(),
        reach: format!("{count}, {}", plural(cells as u64, "cell")),
        left_out,
        more,
        findings,
    })
}

/// What no known cause matches, once more and by itself: it should be empty.
fn unexplained_page(view: &View<'_>) -> Option<SectionPage> {
    let mut findings: Vec<_> = view.unexplained().map(|shown| finding_page(view, shown)).collect();
    let left_out = findings.len().saturating_sub(MOST_FINDINGS);
    findings.truncate(MOST_FINDINGS);
    let count = plural((findings.len() + left_out) as u64, "finding");
    (!findings.is_empty()).then(|| SectionPage {
        class: Group::NoVerdict.class(),
        symbol: Group::NoVerdict.symbol(),
        title: UNEXPLAINED,
        advice: UNEXPLAINED_ADVICE,
        reach: count,
        more: findings.split_off(findings.len().min(FIRST_FINDINGS)),
        findings,
        left_out,
    })
}

/// Declared failures that work now.
fn fixed_page(view: &View<'_>) -> Option<SectionPage> {
    let cells: u64 = view.fixed.iter().map(|fixed| fixed.cells).sum();
    (cells > 0).then(|| SectionPage {
        class: Group::Works.class(),
        symbol: Group::Works.symbol(),
        title: Fixed::TITLE,
        advice: "Declared as failing, and works.",
        reach: plural(cells, "cell"),
        findings: view.fixed.iter().map(|fixed| FindingPage::titled(fixed.advice())).collect(),
        more: Vec::new(),
        left_out: 0,
    })
}

impl FindingPage {
    /// One with nothing but a title.
    fn titled(title: String) -> Self {
        Self { title, ..Self::default() }
    }
}

fn finding_page(view: &View<'_>, shown: &FindingView<'_>) -> FindingPage {
    let finding = shown.finding;
    let message = || shorten(&line(&shown.text.title), LONGEST_MESSAGE).into_owned();
    let is_difference = matches!(shown.section, Section::Silent | Section::Nondeterministic);
    let (title, fact) = match (&shown.worst, is_difference) {
        (Some(worst), true) => {
            let flips = super::words::flips_beside(worst.cell, worst.output);
            let fact = format!("{}: {}{}", line(worst.output), difference(worst.facts, ARROW), line(&flips));
            (shown.models(), fact)
        }
        _ if shown.section == Section::Failure => {
            (format!("{} ({})", finding.verdict, finding.stage), message())
        }
        _ => (message(), String::new()),
    };
    let mut notes = Vec::new();
    if !is_difference {
        notes.push(("models", abridged(finding.models.iter().map(|name| name.as_str()), 6)));
    }
    let formats = shown.formats(view);
    if !formats.is_empty() {
        notes.push(("only", formats));
    }
    if let Some(blame) = &finding.blame {
        notes.push(("blame", line(blame).into_owned()));
    }
    if let Some(rule) = &finding.rule {
        notes.push(("known cause", line(rule).into_owned()));
    }
    if !shown.statuses.is_empty() {
        notes
            .push(("judged", join(shown.statuses.iter().map(|(status, count)| format!("{count} {status}")))));
    }
    if let Some(note) = shown.declared {
        let place = line(&note.declared_at);
        notes.push(("declared", format!("{} at {place}: {}", join(&note.verdicts), line(&note.reason))));
    }
    let mut pairs: Vec<_> = finding
        .pairs
        .iter()
        .take(MOST_PAIRS)
        .map(|(from, to)| PairLink {
            link: finding_link(shown, from.as_str(), to.as_str()),
            from: line(from.as_str()).into_owned(),
            to: line(to.as_str()).into_owned(),
        })
        .collect();
    FindingPage {
        title,
        fact,
        notes,
        cause: shown.text.cause.as_deref().map(html_spans).unwrap_or_default(),
        links: shown.text.links.iter().filter(|link| link.starts_with("https://")).cloned().collect(),
        remedy: shown.remedy.as_deref().map(html_spans).unwrap_or_default(),
        details: shown.text.details.iter().map(|text| block(text)).collect::<Vec<_>>().join("\n"),
        reach: format!(
            "{} in {}",
            plural(finding.cells.len() as u64, "cell"),
            plural(finding.pairs.len() as u64, "pair")
        ),
        more_reach: plural(finding.pairs.len().saturating_sub(FIRST_PAIRS) as u64, "more pair"),
        more_pairs: pairs.split_off(pairs.len().min(FIRST_PAIRS)),
        pairs,
        pairs_left_out: finding.pairs.len().saturating_sub(MOST_PAIRS),
        is_declared: shown.is_as_declared(),
    }
}

/// Opens a pair with the cells of a finding only.
fn finding_link(shown: &FindingView<'_>, producer: &str, consumer: &str) -> String {
    let mut link = pair_link(producer, consumer);
    if let [model] = shown.finding.models.as_slice() {
        link.push_str(&format!("&model={}", encode(&line(model.as_str()))));
    }
    link.push_str(&format!("&verdict={}", shown.finding.verdict));
    link
}

fn environments(view: &View<'_>) -> Vec<EnvironmentRow> {
    view.record
        .environments
        .iter()
        .map(|environment| EnvironmentRow {
            name: line(environment.name.as_str()).into_owned(),
            runtime: environment.runtime.as_str(),
            python: line(&environment.python).into_owned(),
            versions: PACKAGES
                .iter()
                .map(|package| {
                    environment.packages.get(*package).map(|v| line(v).into_owned()).unwrap_or_default()
                })
                .collect(),
            machine: line(&environment.arch).into_owned(),
            bits: if environment.bits == 0 { String::new() } else { environment.bits.to_string() },
            error: broken(environment).as_deref().map(line).unwrap_or_default().into_owned(),
            remedy: environment.remedy.as_deref().map(html_spans).unwrap_or_default(),
        })
        .collect()
}

/// The page's content as text, for snapshots: everything but styles, script and data.
pub fn context(view: &View<'_>) -> String {
    let mut page = Page::new(view, String::new());
    (page.style, page.script) = ("", "");
    format!("{page:#?}")
}
