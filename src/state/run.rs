//! The fold itself.

use std::collections::HashMap;

use super::facts::{
    ArtifactFacts, CellFacts, CellState, Contradicted, EnvironmentFacts, Finish, Foretold, KnownCell, Made,
    Recorded, Repeated, Retried,
};
use super::layout::{Layout, PlannedArtifact, Roles};
use crate::vocab::{
    Agreement, ArtifactId, EnvName, Event, FORMAT_VERSION, FileFacts, Gap, OutputComparison, PlanRecord,
    RunHeader, Runtime,
};

/// Why events cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no header.
    #[error("the record does not begin with a `run-started` event")]
    NoHeader,
    /// Written by a newer shelflife.
    #[error(
        "the record has format version {0}, and this shelflife reads up to {FORMAT_VERSION}: update shelflife"
    )]
    Newer(u32),
}

/// A record that is taken in while it is read.
#[derive(Debug, Default)]
pub struct Replay {
    state: Option<RunState>,
    is_headless: bool,
}

impl Replay {
    /// Takes in the next event.
    pub fn take(&mut self, event: Event) {
        match (&mut self.state, event) {
            (Some(state), event) => state.apply(event),
            (None, Event::RunStarted(header)) if !self.is_headless => {
                self.state = Some(RunState::new(*header))
            }
            (None, _) => self.is_headless = true,
        }
    }

    /// What is known after all of it.
    ///
    /// # Errors
    /// When the events do not begin with a header that this version can read.
    pub fn finish(self) -> Result<RunState, ReplayError> {
        let state = self.state.ok_or(ReplayError::NoHeader)?;
        match state.header.format_version {
            version if version > FORMAT_VERSION => Err(ReplayError::Newer(version)),
            _ => Ok(state),
        }
    }
}

/// Everything that is known of a run. Later events win; events about things that the plan does not have are ignored.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    header: Box<RunHeader>,
    started: String,
    environments: Vec<EnvironmentFacts>,
    /// What the cells of each were not kept from.
    gaps: Vec<Vec<Gap>>,
    /// Whether an interpreter of each has told that.
    started_in: Vec<bool>,
    /// Indices of the consumers among the environments, in plan order.
    consumers: Vec<u32>,
    artifacts: Vec<ArtifactFacts>,
    finish: Option<Finish>,
    /// What was said of cells before they were tried: of few, so that they stand beside them.
    foretold: HashMap<(ArtifactId, EnvName), Foretold>,
    environment_index: HashMap<EnvName, usize>,
    consumer_index: HashMap<EnvName, usize>,
    artifact_index: HashMap<ArtifactId, usize>,
}

impl RunState {
    /// A run of which nothing is known but what it is going to try.
    pub fn new(header: RunHeader) -> Self {
        let plan = &header.plan;
        let layout = Layout::of(plan);
        let planned: Vec<PlannedArtifact> = layout.artifacts().collect();
        let consumers = layout.consumers().to_vec();
        let names = |indices: &[u32]| -> HashMap<EnvName, usize> {
            let name = |at: &u32| plan.environments[*at as usize].name.clone();
            indices.iter().enumerate().map(|(position, at)| (name(at), position)).collect()
        };
        let environments: Vec<u32> = (0u32..).take(plan.environments.len()).collect();
        let artifacts: Vec<_> = planned.iter().map(|it| unknown(plan, *it, consumers.len())).collect();
        Self {
            started: header.time.clone(),
            environments: plan.environments.iter().map(|it| untouched(it.runtime)).collect(),
            gaps: vec![Vec::new(); plan.environments.len()],
            started_in: vec![false; plan.environments.len()],
            finish: None,
            foretold: HashMap::new(),
            environment_index: names(&environments),
            consumer_index: names(&consumers),
            artifact_index: artifacts.iter().enumerate().map(|(at, it)| (it.id.clone(), at)).collect(),
            consumers,
            artifacts,
            header: Box::new(header),
        }
    }

    /// The state after a whole record.
    ///
    /// # Errors
    /// When the events do not begin with a header that this version can read.
    pub fn replay(events: impl IntoIterator<Item = Event>) -> Result<Self, ReplayError> {
        let mut replay = Replay::default();
        events.into_iter().for_each(|event| replay.take(event));
        replay.finish()
    }

