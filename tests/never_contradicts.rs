//! The property that holds the product: no judged run, whatever is in it, says that something works, or ends 0, while a cell
//! fails that nobody has accepted; and where nothing fails, nothing says that something does.
//!
//! Records are made by the judge itself from generated events: any outcome of any cell, environments that fail, producers
//! whose reload fails, any baseline or none, any expectations, any `--fail-on`, as `run`, `check` and `gate` judge them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use shelflife::judge::{self, Baseline, JudgeOptions, exit_code};
use shelflife::present::{
    GateView, TerminalOptions, View, gate_annotations, gate_badge, gate_markdown, html, junit, markdown,
    rendered, terminal,
};
use shelflife::state::RunState;
use shelflife::vocab::*;

/// How many records are judged and rendered in each of the two tests, which run side by side.
const CASES: u32 = 5_500;

/// What became of one cell.
#[derive(Clone, Debug)]
enum Fate {
    Observed(Outcome, Agreement),
    Lost,
    Untried,
    /// Failed at first, and did this when it was tried again.
    Retried(Outcome, Agreement),
}

/// What became of an artifact in its own producer.
#[derive(Clone, Debug)]
enum Origin {
    Made(Outcome),
    Missing(ArtifactAbsence),
    Unknown,
}

#[derive(Clone, Debug)]
struct Case {
    /// Whether each of the three environments can be used: `Some(true)` says that what it needs is not on this machine.
    environments: [Result<bool, bool>; 3],
    file: bool,
    inputs: InputsKind,
    expected: bool,
    models: Vec<(Origin, Vec<Fate>)>,
    expectations: Vec<(Vec<usize>, Vec<Verdict>)>,
    fail_on: Vec<Verdict>,
    judged_by: JudgedBy,
    left_out: bool,
    interrupted: bool,
}

/// What a run is judged by, beside expectations and `--fail-on`.
#[derive(Clone, Debug)]
enum JudgedBy {
    Nothing,
    /// An earlier run with these fates of the same cells; models behind the given number are not in it.
    Run(Vec<Vec<Fate>>, usize),
    /// The first environment, as a gate does.
    From,
}

fn error(class: &str) -> ErrorFact {
    ErrorFact {
        class: class.to_owned(),
        message: "No module named 'thing'".to_owned(),
        bases: vec!["Exception".to_owned()],
        module: Some("thing".to_owned()),
        frames: Vec::new(),
        importing: None,
    }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let phase = prop_oneof![Just(Phase::Load), Just(Phase::Predict)];
    let raised = (
        phase.clone(),
        prop::sample::select(vec!["ValueError", "EOFError", "MemoryError", "ModuleNotFoundError"]),
    )
        .prop_map(|(phase, class)| Outcome::Raised {
            phase,
            method: None,
            error: error(class).into(),
            outputs: Default::default(),
        });
    let unfit = prop_oneof![Just(Unfit::NotAModel), Just(Unfit::Inputs)];
    prop_oneof![
        6 => Just(Outcome::Predicted { outputs: Default::default() }),
        3 => raised,
        1 => unfit.prop_map(|unfit| Outcome::Unfit { unfit, says: "unfit".to_owned() }),
        1 => phase.clone().prop_map(|phase| Outcome::Signalled { phase, signal: 11 }),
        1 => phase.clone().prop_map(|phase| Outcome::Exited { phase, status: 1 }),
        1 => phase.clone().prop_map(|phase| Outcome::TimedOut { phase, limit_seconds: 1.0 }),
        1 => phase.prop_map(|phase| Outcome::OutOfMemory { phase, limit_bytes: 1 << 20 }),
        1 => Just(Outcome::Inapplicable { reason: "not here".to_owned() }),
        1 => Just(Outcome::NotInstalled { reason: "no compiler".to_owned() }),
        1 => disturbances().prop_map(|by| Outcome::Disturbed { by }),
    ]
}

fn disturbances() -> impl Strategy<Value = Disturbance> {
    prop_oneof![
        Just(Disturbance::Killed { signal: 9 }),
        Just(Disturbance::InterpreterLost { says: "it is gone".to_owned() }),
        Just(Disturbance::FullDisk { folder: "/cache".to_owned(), free_bytes: Some(0) }),
    ]
}

