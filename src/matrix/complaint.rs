//! What TOML and serde complain about, in our words.

use super::error::{Problem, Source};
use crate::notation::glob;

/// TOML's or serde's complaint in our words, with a suggestion where a key was mistyped.
pub fn complaint(source: &Source, error: &toml::de::Error) -> Box<Problem> {
    let message = error.message();
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    // A problem of the file as a whole has no span: it is shown at its first line.
    let span = error.span().unwrap_or(0..source.text.find('\n').unwrap_or(source.text.len()));
    if message.starts_with("unknown field")
        && let Some((unknown, known)) = words.split_first()
    {
        let help = match glob::nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "no key is known here".to_owned(),
            None => format!("the keys known here are `{}`", known.join("`, `")),
        };
        return source.problem(span, format!("unknown key `{unknown}`"), help);
    }
    if message.starts_with("missing field")
        && let [missing] = words.as_slice()
    {
        return source.problem(span, format!("the key `{missing}` is missing here"), missing_help(missing));
    }
    let help = if message.contains("the number") {
        "write it in quotes, for example \"3.11\""
    } else if message.contains("expected a text in quotes") {
        "write a text in quotes, or for example [\"one\", \"other\"]"
    } else if message.contains("expected a sequence") {
        "write a list, for example [\"one\", \"other\"]"
    } else if message.contains("invalid type") {
        "write a value of the expected type"
    } else if message.contains("duplicate key") {
        "remove or rename one of the two"
    } else {
        "TOML writes `key = value`, texts in quotes, lists as [1, 2] and tables as { key = value }"
    };
    source.problem(span, message.trim().replace('\n', " "), help)
}

fn missing_help(key: &str) -> String {
    let example = match key {
        "name" => "name = \"logistic\"",
        "path" => "path = \"../datasets/blobs.csv\"",
        "verdict" => "verdict = \"drift\"",
        "reason" => "reason = \"why this is expected, in a sentence for the reader of the report\"",
        "rtol" => "rtol = 1e-7",
        "stol" => "stol = 1e-12",
        _ => return String::new(),
    };
    format!("add `{example}`")
}
