//! The answer of a gate, from the statuses of its cells.

use std::collections::BTreeMap;

use super::GateView;
use crate::judge;
use crate::present::words::{Group, plural};
use crate::vocab::{Cause, CellRecord, ExitCode, Record, Standing, Status};

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Everything that was given was judged, and nothing fails that nobody has accepted.
    Go,
    /// Something fails that nobody has accepted.
    NotYet,
    /// Something works that is declared as failing.
    OutOfDate,
    /// Something could not be judged.
    NotJudged,
    /// The run was interrupted.
    Interrupted,
    /// There was nothing to judge.
    Nothing,
}

impl Answer {
    /// The answer for a run that ends with this code. What the code says and what the cells say are one thing, since the
    /// code is made of the cells; where they should ever differ, the worse counts.
    pub fn of(view: &GateView<'_>) -> Self {
        if !view.bad().is_empty() {
            return Self::NotYet;
        }
        match view.code {
            ExitCode::Judged => Self::OutOfDate,
            ExitCode::Done if view.unjudged().is_empty() && view.record.left_out.is_empty() => Self::Go,
            ExitCode::Done | ExitCode::CouldNotJudge | ExitCode::InvalidInput => Self::NotJudged,
            ExitCode::Interrupted => Self::Interrupted,
            ExitCode::Internal | ExitCode::Usage | ExitCode::NothingSelected | ExitCode::CannotWrite => {
                Self::Nothing
            }
        }
    }

    /// The answer of a judged run from its record alone.
    pub fn of_record(record: &Record) -> Self {
        let code = judge::exit_code(record);
        Self::of(&GateView { record, code, from: None, is_head: false, run: "", rescues: &[] })
    }

    /// It in a word or two.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Go => "Go",
            Self::NotYet => "Not yet",
            Self::OutOfDate => "Declarations are out of date",
            Self::NotJudged => "Not judged",
            Self::Interrupted => "Interrupted",
            Self::Nothing => "Nothing was judged",
        }
    }

    /// The group of verdicts that it looks like.
    pub const fn group(self) -> Group {
        match self {
            Self::Go => Group::Works,
            Self::NotYet | Self::OutOfDate => Group::Fails,
            Self::NotJudged | Self::Interrupted | Self::Nothing => Group::NoVerdict,
        }
    }

    /// Its symbol on a page.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Go => "✅",
            Self::NotYet | Self::OutOfDate => "❌",
            Self::NotJudged | Self::Interrupted | Self::Nothing => "⚠️",
        }
    }

    /// It as one line.
    pub fn sentence(self, account: &Account, targets: &str) -> String {
        let given = plural(account.given() as u64, "model");
        match self {
            Self::Go => format!("Go: {}", account.go(targets)),
            Self::NotYet => {
                let (regressed, new) = (account.count(Status::Regression), account.count(Status::New));
                let stop = |count: usize| if count == 1 { "stops" } else { "stop" };
                let fail = |count: usize| if count == 1 { "fails" } else { "fail" };
                let gives = |count: usize| if count == 1 { "gives" } else { "give" };
                match (regressed, new) {
                    (_, 0) if regressed == account.asked => format!(
                        "Not yet: {regressed} of {given} {} in {targets} what is to stop the gate",
                        gives(regressed)
                    ),
                    (_, 0) => {
                        format!("Not yet: {regressed} of {given} {} working in {targets}", stop(regressed))
                    }
                    (0, _) => format!(
                        "Not yet: {new} of {given} {} in {targets}, which nobody has accepted",
                        fail(new)
                    ),
                    (_, _) => format!(
                        "Not yet: of {given} {regressed} {} working in {targets}, and {new} {}, which nobody has accepted",
                        stop(regressed),
                        fail(new)
                    ),
                }
            }
            Self::OutOfDate => {
                "Works although declared as failing: the declarations are out of date".to_owned()
            }
            Self::NotJudged => {
                let missing = account.count(Status::Unjudged) + account.left_out;
                format!("Not judged: {missing} of {given} could not be judged in {targets}")
            }
            Self::Interrupted => "Interrupted: not every model was tried".to_owned(),
            Self::Nothing => "Nothing was judged".to_owned(),
        }
    }
}

/// How many of the models that were given came out how; the numbers add up to those given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Models by their worst status.
    statuses: BTreeMap<Status, usize>,
    /// What was asked for and could not be taken.
    pub left_out: usize,
    /// Models that pass because they load, and were not asked for more.
    loaded: usize,
    /// Models that work, and stop the gate because somebody asked for that.
    asked: usize,
}

