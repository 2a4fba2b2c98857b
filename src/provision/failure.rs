//! Why an environment could not be made: typed facts. The sentences about them stand in `words`, and what programs of
//! others say is read in `told`.

use std::io;
use std::path::PathBuf;

use super::damage::Damage;
use super::source_failure::SourceFailure;
use super::why::ProgramFailure;
use crate::process::ProcessError;
use crate::store::LockError;
use crate::vocab::EnvironmentTrouble;

/// Why an environment could not be made. It becomes the verdict `env-error`, never the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisionFailure {
    /// It stands for the unknown producer of a file.
    UnknownProducer,
    /// A program that was asked to do something failed.
    Task {
        /// What it was asked to do.
        task: Task,
        /// How it failed.
        failed: Box<ProgramFailure>,
    },
    /// A program could not be run to its end.
    Process(ProcessTrouble),
    /// A file or folder of this machine is in the way.
    Io(IoTrouble),
    /// Another process keeps a lock for too long.
    Busy(String),
    /// What was asked for is no version of Python.
    NotAPython(String),
    /// There is no such interpreter on this machine.
    NoInterpreter {
        /// The version that was asked for.
        python: String,
        /// Why none was fetched.
        fetching: NoFetch,
    },
    /// There is no recent uv.
    NoUv(NoUv),
    /// Debian packages are missing.
    NoTools {
        /// The packages.
        packages: Vec<&'static str>,
        /// Why they were not installed.
        why: NotInstalled,
    },
    /// A program that was there a moment ago has gone.
    ToolGone(&'static str),
    /// There is no such program to launch the interpreter with.
    NoLauncher(String),
    /// No container engine can be used.
    NoEngine(Vec<SilentEngine>),
    /// The engine does not have the image after all.
    ImageUnknown {
        /// The engine, for people.
        engine: String,
        /// The image.
        image: String,
    },
    /// The image is not here, and offline it cannot be pulled.
    ImageOffline(String),
    /// The image is for another platform.
    WrongPlatform {
        /// The image.
        image: String,
        /// What it is for.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// There is no such folder to build an image in.
    NoContext(PathBuf),
    /// No CPU of this name is known.
    UnknownCpu {
        /// The name.
        arch: String,
        /// Those that are known.
        known: Vec<&'static str>,
    },
    /// The cache lies where a Debian tree has files of its own.
    CacheInTree(PathBuf),
    /// This machine allows no cage, with what its kernel says.
    NoCage(String),
    /// The folder of an index is not there.
    NoIndex(PathBuf),
    /// The sources of apt name no Debian mirror.
    NoMirror,
    /// The tree is not in the cache, and offline it cannot be made.
    TreeOffline(String),
    /// The kernel does not know how to run programs of a CPU.
    NoEmulator {
        /// Debian's name of the CPU.
        arch: &'static str,
        /// qemu's name of it.
        qemu: &'static str,
        /// Why it could not be registered.
        why: Unregistered,
    },
    /// A file of the environment is not as it was installed.
    Damaged {
        /// Which, and how it differs.
        damage: Damage,
        /// Whether shelflife made the environment, and makes it again.
        is_ours: bool,
    },
    /// The environment has no command.
    NoCommand,
    /// There is no such program.
    NoProgram(String),
    /// The file is no program.
    NotExecutable(PathBuf),
    /// The environment was started and did not say what it is.
    Probe {
        /// Its command, for people.
        command: String,
        /// What went wrong.
        trouble: ProbeTrouble,
    },
    /// The releases of a package cannot be listed.
    NoReleases {
        /// The package.
        package: String,
        /// Why.
        why: NoReleases,
    },
    /// What a package is to be made of is not there, or gives none.
    Source(Box<SourceFailure>),
}

/// What a program of somebody else was asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Installing wheels into a virtual environment.
    Install(Asked),
    /// Installing wheels into a Debian tree.
    InstallInTree {
        /// What was asked for.
        requirements: Vec<String>,
        /// The tree, for people.
        tree: String,
    },
    /// Making a Debian tree.
    MakeTree {
        /// The tree, for people.
        tree: String,
        /// The mirror.
        mirror: String,
    },
    /// Fetching an interpreter with uv.
    FetchPython,
    /// Having uv forget a damaged package.
    CleanCache,
    /// Pulling an image.
    Pull {
        /// The image.
        image: String,
        /// The engine's program.
        engine: PathBuf,
    },
    /// Building an image in a folder.
    Build(PathBuf),
}

/// What an installation was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The interpreter's version.
    pub python: String,
    /// What was asked for, as pip writes it.
    pub requirements: Vec<String>,
    /// Whether bounds of known-good companions were added.
    pub companions: bool,
    /// Whether the network was off.
    pub offline: bool,
}

