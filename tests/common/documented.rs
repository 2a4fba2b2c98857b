//! Whether `docs/results.md` knows every field of a `results.json`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The objects of the file, as paths, with the heading of `docs/results.md` under which their fields stand. `*` stands
/// for any entry of a list or of a table whose keys are names.
const OBJECTS: &[(&str, &str)] = &[
    ("", "## Top"),
    ("matrix", "## `matrix`"),
    ("run", "## `run`"),
    ("environments.*", "## `environments`"),
    ("formats.*", "## `formats`"),
    ("artifacts.*", "## `artifacts`"),
    ("artifacts.*.file", "## `artifacts`"),
    ("artifacts.*.file.inferred.*", "## `artifacts`"),
    ("artifacts.*.file.expected_from", "## `artifacts`"),
    ("artifacts.*.file.registered", "## `artifacts`"),
    ("artifacts.*.made_up", "## `artifacts`"),
    ("cells.*", "## `cells`"),
    ("cells.*.forecast", "## `cells`"),
    ("cells.*.error", "### `error`"),
    ("cells.*.tried.*", "### `tried`"),
    ("cells.*.expected", "### `expected`"),
    ("cells.*.outputs.*", "### `outputs`"),
    ("cells.*.outputs.*.mismatch", "### `outputs`"),
    ("cells.*.outputs.*.dtypes", "### `outputs`"),
    ("cells.*.outputs.*.tolerance", "### `outputs`"),
    ("cells.*.outputs.*.worst", "### `outputs`"),
    ("cells.*.outputs.*.noise", "### `noise`"),
    ("findings.*", "## `findings`"),
    ("summary", "## `summary`"),
    ("score", "## `score`"),
    ("score.total", "## `score`"),
    ("score.rules.*", "## `score`"),
];

/// Objects with further objects in them, all of whose fields stand under one heading.
const TREES: &[(&str, &str)] = &[
    ("artifacts.*.absence", "### `absence` and `maker_fails`"),
    ("artifacts.*.maker_fails", "### `absence` and `maker_fails`"),
    ("cells.*.cause", "### `cause`"),
    ("cells.*.outputs.*.mismatch.how", "### `outputs`"),
    ("findings.*.next", "### `next`"),
    ("left_out", "### `left_out`"),
    ("promises", "## `promises`"),
];

/// Tables whose keys are names and no fields.
const TABLES: &[&str] = &[
    "matrix.models",
    "environments.*.packages",
    "artifacts.*.file.imports",
    "artifacts.*.file.expected_from.columns",
    "artifacts.*.file.proved",
    "cells.*.outputs",
    "summary.verdicts",
    "summary.statuses",
    "score.rules",
];

/// Every field that the document does not name under its heading, as `path.field`.
pub fn undocumented(results: &Value, document: &str) -> BTreeSet<String> {
    let mut missing = BTreeSet::new();
    walk(results, "", document, &mut missing);
    missing
}

fn walk(value: &Value, path: &str, document: &str, missing: &mut BTreeSet<String>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(object) => {
            let is_table = TABLES.contains(&path);
            let is_below = |(root, _): &&(&str, &str)| {
                path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let of_object = OBJECTS.iter().find(|(own, _)| *own == path);
            let heading = of_object.or_else(|| TREES.iter().find(is_below)).map(|(_, heading)| *heading);
            for (key, value) in object {
                if is_table {
                    walk(value, &below("*"), document, missing);
                    continue;
                }
                let is_named =
                    heading.is_some_and(|heading| section(document, heading).contains(&format!("`{key}`")));
                if !is_named {
                    missing.insert(below(key));
                }
                walk(value, &below(key), document, missing);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| walk(value, &below("*"), document, missing)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The lines under a heading, up to the next one.
fn section<'d>(document: &'d str, heading: &str) -> &'d str {
    let start = document.find(&format!("\n{heading}\n")).map_or(document.len(), |at| at + heading.len() + 2);
    let rest = &document[start..];
    &rest[..rest.find("\n#").unwrap_or(rest.len())]
}
