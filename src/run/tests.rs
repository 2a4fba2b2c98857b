mod failed;
mod interrupted;

use std::collections::BTreeSet;

use super::fixture::{Asked, Play, Played, Scripted, Trial, external, matrix, words};
use crate::state::RunState;
use crate::vocab::{ArtifactAbsence, Event, Outcome, Verdict};

fn well() -> Scripted {
    Scripted::new(|_, _, _| Play::Well)
}

fn count(played: &Played, wanted: fn(&Event) -> bool) -> usize {
    played.events.iter().filter(|event| wanted(event)).count()
}

fn is_finish(event: &Event) -> bool {
    matches!(event, Event::RunFinished { interrupted: false, .. })
}

/// The words of verdicts that a run gave.
fn kinds(played: &Played) -> Vec<Verdict> {
    played.verdicts().into_values().collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn a_run_comes_to_its_end_and_its_record_says_the_same() {
    let mut trial = Trial::of(matrix());
    let played = trial.play(&well());
    assert_eq!(played.verdicts().len(), 8);
    assert_eq!(kinds(&played), [Verdict::Identical]);
    assert_eq!((played.report.counts.executed, played.report.counts.reused), (12, 0));
    assert!(is_finish(played.events.last().unwrap()));
    let replayed = RunState::replay(played.events.clone()).unwrap();
    assert_eq!(replayed, played.report.state);
    // The same again is known, and records that it ended.
    trial.recorded = played.events.clone();
    let script = well();
    let again = trial.play(&script);
    assert_eq!((again.report.counts.executed, again.report.counts.reused), (0, 12));
    assert_eq!(again.events.len(), played.events.len() + 1);
    assert_eq!(script.count("sk1", "Load") + script.count("sk1", "Train"), 0);
    // Without the record, the cache knows it.
    let cached = trial.play(&well());
    assert_eq!((cached.report.counts.executed, cached.report.counts.reused), (0, 12));
    assert_eq!(cached.verdicts(), played.verdicts());
}

#[test]
fn an_environment_that_dies_while_it_is_made_takes_only_its_own_cells() {
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Prepare) => Play::Dies,
        _ => Play::Well,
    });
    let played = Trial::of(matrix()).play(&script);
    let verdicts = played.verdicts();
    let failed = verdicts.iter().filter(|(cell, _)| cell.contains("sk2"));
    assert!(failed.clone().all(|(_, verdict)| *verdict == Verdict::EnvError), "{verdicts:?}");
    assert_eq!(failed.count(), 6);
    assert_eq!(verdicts.values().filter(|it| **it == Verdict::Identical).count(), 2);
    assert!(!played.report.interrupted);
}

#[test]
fn lost_and_damaged_artifacts_are_made_again() {
    for is_damaged in [false, true] {
        let mut trial = Trial::of(matrix());
        let first = trial.play(&well());
        let made = first.report.state.artifacts()[0].made.clone().unwrap();
        let path = trial.cache().object_path(&made.digest);
        if is_damaged {
            fs_err::write(&path, "something else").unwrap();
        } else {
            fs_err::remove_file(&path).unwrap();
        }
        // One cell is to be executed again, so that somebody reads the artifact.
        trial.recorded = first.events.clone();
        trial.recorded.retain(|event| !matches!(event, Event::CellObserved { .. }));
        fs_err::remove_dir_all(trial.cache().bucket(crate::store::Bucket::Observations)).unwrap();
        fs_err::create_dir_all(trial.cache().bucket(crate::store::Bucket::Observations)).unwrap();
        let again = trial.play(&well());
        assert_eq!(again.verdicts(), first.verdicts());
        assert_eq!(fs_err::read(&path).unwrap(), b"artifact-0.pkl of sk1");
    }
}

#[test]
fn an_artifact_that_is_damaged_behind_the_record_is_trained_again_once() {
    let mut trial = Trial::of(matrix());
    let first = trial.play(&well());
    let made = first.report.state.artifacts()[0].made.clone().unwrap();
    fs_err::write(trial.cache().object_path(&made.digest), "something else").unwrap();
    // The cache still says that it was trained, the cell in `sk2` is unknown.
    let id = first.report.state.artifacts()[0].id.clone();
    let is_gone = |event: &Event| match event {
        Event::CellObserved { artifact, consumer, .. } => *artifact == id && consumer.as_str() == "sk2",
        _ => false,
    };
    let key = first.events.iter().find_map(|event| match event {
        Event::CellObserved { key, .. } if is_gone(event) => Some(*key),
        _ => None,
    });
    let name = key.unwrap().to_string();
    let folder = trial.cache().bucket(crate::store::Bucket::Observations).join(&name[..2]);
    fs_err::remove_file(folder.join(format!("{}.json", &name[2..]))).unwrap();
    trial.recorded = first.events.iter().filter(|event| !is_gone(event)).cloned().collect();
    let script = well();
    let again = trial.play(&script);
    assert_eq!(again.verdicts(), first.verdicts());
    assert_eq!(script.count("sk1", "Train"), 1);
    assert_eq!(again.report.counts.executed, 1);
    assert!(again.notes.iter().any(|note| note.contains("was lost or damaged")), "{:?}", again.notes);
}

