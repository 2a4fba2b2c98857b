//! What the settings of a project say where a command names no file.

use std::path::PathBuf;

use super::console;
use super::failure::Failure;
use crate::app::{self, AppError, Disk, FilesRequest, RequestError};

/// What a command is over, and what it takes from settings.
pub(super) struct OfProject {
    /// The files.
    pub files: FilesRequest,
    /// The environment to move to, where settings stand in and name one.
    pub to: Option<String>,
    /// The folder of all runs, where settings stand in.
    pub reports: Option<PathBuf>,
}

/// The files that were typed, else those of the project.
///
/// # Errors
/// When neither names any, or the settings cannot be used.
pub(super) fn files(typed: FilesRequest) -> Result<OfProject, Failure> {
    if !typed.artifacts.is_empty() {
        return Ok(OfProject { files: typed, to: None, reports: None });
    }
    let settings = app::settings(None)?;
    let path = settings.as_ref().map(|settings| settings.path.clone());
    let Some(settings) = settings.filter(|settings| !settings.artifacts.is_empty()) else {
        return Err(AppError::from(RequestError::NothingNamed(path)).into());
    };
    let (files, taken) = typed.of_project(&settings, &Disk);
    console::note(&format!("from `{}`: {}", settings.path.display(), taken.join(", ")));
    let to = app::target_of(&settings, &Disk);
    Ok(OfProject { files, to, reports: Some(app::reports_of(&settings)) })
}
