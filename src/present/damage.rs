//! Who notices: what became of files that were damaged on purpose, for each format and each damage.

use std::collections::BTreeMap;

use super::table::Table;
use crate::vocab::{CellRecord, Record, Stage, Verdict};

/// What became of one damaged file where it was written, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    /// Loading raises: this is how damage is noticed.
    Refused,
    /// The limit of memory ended it.
    Memory,
    /// It loads, and then raises or dies.
    Late,
    /// It loads and predicts as if nothing were.
    Unnoticed,
    /// It loads and predicts something else.
    Corrupt,
}

impl Fate {
    fn of(cell: &CellRecord) -> Option<Self> {
        Some(match (cell.verdict, cell.stage) {
            (Verdict::LoadError, _) | (Verdict::Crash | Verdict::Timeout, Stage::Load) => Self::Refused,
            (Verdict::OutOfMemory, _) => Self::Memory,
            (Verdict::PredictError | Verdict::Crash | Verdict::Timeout, _) => Self::Late,
            (Verdict::Identical | Verdict::Roundoff, _) => Self::Unnoticed,
            (Verdict::Drift, _) => Self::Corrupt,
            (
                Verdict::EnvError
                | Verdict::NotTried
                | Verdict::Unsupported
                | Verdict::Absent
                | Verdict::Unverified,
                _,
            ) => {
                return None;
            }
        })
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Memory => "out of memory",
            Self::Late => "fails later",
            Self::Unnoticed => "unnoticed",
            Self::Corrupt => "CORRUPT",
        }
    }
}

/// How many files of one kind ended how.
type Fates = BTreeMap<Fate, usize>;

const LEGEND: &str = "Files that were damaged on purpose, read where they were written, so that versions play no part. \
    refused: loading raises. fails later: it loads, and predicting raises or dies. unnoticed: it loads and predicts as \
    before. CORRUPT: it loads and predicts something else. Numbers where not all files of a kind end alike; empty where \
    a format has nothing to damage in this way. What is not refused needs a digest that is compared before loading.";

/// One row a format, one column a damage; `None` where no format of the run is damaged.
pub(super) fn table(record: &Record) -> Option<Table> {
    let mut kinds: Vec<&str> = Vec::new();
    let mut rows: Vec<(&str, BTreeMap<&str, Fates>)> = Vec::new();
    for format in &record.formats {
        let (Some(kind), Some(intact)) = (&format.damaged, &format.intact) else { continue };
        if !kinds.contains(&kind.as_str()) {
            kinds.push(kind);
        }
        let at = rows.iter().position(|(name, _)| *name == intact.as_str()).unwrap_or_else(|| {
            rows.push((intact.as_str(), BTreeMap::new()));
            rows.len() - 1
        });
        let fates = rows[at].1.entry(kind).or_default();
        let own = record.cells.iter().filter(|it| it.format == format.name && it.producer == it.consumer);
        for fate in own.filter_map(Fate::of) {
            *fates.entry(fate).or_default() += 1;
        }
    }
    if rows.is_empty() {
        return None;
    }
    let cell = |fates: Option<&Fates>| match fates {
        None => String::new(),
        Some(fates) if fates.len() == 1 => fates.keys().map(|fate| fate.word()).collect(),
        Some(fates) => {
            let parts: Vec<_> =
                fates.iter().rev().map(|(fate, count)| format!("{count} {}", fate.word())).collect();
            parts.join(", ")
        }
    };
    let heads = std::iter::once("format").chain(kinds.iter().copied()).map(str::to_owned).collect();
    let rows = rows
        .into_iter()
        .map(|(format, fates)| {
            let cells = kinds.iter().map(|kind| cell(fates.get(kind)));
            std::iter::once(format.to_owned()).chain(cells).collect()
        })
        .collect();
    Some(Table { id: "damage", title: "Who notices damage", legend: LEGEND, heads, texts: kinds.len(), rows })
}
