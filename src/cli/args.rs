//! The command line: what can be typed, and nothing about what it does.

mod attest;
mod care;
mod files;
mod forecast;
mod help;
mod knowledge;
mod map;
mod reading;
mod shards;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use help::command;

pub use attest::{AttestArgs, ConfirmArgs};
pub use care::{
    BugreportArgs, CompletionsArgs, DoctorArgs, EnvArgs, EnvCommand, InitArgs, ManArgs, SchemaArgs, SchemaOf,
    Shell,
};
pub use files::{
    AcceptArgs, ArtifactArgs, BaselineArgs, BaselineCommand, BisectArgs, CheckArgs, CompareArgs, FileArgs,
    GateArgs, HistoryArgs, MuseumArgs, PackArgs, RescueArgs,
};
pub use forecast::{DiffPage, Doubt, ExplainArgs, ForecastArgs, ReleaseDiffArgs};

pub use knowledge::{EnvForArgs, RequiresArgs, TRIED_AT_MOST};

pub use reading::{InspectArgs, ReportArgs};

pub use map::{ExportArgs, MapArgs, MapCommand};

pub use shards::{MergeArgs, ShardArgs, ShardCommand, ShardPlanArgs, ShardRenderArgs, ShardRunArgs};

use crate::vocab::Verdict;

/// The version, and the commit that it was built from where that is known.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), env!("SHELFLIFE_COMMIT"));

