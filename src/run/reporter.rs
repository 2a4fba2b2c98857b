//! Who listens to a run, and what it is told.

use std::io;

use crate::vocab::Event;

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
    /// References that are computed again, a second time or in another way, as far as they are known to be needed.
    pub repeats: u64,
    /// Of these, those that are done.
    pub repeats_done: u64,
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

    /// What an environment has now and had not in an earlier record.
    fn moved(&mut self, text: &str) {
        self.note(text);
    }

    /// So many cells that failed are tried again.
    fn retrying(&mut self, cells: usize);
}
