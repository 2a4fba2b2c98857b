//! The jobs that the dispatcher hands to executors, and how executors put them together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

use super::permits::Backlog;
use crate::provision::Room;
use crate::vocab::{Digest, NoiseSetting};
use crate::worker::Task;

/// Tasks of one forked child, as long as nothing is known of their pace. Larger batches amortise the fork; smaller
/// ones lose less when one of their tasks misbehaves or shelflife is killed.
const BATCH: usize = 32;
/// Bounds of a batch once the pace is known.
const BATCHES: std::ops::RangeInclusive<usize> = 4..=128;
/// Seconds that a batch should take.
const AIM: f64 = 0.5;

/// What an observation is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// The producer's reload of an artifact in a fresh process.
    Reference { artifact: u32 },
    /// The same again with another seed, to see whether what it gives is random.
    Repeat { artifact: u32 },
    /// The same once more, computed in another way, to see how far it moves.
    Noise { artifact: u32, setting: NoiseSetting },
    /// An artifact in the consumer at this position.
    Cell { artifact: u32, consumer: u32 },
    /// The same once more: it would be a regression.
    Retry { artifact: u32, consumer: u32 },
}

impl Target {
    pub fn artifact(self) -> u32 {
        match self {
            Self::Reference { artifact }
            | Self::Repeat { artifact }
            | Self::Noise { artifact, .. }
            | Self::Cell { artifact, .. }
            | Self::Retry { artifact, .. } => artifact,
        }
    }

    /// Whether it is a reference that is there already, computed again.
    pub fn is_repeat(self) -> bool {
        match self {
            Self::Repeat { .. } | Self::Noise { .. } => true,
            Self::Reference { .. } | Self::Cell { .. } | Self::Retry { .. } => false,
        }
    }
}

/// One job.
#[derive(Debug)]
pub(super) struct Job {
    pub task: Task,
    pub kind: JobKind,
    /// The object that it reads, if it reads an artifact: its bytes are checked before it runs.
    pub reads: Option<Digest>,
    /// Runs in a child of its own.
    pub alone: bool,
    /// Whose code it runs: each room has an interpreter of its own.
    pub room: Room,
    /// How often the machine got in its way.
    pub attempts: u32,
}

/// What a job's result is.
#[derive(Debug)]
pub(super) enum JobKind {
    /// The artifacts of one model, with the cache key of each.
    Training { training: TrainingOf, artifacts: Vec<(u32, Digest)> },
    /// An observation.
    Observation { target: Target, key: Digest },
}

/// Which training a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrainingOf {
    pub model: u32,
    pub producer: u32,
    /// Set where only one artifact of it is made again.
    pub only: Option<u32>,
}

/// The dispatcher's way to an executor.
#[derive(Clone, Debug)]
pub(super) struct Jobs {
    sender: mpsc::UnboundedSender<Job>,
    backlog: Arc<Backlog>,
}

/// A new way to an executor: the two ends, and what the executor has left to do.
pub(super) fn channel() -> (Jobs, mpsc::UnboundedReceiver<Job>, Arc<Backlog>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let backlog = Arc::new(Backlog::default());
    (Jobs { sender, backlog: Arc::clone(&backlog) }, receiver, backlog)
}

impl Jobs {
    /// Hands a job over; gives it back when the executor has gone.
    pub fn send(&self, job: Job) -> Option<Job> {
        job.count(&self.backlog).fetch_add(1, Ordering::Relaxed);
        self.sender.send(job).err().map(|refused| refused.0)
    }
}

impl Job {
    pub(super) fn is_training(&self) -> bool {
        matches!(self.kind, JobKind::Training { .. })
    }

    /// The way in which its interpreter computes, where that is another one.
    pub(super) fn setting(&self) -> Option<NoiseSetting> {
        match self.kind {
            // The interpreter that computes everything else does it as well.
            JobKind::Observation {
                target: Target::Noise { setting: NoiseSetting::Unchanged, .. }, ..
            } => None,
            JobKind::Observation { target: Target::Noise { setting, .. }, .. } => Some(setting),
            JobKind::Observation { .. } | JobKind::Training { .. } => None,
        }
    }

    pub(super) fn count<'a>(&self, backlog: &'a Backlog) -> &'a AtomicUsize {
        if self.is_training() { &backlog.first } else { &backlog.then }
    }
}

/// How fast the last batch of its kind went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    seconds_per_task: Option<f64>,
}

impl Pace {
    pub(super) fn took(&mut self, tasks: usize, seconds: f64) {
        self.seconds_per_task = Some(seconds / tasks.max(1) as f64);
    }

    /// Tasks of the next batch.
    pub(super) fn batch(self) -> usize {
        let fitting = |seconds: f64| ((AIM / seconds) as usize).clamp(*BATCHES.start(), *BATCHES.end());
        self.seconds_per_task.map_or(BATCH, fitting)
    }
}

pub(super) fn repeat_alone(batch: Vec<Job>) -> Vec<Job> {
    batch.into_iter().map(|job| Job { alone: true, ..job }).collect()
}

/// The next jobs to run in one child: trainings before cells, since others wait for them; lone ones by
/// themselves.
pub(super) fn next_batch(pending: &mut VecDeque<Job>, training: bool, size: usize) -> Vec<Job> {
    let mut batch: Vec<Job> = Vec::new();
    let mut rest = VecDeque::with_capacity(pending.len());
    for job in pending.drain(..) {
        let fits = job.is_training() == training
            && batch.len() < size
            && batch.first().is_none_or(|first| first.room == job.room && first.setting() == job.setting())
            && if job.alone { batch.is_empty() } else { batch.first().is_none_or(|first| !first.alone) };
        if fits {
            batch.push(job);
        } else {
            rest.push_back(job);
        }
    }
    *pending = rest;
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_with_the_pace_within_bounds() {
        let mut pace = Pace::default();
        assert_eq!(pace.batch(), BATCH);
        for (tasks, seconds, size) in [(32, 0.1, 128), (128, 0.64, 100), (100, 50.0, 4), (4, 0.0, 128)] {
            pace.took(tasks, seconds);
            assert_eq!(pace.batch(), size);
        }
    }
}
