//! Statuses against expectations and a baseline, and the exit code of a whole run.

use std::collections::{HashMap, HashSet};

use super::baseline::Baseline;
use super::options::JudgeOptions;
use super::status::{Now, against, declared, undeclared};
use crate::vocab::{
    ArtifactId, CellRecord, EnvName, ExitCode, ExpectationNote, ExpectationRecord, FormatName, ModelName,
    Reached, Record, Standing, Status, Verdict,
};

/// What a run is judged by.
pub(super) struct Gate<'a> {
    expectations: Vec<Covering<'a>>,
    /// The expectations that name a model, by index: a cell is compared with those alone.
    by_model: HashMap<&'a ModelName, Vec<usize>>,
    fail_on: &'a [Verdict],
    baseline: Option<&'a Baseline>,
}

struct Covering<'a> {
    formats: HashSet<&'a FormatName>,
    producers: HashSet<&'a EnvName>,
    consumers: HashSet<&'a EnvName>,
    record: &'a ExpectationRecord,
}

impl<'a> Gate<'a> {
    pub(super) fn new(expectations: &'a [ExpectationRecord], options: &'a JudgeOptions) -> Self {
        let mut by_model: HashMap<&ModelName, Vec<usize>> = HashMap::new();
        for (index, record) in expectations.iter().enumerate() {
            for model in &record.models {
                by_model.entry(model).or_default().push(index);
            }
        }
        let expectations = expectations
            .iter()
            .map(|record| Covering {
                formats: record.formats.iter().collect(),
                producers: record.producers.iter().collect(),
                consumers: record.consumers.iter().collect(),
                record,
            })
            .collect();
        Self { expectations, by_model, fail_on: &options.fail_on, baseline: options.baseline.as_ref() }
    }

    /// Whether there is anything to judge by; otherwise the run is a survey.
    pub(super) fn judges(&self) -> bool {
        !self.expectations.is_empty() || !self.fail_on.is_empty() || self.baseline.is_some()
    }

    /// The status of a cell, and the expectation that covers it. `None` in a survey, and for what the other cells are
    /// judged by.
    pub(super) fn status(
        &self,
        artifact: &ArtifactId,
        consumer: &EnvName,
        now: Now<'_>,
    ) -> (Option<Status>, Option<ExpectationNote>) {
        if !self.judges() {
            return (None, None);
        }
        let of_model = self.by_model.get(&artifact.model).into_iter().flatten();
        let covering = of_model.rev().map(|index| &self.expectations[*index]).find(|covering| {
            covering.consumers.contains(consumer)
                && covering.producers.contains(&artifact.producer)
                && covering.formats.contains(&artifact.format)
        });
        if let Some(Covering { record, .. }) = covering {
            let note = ExpectationNote {
                verdicts: record.verdicts.clone(),
                reason: record.reason.clone(),
                link: record.link.clone(),
                declared_at: record.declared_at.clone(),
            };
            return (Some(declared(&record.verdicts, now)), Some(note));
        }
        let Some(baseline) = self.baseline else { return (Some(undeclared(self.fail_on, now)), None) };
        let before = baseline.before(&artifact.to_string(), consumer);
        if before.is_none() && baseline.from() == Some(consumer) {
            return (None, None);
        }
        let is_asked = self.fail_on.contains(&now.verdict) && now.cause.standing() != Standing::BadInput;
        let status = if is_asked { Status::Regression } else { against(before, now) };
        (Some(status), None)
    }
}

/// Whether what was given is at fault that a cell could not be judged: its file, its inputs, or what it should give.
pub fn is_bad_input(cell: &CellRecord) -> bool {
    match cell.cause.standing() {
        Standing::BadInput => true,
        // What its own producer cannot read, or what contradicts what is expected where it was made.
        Standing::Fails => {
            cell.status == Some(Status::Unjudged)
                && matches!(cell.verdict, Verdict::LoadError | Verdict::PredictError | Verdict::Drift)
        }
        Standing::Works | Standing::DoesNotApply | Standing::NoAnswer => false,
    }
}

/// What a run says to its caller: the one place that decides it. A survey ends well whatever its verdicts, as long as
/// something was tried; as soon as there is something to judge by, a contradiction (a failure that nobody has accepted,
/// or a declared failure that works) ends 100, what was given and cannot be tried 102, a cell that could not be judged 101.
pub fn exit_code(record: &Record) -> ExitCode {
    if record.run.interrupted {
        return ExitCode::Interrupted;
    }
    let is_left_out = !record.left_out.is_empty();
    if record.cells.is_empty() {
        return if is_left_out { ExitCode::InvalidInput } else { ExitCode::NothingSelected };
    }
    let has = |status: fn(&CellRecord) -> bool| record.cells.iter().any(status);
    if record.run.judged {
        // A failure that an expectation declares and that works must be undeclared; against a baseline it is good news.
        let is_stale = |cell: &CellRecord| cell.status == Some(Status::Fixed) && cell.expected.is_some();
        if has(|cell| cell.status.is_some_and(Status::is_bad)) || has(is_stale) {
            return ExitCode::Judged;
        }
        let is_unjudged_input =
            |cell: &CellRecord| cell.status == Some(Status::Unjudged) && is_bad_input(cell);
        if is_left_out || has(is_unjudged_input) {
            return ExitCode::InvalidInput;
        }
        return if has(|cell| cell.status == Some(Status::Unjudged)) {
            ExitCode::CouldNotJudge
        } else {
            ExitCode::Done
        };
    }
    // That was asked for, and is not so.
    if record.environments.iter().any(|environment| environment.is_broken() && !environment.gaps.is_empty()) {
        return ExitCode::CouldNotJudge;
    }
    // A survey describes a damaged file like any other; inputs that do not go with a model are a mistake.
    if is_left_out || has(|cell| is_bad_input(cell) && !cell.was_refused()) {
        return ExitCode::InvalidInput;
    }
    let was_tried = |cell: &CellRecord| cell.reached > Reached::Nothing || cell.was_refused();
    if has(was_tried) { ExitCode::Done } else { ExitCode::CouldNotJudge }
}
