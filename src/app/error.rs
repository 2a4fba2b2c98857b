//! Why something that was asked for cannot be done: facts, with one line each; what to do next is said by whoever speaks
//! to people.

use std::io;
use std::path::PathBuf;

use super::release_error::ReleaseError;
pub use super::request_error::{LockTrouble, PlaceTrouble, RequestError};
use super::shards::ShardError;
use crate::dataset::DatasetError;
use crate::judge::BaselineError;
use crate::matrix::{MatrixError, Problem, Refusal};
use crate::notation::{VersionError, without_path};
use crate::plan::PlanError;
use crate::present::json::ReadRecordError;
use crate::present::{self, EventLogError, SinkError};
use crate::provision::ProvisionFailure;
use crate::run::RunError;
use crate::state::ReplayError;
use crate::store::{CacheError, HistoryError, LockError};
use crate::vocab::{CellRecord, Verdict};

/// Why something ends early.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The matrix is invalid.
    #[error(transparent)]
    Matrix(#[from] Box<MatrixError>),
    /// The settings of a project cannot be used.
    #[error(transparent)]
    Settings(#[from] Box<Problem>),
    /// A project has settings already.
    #[error("there are settings already, in `{}`, and nothing was written", .0.display())]
    Started(PathBuf),
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// A dataset cannot be used.
    #[error(transparent)]
    Dataset(#[from] Box<DatasetError>),
    /// The selection is empty or no selection.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// What was asked for makes no sense.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Parts of a run cannot be planned, done or merged.
    #[error(transparent)]
    Shards(#[from] ShardError),
    /// A release cannot be read.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// Nothing that was named is an artifact.
    #[error("there is no artifact to try")]
    NoArtifact,
    /// An artifact cannot be read.
    #[error("`{}` cannot be read: {}", path.display(), without_path(why))]
    Artifact {
        /// What was given.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A folder without files.
    #[error("there is no file in `{}`", .0.display())]
    EmptyFolder(PathBuf),
    /// Inputs or expected values that cannot be used.
    #[error("{}", told(.0))]
    Inputs(Vec<Refusal>),
    /// What is recorded cannot be read.
    #[error("`{}` is not a run that can be read: {why}", path.display())]
    Unreadable {
        /// What was given.
        path: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// What was accepted cannot be read.
    #[error("`{}` is not a baseline that can be read: {why}", path.display())]
    NoBaseline {
        /// What was given.
        path: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// A bisection found nothing.
    #[error(transparent)]
    Bisect(#[from] BisectError),
    /// A model could not be packed.
    #[error("the model could not be packed: {reason}")]
    Pack {
        /// What the interpreter said.
        reason: String,
    },
    /// The history cannot be used.
    #[error("the history `{}` cannot be used: {why}", path.display())]
    History {
        /// The database.
        path: PathBuf,
        /// Why.
        why: HistoryError,
    },
    /// No matrix of the history is selected.
    #[error("no matrix of the history has such a name")]
    NoHistory,
    /// A signal ended it.
    #[error("interrupted; run the same command again to go on")]
    Interrupted,
    /// Another process works on the same run.
    #[error("another shelflife is working on the run `{0}`")]
    Busy(String),
    /// What would be removed is in use.
    #[error("nothing was removed: another shelflife is using the cache")]
    InUse,
    /// The run could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A lock of the cache cannot be had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A report cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Something of this machine failed.
    #[error("cannot {doing}")]
    Machine {
        /// What was to be done.
        doing: Doing,
        /// Why it failed.
        source: io::Error,
    },
}

/// What this machine was to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doing {
    /// Start the threads that wait for others.
    #[error("start the threads of this program")]
    Runtime,
    /// List what is in the cache.
    #[error("list the environments")]
    List,
    /// Remove what was not used lately.
    #[error("prune the cache")]
    Prune,
    /// Put an archive together.
    #[error("put the archive together")]
    Pack,
    /// Read a folder.
    #[error("read the folder `{}`", .0.display())]
    Folder(PathBuf),
}

impl From<VersionError> for AppError {
    fn from(error: VersionError) -> Self {
        Self::Request(error.into())
    }
}

impl From<MatrixError> for AppError {
    fn from(error: MatrixError) -> Self {
        Self::Matrix(Box::new(error))
    }
}

/// Messages that are told of many at once.
const MOST_REFUSALS: usize = 10;

fn told(refusals: &[Refusal]) -> String {
    let mut lines: Vec<&str> = refusals.iter().map(|refusal| refusal.message.as_str()).collect();
    let more = format!("and {} more", lines.len().saturating_sub(MOST_REFUSALS));
    if lines.len() > MOST_REFUSALS {
        lines.truncate(MOST_REFUSALS);
        lines.push(&more);
    }
    lines.join("\n")
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file cannot be read.
    #[error("{}", without_path(.0))]
    Io(#[from] io::Error),
    /// A line of its events is no event.
    #[error("{0}")]
    Events(#[from] EventLogError),
    /// Its events are not those of a run.
    #[error("{0}")]
    Replay(#[from] ReplayError),
    /// Its results are none.
    #[error("{0}")]
    Results(#[from] ReadRecordError),
    /// It is a baseline of another version, or none.
    #[error("{0}")]
    Baseline(#[from] BaselineError),
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// Its bytes are nothing that shelflife writes.
    #[error("it is neither the events nor the results of a run, nor a baseline")]
    Unknown,
    /// It is a baseline, and a run was asked for.
    #[error("it is a baseline, which says nothing of what happened in a run")]
    IsBaseline,
    /// It is a run, and a baseline was asked for.
    #[error("it is the record of a run")]
    IsRun,
    /// There is no run in a folder of runs.
    #[error("there is no run in it yet")]
    NoRuns,
}

/// Why a bisection found nothing.
#[derive(Debug, thiserror::Error)]
pub enum BisectError {
    /// The releases of the package cannot be had.
    #[error("{}", .0.reason())]
    Releases(Box<ProvisionFailure>),
    /// One end has no verdict.
    #[error("{package} {release} has no verdict: {}", present::reason(cell).unwrap_or_default())]
    NoVerdict {
        /// The package.
        package: String,
        /// Its release.
        release: String,
        /// What happened there.
        cell: Box<CellRecord>,
    },
    /// The bad end is no worse than the good one.
    #[error("nothing gets worse: {package} {} gives {} and {} gives {}", first.0, first.1, last.0, last.1)]
    NothingWorse {
        /// The package.
        package: String,
        /// The good end with its verdict.
        first: (String, Verdict),
        /// The bad end with its verdict.
        last: (String, Verdict),
    },
}
