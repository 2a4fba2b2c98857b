//! `shelflife compare`: what changed between two runs.

use serde_json::{Value, json};

use super::args::CompareArgs;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::open_record;
use crate::present;
use crate::vocab::{ExitCode, Record};

pub(super) fn compare(args: &CompareArgs) -> Result<ExitCode, Failure> {
    let before = open_record(&args.before, &args.reports)?;
    let now = open_record(&args.now, &args.reports)?;
    if console::is_for_programs() {
        programs::document(&answer(&before, &now))?;
    } else {
        console::print(&present::compare_text(&before, &now))?;
    }
    Ok(ExitCode::Done)
}

/// Everything that changed, also what the text leaves out.
fn answer(before: &Record, now: &Record) -> Value {
    let comparison = present::compare(before, now);
    let run = |record: &Record| json!({ "name": record.run.name, "started": record.run.started });
    let changed = comparison.changed.iter().map(|changed| {
        let any = changed.now.or(changed.before);
        json!({
            "artifact": any.map(|cell| &cell.artifact),
            "consumer": any.map(|cell| &cell.consumer),
            "before": changed.before.map(programs::cell),
            "now": changed.now.map(programs::cell),
        })
    });
    let moved = comparison.moved.iter();
    let moved = moved.map(|(name, moves)| json!({ "environment": name, "packages": moves }));
    let alone = |is_new: bool| {
        let of = comparison.alone.iter().filter(|(_, new)| *new == is_new);
        of.map(|(name, _)| *name).collect::<Vec<_>>()
    };
    json!({
        "before": run(before),
        "now": run(now),
        "same": comparison.same,
        "changed": changed.collect::<Vec<_>>(),
        "moved": moved.collect::<Vec<_>>(),
        "new_environments": alone(true),
        "environments_gone": alone(false),
    })
}
