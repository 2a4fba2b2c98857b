//! `shelflife run`: the main job.

use super::args::RunArgs;
use super::audience::Audience;
use super::failure::Failure;
use super::outcome;
use crate::app::{RunRequest, Session};
use crate::vocab::ExitCode;

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let request = RunRequest {
        matrix: args.matrix.clone(),
        selection: args.select.selection(),
        fail_on: args.fail_on.clone(),
        baseline: args.baseline.clone(),
        forecast: args.forecast,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let outcome = Session::open(args.running.policy(None), &mut audience)?.run(&request)?;
    outcome::tell(&outcome)
}
