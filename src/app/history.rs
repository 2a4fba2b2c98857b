//! What past runs tell.

use std::path::{Path, PathBuf};

use super::error::{AppError, Unreadable};
use super::known::{EVENTS, open_run};
use crate::judge::{self, JudgeOptions};
use crate::notation::glob;
use crate::present::{self, HistoryView};
use crate::store::{History, HistoryError};
use crate::vocab::{EnvName, Record};

/// Which runs are taken in, and what is shown of them.
#[derive(Clone, Debug, Default)]
pub struct HistoryRequest {
    /// Runs to take in; all under `reports` where empty.
    pub runs: Vec<PathBuf>,
    /// Folder of all runs.
    pub reports: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Only these models (globs); all where empty.
    pub models: Vec<String>,
    /// Only these matrices (globs); all where empty.
    pub matrices: Vec<String>,
}

/// What past runs tell.
#[derive(Debug)]
pub struct Told {
    /// One view a matrix.
    pub views: Vec<HistoryView>,
    /// Runs that were taken in now.
    pub added: usize,
    /// Runs that could not be read: one unreadable run must not hide the others.
    pub left_out: Vec<AppError>,
}

impl HistoryRequest {
    /// Takes runs in and tells the history.
    ///
    /// # Errors
    /// When there is no run, or the database cannot be used.
    pub fn tell(&self) -> Result<Told, AppError> {
        let runs = self.found();
        if runs.is_empty() && !self.database.is_file() {
            return Err(AppError::Unreadable { path: self.reports.clone(), why: Unreadable::NoRuns });
        }
        let (records, left_out) = self.records(&runs);
        let told = || -> Result<_, HistoryError> {
            let mut history = History::open(&self.database)?;
            let added = take_in(&mut history, &records)?;
            Ok((self.views(&history)?, added))
        };
        let (views, added) = told().map_err(|why| AppError::History { path: self.database.clone(), why })?;
        if views.is_empty() {
            return Err(AppError::NoHistory);
        }
        Ok(Told { views, added, left_out })
    }

    /// The runs to take in: those that are named, or all that stand in the folder of runs.
    fn found(&self) -> Vec<PathBuf> {
        if !self.runs.is_empty() {
            return self.runs.clone();
        }
        let Ok(entries) = fs_err::read_dir(&self.reports) else { return Vec::new() };
        let has_record = |path: &PathBuf| path.join(EVENTS).is_file();
        let mut folders: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(has_record).collect();
        folders.sort();
        folders
    }

    /// The judged runs in the order of their ends, and why others cannot be read.
    fn records(&self, runs: &[PathBuf]) -> (Vec<Record>, Vec<AppError>) {
        let (mut records, mut left_out) = (Vec::new(), Vec::new());
        for run in runs {
            match open_run(run, &self.reports) {
                Ok((_, state)) => records.push(judge::judge(&state, &JudgeOptions::default())),
                Err(error) => left_out.push(error),
            }
        }
        records.sort_by(|a, b| a.run.finished.cmp(&b.run.finished));
        (records, left_out)
    }

    fn views(&self, history: &History) -> Result<Vec<HistoryView>, HistoryError> {
        let is_asked = |patterns: &[String], name: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, name))
        };
        let mut views = Vec::new();
        for matrix in history.matrices()? {
            if !is_asked(&self.matrices, &matrix) {
                continue;
            }
            let runs = history.runs(&matrix)?;
            let mut cells = history.cells(&matrix)?;
            cells.retain(|cell| is_asked(&self.models, cell.artifact.split('/').next().unwrap_or_default()));
            let packages = |run: i64, name: &EnvName| history.packages(run, name);
            views.push(present::history_view(&matrix, runs, cells, &packages)?);
        }
        // Of matrices without such a model there is nothing to tell, unless no matrix has one.
        if !self.models.is_empty() && views.iter().any(|view| view.cells > 0) {
            views.retain(|view| view.cells > 0);
        }
        Ok(views)
    }
}

/// Takes finished runs in, and says how many were new.
fn take_in(history: &mut History, records: &[Record]) -> Result<usize, HistoryError> {
    let mut added = 0;
    for record in records.iter().filter(|record| !record.run.interrupted) {
        let words = |index: usize| record.cells.get(index).map(present::trouble).unwrap_or_default();
        added += usize::from(history.add(record, &words)?);
    }
    Ok(added)
}

/// Writes the page of a history.
///
/// # Errors
/// When it cannot be written.
pub fn write_history(page: &Path, views: &[HistoryView]) -> Result<(), AppError> {
    Ok(present::write_file(page, &present::history_html(views))?)
}
