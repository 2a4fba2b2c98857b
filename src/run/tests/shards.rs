//! A plan in parts: those who write, then those who read, on machines of their own.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::fixture::{Asked, Play, Played, Scripted, Trial, external, matrix};
use super::{is_varied, noisy, well};
use crate::matrix::Matrix;
use crate::vocab::{Event, Floors, ShardPhase, Slice, Verdict};

fn slices(names: &[&str]) -> Vec<Slice> {
    names.iter().map(|name| Slice::whole((*name).into())).collect()
}

fn part(matrix: Matrix, phase: ShardPhase, slices: Vec<Slice>, script: &Scripted) -> (Trial, Played) {
    let mut trial = Trial::of(matrix);
    trial.share = Some((phase, slices));
    let played = trial.play(script);
    (trial, played)
}

/// What a part that writes leaves for those who read.
fn carried(trial: &Trial, played: &Played, to: &Path) -> Vec<Event> {
    let carry = &played.report.carry;
    assert_eq!(trial.cache().carry(to, &carry.objects, &carry.records).unwrap(), 0);
    let ends = |event: &Event| matches!(event, Event::RunStarted(_) | Event::RunFinished { .. });
    played.events.iter().filter(|event| !ends(event)).cloned().collect()
}

fn read(
    matrix: Matrix,
    slices: Vec<Slice>,
    written: &[(Vec<Event>, &Path)],
    script: &Scripted,
) -> (Trial, Played) {
    let mut trial = Trial::of(matrix);
    trial.share = Some((ShardPhase::Read, slices));
    trial.written = written.iter().flat_map(|(events, _)| events.clone()).collect();
    trial.sources = written.iter().map(|(_, folder)| folder.to_path_buf()).collect();
    let played = trial.play(script);
    (trial, played)
}

/// The verdicts of the cells of one environment.
fn of(played: &Played, consumer: &str) -> BTreeMap<String, Verdict> {
    let end = format!(" in {consumer}");
    played.verdicts().into_iter().filter(|(cell, _)| cell.ends_with(&end)).collect()
}

#[test]
fn parts_come_to_what_one_run_does_and_do_nothing_twice() {
    let script = || {
        Scripted::new(|who, what, _| match (who, what) {
            ("sk2", Asked::Load { bytes, .. }) if bytes.contains("sk1") => Play::Gives(2.0),
            _ => Play::Well,
        })
    };
    let whole = Trial::of(matrix()).play(&script());
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("write-1"), folder.path().join("write-2"));
    let writer = script();
    let (one, wrote) = part(matrix(), ShardPhase::Write, slices(&["sk1"]), &writer);
    assert_eq!((writer.count("sk1", "Prepare"), writer.count("sk2", "Prepare")), (1, 0));
    let is_cell = |event: &Event| matches!(event, Event::CellObserved { .. });
    assert!(!wrote.events.iter().any(is_cell));
    let (two, also) = part(matrix(), ShardPhase::Write, slices(&["sk2"]), &writer);
    let written = [(carried(&one, &wrote, &first), &*first), (carried(&two, &also, &second), &*second)];
    for consumer in ["sk1", "sk2"] {
        let reader = script();
        let (mut trial, read) = read(matrix(), slices(&[consumer]), &written, &reader);
        assert_eq!(of(&read, consumer), of(&whole, consumer));
        assert_eq!(reader.count("sk1", "Train") + reader.count("sk2", "Train"), 0);
        assert_eq!(read.report.counts.executed, of(&whole, consumer).len() as u64);
        // The same again knows everything, and makes nobody else's environment.
        trial.recorded = read.events.clone();
        let again = script();
        let known = trial.play(&again);
        assert_eq!((known.report.counts.executed, of(&known, consumer)), (0, of(&whole, consumer)));
        let other = if consumer == "sk1" { "sk2" } else { "sk1" };
        assert_eq!(again.count(other, "Prepare"), 0);
    }
}

#[test]
fn pieces_of_an_environment_do_all_of_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let piece = |piece, of| vec![Slice { environment: "sk1".into(), piece, of }];
    let mut written = Vec::new();
    let places = [folder.path().join("write-1"), folder.path().join("write-2")];
    for (number, place) in (1..).zip(&places) {
        let script = well();
        let (trial, played) = part(matrix(), ShardPhase::Write, piece(number, 2), &script);
        // There is one model, which is in the first piece.
        assert_eq!(script.count("sk1", "Train"), usize::from(number == 1));
        written.push((carried(&trial, &played, place), &**place));
    }
    let mut cells = Vec::new();
    for number in 1..=3 {
        let (_, played) = read(matrix(), piece(number, 3), &written, &well());
        let own = played.events.iter().filter_map(|event| match event {
            Event::CellObserved { artifact, .. } => Some(artifact.to_string()),
            _ => None,
        });
        cells.extend(own);
    }
    cells.sort();
    let mut once = cells.clone();
    once.dedup();
    assert_eq!((cells.len(), once.len()), (2, 2), "{cells:?}");
}

