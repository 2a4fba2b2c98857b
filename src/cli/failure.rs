//! Why a command ends early, in words for people, and with which exit code.

use std::fmt::Display;
use std::io;
use std::path::Path;

use miette::Diagnostic;

use crate::app::{AppError, BisectError, LockTrouble, PlaceTrouble, RequestError, ShardError};
use crate::plan::PlanError;
use crate::present::{RenderError, SinkError};
use crate::run::RunError;
use crate::store::CacheError;
use crate::vocab::ExitCode;

/// Why a command ends early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// What was asked for could not be done.
    #[error(transparent)]
    App(#[from] AppError),
    /// A word of the command line is unknown.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to write instead.
        help: String,
    },
    /// What was asked for does not exist.
    #[error("{what}")]
    NotFound {
        /// What is not there.
        what: String,
        /// What to do next.
        help: String,
    },
    /// A report cannot be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A report cannot be made.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// Standard input cannot be read.
    #[error("standard input cannot be read")]
    Input(#[source] io::Error),
}

impl Failure {
    /// The exit code of the process.
    pub fn code(&self) -> ExitCode {
        match self {
            Self::App(error) => code(error),
            Self::Usage { .. } => ExitCode::Usage,
            Self::NotFound { .. } => ExitCode::NothingSelected,
            Self::Sink(_) | Self::Output(_) => ExitCode::CannotWrite,
            Self::Render(_) | Self::Input(_) => ExitCode::Internal,
        }
    }

    /// What shows its own place and remedy.
    fn shown(&self) -> Option<&dyn Diagnostic> {
        match self {
            Self::App(AppError::Matrix(error)) => Some(&**error),
            Self::App(AppError::Dataset(error)) => Some(&**error),
            Self::App(AppError::Settings(error)) => Some(&**error),
            Self::App(AppError::Plan(error)) => Some(error),
            Self::App(_)
            | Self::Usage { .. }
            | Self::NotFound { .. }
            | Self::Sink(_)
            | Self::Render(_)
            | Self::Output(_)
            | Self::Input(_) => None,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::App(error) => help(error),
            Self::Usage { help, .. } | Self::NotFound { help, .. } => Some(help.clone()),
            Self::Sink(_) | Self::Render(_) | Self::Output(_) | Self::Input(_) => None,
        }
    }
}

impl Diagnostic for Failure {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        match self.shown() {
            Some(shown) => shown.help(),
            None => self.remedy().map(|text| Box::new(text) as Box<dyn Display>),
        }
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.shown()?.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.shown()?.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.shown()?.related()
    }
}

fn code(error: &AppError) -> ExitCode {
    match error {
        AppError::Matrix(_)
        | AppError::Dataset(_)
        | AppError::Settings(_)
        | AppError::Unreadable { .. }
        | AppError::NoBaseline { .. }
        | AppError::Artifact { .. }
        | AppError::NoArtifact
        | AppError::Release(_)
        | AppError::Pack { .. }
        | AppError::History { .. }
        | AppError::Inputs(_)
        | AppError::Plan(PlanError::TooLarge) => ExitCode::InvalidInput,
        AppError::Plan(
            PlanError::NothingSelected { .. } | PlanError::NoFormatLeft { .. } | PlanError::NobodyReads,
        )
        | AppError::EmptyFolder(_)
        | AppError::NoFolder(_)
        | AppError::NoHistory => ExitCode::NothingSelected,
        AppError::Started(_) | AppError::Request(RequestError::OutputIsFile { .. }) => ExitCode::CannotWrite,
        AppError::Shards(error) => shards_code(error),
        AppError::Plan(PlanError::BadPattern { .. }) | AppError::Request(_) => ExitCode::Usage,
        // A cache that cannot be written is in the way of the verdicts, and no mistake of this program.
        AppError::Bisect(_) | AppError::Run(RunError::Cache(_)) | AppError::Cache(_) => {
            ExitCode::CouldNotJudge
        }
        AppError::Interrupted => ExitCode::Interrupted,
        AppError::Run(RunError::Record(_)) | AppError::Sink(_) => ExitCode::CannotWrite,
        AppError::Run(RunError::Dataset(_))
        | AppError::Busy(_)
        | AppError::InUse
        | AppError::Lock(_)
        | AppError::Machine { .. } => ExitCode::Internal,
    }
}

fn shards_code(error: &ShardError) -> ExitCode {
    match error {
        ShardError::Plan { .. }
        | ShardError::MatrixChanged(_)
        | ShardError::OtherVersion { .. }
        | ShardError::Refused(_)
        | ShardError::NoSource(_) => ExitCode::InvalidInput,
        ShardError::Count(_) | ShardError::NoSuchShard { .. } | ShardError::TooMany { .. } => ExitCode::Usage,
        ShardError::NoParts => ExitCode::NothingSelected,
        ShardError::Output(_) => ExitCode::CannotWrite,
        ShardError::Busy(_) | ShardError::FolderBusy(_) => ExitCode::Internal,
    }
}

