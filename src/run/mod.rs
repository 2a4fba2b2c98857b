//! Layer 2: the scheduler, the dispatcher and the executors of a run.
//!
//! One task, the dispatcher, owns all truth about the run: the scheduler says what follows from what is known, the desk
//! carries it out and takes results in, the clerk looks up what is known already and has events recorded. One task an
//! environment, its executor, owns a live interpreter and does the jobs that it is given. They speak through channels
//! only. Whatever may block, such as hashing, writing, comparing and reading artifacts, has threads of its own.
//!
//! Architecture Invariant: a failing environment, a crash, a timeout or an exhausted memory is data in an event,
//! never an `Err` that ends the run.

mod clerk;
mod comparing;
mod comparisons;
mod crew;
mod desk;
mod dispatcher;
mod executor;
mod external;
mod host;
mod inspecting;
mod interrupt;
mod jobs;
mod journal;
mod keeping;
mod keys;
mod known;
mod memory;
mod messages;
mod orders;
mod permits;
mod pool;
mod rules;
mod scheduler;
mod setup;
mod soundness;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

pub use scheduler::Regressions;

use crate::matrix::Matrix;
use crate::plan::Plan;
use crate::provision::Provisioner;
use crate::state::RunState;
use crate::store::CacheRoot;
use crate::vocab::{Event, RunHeader};

/// What to run.
pub struct RunRequest {
    /// The matrix, for tolerances and limits.
    pub matrix: Arc<Matrix>,
    /// What was planned.
    pub plan: Arc<Plan>,
    /// The datasets as the agent reads them, by name.
    pub datasets: BTreeMap<String, Vec<u8>>,
    /// The header that a new record begins with.
    pub header: RunHeader,
    /// What an earlier process with the same plan recorded, to go on from.
    pub recorded: Option<RunState>,
    /// Names the cells that would be regressions, once everything was tried: they are tried again, all by themselves.
    pub retry: Option<Regressions>,
    /// Whether everything is executed again, whatever the cache holds.
    pub fresh: bool,
    /// Batches that run side by side.
    pub jobs: usize,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Environments in the plan.
    pub environments: u64,
    /// Environments that are usable.
    pub environments_ready: u64,
    /// Environments that could not be made.
    pub environments_failed: u64,
    /// Trainings in the plan: models times producers.
    pub trainings: u64,
    /// Trainings that are done, also those that could not be.
    pub trainings_done: u64,
    /// Cells in the plan.
    pub cells: u64,
    /// Cells that are done, also those that could not run.
    pub cells_done: u64,
}

/// Who listens to a run.
pub trait Reporter: Send {
    /// A new event; it must be kept before this returns.
    ///
    /// # Errors
    /// When it cannot be kept: the run ends then.
    fn record(&mut self, event: &Event) -> io::Result<()>;

    /// The run stands elsewhere than before.
    fn progress(&mut self, progress: &Progress);

    /// Something worth a line: an installation, a slow step.
    fn note(&mut self, text: &str);

    /// So many cells that failed are tried again.
    fn retrying(&mut self, cells: usize);
}

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// What is known at the end, recorded and new.
    pub state: RunState,
    /// Cells and references executed.
    pub executed: u64,
    /// Cells and references taken from the record or the cache.
    pub reused: u64,
    /// Whether a signal ended it early.
    pub interrupted: bool,
}

/// Why a run could not go on. Nothing that an artifact or an environment does leads here.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An event could not be recorded.
    #[error("the run cannot go on without its record")]
    Record(#[source] io::Error),
    /// The cache cannot be used.
    #[error("cannot use the cache: {0}")]
    Cache(#[source] io::Error),
    /// A dataset of the plan was not handed over.
    #[error("the dataset `{0}` was planned but not read")]
    Dataset(String),
}

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
