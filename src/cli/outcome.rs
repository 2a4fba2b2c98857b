//! How a judged run is told: its table, what was executed, where its reports are.

use std::path::Path;

use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::Outcome;
use crate::present::{TerminalOptions, terminal};
use crate::vocab::ExitCode;

/// Tells it, and says how the command ends.
pub(super) fn tell(outcome: &Outcome) -> Result<ExitCode, Failure> {
    let code = outcome.exit_code();
    if console::is_for_programs() {
        programs::answer(&programs::judged(outcome, code))?;
    } else {
        table(outcome)?;
    }
    summary(outcome);
    Ok(code)
}

/// The table of a run, for people.
pub(super) fn table(outcome: &Outcome) -> Result<(), Failure> {
    let options = TerminalOptions { width: console::terminal_width(), ..TerminalOptions::default() };
    console::print(&terminal(&outcome.record, &options))
}

/// What was executed, and where the reports are.
pub(super) fn summary(outcome: &Outcome) {
    let Outcome { executed, reused, known_failures, seconds, .. } = outcome;
    console::note(&if outcome.record.run.interrupted {
        format!("interrupted after {executed} new observations; the same command goes on")
    } else if *executed == 0 {
        format!("nothing had to be executed: {reused} observations were known ({seconds:.1} s)")
    } else {
        format!("executed {executed} observations, {reused} were known ({seconds:.1} s)")
    });
    if *known_failures > 0 {
        let were =
            if *known_failures == 1 { "1 artifact was" } else { &format!("{known_failures} artifacts were") };
        console::note(&format!(
            "{were} not tried again: making it has raised the same exception twice (--retry-failed tries it)"
        ));
    }
    let show = |name: &str| outcome.file(name).map(Path::display).map(|path| path.to_string());
    let (page, text) = (show("report.html").unwrap_or_default(), show("report.md").unwrap_or_default());
    console::note(&format!("reports: {page} and {text}"));
}
