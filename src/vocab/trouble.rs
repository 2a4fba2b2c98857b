//! The kind of trouble that keeps an environment from being used, for programs; people are told in words beside it.

use serde::{Deserialize, Serialize};

/// Why an environment cannot be used. Words of a later shelflife are read as [`EnvironmentTrouble::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentTrouble {
    /// What was declared does not fit together.
    NoSolution,
    /// There is no wheel of a version for the interpreter.
    NoWheel,
    /// A declared version does not exist.
    NoSuchVersion,
    /// A declared package does not exist.
    UnknownPackage,
    /// The interpreter is not there.
    NoInterpreter,
    /// An index, a registry or a mirror cannot be reached.
    Unreachable,
    /// It would have needed the network, which was off.
    Offline,
    /// The disk is full.
    FullDisk,
    /// A folder cannot be used.
    Permission,
    /// Another process keeps a lock for too long.
    Busy,
    /// A program is missing on this machine.
    ToolMissing,
    /// The container engine does not answer, or cannot start a container.
    EngineFailed,
    /// The image does not exist.
    ImageMissing,
    /// The mirror lacks the release, or is changing.
    Mirror,
    /// What was declared cannot be meant.
    Declaration,
    /// It stands for the unknown producer of a file.
    #[serde(rename = "unknown-maker")]
    UnknownProducer,
    /// What it was declared with does not exist on this machine, such as a device.
    Absent,
    /// A package cannot be imported in it.
    ImportFailed,
    /// A file of it is not as it was installed.
    Damaged,
    /// It was started and did not say what it is.
    NoAnswer,
    /// A signal ended a program that was needed.
    Killed,
    /// A program took too long.
    TimedOut,
    /// The worker was lost.
    WorkerLost,
    /// Its cells cannot be kept from this machine, which was required.
    NotIsolated,
    /// Something else.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kebab_case_and_unknown_ones_are_read() {
        let word = serde_json::to_string(&EnvironmentTrouble::NoSolution).unwrap();
        assert_eq!(word, "\"no-solution\"");
        let later: EnvironmentTrouble = serde_json::from_str("\"eaten-by-a-dog\"").unwrap();
        assert_eq!(later, EnvironmentTrouble::Other);
    }
}
