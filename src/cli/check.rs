//! `shelflife check`: files that exist already, against environments.

use super::args::CheckArgs;
use super::audience::Audience;
use super::failure::Failure;
use super::outcome;
use super::project::{self, OfProject};
use crate::app::{CheckRequest, KEPT, Session};
use crate::vocab::ExitCode;

pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    let OfProject { files, to, reports } = project::files(args.files.request())?;
    let on = if args.on.is_empty() { to.into_iter().collect() } else { args.on.clone() };
    let request = CheckRequest { files, on, probe: args.probe, name: args.running.run.clone() };
    let mut audience = Audience::of_a_run();
    let mut policy = args.running.policy(Some(KEPT));
    if let Some(reports) = reports.filter(|_| args.running.reports.is_none()) {
        policy.reports = reports;
    }
    let outcome = Session::open(policy, &mut audience)?.check(&request)?;
    outcome::tell(&outcome)
}
