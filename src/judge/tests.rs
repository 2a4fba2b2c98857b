mod files;
mod foretold;
mod noise;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::state::ReplayError;
use crate::vocab::*;

fn lock(scikit_learn: &str, joblib: &str) -> Lock {
    Lock {
        runtime: Runtime::Venv,
        python: "3.11.7".to_owned(),
        implementation: "CPython".to_owned(),
        arch: "x86_64".to_owned(),
        bits: 64,
        byteorder: ByteOrder::Little,
        libc: "glibc 2.36".to_owned(),
        packages: [("scikit-learn", scikit_learn), ("joblib", joblib)]
            .map(|(name, version)| (name.to_owned(), version.to_owned()))
            .into(),
        blas: None,
        cpu_features: Vec::new(),
        code: Vec::new(),
        base: None,
        companions: Vec::new(),
        variables: BTreeMap::new(),
        config: BTreeMap::new(),
        setup: Default::default(),
    }
}

fn header(expectations: Vec<ExpectationRecord>) -> Event {
    let environment = |name: &str| EnvironmentPlan {
        writes: None,
        name: name.into(),
        runtime: Runtime::Venv,
        python: Some("3.11".to_owned()),
        packages: BTreeMap::new(),
        producer: true,
        consumer: true,
        external: false,
        reads: None,
    };
    Event::RunStarted(Box::new(RunHeader {
        format_version: FORMAT_VERSION,
        shelflife: "0.1.0".to_owned(),
        run: "r".to_owned(),
        time: "2026-11-21T00:00:00Z".to_owned(),
        jobs: 2,
        matrix: MatrixRecord {
            name: "m".to_owned(),
            file: None,
            description: None,
            package: None,
            plan_digest: Digest::of(b"plan"),
        },
        plan: PlanRecord {
            environments: vec![environment("old"), environment("new")],
            models: vec![ModelPlan {
                name: "tree".into(),
                estimator: "T()".to_owned(),
                dataset: "d".to_owned(),
                formats: vec!["joblib".into()],
                file: None,
            }],
            formats: Vec::new(),
            expectations,
            left_out: Vec::new(),
        },
        part: None,
    }))
}

fn artifact(producer: &str) -> ArtifactId {
    ArtifactId { model: "tree".into(), format: "joblib".into(), producer: producer.into() }
}

fn ready(name: &str, lock: Lock, absent_models: &[(&str, &str)]) -> Event {
    Event::EnvironmentReady {
        name: name.into(),
        lock,
        absent_models: absent_models
            .iter()
            .map(|(model, reason)| ((*model).into(), (*reason).to_owned()))
            .collect(),
        seconds: 0.0,
        reused: false,
    }
}

fn made(producer: &str) -> Event {
    Event::ArtifactMade {
        artifact: artifact(producer),
        digest: Digest::of(b"a"),
        size: 1,
        train_seconds: 0.1,
        save_seconds: 0.1,
        methods: vec!["predict".to_owned()],
        reused: false,
    }
}

