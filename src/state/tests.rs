use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::judge::{JudgeOptions, judge};
use crate::present::{json, parse_events};
use crate::vocab::*;

/// Two environments and a third that only reads `joblib`, two models in two formats, and an external artifact.
pub(crate) fn header() -> RunHeader {
    let environment = |name: &str, reads: Option<Vec<FormatName>>| EnvironmentPlan {
        writes: None,
        name: name.into(),
        runtime: Runtime::Venv,
        python: Some("3.11".to_owned()),
        packages: BTreeMap::new(),
        producer: reads.is_none(),
        consumer: true,
        external: false,
        reads,
    };
    let model = |name: &str| ModelPlan {
        name: name.into(),
        estimator: "T()".to_owned(),
        dataset: "d".to_owned(),
        formats: vec!["joblib".into(), "pickle".into()],
        file: None,
    };
    let file = FilePlan {
        path: "model.pkl".to_owned(),
        producer: "old".into(),
        inputs: InputsKind::Given,
        inputs_from: "somebody".to_owned(),
        inputs_file: None,
        registered: None,
        runs_commands: false,
        inferred: Vec::new(),
        expected: false,
        expected_from: None,
        imports: BTreeMap::new(),
        notes: Vec::new(),
        own_modules: Default::default(),
        proved: Default::default(),
        modules_given: false,
        probes: None,
    };
    RunHeader {
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
            left_out: Vec::new(),
            environments: vec![
                environment("old", None),
                environment("new", None),
                environment("reader", Some(vec!["joblib".into()])),
            ],
            models: vec![
                model("tree"),
                ModelPlan { formats: vec!["pickle".into()], file: Some(file), ..model("given") },
            ],
            formats: Vec::new(),
            expectations: Vec::new(),
        },
        part: None,
    }
}

