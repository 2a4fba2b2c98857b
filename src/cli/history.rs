//! `shelflife history`: what past runs tell.

use std::path::PathBuf;

use super::args::HistoryArgs;
use super::console;
use super::failure::Failure;
use super::load::{self, EVENTS};
use crate::judge::{self, JudgeOptions};
use crate::notation::glob;
use crate::present;
use crate::store::{History, HistoryError};
use crate::vocab::ExitCode;

pub(super) fn history(args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let database = args.database.clone().unwrap_or_else(|| args.reports.join("history.sqlite"));
    let broken = |error: HistoryError| Failure::History { path: database.clone(), reason: error.to_string() };
    let runs = found(args)?;
    if runs.is_empty() && !database.is_file() {
        return Err(Failure::Record {
            path: args.reports.clone(),
            reason: "there is no run in it yet".to_owned(),
        });
    }
    let mut history = History::open(&database).map_err(broken)?;
    let mut records = Vec::new();
    for folder in runs {
        let path = folder.join(EVENTS);
        match load::state(&path) {
            Ok(state) => records.push(judge::judge(&state, &JudgeOptions::default())),
            // One unreadable run must not hide the others.
            Err(error) => console::note(&format!("left out: {error}")),
        }
    }
    records.sort_by(|a, b| a.run.finished.cmp(&b.run.finished));
    let mut added = 0;
    for record in &records {
        if record.run.interrupted {
            continue;
        }
        let words = |index: usize| record.cells.get(index).map(present::trouble).unwrap_or_default();
        added += usize::from(history.add(record, &words).map_err(broken)?);
    }
    let mut views = Vec::new();
    for matrix in history.matrices().map_err(broken)? {
        if !args.matrix.is_empty() && !args.matrix.iter().any(|pattern| glob::matches(pattern, &matrix)) {
            continue;
        }
        let runs = history.runs(&matrix).map_err(broken)?;
        let mut cells = history.cells(&matrix).map_err(broken)?;
        if !args.model.is_empty() {
            cells.retain(|cell| {
                let model = cell.artifact.split('/').next().unwrap_or_default();
                args.model.iter().any(|pattern| glob::matches(pattern, model))
            });
        }
        let packages = |run: i64, name: &crate::vocab::EnvName| history.packages(run, name);
        views.push(present::history_view(&matrix, runs, cells, &packages).map_err(broken)?);
    }
    if views.is_empty() {
        return Err(Failure::Nothing {
            what: "no matrix of the history is selected".to_owned(),
            help: "leave --matrix out to see all".to_owned(),
        });
    }
    let text: Vec<String> = views.iter().map(present::history_text).collect();
    console::print(&text.join("\n"))?;
    let page = args.output.clone().unwrap_or_else(|| database.with_file_name("history.html"));
    present::write_file(&page, &present::history_html(&views))?;
    console::note(&format!("{added} new in {}; page: {}", database.display(), page.display()));
    Ok(ExitCode::Done)
}

/// The runs to take in: those that are named, or all that stand in the folder of runs.
fn found(args: &HistoryArgs) -> Result<Vec<PathBuf>, Failure> {
    if !args.runs.is_empty() {
        return Ok(args.runs.iter().map(|run| load::run_folder(run, &args.reports)).collect());
    }
    let Ok(entries) = fs_err::read_dir(&args.reports) else { return Ok(Vec::new()) };
    let mut folders: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.join(EVENTS).is_file()).collect();
    folders.sort();
    Ok(folders)
}