/// How much a status says about a model of which other cells have others.
const fn weight(status: Status) -> u8 {
    match status {
        Status::Regression => 7,
        Status::New => 6,
        Status::Unjudged => 5,
        Status::Flaky => 4,
        Status::Known | Status::Allowed => 3,
        Status::Fixed => 2,
        Status::Pass => 1,
        Status::Skipped => 0,
    }
}

/// Whether a cell works, and stops the gate because somebody asked for that.
pub(super) fn is_asked(cell: &CellRecord) -> bool {
    cell.status == Some(Status::Regression) && cell.cause.standing() == Standing::Works
}

impl Account {
    /// Of a judged run.
    pub fn of(record: &Record) -> Self {
        let mut worst: BTreeMap<&str, &CellRecord> = BTreeMap::new();
        for cell in &record.cells {
            if cell.status.is_none() {
                continue;
            }
            // Of two that weigh the same, what does not work says more.
            let heavy = |cell: &CellRecord| (cell.status.map_or(0, weight), !is_asked(cell));
            let known = worst.entry(cell.model.as_str()).or_insert(cell);
            if heavy(cell) > heavy(known) {
                *known = cell;
            }
        }
        let mut account = Self { left_out: record.left_out.len(), ..Self::default() };
        for cell in worst.into_values() {
            let Some(status) = cell.status else { continue };
            *account.statuses.entry(status).or_default() += 1;
            account.loaded += usize::from(status == Status::Pass && cell.cause == Cause::LoadOnly);
            account.asked += usize::from(is_asked(cell));
        }
        account
    }

    /// Models with this status.
    pub fn count(&self, status: Status) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    /// Everything that was given.
    pub fn given(&self) -> usize {
        self.statuses.values().sum::<usize>() + self.left_out
    }

    /// Everything that has an answer.
    pub fn judged(&self) -> usize {
        self.given() - self.left_out - self.count(Status::Unjudged)
    }

    /// What is good about it, where nothing is bad.
    fn go(&self, targets: &str) -> String {
        let all = self.given();
        let (known, skipped, flaky) =
            (self.count(Status::Known), self.count(Status::Skipped), self.count(Status::Flaky));
        let mut notes = Vec::new();
        let allowed = self.count(Status::Allowed);
        if allowed > 0 {
            notes.push(format!(
                "{allowed} of {all} {} as --fail-on allows",
                if allowed == 1 { "fails" } else { "fail" }
            ));
        }
        if known > 0 {
            notes.push(format!("{known} of {all} {} as accepted", if known == 1 { "fails" } else { "fail" }));
        }
        if skipped > 0 {
            notes.push(format!(
                "{skipped} of {all} {} there",
                if skipped == 1 { "does not apply" } else { "do not apply" }
            ));
        }
        if flaky > 0 {
            notes.push(format!("{flaky} of {all} failed once and worked when tried again"));
        }
        if !notes.is_empty() {
            return format!("nothing new fails in {targets} ({})", notes.join(", "));
        }
        let (verb, verbs) = if self.loaded == all { ("loads", "load") } else { ("works", "work") };
        if all == 1 {
            format!("the model {verb} in {targets}")
        } else {
            format!("all {all} models {verbs} in {targets}")
        }
    }

    /// The numbers in one sentence: what was given, judged, not judged and left out.
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        let words = [
            (Status::Regression, "regressed"),
            (Status::New, "failing and not accepted"),
            (Status::Flaky, "flaky"),
            (Status::Known, "failing as accepted"),
            (Status::Allowed, "failing as allowed"),
            (Status::Fixed, "fixed"),
            (Status::Pass, "passing"),
            (Status::Skipped, "not applicable"),
        ];
        for (status, word) in words {
            let count = self.count(status);
            if count > 0 {
                parts.push(format!("{count} {word}"));
            }
        }
        let judged = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        let mut text =
            format!("{} given: {} judged{judged}", plural(self.given() as u64, "model"), self.judged());
        let unjudged = self.count(Status::Unjudged);
        if unjudged > 0 {
            text.push_str(&format!(", {unjudged} not judged"));
        }
        if self.left_out > 0 {
            text.push_str(&format!(", {} left out", self.left_out));
        }
        text
    }
}
