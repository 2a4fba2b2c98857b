//! `shelflife run`: the main job.

use super::args::RunArgs;
use super::audience::Audience;
use super::failure::Failure;
use super::{outcome, shard};
use crate::app::{RunRequest, Session};
use crate::vocab::ExitCode;

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    if let Some(shards) = &args.shard.shards {
        return shard::run(args, shards);
    }
    let request = RunRequest {
        // clap asks for one where there are no shards.
        matrix: args.matrix.clone().unwrap_or_default(),
        selection: args.select.selection(),
        fail_on: args.fail_on.clone(),
        baseline: args.baseline.clone(),
        forecast: args.forecast,
        probe: args.probe,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let outcome = Session::open(args.running.policy(None), &mut audience)?.run(&request)?;
    outcome::tell(&outcome)
}
