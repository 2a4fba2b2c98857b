//! How forecasts compare with what happened, as a table.

use super::words::plural;
use crate::vocab::{RuleScore, Score};

/// One row: a rule, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRow {
    /// The rule's id.
    pub name: String,
    /// Cells forecast.
    pub forecast: u64,
    /// The share of them that came true, as text.
    pub precision: String,
    /// Cells that did break or drift.
    pub actual: u64,
    /// The share of them that was forecast, as text.
    pub recall: String,
}

impl ScoreRow {
    fn new(name: &str, score: &RuleScore) -> Self {
        // Rounded down: what is not always right is never shown as 1.
        let share = |share: Option<f64>| {
            share.map_or_else(|| "-".to_owned(), |share| format!("{:.3}", (share * 1000.0).floor() / 1000.0))
        };
        Self {
            name: name.to_owned(),
            forecast: score.forecast,
            precision: share(score.precision()),
            actual: score.actual,
            recall: share(score.recall()),
        }
    }
}

/// All rules that were forecast or seen, by id.
pub fn rows(score: &Score) -> Vec<ScoreRow> {
    score.rules.iter().map(|(id, rule)| ScoreRow::new(id, rule)).collect()
}

/// The rules that were not always right, by id.
pub fn imperfect(score: &Score) -> Vec<ScoreRow> {
    let imperfect = |rule: &RuleScore| rule.right < rule.forecast || rule.found < rule.actual;
    let rules = score.rules.iter().filter(|(_, rule)| imperfect(rule));
    rules.map(|(id, rule)| ScoreRow::new(id, rule)).collect()
}

/// Everything in sentences.
pub fn sentences(score: &Score) -> Vec<String> {
    let total = ScoreRow::new("", &score.total);
    let mut lines = vec![
        format!(
            "breaks or drifts: said of {}, precision {}; happened in {}, recall {}",
            plural(total.forecast, "cell"),
            total.precision,
            total.actual,
            total.recall
        ),
        format!("works: said of {}, {} do", plural(score.works, "cell"), score.works_right),
    ];
    if score.risk > 0 {
        let cells = plural(score.risk, "cell");
        lines.push(format!("risk: said of {cells}, of which {} fail or drift", score.risk_bad));
    }
    if score.unknown > 0 {
        lines.push(format!(
            "unknown: {}, of which {} fail or drift",
            plural(score.unknown, "cell"),
            score.unknown_bad
        ));
    }
    lines
}
