//! Asking a live environment what it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::process::{self, Command};
use crate::store::{Bucket, CacheRoot};
use crate::vocab::{ByteOrder, Lock, Runtime};

use super::failure::{ProvisionFailure, clean};
use super::launch::{Launch, Reach};

const SCRIPT: &str = include_str!("probe.py");
const MARKER: &str = "SHELFLIFE-PROBE ";
/// The first import of a fresh environment compiles its Python files; slow disks and emulated CPUs take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What the probe script says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Facts {
    python: String,
    implementation: String,
    arch: String,
    bits: u8,
    byteorder: ByteOrder,
    libc: String,
    packages: BTreeMap<String, String>,
    blas: Option<String>,
    cpu_features: Vec<String>,
    /// Whether a package's code can change without a reinstallation (an editable installation).
    pub(super) changing: bool,
    /// The interpreter with links resolved, as seen from inside.
    pub(super) executable: PathBuf,
    /// Folders of installed packages, as seen from inside.
    pub(super) sites: Vec<PathBuf>,
    error: Option<ImportError>,
}

#[derive(Clone, Debug, Deserialize)]
struct ImportError {
    last_line: String,
    missing: Option<String>,
    traceback: String,
}

impl Facts {
    /// The lock of the environment.
    pub(super) fn into_lock(self, runtime: Runtime, variables: BTreeMap<String, String>) -> Lock {
        Lock {
            runtime,
            python: self.python,
            implementation: self.implementation,
            arch: self.arch,
            bits: self.bits,
            byteorder: self.byteorder,
            libc: self.libc,
            packages: self.packages,
            blas: self.blas,
            cpu_features: self.cpu_features,
            companions: Vec::new(),
            base: None,
            variables,
            config: BTreeMap::new(),
            setup: Default::default(),
        }
    }
}

/// Runs the probe script in an environment and checks that scikit-learn can be imported there.
pub(super) async fn probe(
    cache: &CacheRoot,
    launch: &Launch,
    variables: &BTreeMap<String, String>,
) -> Result<Facts, ProvisionFailure> {
    probe_for(cache, launch, variables, Wanted::ScikitLearn).await
}

/// What an environment must be able to import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// scikit-learn, and so numpy.
    ScikitLearn,
    /// numpy: scikit-learn need not be installed, but must work where it is.
    Numpy,
}

/// As [`probe`], with a choice.
pub(super) async fn probe_for(
    cache: &CacheRoot,
    launch: &Launch,
    variables: &BTreeMap<String, String>,
    wanted: Wanted,
) -> Result<Facts, ProvisionFailure> {
    let scratch = cache.scratch("probe")?;
    let mut env = process::worker_environment(scratch.path());
    env.extend(variables.clone());
    let objects = cache.bucket(Bucket::Objects);
    let argv = launch.argv(&Reach {
        scratch: scratch.path(),
        objects: &objects,
        variables: &env,
        memory_bytes: None,
    });
    let Some(command) = Command::from_prefix(&argv, env) else {
        return Err(ProvisionFailure::new("the environment's command is empty")
            .remedy("give the path of a Python interpreter, or a command that starts one"));
    };
    // Through stdin, not `-c`: a prefix such as ssh would let a shell take the script apart.
    let command = command.args(["-"]).cwd(scratch.path());
    let shown = launch.command.join(" ");
    let captured =
        process::capture_with_input(&command, SCRIPT.as_bytes(), TIMEOUT).await.map_err(|error| {
            let missing = error.is_not_found();
            let failure = ProvisionFailure::from(error);
            if missing {
                failure.remedy(format!("check that `{shown}` starts Python on this machine"))
            } else {
                failure
            }
        })?;
    let stdout = captured.stdout_text();
    let answer = stdout.lines().rev().find_map(|line| line.strip_prefix(MARKER));
    let Some(answer) = answer else {
        let mut reason = format!("`{shown}` {}, and did not say what environment it is", captured.status);
        if captured.status.signal.is_some() {
            reason = format!("importing scikit-learn in `{shown}` crashed: the process {}", captured.status);
        }
        reason.push_str(":\n");
        reason.push_str(&clean(&captured.stderr_text()));
        return Err(ProvisionFailure::new(reason)
            .remedy(format!("check that `{shown}` starts Python 3.6 or later and can import sklearn")));
    };
    let facts: Facts = serde_json::from_str(answer).map_err(|error| {
        ProvisionFailure::new(format!("`{shown}` answered with what cannot be read: {error}"))
            .remedy("check that the command starts Python itself, and that nothing rewrites its output")
    })?;
    match &facts.error {
        None => Ok(facts),
        Some(error) if wanted == Wanted::Numpy && error.missing.as_deref() == Some("sklearn") => Ok(facts),
        Some(error) if wanted == Wanted::Numpy && error.missing.as_deref() == Some("numpy") => {
            Err(ProvisionFailure::new("numpy is not installed, in which outputs are handed over")
                .remedy("add numpy to the packages of the environment"))
        }
        Some(error) => Err(import_failure(error, &facts)),
    }
}

fn import_failure(error: &ImportError, facts: &Facts) -> ProvisionFailure {
    tracing::debug!(traceback = error.traceback, "import failed");
    let version = |name: &str| facts.packages.get(name).map(|version| format!("{name} {version}"));
    let installed: Vec<_> = ["scikit-learn", "numpy", "scipy"].into_iter().filter_map(version).collect();
    let installed = if installed.is_empty() { String::new() } else { format!(" ({})", installed.join(", ")) };
    let failure = ProvisionFailure::new(format!(
        "scikit-learn cannot be imported in Python {}{installed}: {}",
        facts.python, error.last_line
    ));
    match error.missing.as_deref() {
        Some("sklearn") if !facts.packages.contains_key("scikit-learn") => {
            failure.remedy("install scikit-learn there, or declare it among the environment's packages")
        }
        Some("numpy") if !facts.packages.contains_key("numpy") => failure
            .remedy("install scikit-learn and numpy there, or declare them among the environment's packages"),
        _ => failure.remedy(
            "these versions do not fit together: leave out the declared numpy and scipy so that known-good \
             companions are chosen (and `companions = false`, if it is set), or declare older ones",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(packages: &[(&str, &str)]) -> Facts {
        Facts {
            python: "3.9.18".to_owned(),
            implementation: "CPython".to_owned(),
            arch: "x86_64".to_owned(),
            bits: 64,
            byteorder: ByteOrder::Little,
            libc: "glibc 2.36".to_owned(),
            packages: packages.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            blas: None,
            cpu_features: Vec::new(),
            changing: false,
            executable: "/usr/bin/python3.9".into(),
            sites: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn an_import_failure_names_versions_and_a_way_out() {
        let error = ImportError {
            last_line: "ValueError: numpy.dtype size changed".to_owned(),
            missing: None,
            traceback: String::new(),
        };
        let failure = import_failure(&error, &facts(&[("scikit-learn", "1.0.2"), ("numpy", "2.0.2")]));
        assert_eq!(
            failure.reason,
            "scikit-learn cannot be imported in Python 3.9.18 (scikit-learn 1.0.2, numpy 2.0.2): \
             ValueError: numpy.dtype size changed"
        );
        assert!(failure.remedy.unwrap().contains("companions"));
        let error = ImportError {
            last_line: "ModuleNotFoundError: No module named 'sklearn'".to_owned(),
            missing: Some("sklearn".to_owned()),
            traceback: String::new(),
        };
        assert!(import_failure(&error, &facts(&[])).remedy.unwrap().contains("install scikit-learn"));
    }
}