/// A program that could not be run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessTrouble {
    /// What happened.
    pub kind: ProcessKind,
    /// The same for people.
    pub text: String,
}

/// What happened to a program that could not be run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessKind {
    /// It does not exist.
    NotFound,
    /// It could not be started.
    NotStarted,
    /// It took too long.
    TimedOut,
    /// It wrote too much.
    TooMuchOutput,
    /// Talking to it failed.
    Lost,
}

/// A file or folder that is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoTrouble {
    /// What happened.
    pub kind: io::ErrorKind,
    /// The same for people, with the path.
    pub text: String,
}

/// Why no interpreter was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFetch {
    /// The network is off.
    Offline,
    /// The fetched one does not start.
    DoesNotStart,
    /// uv could not fetch one.
    Failed(Box<ProvisionFailure>),
}

/// Why there is no uv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoUv {
    /// The network is off.
    Offline,
    /// What was tried, and how each ended.
    Failed(Vec<UvAttempt>),
}

/// One attempt to fetch uv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UvAttempt {
    /// No Python is there whose pip could do it.
    NoPython,
    /// A Python's pip could not do it.
    Pip {
        /// The Python.
        python: PathBuf,
        /// Why.
        why: PipTrouble,
    },
    /// pip could not be installed through apt.
    NoPip(NotInstalled),
}

/// Why a Python's pip did not fetch something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PipTrouble {
    /// It failed.
    Failed(Box<ProgramFailure>),
    /// It could not be run to its end.
    Process(ProcessTrouble),
    /// There is none, and no virtual environment with one can be made.
    NoVenv(Box<PipTrouble>),
    /// What was fetched does not start.
    DoesNotStart,
}

/// Why Debian packages were not installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotInstalled {
    /// The network is off.
    Offline,
    /// This machine has no apt.
    NoApt,
    /// Neither root nor sudo without a password.
    NoPrivilege,
    /// Nobody has agreed to it.
    NotAllowed,
    /// apt was content, and the program is still missing.
    StillMissing,
    /// apt failed.
    Failed(Box<ProgramFailure>),
    /// apt could not be run to its end.
    Process(ProcessTrouble),
}

/// A container engine that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentEngine {
    /// Its name.
    pub name: &'static str,
    /// Why.
    pub why: EngineTrouble,
}

/// Why a container engine cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineTrouble {
    /// It is not installed.
    NotInstalled,
    /// It does not answer.
    Silent(Box<ProgramFailure>),
    /// Its client could not be run to its end.
    Process(ProcessTrouble),
}

/// Why an emulator could not be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unregistered {
    /// Neither root nor sudo without a password.
    NoPrivilege,
    /// Nobody has agreed to it.
    NotAllowed,
    /// The package of qemu brought no rule.
    NoRule,
    /// The kernel did not take it.
    Failed(Box<ProgramFailure>),
    /// The command could not be run to its end.
    Process(ProcessTrouble),
}

/// What went wrong when an environment was asked what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeTrouble {
    /// Its command could not be run to its end.
    Process(ProcessTrouble),
    /// The container engine could not start it.
    Engine {
        /// The engine's program.
        engine: String,
        /// The image.
        image: String,
        /// How the engine ended, and what it said.
        failed: Box<ProgramFailure>,
    },
    /// It ended without an answer.
    NoAnswer(Box<ProgramFailure>),
    /// It answered with what cannot be read.
    Unreadable(String),
    /// numpy is not installed.
    NoNumpy,
    /// scikit-learn cannot be imported.
    Import(ImportTrouble),
}

/// A failed import of scikit-learn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportTrouble {
    /// The last line of the traceback.
    pub last_line: String,
    /// Version of the interpreter.
    pub python: String,
    /// Of the packages that matter those that are installed, with their versions.
    pub installed: Vec<(String, String)>,
    /// The package that is not installed, where that is why.
    pub missing: Option<MissingPackage>,
}

/// A package without which nothing can be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingPackage {
    /// scikit-learn.
    ScikitLearn,
    /// numpy.
    Numpy,
}

/// Why the releases of a package cannot be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReleases {
    /// The network is off.
    Offline,
    /// There is no Python with a pip.
    NoPip,
    /// pip knows none.
    Empty,
    /// The last pip that was asked failed.
    Pip(PipTrouble),
}

