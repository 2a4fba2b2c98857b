//! The table of a gate: a row a file, a column an environment; what needs nobody is folded.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::GateView;
use super::trouble::MOST_CHARACTERS;
use crate::present::files::registered;
use crate::present::markup::{code, prose};
use crate::present::words::{Group, plural};
use crate::vocab::{ArtifactRecord, CellRecord, EnvName, Registered, Status};

/// One artifact with its cells by environment.
struct ArtifactRow<'a> {
    artifact: &'a ArtifactRecord,
    cells: HashMap<&'a str, &'a CellRecord>,
    /// What matters most of them.
    weight: u8,
}

/// What matters first.
const fn weight(status: Status) -> u8 {
    match status {
        Status::Regression => 0,
        Status::New => 1,
        Status::Unjudged => 2,
        Status::Flaky => 3,
        Status::Fixed => 4,
        Status::Known | Status::Allowed => FOLDED,
        Status::Skipped => FOLDED + 1,
        Status::Pass => FOLDED + 2,
    }
}

/// From here on a row is nobody's task: known, not applicable, or fine.
const FOLDED: u8 = 5;

/// Writes the table.
pub(super) fn write(out: &mut String, view: &GateView<'_>) {
    let rows = rows(view);
    let columns = columns(view);
    let is_of_many = rows.iter().map(|row| &row.artifact.producer).collect::<BTreeSet<_>>().len() > 1;
    let (open, folded): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.weight < FOLDED);
    if !open.is_empty() {
        table(out, &columns, &open, is_of_many);
    }
    if !folded.is_empty() {
        let fails = folded.iter().filter(|row| row.weight == FOLDED).count();
        let passes = folded.len() - fails;
        let mut what = Vec::new();
        if fails > 0 {
            what.push(format!("{} failing as known", plural(fails as u64, "file")));
        }
        if passes > 0 {
            what.push(format!("{} that nothing is wrong with", plural(passes as u64, "file")));
        }
        let _ = writeln!(out, "\n<details><summary>{}</summary>\n", what.join(", "));
        table(out, &columns, &folded, is_of_many);
        let _ = writeln!(out, "\n</details>");
    }
}

fn rows<'a>(view: &GateView<'a>) -> Vec<ArtifactRow<'a>> {
    let record = view.record;
    let index: HashMap<&str, usize> =
        record.artifacts.iter().enumerate().map(|(index, it)| (it.id.as_str(), index)).collect();
    let new = |artifact| ArtifactRow { artifact, cells: HashMap::new(), weight: u8::MAX };
    let mut rows: Vec<ArtifactRow<'_>> = record.artifacts.iter().map(new).collect();
    for cell in &record.cells {
        let Some(row) = index.get(cell.artifact.as_str()).map(|at| &mut rows[*at]) else { continue };
        if view.judges(cell) {
            row.weight = row.weight.min(cell.status.map_or(u8::MAX, weight));
        }
        row.cells.insert(cell.consumer.as_str(), cell);
    }
    rows.retain(|row| row.weight < u8::MAX);
    rows.sort_by_key(|row| row.weight);
    rows
}

/// The environment that is left, then those that are moved to.
fn columns<'a>(view: &GateView<'a>) -> Vec<&'a EnvName> {
    let from = view.from.as_ref().copied();
    let readers = view.record.environments.iter().filter(|it| it.consumer).map(|it| &it.name);
    from.into_iter().chain(readers.filter(|name| from != Some(*name))).collect()
}

fn table(out: &mut String, columns: &[&EnvName], rows: &[ArtifactRow<'_>], is_of_many: bool) {
    let written = if is_of_many { " written by |" } else { "" };
    let is_registered = rows.iter().any(|row| of(row.artifact).is_some());
    let owned = if is_registered { " registered as |" } else { "" };
    let names: String = columns.iter().map(|name| format!(" {} |", code(name.as_str()))).collect();
    let rules = " --- |".repeat(columns.len() + usize::from(is_of_many) + usize::from(is_registered));
    let _ = writeln!(out, "| model | format |{written}{owned}{names}\n| --- | --- |{rules}");
    for (index, row) in rows.iter().enumerate() {
        // Half of the room is for what follows.
        if out.len() > MOST_CHARACTERS / 2 {
            let _ = writeln!(out, "\n{} more rows are in `results.csv`.", rows.len() - index);
            return;
        }
        let artifact = row.artifact;
        let written =
            if is_of_many { format!(" {} |", code(artifact.producer.as_str())) } else { String::new() };
        let owned = match (is_registered, of(artifact)) {
            (false, _) => String::new(),
            (true, it) => {
                format!(" {} |", it.map(|it| prose(&registered(it)).into_owned()).unwrap_or_default())
            }
        };
        let is_dangerous = artifact.file.as_ref().is_some_and(|file| file.runs_commands);
        let danger = if is_dangerous { " ⚠️ runs commands" } else { "" };
        let cells: String = columns.iter().map(|name| told(row.cells.get(name.as_str()).copied())).collect();
        let _ = writeln!(
            out,
            "| {}{danger} | {} |{written}{owned}{cells}",
            code(artifact.model.as_str()),
            code(artifact.format.as_str())
        );
    }
}

/// What a registry says of an artifact.
fn of(artifact: &ArtifactRecord) -> Option<&Registered> {
    artifact.file.as_ref()?.registered.as_ref()
}

/// One cell: its verdict, and what that means where it means something.
fn told(cell: Option<&CellRecord>) -> String {
    let Some(cell) = cell else { return " |".to_owned() };
    let status = match cell.status {
        None | Some(Status::Pass) => String::new(),
        Some(status @ (Status::Regression | Status::New)) => format!(" (**{}**)", status.as_str()),
        Some(status) => format!(" ({})", status.as_str()),
    };
    format!(" {} {}{status} |", Group::of(cell.verdict).emoji(), cell.verdict)
}