#[test]
fn arrays_that_the_store_has_lost_are_observed_again() {
    // Equal outputs need no bytes to be compared.
    let close = || {
        Scripted::new(|who, what, _| match (who, what) {
            ("sk2", Asked::Load { .. }) => Play::Gives(1.0 + 1e-12),
            _ => Play::Well,
        })
    };
    let mut trial = Trial::of(matrix());
    let first = trial.play(&close());
    let array = crate::vocab::Digest::of(&1f64.to_le_bytes());
    fs_err::remove_file(trial.cache().object_path(&array)).unwrap();
    trial.recorded = first.events.clone();
    trial.recorded.retain(|event| !matches!(event, Event::CellCompared { .. }));
    let again = trial.play(&close());
    assert_eq!(again.verdicts(), first.verdicts());
    assert!(again.report.counts.executed >= 1);
}

#[test]
fn a_producer_whose_reference_fails_is_no_finding_about_readers() {
    // `sk1` cannot load what it wrote itself.
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk1", Asked::Load { bytes, .. }) if bytes.ends_with("sk1") => Play::Raises,
        _ => Play::Well,
    });
    let played = Trial::of(matrix()).play(&script);
    let verdicts = played.verdicts();
    assert_eq!(verdicts["ridge/joblib/sk1 in sk2"], Verdict::EnvError);
    assert_eq!(verdicts["ridge/joblib/sk1 in sk1"], Verdict::LoadError);
    assert_eq!(verdicts["ridge/joblib/sk2 in sk1"], Verdict::Identical);
}

#[test]
fn an_external_artifact_waits_for_its_reference_and_goes_on_without_its_producer() {
    let mut trial = Trial::of(matrix());
    trial.matrix = external(trial.folder.path());
    let played = trial.play(&well());
    assert_eq!(kinds(&played), [Verdict::Identical]);
    let place = |wanted: fn(&Event) -> bool| played.events.iter().position(wanted).unwrap();
    assert!(
        place(|event| matches!(event, Event::ReferenceTaken { .. }))
            < place(|event| matches!(event, Event::CellObserved { .. }))
    );
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk1", Asked::Prepare) => Play::Dies,
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    trial.matrix = external(trial.folder.path());
    let alone = trial.play(&script);
    assert_eq!(alone.verdicts()["ridge/pickle-4/sk1 in sk2"], Verdict::Unverified);
    assert_eq!(count(&alone, |event| matches!(event, Event::CellObserved { .. })), 1);
}

#[test]
fn a_producer_is_asked_again_about_what_may_be_random() {
    let random = Scripted::new(|who, what, before| match (who, what) {
        ("sk1", Asked::Load { seed: 1, .. }) => Play::Gives(3.0),
        ("sk2", Asked::Load { .. }) => Play::Gives(2.0 + before as f64),
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    trial.matrix = external(trial.folder.path());
    let played = trial.play(&random);
    assert_eq!(played.verdicts()["ridge/pickle-4/sk1 in sk2"], Verdict::Unverified);
    assert_eq!(count(&played, |event| matches!(event, Event::ReferenceRepeated { .. })), 1);
    let real = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Load { .. }) => Play::Gives(2.0),
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    trial.matrix = external(trial.folder.path());
    let played = trial.play(&real);
    assert_eq!(played.verdicts()["ridge/pickle-4/sk1 in sk2"], Verdict::Drift);
    assert_eq!(count(&played, |event| matches!(event, Event::ReferenceRepeated { .. })), 1);
}

/// A machine whose cells of `sk2` give this number instead of 1, and whose `sk1` gives these for two kernels of OpenBLAS.
fn noisy(drift: f64, kernels: fn(&str) -> Play) -> Scripted {
    let mut script = Scripted::new(move |who, what, _| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") => Play::Gives(drift),
        (who, Asked::Load { .. }) if who.starts_with("sk1 ") => kernels(who),
        _ => Play::Well,
    });
    script.blas = Some("OpenBLAS 0.3.21 Haswell".to_owned());
    script
}

