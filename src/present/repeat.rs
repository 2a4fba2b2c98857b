//! What somebody types to try cells once more, or to rescue the files that fail: whole commands, from what a run knows of
//! its matrix, files and environments.

use std::collections::{BTreeSet, HashMap};

use super::words::{line, plural, quoted};
use crate::vocab::{ArtifactRecord, CellRecord, EnvName, EnvironmentRecord, FilePlan, Record, Runtime};

/// Files that one command names.
const MOST_FILES: usize = 4;
/// Names of one kind, such as models, that one command names.
const MOST_NAMES: usize = 8;
/// Packages that say what an environment is, beside its Python.
const PACKAGES: [&str; 5] = ["scikit-learn", "numpy", "scipy", "joblib", "pandas"];

/// What commands need of a record, looked up once.
#[derive(Clone, Debug)]
pub struct Repeat<'r> {
    files: HashMap<&'r str, &'r FilePlan>,
    environments: HashMap<&'r EnvName, &'r EnvironmentRecord>,
    /// The models that nothing was derived from others for, longest name first.
    models: Vec<&'r str>,
    /// The file of the matrix, and the name of the run.
    matrix: Option<(&'r str, &'r str)>,
}

/// A command that tries cells again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// What is typed.
    pub command: String,
    /// Whether it tries all the cells that it was asked for; the first one alone otherwise.
    pub is_whole: bool,
}

impl<'r> Repeat<'r> {
    /// Of a judged run.
    pub fn new(record: &'r Record) -> Self {
        let file = |artifact: &'r ArtifactRecord| Some((artifact.id.as_str(), artifact.file.as_ref()?));
        let is_derived = |it: &&ArtifactRecord| it.file.as_ref().is_some_and(|file| file.probes.is_some());
        let own = record.artifacts.iter().filter(|it| !is_derived(it)).map(|it| it.model.as_str());
        let mut models: Vec<&str> = own.collect::<BTreeSet<_>>().into_iter().collect();
        models.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self {
            files: record.artifacts.iter().filter_map(file).collect(),
            environments: record.environments.iter().map(|it| (&it.name, it)).collect(),
            models,
            matrix: record.matrix.file.as_deref().map(|file| (file, record.run.name.as_str())),
        }
    }

    /// The command that tries a cell again; nothing where its file stands nowhere, or its environment is not one of
    /// versions.
    pub fn cell(&self, cell: &CellRecord) -> Option<String> {
        self.cells(&[cell]).map(|again| again.command)
    }

    /// The command that tries cells again: of a matrix the part of it that they are, which may hold cells between them as
    /// well; of files those that were read by the first reader. Nothing where that cannot be typed.
    pub fn cells(&self, cells: &[&CellRecord]) -> Option<Again> {
        let first = cells.get(..1)?;
        let command = |cells: &[&CellRecord]| match self.matrix {
            Some((file, run)) => self.part(file, run, cells),
            None => self.check(cells),
        };
        match command(cells) {
            Some(command) => Some(Again { command, is_whole: true }),
            None if cells.len() > 1 => Some(Again { command: command(first)?, is_whole: false }),
            None => None,
        }
    }

