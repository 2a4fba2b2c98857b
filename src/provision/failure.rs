//! Why an environment could not be made, in words for people.

use std::fmt;
use std::io;
use std::sync::LazyLock;

use regex::Regex;

use crate::process::ProcessError;
use crate::store::LockError;

/// Lines of an installer's own explanation that are kept.
const EXPLANATION_LINES: usize = 15;

/// Why an environment could not be made. It becomes the verdict `env-error`, never the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionFailure {
    /// What happened; may have several lines.
    pub reason: String,
    /// What to do next, where that is known.
    pub remedy: Option<String>,
}

impl ProvisionFailure {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), remedy: None }
    }

    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl fmt::Display for ProvisionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        match &self.remedy {
            Some(remedy) => write!(f, "\nwhat to do: {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ProvisionFailure {}

impl From<io::Error> for ProvisionFailure {
    fn from(error: io::Error) -> Self {
        let failure = Self::new(error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => failure.remedy(FULL_DISK),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                failure.remedy("set SHELFLIFE_CACHE_DIR to a folder that you can write to")
            }
            _ => failure,
        }
    }
}

impl From<ProcessError> for ProvisionFailure {
    fn from(error: ProcessError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<LockError> for ProvisionFailure {
    fn from(error: LockError) -> Self {
        Self::new(error.to_string())
    }
}

pub(super) const FULL_DISK: &str = "free some space, for example with `shelflife env prune`, or set SHELFLIFE_CACHE_DIR to a \
                         folder on a larger disk";

/// What an installation was asked for, for the words about its failure.
pub(super) struct Asked<'a> {
    pub(super) python: &'a str,
    pub(super) requirements: &'a [String],
    pub(super) companions: bool,
    pub(super) offline: bool,
}

/// Turns what uv wrote to stderr into a failure.
pub(super) fn explain(stderr: &str, asked: &Asked<'_>) -> ProvisionFailure {
    let words = clean(stderr);
    let any = |needles: &[&str]| needles.iter().any(|needle| stderr.contains(needle));
    let failure = ProvisionFailure::new(format!(
        "cannot install {} for Python {}:\n{words}",
        asked.requirements.join(", "),
        asked.python
    ));
    if any(&["No space left on device", "Disk quota exceeded", "os error 28"]) {
        return failure.remedy(FULL_DISK);
    }
    if asked.offline && any(&["offline", "network was disabled", "Network connectivity is disabled"]) {
        return failure
            .remedy("run once without `--offline`, so that the packages are fetched into the cache");
    }
    let unreachable = any(&[
        "error sending request",
        "dns error",
        "Connection refused",
        "connection closed",
        "operation timed out",
        "tcp connect error",
        "certificate",
        "401 Unauthorized",
        "403 Forbidden",
    ]);
    // uv appends network hints to a "no solution" too; then the first is the cause.
    if unreachable {
        return failure.remedy(
            "make the package index reachable (HTTPS_PROXY, SSL_CERT_FILE; uv reads UV_DEFAULT_INDEX and uv.toml, \
             not pip.conf), or use `--offline` with environments that were made before",
        );
    }
    if any(&["not found in the package registry"]) {
        return failure.remedy("check the spelling of the package names in the matrix");
    }
    // Only where nothing but the declared versions themselves is in the way; chains of dependencies mention wheels
    // in passing.
    let direct = !any(&[" depends on "]);
    if direct && any(&["no usable wheels", "no wheels with a matching", "the current Python version"]) {
        return failure.remedy(format!(
            "there are no wheels of these versions for Python {} (only wheels are installed): declare another \
             Python or another version",
            asked.python
        ));
    }
    if direct
        && any(&["there is no version of", "is available and you require", "are available and you require"])
    {
        return failure.remedy("declare a version that exists");
    }
    if any(&["No solution found"]) {
        let mut remedy = "change the declared versions so that they fit together".to_owned();
        if asked.companions {
            remedy.push_str("; declaring a package replaces the companion bound that shelflife adds for it");
        }
        return failure.remedy(remedy);
    }
    failure
}

/// The end of an installer's explanation without colours, credentials and noise.
pub(super) fn clean(stderr: &str) -> String {
    static ANSI: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]").ok());
    static CREDENTIALS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/\s@]+@").ok());
    let replace = |regex: &Option<Regex>, text: &str, with: &str| match regex {
        Some(regex) => regex.replace_all(text, with).into_owned(),
        None => text.to_owned(),
    };
    let text = replace(&CREDENTIALS, &replace(&ANSI, stderr, ""), "://***@");
    let noise = ["Using Python ", "Using CPython ", "Resolved ", "warning: "];
    let lines: Vec<_> = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty() && !noise.iter().any(|start| line.starts_with(start)))
        .collect();
    // The first line says what failed, the last ones why.
    let text = match lines.len().checked_sub(EXPLANATION_LINES) {
        Some(excess) if excess > 0 => format!("{}\n[...]\n{}", lines[0], lines[excess + 1..].join("\n")),
        _ => lines.join("\n"),
    };
    if text.is_empty() { "(it gave no reason)".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remedy(stderr: &str) -> String {
        let asked = Asked {
            python: "3.11",
            requirements: &["scikit-learn==1.2.2".to_owned()],
            companions: true,
            offline: false,
        };
        let failure = explain(stderr, &asked);
        assert!(failure.reason.starts_with("cannot install scikit-learn==1.2.2 for Python 3.11:\n"));
        failure.remedy.unwrap_or_default()
    }

    #[test]
    fn explanations_are_readable_and_carry_no_secret() {
        let stderr = "warning: noise\n\x1b[1m\x1b[31m  × No solution found\x1b[39m\n\n  https://me:secret@index/simple\n";
        assert_eq!(clean(stderr), "  × No solution found\n  https://***@index/simple");
        let long: String = (0..40).map(|line| format!("line {line}\n")).collect();
        let cleaned = clean(&long);
        assert!(cleaned.starts_with("line 0\n[...]\nline 26\n") && cleaned.ends_with("line 39"), "{cleaned}");
        assert_eq!(clean(""), "(it gave no reason)");
    }

    #[test]
    fn each_cause_has_its_remedy() {
        assert!(remedy("error: No space left on device (os error 28)").contains("env prune"));
        assert!(remedy("error: Failed to fetch\n  cause: dns error").contains("UV_DEFAULT_INDEX"));
        assert!(remedy("× No solution found\n you require numpy<1.24").contains("companion bound"));
        assert!(
            remedy("× No solution found\n scikit-learn==1.2.2 has no usable wheels")
                .contains("another Python")
        );
        assert!(remedy("there is no version of scikit-learn==1.2.99").contains("exists"));
        assert!(remedy("only scikit-learn<=1.9.1 is available and you require 1.11").contains("exists"));
        assert!(remedy("No solution found: a depends on b; b has no usable wheels").contains("fit together"));
        assert!(remedy("numpyy was not found in the package registry").contains("spelling"));
        assert_eq!(remedy("something else"), "");
    }

    #[test]
    fn a_failure_reads_as_one_text() {
        let failure = ProvisionFailure::new("no").remedy("yes");
        assert_eq!(failure.to_string(), "no\nwhat to do: yes");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(ProvisionFailure::from(full).remedy.is_some());
    }
}
