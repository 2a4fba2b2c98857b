//! What earlier runs have seen: the record that this one goes on from, and the cache.

use super::disturbed::{SIGKILL, is_full};
use super::jobs::Target;
use super::keys::TrainingRecord;
use crate::state::{Recorded, RunState};
use crate::store::CacheRoot;
use crate::vocab::{ArtifactAbsence, Digest, Observation, Outcome};
use crate::worker::WorkerLimits;

/// Finds again what would come out the same.
pub(super) struct Memory {
    pub cache: CacheRoot,
    /// Whether everything is executed again, whatever is known.
    pub fresh: bool,
    /// Whether trainings are tried again that have failed twice in the same way.
    pub retry_failed: bool,
    pub limits: WorkerLimits,
}

impl Memory {
    /// The recorded observation of a target, if it has this key.
    pub fn recorded<'a>(&self, state: &'a RunState, target: Target, key: &Digest) -> Option<&'a Observation> {
        let artifact = &state.artifacts()[target.artifact() as usize];
        let recorded: Option<&Recorded> = match target {
            Target::Reference { .. } => artifact.reference.as_deref(),
            // What is recorded of them is how they compared; the cache has the rest.
            Target::Repeat { .. } | Target::Noise { .. } | Target::Retry { .. } => None,
            Target::Cell { consumer, .. } => artifact.cell(consumer).recorded(),
        };
        let recorded = recorded.filter(|it| !self.fresh && it.key == *key)?;
        Some(&recorded.observation).filter(|it| self.limits_hold(it))
    }

    /// The cached observation under a key.
    pub fn observation(&self, key: &Digest) -> Option<Observation> {
        if self.fresh {
            return None;
        }
        self.cache.record::<Observation>(key).filter(|observation| self.limits_hold(observation))
    }

    /// What the cache knows of a training in one format.
    pub fn training(&self, key: &Digest) -> Option<TrainingRecord> {
        if self.fresh {
            return None;
        }
        let record = self.cache.record(key)?;
        match &record {
            TrainingRecord::Made { digest, model, .. } => std::iter::once(digest)
                .chain(model)
                .all(|digest| self.cache.object_path(digest).exists())
                .then_some(record),
            TrainingRecord::StillMissing(_) => Some(record).filter(|_| !self.retry_failed),
            // Dying may have been the machine's fault, and so may an exception that was raised once: try again.
            TrainingRecord::Missing(
                ArtifactAbsence::Died { .. }
                | ArtifactAbsence::TrainFailed { .. }
                | ArtifactAbsence::SaveFailed { .. }
                | ArtifactAbsence::NotInstalled { .. }
                | ArtifactAbsence::Disturbed { .. },
            ) => None,
            TrainingRecord::Missing(_) => Some(record),
        }
    }

    /// Whether an observation would come out the same under today's limits.
    fn limits_hold(&self, observation: &Observation) -> bool {
        match &observation.outcome {
            Outcome::TimedOut { limit_seconds, .. } => *limit_seconds == self.limits.seconds,
            Outcome::OutOfMemory { limit_bytes, .. } => *limit_bytes == self.limits.memory_bytes,
            Outcome::Raised { error, .. } => {
                // Under another memory limit it might not have been raised; it costs little to try again.
                // So might it where there is more room on the disk.
                error.class != "MemoryError"
                    && !error.bases.iter().any(|base| base == "MemoryError")
                    && !is_full(error)
            }
            // What is missing on this machine beside the packages (a compiler) may have been installed meanwhile.
            Outcome::NotInstalled { .. } => false,
            // Older versions kept what somebody else had killed.
            Outcome::Signalled { signal: SIGKILL, .. } => false,
            // The machine was in the way, not the file.
            Outcome::Disturbed { .. } => false,
            Outcome::Predicted { .. }
            | Outcome::Unfit { .. }
            | Outcome::Inapplicable { .. }
            | Outcome::Signalled { .. }
            | Outcome::Exited { .. } => true,
        }
    }
}
