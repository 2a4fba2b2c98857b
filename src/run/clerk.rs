//! Looks up what is known already, and records what is new. It decides nothing.

use std::collections::BTreeMap;
use std::io;

use super::comparing::{outputs, still_holds};
use super::comparisons::Sides;
use super::external;
use super::jobs::{Job, Target, TrainingOf};
use super::journal::Journal;
use super::keys::TrainingRecord;
use super::known::Here;
use super::memory::Memory;
use super::messages::Unusable;
use super::noise;
use super::orders::{Asked, Orders, Wanted};
use super::reporter::Progress;
use super::request::{Counts, RunError};
use super::rules::Why;
use super::scheduler::Compared;
use crate::matrix::{PairFacts, RuntimeSpec};
use crate::state::{EnvironmentFacts, RunState};
use crate::store::with_room;
use crate::vocab::{
    ArtifactAbsence, ByOutput, Digest, EnvironmentTrouble, Event, FileFacts, Gap, InputsKind, Lock,
    ModelName, NoiseSetting, Observation, OutputComparison, OutputRef,
};

/// The outputs of an observation by name.
type Outputs = ByOutput<OutputRef>;

/// Everything that is known of a run, and where it is written down.
pub(super) struct Clerk<'a> {
    orders: Orders,
    memory: Memory,
    journal: Journal<'a>,
    /// Digests of the locks of the environments that are ready.
    locks: Vec<Option<Digest>>,
    executed: u64,
    reused: u64,
    /// Artifacts that were not tried again: their training has failed twice in the same way.
    known_failures: u64,
}

/// What is known of a target that is to be observed.
pub(super) enum Answer {
    /// The record has it.
    Recorded,
    /// The cache has it.
    Cached(Held),
    /// Nobody has: it is a job for this environment.
    Job(u32, Job),
    /// It cannot be observed.
    Impossible,
}

/// What is known of a training.
#[derive(Default)]
pub(super) struct Trainings {
    /// What the cache has, or what is certain without trying.
    pub found: Vec<(u32, TrainingRecord)>,
    pub job: Option<Job>,
}

/// An observation that is not recorded yet.
pub(super) struct Held {
    pub key: Digest,
    pub observation: Observation,
    pub reused: bool,
}

impl<'a> Clerk<'a> {
    pub fn new(orders: Orders, memory: Memory, journal: Journal<'a>, before: Counts) -> Self {
        let locks = vec![None; orders.plan.environments.len()];
        let Counts { executed, reused, known_failures } = before;
        Self { orders, memory, journal, locks, executed, reused, known_failures }
    }

    pub fn state(&self) -> &RunState {
        self.journal.state()
    }

    pub fn orders(&self) -> &Orders {
        &self.orders
    }

    /// Where what is known is looked up.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Whether an environment can be used, as far as the record says so.
    pub fn is_ready(&self, environment: u32) -> bool {
        matches!(self.state().environments()[environment as usize], EnvironmentFacts::Ready { .. })
    }

    pub fn note(&mut self, text: &str) {
        self.journal.note(text);
    }

    /// Tells that so many cells are tried again.
    pub fn retrying(&mut self, cells: usize) {
        self.journal.retrying(cells);
    }

    pub fn progress(&mut self, progress: &Progress) {
        self.journal.progress(progress);
    }

    /// An environment can be used.
    pub fn ready(
        &mut self,
        environment: u32,
        lock: Lock,
        absent_models: BTreeMap<String, String>,
        (seconds, reused): (f64, bool),
    ) -> Result<(), RunError> {
        let absent_models =
            absent_models.into_iter().map(|(model, reason)| (ModelName::from(model), reason)).collect();
        let name = self.orders.plan.environments[environment as usize].name.clone();
        tracing::debug!(environment = %name, seconds, reused, "an environment is ready");
        self.locks[environment as usize] =
            Some(self.memory.cache.trusted(&lock.digest(), &lock.base_digest()));
        self.journal.add_environment(Event::EnvironmentReady { name, lock, absent_models, seconds, reused })
    }

