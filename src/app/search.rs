//! Where it gets worse: a search over releases, some of which have no verdict.

use crate::vocab::{Cause, CellRecord, Standing, Verdict};

/// How bad a cell is; `None` where it says nothing about its artifact. Where a file was only to be loaded, loading it is
/// all that could be asked.
pub(super) fn badness(cell: &CellRecord, load_only: bool) -> Option<u8> {
    match cell.cause.standing() {
        Standing::Works if cell.verdict.works() => Some(0),
        Standing::Works => (load_only && cell.cause == Cause::LoadOnly).then_some(0),
        Standing::Fails => severity(cell.verdict),
        Standing::NoAnswer | Standing::DoesNotApply | Standing::BadInput => None,
    }
}

const fn severity(verdict: Verdict) -> Option<u8> {
    match verdict {
        Verdict::Identical | Verdict::Roundoff => Some(0),
        Verdict::Drift => Some(1),
        Verdict::PredictError => Some(2),
        Verdict::LoadError => Some(3),
        Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => Some(4),
        Verdict::EnvError
        | Verdict::NotTried
        | Verdict::Unsupported
        | Verdict::Absent
        | Verdict::Unverified => None,
    }
}

/// The last of `count` releases that is no worse than `level` and the first one behind it that is, where the first release
/// is known to be good and the last one to be bad. What has no verdict is passed over: next comes the nearest to the middle.
pub(super) fn boundary<E>(
    count: usize,
    level: u8,
    mut probe: impl FnMut(usize) -> Result<Option<u8>, E>,
) -> Result<(usize, usize), E> {
    let (mut lower, mut upper) = (0, count - 1);
    let mut skipped = vec![false; count];
    loop {
        let middle = (lower + upper) / 2;
        let next = (lower + 1..upper).filter(|at| !skipped[*at]).min_by_key(|at| at.abs_diff(middle));
        let Some(next) = next else { return Ok((lower, upper)) };
        match probe(next)? {
            None => skipped[next] = true,
            Some(found) if found > level => upper = next,
            Some(_) => lower = next,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::fixture::cell;
    use super::*;
    use crate::vocab::{NoReference, Reached, Trouble};

    #[test]
    fn a_release_is_good_or_bad_only_where_a_cell_was_judged() {
        let of = |reached, cause: &Cause| badness(&cell("new", reached, cause), false);
        assert_eq!(of(Reached::Identical, &Cause::None), Some(0));
        assert_eq!(of(Reached::Predicted, &Cause::Differs), Some(1));
        assert_eq!(of(Reached::Loaded, &Cause::Raised { misread: None }), Some(2));
        assert_eq!(of(Reached::Started, &Cause::Raised { misread: None }), Some(3));
        assert_eq!(of(Reached::Started, &Cause::Signal { signal: 11, printed: None }), Some(4));
        let unjudged = [
            Cause::NoReference { why: NoReference::UnknownProducer },
            Cause::LoadOnly,
            Cause::ClassAbsent { environment: "new".into(), says: String::new() },
            Cause::RuledOut { requirement: String::new() },
            Cause::Environment { trouble: Trouble::NotReached },
            Cause::Refused { says: String::new(), foreign: None },
            Cause::NotAModel { says: String::new() },
        ];
        for cause in unjudged {
            assert_eq!(of(Reached::Loaded, &cause), None, "{cause:?}");
        }
    }

    #[test]
    fn where_loading_is_all_that_is_asked_loading_is_good() {
        let of = |reached, cause: &Cause| badness(&cell("new", reached, cause), true);
        assert_eq!(of(Reached::Loaded, &Cause::LoadOnly), Some(0));
        assert_eq!(of(Reached::Started, &Cause::Raised { misread: None }), Some(3));
        assert_eq!(of(Reached::Nothing, &Cause::Environment { trouble: Trouble::NotReached }), None);
    }

    proptest! {
        #[test]
        fn the_boundary_is_found_around_what_has_no_verdict(
            good in 1usize..20, bad in 1usize..20, holes in prop::collection::vec(any::<bool>(), 40)
        ) {
            let count = good + bad;
            let verdict = |at: usize| match (holes[at], at < good) {
                (true, _) if at > 0 && at < count - 1 => None,
                (_, true) => Some(0),
                (_, false) => Some(3),
            };
            let mut probes = Vec::new();
            let Ok((lower, upper)) = boundary::<Infallible>(count, 0, |at| {
                probes.push(at);
                Ok(verdict(at))
            });
            prop_assert!(lower < good && upper >= good);
            prop_assert!((lower + 1..upper).all(|at| verdict(at).is_none()));
            // Nothing is tried twice, and nothing that is known.
            let distinct: std::collections::BTreeSet<_> = probes.iter().collect();
            prop_assert_eq!(distinct.len(), probes.len());
            prop_assert!(!probes.contains(&0) && !probes.contains(&(count - 1)));
        }
    }
}
