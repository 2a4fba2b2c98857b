//! What somebody types to try a cell once more, or to rescue the files that fail: whole commands, from what a run knows of
//! its files and environments.

use std::collections::{BTreeSet, HashMap};

use super::words::{line, plural, quoted};
use crate::vocab::{ArtifactRecord, CellRecord, EnvName, EnvironmentRecord, FilePlan, Record, Runtime};

/// Files that one command names.
const MOST_FILES: usize = 4;
/// Packages that say what an environment is, beside its Python.
const PACKAGES: [&str; 5] = ["scikit-learn", "numpy", "scipy", "joblib", "pandas"];

/// What commands need of a record, looked up once.
#[derive(Clone, Debug)]
pub struct Repeat<'r> {
    files: HashMap<&'r str, &'r FilePlan>,
    environments: HashMap<&'r EnvName, &'r EnvironmentRecord>,
}

impl<'r> Repeat<'r> {
    /// Of a judged run.
    pub fn new(record: &'r Record) -> Self {
        let file = |artifact: &'r ArtifactRecord| Some((artifact.id.as_str(), artifact.file.as_ref()?));
        Self {
            files: record.artifacts.iter().filter_map(file).collect(),
            environments: record.environments.iter().map(|it| (&it.name, it)).collect(),
        }
    }

    /// The command that tries a cell again; nothing where its file stands nowhere, or its environment is not one of
    /// versions.
    pub fn cell(&self, cell: &CellRecord) -> Option<String> {
        let file = self.files.get(cell.artifact.as_str())?;
        let environment = self.environment(&cell.consumer, file)?;
        Some(format!("shelflife check {} --on {environment}{}", path(&file.path)?, inputs(file)?))
    }

    /// The command that rescues the files of cells for the environment of the first of them, as code, and how many files it does
    /// not name.
    pub fn rescue(&self, cells: &[&CellRecord]) -> Option<String> {
        let first = cells.first()?;
        let mut files: Vec<&FilePlan> = Vec::new();
        for cell in cells.iter().filter(|cell| cell.consumer == first.consumer) {
            let file = *self.files.get(cell.artifact.as_str())?;
            if files.iter().all(|known| known.path != file.path) {
                files.push(file);
            }
        }
        let file = files.first()?;
        let target = self.environment(&first.consumer, file)?;
        // Files with inputs of their own are rescued one by one.
        let is_alike = files.iter().all(|it| it.inputs_file == file.inputs_file);
        let named = &files[..if is_alike { files.len().min(MOST_FILES) } else { 1 }];
        let more = files.len() - named.len();
        let paths: Option<Vec<String>> = named.iter().map(|file| path(&file.path)).collect();
        let paths = paths?.join(" ");
        let command = format!("`shelflife rescue {paths} --to {target}{} -o rescued/`", inputs(file)?);
        Some(match more {
            0 => command,
            more => format!("{command}, and {} in the same way", plural(more as u64, "more file")),
        })
    }

    /// An environment as `--on` and `--to` take it, with what a file needs of it.
    fn environment(&self, name: &EnvName, file: &FilePlan) -> Option<String> {
        let of_versions = |it: &&&EnvironmentRecord| it.runtime == Runtime::Venv && !it.is_broken();
        let environment = self.environments.get(name).filter(of_versions)?;
        // Without a release of it nothing says what the environment is about.
        environment.packages.get(PACKAGES[0])?;
        let minor: Vec<&str> = environment.python.splitn(3, '.').take(2).collect();
        let own = file.imports.values().map(String::as_str).filter(|package| !PACKAGES.contains(package));
        let named: BTreeSet<&str> = own.collect();
        let versions = PACKAGES.into_iter().chain(named);
        let versions = versions.filter_map(|package| Some((package, environment.packages.get(package)?)));
        let mut words: Vec<String> =
            versions.map(|(package, version)| format!("{package}=={version}")).collect();
        if minor.len() == 2 {
            words.push(format!("python=={}", minor.join(".")));
        }
        let words = words.join(" ");
        (line(&words) == words).then(|| quoted(&words))
    }
}

/// A path that no option can be mistaken for; nothing where it cannot be shown as it is.
fn path(path: &str) -> Option<String> {
    let whole = if path.starts_with('-') { format!("./{path}") } else { path.to_owned() };
    (line(&whole) == whole).then(|| quoted(&whole))
}

fn inputs(file: &FilePlan) -> Option<String> {
    match &file.inputs_file {
        Some(inputs) => Some(format!(" --inputs {}", path(inputs)?)),
        None => Some(String::new()),
    }
}