fn agreements() -> impl Strategy<Value = Agreement> {
    prop_oneof![
        5 => Just(Agreement::BitEqual),
        2 => Just(Agreement::Within),
        2 => Just(Agreement::Outside),
        1 => Just(Agreement::Mismatched),
    ]
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        12 => (outcomes(), agreements()).prop_map(|(outcome, agreement)| Fate::Observed(outcome, agreement)),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Untried),
        1 => (outcomes(), agreements()).prop_map(|(outcome, agreement)| Fate::Retried(outcome, agreement)),
    ]
}

fn origins() -> impl Strategy<Value = Origin> {
    let absences = prop::sample::select(vec![
        ArtifactAbsence::RuledOut { requirement: "scikit-learn>=9".to_owned() },
        ArtifactAbsence::ClassAbsent { reason: "no such class".to_owned() },
        ArtifactAbsence::NoOutput,
        ArtifactAbsence::SaveFailed { error: error("TypeError") },
        ArtifactAbsence::TrainFailed { error: error("ValueError") },
        ArtifactAbsence::Died { reason: "died".to_owned() },
        ArtifactAbsence::Disturbed { by: Disturbance::Killed { signal: 9 } },
        ArtifactAbsence::Refused { reason: "it is a web page".to_owned(), foreign: None },
    ]);
    prop_oneof![
        6 => Just(Origin::Made(Outcome::Predicted { outputs: Default::default() })),
        3 => outcomes().prop_map(Origin::Made),
        2 => absences.prop_map(Origin::Missing),
        1 => Just(Origin::Unknown),
    ]
}

fn cases(judged_by: impl Strategy<Value = JudgedBy>) -> impl Strategy<Value = Case> {
    let environment = prop_oneof![8 => Just(Ok(true)), 1 => any::<bool>().prop_map(Err)];
    let model = (origins(), prop::collection::vec(fates(), 3));
    let verdicts = || prop::collection::vec(prop::sample::select(Verdict::ALL), 1..4);
    let inputs = prop::sample::select(vec![InputsKind::Given, InputsKind::Synthetic, InputsKind::None]);
    (
        [environment.clone(), environment.clone(), environment],
        (any::<bool>(), inputs, any::<bool>(), prop::bool::weighted(0.1), prop::bool::weighted(0.05)),
        prop::collection::vec(model, 1..4),
        prop::collection::vec((prop::collection::vec(0usize..3, 1..3), verdicts()), 0..2),
        prop_oneof![2 => Just(Vec::new()), 1 => Just(Verdict::FAILURES.to_vec()), 1 => verdicts()],
        judged_by,
    )
        .prop_map(
            |(
                environments,
                (file, inputs, expected, left_out, interrupted),
                models,
                expectations,
                fail_on,
                judged_by,
            )| {
                Case {
                    environments,
                    file,
                    inputs,
                    expected,
                    models,
                    expectations,
                    fail_on,
                    judged_by,
                    left_out,
                    interrupted,
                }
            },
        )
}

/// As `run` and `check` judge: by nothing more, or by an earlier run.
fn of_runs() -> impl Strategy<Value = JudgedBy> {
    prop_oneof![
        Just(JudgedBy::Nothing),
        (prop::collection::vec(prop::collection::vec(fates(), 3), 3), 0usize..4)
            .prop_map(|(fates, known)| JudgedBy::Run(fates, known)),
    ]
}

const ENVIRONMENTS: [&str; 3] = ["one", "two", "three"];

fn model_name(index: usize) -> ModelName {
    format!("model-{index}").into()
}

