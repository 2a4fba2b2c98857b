//! The JSON schemas of files that people and programs write, as texts.

use schemars::JsonSchema;

/// The schema of a type, as it stands in a file: indented, with a new line at its end.
pub fn schema_text<T: JsonSchema>() -> String {
    // Serialising a JSON value to text cannot fail.
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(T)).unwrap_or_default();
    text.push('\n');
    text
}
