//! The page of a gate for a pull request.

use std::fmt::Write as _;

<<<<<<< HEAD
use super::{Account, Answer, GateView};
use crate::explain;
use crate::present::finding_text::FindingText;
use crate::present::isolation;
use crate::present::markup::{code, prose};
use crate::present::reasons;
use crate::present::rescue;
use crate::present::words::{ARROW, Group, difference, shorten};
use crate::vocab::{Cause, CellRecord, EnvName, Next, Status, Verdict, moves};

/// Characters of a page: a step summary and a comment hold more, a page of that length nobody reads.
const MOST_CHARACTERS: usize = 60_000;
/// Things to do that are told one by one.
const MOST_TASKS: usize = 20;

/// What is wrong with a cell, in a few words of plain text.
pub fn trouble(cell: &CellRecord) -> String {
    match cell.verdict {
        Verdict::Drift => {
            let facts = cell.worst_output();
            let facts = facts.map(|(name, facts)| format!(" ({name}: {})", difference(facts, ARROW)));
            format!("gives different values without an error{}", facts.unwrap_or_default())
        }
        Verdict::Identical | Verdict::Roundoff => "works".to_owned(),
        Verdict::Unverified if cell.cause == Cause::LoadOnly => "loads".to_owned(),
        Verdict::Absent => format!("does not exist there: {}", message(cell)),
        Verdict::LoadError => format!("cannot be loaded: {}", message(cell)),
        Verdict::PredictError => format!("loads and then fails: {}", message(cell)),
        Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => message(cell),
        Verdict::EnvError | Verdict::Unsupported | Verdict::Unverified => message(cell),
    }
}

fn message(cell: &CellRecord) -> String {
    let text = reasons::message(cell);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    shorten(first.trim().trim_end_matches(':'), 160).into_owned()
}

/// What to do about a failure, in plain text.
fn remedy(view: &GateView<'_>, cell: &CellRecord) -> String {
    let record = view.record;
    let is_of = |index: &usize| record.cells.get(*index).is_some_and(|other| std::ptr::eq(other, cell));
    let finding = record.findings.iter().find(|finding| finding.cells.iter().any(is_of));
    let text = finding.map(|finding| FindingText::new(record, finding)).unwrap_or_default();
    let known = text.remedy.map(|remedy| remedy.trim_end_matches('.').to_owned());
    match (finding.map(|finding| &finding.next), known) {
        (None | Some(Next::KeepOrRetrain { .. }), known) => {
            let works_in = match finding.map(|finding| &finding.next) {
                Some(Next::KeepOrRetrain { works_in, .. }) => works_in.as_slice(),
                _ => &[],
            };
            let general =
                format!("retrain it in {}, or keep it {}", cell.consumer, place(view, cell, works_in));
            let rule = cell.rule.as_deref().and_then(explain::find);
            if let Some(rule) = rule.filter(|rule| rule.has_mend()) {
                return format!(
                    "rescue it without training, with `shelflife rescue`; otherwise {general}. Known as {}: {}",
                    rule.id,
                    rule.remedy.trim_end_matches('.')
                );
            }
            // A known cause often has a way that costs less.
            match (&cell.rule, known) {
                (Some(rule), Some(remedy)) => format!("{general}. Known as {rule}: {remedy}"),
                _ => general,
            }
        }
        (Some(_), Some(remedy)) => remedy,
        (Some(_), None) => "see the details below".to_owned(),
    }
}

/// Where a failing artifact can stay: where it is used today, if it works there; else where it works, or was made.
fn place(view: &GateView<'_>, cell: &CellRecord, works_in: &[EnvName]) -> String {
    let loads = |from: &EnvName| {
        let mut cells = view.record.cells.iter();
        cells.any(|it| it.artifact == cell.artifact && it.consumer == *from && !it.verdict.fails())
    };
    match (view.from.filter(|from| loads(from)), works_in.first()) {
        (Some(name), _) | (None, Some(name)) => format!("in {name}"),
        (None, None) => format!("where it was made ({})", cell.producer),
    }
}
=======
use super::trouble::{MOST_CHARACTERS, trouble};
use super::{Account, Answer, GateView, grid, tasks};
use crate::present::markup::{code, prose};
use crate::vocab::{CellRecord, EnvName, Status, moves};
>>>>>>> h-mends

