//! The files of a run by environments, the first table of `report.html` where files were given: what needs somebody on top,
//! what is known or fine folded.

use std::collections::HashMap;

use super::files::{RUNS_COMMANDS, registered};
use super::gate::trouble;
use super::html_findings::finding_id;
use super::html_links::{encode, pair_link};
use super::view::{Axis, View};
use super::words::{Group, line, plural, shorten};
use crate::vocab::{ArtifactRecord, CellRecord, FilePlan, Status};

/// Rows that a page holds; every cell is in the table of cells, too.
const MOST_ROWS: usize = 1_000;
/// Characters of an environment's name above a column.
const LONGEST_NAME: usize = 24;
/// Characters of what is wrong with a cell.
const LONGEST_TROUBLE: usize = 160;
/// Packages that tell environments apart.
const TELLING: [&str; 3] = ["scikit-learn", "numpy", "scipy"];

/// The table.
#[derive(Clone, Debug)]
pub(super) struct FilesPage {
    pub(super) columns: Vec<FileHead>,
    /// Rows that somebody has to look at; in a survey all of them.
    pub(super) open: Vec<FileRow>,
    pub(super) folded: Vec<FileRow>,
    /// What the fold says.
    pub(super) folded_reach: String,
    pub(super) left_out: usize,
}

/// An environment above a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileHead {
    pub(super) name: String,
    pub(super) about: String,
}

/// One file.
#[derive(Clone, Debug)]
pub(super) struct FileRow {
    pub(super) name: String,
    pub(super) about: String,
    /// What a registry says of it.
    pub(super) registered: String,
    /// What loading it does that models do not do.
    pub(super) danger: &'static str,
    pub(super) cells: Vec<Option<FileCell>>,
    weight: u8,
}

/// One file in one environment.
#[derive(Clone, Debug)]
pub(super) struct FileCell {
    pub(super) class: &'static str,
    pub(super) symbol: char,
    pub(super) verdict: &'static str,
    pub(super) status: &'static str,
    /// Opens the cell.
    pub(super) link: String,
    /// What is wrong, in a few words; empty where nothing is.
    pub(super) trouble: String,
    /// Leads to why, and what to do next; empty where no finding speaks of it.
    pub(super) finding: String,
}

/// How much a row needs somebody, what needs most first.
const fn weight(status: Option<Status>) -> u8 {
    match status {
        Some(Status::Regression) => 0,
        Some(Status::New) => 1,
        Some(Status::Unjudged) => 2,
        Some(Status::Flaky) => 3,
        Some(Status::Fixed) => 4,
        None => 5,
        Some(Status::Known | Status::Allowed) => FOLDED,
        Some(Status::Skipped) => FOLDED + 1,
        Some(Status::Pass) => FOLDED + 2,
    }
}

/// From here on nobody has to look.
const FOLDED: u8 = 6;

