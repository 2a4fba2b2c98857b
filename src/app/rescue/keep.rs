//! The next best way where a file cannot be rescued: the environment that reads it, written down so that it can be made
//! anywhere.

use std::path::{Path, PathBuf};

use super::case::Case;
use super::places::beside;
use super::survey::Survey;
use crate::app::error::AppError;
use crate::present;
use crate::vocab::{Lock, Refused, RescueRecord, RescueResult, Runtime};

/// Writes the environment of a file's producer beside the place where the rescued file would stand; `None` where it was
/// rescued, where nobody knows that environment, or where it cannot read the file either.
pub(super) fn keep(
    survey: &Survey,
    case: &Case,
    record: &RescueRecord,
    place: &Path,
) -> Result<Option<PathBuf>, AppError> {
    let is_refused = match &record.result {
        RescueResult::Refused { why } => *why != Refused::Interrupted,
        RescueResult::Rescued { .. } => false,
    };
    if !is_refused || case.artifact.producer_fails.is_some() {
        return Ok(None);
    }
    let Some(lock) = lock_of(survey, case) else { return Ok(None) };
    let folder = beside(place, "keep");
    if folder.exists() {
        return Ok(None);
    }
    let model = Path::new(&record.original.path).file_name().unwrap_or_default().to_string_lossy();
    let lock_json = serde_json::to_vec_pretty(lock).map_err(|error| crate::present::SinkError::Render {
        path: folder.join("lock.json"),
        source: error.into(),
    })?;
    for (name, bytes) in [
        ("requirements.txt", present::keep_requirements(lock)),
        ("Dockerfile", present::keep_dockerfile(lock, &model)),
        ("lock.json", lock_json),
    ] {
        present::write_new(&folder.join(name), &bytes)?;
    }
    Ok(Some(folder))
}

/// The lock of the environment that wrote a file, where shelflife can make it again from packages.
fn lock_of<'a>(survey: &'a Survey, case: &Case) -> Option<&'a Lock> {
    let producer = survey.record.environments.iter().find(|known| known.name == case.artifact.producer)?;
    producer.full_lock.as_ref().filter(|lock| lock.runtime == Runtime::Venv && !producer.is_broken())
}