    /// What the command for a cell of a trained model begins with, where all that follows are its names as `--model`, `--format`,
    /// `--producer` and `--consumer`; nothing where one of the names cannot be typed as it is.
    pub fn beginning<'n>(&self, mut names: impl Iterator<Item = &'n str>) -> Option<String> {
        let (file, run) = self.matrix?;
        let is_plain = |name: &str| pattern(name).is_some_and(|typed| typed == name);
        if names.all(is_plain) { beginning(file, run) } else { None }
    }

    /// Whether the run has trained what was read in a cell.
    pub fn is_trained(&self, cell: &CellRecord) -> bool {
        !self.files.contains_key(cell.artifact.as_str())
    }

    /// The part of a matrix that covers cells, as a run of its own that takes no other's place.
    fn part(&self, file: &str, run: &str, cells: &[&CellRecord]) -> Option<String> {
        let [mut models, mut formats, mut producers, mut consumers]: [BTreeSet<&str>; 4] = Default::default();
        let mut has_probes = false;
        for cell in cells {
            let file = self.files.get(cell.artifact.as_str());
            let is_derived = file.is_some_and(|file| file.probes.is_some());
            has_probes |= is_derived;
            let model = cell.model.as_str();
            models.insert(if is_derived { self.origin(model)? } else { model });
            consumers.insert(cell.consumer.as_str());
            // A file that exists already has one format and one writer, which nobody selects.
            if is_derived || file.is_none() {
                formats.insert(cell.format.as_str());
                producers.insert(cell.producer.as_str());
            }
        }
        let mut words = beginning(file, run)?;
        let kinds = [
            ("--model", models),
            ("--format", formats),
            ("--producer", producers),
            ("--consumer", consumers),
        ];
        for (option, names) in kinds {
            if names.len() > MOST_NAMES {
                return None;
            }
            for name in names {
                words.push_str(&format!(" {option} {}", pattern(name)?));
            }
        }
        if has_probes {
            words.push_str(" --probe");
        }
        Some(words)
    }

    /// The model that the rows of a derived one were derived from.
    fn origin(&self, model: &str) -> Option<&'r str> {
        let is_origin = |name: &&&str| model.strip_prefix(**name).is_some_and(|rest| rest.starts_with('.'));
        self.models.iter().find(is_origin).copied()
    }

    /// The files of cells in the environment of the first of them.
    fn check(&self, cells: &[&CellRecord]) -> Option<String> {
        let consumer = &cells.first()?.consumer;
        if cells.iter().any(|cell| cell.consumer != *consumer) {
            return None;
        }
        let files = self.alike(cells)?;
        let file = files.first()?;
        if files.len() > MOST_FILES || files.iter().any(|it| !takes_alike(it, file)) {
            return None;
        }
        let probe = if cells.iter().any(|cell| self.is_probe(cell)) { " --probe" } else { "" };
        let paths: Option<Vec<String>> = files.iter().map(|file| path(&file.path)).collect();
        let environment = self.environment(consumer, file)?;
        Some(format!(
            "shelflife check {} --on {environment}{}{probe}",
            paths?.join(" "),
            inputs(self.own(file))?
        ))
    }

    fn is_probe(&self, cell: &CellRecord) -> bool {
        self.files.get(cell.artifact.as_str()).is_some_and(|file| file.probes.is_some())
    }

    /// The file as it was given: what was derived from it does not say which rows it came with.
    fn own(&self, file: &'r FilePlan) -> &'r FilePlan {
        let same = |it: &&&FilePlan| it.path == file.path && it.probes.is_none();
        self.files.values().find(same).copied().unwrap_or(file)
    }

    /// The files of cells, each once; nothing where one of them is not a file.
    fn alike(&self, cells: &[&CellRecord]) -> Option<Vec<&'r FilePlan>> {
        let mut files: Vec<&FilePlan> = Vec::new();
        for cell in cells {
            let file = *self.files.get(cell.artifact.as_str())?;
            if files.iter().all(|known| known.path != file.path) {
                files.push(file);
            }
        }
        Some(files)
    }

    /// The command that rescues the files of cells for the environment of the first of them, as code, and how many files it does
    /// not name.
    pub fn rescue(&self, cells: &[&CellRecord]) -> Option<String> {
        let first = cells.first()?;
        let same: Vec<&CellRecord> =
            cells.iter().copied().filter(|cell| cell.consumer == first.consumer).collect();
        let files = self.alike(&same)?;
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
        // What was given as a file or a folder has a version that no index knows.
        if words.iter().any(|word| word.contains("+direct.")) {
            return None;
        }
        if minor.len() == 2 {
            words.push(format!("python=={}", minor.join(".")));
        }
        let words = words.join(" ");
        (line(&words) == words).then(|| quoted(&words))
    }
}

fn beginning(file: &str, run: &str) -> Option<String> {
    Some(format!("shelflife run {} --run {}", path(file)?, pattern(&format!("{run}-again"))?))
}

/// Whether two files are tried by one command: on the same rows, and beside the same packages.
fn takes_alike(one: &FilePlan, other: &FilePlan) -> bool {
    one.inputs_file == other.inputs_file && one.imports == other.imports
}

/// A name as an option takes it that selects by patterns; nothing where it would select something else.
fn pattern(name: &str) -> Option<String> {
    let is_plain = !name.starts_with('-') && !name.contains(['*', '?', '<', '>', '=', '!', '~', ',']);
    (is_plain && line(name) == name).then(|| quoted(name))
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
