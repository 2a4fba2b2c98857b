//! What is asked of what is known: which releases a file needs.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::files::OF_PROJECT;
use super::{ArtifactArgs, RunningArgs};
use crate::present::REQUIREMENT_FILES;

/// Environments that are tried for a file where nobody says how many.
pub const TRIED_AT_MOST: u16 = 8;

/// Arguments of `env-for`.
#[derive(Args, Debug)]
pub struct EnvForArgs {
    /// The file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How many environments are tried at most.
    #[arg(long, value_name = "N", default_value_t = TRIED_AT_MOST, value_parser = clap::value_parser!(u16).range(1..))]
    pub most: u16,
    /// How it goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

/// Arguments of `requires`.
#[derive(Args, Debug)]
#[command(mut_arg("artifacts", |it| it.required(false).help(OF_PROJECT)))]
pub struct RequiresArgs {
    /// Which files, and what is known of them.
    #[command(flatten)]
    pub files: ArtifactArgs,
    /// Try the borders of the range with the file and its own inputs: the last release that should read it, and the next one,
    /// on both sides.
    #[arg(long = "try")]
    pub tried: bool,
    /// Print a text to keep instead, of what all files together need: requirements, pyproject, environment or dockerfile.
    #[arg(long = "as", value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    pub kind: Option<String>,
    /// The pointer width of the machine that reads them: 32 or 64.
    #[arg(long, value_name = "N", default_value = "64", value_parser = ["32", "64"], hide_possible_values = true)]
    pub bits: String,
    /// How it goes.
    #[command(flatten)]
    pub running: RunningArgs,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(REQUIREMENT_FILES.iter().map(|kind| kind.name))
}
