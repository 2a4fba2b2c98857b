//! Inputs as a package of shelflife keeps them: in the form in which the model was given them, each column with its type.

use std::collections::BTreeMap;

use serde_json::Value;

use super::arrays::column;
use crate::dataset::{Column, Dataset, Features, Values, features};
use crate::vocab::InputForm;

/// The inputs of a validation file that names their form; `None` where it names none.
///
/// # Errors
/// What is wrong with them, in words.
pub(super) fn saved(validation: &Value, inputs: &Value) -> Result<Option<Dataset>, String> {
    let Some(form) = validation.get("form").and_then(Value::as_str) else { return Ok(None) };
    let items = inputs.as_array().ok_or("the inputs are not a list")?;
    let dataset = match form {
        "frame" => frame(validation, items)?,
        "texts" => {
            let values: Vec<&Value> = items.iter().collect();
            let values = column(&values).ok_or("the inputs mix types")?;
            of(items.len(), Features::Text(Column::typed("text", values)), InputForm::Texts)
        }
        "own" => own(validation, items)?,
        // Rows of numbers are what everybody writes.
        "array" => return Ok(None),
        other => {
            return Err(format!("its form `{other}` is not known; a newer shelflife may have written it"));
        }
    };
    Ok(Some(dataset))
}

fn of(rows: usize, features: Features, form: InputForm) -> Dataset {
    let is_frame = form == InputForm::Frame;
    Dataset { rows, features, target: None, dataframe: is_frame, named: is_frame, form: Some(form) }
}

/// A list, or an array of a type and shape of its own.
fn own(validation: &Value, items: &[Value]) -> Result<Dataset, String> {
    let dtype = validation.get("dtype").and_then(Value::as_str);
    let shape = validation.get("shape").and_then(Value::as_array);
    let array = match (dtype, shape) {
        (Some(dtype), Some(shape)) => {
            let shape: Option<Vec<u64>> = shape.iter().map(Value::as_u64).collect();
            Some((dtype.to_owned(), shape.ok_or("its shape is not a list of sizes")?))
        }
        _ => None,
    };
    let rows = match &array {
        Some((_, shape)) => {
            let elements = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
            if elements != Some(items.len() as u64) {
                return Err("its shape does not go with the number of its values".to_owned());
            }
            shape.first().map_or(0, |rows| *rows as usize)
        }
        None => items.len(),
    };
    Ok(of(rows, Features::List { items: items.to_vec(), array }, InputForm::Own))
}

/// A DataFrame, by rows.
fn frame(validation: &Value, rows: &[Value]) -> Result<Dataset, String> {
    let specs = validation.get("columns").and_then(Value::as_array).ok_or("it does not tell its columns")?;
    let rows: Vec<&Vec<Value>> = rows
        .iter()
        .map(|row| row.as_array().filter(|row| row.len() == specs.len()))
        .collect::<Option<_>>()
        .ok_or("a row has another number of values than there are columns")?;
    let mut columns = Vec::with_capacity(specs.len());
    let mut names = BTreeMap::new();
    for (index, spec) in specs.iter().enumerate() {
        let name = spec.get("name").and_then(Value::as_str).ok_or("a column has no name")?;
        if names.insert(name, index).is_some() {
            return Err(format!("two columns are named `{name}`"));
        }
        let dtype =
            spec.get("dtype").and_then(Value::as_str).ok_or_else(|| format!("`{name}` has no type"))?;
        let items = || rows.iter().map(|row| &row[index]);
        let plain = column(&items().collect::<Vec<_>>());
        let values = match (dtype, plain) {
            ("float64", Some(values @ Values::F64(_)))
            | ("int64", Some(values @ Values::I64(_)))
            | ("bool", Some(values @ Values::Bool(_))) => values,
            ("float64" | "int64" | "bool", _) => {
                return Err(format!("the column `{name}` holds values that are no {dtype}"));
            }
            _ => Values::Pandas { dtype: spec.clone(), items: items().cloned().collect() },
        };
        columns.push(Column::typed(name, values));
    }
    Ok(of(rows.len(), features(columns, true), InputForm::Frame))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_keeps_its_types_and_what_it_misses() {
        let validation = json!({
            "form": "frame",
            "columns": [{"name": "a", "dtype": "int64"}, {"name": "b", "dtype": "Int64"}],
            "inputs": [[1, null], [2, 7]],
        });
        let dataset = saved(&validation, &validation["inputs"]).unwrap().unwrap();
        assert!(dataset.dataframe && dataset.form == Some(InputForm::Frame));
        let Features::Table(columns) = dataset.features else { panic!("columns of two types") };
        assert_eq!(columns[0].values, Values::I64(vec![1, 2]));
        assert!(matches!(&columns[1].values, Values::Pandas { items, .. } if items[0].is_null()));
    }

    #[test]
    fn what_cannot_be_so_is_said() {
        let of = |validation: Value| saved(&validation, &validation["inputs"]).map(|it| it.is_some());
        let named = |dtype: &str| json!([{"name": "a", "dtype": dtype}]);
        assert!(of(json!({"form": "frame", "columns": named("int64"), "inputs": [["x"]]})).is_err());
        assert!(of(json!({"form": "frame", "columns": named("int64"), "inputs": [[1, 2]]})).is_err());
        assert!(of(json!({"form": "own", "dtype": "float32", "shape": [2, 2], "inputs": [1.0]})).is_err());
        assert!(of(json!({"form": "round", "inputs": []})).is_err());
        assert_eq!(of(json!({"form": "array", "inputs": [[1.0]]})), Ok(false));
        assert_eq!(of(json!({"inputs": [[1.0]]})), Ok(false));
        assert_eq!(of(json!({"form": "own", "inputs": [{"is": "None"}, "a"]})), Ok(true));
    }
}
