//! Why something that was asked for cannot be done: facts, with one line each; what to do next is said by whoever speaks
//! to people.

use std::io;
use std::path::PathBuf;

use super::release_error::ReleaseError;
use super::shards::ShardError;
use crate::artifact::PinError;
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
use crate::vocab::{CellRecord, EnvName, Verdict};

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

fn nothing_named(settings: Option<&PathBuf>) -> String {
    match settings {
        Some(path) => format!("no artifact is named, and `{}` has no `artifacts`", path.display()),
        None => "no artifact is named, and no folder from here upwards has settings".to_owned(),
    }
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

/// What makes no sense about a request.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// A version or a package is not written as one.
    #[error("{}", .0.message)]
    Version(VersionError),
    /// A path of an environment leads nowhere.
    #[error("there is no file and no folder `{0}`")]
    NoEnvironment(String),
    /// A place on this machine is no environment.
    #[error("`{}` is not an environment: {why}", path.display())]
    Place {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        why: PlaceTrouble,
    },
    /// A word that is none of those that are known.
    #[error("the {kind} `{word}` is not known")]
    UnknownWord {
        /// What it names.
        kind: &'static str,
        /// The word.
        word: String,
        /// Those that are.
        known: &'static [&'static str],
    },
    /// A text is not the name of an image.
    #[error("`{0}` is not the name of an image")]
    NoImage(String),
    /// A key that says something of a machine, where versions are named.
    #[error("`{0}` does not name a package, and a virtual environment is always one of this machine")]
    MachineKey(String),
    /// A forecast of what only an image knows.
    #[error("the packages in the image of `{0}` are not known before it is started")]
    UnknownContents(String),
    /// A file is no environment.
    #[error("`{}` cannot be used as an environment: {why}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why.
        why: LockTrouble,
    },
    /// One environment was to be named.
    #[error("{option} takes one environment, and `{text}` means {}", listed(names))]
    SeveralEnvironments {
        /// The option.
        option: &'static str,
        /// What was given.
        text: String,
        /// The environments that it means.
        names: Vec<EnvName>,
    },
    /// Neither the command line nor settings name the environment that is to read the files.
    #[error("nothing says which environment is to read the files")]
    NoTarget,
    /// Neither the command line nor settings say what a gate is over.
    #[error("{}", nothing_named(.0.as_ref()))]
    NothingNamed(Option<PathBuf>),
    /// No format of this name can be tried.
    #[error("`{name}` is not a format in which files can be tried")]
    Format {
        /// The name.
        name: String,
        /// Those that can.
        known: Vec<&'static str>,
    },
    /// No model can be written in a format of this name.
    #[error("`{name}` is no format in which a model that exists can be written")]
    WrittenFormat {
        /// The name.
        name: String,
        /// Those that can.
        known: Vec<&'static str>,
    },
    /// Several files cannot go where one is.
    #[error("`{}` is a file, and {files} files cannot be written there", path.display())]
    OutputIsFile {
        /// What was given.
        path: PathBuf,
        /// How many would be written.
        files: usize,
    },
    /// Types are trusted that nobody asks about.
    #[error("--trust is for skops files, and there is none")]
    TrustWithoutSkops,
    /// A type of a column is not written as one.
    #[error("`{0}` does not declare the type of a column")]
    ColumnType(String),
    /// A package that is allowed is not written as one.
    #[error("`{text}` is not a package that can be allowed: {why}")]
    AllowedPackage {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: VersionError,
    },
    /// A text cannot be the name of a folder.
    #[error("`{0}` cannot be the name of a run")]
    RunName(String),
    /// A gate over a matrix and something else.
    #[error("a gate takes one matrix, or artifacts")]
    SeveralMatrices,
    /// A gate over a matrix with environments.
    #[error("a matrix has environments of its own")]
    MatrixWithEnvironments,
    /// A gate over a matrix with options of files.
    #[error("a matrix declares its own limits and formats")]
    MatrixWithFileOptions,
    /// A rescue or probes of the models of a matrix.
    #[error("--rescue and --probe take artifacts that move from one environment to another, not a matrix")]
    RescueOfMatrix,
    /// A gate over artifacts without environments.
    #[error("a gate of artifacts needs --from and --to, or --head")]
    NoEnvironments,
    /// A gate without the environment that is left, over a file that does not say what it gave.
    #[error("`{0}` does not bring what all of its outputs were, and no --from says where it works today")]
    NothingExpected(String),
    /// A folder that does not say which package it is.
    #[error("`{}` does not say which package it is: it has no `pyproject.toml` with a `[project]` name", .0.display())]
    NoProject(PathBuf),
    /// A gate with nothing known.
    #[error("there is nothing to judge by")]
    NothingToJudgeBy,
    /// A bisection over environments that somebody else made.
    #[error(
        "bisect tries releases in virtual environments that shelflife makes, and --with names another one"
    )]
    NotMadeHere,
    /// A bisection of several artifacts.
    #[error("bisect takes one artifact, and this names {0}")]
    SeveralArtifacts(usize),
    /// A bisection of another package, and nothing tells which scikit-learn stays.
    #[error("it is not known which scikit-learn goes with the releases of {0}")]
    NoScikitLearn(String),
    /// A text is no version.
    #[error("{option} `{text}` is not a version")]
    NotAVersion {
        /// The option.
        option: &'static str,
        /// What was given.
        text: String,
    },
    /// A bisection from a release to itself.
    #[error("--good and --bad are both {0}")]
    SameVersion(String),
    /// An environment of a forecast whose release is open.
    #[error("`{package}` {spec} is not an exact version, and a forecast is about one")]
    NoExactVersion {
        /// The package.
        package: String,
        /// What was asked for.
        spec: String,
    },
    /// A width of pointers that no machine has.
    #[error("`bits={0}` is neither 32 nor 64")]
    Width(String),
    /// An architecture that nobody knows.
    #[error("the architecture `{name}` is not known")]
    Architecture {
        /// The name.
        name: String,
        /// Those that are.
        known: Vec<&'static str>,
    },
    /// A file of the command line does not exist.
    #[error("there is no file `{}`", .0.display())]
    NoFile(PathBuf),
}

