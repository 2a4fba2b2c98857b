//! From events in order to what is known at the end: later events win.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::vocab::{
    Agreement, ArtifactAbsence, ArtifactId, Digest, EnvName, EnvironmentPlan, Event, FORMAT_VERSION,
    FileFacts, FilePlan, FormatPlan, Lock, ModelName, Observation, OutputComparison, RunHeader, Runtime,
    is_among,
};

/// What is said of things that a killed run did not get to.
pub(super) const NOT_REACHED: &str = "the run ended before it got here; the same command goes on";

/// Everything that is known at the end of a run.
#[derive(Debug)]
pub struct RunFacts<'a> {
    /// The header that holds now: of the last resumption, or of the start.
    pub header: &'a RunHeader,
    /// RFC 3339 time of the first start.
    pub started: &'a str,
    /// One entry a planned environment, in plan order.
    pub environments: Vec<EnvironmentFacts<'a>>,
    /// Indices of the consumers, in plan order.
    pub consumers: Vec<usize>,
    /// One entry a planned artifact, in plan order.
    pub artifacts: Vec<ArtifactFacts<'a>>,
    /// The last end that was recorded.
    pub finish: Option<Finish<'a>>,
}

/// The end of a run.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// RFC 3339 time.
    pub time: &'a str,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Cells executed.
    pub executed: u64,
    /// Cells reused.
    pub reused: u64,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// What is known of an environment.
#[derive(Debug)]
pub enum EnvironmentFacts<'a> {
    /// No event speaks of it.
    Unknown,
    /// Usable.
    Ready {
        /// Its lock.
        lock: &'a Lock,
        /// Models that it lacks, with reasons.
        lacks: &'a BTreeMap<ModelName, String>,
    },
    /// Never made: it stands for the unknown maker of files.
    Elsewhere,
    /// Not usable.
    Failed {
        /// Why.
        reason: &'a str,
        /// What would help.
        remedy: Option<&'a str>,
        /// Whether what it was declared with does not exist on the machine.
        absent: bool,
    },
}

/// What is known of an artifact.
#[derive(Debug)]
pub struct ArtifactFacts<'a> {
    /// Which.
    pub id: ArtifactId,
    /// Index of its producer in the plan.
    pub producer: usize,
    /// Set where it is a file from outside.
    pub file: Option<&'a FilePlan>,
    /// Set where it exists.
    pub made: Option<Made>,
    /// Set where it does not.
    pub absence: Option<&'a ArtifactAbsence>,
    /// What its bytes say, where they were looked at.
    pub facts: Option<&'a FileFacts>,
    /// What its producer saw in a fresh process.
    pub reference: Option<&'a Observation>,
    /// Outputs of a file that differ between two loads in its producer under different seeds.
    pub random: BTreeSet<&'a str>,
    /// One entry a consumer, in the order of [`RunFacts::consumers`].
    pub cells: Vec<CellFold<'a>>,
}

impl ArtifactFacts<'_> {
    /// Whether an environment reads it, as far as the matrix says which formats it reads.
    pub fn is_read(&self, environment: &EnvironmentPlan) -> bool {
        is_among(&environment.reads, &self.id.format)
    }
}

/// An artifact that exists.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Size in bytes.
    pub size: u64,
    /// Seconds to fit.
    pub train_seconds: f64,
    /// Seconds to write.
    pub save_seconds: f64,
}

/// What is known of a cell.
#[derive(Clone, Debug, Default)]
pub struct CellFold<'a> {
    /// What was seen.
    pub observation: Option<&'a Observation>,
    /// How it compares with the reference.
    pub outputs: Option<&'a BTreeMap<String, OutputComparison>>,
    /// Why there is nothing to see.
    pub lost: Option<&'a str>,
    /// Whether the observation came from an earlier record or the cache.
    pub reused: bool,
    /// What was seen when it was tried again, and how that compares.
    pub retried: Option<(&'a Observation, &'a BTreeMap<String, OutputComparison>)>,
}

/// A cell with everything that its verdict depends on.
#[derive(Debug)]
pub struct CellFacts<'a> {
    /// The artifact.
    pub artifact: &'a ArtifactFacts<'a>,
    /// Its producer.
    pub producer: &'a EnvironmentFacts<'a>,
    /// The environment that reads it.
    pub consumer: &'a EnvironmentFacts<'a>,
    /// Name of that environment.
    pub consumer_name: &'a EnvName,
    /// What was seen.
    pub cell: &'a CellFold<'a>,
    /// The artifact's format, where the record describes it.
    pub format: Option<&'a FormatPlan>,
}

/// Why events cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// There is no header.
    #[error("the record does not begin with a `run-started` event")]
    NoHeader,
    /// Written by a newer shelflife.
    #[error(
        "the record has format version {0}, and this shelflife reads up to {FORMAT_VERSION}: update shelflife"
    )]
    Newer(u32),
}

