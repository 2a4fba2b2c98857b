//! Results into the store, before anybody hears of them.

use std::io;
use std::path::Path;

use super::disturbed::is_end_of_cache;
use super::jobs::{Job, JobKind, Target};
use super::keys::TrainingRecord;
use super::messages::Message;
use crate::store::CacheRoot;
use crate::vocab::{ArtifactAbsence, Digest, Disturbance, Observation, Outcome};
use crate::worker::{Ended, Produced, Saved, Saving, Task, TaskResult, Trained, WorkerLimits, abnormal};

/// Keeps the result of a job.
pub(super) fn keep(cache: &CacheRoot, job: Job, result: TaskResult) -> Message {
    match (job.kind, result) {
        (JobKind::Training { training, artifacts }, TaskResult::Trained(trained)) => {
            match keep_trained(cache, &artifacts, trained, &job.task) {
                Ok(artifacts) => Message::Trained { training, artifacts },
                Err(error) if is_end_of_cache(&error) => Message::Unkept { error },
                Err(error) => Message::Lost {
                    kind: JobKind::Training { training, artifacts },
                    reason: format!("cannot keep an artifact in the cache: {error}"),
                },
            }
        }
        (JobKind::Observation { target, key }, TaskResult::Observed { observation, blobs }) => {
            let kept = blobs
                .iter()
                .try_for_each(|(digest, bytes)| cache.put_known_object(digest, bytes))
                .and_then(|()| {
                    if is_kept(target, &observation) { cache.put_record(&key, &observation) } else { Ok(()) }
                });
            match kept {
                Ok(()) => Message::Observed { target, key, observation },
                Err(error) if is_end_of_cache(&error) => Message::Unkept { error },
                Err(error) => Message::Lost {
                    kind: JobKind::Observation { target, key },
                    reason: format!("cannot keep an observation in the cache: {error}"),
                },
            }
        }
        (kind, _) => Message::Lost { kind, reason: "the agent answered another question".to_owned() },
    }
}

fn keep_trained(
    cache: &CacheRoot,
    artifacts: &[(u32, Digest)],
    trained: Trained,
    task: &Task,
) -> io::Result<Vec<(u32, TrainingRecord)>> {
    let Task::Train { formats, .. } = task else { return Ok(Vec::new()) };
    let missing = |absence: ArtifactAbsence| {
        let record = |(artifact, _): &(u32, Digest)| (*artifact, TrainingRecord::Missing(absence.clone()));
        artifacts.iter().map(record).collect()
    };
    let records: Vec<(u32, TrainingRecord)> = match trained {
        Trained::Unsupported(reason) => missing(ArtifactAbsence::ClassAbsent { reason }),
        Trained::Failed(error) => missing(ArtifactAbsence::TrainFailed { error }),
        Trained::Fitted(Produced { methods, .. }) if methods.is_empty() => missing(ArtifactAbsence::NoOutput),
        Trained::Fitted(Produced { train_seconds, methods, saved }) => {
            let each = artifacts.iter().zip(formats).zip(saved);
            each.map(|(((artifact, _), saving), saved)| {
                Ok((*artifact, keep_saved(cache, saving, saved, train_seconds, &methods)?))
            })
            .collect::<io::Result<_>>()?
        }
    };
    let mut kept = Vec::with_capacity(records.len());
    for ((artifact, record), (_, key)) in records.into_iter().zip(artifacts) {
        let record = settled(record, cache.record(key));
        cache.put_record(key, &record)?;
        kept.push((artifact, record));
    }
    Ok(kept)
}

/// An exception that was raised before, in the same words, is what this training comes to; one that is raised the first time
/// may have been the machine's fault.
fn settled(record: TrainingRecord, before: Option<TrainingRecord>) -> TrainingRecord {
    let (
        TrainingRecord::Missing(now),
        Some(TrainingRecord::Missing(then) | TrainingRecord::StillMissing(then)),
    ) = (&record, &before)
    else {
        return record;
    };
    let raised = |absence: &ArtifactAbsence| match absence {
        ArtifactAbsence::TrainFailed { error } | ArtifactAbsence::SaveFailed { error } => {
            Some((error.class.clone(), error.message.clone()))
        }
        _ => None,
    };
    match raised(now) {
        Some(error) if raised(then) == Some(error.clone()) => TrainingRecord::StillMissing(now.clone()),
        Some(_) | None => record,
    }
}

