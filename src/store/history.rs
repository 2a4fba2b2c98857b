//! The history of runs: a small SQLite database beside the reports.
//!
//! Of a run it keeps the locks of its environments, and of its cells only what changed since the run before: a cell
//! that works for a year is one row.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::vocab::{EnvName, Record, Verdict};

/// Raised with every change of the tables; a database of another version is refused, never altered.
const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY, matrix TEXT NOT NULL, name TEXT NOT NULL, started TEXT NOT NULL, finished TEXT NOT NULL,
    UNIQUE (matrix, name, finished));
CREATE TABLE IF NOT EXISTS locks (digest TEXT PRIMARY KEY, packages TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS environments (
    run INTEGER NOT NULL, name TEXT NOT NULL, lock TEXT, PRIMARY KEY (run, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS changes (
    matrix TEXT NOT NULL, artifact TEXT NOT NULL, producer TEXT NOT NULL, consumer TEXT NOT NULL, run INTEGER NOT NULL,
    verdict TEXT NOT NULL, words TEXT NOT NULL,
    PRIMARY KEY (matrix, artifact, consumer, run)) WITHOUT ROWID;
";

/// The database.
pub struct History {
    connection: Connection,
}

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// SQLite's own reason.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Another version made it.
    #[error("it has version {0}, and this shelflife reads version {VERSION}: move it aside")]
    Version(i64),
}

/// A run as the history knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// Its number, ascending.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// RFC 3339 time of its end.
    pub finished: String,
}

/// A verdict that differs from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The run.
    pub run: i64,
    /// The verdict since then.
    pub verdict: Verdict,
    /// What was wrong, in a line.
    pub words: String,
}

/// A cell with all its changes, in order of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCell {
    /// `model/format/producer`.
    pub artifact: String,
    /// Who wrote it.
    pub producer: EnvName,
    /// Who read it.
    pub consumer: EnvName,
    /// Its changes.
    pub changes: Vec<Change>,
}

impl History {
    /// Opens the database, which is made where it does not exist.
    ///
    /// # Errors
    /// When it cannot be opened, or is of another version.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        Self::of(Connection::open(path)?)
    }

    fn of(connection: Connection) -> Result<Self, HistoryError> {
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != 0 && version != VERSION {
            return Err(HistoryError::Version(version));
        }
        connection.execute_batch(TABLES)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        Ok(Self { connection })
    }

    /// Takes a finished run in; false where it is known already, or is older than what is known of its matrix. `words` says
    /// in a line what is wrong with each cell.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add(&mut self, record: &Record, words: &dyn Fn(usize) -> String) -> Result<bool, HistoryError> {
        let Some(finished) = &record.run.finished else { return Ok(false) };
        let matrix = record.matrix.name.as_str();
        let write = self.connection.transaction()?;
        let newer: Option<i64> = write
            .query_row(
                "SELECT id FROM runs WHERE matrix = ?1 AND finished >= ?2",
                params![matrix, finished],
                |row| row.get(0),
            )
            .optional()?;
        if newer.is_some() {
            return Ok(false);
        }
        write.execute(
            "INSERT INTO runs (matrix, name, started, finished) VALUES (?1, ?2, ?3, ?4)",
            params![matrix, record.run.name, record.run.started, finished],
        )?;
        let run = write.last_insert_rowid();
        for environment in &record.environments {
            let lock = environment.lock.map(|digest| digest.to_string());
            if let Some(digest) = &lock {
                let mut packages = environment.packages.clone();
                packages.insert("python".to_owned(), environment.python.clone());
                // A map of texts always serialises.
                let packages = serde_json::to_string(&packages).unwrap_or_default();
                write.execute("INSERT OR IGNORE INTO locks VALUES (?1, ?2)", params![digest, packages])?;
            }
            write.execute(
                "INSERT INTO environments VALUES (?1, ?2, ?3)",
                params![run, environment.name.as_str(), lock],
            )?;
        }
        {
            let mut last = write.prepare(
                "SELECT verdict FROM changes WHERE matrix = ?1 AND artifact = ?2 AND consumer = ?3 ORDER BY run DESC LIMIT 1",
            )?;
            let mut insert = write.prepare("INSERT INTO changes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
            for (index, cell) in record.cells.iter().enumerate() {
                // Bit-equality comes and goes with the machine.
                let verdict = if cell.verdict.works() { Verdict::Identical } else { cell.verdict };
                let known: Option<String> = last
                    .query_row(params![matrix, cell.artifact, cell.consumer.as_str()], |row| row.get(0))
                    .optional()?;
                if known.as_deref() != Some(verdict.as_str()) {
                    let words = if verdict.works() { String::new() } else { words(index) };
                    insert.execute(params![
                        matrix,
                        cell.artifact,
                        cell.producer.as_str(),
                        cell.consumer.as_str(),
                        run,
                        verdict.as_str(),
                        words
                    ])?;
                }
            }
        }
        write.commit()?;
        Ok(true)
    }

    /// The matrices of which there are runs.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn matrices(&self) -> Result<Vec<String>, HistoryError> {
        let mut query = self.connection.prepare("SELECT DISTINCT matrix FROM runs ORDER BY matrix")?;
        let rows = query.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The runs of a matrix, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn runs(&self, matrix: &str) -> Result<Vec<PastRun>, HistoryError> {
        let mut query = self
            .connection
            .prepare("SELECT id, name, finished FROM runs WHERE matrix = ?1 ORDER BY finished, id")?;
        let rows = query.query_map([matrix], |row| {
            Ok(PastRun { id: row.get(0)?, name: row.get(1)?, finished: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The cells of a matrix with their changes.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cells(&self, matrix: &str) -> Result<Vec<PastCell>, HistoryError> {
        let mut query = self.connection.prepare(
            "SELECT artifact, producer, consumer, run, verdict, words FROM changes WHERE matrix = ?1 \
             ORDER BY artifact, consumer, run",
        )?;
        let mut rows = query.query([matrix])?;
        let mut cells: Vec<PastCell> = Vec::new();
        while let Some(row) = rows.next()? {
            let (artifact, producer): (String, String) = (row.get(0)?, row.get(1)?);
            let consumer: String = row.get(2)?;
            let verdict: String = row.get(4)?;
            // A word of a later version counts as no verdict.
            let verdict = verdict.parse().unwrap_or(Verdict::EnvError);
            let change = Change { run: row.get(3)?, verdict, words: row.get(5)? };
            match cells.last_mut() {
                Some(last) if last.artifact == artifact && last.consumer.as_str() == consumer => {
                    last.changes.push(change);
                }
                _ => cells.push(PastCell {
                    artifact,
                    producer: producer.into(),
                    consumer: consumer.into(),
                    changes: vec![change],
                }),
            }
        }
        Ok(cells)
    }

    /// What an environment resolved to in a run, `python` among the packages; `None` where it could not be made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn packages(
        &self,
        run: i64,
        environment: &EnvName,
    ) -> Result<Option<BTreeMap<String, String>>, HistoryError> {
        let text: Option<String> = self
            .connection
            .query_row(
                "SELECT packages FROM environments JOIN locks ON lock = digest WHERE run = ?1 AND name = ?2",
                params![run, environment.as_str()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
