//! The record of an earlier run of the same name: gone on with where it tried the same, else moved aside.

use std::path::Path;

use super::error::AppError;
use super::known::EVENTS;
use super::listener::{Aside, Listener, Notice};
use crate::present::{self, parse_events};
use crate::run::RunError;
use crate::state::RunState;
use crate::store;
use crate::vocab::{Event, RunHeader};

/// What is to become of an earlier record.
#[derive(Debug)]
enum Earlier {
    /// Gone on with.
    GoneOn(Vec<Event>),
    /// Moved aside, with the time at which it started, where that can be read.
    Aside(Aside, Option<String>),
}

/// The record to go on from, which whoever listens hears first: what is known is a part of the run. One of another plan is
/// moved aside, never overwritten.
pub(super) fn earlier(
    folder: &Path,
    header: &RunHeader,
    fresh: bool,
    keep: Option<usize>,
    listener: &mut dyn Listener,
) -> Result<Option<RunState>, AppError> {
    let path = folder.join(EVENTS);
    let Ok(bytes) = store::read_input(&path) else { return Ok(None) };
    let (why, time) = match judge(&bytes, header, fresh) {
        Earlier::GoneOn(events) => {
            events.iter().try_for_each(|event| listener.event(event)).map_err(RunError::Record)?;
            let state = RunState::replay(events);
            return state.map(Some).map_err(|why| AppError::Unreadable { path, why: why.into() });
        }
        Earlier::Aside(why, time) => (why, time),
    };
    let aside = present::set_aside(folder, time.as_deref().unwrap_or("unreadable"))?;
    if let Some(keep) = keep {
        present::forget_aside(folder, keep);
    }
    listener.notice(Notice::SetAside { folder: aside, why, kept: keep });
    Ok(None)
}

fn judge(bytes: &[u8], header: &RunHeader, fresh: bool) -> Earlier {
    let events = match parse_events(bytes) {
        Ok(events) => events,
        Err(error) => return Earlier::Aside(Aside::Unreadable { line: error.line }, None),
    };
    let Some(Event::RunStarted(known)) = events.first() else {
        return Earlier::Aside(Aside::Empty, None);
    };
    let part = |header: &RunHeader| {
        header.part.as_deref().map(|part| (part.plan.fingerprint, part.shard, part.phase))
    };
    let why = if known.matrix.plan_digest != header.matrix.plan_digest || part(known) != part(header) {
        Some(Aside::OtherPlan)
    } else if known.shelflife != header.shelflife {
        Some(Aside::OtherVersion(known.shelflife.clone()))
    } else {
        fresh.then_some(Aside::Fresh)
    };
    match why {
        Some(why) => Earlier::Aside(why, Some(known.time.clone())),
        None => Earlier::GoneOn(events),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{Digest, FORMAT_VERSION, MatrixRecord, PlanRecord};

    fn header(plan: &str, shelflife: &str) -> RunHeader {
        RunHeader {
            format_version: FORMAT_VERSION,
            shelflife: shelflife.to_owned(),
            run: "x".to_owned(),
            time: "2026-11-21T01:02:03Z".to_owned(),
            jobs: 1,
            matrix: MatrixRecord {
                name: "x".to_owned(),
                file: None,
                description: None,
                package: None,
                plan_digest: Digest::of(plan.as_bytes()),
            },
            plan: PlanRecord {
                environments: Vec::new(),
                models: Vec::new(),
                formats: Vec::new(),
                expectations: Vec::new(),
                left_out: Vec::new(),
            },
            part: None,
        }
    }

    #[test]
    fn a_record_is_gone_on_with_only_where_it_tried_the_same() {
        let now = header("a", "1");
        let of = |recorded: RunHeader, fresh| {
            let mut bytes = serde_json::to_vec(&Event::RunStarted(recorded.into())).unwrap();
            bytes.push(b'\n');
            match judge(&bytes, &now, fresh) {
                Earlier::GoneOn(_) => None,
                Earlier::Aside(why, _) => Some(why),
            }
        };
        assert_eq!(of(header("a", "1"), false), None);
        assert_eq!(of(header("a", "1"), true), Some(Aside::Fresh));
        assert_eq!(of(header("b", "1"), false), Some(Aside::OtherPlan));
        assert_eq!(of(header("a", "0"), false), Some(Aside::OtherVersion("0".to_owned())));
        assert!(matches!(judge(b"", &now, false), Earlier::Aside(Aside::Empty, None)));
        assert!(matches!(judge(b"?\n", &now, false), Earlier::Aside(Aside::Unreadable { line: 1 }, None)));
    }
}
