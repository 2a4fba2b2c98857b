//! Versions of Python packages: parsing and order, after the Python packaging specification "Version
//! specifiers" (PEP 440).

use std::cmp::Ordering;
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
    /// An error of whoever reads versions in another place.
    pub fn of(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(message, help)
    }

    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

/// The letter of a pre-release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Pre {
    Alpha,
    Beta,
    Candidate,
}

/// A version such as `1.2.2`, `1.6.0rc1`, `0.22.2.post1` or `1.9.dev0`.
///
/// Equality and order are those of the specification: `1.0` equals `1.0.0`. A local part (`+cu118`) is kept
/// for display and otherwise ignored.
#[derive(Clone, Debug)]
pub struct Version {
    epoch: u64,
    pub(super) release: Vec<u64>,
    pre: Option<(Pre, u64)>,
    pub(super) post: Option<u64>,
    dev: Option<u64>,
    local: Option<String>,
}

impl Version {
    /// A final release, for example `[1, 5, 2]`.
    pub fn release(parts: &[u64]) -> Self {
        Self { epoch: 0, release: parts.to_vec(), pre: None, post: None, dev: None, local: None }
    }

    /// The numbers of the release part, at least one.
    pub fn parts(&self) -> &[u64] {
        &self.release
    }

    /// The release number at `index`; 0 where it is not written.
    pub fn part(&self, index: usize) -> u64 {
        self.release.get(index).copied().unwrap_or(0)
    }

    /// Whether it is a pre-release or a development release.
    pub fn is_prerelease(&self) -> bool {
        self.pre.is_some() || self.dev.is_some()
    }

    /// Its release numbers but the last, as a final release: `1.4` of `1.4.5rc1`.
    pub(super) fn series(&self) -> Self {
        let kept = self.release.len().saturating_sub(1);
        Self { epoch: self.epoch, ..Self::release(&self.release[..kept]) }
    }

    /// Release numbers without trailing zeros.
    fn significant(&self) -> &[u64] {
        let end = self.release.iter().rposition(|&part| part != 0).map_or(0, |last| last + 1);
        &self.release[..end]
    }

    pub(super) fn same_release(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.significant() == other.significant()
    }

    /// Whether the release numbers begin with `prefix`.
    pub(super) fn starts_with(&self, prefix: &Self) -> bool {
        self.epoch == prefix.epoch
            && prefix.release.iter().enumerate().all(|(index, &part)| self.part(index) == part)
    }

    /// Sorts `1.0.dev1 < 1.0a1.dev1 < 1.0a1 < 1.0rc1 < 1.0 < 1.0.post1.dev1 < 1.0.post1`.
    fn suffix_key(&self) -> ((u8, u64), (u8, u64), (u8, u64)) {
        let pre = match (self.pre, self.post, self.dev) {
            (Some((letter, number)), _, _) => (letter as u8 + 1, number),
            (None, None, Some(_)) => (0, 0),
            (None, _, _) => (9, 0),
        };
        let post = self.post.map_or((0, 0), |number| (1, number));
        let dev = self.dev.map_or((1, 0), |number| (0, number));
        (pre, post, dev)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| self.significant().cmp(other.significant()))
            .then_with(|| self.suffix_key().cmp(&other.suffix_key()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch != 0 {
            write!(f, "{}!", self.epoch)?;
        }
        let parts: Vec<String> = self.release.iter().map(u64::to_string).collect();
        f.write_str(&parts.join("."))?;
        if let Some((letter, number)) = self.pre {
            let letter = match letter {
                Pre::Alpha => "a",
                Pre::Beta => "b",
                Pre::Candidate => "rc",
            };
            write!(f, "{letter}{number}")?;
        }
        if let Some(number) = self.post {
            write!(f, ".post{number}")?;
        }
        if let Some(number) = self.dev {
            write!(f, ".dev{number}")?;
        }
        self.local.as_ref().map_or(Ok(()), |local| write!(f, "+{local}"))
    }
}

/// Reads a version from the left.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    fn number(&mut self) -> Option<u64> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let number = self.0[..end].parse().ok()?;
        self.0 = &self.0[end..];
        Some(number)
    }

    /// Takes `word`, with an optional `.`, `-` or `_` before it and after it, and the number that follows
    /// (0 where none does).
    fn suffix(&mut self, words: &[&str]) -> Option<(usize, u64)> {
        let start = self.0.strip_prefix(['.', '-', '_']).unwrap_or(self.0);
        let (index, rest) =
            words.iter().enumerate().find_map(|(index, word)| Some((index, start.strip_prefix(word)?)))?;
        self.0 = rest
            .strip_prefix(['.', '-', '_'])
            .filter(|r| r.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(rest);
        if self.0.starts_with(|c: char| c.is_ascii_digit()) {
            Some((index, self.number()?))
        } else {
            Some((index, 0))
        }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || {
            VersionError::new(
                format!("`{text}` is not a version"),
                "write numbers with dots, such as `1.5.2` or `1.6.0rc1`",
            )
        };
        let lower = text.trim().to_ascii_lowercase();
        let (public, local) = match lower.split_once('+') {
            Some((public, local)) => (public, Some(local.to_owned())),
            None => (lower.as_str(), None),
        };
        if let Some(local) = &local
            && (local.is_empty() || !local.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)))
        {
            return Err(refuse());
        }
        let mut scanner = Scanner(public.strip_prefix('v').unwrap_or(public));
        let mut epoch = 0;
        let mut release = vec![scanner.number().ok_or_else(refuse)?];
        if let Some(rest) = scanner.0.strip_prefix('!') {
            scanner.0 = rest;
            epoch = release[0];
            release[0] = scanner.number().ok_or_else(refuse)?;
        }
        while let Some(rest) = scanner.0.strip_prefix('.')
            && rest.starts_with(|c: char| c.is_ascii_digit())
        {
            scanner.0 = rest;
            release.push(scanner.number().ok_or_else(refuse)?);
        }
        const LETTERS: [&str; 8] = ["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];
        let pre = scanner.suffix(&LETTERS).map(|(index, number)| {
            let letter = match LETTERS[index] {
                "alpha" | "a" => Pre::Alpha,
                "beta" | "b" => Pre::Beta,
                _ => Pre::Candidate,
            };
            (letter, number)
        });
        let post = scanner.suffix(&["post", "rev", "r"]).map(|(_, number)| number);
        let dev = scanner.suffix(&["dev"]).map(|(_, number)| number);
        if scanner.0.is_empty() { Ok(Self { epoch, release, pre, post, dev, local }) } else { Err(refuse()) }
    }
}