fn header(case: &Case) -> RunHeader {
    let environment = |name: &&str| EnvironmentPlan {
        name: (*name).into(),
        runtime: Runtime::Venv,
        python: None,
        packages: BTreeMap::new(),
        producer: *name == "one",
        consumer: true,
        external: false,
        reads: None,
        writes: None,
    };
    let model = |index: usize| ModelPlan {
        name: model_name(index),
        estimator: "T()".to_owned(),
        dataset: "d".to_owned(),
        formats: vec!["pickle".into()],
        file: case.file.then(|| FilePlan {
            probes: None,
            path: "model.pkl".to_owned(),
            producer: "one".into(),
            inputs: case.inputs,
            inputs_from: "inputs".to_owned(),
            inputs_file: None,
            registered: None,
            runs_commands: false,
            inferred: Vec::new(),
            expected: case.expected,
            expected_from: None,
            imports: [("thing".to_owned(), "thing".to_owned())].into(),
            notes: Vec::new(),
            own_modules: Default::default(),
            proved: Default::default(),
            modules_given: false,
        }),
    };
    let expectation = |(consumers, verdicts): &(Vec<usize>, Vec<Verdict>)| ExpectationRecord {
        models: vec![model_name(0)],
        formats: vec!["pickle".into()],
        producers: vec!["one".into()],
        consumers: consumers.iter().map(|at| ENVIRONMENTS[*at].into()).collect(),
        verdicts: verdicts.clone(),
        reason: "it is known".to_owned(),
        link: None,
        declared_at: "m.toml:1".to_owned(),
    };
    RunHeader {
        format_version: FORMAT_VERSION,
        shelflife: "0".to_owned(),
        run: "r".to_owned(),
        time: "2026-11-28T00:00:00Z".to_owned(),
        jobs: 1,
        matrix: MatrixRecord {
            name: "m".to_owned(),
            file: None,
            description: None,
            package: None,
            plan_digest: Digest::of(b"plan"),
        },
        plan: PlanRecord {
            environments: ENVIRONMENTS.iter().map(environment).collect(),
            models: (0..case.models.len()).map(model).collect(),
            formats: Vec::new(),
            expectations: case.expectations.iter().map(expectation).collect(),
            left_out: case
                .left_out
                .then(|| LeftOut { says: "`x` is not there".to_owned(), help: "name another".to_owned() })
                .into_iter()
                .collect(),
        },
        part: None,
    }
}

