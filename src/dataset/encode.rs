//! The bytes that the agent reads.
//!
//! ```text
//! u64 little-endian   length of the header in bytes
//! header              JSON: version, rows, layout, dataframe, dtype, columns, target
//! payload             from the next byte on; every offset is relative to its start and a multiple of 8
//! ```
//!
//! Numbers are little-endian, `bool` is one byte, `truths` is one of which 2 is a gap, a text is its length as `u32` and
//! that many bytes of UTF-8; the length `0xFFFFFFFF` marks a missing text. A column `pandas` is a list in JSON, and so is
//! the layout `list`; their `spec` says what becomes of it. `read_as` says what a column whose type nobody has declared is
//! in a DataFrame. Arrays and targets are stored row by row, tables column by
//! column. In the layout `array` the columns only carry names: the one payload starts at offset 0.

use serde::Serialize;

use super::columns::{Column, Dataset, Features, ReadAs, Shape, Target, Values};
use crate::vocab::InputForm;

/// Stands for a missing text where its length is expected.
const MISSING: u32 = 0xFFFF_FFFF;

#[derive(Serialize)]
struct Header<'a> {
    version: u32,
    rows: usize,
    layout: &'static str,
    dataframe: bool,
    named: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<InputForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dtype: Option<&'a str>,
    /// Of an array that is no rows of columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<&'a [u64]>,
    columns: Vec<ColumnHeader<'a>>,
    target: Option<TargetHeader<'a>>,
}

#[derive(Serialize)]
struct ColumnHeader<'a> {
    name: &'a str,
    dtype: &'static str,
    offset: usize,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec: Option<&'a serde_json::Value>,
}

#[derive(Serialize)]
struct TargetHeader<'a> {
    names: &'a [String],
    dtype: &'static str,
    columns: usize,
    offset: usize,
    length: usize,
}

/// Inputs of the model's own width, made in the agent from a seed.
pub fn synthetic(seed: u32) -> Vec<u8> {
    with_header(&format!(
        r#"{{"version":1,"rows":{SYNTHETIC_ROWS},"layout":"synthetic","seed":{seed},"dataframe":false,"columns":[],"target":null}}"#
    ))
}

/// No inputs: the artifact is loaded, and that is all.
pub fn none() -> Vec<u8> {
    with_header(r#"{"version":1,"rows":0,"layout":"none","dataframe":false,"columns":[],"target":null}"#)
}

fn with_header(header: &str) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
}

/// Enough rows for a tree's branches to be seen, few enough for the slowest kernel.
const SYNTHETIC_ROWS: usize = 64;

impl Dataset {
    /// The encoded form; the same dataset always gives the same bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let mut shape = None;
        let (layout, dtype, columns) = match &self.features {
            Features::Array { values, shape: Shape::Own(own), .. } => {
                shape = Some(own.as_slice());
                append(&mut payload, values);
                ("array", Some(values.dtype()), Vec::new())
            }
            Features::Array { names, values, shape: Shape::Rows, read_as } => {
                let (offset, length) = append(&mut payload, values);
                let dtype = values.dtype();
                let columns = names.iter().enumerate().map(|(index, name)| {
                    let read_as = read_as.get(index).copied().flatten().map(ReadAs::word);
                    ColumnHeader { name, dtype, offset, length, read_as, spec: None }
                });
                ("array", Some(dtype), columns.collect())
            }
            Features::Table(columns) => {
                ("table", None, columns.iter().map(|column| stored(&mut payload, column)).collect())
            }
            Features::Text(column) => ("text", None, vec![stored(&mut payload, column)]),
            Features::List { items, array } => {
                append_json(&mut payload, items);
                shape = array.as_ref().map(|(_, shape)| shape.as_slice());
                ("list", array.as_ref().map(|(dtype, _)| dtype.as_str()), Vec::new())
            }
        };
        let target = self.target.as_ref().map(|Target { names, values }| {
            let (offset, length) = append(&mut payload, values);
            TargetHeader { names, dtype: values.dtype(), columns: names.len(), offset, length }
        });
        let header = Header {
            version: 2,
            rows: self.rows,
            layout,
            dataframe: self.dataframe,
            named: self.named,
            form: self.form,
            dtype,
            shape,
            columns,
            target,
        };
        // A structure of numbers and texts always serialises.
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let mut bytes = Vec::with_capacity(8 + header.len() + payload.len());
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&payload);
        bytes
    }
}

fn stored<'a>(payload: &mut Vec<u8>, column: &'a Column) -> ColumnHeader<'a> {
    let (offset, length) = append(payload, &column.values);
    let spec = if let Values::Pandas { dtype, .. } = &column.values { Some(dtype) } else { None };
    let read_as = column.read_as.map(ReadAs::word);
    ColumnHeader { name: &column.name, dtype: column.values.dtype(), offset, length, read_as, spec }
}

fn append_json(payload: &mut Vec<u8>, items: &[serde_json::Value]) {
    // Values of JSON always serialise.
    payload.extend(serde_json::to_vec(items).unwrap_or_default());
}

/// Appends values at the next multiple of 8; says where they are and how many bytes they take.
fn append(payload: &mut Vec<u8>, values: &Values) -> (usize, usize) {
    payload.resize(payload.len().next_multiple_of(8), 0);
    let offset = payload.len();
    match values {
        Values::F64(values) => payload.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Values::F32(values) => payload.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Values::I64(values) => payload.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Values::Bool(values) => payload.extend(values.iter().map(|&value| u8::from(value))),
        Values::Gaps(values) => payload.extend(values.iter().map(|value| value.map_or(2, u8::from))),
        Values::Pandas { items, .. } => append_json(payload, items),
        Values::Text(values) => {
            for value in values {
                match value {
                    None => payload.extend_from_slice(&MISSING.to_le_bytes()),
                    // `parse` accepts no text of 4 GiB.
                    Some(text) => {
                        let length = u32::try_from(text.len()).unwrap_or(MISSING - 1);
                        payload.extend_from_slice(&length.to_le_bytes());
                        payload.extend_from_slice(text.as_bytes());
                    }
                }
            }
        }
    }
    (offset, payload.len() - offset)
}
