//! What a cell tried that it may not, and what cells of a machine were not kept from.

use serde::{Deserialize, Serialize};

/// One thing that a cell tried and was refused. Models do nothing of the kind: whoever sees one has a file to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attempt {
    /// What kind of thing.
    pub kind: AttemptKind,
    /// The system call, or the path; at most 200 characters.
    pub detail: String,
}

/// Kinds of what is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttemptKind {
    /// To open a socket.
    Network,
    /// To reach into another process.
    Processes,
    /// To use a part of the kernel that no model needs.
    Kernel,
    /// To get another view of the machine.
    Namespaces,
    /// To ask for keys that the kernel keeps.
    Keys,
    /// To make memory that outlives it.
    SharedMemory,
    /// To write outside of its scratch.
    Write,
    /// To send results in the name of another.
    Forgery,
}

/// What the cells of an environment were not kept from, since the machine could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gap {
    /// Reaching the network.
    Network,
    /// Reading this user's files.
    Reading,
    /// Writing this user's files.
    Writing,
    /// Leaving processes behind, and reaching those of this user.
    Processes,
    /// Parts of the kernel that no model needs.
    Kernel,
}

impl Gap {
    /// What it is, after "not kept from".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "the network",
            Self::Reading => "reading your files",
            Self::Writing => "changing your files",
            Self::Processes => "your processes, and leaving some of their own behind",
            Self::Kernel => "parts of the kernel that no model needs",
        }
    }
}
