//! What came of a run: its judged record, with everything that was written.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::error::AppError;
use crate::judge::{self, JudgeOptions};
use crate::present::{self, RENDERERS, View};
use crate::run::Counts;
use crate::state::RunState;
use crate::vocab::{ExitCode, Record};

/// A judged run whose reports are written.
#[derive(Debug)]
pub struct Outcome {
    /// The folder of the run.
    pub folder: PathBuf,
    /// What it came to.
    pub record: Record,
    /// What was written of it.
    pub files: Vec<PathBuf>,
    /// Cells and references that were executed.
    pub executed: u64,
    /// Cells and references that were known.
    pub reused: u64,
    /// Artifacts that were not tried again: their training has failed twice in the same way.
    pub known_failures: u64,
    /// Seconds from the start to the last report.
    pub seconds: f64,
}

impl Outcome {
    pub(super) fn of(
        folder: PathBuf,
        state: &RunState,
        judging: &JudgeOptions,
        counts: Counts,
        started: Instant,
    ) -> Result<Self, AppError> {
        let record = judge::judge(state, judging);
        let files = present::write_reports(&folder, &View::new(&record), RENDERERS)?;
        let seconds = started.elapsed().as_secs_f64();
        let Counts { executed, reused, known_failures } = counts;
        Ok(Self { folder, record, files, executed, reused, known_failures, seconds })
    }

    /// What it says to whoever asked.
    pub fn exit_code(&self) -> ExitCode {
        judge::exit_code(&self.record)
    }

    /// A report by the name of its file.
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files.iter().find(|path| path.ends_with(name)).map(PathBuf::as_path)
    }
}
