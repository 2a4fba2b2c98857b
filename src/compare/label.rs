//! Labels: compared by value, flips counted, ties told from drift.

use super::array::Array;
use super::damage::Damage;
use super::general::pairs;
use super::ties::Scores;
use super::value::Value;
use crate::vocab::OutputComparison;

/// What is counted over labels.
pub(super) struct Flips<'a> {
    /// Labels that differ.
    pub(super) flips: u64,
    /// Those of them whose scores lie closer than the tolerance.
    pub(super) tie_flips: u64,
    /// Places of the first flips that are no ties.
    pub(super) flipped: Vec<u64>,
    /// The first flip that is no tie, else the first, with the values of reference and observation.
    pub(super) worst: Option<(u64, (Value<'a>, Value<'a>))>,
}

/// Compares labels of one shape by value: `int64` 3, `uint8` 3, `3.0` and the object `3` are one label, the
/// string `"3"` is another.
///
/// # Errors
///
/// The damage of a text array.
pub(super) fn compare<'a, 's>(
    reference: &Array<'a>,
    observed: &Array<'a>,
    scores: impl FnOnce() -> Scores<'s>,
) -> Result<Flips<'a>, Damage> {
    let mut found = Flips { flips: 0, tie_flips: 0, flipped: Vec::new(), worst: None };
    let mut scores = Some(scores);
    let mut known: Option<Scores<'s>> = None;
    pairs(reference, observed, |index, b, a| {
        let (from, to) = (b.key(), a.key());
        if from == to {
            return;
        }
        if let Some(scores) = scores.take() {
            known = Some(scores());
        }
        let tie = known.as_ref().is_some_and(|scores| scores.tie(index, from, to));
        found.flips += 1;
        found.tie_flips += u64::from(tie);
        if !tie && found.flipped.len() < OutputComparison::MOST_FLIPPED {
            found.flipped.push(index);
        }
        // `flips - tie_flips` has just become 1: the first that is no tie takes the place of any tie.
        if found.worst.is_none() || (!tie && found.flips - found.tie_flips == 1) {
            found.worst = Some((index, (b, a)));
        }
    })?;
    Ok(found)
}
