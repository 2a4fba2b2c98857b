//! Environments as a command line names them: versions, a lock, an interpreter.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::failure::Failure;
use crate::artifact::{EnvironmentText, pin};
use crate::matrix::{EnvironmentSpec, RuntimeSpec};
use crate::notation::package_name;

/// The environments that a text means.
pub(super) fn parse(text: &str) -> Result<Vec<EnvironmentSpec>, Failure> {
    let path = Path::new(text);
    if !path.is_file() {
        if text.contains('/') && !text.contains("==") {
            return Err(Failure::Usage {
                what: format!("there is no lock and no interpreter `{text}`"),
                help: "give the path of a lock under locks/ of a run, of a requirements.txt, or of an interpreter"
                    .to_owned(),
            });
        }
        return EnvironmentText::parse(text)
            .map_err(|error| Failure::Usage { what: error.message, help: error.help });
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => {
            let lock = read(path)?;
            if let Some(runtime) = other_runtime(&lock) {
                return Err(wrong(
                    text,
                    &format!("it is of a {runtime}, which its packages alone do not make again"),
                ));
            }
            let (python, packages) = of_json(&lock)
                .ok_or_else(|| wrong(text, "it is no lock: it lacks `python` and `packages`"))?;
            Ok(vec![EnvironmentText::of_lock(&stem, &python, &packages)])
        }
        Some("txt" | "lock") => {
            let packages = of_requirements(&read(path)?).map_err(|line| wrong(text, &line))?;
            let python = crate::artifact::python_for(packages.get("scikit-learn").map(String::as_str), None);
            Ok(vec![EnvironmentText::of_lock(&stem, &python, &packages)])
        }
        _ => Ok(vec![interpreter(path)]),
    }
}

/// The one environment that a text means.
pub(super) fn parse_one(text: &str, option: &str) -> Result<EnvironmentSpec, Failure> {
    let mut all = parse(text)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err(Failure::Usage {
            what: format!("{option} takes one environment, and `{text}` means several"),
            help: "give one version of each package".to_owned(),
        }),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs_err::read_to_string(path).map_err(|error| wrong(&path.display().to_string(), &error.to_string()))
}

fn wrong(path: &str, reason: &str) -> Failure {
    Failure::Usage {
        what: format!("`{path}` cannot be used as an environment: {reason}"),
        help: "give a lock under locks/ of a run, or the output of `pip freeze` as a .txt".to_owned(),
    }
}

/// The runtime of a lock, where it is more than packages on an interpreter.
fn other_runtime(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let runtime = value.get("runtime")?.as_str()?;
    (!matches!(runtime, "venv" | "existing")).then(|| runtime.to_owned())
}

/// A lock of shelflife, or anything with `python` and `packages`.
pub(super) fn of_json(text: &str) -> Option<(String, BTreeMap<String, String>)> {
    let value: Value = serde_json::from_str(text).ok()?;
    let packages = value.get("packages")?.as_object()?;
    let packages = packages
        .iter()
        .filter_map(|(name, version)| Some((package_name(name).ok()?, version.as_str()?.to_owned())))
        .collect();
    Some((value.get("python")?.as_str()?.to_owned(), packages))
}

/// The pins of a requirements file; comments, options and hashes are passed over.
fn of_requirements(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut packages = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(pin) = pin(line) {
            let (name, version) = pin.map_err(|what| format!("line {}: {what}", number + 1))?;
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
    use super::*;

    #[test]
    fn pins_are_read_as_pip_writes_them() {
        let text = "# made by pip\n-i somewhere\nNumPy==2.1.3\nscikit_learn==1.5.2  # why\nx[y]==1 ; python_version>'3'\n";
        let pins = of_requirements(text).unwrap();
        assert_eq!(pins.keys().collect::<Vec<_>>(), ["numpy", "scikit-learn", "x"]);
        assert_eq!(pins["x"], "1");
        assert_eq!(other_runtime(r#"{"runtime": "rootfs"}"#).as_deref(), Some("rootfs"));
        assert_eq!(other_runtime(r#"{"runtime": "venv"}"#), None);
        assert!(of_requirements("numpy>=2\n").unwrap_err().contains("line 1"));
    }
}
