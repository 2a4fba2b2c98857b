//! Reading and writing `events.jsonl`.

use proptest::prelude::*;
use shelflife::present::{EventLog, SinkError, parse_events};
use shelflife::vocab::Event;

use crate::fixture;

#[test]
fn events_round_trip_also_where_two_threads_read() {
    for cells in [0, 3, 700] {
        let events = fixture::events(cells);
        assert_eq!(parse_events(&fixture::lines(&events)), Ok(events));
    }
    assert_eq!(parse_events(b""), Ok(Vec::new()));
}

#[test]
fn the_order_of_fields_does_not_matter() {
    let events = fixture::events(3);
    let mut bytes = fixture::lines(&events[..1]);
    for event in &events[1..] {
        // A map of serde_json is sorted by name, so that tags end up anywhere.
        let value = serde_json::to_value(event).unwrap();
        bytes.extend(serde_json::to_vec(&value).unwrap());
        bytes.push(b'\n');
    }
    assert_eq!(parse_events(&bytes), Ok(events));
}

#[test]
fn damage_is_named_with_its_line() {
    let mut bytes = fixture::lines(&fixture::events(700));
    let third = bytes.split_inclusive(|byte| *byte == b'\n').take(1200).map(<[u8]>::len).sum::<usize>();
    bytes[third] = b'!';
    let error = parse_events(&bytes).unwrap_err();
    assert_eq!(error.line, 1201);
    assert!(error.what.contains("edited or damaged"), "{error}");
    let error = parse_events(b"not json\n").unwrap_err();
    assert_eq!(error.line, 1);
    let finished = fixture::lines(&fixture::events(1)[1..]);
    assert!(parse_events(&finished).unwrap_err().what.contains("does not begin with `run-started`"));
}

#[test]
fn a_newer_log_is_refused_whatever_else_it_holds() {
    let newer =
        b"{\"event\":\"run-started\",\"format_version\":99,\"brand\":\"new\"}\n{\"event\":\"teleported\"}\n";
    let error = parse_events(newer).unwrap_err();
    assert_eq!(error.line, 1);
    assert!(error.what.contains("use a newer shelflife"), "{error}");
}

proptest! {
    #[test]
    fn a_log_cut_anywhere_reads_as_its_whole_lines(cut in 0.0..1.0f64) {
        let events = fixture::events(4);
        let bytes = fixture::lines(&events);
        let kept = &bytes[..(bytes.len() as f64 * cut) as usize];
        let whole = kept.iter().filter(|byte| **byte == b'\n').count();
        prop_assert_eq!(parse_events(kept).unwrap(), &events[..whole]);
    }
}

#[test]
fn a_log_grows_line_by_line_and_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run/events.jsonl");
    let events = fixture::events(2);
    let mut log = EventLog::create(&path).unwrap();
    for (count, event) in events.iter().enumerate() {
        log.write(event).unwrap();
        assert_eq!(parse_events(&std::fs::read(&path).unwrap()).unwrap(), &events[..=count]);
    }
    log.sync().unwrap();
    match EventLog::create(&path) {
        Err(SinkError::Write { path: named, source }) => {
            assert_eq!((named, source.kind()), (path.clone(), std::io::ErrorKind::AlreadyExists));
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert_eq!(std::fs::read(&path).unwrap(), fixture::lines(&events));
}

#[test]
fn going_on_cuts_a_torn_line_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let Event::RunStarted(header) = fixture::events(0).swap_remove(0) else {
        panic!("no header comes first")
    };
    let resumed = Event::RunResumed { header };
    let whole = fixture::lines(&fixture::events(120));
    // A torn line longer than one step of the backward search, a short one, none, and nothing but one.
    let long = vec![b'x'; 200_000];
    for (before, torn) in [(&whole[..], &long[..]), (&whole, b"{\"ev"), (&whole, b""), (b"", &long)] {
        fs_err::write(&path, [before, torn].concat()).unwrap();
        EventLog::append_to(&path).unwrap().write(&resumed).unwrap();
        let expected = [before, &fixture::lines(std::slice::from_ref(&resumed))].concat();
        assert!(std::fs::read(&path).unwrap() == expected, "{} + {}", before.len(), torn.len());
    }
    let missing = folder.path().join("missing.jsonl");
    let error = EventLog::append_to(&missing).unwrap_err();
    assert!(error.to_string().contains("missing.jsonl"), "{error}");
}
