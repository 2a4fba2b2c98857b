//! The one task that owns the truth about a run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::comparing::{Arrays, still_holds};
use super::executor::{Executor, Message, Shared, Unusable};
use super::interrupt::asked_to_end;
use super::jobs::{self, Jobs, Slot, What};
use super::keys::{Keys, TrainingRecord};
use super::ledger::Ledger;
use super::repeating::differs;
use super::turns::Turns;
use super::{Progress, Reporter, RunError, RunReport, RunRequest};
use crate::matrix::{Matrix, ModelSource, PairFacts, RuntimeSpec};
use crate::plan::{Plan, PlannedArtifact};
use crate::provision::Provisioner;
use crate::state::RunState;
use crate::store::CacheRoot;
use crate::vocab::{
    ArtifactAbsence, ArtifactId, Digest, Event, Lock, ModelName, Observation, Outcome, OutputRef,
};
use crate::worker::{WorkerLimits, agent_digest};

/// An environment as the dispatcher sees it.
pub(super) enum Environment {
    Waiting,
    Ready {
        lock: Box<Lock>,
        digest: Digest,
        jobs: Jobs,
    },
    Failed,
    /// It stands for an unknown maker.
    Elsewhere,
}

/// An artifact as the dispatcher sees it.
pub(super) struct Artifact {
    pub id: ArtifactId,
    pub made: Option<Made>,
    /// For a file from outside: its cells wait until its reference tells which outputs to ask for.
    pub waits: bool,
    /// Index of the event with its reference.
    pub(super) reference: Option<usize>,
    /// Index of the event with the observation, for each consumer.
    observed: Vec<Option<usize>>,
}

pub(super) struct Made {
    pub digest: Digest,
    /// The pickle of the fitted model, where that is the reference.
    pub model: Option<Digest>,
    /// The outputs to ask for; `None` where nobody has found out yet what it offers.
    pub methods: Option<Vec<String>>,
    /// Whether its bytes were seen to be sound in this run.
    pub checked: bool,
}

pub(super) struct Dispatcher<'a> {
    pub(super) matrix: Arc<Matrix>,
    pub(super) plan: Arc<Plan>,
    pub(super) cache: CacheRoot,
    pub(super) keys: Keys,
    pub(super) fresh: bool,
    pub(super) datasets: HashMap<String, (Digest, String)>,
    pub(super) environments: Vec<Environment>,
    pub(super) senders: Vec<Option<Jobs>>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) ledger: Ledger,
    pub(super) arrays: Arrays,
    pub(super) reporter: &'a mut dyn Reporter,
    pub(super) messages: mpsc::UnboundedReceiver<Message>,
    pub(super) shared: Arc<Shared>,
    pub(super) executors: JoinSet<()>,
    pub(super) scratch: tempfile::TempDir,
    /// The artifacts of each model and producer.
    pub(super) by_training: HashMap<(u32, u32), Vec<u32>>,
    /// Slots that were executed by this process; they are not looked up again when their arrays are lost.
    pub(super) forced: HashSet<Slot>,
    /// Files whose producer was asked again.
    pub(super) doubted: HashSet<u32>,
    pub(super) in_flight: u64,
    pub(super) progress: Progress,
    pub(super) executed: u64,
    pub(super) reused: u64,
    pub(super) started: Instant,
}

