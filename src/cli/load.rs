//! Reads what the pure layers need from files: the matrix, its datasets, recorded events.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::SelectArgs;
use super::console;
use super::failure::Failure;
use crate::artifact::{Files, Finder, Kind, Packages, Stream};
use crate::dataset::{self, DatasetError};
use crate::judge::{self, Baseline, JudgeOptions};
use crate::matrix::{self, Matrix};
use crate::plan::{self, Plan, Selection};
use crate::present::{self, parse_events};
use crate::state::RunState;
use crate::vocab::Verdict;

/// The matrix in a file.
pub(super) fn matrix(path: &Path) -> Result<Matrix, Failure> {
    let finder = Finder { files: &Disk, default_producer: None, packages: Packages::new() };
    Ok(matrix::load_with(path, &|path| fs_err::read(path), &finder)?)
}

/// The file system of this machine, for finding artifacts.
pub(super) struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> Kind {
        match fs_err::metadata(path) {
            Ok(known) if known.is_dir() => Kind::Folder,
            Ok(_) => Kind::File,
            Err(_) if fs_err::symlink_metadata(path).is_ok() => Kind::Dangling,
            Err(_) => Kind::Missing,
        }
    }

    fn list(&self, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        let mut entries: Vec<PathBuf> =
            fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
        entries.sort();
        Ok(entries)
    }

    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        regular(path)?;
        fs_err::read(path)
    }

    fn open(&self, path: &Path) -> std::io::Result<Box<dyn Stream>> {
        regular(path)?;
        Ok(Box::new(fs_err::File::open(path)?))
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// A pipe could block for ever.
fn regular(path: &Path) -> std::io::Result<()> {
    if fs_err::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(std::io::Error::other("it is no regular file"))
}

/// Says what was asked for and is no artifact; the rest goes on.
pub(super) fn tell_refused(matrix: &Matrix) {
    for refusal in &matrix.refused {
        console::note(&format!("left out: {} ({})", refusal.message, refusal.help));
    }
}

/// The matrix in a file and what is selected of it.
pub(super) fn matrix_and_plan(path: &Path, select: &SelectArgs) -> Result<(Matrix, Plan), Failure> {
    let matrix = matrix(path)?;
    let selection = Selection {
        models: select.model.clone(),
        formats: select.format.clone(),
        producers: select.producer.clone(),
        consumers: select.consumer.clone(),
    };
    let plan = plan::plan(&matrix, &selection)?;
    Ok((matrix, plan))
}

/// The datasets that a plan uses, as the agent reads them.
pub(super) fn datasets(matrix: &Matrix, plan: &Plan) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let mut encoded = BTreeMap::new();
    for name in plan.models.iter().flat_map(|model| std::iter::once(&model.dataset).chain(&model.inputs)) {
        if encoded.contains_key(name) {
            continue;
        }
        if let Some(bytes) = matrix.given.get(name) {
            encoded.insert(name.clone(), bytes.clone());
            continue;
        }
        // Names of datasets were checked when the matrix was compiled.
        let Some(spec) = matrix.datasets.get(name) else { continue };
        let read = |path: &Path| {
            fs_err::read(path).map_err(|error| Box::new(DatasetError::unreadable(spec, &error)))
        };
        let bytes = read(&spec.path)?;
        let is_npy = spec.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
        let target = match spec.target.as_slice() {
            [target] if is_npy => Some(read(Path::new(target))?),
            _ => None,
        };
        let dataset = dataset::parse(spec, &bytes, target.as_deref()).map_err(Box::new)?;
        encoded.insert(name.clone(), dataset.encode());
    }
    Ok(encoded)
}

/// The folder of a run that was given by name, folder or event file.
pub(super) fn run_folder(given: &Path, reports: &Path) -> PathBuf {
    if given.is_file() {
        return given.parent().unwrap_or(Path::new(".")).to_owned();
    }
    if given.join(EVENTS).is_file() { given.to_owned() } else { reports.join(given) }
}

/// What to judge by: verdicts of the command line, and an earlier run.
pub(super) fn judge_options(
    fail_on: &[Verdict],
    baseline: Option<&Path>,
    reports: &Path,
    forecast: bool,
) -> Result<JudgeOptions, Failure> {
    let baseline = match baseline {
        None => None,
        Some(given) if super::gate::is_baseline_record(given) => {
            Some(Baseline::default().accepting(&super::gate::read_known(given)?))
        }
        Some(given) if given.is_file() && given.extension().is_some_and(|extension| extension == "json") => {
            let unreadable = |reason: String| Failure::Record { path: given.to_owned(), reason };
            let bytes = fs_err::read(given).map_err(|error| unreadable(error.to_string()))?;
            let record = present::json::read(&bytes).map_err(|error| unreadable(error.to_string()))?;
            Some(Baseline::of(&record))
        }
        Some(given) => {
            let path = run_folder(given, reports).join(EVENTS);
            Some(Baseline::of(&judge::judge(&state(&path)?, &JudgeOptions::default())))
        }
    };
    Ok(JudgeOptions { fail_on: fail_on.to_vec(), baseline, forecast })
}

/// Name of the record in the folder of a run.
pub(super) const EVENTS: &str = "events.jsonl";

/// What is known of a recorded run.
pub(super) fn state(path: &Path) -> Result<RunState, Failure> {
    let unreadable = |reason: String| Failure::Record { path: path.to_owned(), reason };
    let bytes = fs_err::read(path).map_err(|error| unreadable(error.to_string()))?;
    let events = parse_events(&bytes).map_err(|error| unreadable(error.to_string()))?;
    if events.is_empty() {
        return Err(unreadable("it is empty".to_owned()));
    }
    RunState::replay(events).map_err(|error| unreadable(error.to_string()))
}
