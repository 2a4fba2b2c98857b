//! What a person has looked at and taken as it is.

use std::path::{Path, PathBuf};

use super::error::AppError;
use super::known::{open_accepted, open_run};
use crate::judge::{self, Acceptance, JudgeOptions, Known, write_baseline};
use crate::present;

/// A run whose verdicts are taken as they are.
#[derive(Clone, Debug, Default)]
pub struct AcceptRequest {
    /// The run.
    pub run: PathBuf,
    /// Folder of all runs.
    pub reports: PathBuf,
    /// The baseline; what it says of other artifacts and environments stays.
    pub file: PathBuf,
}

/// What was taken.
#[derive(Debug)]
pub struct Accepted {
    /// What the baseline says otherwise now.
    pub changes: Vec<Acceptance>,
    /// Whether the run was interrupted, so that only what it tried was taken.
    pub is_part: bool,
}

impl AcceptRequest {
    /// Takes the verdicts of a run into a baseline.
    ///
    /// # Errors
    /// When the run or the baseline cannot be read, or the baseline not be written.
    pub fn accept(&self) -> Result<Accepted, AppError> {
        let (_, state) = open_run(&self.run, &self.reports)?;
        let record = judge::judge(&state, &JudgeOptions::default());
        let mut known = known(&self.file)?;
        let changes = known.accept(&record);
        present::write_file(&self.file, write_baseline(&known).as_bytes())?;
        Ok(Accepted { changes, is_part: record.run.interrupted })
    }
}

fn known(file: &Path) -> Result<Known, AppError> {
    if file.is_file() { open_accepted(file) } else { Ok(Known::default()) }
}
