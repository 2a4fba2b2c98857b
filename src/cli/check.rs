//! `shelflife check`: files that exist already, against environments.

use super::args::CheckArgs;
use super::audience::Audience;
use super::failure::Failure;
use super::outcome;
use crate::app::{CheckRequest, KEPT, Session};
use crate::vocab::ExitCode;

pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let request = CheckRequest {
        files: args.files.request(),
        on: args.on.clone(),
        probe: args.probe,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let outcome = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.check(&request)?;
    outcome::tell(&outcome)
}
