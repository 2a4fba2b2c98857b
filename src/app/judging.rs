//! What a gate judges by, from what it was given.

use std::sync::Arc;

use crate::judge::{self, Baseline, JudgeOptions, Known};
use crate::run::Regressions;
use crate::state::RunState;
use crate::vocab::{ArtifactId, CellRecord, EnvName, Record, Status, Verdict};

/// What a gate judges by. `left` is the run as a survey, with the environment that artifacts are moved away from: what
/// they do there is what they are held to, but for what an earlier run is given for; what somebody has accepted takes the
/// place of both.
pub fn gate_options(
    left: Option<(&Record, &EnvName)>,
    earlier: Option<&Baseline>,
    known: Option<&Known>,
    asked: &[Verdict],
) -> JudgeOptions {
    let base = match (left, earlier) {
        (Some((record, from)), None) => Some(Baseline::of_environment(record, from)),
        (Some((record, from)), Some(earlier)) => {
            Some(Baseline::of_environment(record, from).knowing(earlier))
        }
        (None, earlier) => earlier.cloned(),
    };
    let baseline = match known {
        Some(known) => Some(base.unwrap_or_default().accepting(known)),
        None => base,
    };
    // A cell that no baseline knows has nothing to be compared with, and must not pass by failing.
    let mut fail_on = if baseline.is_none() { Verdict::FAILURES.to_vec() } else { Vec::new() };
    fail_on.extend(asked.iter().filter(|verdict| baseline.is_some() || !Verdict::FAILURES.contains(verdict)));
    JudgeOptions { fail_on, baseline, forecast: false }
}

/// The cells that would be regressions and fail: what works when it is tried again is flaky.
pub(super) fn suspects(record: &Record) -> impl Iterator<Item = &CellRecord> {
    record.cells.iter().filter(|cell| cell.status.is_some_and(Status::is_bad) && cell.verdict.fails())
}

/// What a gate was given to judge by.
pub(super) struct GateJudge {
    /// The environment that artifacts are moved away from.
    pub from: Option<EnvName>,
    /// An earlier run.
    pub earlier: Option<Baseline>,
    /// What somebody has accepted.
    pub known: Option<Known>,
    /// Verdicts that are regressions whatever is known.
    pub fail_on: Vec<Verdict>,
}

impl GateJudge {
    pub(super) fn options(&self, state: &RunState) -> JudgeOptions {
        let survey = self.from.as_ref().map(|from| (judge::judge(state, &JudgeOptions::default()), from));
        let left = survey.as_ref().map(|(record, from)| (record, *from));
        gate_options(left, self.earlier.as_ref(), self.known.as_ref(), &self.fail_on)
    }

    /// Names what would be a regression and was not tried again yet.
    pub(super) fn retry(judge: Arc<Self>) -> Regressions {
        Box::new(move |state| {
            let record = judge::judge(state, &judge.options(state));
            let bad = suspects(&record).map(|cell| (cell.artifact_id(), cell.consumer.clone()));
            let is_new = |(artifact, consumer): &(ArtifactId, EnvName)| {
                state.cell(artifact, consumer).is_some_and(|cell| !cell.is_retried())
            };
            bad.filter(is_new).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{cell, record};
    use super::*;
    use crate::vocab::{Cause, Reached};

    const FAILS: Cause = Cause::Raised { misread: None };

    #[test]
    fn without_anything_known_every_failure_counts() {
        let options = gate_options(None, None, None, &[]);
        assert_eq!(options.fail_on, Verdict::FAILURES);
        assert_eq!(options.baseline, None);
    }

    #[test]
    fn what_is_left_or_an_earlier_run_is_what_is_held_to() {
        let from = EnvName::from("old");
        let survey =
            record(&[cell("old", Reached::Identical, &Cause::None), cell("new", Reached::Started, &FAILS)]);
        let left = gate_options(Some((&survey, &from)), None, None, &[]);
        assert_eq!(left.baseline, Some(Baseline::of_environment(&survey, &from)));
        assert!(left.fail_on.is_empty());
        let earlier = Baseline::of(&survey);
        assert_eq!(gate_options(None, Some(&earlier), None, &[]).baseline, Some(earlier));
    }

    #[test]
    fn what_somebody_has_accepted_takes_the_place_of_both() {
        let from = EnvName::from("old");
        let survey =
            record(&[cell("old", Reached::Identical, &Cause::None), cell("new", Reached::Started, &FAILS)]);
        let mut known = Known::default();
        known.accept(&survey);
        let expected = Baseline::of_environment(&survey, &from).accepting(&known);
        let options = gate_options(Some((&survey, &from)), None, Some(&known), &[]);
        assert_eq!(options.baseline, Some(expected));
        assert_eq!(
            gate_options(None, None, Some(&known), &[]).baseline,
            Some(Baseline::default().accepting(&known))
        );
    }

    #[test]
    fn only_what_is_bad_and_fails_is_tried_again() {
        let with = |status, mut cell: CellRecord| {
            cell.status = status;
            cell
        };
        let bad = with(Some(Status::Regression), cell("new", Reached::Started, &FAILS));
        // A class that does not exist there will not exist a second time.
        let absent = Cause::ClassAbsent { environment: "new".into(), says: String::new() };
        let gone = with(Some(Status::Regression), cell("new", Reached::Nothing, &absent));
        let known = with(Some(Status::Known), cell("new", Reached::Started, &FAILS));
        let record = record(&[bad.clone(), gone, known]);
        assert_eq!(suspects(&record).collect::<Vec<_>>(), [&bad]);
    }
}
