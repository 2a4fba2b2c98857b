//! What machines show of a gate: workflow commands and a badge.

use std::fmt::Write as _;

use super::trouble::trouble;
use super::{Account, Answer, GateView};
use crate::vocab::{CellRecord, Status};

/// Annotations of one type in one step that GitHub shows.
const MOST_ANNOTATIONS: usize = 10;

/// Workflow commands of GitHub Actions: what stops the gate as errors, what could not be judged as warnings.
pub fn annotations(view: &GateView<'_>) -> String {
    let mut out = String::new();
    let told = |cells: Vec<&CellRecord>| -> Vec<String> {
        let text = |cell: &CellRecord| format!("{} in {}: {}", cell.model, cell.consumer, trouble(cell));
        cells.into_iter().map(text).collect()
    };
    let mut add = |kind: &str, texts: Vec<String>, title: &str| {
        let count = texts.len();
        for (index, text) in texts.into_iter().enumerate() {
            let last = index + 1 == MOST_ANNOTATIONS && count > MOST_ANNOTATIONS;
            let text = if last { format!("and {} more: see the step summary", count - index) } else { text };
            let _ = writeln!(out, "::{kind} title={}::{}", property(title), data(&text));
            if last {
                break;
            }
        }
    };
    add("error", told(view.with(|status| status == Status::Regression)), "shelflife: regression");
    add(
        "error",
        told(view.with(|status| status == Status::New)),
        "shelflife: failure that nobody has accepted",
    );
    let mut warnings = told(view.unjudged());
    warnings.extend(view.record.left_out.iter().map(|it| format!("{} ({})", it.says, it.help)));
    warnings.extend(told(view.flaky()));
    add("warning", warnings, "shelflife: not judged or flaky");
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A badge as shields.io reads it from an endpoint.
pub fn badge(view: &GateView<'_>) -> Vec<u8> {
    let account = Account::of(view.record);
    let given = account.given();
    let (message, color) = match Answer::of(view) {
        Answer::Go if account.count(Status::Pass) + account.count(Status::Fixed) == given => {
            (format!("all {given} pass"), "brightgreen")
        }
        Answer::Go => (
            format!("{} of {given} pass", account.count(Status::Pass) + account.count(Status::Fixed)),
            "green",
        ),
        Answer::NotYet => {
            let bad = account.count(Status::Regression) + account.count(Status::New);
            (format!("{bad} of {given} {}", if bad == 1 { "fails" } else { "fail" }), "red")
        }
        Answer::OutOfDate => ("declarations out of date".to_owned(), "red"),
        Answer::NotJudged | Answer::Interrupted | Answer::Nothing => ("not judged".to_owned(), "lightgrey"),
    };
    let badge =
        serde_json::json!({ "schemaVersion": 1, "label": "shelflife", "message": message, "color": color });
    format!("{badge:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        assert_eq!(data("50%\nof"), "50%25%0Aof");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
