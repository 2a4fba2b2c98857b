//! What a run has come to in this process, beside what its record says: the record may be of an earlier one, and what it
//! speaks of has to be found again first.

use std::collections::BTreeMap;

use super::jobs::Target;
use super::share::Share;
use crate::matrix::RuntimeSpec;
use crate::plan::Plan;
use crate::vocab::{Digest, NoiseSetting};

/// Where an environment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has asked for it.
    Untouched,
    /// It is being made.
    Asked,
    /// It can be used.
    Ready,
    /// It cannot.
    Failed,
    /// It stands for an unknown producer and is never made.
    Unknown,
    /// It is another shard's; it is made here only to answer for what it wrote.
    OtherShard,
}

/// How far one thing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// Nobody has asked for it.
    #[default]
    Untouched,
    /// It is under way.
    Asked,
    /// It is there.
    Done,
    /// It was tried and did not come to be.
    Lost,
    /// There will be none.
    Never,
}

/// Where the bytes of an artifact are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bytes {
    /// Nobody has asked for them.
    #[default]
    Untouched,
    /// They are being made or copied.
    Asked,
    /// In the store.
    Here(Here),
    /// They were in the store, and are lost or damaged.
    Lost,
    /// There will be none.
    Missing,
}

/// The bytes of an artifact in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Here {
    pub digest: Digest,
    /// The pickle of the fitted model, where that is the reference.
    pub model: Option<Digest>,
}

/// What this process knows of an artifact that another one has written.
pub(super) struct Adopted {
    pub artifact: u32,
    /// Its bytes, where there are some; `None` for an external artifact, which every machine has.
    pub bytes: Option<Option<Here>>,
    pub has_reference: bool,
}

/// An observation target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Observed {
    pub step: Step,
    /// Whether it is made again because its arrays were lost. That is done once.
    pub again: bool,
    /// Whether it once found the bytes of its artifact lost. A second time it gives up.
    pub starved: bool,
}

/// A planned cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub observed: Observed,
    pub compared: Step,
    /// Set where it is to be tried again.
    pub retry: Option<Observed>,
    /// Whether it counts as done in the progress of the run.
    pub closed: bool,
}

/// An artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Artifact {
    pub bytes: Bytes,
    /// The bytes that its observations are of.
    pub seen: Option<Digest>,
    pub reference: Observed,
    pub repeat: Observed,
    /// What it is asked for in other ways of computing.
    pub noise: BTreeMap<NoiseSetting, Observed>,
    /// Whether a cell differs from the reference.
    pub moved: bool,
    /// Whether a cell differs from it in a way that may be noise.
    pub in_question: bool,
    pub inspected: Step,
    /// One a consumer, also where it does not read the artifact.
    pub cells: Vec<Cell>,
}

/// Everything that this process knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub environments: Vec<Standing>,
    pub artifacts: Vec<Artifact>,
    /// The trainings by model and producer.
    pub trainings: BTreeMap<(u32, u32), Training>,
}

/// One model in one producer, in all formats.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Training {
    pub step: Step,
    pub artifacts: Vec<u32>,
}

impl Known {
    /// What is known before anything happened.
    pub fn new(plan: &Plan, share: &Share) -> Self {
        let standing = |index: u32, runtime: &RuntimeSpec| match runtime {
            RuntimeSpec::UnknownProducer => Standing::Unknown,
            RuntimeSpec::Venv { .. }
            | RuntimeSpec::Rootfs(_)
            | RuntimeSpec::Container(_)
            | RuntimeSpec::Existing { .. } => {
                if share.makes(index) {
                    Standing::Untouched
                } else {
                    Standing::OtherShard
                }
            }
        };
        let mut trainings: BTreeMap<(u32, u32), Training> = BTreeMap::new();
        for (index, artifact) in (0u32..).zip(&plan.artifacts) {
            let is_trained = plan.models[artifact.model as usize].source.file().is_none();
            if is_trained && share.writes(artifact.model, artifact.producer) {
                trainings.entry((artifact.model, artifact.producer)).or_default().artifacts.push(index);
            }
        }
        let artifact = Artifact { cells: vec![Cell::default(); plan.consumers.len()], ..Artifact::default() };
        Self {
            environments: (0u32..)
                .zip(&plan.environments)
                .map(|(at, it)| standing(at, &it.runtime))
                .collect(),
            artifacts: vec![artifact; plan.artifacts.len()],
            trainings,
        }
    }

    pub fn artifact(&self, index: u32) -> &Artifact {
        &self.artifacts[index as usize]
    }

    pub fn artifact_mut(&mut self, index: u32) -> &mut Artifact {
        &mut self.artifacts[index as usize]
    }

    pub fn standing(&self, environment: u32) -> Standing {
        self.environments[environment as usize]
    }

    /// How far an observation target has come. A retry that nobody asked for is begun by asking for it.
    pub fn observed_mut(&mut self, target: Target) -> &mut Observed {
        let artifact = self.artifact_mut(target.artifact());
        match target {
            Target::Reference { .. } => &mut artifact.reference,
            Target::Repeat { .. } => &mut artifact.repeat,
            Target::Noise { setting, .. } => artifact.noise.entry(setting).or_default(),
            Target::Cell { consumer, .. } => &mut artifact.cells[consumer as usize].observed,
            Target::Retry { consumer, .. } => {
                artifact.cells[consumer as usize].retry.get_or_insert_with(Observed::default)
            }
        }
    }
}

impl Artifact {
    /// Its bytes, where they are in the store.
    pub fn here(&self) -> Option<Here> {
        match self.bytes {
            Bytes::Here(here) => Some(here),
            Bytes::Untouched | Bytes::Asked | Bytes::Lost | Bytes::Missing => None,
        }
    }

    /// The cells of an external artifact wait until its reference tells which outputs to ask for. One that is made again
    /// has told that already.
    pub fn waits(&self, external: bool) -> bool {
        let untold = matches!(self.reference.step, Step::Untouched | Step::Asked | Step::Lost);
        external && untold && !self.reference.again
    }
}
