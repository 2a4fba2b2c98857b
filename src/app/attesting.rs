//! Statements about runs: made for signing, checked against the record and the files, and tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::{AppError, Unreadable};
use super::known::{EVENTS, open_run};
use super::request::RunRequest;
use super::session::Session;
use crate::inspect;
use crate::judge::{self, Discrepancy, JudgeOptions, Repetition};
use crate::store;
use crate::vocab::{Digest, Record, Statement};

/// A record with what a statement says of it.
#[derive(Debug)]
pub struct Attested {
    /// The folder of the run.
    pub folder: PathBuf,
    /// As it was judged.
    pub record: Record,
    /// What it comes to.
    pub statement: Statement,
    /// Files that were given and are none of its artifacts.
    pub strangers: Vec<PathBuf>,
}

/// The statement of a run. The SHA-256 of its artifacts is told of those whose files are given.
///
/// # Errors
/// When the run or a file cannot be read.
pub fn attest(run: &Path, reports: &Path, files: &[PathBuf]) -> Result<Attested, AppError> {
    let (folder, state) = open_run(run, reports)?;
    let path = folder.join(EVENTS);
    let bytes = store::read_input(&path).map_err(unreadable(&path))?;
    let record = judge::judge(&state, &JudgeOptions::default());
    let known: BTreeSet<Digest> = record.artifacts.iter().filter_map(|artifact| artifact.digest).collect();
    let mut at_hand = BTreeMap::new();
    let mut strangers = Vec::new();
    for file in files {
        let opened = store::open_input(file).map_err(unreadable(file))?;
        let found = inspect::digests(opened, true).map_err(unreadable(file))?;
        match found.sha256.filter(|_| known.contains(&found.blake3)) {
            Some(sha256) => drop(at_hand.insert(found.blake3, sha256)),
            None => strangers.push(file.clone()),
        }
    }
    let statement = judge::statement(&record, Digest::of(&bytes), |digest| at_hand.get(digest).cloned());
    Ok(Attested { folder, record, statement, strangers })
}

/// What a statement says otherwise than the record and the files; nothing where it is theirs.
///
/// # Errors
/// When it cannot be read.
pub fn mismatches(statement: &Path, attested: &Attested) -> Result<BTreeSet<Discrepancy>, AppError> {
    let bytes = store::read_input(statement).map_err(unreadable(statement))?;
    let strangers = attested.strangers.iter();
    let mut found: BTreeSet<Discrepancy> =
        strangers.map(|path| Discrepancy::File { path: path.display().to_string() }).collect();
    match serde_json::from_slice::<Statement>(&bytes) {
        Ok(said) => found.extend(judge::mismatches(&said, &attested.statement)),
        Err(_) => drop(found.insert(Discrepancy::Form)),
    }
    Ok(found)
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> AppError {
    let path = path.to_owned();
    move |error| AppError::Unreadable { path, why: Unreadable::from(error) }
}

impl Session<'_> {
    /// Runs a matrix and says which cells of a record came out alike.
    ///
    /// # Errors
    /// When it cannot be started, or not recorded.
    pub fn repeat(&mut self, record: &Record, request: &RunRequest) -> Result<Repetition, AppError> {
        let outcome = self.run(request)?;
        Ok(judge::repeated(record, &outcome.record))
    }
}
