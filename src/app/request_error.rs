//! What makes no sense about a request, before anything is done.

use std::io;
use std::path::PathBuf;

use crate::artifact::PinError;
use crate::notation::{VersionError, without_path};
use crate::vocab::EnvName;

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

fn nothing_named(settings: Option<&PathBuf>) -> String {
    match settings {
        Some(path) => format!("no artifact is named, and `{}` has no `artifacts`", path.display()),
        None => "no artifact is named, and no folder from here upwards has settings".to_owned(),
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
