//! What the dispatcher hands to executors: trainings and observations that neither the record nor the cache knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::RunError;
use super::dispatcher::{Dispatcher, Environment, Made};
use super::executor::environment_folder;
use super::jobs::{Job, Slot, What};
use super::keys::{Observed, TrainingRecord};
use crate::format::{self, Format};
use crate::matrix::{Matrix, ModelSource, ModelSpec};
use crate::notation::requirement_met;
use crate::vocab::{ArtifactAbsence, ArtifactId, Digest, EnvName, Observation, Outcome, ReferenceKind};
use crate::worker::{HandlerSource, Saving, Source, Task};

impl Dispatcher<'_> {
    /// Takes a model's artifacts from the cache, or has it trained. `only` limits it to one artifact, whose cached
    /// bytes were lost.
    pub(super) fn start_training(
        &mut self,
        model: u32,
        producer: u32,
        only: Option<u32>,
    ) -> Result<(), RunError> {
        let plan = Arc::clone(&self.plan);
        let spec = &plan.models[model as usize];
        let Environment::Ready { lock, digest, jobs } = &self.environments[producer as usize] else {
            return Ok(());
        };
        if !self.by_training.contains_key(&(model, producer)) {
            return Ok(());
        }
        let (data, data_path) = &self.datasets[&spec.dataset];
        let (inputs, inputs_path) = self.inputs(spec);
        let mut missing = Vec::new();
        let mut found = Vec::new();
        let unmet = spec.requires.iter().find(|requirement| !requirement_met(requirement, &lock.packages));
        let of_model = self.by_training.get(&(model, producer)).map_or(&[][..], Vec::as_slice);
        for index in of_model.iter().copied().filter(|index| only.is_none_or(|only| only == *index)) {
            if let Some(requirement) = unmet {
                let requirement = requirement.clone();
                found.push((index, TrainingRecord::Missing(ArtifactAbsence::RuledOut { requirement })));
                continue;
            }
            let format = self.format_of(index);
            let key = self.keys.training(spec, data, inputs, &format, digest);
            match self.cached_training(&key) {
                Some(record) => found.push((index, record)),
                None => missing.push((index, key, format)),
            }
        }
        if missing.is_empty() {
            self.progress.trainings_done += u64::from(only.is_none());
        } else {
            // The producer's own folder is the only one that it can write to.
            let folder = environment_folder(self.scratch.path(), producer);
            let formats = missing
                .iter()
                .map(|(index, _, format)| {
                    let path = |name: String| folder.join(name).display().to_string();
                    Saving {
                        handler: format.handler.clone(),
                        options: format.options.clone(),
                        path: path(format!("artifact-{index}.{}", format.extension)),
                        model: (format.reference == ReferenceKind::Model)
                            .then(|| path(format!("model-{index}.pkl"))),
                    }
                })
                .collect();
            let source = match &spec.source {
                ModelSource::Expression(text) => Source::Expression { expression: text.clone() },
                // Files have no training, as was asked above.
                ModelSource::File(_) => return Ok(()),
                ModelSource::Recipe { path, source } => {
                    Source::Recipe { recipe: source.clone(), path: path.display().to_string() }
                }
            };
            let task = Task::Train {
                source,
                dataset: data_path.clone(),
                inputs: inputs_path.to_owned(),
                methods: spec.methods.clone(),
                seed: spec.seed,
                arrays: spec.arrays.clone(),
                formats,
            };
            let artifacts = missing.into_iter().map(|(index, key, _)| (index, key)).collect();
            let job = Job { task, what: What::Training { artifacts }, alone: false, attempts: 0 };
            if jobs.send(job) {
                self.in_flight += 1;
            }
        }
        for (index, record) in found {
            self.made(index, record, true)?;
        }
        Ok(())
    }

    fn cached_training(&self, key: &Digest) -> Option<TrainingRecord> {
        if self.fresh {
            return None;
        }
        let record = self.cache.record(key)?;
        match &record {
            TrainingRecord::Made { digest, model, .. } => std::iter::once(digest)
                .chain(model)
                .all(|digest| self.cache.object_path(digest).exists())
                .then_some(record),
            // Dying may have been the machine's fault: try again.
            TrainingRecord::Missing(ArtifactAbsence::Died { .. } | ArtifactAbsence::Unequipped { .. }) => {
                None
            }
            TrainingRecord::Missing(_) => Some(record),
        }
    }

    /// Takes an observation from the record or the cache, or has it made. Nothing happens while the environment
    /// is still being made: it asks again when it is ready.
    pub(super) fn start(&mut self, slot: Slot) -> Result<(), RunError> {
        let (artifact, environment) = self.place(slot);
        let planned = self.plan.artifacts[artifact as usize];
        if matches!(slot, Slot::Cell { .. }) && !self.plan.is_read(planned, environment) {
            return Ok(());
        }
        let (digest, jobs) = match &self.environments[environment as usize] {
            Environment::Ready { digest, jobs, .. } => (digest, jobs.clone()),
            Environment::Failed => {
                self.progress.cells_done += 1;
                return Ok(());
            }
            Environment::Waiting | Environment::Elsewhere => return Ok(()),
        };
        let state = &self.artifacts[artifact as usize];
        if state.waits && matches!(slot, Slot::Cell { .. }) {
            return Ok(());
        }
        let spec = &self.plan.models[self.plan.artifacts[artifact as usize].model as usize];
        let format = self.format_of(artifact);
        let (inputs, inputs_path) = self.inputs(spec);
        let Some(made) = &self.artifacts[artifact as usize].made else { return Ok(()) };
        // Where the artifact is a translation, the model itself is what its cells are compared with.
        let (purpose, format, read) = match (slot, &made.model) {
            (Slot::Reference { .. }, Some(model)) => {
                ("reference-v1", Arc::new(format::model_reader()), model)
            }
            (Slot::Reference { .. }, None) => ("reference-v1", format, &made.digest),
            (Slot::Repeat { .. }, _) => ("repeat-v1", format, &made.digest),
            (Slot::Cell { .. }, _) => ("cell-v1", format, &made.digest),
        };
        // Two runs with one seed would agree about random numbers.
        let seed = spec.seed.wrapping_add(u32::from(matches!(slot, Slot::Repeat { .. })));
        let key = self.keys.observation(&Observed {
            purpose,
            artifact: read,
            format: &format,
            inputs,
            methods: made.methods.as_deref(),
            seed,
            arrays: spec.arrays.as_deref(),
            lock: digest,
        });
        if !self.fresh && !self.forced.contains(&slot) {
            if let Some(index) = self.recorded(slot, &key) {
                self.reused += 1;
                return self.settle(slot, index);
            }
            if let Some(observation) = self.cached_observation(&key) {
                self.reused += 1;
                return self.observed(slot, key, observation, true);
            }
        }
        let alone = spec.source.file().is_some();
        let task = Task::Cell {
            artifact: self.cache.object_path(read).display().to_string(),
            handler: format.handler.clone(),
            options: format.options.clone(),
            inputs: inputs_path.to_owned(),
            methods: made.methods.clone(),
            seed,
            arrays: spec.arrays.clone(),
            outside: alone,
        };
        if !self.artifact_is_sound(artifact) {
            return self.remake(slot, artifact);
        }
        self.forced.insert(slot);
        let job = Job { task, what: What::Observation { slot, key }, alone, attempts: 0 };
        if jobs.send(job) {
            self.in_flight += 1;
        }
        Ok(())
    }

    /// Whether the cache still has the bytes of an artifact. Damage must not be blamed on its readers, so the
    /// digest is checked once a run, before the first of them.
    fn artifact_is_sound(&mut self, artifact: u32) -> bool {
        let Some(made) = &mut self.artifacts[artifact as usize].made else { return false };
        let cache = &self.cache;
        made.checked = made.checked
            || std::iter::once(&made.digest).chain(&made.model).all(|digest| cache.object(digest).is_some());
        made.checked
    }

    /// Has an artifact made again whose cached bytes are lost or damaged.
    fn remake(&mut self, slot: Slot, artifact: u32) -> Result<(), RunError> {
        if self.copy_again(artifact) {
            return self.start(slot);
        }
        self.artifacts[artifact as usize].made = None;
        let planned = self.plan.artifacts[artifact as usize];
        let id = &self.artifacts[artifact as usize].id;
        self.reporter.note(&format!("the cached artifact {id} was lost or damaged: it is made again"));
        self.start_training(planned.model, planned.producer, Some(artifact))
    }

    fn recorded(&self, slot: Slot, key: &Digest) -> Option<usize> {
        let index = match slot {
            Slot::Reference { artifact } => self.ledger.reference(&self.artifacts[artifact as usize].id, key),
            // What is recorded of it is how it compared; the cache has the rest.
            Slot::Repeat { .. } => None,
            Slot::Cell { artifact, consumer } => self.ledger.cell(&self.cell_name(artifact, consumer), key),
        }?;
        self.limits_hold(self.ledger.observation(index)?).then_some(index)
    }

    fn cached_observation(&self, key: &Digest) -> Option<Observation> {
        self.cache.record::<Observation>(key).filter(|observation| self.limits_hold(observation))
    }

    /// Whether an observation would come out the same under today's limits.
    fn limits_hold(&self, observation: &Observation) -> bool {
        let limits = self.shared.limits;
        match &observation.outcome {
            Outcome::TimedOut { limit_seconds, .. } => *limit_seconds == limits.seconds,
            Outcome::OutOfMemory { limit_bytes, .. } => *limit_bytes == limits.memory_bytes,
            Outcome::Raised { error, .. } => {
                // Under another memory limit it might not have been raised; it costs little to try again.
                error.class != "MemoryError" && !error.bases.iter().any(|base| base == "MemoryError")
            }
            // What is missing on this machine beside the packages (a compiler) may have been installed meanwhile.
            Outcome::Unequipped { .. } => false,
            Outcome::Predicted { .. }
            | Outcome::Unfit { .. }
            | Outcome::Inapplicable { .. }
            | Outcome::Signalled { .. }
            | Outcome::Exited { .. } => true,
        }
    }

    /// A plan is made of the matrix's own formats, so the name is known.
    pub(super) fn format_of(&self, artifact: u32) -> Arc<Format> {
        let planned = self.plan.artifacts[artifact as usize];
        let name = &self.plan.models[planned.model as usize].formats[planned.format as usize];
        self.matrix.formats.get(name).cloned().unwrap_or_else(|| Arc::new(format::model_reader()))
    }

    pub(super) fn place(&self, slot: Slot) -> (u32, u32) {
        match slot {
            Slot::Reference { artifact } | Slot::Repeat { artifact } => {
                (artifact, self.plan.artifacts[artifact as usize].producer)
            }
            Slot::Cell { artifact, consumer } => (artifact, self.plan.consumers[consumer as usize]),
        }
    }

    pub(super) fn cell_name(&self, artifact: u32, consumer: u32) -> (ArtifactId, EnvName) {
        let environment = self.plan.consumers[consumer as usize];
        (
            self.artifacts[artifact as usize].id.clone(),
            self.plan.environments[environment as usize].name.clone(),
        )
    }

    fn inputs(&self, model: &ModelSpec) -> (&Digest, &str) {
        let (digest, path) = &self.datasets[model.inputs.as_ref().unwrap_or(&model.dataset)];
        (digest, path)
    }
}

impl Made {
    pub(super) fn new(digest: Digest, model: Option<Digest>, methods: Option<Vec<String>>) -> Self {
        Self { digest, model, methods, checked: false }
    }
}

/// The Python files that the agents need: of the formats of the matrix, and of what reads a model itself.
pub(super) fn handlers(matrix: &Matrix) -> BTreeMap<String, HandlerSource> {
    let reader = Arc::new(format::model_reader());
    let formats = matrix.formats.values().chain([&reader]);
    let source = |format: &Arc<Format>| HandlerSource {
        // Names of modules have no dots: a file's own ending does not belong to it.
        name: format.handler.replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
        file: format!("{}.py", format.handler.trim_end_matches(".py")),
        text: format.source.to_string(),
        foreign: format::handler(&format.handler).is_none(),
    };
    formats.map(|format| (format.handler.clone(), source(format))).collect()
}
