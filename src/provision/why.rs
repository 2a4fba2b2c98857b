//! How a program of somebody else failed.

use crate::process::Exit;
use crate::vocab::EnvironmentTrouble;

/// How a program failed that ended by itself or was killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFailure {
    /// Its name, for people.
    pub program: String,
    /// How it ended.
    pub exit: Exit,
    /// What its message means.
    pub why: Why,
    /// Its own last words; empty where it said nothing.
    pub words: String,
}

/// What a program's message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The disk is full.
    FullDisk,
    /// It needed the network, which it was told not to use.
    Offline,
    /// The network, the index or the mirror cannot be reached.
    Unreachable,
    /// The index has no package of this name.
    UnknownPackage,
    /// There is no wheel of this version for this interpreter.
    NoWheel,
    /// A version that was asked for wants another interpreter.
    OtherPython,
    /// A package was built, and that failed.
    NotBuilt,
    /// There is no such version.
    NoSuchVersion,
    /// What was asked for does not fit together.
    NoSolution,
    /// This Python has no pip.
    NoPip,
    /// Debian has no such package for this release and CPU.
    NoDebianPackage,
    /// The mirror is changing right now.
    MirrorChanging,
    /// The mirror lacks the release or the CPU.
    NotOnMirror,
    /// User namespaces, or ranges of user ids, are missing.
    NoNamespaces,
    /// Nothing that is known.
    Unknown,
}

impl Why {
    /// Whether fewer bounds could help. Offline every contradiction comes with a hint about the network.
    pub(super) fn is_no_solution(self) -> bool {
        matches!(
            self,
            Self::NoSolution | Self::NoWheel | Self::OtherPython | Self::NoSuchVersion | Self::Offline
        )
    }

    pub(super) fn trouble(self) -> EnvironmentTrouble {
        use EnvironmentTrouble as Trouble;
        match self {
            Self::FullDisk => Trouble::FullDisk,
            Self::Offline => Trouble::Offline,
            Self::Unreachable => Trouble::Unreachable,
            Self::UnknownPackage => Trouble::UnknownPackage,
            Self::NoWheel | Self::NotBuilt | Self::OtherPython => Trouble::NoWheel,
            Self::NoSuchVersion => Trouble::NoSuchVersion,
            Self::NoSolution => Trouble::NoSolution,
            Self::NoPip | Self::NoNamespaces => Trouble::ToolMissing,
            Self::NoDebianPackage => Trouble::UnknownPackage,
            Self::MirrorChanging | Self::NotOnMirror => Trouble::Mirror,
            Self::Unknown => Trouble::Other,
        }
    }
}

impl ProgramFailure {
    pub(super) fn trouble(&self) -> EnvironmentTrouble {
        if self.exit.signal.is_some() { EnvironmentTrouble::Killed } else { self.why.trouble() }
    }
}
