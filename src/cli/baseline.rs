//! `shelflife baseline`: what is known.

use std::fmt::Write as _;

use super::args::AcceptArgs;
use super::console;
use super::failure::Failure;
use crate::app::AcceptRequest;
use crate::vocab::ExitCode;

/// `shelflife baseline accept`.
pub(super) fn accept(args: &AcceptArgs) -> Result<ExitCode, Failure> {
    let (run, reports, file) = (args.run.clone(), args.reports.clone(), args.file.clone());
    let accepted = AcceptRequest { run, reports, file }.accept()?;
    if accepted.is_part {
        console::warn("the run was interrupted: only what it tried is taken");
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