/// Says, by trying it, in which environments a saved scikit-learn model still works.
///
/// shelflife makes the environments of a matrix, trains and saves its models in each of them, loads every artifact in
/// every environment, and compares the predictions within numerical roundoff.
///
/// Exit codes: 0 done, 2 usage, 4 nothing selected, 100 judged and bad, 101 could not judge, 102 invalid input,
/// 110 cannot write, 130 interrupted, 1 internal error.
#[derive(Debug, Parser)]
#[command(name = "shelflife", version = VERSION, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Only the answer, and what is wrong: no progress, no notes.
    #[arg(long, short = 'q', global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Also say what is done on the way: environments, processes, what is taken from the cache.
    #[arg(long, short = 'v', global = true)]
    pub verbose: bool,
    /// How to speak to standard output: with `json` nothing else stands there, and an error is an object, too. The help of
    /// each command says what it prints.
    #[arg(long, global = true, value_enum, default_value_t = MessageFormat::Human)]
    pub message_format: MessageFormat,
    /// The same as --message-format json.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Cli {
    /// Whether programs read standard output.
    pub fn is_for_programs(&self) -> bool {
        self.json || self.message_format == MessageFormat::Json
    }
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How commands speak to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try every artifact of a matrix in every environment, and write the reports.
    ///
    /// A survey (no expectations, no --fail-on) ends 0 whatever it finds. The same command goes on where a killed run
    /// stopped, and executes nothing when nothing has changed.
    ///
    /// --json: the events of the run as they are recorded, an object a line, those of an earlier process first; the last line
    /// is `{"answer": ...}` with the verdict of every cell.
    ///
    /// Example: shelflife run matrices/quickstart.toml --fail-on drift
    Run(RunArgs),
    /// Try files that exist already, made by anybody, in other environments.
    ///
    /// ARTIFACT is a file (pickle, joblib, cloudpickle, skops, ONNX), an MLflow folder, a folder of these, a glob or the
    /// root of a registry: NAME/VERSION/, or a tracking store of MLflow (mlruns, or its database), of which the versions with an
    /// alias or a stage are tried. What made each is read from it or from NAME_metadata.json beside it; its environment is made again and tells what to compare with,
    /// unless expected values are given. Nothing is loaded outside of isolated processes.
    ///
    /// --json: the events of the run as they are recorded, an object a line, those of an earlier process first; the last line
    /// is `{"answer": ...}` with the verdict of every cell.
    ///
    /// Example: shelflife check churn.joblib --inputs X.csv --on scikit-learn==1.5.2,1.7.2
    Check(CheckArgs),
    /// Put a model into a package with inputs, expected outputs, versions and digest, for later checks.
    ///
    /// It runs in the environment that trained the model (--python) and writes NAME_model.*, NAME_metadata.json and
    /// NAME_validation.json. Loading a model runs its author's code: pack what you trust. The helper that does it is one
    /// file without dependencies, which training jobs can call by themselves: `shelflife pack --helper >
    /// shelflife_pack.py`.
    ///
    /// --json: one object with what was written.
    ///
    /// Example: shelflife pack churn.joblib --inputs X.csv --python .venv/bin/python --version 3 -o models
    Pack(PackArgs),
    /// Keep the models of a matrix as each release saves them, with what they predict, for later gates of a library's head.
    ///
    /// The models are trained in every environment that the matrix declares. A folder for each release gets the files, and
    /// beside each what made it and what its outputs were, byte for byte; a model that is there already stays as it is, so that
    /// the same command adds the newest release. `shelflife gate museum --head .` then needs one environment only. Ends 101
    /// where something could not be kept.
    ///
    /// --json: the events of the run, an object a line; the last line is `{"answer": ...}` with what was added and left out.
    ///
    /// Example: shelflife museum releases.toml -o museum
    Museum(MuseumArgs),
    /// Judge whether artifacts can move from one environment to another, or a matrix against a baseline.
    ///
    /// Ends 0 when nothing new fails, 100 when something does, 101 when something could not be judged. What would be a
    /// regression is tried again before it is believed. gate.md in the folder of the run is made for a pull request.
    ///
    /// --json: the events of the run, an object a line; the last line is `{"answer": ...}` with the answer, the verdict of every
    /// cell, and what rescues would come to.
    ///
    /// Example: shelflife gate models --from scikit-learn==1.5.2 --to scikit-learn==1.7.2 --github
    Gate(GateArgs),
    /// Make a saved model work in another environment, and prove that it predicts what it predicted.
    ///
    /// Nothing is trained. The file is read in the target's own interpreter, what its release keeps in another way is
    /// corrected, and it is saved again; the environment that made it is made again and tells what each output has to be,
    /// on your inputs and on rows derived from the model itself. Beside each file stand NAME.rescue.json and a page
    /// (.rescue.html, .rescue.md) that say what was changed and why it can be trusted.
    ///
    /// Ends 0 when every file was rescued or works as it is, 100 when one was refused, 101 when one could not be judged,
    /// 102 when one is not a saved model.
    ///
    /// --json: the events of its runs, an object a line; the last line is `{"answer": ...}` with the record of every file.
    ///
    /// Example: shelflife rescue churn.joblib --to scikit-learn==1.9.1 -o churn-1.9.1.joblib
    Rescue(RescueArgs),
    /// Keep what is known to fail, and what is known to work, in a file that can be reviewed.
    ///
    /// --json: one object with every change.
    ///
    /// Example: shelflife baseline accept gate --file shelflife-baseline.json
    Baseline(BaselineArgs),
    /// Find the first release in which an artifact does worse, going up or down.
    ///
    /// It goes through the real releases of a package in the index, making only the environments it needs.
    ///
    /// --json: the events of its runs, an object a line; the last line is `{"answer": ...}` with both releases and what moved
    /// between them.
    ///
    /// Example: shelflife bisect churn.joblib --good 1.2.2 --bad 1.7.2 --inputs X.csv
    Bisect(BisectArgs),
    /// Show what changed between two runs: verdicts, and packages.
    ///
    /// --json: one object with the cells that changed and what moved.
    ///
    /// Example: shelflife compare reports/nightly.20261120T020000 nightly
    Compare(CompareArgs),
    /// Tell since when a cell fails, what worked last, and which packages moved in between.
    ///
    /// Takes finished runs into a small database beside the reports, tells what fails now and what moved between the
    /// last good and the first bad lock, and writes a page with every such cell over time.
    ///
    /// --json: one object with the stories of every matrix.
    ///
    /// Example: shelflife history --model 'churn*'
    History(HistoryArgs),
    /// Show what a matrix would run; nothing is made and nothing runs.
    ///
    /// --json: the whole plan as one object.
    ///
    /// Example: shelflife plan matrices/zoo.toml --model 'hist-*'
    Plan(PlanArgs),
    /// Render a recorded run again, on any machine, without Python.
    ///
    /// --json: one object with what was written and the counts; the results are `--format json --output -`.
    ///
    /// Example: shelflife report quickstart --format markdown --output -
    Report(ReportArgs),
    /// Say what an artifact is, who wrote it with which versions, and what loading it would run; executes nothing.
    ///
    /// Reads pickle, joblib, skops, ONNX, .npy, .npz and MLflow folders, compressed, in archives or not, without Python.
    /// What is not an artifact is named with what it is and what to do.
    ///
    /// Ends 0 when every file could be read to its end, 102 when one could not or is not an artifact.
    ///
    /// --json: everything that was found as one document, an artifact a line.
    ///
    /// Example: shelflife inspect model.joblib
    Inspect(InspectArgs),
    /// Say why a saved model breaks: list the known causes, print one, or find the one behind an error message.
    ///
    /// --json: an object a line for each cause.
    ///
    /// Example: shelflife explain --message "node array from the pickle has an incompatible dtype"
    Explain(ExplainArgs),
    /// Say what to expect of artifacts in an environment, without making it: works, breaks, risk of drift, or unknown.
    ///
    /// Reads the files without executing them, and answers from the known causes and from what the zoo has tried.
    /// Where neither speaks, the answer is `unknown`.
    ///
    /// Ends 102 when a file is not an artifact, and 100 when --fail-on names a forecast that was made.
    ///
    /// --json: an object a line for each file.
    ///
    /// Example: shelflife forecast model.joblib --to scikit-learn==1.7.2,numpy==2.3.5
    Forecast(ForecastArgs),
    /// Say which release of scikit-learn reads what which other one has written, as far as it was measured.
    ///
    /// One estimator with --from is a row, without it a square; --from and --to without an estimator list all of them. Every
    /// fact is a cell of a recorded run, with the cause where one is known and whether `rescue` mends it; what nobody has tried
    /// is not there. Needs neither Python nor the network.
    ///
    /// Ends 4 when the estimator, the release or the format was not measured, and names what was next to it.
    ///
    /// --json: one object with every model and the records that it rests on.
    ///
    /// Example: shelflife map RandomForestClassifier --from 1.2.2
    Map(MapArgs),
    /// Say what a release of a package changes for files that exist, read out of both releases without running them.
    ///
    /// Structures of compiled modules with other fields, names that are gone or moved, attributes that predictions read and
    /// files of before lack, parameters, and what has lost its meaning, each with the estimators that it touches. A release is
    /// a version in the package index, a wheel, an sdist, or the folder of a checkout; it is neither installed nor imported.
    ///
    /// --json: one object with the changes, the estimators that each touches, and what was read.
    ///
    /// Example: shelflife release-diff scikit-learn==1.2.2 scikit-learn==1.3.0
    ReleaseDiff(ReleaseDiffArgs),
    /// Say which releases of scikit-learn, numpy and Python read a file: the widest range that is known to work.
    ///
    /// Reads the files without executing them, and answers from the known causes and from what was tried of files with the same
    /// names. With --try the borders are executed: the last release that works and the first that does not, on both sides.
    ///
    /// Ends 0 when every file has a range, 100 when files have none in common (--as), 101 when nothing is known of one, 102 when
    /// one is not a saved model.
    ///
    /// --json: one object with every file; with --try the events of its runs come first, an object a line, and the last line is
    /// `{"answer": ...}`.
    ///
    /// Example: shelflife requires churn.joblib --as requirements
    Requires(RequiresArgs),
    /// Write what a run came to as an in-toto statement, for signing.
    ///
    /// A Statement v1 with the predicate test-result: its subjects are the artifacts by their digests, its configuration the record,
    /// the plan and the lock of each environment, its tests the cells with their verdicts. It is not signed: cosign and others do that.
    ///
    /// --json: the statement is JSON; with --output one object with what was written.
    ///
    /// Example: shelflife attest gate --artifact churn.joblib -o churn.intoto.json
    Attest(AttestArgs),
    /// Check a statement and files against a record, and try the cells of the record again here.
    ///
    /// A statement has to say what the record says, to the last digest and verdict, and files have to be artifacts of it. What is
    /// not is named and refused before anything is tried. With --matrix the cells are tried again, and those that came out
    /// otherwise are named.
    ///
    /// Ends 0 when all agrees, 100 when something is refused or came out otherwise, 101 when it could not be checked.
    ///
    /// --json: one object; with --matrix the events of the run come first, and the last line is `{"answer": ...}`.
    ///
    /// Example: shelflife confirm reports/gate --statement churn.intoto.json --artifact churn.joblib
    Confirm(ConfirmArgs),
    /// Find an environment that reads a file, by trying, and make it.
    ///
    /// What the file records is tried first, then what has everything that it names, best first and in isolation, until one
    /// loads it. Nothing is compared: `check` does that.
    ///
    /// Ends 0 when one was found, 100 when none of those that were tried reads it, 101 when none could be made, 102 when it is
    /// no saved model.
    ///
    /// --json: the events of its runs, an object a line; the last line is `{"answer": ...}` with what was tried, and the
    /// environment.
    ///
    /// Example: shelflife env-for old-model.pkl
    EnvFor(EnvForArgs),
    /// Share a run among machines: plan who does what, and write the jobs of Slurm, Kubernetes, GitHub or GitLab.
    ///
    /// `shard plan` assigns every environment to a shard, `run --shard K/N --phase write|read` does a shard, and `merge`
    /// makes one record of the parts.
    ///
    /// --json: one object, with the plan or with the text of the jobs.
    ///
    /// Example: shelflife shard plan matrices/releases.toml --into 8 -o shards.json
    Shard(ShardArgs),
    /// Make one record of the parts of a run, with the reports of a run.
    ///
    /// The parts may come in any order. What is missing stays missing (101), and `shelflife run` with the same matrix and
    /// name finishes it here. A part that is cut, edited, stale or of another run is named with the reason, and nothing is
    /// written then.
    ///
    /// --json: one object with the verdict of every cell, and what is missing.
    ///
    /// Example: shelflife merge parts/* -o reports/releases
    Merge(MergeArgs),
    /// List, prepare and prune environments.
    ///
    /// --json: the help of each of the three says what it prints.
    ///
    /// Example: shelflife env prune --days 30
    Env(EnvArgs),
    /// Print what a shell needs to complete this command line: bash, zsh or fish.
    ///
    /// --json: one object with the text.
    ///
    /// Example: shelflife completions bash > ~/.local/share/bash-completion/completions/shelflife
    Completions(CompletionsArgs),
    /// Write the man pages, one for each subcommand.
    ///
    /// --json: one object with what was written.
    ///
    /// Example: shelflife man -o ~/.local/share/man/man1
    Man(ManArgs),
    /// Put together what to attach to a report about a run: its record, its results, its locks and this machine.
    ///
    /// No byte of a model or of inputs is taken, and the home folder is written as `~`. Names of models, columns, paths and
    /// packages, and what files raised, stand in it. Nothing is overwritten.
    ///
    /// --json: one object with what was written.
    ///
    /// Example: shelflife bugreport gate -o bugreport.tar.gz
    Bugreport(BugreportArgs),
    /// Show what this machine offers: uv, interpreters, cache, free disk.
    ///
    /// With `--fix`, Debian packages that are missing are installed through apt, after each command is said.
    ///
    /// --json: one object.
    ///
    /// Example: shelflife doctor
    Doctor(DoctorArgs),
    /// Print the JSON schema of matrix files, or of the settings of a project, for editors.
    ///
    /// --json: the same, it is JSON already.
    ///
    /// Example: shelflife schema > schema/matrix.schema.json
    Schema(SchemaArgs),
    /// Write the first settings of a project, `shelflife.toml`, from the models and requirements that lie in its folder.
    ///
    /// Nothing is overwritten, and no file is executed. Plain `shelflife gate` then does what the settings say.
    ///
    /// --json: one object with the file that was written, and what was found.
    ///
    /// Example: shelflife init
    Init(InitArgs),
}

