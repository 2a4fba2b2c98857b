//! From the bytes of `events.jsonl` to events. Pure: opening the file is the caller's business.

use std::io::{self, Read};

use serde::Deserialize;

use super::events_fast::Known;
use crate::vocab::{Event, FORMAT_VERSION, legacy};

/// A line of an event log that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct EventLogError {
    /// Its number, counted from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

/// The number of bytes from which on a second thread pays.
const WORTH_SPLITTING: usize = 512 * 1024;
/// Bytes that are read at once.
const BLOCK: usize = 4 << 20;

/// Why an event log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadEventsError {
    /// Its bytes cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// They are no event log.
    #[error(transparent)]
    Log(#[from] EventLogError),
}

/// Parses an event log that is at hand as a whole: see [`read_events`].
///
/// # Errors
/// When it is none, or of a newer format.
pub fn parse_events(bytes: &[u8]) -> Result<Vec<Event>, EventLogError> {
    let mut events = Vec::new();
    match read_events(bytes, |event| events.push(event)) {
        Ok(()) => Ok(events),
        Err(ReadEventsError::Log(error)) => Err(error),
        // Memory can always be read.
        Err(ReadEventsError::Io(_)) => Ok(events),
    }
}

/// Reads an event log and gives its events, one after the other. Only some megabytes of it are in memory.
///
/// A last line without a line break was torn by a kill and is ignored: its cell runs again. Any other line
/// that cannot be read, and a log of a newer format, is an error: a record that cannot be trusted must not
/// be judged.
///
/// # Errors
/// When the source fails, or is no event log. Events before the damage were given then.
pub fn read_events(mut source: impl Read, mut each: impl FnMut(Event)) -> Result<(), ReadEventsError> {
    let mut known = [Known::default(), Known::default()];
    let mut block = Block::default();
    let (mut version, mut lines) = (None, 0);
    let mut waiting = Vec::new();
    while let Some(whole) = block.next(&mut source)? {
        let version = match version {
            Some(version) => version,
            None => {
                let first = whole.split_inclusive(is_break).next().unwrap_or_default();
                *version.insert(check_version(first)?)
            }
        };
        // What was read before is taken in meanwhile.
        let before = std::mem::take(&mut waiting);
        let mut parsed = parse_block(whole, lines, &mut known, || before.into_iter().for_each(&mut each))?;
        if version == 1 {
            parsed.iter_mut().for_each(legacy::upgrade);
        }
        lines += whole.split_inclusive(is_break).count();
        waiting = parsed;
    }
    waiting.into_iter().for_each(each);
    Ok(())
}

/// Whole lines, as many at once as fit.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    /// How many were given last.
    given: usize,
}

impl Block {
    /// The next lines; `None` at the end, where a torn line is left.
    fn next(&mut self, source: &mut impl Read) -> io::Result<Option<&[u8]>> {
        self.bytes.drain(..self.given);
        self.given = 0;
        while self.given == 0 {
            let before = self.bytes.len();
            if source.by_ref().take(BLOCK as u64).read_to_end(&mut self.bytes)? == 0 {
                return Ok(None);
            }
            self.given = self.bytes[before..].iter().rposition(is_break).map_or(0, |last| before + last + 1);
        }
        Ok(Some(&self.bytes[..self.given]))
    }
}

/// The events of whole lines, of which `lines` came before, and does something else meanwhile. Lines are independent; half of
/// them on another core halves the time of every `report` and `gate`.
fn parse_block(
    whole: &[u8],
    lines: usize,
    known: &mut [Known; 2],
    meanwhile: impl FnOnce(),
) -> Result<Vec<Event>, EventLogError> {
    let [one, other] = known;
    if whole.len() < WORTH_SPLITTING {
        meanwhile();
        return parse_lines(whole, lines, one);
    }
    let (front, back) = whole.split_at(whole_lines(&whole[..whole.len() / 2]));
    let (front_events, back_events) = std::thread::scope(|scope| {
        let second = scope.spawn(|| parse_lines(back, 0, other));
        let first = scope.spawn(|| parse_lines(front, lines, one));
        meanwhile();
        (first.join(), second.join())
    });
    let resumed = |panic| std::panic::resume_unwind(panic);
    let mut events = front_events.unwrap_or_else(resumed)?;
    events.append(&mut back_events.unwrap_or_else(resumed).map_err(|EventLogError { line, what }| {
        EventLogError { line: lines + line + front.split_inclusive(is_break).count(), what }
    })?);
    Ok(events)
}

fn is_break(byte: &u8) -> bool {
    *byte == b'\n'
}

/// The number of bytes up to and with the last line break: what follows is a torn line.
pub fn whole_lines(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

/// How the last line of what `--json` streams begins: what a command came to is no event, and who kept the stream has a
/// record all the same.
const ANSWER: &[u8] = b"{\"answer\":";

fn parse_lines(whole: &[u8], before: usize, known: &mut Known) -> Result<Vec<Event>, EventLogError> {
    let mut events = Vec::new();
    for (index, line) in whole.split_inclusive(is_break).enumerate() {
        if line.trim_ascii().is_empty() || line.starts_with(ANSWER) {
            continue;
        }
        if let Some(event) = known.event(line) {
            events.push(event);
            continue;
        }
        let event = serde_json::from_slice(line).map_err(|error| EventLogError {
            line: before + index + 1,
            what: format!(
                "not an event that this shelflife knows ({error}). The file was edited or damaged: restore it, \
                 or delete it and run again"
            ),
        })?;
        events.push(event);
    }
    Ok(events)
}

/// The format version of a log. Refuses one that is newer than this program before anything else of it is looked at, since everything
/// else may have changed.
fn check_version(first: &[u8]) -> Result<u32, EventLogError> {
    #[derive(Deserialize)]
    struct Header {
        event: Option<String>,
        format_version: Option<u32>,
    }
    let refuse = |what: String| Err(EventLogError { line: 1, what });
    match serde_json::from_slice::<Header>(first) {
        Ok(Header { format_version: Some(found), .. }) if found > FORMAT_VERSION => refuse(format!(
            "written in format version {found}, and this shelflife reads up to {FORMAT_VERSION}: use a newer shelflife"
        )),
        Ok(Header { format_version: Some(found), event: Some(event) }) if event == "run-started" => Ok(found),
        Ok(_) => {
            refuse("the log does not begin with `run-started`: this is not a whole events.jsonl".to_owned())
        }
        Err(error) => refuse(format!("not an event log of shelflife ({error})")),
    }
}