impl<'a> Dispatcher<'a> {
    pub fn new(
        request: RunRequest,
        cache: CacheRoot,
        provisioner: Arc<Provisioner>,
        reporter: &'a mut dyn Reporter,
    ) -> Result<Self, RunError> {
        let RunRequest { matrix, plan, datasets: encoded, header, recorded, fresh, jobs } = request;
        let mut datasets = HashMap::new();
        for (name, bytes) in encoded {
            let digest = cache.put_object(&bytes).map_err(RunError::Cache)?;
            datasets.insert(name, (digest, cache.object_path(&digest).display().to_string()));
        }
        for model in &plan.models {
            for name in std::iter::once(&model.dataset).chain(&model.inputs) {
                if !datasets.contains_key(name) {
                    return Err(RunError::Dataset(name.clone()));
                }
            }
        }
        let scratch = cache.scratch("run").map_err(RunError::Cache)?;
        let (sender, messages) = mpsc::unbounded_channel();
        let expressions = plan.models.iter().filter_map(|model| match &model.source {
            ModelSource::Expression(text) => Some((model.name.to_string(), text.clone())),
            ModelSource::Recipe { .. } | ModelSource::File(_) => None,
        });
        let keys = Keys { agent: agent_digest() };
        let shared = Arc::new(Shared {
            cache: cache.clone(),
            provisioner,
            keys,
            limits: WorkerLimits { seconds: matrix.limits.seconds, memory_bytes: matrix.limits.memory_bytes },
            turns: Turns::new(jobs),
            scratch: scratch.path().to_owned(),
            expressions: expressions.collect(),
            handlers: super::submitting::handlers(&matrix),
            modules: super::outside::modules(&plan),
            messages: sender,
            told_network: AtomicBool::new(false),
            told_files: AtomicBool::new(false),
        });
        let artifacts = (0..plan.artifacts.len())
            .map(|index| Artifact {
                // Plans hold fewer than 2^32 artifacts by construction of their indices.
                id: plan.artifact_id(index as u32),
                made: None,
                waits: false,
                reference: None,
                observed: vec![None; plan.consumers.len()],
            })
            .collect();
        let progress = Progress {
            environments: plan.environments.len() as u64,
            cells: plan.cell_count(),
            ..Progress::default()
        };
        let mut by_training: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
        let trained = |model: u32| plan.models[model as usize].source.file().is_none();
        for (index, artifact) in plan.artifacts.iter().enumerate().filter(|(_, it)| trained(it.model)) {
            by_training.entry((artifact.model, artifact.producer)).or_default().push(index as u32);
        }
        let progress = Progress { trainings: by_training.len() as u64, ..progress };
        let ledger = Ledger::new(recorded, header, reporter)?;
        Ok(Self {
            environments: plan.environments.iter().map(|_| Environment::Waiting).collect(),
            senders: plan.environments.iter().map(|_| None).collect(),
            matrix,
            plan,
            cache,
            keys,
            fresh,
            datasets,
            artifacts,
            ledger,
            arrays: Arrays::default(),
            reporter,
            messages,
            shared,
            executors: JoinSet::new(),
            scratch,
            by_training,
            forced: HashSet::new(),
            doubted: HashSet::new(),
            in_flight: 0,
            progress,
            executed: 0,
            reused: 0,
            started: Instant::now(),
        })
    }

    pub async fn run(mut self) -> Result<RunReport, RunError> {
        let plan = Arc::clone(&self.plan);
        for (index, spec) in plan.environments.iter().enumerate() {
            if spec.runtime == RuntimeSpec::Elsewhere {
                self.environments[index] = Environment::Elsewhere;
                continue;
            }
            let (sender, jobs, work) = jobs::channel();
            self.senders[index] = Some(sender);
            let shared = Arc::clone(&self.shared);
            let executor = Executor { index: index as u32, spec: spec.clone(), shared, jobs, work };
            self.executors.spawn(executor.run());
        }
        self.start_files()?;
        let mut interrupted = false;
        // One listener for the whole run: a new one would not hear what came while a message was handled.
        let mut interrupt = std::pin::pin!(asked_to_end());
        while self.waits() {
            tokio::select! {
                biased;
                _ = &mut interrupt => {
                    interrupted = true;
                    break;
                }
                message = self.messages.recv() => match message {
                    Some(message) => self.handle(message)?,
                    None => break,
                },
            }
            self.reporter.progress(&self.progress);
        }
        // Dropping an executor ends its interpreter and everything that it started.
        self.executors.shutdown().await;
        if !interrupted {
            self.inspect_artifacts().await?;
        }
        let finished = Event::RunFinished {
            time: jiff::Timestamp::now().to_string(),
            seconds: self.started.elapsed().as_secs_f64(),
            executed: self.executed,
            reused: self.reused,
            interrupted,
        };
        self.ledger.add(finished, self.reporter)?;
        self.shared.provisioner.finish().await;
        // An unremovable scratch folder is no reason to lose a run; the next prune takes it.
        let _ = self.scratch.close();
        Ok(RunReport {
            state: RunState::replay(self.ledger.events)?,
            executed: self.executed,
            reused: self.reused,
            interrupted,
        })
    }

    fn waits(&self) -> bool {
        self.in_flight > 0
            || self.environments.iter().any(|environment| matches!(environment, Environment::Waiting))
    }

    fn handle(&mut self, message: Message) -> Result<(), RunError> {
        match message {
            Message::Note(text) => self.reporter.note(&text),
            Message::Ready { environment, lock, lacks, seconds, reused } => {
                self.environment_ready(environment, lock, lacks, seconds, reused)?;
            }
            Message::Failed { environment, failure } => self.environment_failed(environment, failure)?,
            Message::Trained { artifacts } => {
                self.in_flight -= 1;
                self.progress.trainings_done += 1;
                for (artifact, record) in artifacts {
                    self.made(artifact, record, false)?;
                }
            }
            Message::Observed { slot, key, observation } => {
                self.in_flight -= 1;
                self.executed += 1;
                self.observed(slot, key, *observation, false)?;
            }
            Message::Lost { what, reason } => {
                self.in_flight -= 1;
                self.lost(what, reason)?;
            }
        }
        Ok(())
    }

