//! How a judged run is told: its table, what was executed, where its reports are.

use std::path::Path;

use super::args::{MessageFormat, RunningArgs};
use super::console;
use super::failure::Failure;
use crate::app::Outcome;
use crate::present::{TerminalOptions, terminal};
use crate::vocab::ExitCode;

/// Tells it, and says how the command ends.
pub(super) fn tell(running: &RunningArgs, outcome: &Outcome) -> Result<ExitCode, Failure> {
    if running.message_format == MessageFormat::Human {
        let options = TerminalOptions { width: console::terminal_width(), ..TerminalOptions::default() };
        console::print(&terminal(&outcome.record, &options))?;
    }
    let Outcome { executed, reused, seconds, .. } = outcome;
    console::note(&if outcome.record.run.interrupted {
        format!("interrupted after {executed} new observations; the same command goes on")
    } else if *executed == 0 {
        format!("nothing had to be executed: {reused} observations were known ({seconds:.1} s)")
    } else {
        format!("executed {executed} observations, {reused} were known ({seconds:.1} s)")
    });
    let show = |name: &str| outcome.file(name).map(Path::display).map(|path| path.to_string());
    let (page, text) = (show("report.html").unwrap_or_default(), show("report.md").unwrap_or_default());
    console::note(&format!("reports: {page} and {text}"));
    Ok(outcome.exit_code())
}
