//! The index: every estimator, and every pair of releases.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::parts::{Field, FieldRow, all_runs, legend, questions, sources};
use crate::compat::{MapFacts, Question, Tally, estimators, pair, releases, square};
use crate::present::error::RenderError;
use crate::present::words::{Group, plural};

#[derive(Template)]
#[template(path = "map_index.html")]
struct Index<'p> {
    root: &'static str,
    version: &'p str,
    lead: String,
    modules: Vec<Module>,
    format: String,
    legend: String,
    readers: Vec<String>,
    rows: Vec<FieldRow>,
    sources: String,
}

struct Module {
    name: String,
    estimators: Vec<Listed>,
}

struct Listed {
    class: String,
    share: String,
}

pub(super) fn page(facts: &MapFacts, version: &str) -> Result<String, RenderError> {
    let all = estimators(facts);
    let asked = questions(facts).into_iter().next();
    let releases = releases(facts, |_| true);
    let mut modules: BTreeMap<&str, Vec<Listed>> = BTreeMap::new();
    for estimator in &all {
        let (module, class) = estimator.rsplit_once('.').unwrap_or(("", estimator));
        let share = asked.as_ref().map_or_else(String::new, |question| share(facts, estimator, question));
        modules.entry(module).or_default().push(Listed { class: class.to_owned(), share });
    }
    let models: BTreeSet<&String> = facts.runs.values().flat_map(|run| run.models.keys()).collect();
    let rows = asked.as_ref().map_or_else(Vec::new, |question| rows(facts, &releases, question));
    let index = Index {
        root: "",
        version,
        lead: format!(
            "{} in {}, saved by and read in {} as far as that was tried: which files still work, how the others fail, and what to do.",
            plural(all.len() as u64, "estimator"),
            plural(models.len() as u64, "model"),
            plural(releases.len() as u64, "release"),
        ),
        modules: modules
            .into_iter()
            .map(|(name, estimators)| Module { name: name.to_owned(), estimators })
            .collect(),
        format: asked.map_or_else(String::new, |question| question.format.to_string()),
        legend: legend(),
        readers: releases,
        rows,
        sources: sources(facts, &all_runs(facts))?,
    };
    Ok(index.render()?)
}

/// In which share of the pairs of different releases all models of an estimator work.
fn share(facts: &MapFacts, estimator: &str, question: &Question) -> String {
    let Ok(rows) = square(facts, estimator, question) else { return String::new() };
    let mut counts = (0, 0);
    for (from, row) in &rows {
        let others = row.iter().filter(|(to, tally)| to != from && tally.total() > 0);
        for (_, tally) in others {
            counts.1 += 1;
            counts.0 += usize::from(tally.works() == tally.total());
        }
    }
    (100 * counts.0).checked_div(counts.1).map_or_else(String::new, |share| format!("{share} %"))
}

fn rows(facts: &MapFacts, releases: &[String], question: &Question) -> Vec<FieldRow> {
    let row = |from: &String| FieldRow {
        head: from.clone(),
        cells: releases.iter().map(|to| field(facts, from, to, question)).collect(),
    };
    releases.iter().map(row).collect()
}

fn field(facts: &MapFacts, from: &str, to: &str, question: &Question) -> Field {
    let Ok(all) = pair(facts, from, to, question) else { return Field::default() };
    let tried: Vec<&Tally> = all.iter().map(|(_, tally)| tally).filter(|tally| tally.total() > 0).collect();
    let works = tried.iter().filter(|tally| tally.works() == tally.total()).count();
    let occurs = |group: Group| tried.iter().any(|tally| super::parts::groups(tally).contains(&group));
    // What fails says how strong the colour is; that something is silently different is a sign beside it.
    let signs: Vec<Group> =
        [Group::Fails, Group::Silent].into_iter().filter(|group| occurs(*group)).collect();
    let group = signs.first().copied().unwrap_or(Group::Works);
    let sign: String = match signs.as_slice() {
        [] => Group::Works.symbol().to_string(),
        signs => signs.iter().map(|group| group.symbol()).collect(),
    };
    let share = (100 * (tried.len() - works)).checked_div(tried.len()).unwrap_or(0);
    Field {
        class: group.class(),
        style: if share > 0 { format!("--share:{share}%") } else { String::new() },
        link: format!("pairs/{from}-{to}.html"),
        about: format!(
            "{works} of {} work, written by {from} and read by {to}",
            plural(tried.len() as u64, "estimator")
        ),
        sign,
        count: format!("{} %", 100 - share),
    }
}
