//! What the first edition wrote stays readable: `events.jsonl`, `results.json` and baseline records of format version 1,
//! made by that binary (`tests/data/v1`: a run with declarations, a check of files, a gate that only loads).

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use shelflife::judge::{self, Baseline, JudgeOptions, exit_code, is_baseline, read_baseline};
use shelflife::present::{json, parse_events};
use shelflife::state::RunState;
use shelflife::vocab::*;

const RUNS: [&str; 3] = ["trained", "files", "loads"];

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/v1").join(name)
}

fn state(run: &str) -> RunState {
    let bytes = std::fs::read(place(run).join("events.jsonl")).unwrap();
    RunState::replay(parse_events(&bytes).unwrap()).unwrap()
}

/// The words that the first edition said, as it wrote them.
fn words(run: &str) -> Vec<(String, String, String)> {
    let bytes = std::fs::read(place(run).join("results.json")).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(value["format_version"], 1);
    let text = |cell: &serde_json::Value, name: &str| cell[name].as_str().unwrap().to_owned();
    let cells = value["cells"].as_array().unwrap().iter();
    cells.map(|cell| (text(cell, "artifact"), text(cell, "consumer"), text(cell, "verdict"))).collect()
}

#[test]
fn events_replay_to_the_verdicts_of_then_but_for_the_word_that_was_split() {
    let mut split = 0;
    for run in RUNS {
        let record = judge::judge(&state(run), &JudgeOptions::default());
        let then = words(run);
        assert_eq!(record.cells.len(), then.len());
        for (cell, (artifact, consumer, verdict)) in record.cells.iter().zip(then) {
            assert_eq!((&cell.artifact, cell.consumer.as_str()), (&artifact, consumer.as_str()));
            if verdict == "unsupported" {
                assert!(matches!(cell.verdict, Verdict::Unsupported | Verdict::Absent | Verdict::Unverified));
                split += u32::from(cell.verdict != Verdict::Unsupported);
            } else {
                assert_eq!(cell.verdict.as_str(), verdict, "{artifact} in {consumer}");
            }
        }
    }
    assert!(split >= 6, "the records have lost their variety: {split}");
}

#[test]
fn sentences_of_then_are_facts_now() {
    let record = judge::judge(&state("trained"), &JudgeOptions::default());
    let cause = |model: &str| {
        let cell = record
            .cells
            .iter()
            .find(|cell| cell.model.as_str() == model && cell.producer.as_str() == "sk1.2.2");
        cell.unwrap().cause.clone()
    };
    assert!(matches!(cause("encoder"), Cause::ClassAbsent { .. }));
    assert_eq!(cause("later"), Cause::RuledOut { requirement: "scikit-learn>=1.4".to_owned() });
    let record = judge::judge(&state("files"), &JudgeOptions::default());
    let of = |model: &'static str| record.cells.iter().filter(move |cell| cell.model.as_str() == model);
    assert!(of("bundle").all(|cell| matches!(cell.cause, Cause::NotAModel { .. })));
    assert!(of("texts").all(|cell| matches!(cell.cause, Cause::InputsDoNotFit { .. })));
    assert!(of("cut").all(|cell| cell.verdict == Verdict::LoadError));
}

#[test]
fn results_and_events_say_the_same() {
    for run in RUNS {
        let bytes = std::fs::read(place(run).join("results.json")).unwrap();
        let read = json::read(&bytes).unwrap();
        let replayed = judge::judge(&state(run), &JudgeOptions::default());
        assert_eq!(read.cells.len(), replayed.cells.len());
        for (old, new) in read.cells.iter().zip(&replayed.cells) {
            assert_eq!(
                (&old.artifact, &old.consumer, old.verdict),
                (&new.artifact, &new.consumer, new.verdict)
            );
            assert_eq!(old.cause.standing(), new.cause.standing(), "{:?} and {:?}", old.cause, new.cause);
            assert_eq!(old.verdict, Verdict::of(old.reached, &old.cause));
        }
        // As a baseline for itself nothing is worse than it was, but for what is declared otherwise.
        let options = JudgeOptions { baseline: Some(Baseline::of(&read)), ..JudgeOptions::default() };
        let again = judge::judge(&state(run), &options);
        let is_worse =
            |cell: &&CellRecord| cell.expected.is_none() && cell.status.is_some_and(Status::is_bad);
        let worse: Vec<_> = again.cells.iter().filter(is_worse).collect();
        assert!(worse.is_empty(), "{worse:?}");
    }
}

#[test]
fn a_baseline_record_is_read_and_judges() {
    let bytes = std::fs::read(place("shelflife-baseline.json")).unwrap();
    assert!(is_baseline(&bytes));
    let known = read_baseline(&bytes).unwrap();
    let options =
        JudgeOptions { baseline: Some(Baseline::default().accepting(&known)), ..JudgeOptions::default() };
    let record = judge::judge(&state("files"), &options);
    let status = |model: &str| -> Vec<Status> {
        record
            .cells
            .iter()
            .filter(|cell| cell.model.as_str() == model)
            .filter_map(|cell| cell.status)
            .collect()
    };
    assert_eq!(status("tree"), [Status::Known, Status::Pass]);
    assert_eq!(status("cut"), [Status::Known, Status::Known]);
    assert_eq!(status("bundle"), [Status::Unjudged, Status::Unjudged]);
    assert_eq!(exit_code(&record), ExitCode::InvalidInput);
}

#[test]
fn the_gate_that_said_go_says_no() {
    let state = state("loads");
    let survey = judge::judge(&state, &JudgeOptions::default());
    let from = survey
        .cells
        .iter()
        .find(|cell| cell.consumer.as_str().starts_with("sk1.5.2"))
        .unwrap()
        .consumer
        .clone();
    let options =
        JudgeOptions { baseline: Some(Baseline::of_environment(&survey, &from)), ..JudgeOptions::default() };
    let record = judge::judge(&state, &options);
    let moved: Vec<_> = record.cells.iter().filter(|cell| cell.consumer != from).collect();
    let status = |model: &str| moved.iter().find(|cell| cell.model.as_str() == model).unwrap().status;
    assert_eq!(status("tree"), Some(Status::Regression));
    assert_eq!(status("logistic"), Some(Status::Pass));
    assert_eq!(exit_code(&record), ExitCode::Judged);
}
