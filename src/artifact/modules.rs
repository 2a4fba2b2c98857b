//! Modules that no package brings: folders of an author's own code, which travel with a file as one archive.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::{Files, Kind};
use super::folder::{Entry, packed, unpacked};
use crate::matrix::GivenModules;
use crate::vocab::Digest;

/// Bytes of all modules, at most.
const MOST: usize = 256 << 20;
/// Bytes of a file in a package that is no module.
const MOST_OF_DATA: usize = 1 << 20;
/// Folders below one another, at most.
const DEPTH: usize = 16;
/// Files that are modules.
const MODULES: &[&str] = &["py", "so", "pyd"];
/// Where many projects keep their packages, and what tells a project.
const SOURCES: &str = "src";
const PROJECT: &[&str] = &["pyproject.toml", "setup.py", "setup.cfg"];
/// What makes a folder a package.
const INIT: &str = "__init__.py";
/// Folders that are nobody's modules.
const PASSED_OVER: &[&str] = &["__pycache__", "node_modules", "site-packages"];

/// Packs what was given: of folders all modules, and what stands beside them in packages.
///
/// # Errors
/// Why it cannot be taken, in words.
pub(super) fn pack(files: &dyn Files, given: &[PathBuf]) -> Result<Option<GivenModules>, String> {
    let mut entries: Vec<Entry> = Vec::new();
    for path in &with_sources(files, given) {
        let cannot = |why: String| format!("the modules in `{}` cannot be used: {why}", path.display());
        let name = name_of(&files.canonical(path));
        match files.kind(path) {
            Kind::Missing | Kind::Dangling => return Err(cannot("there is nothing".to_owned())),
            Kind::File => {
                let bytes = files.read(path).map_err(|error| cannot(error.to_string()))?;
                entries.push((name, Some(bytes)));
            }
            Kind::Folder => {
                let is_package = files.kind(&path.join(INIT)) == Kind::File;
                // A package is imported by its name, whoever gives its folder and not the one above.
                let prefix = if is_package { format!("{name}/") } else { String::new() };
                let before = entries.len();
                collect(files, path, &prefix, 0, &mut entries).map_err(cannot)?;
                if entries.len() == before {
                    return Err(cannot("there is no .py file".to_owned()));
                }
            }
        }
    }
    if entries.is_empty() {
        return Ok(None);
    }
    let bytes: Arc<[u8]> = packed(&entries).map_err(|error| error.to_string())?.into();
    Ok(Some(GivenModules { digest: Digest::of(&bytes), bytes }))
}

/// What was given, with the folder `src` of each that is a project with one: its packages are imported from there.
fn with_sources(files: &dyn Files, given: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in given {
        let sources = path.join(SOURCES);
        let is_project = PROJECT.iter().any(|name| files.kind(&path.join(name)) == Kind::File);
        if is_project && files.kind(&sources) == Kind::Folder {
            all.push(sources);
        }
        all.push(path.clone());
    }
    all
}

/// The modules that were given, with further ones beside them.
///
/// # Errors
/// When what was given cannot be read.
pub fn with_modules(given: Option<&GivenModules>, further: &[(&str, &str)]) -> std::io::Result<GivenModules> {
    let mut entries = match given {
        Some(given) => unpacked(&given.bytes)?,
        None => Vec::new(),
    };
    entries.extend(
        further.iter().map(|(name, source)| (format!("{name}.py"), Some(source.as_bytes().to_vec()))),
    );
    let bytes: Arc<[u8]> = packed(&entries)?.into();
    Ok(GivenModules { digest: Digest::of(&bytes), bytes })
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn collect(
    files: &dyn Files,
    folder: &Path,
    prefix: &str,
    depth: usize,
    entries: &mut Vec<Entry>,
) -> Result<(), String> {
    if depth > DEPTH {
        return Ok(());
    }
    let is_package = files.kind(&folder.join(INIT)) == Kind::File;
    for path in files.list(folder).map_err(|error| error.to_string())? {
        let name = name_of(&path);
        if name.starts_with('.') || PASSED_OVER.contains(&name.as_str()) {
            continue;
        }
        match files.kind(&path) {
            // A virtual environment is no part of somebody's own code.
            Kind::Folder if files.kind(&path.join("pyvenv.cfg")) == Kind::File => {}
            Kind::Folder => collect(files, &path, &format!("{prefix}{name}/"), depth + 1, entries)?,
            Kind::File => {
                let is_module = path.extension().is_some_and(|it| MODULES.iter().any(|known| it == *known));
                if !is_module && !is_package {
                    continue;
                }
                let bytes = files.read(&path).map_err(|error| error.to_string())?;
                if !is_module && bytes.len() > MOST_OF_DATA {
                    continue;
                }
                let sum: usize = entries.iter().filter_map(|(_, bytes)| bytes.as_ref()).map(Vec::len).sum();
                if sum + bytes.len() > MOST {
                    return Err(
                        "they hold more than 256 MiB; give the folder of the module itself".to_owned()
                    );
                }
                let full = format!("{prefix}{name}");
                if entries.iter().all(|(known, _)| *known != full) {
                    entries.push((full, Some(bytes)));
                }
            }
            Kind::Dangling | Kind::Missing => {}
        }
    }
    Ok(())
}
