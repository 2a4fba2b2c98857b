//! Which rules explain a message that somebody pasted.

use super::packages::ANY_PACKAGE;
use super::pattern::Pattern;
use super::rule::{Case, Rule};
use super::rules;

/// A rule that a pasted text speaks of.
#[derive(Clone, Copy, Debug)]
pub struct Match {
    /// The rule.
    pub rule: &'static Rule,
    /// The case whose message it is.
    pub case: &'static Case,
    /// Whether the message is vague, so that only versions can tell.
    pub vague: bool,
}

/// Every rule that explains a pasted text, those that are sure first and those that speak of a whole kind last. Tracebacks, line breaks, quotes of all kinds and
/// marks of quoting mail are taken as they come.
pub fn for_message(text: &str) -> Vec<Match> {
    let text = plain(text);
    let has_places = text.contains(".py") || text.contains("File ") || text.contains(".pyx");
    let mut matches: Vec<Match> = Vec::new();
    for (vague, general) in [(false, false), (true, false), (false, true), (true, true)] {
        // Of whichever package a message speaks, only versions tell.
        for rule in rules().iter().filter(|rule| rule.package != ANY_PACKAGE) {
            if matches.iter().any(|found| found.rule.id == rule.id) {
                continue;
            }
            let found = rule.cases.iter().filter(|case| case.general == general).find(|case| {
                let patterns = if vague { &case.pasted } else { &case.messages };
                // The pattern of some is as general as `IndexError`, which only its place makes a symptom. Of a last
                // line alone, no place is known: it may be that, and only versions can tell.
                if vague && !has_places && patterns_of(case).any(|pattern| pattern.is_match(&text)) {
                    return true;
                }
                let placed = case.raised_in.iter().chain(&case.frames).all(|_| {
                    case.raised_in.iter().chain(&case.frames).any(|place| text.contains(&file_of(place)))
                });
                placed && patterns.iter().any(|pattern| pattern.is_match(&text))
            });
            if let Some(case) = found {
                matches.push(Match { rule, case, vague });
            }
        }
    }
    matches
}

/// The messages of a case that quote a name, which few errors share, and those that are vague.
fn patterns_of(case: &Case) -> impl Iterator<Item = &Pattern> {
    case.messages.iter().filter(|pattern| pattern.as_str().contains('\'')).chain(&case.pasted)
}

/// `sklearn/svm/_base` of `sklearn.svm._base` or `sklearn.svm._base:predict`: how a traceback names a module.
fn file_of(place: &str) -> String {
    place.split(':').next().unwrap_or(place).replace('.', "/")
}

/// One line, with straight quotes, without what terminals and mail programs add.
fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.replace("\\n", "\n").lines() {
        // Mail and Markdown quote with `>`, tables with `|`, pytest with `E` and blanks.
        let part = part.trim().trim_start_matches(['>', '|', ' ']);
        let part = part.strip_prefix("E  ").unwrap_or(part).trim();
        for character in part.chars() {
            line.push(match character {
                '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{b4}' => '\'',
                '\u{a0}' | '\t' => ' ',
                '\\' => '/',
                other => other,
            });
        }
        line.push(' ');
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