    /// What the cells of an environment are not kept from, and how long its interpreter took to start.
    pub fn isolation(
        &mut self,
        environment: u32,
        gaps: Vec<Gap>,
        start_seconds: f64,
    ) -> Result<(), RunError> {
        let state = self.journal.state();
        if state.has_started(environment as usize) && state.gaps()[environment as usize] == gaps {
            return Ok(());
        }
        let name = self.orders.plan.environments[environment as usize].name.clone();
        self.journal.add(Event::EnvironmentIsolation { name, gaps, start_seconds })
    }

    /// An environment cannot be used.
    ///
    /// # Errors
    /// Where the disk of the cache is full: no other environment can be made, and nothing can be kept.
    pub fn failed(&mut self, environment: u32, failure: Unusable) -> Result<(), RunError> {
        let spec = &self.orders.plan.environments[environment as usize];
        let is_in_cache = matches!(spec.runtime, RuntimeSpec::Venv { .. } | RuntimeSpec::Rootfs(_));
        let is_full = is_in_cache && failure.cause == EnvironmentTrouble::FullDisk;
        let name = spec.name.clone();
        let Unusable { reason, remedy, absent, cause } = failure;
        tracing::debug!(environment = %name, reason, absent, "an environment cannot be used");
        let cause = Some(cause);
        let told = format!("the disk was full while {name} was made");
        self.journal.add_environment(Event::EnvironmentFailed { name, reason, remedy, absent, cause })?;
        if is_full {
            let error = io::Error::new(io::ErrorKind::StorageFull, told);
            return Err(RunError::Cache(with_room(self.memory.cache.path(), error)));
        }
        Ok(())
    }

    /// What is known of a training, and the job that finds out the rest.
    pub fn trainings(&mut self, of: TrainingOf, artifacts: &[u32]) -> Trainings {
        let facts = &self.journal.state().environments()[of.producer as usize];
        let (EnvironmentFacts::Ready { lock, .. }, Some(digest)) = (facts, self.locks[of.producer as usize])
        else {
            return Trainings::default();
        };
        if let Some(requirement) = self.orders.unmet(of.model, lock) {
            let requirement = requirement.to_string();
            let absence = TrainingRecord::Missing(ArtifactAbsence::RuledOut { requirement });
            let found = artifacts.iter().map(|artifact| (*artifact, absence.clone())).collect();
            return Trainings { found, job: None };
        }
        if let Some(artifact) = of.only {
            let id = self.journal.artifact(artifact);
            self.note(&format!("the cached artifact {id} was lost or damaged: it is made again"));
        }
        let mut found = Vec::new();
        let mut missing: Vec<Wanted> = Vec::new();
        for wanted in self.orders.wanted(of, artifacts, &digest) {
            match self.memory.training(&wanted.key) {
                Some(record) => found.push((wanted.artifact, record)),
                None => missing.push(wanted),
            }
        }
        tracing::debug!(?of, known = found.len(), missing = missing.len(), "a training");
        let job = if missing.is_empty() { None } else { self.orders.training(of, &missing) };
        Trainings { found, job }
    }

    /// Records what a training gave; its bytes, where there are some.
    pub fn made(
        &mut self,
        index: u32,
        record: TrainingRecord,
        reused: bool,
    ) -> Result<Option<Here>, RunError> {
        let artifact = self.journal.artifact(index);
        let (event, here) = match record {
            TrainingRecord::Made { digest, size, train_seconds, save_seconds, methods, model } => {
                let event = Event::ArtifactMade {
                    artifact,
                    digest,
                    size,
                    train_seconds,
                    save_seconds,
                    methods,
                    reused,
                };
                (event, Some(Here { digest, model }))
            }
            TrainingRecord::Missing(absence) => (Event::ArtifactMissing { artifact, absence }, None),
            TrainingRecord::StillMissing(absence) => {
                self.known_failures += u64::from(reused);
                (Event::ArtifactMissing { artifact, absence }, None)
            }
        };
        self.journal.add_artifact(index, event)?;
        Ok(here)
    }

