//! What lies in the folder of a project that its first settings can name.

use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::environments::{environment, is_lock};
use super::error::AppError;
use crate::artifact::{Files, Kind, is_model, models_below};
use crate::present;
use crate::project::{self, Materials, SETTINGS};

/// What was written.
#[derive(Debug)]
pub struct Started {
    /// The file.
    pub path: PathBuf,
    /// What it was written from.
    pub found: Materials,
}

/// Folders in which files with the names of models are somebody else's.
const OTHERS: &[&str] =
    &["__pycache__", "build", "dist", "node_modules", "reports", "site-packages", "target"];
/// Virtual environments as they are usually called.
const PLACES: &[&str] = &[".venv", "venv", "env"];
/// What models predict on, as it is usually called.
const INPUTS: &[&str] = &["X.csv", "X.parquet", "X.npy", "X_test.csv", "inputs.csv"];
/// Locks of other tools, which have to be exported first.
const OTHER_LOCKS: &[&str] = &["Pipfile.lock", "pdm.lock", "poetry.lock", "uv.lock"];
/// What `shelflife baseline accept` writes.
const BASELINE: &str = "shelflife-baseline.json";

/// Writes the first settings of a project from what its folder holds. Nothing is ever overwritten.
///
/// # Errors
/// When it has settings already, or the file cannot be written.
pub fn start(folder: &Path) -> Result<Started, AppError> {
    if Disk.kind(folder) != Kind::Folder {
        return Err(AppError::NoFolder(folder.to_owned()));
    }
    let folder = if folder == Path::new(".") { Path::new("") } else { folder };
    if let Some(known) = project::find([folder.to_owned()], &|path| Disk.read(path))? {
        return Err(AppError::Started(known.path));
    }
    let found = materials(folder, &Disk);
    let path = folder.join(SETTINGS);
    present::write_new(&path, project::starter(&found).as_bytes())?;
    Ok(Started { path, found })
}

fn materials(folder: &Path, files: &dyn Files) -> Materials {
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = files.list(here).unwrap_or_default();
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Materials::default();
    let mut places = vec![PathBuf::new()];
    for entry in &entries {
        let own = name(entry);
        let count = match files.kind(entry) {
            Kind::File if is_model(entry, files) && own != BASELINE => 1,
            // A link to this folder or one above it holds nothing of its own.
            Kind::Folder if files.canonical(here).starts_with(files.canonical(entry)) => 0,
            Kind::Folder if !own.starts_with('.') && !is_others(entry, &own, files) => {
                models_below(entry, files).len()
            }
            Kind::File | Kind::Folder | Kind::Dangling | Kind::Missing => 0,
        };
        if count > 0 {
            found.artifacts.push((own.clone(), count));
        }
        if files.kind(entry) == Kind::Folder && count > 0 {
            places.push(PathBuf::from(own));
        }
    }
    let beside = places.iter().flat_map(|place| INPUTS.iter().map(|name| place.join(name)));
    found.inputs = one(beside.filter(|path| files.kind(&folder.join(path)) == Kind::File));
    found.baseline = (files.kind(&folder.join(BASELINE)) == Kind::File).then(|| BASELINE.to_owned());
    environments(folder, &entries.iter().map(|entry| name(entry)).collect::<Vec<_>>(), files, &mut found);
    found
}

/// The inputs where there is no choice: a wrong guess would be tried with every model.
fn one(mut paths: impl Iterator<Item = PathBuf>) -> Option<String> {
    let first = paths.next()?;
    paths.next().is_none().then(|| first.display().to_string())
}

/// Whether a folder is an environment or what tools leave behind.
fn is_others(path: &Path, name: &str, files: &dyn Files) -> bool {
    let has = |mark: &str| files.kind(&path.join(mark)) != Kind::Missing;
    OTHERS.contains(&name) || ["pyvenv.cfg", "conda-meta", "CACHEDIR.TAG"].into_iter().any(has)
}

/// What may stand for the environment of today: the files that are called so first, and of these the plainest.
fn environments(folder: &Path, names: &[String], files: &dyn Files, found: &mut Materials) {
    let mut candidates: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| is_candidate(name)).collect();
    candidates.sort_by_key(|name| (*name != "requirements.txt", name.len(), *name));
    candidates.extend(PLACES.iter().filter(|place| names.iter().any(|name| name == *place)));
    for name in candidates {
        match environment(&folder.join(name).display().to_string(), "from", files) {
            Ok(_) => found.environments.push(name.to_owned()),
            Err(error) => found.unusable.push((name.to_owned(), error.to_string())),
        }
    }
}

fn is_candidate(name: &str) -> bool {
    let is_named = name.starts_with("requirements") || name == "pylock.toml" || name.ends_with("freeze.txt");
    OTHER_LOCKS.contains(&name) || (is_named && is_lock(Path::new(name)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Memory, PICKLE};
    use super::*;

    #[test]
    fn models_and_environments_of_a_folder_are_found() {
        let files = Memory::of(&[
            ("./requirements.txt", "scikit-learn==1.5.2\n"),
            ("./requirements-next.txt", "scikit-learn==1.7.2\n"),
            ("./requirements-loose.txt", "scikit-learn\n"),
            ("./uv.lock", "version = 1\n"),
            ("./venv/pyvenv.cfg", "home = /usr\n"),
            ("./models/X.csv", "a\n1\n"),
            ("./README.md", "words"),
        ])
        .with("./models/a.pkl", PICKLE)
        .with("./models/deep/b.joblib", PICKLE)
        .with("./own.pkl", PICKLE)
        .with("./venv/lib/c.pkl", PICKLE)
        .with("./.hidden/d.pkl", PICKLE)
        .with("./reports/e.pkl", PICKLE)
        .with("./cache/CACHEDIR.TAG", b"")
        .with("./cache/f.pkl", PICKLE);
        let found = materials(Path::new("."), &files);
        assert_eq!(found.artifacts, [("models".to_owned(), 2), ("own.pkl".to_owned(), 1)]);
        assert_eq!(found.inputs.as_deref(), Some("models/X.csv"));
        assert_eq!(found.environments, ["requirements.txt", "requirements-next.txt"]);
        let unusable: Vec<&str> = found.unusable.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(unusable, ["uv.lock", "requirements-loose.txt", "venv"]);
        assert_eq!(found.baseline, None);
    }
}
