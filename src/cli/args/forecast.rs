//! What can be typed about forecasts and known causes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `forecast`.
#[derive(Args, Debug)]
pub struct ForecastArgs {
    /// Files, or folders with files.
    #[arg(required = true)]
    pub artifacts: Vec<PathBuf>,
    /// The environment, as for `check --on`; beside versions also the machine, such as `arch=i386`.
    ///
    /// For a release that nobody has run: its version, its wheel, its sdist, or the folder of a checkout. Then the answer is
    /// read out of the release itself; it is fetched, and neither installed nor imported.
    #[arg(long, value_name = "ENV", required = true)]
    pub to: Vec<String>,
    /// Read the answer out of the release itself even where its like was run: what is known from runs is left aside.
    #[arg(long)]
    pub from_release: bool,
    /// Fetch no release: take what is cached.
    #[arg(long)]
    pub offline: bool,
    /// Forecasts that end it with 100, separated by commas; without it, forecasts are told and nothing is judged.
    #[arg(long, value_enum, value_name = "FORECASTS", value_delimiter = ',')]
    pub fail_on: Vec<Doubt>,
}

/// Forecasts of which one may want to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Doubt {
    /// It cannot be loaded, or raises when it predicts.
    Breaks,
    /// It may give other values.
    Drifts,
    /// Nobody has run the release, and what the file runs there has changed.
    Risk,
    /// Nothing is known.
    Unknown,
}

/// Arguments of `release-diff`.
#[derive(Args, Debug)]
pub struct ReleaseDiffArgs {
    /// The release of the files: such as scikit-learn==1.2.2, or the path of a wheel, an sdist or a checkout.
    pub from: String,
    /// The release that is to read them.
    pub to: String,
    /// Print a page rather than lines for a terminal.
    #[arg(long = "as", value_enum, value_name = "FORMAT")]
    pub page: Option<DiffPage>,
    /// Write it to a file.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Fetch no release: take what is cached.
    #[arg(long)]
    pub offline: bool,
}

/// Pages of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiffPage {
    /// Markdown.
    Markdown,
    /// A page of its own in HTML.
    Html,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// The known cause to print, as reports name it; without it, all are listed.
    pub id: Option<String>,
    /// Find the cause of an error: the message, or a whole traceback; `-` reads standard input.
    #[arg(long, short = 'm', value_name = "TEXT", conflicts_with = "id", allow_hyphen_values = true)]
    pub message: Option<String>,
    /// Measure recorded runs and print what they show, for `knowledge/evidence.json`; what it says of matrices that are
    /// not among them is kept.
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with_all = ["id", "message"])]
    pub measure: Vec<PathBuf>,
    /// Folder of all runs, for runs given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}
