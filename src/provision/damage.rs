//! A file of an environment that is not as it was installed.

use std::path::PathBuf;

/// A file that is not as it was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// How it differs.
    pub kind: DamageKind,
    /// Whether the installer's cache has the same bytes.
    pub is_shared: bool,
}

/// How a file differs from what was installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// It is not there.
    Missing,
    /// It cannot be understood.
    Unreadable,
    /// It has another size.
    Size {
        /// Bytes that were installed.
        was: u64,
        /// Bytes that are there.
        is: u64,
    },
    /// It has other bytes.
    Bytes,
}