    /// Takes in what has happened next.
    pub fn apply(&mut self, event: Event) {
        match event {
            // There is one, and it came first.
            Event::RunStarted(_) => {}
            Event::RunResumed { header } => self.resume(*header),
            Event::EnvironmentReady { name, lock, absent_models, .. } => {
                self.set_environment(&name, EnvironmentFacts::Ready { lock: Box::new(lock), absent_models });
            }
            Event::EnvironmentFailed { name, reason, remedy, absent, cause, .. } => {
                self.set_environment(&name, EnvironmentFacts::Failed { reason, remedy, absent, cause });
            }
            Event::EnvironmentIsolation { name, gaps, .. } => {
                if let Some(index) = self.environment_index.get(&name) {
                    self.gaps[*index] = gaps;
                    self.started_in[*index] = true;
                }
            }
            Event::ArtifactMade { artifact, digest, size, train_seconds, save_seconds, methods, .. } => {
                if let Some(facts) = self.artifact_mut(&artifact) {
                    facts.made = Some(Made { digest, size, train_seconds, save_seconds, methods });
                    facts.absence = None;
                    facts.facts = None;
                }
            }
            Event::ArtifactMissing { artifact, absence } => {
                if let Some(facts) = self.artifact_mut(&artifact) {
                    facts.made = None;
                    facts.absence = Some(absence);
                }
            }
            Event::ArtifactInspected { artifact, digest, facts } => {
                if let Some(own) = self.artifact_mut(&artifact)
                    // Made anew with other bytes, it may be something else.
                    && own.made.as_ref().is_some_and(|made| made.digest == digest)
                {
                    own.facts = Some(Box::new(facts));
                }
            }
            Event::ReferenceTaken { artifact, key, observation, reused } => {
                if let Some(facts) = self.artifact_mut(&artifact) {
                    // What was measured is how far another answer moves.
                    if facts.reference().is_none_or(|known| known.outcome != observation.outcome) {
                        facts.noise.clear();
                    }
                    facts.reference = Some(Box::new(Recorded { key, observation, reused }));
                    facts.cells.iter_mut().for_each(CellState::outdate);
                }
            }
            Event::ReferenceRepeated { artifact, key, outputs, .. } => {
                if let Some(facts) = self.artifact_mut(&artifact) {
                    let random = outputs.iter().filter(|(_, it)| differs(it));
                    facts.random = random.map(|(name, _)| name.clone()).collect();
                    facts.repeated = Some(Box::new(Repeated { key, outputs }));
                }
            }
            Event::ReferenceVaried { artifact, setting, key, outputs, .. } => {
                if let Some(facts) = self.artifact_mut(&artifact) {
                    facts.noise.insert(setting, Repeated { key, outputs });
                }
            }
            Event::CellForetold { artifact, consumer, release, forecast } => {
                self.foretold.insert((artifact, consumer), Foretold { release, forecast });
            }
            Event::CellObserved { artifact, consumer, key, mut observation, reused } => {
                let Some(position) = self.consumer_index.get(&consumer).copied() else { return };
                if let Some(facts) = self.artifact_mut(&artifact) {
                    // Most cells give what their producer gives; that is held once.
                    let same = facts.reference().filter(|known| known.outcome == observation.outcome);
                    if let Some(same) = same {
                        observation.outcome = same.outcome.clone();
                    }
                    let seen = Some(Recorded { key, observation, reused });
                    *facts.cells[position].known() = KnownCell { seen, ..KnownCell::default() };
                }
            }
            Event::CellLost { artifact, consumer, reason } => {
                if let Some(cell) = self.cell_mut(&artifact, &consumer) {
                    *cell.known() = KnownCell { lost: Some(reason.into()), ..KnownCell::default() };
                }
            }
            Event::CellCompared { artifact, consumer, outputs } => {
                if let Some(cell) = self.cell_mut(&artifact, &consumer) {
                    let known = cell.known();
                    known.outputs = Some(outputs);
                    known.current = true;
                }
            }
            Event::CellRetried { artifact, consumer, observation, outputs } => {
                if let Some(cell) = self.cell_mut(&artifact, &consumer) {
                    cell.known().retried = Some(Box::new(Retried { observation, outputs }));
                }
            }
            Event::CellContradicted { artifact, consumer, observation, outputs, lock } => {
                if let Some(cell) = self.cell_mut(&artifact, &consumer) {
                    cell.known().contradicted = Some(Box::new(Contradicted { observation, outputs, lock }));
                }
            }
            Event::RunFinished { time, seconds, executed, reused, interrupted } => {
                self.finish = Some(Finish { time, seconds, executed, reused, interrupted });
            }
        }
    }

    /// What is tried now may be declared otherwise than before; what is known of it stays.
    fn resume(&mut self, header: RunHeader) {
        let before = std::mem::replace(self, Self::new(header));
        self.started = before.started;
        self.foretold = before.foretold;
        for (name, index) in before.environment_index {
            self.set_environment(&name, before.environments[index].clone());
        }
        let positions: Vec<Option<usize>> = {
            let name = |at: &u32| &before.header.plan.environments[*at as usize].name;
            before.consumers.iter().map(|at| self.consumer_index.get(name(at)).copied()).collect()
        };
        for known in before.artifacts {
            let Some(own) = self.artifact_mut(&known.id) else { continue };
            for (cell, position) in known.cells.into_iter().zip(&positions) {
                if let Some(position) = position {
                    own.cells[*position] = cell;
                }
            }
            let (id, file) = (own.id.clone(), own.file.take());
            let (producer, cells) = (own.producer, std::mem::take(&mut own.cells));
            *own = ArtifactFacts { id, file, producer, cells, ..known };
        }
    }

    fn set_environment(&mut self, name: &EnvName, facts: EnvironmentFacts) {
        if let Some(index) = self.environment_index.get(name) {
            self.environments[*index] = facts;
        }
    }

