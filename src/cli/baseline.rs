//! `shelflife baseline`: what is known.

use std::fmt::Write as _;

use super::args::AcceptArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{AcceptRequest, Accepted};
use crate::vocab::ExitCode;

/// `shelflife baseline accept`.
pub(super) fn accept(args: &AcceptArgs) -> Result<ExitCode, Failure> {
    let (run, reports, file) = (args.run.clone(), args.reports.clone(), args.file.clone());
    let accepted = AcceptRequest { run, reports, file }.accept()?;
    if accepted.is_part {
        console::warn("the run was interrupted: only what it tried is taken");
    }
    if console::is_for_programs() {
        programs::document(&answer(&accepted, args))?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for change in &accepted.changes {
        let before = change.before.unwrap_or("not recorded");
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{} in {}: {before} -> {}", change.artifact, change.consumer, change.now);
    }
    console::print(&text)?;
    let file = args.file.display();
    console::note(&match accepted.changes.len() {
        0 => format!("{file} already says so"),
        1 => format!("1 change in {file}: look at it and commit it"),
        count => format!("{count} changes in {file}: look at them and commit them"),
    });
    Ok(ExitCode::Done)
}

fn answer(accepted: &Accepted, args: &AcceptArgs) -> serde_json::Value {
    let changes = accepted.changes.iter().map(|change| {
        serde_json::json!({
            "artifact": change.artifact,
            "consumer": change.consumer,
            "before": change.before,
            "now": change.now,
        })
    });
    serde_json::json!({
        "file": programs::path(&args.file),
        "is_part": accepted.is_part,
        "changes": changes.collect::<Vec<_>>(),
    })
}
