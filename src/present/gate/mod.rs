//! What `shelflife gate` answers: one line, a page for a pull request, annotations, a badge. All of them say what the
//! statuses of the cells say, and the answer is computed in one place.

mod answer;
mod grid;
mod page;
mod signals;
mod tasks;
mod trouble;

use std::collections::BTreeSet;

pub use answer::{Account, Answer};
pub use page::markdown;
pub use signals::{annotations, badge};
pub use trouble::trouble;

use crate::present::words::plural;
use crate::vocab::{ArtifactRecord, CellRecord, EnvName, ExitCode, Record, RescueRecord, Status};

/// What was asked of a gate.
#[derive(Clone, Copy, Debug)]
pub struct GateView<'a> {
    /// The judged run.
    pub record: &'a Record,
    /// How it ends.
    pub code: ExitCode,
    /// The environment that is left, where there is one.
    pub from: Option<&'a EnvName>,
    /// Whether the next release of a library is tried on files of its earlier ones.
    pub is_head: bool,
    /// What `shelflife baseline accept` is to be told: the run.
    pub run: &'a str,
    /// What a rescue of the files would come to, where that was asked.
    pub rescues: &'a [RescueRecord],
}

impl<'a> GateView<'a> {
    /// The cells that are judged: all but those of the environment that is left. What fails there although somebody has
    /// recorded it as working is news that stops a gate, too.
    fn cells(&self) -> impl Iterator<Item = &'a CellRecord> {
        let view = *self;
        self.record.cells.iter().filter(move |cell| view.judges(cell))
    }

    fn judges(&self, cell: &CellRecord) -> bool {
        match cell.status {
            None => false,
            Some(status) => self.from != Some(&cell.consumer) || status.is_bad(),
        }
    }

    fn with(&self, wanted: impl Fn(Status) -> bool) -> Vec<&'a CellRecord> {
        self.cells().filter(|cell| cell.status.is_some_and(&wanted)).collect()
    }

    fn bad(&self) -> Vec<&'a CellRecord> {
        self.with(Status::is_bad)
    }

    fn unjudged(&self) -> Vec<&'a CellRecord> {
        self.with(|status| status == Status::Unjudged)
    }

    fn flaky(&self) -> Vec<&'a CellRecord> {
        self.with(|status| status == Status::Flaky)
    }

    /// The environments that are moved to.
    fn targets(&self) -> String {
        let names: BTreeSet<&str> = self.cells().map(|cell| cell.consumer.as_str()).collect();
        let shown: Vec<&str> = names.iter().take(3).copied().collect();
        match names.len().saturating_sub(3) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    /// The answer in one line, without markup.
    pub fn answer(&self) -> String {
        let answer = Answer::of(self).sentence(&Account::of(self.record), &self.targets());
        match dangerous(self.record).count() {
            0 => answer,
            count => format!(
                "{answer}; {} {} commands when loaded",
                plural(count as u64, "file"),
                if count == 1 { "runs" } else { "run" }
            ),
        }
    }
}

/// The files that run commands or arbitrary code when they are loaded, whatever their verdicts.
fn dangerous(record: &Record) -> impl Iterator<Item = &ArtifactRecord> {
    record.artifacts.iter().filter(|it| it.file.as_ref().is_some_and(|file| file.runs_commands))
}
