//! What is wrong with a cell, in a few words, for everything that a gate shows.

use crate::present::gist::gist;
use crate::present::reasons;
use crate::present::words::{ARROW, difference};
use crate::vocab::{Cause, CellRecord, Verdict};

/// Characters of a page: a step summary and a comment hold more, a page of that length nobody reads.
pub(super) const MOST_CHARACTERS: usize = 60_000;
/// Characters of what a cell says.
const LONGEST_MESSAGE: usize = 300;

/// What is wrong with a cell, in a few words of plain text.
pub fn trouble(cell: &CellRecord) -> String {
    match cell.verdict {
        Verdict::Drift => {
            let facts = cell.worst_output();
            let facts = facts.map(|(name, facts)| format!(" ({name}: {})", difference(facts, ARROW)));
            format!("gives different values without an error{}", facts.unwrap_or_default())
        }
        Verdict::Roundoff if cell.is_noise() => format!("works: {}", message(cell)),
        Verdict::Identical | Verdict::Roundoff => "works".to_owned(),
        Verdict::Unverified if cell.cause == Cause::LoadOnly => "loads".to_owned(),
        Verdict::Absent => format!("does not exist there: {}", message(cell)),
        Verdict::LoadError => format!("cannot be loaded: {}", message(cell)),
        Verdict::PredictError => format!("loads and then fails: {}", message(cell)),
        Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => message(cell),
        Verdict::EnvError | Verdict::NotTried | Verdict::Unsupported | Verdict::Unverified => message(cell),
    }
}

/// The same of several models, of which the cell is one: verbs agree.
pub(super) fn troubles(cell: &CellRecord) -> String {
    let one = trouble(cell);
    let plural =
        [("gives ", "give "), ("does not ", "do not "), ("loads and then fails", "load and then fail")];
    let verb = plural.iter().find_map(|(verb, verbs)| Some((one.strip_prefix(verb)?, verbs)));
    match verb.filter(|_| !matches!(cell.verdict, Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory)) {
        Some((rest, verbs)) => format!("{verbs}{rest}"),
        None => one,
    }
}

pub(super) fn message(cell: &CellRecord) -> String {
    gist(&reasons::message(cell), LONGEST_MESSAGE)
}
