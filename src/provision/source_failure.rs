//! Why a package cannot be made of what it is to be made of: facts.

use super::why::{ProgramFailure, Why};
use crate::vocab::EnvironmentTrouble;

/// Why a package cannot be made of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFailure {
    /// The package.
    pub package: String,
    /// The source, for people.
    pub from: String,
    /// What is wrong.
    pub trouble: SourceTrouble,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceTrouble {
    /// There is no such file or folder.
    Missing,
    /// The folder is no project: it has neither `pyproject.toml` nor `setup.py`.
    NoProject,
    /// It holds more bytes than any package.
    TooLarge,
    /// It cannot be read.
    Unreadable(String),
    /// It changed while it was being read.
    Changed,
    /// It is another package.
    OtherPackage(String),
    /// The repository has no such branch or tag.
    NoReference,
    /// git failed.
    Git(Box<ProgramFailure>),
    /// git is not installed, or did not end.
    NoGit(String),
    /// The build failed.
    Build(Box<ProgramFailure>),
    /// The build left no wheel.
    NoWheel,
}

impl SourceFailure {
    pub(super) fn kind(&self) -> EnvironmentTrouble {
        use EnvironmentTrouble as Trouble;
        match &self.trouble {
            SourceTrouble::Missing
            | SourceTrouble::NoProject
            | SourceTrouble::TooLarge
            | SourceTrouble::OtherPackage(_)
            | SourceTrouble::NoReference => Trouble::Declaration,
            SourceTrouble::Unreadable(_) => Trouble::Permission,
            SourceTrouble::Changed => Trouble::Busy,
            SourceTrouble::NoGit(_) => Trouble::ToolMissing,
            SourceTrouble::Git(_) => Trouble::Unreachable,
            SourceTrouble::Build(failed) if failed.why == Why::Unknown => Trouble::NoWheel,
            SourceTrouble::Build(failed) => failed.trouble(),
            SourceTrouble::NoWheel => Trouble::NoWheel,
        }
    }
}