/// Which part of a matrix.
#[derive(Args, Clone, Debug, Default)]
pub struct SelectArgs {
    /// Only these models (glob, repeatable).
    #[arg(long, short = 'm', value_name = "GLOB")]
    pub model: Vec<String>,
    /// Only these formats (glob, repeatable).
    #[arg(long, short = 'f', value_name = "GLOB")]
    pub format: Vec<String>,
    /// Only artifacts of these environments (glob, repeatable).
    #[arg(long, short = 'p', value_name = "GLOB")]
    pub producer: Vec<String>,
    /// Only these environments as readers (glob, repeatable).
    #[arg(long, short = 'c', value_name = "GLOB")]
    pub consumer: Vec<String>,
}

/// Arguments of `run`.
#[derive(Args, Debug)]
pub struct RunArgs {
    /// The matrix file.
    #[arg(required_unless_present = "shards")]
    pub matrix: Option<PathBuf>,
    /// The part of it to run.
    #[command(flatten)]
    pub select: SelectArgs,
    /// Which part of a shared run it is.
    #[command(flatten)]
    pub shard: ShardRunArgs,
    /// Verdicts that end the run with 100 wherever no `[[expect]]` covers them, separated by commas.
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',')]
    pub fail_on: Vec<Verdict>,
    /// An earlier run (its name, its folder or its results.json): what fails now and did not then, or fails otherwise,
    /// ends the run with 100.
    #[arg(long, value_name = "RUN")]
    pub baseline: Option<PathBuf>,
    /// Say for each cell what was to be expected of it, and score that against what happened.
    #[arg(long)]
    pub forecast: bool,
    /// Also try each artifact on rows that are derived from what was fitted, so that what friendly data hides is seen: both
    /// sides of the thresholds of its trees and all leaves, each category and word, unknown ones, extremes, missing values.
    #[arg(long)]
    pub probe: bool,
    /// How it goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// How a run goes.
