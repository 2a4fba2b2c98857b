//! `shelflife init`: the first settings of a project.

use super::args::InitArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{self, Started};
use crate::present::words::plural;
use crate::project::Materials;
use crate::vocab::ExitCode;

pub(super) fn init(args: &InitArgs) -> Result<ExitCode, Failure> {
    let Started { path, found } = app::start(&args.folder)?;
    if console::is_for_programs() {
        programs::document(&serde_json::json!({
            "written": programs::path(&path),
            "artifacts": found.artifacts.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            "inputs": found.inputs,
            "environments": found.environments,
            "unusable": found.unusable.iter().map(|(path, _)| path).collect::<Vec<_>>(),
            "baseline": found.baseline,
        }))?;
    } else {
        console::print(&format!("{} was written: {}\n", path.display(), said(&found)))?;
        console::note(next(&found));
    }
    Ok(ExitCode::Done)
}

fn said(found: &Materials) -> String {
    let count: usize = found.artifacts.iter().map(|(_, count)| count).sum();
    let models = match count {
        0 => "no saved model was found".to_owned(),
        count => {
            format!("{} in {}", plural(count as u64, "file"), plural(found.artifacts.len() as u64, "place"))
        }
    };
    match found.environments.first() {
        Some(today) => format!("{models}, to be moved from `{today}`"),
        None => format!("{models}, and nothing that tells the environment of today"),
    }
}

fn next(found: &Materials) -> &'static str {
    match (found.artifacts.is_empty(), found.environments.is_empty()) {
        (true, _) => "write there where the models are, then run `shelflife gate`",
        (false, true) => "write `from` there, then run `shelflife gate`",
        (false, false) => "read it, and run `shelflife gate`",
    }
}
