//! Files from outside whose predictions are random: their producer is asked again, with another seed.
//!
//! A trained model shows in its own producer's cell whether it is reproducible. A file has no such cell, and nobody knows
//! whether it was given a seed. So where one differs from its reference, its producer says once more what it gives:
//! what differs there as well, under other random numbers, is no finding about an environment.

use std::collections::BTreeMap;

use super::RunError;
use super::dispatcher::{Dispatcher, Environment, outputs};
use super::jobs::Slot;
use crate::vocab::{Agreement, Digest, Event, Observation, Outcome, OutputComparison};

/// Whether any output differs by more than its tolerance.
pub(super) fn differs(outputs: &BTreeMap<String, OutputComparison>) -> bool {
    outputs.values().any(|it| matches!(it.agreement, Agreement::Outside | Agreement::Mismatched))
}

impl Dispatcher<'_> {
    /// A cell of an artifact differs from its reference: asks the producer of a file again, once.
    pub(super) fn doubt(&mut self, artifact: u32) -> Result<(), RunError> {
        let slot = Slot::Repeat { artifact };
        let producer = self.plan.artifacts[artifact as usize].producer as usize;
        let can_be_asked = matches!(self.environments[producer], Environment::Ready { .. });
        if self.file_of(artifact).is_none() || !can_be_asked || !self.doubted.insert(artifact) {
            return Ok(());
        }
        self.start(slot)
    }

    /// The producer has answered again: records how that compares with what it said first.
    pub(super) fn repeated(
        &mut self,
        artifact: u32,
        key: Digest,
        observation: Observation,
        reused: bool,
    ) -> Result<(), RunError> {
        let (Some(file), Outcome::Predicted { outputs: again }) =
            (self.file_of(artifact), &observation.outcome)
        else {
            return Ok(());
        };
        let Some(reference) = self.artifacts[artifact as usize].reference else { return Ok(()) };
        let Some(first) = outputs(&self.ledger, reference) else { return Ok(()) };
        // What was given is not what the producer said first.
        let own = |(name, _): &(&String, _)| !file.expected.contains_key(*name);
        let first: BTreeMap<_, _> =
            first.iter().filter(own).map(|(name, it)| (name.clone(), it.clone())).collect();
        let again: BTreeMap<_, _> =
            again.iter().filter(own).map(|(name, it)| (name.clone(), it.clone())).collect();
        let model = &self.plan.models[self.plan.artifacts[artifact as usize].model as usize].name;
        let matrix = &self.matrix;
        let pair = crate::matrix::PairFacts { cross_arch: false, cross_bits: false };
        let tolerance = |output: &str, float32: bool| matrix.tolerance(model, output, pair, float32);
        // An array that the cache has lost leaves the question open, as it was before.
        let Ok(outputs) = self.arrays.compare(&self.cache, &first, &again, &tolerance) else { return Ok(()) };
        let artifact = self.artifacts[artifact as usize].id.clone();
        let event = Event::ReferenceRepeated { artifact, key, outputs, reused };
        if !self.ledger.is_repeated(&event) {
            self.ledger.add(event, self.reporter)?;
        }
        Ok(())
    }
}
