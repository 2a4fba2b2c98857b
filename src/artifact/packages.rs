//! The packages that files take beside scikit-learn, and the environments that get them.

use std::collections::{BTreeMap, BTreeSet};

use super::days;
pub use super::days::Packages;
use crate::format;
use crate::matrix::{EnvironmentSpec, ModelSpec, RuntimeSpec, SCIKIT_LEARN, VersionSpec};
use crate::vocab::{EnvName, FormatName};

/// What reads joblib's files: the name of the package, and of the handler.
const JOBLIB: &str = "joblib";

/// Packages of a lock that an installer brings itself, and that no model needs.
pub const INSTALLERS: &[&str] = &["pip", "setuptools", "wheel", "uv"];

/// What reading all files in these environments takes beside scikit-learn: pandas where one was fitted on named columns,
/// skops for skops files, and so on; in the release that the files record, where they agree. What comes with scikit-learn is
/// among it only where some environment is made without.
pub fn needs(models: &[ModelSpec], environments: &[EnvironmentSpec]) -> Packages {
    let mut wanted: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    let is_without = |it: &EnvironmentSpec| {
        matches!(it.runtime, RuntimeSpec::Venv { .. }) && !it.packages.contains_key(SCIKIT_LEARN)
    };
    let is_joblib =
        |format: &FormatName| format::find(format.as_str()).is_some_and(|row| row.handler == JOBLIB);
    if environments.iter().any(is_without) && models.iter().flat_map(|model| &model.formats).any(is_joblib) {
        wanted.entry(JOBLIB).or_default().insert(None);
    }
    for file in models.iter().filter_map(|model| model.source.file()) {
        for (package, version) in &file.packages {
            wanted.entry(package).or_default().insert(version.as_deref());
        }
    }
    let agreed = |versions: BTreeSet<Option<&str>>| match versions.first() {
        Some(version) if versions.len() == 1 => version.map(str::to_owned),
        _ => None,
    };
    wanted.into_iter().map(|(package, versions)| (package.to_owned(), agreed(versions))).collect()
}

/// What an environment got beside what was declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagesOf {
    /// Its name.
    pub environment: EnvName,
    /// The requirements that it got.
    pub requirements: Vec<String>,
}

/// Gives the environments of a command line packages that they lack, and says which of them got what.
///
/// They are extras: what one file takes keeps no other from being tried.
pub fn add_packages(environments: &mut [EnvironmentSpec], packages: &Packages) -> Vec<PackagesOf> {
    let mut changed = Vec::new();
    for environment in environments {
        let is_made = matches!(environment.runtime, RuntimeSpec::Venv { .. });
        // A lock is what it is; few words leave the rest open.
        if !is_made || environment.whole {
            continue;
        }
        let before = environment.extras.clone();
        environment.add_extras(&days::of(packages, environment));
        let new = environment.extras.iter().filter(|(package, _)| !before.contains_key(*package));
        let requirements: Vec<String> = new.map(|(package, spec)| spec.requirement(package)).collect();
        if !requirements.is_empty() {
            changed.push(PackagesOf { environment: environment.name.clone(), requirements });
        }
    }
    changed
}

/// Adds what is not declared. Says whether anything was.
pub(super) fn add(packages: &Packages, to: &mut BTreeMap<String, VersionSpec>) -> bool {
    let before = to.len();
    for (package, version) in packages {
        let spec = || version.clone().map_or(VersionSpec::Latest, VersionSpec::Exact);
        to.entry(package.clone()).or_insert_with(spec);
    }
    to.len() > before
}
