//! What can be typed about what was recorded, and about files that are looked at.

use std::path::PathBuf;

use clap::Args;

use crate::vocab::Verdict;

/// Arguments of `report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// The run: its name, its folder, or its events.jsonl.
    pub run: PathBuf,
    /// Folder of all runs, for a run given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
    /// Say for each cell what was to be expected of it, and score that against what happened.
    #[arg(long)]
    pub forecast: bool,
    /// Only these files, separated by commas; all by default. `terminal` prints the table, `release-notes` is the section about
    /// saved models for the notes of a release.
    #[arg(long, short = 'f', value_name = "FORMATS", value_delimiter = ',')]
    pub format: Vec<String>,
    /// Where to write: a folder, or `-` for standard output (one format then); the run's own folder by default.
    #[arg(long, short = 'o', value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Verdicts that end with 100 wherever no `[[expect]]` covers them, separated by commas.
    #[arg(long, value_name = "VERDICTS", value_delimiter = ',')]
    pub fail_on: Vec<Verdict>,
    /// An earlier run (its name, its folder or its results.json) to judge this one against.
    #[arg(long, value_name = "RUN")]
    pub baseline: Option<PathBuf>,
}

/// Arguments of `inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// Files, or folders with files.
    #[arg(required = true, value_name = "ARTIFACT")]
    pub artifacts: Vec<PathBuf>,
    /// Also write what is suspicious as SARIF 2.1.0, for code scanning.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// Also digest with SHA-256.
    #[arg(long)]
    pub sha256: bool,
    /// Leave out the digest: of a large file only the parts that say something are read, a fraction of it.
    #[arg(long, conflicts_with = "sha256")]
    pub no_digest: bool,
}
