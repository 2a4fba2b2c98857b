//! A name of one's own before an environment: `today=scikit-learn==1.5.2`.

use super::super::error::RequestError;

/// Keys that are no labels: they say something of an environment.
const KEYS: &[&str] = &["arch", "bits", "python", "platform", "scikit-learn", "sklearn", "numpy"];

/// The label of a text, and the rest.
///
/// # Errors
/// When a single `=` stands where two were meant.
pub(super) fn split(text: &str) -> Result<(Option<&str>, &str), RequestError> {
    let Some((label, rest)) = text.split_once('=') else { return Ok((None, text)) };
    let is_name = !label.is_empty()
        && label.starts_with(|c: char| c.is_alphanumeric())
        && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'));
    // `name==version`, and the `>=` of a specifier.
    if !is_name || rest.starts_with('=') {
        return Ok((None, text));
    }
    if KEYS.contains(&label) || rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok((None, text));
    }
    Ok((Some(label), rest.trim()))
}
