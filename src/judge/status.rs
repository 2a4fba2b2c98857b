//! What a cell means against what is known of it: two exhaustive tables, one for declarations, one for earlier cells.

use super::baseline::{Before, Source};
use crate::vocab::{Cause, Reached, Standing, Status, Verdict};

/// A cell as it came out now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now<'a> {
    pub verdict: Verdict,
    pub reached: Reached,
    pub cause: &'a Cause,
    /// Whether it is roundoff only by the noise floor of this machine.
    pub is_noise: bool,
}

/// The status of a cell whose outcome is declared.
pub(super) fn declared(verdicts: &[Verdict], now: Now<'_>) -> Status {
    let is_declared = covers(verdicts, now.verdict);
    let promises_work = verdicts.iter().any(|verdict| verdict.works());
    match now.cause.standing() {
        Standing::Works if is_declared || (now.verdict == Verdict::Unverified && promises_work) => {
            Status::Pass
        }
        // Another machine may find less noise: what is declared is not wrong for it.
        Standing::Works if now.is_noise && verdicts.contains(&Verdict::Drift) => Status::Known,
        Standing::Works => Status::Fixed,
        Standing::Fails | Standing::NoAnswer | Standing::DoesNotApply | Standing::BadInput if is_declared => {
            Status::Known
        }
        Standing::NoAnswer => Status::Unjudged,
        Standing::DoesNotApply if now.cause.is_of_machine() => Status::Unjudged,
        Standing::BadInput if !promises_work => Status::Unjudged,
        Standing::Fails | Standing::DoesNotApply | Standing::BadInput => Status::Regression,
    }
}

/// Whether declared verdicts cover one. `absent` was a part of `unsupported` in matrices of format version 1.
fn covers(verdicts: &[Verdict], verdict: Verdict) -> bool {
    verdicts.contains(&verdict) || (verdict == Verdict::Absent && verdicts.contains(&Verdict::Unsupported))
}

/// The status of a cell that neither a declaration nor a baseline speaks of, among verdicts that are regressions
/// (`fail_on`). An empty list, which a matrix with declarations has, means every failure.
pub(super) fn undeclared(fail_on: &[Verdict], now: Now<'_>) -> Status {
    match now.cause.standing() {
        Standing::Works => Status::Pass,
        Standing::BadInput => Status::Unjudged,
        Standing::NoAnswer | Standing::DoesNotApply if fail_on.contains(&now.verdict) => Status::Regression,
        Standing::NoAnswer => Status::Unjudged,
        Standing::DoesNotApply => Status::Skipped,
        Standing::Fails if fail_on.is_empty() || fail_on.contains(&now.verdict) => Status::Regression,
        Standing::Fails => Status::Allowed,
    }
}

/// The status of a cell against what is known of it from before: whatever got further then is a regression, whatever the
/// cause; what fails and was never accepted is a failure, with or without an entry.
pub(super) fn against(before: Option<&Before>, now: Now<'_>) -> Status {
    let fell_back = before.is_some_and(|before| now.reached < before.reached);
    match now.cause.standing() {
        Standing::Works => match before.map(|before| before.standing) {
            Some(Standing::Fails) => Status::Fixed,
            None
            | Some(Standing::Works | Standing::DoesNotApply | Standing::NoAnswer | Standing::BadInput) => {
                Status::Pass
            }
        },
        // An environment in trouble says nothing about its artifacts.
        Standing::NoAnswer => Status::Unjudged,
        Standing::DoesNotApply if now.cause.is_of_machine() => {
            if fell_back {
                Status::Unjudged
            } else {
                Status::Skipped
            }
        }
        Standing::DoesNotApply if fell_back => Status::Regression,
        Standing::DoesNotApply => Status::Skipped,
        Standing::BadInput if fell_back => Status::Regression,
        Standing::BadInput => Status::Unjudged,
        Standing::Fails => failing(before, fell_back, now),
    }
}

/// The status of a cell that fails now.
fn failing(before: Option<&Before>, fell_back: bool, now: Now<'_>) -> Status {
    let Some(before) = before else { return Status::New };
    match (before.standing, before.source) {
        (Standing::Works, _) => Status::Regression,
        (Standing::DoesNotApply | Standing::NoAnswer | Standing::BadInput, _) => {
            if fell_back {
                Status::Regression
            } else {
                Status::New
            }
        }
        (Standing::Fails, Source::Accepted) => {
            if now.verdict == before.verdict && !fell_back {
                Status::Known
            } else {
                Status::Regression
            }
        }
        (Standing::Fails, Source::Left { .. }) if fell_back => Status::Regression,
        // It fails with its own producer, or what it should give is wrong: no release is to blame.
        (Standing::Fails, Source::Left { producer_fails: true }) => Status::Unjudged,
        (Standing::Fails, Source::Left { producer_fails: false }) => Status::New,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arbitrary::{causes, reached};
    use super::*;

    fn before() -> impl Strategy<Value = Before> {
        (reached(), causes(), any::<Option<bool>>()).prop_map(|(reached, cause, left)| Before {
            verdict: Verdict::of(reached, &cause),
            standing: cause.standing(),
            reached,
            source: left.map_or(Source::Accepted, |producer_fails| Source::Left { producer_fails }),
        })
    }

    proptest! {
        #[test]
        fn what_fails_is_never_passed(before in prop::option::of(before()), reached in reached(), cause in causes()) {
            let now = Now { verdict: Verdict::of(reached, &cause), reached, cause: &cause, is_noise: false };
            let status = against(before.as_ref(), now);
            match now.cause.standing() {
                Standing::Works => prop_assert!(matches!(status, Status::Pass | Status::Fixed)),
                Standing::Fails => {
                    let is_accepted = before.is_some_and(|it| {
                        it.source == Source::Accepted && it.verdict == now.verdict && it.standing == Standing::Fails
                    });
                    prop_assert!(status.is_bad() || status == Status::Unjudged || (is_accepted && status == Status::Known));
                }
                Standing::NoAnswer => prop_assert_eq!(status, Status::Unjudged),
                Standing::DoesNotApply | Standing::BadInput => {
                    prop_assert!(!matches!(status, Status::Pass | Status::Fixed | Status::Known));
                    // Losing ground is a regression, whatever the cause, unless the machine is at fault.
                    if before.is_some_and(|it| now.reached < it.reached) && !now.cause.is_of_machine() {
                        prop_assert_eq!(status, Status::Regression);
                    }
                }
            }
        }

        #[test]
        fn what_is_not_declared_is_never_passed(
            listed in prop::collection::vec(prop::sample::select(Verdict::ALL), 0..4), reached in reached(), cause in causes()
        ) {
            let now = Now { verdict: Verdict::of(reached, &cause), reached, cause: &cause, is_noise: false };
            let is_listed = covers(&listed, now.verdict);
            if now.cause.standing() == Standing::Fails {
                let declared = declared(&listed, now);
                prop_assert_eq!(declared, if is_listed { Status::Known } else { Status::Regression });
                let undeclared = undeclared(&listed, now);
                prop_assert_eq!(undeclared.is_bad(), listed.is_empty() || listed.contains(&now.verdict));
            }
        }
    }
}
