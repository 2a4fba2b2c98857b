//! `shelflife history`: what past runs tell.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::HistoryArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{HistoryRequest, Told, write_history};
use crate::present::{self, HistoryView, Story};
use crate::vocab::ExitCode;

pub(super) fn history(args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let database = args.database.clone().unwrap_or_else(|| args.reports.join("history.sqlite"));
    let request = HistoryRequest {
        runs: args.runs.clone(),
        reports: args.reports.clone(),
        database: database.clone(),
        models: args.model.clone(),
        matrices: args.matrix.clone(),
    };
    let told = request.tell()?;
    for error in &told.left_out {
        console::warn(&format!("left out: {error}"));
    }
    let page = args.output.clone().unwrap_or_else(|| page_beside(&database, args));
    if console::is_for_programs() {
        programs::document(&answer(&told, &database, &page))?;
    } else {
        let text: Vec<String> = told.views.iter().map(present::history_text).collect();
        console::print(&text.join("\n"))?;
    }
    write_history(&page, &told.views)?;
    console::note(&format!("{} new in {}; page: {}", told.added, database.display(), page.display()));
    Ok(ExitCode::Done)
}

/// Letters of what was selected that the name of a page takes.
const LONGEST: usize = 60;

/// The page of the whole history, or one beside it of what was selected.
fn page_beside(database: &Path, args: &HistoryArgs) -> PathBuf {
    let mut name = "history".to_owned();
    for selected in args.matrix.iter().chain(&args.model) {
        let words = selected.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        for word in words.filter(|word| !word.is_empty()) {
            name.push('-');
            name.push_str(word);
        }
    }
    name.truncate(LONGEST);
    // A selection of signs alone is one all the same.
    if name == "history" && !(args.matrix.is_empty() && args.model.is_empty()) {
        name.push_str("-selected");
    }
    database.with_file_name(format!("{name}.html"))
}

fn answer(told: &Told, database: &Path, page: &Path) -> Value {
    json!({
        "database": programs::path(database),
        "page": programs::path(page),
        "added": told.added,
        "left_out": told.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "matrices": told.views.iter().map(matrix).collect::<Vec<_>>(),
    })
}

fn matrix(view: &HistoryView) -> Value {
    json!({
        "matrix": view.matrix,
        "runs": (0..view.runs.len()).map(|at| run(view, at)).collect::<Vec<_>>(),
        "cells": view.cells,
        "failing": view.failing,
        "unjudged": view.unjudged,
        "stories": view.stories.iter().map(|it| story(view, it)).collect::<Vec<_>>(),
    })
}

fn run(view: &HistoryView, at: usize) -> Value {
    view.runs.get(at).map_or(Value::Null, |run| json!({ "name": run.name, "finished": run.finished }))
}

/// A cell that fails now, or ever did.
fn story(view: &HistoryView, story: &Story) -> Value {
    let moved = story.culprits.iter();
    let moved = moved.map(|(name, moves)| json!({ "environment": name, "packages": moves }));
    json!({
        "artifact": story.cell.artifact,
        "producer": story.cell.producer,
        "consumer": story.cell.consumer,
        "verdict": story.now(),
        "verdicts": story.verdicts,
        "says": story.says(),
        "fails_since": story.broke.map(|(_, bad)| run(view, bad)),
        "worked_until": story.broke.and_then(|(good, _)| good).map(|good| run(view, good)),
        "moved": moved.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_has_a_page_of_its_own() {
        let page = |models: &[&str], matrices: &[&str]| {
            let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
            let args = HistoryArgs {
                runs: Vec::new(),
                reports: PathBuf::new(),
                database: None,
                output: None,
                model: texts(models),
                matrix: texts(matrices),
            };
            page_beside(Path::new("reports/history.sqlite"), &args).display().to_string()
        };
        assert_eq!(page(&[], &[]), "reports/history.html");
        assert_eq!(page(&["churn*"], &[]), "reports/history-churn.html");
        assert_eq!(page(&["../x", "a/b"], &["zoo"]), "reports/history-zoo-x-a-b.html");
        assert_eq!(page(&["*"], &[]), "reports/history-selected.html");
        assert_eq!(page(&["\u{e4}".repeat(300).as_str()], &[]), "reports/history-selected.html");
        assert!(page(&["x".repeat(300).as_str()], &[]).len() < 100);
    }
}