    fn environment_ready(
        &mut self,
        index: u32,
        lock: Box<Lock>,
        lacks: BTreeMap<String, String>,
        seconds: f64,
        reused: bool,
    ) -> Result<(), RunError> {
        let plan = Arc::clone(&self.plan);
        let spec = &plan.environments[index as usize];
        let Some(jobs) = self.senders[index as usize].take() else { return Ok(()) };
        let lacks: BTreeMap<ModelName, String> =
            lacks.into_iter().map(|(model, reason)| (ModelName::from(model), reason)).collect();
        let event = Event::EnvironmentReady {
            name: spec.name.clone(),
            lock: (*lock).clone(),
            lacks,
            seconds,
            reused,
        };
        self.ledger.add_environment(event, self.reporter)?;
        self.progress.environments_ready += 1;
        let digest = lock.digest();
        self.environments[index as usize] = Environment::Ready { lock, digest, jobs };
        // What others have written already, before its own artifacts start their cells here by themselves.
        if let Some(position) = plan.consumers.iter().position(|consumer| *consumer == index) {
            for artifact in 0..self.artifacts.len() as u32 {
                if self.artifacts[artifact as usize].made.is_some() {
                    self.start(Slot::Cell { artifact, consumer: position as u32 })?;
                }
            }
        }
        if spec.producer {
            for model in 0..plan.models.len() as u32 {
                self.start_training(model, index, None)?;
            }
        }
        self.start_references(index)
    }

    fn environment_failed(&mut self, index: u32, failure: Unusable) -> Result<(), RunError> {
        let plan = Arc::clone(&self.plan);
        let spec = &plan.environments[index as usize];
        self.senders[index as usize] = None;
        self.environments[index as usize] = Environment::Failed;
        self.progress.environments_failed += 1;
        let Unusable { reason, remedy, absent, cause } = failure;
        let event =
            Event::EnvironmentFailed { name: spec.name.clone(), reason, remedy, absent, cause: Some(cause) };
        self.ledger.add_environment(event, self.reporter)?;
        if spec.producer {
            let lost = self.by_training.iter().filter(|((_, producer), _)| *producer == index);
            let cells = |of: &[u32]| of.iter().map(|artifact| plan.readers(*artifact)).sum::<u64>();
            let (trainings, cells) = lost.fold((0, 0), |(n, sum), (_, of)| (n + 1, sum + cells(of)));
            self.progress.trainings_done += trainings;
            self.progress.cells_done += cells;
        }
        if spec.consumer {
            let ready = |(artifact, planned): &(&Artifact, &PlannedArtifact)| {
                artifact.made.is_some() && !artifact.waits && plan.is_read(**planned, index)
            };
            let planned = self.artifacts.iter().zip(&plan.artifacts);
            self.progress.cells_done += planned.filter(ready).count() as u64;
        }
        self.go_on_without_producer(index)
    }

    pub(super) fn made(&mut self, index: u32, record: TrainingRecord, reused: bool) -> Result<(), RunError> {
        let id = self.artifacts[index as usize].id.clone();
        match record {
            TrainingRecord::Made { digest, size, train_seconds, save_seconds, methods, model } => {
                let event = Event::ArtifactMade {
                    artifact: id,
                    digest,
                    size,
                    train_seconds,
                    save_seconds,
                    methods: methods.clone(),
                    reused,
                };
                self.ledger.add_artifact(event, self.reporter)?;
                self.artifacts[index as usize].made = Some(Made::new(digest, model, Some(methods)));
                self.start(Slot::Reference { artifact: index })?;
                for consumer in 0..self.plan.consumers.len() as u32 {
                    self.start(Slot::Cell { artifact: index, consumer })?;
                }
            }
            TrainingRecord::Missing(absence) => {
                self.progress.cells_done += self.plan.readers(index);
                self.ledger.add_artifact(Event::ArtifactMissing { artifact: id, absence }, self.reporter)?;
            }
        }
        Ok(())
    }

    pub(super) fn observed(
        &mut self,
        slot: Slot,
        key: Digest,
        observation: Observation,
        reused: bool,
    ) -> Result<(), RunError> {
        let event = match slot {
            Slot::Reference { artifact } => {
                let observation = self.with_expected(artifact, observation);
                let artifact = self.artifacts[artifact as usize].id.clone();
                Event::ReferenceTaken { artifact, key, observation, reused }
            }
            Slot::Repeat { artifact } => return self.repeated(artifact, key, observation, reused),
            Slot::Cell { artifact, consumer } => {
                let (artifact, consumer) = self.cell_name(artifact, consumer);
                Event::CellObserved { artifact, consumer, key, observation, reused }
            }
        };
        let index = self.ledger.add(event, self.reporter)?;
        self.settle(slot, index)
    }

