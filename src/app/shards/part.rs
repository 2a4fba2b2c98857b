//! Folders of parts: the record, its seal, and what travels beside them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use crate::app::known::EVENTS;
use crate::present::{EventLogError, ReadEventsError, parse_events, read_events};
use crate::shard::{PartBytes, PartReader, PartRefusal, PartSource};
use crate::store;
use crate::vocab::{Digest, Event, PartHeader, PartSeal, RunHeader, SHARDS_VERSION};

/// Name of the seal in the folder of a part.
pub(super) const SEAL: &str = "part.json";

/// A part whose first line was read.
#[derive(Debug)]
pub(super) struct Peeked {
    pub folder: PathBuf,
    pub header: RunHeader,
    pub part: PartHeader,
}

impl Peeked {
    /// Digest of its record, all of which is read for it.
    pub fn digest(&self) -> Option<Digest> {
        store::digest_of_file(&self.folder.join(EVENTS)).ok()
    }
}

/// What is right below a folder that has a record, or the folder itself. Hidden ones are no parts.
pub(super) fn folders_in(given: &Path) -> Vec<PathBuf> {
    let given = if given.is_file() && given.file_name().is_some_and(|name| name == EVENTS) {
        given.parent().unwrap_or(given).to_owned()
    } else {
        given.to_owned()
    };
    if given.join(EVENTS).exists() || given.join(SEAL).exists() {
        return vec![given];
    }
    let entries = fs_err::read_dir(&given).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_part = |path: &PathBuf| {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !is_hidden && (path.join(EVENTS).exists() || path.join(SEAL).exists())
    };
    let mut below: Vec<PathBuf> = entries.filter(is_part).collect();
    below.sort();
    // What was named by itself has to be one.
    if below.is_empty() { vec![given] } else { below }
}

fn unreadable(error: std::io::Error) -> PartRefusal {
    PartRefusal::NoRecord { why: crate::notation::without_path(&error) }
}

fn events(bytes: &[u8]) -> Result<Vec<Event>, PartRefusal> {
    parse_events(bytes).map_err(|error| not_events(&error))
}

fn not_events(error: &EventLogError) -> PartRefusal {
    PartRefusal::NotEvents { why: error.to_string() }
}

/// What a part says it is, in the first line of its record.
pub(super) fn peek(folder: &Path) -> Result<Peeked, PartRefusal> {
    let file = store::open_input(&folder.join(EVENTS)).map_err(unreadable)?;
    let mut first = Vec::new();
    BufReader::new(file).read_until(b'\n', &mut first).map_err(unreadable)?;
    let Some(Event::RunStarted(header)) = events(&first)?.into_iter().next() else {
        return Err(PartRefusal::Empty);
    };
    let Some(part) = header.part.clone() else { return Err(PartRefusal::WholeRun) };
    Ok(Peeked { folder: folder.to_owned(), header: *header, part: *part })
}

/// All of a part, which has to belong to the same run as `first`. Gives each of its events as well.
pub(super) fn open(
    folder: &Path,
    first: &PartHeader,
    mut each: impl FnMut(&Event),
) -> Result<PartSource, PartRefusal> {
    let file = store::open_input(&folder.join(EVENTS)).map_err(unreadable)?;
    let seal = match store::read_input(&folder.join(SEAL)) {
        Ok(seal) => Some(seal),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(_) => return Err(PartRefusal::BadSeal),
    };
    let mut source = store::Digesting::of(file);
    let mut reader = PartReader::new(first);
    read_events(&mut source, |event| {
        each(&event);
        reader.take(event);
    })
    .map_err(|error| match error {
        ReadEventsError::Io(error) => unreadable(error),
        ReadEventsError::Log(error) => not_events(&error),
    })?;
    let (record, length) = source.finish();
    reader.finish(PartBytes { record, length, seal: seal.as_deref() })
}

/// Says that a part has come to its end, and what its record is.
pub(super) fn seal(folder: &Path, part: &PartHeader) -> std::io::Result<()> {
    let path = folder.join(EVENTS);
    let seal = PartSeal {
        shards_version: SHARDS_VERSION,
        shard: part.shard,
        phase: part.phase,
        fingerprint: part.plan.fingerprint,
        record: store::digest_of_file(&path)?,
        bytes: fs_err::metadata(&path)?.len(),
    };
    let text = serde_json::to_string_pretty(&seal).map_err(std::io::Error::other)?;
    store::write_atomic_for(&folder.join(SEAL), format!("{text}\n").as_bytes(), 0o644)
}

/// Takes the seal off before anything is added to a part.
pub(super) fn unseal(folder: &Path) -> std::io::Result<()> {
    store::remove_file(&folder.join(SEAL))
}
