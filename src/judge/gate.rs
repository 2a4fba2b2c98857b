//! Statuses against expectations and a baseline, and the exit code of a whole run.

use std::collections::HashSet;

use super::JudgeOptions;
use super::baseline::Baseline;
use super::outside::is_uncompared;
use crate::vocab::{
    ArtifactId, EnvName, ExitCode, ExpectationNote, ExpectationRecord, FormatName, ModelName, Record, Stage,
    Status, Verdict,
};

/// What a run is judged by.
pub(super) struct Gate<'a> {
    expectations: Vec<Covering<'a>>,
    fail_on: &'a [Verdict],
    baseline: Option<&'a Baseline>,
}

struct Covering<'a> {
    models: HashSet<&'a ModelName>,
    formats: HashSet<&'a FormatName>,
    producers: HashSet<&'a EnvName>,
    consumers: HashSet<&'a EnvName>,
    record: &'a ExpectationRecord,
}

impl<'a> Gate<'a> {
    pub(super) fn new(expectations: &'a [ExpectationRecord], options: &'a JudgeOptions) -> Self {
        let expectations = expectations
            .iter()
            .map(|record| Covering {
                models: record.models.iter().collect(),
                formats: record.formats.iter().collect(),
                producers: record.producers.iter().collect(),
                consumers: record.consumers.iter().collect(),
                record,
            })
            .collect();
        Self { expectations, fail_on: &options.fail_on, baseline: options.baseline.as_ref() }
    }

    /// Whether there is anything to judge by; otherwise the run is a survey.
    pub(super) fn judges(&self) -> bool {
        !self.expectations.is_empty() || !self.fail_on.is_empty() || self.baseline.is_some()
    }

    /// The status of a cell, and the expectation that covers it.
    pub(super) fn status(
        &self,
        artifact: &ArtifactId,
        consumer: &EnvName,
        verdict: Verdict,
        stage: Stage,
    ) -> (Option<Status>, Option<ExpectationNote>) {
        if !self.judges() {
            return (None, None);
        }
        if is_uncompared(verdict, stage) {
            return (Some(Status::New), None);
        }
        let covering = self.expectations.iter().rev().find(|covering| {
            covering.consumers.contains(consumer)
                && covering.producers.contains(&artifact.producer)
                && covering.models.contains(&artifact.model)
                && covering.formats.contains(&artifact.format)
        });
        let Some(covering) = covering else {
            if let Some(baseline) = self.baseline {
                let status = self.uncovered(verdict);
                return (Some(status.unwrap_or_else(|| baseline.status(artifact, consumer, verdict))), None);
            }
            let status = match verdict {
                Verdict::Identical | Verdict::Roundoff => Status::Pass,
                Verdict::Unsupported => Status::Known,
                Verdict::EnvError => self.uncovered(verdict).unwrap_or(Status::New),
                Verdict::Drift
                | Verdict::PredictError
                | Verdict::LoadError
                | Verdict::Crash
                | Verdict::Timeout
                | Verdict::OutOfMemory => self.uncovered(verdict).unwrap_or(if self.fail_on.is_empty() {
                    Status::Regression
                } else {
                    Status::New
                }),
            };
            return (Some(status), None);
        };
        let record = covering.record;
        let expected = record.verdicts.contains(&verdict);
        let status = match verdict {
            Verdict::Identical | Verdict::Roundoff if expected => Status::Pass,
            Verdict::Identical | Verdict::Roundoff => Status::Fixed,
            Verdict::EnvError if !expected => Status::New,
            Verdict::Unsupported
            | Verdict::EnvError
            | Verdict::Drift
            | Verdict::PredictError
            | Verdict::LoadError
            | Verdict::Crash
            | Verdict::Timeout
            | Verdict::OutOfMemory => {
                if expected {
                    Status::Known
                } else {
                    Status::Regression
                }
            }
        };
        let note = ExpectationNote {
            verdicts: record.verdicts.clone(),
            reason: record.reason.clone(),
            link: record.link.clone(),
            declared_at: record.declared_at.clone(),
        };
        (Some(status), Some(note))
    }

    fn uncovered(&self, verdict: Verdict) -> Option<Status> {
        self.fail_on.contains(&verdict).then_some(Status::Regression)
    }
}

/// What a judged run says to its caller. A survey ends well whatever its verdicts; as soon as there is something
/// to judge by, a contradiction (a regression, or a declared failure that works) ends 100, and a cell that could
/// not be judged ends 101.
pub fn exit_code(record: &Record) -> ExitCode {
    if record.cells.is_empty() {
        return ExitCode::NothingSelected;
    }
    if record.run.interrupted {
        return ExitCode::Interrupted;
    }
    if !record.run.judged {
        return ExitCode::Done;
    }
    let has = |status: Status| record.summary.statuses.get(&status).is_some_and(|count| *count > 0);
    // A failure that an expectation declares and that works must be undeclared; against a baseline it is good news.
    let is_stale =
        record.cells.iter().any(|cell| cell.status == Some(Status::Fixed) && cell.expected.is_some());
    if has(Status::Regression) || is_stale {
        return ExitCode::Judged;
    }
    let unjudged = record.cells.iter().any(|cell| {
        cell.status == Some(Status::New)
            && (cell.verdict == Verdict::EnvError || is_uncompared(cell.verdict, cell.stage))
    });
    if unjudged { ExitCode::CouldNotJudge } else { ExitCode::Done }
}
