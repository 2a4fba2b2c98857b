//! Versions of Python packages, after the Python packaging specification "Version specifiers" (PEP 440).

use std::fmt;
use std::str::FromStr;

/// A text that is no version, specifier or requirement: says which, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct VersionError {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl VersionError {
    /// An error of what is wrong and what to write instead.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// A version such as `1.2.2`, `1.6.0rc1`, `0.22.2.post1` or `1.9.dev0`.
///
/// Equality and order are those of the specification: `1.0` equals `1.0.0`, and `1.0+cu118` follows `1.0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub(super) pep440_rs::Version);

impl Version {
    /// A final release, for example `[1, 5, 2]`. No numbers at all stand for `0`.
    pub fn release(parts: &[u64]) -> Self {
        let parts = if parts.is_empty() { &[0] } else { parts };
        Self(pep440_rs::Version::new(parts))
    }

    /// The numbers of the release part, at least one.
    pub fn parts(&self) -> &[u64] {
        self.0.release()
    }

    /// The release number at `index`; 0 where it is not written.
    pub fn part(&self, index: usize) -> u64 {
        self.parts().get(index).copied().unwrap_or(0)
    }

    /// Whether both are of one minor release.
    pub fn has_minor_of(&self, other: &Self) -> bool {
        self.part(0) == other.part(0) && self.part(1) == other.part(1)
    }

    /// Whether it is a pre-release or a development release.
    pub fn is_prerelease(&self) -> bool {
        self.0.any_prerelease()
    }

    /// Whether the release numbers begin with those of `prefix`.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.epoch() == prefix.0.epoch()
            && prefix.parts().iter().enumerate().all(|(index, &part)| self.part(index) == part)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parser's own messages speak of its grammar; people are helped more by an example.
        text.parse().map(Self).map_err(|_: pep440_rs::VersionParseError| {
            VersionError::new(
                format!("`{}` is not a version", text.trim()),
                "write numbers with dots, such as `1.5.2` or `1.6.0rc1`",
            )
        })
    }
}
