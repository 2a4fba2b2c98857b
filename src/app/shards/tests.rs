//! What parts come to, and which are refused.

use std::path::PathBuf;

use super::error::ShardError;
use super::fixture::{Shared, finished, lines, made, observed, ready};
use super::merging::{merged, peeked};
use super::part::SEAL;
use super::spoilt::SPOILT;
use crate::app::error::AppError;
use crate::app::known::EVENTS;
use crate::present::RecordFile;
use crate::shard::{PartRefusal, Told};
use crate::state::RunState;
use crate::vocab::*;
use ShardPhase::{Read, Write};

fn merge(shared: &Shared, parts: &[PathBuf]) -> Result<(RunState, Told, String), AppError> {
    let (parts, first) = peeked(parts)?;
    let folder = shared.path("merged");
    let mut record = RecordFile::begin(&folder)?;
    let (state, told) = merged("merged", &parts, &first, &mut record)?;
    record.finish(EVENTS)?;
    let text = fs_err::read_to_string(folder.join(EVENTS)).unwrap();
    fs_err::remove_dir_all(&folder).unwrap();
    Ok((state, told, text))
}

/// Why the one bad part among others is refused.
fn refused(shared: &Shared, parts: &[PathBuf]) -> Vec<(String, PartRefusal)> {
    match merge(shared, parts) {
        Err(AppError::Shards(ShardError::Refused(refused))) => {
            assert!(!shared.path("merged").exists(), "something was written");
            let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            refused.into_iter().map(|(path, why)| (name(path), why)).collect()
        }
        other => panic!("nothing was refused: {other:?}"),
    }
}

/// What was seen, without what hangs on when and where it was.
fn facts(state: &RunState) -> Vec<String> {
    let cells = |index: usize| {
        let cells = state.cells_of(index).map(|cell| format!("{:?} {:?}", cell.consumer_name, cell.cell));
        cells.collect::<Vec<_>>().join("\n")
    };
    let artifacts = state.artifacts().iter().enumerate();
    artifacts.map(|(index, it)| format!("{:?} {:?}\n{}", it.made, it.reference, cells(index))).collect()
}

#[test]
fn all_parts_in_any_order_come_to_the_run_of_one_process() {
    let shared = Shared::new();
    let mut parts = shared.parts();
    let (state, told, text) = merge(&shared, &parts).unwrap();
    assert_eq!(told, Told::default());
    assert_eq!(facts(&state), facts(&shared.whole()));
    assert_eq!(state.environments(), shared.whole().environments());
    assert_eq!(state.header().part, None);
    assert_eq!(
        facts(&RunState::replay(crate::present::parse_events(text.as_bytes()).unwrap()).unwrap()),
        facts(&state)
    );
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        assert_eq!(merge(&shared, &parts).unwrap().2, text);
        parts.swap(0, 2);
        assert_eq!(merge(&shared, &parts).unwrap().2, text);
    }
    // All in one folder, and one of them named twice.
    let all = [shared.folder.path().to_owned(), parts[0].clone()];
    assert_eq!(merge(&shared, &all).unwrap().2, text);
}

#[test]
fn what_is_missing_stays_missing() {
    let shared = Shared::new();
    let parts = shared.parts();
    for left_out in 0..4 {
        let mut some = parts.clone();
        let gone = some.remove(left_out).file_name().unwrap().to_string_lossy().into_owned();
        let (state, told, _) = merge(&shared, &some).unwrap();
        assert_eq!((told.missing.as_slice(), told.is_complete()), ([gone].as_slice(), false));
        assert!(state.finish().unwrap().interrupted);
    }
    // Killed while it was writing a line: what it had written counts.
    let mut events = shared.events(2, Read);
    events.truncate(events.len() - 3);
    let folder = shared.unsealed("read-2", &events);
    let torn = lines(&events) + "{\"event\":\"cell-obs";
    fs_err::write(folder.join(EVENTS), torn).unwrap();
    fs_err::remove_file(folder.join(SEAL)).unwrap();
    let (state, told, _) = merge(&shared, &parts).unwrap();
    assert_eq!(told.unfinished, ["read-2"]);
    let seen = (0..4).flat_map(|at| state.cells_of(at).collect::<Vec<_>>());
    assert_eq!(seen.filter(|cell| cell.cell.observation.is_some()).count(), 7);
}

