//! Environments as a few words name them: versions, a lock, an interpreter.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::error::{LockTrouble, RequestError};
use crate::artifact::{EnvironmentText, Files, Kind, pin, python_for};
use crate::matrix::{EnvironmentSpec, RuntimeSpec};
use crate::notation::package_name;

/// The environments that a text means.
///
/// # Errors
/// When it means none.
pub fn environments(text: &str, files: &dyn Files) -> Result<Vec<EnvironmentSpec>, RequestError> {
    let path = Path::new(text);
    if files.kind(path) != Kind::File {
        if text.contains('/') && !text.contains("==") {
            return Err(RequestError::NoEnvironment(text.to_owned()));
        }
        return Ok(EnvironmentText::parse(text)?);
    }
    let unusable = |why: LockTrouble| RequestError::Lock { path: path.to_owned(), why };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => {
            let (python, packages) = read(files, path).and_then(|text| of_lock(&text)).map_err(unusable)?;
            Ok(vec![EnvironmentText::of_lock(&stem, &python, &packages)])
        }
        Some("txt" | "lock") => {
            let packages = read(files, path).and_then(|text| of_requirements(&text)).map_err(unusable)?;
            let python = python_for(packages.get("scikit-learn").map(String::as_str), None);
            Ok(vec![EnvironmentText::of_lock(&stem, &python, &packages)])
        }
        _ => Ok(vec![interpreter(path)]),
    }
}

/// The one environment that a text means, which was given with `option`.
///
/// # Errors
/// When it means none, or several.
pub fn environment(
    text: &str,
    option: &'static str,
    files: &dyn Files,
) -> Result<EnvironmentSpec, RequestError> {
    let mut all = environments(text, files)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(RequestError::SeveralEnvironments { option, text: text.to_owned() }),
    }
}

fn read(files: &dyn Files, path: &Path) -> Result<String, LockTrouble> {
    String::from_utf8(files.read(path)?).map_err(|_| LockTrouble::NoText)
}

/// A lock of shelflife, or anything with `python` and `packages`.
fn of_lock(text: &str) -> Result<(String, BTreeMap<String, String>), LockTrouble> {
    let value: Value = serde_json::from_str(text).map_err(|_| LockTrouble::NoLock)?;
    // A runtime that is more than packages on an interpreter.
    let runtime = value.get("runtime").and_then(Value::as_str);
    if let Some(other) = runtime.filter(|runtime| !matches!(*runtime, "venv" | "existing")) {
        return Err(LockTrouble::OtherRuntime(other.to_owned()));
    }
    let packages = value.get("packages").and_then(Value::as_object).ok_or(LockTrouble::NoLock)?;
    let packages = packages
        .iter()
        .filter_map(|(name, version)| Some((package_name(name).ok()?, version.as_str()?.to_owned())))
        .collect();
    let python = value.get("python").and_then(Value::as_str).ok_or(LockTrouble::NoLock)?;
    Ok((python.to_owned(), packages))
}

/// The pins of a requirements file; comments, options and hashes are passed over.
fn of_requirements(text: &str) -> Result<BTreeMap<String, String>, LockTrouble> {
    let mut packages = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(pin) = pin(line) {
            let (name, version) = pin.map_err(|why| LockTrouble::Line { line: number + 1, why })?;
            packages.insert(name, version);
        }
    }
    Ok(packages)
}

fn interpreter(path: &Path) -> EnvironmentSpec {
    let name: String = path
        .display()
        .to_string()
        .trim_start_matches(['/', '.'])
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let tail = name.len().saturating_sub(60);
    let name = name.get(tail..).unwrap_or(&name).trim_start_matches('-').to_owned();
    EnvironmentSpec::new(name, RuntimeSpec::Existing { command: vec![path.display().to_string()] })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Memory;
    use super::*;

    #[test]
    fn pins_are_read_as_pip_writes_them() {
        let text = "# made by pip\n-i somewhere\nNumPy==2.1.3\nscikit_learn==1.5.2  # why\nx[y]==1 ; python_version>'3'\n";
        let pins = of_requirements(text).unwrap();
        assert_eq!(pins.keys().collect::<Vec<_>>(), ["numpy", "scikit-learn", "x"]);
        assert_eq!(pins["x"], "1");
        assert!(matches!(of_requirements("numpy>=2\n"), Err(LockTrouble::Line { line: 1, .. })));
    }

    #[test]
    fn a_text_is_versions_a_lock_or_an_interpreter() {
        let files = Memory::of(&[
            ("a.json", r#"{"runtime": "venv", "python": "3.11.4", "packages": {"scikit-learn": "1.5.2"}}"#),
            ("tree.json", r#"{"runtime": "rootfs", "python": "3.11.4", "packages": {}}"#),
            ("odd.json", "[]"),
            ("r.txt", "scikit-learn==1.2.2\n"),
            ("bin/python", ""),
        ]);
        let one = |text: &str| environment(text, "--to", &files);
        assert_eq!(one("a.json").unwrap().name.as_str(), "a");
        assert_eq!(one("r.txt").unwrap().name.as_str(), "r");
        assert!(matches!(one("bin/python").unwrap().runtime, RuntimeSpec::Existing { .. }));
        assert_eq!(environments("scikit-learn==1.5.2,1.7.2", &files).unwrap().len(), 2);
        let wrong = |text: &str| one(text).unwrap_err();
        assert!(matches!(
            wrong("tree.json"),
            RequestError::Lock { why: LockTrouble::OtherRuntime(runtime), .. } if runtime == "rootfs"
        ));
        assert!(matches!(wrong("odd.json"), RequestError::Lock { why: LockTrouble::NoLock, .. }));
        assert!(matches!(wrong("gone/python"), RequestError::NoEnvironment(_)));
        assert!(matches!(wrong("scikit-learn==1.5.2,1.7.2"), RequestError::SeveralEnvironments { .. }));
    }
}
