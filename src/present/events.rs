//! From the bytes of `events.jsonl` to events. Pure: reading the file is the caller's business.

use serde::Deserialize;

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

/// Parses an event log.
///
/// A last line without a line break was torn by a kill and is ignored: its cell runs again. Any other line
/// that cannot be read, and a log of a newer format, is an error: a record that cannot be trusted must not
/// be judged.
pub fn parse_events(bytes: &[u8]) -> Result<Vec<Event>, EventLogError> {
    let whole = &bytes[..whole_lines(bytes)];
    let Some(first) = whole.split_inclusive(is_break).next() else { return Ok(Vec::new()) };
    let version = check_version(first)?;
    let mut events = parse_whole(whole)?;
    if version == 1 {
        events.iter_mut().for_each(legacy::upgrade);
    }
    Ok(events)
}

fn parse_whole(whole: &[u8]) -> Result<Vec<Event>, EventLogError> {
    if whole.len() < WORTH_SPLITTING {
        return parse_lines(whole);
    }
    // Lines are independent; half of them on another core halves the time of every `report` and `gate`.
    let (front, back) = whole.split_at(whole_lines(&whole[..whole.len() / 2]));
    let (front_events, back_events) = std::thread::scope(|scope| {
        let second = scope.spawn(|| parse_lines(back));
        (parse_lines(front), second.join())
    });
    let mut events = front_events?;
    events.append(&mut back_events.unwrap_or_else(|panic| std::panic::resume_unwind(panic)).map_err(
        |EventLogError { line, what }| EventLogError {
            line: line + front.split_inclusive(is_break).count(),
            what,
        },
    )?);
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

fn parse_lines(lines: &[u8]) -> Result<Vec<Event>, EventLogError> {
    let mut events = Vec::new();
    for (index, line) in lines.split_inclusive(is_break).enumerate() {
        if line.trim_ascii().is_empty() || line.starts_with(ANSWER) {
            continue;
        }
        if let Some(event) = super::events_fast::parse(line) {
            events.push(event);
            continue;
        }
        let event = serde_json::from_slice(line).map_err(|error| EventLogError {
            line: index + 1,
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
