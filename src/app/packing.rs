//! A package of a model, written inside the environment that trained it.

use std::path::PathBuf;
use std::time::Duration;

use super::error::{AppError, RequestError};
use super::session::runtime;
use crate::process::{Command, base_environment, capture_with_input};

/// The helper, which also works by itself.
pub const PACK_HELPER: &str = include_str!("pack/shelflife_pack.py");
/// Loading and predicting a few rows takes seconds; whoever needs more has another problem.
const TIMEOUT: Duration = Duration::from_secs(900);

/// A model that is to be packed.
#[derive(Clone, Debug, Default)]
pub struct PackRequest {
    /// The saved model.
    pub model: PathBuf,
    /// Rows to validate with.
    pub inputs: PathBuf,
    /// The interpreter that trained it.
    pub python: PathBuf,
    /// Folder of packages.
    pub output: PathBuf,
    /// Name of the model; that of its file where `None`.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Columns of a CSV that are no inputs.
    pub drop: Vec<String>,
}

/// What the helper said.
#[derive(Clone, Debug)]
pub struct Packed {
    /// What it wrote, a line each.
    pub written: String,
    /// What a person may want to know.
    pub notes: Vec<String>,
}

impl PackRequest {
    /// Packs the model.
    ///
    /// # Errors
    /// When a file is not there, or the interpreter cannot load the model or predict with it.
    pub fn pack(&self) -> Result<Packed, AppError> {
        let given = [&self.model, &self.inputs];
        if let Some(missing) = given.into_iter().find(|path| !path.is_file()) {
            return Err(RequestError::NoFile(missing.clone()).into());
        }
        let done = runtime()?
            .block_on(capture_with_input(&self.command(), PACK_HELPER.as_bytes(), TIMEOUT))
            .map_err(|error| AppError::Pack { reason: error.to_string() })?;
        let said = done.stderr_text();
        if !done.status.success() {
            let last = said.trim().lines().last().unwrap_or_default();
            return Err(AppError::Pack { reason: last.trim_start_matches(MARK).to_owned() });
        }
        let notes = said.lines().filter_map(|line| line.strip_prefix(MARK)).map(str::to_owned).collect();
        Ok(Packed { written: done.stdout_text(), notes })
    }

    fn command(&self) -> Command {
        let mut command =
            Command::new(&self.python, base_environment()).args(["-", "--output"]).args([&self.output]);
        command = command.args(["--inputs"]).args([&self.inputs]).args(["--drop", &self.drop.join(",")]);
        for (option, value) in [("--name", &self.name), ("--version", &self.version)] {
            if let Some(value) = value {
                command = command.args([option, value]);
            }
        }
        command.args([&self.model])
    }
}

/// What begins the helper's own lines.
const MARK: &str = "shelflife_pack: ";
