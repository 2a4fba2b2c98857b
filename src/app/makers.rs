//! The environment that stands for whoever wrote a file, where the file says only a part of it: if the likeliest one cannot
//! read the file, the next ones are tried, and what is found is remembered.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::error::AppError;
use super::interpreters::declared;
use super::listener::Notice;
use super::session::{Executed, Job, Session};
use crate::matrix::{EnvironmentSpec, ExternalArtifact, Matrix, ModelSource, RuntimeSpec};
use crate::state::RunState;
use crate::vocab::{Digest, EnvName, Outcome, Phase};

/// Environments that are tried for one that cannot read its file, at most.
const MOST: usize = 3;

/// What stands for a producer instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    python: String,
    companions: bool,
}

impl Candidate {
    /// The environment of a producer as this one would have it.
    fn of(&self, environment: &EnvironmentSpec) -> EnvironmentSpec {
        let runtime = RuntimeSpec::Venv { python: self.python.clone() };
        EnvironmentSpec { runtime, companions: self.companions, ..environment.clone() }
    }
}

impl Session<'_> {
    /// Runs the files of a matrix, and once more with other environments for producers that cannot read what they should
    /// have written. `prepare` adds to each of these runs what is special about them.
    pub(super) fn execute_files(
        &mut self,
        mut matrix: Matrix,
        name: &str,
        prepare: impl Fn(&mut Job),
    ) -> Result<Executed, AppError> {
        for index in 0..matrix.environments.len() {
            if let Some(known) = self.cache.record::<Candidate>(&key(&matrix, index)) {
                replace(&mut matrix, index, &known);
            }
        }
        let run = |session: &mut Self, matrix: &Matrix| {
            let mut job = Job::of_files(matrix.clone(), name.to_owned(), &session.policy.reports)?;
            prepare(&mut job);
            session.execute(job)
        };
        let executed = self.with_interpreters(&mut matrix, run)?;
        let unable = unable(&matrix, executed.state());
        if unable.is_empty() || executed.is_interrupted() {
            return Ok(executed);
        }
        let mut changed = false;
        for index in unable {
            if let Some(found) = self.another(&matrix, index, name)? {
                let (name, python) = (matrix.environments[index].name.clone(), found.python.clone());
                // Where it cannot be kept, the next run finds it again.
                let _ = self.cache.put_record(&key(&matrix, index), &found);
                self.tell(vec![Notice::OtherProducer { name, python, companions: found.companions }]);
                replace(&mut matrix, index, &found);
                changed = true;
            }
        }
        if !changed {
            return Ok(executed);
        }
        drop(executed);
        run(self, &matrix)
    }

    /// The first candidate that reads every file of a producer.
    fn another(&mut self, matrix: &Matrix, index: usize, name: &str) -> Result<Option<Candidate>, AppError> {
        let environment = &matrix.environments[index];
        let folder = self.policy.reports.join(name).join("producers");
        for candidate in candidates(matrix, index) {
            let trial = trial(matrix, index, &candidate);
            let label = match candidate.companions {
                true => format!("{}-py{}", environment.name, candidate.python),
                false => format!("{}-py{}-newest", environment.name, candidate.python),
            };
            let executed = self.execute_hushed(Job::of_files(trial, label, Path::new(&folder))?)?;
            if executed.is_interrupted() {
                return Err(AppError::Interrupted);
            }
            if has_read_all(executed.state()) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// What a choice is remembered under: the files, and the environment that would be taken first.
fn key(matrix: &Matrix, index: usize) -> Digest {
    let environment = &matrix.environments[index];
    let mut key = declared("producer-v1", environment);
    for file in files_of(matrix, &environment.name) {
        key = key.text(&file.digest.map(|digest| digest.to_string()).unwrap_or_default());
    }
    key.finish()
}

fn files_of<'a>(matrix: &'a Matrix, producer: &'a EnvName) -> impl Iterator<Item = &'a ExternalArtifact> {
    matrix
        .models
        .iter()
        .filter_map(|model| model.source.file())
        .filter(move |file| file.producer == *producer)
}

/// The environments that should have written files and fail at loading one.
fn unable(matrix: &Matrix, state: &RunState) -> Vec<usize> {
    let fails = |environment: &EnvironmentSpec| {
        let is_open = environment.external
            && !environment.whole
            && files_of(matrix, &environment.name).any(|file| !file.other_pythons.is_empty());
        is_open
            && state.artifacts().iter().any(|artifact| {
                artifact.id.producer == environment.name
                    && artifact.reference().is_some_and(|reference| is_unreadable(&reference.outcome))
            })
    };
    (0..matrix.environments.len()).filter(|index| fails(&matrix.environments[*index])).collect()
}

/// Whether a file could not be loaded for a reason that another environment may not have: what is not installed is asked
/// for instead.
fn is_unreadable(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Raised { phase: Phase::Load, error, .. } => {
            error.importing.is_none() && !error.class.ends_with("ModuleNotFoundError")
        }
        // Code of another interpreter is told by no exception: it dies, while it is loaded or when it is called.
        Outcome::Signalled { .. } => true,
        Outcome::Raised { error, .. } => error.class == "SystemError",
        Outcome::Predicted { .. }
        | Outcome::Unfit { .. }
        | Outcome::Inapplicable { .. }
        | Outcome::NotInstalled { .. }
        | Outcome::Exited { .. }
        | Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Disturbed { .. } => false,
    }
}

fn has_read_all(state: &RunState) -> bool {
    state.artifacts().iter().all(|artifact| {
        artifact.reference().is_some_and(|reference| match &reference.outcome {
            Outcome::Predicted { .. } | Outcome::Unfit { .. } => true,
            Outcome::Raised { phase, error, .. } => *phase == Phase::Predict && error.class != "SystemError",
            Outcome::Inapplicable { .. }
            | Outcome::NotInstalled { .. }
            | Outcome::Signalled { .. }
            | Outcome::Exited { .. }
            | Outcome::TimedOut { .. }
            | Outcome::OutOfMemory { .. }
            | Outcome::Disturbed { .. } => false,
        })
    })
}

/// The next environments for a producer: other interpreters, and what an installer takes without bounds.
fn candidates(matrix: &Matrix, index: usize) -> Vec<Candidate> {
    let environment = &matrix.environments[index];
    let RuntimeSpec::Venv { python } = &environment.runtime else { return Vec::new() };
    let mut pythons: Vec<&String> = Vec::new();
    for python in files_of(matrix, &environment.name).flat_map(|file| &file.other_pythons) {
        if !pythons.contains(&python) {
            pythons.push(python);
        }
    }
    let others = pythons.into_iter().map(|python| Candidate { python: python.clone(), companions: true });
    let newest = Candidate { python: python.clone(), companions: false };
    others.take(MOST - 1).chain([newest]).collect()
}

/// Only the files of a producer, in a candidate for it.
fn trial(matrix: &Matrix, index: usize, candidate: &Candidate) -> Matrix {
    let producer = matrix.environments[index].name.clone();
    let environment =
        EnvironmentSpec { consumer: true, producer: true, ..candidate.of(&matrix.environments[index]) };
    let mut trial = Matrix { environments: vec![environment], ..matrix.clone() };
    trial.models.retain(|model| model.source.file().is_some_and(|file| file.producer == producer));
    trial
}

/// Puts a candidate in the place of a producer, and says so in the notes of its files.
fn replace(matrix: &mut Matrix, index: usize, candidate: &Candidate) {
    let environment = candidate.of(&matrix.environments[index]);
    let note = format!(
        "what was chosen first for its producer cannot read it: Python {}{} was taken",
        candidate.python,
        if candidate.companions { "" } else { " with the newest packages that fit" }
    );
    for model in &mut matrix.models {
        if let ModelSource::File(file) = &mut model.source
            && file.producer == environment.name
        {
            Arc::make_mut(file).notes.push(note.clone());
        }
    }
    matrix.environments[index] = environment;
}
