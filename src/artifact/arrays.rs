//! Expected outputs: values that were given instead of observed.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::outputs::meaning;
use crate::dataset::{Dataset, Features, Shape, Values};
use crate::matrix::{DatasetSpec, ExpectedOutput};
use crate::vocab::{Digest, Encoding, OutputKind, OutputRef};

/// Expected outputs by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrays(BTreeMap<String, ExpectedOutput>);

impl Arrays {
    /// The expected values in JSON: a list for `predict`, or lists by output.
    pub(super) fn of_json(value: &Value) -> Result<Self, String> {
        Self::of_typed_json(value, None)
    }

    /// The same, with numpy's name of the type of each output, where somebody has written it down.
    pub(super) fn of_typed_json(value: &Value, dtypes: Option<&Value>) -> Result<Self, String> {
        let mut outputs = BTreeMap::new();
        match value {
            Value::Object(named) => {
                for (name, values) in named {
                    let dtype = dtypes.and_then(|dtypes| dtypes.get(name)).and_then(Value::as_str);
                    let output = of_list(values, dtype).map_err(|what| format!("{name}: {what}"))?;
                    let name = meaning(name).map_or_else(|| name.clone(), str::to_owned);
                    outputs.insert(name, output);
                }
            }
            list => {
                outputs.insert("predict".to_owned(), of_list(list, None)?);
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
        outside: false,
        declared_at: "--expected".to_owned(),
    }
}

pub(super) fn of_dataset(dataset: Dataset) -> Result<ExpectedOutput, String> {
    let rows = dataset.rows as u64;
    match dataset.features {
        Features::Array { values, shape: Shape::Own(shape), .. } => Ok(output(&values, shape)),
        Features::Array { names, values, .. } => {
            let columns = names.len() as u64;
            Ok(output(&values, if columns == 1 { vec![rows] } else { vec![rows, columns] }))
        }
        Features::List { .. } => Err("it is not a table".to_owned()),
        Features::Text(column) => Ok(output(&column.values, vec![rows])),
        Features::Table(columns) => match columns.as_slice() {
            [column] => Ok(output(&column.values, vec![rows])),
            _ => Err("its columns are of different types".to_owned()),
        },
    }
}

pub(super) fn output(values: &Values, shape: Vec<u64>) -> ExpectedOutput {
    let parts = match values {
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
        Values::Gaps(values) => tagged(values.iter().map(|value| match value {
            Some(value) => format!("t:{}", u8::from(*value)),
            None => "n:".to_owned(),
        })),
        Values::Text(values) => tagged(values.iter().map(|value| match value {
            Some(text) => format!("s:{text}"),
            None => "n:".to_owned(),
        })),
        Values::Pandas { items, .. } => tagged(items.iter().map(|item| format!("r:{item}"))),
    };
    let dtype = if parts.0 == Encoding::Text { "object" } else { values.dtype() };
    encoded(parts, dtype, shape)
}

fn encoded(
    (encoding, kind, bytes): (Encoding, OutputKind, Vec<u8>),
    dtype: &str,
    shape: Vec<u64>,
) -> ExpectedOutput {
    ExpectedOutput {
        output: OutputRef { digest: Digest::of(&bytes), encoding, kind, dtype: dtype.to_owned(), shape },
        bytes: bytes.into(),
        classes: Vec::new(),
    }
}

fn tagged(texts: impl Iterator<Item = String>) -> (Encoding, OutputKind, Vec<u8>) {
    let mut bytes = Vec::new();
    for text in texts {
        // No text of a file that was parsed has 4 GiB.
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    (Encoding::Text, OutputKind::Label, bytes)
}

/// The values of nested lists, with their shape.
fn of_list(value: &Value, dtype: Option<&str>) -> Result<ExpectedOutput, String> {
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
    if let Some(typed) = of_type(&flat, dtype.unwrap_or_default(), &shape) {
        return Ok(typed);
    }
    let values = column(&flat).ok_or_else(|| mixed(&flat, &shape))?;
    Ok(output(&values, shape))
}

/// Values of a type that their text alone does not tell; `None` where it does, or they are not of that type.
fn of_type(flat: &[&Value], dtype: &str, shape: &[u64]) -> Option<ExpectedOutput> {
    let unsigned = || flat.iter().map(|value| value.as_u64()).collect::<Option<Vec<u64>>>();
    let parts = if dtype.starts_with("float32") || dtype.starts_with("float16") {
        let Values::F64(values) = column(flat)? else { return None };
        let bytes = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
        (Encoding::F32, OutputKind::Continuous, bytes)
    } else if dtype.starts_with("uint") || flat.iter().any(|value| value.is_u64() && value.as_i64().is_none())
    {
        // Hashes and counts, also beyond what a signed number holds.
        let bytes = unsigned()?.iter().flat_map(|value| value.to_le_bytes()).collect();
        (Encoding::U64, OutputKind::Label, bytes)
    } else if dtype == "object" || dtype.starts_with("<U") {
        tagged(flat.iter().map(|value| tag(value)).collect::<Option<Vec<String>>>()?.into_iter())
    } else {
        return None;
    };
    let dtype = if dtype.is_empty() { "uint64" } else { dtype };
    Some(encoded(parts, dtype, shape.to_vec()))
}

/// An element of an array of objects, as the agent tags it; JSON's objects stand for what it has no word for.
fn tag(value: &Value) -> Option<String> {
    let float = |number: f64| format!("f:{:016x}", number.to_bits());
    Some(match value {
        Value::Null => "n:".to_owned(),
        Value::Bool(truth) => format!("t:{}", u8::from(*truth)),
        Value::String(text) => format!("s:{text}"),
        Value::Number(number) if number.is_f64() => float(number.as_f64()?),
        Value::Number(number) => format!("i:{number}"),
        Value::Object(kept) => match (kept.get("is")?.as_str()?, kept.get("value").and_then(Value::as_str)) {
            ("None", _) => "n:".to_owned(),
            ("float", Some("inf")) => float(f64::INFINITY),
            ("float", Some("-inf")) => float(f64::NEG_INFINITY),
            ("float", _) => float(f64::NAN),
            ("bytes", Some(hex)) => format!("b:{hex}"),
            _ => return None,
        },
        Value::Array(_) => return None,
    })
}

/// What to say of values of several kinds: the first one that differs from most, with its place.
fn mixed(flat: &[&Value], shape: &[u64]) -> String {
    let is_number = |value: &Value| value.is_number() || value.is_boolean();
    let mostly_numbers = flat.iter().filter(|value| is_number(value)).count() * 2 > flat.len();
    let strange = flat.iter().position(|value| is_number(value) != mostly_numbers);
    let Some(position) = strange else { return "the values are of several kinds".to_owned() };
    let mut rest = position as u64;
    let mut place = Vec::new();
    for length in shape.iter().rev() {
        place.push(rest % length);
        rest /= length;
    }
    let place: String = place.iter().rev().map(|index| format!("[{index}]")).collect();
    let kind = if mostly_numbers { "a number" } else { "a text" };
    let shown: String = flat[position].to_string().chars().take(40).collect();
    format!("the value at {place}, counted from 0, is {shown}, which is not {kind} as the others are")
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
