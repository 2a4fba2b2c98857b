//! Files from outside: never trained, each loaded alone, their outputs found out by their reference.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::RunError;
use super::dispatcher::{Dispatcher, Environment, Made, outputs};
use super::jobs::Slot;
use super::keys::TrainingRecord;
use crate::matrix::{ExpectedOutput, OutsideFile};
use crate::plan::Plan;
use crate::vocab::{ArtifactAbsence, DigestBuilder, Event, Observation, Outcome};

/// What the files of a plan import, once each and in order.
pub(super) fn modules(plan: &Plan) -> Vec<String> {
    let files = plan.models.iter().filter_map(|model| model.source.file());
    files.flat_map(|file| &file.modules).collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

impl Dispatcher<'_> {
    pub(super) fn file_of(&self, artifact: u32) -> Option<Arc<OutsideFile>> {
        match &self.plan.models[self.plan.artifacts[artifact as usize].model as usize].source {
            crate::matrix::ModelSource::File(file) => Some(Arc::clone(file)),
            crate::matrix::ModelSource::Expression(_) | crate::matrix::ModelSource::Recipe { .. } => None,
        }
    }

    /// Takes every file into the cache, and begins with those whose maker is unknown.
    pub(super) fn start_files(&mut self) -> Result<(), RunError> {
        for artifact in 0..self.artifacts.len() as u32 {
            let Some(file) = self.file_of(artifact) else { continue };
            match self.take_in(&file) {
                Ok((digest, size)) => {
                    for ExpectedOutput { output, bytes } in file.expected.values() {
                        self.cache.put_known_object(&output.digest, bytes).map_err(RunError::Cache)?;
                    }
                    let event = Event::ArtifactMade {
                        artifact: self.artifacts[artifact as usize].id.clone(),
                        digest,
                        size,
                        train_seconds: 0.0,
                        save_seconds: 0.0,
                        methods: Vec::new(),
                        reused: true,
                    };
                    self.ledger.add_artifact(event, self.reporter)?;
                    let state = &mut self.artifacts[artifact as usize];
                    state.made = Some(Made::new(digest, None, None));
                    state.waits = true;
                    let producer = self.plan.artifacts[artifact as usize].producer as usize;
                    if matches!(self.environments[producer], Environment::Elsewhere) {
                        self.go_on_without_reference(artifact)?;
                    }
                }
                Err(reason) => {
                    let absence = ArtifactAbsence::Refused { reason };
                    self.made(artifact, TrainingRecord::Missing(absence), false)?;
                }
            }
        }
        Ok(())
    }

    fn take_in(&self, file: &OutsideFile) -> Result<(crate::vocab::Digest, u64), String> {
        if let Some(reason) = &file.refusal {
            return Err(reason.clone());
        }
        let copied = match &file.packed {
            Some(bytes) => self.cache.put_object(bytes).map(|digest| (digest, bytes.len() as u64)),
            None => self.cache.copy_object(&file.path),
        };
        let copied = copied.map_err(|error| error.to_string())?;
        if file.digest.is_some_and(|digest| digest != copied.0) {
            return Err(format!("`{}` has changed since it was looked at: run it again", file.declared_path));
        }
        Ok(copied)
    }

    /// Takes a file in again whose copy in the cache was lost or damaged.
    pub(super) fn copy_again(&mut self, artifact: u32) -> bool {
        self.file_of(artifact).is_some_and(|file| self.take_in(&file).is_ok())
    }

    /// The producer is ready: it says what its files give.
    pub(super) fn start_references(&mut self, producer: u32) -> Result<(), RunError> {
        for artifact in 0..self.artifacts.len() as u32 {
            let planned = self.plan.artifacts[artifact as usize];
            if planned.producer == producer && self.artifacts[artifact as usize].waits {
                self.start(Slot::Reference { artifact })?;
            }
        }
        Ok(())
    }

    /// The producer cannot be made: what is expected, or nothing, is all there is to compare with.
    pub(super) fn go_on_without_producer(&mut self, producer: u32) -> Result<(), RunError> {
        for artifact in 0..self.artifacts.len() as u32 {
            if self.plan.artifacts[artifact as usize].producer == producer {
                self.go_on_without_reference(artifact)?;
            }
        }
        Ok(())
    }

    /// There is no producer to ask. Expected outputs are the whole reference then.
    pub(super) fn go_on_without_reference(&mut self, artifact: u32) -> Result<(), RunError> {
        let Some(file) = self.file_of(artifact) else { return Ok(()) };
        if self.artifacts[artifact as usize].made.is_none() || !self.artifacts[artifact as usize].waits {
            return Ok(());
        }
        if file.expected.is_empty() {
            return self.start_cells(artifact);
        }
        let outcome = Outcome::Predicted { outputs: Default::default() };
        let observation = Observation {
            outcome,
            warnings: Vec::new(),
            load_seconds: None,
            predict_seconds: None,
            peak_rss_bytes: None,
            printed: None,
            alone: true,
        };
        let key = expected_key(DigestBuilder::new("expected-v1"), &file).finish();
        let id = self.artifacts[artifact as usize].id.clone();
        match self.ledger.reference(&id, &key) {
            Some(index) => self.settle(Slot::Reference { artifact }, index),
            None => self.observed(Slot::Reference { artifact }, key, observation, false),
        }
    }

    /// A reference of a file, with what is expected in the place of what was seen.
    pub(super) fn with_expected(&self, artifact: u32, mut observation: Observation) -> Observation {
        let Some(file) = self.file_of(artifact).filter(|file| !file.expected.is_empty()) else {
            return observation;
        };
        if !matches!(observation.outcome, Outcome::Predicted { .. }) {
            // What is expected holds even where its maker cannot be asked any more.
            observation.outcome = Outcome::Predicted { outputs: Default::default() };
        }
        if let Outcome::Predicted { outputs } = &mut observation.outcome {
            for (name, expected) in &file.expected {
                outputs.insert(name.clone(), expected.output.clone());
            }
        }
        observation
    }

    /// The reference tells which outputs the cells are asked for.
    pub(super) fn reference_settled(&mut self, artifact: u32) -> Result<(), RunError> {
        if !self.artifacts[artifact as usize].waits {
            return Ok(());
        }
        let state = &self.artifacts[artifact as usize];
        let names = state.reference.and_then(|index| outputs(&self.ledger, index));
        let mut methods: Vec<String> = Vec::new();
        for name in names.into_iter().flat_map(|outputs| outputs.keys()) {
            let base = name.split(['[', '.']).next().unwrap_or(name).to_owned();
            if !methods.contains(&base) {
                methods.push(base);
            }
        }
        if let Some(made) = &mut self.artifacts[artifact as usize].made {
            // With nothing to compare, whatever it offers is asked for: a failure is a finding all the same.
            made.methods = Some(methods).filter(|methods| !methods.is_empty());
        }
        self.start_cells(artifact)
    }

    fn start_cells(&mut self, artifact: u32) -> Result<(), RunError> {
        self.artifacts[artifact as usize].waits = false;
        for consumer in 0..self.plan.consumers.len() as u32 {
            self.start(Slot::Cell { artifact, consumer })?;
        }
        Ok(())
    }
}

/// Adds what is expected to a key.
pub(super) fn expected_key(builder: DigestBuilder, file: &OutsideFile) -> DigestBuilder {
    file.expected
        .iter()
        .fold(builder, |builder, (name, expected)| builder.text(name).digest(&expected.output.digest))
}