    /// What is known of a target. `told` says whether its artifact has a reference that tells which outputs to ask for.
    pub fn look_up(&mut self, target: Target, why: Why, here: Option<Here>, told: bool) -> Answer {
        let environment = self.orders.environment(target);
        let (Some(here), Some(lock)) = (here, self.locks[environment as usize]) else {
            return Answer::Impossible;
        };
        let asked = self.asked(target, told);
        let (key, job) = self.orders.observation(target, here, asked, &lock);
        let artifact = &self.state().artifacts()[target.artifact() as usize].id;
        if !why.may_reuse() {
            // What was counted as known has to be executed after all.
            self.reused -= u64::from(why == Why::ArraysLost && self.reused > 0);
            return Answer::Job(environment, job);
        }
        if self.memory.recorded(self.state(), target, &key).is_some() {
            tracing::debug!(%artifact, ?target, %key, "the record has an observation");
            self.reused += 1;
            return Answer::Recorded;
        }
        if let Some(observation) = self.memory.observation(&key) {
            tracing::debug!(%artifact, ?target, %key, "the cache has an observation");
            self.reused += u64::from(!matches!(target, Target::Noise { .. }));
            return Answer::Cached(Held { key, observation, reused: true });
        }
        tracing::debug!(%artifact, ?target, %key, ?why, "an observation is asked for");
        Answer::Job(environment, job)
    }

    /// What to ask for, as far as somebody has found out what there is.
    fn asked(&self, target: Target, told: bool) -> Asked {
        let facts = &self.state().artifacts()[target.artifact() as usize];
        let Some(file) = self.orders.file(target.artifact()) else {
            let methods = facts.made.as_ref().map(|made| made.methods.clone());
            return Asked { methods, ..Asked::default() };
        };
        let declared = &self.orders.model(target.artifact()).methods;
        // Without inputs there is nothing to ask for.
        if declared.is_some() && file.inputs != InputsKind::None {
            let reference = facts.reference().filter(|_| told && !matches!(target, Target::Reference { .. }));
            return Asked::like(reference, declared.clone());
        }
        match target {
            Target::Reference { .. } => Asked::default(),
            Target::Repeat { .. } | Target::Noise { .. } | Target::Cell { .. } | Target::Retry { .. } => {
                let reference = facts.reference().filter(|_| told);
                Asked::like(reference, external::methods(reference))
            }
        }
    }

    /// Whether something was executed by this process.
    pub fn has_executed(&self) -> bool {
        self.executed > 0
    }

    /// Counts an observation that was executed. What is tried a second time was counted the first, and what measures the
    /// noise of another one is none of its own.
    pub fn count(&mut self, target: Target) {
        self.executed += u64::from(!matches!(target, Target::Retry { .. } | Target::Noise { .. }));
    }

    /// Records a reference.
    pub fn reference(&mut self, artifact: u32, held: Held) -> Result<(), RunError> {
        let Held { key, observation, reused } = held;
        let file = self.orders.file(artifact).map(|file| &**file);
        let observation = external::with_expected(file, observation);
        let artifact = self.journal.artifact(artifact);
        self.journal.add(Event::ReferenceTaken { artifact, key, observation, reused })
    }

    /// Records what is expected of an external artifact as its reference. False where nothing is.
    pub fn expected(&mut self, artifact: u32) -> Result<bool, RunError> {
        let Some((key, observation)) =
            self.orders.file(artifact).and_then(|file| external::expectation(file))
        else {
            return Ok(false);
        };
        let known = self.state().artifacts()[artifact as usize].reference.as_deref();
        if known.is_none_or(|known| known.key != key) {
            self.reference(artifact, Held { key, observation, reused: false })?;
        }
        Ok(true)
    }

    /// Records a cell.
    pub fn cell(&mut self, artifact: u32, consumer: u32, held: Held) -> Result<(), RunError> {
        let Held { key, observation, reused } = held;
        let (artifact, consumer) = (self.journal.artifact(artifact), self.consumer(consumer));
        self.journal.add(Event::CellObserved { artifact, consumer, key, observation, reused })
    }

    /// Records a target that will never be observed, for a reason that is not its artifact's.
    pub fn lost(&mut self, target: Target, reason: String) -> Result<(), RunError> {
        let artifact = self.journal.artifact(target.artifact());
        tracing::debug!(%artifact, ?target, reason, "an observation is lost");
        match target {
            Target::Reference { .. } | Target::Repeat { .. } | Target::Retry { .. } => {
                self.note(&reason);
                Ok(())
            }
            // What an environment cannot compute in another way takes nothing from what it did compute.
            Target::Noise { .. } => Ok(()),
            Target::Cell { consumer, .. } => {
                let consumer = self.consumer(consumer);
                self.journal.add(Event::CellLost { artifact, consumer, reason })
            }
        }
    }

