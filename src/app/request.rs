//! What can be asked for, as plain data: whoever types, clicks or calls fills these in.

use std::path::PathBuf;

use crate::plan::Selection;
use crate::vocab::Verdict;

/// Try every artifact of a matrix in every environment.
#[derive(Clone, Debug, Default)]
pub struct RunRequest {
    /// The matrix file.
    pub matrix: PathBuf,
    /// The part of it to run.
    pub selection: Selection,
    /// Verdicts that are regressions wherever no expectation covers them.
    pub fail_on: Vec<Verdict>,
    /// What is known: see [`super::open`].
    pub baseline: Option<PathBuf>,
    /// Whether to state what was to be expected of each cell.
    pub forecast: bool,
    /// Whether each artifact is also tried on rows that are derived from its model.
    pub probe: bool,
    /// Name of the run; the matrix's where `None`.
    pub name: Option<String>,
}

/// Which files, and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct FilesRequest {
    /// Files, folders, globs or registries.
    pub artifacts: Vec<PathBuf>,
    /// What they predict on.
    pub inputs: Option<PathBuf>,
    /// Columns of a CSV that are no inputs.
    pub drop: Vec<String>,
    /// Types of columns of a CSV, such as `zip=text`.
    pub dtype: Vec<String>,
    /// What they should give.
    pub expected: Option<PathBuf>,
    /// The outputs that are compared; all that they offer where empty.
    pub methods: Vec<String>,
    /// Whether they are only loaded.
    pub load_only: bool,
    /// What made them, as a text for [`super::environments()`].
    pub made_by: Option<String>,
    /// Seed of random inputs and of the random generators.
    pub seed: u32,
    /// Their format, where content and extension do not tell.
    pub format: Option<String>,
    /// Types in skops files that may be loaded beside those that skops knows; `all` for any.
    pub trust: Vec<String>,
    /// Packages that what comes with them may name beside those that are known: `NAME` or `NAME==VERSION`.
    pub allow_packages: Vec<String>,
    /// Folders with modules that no package brings, or single files of them.
    pub modules: Vec<PathBuf>,
    /// The most seconds that one load with its predictions may take.
    pub seconds: Option<f64>,
    /// The most bytes that it may take.
    pub memory_bytes: Option<u64>,
}

/// Try files in environments.
#[derive(Clone, Debug, Default)]
pub struct CheckRequest {
    /// What is tried.
    pub files: FilesRequest,
    /// The environments, as texts for [`super::environments()`]; the newest release and the next one where empty.
    pub on: Vec<String>,
    /// Whether each file is also tried on rows that are derived from it.
    pub probe: bool,
    /// Name of the run.
    pub name: Option<String>,
}

/// Judge a move from one environment to another, or a matrix against what is known.
#[derive(Clone, Debug, Default)]
pub struct GateRequest {
    /// Artifacts, or one matrix (`.toml`).
    pub files: FilesRequest,
    /// The environment of today.
    pub from: Option<String>,
    /// The environment to move to.
    pub to: Option<String>,
    /// The folder of a project that is tried instead of an environment: its head. The files have to bring what they gave.
    pub head: Option<PathBuf>,
    /// What is known: see [`super::open`].
    pub baseline: Option<PathBuf>,
    /// Verdicts that are regressions whatever is known.
    pub fail_on: Vec<Verdict>,
    /// Whether what would be a regression is tried again before it is believed.
    pub retry: bool,
    /// Whether to find out which of the files could be rescued.
    pub rescue: bool,
    /// Whether each file is also tried on rows that are derived from it.
    pub probe: bool,
    /// Name of the run.
    pub name: Option<String>,
}

/// Keep the models of a matrix as each of its environments saves them.
#[derive(Clone, Debug, Default)]
pub struct MuseumRequest {
    /// The matrix file.
    pub matrix: PathBuf,
    /// The folder of the museum.
    pub output: PathBuf,
    /// Name of the run in which they are made.
    pub name: Option<String>,
}

/// Make files work in another environment, with proof.
#[derive(Clone, Debug, Default)]
pub struct RescueRequest {
    /// What is to be rescued.
    pub files: FilesRequest,
    /// The environment that is to read them, as a text for [`super::environments()`].
    pub to: String,
    /// The environment that made what nothing tells the maker of, as such a text.
    pub from: Option<String>,
    /// Where to write: a file, or a folder. Nothing is written where `None`.
    pub output: Option<PathBuf>,
    /// The format in which they are written; that of each where `None`.
    pub format: Option<String>,
    /// Whether modules may stand beside a file.
    pub companion: bool,
    /// Whether what nothing can verify is written all the same.
    pub allow_unproven: bool,
    /// Whether a Python file that does the same alone is written as well.
    pub script: bool,
    /// Name of the run.
    pub name: Option<String>,
}

/// Find the first release in which an artifact does worse.
#[derive(Clone, Debug, Default)]
pub struct BisectRequest {
    /// What is tried: one artifact.
    pub files: FilesRequest,
    /// A release that works.
    pub good: String,
    /// A release that does not.
    pub bad: String,
    /// The package whose releases are tried.
    pub package: String,
    /// What stays the same, as a text for [`super::environments()`].
    pub with: Option<String>,
    /// Name of the folder of its runs.
    pub name: Option<String>,
}
