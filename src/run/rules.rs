//! What is to be done next about one thing, from the plan, the state of the run and what this process knows.
//!
//! Pure: nothing here does anything, and the same knowledge gives the same actions. Whoever carries an action out marks
//! it as asked for, so that no rule names it again.

use super::jobs::Target;
use super::known::{Artifact, Bytes, Known, Standing, Step};
use super::noise;
use super::share::Share;
use crate::plan::Plan;
use crate::state::{EnvironmentFacts, RunState};
use crate::vocab::{Observation, Outcome};

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// Make an environment.
    Provision { environment: u32 },
    /// Copy an external artifact into the store.
    TakeIn { artifact: u32 },
    /// Fit a model and write it, in all formats or only in the one whose bytes were lost.
    Train { model: u32, producer: u32, only: Option<u32> },
    /// Load an artifact and see what it gives.
    Observe { target: Target, why: Why },
    /// Take what is expected of an external artifact as its reference: nobody can be asked.
    Expect { artifact: u32 },
    /// Compare a cell with its reference.
    Compare { artifact: u32, consumer: u32 },
    /// Look at the bytes of an artifact.
    Inspect { artifact: u32 },
}

/// Why something is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Why {
    /// It was planned.
    Planned,
    /// It was observed before, and the store has lost what it gave.
    ArraysLost,
    /// A cell differs from what the producer said: does the producer itself, under another seed or computing otherwise?
    InDoubt,
    /// It would be a regression: does it fail again, alone?
    Regression,
}

impl Why {
    /// Whether what the record or the cache knows will do.
    pub fn may_reuse(self) -> bool {
        match self {
            Self::Planned | Self::InDoubt => true,
            Self::ArraysLost | Self::Regression => false,
        }
    }
}

/// What part of a run is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Making, training, observing and comparing.
    Trying,
    /// How far the answers of producers move by themselves, where that matters: when all doubts are known, an interpreter
    /// that computes otherwise is started once for all of them.
    Measuring,
    /// The same, for what would be a regression.
    Retrying,
    /// Looking at the bytes of artifacts.
    Inspecting,
    /// Nothing is left to do.
    Over,
}

/// About an environment.
pub(super) fn of_environment(known: &Known, environment: u32) -> Option<Action> {
    match known.standing(environment) {
        Standing::Untouched => Some(Action::Provision { environment }),
        Standing::Asked | Standing::Ready | Standing::Failed | Standing::Unknown | Standing::OtherShard => {
            None
        }
    }
}

/// About the trainings of an environment.
pub(super) fn of_trainings(plan: &Plan, known: &Known, producer: u32) -> Vec<Action> {
    if known.standing(producer) != Standing::Ready {
        return Vec::new();
    }
    let models = (0u32..).take(plan.models.len());
    let untouched =
        |model: &u32| known.trainings.get(&(*model, producer)).is_some_and(|it| it.step == Step::Untouched);
    models.filter(untouched).map(|model| Action::Train { model, producer, only: None }).collect()
}

