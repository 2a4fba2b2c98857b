//! The page of an estimator: a heat map for each format, and a table for each release that wrote.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::super::answer::{map_beside, share, span};
use super::super::object::again;
use super::parts::{Field, FieldRow, anchor, field, legend, questions, sources, title};
use crate::compat::{End, MapFacts, MayMeet, Question, Tally, caveats_of, reaches, readers, square};
use crate::explain;
use crate::present::error::RenderError;
use crate::present::words::{Group, join, plural};
use crate::vocab::Verdict;

#[derive(Template)]
#[template(path = "map_estimator.html")]
struct Page<'p> {
    root: &'static str,
    version: &'p str,
    module: &'p str,
    class: &'p str,
    lead: String,
    legend: String,
    squares: Vec<SquarePart>,
    models: Vec<Model>,
    sources: String,
}

struct SquarePart {
    id: String,
    title: String,
    readers: Vec<String>,
    rows: Vec<FieldRow>,
    writers: Vec<Writer>,
}

struct Writer {
    id: String,
    release: String,
    beside: String,
    lines: Vec<Line>,
    caveats: Vec<Caveat>,
    commands: Vec<String>,
}

struct Line {
    readers: String,
    style: &'static str,
    sign: char,
    verdict: String,
    models: String,
    cause: String,
    cause_id: String,
    rescue: &'static str,
}

/// What models with other parameters may meet.
struct Caveat {
    readers: String,
    cause: String,
    cause_id: String,
}

struct Model {
    name: String,
    expression: String,
    dataset: String,
}

pub(super) fn page(
    facts: &MapFacts,
    may_meet: &MayMeet<'_>,
    estimator: &str,
    version: &str,
) -> Result<String, RenderError> {
    let (module, class) = estimator.rsplit_once('.').unwrap_or(("", estimator));
    let questions = questions(facts);
    let squares = questions.iter().filter_map(|question| part(facts, may_meet, estimator, question));
    let squares: Vec<SquarePart> = squares.collect();
    let mut matrices = BTreeSet::new();
    let mut models: BTreeMap<&String, Model> = BTreeMap::new();
    for (matrix, run) in &facts.runs {
        for (name, model) in run.models.iter().filter(|(_, model)| model.estimator == estimator) {
            let (expression, dataset) = (model.expression.clone(), model.dataset.clone());
            matrices.insert(matrix.as_str());
            models.insert(name, Model { name: name.clone(), expression, dataset });
        }
    }
    let releases = squares.iter().map(|square| square.readers.len()).max().unwrap_or_default();
    let page = Page {
        root: "../",
        version,
        module,
        class,
        lead: format!(
            "{}, saved by and read in {}.",
            plural(models.len() as u64, "model"),
            plural(releases as u64, "release")
        ),
        legend: legend(),
        sources: sources(facts, &matrices)?,
        models: models.into_values().collect(),
        squares,
    };
    Ok(page.render()?)
}

fn part(
    facts: &MapFacts,
    may_meet: &MayMeet<'_>,
    estimator: &str,
    question: &Question,
) -> Option<SquarePart> {
    let mut rows = square(facts, estimator, question).ok()?;
    may_meet.add_to_square(estimator, question, &mut rows);
    let readers: Vec<String> = readers(&rows).into_iter().map(str::to_owned).collect();
    let id = anchor(question);
    let heat = rows.iter().map(|(from, row)| {
        let cell = |to: &String| {
            let tally = row.iter().find(|(release, _)| release == to).map(|(_, tally)| tally);
            tally.map_or_else(Field::default, |tally| field(tally, format!("#{id}-from-{from}")))
        };
        FieldRow { head: from.clone(), cells: readers.iter().map(cell).collect() }
    });
    let writers = rows.iter().map(|(from, row)| writer(facts, question, from, row));
    Some(SquarePart { title: title(question), rows: heat.collect(), writers: writers.collect(), id, readers })
}

fn writer(facts: &MapFacts, question: &Question, from: &str, row: &[(String, Tally)]) -> Writer {
    let mut lines = Vec::new();
    for reach in reaches(row) {
        let total: usize = reach.ends.iter().map(|end| end.models).sum();
        lines.extend(reach.ends.iter().map(|end| line(span(&reach.releases), end, total)));
    }
    // All readers at once: what differs from row to row is the writer.
    let mut all = Tally::default();
    for (_, tally) in row {
        for (seen, models) in &tally.seen {
            all.seen.entry(seen.clone()).or_default().extend(models.iter().cloned());
        }
        all.runs.extend(tally.runs.iter().cloned());
    }
    Writer {
        id: format!("{}-from-{from}", anchor(question)),
        release: from.to_owned(),
        beside: map_beside(facts, from, question.from_bits),
        lines,
        caveats: caveats_of(row).into_iter().filter_map(caveat).collect(),
        commands: if all.seen.is_empty() { Vec::new() } else { again(facts, from, None, question, &all) },
    }
}

fn caveat((rule, spans): (&str, Vec<(String, String)>)) -> Option<Caveat> {
    let rule = explain::find(rule)?;
    let readers = join(spans.iter().map(span).collect::<Vec<_>>().iter());
    Some(Caveat { readers, cause: rule.title.clone(), cause_id: rule.id.to_owned() })
}

fn line(readers: String, end: &End, total: usize) -> Line {
    let verdict = end.verdicts.first().copied().unwrap_or(Verdict::Unverified);
    let group = Group::of(verdict);
    let words: Vec<&str> = end.verdicts.iter().map(|verdict| verdict.as_str()).collect();
    let rule = end.rule.as_deref().and_then(explain::find);
    Line {
        readers,
        style: group.class(),
        sign: group.symbol(),
        verdict: words.join(", "),
        models: share(end, total),
        cause: match rule {
            Some(rule) => rule.title.clone(),
            None if end.verdicts.contains(&Verdict::Absent) => {
                "no such class there, or no such parameter".to_owned()
            }
            None if end.works() => String::new(),
            None => "no known cause".to_owned(),
        },
        cause_id: rule.map_or_else(String::new, |rule| rule.id.to_owned()),
        rescue: match rule {
            Some(rule) if rule.has_mend() => "mends it",
            Some(_) => "no",
            None => "",
        },
    }
}
