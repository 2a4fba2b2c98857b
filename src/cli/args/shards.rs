//! What can be typed about runs that several machines share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use super::SelectArgs;
use crate::vocab::{ShardPhase, Verdict};

/// Arguments of `shard`.
#[derive(Args, Debug)]
pub struct ShardArgs {
    /// What to do about shards.
    #[command(subcommand)]
    pub command: ShardCommand,
}

/// The subcommands of `shard`.
#[derive(Debug, Subcommand)]
pub enum ShardCommand {
    /// Assign the environments of a matrix to shards, the longest first.
    ///
    /// --json: the plan as one object.
    Plan(ShardPlanArgs),
    /// Print the jobs of an engine that do the shards.
    ///
    /// --json: one object with the text.
    Render(ShardRenderArgs),
}

/// Arguments of `shard plan`.
#[derive(Args, Debug)]
pub struct ShardPlanArgs {
    /// The matrix file. Every machine finds it under this path, from the folder in which it runs.
    pub matrix: PathBuf,
    /// How many shards.
    #[arg(long, value_name = "N")]
    pub into: usize,
    /// Where to write the plan; `-` prints it.
    #[arg(long, short = 'o', value_name = "FILE", default_value = "shards.json")]
    pub output: PathBuf,
    /// The part of it to run.
    #[command(flatten)]
    pub select: SelectArgs,
    /// An earlier run whose times count; that of the matrix's name by default, if there is one.
    #[arg(long, value_name = "RUN")]
    pub times: Option<PathBuf>,
    /// Folder of all runs.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

/// Arguments of `shard render`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("engine").required(true))]
pub struct ShardRenderArgs {
    /// The plan.
    #[arg(default_value = "shards.json")]
    pub shards: PathBuf,
    /// Two job arrays of Slurm, the second of which begins when the first is done.
    #[arg(long, group = "engine")]
    pub slurm: bool,
    /// Two Indexed Jobs of Kubernetes and a claim for the volume that they share.
    #[arg(long, group = "engine")]
    pub kubernetes: bool,
    /// A workflow of GitHub Actions with two matrix jobs.
    #[arg(long, group = "engine")]
    pub github: bool,
    /// A pipeline of GitLab with two parallel jobs.
    #[arg(long, group = "engine")]
    pub gitlab: bool,
    /// The image with shelflife, for Kubernetes and GitLab.
    #[arg(long, value_name = "IMAGE", default_value = "shelflife:latest")]
    pub image: String,
    /// Where to write; standard output by default.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl ShardRenderArgs {
    /// The name of the engine: one of them has to be named.
    pub const fn engine(&self) -> &'static str {
        match (self.slurm, self.kubernetes, self.github) {
            (true, _, _) => "slurm",
            (_, true, _) => "kubernetes",
            (_, _, true) => "github",
            (false, false, false) => "gitlab",
        }
    }
}

/// Which shard of how many, written `3/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Which, counted from 1.
    pub shard: u32,
    /// How many there are.
    pub of: u32,
}

impl FromStr for Of {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed =
            text.split_once('/').and_then(|(shard, of)| Some((shard.parse().ok()?, of.parse().ok()?)));
        match parsed {
            Some((shard, of)) if shard >= 1 && shard <= of => Ok(Self { shard, of }),
            _ => Err("write K/N, such as 3/8, with K between 1 and N".to_owned()),
        }
    }
}

/// Which part of a shared run a `run` is.
#[derive(Args, Clone, Debug)]
pub struct ShardRunArgs {
    /// Do one shard of a run that `shard plan` has shared out: K of N.
    #[arg(long, value_name = "K/N", requires_all = ["phase", "shards"], conflicts_with_all = ["run", "model", "format", "producer", "consumer", "probe", "forecast"])]
    pub shard: Option<Of>,
    /// Which half of it: `write` trains, saves and takes the references; `read` loads and predicts, when all have written.
    #[arg(long, value_name = "PHASE", requires = "shard")]
    pub phase: Option<PhaseArg>,
    /// The file that `shard plan` wrote.
    #[arg(long, value_name = "FILE", requires = "shard")]
    pub shards: Option<PathBuf>,
    /// Folder of all parts, which all machines share or which is copied between them.
    #[arg(long, value_name = "DIR", default_value = "parts")]
    pub parts: PathBuf,
}

/// A half of a run, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PhaseArg {
    /// Train, save and take the references.
    Write,
    /// Load and predict.
    Read,
}

impl From<PhaseArg> for ShardPhase {
    fn from(phase: PhaseArg) -> Self {
        match phase {
            PhaseArg::Write => Self::Write,
            PhaseArg::Read => Self::Read,
        }
    }
}

/// Arguments of `merge`.
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Folders of parts, or one with all of them.
    #[arg(required = true, value_name = "PART")]
    pub parts: Vec<PathBuf>,
    /// The folder of the run that they come to.
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output: PathBuf,
    /// Verdicts that end with 100 wherever no `[[expect]]` covers them, separated by commas.
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',')]
    pub fail_on: Vec<Verdict>,
    /// An earlier run (its name, its folder or its results.json) to judge this one against.
    #[arg(long, value_name = "RUN")]
    pub baseline: Option<PathBuf>,
    /// Folder of all runs, for a baseline given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!("3/8".parse(), Ok(Of { shard: 3, of: 8 }));
        for odd in ["0/8", "9/8", "3", "3/", "/8", "a/b", "-1/8", "3/8/2", "3/0", ""] {
            assert!(odd.parse::<Of>().is_err(), "{odd}");
        }
    }
}
