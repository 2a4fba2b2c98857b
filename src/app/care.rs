//! The environments in the cache: listed, made ahead, removed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::datasets::load_plan;
use super::disk::Disk;
use super::environments::{environments, joined};
use super::error::{AppError, Doing};
use super::listener::{Listener, Notice};
use super::session::{EMPTYING, Session};
use crate::matrix::EnvironmentSpec;
use crate::plan::Selection;
use crate::provision::{CachedEnvironment, MachineFacts, ProvisionFailure, ReadyEnvironment};
use crate::store::LockError;
use crate::vocab::EnvName;

/// What was removed.
#[derive(Clone, Debug, Default)]
pub struct Removed {
    /// Environments.
    pub environments: usize,
    /// Their bytes.
    pub environment_bytes: u64,
    /// Artifacts, arrays and observations.
    pub objects: u64,
    /// Their bytes.
    pub object_bytes: u64,
    /// Whether the wheels went that only they used.
    pub wheels: bool,
}

impl Session<'_> {
    /// The environments in the cache, last used first.
    ///
    /// # Errors
    /// When the cache cannot be read.
    pub fn environments(&self) -> Result<Vec<CachedEnvironment>, AppError> {
        self.provisioner.list().map_err(|source| AppError::Machine { doing: Doing::List, source })
    }

    /// What this machine offers.
    pub fn machine(&self) -> MachineFacts {
        self.runtime.block_on(self.provisioner.machine_facts())
    }

    /// Installs the Debian packages that are missing, where the policy agrees to it. Returns what was installed.
    ///
    /// # Errors
    /// When they cannot be installed.
    pub fn install_tools(&mut self) -> Result<Vec<&'static str>, Box<ProvisionFailure>> {
        let listener = Mutex::new(&mut *self.listener);
        // Whoever panicked while listening has said its last word.
        let note = |text: &str| listener.lock().unwrap_or_else(PoisonError::into_inner).doing(text);
        self.runtime.block_on(self.provisioner.install_tools(&note)).map_err(Box::new)
    }

    /// Removes what was not used within so many days.
    ///
    /// # Errors
    /// When somebody uses the cache, or it cannot be changed.
    pub fn prune(&self, days: u32) -> Result<Removed, AppError> {
        let failed = |source| AppError::Machine { doing: Doing::Prune, source };
        let _unused = self.runtime.block_on(self.cache.unused()).map_err(|error| match error {
            LockError::Timeout { .. } => AppError::InUse,
            LockError::Io { .. } => AppError::Lock(error),
        })?;
        let pruned = self.runtime.block_on(self.provisioner.prune(days)).map_err(failed)?;
        let before = SystemTime::now().checked_sub(Duration::from_secs(u64::from(days) * 86_400));
        let (objects, object_bytes) =
            self.cache.prune_objects(before.unwrap_or(SystemTime::UNIX_EPOCH)).map_err(failed)?;
        Ok(Removed {
            environments: pruned.removed.len(),
            environment_bytes: pruned.removed.iter().map(|environment| environment.bytes).sum(),
            objects,
            object_bytes,
            wheels: pruned.wheels,
        })
    }

    /// Makes the environments of a matrix side by side, as a run does, and tells of each what became of it as soon as that
    /// is known. Returns how many could not be made.
    ///
    /// # Errors
    /// When the matrix is invalid.
    pub fn prepare(&mut self, matrix: &Path) -> Result<usize, AppError> {
        let (_, plan) = load_plan(matrix, &Selection::default())?;
        let count = plan.environments.len();
        Ok(count - self.make(plan.environments)?.len())
    }

    /// Makes the environments that texts mean, as `check --on` takes them; those that could not be made are told.
    ///
    /// # Errors
    /// When a text means none.
    pub fn make_named(&mut self, texts: &[String]) -> Result<Vec<Made>, AppError> {
        let mut specs = Vec::new();
        for text in texts {
            specs.extend(environments(text, &Disk)?);
        }
        self.make(joined(specs))
    }

    /// Makes environments side by side; those that could not be made are told.
    pub(super) fn make(&mut self, specs: Vec<EnvironmentSpec>) -> Result<Vec<Made>, AppError> {
        self.ask_for_tools(&specs);
        let _in_use = self.runtime.block_on(self.cache.in_use(EMPTYING))?;
        let (sender, mut heard) = mpsc::unbounded_channel();
        let mut made = Vec::new();
        self.runtime.block_on(async {
            let mut preparing = Vec::new();
            for spec in specs {
                let (provisioner, sender) = (Arc::clone(&self.provisioner), sender.clone());
                preparing.push(tokio::spawn(async move {
                    let notes = sender.clone();
                    // Whoever does not listen any more has ended, and this task with it.
                    let note = move |text: &str| drop(notes.send(Heard::Doing(text.to_owned())));
                    let prepared = provisioner.prepare(&spec, &note).await;
                    let _ = sender.send(Heard::Done(Box::new((spec, prepared))));
                }));
            }
            drop(sender);
            while let Some(heard) = heard.recv().await {
                made.extend(tell(self.listener, heard));
            }
            for task in preparing {
                // Nothing aborts these tasks, so only a panic could end one early.
                task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            }
        });
        Ok(made)
    }
}

/// An environment that was made, or was there.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its name.
    pub name: EnvName,
    /// The version of its Python.
    pub python: String,
    /// Versions of its packages.
    pub packages: BTreeMap<String, String>,
    /// What a person types to start its Python.
    pub command: Vec<String>,
    /// The folder with its programs, where it is a virtual environment on this machine.
    pub programs: Option<PathBuf>,
}

/// What making an environment tells.
enum Heard {
    Doing(String),
    Done(Box<(EnvironmentSpec, Result<ReadyEnvironment, ProvisionFailure>)>),
}

/// Passes on what was heard; what was made.
fn tell(listener: &mut dyn Listener, heard: Heard) -> Option<Made> {
    let (spec, prepared) = match heard {
        Heard::Doing(text) => {
            listener.doing(&text);
            return None;
        }
        Heard::Done(done) => *done,
    };
    let made = prepared.as_ref().ok().map(|ready| Made {
        name: spec.name.clone(),
        python: ready.lock.python.clone(),
        packages: ready.lock.packages.clone(),
        command: ready.launch.by_hand(),
        programs: ready.launch.programs(),
    });
    listener.notice(match prepared {
        Ok(ready) => Notice::Prepared {
            name: spec.name,
            python: ready.lock.python,
            scikit_learn: ready.lock.packages.get("scikit-learn").cloned(),
            reused: ready.reused,
        },
        Err(failure) => Notice::NotPrepared { name: spec.name, failure },
    });
    made
}
