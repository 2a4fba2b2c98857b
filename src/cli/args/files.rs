//! What can be typed about files that exist already, and about runs after they ended.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::RunningArgs;
use crate::notation::{memory_limit, time_limit};
use crate::vocab::Verdict;

/// Which files, what is known of them, and their format.
#[derive(Args, Debug, Default)]
pub struct ArtifactArgs {
    /// Which files.
    #[command(flatten)]
    pub files: FileArgs,
    /// Their format, where content and extension do not tell: pickle, joblib, cloudpickle, skops, onnx, mlflow, ...
    #[arg(long, short = 'f', value_name = "FORMAT")]
    pub format: Option<String>,
}

/// Which files, and what is known of them.
#[derive(Args, Debug, Default)]
pub struct FileArgs {
    /// Files, folders, globs or registries.
    #[arg(required = true, value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// What they predict on: .csv, .parquet, .npy, .json or .jsonl, or a pattern such as '{dir}/X.csv' or '{stem}.csv' of one for
    /// each. Default: the validation file beside each, else random numbers of the right width.
    #[arg(long, short = 'i', value_name = "FILE")]
    pub inputs: Option<PathBuf>,
    /// Columns of a CSV that are not inputs, such as the target (separated by commas).
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Types of columns of a CSV, such as `zip=text` or `size=category(S<M<L)` (float64, float32, int64, bool, text, category,
    /// datetime, and Int64, boolean, string of pandas); inferred otherwise.
    #[arg(long, value_name = "COLUMN=TYPE", value_delimiter = ',')]
    pub dtype: Vec<String>,
    /// What they should give: .npy for predict, .csv with a label or probability(CLASS) columns, .json by output, or a pattern
    /// such as '{stem}.csv' of one for each. Needs --inputs.
    #[arg(long, short = 'e', value_name = "FILE", requires = "inputs")]
    pub expected: Option<PathBuf>,
    /// Outputs to compare, such as predict (separated by commas). Default: every output that they offer. Where --expected
    /// gives all of them, the environment that made a file is not needed and not made.
    #[arg(long, value_name = "OUTPUTS", value_delimiter = ',')]
    pub methods: Vec<String>,
    /// Only load, predict nothing.
    #[arg(long, conflicts_with = "inputs")]
    pub load_only: bool,
    /// What made them, where they do not tell: an environment as for --on.
    #[arg(long, value_name = "ENV")]
    pub made_by: Option<String>,
    /// Seed of random inputs and of the random generators.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u32,
    /// Types in skops files that may be loaded beside those that skops knows: `all`, or their names (separated by commas).
    #[arg(long, value_name = "all|TYPES", value_delimiter = ',')]
    pub trust: Vec<String>,
    /// A package that what comes with the files may name beside those that shelflife knows, in any version or in one
    /// (repeatable). Nothing else that a file names is installed.
    #[arg(long, value_name = "NAME[==VERSION]")]
    pub allow_package: Vec<String>,
    /// A folder with modules that they need and that no package brings, your own code: the folder of the training
    /// script, or one .py file (repeatable). They are imported in the cells, in the same cage as the file.
    #[arg(long, visible_alias = "module", value_name = "FOLDER")]
    pub modules: Vec<PathBuf>,
    /// The most that one load with its predictions may take, such as 90s or 2m. Default: 60s.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub timeout: Option<f64>,
    /// The most memory that it may take, such as 512MiB or 4GiB. Default: 2GiB.
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<u64>,
}

fn time(text: &str) -> Result<f64, String> {
    time_limit(text).map_err(|(what, help)| format!("it {what}: {help}"))
}

fn memory(text: &str) -> Result<u64, String> {
    memory_limit(text).map_err(|(what, help)| format!("it {what}: {help}"))
}

/// What `check`, `rescue` and `requires` are over, in the help.
pub(super) const OF_PROJECT: &str = "Files, folders, globs or registries. Default: `artifacts` of the settings of the project, with what they predict on";

/// Arguments of `check`.
#[derive(Args, Debug)]
#[command(mut_arg("artifacts", |it| it.required(false).help(OF_PROJECT)))]
pub struct CheckArgs {
    /// What is tried.
    #[command(flatten)]
    pub files: ArtifactArgs,
    /// Environments to try them in (repeatable): `scikit-learn==1.5.2,1.7.2`, `"scikit-learn==1.7.2 numpy==2.3.5
    /// python==3.13"`, a lock (.json of a run, or pip's requirements.txt), an interpreter or the folder of a virtual
    /// environment, `debian:bookworm/i386`, or `docker:IMAGE`; a name of your own goes before it, such as
    /// `today=requirements.txt`. Default: the newest release of scikit-learn, and the next pre-release.
    #[arg(long, value_name = "ENV")]
    pub on: Vec<String>,
    /// Also try each file on rows that are derived from it, so that what friendly data hides is seen: both sides of the
    /// thresholds of its trees and all leaves, each category and word, unknown ones, extremes, missing values.
    #[arg(long)]
    pub probe: bool,
    /// How the run goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// What a gate is over, in the help.
const GATED: &str = "Files, folders, globs or registries, or one matrix (.toml). Default: what the settings of the project say";

/// Arguments of `gate`.
#[derive(Args, Debug)]
#[command(mut_arg("artifacts", |it| it.required(false).help(GATED)))]
pub struct GateArgs {
    /// What is tried: artifacts, or one matrix (.toml).
    #[command(flatten)]
    pub files: ArtifactArgs,
    /// The environment of today, as for `check --on`. Files that do not say what made them count as made there.
    #[arg(long, value_name = "ENV")]
    pub from: Option<String>,
    /// The environment to move to.
    #[arg(long, value_name = "ENV")]
    pub to: Option<String>,
    /// The folder of a library's own project, which is built and tried against files of its releases (`shelflife museum`).
    /// It stands for --to, and what the files bring for --from.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["from", "to", "rescue"])]
    pub head: Option<PathBuf>,
    /// What is known: the file of `shelflife baseline accept`, or an earlier run (name, folder, results.json).
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Verdicts that end the gate with 100 whatever is known, separated by commas, such as `roundoff`.
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',')]
    pub fail_on: Vec<Verdict>,
    /// The file with the settings of the project. Default: `shelflife.toml`, or `pyproject.toml` with `[tool.shelflife]`, of
    /// this folder or of the nearest one above.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Leave the settings of the project aside.
    #[arg(long)]
    pub no_config: bool,
    /// Believe a regression at once.
    #[arg(long)]
    pub no_retry: bool,
    /// Find out which of the files that stop working could be rescued, and offer that on the page; nothing is written.
    #[arg(long)]
    pub rescue: bool,
    /// Also try each file on rows that are derived from it, so that what friendly data hides is seen: both sides of the
    /// thresholds of its trees and all leaves, each category and word, unknown ones, extremes, missing values.
    #[arg(long)]
    pub probe: bool,
    /// In GitHub Actions: write the step summary, and print annotations.
    #[arg(long)]
    pub github: bool,
    /// Write a badge for shields.io (endpoint format).
    #[arg(long, value_name = "FILE")]
    pub badge: Option<PathBuf>,
    /// How the run goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// Arguments of `museum`.
#[derive(Args, Debug)]
pub struct MuseumArgs {
    /// The matrix: which models, in which releases.
    pub matrix: PathBuf,
    /// The folder of the museum. What stands there already stays as it is.
    #[arg(long, short = 'o', value_name = "DIR", default_value = "museum")]
    pub output: PathBuf,
    /// How the run goes in which they are made.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// Arguments of `rescue`.
#[derive(Args, Debug)]
#[command(mut_arg("artifacts", |it| it.required(false).help(OF_PROJECT)))]
pub struct RescueArgs {
    /// What is to be rescued.
    #[command(flatten)]
    pub files: FileArgs,
    /// The environment that is to read them, as for `check --on`: `scikit-learn==1.9.1`, a lock, an interpreter, ... Default,
    /// where no ARTIFACT is named: `to` of the settings of the project.
    #[arg(long, value_name = "ENV")]
    pub to: Option<String>,
    /// Where to write: a file, or a folder in which they stand as they stood below what was named. Nothing is ever
    /// overwritten.
    #[arg(long, short = 'o', value_name = "PATH", required_unless_present = "dry_run")]
    pub output: Option<PathBuf>,
    /// Write them in this format instead of their own: onnx, json-params, skops, pickle, joblib, joblib-zlib, ... What cannot
    /// be mended may be translated: onnx and json-params are made in the environment that made the model.
    #[arg(long, short = 'f', value_name = "FORMAT")]
    pub format: Option<String>,
    /// Do everything but write: say what would be rescued, and how well.
    #[arg(long)]
    pub dry_run: bool,
    /// Where no class of the target can express a model, write a small module beside the file that can.
    #[arg(long)]
    pub companion: bool,
    /// Write also what nothing can verify, and say so in its record.
    #[arg(long)]
    pub allow_unproven: bool,
    /// Write beside each file one Python file of plain standard code that does the same without shelflife.
    #[arg(long)]
    pub script: bool,
    /// How the run goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// Arguments of `compare`.
#[derive(Args, Debug)]
pub struct CompareArgs {
    /// The earlier run: its name, its folder, its events.jsonl or its results.json.
    pub before: PathBuf,
    /// The later run.
    pub now: PathBuf,
    /// Folder of all runs, for runs given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

/// Arguments of `history`.
#[derive(Args, Debug)]
pub struct HistoryArgs {
    /// Runs to take in; by default all under --reports that are not known yet.
    pub runs: Vec<PathBuf>,
    /// Folder of all runs.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
    /// The database; history.sqlite in the folder of all runs by default.
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// Where to write the page; history.html beside the database by default, and with --model or --matrix a page of that
    /// selection beside it.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Only these models (glob, repeatable).
    #[arg(long, short = 'm', value_name = "GLOB")]
    pub model: Vec<String>,
    /// Only these matrices (glob, repeatable).
    #[arg(long, value_name = "GLOB")]
    pub matrix: Vec<String>,
}

/// Arguments of `bisect`.
#[derive(Args, Debug)]
pub struct BisectArgs {
    /// What is tried: one artifact.
    #[command(flatten)]
    pub files: ArtifactArgs,
    /// A release that works.
    #[arg(long, value_name = "VERSION")]
    pub good: String,
    /// A release that does not: a later one, or an earlier one to go back.
    #[arg(long, value_name = "VERSION")]
    pub bad: String,
    /// The package whose releases are tried.
    #[arg(long, value_name = "NAME", default_value = "scikit-learn")]
    pub package: String,
    /// What stays the same, as for `check --on`, such as `"scikit-learn==1.5.2 python==3.12"`; by default the
    /// scikit-learn that made the artifact, where another package is bisected.
    #[arg(long, value_name = "ENV")]
    pub with: Option<String>,
    /// How the runs go.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// Arguments of `baseline`.
#[derive(Args, Debug)]
pub struct BaselineArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// The subcommands of `baseline`.
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Record the verdicts of a run as what is known, after a person has looked at them.
    ///
    /// --json: one object with every change.
    Accept(AcceptArgs),
}

/// Arguments of `baseline accept`.
#[derive(Args, Debug)]
pub struct AcceptArgs {
    /// The run: its name, its folder, or its events.jsonl.
    pub run: PathBuf,
    /// Folder of all runs, for a run given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
    /// The baseline; what it says of other artifacts and environments stays.
    #[arg(long, value_name = "FILE", default_value = "shelflife-baseline.json")]
    pub file: PathBuf,
}

/// Arguments of `pack`.
#[derive(Args, Debug)]
pub struct PackArgs {
    /// The saved model.
    #[arg(required_unless_present = "helper")]
    pub model: Option<PathBuf>,
    /// Rows to validate with: a .csv with a header line, or a .npy.
    #[arg(long, short = 'i', value_name = "FILE", required_unless_present = "helper")]
    pub inputs: Option<PathBuf>,
    /// The interpreter that trained it.
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub python: PathBuf,
    /// Folder of packages.
    #[arg(long, short = 'o', value_name = "DIR", default_value = "models")]
    pub output: PathBuf,
    /// Name of the model; that of its file by default.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Version: the package goes to NAME/VERSION/, and NAME/latest points at it.
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// Columns of a CSV that are not inputs, such as the target (separated by commas).
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub drop: Vec<String>,
    /// Print the Python helper instead.
    #[arg(long, exclusive = true)]
    pub helper: bool,
}
