//! `shelflife rescue`: a file that works elsewhere, with proof.

use std::path::PathBuf;

use super::args::{MessageFormat, RescueArgs};
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use crate::app::{KEPT, RescueItem, RescueRequest, Rescued, Session};
use crate::present;
use crate::vocab::{ExitCode, RescueRecord};

pub(super) fn rescue(args: &RescueArgs) -> Result<ExitCode, Failure> {
    let request = RescueRequest {
        files: args.files.request(),
        to: args.to.clone(),
        from: None,
        output: args.output.clone().filter(|_| !args.dry_run),
        format: args.format.clone(),
        companion: args.companion,
        allow_unproven: args.allow_unproven,
        script: args.script,
        name: args.running.run.clone(),
    };
    let mut audience = Audience::of(&args.running);
    let rescued = Session::open(args.running.policy(Some(KEPT)), &mut audience)?.rescue(&request)?;
    match args.running.message_format {
        MessageFormat::Human => console::print(&rescued.items.iter().map(line).collect::<String>())?,
        MessageFormat::Json => rescued.items.iter().try_for_each(|item| console::print_bytes(&json(item)))?,
    }
    tell(&rescued);
    Ok(rescued.exit_code())
}

fn line(item: &RescueItem) -> String {
    let shown = |path: &std::path::PathBuf| path.display().to_string();
    let written = item.written.as_ref().map(shown);
    let kept = item.kept.as_ref().map(shown);
    present::rescue_line(&item.record, written.as_deref(), kept.as_deref())
}

/// A file for programs, in a line.
fn json(item: &RescueItem) -> Vec<u8> {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        #[serde(flatten)]
        record: &'a RescueRecord,
        written: Option<&'a PathBuf>,
        page: Option<&'a PathBuf>,
        kept: Option<&'a PathBuf>,
    }
    let RescueItem { record, written, page, kept } = item;
    let line = Line { record, written: written.as_ref(), page: page.as_ref(), kept: kept.as_ref() };
    // A structure of numbers and texts always serialises.
    let mut bytes = serde_json::to_vec(&line).unwrap_or_default();
    bytes.push(b'\n');
    bytes
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
