//! Layer 1: datasets, from the bytes of a file to the bytes that the agent reads.
//!
//! [`parse`] reads CSV, Parquet and `.npy`; [`Dataset::encode`] writes one layout that Python reads with `struct` and
//! `numpy.frombuffer` alone. Numbers are parsed here, once: every environment gets the same bits.
//!
//! Architecture Invariant: bytes in, values out; no path is opened here.

mod columns;
mod csv;
mod encode;
mod error;
mod fields;
mod layout;
mod npy;
mod parquet;
mod stored;

pub use columns::{Column, Dataset, Features, ReadAs, Shape, Target, Values};
pub use encode::{none, rows, synthetic};
pub use error::DatasetError;
pub(crate) use layout::features;

use crate::matrix::DatasetSpec;
use crate::vocab::Digest;

/// Reads a dataset from the bytes of its file, and of its target's where that is another `.npy`.
///
/// # Errors
/// What is wrong with the data, where in the file, and what to write instead.
pub fn parse(spec: &DatasetSpec, bytes: &[u8], target_bytes: Option<&[u8]>) -> Result<Dataset, DatasetError> {
    if let Some(expected) = spec.digest {
        let found = Digest::of(bytes);
        if found != expected {
            return Err(DatasetError::of_file(
                spec,
                format!("the file does not match its declared digest: found {found}, declared {expected}"),
                format!(
                    "get the original file back, or write `digest = \"{found}\"` if the change is intended"
                ),
            ));
        }
    }
    if bytes.is_empty() {
        return Err(DatasetError::of_file(spec, "the file is empty", "write a header line and rows of data"));
    }
    let extension = spec.path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("npy") => npy::parse(spec, bytes, target_bytes),
        Some("parquet") => parquet::parse(spec, bytes),
        _ => csv::parse(spec, bytes),
    }
}
