//! Asking a live environment what it is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::process::{self, Captured, Command};
use crate::store::{self, Bucket, CacheRoot};
use crate::vocab::{ByteOrder, Lock, Runtime};

use super::failure::{ImportTrouble, MissingPackage, ProbeTrouble, ProvisionFailure};
use super::launch::Launch;
use super::reach::{Reach, Room, prepare_scratch};
use super::told::Speaker;

const SCRIPT: &str = include_str!("probe.py");
const MARKER: &str = "SHELFLIFE-PROBE ";
/// The first import of a fresh environment compiles its Python files; slow disks and emulated CPUs take minutes.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What the probe script says.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ProbeFacts {
    python: String,
    implementation: String,
    arch: String,
    bits: u8,
    byteorder: ByteOrder,
    libc: String,
    packages: BTreeMap<String, String>,
    blas: Option<String>,
    cpu_features: Vec<String>,
    /// Code outside of packages, with digests of its content.
    #[serde(default)]
    code: Vec<String>,
    /// Whether code can change without a reinstallation: an editable installation, or code outside of packages.
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

impl ProbeFacts {
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
            code: self.code,
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
) -> Result<ProbeFacts, ProvisionFailure> {
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
) -> Result<ProbeFacts, ProvisionFailure> {
    let failure = |trouble| ProvisionFailure::Probe { command: launch.command.join(" "), trouble };
    let captured = run_script(cache, launch, variables, SCRIPT).await?;
    let stdout = captured.stdout_text();
    let answer = stdout.lines().rev().find_map(|line| line.strip_prefix(MARKER));
    let Some(answer) = answer else {
        let failed = Speaker::Other.failed(&launch.command.join(" "), &captured);
        return Err(failure(ProbeTrouble::NoAnswer(failed)));
    };
    let facts: ProbeFacts =
        serde_json::from_str(answer).map_err(|error| failure(ProbeTrouble::Unreadable(error.to_string())))?;
    let Some(error) = &facts.error else { return Ok(facts) };
    match (wanted, error.missing.as_deref()) {
        (Wanted::Numpy, Some("sklearn")) => Ok(facts),
        (Wanted::Numpy, Some("numpy")) => Err(failure(ProbeTrouble::NoNumpy)),
        (Wanted::Numpy | Wanted::ScikitLearn, _) => Err(failure(ProbeTrouble::Import(facts.trouble(error)))),
    }
}

/// What a script says in an environment, in the cage of its cells.
pub(super) async fn run_script(
    cache: &CacheRoot,
    launch: &Launch,
    variables: &BTreeMap<String, String>,
    script: &str,
) -> Result<Captured, ProvisionFailure> {
    let scratch = cache.scratch("probe")?;
    let mut env = process::worker_environment(scratch.path());
    env.extend(variables.clone());
    let objects = cache.bucket(Bucket::Objects);
    store::create_folder(&objects)?;
    prepare_scratch(scratch.path())?;
    let argv = launch.argv(&Reach {
        scratch: scratch.path(),
        objects: &objects,
        variables: &env,
        memory_bytes: None,
        room: Room::Cells,
        device: false,
    });
    let Some(command) = Command::from_prefix(&argv, env) else {
        return Err(ProvisionFailure::NoCommand);
    };
    // Through stdin, not `-c`: a prefix such as ssh would let a shell take the script apart.
    let command = command.args(["-"]).cwd(scratch.path());
    process::capture_with_input(&command, script.as_bytes(), TIMEOUT).await.map_err(|error| {
        let trouble = ProbeTrouble::Process(error.into());
        ProvisionFailure::Probe { command: launch.command.join(" "), trouble }
    })
}

impl ProbeFacts {
    fn trouble(&self, error: &ImportError) -> ImportTrouble {
        tracing::debug!(traceback = error.traceback, "import failed");
        let version = |name: &str| self.packages.get(name).map(|version| (name.to_owned(), version.clone()));
        let missing = match error.missing.as_deref() {
            Some("sklearn") if !self.packages.contains_key("scikit-learn") => {
                Some(MissingPackage::ScikitLearn)
            }
            Some("numpy") if !self.packages.contains_key("numpy") => Some(MissingPackage::Numpy),
            _ => None,
        };
        ImportTrouble {
            last_line: error.last_line.clone(),
            python: self.python.clone(),
            installed: ["scikit-learn", "numpy", "scipy"].into_iter().filter_map(version).collect(),
            missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(packages: &[(&str, &str)]) -> ProbeFacts {
        ProbeFacts {
            python: "3.9.18".to_owned(),
            implementation: "CPython".to_owned(),
            arch: "x86_64".to_owned(),
            bits: 64,
            byteorder: ByteOrder::Little,
            libc: "glibc 2.36".to_owned(),
            packages: packages.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            blas: None,
            cpu_features: Vec::new(),
            code: Vec::new(),
            changing: false,
            executable: "/usr/bin/python3.9".into(),
            sites: Vec::new(),
            error: None,
        }
    }

    #[test]
    fn an_import_failure_names_versions_and_a_way_out() {
        let failure = |error: &ImportError, facts: &ProbeFacts| ProvisionFailure::Probe {
            command: "python".to_owned(),
            trouble: ProbeTrouble::Import(facts.trouble(error)),
        };
        let error = ImportError {
            last_line: "ValueError: numpy.dtype size changed".to_owned(),
            missing: None,
            traceback: String::new(),
        };
        let told = failure(&error, &facts(&[("scikit-learn", "1.0.2"), ("numpy", "2.0.2")]));
        assert_eq!(
            told.reason(),
            "scikit-learn cannot be imported in Python 3.9.18 (scikit-learn 1.0.2, numpy 2.0.2): \
             ValueError: numpy.dtype size changed"
        );
        assert!(told.remedy().unwrap().contains("companions"));
        let error = ImportError {
            last_line: "ModuleNotFoundError: No module named 'sklearn'".to_owned(),
            missing: Some("sklearn".to_owned()),
            traceback: String::new(),
        };
        assert!(failure(&error, &facts(&[])).remedy().unwrap().contains("install scikit-learn"));
    }
}
