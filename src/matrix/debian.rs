//! Debian's releases of which trees can be made, and the scikit-learn that each has.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;

static KNOWN: LazyLock<Known> = LazyLock::new(|| knowledge::table("debian.toml"));
static SUITES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| KNOWN.release.iter().map(|it| it.name.as_str()).collect());

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    release: Vec<Release>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Release {
    name: String,
    /// Of its own packages, where the release stands still.
    scikit_learn: Option<String>,
    /// Whether it moves on.
    #[serde(default)]
    moving: bool,
}

/// Debian releases that are known to have a scikit-learn that shelflife's agent runs in.
pub fn suites() -> &'static [&'static str] {
    &SUITES
}

/// The scikit-learn of a release; `None` where it moves on, or is not known.
pub(super) fn scikit_learn(suite: &str) -> Option<&'static str> {
    of(suite)?.scikit_learn.as_deref()
}

/// Whether a release moves on, so that its lists can be past their date on a mirror that lags behind.
pub fn is_moving(suite: &str) -> bool {
    of(suite).is_some_and(|it| it.moving)
}

fn of(suite: &str) -> Option<&'static Release> {
    KNOWN.release.iter().find(|it| it.name == suite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_on_has_no_release_of_scikit_learn_that_stays() {
        assert_eq!(suites(), ["bullseye", "bookworm", "trixie", "forky"]);
        for suite in suites() {
            assert_ne!(scikit_learn(suite).is_some(), is_moving(suite), "{suite}");
        }
        assert_eq!(scikit_learn("bookworm"), Some("1.2.1"));
        assert_eq!(scikit_learn("sarge"), None);
    }
}
