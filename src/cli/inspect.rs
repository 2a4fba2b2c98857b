//! `shelflife inspect`: what artifacts are, without executing anything.

use super::args::InspectArgs;
use super::console;
use super::failure::Failure;
use crate::inspect::{InspectOptions, inspect as read};
use crate::vocab::ExitCode;

pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    for path in &args.artifacts {
        let file = fs_err::File::open(path).map_err(|source| Failure::Machine { what: "x".to_owned(), source })?;
        let found = read(file, InspectOptions::default());
        let json = serde_json::to_string(&found).map_err(|error| Failure::Render(error.into()))?;
        console::print(&format!("{json}\n"))?;
    }
    Ok(ExitCode::Done)
}