impl ProvisionFailure {
    /// The kind of trouble, for programs.
    pub fn trouble(&self) -> EnvironmentTrouble {
        use EnvironmentTrouble as Trouble;
        match self {
            Self::UnknownProducer => Trouble::UnknownProducer,
            Self::Task { failed, .. } => failed.trouble(),
            Self::Process(trouble) => trouble.kind.trouble(),
            Self::Io(trouble) => trouble.trouble(),
            Self::Busy(_) => Trouble::Busy,
            Self::NotAPython(_)
            | Self::UnknownCpu { .. }
            | Self::NoContext(_)
            | Self::NoIndex(_)
            | Self::NoCommand
            | Self::NotExecutable(_)
            | Self::WrongPlatform { .. } => Trouble::Declaration,
            Self::NoInterpreter { .. } | Self::NoProgram(_) => Trouble::NoInterpreter,
            Self::NoUv(NoUv::Offline) | Self::ImageOffline(_) | Self::TreeOffline(_) => Trouble::Offline,
            Self::NoUv(NoUv::Failed(tried)) if tried.iter().any(UvAttempt::is_full) => Trouble::FullDisk,
            Self::NoUv(NoUv::Failed(_))
            | Self::NoTools { .. }
            | Self::ToolGone(_)
            | Self::NoLauncher(_)
            | Self::NoEmulator { .. } => Trouble::ToolMissing,
            Self::NoEngine(_) => Trouble::EngineFailed,
            Self::ImageUnknown { .. } => Trouble::ImageMissing,
            Self::CacheInTree(_) | Self::NoCage(_) => Trouble::Permission,
            Self::NoMirror => Trouble::Mirror,
            Self::Damaged { .. } => Trouble::Damaged,
            Self::Probe { trouble, .. } => trouble.trouble(),
            Self::NoReleases { why: NoReleases::Offline, .. } => Trouble::Offline,
            Self::NoReleases { .. } => Trouble::Unreachable,
            Self::Source(failure) => failure.kind(),
        }
    }

    /// Whether an installation could succeed without some of what was asked for.
    pub(super) fn is_about_packages(&self) -> bool {
        matches!(self, Self::Task { task: Task::Install(_), failed }
            if failed.why.is_no_solution() || failed.why == super::why::Why::UnknownPackage)
    }

    /// Whether an installation could succeed with fewer bounds.
    pub(super) fn is_no_solution(&self) -> bool {
        matches!(self, Self::Task { task: Task::Install(_), failed } if failed.why.is_no_solution())
    }
}

impl ProcessKind {
    fn trouble(self) -> EnvironmentTrouble {
        match self {
            Self::NotFound | Self::NotStarted => EnvironmentTrouble::ToolMissing,
            Self::TimedOut => EnvironmentTrouble::TimedOut,
            Self::TooMuchOutput | Self::Lost => EnvironmentTrouble::Other,
        }
    }
}

impl IoTrouble {
    fn trouble(&self) -> EnvironmentTrouble {
        match self.kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EnvironmentTrouble::FullDisk,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                EnvironmentTrouble::Permission
            }
            _ => EnvironmentTrouble::Other,
        }
    }
}

impl ProbeTrouble {
    fn trouble(&self) -> EnvironmentTrouble {
        match self {
            Self::Process(trouble) => match trouble.kind {
                ProcessKind::NotFound | ProcessKind::NotStarted => EnvironmentTrouble::NoInterpreter,
                ProcessKind::TimedOut | ProcessKind::TooMuchOutput | ProcessKind::Lost => {
                    trouble.kind.trouble()
                }
            },
            Self::Engine { .. } => EnvironmentTrouble::EngineFailed,
            Self::NoAnswer(failed) if failed.exit.signal.is_some() => EnvironmentTrouble::Killed,
            Self::NoAnswer(_) | Self::Unreadable(_) => EnvironmentTrouble::NoAnswer,
            Self::NoNumpy | Self::Import(_) => EnvironmentTrouble::ImportFailed,
        }
    }
}

impl From<ProcessError> for ProcessTrouble {
    fn from(error: ProcessError) -> Self {
        let kind = match &error {
            ProcessError::Start { .. } if error.is_not_found() => ProcessKind::NotFound,
            ProcessError::Start { .. } => ProcessKind::NotStarted,
            ProcessError::TimedOut { .. } => ProcessKind::TimedOut,
            ProcessError::TooMuchOutput { .. } => ProcessKind::TooMuchOutput,
            ProcessError::Contact { .. } => ProcessKind::Lost,
        };
        Self { kind, text: error.to_string() }
    }
}

impl From<ProcessError> for ProvisionFailure {
    fn from(error: ProcessError) -> Self {
        Self::Process(error.into())
    }
}

impl From<io::Error> for ProvisionFailure {
    fn from(error: io::Error) -> Self {
        Self::Io(IoTrouble { kind: error.kind(), text: error.to_string() })
    }
}

impl From<LockError> for ProvisionFailure {
    fn from(error: LockError) -> Self {
        match &error {
            LockError::Timeout { .. } => Self::Busy(error.to_string()),
            LockError::Io { source, .. } => {
                Self::Io(IoTrouble { kind: source.kind(), text: error.to_string() })
            }
        }
    }
}
