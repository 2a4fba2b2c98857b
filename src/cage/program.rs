//! The program that makes cages: this one, started once more.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::enter::OUTER;
use super::plan::CagePlan;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says which program makes cages: one that calls [`super::run_if_asked`] first. Without one there are none.
pub fn made_by(program: impl Into<PathBuf>) {
    // Said again, it is the same program.
    let _ = PROGRAM.set(program.into());
}

/// Whether there is one.
pub(super) fn is_known() -> bool {
    PROGRAM.get().is_some()
}

/// Program and arguments that make a cage; the command to run in it is appended.
pub fn command(plan: &CagePlan) -> Vec<String> {
    // A plan holds nothing that has no JSON, unless a path is no UTF-8: then making the cage says so.
    let text = serde_json::to_string(plan).unwrap_or_default();
    let program = PROGRAM.get().map(|program| program.display().to_string()).unwrap_or_default();
    vec![program, OUTER.to_owned(), text, "--".to_owned()]
}
