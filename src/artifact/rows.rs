//! Inputs as people write them in JSON: rows of values, of texts or of named values.

use std::path::Path;

use serde_json::Value;

use super::arrays::column;
use crate::dataset::{Column, Dataset, Features, Values, features};

/// Inputs in a `.json` (rows, or lists by column) or a `.jsonl` (one row or text a line).
///
/// # Errors
/// What is wrong with them, in words.
pub(super) fn json_inputs(path: &Path, bytes: &[u8]) -> Result<Dataset, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    let lines = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jsonl"));
    let value = if lines {
        let mut items = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let item = serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))?;
            items.push(item);
        }
        Value::Array(items)
    } else {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    };
    rows(&value, None)
}

/// Rows of values, rows of texts, or rows of named values, as a dataset.
pub(super) fn rows(inputs: &Value, names: Option<Vec<String>>) -> Result<Dataset, String> {
    let items = match inputs {
        Value::Array(items) if !items.is_empty() => items,
        Value::Object(columns) if !columns.is_empty() => return by_columns(columns),
        _ => return Err("the inputs are not a list of rows".to_owned()),
    };
    if items.iter().all(Value::is_string) {
        let values: Vec<&Value> = items.iter().collect();
        let values = column(&values).ok_or("the inputs mix types")?;
        let column = Column::typed("text", values);
        return Ok(dataset(items.len(), Features::Text(column)));
    }
    if let Some(Value::Object(first)) = items.first() {
        let mut columns = Vec::new();
        for name in first.keys() {
            let values: Vec<&Value> = items.iter().map(|row| row.get(name).unwrap_or(&Value::Null)).collect();
            let values = column(&values).ok_or_else(|| format!("the column `{name}` mixes types"))?;
            columns.push(Column::typed(name, values));
        }
        return Ok(dataset(items.len(), Features::Table(columns)));
    }
    let width = items[0].as_array().map(Vec::len).ok_or("a row of the inputs is not a list")?;
    if width == 0 || items.iter().any(|row| row.as_array().is_none_or(|row| row.len() != width)) {
        return Err("the rows of the inputs differ in length".to_owned());
    }
    let flat: Vec<&Value> = items.iter().filter_map(Value::as_array).flatten().collect();
    let names = names.filter(|names| names.len() == width);
    let named = names.is_some();
    let names = names.unwrap_or_else(|| (0..width).map(|index| format!("x{index}")).collect());
    let columns = names.into_iter().enumerate().map(|(index, name)| {
        let values: Vec<&Value> = flat.iter().skip(index).step_by(width).copied().collect();
        let values = column(&values).ok_or_else(|| format!("the column `{name}` mixes types"))?;
        Ok(Column::typed(name, values))
    });
    let columns = columns.collect::<Result<Vec<_>, String>>()?;
    // Rows are rows, also those of one text.
    let features = match columns.as_slice() {
        [Column { values: Values::Text(_), .. }] => Features::Table(columns),
        _ => features(columns, false),
    };
    Ok(Dataset { named, ..dataset(items.len(), features) })
}

fn by_columns(columns: &serde_json::Map<String, Value>) -> Result<Dataset, String> {
    let mut rows = None;
    let mut parsed = Vec::new();
    for (name, values) in columns {
        let values: Vec<&Value> =
            values.as_array().ok_or_else(|| format!("the column `{name}` is not a list"))?.iter().collect();
        if *rows.get_or_insert(values.len()) != values.len() {
            return Err("the columns of the inputs differ in length".to_owned());
        }
        let values = column(&values).ok_or_else(|| format!("the column `{name}` mixes types"))?;
        parsed.push(Column::typed(name, values));
    }
    Ok(dataset(rows.unwrap_or_default(), Features::Table(parsed)))
}

fn dataset(rows: usize, features: Features) -> Dataset {
    Dataset { rows, features, target: None, dataframe: false, named: true, form: None }
}