fn shards_help(error: &ShardError) -> String {
    let text = match error {
        ShardError::Plan { .. } => "make it with `shelflife shard plan MATRIX --into N -o shards.json`",
        ShardError::MatrixChanged(_) => {
            "plan its shards again with `shelflife shard plan`, or run this on the files that were planned"
        }
        ShardError::OtherVersion { .. } => "use the same shelflife on every machine, and plan with it",
        ShardError::Count(_) => "give --into a number between 1 and 10000",
        ShardError::NoSuchShard { planned, .. } => {
            return format!("write --shard K/{planned} with K between 1 and {planned}");
        }
        ShardError::FolderBusy(_) => "wait for it, or merge into another folder with -o",
        ShardError::Busy(_) => "wait for it: two that do the same part would get into each other's way",
        ShardError::NoParts => "name the folders that `shelflife run --shard` left, such as parts/*",
        ShardError::Refused(_) => "leave out or mend the parts that are named; the others are fine",
        ShardError::Output(_) => {
            "give a folder of its own, such as reports/NAME, that holds neither the parts nor the folder in which you are"
        }
        ShardError::NoSource(_) => {
            "give --cache-from a cache of shelflife, a part that writes, or the folder of all parts"
        }
        ShardError::TooMany { most, .. } => return format!("plan with --into {most} or fewer"),
    };
    text.to_owned()
}