fn observation(seconds: f64) -> Observation {
    Observation {
        outcome: Outcome::Predicted { outputs: Default::default() },
        warnings: Default::default(),
        load_seconds: Some(seconds),
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: None,
        alone: false,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

fn outputs(agreement: Agreement) -> ByOutput<OutputComparison> {
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
    [("predict".to_owned(), comparison)].into()
}

/// One event of each kind that can follow a header; `number` makes one differ from the next of its kind.
fn event(kind: u8, model: bool, writer: bool, reader: u8, number: u8) -> Event {
    let artifact = ArtifactId {
        model: if model { "tree" } else { "given" }.into(),
        format: if reader == 2 { "joblib" } else { "pickle" }.into(),
        producer: if writer { "old" } else { "new" }.into(),
    };
    // One that the plan does not have is among them.
    let consumer: EnvName = ["old", "new", "reader", "elsewhere"][usize::from(reader % 4)].into();
    let (key, digest) = (Digest::of(&[number]), Digest::of(&[number % 2]));
    let observation = observation(f64::from(number));
    let agreement = if number.is_multiple_of(2) { Agreement::BitEqual } else { Agreement::Outside };
    match kind {
        0 => Event::EnvironmentFailed {
            cause: None,
            name: consumer,
            reason: number.to_string(),
            remedy: None,
            absent: false,
        },
        1 => Event::ArtifactMade {
            artifact,
            digest,
            size: u64::from(number),
            train_seconds: 0.0,
            save_seconds: 0.0,
            methods: Vec::new(),
            reused: false,
        },
        2 => {
            Event::ArtifactMissing { artifact, absence: ArtifactAbsence::Died { reason: number.to_string() } }
        }
        3 => Event::ReferenceTaken { artifact, key, observation, reused: false },
        4 => Event::CellObserved { artifact, consumer, key, observation, reused: number > 100 },
        5 => Event::CellLost { artifact, consumer, reason: number.to_string() },
        6 => Event::CellCompared { artifact, consumer, outputs: outputs(agreement) },
        7 => Event::ArtifactInspected { artifact, digest, facts: FileFacts::default() },
        8 => Event::CellRetried { artifact, consumer, observation, outputs: outputs(agreement) },
        9 => Event::ReferenceRepeated { artifact, key, outputs: outputs(agreement), reused: false },
        _ => {
            let setting = NoiseSetting::ALL[usize::from(number) % NoiseSetting::ALL.len()];
            Event::ReferenceVaried { artifact, setting, key, outputs: outputs(agreement), reused: false }
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (0u8..11, any::<bool>(), any::<bool>(), 0u8..4, any::<u8>())
        .prop_map(|(kind, model, writer, reader, number)| event(kind, model, writer, reader, number));
    proptest::collection::vec(one, 0..60)
}

proptest! {
    #[test]
    fn a_resumption_anywhere_changes_nothing(events in events(), at in 0usize..60) {
        let started = Event::RunStarted(Box::new(header()));
        let whole = RunState::replay(std::iter::once(started.clone()).chain(events.clone())).unwrap();
        let mut resumed = events;
        resumed.insert(at.min(resumed.len()), Event::RunResumed { header: Box::new(header()) });
        let split = RunState::replay(std::iter::once(started).chain(resumed)).unwrap();
        prop_assert_eq!(whole, split);
    }
}

#[test]
fn a_resumption_may_declare_things_in_another_order() {
    let mut turned = header();
    turned.plan.environments.reverse();
    turned.plan.models.reverse();
    let known = [event(4, true, true, 1, 7), event(6, true, true, 1, 7), event(0, true, true, 2, 7)];
    let mut state = RunState::new(header());
    known.clone().into_iter().for_each(|event| state.apply(event));
    state.apply(Event::RunResumed { header: Box::new(turned.clone()) });
    let mut direct = RunState::new(turned);
    known.into_iter().for_each(|event| direct.apply(event));
    assert_eq!(state, direct);
}

#[test]
fn a_comparison_holds_as_long_as_both_sides_do() {
    let artifact = ArtifactId { model: "tree".into(), format: "pickle".into(), producer: "old".into() };
    let comparison = |events: &[(u8, u8)]| {
        let mut state = RunState::new(header());
        events.iter().for_each(|(kind, number)| state.apply(event(*kind, true, true, 1, *number)));
        let cell = state.cell(&artifact, &"new".into()).expect("it is planned");
        (cell.comparison().is_some(), cell.view().outputs.is_some())
    };
    assert_eq!(comparison(&[(3, 1), (4, 1), (6, 1)]), (true, true));
    // The opinion stays what it was until somebody compares again, as long as nothing else was observed.
    assert_eq!(comparison(&[(3, 1), (4, 1), (6, 1), (3, 2)]), (false, true));
    assert_eq!(comparison(&[(3, 1), (4, 1), (6, 1), (4, 2)]), (false, false));
    assert_eq!(comparison(&[(3, 1), (4, 1), (6, 1), (5, 2)]), (false, false));
}

#[test]
fn cells_are_those_that_an_environment_reads() {
    let state = RunState::new(header());
    let names: Vec<String> = (0..state.artifacts().len())
        .flat_map(|at| state.cells_of(at).map(|it| format!("{} {}", it.artifact.id, it.consumer_name)))
        .collect();
    assert_eq!(
        names.iter().filter(|name| name.ends_with("reader")).collect::<Vec<_>>(),
        ["tree/joblib/old reader", "tree/joblib/new reader"]
    );
    assert_eq!(names.len(), 5 * 2 + 2);
}

#[test]
fn what_was_recorded_in_november_2026_replays_to_what_was_judged_then() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the example is in the repository");
    let events = parse_events(&read("events.jsonl")).expect("it is a whole record");
    let then = json::read(&read("results.json")).expect("it is a whole record");
    let now = judge(&RunState::replay(events).expect("it begins with a header"), &JudgeOptions::default());
    let words = |record: &Record| -> Vec<_> {
        let cells = record.cells.iter();
        // Version 1 said `env` of a class that is absent, wherever it was missed.
        let stage = |it: &CellRecord| if it.verdict == Verdict::Absent { Stage::Env } else { it.stage };
        cells.map(|it| (it.artifact.clone(), it.consumer.clone(), it.verdict, stage(it))).collect()
    };
    assert_eq!(words(&now), words(&then));
    assert_eq!(now.run.started, then.run.started);
    let digests = |record: &Record| -> Vec<_> { record.artifacts.iter().map(|it| it.digest).collect() };
    assert_eq!(digests(&now), digests(&then));
}
