//! Another interpreter for environments whose own nobody has named, where the one that was taken has no wheels of what is
//! declared.

use super::listener::Notice;
use super::session::Session;
use crate::artifact;
use crate::matrix::{EnvironmentSpec, Matrix, RuntimeSpec, SCIKIT_LEARN, VersionSpec};
use crate::state::{EnvironmentFacts, RunState};
use crate::vocab::{Digest, DigestBuilder, EnvName, EnvironmentTrouble};

impl Session<'_> {
    /// Takes the interpreters that were found for such environments before.
    pub(super) fn recall_interpreters(&self, matrix: &mut Matrix) {
        for environment in &mut matrix.environments {
            let known = chosen(environment).map(|python| key(environment, python));
            if let Some(python) = known.and_then(|key| self.cache.record::<String>(&key)) {
                take(environment, python);
            }
        }
    }

    /// Takes other interpreters for the environments that could not be made with the ones that were chosen, where the index
    /// has everything that is declared for one. They are remembered when [`Session::keep_interpreters`] has seen them made.
    pub(super) fn find_interpreters(&mut self, matrix: &mut Matrix, state: &RunState) -> Vec<Found> {
        let mut all = Vec::new();
        for environment in &mut matrix.environments {
            let Some(before) = chosen(environment).map(str::to_owned) else { continue };
            if !state.environment(&environment.name).is_some_and(may_be_its_interpreter) {
                continue;
            }
            if let Some(python) = self.other_interpreter(environment, &before) {
                let (name, key) = (environment.name.clone(), key(environment, &before));
                let notice = Notice::OtherInterpreter { name: name.clone(), python: python.clone(), before };
                self.tell(vec![notice]);
                take(environment, python.clone());
                all.push(Found { name, key, python });
            }
        }
        all
    }

    /// Remembers the interpreters with which environments could be made.
    pub(super) fn keep_interpreters(&self, found: &[Found], state: &RunState) {
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
pub(super) struct Found {
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

/// What a choice is remembered under: the environment that would be tried first.
fn key(environment: &EnvironmentSpec, python: &str) -> Digest {
    let mut key = DigestBuilder::new("interpreter-v1").text(python);
    for (package, version) in environment.all_packages() {
        key = key.text(&version.requirement(package));
    }
    key.finish()
}
