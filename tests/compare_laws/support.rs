//! Outputs made from values, and the comparison of two of them.

use std::sync::Arc;

use shelflife::compare::{Blobs, compare_cell, compare_output};
use shelflife::vocab::{ByOutput, Digest, Encoding, OutputComparison, OutputKind, OutputRef, Tolerance};

/// An output with its bytes.
#[derive(Clone, Debug)]
pub struct Output {
    pub reference: OutputRef,
    pub bytes: Vec<u8>,
}

impl Output {
    pub fn new(encoding: Encoding, dtype: &str, shape: &[u64], bytes: Vec<u8>) -> Self {
        let (digest, kind) = (Digest::of(&bytes), OutputKind::Continuous);
        let reference = OutputRef { digest, encoding, kind, dtype: dtype.to_owned(), shape: shape.to_vec() };
        Self { reference, bytes }
    }

    pub fn labels(mut self) -> Self {
        self.reference.kind = OutputKind::Label;
        self
    }

    pub fn shaped(mut self, shape: &[u64]) -> Self {
        self.reference.shape = shape.to_vec();
        self
    }

    pub fn dtype(mut self, dtype: &str) -> Self {
        self.reference.dtype = dtype.to_owned();
        self
    }
}

fn line(length: usize) -> [u64; 1] {
    [length as u64]
}

pub fn f64s(values: &[f64]) -> Output {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Output::new(Encoding::F64, "float64", &line(values.len()), bytes)
}

pub fn f32s(values: &[f32]) -> Output {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Output::new(Encoding::F32, "float32", &line(values.len()), bytes)
}

pub fn i64s(values: &[i64]) -> Output {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Output::new(Encoding::I64, "int64", &line(values.len()), bytes)
}

pub fn u64s(values: &[u64]) -> Output {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    Output::new(Encoding::U64, "uint64", &line(values.len()), bytes)
}

pub fn bools(values: &[bool]) -> Output {
    let bytes = values.iter().map(|value| u8::from(*value)).collect();
    Output::new(Encoding::Bool, "bool", &line(values.len()), bytes)
}

/// Tagged texts.
pub fn texts<S: AsRef<str>>(values: &[S]) -> Output {
    let mut bytes = Vec::new();
    for value in values {
        let value = value.as_ref();
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend(value.as_bytes());
    }
    Output::new(Encoding::Text, "object", &line(values.len()), bytes)
}

/// Text of a float in an object array.
pub fn float_text(value: f64) -> String {
    format!("f:{:016x}", value.to_bits())
}

/// Sparse rows of a dense matrix; zeros with a set sign are stored.
pub fn csr(rows: &[Vec<f64>], columns: usize) -> Output {
    let (mut pointers, mut indices, mut values) = (vec![0_u64], Vec::<u64>::new(), Vec::<f64>::new());
    for row in rows {
        for (column, value) in row.iter().enumerate().filter(|(_, value)| value.to_bits() != 0) {
            indices.push(column as u64);
            values.push(*value);
        }
        pointers.push(values.len() as u64);
    }
    let header = [rows.len() as u64, columns as u64, values.len() as u64];
    let words = header.into_iter().chain(pointers).chain(indices);
    let bytes = words.flat_map(u64::to_le_bytes).chain(values.iter().flat_map(|v| v.to_le_bytes())).collect();
    Output::new(Encoding::Csr, "float64", &[rows.len() as u64, columns as u64], bytes)
}

/// With the default float64 tolerance.
pub fn compare(reference: &Output, observed: &Output) -> OutputComparison {
    compare_with(reference, observed, Tolerance::FLOAT64)
}

pub fn compare_with(reference: &Output, observed: &Output, tolerance: Tolerance) -> OutputComparison {
    compare_output(
        (&reference.reference, &reference.bytes),
        (&observed.reference, &observed.bytes),
        tolerance,
    )
}

/// Named outputs of one side.
pub type Side<'a> = &'a [(&'a str, Output)];

pub fn refs(side: Side<'_>) -> ByOutput<OutputRef> {
    side.iter().map(|(name, output)| ((*name).to_owned(), output.reference.clone())).collect()
}

pub fn blobs(sides: &[Side<'_>]) -> Blobs {
    let outputs = sides.iter().flat_map(|side| side.iter());
    outputs.map(|(_, output)| (output.reference.digest, Arc::from(&output.bytes[..]))).collect()
}

/// Compares all outputs with the default tolerances.
pub fn cell(reference: Side<'_>, observed: Side<'_>) -> ByOutput<OutputComparison> {
    let tolerance = |_: &str, float32| if float32 { Tolerance::FLOAT32 } else { Tolerance::FLOAT64 };
    compare_cell(&refs(reference), &refs(observed), &blobs(&[reference, observed]), &tolerance)
}
