//! What a rule looks for in a message.

use std::sync::OnceLock;

use regex::Regex;

/// A regular expression of a rule, which is compiled when something is first compared with it: a run meets a few of the
/// many hundred, and all of them take a third of a second.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Rules are part of the program; a test requires that each of their patterns can be compiled.
    pub(super) fn new(text: String) -> Pattern {
        Pattern { text, compiled: OnceLock::new() }
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is found anywhere in a text. What cannot be compiled is found nowhere.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// The compiled expression; `None` where it is none.
    pub(super) fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref()
    }
}