/// About an artifact and its cells. `is_wanted` says whether its bytes are to be looked at.
pub(super) fn of_artifact(
    state: &RunState,
    plan: &Plan,
    known: &Known,
    share: &Share,
    (phase, is_wanted): (Phase, bool),
    artifact: u32,
) -> Vec<Action> {
    if !share.is_whole() && !share.concerns(plan, artifact) {
        return Vec::new();
    }
    let own = known.artifact(artifact);
    let planned = plan.artifacts[artifact as usize];
    let external = plan.models[planned.model as usize].source.file().is_some();
    let producer = known.standing(planned.producer);
    match own.bytes {
        Bytes::Untouched | Bytes::Lost if external => return vec![Action::TakeIn { artifact }],
        Bytes::Lost if producer == Standing::Ready => {
            let (model, producer) = (planned.model, planned.producer);
            return vec![Action::Train { model, producer, only: Some(artifact) }];
        }
        Bytes::Untouched | Bytes::Asked | Bytes::Lost | Bytes::Missing => return Vec::new(),
        Bytes::Here(_) => {}
    }
    let mut actions = Vec::new();
    match (own.reference.step, producer) {
        (Step::Untouched, Standing::Ready) => {
            let why = if own.reference.again { Why::ArraysLost } else { Why::Planned };
            actions.push(Action::Observe { target: Target::Reference { artifact }, why });
        }
        (Step::Untouched, Standing::Failed | Standing::Unknown) | (Step::Lost, _) if external => {
            actions.push(Action::Expect { artifact });
        }
        // Nobody has asked it, so that it is done here.
        (Step::Untouched, Standing::OtherShard) if external && share.may_ask() => {
            actions.push(Action::Provision { environment: planned.producer });
        }
        (
            Step::Untouched,
            Standing::Untouched
            | Standing::Asked
            | Standing::Failed
            | Standing::Unknown
            | Standing::OtherShard,
        )
        | (Step::Asked | Step::Done | Step::Lost | Step::Never, _) => {}
    }
    if !own.waits(external) {
        of_cells(state, plan, known, share, artifact, &mut actions);
    }
    let can_ask = producer == Standing::Ready && own.reference.step == Step::Done;
    let has_answered = || state.artifacts()[artifact as usize].reference().is_some_and(has_outputs);
    let is_ahead = || share.measures(artifact, planned.model, planned.producer) && has_answered();
    let may_measure = phase != Phase::Trying && (own.in_question || is_ahead());
    let in_doubt = may_measure && is_unmeasured(state, planned.producer, artifact)
        || external && own.moved && state.artifacts()[artifact as usize].repeated.is_none();
    if in_doubt && producer == Standing::OtherShard && share.may_ask() && own.reference.step == Step::Done {
        actions.push(Action::Provision { environment: planned.producer });
    }
    if external && own.moved && can_ask && own.repeat.step == Step::Untouched {
        actions.push(Action::Observe { target: Target::Repeat { artifact }, why: Why::InDoubt });
    }
    // What whoever wrote it has measured stands, also where its producer is at hand.
    let is_others = !share.is_whole() && !share.writes(planned.model, planned.producer);
    let is_told = is_others && !is_unmeasured(state, planned.producer, artifact);
    if may_measure && can_ask && !is_told {
        of_noise(state, planned.producer, own, artifact, &mut actions);
    }
    if phase == Phase::Inspecting && is_wanted && own.inspected == Step::Untouched {
        actions.push(Action::Inspect { artifact });
    }
    actions
}

/// Whether the record does not say yet how far the answer of an artifact's producer moves.
fn is_unmeasured(state: &RunState, producer: u32, artifact: u32) -> bool {
    let EnvironmentFacts::Ready { lock, .. } = &state.environments()[producer as usize] else { return true };
    let noise = &state.artifacts()[artifact as usize].noise;
    noise::settings(lock).into_iter().any(|setting| !noise.contains_key(&setting))
}

/// About the noise floor of an artifact: once in each way in which its producer can compute.
fn of_noise(state: &RunState, producer: u32, own: &Artifact, artifact: u32, actions: &mut Vec<Action>) {
    let EnvironmentFacts::Ready { lock, .. } = &state.environments()[producer as usize] else { return };
    for setting in noise::settings(lock) {
        if own.noise.get(&setting).is_none_or(|it| it.step == Step::Untouched) {
            actions.push(Action::Observe { target: Target::Noise { artifact, setting }, why: Why::InDoubt });
        }
    }
}

/// About the cells of an artifact whose bytes are there.
fn of_cells(
    state: &RunState,
    plan: &Plan,
    known: &Known,
    share: &Share,
    artifact: u32,
    actions: &mut Vec<Action>,
) {
    let own = known.artifact(artifact);
    let planned = plan.artifacts[artifact as usize];
    let facts = &state.artifacts()[artifact as usize];
    let can_compare = own.reference.step == Step::Done && facts.reference().is_some_and(has_outputs);
    for (consumer, cell) in (0u32..).zip(&own.cells) {
        let environment = plan.consumers[consumer as usize];
        let is_own = plan.is_read(planned, environment) && share.reads(artifact, environment);
        if known.standing(environment) != Standing::Ready || !is_own {
            continue;
        }
        if cell.observed.step == Step::Untouched {
            let why = if cell.observed.again { Why::ArraysLost } else { Why::Planned };
            actions.push(Action::Observe { target: Target::Cell { artifact, consumer }, why });
        }
        if cell.retry.is_some_and(|retry| retry.step == Step::Untouched) {
            let target = Target::Retry { artifact, consumer };
            actions.push(Action::Observe { target, why: Why::Regression });
        }
        // What gave some outputs before another one raised is compared as far as it goes.
        let observed =
            || facts.cell(consumer).view().observation.is_some_and(|it| it.some_outputs().is_some());
        if can_compare && cell.observed.step == Step::Done && cell.compared == Step::Untouched && observed() {
            actions.push(Action::Compare { artifact, consumer });
        }
    }
}

