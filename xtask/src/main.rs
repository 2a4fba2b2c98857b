//! Takes whoever knows why something breaks, or has a new release before them, to a cause that is measured:
//!
//! ```text
//! cargo xtask new-rule ID --package PACKAGE    the file of a cause, to be filled in
//! cargo xtask measure --rule ID                the one cell that shows a cause, tried again: some seconds
//! cargo xtask new-release OLD NEW              causes that the difference of two releases proposes
//! cargo xtask forget-release MINOR             takes away what is known of the newest release, to rehearse the above
//! ```
//!
//! docs/knowledge.md leads through each.

mod forget;
mod measure;
mod release;
mod rule;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What went wrong, in a sentence.
type Trouble = String;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["new-rule", id] => rule::new(id, "scikit-learn"),
        ["new-rule", id, "--package", package] => rule::new(id, package),
        ["measure", "--rule", id] => measure::rule(id),
        ["new-release", old, new] => release::propose(old, new),
        ["forget-release", minor] => forget::forget(minor),
        _ => Err(
            "say one of:\n  cargo xtask new-rule ID [--package PACKAGE]\n  cargo xtask measure --rule ID\n  \
                  cargo xtask new-release OLD NEW\n  cargo xtask forget-release MINOR"
                .to_owned(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the repository, in which this one lies.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// The folder of the causes.
fn rules() -> PathBuf {
    root().join("knowledge/rules")
}

/// The program itself: the one that `SHELFLIFE` names, or built here.
fn shelflife(words: &[&str]) -> Command {
    let mut command = match std::env::var_os("SHELFLIFE") {
        Some(program) => Command::new(program),
        None => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args(["run", "--quiet", "--"]);
            cargo
        }
    };
    command.current_dir(root()).args(words);
    command
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Trouble> {
    if path.exists() {
        return Err(format!("{} is there already, and is left as it is", path.display()));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// A JSON file of the repository.
fn read(path: &str) -> Result<serde_json::Value, Trouble> {
    let text = std::fs::read(root().join(path)).map_err(|error| format!("{path}: {error}"))?;
    serde_json::from_slice(&text).map_err(|error| format!("{path}: {error}"))
}
