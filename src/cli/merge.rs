//! `shelflife merge`: parts of a run become one record.

use super::args::MergeArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::outcome;
use super::programs;
use crate::app::{MergeRequest, Merged, Policy, Session};
use crate::present::merge_notes;
use crate::vocab::ExitCode;

pub(super) fn merge(args: &MergeArgs) -> Result<ExitCode, Failure> {
    let request = MergeRequest {
        parts: args.parts.clone(),
        output: args.output.clone(),
        fail_on: args.fail_on.clone(),
        baseline: args.baseline.clone(),
    };
    let policy = Policy { reports: args.reports.clone(), ..Policy::default() };
    let mut audience = Audience::plain();
    let merged = Session::open(policy, &mut audience)?.merge(&request)?;
    tell(&merged)
}

fn tell(merged: &Merged) -> Result<ExitCode, Failure> {
    let code = merged.exit_code();
    if console::is_for_programs() {
        let mut answer = programs::judged(&merged.outcome, code);
        answer["parts"] = merged.parts.into();
        answer["missing"] = merged.told.missing.clone().into();
        answer["unfinished"] = merged.told.unfinished.clone().into();
        answer["tried_twice"] =
            serde_json::json!({ "equal": merged.told.equal, "unequal": merged.told.unequal });
        programs::answer(&answer)?;
    } else {
        outcome::table(&merged.outcome)?;
    }
    for line in merge_notes(&merged.told) {
        console::warn(&line);
    }
    if !merged.told.is_complete() {
        console::warn(&format!(
            "run the parts that are not there and merge again, or finish here: shelflife run {} --run {} --cache-from PARTS",
            merged.matrix, merged.outcome.record.run.name
        ));
    }
    outcome::reports(&merged.outcome);
    Ok(code)
}