fn has_outputs(observation: &Observation) -> bool {
    matches!(observation.outcome, Outcome::Predicted { .. })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{external, header, lock, matrix};
    use super::super::known::{Cell, Here, Observed};
    use super::*;
    use crate::matrix::Matrix;
    use crate::plan::{Selection, plan};
    use crate::vocab::{Digest, Event, Lock, ShardPhase, Slice};

    /// A name, what is planned, where the environments stand, what is known of the artifact, and what follows.
    type Row<'a> = (&'a str, &'a Matrix, [Standing; 2], Artifact, Vec<Action>);

    const REFERENCE: Action =
        Action::Observe { target: Target::Reference { artifact: 0 }, why: Why::Planned };

    fn cell(consumer: u32, why: Why) -> Action {
        Action::Observe { target: Target::Cell { artifact: 0, consumer }, why }
    }

    fn at(step: Step) -> Observed {
        Observed { step, ..Observed::default() }
    }

    fn again(step: Step) -> Observed {
        Observed { again: true, ..at(step) }
    }

    /// What the rules say of the first artifact of `sk1`.
    fn said(
        matrix: &Matrix,
        standings: [Standing; 2],
        own: Artifact,
        phase: Phase,
        events: &[Event],
    ) -> Vec<Action> {
        let plan = plan(matrix, &Selection::default()).unwrap();
        let mut state = RunState::new(header(matrix, &plan));
        events.iter().cloned().for_each(|event| state.apply(event));
        let mut known = Known::new(&plan, &Share::whole());
        known.environments = standings.to_vec();
        let cells = if own.cells.is_empty() { vec![Cell::default(); 2] } else { own.cells.clone() };
        known.artifacts[0] = Artifact { cells, ..own };
        of_artifact(&state, &plan, &known, &Share::whole(), (phase, true), 0)
    }

    fn seen(matrix: &Matrix) -> Vec<Event> {
        let artifact = plan(matrix, &Selection::default()).unwrap().artifact_id(0);
        let observation = Observation {
            outcome: Outcome::Predicted { outputs: Default::default() },
            warnings: Default::default(),
            load_seconds: None,
            predict_seconds: None,
            peak_rss_bytes: None,
            printed: None,
            alone: false,
            tried: Vec::new(),
            form: None,
            made_up: None,
        };
        let (key, reused) = (Digest::of(b"k"), false);
        vec![
            Event::ReferenceTaken {
                artifact: artifact.clone(),
                key,
                observation: observation.clone(),
                reused,
            },
            Event::CellObserved { artifact, consumer: "sk2".into(), key, observation, reused },
        ]
    }

    #[test]
    fn states_and_what_follows_from_them() {
        use Standing::{Asked, Failed, Ready, Unknown};
        let folder = tempfile::tempdir().unwrap();
        let (trained, given) = (matrix(), external(folder.path()));
        let here = Artifact {
            bytes: Bytes::Here(Here { digest: Digest::of(b"a"), model: None }),
            ..Artifact::default()
        };
        let of = |reference: Observed| Artifact { reference, ..here.clone() };
        let cells = |first: Cell, second: Cell| Artifact { cells: vec![first, second], ..of(at(Step::Done)) };
        let done = Cell { observed: at(Step::Done), compared: Step::Done, ..Cell::default() };
        let lost = Artifact { bytes: Bytes::Lost, ..here.clone() };
        let moved = Artifact { moved: true, ..cells(done, done) };
        let asked = Artifact { bytes: Bytes::Asked, ..Artifact::default() };
        let none: Vec<Action> = Vec::new();
        let both = vec![cell(0, Why::Planned), cell(1, Why::Planned)];
        let with = |first: Action, rest: &[Action]| [&[first], rest].concat();
        let take_in = vec![Action::TakeIn { artifact: 0 }];
        let expect = vec![Action::Expect { artifact: 0 }];
        let train = vec![Action::Train { model: 0, producer: 0, only: Some(0) }];
        let doubt = vec![Action::Observe { target: Target::Repeat { artifact: 0 }, why: Why::InDoubt }];
        let retry = Cell { retry: Some(at(Step::Untouched)), ..done };
        let retried = Cell { retry: Some(at(Step::Asked)), ..done };
        let regression =
            Action::Observe { target: Target::Retry { artifact: 0, consumer: 1 }, why: Why::Regression };
        let reference_again =
            Action::Observe { target: Target::Reference { artifact: 0 }, why: Why::ArraysLost };
        let arrays = Cell { observed: again(Step::Untouched), ..Cell::default() };
        let compare = Cell { observed: at(Step::Done), ..Cell::default() };
        let rows: Vec<Row<'_>> = vec![
            ("not trained yet", &trained, [Ready, Ready], Artifact::default(), none.clone()),
            ("being trained", &trained, [Ready, Ready], asked, none.clone()),
            ("trained", &trained, [Ready, Ready], here.clone(), with(REFERENCE, &both)),
            ("a reader is being made", &trained, [Ready, Asked], here.clone(), with(REFERENCE, &both[..1])),
            ("a reader failed", &trained, [Ready, Failed], here.clone(), with(REFERENCE, &both[..1])),
            ("its bytes are lost", &trained, [Ready, Ready], lost.clone(), train),
            ("nobody can train it", &trained, [Failed, Ready], lost.clone(), none.clone()),
            ("its reference failed", &trained, [Ready, Ready], of(at(Step::Lost)), both.clone()),
            ("its arrays are lost", &trained, [Ready, Failed], cells(done, done), none.clone()),
            (
                "arrays of its reference are lost",
                &trained,
                [Ready, Ready],
                Artifact { reference: again(Step::Untouched), ..cells(done, done) },
                vec![reference_again],
            ),
            (
                "arrays of a cell are lost",
                &trained,
                [Ready, Ready],
                cells(done, arrays),
                vec![cell(1, Why::ArraysLost)],
            ),
            (
                "both sides are there",
                &trained,
                [Ready, Ready],
                cells(done, compare),
                vec![Action::Compare { artifact: 0, consumer: 1 }],
            ),
            ("a trained one drifts", &trained, [Ready, Ready], moved.clone(), none.clone()),
            ("a regression", &trained, [Ready, Ready], cells(done, retry), vec![regression]),
            ("it is tried again", &trained, [Ready, Ready], cells(done, retried), none.clone()),
            ("an external one", &given, [Asked, Asked], Artifact::default(), take_in.clone()),
            ("its copy is lost", &given, [Ready, Ready], lost, take_in),
            ("it waits for its producer", &given, [Asked, Ready], here.clone(), none.clone()),
            ("its producer is asked first", &given, [Ready, Ready], here.clone(), vec![REFERENCE]),
            ("it waits for the answer", &given, [Ready, Ready], of(at(Step::Asked)), none.clone()),
            ("its producer failed", &given, [Failed, Ready], here.clone(), expect.clone()),
            ("its producer is unknown", &given, [Unknown, Ready], here.clone(), expect.clone()),
            ("the answer is lost", &given, [Ready, Ready], of(at(Step::Lost)), expect),
            ("there is no answer", &given, [Ready, Ready], of(at(Step::Never)), both),
            ("an external one drifts", &given, [Ready, Ready], moved.clone(), doubt),
            ("nobody can be asked", &given, [Failed, Ready], moved, none),
        ];
        for (name, matrix, standings, own, expected) in rows {
            let actions = said(matrix, standings, own, Phase::Trying, &seen(matrix));
            assert_eq!(actions, expected, "{name}");
        }
    }

    #[test]
    fn bytes_are_looked_at_last_and_once() {
        let matrix = matrix();
        let done = Cell { observed: at(Step::Done), compared: Step::Done, ..Cell::default() };
        let own = Artifact {
            bytes: Bytes::Here(Here { digest: Digest::of(b"a"), model: None }),
            reference: at(Step::Done),
            cells: vec![done, done],
            ..Artifact::default()
        };
        let said = |phase, own: &Artifact| said(&matrix, [Standing::Ready; 2], own.clone(), phase, &[]);
        assert_eq!(said(Phase::Trying, &own), []);
        assert_eq!(said(Phase::Inspecting, &own), [Action::Inspect { artifact: 0 }]);
        let looked = Artifact { inspected: Step::Asked, ..own };
        assert_eq!(said(Phase::Inspecting, &looked), []);
    }

    #[test]
    fn environments_are_made_once_and_train_when_they_are_ready() {
        let matrix = matrix();
        let plan = plan(&matrix, &Selection::default()).unwrap();
        let mut known = Known::new(&plan, &Share::whole());
        assert_eq!(of_environment(&known, 1), Some(Action::Provision { environment: 1 }));
        assert_eq!(of_trainings(&plan, &known, 1), []);
        known.environments[1] = Standing::Ready;
        assert_eq!(of_environment(&known, 1), None);
        let train = Action::Train { model: 0, producer: 1, only: None };
        assert_eq!(of_trainings(&plan, &known, 1), [train]);
        known.trainings.get_mut(&(0, 1)).unwrap().step = Step::Asked;
        assert_eq!(of_trainings(&plan, &known, 1), []);
    }

    #[test]
    fn a_reader_does_not_measure_again_what_a_writer_has_told() {
        let matrix = matrix();
        let plan = plan(&matrix, &Selection::default()).unwrap();
        let lock = Lock {
            blas: Some("openblas".to_owned()),
            cpu_features: vec!["AVX2".to_owned()],
            ..lock("1.2.2")
        };
        let settings = noise::settings(&lock);
        assert!(settings.len() > 1, "{settings:?}");
        let artifact = plan.artifact_id(0);
        let ready = Event::EnvironmentReady {
            name: "sk1".into(),
            lock,
            absent_models: Default::default(),
            seconds: 1.0,
            reused: false,
        };
        let told = settings.iter().map(|setting| Event::ReferenceVaried {
            artifact: artifact.clone(),
            setting: *setting,
            key: Digest::of(b"k"),
            outputs: Default::default(),
            reused: false,
        });
        let done = Cell { observed: at(Step::Done), compared: Step::Done, ..Cell::default() };
        let own = Artifact {
            bytes: Bytes::Here(Here { digest: Digest::of(b"a"), model: None }),
            reference: at(Step::Done),
            cells: vec![done, done],
            in_question: true,
            ..Artifact::default()
        };
        let measured = |share: &Share, events: &[Event]| {
            let mut state = RunState::new(header(&matrix, &plan));
            events.iter().cloned().for_each(|event| state.apply(event));
            let mut known = Known::new(&plan, share);
            known.environments = vec![Standing::Ready; 2];
            known.artifacts[0] = own.clone();
            let actions = of_artifact(&state, &plan, &known, share, (Phase::Measuring, false), 0);
            let is_noise =
                |action: &&Action| matches!(action, Action::Observe { target: Target::Noise { .. }, .. });
            actions.iter().filter(is_noise).count()
        };
        let slice = |name: &str| Slice::whole(name.into());
        let reader = Share::of(ShardPhase::Read, &[slice("sk1"), slice("sk2")], &plan);
        let untold = [ready.clone()];
        let all: Vec<Event> = [ready].into_iter().chain(told).collect();
        assert_eq!(measured(&reader, &untold), settings.len());
        assert_eq!(measured(&reader, &all), 0);
        assert_eq!(measured(&reader, &all[..2]), settings.len(), "one setting is not all of them");
        assert_eq!(
            measured(&Share::whole(), &all),
            settings.len(),
            "who does all of it goes by what it knows"
        );
    }
}