/// Folds events into what is known at the end. Events about things that the plan does not have are ignored.
///
/// # Errors
/// When the events do not begin with a header that this version can read.
pub fn fold(events: &[Event]) -> Result<RunFacts<'_>, FoldError> {
    let Some(Event::RunStarted(first)) = events.first() else { return Err(FoldError::NoHeader) };
    let header = events.iter().rev().find_map(|event| match event {
        Event::RunResumed { header } => Some(header),
        _ => None,
    });
    let header = header.unwrap_or(first);
    if header.format_version > FORMAT_VERSION {
        return Err(FoldError::Newer(header.format_version));
    }
    let plan = &header.plan;
    let environment_index: HashMap<&EnvName, usize> =
        plan.environments.iter().enumerate().map(|(index, plan)| (&plan.name, index)).collect();
    let consumers: Vec<usize> =
        (0..plan.environments.len()).filter(|i| plan.environments[*i].consumer).collect();
    let mut consumer_position = vec![None; plan.environments.len()];
    for (position, index) in consumers.iter().enumerate() {
        consumer_position[*index] = Some(position);
    }
    let mut environments: Vec<_> = plan
        .environments
        .iter()
        .map(|plan| match plan.runtime {
            Runtime::Elsewhere => EnvironmentFacts::Elsewhere,
            Runtime::Venv | Runtime::Rootfs | Runtime::Container | Runtime::Existing => {
                EnvironmentFacts::Unknown
            }
        })
        .collect();
    let mut artifacts = Vec::new();
    for model in &plan.models {
        for format in &model.formats {
            let writes = |env: &EnvironmentPlan| match &model.file {
                Some(file) => env.name == file.producer,
                None => env.producer && !env.outside && is_among(&env.writes, format),
            };
            for (producer, environment) in plan.environments.iter().enumerate().filter(|(_, env)| writes(env))
            {
                artifacts.push(ArtifactFacts {
                    id: ArtifactId {
                        model: model.name.clone(),
                        format: format.clone(),
                        producer: environment.name.clone(),
                    },
                    producer,
                    file: model.file.as_ref(),
                    made: None,
                    absence: None,
                    facts: None,
                    reference: None,
                    random: BTreeSet::new(),
                    cells: vec![CellFold::default(); consumers.len()],
                });
            }
        }
    }
    let artifact_index: HashMap<ArtifactId, usize> =
        artifacts.iter().enumerate().map(|(index, artifact)| (artifact.id.clone(), index)).collect();
    let position_of = |artifact: &ArtifactId, consumer: &EnvName| {
        let index = artifact_index.get(artifact)?;
        let position = consumer_position[*environment_index.get(consumer)?]?;
        Some((*index, position))
    };
    let mut finish = None;
    for event in events {
        match event {
            Event::RunStarted(_) => {}
            Event::RunResumed { .. } => finish = None,
            Event::EnvironmentReady { name, lock, lacks, .. } => {
                if let Some(index) = environment_index.get(name) {
                    environments[*index] = EnvironmentFacts::Ready { lock, lacks };
                }
            }
            Event::EnvironmentFailed { name, reason, remedy, absent, .. } => {
                if let Some(index) = environment_index.get(name) {
                    environments[*index] =
                        EnvironmentFacts::Failed { reason, remedy: remedy.as_deref(), absent: *absent };
                }
            }
            Event::ArtifactMade { artifact, digest, size, train_seconds, save_seconds, .. } => {
                if let Some(index) = artifact_index.get(artifact) {
                    let facts = &mut artifacts[*index];
                    facts.made = Some(Made {
                        digest: *digest,
                        size: *size,
                        train_seconds: *train_seconds,
                        save_seconds: *save_seconds,
                    });
                    facts.absence = None;
                    facts.facts = None;
                }
            }
            Event::ArtifactMissing { artifact, absence } => {
                if let Some(index) = artifact_index.get(artifact) {
                    artifacts[*index].made = None;
                    artifacts[*index].absence = Some(absence);
                }
            }
            Event::ArtifactInspected { artifact, digest, facts } => {
                if let Some(index) = artifact_index.get(artifact) {
                    let own = &mut artifacts[*index];
                    // Made anew with other bytes, it may be something else.
                    if own.made.is_some_and(|made| made.digest == *digest) {
                        own.facts = Some(facts);
                    }
                }
            }
            Event::ReferenceTaken { artifact, observation, .. } => {
                if let Some(index) = artifact_index.get(artifact) {
                    artifacts[*index].reference = Some(observation);
                }
            }
            Event::ReferenceRepeated { artifact, outputs, .. } => {
                if let Some(index) = artifact_index.get(artifact) {
                    let differs = |it: &OutputComparison| {
                        matches!(it.agreement, Agreement::Outside | Agreement::Mismatched)
                    };
                    let random = outputs.iter().filter(|(_, it)| differs(it));
                    artifacts[*index].random = random.map(|(name, _)| name.as_str()).collect();
                }
            }
            Event::CellObserved { artifact, consumer, observation, reused, .. } => {
                if let Some((index, position)) = position_of(artifact, consumer) {
                    artifacts[index].cells[position] = CellFold {
                        observation: Some(observation),
                        outputs: None,
                        lost: None,
                        reused: *reused,
                        retried: None,
                    };
                }
            }
            Event::CellLost { artifact, consumer, reason } => {
                if let Some((index, position)) = position_of(artifact, consumer) {
                    artifacts[index].cells[position] = CellFold { lost: Some(reason), ..CellFold::default() };
                }
            }
            Event::CellCompared { artifact, consumer, outputs } => {
                if let Some((index, position)) = position_of(artifact, consumer) {
                    artifacts[index].cells[position].outputs = Some(outputs);
                }
            }
            Event::CellRetried { artifact, consumer, observation, outputs } => {
                if let Some((index, position)) = position_of(artifact, consumer) {
                    artifacts[index].cells[position].retried = Some((observation, outputs));
                }
            }
            Event::RunFinished { time, seconds, executed, reused, interrupted } => {
                finish = Some(Finish {
                    time,
                    seconds: *seconds,
                    executed: *executed,
                    reused: *reused,
                    interrupted: *interrupted,
                });
            }
        }
    }
    Ok(RunFacts { header, started: &first.time, environments, consumers, artifacts, finish })
}
