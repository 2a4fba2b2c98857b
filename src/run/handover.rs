//! What goes from those who write to those who read: what their records say, and what the store has of it.

use std::collections::HashMap;

use super::jobs::TrainingOf;
use super::journal::Journal;
use super::keys::TrainingRecord;
use super::known::{Adopted, Here};
use super::memory::Memory;
use super::orders::Orders;
use super::request::RunError;
use super::share::{Carry, Share, Written};
use crate::state::{ArtifactFacts, EnvironmentFacts, RunState};
use crate::vocab::{ArtifactId, Digest, Event, Outcome, ReferenceKind};

/// Records what others have written, as far as the record does not say the same already.
pub(super) fn take_over(journal: &mut Journal<'_>, written: Written) -> Result<(), RunError> {
    if written.0.is_empty() {
        return Ok(());
    }
    let artifacts = (0u32..).zip(journal.state().artifacts());
    let indices: HashMap<ArtifactId, u32> = artifacts.map(|(at, it)| (it.id.clone(), at)).collect();
    for event in written.0 {
        let index = of_artifact(&event).map(|artifact| indices.get(artifact).copied());
        match (index, &event) {
            (None, Event::EnvironmentReady { .. } | Event::EnvironmentFailed { .. }) => {
                journal.add_environment(event)?;
            }
            (Some(Some(index)), Event::ArtifactMade { .. } | Event::ArtifactMissing { .. }) => {
                journal.add_artifact(index, event)?;
            }
            (Some(Some(index)), _)
                if !says_the_same(&journal.state().artifacts()[index as usize], &event) =>
            {
                journal.add(event)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn of_artifact(event: &Event) -> Option<&ArtifactId> {
    match event {
        Event::ArtifactMade { artifact, .. }
        | Event::ArtifactMissing { artifact, .. }
        | Event::ArtifactInspected { artifact, .. }
        | Event::ReferenceTaken { artifact, .. }
        | Event::ReferenceRepeated { artifact, .. }
        | Event::ReferenceVaried { artifact, .. }
        | Event::CellForetold { artifact, .. } => Some(artifact),
        Event::RunStarted(_)
        | Event::RunResumed { .. }
        | Event::EnvironmentReady { .. }
        | Event::EnvironmentIsolation { .. }
        | Event::EnvironmentFailed { .. }
        | Event::CellObserved { .. }
        | Event::CellLost { .. }
        | Event::CellCompared { .. }
        | Event::CellRetried { .. }
        | Event::CellContradicted { .. }
        | Event::RunFinished { .. } => None,
    }
}

fn says_the_same(known: &ArtifactFacts, event: &Event) -> bool {
    match event {
        Event::ArtifactInspected { facts, .. } => known.facts.as_deref() == Some(facts),
        Event::ReferenceTaken { key, observation, .. } => {
            let reference = known.reference.as_deref();
            reference.is_some_and(|it| it.key == *key && it.observation.outcome == observation.outcome)
        }
        Event::ReferenceRepeated { key, .. } => known.repeated.as_deref().is_some_and(|it| it.key == *key),
        Event::ReferenceVaried { setting, key, .. } => {
            known.noise.get(setting).is_some_and(|it| it.key == *key)
        }
        _ => false,
    }
}

/// What is known here of the artifacts that others have written.
pub(super) fn adopted(state: &RunState, orders: &Orders, memory: &Memory, share: &Share) -> Vec<Adopted> {
    if share.is_whole() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (artifact, facts) in (0u32..).zip(state.artifacts()) {
        let planned = orders.plan.artifacts[artifact as usize];
        if share.writes(planned.model, planned.producer) || !share.concerns(&orders.plan, artifact) {
            continue;
        }
        let is_trained = orders.file(artifact).is_none();
        let bytes = is_trained.then(|| here(state, orders, memory, artifact));
        all.push(Adopted { artifact, bytes, has_reference: facts.reference.is_some() });
    }
    all
}

/// The bytes of an artifact of which the record says that somebody has made it.
fn here(state: &RunState, orders: &Orders, memory: &Memory, artifact: u32) -> Option<Here> {
    let digest = state.artifacts()[artifact as usize].made.as_ref()?.digest;
    if orders.format(artifact).reference == ReferenceKind::Artifact {
        return Some(Here { digest, model: None });
    }
    // What a translation is compared with is known only to whoever made it.
    match training(state, orders, memory, artifact)?.1 {
        TrainingRecord::Made { digest: made, model, .. } if made == digest => Some(Here { digest, model }),
        TrainingRecord::Made { .. } | TrainingRecord::Missing(_) | TrainingRecord::StillMissing(_) => None,
    }
}

/// What is remembered of the training of an artifact, in the environment that its producer was.
fn training(
    state: &RunState,
    orders: &Orders,
    memory: &Memory,
    artifact: u32,
) -> Option<(Digest, TrainingRecord)> {
    let planned = orders.plan.artifacts[artifact as usize];
    let EnvironmentFacts::Ready { lock, .. } = &state.environments()[planned.producer as usize] else {
        return None;
    };
    let lock = memory.cache.trusted(&lock.digest(), &lock.base_digest());
    let of = TrainingOf { model: planned.model, producer: planned.producer, only: Some(artifact) };
    let wanted = orders.wanted(of, &[artifact], &lock).into_iter().next()?;
    Some((wanted.key, memory.training(&wanted.key)?))
}

/// What readers need of what was written here.
pub(super) fn to_carry(state: &RunState, orders: &Orders, memory: &Memory, share: &Share) -> Carry {
    let mut carry = Carry::default();
    if share.is_whole() {
        return carry;
    }
    for (artifact, facts) in (0u32..).zip(state.artifacts()) {
        let planned = orders.plan.artifacts[artifact as usize];
        if !share.writes(planned.model, planned.producer) {
            continue;
        }
        carry.objects.extend(facts.made.as_ref().map(|made| made.digest));
        if let Some(reference) = facts.reference.as_deref() {
            carry.records.push(reference.key);
            if let Outcome::Predicted { outputs } = &reference.observation.outcome {
                carry.objects.extend(outputs.values().map(|output| output.digest));
            }
        }
        if orders.file(artifact).is_none()
            && let Some((key, record)) = training(state, orders, memory, artifact)
        {
            carry.records.push(key);
            if let TrainingRecord::Made { model, .. } = record {
                carry.objects.extend(model);
            }
        }
    }
    carry.objects.sort_unstable();
    carry.objects.dedup();
    carry.records.sort_unstable();
    carry.records.dedup();
    carry
}