fn is_varied(event: &Event) -> bool {
    matches!(event, Event::ReferenceVaried { .. })
}

#[test]
fn a_producer_computes_otherwise_where_a_cell_drifts_and_nowhere_else() {
    let noise = |who: &str| match who {
        "sk1 OPENBLAS_CORETYPE=Nehalem" => Play::Gives(1.01),
        _ => Play::Well,
    };
    let script = noisy(1.02, noise);
    let mut trial = Trial::of(matrix());
    let played = trial.play(&script);
    let cell = "ridge/pickle-4/sk1 in sk2";
    assert_eq!(played.verdicts()[cell], Verdict::Roundoff);
    // Of one artifact: without a change, by two kernels, and with two threads.
    assert_eq!(count(&played, is_varied), 4);
    assert_eq!((played.report.counts.executed, played.report.counts.reused), (12, 0));
    assert_eq!(RunState::replay(played.events.clone()).unwrap(), played.report.state);
    // The same again is known, with and without the record.
    for recorded in [played.events.clone(), Vec::new()] {
        trial.recorded = recorded;
        let script = noisy(1.02, noise);
        let again = trial.play(&script);
        assert_eq!((again.verdicts(), again.report.counts.executed), (played.verdicts(), 0));
        assert_eq!(script.count("sk1 OPENBLAS_CORETYPE", "Load"), 0);
        assert_eq!(count(&again, is_varied), 4);
    }
    let played = Trial::of(matrix()).play(&noisy(2.0, noise));
    assert_eq!((played.verdicts()[cell], count(&played, is_varied)), (Verdict::Drift, 4));
    let played = Trial::of(matrix()).play(&noisy(1.0, noise));
    assert_eq!((played.verdicts()[cell], count(&played, is_varied)), (Verdict::Identical, 0));
}

#[test]
fn a_way_of_computing_that_fails_takes_nothing_from_the_others_and_is_tried_again() {
    for play in [|| Play::Dies, || Play::Raises, || Play::TakesDown, || Play::Killed] as [fn() -> Play; 4] {
        let mut script = Scripted::new(move |who, what, _| match (who, what) {
            ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") => Play::Gives(1.02),
            ("sk1 OPENBLAS_CORETYPE=Prescott", Asked::Load { .. }) => play(),
            ("sk1 OPENBLAS_CORETYPE=Nehalem", Asked::Load { .. }) => Play::Gives(1.01),
            ("sk1 OMP_NUM_THREADS=2", Asked::Start) => Play::Raises,
            _ => Play::Well,
        });
        script.blas = Some("OpenBLAS 0.3.21 Haswell".to_owned());
        let mut trial = Trial::of(matrix());
        let played = trial.play(&script);
        assert_eq!(played.verdicts()["ridge/pickle-4/sk1 in sk2"], Verdict::Roundoff);
        assert_eq!((count(&played, is_varied), played.report.interrupted), (2, false));
        // What this machine could not do today is asked for again.
        trial.recorded = played.events;
        let again = trial.play(&noisy(1.02, |_| Play::Gives(1.01)));
        assert_eq!(count(&again, is_varied), 4);
    }
}

/// Plays a gate that finds the cells of `sk1`'s artifacts in `sk2` bad.
fn retried(script: &Scripted) -> Played {
    let mut trial = Trial::of(matrix());
    trial.retry = Some(Box::new(|state| {
        let bad = words(state).into_iter().filter(|(_, verdict)| verdict.fails());
        let id = |cell: String| {
            let (artifact, consumer) = cell.split_once(" in ").unwrap();
            let known = state.artifacts().iter().find(|it| it.id.to_string() == artifact).unwrap();
            (known.id.clone(), consumer.into())
        };
        bad.map(|(cell, _)| id(cell)).collect()
    }));
    trial.play(script)
}

#[test]
fn a_regression_is_tried_again_alone() {
    let flaky = Scripted::new(|who, what, before| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") && before == 0 => Play::Raises,
        _ => Play::Well,
    });
    let played = retried(&flaky);
    let cell = "ridge/pickle-4/sk1 in sk2";
    assert_eq!(played.verdicts()[cell], Verdict::LoadError);
    assert_eq!(count(&played, |event| matches!(event, Event::CellRetried { .. })), 1);
    let state = &played.report.state;
    let seen = state.cell(&state.artifacts()[0].id, &"sk2".into()).unwrap().view().retried.unwrap();
    assert!(matches!(seen.0.outcome, crate::vocab::Outcome::Predicted { .. }));
    assert_eq!(seen.1.len(), 1);
    assert!(is_finish(played.events.last().unwrap()), "the run ends after what it tried again");
    assert_eq!(played.notes, ["1 again"]);
    // What is tried a second time was counted the first.
    assert_eq!(played.report.counts.executed, 12);

    let broken = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") => Play::Raises,
        _ => Play::Well,
    });
    let played = retried(&broken);
    let state = &played.report.state;
    let seen = state.cell(&state.artifacts()[0].id, &"sk2".into()).unwrap().view().retried.unwrap();
    assert!(matches!(seen.0.outcome, crate::vocab::Outcome::Raised { .. }));
}

