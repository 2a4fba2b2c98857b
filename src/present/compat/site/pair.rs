//! The page of a pair of releases: all estimators, by how they come out.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::super::object::again;
use super::parts::{anchor, questions, sources, title};
use crate::compat::{MapFacts, Question, Tally, pair};
use crate::explain;
use crate::present::error::RenderError;
use crate::present::words::{Group, plural};
use crate::vocab::Verdict;

#[derive(Template)]
#[template(path = "map_pair.html")]
struct Page<'p> {
    root: &'static str,
    version: &'p str,
    from: &'p str,
    to: &'p str,
    lead: String,
    parts: Vec<Part>,
    commands: Vec<String>,
    sources: String,
}

struct Part {
    id: String,
    title: String,
    /// The address within the page of an estimator.
    anchor: String,
    answer: String,
    groups: Vec<Ended>,
}

struct Ended {
    class: &'static str,
    sign: char,
    verdict: String,
    cause: String,
    cause_id: String,
    advice: String,
    count: String,
    estimators: Vec<Listed>,
}

struct Listed {
    class: String,
    share: String,
}

pub(super) fn page(facts: &MapFacts, from: &str, to: &str, version: &str) -> Result<String, RenderError> {
    let mut parts = Vec::new();
    let mut matrices = BTreeSet::new();
    let mut commands = BTreeSet::new();
    for question in questions(facts) {
        let Ok(all) = pair(facts, from, to, &question) else { continue };
        for matrix in all.iter().flat_map(|(_, tally)| &tally.runs) {
            if let Some((name, _)) = facts.runs.get_key_value(matrix) {
                matrices.insert(name.as_str());
            }
        }
        // Without models: all of the matrix.
        let whole =
            Tally { runs: matrices.iter().map(|name| (*name).to_owned()).collect(), ..Tally::default() };
        commands.extend(again(facts, from, Some(to), &question, &whole));
        parts.push(part(&question, from, &all));
    }
    let page = Page {
        root: "../",
        version,
        from,
        to,
        lead: match parts.is_empty() {
            true => "Nobody has tried this pair.".to_owned(),
            false => format!("What happens to models that scikit-learn {from} has saved and {to} loads."),
        },
        parts,
        commands: commands.into_iter().collect(),
        sources: sources(facts, &matrices)?,
    };
    Ok(page.render()?)
}

fn part(question: &Question, from: &str, all: &[(String, Tally)]) -> Part {
    let mut working = Vec::new();
    let mut other: BTreeMap<(Group, Verdict, Option<String>), Vec<Listed>> = BTreeMap::new();
    for (estimator, tally) in all {
        let class = estimator.rsplit('.').next().unwrap_or(estimator);
        let total = tally.total();
        let listed = |count: usize| Listed {
            class: class.to_owned(),
            share: if count == total || total == 0 { String::new() } else { format!("{count} of {total}") },
        };
        if total > 0 && tally.works() == total {
            working.push(listed(total));
        }
        for end in tally.ends().into_iter().filter(|end| !end.works()) {
            let Some(verdict) = end.verdicts.first().copied() else { continue };
            other
                .entry((Group::of(verdict), verdict, end.rule.clone()))
                .or_default()
                .push(listed(end.models));
        }
    }
    let answer = format!("{} of {} work", working.len(), plural(all.len() as u64, "estimator"));
    let mut other: Vec<_> = other.into_iter().collect();
    other.sort_by_key(|((group, _, _), listed)| (*group, std::cmp::Reverse(listed.len())));
    let mut groups: Vec<Ended> = other.into_iter().map(|(key, listed)| ended(key, listed)).collect();
    if !working.is_empty() {
        groups.push(Ended {
            class: Group::Works.class(),
            sign: Group::Works.symbol(),
            verdict: Group::Works.word().to_owned(),
            cause: String::new(),
            cause_id: String::new(),
            advice: "Identical, or equal within numerical roundoff.".to_owned(),
            count: plural(working.len() as u64, "estimator"),
            estimators: working,
        });
    }
    Part {
        id: anchor(question),
        title: title(question),
        anchor: format!("{}-from-{from}", anchor(question)),
        answer,
        groups,
    }
}

fn ended((group, verdict, rule): (Group, Verdict, Option<String>), estimators: Vec<Listed>) -> Ended {
    let rule = rule.as_deref().and_then(explain::find);
    let advice = match rule {
        Some(rule) => crate::present::rule_remedy(rule, None).replace('`', ""),
        None if verdict == Verdict::Absent => "No such class there, or no such parameter.".to_owned(),
        None => "No known cause.".to_owned(),
    };
    Ended {
        class: group.class(),
        sign: group.symbol(),
        verdict: verdict.to_string(),
        cause: rule.map_or_else(String::new, |rule| rule.title.clone()),
        cause_id: rule.map_or_else(String::new, |rule| rule.id.to_owned()),
        advice,
        count: plural(estimators.len() as u64, "estimator"),
        estimators,
    }
}
