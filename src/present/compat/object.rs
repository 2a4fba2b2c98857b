//! The map for programs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::MapHead;
use crate::compat::{MapFacts, MapRow, Question, Tally};
use crate::explain;

/// An answer about one estimator: its rows, by the release that wrote.
pub fn map_object(facts: &MapFacts, head: &MapHead<'_>, rows: &[(String, MapRow)]) -> Value {
    let tallies = rows.iter().flat_map(|(_, row)| row.iter().map(|(_, tally)| tally));
    let runs = sources(facts, tallies);
    let row = |(from, row): &(String, MapRow)| {
        let readers = row.iter().map(
            |(to, tally)| json!({ "to": to, "ends": ends(tally), "unmade": tally.unmade, "caveats": caveats(tally), "again": again(facts, from, Some(to), head.question, tally) }),
        );
        json!({ "from": from, "readers": readers.collect::<Vec<_>>() })
    };
    json!({
        "estimator": head.estimator,
        "format": head.question.format,
        "from_bits": head.question.from_bits,
        "bits": head.question.bits,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "runs": runs,
    })
}

/// An answer about all estimators between two releases.
pub fn pair_object(facts: &MapFacts, head: &MapHead<'_>, all: &[(String, Tally)]) -> Value {
    let (from, to) = (head.from.unwrap_or_default(), head.to.unwrap_or_default());
    let estimators = all.iter().map(|(estimator, tally)| {
        json!({ "estimator": estimator, "ends": ends(tally), "unmade": tally.unmade, "caveats": caveats(tally), "again": again(facts, from, Some(to), head.question, tally) })
    });
    json!({
        "from": from,
        "to": to,
        "format": head.question.format,
        "from_bits": head.question.from_bits,
        "bits": head.question.bits,
        "estimators": estimators.collect::<Vec<_>>(),
        "runs": sources(facts, all.iter().map(|(_, tally)| tally)),
    })
}

/// How models came out, each with its names.
fn ends(tally: &Tally) -> Value {
    let ends = tally.seen.iter().map(|(seen, models)| {
        let rule = seen.rule.as_deref().and_then(explain::find);
        json!({
            "verdict": seen.verdict,
            "rule": seen.rule,
            "title": rule.map(|rule| &rule.title),
            "rescue": rule.map(explain::Rule::has_mend),
            "models": models,
        })
    });
    Value::Array(ends.collect())
}

/// What models with other parameters may meet.
fn caveats(tally: &Tally) -> Value {
    let rules = tally.caveats.iter().filter_map(|id| explain::find(id));
    let told = rules.map(|rule| json!({ "rule": rule.id, "title": rule.title, "rescue": rule.has_mend() }));
    Value::Array(told.collect())
}

/// The commands that try the models of a tally again, in one reader or in all.
pub(super) fn again(
    facts: &MapFacts,
    from: &str,
    to: Option<&str>,
    question: &Question,
    tally: &Tally,
) -> Vec<String> {
    tally.runs.iter().filter_map(|matrix| again_in(facts, matrix, (from, to), question, tally)).collect()
}

fn again_in(
    facts: &MapFacts,
    matrix: &str,
    (from, to): (&str, Option<&str>),
    question: &Question,
    tally: &Tally,
) -> Option<String> {
    let run = facts.runs.get(matrix)?;
    let named = |release: &str, bits: u8, option: &str| {
        let meant = run.of(release, bits);
        meant.map(|(_, environment)| format!(" --{option} {}", environment.name)).collect::<String>()
    };
    let prefix = format!("{matrix}:");
    let models: BTreeSet<&str> =
        tally.seen.values().flatten().filter_map(|model| model.strip_prefix(&prefix)).collect();
    let models: String = models.iter().map(|model| format!(" --model {model}")).collect();
    Some(format!(
        "shelflife run matrices/{matrix}.toml{models} --format {}{}{}",
        question.format,
        named(from, question.from_bits, "producer"),
        to.map_or_else(String::new, |to| named(to, question.bits, "consumer"))
    ))
}

/// The records that an answer rests on.
fn sources<'t>(facts: &MapFacts, tallies: impl Iterator<Item = &'t Tally>) -> Value {
    let runs: BTreeSet<&String> = tallies.flat_map(|tally| &tally.runs).collect();
    let source = |name: &&String| {
        let run = facts.runs.get(*name)?;
        Some(json!({
            "matrix": name,
            "record": run.record,
            "started": run.started,
            "shelflife": run.shelflife,
            "environments": run.environments,
        }))
    };
    Value::Array(runs.iter().filter_map(source).collect())
}
