//! `shelflife history`: what past runs tell.

use super::args::HistoryArgs;
use super::console;
use super::failure::Failure;
use crate::app::{HistoryRequest, write_history};
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn history(args: &HistoryArgs) -> Result<ExitCode, Failure> {
    let database = args.database.clone().unwrap_or_else(|| args.reports.join("history.sqlite"));
    let request = HistoryRequest {
        runs: args.runs.clone(),
        reports: args.reports.clone(),
        database: database.clone(),
        models: args.model.clone(),
        matrices: args.matrix.clone(),
    };
    let told = request.tell()?;
    for error in &told.left_out {
        console::warn(&format!("left out: {error}"));
    }
    let text: Vec<String> = told.views.iter().map(present::history_text).collect();
    console::print(&text.join("\n"))?;
    let page = args.output.clone().unwrap_or_else(|| database.with_file_name("history.html"));
    write_history(&page, &told.views)?;
    console::note(&format!("{} new in {}; page: {}", told.added, database.display(), page.display()));
    Ok(ExitCode::Done)
}
