//! `shelflife compare`: what changed between two runs.

use super::args::CompareArgs;
use super::console;
use super::failure::Failure;
use crate::app::open_record;
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let before = open_record(&args.before, &args.reports)?;
    let now = open_record(&args.now, &args.reports)?;
    console::print(&present::compare_text(&before, &now))?;
    Ok(ExitCode::Done)
}
