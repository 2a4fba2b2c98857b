//! The share of a plan that one process does: all of it, or what a shard does in one phase.

use std::collections::HashMap;

use crate::plan::Plan;
use crate::vocab::{Digest, EnvName, Event, Floors, ShardPhase, Slice};

/// What a process does of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share(Option<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    phase: ShardPhase,
    /// One an environment of the plan.
    slices: Vec<Option<Slice>>,
    /// Whose noise floors are measured by whoever writes them.
    floors: Floors,
}

impl Share {
    /// All of it.
    pub const fn whole() -> Self {
        Self(None)
    }

    /// What a shard does in a phase.
    pub fn of(phase: ShardPhase, slices: &[Slice], plan: &Plan) -> Self {
        let by_name: HashMap<&EnvName, &Slice> =
            slices.iter().map(|slice| (&slice.environment, slice)).collect();
        let slices = plan.environments.iter().map(|it| by_name.get(&it.name).map(|slice| (*slice).clone()));
        Self(Some(Part { phase, slices: slices.collect(), floors: Floors::None }))
    }

    /// What is written in a plan, all of it, and nothing that is read.
    pub fn writing(plan: &Plan) -> Self {
        let writers = plan.environments.iter().filter(|environment| environment.producer);
        let slices: Vec<Slice> = writers.map(|writer| Slice::whole(writer.name.clone())).collect();
        Self::of(ShardPhase::Write, &slices, plan)
    }

    /// The same, and the noise floors of some of what is written here are measured.
    pub fn measuring(mut self, floors: Floors) -> Self {
        if let Some(part) = &mut self.0 {
            part.floors = floors;
        }
        self
    }

    /// Whether it is all of the plan.
    pub const fn is_whole(&self) -> bool {
        self.0.is_none()
    }

    /// Whether an environment is made from the beginning, and not only when it is asked about its artifacts.
    pub(super) fn makes(&self, environment: u32) -> bool {
        self.slice(environment).is_none_or(|slice| slice.is_some())
    }

    /// Whether a model is fitted here in an environment, and its references taken.
    pub(super) fn writes(&self, model: u32, producer: u32) -> bool {
        match &self.0 {
            None => true,
            Some(part) => part.phase == ShardPhase::Write && part.has(producer, model),
        }
    }

    /// Whether the noise floor of an artifact is measured here although nobody is in doubt.
    pub(super) fn measures(&self, artifact: u32, model: u32, producer: u32) -> bool {
        let is_wanted = self.0.as_ref().is_some_and(|part| part.floors.has(artifact));
        is_wanted && self.writes(model, producer)
    }

    /// Whether an artifact is read here in an environment.
    pub fn reads(&self, artifact: u32, environment: u32) -> bool {
        match &self.0 {
            None => true,
            Some(part) => part.phase == ShardPhase::Read && part.has(environment, artifact),
        }
    }

    /// Whether anything is done here about an artifact.
    pub(super) fn concerns(&self, plan: &Plan, artifact: u32) -> bool {
        let planned = plan.artifacts[artifact as usize];
        let is_read =
            |environment: &u32| self.reads(artifact, *environment) && plan.is_read(planned, *environment);
        self.writes(planned.model, planned.producer) || plan.consumers.iter().any(is_read)
    }

    /// Whether the producer of artifacts that are read here may be made, to answer for them: what was written by others is
    /// asked about only where it is in doubt.
    pub(super) fn may_ask(&self) -> bool {
        self.0.as_ref().is_some_and(|part| part.phase == ShardPhase::Read)
    }

    fn slice(&self, environment: u32) -> Option<Option<&Slice>> {
        self.0.as_ref().map(|part| part.slices[environment as usize].as_ref())
    }
}

impl Part {
    fn has(&self, environment: u32, index: u32) -> bool {
        self.slices[environment as usize].as_ref().is_some_and(|slice| slice.has(index))
    }
}

/// What others have written, as their parts of the run recorded it: what it needs of environments and artifacts, and no
/// cells.
#[derive(Clone, Debug, Default)]
pub struct Written(pub Vec<Event>);

/// What readers on other machines need of what was written here, by digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carry {
    /// Artifacts, and the outputs of their references.
    pub objects: Vec<Digest>,
    /// Keys of trainings and references.
    pub records: Vec<Digest>,
}