#[derive(Args, Debug)]
pub struct RunningArgs {
    /// Name of the run and of its folder; the matrix's or the command's name by default.
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
    /// Folder of all runs. Default: reports.
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,
    /// Batches of cells that run side by side; the number of cores by default.
    #[arg(long, short = 'j', value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Execute everything again, whatever the record and the cache hold.
    #[arg(long)]
    pub fresh: bool,
    /// Take objects and observations from another cache, or from the parts of a run, where this cache has none.
    #[arg(long, value_name = "DIR")]
    pub cache_from: Vec<PathBuf>,
    /// Also try trainings again that have failed twice with the same exception; one that failed once is tried again anyway.
    #[arg(long)]
    pub retry_failed: bool,
    /// How environments are made.
    #[command(flatten)]
    pub making: MakingArgs,
}

/// How environments are made.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct MakingArgs {
    /// Resolve and make every environment anew.
    #[arg(long)]
    pub refresh: bool,
    /// Use what is cached, never the network.
    #[arg(long)]
    pub offline: bool,
    /// Read every byte of an environment before it is used, rather than the sizes and times of its files.
    #[arg(long)]
    pub verify: bool,
    /// Install Debian packages that are missing, such as mmdebstrap, through apt (with sudo for others than root).
    #[arg(long)]
    pub install_tools: bool,
    /// Build packages that have no wheels, which runs their code while they are installed.
    #[arg(long)]
    pub allow_build: bool,
    /// Try nothing in an environment whose cells this machine cannot keep from your files, your processes and the
    /// network; such a run ends 101.
    #[arg(long)]
    pub require_isolation: bool,
}

/// Arguments of `plan`.
#[derive(Args, Debug)]
pub struct PlanArgs {
    /// The matrix file.
    pub matrix: PathBuf,
    /// The part of it to show.
    #[command(flatten)]
    pub select: SelectArgs,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn definitions_are_consistent_and_every_command_has_an_example() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.contains("Example: shelflife "), "{} has no example", command.get_name());
            assert!(about.contains("--json: "), "{} does not say what programs get", command.get_name());
        }
    }

    #[test]
    fn every_argument_is_explained() {
        fn walk(command: &clap::Command) {
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            command.get_subcommands().for_each(walk);
        }
        walk(&Cli::command());
    }
}