    /// How a cell compares with its reference, where the record says so by the tolerances that hold now.
    pub fn known_comparison(&self, artifact: u32, consumer: u32) -> Option<Compared> {
        let target = Target::Cell { artifact, consumer };
        let (sides, pair) = (self.sides(target, None)?, self.pair(target));
        let recorded = self.state().artifacts()[artifact as usize].cell(consumer).comparison()?;
        let (matrix, model) = (&self.orders.matrix, &self.orders.model(artifact).name);
        let tolerance = |output: &str, float32: bool| matrix.tolerance(model, output, pair, float32);
        still_holds(recorded, sides.0, sides.1, &tolerance).then(|| Compared::of(recorded))
    }

    /// What was observed of a target: what is held, or what is recorded.
    fn held_or_seen<'b>(&'b self, target: Target, held: Option<&'b Held>) -> Option<&'b Observation> {
        let facts = &self.state().artifacts()[target.artifact() as usize];
        match (target, held) {
            (_, Some(held)) => Some(&held.observation),
            (Target::Cell { consumer, .. }, None) => facts.cell(consumer).view().observation,
            (
                Target::Reference { .. }
                | Target::Repeat { .. }
                | Target::Noise { .. }
                | Target::Retry { .. },
                None,
            ) => None,
        }
    }

