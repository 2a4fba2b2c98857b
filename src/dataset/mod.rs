//! Layer 1: datasets, from the bytes of a file to the bytes that the agent reads.
//!
//! A CSV file is parsed here, once, so that every environment computes on the same bits whatever its pandas or
//! numpy would make of the text.

mod csv;
mod encode;
mod npy;

use crate::matrix::DatasetSpec;
use crate::vocab::Digest;

/// A parsed dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Number of rows.
    pub rows: usize,
    /// The features, column by column.
    pub columns: Vec<Column>,
    /// The target columns; none for unsupervised data. All have the same kind of values.
    pub target: Vec<Column>,
    /// Whether X is handed over as a pandas DataFrame.
    pub dataframe: bool,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values, one a row.
    pub values: Values,
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// numpy's float64; missing ones are NaN.
    Float64(Vec<f64>),
    /// numpy's float32; missing ones are NaN.
    Float32(Vec<f32>),
    /// numpy's int64.
    Int64(Vec<i64>),
    /// numpy's bool.
    Bool(Vec<bool>),
    /// Text; missing ones are `None`.
    Text(Vec<Option<String>>),
}

impl Values {
    /// The name of the dtype in the encoded header.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::Float64(_) => "float64",
            Self::Float32(_) => "float32",
            Self::Int64(_) => "int64",
            Self::Bool(_) => "bool",
            Self::Text(_) => "text",
        }
    }
}

/// Why a dataset cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// The file is not the declared one.
    #[error(
        "{file} has the digest {found}, but the matrix declares {declared}: restore the file, or change `digest`"
    )]
    Digest {
        /// The file.
        file: String,
        /// Declared digest.
        declared: Digest,
        /// Digest of the bytes.
        found: Digest,
    },
    /// Something is wrong at a place.
    #[error("{file}{}: {what}", place(.line))]
    At {
        /// The file.
        file: String,
        /// Line, counted from 1, where there is one.
        line: Option<u64>,
        /// What is wrong and what to do.
        what: String,
    },
}

fn place(line: &Option<u64>) -> String {
    line.map_or_else(String::new, |line| format!(", line {line}"))
}

/// Whether a dataset's file is numpy's rather than CSV.
pub fn is_npy(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Parses the bytes of a dataset's file (`.npy`, else CSV). `target_bytes` are those of the second file that an
/// `.npy` dataset may name as its target.
///
/// # Errors
/// When the bytes are not the declared ones or not a table of that kind.
pub fn parse(spec: &DatasetSpec, bytes: &[u8], target_bytes: Option<&[u8]>) -> Result<Dataset, DatasetError> {
    let file = spec.path.display().to_string();
    if let Some(declared) = spec.digest {
        let found = Digest::of(bytes);
        if found != declared {
            return Err(DatasetError::Digest { file, declared, found });
        }
    }
    let is_npy = is_npy(&spec.path);
    let at = |line: Option<u64>, what: String| DatasetError::At { file: file.clone(), line, what };
    if is_npy {
        npy::parse(spec, bytes, target_bytes).map_err(|what| at(None, what))
    } else {
        csv::parse(spec, bytes).map_err(|(line, what)| at(line, what))
    }
}

#[cfg(test)]
mod tests;
