//! The facts of the map, from recorded runs.

use std::path::{Path, PathBuf};

use super::error::{AppError, Unreadable};
use super::known::{EVENTS, open_run};
use crate::compat::{MapFacts, MeasuredRun};
use crate::judge::{self, JudgeOptions};
use crate::store;
use crate::vocab::Digest;

/// What recorded runs show of estimators; what was measured before of other matrices is kept.
///
/// # Errors
/// When a run cannot be read.
pub fn measure_map(runs: &[PathBuf], reports: &Path, before: &MapFacts) -> Result<MapFacts, AppError> {
    let mut opened = Vec::new();
    for run in runs {
        let (folder, state) = open_run(run, reports)?;
        let path = folder.join(EVENTS);
        let bytes = store::read_input(&path)
            .map_err(|error| AppError::Unreadable { path: path.clone(), why: Unreadable::from(error) })?;
        let record = judge::judge(&state, &JudgeOptions::default());
        let files: Vec<_> = state.file_facts().map(|facts| facts.cloned()).collect();
        opened.push((state, record, files, Digest::of(&bytes)));
    }
    let measured: Vec<MeasuredRun<'_>> = opened
        .iter()
        .map(|(state, record, files, digest)| MeasuredRun {
            record,
            models: &state.header().plan.models,
            files,
            digest: *digest,
        })
        .collect();
    Ok(MapFacts::measure(&measured).joined(before))
}