    /// The outputs of a target's reference, and its own: those that are recorded, or those that are held.
    fn sides<'b>(&'b self, target: Target, held: Option<&'b Held>) -> Option<(&'b Outputs, &'b Outputs)> {
        let facts = &self.state().artifacts()[target.artifact() as usize];
        let observed = self.held_or_seen(target, held);
        Some((facts.reference().and_then(outputs)?, observed?.some_outputs()?))
    }

    /// What is to be compared for a target, where both sides gave something.
    pub fn to_compare(&self, target: Target, held: Option<&Held>) -> Option<(Sides, ModelName, PairFacts)> {
        let (reference, observed) = self.sides(target, held)?;
        // What was given is not what the producer said first.
        let is_noise = matches!(target, Target::Noise { .. });
        let is_again = is_noise || matches!(target, Target::Repeat { .. });
        let file = self.orders.file(target.artifact());
        let given = file.filter(|_| is_again);
        // The classes come along for what they mean; who has asked for other outputs does not compare them.
        let model = self.orders.model(target.artifact());
        let is_asked =
            |name: &String| name != "classes_" || model.methods.as_ref().is_none_or(|it| it.contains(name));
        // What raised is no output that is missing.
        let is_partial = outputs(self.held_or_seen(target, held)?).is_none();
        let is_own = |name: &String| {
            is_asked(name)
                && given.is_none_or(|file| !file.expected.contains_key(name))
                && (!is_partial || observed.contains_key(name))
        };
        let own = |side: &Outputs| -> Outputs {
            let outputs =
                side.iter().filter(|(name, it)| is_own(name) && (!is_noise || noise::is_measured(it)));
            outputs.map(|(name, it)| (name.clone(), it.clone())).collect()
        };
        let sides = Sides {
            reference: own(reference),
            // The classes of a model are no part of what is expected of it, and say what that means.
            observed: observed.clone(),
            expected: file.map(|it| external::expected_columns(it)).unwrap_or_default(),
        };
        Some((sides, model.name.clone(), self.pair(target)))
    }

    fn pair(&self, target: Target) -> PairFacts {
        let producer = self.orders.plan.artifacts[target.artifact() as usize].producer;
        let lock = |index: u32| match &self.state().environments()[index as usize] {
            EnvironmentFacts::Ready { lock, .. } => Some(&**lock),
            EnvironmentFacts::Unknown
            | EnvironmentFacts::UnknownProducer
            | EnvironmentFacts::Failed { .. } => None,
        };
        match (lock(producer), lock(self.orders.environment(target))) {
            (Some(a), Some(b)) => PairFacts { cross_arch: a.arch != b.arch, cross_bits: a.bits != b.bits },
            (None, _) | (_, None) => PairFacts { cross_arch: false, cross_bits: false },
        }
    }

    /// The observation that a lost array belongs to.
    pub fn owner(&self, artifact: u32, consumer: u32, array: &Digest) -> Target {
        let reference = self.state().artifacts()[artifact as usize].reference().and_then(outputs);
        let is_of_reference =
            reference.is_some_and(|outputs| outputs.values().any(|output| output.digest == *array));
        if is_of_reference { Target::Reference { artifact } } else { Target::Cell { artifact, consumer } }
    }

    /// Records how a cell compares.
    pub fn compared(
        &mut self,
        artifact: u32,
        consumer: u32,
        outputs: ByOutput<OutputComparison>,
    ) -> Result<(), RunError> {
        let (artifact, consumer) = (self.journal.artifact(artifact), self.consumer(consumer));
        self.journal.add(Event::CellCompared { artifact, consumer, outputs })
    }

    /// Records how the producer's second answer compares with its first, unless the record says the same.
    pub fn repeated(
        &mut self,
        index: u32,
        held: &Held,
        outputs: ByOutput<OutputComparison>,
    ) -> Result<(), RunError> {
        let known = self.state().artifacts()[index as usize].repeated.as_deref();
        if known.is_some_and(|known| known.key == held.key && known.outputs == outputs) {
            return Ok(());
        }
        let (artifact, key, reused) = (self.journal.artifact(index), held.key, held.reused);
        self.journal.add(Event::ReferenceRepeated { artifact, key, outputs, reused })
    }

    /// Records how far the producer's answer moves when it computes otherwise, unless the record says the same.
    pub fn varied(
        &mut self,
        index: u32,
        setting: NoiseSetting,
        held: &Held,
        outputs: ByOutput<OutputComparison>,
    ) -> Result<(), RunError> {
        let known = self.state().artifacts()[index as usize].noise.get(&setting);
        if known.is_some_and(|known| known.key == held.key && known.outputs == outputs) {
            return Ok(());
        }
        let (artifact, key, reused) = (self.journal.artifact(index), held.key, held.reused);
        self.journal.add(Event::ReferenceVaried { artifact, setting, key, outputs, reused })
    }

    /// Records what a cell did when it was tried again.
    pub fn retried(
        &mut self,
        artifact: u32,
        consumer: u32,
        observation: Observation,
        outputs: ByOutput<OutputComparison>,
    ) -> Result<(), RunError> {
        let (artifact, consumer) = (self.journal.artifact(artifact), self.consumer(consumer));
        self.journal.add(Event::CellRetried { artifact, consumer, observation, outputs })
    }

    /// Records an external artifact that is in the store.
    pub fn taken_in(&mut self, index: u32, digest: Digest, size: u64) -> Result<(), RunError> {
        let event = Event::ArtifactMade {
            artifact: self.journal.artifact(index),
            digest,
            size,
            train_seconds: 0.0,
            save_seconds: 0.0,
            methods: Vec::new(),
            reused: true,
        };
        self.journal.add_artifact(index, event)
    }

    /// Records what the bytes of an artifact say.
    pub fn inspected(&mut self, index: u32, digest: Digest, facts: FileFacts) -> Result<(), RunError> {
        let artifact = self.journal.artifact(index);
        self.journal.add(Event::ArtifactInspected { artifact, digest, facts })
    }

    /// Records the end of the run, and gives what is known in the end, with what was executed and what reused.
    pub fn finish(mut self, seconds: f64, interrupted: bool) -> Result<(RunState, Counts), RunError> {
        let (executed, reused) = (self.executed, self.reused);
        let time = jiff::Timestamp::now().to_string();
        self.journal.add(Event::RunFinished { time, seconds, executed, reused, interrupted })?;
        Ok((self.journal.into_state(), Counts { executed, reused, known_failures: self.known_failures }))
    }

    fn consumer(&self, position: u32) -> crate::vocab::EnvName {
        let environment = self.orders.plan.consumers[position as usize];
        self.orders.plan.environments[environment as usize].name.clone()
    }
}
