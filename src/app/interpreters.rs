//! Another interpreter for environments whose own nobody has named, where the one that was taken has no wheels of what is
//! declared.

use super::error::AppError;
use super::listener::Notice;
use super::session::{Executed, Session};
use crate::artifact;
use crate::matrix::{EnvironmentSpec, Matrix, RuntimeSpec, SCIKIT_LEARN, VersionSpec};
use crate::state::{EnvironmentFacts, RunState};
use crate::vocab::{Digest, DigestBuilder, EnvName, EnvironmentTrouble};

/// Names the records of interpreters that were found.
const KEY: &str = "interpreter-v1";

impl Session<'_> {
    /// Runs a matrix, and once more where other interpreters are found for environments that could not be made.
    pub(super) fn with_interpreters(
        &mut self,
        matrix: &mut Matrix,
        run: impl Fn(&mut Self, &Matrix) -> Result<Executed, AppError>,
    ) -> Result<Executed, AppError> {
        self.recall_interpreters(matrix);
        let executed = run(self, matrix)?;
        if executed.is_interrupted() {
            return Ok(executed);
        }
        let others = self.find_interpreters(matrix, executed.state());
        if others.is_empty() {
            return Ok(executed);
        }
        drop(executed);
        let executed = run(self, matrix)?;
        self.keep_interpreters(&others, executed.state());
        Ok(executed)
    }

    /// Takes the interpreters that were found for such environments before.
    fn recall_interpreters(&self, matrix: &mut Matrix) {
        for environment in &mut matrix.environments {
            let is_open = chosen(environment).is_some();
            let key = is_open.then(|| declared(KEY, environment).finish());
            if let Some(python) = key.and_then(|key| self.cache.record::<String>(&key)) {
                take(environment, python);
            }
        }
    }

    /// Takes other interpreters for the environments that could not be made with the ones that were chosen, where the index
    /// has everything that is declared for one. They are remembered when [`Session::keep_interpreters`] has seen them made.
    fn find_interpreters(&mut self, matrix: &mut Matrix, state: &RunState) -> Vec<Found> {
        let mut all = Vec::new();
        for environment in &mut matrix.environments {
            let Some(before) = chosen(environment).map(str::to_owned) else { continue };
            if !state.environment(&environment.name).is_some_and(may_be_its_interpreter) {
                continue;
            }
            if let Some(python) = self.other_interpreter(environment, &before) {
                let name = environment.name.clone();
                let key = declared(KEY, environment).finish();
                let notice = Notice::OtherInterpreter { name: name.clone(), python: python.clone(), before };
                self.tell(vec![notice]);
                take(environment, python.clone());
                all.push(Found { name, key, python });
            }
        }
        all
    }

    /// Remembers the interpreters with which environments could be made.
    fn keep_interpreters(&self, found: &[Found], state: &RunState) {
        for found in found {
            if let Some(EnvironmentFacts::Ready { .. }) = state.environment(&found.name) {
                // Where it cannot be kept, the next run finds it again.
                let _ = self.cache.put_record(&found.key, &found.python);
            }
        }
    }

    /// The nearest interpreter for which there is every release that is declared.
    fn other_interpreter(&self, environment: &EnvironmentSpec, before: &str) -> Option<String> {
        let mut others = artifact::other_interpreters(before).into_iter();
        others.find(|python| {
            exact(environment).all(|(package, version)| {
                if package == SCIKIT_LEARN {
                    return artifact::has_wheels(version, python);
                }
                let listed = self.runtime.block_on(self.provisioner.releases(package, python));
                listed.is_ok_and(|listed| listed.iter().any(|release| release == version))
            })
        })
    }
}

/// An interpreter that is tried instead of another one.
#[derive(Debug)]
struct Found {
    name: EnvName,
    key: Digest,
    python: String,
}

/// The interpreter of an environment, where it was chosen and something is declared that decides which one it can be.
fn chosen(environment: &EnvironmentSpec) -> Option<&str> {
    let RuntimeSpec::Venv { python } = &environment.runtime else { return None };
    let is_open = environment.python_chosen && exact(environment).next().is_some();
    is_open.then_some(python.as_str())
}

fn take(environment: &mut EnvironmentSpec, python: String) {
    environment.runtime = RuntimeSpec::Venv { python };
    environment.python_chosen = false;
}

fn exact(environment: &EnvironmentSpec) -> impl Iterator<Item = (&String, &String)> {
    environment.packages.iter().filter_map(|(package, spec)| match spec {
        VersionSpec::Exact(version) => Some((package, version)),
        VersionSpec::Minor(_)
        | VersionSpec::Latest
        | VersionSpec::PreRelease
        | VersionSpec::Companion
        | VersionSpec::Specifier(_)
        | VersionSpec::Proved(_)
        | VersionSpec::Source(_) => None,
    })
}

/// Whether an environment could not be made for a reason that another interpreter may not have.
fn may_be_its_interpreter(facts: &EnvironmentFacts) -> bool {
    use EnvironmentTrouble::{NoSolution, NoSuchVersion, NoWheel};
    matches!(facts, EnvironmentFacts::Failed { cause: Some(NoSolution | NoSuchVersion | NoWheel), .. })
}

/// The beginning of what a choice is remembered under: the environment that would be tried first.
pub(super) fn declared(label: &'static str, environment: &EnvironmentSpec) -> DigestBuilder {
    let key = DigestBuilder::new(label).text(&environment.runtime.to_string());
    let packages = environment.all_packages();
    packages.iter().fold(key, |key, (package, version)| key.text(&version.requirement(package)))
}
