//! `results.json`: the record itself, one environment, artifact, cell and finding a line.
//!
//! One cell a line makes two runs comparable with `diff` and keeps the file small; `docs/results.md` says
//! what the fields mean.

use std::io::Write;

use serde::{Deserialize, Serialize};

use super::error::RenderError;
use super::finding_text::FindingText;
use super::reasons;
use super::view::View;
use crate::vocab::{FORMAT_VERSION, Record, legacy};

/// Renders `results.json`.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let record = view.record;
    let mut out = Fields { out, line: Vec::new(), separator: "{\n" };
    out.field("format_version", &record.format_version)?;
    out.field("matrix", &record.matrix)?;
    out.field("run", &record.run)?;
    out.list("environments", &record.environments)?;
    out.told("artifacts", &record.artifacts, |artifact| Reason { reason: reasons::absence(artifact) })?;
    out.told("cells", &record.cells, |cell| Reason { reason: reasons::reason(cell) })?;
    if !record.left_out.is_empty() {
        out.list("left_out", &record.left_out)?;
    }
    out.told("findings", &record.findings, |finding| FindingText::new(record, finding))?;
    out.field("summary", &record.summary)?;
    if !record.promises.is_empty() {
        out.list("promises", &record.promises)?;
    }
    if let Some(score) = &record.score {
        out.field("score", score)?;
    }
    Ok(out.out.write_all(b"\n}\n")?)
}

/// The object that the file is, field by field.
struct Fields<'o> {
    out: &'o mut dyn Write,
    /// What is being written, an item at a time.
    line: Vec<u8>,
    /// What stands before the next field.
    separator: &'static str,
}

impl Fields<'_> {
    fn name(&mut self, name: &str) -> Result<(), RenderError> {
        self.line.clear();
        self.line.extend_from_slice(self.separator.as_bytes());
        self.separator = ",\n";
        serde_json::to_writer(&mut self.line, name)?;
        self.line.extend_from_slice(b": ");
        Ok(self.out.write_all(&self.line)?)
    }

    fn field<T: Serialize>(&mut self, name: &str, value: &T) -> Result<(), RenderError> {
        self.name(name)?;
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)?;
        Ok(self.out.write_all(&self.line)?)
    }

    /// A list with an item a line.
    fn items<T>(
        &mut self,
        name: &str,
        items: &[T],
        item: impl Fn(&mut Vec<u8>, &T) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        self.name(name)?;
        for (index, it) in items.iter().enumerate() {
            self.line.clear();
            self.line.extend_from_slice(if index == 0 { b"[\n  " } else { b",\n  " });
            item(&mut self.line, it)?;
            self.out.write_all(&self.line)?;
        }
        Ok(self.out.write_all(if items.is_empty() { b"[]" } else { b"\n]" })?)
    }

    fn list<T: Serialize>(&mut self, name: &str, items: &[T]) -> Result<(), RenderError> {
        self.items(name, items, |line, item| Ok(serde_json::to_writer(line, item)?))
    }

    /// Items with what people read about each: the fields of both in one object.
    fn told<T: Serialize, W: Serialize>(
        &mut self,
        name: &str,
        items: &[T],
        words: impl Fn(&T) -> W,
    ) -> Result<(), RenderError> {
        self.items(name, items, |line, item| {
            serde_json::to_writer(&mut *line, item)?;
            // Both are objects with fields: the end of the first and the beginning of the second become a comma.
            line.pop();
            let seam = line.len();
            serde_json::to_writer(&mut *line, &words(item))?;
            line[seam] = b',';
            Ok(())
        })
    }
}

/// A cause in words, beside the facts.
#[derive(Serialize)]
struct Reason {
    reason: Option<String>,
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
