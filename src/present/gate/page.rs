//! The page of a gate for a pull request.

use std::fmt::Write as _;

use super::trouble::{MOST_CHARACTERS, trouble};
use super::{Account, Answer, GateView, grid, tasks};
use crate::present::markup::{code, prose};
use crate::present::probed::probes;
use crate::present::rescue;
use crate::vocab::{CellRecord, EnvName, Status, moves};

/// The page for a pull request.
pub fn markdown(view: &GateView<'_>) -> Vec<u8> {
    let mut out = String::new();
    let answer = Answer::of(view);
    let _ = writeln!(out, "## {} {}\n", answer.symbol(), prose(&view.answer()));
    let _ = writeln!(out, "{}.\n", prose(&Account::of(view.record).sentence()));
    tasks::write(&mut out, view, answer);
    out.push_str(&rescue::gate_section(view.rescues));
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
            prose(&file.probes.as_ref().map_or_else(|| file.inputs_from.clone(), probes)),
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