/// What to do next.
fn help(error: &AppError) -> Option<String> {
    let text = match error {
        AppError::Request(error) => return Some(request_help(error)),
        AppError::Bisect(error) => return bisect_help(error),
        AppError::Shards(error) => return Some(shards_help(error)),
        AppError::Unreadable { .. } => {
            "give the name of a run under reports/, its folder, or its events.jsonl"
        }
        AppError::NoBaseline { .. } => {
            "give a file that `shelflife baseline accept` wrote, or a name that is still free"
        }
        AppError::EmptyFolder(_) => "name an artifact, or a folder with artifacts; hidden files are left out",
        AppError::Artifact { .. } => "give the path of a saved model",
        AppError::Release(error) => return error.remedy(),
        AppError::NoArtifact => "name a saved model, an MLflow folder, a folder of them, or a glob in quotes",
        AppError::Pack { .. } => {
            "--python names the interpreter that trained it; it must be able to load the model and to predict on the inputs"
        }
        AppError::History { .. } => {
            "name another file with --database, or move this one aside: it is made again from the runs that are still there"
        }
        AppError::Started(_) => "change that file, or move it aside and run the same command again",
        AppError::NoFolder(_) => "give the folder of a project",
        AppError::NoHistory => "leave --matrix out to see all",
        AppError::Inputs(refusals) => {
            return refusals.iter().map(|refusal| refusal.help.clone()).find(|help| !help.is_empty());
        }
        AppError::Busy(_) => "wait for it, or give this one another name with --run",
        AppError::InUse => "run the same command again when it has ended",
        AppError::Run(RunError::Cache(error)) | AppError::Cache(CacheError::Io(error)) if is_full(error) => {
            "free some space there, for example with `shelflife env prune`, or set SHELFLIFE_CACHE_DIR to a folder on a \
             larger disk; then run the same command again, which goes on from what is recorded"
        }
        AppError::Matrix(_)
        | AppError::Dataset(_)
        | AppError::Settings(_)
        | AppError::Plan(_)
        | AppError::Interrupted
        | AppError::Run(_)
        | AppError::Cache(_)
        | AppError::Lock(_)
        | AppError::Sink(_)
        | AppError::Machine { .. } => return None,
    };
    Some(text.to_owned())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn request_help(error: &RequestError) -> String {
    let text = match error {
        RequestError::Version(error) => &error.help,
        RequestError::OutputIsFile { .. } => {
            "give a folder with -o, in which they stand as they stood below what was named"
        }
        RequestError::Format { known, .. } | RequestError::WrittenFormat { known, .. } => {
            return format!("the formats are {}", known.join(", "));
        }
        RequestError::Architecture { known, .. } => return format!("use one of {}", known.join(", ")),
        RequestError::NoEnvironment(_) => {
            "give the path of a lock under locks/ of a run, of a requirements.txt, of an interpreter, or of the folder of \
             a virtual environment"
        }
        RequestError::Lock { why, .. } => return lock_help(why),
        RequestError::Place { path, why } => return place_help(path, why),
        RequestError::UnknownWord { known, .. } => return format!("use one of {}", known.join(", ")),
        RequestError::NoImage(_) => "write, for example, docker:ghcr.io/acme/serve:1.2",
        RequestError::MachineKey(_) => {
            "for another machine name a tree or an image: debian:bookworm/i386, or docker:IMAGE,platform=linux/386"
        }
        RequestError::UnknownContents(_) => {
            "name its versions: scikit-learn==1.7.2,numpy==2.3.5,python==3.13"
        }
        RequestError::SeveralEnvironments { .. } => "give one version of each package",
        RequestError::TrustWithoutSkops => "leave it out: the other formats ask nobody before they run code",
        RequestError::ColumnType(_) => {
            "write such as --dtype zip=text or 'size=category(S<M<L)'; the types are float64, float32, int64, bool, text, category, datetime, Int64, boolean, string"
        }
        RequestError::AllowedPackage { .. } => {
            "write the name of a package, or its name and version such as acme-models==1.2"
        }
        RequestError::RunName(_) => {
            "use letters, digits, `-`, `_`, `.` and `+`: it becomes the name of a folder"
        }
        RequestError::SeveralMatrices => "run it once for each matrix",
        RequestError::MatrixWithEnvironments => "leave --from and --to out, and give --baseline",
        RequestError::MatrixWithFileOptions => "declare [limits] and [formats] there",
        RequestError::RescueOfMatrix => "give artifacts with --from and --to, or leave them out",
        RequestError::NoEnvironments => {
            "for example --from scikit-learn==1.5.2 --to scikit-learn==1.7.2, or `from` and `to` in shelflife.toml"
        }
        RequestError::NoTarget => "give --to, such as --to scikit-learn==1.9.1, or `to` in shelflife.toml",
        RequestError::NothingNamed(_) => {
            "name a saved model or a folder of them, or write settings with `shelflife init`"
        }
        RequestError::NothingExpected(_) => {
            "name today's environment with --from, give --methods with --expected, or take what `shelflife museum` writes"
        }
        RequestError::NoProject(_) => "give the folder that holds it, or --to \"NAME @ FOLDER\"",
        RequestError::NothingToJudgeBy => "give --baseline, or declare [[expect]] in the matrix",
        RequestError::NotMadeHere => "give --with as versions, such as \"scikit-learn==1.5.2 python==3.11\"",
        RequestError::SeveralArtifacts(_) => "name one file",
        RequestError::NoScikitLearn(_) => "give --with, such as --with scikit-learn==1.5.2",
        RequestError::NotAVersion { .. } => "write such as 1.5.2",
        RequestError::SameVersion(_) => {
            "bisect goes from a release that works to one that does not, up or down"
        }
        RequestError::NoExactVersion { .. } => "write scikit-learn==1.7.2,python==3.13,arch=i386",
        RequestError::Width(_) => "write bits=32 or bits=64",
        RequestError::NoFile(_) => "check the path",
    };
    text.to_owned()
}

fn lock_help(why: &LockTrouble) -> String {
    match why {
        LockTrouble::OtherTool(command) => format!("make requirements of it with `{command}`, and give that file"),
        LockTrouble::NotFromIndex { .. } => {
            "remove the line, or make that environment yourself and give its interpreter".to_owned()
        }
        LockTrouble::Option { .. } => {
            "remove the line: which index is used, the variables of uv and pip say (UV_DEFAULT_INDEX, PIP_INDEX_URL)"
                .to_owned()
        }
        LockTrouble::PinnedTwice { .. } => "keep the line that holds on this machine".to_owned(),
        LockTrouble::Within { why, .. } => lock_help(why),
        LockTrouble::Read(_)
        | LockTrouble::NoText
        | LockTrouble::OtherRuntime(_)
        | LockTrouble::NoLock
        | LockTrouble::Line { .. }
        | LockTrouble::TooDeep
        | LockTrouble::NoPins => {
            "give a lock under locks/ of a run, or the output of `pip freeze` as a .txt".to_owned()
        }
    }
}

fn place_help(path: &Path, why: &PlaceTrouble) -> String {
    match why {
        PlaceTrouble::Windows => {
            "make it again on this machine, or give its `pip freeze` as a .txt".to_owned()
        }
        PlaceTrouble::NoInterpreter => {
            format!("make it again, for example with `python3 -m venv {}`", path.display())
        }
        PlaceTrouble::Folder { inside: Some(inside) } => format!("give `{}`", inside.display()),
        PlaceTrouble::Folder { inside: None } => "give the folder of a virtual environment".to_owned(),
        PlaceTrouble::NoProgram => {
            "give an interpreter, a lock (.json), or a requirements file (.txt)".to_owned()
        }
    }
}

fn bisect_help(error: &BisectError) -> Option<String> {
    match error {
        BisectError::Releases(failure) => failure.remedy(),
        BisectError::NoVerdict { .. } => {
            Some("choose another --good or --bad, or mend what is said".to_owned())
        }
        BisectError::NothingWorse { .. } => {
            Some("choose a --good that works and a --bad that does not".to_owned())
        }
    }
}
