//! A recorded run is judged again, on any machine.

use std::path::PathBuf;

use super::error::AppError;
use super::known::{open, open_run};
use crate::judge::{self, JudgeOptions};
use crate::vocab::{Record, Verdict};

/// A run, and what it is judged by.
#[derive(Clone, Debug, Default)]
pub struct ReportRequest {
    /// The run.
    pub run: PathBuf,
    /// Folder of all runs.
    pub reports: PathBuf,
    /// Whether to state what was to be expected of each cell.
    pub forecast: bool,
    /// Verdicts that are regressions wherever no expectation covers them.
    pub fail_on: Vec<Verdict>,
    /// What is known: see [`super::open`].
    pub baseline: Option<PathBuf>,
}

impl ReportRequest {
    /// The judged run, and its folder.
    ///
    /// # Errors
    /// When the run or the baseline cannot be read.
    pub fn judge(&self) -> Result<(PathBuf, Record), AppError> {
        let (folder, state) = open_run(&self.run, &self.reports)?;
        let known = self.baseline.as_ref().map(|given| open(given, &self.reports)).transpose()?;
        let judging = JudgeOptions {
            fail_on: self.fail_on.clone(),
            baseline: known.map(|known| known.baseline()),
            forecast: self.forecast,
        };
        Ok((folder, judge::judge(&state, &judging)))
    }
}
