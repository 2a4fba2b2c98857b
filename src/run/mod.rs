//! Layer 2: the scheduler, the dispatcher and the executors of a run.
//!
//! One task, the dispatcher, owns all truth about the run: the scheduler says what follows from what is known, the desk
//! carries it out and takes results in, the clerk looks up what is known already and has events recorded. One task an
//! environment, its executor, owns a live interpreter and does the jobs that it is given. They speak through channels
//! only. Whatever may block, such as hashing, writing, comparing and reading artifacts, has threads of its own.
//!
//! Architecture Invariant: a failing environment, a crash, a timeout or an exhausted memory is data in an event,
//! never an `Err` that ends the run.

mod aside;
mod clerk;
mod comparing;
mod comparisons;
mod crew;
mod desk;
mod dispatcher;
mod disturbed;
mod errand;
mod executor;
mod external;
mod host;
mod inspecting;
mod interrupt;
mod isolation;
mod jobs;
mod journal;
mod keeping;
mod keys;
mod known;
mod memory;
mod messages;
mod noise;
mod orders;
mod permits;
mod pool;
mod reporter;
mod request;
mod rules;
mod scheduler;
mod setup;
mod soundness;

use std::sync::Arc;

pub use aside::{Errands, Ran, run_errands};
pub use errand::{Errand, ErrandDone, ErrandKind};
pub use reporter::{Progress, Reporter};
pub use request::{Counts, RunError, RunReport, RunRequest};
pub use scheduler::Regressions;

use crate::provision::Provisioner;
use crate::store::CacheRoot;

/// Runs a plan to its end.
///
/// # Errors
/// Only when the record or the cache cannot be written.
pub async fn run(
    request: RunRequest,
    cache: CacheRoot,
    provisioner: Arc<Provisioner>,
    reporter: &mut dyn Reporter,
) -> Result<RunReport, RunError> {
    let machine = host::Machine(provisioner);
    setup::conduct(request, cache, machine, reporter, interrupt::asked_to_end()).await
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
