//! External artifacts: a row for each, since a team asks for its files and not for pairs of environments.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::expected;
use super::markup::{code, prose};
use super::probed::probes;
use super::view::abridged;
use super::words::{Group, join, line, shorten};
use crate::vocab::{ArtifactRecord, CellRecord, FilePlan, InferredColumns, InferredType, Record, Registered};

/// Files that are listed one by one.
const MOST: usize = 300;
/// Lines about where they come from.
const MOST_NOTES: usize = 12;

fn files(record: &Record) -> Vec<(&ArtifactRecord, &FilePlan)> {
    record.artifacts.iter().filter_map(|artifact| Some((artifact, artifact.file.as_ref()?))).collect()
}

fn consumers(record: &Record) -> Vec<&str> {
    record.environments.iter().filter(|it| it.consumer).map(|it| it.name.as_str()).collect()
}

/// The cells of each artifact.
fn cells(record: &Record) -> HashMap<&str, Vec<&CellRecord>> {
    let mut cells: HashMap<&str, Vec<&CellRecord>> = HashMap::new();
    for cell in &record.cells {
        cells.entry(cell.artifact.as_str()).or_default().push(cell);
    }
    cells
}

/// The files as lines of text: their verdict in each environment; empty where there is none.
pub(super) fn text(record: &Record) -> String {
    let files = files(record);
    if files.is_empty() {
        return String::new();
    }
    let consumers = consumers(record);
    let cells = cells(record);
    let name = |artifact: &ArtifactRecord| shorten(&line(artifact.model.as_str()), 40).into_owned();
    let width = files.iter().map(|(artifact, _)| name(artifact).chars().count()).max().unwrap_or(0);
    let column = |name: &str| line(name).chars().count().max("predict-error".len());
    // Writing to a `String` cannot fail.
    let mut out = String::from("Files\n");
    let _ = write!(out, "  {:width$}", "");
    for consumer in &consumers {
        let _ = write!(out, "  {:1$}", line(consumer), column(consumer));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    for (artifact, _) in files.iter().take(MOST) {
        let _ = write!(out, "  {:width$}", name(artifact));
        let cells = cells.get(artifact.id.as_str()).map_or(&[][..], Vec::as_slice);
        for consumer in &consumers {
            let verdict = cells.iter().find(|cell| cell.consumer.as_str() == *consumer);
            let word = verdict.map_or("", |cell| cell.verdict.as_str());
            let _ = write!(out, "  {word:0$}", column(consumer));
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        out.push('\n');
    }
    let more = files.len().saturating_sub(MOST);
    if more > 0 {
        let _ = writeln!(out, "  and {more} more");
    }
    // One line for what is true of several files.
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for (artifact, file) in &files {
        for note in notes(artifact, file) {
            match said.iter_mut().find(|(known, _)| *known == note) {
                Some((_, models)) => models.push(artifact.model.as_str()),
                None => said.push((note, vec![artifact.model.as_str()])),
            }
        }
    }
    for (note, models) in said.iter().take(MOST_NOTES) {
        if models.len() == files.len() {
            let _ = writeln!(out, "  - {}", line(note));
        } else {
            let _ = writeln!(out, "  - {}: {}", abridged(models.iter().copied(), 4), line(note));
        }
    }
    out.push('\n');
    out
}

/// What a file is registered as: `churn version 3 (@champion, Production), owner alice`.
pub(super) fn registered(it: &Registered) -> String {
    let aliases = it.aliases.iter().map(|alias| format!("@{alias}"));
    let words = join(aliases.chain(it.stage.clone()));
    let words = if words.is_empty() { words } else { format!(" ({words})") };
    let owner = it.owner.as_ref().map(|owner| format!(", owner {owner}")).unwrap_or_default();
    line(&format!("{} version {}{words}{owner}", it.model, it.version)).into_owned()
}

/// What is said of a file that does more than to be a model.
pub(super) const RUNS_COMMANDS: &str =
    "loading it RUNS COMMANDS or code of its own (shelflife inspect says which)";

/// What a reader has to know of a file.
fn notes(artifact: &ArtifactRecord, file: &FilePlan) -> Vec<String> {
    let from = match &artifact.made_up {
        Some(guess) => format!(
            "synthetic inputs: random numbers in {}; it does not say how many columns it was fitted on",
            expected::columns(guess)
        ),
        None => file.inputs_from.clone(),
    };
    let inferred = inferred(&file.inferred, artifact.as_categories);
    let from = file.probes.as_ref().map_or(from, probes);
    let runs = file.runs_commands.then(|| RUNS_COMMANDS.to_owned());
    let registered = runs
        .into_iter()
        .chain(file.registered.as_ref().map(|it| format!("registered as {}", registered(it))));
    registered
        .into_iter()
        .chain(std::iter::once(from))
        .chain(inferred)
        .chain(file.notes.iter().cloned())
        .collect()
}

/// What the columns are, as they were read, declared or stored; nothing where all are plain numbers.
pub(super) fn inferred(columns: &[InferredColumns], as_categories: bool) -> Option<String> {
    if columns.iter().all(|it| it.kind == InferredType::Numbers) {
        return None;
    }
    let group = |it: &InferredColumns| {
        let kind = match it.kind {
            InferredType::Numbers => "numbers",
            InferredType::WholeNumbers => "whole numbers",
            InferredType::Truths => "true or false",
            InferredType::Texts if as_categories => "texts, given as categories in the order of the alphabet",
            InferredType::Texts => "texts",
            InferredType::Categories => "categories",
            InferredType::OrderedCategories => "ordered categories",
            InferredType::Moments => "dates",
            InferredType::OwnTypes => "other types of pandas",
        };
        let more = it.count.saturating_sub(it.first.len() as u64);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{kind}: {}{more}", it.first.join(", "))
    };
    let groups = |is_given: bool| -> Vec<String> {
        columns.iter().filter(|it| it.kind.is_given() == is_given).map(group).collect()
    };
    let part = |how: &str, groups: &[String]| {
        (!groups.is_empty()).then(|| format!("columns as {how} ({})", groups.join("; ")))
    };
    let (read, given) = (groups(false), groups(true));
    let told =
        part("pandas reads them", &read).into_iter().chain(part("they were declared or stored", &given));
    let told: Vec<String> = told.collect();
    let others = if as_categories { "--dtype 'COLUMN=category(A<B<C)'" } else { "--dtype COLUMN=TYPE" };
    Some(format!("{}; declare others with {others}", told.join(", ")))
}

/// The files as a Markdown table; empty where there is none.
pub(super) fn markdown(record: &Record) -> String {
    let files = files(record);
    if files.is_empty() {
        return String::new();
    }
    let consumers = consumers(record);
    let cells = cells(record);
    let mut out = String::from("\n## Files\n\n| file | made in |");
    for consumer in &consumers {
        let _ = write!(out, " {} |", code(consumer));
    }
    out.push_str(" notes |\n| --- | --- |");
    out.push_str(&" --- |".repeat(consumers.len() + 1));
    out.push('\n');
    for (artifact, file) in files.iter().take(MOST) {
        let _ = write!(out, "| {} | {} |", code(&file.path), code(file.producer.as_str()));
        let cells = cells.get(artifact.id.as_str()).map_or(&[][..], Vec::as_slice);
        for consumer in &consumers {
            let cell = cells.iter().find(|cell| cell.consumer.as_str() == *consumer);
            let word = cell.map_or_else(String::new, |cell| {
                format!("{} {}", Group::of(cell.verdict).emoji(), cell.verdict)
            });
            let _ = write!(out, " {word} |");
        }
        let notes: Vec<String> = notes(artifact, file);
        let _ = writeln!(out, " {} |", prose(&notes.join("; ")));
    }
    let more = files.len().saturating_sub(MOST);
    if more > 0 {
        let _ = writeln!(out, "\n{more} more are in `results.csv`.");
    }
    out.push('\n');
    out
}
