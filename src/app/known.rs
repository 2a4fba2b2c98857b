//! What is known from before: a baseline, the results of a run, or its record. What it is, its bytes say.

use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use super::error::{AppError, Unreadable};
use crate::judge::{self, Baseline, JudgeOptions, Known, is_baseline, read_baseline};
use crate::present::{ReadEventsError, json, read_events};
use crate::state::{Replay, RunState};
use crate::store;
use crate::vocab::Record;

/// Name of the record in the folder of a run.
pub const EVENTS: &str = "events.jsonl";

/// What is known from before.
#[derive(Debug)]
pub enum Opened {
    /// What somebody has accepted.
    Accepted(Known),
    /// The results of a run (`results.json`), as they were judged.
    Judged(Box<Record>),
    /// The record of a run (`events.jsonl`), which can be judged again.
    Recorded(Box<RunState>),
}

impl Opened {
    /// What it holds a later run to.
    pub fn baseline(&self) -> Baseline {
        match self {
            Self::Accepted(known) => Baseline::default().accepting(known),
            Self::Judged(record) => Baseline::of(record),
            Self::Recorded(state) => Baseline::of(&judge::judge(state, &JudgeOptions::default())),
        }
    }
}

/// What the bytes of a file hold.
///
/// # Errors
/// When they are nothing that shelflife writes, damaged, or of a later version.
pub fn parse(bytes: &[u8]) -> Result<Opened, Unreadable> {
    if is_baseline(bytes) {
        return Ok(Opened::Accepted(read_baseline(bytes)?));
    }
    if is_events(bytes) {
        return recorded(bytes);
    }
    match bytes.trim_ascii_start().first() {
        None => Err(Unreadable::Empty),
        Some(b'{') => Ok(Opened::Judged(Box::new(json::read(bytes)?))),
        Some(_) => Err(Unreadable::Unknown),
    }
}

/// Whether bytes look like a record of events: each is a line that begins with its kind.
fn is_events(bytes: &[u8]) -> bool {
    bytes
        .trim_ascii_start()
        .strip_prefix(b"{")
        .is_some_and(|rest| rest.trim_ascii_start().starts_with(b"\"event\""))
}

fn recorded(source: impl Read) -> Result<Opened, Unreadable> {
    Ok(Opened::Recorded(Box::new(replayed(source)?)))
}

/// A record, as it comes: a large one is never in memory as a whole.
fn replayed(source: impl Read) -> Result<RunState, Unreadable> {
    let mut replay = Replay::default();
    let mut is_empty = true;
    read_events(source, |event| {
        is_empty = false;
        replay.take(event);
    })
    .map_err(|error| match error {
        ReadEventsError::Io(error) => Unreadable::Io(error),
        ReadEventsError::Log(error) => Unreadable::Events(error),
    })?;
    if is_empty { Err(Unreadable::Empty) } else { Ok(replay.finish()?) }
}

/// What a file holds.
fn opened(path: &Path) -> Result<Opened, Unreadable> {
    let mut source = BufReader::new(store::open_input(path)?);
    if is_events(source.fill_buf()?) {
        return recorded(source);
    }
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    parse(&bytes)
}

/// Opens what was given: a file of any of the three kinds, the folder of a run, or the name of a run under `reports`.
///
/// # Errors
/// When it cannot be read.
pub fn open(given: &Path, reports: &Path) -> Result<Opened, AppError> {
    if given.is_file() {
        return opened(given).map_err(unreadable(given));
    }
    let path = run_folder(given, reports).join(EVENTS);
    Ok(Opened::Recorded(Box::new(read(&path).map_err(unreadable(&path))?)))
}

/// Opens the record of a run: its events, its results with the events beside them, its folder, or its name. Returns the
/// folder as well.
///
/// # Errors
/// When it cannot be read, or is no run.
pub fn open_run(given: &Path, reports: &Path) -> Result<(PathBuf, RunState), AppError> {
    let folder = run_folder(given, reports);
    let state = match open(given, reports)? {
        Opened::Recorded(state) => *state,
        Opened::Judged(_) => {
            let path = folder.join(EVENTS);
            read(&path).map_err(unreadable(&path))?
        }
        Opened::Accepted(_) => return Err(unreadable(given)(Unreadable::IsBaseline)),
    };
    Ok((folder, state))
}

/// Opens a run as it was judged, or judges its record as a survey.
///
/// # Errors
/// When it cannot be read, or is no run.
pub fn open_record(given: &Path, reports: &Path) -> Result<Record, AppError> {
    match open(given, reports)? {
        Opened::Recorded(state) => Ok(judge::judge(&state, &JudgeOptions::default())),
        Opened::Judged(record) => Ok(*record),
        Opened::Accepted(_) => Err(unreadable(given)(Unreadable::IsBaseline)),
    }
}

/// Opens what somebody has accepted.
///
/// # Errors
/// When it cannot be read, or is a run.
pub fn open_accepted(given: &Path) -> Result<Known, AppError> {
    let accepted = opened(given).and_then(|opened| match opened {
        Opened::Accepted(known) => Ok(known),
        Opened::Recorded(_) | Opened::Judged(_) => Err(Unreadable::IsRun),
    });
    accepted.map_err(|why| AppError::NoBaseline { path: given.to_owned(), why })
}

/// The folder of a run that was given by name, folder, or a file in it.
fn run_folder(given: &Path, reports: &Path) -> PathBuf {
    if given.is_file() {
        let folder = given.parent().filter(|folder| !folder.as_os_str().is_empty());
        return folder.unwrap_or(Path::new(".")).to_owned();
    }
    if given.join(EVENTS).is_file() { given.to_owned() } else { reports.join(given) }
}

/// The record in a file.
fn read(path: &Path) -> Result<RunState, Unreadable> {
    replayed(store::open_input(path)?)
}

fn unreadable(path: &Path) -> impl FnOnce(Unreadable) -> AppError {
    let path = path.to_owned();
    move |why| AppError::Unreadable { path, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_say_what_they_are() {
        let baseline = br#"{"shelflife_baseline": 1, "artifacts": {}}"#;
        assert!(matches!(parse(baseline), Ok(Opened::Accepted(_))));
        assert!(matches!(parse(b" \n"), Err(Unreadable::Empty)));
        assert!(matches!(parse(b"PK\x03\x04"), Err(Unreadable::Unknown)));
        assert!(matches!(parse(br#"{"format_version": 99}"#), Err(Unreadable::Results(_))));
        assert!(matches!(parse(br#"{"a": 1}"#), Err(Unreadable::Results(_))));
        // A torn line is no line, and what is torn at once is empty.
        assert!(matches!(parse(br#"{"event": "run-star"#), Err(Unreadable::Empty)));
        assert!(matches!(parse(b"{\"event\": \"run-odd\"}\n"), Err(Unreadable::Events(_))));
    }

    #[test]
    fn a_baseline_is_no_run_and_a_run_no_baseline() {
        let folder = tempfile::tempdir().unwrap();
        let (baseline, odd) = (folder.path().join("b.txt"), folder.path().join("gone"));
        fs_err::write(&baseline, br#"{"shelflife_baseline": 1, "artifacts": {}}"#).unwrap();
        assert!(open_accepted(&baseline).is_ok());
        let no_run = open_record(&baseline, folder.path()).unwrap_err();
        assert!(matches!(no_run, AppError::Unreadable { why: Unreadable::IsBaseline, .. }), "{no_run}");
        assert!(matches!(
            open(&odd, folder.path()).unwrap_err(),
            AppError::Unreadable { why: Unreadable::Io(_), path } if path.ends_with("gone/events.jsonl")
        ));
    }
}
