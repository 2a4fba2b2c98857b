//! `results.json`: the record itself, one environment, artifact, cell and finding a line.
//!
//! One cell a line makes two runs comparable with `diff` and keeps the file small; `docs/results.md` says
//! what the fields mean.

use serde::{Deserialize, Serialize};

use super::error::RenderError;
use super::finding_text::FindingText;
use super::reasons;
use super::view::View;
use crate::vocab::{FORMAT_VERSION, Record, legacy};

/// Renders `results.json`.
pub fn render(view: &View<'_>) -> Result<Vec<u8>, RenderError> {
    let record = view.record;
    // A cell is 500 to 900 bytes long; one allocation that is about right saves the copies.
    let mut out = Vec::with_capacity(4096 + record.cells.len() * 800);
    out.extend_from_slice(b"{\n");
    field(&mut out, "format_version", &record.format_version)?;
    field(&mut out, "matrix", &record.matrix)?;
    field(&mut out, "run", &record.run)?;
    list(&mut out, "environments", &record.environments)?;
    told(&mut out, "artifacts", &record.artifacts, |artifact| Reason { reason: reasons::absence(artifact) })?;
    told(&mut out, "cells", &record.cells, |cell| Reason { reason: reasons::reason(cell) })?;
    if !record.left_out.is_empty() {
        list(&mut out, "left_out", &record.left_out)?;
    }
    told(&mut out, "findings", &record.findings, |finding| FindingText::new(record, finding))?;
    field(&mut out, "summary", &record.summary)?;
    if !record.promises.is_empty() {
        list(&mut out, "promises", &record.promises)?;
    }
    if let Some(score) = &record.score {
        field(&mut out, "score", score)?;
    }
    out.truncate(out.len() - 2);
    out.extend_from_slice(b"\n}\n");
    Ok(out)
}

fn field<T: Serialize>(out: &mut Vec<u8>, name: &str, value: &T) -> Result<(), RenderError> {
    serde_json::to_writer(&mut *out, name)?;
    out.extend_from_slice(b": ");
    serde_json::to_writer(&mut *out, value)?;
    out.extend_from_slice(b",\n");
    Ok(())
}

fn list<T: Serialize>(out: &mut Vec<u8>, name: &str, items: &[T]) -> Result<(), RenderError> {
    serde_json::to_writer(&mut *out, name)?;
    out.extend_from_slice(b": [");
    for (index, item) in items.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n  " } else { b",\n  " });
        serde_json::to_writer(&mut *out, item)?;
    }
    out.extend_from_slice(if items.is_empty() { b"],\n" } else { b"\n],\n" });
    Ok(())
}

/// A cause in words, beside the facts.
#[derive(Serialize)]
struct Reason {
    reason: Option<String>,
}

/// Items with what people read about each: the fields of both in one object.
fn told<T: Serialize, W: Serialize>(
    out: &mut Vec<u8>,
    name: &str,
    items: &[T],
    words: impl Fn(&T) -> W,
) -> Result<(), RenderError> {
    serde_json::to_writer(&mut *out, name)?;
    out.extend_from_slice(b": [");
    for (index, item) in items.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\n  " } else { b",\n  " });
        serde_json::to_writer(&mut *out, item)?;
        // Both are objects with fields: the end of the first and the beginning of the second become a comma.
        out.pop();
        let seam = out.len();
        serde_json::to_writer(&mut *out, &words(item))?;
        out[seam] = b',';
    }
    out.extend_from_slice(if items.is_empty() { b"],\n" } else { b"\n],\n" });
    Ok(())
}

/// A `results.json` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadRecordError {
    /// Not JSON, or not of this shape.
    #[error("not a results.json that shelflife wrote: {0}")]
    Shape(#[from] serde_json::Error),
    /// Written by a newer shelflife.
    #[error(
        "has format version {found}, and this shelflife reads up to {FORMAT_VERSION}: use a newer shelflife"
    )]
    Newer {
        /// The version of the file.
        found: u32,
    },
}

/// Reads a `results.json`, for example as a baseline. Locks are not in it.
pub fn read(bytes: &[u8]) -> Result<Record, ReadRecordError> {
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    // The version first: a newer file may differ in everything else.
    let Version { format_version: found } = serde_json::from_slice(bytes)?;
    if found > FORMAT_VERSION {
        return Err(ReadRecordError::Newer { found });
    }
    if found == 1 {
        let mut value: serde_json::Value = serde_json::from_slice(bytes)?;
        legacy::upgrade_results(&mut value);
        return Ok(serde_json::from_value(value)?);
    }
    Ok(serde_json::from_slice(bytes)?)
}
