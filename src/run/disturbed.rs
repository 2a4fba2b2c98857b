//! Whether the machine got in the way of a task, so that what came of it says nothing about what the task was about.

use std::io;
use std::path::Path;

use super::jobs::Job;
use crate::store;
use crate::vocab::{Disturbance, ErrorFact, MendOutcome, Observation, Outcome, TranslateOutcome};
use crate::worker::{Ended, Produced, Saved, TaskResult, Trained, WorkerError};

/// How often a task is tried that the machine got in the way of.
const ATTEMPTS: u32 = 2;
/// A disk with more room than that was not full: who ran out of it has a limit of its own, or takes what there is.
const ROOM: u64 = 1 << 30;
/// The signal that nothing sends to itself unless it wants to be taken for killed.
pub(super) const SIGKILL: i32 = 9;

/// Whether a job that the machine got in the way of is tried once more.
pub(super) fn has_a_try_left(job: &Job) -> bool {
    job.attempts + 1 < ATTEMPTS
}

/// A job that is tried once more, alone.
pub(super) fn once_more(job: Job) -> Job {
    Job { alone: true, attempts: job.attempts + 1, ..job }
}

/// Whether a child was killed by somebody else. Limits end a child in ways that have names of their own.
pub(super) fn killed(ended: &Ended) -> Option<Disturbance> {
    (ended.how == "signal" && ended.outside).then_some(Disturbance::Killed { signal: SIGKILL })
}

/// What is said where an interpreter was lost, on whose disk `folder` is.
pub(super) fn lost(error: &WorkerError, folder: &Path) -> Disturbance {
    let says = error.to_string();
    if is_about_room(&says) { full(folder) } else { None }.unwrap_or(Disturbance::InterpreterLost { says })
}

/// Whether a result is that of a disk that was full, on which `folder` is.
pub(super) fn full_disk(result: &TaskResult, folder: &Path) -> Option<Disturbance> {
    let is_met = match result {
        TaskResult::Observed { observation, .. } => raised(observation).is_some_and(is_full),
        TaskResult::Trained(Trained::Failed(error)) => is_full(error),
        TaskResult::Trained(Trained::Fitted(Produced { saved, .. })) => {
            saved.iter().any(|saved| matches!(saved, Saved::Failed(error) if is_full(error)))
        }
        TaskResult::Mended(outcome) => {
            matches!(&**outcome, MendOutcome::Raised { error } if is_full(error))
        }
        TaskResult::Translated(outcome) => {
            matches!(&**outcome, TranslateOutcome::Raised { error } if is_full(error))
        }
        TaskResult::Trained(Trained::Unsupported(_)) | TaskResult::Probed(_) => false,
    };
    if is_met { full(folder) } else { None }
}

/// Whether nothing more can be kept where this was said: no other result could be kept either.
pub(super) fn is_end_of_cache(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// The disk of a folder, where there is little room on it or nobody can tell.
fn full(folder: &Path) -> Option<Disturbance> {
    let free_bytes = store::free_bytes(folder);
    let folder = folder.display().to_string();
    free_bytes.is_none_or(|free| free < ROOM).then_some(Disturbance::FullDisk { folder, free_bytes })
}

fn raised(observation: &Observation) -> Option<&ErrorFact> {
    match &observation.outcome {
        Outcome::Raised { error, .. } => Some(error),
        Outcome::Predicted { .. }
        | Outcome::Unfit { .. }
        | Outcome::Inapplicable { .. }
        | Outcome::NotInstalled { .. }
        | Outcome::Signalled { .. }
        | Outcome::Exited { .. }
        | Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Disturbed { .. } => None,
    }
}

/// Python's own words for `ENOSPC` and `EDQUOT`, which exceptions of other classes repeat.
pub(super) fn is_full(error: &ErrorFact) -> bool {
    is_about_room(&error.message)
}

fn is_about_room(said: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "[Errno 28]", "[Errno 122]"]
        .iter()
        .any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::Phase;

    fn observed(message: &str) -> TaskResult {
        let error = ErrorFact {
            class: "OSError".to_owned(),
            message: message.to_owned(),
            bases: vec!["Exception".to_owned()],
            module: None,
            frames: Vec::new(),
            importing: None,
        };
        let observation = Observation {
            outcome: Outcome::Raised {
                phase: Phase::Load,
                method: None,
                error: error.into(),
                outputs: Default::default(),
            },
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
        TaskResult::Observed { observation: Box::new(observation), blobs: Vec::new() }
    }

    #[test]
    fn a_full_disk_is_no_fact_about_a_file() {
        let nowhere = Path::new("/nonexistent");
        for message in ["[Errno 28] No space left on device: 'x'", "[Errno 122] Disk quota exceeded"] {
            let by = full_disk(&observed(message), nowhere);
            assert!(matches!(by, Some(Disturbance::FullDisk { .. })), "{message}: {by:?}");
        }
        assert_eq!(full_disk(&observed("[Errno 2] No such file or directory: 'x'"), nowhere), None);
    }

    #[test]
    fn only_what_others_send_is_from_outside() {
        let ended = |how: &str, signal| Ended {
            batch: 1,
            index: 0,
            phase: "load".to_owned(),
            how: how.to_owned(),
            signal,
            status: 0,
            printed: None,
            outside: signal == 9,
            tried: Vec::new(),
        };
        assert_eq!(killed(&ended("signal", 9)), Some(Disturbance::Killed { signal: 9 }));
        for ended in [ended("signal", 11), ended("timeout", 0), ended("memory", 9), ended("exit", 0)] {
            assert_eq!(killed(&ended), None, "{ended:?}");
        }
    }
}
