//! `shelflife rescue`: a file that works elsewhere, with proof.

use super::args::RescueArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{KEPT, RescueItem, RescueRequest, Rescued, Session};
use crate::present;
use crate::vocab::ExitCode;

pub(super) fn rescue(args: &RescueArgs) -> Result<ExitCode, Failure> {
    let request = RescueRequest {
        files: args.files.request(),
        to: args.to.clone(),
        from: None,
        output: args.output.clone().filter(|_| !args.dry_run),
        companion: args.companion,
        allow_unproven: args.allow_unproven,
        script: args.script,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of_a_run();
    let rescued = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.rescue(&request)?;
    if console::is_for_programs() {
        programs::answer(&answer(&rescued))?;
    } else {
        console::print(&rescued.items.iter().map(line).collect::<String>())?;
    }
    tell(&rescued);
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

fn tell(rescued: &Rescued) {
    let totals = present::rescue_totals(rescued.items.iter().map(|item| &item.record));
    let dry = if rescued.is_dry { " (nothing was written)" } else { "" };
    console::note(&format!("{totals}{dry}; how they were tried: {}", rescued.folder.display()));
    let pages: Vec<_> = rescued.items.iter().filter_map(|item| item.page.as_ref()).collect();
    if let [page] = pages.as_slice() {
        console::note(&format!("what was changed and why it can be trusted: {}", page.display()));
    }
}