fn observation(outcome: Outcome) -> Observation {
    Observation {
        outcome,
        warnings: Default::default(),
        load_seconds: None,
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: None,
        alone: false,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

fn predicted() -> Outcome {
    Outcome::Predicted { outputs: Default::default() }
}

fn raised(phase: Phase, class: &str, message: &str) -> Outcome {
    let error = ErrorFact {
        class: class.to_owned(),
        message: message.to_owned(),
        bases: vec!["Exception".to_owned()],
        module: Some("sklearn.tree._tree".to_owned()),
        frames: Vec::new(),
        importing: None,
    };
    Outcome::Raised { phase, method: None, error: error.into(), outputs: Default::default() }
}

fn reference(producer: &str, outcome: Outcome) -> Event {
    let observation = observation(outcome);
    Event::ReferenceTaken { artifact: artifact(producer), key: Digest::of(b"r"), observation, reused: false }
}

fn observed(producer: &str, consumer: &str, outcome: Outcome) -> Event {
    Event::CellObserved {
        artifact: artifact(producer),
        consumer: consumer.into(),
        key: Digest::of(b"c"),
        observation: observation(outcome),
        reused: false,
    }
}

fn compared(producer: &str, consumer: &str, agreement: Agreement) -> Event {
    let comparison = OutputComparison {
        agreement,
        elements: 10,
        mismatch: None,
        dtypes: None,
        tolerance: None,
        max_abs: Real(0.5),
        max_rel: Real(0.0),
        max_ulp: 0,
        scale: Real(1.0),
        outside: 0,
        nonfinite_differ: 0,
        flips: 0,
        tie_flips: 0,
        flipped: Vec::new(),
        noise: None,
        worst: None,
    };
    let outputs = [("predict".to_owned(), comparison)].into();
    Event::CellCompared { artifact: artifact(producer), consumer: consumer.into(), outputs }
}

/// Two environments, one artifact of `old`, and whatever happened to it in `new`.
fn judged(extra: Vec<Event>) -> Record {
    judged_by(Vec::new(), extra, &JudgeOptions::default())
}

fn judged_by(expectations: Vec<ExpectationRecord>, extra: Vec<Event>, options: &JudgeOptions) -> Record {
    let mut events = vec![
        header(expectations),
        ready("old", lock("1.2.2", "1.3.2"), &[]),
        ready("new", lock("1.3.2", "1.3.2"), &[]),
        made("old"),
        reference("old", predicted()),
    ];
    events.extend(extra);
    events.push(Event::RunFinished {
        time: "t".to_owned(),
        seconds: 1.0,
        executed: 1,
        reused: 0,
        interrupted: false,
    });
    judge(&RunState::replay(events).unwrap(), options)
}

/// The cell of `old`'s artifact in `new`.
fn cell(record: &Record) -> &CellRecord {
    let found =
        record.cells.iter().find(|cell| cell.producer.as_str() == "old" && cell.consumer.as_str() == "new");
    found.unwrap()
}

fn opinion(extra: Vec<Event>) -> (Verdict, Stage) {
    let record = judged(extra);
    let cell = cell(&record);
    (cell.verdict, cell.stage)
}

fn killed() -> Disturbance {
    Disturbance::Killed { signal: 9 }
}

#[test]
fn what_the_machine_did_is_unjudged_and_blamed_on_nobody() {
    let fail_on = JudgeOptions { fail_on: vec![Verdict::Crash], ..JudgeOptions::default() };
    let disturbed = Outcome::Disturbed { by: killed() };
    for events in [
        vec![observed("old", "new", disturbed.clone())],
        vec![reference("old", disturbed), observed("old", "new", predicted())],
    ] {
        let record = judged_by(vec![], mostly_working(events), &fail_on);
        let cell = cell(&record);
        let Cause::Environment { trouble: Trouble::Disturbed { by, .. } } = &cell.cause else {
            panic!("{:?}", cell.cause)
        };
        assert_eq!((by, cell.status), (&killed(), Some(Status::Unjudged)));
        assert_eq!(exit_code(&record), ExitCode::CouldNotJudge);
        assert!(record.findings.iter().any(|finding| finding.next == Next::TryAgain { by: killed() }));
    }
}

#[test]
fn every_outcome_has_its_verdict() {
    let load = Phase::Load;
    let rows = [
        (raised(load, "EOFError", "Ran out of input"), (Verdict::LoadError, Stage::Read)),
        (
            raised(load, "ValueError", "node array has an incompatible dtype"),
            (Verdict::LoadError, Stage::State),
        ),
        (raised(load, "MemoryError", ""), (Verdict::OutOfMemory, Stage::Load)),
        (raised(Phase::Predict, "AttributeError", "x"), (Verdict::PredictError, Stage::Predict)),
        (Outcome::Signalled { phase: load, signal: 11 }, (Verdict::Crash, Stage::Load)),
        (Outcome::Exited { phase: Phase::Predict, status: 3 }, (Verdict::Crash, Stage::Predict)),
        (Outcome::TimedOut { phase: load, limit_seconds: 1.0 }, (Verdict::Timeout, Stage::Load)),
        (Outcome::OutOfMemory { phase: load, limit_bytes: 1 << 20 }, (Verdict::OutOfMemory, Stage::Load)),
        (Outcome::Disturbed { by: killed() }, (Verdict::EnvError, Stage::Env)),
    ];
    for (outcome, expected) in rows {
        assert_eq!(opinion(vec![observed("old", "new", outcome.clone())]), expected, "{outcome:?}");
    }
}

#[test]
fn values_decide_where_nothing_was_raised() {
    let rows = [
        (Agreement::BitEqual, Verdict::Identical),
        (Agreement::Within, Verdict::Roundoff),
        (Agreement::Outside, Verdict::Drift),
        (Agreement::Mismatched, Verdict::Drift),
    ];
    for (agreement, expected) in rows {
        let events = vec![observed("old", "new", predicted()), compared("old", "new", agreement)];
        assert_eq!(opinion(events), (expected, Stage::Value));
    }
}

#[test]
fn without_a_comparison_nothing_is_called_equal() {
    assert_eq!(opinion(vec![observed("old", "new", predicted())]).0, Verdict::EnvError);
    let empty = Event::CellCompared {
        artifact: artifact("old"),
        consumer: "new".into(),
        outputs: Default::default(),
    };
    assert_eq!(opinion(vec![observed("old", "new", predicted()), empty]).0, Verdict::EnvError);
    // A reference that failed is no reference, whatever was compared.
    let events = vec![
        reference("old", raised(Phase::Load, "ValueError", "x")),
        observed("old", "new", predicted()),
        compared("old", "new", Agreement::BitEqual),
    ];
    assert_eq!(opinion(events).0, Verdict::EnvError);
}

#[test]
fn a_class_that_does_not_exist_there_is_absent_only_where_it_is_missed() {
    let absent_models = || ready("new", lock("0.24.2", "1.3.2"), &[("tree", "scikit-learn 0.24.2 has no T")]);
    let missing = || {
        let Outcome::Raised { phase, method, error, outputs } =
            raised(Phase::Load, "ModuleNotFoundError", "No module named 'sklearn.t'")
        else {
            unreachable!("`raised` gives `Raised`")
        };
        let error = ErrorFact { bases: vec!["ImportError".to_owned()], ..(*error).clone() }.into();
        observed("old", "new", Outcome::Raised { phase, method, error, outputs })
    };
    assert_eq!(opinion(vec![absent_models(), missing()]).0, Verdict::Absent);
    assert_eq!(opinion(vec![missing()]), (Verdict::LoadError, Stage::Resolve));
    let other = observed("old", "new", raised(Phase::Load, "ValueError", "x"));
    assert_eq!(opinion(vec![absent_models(), other]).0, Verdict::LoadError);
    let works = vec![
        absent_models(),
        observed("old", "new", predicted()),
        compared("old", "new", Agreement::BitEqual),
    ];
    assert_eq!(opinion(works).0, Verdict::Identical);
}

#[test]
fn misread_joblib_files_are_told_apart() {
    let pair = |written: &str, read: &str| {
        let record = judged(vec![
            ready("old", lock("1.2.2", written), &[]),
            ready("new", lock("1.3.2", read), &[]),
            observed("old", "new", raised(Phase::Load, "TypeError", "'str' object is not callable")),
        ]);
        let cell = cell(&record);
        (cell.stage, matches!(cell.cause, Cause::Raised { misread: Some(_) }))
    };
    assert_eq!(pair("1.2.0", "1.1.1"), (Stage::Read, true));
    assert_eq!(pair("1.1.1", "1.2.0"), (Stage::State, false));
    assert_eq!(pair("1.3.2", "1.2.0"), (Stage::State, false));
    assert_eq!(pair("1.10.0", "1.9.0"), (Stage::State, false));
}

fn expectation(verdict: Verdict) -> ExpectationRecord {
    ExpectationRecord {
        models: vec!["tree".into()],
        formats: vec!["joblib".into()],
        producers: vec!["old".into()],
        consumers: vec!["new".into()],
        verdicts: vec![verdict],
        reason: "r".to_owned(),
        link: None,
        declared_at: "m.toml:1".to_owned(),
    }
}

/// Everything works but `old` in `new`, which does what `events` say.
fn mostly_working(events: Vec<Event>) -> Vec<Event> {
    let mut all = vec![made("new"), reference("new", predicted())];
    for (producer, consumer) in [("old", "old"), ("new", "old"), ("new", "new")] {
        all.push(observed(producer, consumer, predicted()));
        all.push(compared(producer, consumer, Agreement::BitEqual));
    }
    all.extend(events);
    all
}

fn failing() -> Vec<Event> {
    mostly_working(vec![observed("old", "new", raised(Phase::Load, "ValueError", "x"))])
}

fn working() -> Vec<Event> {
    mostly_working(vec![observed("old", "new", predicted()), compared("old", "new", Agreement::Within)])
}

#[test]
fn a_survey_ends_well_and_judgement_does_not() {
    let none = JudgeOptions::default();
    let code =
        |expectations, events, options: &JudgeOptions| exit_code(&judged_by(expectations, events, options));
    assert_eq!(code(vec![], failing(), &none), ExitCode::Done);
    let fail_on = JudgeOptions { fail_on: vec![Verdict::LoadError], ..JudgeOptions::default() };
    assert_eq!(code(vec![], failing(), &fail_on), ExitCode::Judged);
    assert_eq!(code(vec![], working(), &fail_on), ExitCode::Done);
    let drift_only = JudgeOptions { fail_on: vec![Verdict::Drift], ..JudgeOptions::default() };
    assert_eq!(code(vec![], failing(), &drift_only), ExitCode::Done);
    // What is declared is known; anything else contradicts.
    assert_eq!(code(vec![expectation(Verdict::LoadError)], failing(), &none), ExitCode::Done);
    assert_eq!(code(vec![expectation(Verdict::LoadError)], failing(), &fail_on), ExitCode::Done);
    assert_eq!(code(vec![expectation(Verdict::Drift)], failing(), &none), ExitCode::Judged);
    assert_eq!(code(vec![expectation(Verdict::LoadError)], working(), &none), ExitCode::Judged);
    // The last expectation that covers a cell counts.
    let both = vec![expectation(Verdict::Drift), expectation(Verdict::LoadError)];
    assert_eq!(code(both, failing(), &none), ExitCode::Done);
    // What could not be tried cannot be judged.
    let broken = mostly_working(vec![Event::CellLost {
        artifact: artifact("old"),
        consumer: "new".into(),
        reason: "r".to_owned(),
    }]);
    assert_eq!(code(vec![], broken.clone(), &none), ExitCode::Done);
    assert_eq!(code(vec![], broken, &drift_only), ExitCode::CouldNotJudge);
}

#[test]
fn a_baseline_tells_regressions_from_what_was_known() {
    let none = JudgeOptions::default();
    let against = |before: Vec<Event>, now: Vec<Event>| {
        let baseline = Some(Baseline::of(&judged_by(vec![], before, &none)));
        let record = judged_by(vec![], now, &JudgeOptions { baseline, ..JudgeOptions::default() });
        (cell(&record).status, exit_code(&record))
    };
    assert_eq!(against(working(), failing()), (Some(Status::Regression), ExitCode::Judged));
    assert_eq!(against(failing(), failing()), (Some(Status::Known), ExitCode::Done));
    assert_eq!(against(failing(), working()), (Some(Status::Fixed), ExitCode::Done));
    assert_eq!(against(working(), working()), (Some(Status::Pass), ExitCode::Done));
    let crash =
        mostly_working(vec![observed("old", "new", Outcome::Signalled { phase: Phase::Load, signal: 11 })]);
    assert_eq!(against(failing(), crash), (Some(Status::Regression), ExitCode::Judged));
}

#[test]
fn an_unfinished_run_is_interrupted_and_says_so() {
    let events = vec![header(vec![]), ready("old", lock("1.2.2", "1.3.2"), &[])];
    let record = judge(&RunState::replay(events).unwrap(), &JudgeOptions::default());
    assert!(record.run.interrupted);
    assert_eq!(exit_code(&record), ExitCode::Interrupted);
    assert!(
        record
            .cells
            .iter()
            .all(|cell| cell.verdict == Verdict::NotTried && matches!(cell.cause, Cause::Environment { .. }))
    );
}

#[test]
fn records_of_a_newer_version_are_refused() {
    let Event::RunStarted(mut newer) = header(vec![]) else { unreachable!("`header` gives a header") };
    newer.format_version = FORMAT_VERSION + 1;
    let error = RunState::replay([Event::RunStarted(newer)]).unwrap_err();
    assert!(error.to_string().contains("update shelflife"));
    assert_eq!(RunState::replay([]).unwrap_err(), ReplayError::NoHeader);
}

#[test]
fn later_events_win() {
    let events = vec![
        observed("old", "new", raised(Phase::Load, "ValueError", "x")),
        observed("old", "new", predicted()),
        compared("old", "new", Agreement::BitEqual),
    ];
    assert_eq!(opinion(events).0, Verdict::Identical);
    // A comparison of an earlier observation says nothing about a later one.
    let events = vec![
        observed("old", "new", predicted()),
        compared("old", "new", Agreement::BitEqual),
        observed("old", "new", raised(Phase::Load, "ValueError", "x")),
    ];
    assert_eq!(opinion(events).0, Verdict::LoadError);
}

#[test]
fn findings_gather_what_shares_a_cause() {
    let error =
        |number: u32| raised(Phase::Load, "ValueError", &format!("buffer of size {number}, expected 64"));
    let record = judged(vec![
        made("new"),
        reference("new", predicted()),
        observed("old", "new", error(56)),
        observed("new", "old", error(48)),
        observed("old", "old", predicted()),
        compared("old", "old", Agreement::Outside),
    ]);
    let kinds: Vec<_> = record.findings.iter().map(|finding| (finding.kind, finding.pairs.len())).collect();
    // `new` in `new` has no observation: it was not tried.
    assert_eq!(
        kinds,
        [(FindingKind::Nondeterministic, 1), (FindingKind::Failure, 2), (FindingKind::NotTried, 1)]
    );
    assert!(record.findings.iter().take(2).all(|finding| finding.next != Next::Nothing));
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let phases = prop_oneof![Just(Phase::Load), Just(Phase::Predict)];
    (phases, 0..7, any::<i32>(), ".*").prop_map(|(phase, kind, number, text)| match kind {
        0 => predicted(),
        1 => raised(phase, "KeyError", &text),
        2 => Outcome::Signalled { phase, signal: number },
        3 => Outcome::Exited { phase, status: number },
        6 => Outcome::Disturbed { by: Disturbance::InterpreterLost { says: text } },
        4 => Outcome::TimedOut { phase, limit_seconds: f64::from(number) },
        _ => Outcome::OutOfMemory { phase, limit_bytes: u64::from(number.unsigned_abs()) },
    })
}

proptest! {
    #[test]
    fn the_judge_is_total(first in outcomes(), second in outcomes(), reloaded in outcomes()) {
        let record = judged(vec![
            reference("old", reloaded),
            observed("old", "old", first),
            observed("old", "new", second),
            compared("old", "new", Agreement::Outside),
        ]);
        prop_assert_eq!(record.cells.len(), 4);
        prop_assert_eq!(record.summary.verdicts.values().sum::<u64>(), 4);
        // Every cell that does not work belongs to exactly one finding.
        let found: usize = record.findings.iter().map(|finding| finding.cells.len()).sum();
        let failing = record.cells.iter().filter(|cell| !cell.verdict.works()).count();
        prop_assert_eq!(found, failing);
    }
}
