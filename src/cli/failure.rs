//! Why a command ends early, and with which exit code.

use std::path::PathBuf;

use crate::dataset::DatasetError;
use crate::matrix::MatrixError;
use crate::plan::PlanError;
use crate::present::{RenderError, SinkError};
use crate::run::RunError;
use crate::store::{CacheError, LockError};
use crate::vocab::ExitCode;

/// Why a command ends early.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum Failure {
    /// The matrix is invalid.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Matrix(#[from] Box<MatrixError>),
    /// A dataset cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Dataset(#[from] Box<DatasetError>),
    /// The selection is empty or no selection.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Plan(#[from] PlanError),
    /// The record of a run cannot be read.
    #[error("`{}` is not a run that can be read: {reason}", path.display())]
    #[diagnostic(help("give the name of a run under reports/, its folder, or its events.jsonl"))]
    Record {
        /// What was given.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A folder without files.
    #[error("there is no file in `{}`", .0.display())]
    #[diagnostic(help("name an artifact, or a folder with artifacts; hidden files are left out"))]
    Empty(PathBuf),
    /// An artifact cannot be read.
    #[error("`{}` cannot be read: {reason}", path.display())]
    #[diagnostic(help("give the path of a pickle or joblib file"))]
    Artifact {
        /// What was given.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nothing that was named is an artifact.
    #[error("there is no artifact to try")]
    #[diagnostic(help("name a saved model, an MLflow folder, a folder of them, or a glob in quotes"))]
    NoArtifact,
    /// A model could not be packed.
    #[error("the model could not be packed: {reason}")]
    #[diagnostic(help(
        "--python names the interpreter that trained it; it must be able to load the model and to predict on the inputs"
    ))]
    Pack {
        /// Why.
        reason: String,
    },
    /// The history cannot be used.
    #[error("the history `{}` cannot be used: {reason}", path.display())]
    #[diagnostic(help(
        "name another file with --database, or move this one aside: it is made again from the runs that are still there"
    ))]
    History {
        /// The database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Nothing is selected.
    #[error("{what}")]
    #[diagnostic(help("{help}"))]
    Nothing {
        /// What.
        what: String,
        /// What to do.
        help: String,
    },
    /// A bisection found nothing.
    #[error("{what}")]
    #[diagnostic(help("{help}"))]
    Bisect {
        /// What is wrong.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A signal ended it.
    #[error("interrupted; the same command goes on")]
    Stopped,
    /// Inputs that cannot be used.
    #[error("the inputs `{}` cannot be used: {reason}", path.display())]
    #[diagnostic(help(
        "give a .csv with a header line, a .parquet, a .npy, a .json with rows, or a .jsonl with one row or text a line"
    ))]
    Inputs {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A word of the command line is unknown.
    #[error("{what}")]
    #[diagnostic(help("{help}"))]
    Usage {
        /// What is wrong.
        what: String,
        /// What to write instead.
        help: String,
    },
    /// What was asked for does not exist.
    #[error("{what}")]
    #[diagnostic(help("{help}"))]
    NotFound {
        /// What is not there.
        what: String,
        /// What to do next.
        help: String,
    },
    /// Another process works on the same run.
    #[error("another shelflife is working on the run `{0}`")]
    #[diagnostic(help("wait for it, or give this one another name with --run"))]
    Busy(String),
    /// What would be removed is in use.
    #[error("nothing was removed: another shelflife is using the cache")]
    #[diagnostic(help("try again when it has ended"))]
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
    /// A report cannot be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] std::io::Error),
    /// Something of this machine failed.
    #[error("{what}")]
    Machine {
        /// What failed.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}

impl From<MatrixError> for Failure {
    fn from(error: MatrixError) -> Self {
        Self::Matrix(Box::new(error))
    }
}

impl Failure {
    /// The exit code of the process.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::Empty(_) => ExitCode::NothingSelected,
            Self::Matrix(_)
            | Self::Dataset(_)
            | Self::Record { .. }
            | Self::Artifact { .. }
            | Self::NoArtifact
            | Self::Pack { .. }
            | Self::Inputs { .. } => ExitCode::InvalidInput,
            Self::Plan(
                PlanError::NothingSelected { .. } | PlanError::NoFormatLeft { .. } | PlanError::NobodyReads,
            ) => ExitCode::NothingSelected,
            Self::Plan(PlanError::BadPattern { .. }) => ExitCode::Usage,
            Self::Plan(PlanError::TooLarge) => ExitCode::InvalidInput,
            Self::Usage { .. } => ExitCode::Usage,
            Self::NotFound { .. } => ExitCode::NothingSelected,
            Self::Bisect { .. } => ExitCode::CouldNotJudge,
            Self::History { .. } => ExitCode::InvalidInput,
            Self::Nothing { .. } => ExitCode::NothingSelected,
            Self::Stopped => ExitCode::Interrupted,
            Self::Busy(_)
            | Self::InUse
            | Self::Cache(_)
            | Self::Lock(_)
            | Self::Machine { .. }
            | Self::Render(_) => ExitCode::Internal,
            Self::Run(RunError::Record(_)) | Self::Sink(_) | Self::Output(_) => ExitCode::CannotWrite,
            Self::Run(RunError::Cache(_) | RunError::Dataset(_)) => ExitCode::Internal,
        }
    }
}
