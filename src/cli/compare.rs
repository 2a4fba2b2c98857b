//! `shelflife compare`: what changed between two runs.

use std::path::Path;

use super::args::CompareArgs;
use super::console;
use super::failure::Failure;
use super::load::{self, EVENTS};
use crate::judge::{self, JudgeOptions};
use crate::present;
use crate::vocab::{ExitCode, Record};

pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let before = record(&args.before, &args.reports)?;
    let now = record(&args.now, &args.reports)?;
    console::print(&present::compare_text(&before, &now))?;
    Ok(ExitCode::Done)
}

/// A run by name, folder, events.jsonl or results.json.
fn record(given: &Path, reports: &Path) -> Result<Record, Failure> {
    if given.is_file() && given.extension().is_some_and(|extension| extension == "json") {
        let unreadable = |reason: String| Failure::Record { path: given.to_owned(), reason };
        let bytes = fs_err::read(given).map_err(|error| unreadable(error.to_string()))?;
        return present::json::read(&bytes).map_err(|error| unreadable(error.to_string()));
    }
    let path = load::run_folder(given, reports).join(EVENTS);
    Ok(judge::judge(&load::state(&path)?, &JudgeOptions::default()))
}
