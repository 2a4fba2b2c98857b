//! What can be typed about the map.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Arguments of `map`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MapArgs {
    /// What to do with it, other than to ask.
    #[command(subcommand)]
    pub command: Option<MapCommand>,
    /// The class, such as RandomForestClassifier; all without it.
    #[arg(value_name = "ESTIMATOR")]
    pub estimator: Option<String>,
    /// The release of scikit-learn that wrote.
    #[arg(long, value_name = "RELEASE")]
    pub from: Option<String>,
    /// The release of scikit-learn that reads.
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<String>,
    /// The format.
    #[arg(long, short = 'f', value_name = "FORMAT", default_value = "pickle")]
    pub format: String,
    /// The pointer width of the machine that reads: 32 or 64.
    #[arg(long, value_name = "N", default_value = "64", value_parser = ["32", "64"], hide_possible_values = true)]
    pub bits: String,
    /// The pointer width of the machine that wrote: 32 or 64.
    #[arg(long, value_name = "N", default_value = "64", value_parser = ["32", "64"], hide_possible_values = true)]
    pub from_bits: String,
    /// Measure recorded runs and print what they show, for `knowledge/facts.json`; what it says of matrices that are not
    /// among them is kept.
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with_all = ["estimator", "from", "to"])]
    pub measure: Vec<PathBuf>,
    /// Folder of all runs, for runs given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

/// What is done with the whole map.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Write all of it: compat.json with its schema, CSV and Parquet, the data package and a static site.
    ///
    /// The folder is made, and must not be there yet: a page of an earlier map would contradict the new one.
    ///
    /// --json: one object with what was written.
    ///
    /// Example: shelflife map export -o compat
    Export(ExportArgs),
}

/// Arguments of `map export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The folder to make.
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output: PathBuf,
    /// What tells this version of the data from others of the same day: the last part of MAJOR.YYYYMMDD.N.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub number: u32,
}