fn keep_saved(
    cache: &CacheRoot,
    saving: &Saving,
    saved: Saved,
    train_seconds: f64,
    methods: &[String],
) -> io::Result<TrainingRecord> {
    Ok(match saved {
        Saved::Failed(error) => TrainingRecord::Missing(ArtifactAbsence::SaveFailed { error }),
        Saved::Unsupported(reason) => TrainingRecord::Missing(ArtifactAbsence::Unsupported { reason }),
        Saved::NotInstalled(reason) => TrainingRecord::Missing(ArtifactAbsence::NotInstalled { reason }),
        Saved::Written { methods: Some(held), .. } if held.is_empty() => {
            TrainingRecord::Missing(ArtifactAbsence::NoOutputHeld { methods: methods.to_vec() })
        }
        Saved::Written { seconds, methods: held } => {
            let adopt = |path: &str| cache.adopt_object(Path::new(path));
            let model = saving.model.as_deref().map(adopt).transpose()?;
            let (digest, size) = adopt(&saving.path)?;
            TrainingRecord::Made {
                digest,
                size,
                train_seconds,
                save_seconds: seconds,
                methods: held.unwrap_or_else(|| methods.to_vec()),
                model: model.map(|(digest, _)| digest),
            }
        }
    })
}

/// What an environment cannot compute in another way, another day may: an answer is kept, the lack of one is not.
fn is_kept(target: Target, observation: &Observation) -> bool {
    !matches!(target, Target::Noise { .. }) || matches!(observation.outcome, Outcome::Predicted { .. })
}

/// Keeps what became of a lone task whose child ended abnormally.
pub(super) fn keep_abnormal(cache: &CacheRoot, job: Job, ended: &Ended, limits: WorkerLimits) -> Message {
    let observation = abnormal(ended, limits);
    match job.kind {
        JobKind::Training { training, artifacts } => {
            let record =
                TrainingRecord::Missing(ArtifactAbsence::Died { reason: died(&observation.outcome) });
            let artifacts = artifacts.iter().map(|(artifact, _)| (*artifact, record.clone())).collect();
            Message::Trained { training, artifacts }
        }
        JobKind::Observation { target, key } => keep_end(cache, target, key, observation),
    }
}

/// How a training ended its process, in words.
fn died(outcome: &Outcome) -> String {
    match outcome {
        Outcome::TimedOut { limit_seconds, .. } => format!("did not finish within {limit_seconds} s"),
        Outcome::OutOfMemory { limit_bytes, .. } => format!("needed more than {} MiB", limit_bytes >> 20),
        Outcome::Signalled { signal, .. } => format!("died of signal {signal}"),
        Outcome::Exited { status, .. } => format!("the process exited with status {status}"),
        Outcome::Predicted { .. }
        | Outcome::Raised { .. }
        | Outcome::Unfit { .. }
        | Outcome::Inapplicable { .. }
        | Outcome::NotInstalled { .. }
        | Outcome::Disturbed { .. } => "ended abnormally".to_owned(),
    }
}

/// What the machine did to a task, twice. It is recorded and kept nowhere else, so that the next run tries again.
pub(super) fn disturbed(job: Job, by: Disturbance) -> Message {
    match job.kind {
        JobKind::Training { training, artifacts } => {
            let record = || TrainingRecord::Missing(ArtifactAbsence::Disturbed { by: by.clone() });
            let artifacts = artifacts.into_iter().map(|(artifact, _)| (artifact, record())).collect();
            Message::Trained { training, artifacts }
        }
        JobKind::Observation { target: target @ (Target::Reference { .. } | Target::Cell { .. }), key } => {
            let observation = Observation {
                outcome: Outcome::Disturbed { by },
                warnings: Default::default(),
                load_seconds: None,
                predict_seconds: None,
                peak_rss_bytes: None,
                printed: None,
                alone: true,
                tried: Vec::new(),
                form: None,
                made_up: None,
            };
            Message::Observed { target, key, observation: Box::new(observation) }
        }
        // What is known already stands.
        kind @ JobKind::Observation {
            target: Target::Repeat { .. } | Target::Noise { .. } | Target::Retry { .. },
            ..
        } => Message::Lost { kind, reason: "the machine got in the way of a second try".to_owned() },
    }
}

fn keep_end(cache: &CacheRoot, target: Target, key: Digest, observation: Observation) -> Message {
    let kept = if is_kept(target, &observation) { cache.put_record(&key, &observation) } else { Ok(()) };
    match kept {
        Err(error) if is_end_of_cache(&error) => Message::Unkept { error },
        // Not keeping it only means that the next run tries again.
        Ok(()) | Err(_) => Message::Observed { target, key, observation: Box::new(observation) },
    }
}