    /// An observation is in the ledger: compare what can be compared now.
    pub(super) fn settle(&mut self, slot: Slot, index: usize) -> Result<(), RunError> {
        match slot {
            Slot::Reference { artifact } => {
                self.artifacts[artifact as usize].reference = Some(index);
                self.reference_settled(artifact)?;
                for consumer in 0..self.plan.consumers.len() as u32 {
                    self.compare(artifact, consumer)?;
                }
            }
            // It is compared where it is recorded.
            Slot::Repeat { .. } => {}
            Slot::Cell { artifact, consumer } => {
                let first =
                    self.artifacts[artifact as usize].observed[consumer as usize].replace(index).is_none();
                self.progress.cells_done += u64::from(first);
                self.compare(artifact, consumer)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, artifact: u32, consumer: u32) -> Result<(), RunError> {
        let state = &self.artifacts[artifact as usize];
        let (Some(reference_at), Some(observed_at)) = (state.reference, state.observed[consumer as usize])
        else {
            return Ok(());
        };
        let ledger = &self.ledger;
        let (Some(reference), Some(observed)) = (outputs(ledger, reference_at), outputs(ledger, observed_at))
        else {
            return Ok(());
        };
        let name = self.cell_name(artifact, consumer);
        let pair = self.pair(artifact, consumer);
        let model = &self.plan.models[self.plan.artifacts[artifact as usize].model as usize].name;
        let matrix = &self.matrix;
        let tolerance = |output: &str, float32: bool| matrix.tolerance(model, output, pair, float32);
        if let Some(recorded) = self.ledger.comparison(&name, observed_at, reference_at)
            && still_holds(recorded, reference, observed, &tolerance)
        {
            return if differs(recorded) { self.doubt(artifact) } else { Ok(()) };
        }
        match self.arrays.compare(&self.cache, reference, observed, &tolerance) {
            Ok(outputs) => {
                let in_doubt = differs(&outputs);
                let (id, consumer) = name;
                let event = Event::CellCompared { artifact: id, consumer, outputs };
                self.ledger.add(event, self.reporter)?;
                if in_doubt { self.doubt(artifact) } else { Ok(()) }
            }
            Err(lost) => {
                // The cache has lost an array: make the observation that it belongs to again, once.
                let is_of_reference = reference.values().any(|output| output.digest == lost);
                let slot = if is_of_reference {
                    Slot::Reference { artifact }
                } else {
                    Slot::Cell { artifact, consumer }
                };
                if self.forced.insert(slot) {
                    match slot {
                        Slot::Reference { .. } => self.artifacts[artifact as usize].reference = None,
                        Slot::Repeat { .. } | Slot::Cell { .. } => {}
                    }
                    self.reused = self.reused.saturating_sub(1);
                    return self.start(slot);
                }
                Ok(())
            }
        }
    }

    fn pair(&self, artifact: u32, consumer: u32) -> PairFacts {
        let producer = self.plan.artifacts[artifact as usize].producer;
        let consumer = self.plan.consumers[consumer as usize];
        let lock = |index: u32| match &self.environments[index as usize] {
            Environment::Ready { lock, .. } => Some(&**lock),
            _ => None,
        };
        match (lock(producer), lock(consumer)) {
            (Some(a), Some(b)) => PairFacts { cross_arch: a.arch != b.arch, cross_bits: a.bits != b.bits },
            _ => PairFacts { cross_arch: false, cross_bits: false },
        }
    }

    fn lost(&mut self, what: What, reason: String) -> Result<(), RunError> {
        match what {
            What::Training { artifacts } => {
                self.progress.trainings_done += 1;
                for (artifact, _) in artifacts {
                    let absence = ArtifactAbsence::Died { reason: reason.clone() };
                    self.made(artifact, TrainingRecord::Missing(absence), false)?;
                }
            }
            What::Observation { slot: Slot::Reference { artifact }, .. } => {
                self.reporter.note(&reason);
                self.go_on_without_reference(artifact)?;
            }
            What::Observation { slot: Slot::Repeat { .. }, .. } => self.reporter.note(&reason),
            What::Observation { slot: Slot::Cell { artifact, consumer }, .. } => {
                self.progress.cells_done += 1;
                let (artifact, consumer) = self.cell_name(artifact, consumer);
                self.ledger.add(Event::CellLost { artifact, consumer, reason }, self.reporter)?;
            }
        }
        Ok(())
    }
}

pub(super) fn outputs(ledger: &Ledger, index: usize) -> Option<&BTreeMap<String, OutputRef>> {
    match &ledger.observation(index)?.outcome {
        Outcome::Predicted { outputs } => Some(outputs),
        _ => None,
    }
}