    fn artifact_mut(&mut self, id: &ArtifactId) -> Option<&mut ArtifactFacts> {
        self.artifact_index.get(id).map(|index| &mut self.artifacts[*index])
    }

    fn cell_mut(&mut self, artifact: &ArtifactId, consumer: &EnvName) -> Option<&mut CellState> {
        let position = *self.consumer_index.get(consumer)?;
        self.artifact_mut(artifact).map(|facts| &mut facts.cells[position])
    }

    /// What was said of a cell before it was tried.
    pub fn foretold(&self, artifact: &ArtifactId, consumer: &EnvName) -> Option<&Foretold> {
        // Most runs have none, and nobody copies names to find that out.
        if self.foretold.is_empty() {
            return None;
        }
        self.foretold.get(&(artifact.clone(), consumer.clone()))
    }

    /// The header that holds now: of the last resumption, or of the start.
    pub fn header(&self) -> &RunHeader {
        &self.header
    }

    /// RFC 3339 time of the first start.
    pub fn started(&self) -> &str {
        &self.started
    }

    /// What is known of an environment, by its name.
    pub fn environment(&self, name: &EnvName) -> Option<&EnvironmentFacts> {
        self.environment_index.get(name).and_then(|index| self.environments.get(*index))
    }

    /// One entry a planned environment, in plan order.
    pub fn environments(&self) -> &[EnvironmentFacts] {
        &self.environments
    }

    /// What the cells of each environment were not kept from, as far as an interpreter was started.
    pub fn gaps(&self) -> &[Vec<Gap>] {
        &self.gaps
    }

    /// Whether an interpreter of the environment at an index was started.
    ///
    /// # Panics
    /// When there are fewer environments.
    pub fn has_started(&self, environment: usize) -> bool {
        self.started_in[environment]
    }

    /// Indices of the consumers among the environments, in plan order.
    pub fn consumers(&self) -> &[u32] {
        &self.consumers
    }

    /// One entry a planned artifact, in plan order.
    pub fn artifacts(&self) -> &[ArtifactFacts] {
        &self.artifacts
    }

    /// The end that was recorded last, if nothing was begun after it.
    pub fn finish(&self) -> Option<&Finish> {
        self.finish.as_ref()
    }

    /// What the bytes of each artifact say, in plan order.
    pub fn file_facts(&self) -> impl Iterator<Item = Option<&FileFacts>> {
        self.artifacts.iter().map(|artifact| artifact.facts.as_deref())
    }

    /// The planned cells of the artifact at an index, in plan order.
    ///
    /// # Panics
    /// When there are fewer artifacts.
    pub fn cells_of(&self, artifact: usize) -> impl Iterator<Item = CellFacts<'_>> {
        let facts = &self.artifacts[artifact];
        let plan = &self.header.plan;
        let format = plan.formats.iter().find(|format| format.name == facts.id.format);
        let consumers = self.consumers.iter().map(|at| *at as usize).zip(&facts.cells);
        let read = consumers.filter(|(at, _)| Roles::from(&plan.environments[*at]).reads(&facts.id.format));
        read.map(move |(consumer_index, cell)| CellFacts {
            artifact: facts,
            producer: &self.environments[facts.producer],
            consumer: &self.environments[consumer_index],
            consumer_index,
            consumer_name: &plan.environments[consumer_index].name,
            cell: cell.view(),
            format,
        })
    }

    /// What is known of the cell of an artifact in an environment, where the plan has it.
    pub fn cell(&self, artifact: &ArtifactId, consumer: &EnvName) -> Option<&CellState> {
        let facts = &self.artifacts[*self.artifact_index.get(artifact)?];
        Some(&facts.cells[*self.consumer_index.get(consumer)?])
    }
}

/// What is known of an environment before any event speaks of it.
fn untouched(runtime: Runtime) -> EnvironmentFacts {
    match runtime {
        Runtime::UnknownProducer => EnvironmentFacts::UnknownProducer,
        Runtime::Venv | Runtime::Rootfs | Runtime::Container | Runtime::Existing => EnvironmentFacts::Unknown,
    }
}

/// What is known of an artifact before any event speaks of it.
fn unknown(plan: &PlanRecord, planned: PlannedArtifact, consumers: usize) -> ArtifactFacts {
    let model = &plan.models[planned.model as usize];
    let producer = planned.producer as usize;
    ArtifactFacts {
        id: ArtifactId {
            model: model.name.clone(),
            format: model.formats[planned.format as usize].clone(),
            producer: plan.environments[producer].name.clone(),
        },
        producer,
        file: model.file.clone().map(Box::new),
        made: None,
        absence: None,
        facts: None,
        reference: None,
        repeated: None,
        noise: Default::default(),
        random: Default::default(),
        cells: vec![CellState::default(); consumers],
    }
}

/// Whether an output moved by more than its tolerance.
fn differs(comparison: &OutputComparison) -> bool {
    matches!(comparison.agreement, Agreement::Outside | Agreement::Mismatched)
}
