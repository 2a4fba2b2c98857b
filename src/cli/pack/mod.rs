//! `shelflife pack`: a package of a model, written inside the environment that trained it.

use std::time::Duration;

use super::args::PackArgs;
use super::console;
use super::failure::Failure;
use crate::process::{Command, base_environment, capture_with_input};
use crate::vocab::ExitCode;

/// The helper, which also works by itself.
const HELPER: &str = include_str!("shelflife_pack.py");
/// Loading and predicting a few rows takes seconds; whoever needs more has another problem.
const TIMEOUT: Duration = Duration::from_secs(900);

pub(super) fn pack(args: &PackArgs) -> Result<ExitCode, Failure> {
    if args.helper {
        console::print(HELPER)?;
        return Ok(ExitCode::Done);
    }
    // clap asks for both unless the helper is printed.
    let (Some(model), Some(inputs)) = (&args.model, &args.inputs) else { return Ok(ExitCode::Usage) };
    for path in [model, inputs] {
        if !path.is_file() {
            return Err(Failure::Usage {
                what: format!("there is no file `{}`", path.display()),
                help: "check the path".to_owned(),
            });
        }
    }
    let mut command =
        Command::new(&args.python, base_environment()).args(["-", "--output"]).args([&args.output]);
    command = command.args(["--inputs"]).args([inputs]).args(["--drop", &args.drop.join(",")]);
    for (option, value) in [("--name", &args.name), ("--version", &args.version)] {
        if let Some(value) = value {
            command = command.args([option, value]);
        }
    }
    let command = command.args([model]);
    let done = super::env::runtime()?
        .block_on(capture_with_input(&command, HELPER.as_bytes(), TIMEOUT))
        .map_err(|error| Failure::Pack { reason: error.to_string() })?;
    let said = done.stderr_text();
    if !done.status.success() {
        let last = said.trim().lines().last().unwrap_or_default().trim_start_matches("shelflife_pack: ");
        return Err(Failure::Pack { reason: last.to_owned() });
    }
    for line in said.lines().filter(|line| line.starts_with("shelflife_pack: ")) {
        console::note(line.trim_start_matches("shelflife_pack: "));
    }
    let written = done.stdout_text();
    console::print(&written)?;
    Ok(ExitCode::Done)
}
