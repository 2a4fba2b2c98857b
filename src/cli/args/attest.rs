//! What can be typed about statements.

use std::path::PathBuf;

use clap::Args;

use super::{RunningArgs, SelectArgs};

/// Arguments of `attest`.
#[derive(Args, Debug)]
pub struct AttestArgs {
    /// The run: its name, its folder, or its events.jsonl.
    pub run: PathBuf,
    /// Folder of all runs, for a run given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
    /// Files of its artifacts, whose SHA-256 is told then (repeatable).
    #[arg(long = "artifact", value_name = "FILE")]
    pub artifacts: Vec<PathBuf>,
    /// Where to write; `-` for standard output.
    #[arg(long, short = 'o', value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
}

/// Arguments of `confirm`.
#[derive(Args, Debug)]
pub struct ConfirmArgs {
    /// The record: the name of a run, its folder, or its events.jsonl.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// A statement of `shelflife attest` that should be about this record.
    #[arg(long, value_name = "FILE")]
    pub statement: Option<PathBuf>,
    /// A file that should be one of its artifacts (repeatable).
    #[arg(long = "artifact", value_name = "FILE")]
    pub artifacts: Vec<PathBuf>,
    /// The matrix of the record: its cells are tried again here.
    #[arg(long, value_name = "MATRIX")]
    pub matrix: Option<PathBuf>,
    /// The part of it to try.
    #[command(flatten)]
    pub select: SelectArgs,
    /// How it goes.
    #[command(flatten)]
    pub running: RunningArgs,
}
