//! What to expect of an artifact in an environment, stated without trying it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Stage;

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The file works there: everything in it was tried between these releases, and no rule speaks against it.
    Works,
    /// It cannot be loaded, or raises when it predicts.
    Breaks,
    /// It loads and predicts, and may give other values.
    Drifts,
    /// Nobody has run the release. Nothing in it speaks against the file, and what the file runs there has changed.
    Risk,
    /// Nothing is known that an answer could rest on.
    Unknown,
}

impl Expected {
    /// The word as reports print it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Breaks => "breaks",
            Self::Drifts => "risk of drift",
            Self::Risk => "risk",
            Self::Unknown => "unknown",
        }
    }
}

/// An expectation with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// What is expected.
    pub expected: Expected,
    /// Where it breaks or drifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The rules that say so, by id; one of them is seen first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What it rests on, or what is missing for an answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
}

/// How the forecasts of a run compare with what happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Over all cells that were tried and whose file could be read.
    pub total: RuleScore,
    /// Cells that were forecast to work.
    pub works: u64,
    /// Cells among them that do.
    pub works_right: u64,
    /// Cells of which a release that nobody had run said that it is a risk.
    #[serde(default, skip_serializing_if = "is_none")]
    pub risk: u64,
    /// Cells among them that fail or drift.
    #[serde(default, skip_serializing_if = "is_none")]
    pub risk_bad: u64,
    /// Cells about which nothing was said.
    pub unknown: u64,
    /// Cells among them that fail or drift.
    pub unknown_bad: u64,
    /// By rule.
    pub rules: BTreeMap<String, RuleScore>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Forecasts of trouble against trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleScore {
    /// Cells forecast to break or drift (by this rule).
    pub forecast: u64,
    /// Cells among them that do, and for a cause that was named.
    pub right: u64,
    /// Cells that break or drift (by this rule).
    pub actual: u64,
    /// Cells among them that were forecast (by this rule).
    pub found: u64,
}

impl RuleScore {
    /// The share of forecasts that came true; `None` without a forecast.
    pub fn precision(&self) -> Option<f64> {
        (self.forecast > 0).then(|| self.right as f64 / self.forecast as f64)
    }

    /// The share of trouble that was forecast; `None` without trouble.
    pub fn recall(&self) -> Option<f64> {
        (self.actual > 0).then(|| self.found as f64 / self.actual as f64)
    }
}