#[test]
fn what_nobody_has_written_is_not_blamed_on_anybody() {
    let script = well();
    let (_, played) = read(matrix(), slices(&["sk2"]), &[], &script);
    assert!(!played.report.interrupted);
    assert_eq!(script.count("sk2", "Load"), 0);
    assert_eq!(script.count("sk1", "Prepare"), 0);
    let verdicts = of(&played, "sk2");
    assert!(verdicts.values().all(|verdict| *verdict == Verdict::NotTried), "{verdicts:?}");
}

#[test]
fn lost_objects_of_others_are_no_fault_of_files() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("write-1");
    let (trial, wrote) = part(matrix(), ShardPhase::Write, slices(&["sk1"]), &well());
    let events = carried(&trial, &wrote, &folder.path().join("elsewhere"));
    trial.cache().carry(&place, &[], &wrote.report.carry.records).unwrap();
    let (_, played) = read(matrix(), slices(&["sk2"]), &[(events, &*place)], &well());
    let verdicts = of(&played, "sk2");
    assert!(verdicts.values().all(|verdict| *verdict == Verdict::NotTried), "{verdicts:?}");
}

#[test]
fn external_artifacts_need_the_second_phase_only() {
    let place = tempfile::tempdir().unwrap();
    let script = || {
        Scripted::new(|who, what, _| match (who, what) {
            ("sk2", Asked::Load { .. }) => Play::Gives(2.0),
            _ => Play::Well,
        })
    };
    let whole = Trial::of(external(place.path())).play(&script());
    let reader = script();
    let (_, played) = read(external(place.path()), slices(&["sk2"]), &[], &reader);
    let is_external = |cell: &str| cell.starts_with("tree");
    let only = |played: &Played| -> BTreeMap<String, Verdict> {
        of(played, "sk2").into_iter().filter(|(cell, _)| is_external(cell)).collect()
    };
    assert_eq!(only(&played), only(&whole));
    assert!(only(&played).values().all(|verdict| *verdict == Verdict::Drift), "{:?}", only(&played));
    // Its producer was made, to be asked twice, and trained nothing.
    assert_eq!(reader.count("sk1", "Prepare"), 1);
    assert_eq!(reader.count("sk1", "Train"), 0);
}

#[test]
fn whoever_writes_measures_what_others_will_be_in_doubt_about() {
    let script = || noisy(1.02, |_| Play::Gives(1.01));
    let cell = "ridge/pickle-4/sk1 in sk2";
    let of_all = |events: &[Event]| events.iter().filter(|event| is_varied(event)).count();
    for (floors, measured, asked) in [(Floors::All, 8, 0), (Floors::of([0]), 4, 0), (Floors::None, 0, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let mut one = Trial::of(matrix());
        one.share = Some((ShardPhase::Write, slices(&["sk1"])));
        one.floors = floors.clone();
        let wrote = one.play(&script());
        assert_eq!(of_all(&wrote.events), measured, "{floors:?}");
        let (two, also) = part(matrix(), ShardPhase::Write, slices(&["sk2"]), &script());
        let places = [folder.path().join("write-1"), folder.path().join("write-2")];
        let written = [
            (carried(&one, &wrote, &places[0]), &*places[0]),
            (carried(&two, &also, &places[1]), &*places[1]),
        ];
        let reader = script();
        let (_, read) = read(matrix(), slices(&["sk2"]), &written, &reader);
        // The producer is asked by those who are in doubt, and by nobody where it has answered already.
        assert_eq!(reader.count("sk1", "Prepare"), asked, "{floors:?}");
        assert_eq!(of(&read, "sk2")[cell], Verdict::Roundoff, "{floors:?}");
        assert_eq!(of_all(&read.events), measured.max(4), "{floors:?}");
        // What was measured in vain changes nothing.
        assert!(
            of(&read, "sk2").iter().all(|(name, verdict)| name == cell || *verdict == Verdict::Identical)
        );
    }
}
