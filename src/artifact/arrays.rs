//! Expected outputs: values that were given instead of observed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::dataset::{self, Dataset, Features, Values};
use crate::matrix::{DatasetSpec, ExpectedOutput};
use crate::vocab::{Digest, Encoding, OutputKind, OutputRef};

/// Expected outputs by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrays(BTreeMap<String, ExpectedOutput>);

impl Arrays {
    /// The expected values in a `.npy`, `.csv` or `.json`: those of `predict`, unless a JSON object names others.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn of_file(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("json") => {
                let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
                Self::of_json(&value)
            }
            Some("npy" | "csv" | "parquet") => {
                let spec = spec("expected", path);
                let parsed = dataset::parse(&spec, bytes, None).map_err(|error| error.to_string())?;
                let output = of_dataset(parsed)?;
                Ok(Self(BTreeMap::from([("predict".to_owned(), output)])))
            }
            _ => Err("it is not a .npy, .csv, .parquet or .json file".to_owned()),
        }
    }

    /// The expected values in JSON: a list for `predict`, or lists by output.
    pub(super) fn of_json(value: &Value) -> Result<Self, String> {
        let mut outputs = BTreeMap::new();
        match value {
            Value::Object(named) => {
                for (name, values) in named {
                    let output = of_list(values).map_err(|what| format!("{name}: {what}"))?;
                    outputs.insert(name.clone(), output);
                }
            }
            list => {
                outputs.insert("predict".to_owned(), of_list(list)?);
            }
        }
        Ok(Self(outputs))
    }

    /// The outputs.
    pub fn outputs(self) -> BTreeMap<String, ExpectedOutput> {
        self.0
    }
}

/// A dataset that no matrix declares.
pub(super) fn spec(name: &str, path: &Path) -> DatasetSpec {
    DatasetSpec {
        name: name.to_owned(),
        path: path.to_owned(),
        declared_path: path.display().to_string(),
        target: Vec::new(),
        drop: Vec::new(),
        dtypes: BTreeMap::new(),
        digest: None,
        dataframe: false,
        span: 0..0,
        declared_at: "the command line".to_owned(),
    }
}

fn of_dataset(dataset: Dataset) -> Result<ExpectedOutput, String> {
    let rows = dataset.rows as u64;
    match dataset.features {
        Features::Array { names, values } => {
            let columns = names.len() as u64;
            Ok(output(&values, if columns == 1 { vec![rows] } else { vec![rows, columns] }))
        }
        Features::Text(column) => Ok(output(&column.values, vec![rows])),
        Features::Table(columns) => match columns.as_slice() {
            [column] => Ok(output(&column.values, vec![rows])),
            _ => Err("its columns are of different types".to_owned()),
        },
    }
}

fn output(values: &Values, shape: Vec<u64>) -> ExpectedOutput {
    let (encoding, kind, bytes) = match values {
        Values::F64(values) => (
            Encoding::F64,
            OutputKind::Continuous,
            values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>(),
        ),
        Values::F32(values) => (
            Encoding::F32,
            OutputKind::Continuous,
            values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ),
        Values::I64(values) => {
            (Encoding::I64, OutputKind::Label, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        }
        Values::Bool(values) => {
            (Encoding::Bool, OutputKind::Label, values.iter().map(|value| u8::from(*value)).collect())
        }
        Values::Text(values) => {
            let mut bytes = Vec::new();
            for value in values {
                let text = value.as_ref().map_or_else(|| "n:".to_owned(), |text| format!("s:{text}"));
                // No text of a file that was parsed has 4 GiB.
                bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
            }
            (Encoding::Text, OutputKind::Label, bytes)
        }
    };
    let dtype = if encoding == Encoding::Text { "object" } else { values.dtype() };
    ExpectedOutput {
        output: OutputRef { digest: Digest::of(&bytes), encoding, kind, dtype: dtype.to_owned(), shape },
        bytes: bytes.into(),
    }
}

/// The values of nested lists, with their shape.
fn of_list(value: &Value) -> Result<ExpectedOutput, String> {
    let mut shape = Vec::new();
    let mut level = value;
    while let Value::Array(items) = level {
        shape.push(items.len() as u64);
        match items.first() {
            Some(first) => level = first,
            None => return Err("the list is empty".to_owned()),
        }
    }
    if shape.is_empty() {
        return Err("expected a list of values".to_owned());
    }
    let mut flat = Vec::new();
    flatten(value, &shape, &mut flat)?;
    let values = column(&flat).ok_or("the values are neither all numbers nor all texts")?;
    Ok(output(&values, shape))
}

fn flatten<'a>(value: &'a Value, shape: &[u64], flat: &mut Vec<&'a Value>) -> Result<(), String> {
    match (value, shape) {
        (Value::Array(items), [length, rest @ ..]) if items.len() as u64 == *length => {
            items.iter().try_for_each(|item| flatten(item, rest, flat))
        }
        (Value::Array(_), _) | (_, [_, ..]) => Err("the lists differ in length".to_owned()),
        (value, []) => {
            flat.push(value);
            Ok(())
        }
    }
}

/// Values of one type: integers, numbers, truths or texts. `null` and `"NaN"` are missing numbers.
pub(super) fn column(values: &[&Value]) -> Option<Values> {
    fn all<'v, T>(values: &[&'v Value], read: impl Fn(&'v Value) -> Option<T>) -> Option<Vec<T>> {
        values.iter().map(|value| read(value)).collect()
    }
    if let Some(values) = all(values, Value::as_i64) {
        return Some(Values::I64(values));
    }
    if let Some(values) = all(values, Value::as_bool) {
        return Some(Values::Bool(values));
    }
    let number = |value: &Value| match value {
        Value::Null => Some(f64::NAN),
        Value::String(text) => match text.as_str() {
            "NaN" | "nan" => Some(f64::NAN),
            "Infinity" | "inf" => Some(f64::INFINITY),
            "-Infinity" | "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        other => other.as_f64(),
    };
    if let Some(values) = all(values, number) {
        return Some(Values::F64(values));
    }
    let text = |value: &Value| match value {
        Value::Null => Some(None),
        other => other.as_str().map(|text| Some(text.to_owned())),
    };
    all(values, text).map(Values::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lists_have_a_shape_and_a_type() {
        let of = |text: &str| Arrays::of_json(&serde_json::from_str(text).expect("JSON"));
        let one = |text: &str| of(text).map(|arrays| arrays.outputs()["predict"].output.clone());
        assert_eq!(one("[1, 0, 1]").map(|it| (it.encoding, it.shape)), Ok((Encoding::I64, vec![3])));
        assert_eq!(
            one("[[0.5, 1], [null, \"inf\"]]").map(|it| (it.encoding, it.shape)),
            Ok((Encoding::F64, vec![2, 2]))
        );
        assert_eq!(one("[\"a\", \"b\"]").map(|it| it.kind), Ok(OutputKind::Label));
        assert!(one("[[1], [1, 2]]").is_err());
        assert!(one("[]").is_err());
        assert!(one("3").is_err());
        let named = of("{\"predict_proba\": [[0.5, 0.5]]}").expect("it is well formed");
        assert!(named.outputs().contains_key("predict_proba"));
    }
}