fn lock() -> Lock {
    Lock {
        runtime: Runtime::Venv,
        python: "3.11.7".to_owned(),
        implementation: "CPython".to_owned(),
        arch: "x86_64".to_owned(),
        bits: 64,
        byteorder: ByteOrder::Little,
        libc: String::new(),
        packages: [("scikit-learn".to_owned(), "1.2.2".to_owned())].into(),
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

fn observation(outcome: &Outcome) -> Observation {
    Observation {
        outcome: outcome.clone(),
        warnings: Default::default(),
        load_seconds: None,
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: None,
        alone: true,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

fn comparison(agreement: Agreement) -> ByOutput<OutputComparison> {
    let facts = OutputComparison {
        agreement,
        elements: 3,
        mismatch: None,
        dtypes: None,
        tolerance: None,
        max_abs: Real(0.0),
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
    [("predict".to_owned(), facts)].into()
}

fn events(case: &Case, fates: &[Vec<Fate>]) -> Vec<Event> {
    let mut events = vec![Event::RunStarted(Box::new(header(case)))];
    for (name, state) in ENVIRONMENTS.iter().zip(&case.environments) {
        events.push(match state {
            Ok(_) => Event::EnvironmentReady {
                name: (*name).into(),
                lock: lock(),
                absent_models: BTreeMap::new(),
                seconds: 0.0,
                reused: false,
            },
            Err(absent) => Event::EnvironmentFailed {
                name: (*name).into(),
                reason: "it could not be made".to_owned(),
                remedy: None,
                absent: *absent,
                cause: None,
            },
        });
    }
    for (index, ((origin, _), fates)) in case.models.iter().zip(fates).enumerate() {
        let artifact =
            ArtifactId { model: model_name(index), format: "pickle".into(), producer: "one".into() };
        match origin {
            Origin::Unknown => continue,
            Origin::Missing(absence) => {
                events.push(Event::ArtifactMissing { artifact, absence: absence.clone() });
                continue;
            }
            Origin::Made(reference) => {
                events.push(Event::ArtifactMade {
                    artifact: artifact.clone(),
                    digest: Digest::of(b"a"),
                    size: 1,
                    train_seconds: 0.0,
                    save_seconds: 0.0,
                    methods: Vec::new(),
                    reused: false,
                });
                let (key, observation) = (Digest::of(b"r"), observation(reference));
                events.push(Event::ReferenceTaken {
                    artifact: artifact.clone(),
                    key,
                    observation,
                    reused: false,
                });
            }
        }
        for (name, fate) in ENVIRONMENTS.iter().zip(fates) {
            let consumer: EnvName = (*name).into();
            let observed = |outcome: &Outcome| Event::CellObserved {
                artifact: artifact.clone(),
                consumer: consumer.clone(),
                key: Digest::of(b"c"),
                observation: observation(outcome),
                reused: false,
            };
            let compared = |agreement| Event::CellCompared {
                artifact: artifact.clone(),
                consumer: consumer.clone(),
                outputs: comparison(agreement),
            };
            match fate {
                Fate::Untried => {}
                Fate::Lost => events.push(Event::CellLost {
                    artifact: artifact.clone(),
                    consumer: consumer.clone(),
                    reason: "the interpreter was lost".to_owned(),
                }),
                Fate::Observed(outcome, agreement) => {
                    events.push(observed(outcome));
                    if matches!(outcome, Outcome::Predicted { .. }) {
                        events.push(compared(*agreement));
                    }
                }
                Fate::Retried(outcome, agreement) => {
                    events.push(observed(&Outcome::Signalled { phase: Phase::Load, signal: 9 }));
                    let predicts = matches!(outcome, Outcome::Predicted { .. });
                    events.push(Event::CellRetried {
                        artifact: artifact.clone(),
                        consumer: consumer.clone(),
                        observation: observation(outcome),
                        outputs: if predicts { comparison(*agreement) } else { Default::default() },
                    });
                }
            }
        }
    }
    events.push(Event::RunFinished {
        time: "2026-11-28T00:00:01Z".to_owned(),
        seconds: 1.0,
        executed: 1,
        reused: 0,
        interrupted: case.interrupted,
    });
    events
}

/// The earlier run that a case is judged by, where there is one. It did not know the last environment.
fn earlier(case: &Case) -> Option<Record> {
    let JudgedBy::Run(fates, known) = &case.judged_by else { return None };
    let mut before = case.clone();
    before.models.truncate(*known);
    let state = RunState::replay(events(&before, fates)).unwrap();
    let mut record = judge::judge(&state, &JudgeOptions::default());
    record.cells.retain(|cell| cell.consumer.as_str() != "three");
    Some(record)
}

fn judged(case: &Case, earlier: Option<&Record>) -> Record {
    let fates: Vec<Vec<Fate>> = case.models.iter().map(|(_, fates)| fates.clone()).collect();
    let state = RunState::replay(events(case, &fates)).unwrap();
    let survey = judge::judge(&state, &JudgeOptions::default());
    let baseline = match &case.judged_by {
        JudgedBy::Nothing | JudgedBy::Run(..) => earlier.map(Baseline::of),
        JudgedBy::From => Some(Baseline::of_environment(&survey, &"one".into())),
    };
    let options = JudgeOptions { fail_on: case.fail_on.clone(), baseline, forecast: false };
    judge::judge(&state, &options)
}

/// Whether somebody has accepted that a cell fails: an expectation names its verdict, an earlier run has it failing the
/// same way, or `--fail-on` leaves it out where nothing else judges.
fn is_covered(case: &Case, earlier: Option<&Record>, cell: &CellRecord) -> bool {
    if let Some(note) = &cell.expected {
        return note.verdicts.contains(&cell.verdict);
    }
    match &case.judged_by {
        JudgedBy::Nothing => !case.fail_on.is_empty() && !case.fail_on.contains(&cell.verdict),
        JudgedBy::Run(..) => {
            let same = |it: &&CellRecord| it.artifact == cell.artifact && it.consumer == cell.consumer;
            let known = earlier.and_then(|earlier| earlier.cells.iter().find(same));
            known.is_some_and(|it| it.verdict == cell.verdict)
        }
        // What is left is what the others are judged by.
        JudgedBy::From => cell.consumer.as_str() == "one",
    }
}

/// Statements of success, as a person reads them.
fn says_success(text: &str) -> bool {
    ["Go:", "✅ Go", "Nothing to do", "all models work", "the model works", "brightgreen"]
        .iter()
        .any(|words| text.contains(words))
}

/// The text of a page without its style, script and data.
fn visible(html: &str) -> String {
    let mut text = html.to_owned();
    for tag in ["style", "script"] {
        while let Some(start) = text.find(&format!("<{tag}")) {
            let end = text[start..]
                .find(&format!("</{tag}>"))
                .map_or(text.len(), |end| start + end + tag.len() + 3);
            text.replace_range(start..end, "");
        }
    }
    text
}

struct Shown {
    code: ExitCode,
    answer: String,
    texts: Vec<(&'static str, String)>,
    annotations: String,
    failures: usize,
    errors: usize,
}

fn shown(case: &Case, record: &Record) -> Shown {
    let view = View::new(record);
    let code = exit_code(record);
    let from = matches!(case.judged_by, JudgedBy::From).then(|| EnvName::from("one"));
    let gate = GateView { record, code, from: from.as_ref(), is_head: false, run: "reports/r", rescues: &[] };
    let bytes = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let xml = bytes(rendered(junit::write, &view).unwrap());
    let report = Report::deserialize_from_str(&xml).unwrap();
    let (mut failures, mut errors) = (0, 0);
    for test in report.test_suites.iter().flat_map(|suite| &suite.test_cases) {
        if let TestCaseStatus::NonSuccess { kind, .. } = &test.status {
            match kind {
                NonSuccessKind::Failure => failures += 1,
                NonSuccessKind::Error => errors += 1,
            }
        }
    }
    let texts = vec![
        ("terminal", terminal(record, &TerminalOptions::default())),
        ("markdown", bytes(rendered(markdown::write, &view).unwrap())),
        ("html", visible(&bytes(rendered(html::write, &view).unwrap()))),
        ("gate.md", bytes(gate_markdown(&gate))),
        ("badge", bytes(gate_badge(&gate))),
    ];
    Shown { code, answer: gate.answer(), texts, annotations: gate_annotations(&gate), failures, errors }
}

/// The property itself.
fn holds(case: &Case) -> Result<(), TestCaseError> {
    let earlier = earlier(case);
    let record = judged(case, earlier.as_ref());
    let shown = shown(case, &record);
    let is_flaky = |cell: &CellRecord| cell.status == Some(Status::Flaky);
    let failing: Vec<&CellRecord> = record
        .cells
        .iter()
        .filter(|cell| cell.verdict.fails() && !is_flaky(cell) && !is_covered(case, earlier.as_ref(), cell))
        .collect();
    if record.run.judged && !failing.is_empty() {
        prop_assert_ne!(shown.code, ExitCode::Done, "{:?}", failing[0]);
        prop_assert!(!shown.answer.starts_with("Go"), "{}", shown.answer);
        for (name, text) in &shown.texts {
            prop_assert!(!says_success(text), "{name} says success: {text}");
        }
        let is_open = failing.iter().any(|cell| cell.status != Some(Status::Unjudged));
        if !record.run.interrupted {
            prop_assert_eq!(
                shown.code == ExitCode::Judged,
                is_open
                    || record.cells.iter().any(|cell| {
                        cell.status.is_some_and(Status::is_bad)
                            || (cell.status == Some(Status::Fixed) && cell.expected.is_some())
                    })
            );
        }
        prop_assert!(shown.failures + shown.errors > 0);
        prop_assert!(!shown.annotations.is_empty());
        // Each of them is named as what it is.
        for cell in &failing {
            prop_assert!(
                matches!(cell.status, Some(Status::Regression | Status::New | Status::Unjudged)),
                "{cell:?}"
            );
        }
    }
    // Where the word is Go, every model that was given was judged.
    if shown.answer.starts_with("Go") {
        prop_assert_eq!(shown.code, ExitCode::Done);
        prop_assert!(record.left_out.is_empty());
        prop_assert!(record.cells.iter().all(|cell| cell.status != Some(Status::Unjudged)));
    }
    // The reverse: nothing fails, so nothing says it does.
    let fails = |cell: &&CellRecord| cell.verdict.fails() || cell.status == Some(Status::Regression);
    let is_stale = |cell: &CellRecord| cell.status == Some(Status::Fixed) && cell.expected.is_some();
    if record.run.judged && record.cells.iter().all(|cell| !fails(&cell) && !is_stale(cell)) {
        prop_assert_ne!(shown.code, ExitCode::Judged);
        prop_assert!(!shown.answer.starts_with("Not yet"), "{}", shown.answer);
        prop_assert!(!shown.annotations.contains("::error"), "{}", shown.annotations);
        prop_assert_eq!(shown.failures, 0);
    }
    // The numbers of the page add up to what was given.
    let models: std::collections::BTreeSet<_> =
        record.cells.iter().filter(|cell| cell.status.is_some()).map(|cell| &cell.model).collect();
    let account = shelflife::present::Account::of(&record);
    prop_assert_eq!(account.given(), models.len() + record.left_out.len());
    let parts = Status::ALL.iter().map(|status| account.count(*status)).sum::<usize>() + account.left_out;
    prop_assert_eq!(account.given(), parts);
    // A verdict is the word for its facts.
    for cell in &record.cells {
        prop_assert_eq!(cell.verdict, Verdict::of(cell.reached, &cell.cause));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn a_run_never_says_success_while_something_fails_and_never_cries_wolf(case in cases(of_runs())) {
        holds(&case)?;
    }

    #[test]
    fn a_gate_never_says_success_while_something_fails_and_never_cries_wolf(case in cases(Just(JudgedBy::From))) {
        holds(&case)?;
    }
}
