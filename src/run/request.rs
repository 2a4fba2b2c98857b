//! What a run is asked to do, what it gives back, and why it could not go on.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::scheduler::Regressions;
use super::share::{Carry, Share, Written};
use crate::matrix::Matrix;
use crate::plan::Plan;
use crate::state::RunState;
use crate::vocab::RunHeader;

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
    /// What of it is done here.
    pub share: Share,
    /// What other machines have written of it.
    pub written: Written,
    /// What the same process has done of it before.
    pub before: Counts,
    /// Names the cells that would be regressions, once everything was tried: they are tried again, all by themselves.
    pub retry: Option<Regressions>,
    /// Whether everything is executed again, whatever the cache holds.
    pub fresh: bool,
    /// Whether trainings are tried again that have failed twice in the same way.
    pub retry_failed: bool,
    /// Batches that run side by side.
    pub jobs: usize,
}

impl RunRequest {
    /// The first part of it: everything is written, and nothing is read. What is done is in the record that it leaves.
    #[must_use]
    pub fn only_writing(&mut self) -> Self {
        Self {
            matrix: Arc::clone(&self.matrix),
            plan: Arc::clone(&self.plan),
            datasets: self.datasets.clone(),
            header: self.header.clone(),
            recorded: self.recorded.take(),
            share: Share::writing(&self.plan),
            written: Written::default(),
            before: self.before,
            retry: None,
            fresh: self.fresh,
            retry_failed: self.retry_failed,
            jobs: self.jobs,
        }
    }
}

/// What a run executed, and what it did not have to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cells and references executed.
    pub executed: u64,
    /// Cells and references taken from the record or the cache.
    pub reused: u64,
    /// Artifacts that were not tried again: their training has failed twice in the same way.
    pub known_failures: u64,
}

/// What a run did.
#[derive(Debug)]
pub struct RunReport {
    /// What is known at the end, recorded and new.
    pub state: RunState,
    /// What was executed and what was known.
    pub counts: Counts,
    /// Whether a signal ended it early.
    pub interrupted: bool,
    /// What readers on other machines need of what was written here.
    pub carry: Carry,
}

/// Why a run could not go on. Nothing that an artifact or an environment does leads here.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An event could not be recorded.
    #[error("the record of the run cannot be written, and it does not go on without one")]
    Record(#[source] io::Error),
    /// The cache cannot be used.
    #[error("cannot use the cache: {0}")]
    Cache(io::Error),
    /// A dataset of the plan was not handed over.
    #[error("the dataset `{0}` was planned but not read")]
    Dataset(String),
}