#[test]
fn a_crash_in_a_batch_is_one_task_s_own() {
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") => Play::Dies,
        _ => Play::Well,
    });
    let played = Trial::of(matrix()).play(&script);
    let verdicts = played.verdicts();
    assert_eq!(verdicts["ridge/pickle-4/sk1 in sk2"], Verdict::Crash);
    assert_eq!(verdicts.values().filter(|it| **it == Verdict::Identical).count(), 7);
}

/// What the machine can do to a cell, and how the record calls it.
const DISTURBANCES: [(Disturbing, &str); 2] =
    [(|| Play::Killed, "killed"), (|| Play::TakesDown, "interpreter-lost")];

/// What disturbs.
type Disturbing = fn() -> Play;

#[test]
fn what_the_machine_does_twice_is_no_fact_about_the_artifact() {
    for (play, word) in DISTURBANCES {
        let script = Scripted::new(move |who, what, _| match (who, what) {
            ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") => play(),
            _ => Play::Well,
        });
        let mut trial = Trial::of(matrix());
        let played = trial.play(&script);
        let cell = "ridge/pickle-4/sk1 in sk2";
        assert_eq!(played.verdicts()[cell], Verdict::EnvError, "{word}");
        assert_eq!(played.verdicts().values().filter(|it| **it == Verdict::Identical).count(), 7, "{word}");
        let told = played.events.iter().filter_map(|event| match event {
            Event::CellObserved { observation, .. } => Some(&observation.outcome),
            _ => None,
        });
        let words: Vec<_> = told
            .filter_map(|outcome| match outcome {
                Outcome::Disturbed { by } => Some(by.word()),
                _ => None,
            })
            .collect();
        assert_eq!(words, [word]);
        // Neither the record nor the cache takes it for known, and nothing else is done again.
        let cached = trial.play(&well());
        assert_eq!((cached.report.counts.executed, kinds(&cached)), (1, vec![Verdict::Identical]), "{word}");
        trial.recorded = played.events;
        assert_eq!(kinds(&trial.play(&well())), [Verdict::Identical], "{word}");
    }
}

#[test]
fn what_the_machine_does_once_is_not_seen() {
    for (play, word) in DISTURBANCES {
        let script = Scripted::new(move |who, what, before| match (who, what) {
            // In a batch or alone; the next time nobody is in the way.
            ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") && before < 1 => play(),
            _ => Play::Well,
        });
        let played = Trial::of(matrix()).play(&script);
        assert_eq!(kinds(&played), [Verdict::Identical], "{word}");
    }
}

#[test]
fn training_that_the_machine_disturbs_is_tried_again_by_the_next_run() {
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk1", Asked::Train) => Play::Killed,
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    let played = trial.play(&script);
    let is_disturbed = |event: &Event| {
        matches!(event, Event::ArtifactMissing { absence: ArtifactAbsence::Disturbed { .. }, .. })
    };
    assert!(count(&played, is_disturbed) > 0);
    assert_eq!(kinds(&played), [Verdict::Identical, Verdict::EnvError]);
    trial.recorded = played.events;
    assert_eq!(kinds(&trial.play(&well())), [Verdict::Identical]);
}

#[test]
fn a_worker_that_cannot_be_started_once_loses_nothing() {
    // The first start tells what the environment lacks; the second is for its first jobs.
    let script = Scripted::new(|who, what, before| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") && before == 0 => Play::TakesDown,
        ("sk2", Asked::Start) if before == 1 => Play::Raises,
        _ => Play::Well,
    });
    let played = Trial::of(matrix()).play(&script);
    assert!(is_finish(played.events.last().unwrap()));
    assert_eq!(kinds(&played), [Verdict::Identical]);
}

