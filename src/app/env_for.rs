//! An environment that reads a file, found by trying: what the file records, else what has everything that it names, best
//! first.

use std::path::{Path, PathBuf};

use super::care::Made;
use super::disk::Disk;
use super::environments::environments;
use super::error::AppError;
use super::files::Draft;
use super::inspecting::inspect;
use super::naming::run_name;
use super::request::FilesRequest;
use super::session::Session;
use crate::explain;
use crate::inspect::InspectOptions;
use crate::matrix::EnvironmentSpec;
use crate::vocab::{CellRecord, Foreign, Reached};

/// Find an environment that reads a file.
#[derive(Clone, Debug, Default)]
pub struct EnvForRequest {
    /// The file.
    pub file: PathBuf,
    /// The most environments that are tried.
    pub most: usize,
    /// Name of the run.
    pub name: Option<String>,
}

/// What the search came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was tried, in order.
    pub tried: Vec<TriedEnv>,
    /// The environment that reads it: the last that was tried.
    pub made: Option<Made>,
    /// Whether the file itself says that this release wrote it.
    pub is_writer: bool,
    /// Set where the file is no artifact, so that nothing was tried.
    pub foreign: Option<Foreign>,
    /// The folder of its runs.
    pub folder: PathBuf,
}

/// An environment that was tried.
#[derive(Clone, Debug)]
pub struct TriedEnv {
    /// As `check --on` takes it.
    pub text: String,
    /// What the file did there.
    pub cell: CellRecord,
}

impl TriedEnv {
    /// Whether the file was loaded.
    pub fn reads(&self) -> bool {
        self.cell.reached >= Reached::Loaded
    }
}

impl Session<'_> {
    /// Tries environments until one loads the file.
    ///
    /// # Errors
    /// When the file cannot be read, or a run not be started or recorded.
    pub fn environment_for(&mut self, request: &EnvForRequest) -> Result<Found, AppError> {
        let name = run_name(request.name.as_deref(), "env-for")?;
        let folder = self.policy.reports.join(&name);
        let mut looked = None;
        inspect(std::slice::from_ref(&request.file), InspectOptions::FACTS, |artifact| {
            looked = Some(artifact.inspection);
            Ok::<(), AppError>(())
        })?;
        let inspection = looked.ok_or(AppError::NoArtifact)?;
        let facts = explain::facts_of(&inspection);
        let writes = |release: &str| {
            let mut objects = facts.iter().flat_map(|facts| facts.objects.values());
            objects.any(|object| object.versions.contains(release))
        };
        let foreign = inspection.foreign;
        let mut found = Found { tried: Vec::new(), made: None, is_writer: false, foreign, folder };
        if found.foreign.is_some() {
            return Ok(found);
        }
        let releases = facts.as_ref().map_or_else(explain::newest_first, explain::readers);
        for release in releases.into_iter().take(request.most.max(1)) {
            let text = format!("scikit-learn=={release}");
            if let Some((tried, spec)) = self.try_in(request, text, &found.folder)? {
                let reads = tried.reads();
                found.tried.push(tried);
                if reads {
                    found.is_writer = writes(&release.to_string());
                    found.made = self.make(vec![spec])?.pop();
                    break;
                }
            }
        }
        Ok(found)
    }

    fn try_in(
        &mut self,
        request: &EnvForRequest,
        text: String,
        folder: &Path,
    ) -> Result<Option<(TriedEnv, EnvironmentSpec)>, AppError> {
        let consumers = environments(&text, &Disk)?;
        let Some(consumer) = consumers.first().map(|spec| spec.name.clone()) else { return Ok(None) };
        let files = FilesRequest {
            artifacts: vec![request.file.clone()],
            load_only: true,
            ..FilesRequest::default()
        };
        let Draft { matrix, notices } = files.matrix("env-for", consumers, None, &Disk)?;
        self.tell(notices);
        // With what the file needs beside scikit-learn.
        let spec = matrix.environments.iter().find(|spec| spec.name == consumer).cloned();
        let cell = self.cell_in(matrix, &consumer, text.clone(), folder)?.map(|(cell, _)| cell);
        Ok(cell.map(|cell| TriedEnv { text, cell }).zip(spec))
    }
}
