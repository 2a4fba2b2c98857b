//! What a run is judged by.

use super::baseline::Baseline;
use crate::vocab::Verdict;

/// What a run is judged by, beyond the expectations that it recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgeOptions {
    /// Verdicts that are regressions wherever no expectation covers them.
    pub fail_on: Vec<Verdict>,
    /// An earlier run, for cells that no expectation covers.
    pub baseline: Option<Baseline>,
    /// Whether to state what was to be expected of each cell, and to score that.
    pub forecast: bool,
}