#[test]
fn a_cell_of_two_machines_counts_once_or_is_contradicted() {
    let shared = Shared::new();
    let mut parts = shared.parts();
    // The same shard once more, elsewhere: slower, with other packages, and one output is another.
    let mut events = shared.events(2, Read);
    let (artifact, consumer) = (shared.plan.artifact_id(0), EnvName::from("b"));
    for event in &mut events {
        match event {
            Event::EnvironmentReady { name, .. } if *name == consumer => *event = ready(&consumer, "2.0.0"),
            Event::CellObserved { artifact: it, .. } if *it == artifact => {
                *event = observed(&artifact, &consumer, 9.0, "another");
            }
            Event::RunStarted(header) => header.time = "2026-11-29T05:00:00Z".to_owned(),
            _ => {}
        }
    }
    parts.push(shared.write("read-2-again", &events));
    let (state, told, text) = merge(&shared, &parts).unwrap();
    assert_eq!((told.equal, told.unequal), (3, 1));
    assert_eq!(told.moved.keys().collect::<Vec<_>>(), [&consumer]);
    let cell = state.cell(&artifact, &consumer).unwrap().view();
    assert_eq!(cell.observation.unwrap().load_seconds, Some(0.5));
    assert_eq!(cell.contradicted.unwrap().lock.packages["numpy"], "2.0.0");
    parts.reverse();
    assert_eq!(merge(&shared, &parts).unwrap().2, text);
    let record = crate::judge::judge(&state, &crate::judge::JudgeOptions::default());
    let told: Vec<_> = record.cells.iter().filter_map(|cell| cell.elsewhere.as_ref()).collect();
    assert_eq!(told.len(), 1);
    assert_ne!(told[0].lock, Some(told[0].other_lock));
}

#[test]
fn an_environment_that_fails_in_one_part_hides_nothing_of_another() {
    let shared = Shared::new();
    let parts = shared.parts();
    let consumer = EnvName::from("b");
    let mut events = vec![Event::RunStarted(Box::new(shared.header(2, Read)))];
    events.push(Event::EnvironmentFailed {
        name: consumer.clone(),
        reason: "no network".to_owned(),
        remedy: None,
        absent: false,
        cause: None,
    });
    events.push(finished("2026-11-29T08:00:00Z"));
    shared.write("read-2", &events);
    let (state, told, _) = merge(&shared, &parts).unwrap();
    assert_eq!(told.failed[&consumer], ("read-2".to_owned(), "no network".to_owned()));
    let seen = (0..4).flat_map(|at| state.cells_of(at).collect::<Vec<_>>());
    assert_eq!(seen.filter(|cell| cell.cell.observation.is_some()).count(), 4);
}

#[test]
fn bad_parts_are_refused_by_name_with_the_reason() {
    for (name, spoil, is_expected) in SPOILT {
        let shared = Shared::new();
        let parts = shared.parts();
        spoil(&shared, &shared.path("read-2"));
        let refused = refused(&shared, &parts);
        let [(part, why)] = refused.as_slice() else { panic!("{name}: {refused:?}") };
        assert_eq!(part, "read-2", "{name}");
        assert!(is_expected(why), "{name}: {why:?}");
        let said = crate::present::refusal(why);
        assert!(!said.is_empty() && !said.ends_with('.'), "{name}: {said}");
    }
    assert!(SPOILT.len() >= 50);
}

#[test]
fn parts_that_write_speak_of_what_they_write_only() {
    let shared = Shared::new();
    let parts = shared.parts();
    let mut events = shared.events(1, Write);
    let other = (0..4).map(|at| shared.plan.artifact_id(at)).find(|it| it.producer.as_str() == "b").unwrap();
    events.insert(2, made(&other, "x"));
    shared.write("write-1", &events);
    let mut cells = shared.events(2, Write);
    let own = (0..4).map(|at| shared.plan.artifact_id(at)).find(|it| it.producer.as_str() == "b").unwrap();
    cells.insert(cells.len() - 1, observed(&own, &"b".into(), 1.0, "output"));
    shared.write("write-2", &cells);
    let refused = refused(&shared, &parts);
    let named: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, ["write-1", "write-2"]);
    assert!(refused.iter().all(|(_, why)| matches!(why, PartRefusal::NotItsWork(_))), "{refused:?}");
}

#[test]
fn nothing_at_all_is_no_merge() {
    let shared = Shared::new();
    assert!(matches!(
        merge(&shared, &[shared.path("nowhere")]),
        Err(AppError::Shards(ShardError::Refused(_)))
    ));
}