/// The page for a pull request.
pub fn markdown(view: &GateView<'_>) -> Vec<u8> {
    let mut out = String::new();
    let answer = Answer::of(view);
    let _ = writeln!(out, "## {} {}\n", answer.symbol(), prose(&view.answer()));
    let _ = writeln!(out, "{}.\n", prose(&Account::of(view.record).sentence()));
<<<<<<< HEAD
    tasks(&mut out, view, answer);
    out.push_str(&rescue::gate_section(view.rescues));
    table(&mut out, view);
=======
    tasks::write(&mut out, view, answer);
    grid::write(&mut out, view);
>>>>>>> h-mends
    moved(&mut out, view);
    details(&mut out, view);
    let record = view.record;
    let _ = writeln!(
        out,
        "\n<sub>shelflife {}, {}: {} cells, {}</sub>",
        prose(&record.run.shelflife),
        prose(&record.run.name),
        record.summary.cells,
        prose(&record.run.started)
    );
    out.into_bytes()
}

/// What differs between the two environments.
fn moved(out: &mut String, view: &GateView<'_>) {
    let Some(from) = view.from else { return };
    let find = |name: &EnvName| view.record.environments.iter().find(|environment| environment.name == *name);
    let Some(before) = find(from) else { return };
    for target in view.record.environments.iter().filter(|it| it.consumer && it.name != *from) {
        let mut lines: Vec<String> = moves(&before.packages, &target.packages)
            .iter()
            .flat_map(|it| {
                let line = |sign: char, version: &Option<String>| {
                    version.as_ref().map(|version| format!("{sign} {} {version}", it.package))
                };
                [line('-', &it.before), line('+', &it.after)]
            })
            .flatten()
            .collect();
        if before.python != target.python {
            lines.insert(0, format!("+ python {}", target.python));
            lines.insert(0, format!("- python {}", before.python));
        }
        lines.retain(|line| !line.contains("```"));
        lines.truncate(200);
        let _ = writeln!(
            out,
            "\n<details><summary>What changes from {} to {}</summary>\n\n```diff\n{}\n```\n\n</details>",
            prose(from.as_str()),
            prose(target.name.as_str()),
            lines.join("\n")
        );
    }
}

fn details(out: &mut String, view: &GateView<'_>) {
    let failing: Vec<&CellRecord> =
        view.cells().filter(|cell| !matches!(cell.status, Some(Status::Pass | Status::Fixed))).collect();
    let notes =
        view.record.artifacts.iter().filter_map(|artifact| artifact.file.as_ref().map(|it| (artifact, it)));
    let mut body = String::new();
    for cell in failing {
        let _ = writeln!(
            body,
            "- {} in {}: {}{}",
            code(cell.model.as_str()),
            code(cell.consumer.as_str()),
            prose(&trouble(cell)),
            cell.blame.as_ref().map_or_else(String::new, |module| format!("; raised in {}", code(module)))
        );
        if let Some(frame) = cell.error.as_ref().and_then(|error| error.frames.last()) {
            let _ = writeln!(body, "  - {}", code(frame));
        }
        if out.len() + body.len() > MOST_CHARACTERS {
            let _ = writeln!(body, "- more is in `report.html`");
            break;
        }
    }
    for (artifact, file) in notes {
        let _ = writeln!(
            body,
            "- {}: {}, {}; {}",
            code(artifact.model.as_str()),
            code(&file.path),
            prose(&file.inputs_from),
            prose(&file.notes.join("; "))
        );
        if out.len() + body.len() > MOST_CHARACTERS {
            let _ = writeln!(body, "- more is in `report.html`");
            break;
        }
    }
    if !body.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Details</summary>\n\n{body}\n</details>");
    }
}
