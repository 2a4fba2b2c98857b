//! Environments that a file lists: a lock of shelflife, or a requirements file.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::super::error::{LockTrouble, RequestError};
use super::requirements;
use crate::artifact::{Files, INSTALLERS, python_for};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::package_name;

/// Extensions of files that list packages.
const EXTENSIONS: &[&str] = &["json", "txt", "lock", "in", "toml", "yml", "yaml"];
/// Files of other tools, with what makes requirements of each.
const OTHERS: &[(&str, &str)] = &[
    ("uv.lock", "uv export --format requirements-txt --no-hashes"),
    ("poetry.lock", "poetry export --without-hashes"),
    ("Pipfile.lock", "pipenv requirements"),
    ("pdm.lock", "pdm export"),
    ("pyproject.toml", "uv pip compile pyproject.toml"),
    ("environment.yml", "pip freeze"),
    ("environment.yaml", "pip freeze"),
    ("conda.yaml", "pip freeze"),
];

/// Whether a file lists packages, by its name.
pub(in super::super) fn is_lock(path: &Path) -> bool {
    path.extension().is_some_and(|it| EXTENSIONS.iter().any(|known| it == *known))
}

/// The environment that a file lists.
pub(super) fn of_file(path: &Path, files: &dyn Files) -> Result<EnvironmentSpec, RequestError> {
    let unusable = |why: LockTrouble| RequestError::Lock { path: path.to_owned(), why };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = path.file_name().unwrap_or_default();
    if let Some((_, command)) = OTHERS.iter().find(|(known, _)| name == *known) {
        return Err(unusable(LockTrouble::OtherTool(command)));
    }
    if path.extension().is_some_and(|extension| extension == "json") {
        let text = requirements::read(path, files).map_err(unusable)?;
        let (python, packages) = of_lock(&text).map_err(unusable)?;
        return Ok(environment(&stem, &python, packages));
    }
    let packages = requirements::pins_of(path, files).map_err(unusable)?;
    let scikit_learn = match packages.get("scikit-learn") {
        Some(VersionSpec::Exact(version)) => Some(version.as_str()),
        _ => None,
    };
    let python = python_for(scikit_learn, None);
    Ok(environment(&stem, &python, packages))
}

/// The environment of a lock: exactly these packages.
fn environment(name: &str, python: &str, packages: BTreeMap<String, VersionSpec>) -> EnvironmentSpec {
    let packages =
        packages.into_iter().filter(|(package, _)| !INSTALLERS.contains(&package.as_str())).collect();
    let runtime = RuntimeSpec::Venv { python: python_for(None, Some(python)) };
    EnvironmentSpec { packages, whole: true, ..EnvironmentSpec::new(name, runtime) }
}

/// A lock of shelflife, or anything with `python` and `packages`.
fn of_lock(text: &str) -> Result<(String, BTreeMap<String, VersionSpec>), LockTrouble> {
    let value: Value = serde_json::from_str(text).map_err(|_| LockTrouble::NoLock)?;
    // A runtime that is more than packages on an interpreter.
    let runtime = value.get("runtime").and_then(Value::as_str);
    if let Some(other) = runtime.filter(|runtime| !matches!(*runtime, "venv" | "existing")) {
        return Err(LockTrouble::OtherRuntime(other.to_owned()));
    }
    let packages = value.get("packages").and_then(Value::as_object).ok_or(LockTrouble::NoLock)?;
    let packages = packages
        .iter()
        .filter_map(|(name, version)| {
            Some((package_name(name).ok()?, VersionSpec::Exact(version.as_str()?.to_owned())))
        })
        .collect();
    let python = value.get("python").and_then(Value::as_str).ok_or(LockTrouble::NoLock)?;
    Ok((python.to_owned(), packages))
}
