//! The page of a gate for a pull request.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::trouble::{MOST_CHARACTERS, message, trouble};
use super::{Account, Answer, GateView, grid, tasks};
use crate::present::forecast;
use crate::present::markup::{code, prose, spans};
use crate::present::probed::probes;
use crate::present::repeat::Repeat;
use crate::present::rescue;
use crate::present::view::Section;
use crate::present::words::plural;
use crate::vocab::{CellRecord, EnvName, Status, moves};

/// Cells whose floor a page shows.
const MOST_NOISY: usize = 20;

/// The page for a pull request.
pub fn markdown(view: &GateView<'_>) -> Vec<u8> {
    let mut out = String::new();
    let answer = Answer::of(view);
    let _ = writeln!(out, "## {} {}\n", answer.symbol(), prose(&view.answer()));
    let _ = writeln!(out, "{}.\n", prose(&Account::of(view.record).sentence()));
    tasks::write(&mut out, view, answer);
    let command = Repeat::new(view.record).rescue(&view.bad());
    out.push_str(&rescue::gate_section(view.rescues, command.as_deref()));
    noise(&mut out, view);
    foretold(&mut out, view);
    grid::write(&mut out, view);
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

/// What counts as roundoff only by a measured noise floor: it decides, so that nobody has to open a fold to see it.
fn noise(out: &mut String, view: &GateView<'_>) {
    let all: Vec<&CellRecord> = view.record.cells.iter().filter(|cell| cell.is_noise()).collect();
    if all.is_empty() {
        return;
    }
    let section = Section::Noise;
    let _ = writeln!(out, "\n### {}\n\n{}\n", section.title(), prose(section.advice()));
    for cell in all.iter().take(MOST_NOISY) {
        let (model, consumer) = (code(cell.model.as_str()), code(cell.consumer.as_str()));
        let _ = writeln!(out, "- {model} in {consumer}: {}", prose(&message(cell)));
    }
    if all.len() > MOST_NOISY {
        let more = plural((all.len() - MOST_NOISY) as u64, "more cell");
        let _ = writeln!(out, "\nand {more} in report.html");
    }
}

/// What a release that nobody had run said of the files, and how that fared.
fn foretold(out: &mut String, view: &GateView<'_>) {
    let Some(score) = &view.record.score else { return };
    let _ = writeln!(out, "\n### What the release said before it was tried\n");
    for sentence in forecast::sentences(score) {
        let _ = writeln!(out, "- {}", prose(&sentence));
    }
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

/// Names of one line that are listed.
const MOST_NAMED: usize = 20;

/// Lines that say the same of several models, in the order in which they first came up.
#[derive(Default)]
struct Lines<'a> {
    lines: Vec<(String, Vec<&'a str>)>,
    known: HashMap<String, usize>,
}

impl<'a> Lines<'a> {
    fn push(&mut self, text: String, name: &'a str) {
        let lines = &mut self.lines;
        let at = *self.known.entry(text).or_insert_with_key(|text| {
            lines.push((text.clone(), Vec::new()));
            lines.len() - 1
        });
        if lines[at].1.last() != Some(&name) {
            lines[at].1.push(name);
        }
    }
}

/// The names behind a line, as many as anybody reads.
fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| code(name)).collect();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn details(out: &mut String, view: &GateView<'_>) {
    let mut lines = Lines::default();
    for cell in view.cells().filter(|cell| !matches!(cell.status, Some(Status::Pass | Status::Fixed))) {
        lines.push(what_failed(cell), cell.model.as_str());
    }
    for artifact in &view.record.artifacts {
        if let Some(file) = &artifact.file {
            let text = format!(
                ": {}; {}",
                prose(&file.probes.as_ref().map_or_else(|| file.inputs_from.clone(), probes)),
                prose(&file.notes.join("; "))
            );
            lines.push(text, &file.path);
        }
    }
    let mut body = String::new();
    for (text, names) in &lines.lines {
        let _ = writeln!(body, "- {}{text}", listed(names));
        if out.len() + body.len() > MOST_CHARACTERS {
            let _ = writeln!(body, "- more is in `report.html`");
            break;
        }
    }
    if !body.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Details</summary>\n\n{body}\n</details>");
    }
}

/// What became of a cell, with the module and the line of code that raised.
fn what_failed(cell: &CellRecord) -> String {
    let mut text = format!(" in {}: {}", code(cell.consumer.as_str()), spans(&trouble(cell)));
    if let Some(module) = &cell.blame {
        let _ = write!(text, "; raised in {}", code(module));
    }
    if let Some(frame) = cell.error.as_ref().and_then(|error| error.frames.last()) {
        let _ = write!(text, "\n  - {}", code(frame));
    }
    text
}