/// The files of a run; nothing where it was not over files.
pub(super) fn files(view: &View<'_>) -> Option<FilesPage> {
    let given: Vec<(&ArtifactRecord, &FilePlan)> =
        view.record.artifacts.iter().filter_map(|it| Some((it, it.file.as_ref()?))).collect();
    if given.is_empty() {
        return None;
    }
    let rows: HashMap<&str, usize> =
        given.iter().enumerate().map(|(row, (artifact, _))| (artifact.id.as_str(), row)).collect();
    let columns: HashMap<&str, usize> =
        view.consumers.iter().enumerate().map(|(column, axis)| (axis.name, column)).collect();
    let mut findings: HashMap<usize, String> = HashMap::new();
    for finding in &view.findings {
        let id = finding_id(finding);
        findings.extend(finding.finding.cells.iter().map(|cell| (*cell, format!("#{id}"))));
    }
    let row = |(artifact, file): &(&ArtifactRecord, &FilePlan)| FileRow {
        name: line(artifact.model.as_str()).into_owned(),
        about: format!("{}, written by {}", line(&file.path), line(artifact.producer.as_str())),
        registered: file.registered.as_ref().map(registered).unwrap_or_default(),
        danger: if file.runs_commands { RUNS_COMMANDS } else { "" },
        cells: vec![None; view.consumers.len()],
        weight: u8::MAX,
    };
    let mut table: Vec<FileRow> = given.iter().map(row).collect();
    for (index, cell) in view.record.cells.iter().enumerate() {
        let Some(row) = rows.get(cell.artifact.as_str()).map(|row| &mut table[*row]) else { continue };
        let Some(column) = columns.get(cell.consumer.as_str()) else { continue };
        row.weight = row.weight.min(weight(cell.status));
        row.cells[*column] = Some(file_cell(cell, findings.get(&index)));
    }
    table.sort_by_key(|row| row.weight);
    let left_out = table.len().saturating_sub(MOST_ROWS);
    table.truncate(MOST_ROWS);
    let (open, folded): (Vec<_>, Vec<_>) = table.into_iter().partition(|row| row.weight < FOLDED);
    // A table of nothing but what is fine is shown as it is.
    let (open, folded) = if open.is_empty() { (folded, open) } else { (open, folded) };
    let fails = folded.iter().filter(|row| row.weight == FOLDED).count();
    let mut reach = Vec::new();
    if fails > 0 {
        reach.push(format!("{} failing as known", plural(fails as u64, "file")));
    }
    if folded.len() > fails {
        reach.push(format!("{} that nothing is wrong with", plural((folded.len() - fails) as u64, "file")));
    }
    Some(FilesPage {
        columns: heads(&view.consumers),
        open,
        folded,
        folded_reach: reach.join(", "),
        left_out,
    })
}

fn file_cell(cell: &CellRecord, finding: Option<&String>) -> FileCell {
    let group = Group::of(cell.verdict);
    let works = matches!(group, Group::Works) && !cell.is_noise();
    FileCell {
        class: group.class(),
        symbol: group.symbol(),
        verdict: cell.verdict.as_str(),
        status: cell.status.filter(|status| *status != Status::Pass).map_or("", Status::as_str),
        link: cell_link(cell),
        trouble: if works {
            String::new()
        } else {
            shorten(&line(&trouble(cell)), LONGEST_TROUBLE).into_owned()
        },
        finding: finding.cloned().unwrap_or_default(),
    }
}

/// Opens one cell: `#pair=old/new&model=churn&format=pickle`.
fn cell_link(cell: &CellRecord) -> String {
    format!(
        "{}&model={}&format={}",
        pair_link(cell.producer.as_str(), cell.consumer.as_str()),
        encode(&line(cell.model.as_str())),
        encode(&line(cell.format.as_str()))
    )
}

/// Names above columns: a long one gives way to what tells its environment from the others.
fn heads(axes: &[Axis<'_>]) -> Vec<FileHead> {
    let version = |axis: &Axis<'_>, package: &str| {
        axis.environment.and_then(|it| it.packages.get(package)).map(|it| line(it).into_owned())
    };
    let differs: Vec<&str> = TELLING
        .into_iter()
        .filter(|package| {
            let first = axes.first().and_then(|axis| version(axis, package));
            axes.iter().any(|axis| version(axis, package) != first)
        })
        .collect();
    let short = |axis: &Axis<'_>| {
        let told: Vec<String> = differs
            .iter()
            .filter_map(|package| Some(format!("{package} {}", version(axis, package)?)))
            .collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    let shorts: Vec<Option<String>> = axes.iter().map(short).collect();
    let head = |(column, axis): (usize, &Axis<'_>)| {
        let name = line(axis.name).into_owned();
        let is_alone = shorts.iter().filter(|it| **it == shorts[column]).count() == 1;
        match &shorts[column] {
            Some(short) if is_alone && name.chars().count() > LONGEST_NAME => {
                FileHead { name: short.clone(), about: format!("{name}: {}", axis.about()) }
            }
            _ => FileHead { name, about: axis.about() },
        }
    };
    axes.iter().enumerate().map(head).collect()
}
