//! `shelflife rescue`: a file that works elsewhere, with proof.

use std::path::Path;

use super::args::RescueArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use super::project::{self, OfProject};
use crate::app::{AppError, KEPT, RequestError, RescueItem, RescueRequest, Rescued, Session};
use crate::present;
use crate::present::words::plural;
use crate::vocab::{ExitCode, RescueResult, Way};

pub(super) fn rescue(args: &RescueArgs) -> Result<ExitCode, Failure> {
    let OfProject { files, to, reports } = project::files(args.files.request())?;
    let to = args.to.clone().or(to).ok_or_else(|| AppError::from(RequestError::NoTarget))?;
    let request = RescueRequest {
        files,
        to,
        from: None,
        output: args.output.clone().filter(|_| !args.dry_run),
        format: args.format.clone(),
        companion: args.companion,
        allow_unproven: args.allow_unproven,
        script: args.script,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let mut policy = args.running.policy(Some(KEPT));
    if let Some(reports) = reports.filter(|_| args.running.reports.is_none()) {
        policy.reports = reports;
    }
    let rescued = Session::open(policy, &mut audience)?.rescue(&request)?;
    if console::is_for_programs() {
        programs::answer(&answer(&rescued))?;
    } else {
        console::print(&rescued.items.iter().map(line).collect::<String>())?;
    }
    tell(&rescued, request.output.as_deref());
    Ok(rescued.exit_code())
}

/// What came of every file.
fn answer(rescued: &Rescued) -> serde_json::Value {
    let shown = |path: &Option<std::path::PathBuf>| path.as_deref().map(programs::path);
    let files = rescued.items.iter().map(|item| {
        serde_json::json!({
            "written": shown(&item.written),
            "page": shown(&item.page),
            "kept": shown(&item.kept),
            "record": item.record,
        })
    });
    serde_json::json!({
        "folder": programs::path(&rescued.folder),
        "exit_code": rescued.exit_code() as u8,
        "is_dry": rescued.is_dry,
        "files": files.collect::<Vec<_>>(),
        "left_out": rescued.left_out,
    })
}

fn line(item: &RescueItem) -> String {
    let shown = |path: &std::path::PathBuf| path.display().to_string();
    let written = item.written.as_ref().map(shown);
    let kept = item.kept.as_ref().map(shown);
    present::rescue_line(&item.record, written.as_deref(), kept.as_deref())
}

/// Files that need no rescue, which are therefore not where the others were written.
fn as_they_are(rescued: &Rescued) -> usize {
    let is_it =
        |item: &&RescueItem| matches!(item.record.result, RescueResult::Rescued { way: Way::AsItIs, .. });
    rescued.items.iter().filter(is_it).count()
}

fn tell(rescued: &Rescued, output: Option<&Path>) {
    let totals = present::rescue_totals(rescued.items.iter().map(|item| &item.record));
    let dry = if rescued.is_dry { " (nothing was written)" } else { "" };
    console::note(&format!("{totals}{dry}; how they were tried: {}", rescued.folder.display()));
    if let (Some(output), count @ 1..) = (output, as_they_are(rescued)) {
        let (work, are) = if count == 1 { ("works as it is", "is") } else { ("work as they are", "are") };
        let files = plural(count as u64, "file");
        console::note(&format!("{files} {work}, and {are} not written to {}", output.display()));
    }
    let pages: Vec<_> = rescued.items.iter().filter_map(|item| item.page.as_ref()).collect();
    if let [page] = pages.as_slice() {
        console::note(&format!("what was changed and why it can be trusted: {}", page.display()));
    }
}