#[test]
fn a_worker_that_cannot_be_started_is_the_environments_trouble_until_the_next_run() {
    let script = Scripted::new(|who, what, before| match (who, what) {
        ("sk2", Asked::Load { bytes, .. }) if bytes.ends_with("pkl of sk1") && before == 0 => Play::TakesDown,
        ("sk2", Asked::Start) if before >= 1 => Play::Raises,
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    let played = trial.play(&script);
    assert!(is_finish(played.events.last().unwrap()));
    let lost = count(&played, |event| matches!(event, Event::CellLost { .. }));
    assert!(lost > 0 && lost <= 4, "{lost} cells are lost");
    // The next process starts it, and finds what is missing.
    trial.recorded = played.events;
    assert_eq!(kinds(&trial.play(&well())), [Verdict::Identical]);
}

#[test]
fn nothing_is_believed_of_an_environment_that_was_damaged_meanwhile() {
    let script = Scripted::new(|who, what, _| match (who, what) {
        ("sk2", Asked::Damage) => Play::Dies,
        _ => Play::Well,
    });
    let mut trial = Trial::of(matrix());
    let played = trial.play(&script);
    for (cell, verdict) in played.verdicts() {
        let expected = if cell.contains("sk2") { Verdict::EnvError } else { Verdict::Identical };
        assert_eq!(verdict, expected, "{cell}");
    }
    assert!(is_finish(played.events.last().unwrap()));
    trial.recorded = played.events;
    assert_eq!(kinds(&trial.play(&well())), [Verdict::Identical]);
}

/// Whether something hangs.
type Hanging = fn(&str, Asked<'_>) -> bool;

#[test]
fn an_interruption_in_any_phase_loses_nothing() {
    let phases: [(&str, Hanging); 5] = [
        ("making", |who, what| who == "sk2" && what == Asked::Prepare),
        ("importing", |who, what| who == "sk2" && what == Asked::Start),
        ("training", |who, what| who == "sk2" && what == Asked::Train),
        ("reference", |who, what| who == "sk1" && matches!(what, Asked::Load { .. })),
        ("cells", |who, what| who == "sk2" && matches!(what, Asked::Load { .. })),
    ];
    for (phase, hangs) in phases {
        let mut trial = Trial::of(matrix());
        let script =
            Scripted::new(move |who, what, _| if hangs(who, what) { Play::Hangs } else { Play::Well });
        let played = trial.play(&script);
        assert!(played.report.interrupted, "{phase}");
        assert!(
            matches!(played.events.last(), Some(Event::RunFinished { interrupted: true, .. })),
            "{phase}"
        );
        trial.recorded = played.events;
        let again = trial.play(&well());
        assert_eq!(kinds(&again), [Verdict::Identical], "{phase}");
        assert!(!again.report.interrupted, "{phase}");
    }
}

#[test]
fn an_interruption_while_bytes_are_looked_at_loses_nothing() {
    let mut trial = Trial::of(matrix());
    trial.ends_with_cells = true;
    let played = trial.play(&well());
    assert!(played.report.interrupted);
    trial.ends_with_cells = false;
    trial.recorded = played.events;
    let again = trial.play(&well());
    assert_eq!(kinds(&again), [Verdict::Identical]);
    assert_eq!(again.report.counts.executed, 0);
}

#[test]
fn a_record_that_was_cut_anywhere_goes_on_to_the_same_end() {
    let drifting = || {
        Scripted::new(|who, what, _| match (who, what) {
            ("sk1", Asked::Load { seed: 1, .. }) => Play::Gives(3.0),
            ("sk2", Asked::Load { .. }) => Play::Gives(2.0),
            _ => Play::Well,
        })
    };
    let external_of = || {
        let mut trial = Trial::of(matrix());
        trial.matrix = external(trial.folder.path());
        trial
    };
    cut_everywhere(|| Trial::of(matrix()), &well(), well);
    cut_everywhere(external_of, &drifting(), drifting);
}

/// Cuts the record of a run after every event and goes on, with what the cache holds and without.
fn cut_everywhere(trial: impl Fn() -> Trial, script: &Scripted, again: impl Fn() -> Scripted) {
    let mut whole = trial();
    let played = whole.play(script);
    for at in 1..played.events.len() {
        let mut fresh = trial();
        fresh.matrix = whole.matrix.clone();
        for trial in [&mut whole, &mut fresh] {
            trial.recorded = played.events[..at].to_vec();
            let resumed = trial.play(&again());
            let added = &resumed.events[at..];
            assert_eq!(resumed.verdicts(), played.verdicts(), "cut after event {at}, then {added:#?}");
            assert!(is_finish(resumed.events.last().unwrap()));
            let replayed = RunState::replay(resumed.events).unwrap();
            assert_eq!(replayed, resumed.report.state);
        }
    }
}
