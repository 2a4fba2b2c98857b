//! The bytes that the agent reads: a `u64` header length, a JSON header, and a payload in which every part begins at a
//! multiple of 8 bytes. Everything is little-endian.

use serde_json::{Value, json};

use super::{Column, Dataset, Values};

/// Length prefix of a missing text.
const MISSING: u32 = u32::MAX;

impl Dataset {
    /// The dataset as the agent reads it.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let (layout, dtype) = self.layout();
        let columns: Vec<Value> = if layout == "array" {
            self.rows_of(&self.columns, &mut payload);
            self.columns.iter().map(|column| json!({ "name": column.name, "dtype": dtype })).collect()
        } else {
            self.columns
                .iter()
                .map(|column| {
                    let (offset, length) = append(&column.values, &mut payload);
                    json!({
                        "name": column.name, "dtype": column.values.dtype(), "offset": offset, "length": length,
                    })
                })
                .collect()
        };
        let target = self.target.first().map(|first| {
            let dtype = match &first.values {
                Values::Bool(_) => "int64",
                values => values.dtype(),
            };
            align(&mut payload);
            let offset = payload.len();
            self.rows_of(&self.target, &mut payload);
            let names: Vec<_> = self.target.iter().map(|column| &column.name).collect();
            json!({
                "names": names, "dtype": dtype, "columns": self.target.len(),
                "offset": offset, "length": payload.len() - offset,
            })
        });
        let header = json!({
            "version": 1, "rows": self.rows, "layout": layout, "dataframe": self.dataframe, "dtype": dtype,
            "columns": columns, "target": target,
        });
        let header = header.to_string();
        let mut bytes = Vec::with_capacity(8 + header.len() + payload.len());
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&payload);
        bytes
    }

    /// How the features are laid out: one matrix of numbers, one column of text, or column by column.
    fn layout(&self) -> (&'static str, &'static str) {
        let Some(first) = self.columns.first() else { return ("table", "text") };
        let dtype = first.values.dtype();
        let same = self.columns.iter().all(|column| column.values.dtype() == dtype);
        match dtype {
            "text" if self.columns.len() == 1 && !self.dataframe => ("text", dtype),
            "float64" | "float32" | "int64" if same => ("array", dtype),
            _ => ("table", dtype),
        }
    }

    /// Appends columns of one dtype row by row.
    fn rows_of(&self, columns: &[Column], payload: &mut Vec<u8>) {
        for row in 0..self.rows {
            for column in columns {
                match &column.values {
                    Values::Float64(values) => payload.extend_from_slice(&values[row].to_le_bytes()),
                    Values::Float32(values) => payload.extend_from_slice(&values[row].to_le_bytes()),
                    Values::Int64(values) => payload.extend_from_slice(&values[row].to_le_bytes()),
                    Values::Bool(values) => payload.extend_from_slice(&i64::from(values[row]).to_le_bytes()),
                    Values::Text(values) => append_text(values[row].as_deref(), payload),
                }
            }
        }
    }
}

fn align(payload: &mut Vec<u8>) {
    payload.resize(payload.len().next_multiple_of(8), 0);
}

fn append(values: &Values, payload: &mut Vec<u8>) -> (usize, usize) {
    align(payload);
    let offset = payload.len();
    match values {
        Values::Float64(values) => values.iter().for_each(|v| payload.extend_from_slice(&v.to_le_bytes())),
        Values::Float32(values) => values.iter().for_each(|v| payload.extend_from_slice(&v.to_le_bytes())),
        Values::Int64(values) => values.iter().for_each(|v| payload.extend_from_slice(&v.to_le_bytes())),
        Values::Bool(values) => values.iter().for_each(|v| payload.push(u8::from(*v))),
        Values::Text(values) => values.iter().for_each(|v| append_text(v.as_deref(), payload)),
    }
    (offset, payload.len() - offset)
}

fn append_text(text: Option<&str>, payload: &mut Vec<u8>) {
    match text {
        // A text of 4 GiB would not have been read into memory as a CSV cell.
        Some(text) => {
            payload.extend_from_slice(&(text.len() as u32).to_le_bytes());
            payload.extend_from_slice(text.as_bytes());
        }
        None => payload.extend_from_slice(&MISSING.to_le_bytes()),
    }
}