fn listed(names: &[EnvName]) -> String {
    let names: Vec<&str> = names.iter().map(EnvName::as_str).collect();
    names.join(" and ")
}

/// What a file or folder is instead of an environment.
#[derive(Debug, thiserror::Error)]
pub enum PlaceTrouble {
    /// A virtual environment of Windows.
    #[error("it is a virtual environment of Windows")]
    Windows,
    /// A virtual environment that lost its interpreter.
    #[error("it is a virtual environment without `bin/python`")]
    NoInterpreter,
    /// Some folder.
    #[error("it is a folder without `bin/python`{}", inside.as_ref().map(|it| format!("; it holds `{}`", it.display())).unwrap_or_default())]
    Folder {
        /// What in it could have been meant.
        inside: Option<PathBuf>,
    },
    /// Some file.
    #[error("it is neither a program nor a lock")]
    NoProgram,
}

impl From<VersionError> for RequestError {
    fn from(error: VersionError) -> Self {
        Self::Version(error)
    }
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

/// Why a file is no environment.
#[derive(Debug, thiserror::Error)]
pub enum LockTrouble {
    /// It cannot be read.
    #[error("{}", without_path(.0))]
    Read(#[from] io::Error),
    /// It is no text.
    #[error("it is not text")]
    NoText,
    /// It is of a runtime that packages alone do not make.
    #[error("it is the lock of a {0}, which cannot be made again from its packages alone")]
    OtherRuntime(String),
    /// It lacks what a lock has.
    #[error("it is not a lock: `python` or `packages` is missing")]
    NoLock,
    /// A line of a requirements file is no pin.
    #[error("line {line}: {why}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: PinError,
    },
    /// A line of a requirements file leads elsewhere than to the index.
    #[error("line {line}: `{text}` comes from elsewhere than the package index")]
    NotFromIndex {
        /// The line, counted from 1.
        line: usize,
        /// The line itself.
        text: String,
    },
    /// A line of a requirements file is an option that changes what is installed.
    #[error("line {line}: the option `{option}` is not supported")]
    Option {
        /// The line, counted from 1.
        line: usize,
        /// The option.
        option: String,
    },
    /// A package is pinned to two releases.
    #[error("line {line}: {package} is pinned to {} and to {}", versions[0], versions[1])]
    PinnedTwice {
        /// The line, counted from 1.
        line: usize,
        /// The package.
        package: String,
        /// Both releases.
        versions: [String; 2],
    },
    /// A file that a line names cannot be used.
    #[error("line {line}: `{}`: {why}", path.display())]
    Within {
        /// The line, counted from 1.
        line: usize,
        /// The file.
        path: PathBuf,
        /// Why not.
        why: Box<LockTrouble>,
    },
    /// Files that name one another without end.
    #[error("it and the files that it names lead to one another without end")]
    TooDeep,
    /// It pins nothing.
    #[error("it pins no package")]
    NoPins,
    /// It is of another tool, which makes requirements of it.
    #[error("it is a file of another tool")]
    OtherTool(&'static str),
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
