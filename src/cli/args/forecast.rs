//! What can be typed about forecasts.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `forecast`.
#[derive(Args, Debug)]
pub struct ForecastArgs {
    /// Files, or folders with files.
    #[arg(required = true)]
    pub artifacts: Vec<PathBuf>,
    /// The environment, as for `check --on`; beside versions also the machine, such as `arch=i386`.
    #[arg(long, value_name = "ENV", required = true)]
    pub to: Vec<String>,
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
    /// Nothing is known.
    Unknown,
}
