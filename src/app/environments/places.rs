//! Environments that stand on this machine: an interpreter, or the folder of a virtual environment.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::super::error::{PlaceTrouble, RequestError};
use super::locks::is_lock;
use crate::artifact::{Files, Kind};
use crate::matrix::{EnvironmentSpec, RuntimeSpec};
use crate::notation::{Version, package_name};

/// Where the interpreter of a virtual environment is.
const PYTHON: &str = "bin/python";
/// How programs begin: ELF, a script, and the three kinds of macOS.
const PROGRAMS: [&[u8]; 5] =
    [b"\x7fELF", b"#!", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xce\xfa\xed\xfe"];

/// Whether a text that leads nowhere was meant as a path.
pub(super) fn is_path(text: &str) -> bool {
    let has_version = text.contains("==") || text.contains(">=") || text.contains('<');
    // `mylib @ ./mylib`; the folder of a path may have an `@` in its name.
    let has_source = text.split_once('@').is_some_and(|(name, _)| package_name(name.trim()).is_ok());
    !has_version
        && !has_source
        && (text.contains('/') || text.starts_with(['.', '~']) || is_lock(Path::new(text)))
}

/// A folder: a virtual environment, or what it is instead.
pub(super) fn folder(path: &Path, files: &dyn Files) -> Result<EnvironmentSpec, RequestError> {
    let wrong = |why| Err(RequestError::Place { path: path.to_owned(), why });
    let has = |name: &str| files.kind(&path.join(name)) != Kind::Missing;
    if has(PYTHON) {
        return Ok(existing(path, &path.join(PYTHON)));
    }
    if has("Scripts/python.exe") {
        return wrong(PlaceTrouble::Windows);
    }
    if has("pyvenv.cfg") || has("conda-meta") {
        return wrong(PlaceTrouble::NoInterpreter);
    }
    let inside =
        ["requirements.txt", "requirements.lock", ".venv", "venv"].into_iter().find(|name| has(name));
    wrong(PlaceTrouble::Folder { inside: inside.map(|name| path.join(name)) })
}

/// A file: an interpreter, or what it is instead.
pub(super) fn interpreter(path: &Path, files: &dyn Files) -> Result<EnvironmentSpec, RequestError> {
    let mut head = Vec::new();
    let read = files.open(path).and_then(|file| file.take(4).read_to_end(&mut head));
    // What cannot be read may still be started.
    if read.is_ok() && !PROGRAMS.iter().any(|magic| head.starts_with(magic)) {
        return Err(RequestError::Place { path: path.to_owned(), why: PlaceTrouble::NoProgram });
    }
    Ok(existing(path, path))
}

fn existing(named: &Path, command: &Path) -> EnvironmentSpec {
    let name: String = named
        .display()
        .to_string()
        .trim_start_matches(['/', '.'])
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .collect();
    let tail = name.len().saturating_sub(60);
    let name = name.get(tail..).unwrap_or(&name).trim_matches('-').to_owned();
    let command = vec![command.display().to_string()];
    EnvironmentSpec::new(name, RuntimeSpec::Existing { command })
}

/// What is installed in the environment of an interpreter, as the names of its metadata folders say it, with the version
/// of Python that its own folder says; nothing is started.
pub(in super::super) fn installed(command: &Path, files: &dyn Files) -> BTreeMap<String, Version> {
    let mut found = BTreeMap::new();
    let Some(root) = command.parent().and_then(Path::parent) else { return found };
    for library in files.list(&root.join("lib")).unwrap_or_default() {
        let name = name_of(&library);
        let Some(version) = name.strip_prefix("python").and_then(|text| text.parse::<Version>().ok()) else {
            continue;
        };
        found.insert("python".to_owned(), version);
        for entry in files.list(&library.join("site-packages")).unwrap_or_default() {
            let name = name_of(&entry);
            let known = name.strip_suffix(".dist-info").and_then(|name| name.split_once('-'));
            if let Some((package, version)) = known
                && let (Ok(package), Ok(version)) = (package_name(package), version.parse())
            {
                found.insert(package, version);
            }
        }
    }
    found
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
