//! The causes that occur in the map, each under an address of its own.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::parts::questions;
use crate::compat::{MapFacts, MayMeet, Square, estimators, square};
use crate::explain;
use crate::present::error::RenderError;
use crate::present::words::plural;

#[derive(Template)]
#[template(path = "map_causes.html")]
struct Page<'p> {
    root: &'static str,
    version: &'p str,
    lead: String,
    causes: Vec<Cause>,
}

struct Cause {
    id: String,
    title: String,
    text: String,
    remedy: String,
    no_rescue: String,
    links: Vec<String>,
    facts: String,
    estimators: Vec<String>,
}

pub(super) fn page(facts: &MapFacts, may_meet: &MayMeet<'_>, version: &str) -> Result<String, RenderError> {
    let mut seen: BTreeMap<&str, (u64, BTreeSet<&str>)> = BTreeMap::new();
    let models = facts.runs.values().flat_map(|run| run.models.values());
    for model in models {
        for (_, _, cell) in model.formats.values().flat_map(Square::cells) {
            if let Some(rule) = cell.rule.as_deref().filter(|_| cell.verdict.fails()) {
                let (count, classes) = seen.entry(rule).or_default();
                *count += 1;
                classes.insert(model.class());
            }
        }
    }
    // What no model has met, but one with other parameters may.
    let questions = questions(facts);
    for estimator in estimators(facts) {
        let class = estimator.rsplit('.').next().unwrap_or(estimator);
        for question in &questions {
            let mut rows = square(facts, estimator, question).unwrap_or_default();
            may_meet.add_to_square(estimator, question, &mut rows);
            let tallies = rows.iter().flat_map(|(_, row)| row).map(|(_, tally)| tally);
            for rule in tallies.flat_map(|tally| &tally.caveats).filter_map(|id| explain::find(id)) {
                seen.entry(rule.id).or_default().1.insert(class);
            }
        }
    }
    let mut causes: Vec<(u64, Cause)> = seen
        .into_iter()
        .filter_map(|(id, (count, classes))| {
            let rule = explain::find(id)?;
            let cause = Cause {
                id: id.to_owned(),
                title: rule.title.clone(),
                text: rule.cause.clone(),
                remedy: crate::present::rule_remedy(rule, None).replace('`', ""),
                no_rescue: rule.no_mend.clone().unwrap_or_default(),
                links: rule.links.clone(),
                facts: match count {
                    0 => "Seen in no cell here: models with other parameters may meet it.".to_owned(),
                    _ => format!("Seen in {} here.", plural(count, "cell")),
                },
                estimators: classes.into_iter().map(str::to_owned).collect(),
            };
            Some((count, cause))
        })
        .collect();
    causes.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let page = Page {
        root: "",
        version,
        lead: format!(
            "{} behind what fails or drifts in the map, the most frequent first.",
            plural(causes.len() as u64, "known cause")
        ),
        causes: causes.into_iter().map(|(_, cause)| cause).collect(),
    };
    Ok(page.render()?)
}
