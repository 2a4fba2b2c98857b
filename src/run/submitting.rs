//! What the dispatcher hands to executors: trainings and observations that neither the record nor the cache knows.

use std::sync::Arc;

use super::RunError;
use super::dispatcher::{Dispatcher, Environment, Made};
use super::executor::environment_folder;
use super::jobs::{Job, Slot, What};
use super::keys::{Observed, TrainingRecord};
use crate::format::{self, Format};
use crate::matrix::{ModelSource, ModelSpec, requirement_met};
use crate::vocab::{ArtifactAbsence, Digest, Observation, Outcome};
use crate::worker::{Saving, Source, Task};

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
                let reason = format!("the matrix says that it requires {requirement}");
                found.push((index, TrainingRecord::Missing(ArtifactAbsence::Unsupported { reason })));
                continue;
            }
            let format = self.format_of(index);
            let key = self.keys.training(spec, data, inputs, format, digest);
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
                .map(|(index, _, format)| Saving {
                    handler: format.handler,
                    options: options_of(format),
                    path: folder.join(format!("artifact-{index}.{}", format.extension)).display().to_string(),
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
            TrainingRecord::Made { digest, .. } => self.cache.object_path(digest).exists().then_some(record),
            // Dying may have been the machine's fault: try again.
            TrainingRecord::Missing(ArtifactAbsence::Died { .. }) => None,
            TrainingRecord::Missing(_) => Some(record),
        }
    }

    /// Takes an observation from the record or the cache, or has it made. Nothing happens while the environment
    /// is still being made: it asks again when it is ready.
    pub(super) fn start(&mut self, slot: Slot) -> Result<(), RunError> {
        let (artifact, environment) = self.place(slot);
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
        let purpose = match slot {
            Slot::Reference { .. } => "reference-v1",
            Slot::Cell { .. } => "cell-v1",
        };
        let key = self.keys.observation(&Observed {
            purpose,
            artifact: &made.digest,
            format,
            inputs,
            methods: made.methods.as_deref(),
            seed: spec.seed,
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
            artifact: made.path.clone(),
            handler: format.handler,
            options: options_of(format),
            inputs: inputs_path.to_owned(),
            methods: made.methods.clone(),
            seed: spec.seed,
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
        made.checked = made.checked || self.cache.object(&made.digest).is_some();
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
            Outcome::Predicted { .. } | Outcome::Signalled { .. } | Outcome::Exited { .. } => true,
        }
    }

    /// The matrix was checked against the table when it was read, so the name is known.
    fn format_of(&self, artifact: u32) -> &'static Format {
        let planned = self.plan.artifacts[artifact as usize];
        let name = &self.plan.models[planned.model as usize].formats[planned.format as usize];
        format::find(name.as_str()).unwrap_or(&format::TABLE[0])
    }

    fn inputs(&self, model: &ModelSpec) -> (&Digest, &str) {
        let (digest, path) = &self.datasets[model.inputs.as_ref().unwrap_or(&model.dataset)];
        (digest, path)
    }
}

/// The table's own test says that options are JSON objects.
fn options_of(format: &Format) -> serde_json::Value {
    serde_json::from_str(format.options).unwrap_or_default()
}

impl Made {
    pub(super) fn new(digest: Digest, path: String, methods: Option<Vec<String>>) -> Self {
        Self { digest, path, methods, checked: false }
    }
}
