//! What can be typed about the map.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `map`.
#[derive(Args, Debug)]
pub struct MapArgs {
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
    /// Measure recorded runs and print what they show, for `src/compat/facts.json`; what it says of matrices that are not
    /// among them is kept.
    #[arg(long, value_name = "RUN", num_args = 1.., conflicts_with_all = ["estimator", "from", "to"])]
    pub measure: Vec<PathBuf>,
    /// Folder of all runs, for runs given by name.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}
