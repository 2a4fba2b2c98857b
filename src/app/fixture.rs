//! A file system in memory and judged cells, for tests.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::artifact::{Files, Kind};
use crate::vocab::{Cause, CellRecord, Digest, Reached, Record, Verdict};

/// Files by path; folders are what paths go through.
pub(super) struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec())).collect())
    }

    pub(super) fn with(mut self, path: &str, bytes: &[u8]) -> Self {
        self.0.insert(path.into(), bytes.to_vec());
        self
    }
}

impl Files for Memory {
    fn kind(&self, path: &Path) -> Kind {
        if self.0.contains_key(path) {
            Kind::File
        } else if self.0.keys().any(|known| known.starts_with(path)) {
            Kind::Folder
        } else {
            Kind::Missing
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let below = self.0.keys().flat_map(|path| path.ancestors());
        let entries: BTreeSet<&Path> = below.filter(|path| path.parent() == Some(folder)).collect();
        Ok(entries.into_iter().map(Path::to_owned).collect())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// A sound pickle of nothing: the opcodes of `None`.
pub(super) const PICKLE: &[u8] = b"\x80\x04N.";

/// A cell of the artifact `a/pickle/old` in an environment.
pub(super) fn cell(consumer: &str, reached: Reached, cause: &Cause) -> CellRecord {
    let cell = json!({
        "artifact": "a/pickle/old", "model": "a", "format": "pickle", "producer": "old", "consumer": consumer,
        "verdict": Verdict::of(reached, cause), "stage": "value", "reached": reached, "cause": cause, "reused": false,
    });
    serde_json::from_value(cell).unwrap()
}

/// A survey that found these cells.
pub(super) fn record(cells: &[CellRecord]) -> Record {
    let record = json!({
        "format_version": 2,
        "matrix": { "name": "m", "plan_digest": Digest::of(b"m"), "models": {} },
        "run": {
            "name": "m", "started": "", "seconds": 0.0, "shelflife": "", "jobs": 1, "executed": 0, "reused": 0,
            "interrupted": false, "judged": false,
        },
        "environments": [], "artifacts": [], "cells": cells, "findings": [],
        "summary": { "cells": cells.len(), "verdicts": {}, "statuses": {} },
    });
    serde_json::from_value(record).unwrap()
}
