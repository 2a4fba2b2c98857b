//! What executors and the pool tell the dispatcher.

use std::collections::BTreeMap;

use super::jobs::{JobKind, Target, TrainingOf};
use super::keys::TrainingRecord;
use crate::provision::ProvisionFailure;
use crate::vocab::{
    ByOutput, Digest, EnvironmentTrouble, FileFacts, Foreign, Gap, Lock, Observation, OutputComparison,
};
use crate::worker::WorkerError;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Message {
    /// Worth a line for people.
    Note(String),
    /// An environment can be used.
    Ready {
        environment: u32,
        lock: Box<Lock>,
        absent_models: BTreeMap<String, String>,
        seconds: f64,
        reused: bool,
    },
    /// What the cells of an environment are not kept from, and how long its interpreter took to start.
    Isolation { environment: u32, gaps: Vec<Gap>, seconds: f64 },
    /// An environment cannot be used.
    Failed { environment: u32, failure: Unusable },
    /// A training came to its end.
    Trained { training: TrainingOf, artifacts: Vec<(u32, TrainingRecord)> },
    /// A target was observed.
    Observed { target: Target, key: Digest, observation: Box<Observation> },
    /// The bytes that a target reads are lost or damaged.
    Starved { target: Target },
    /// A job has no result, for a reason that is not its task's.
    Lost { kind: JobKind, reason: String },
    /// The cache has no room for a result, and none for those that follow.
    Unkept { error: std::io::Error },
    /// An external artifact was copied into the store, or could not be.
    TakenIn { artifact: u32, taken: Result<(Digest, u64), TakeInError> },
    /// An observation was compared with the reference.
    Compared { target: Target, compared: Comparison },
    /// The bytes of an artifact were looked at.
    Inspected { artifact: u32, digest: Digest, facts: Option<Box<FileFacts>> },
}

/// What a comparison came to.
#[derive(Debug)]
pub(super) enum Comparison {
    /// The facts by output.
    Facts(ByOutput<OutputComparison>),
    /// The store has lost this array.
    ArrayLost(Digest),
    /// Comparing failed.
    Broken,
}

/// Why an external artifact is not in the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum TakeInError {
    /// It is no sound artifact, or cannot be read.
    #[error("{0}")]
    Refused(String, Option<Foreign>),
    /// What is expected of it cannot be kept.
    #[error("{0}")]
    Cache(std::io::Error),
}

/// Why an environment cannot be used.
#[derive(Debug)]
pub(super) struct Unusable {
    pub reason: String,
    pub remedy: Option<String>,
    /// What it was declared with does not exist on this machine.
    pub absent: bool,
    /// The kind of trouble.
    pub cause: EnvironmentTrouble,
}

impl Unusable {
    /// An environment that could not be made.
    pub fn unmade(failure: &ProvisionFailure) -> Self {
        Self { reason: failure.reason(), remedy: failure.remedy(), absent: false, cause: failure.trouble() }
    }

    /// An interpreter that does not come up.
    pub fn worker(error: &WorkerError, launcher: &[String]) -> Self {
        let by_hand = format!("start it by hand to see more: `{} python -c pass`", launcher.join(" "));
        let remedy = match error {
            // What is wrong with a configuration, the exception says, or a known cause.
            WorkerError::Broken { module, .. } if module == "sklearn.set_config" => None,
            WorkerError::Absent { .. } => None,
            WorkerError::NotIsolated(_) => Some(
                "`shelflife doctor` says what this machine lacks; without `--require-isolation` they are tried all the same, and \
                 the report says what they were not kept from",
            ),
            WorkerError::Broken { module, .. } if module == "sklearnex" => Some(
                "`extension` and `device` need scikit-learn-intelex: add it to the packages of the environment, in a \
                 version that knows its scikit-learn",
            ),
            WorkerError::Lost { .. } if !launcher.is_empty() => Some(by_hand.as_str()),
            WorkerError::Broken { .. } | WorkerError::Lost { .. } => Some(
                "start the environment's Python by hand and `import sklearn` to see more; the packages may not fit one \
                 another",
            ),
        };
        let absent = matches!(error, WorkerError::Absent { .. });
        let cause = match error {
            WorkerError::Absent { .. } => EnvironmentTrouble::Absent,
            WorkerError::NotIsolated(_) => EnvironmentTrouble::NotIsolated,
            WorkerError::Broken { .. } => EnvironmentTrouble::ImportFailed,
            WorkerError::Lost { .. } => EnvironmentTrouble::WorkerLost,
        };
        Self { reason: error.to_string(), remedy: remedy.map(str::to_owned), absent, cause }
    }
}
