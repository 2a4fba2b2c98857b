//! Layer 1: facts of a reference against an observation.
//!
//! Bytes in, facts out: whether a fact is good or bad is said elsewhere. Outputs are compared as
//! [`OutputComparison`] describes; what is not described there:
//!
//! - Two outputs of equal digest, encoding and shape are bit-equal without a look at their bytes, and two of
//!   equal bytes likewise. Nothing is measured then: scale and tolerance are left out.
//! - `-0.0` and `0.0` are not bit-equal, and 0 apart in value and in ULP. NaN equals NaN.
//! - ULP are steps of `float32` where both sides are `float32`, of `float64` otherwise; integers have none.
//! - A distance of two finite numbers beyond the largest float is infinite.
//!
//! Architecture Invariant: this module sees bytes and vocabulary; no path, no clock, no environment.

mod array;
mod csr;
mod damage;
mod dense;
mod expected;
mod facts;
mod general;
mod label;
mod labels;
mod output;
mod parallel;
mod ties;
mod ulp;
mod value;

use std::collections::BTreeSet;

pub use array::Blobs;
pub use expected::{ExpectedColumns, fit, needed_to_fit};
pub use ulp::{ulps32, ulps64};

use crate::vocab::{ByOutput, Digest, OutputComparison, OutputKind, OutputRef, Tolerance};
use ties::Scores;

/// Digests of the blobs that [`compare_cell`] reads for these outputs, each once: none where everything is
/// equal by digest, encoding and shape.
pub fn needed(reference: &ByOutput<OutputRef>, observed: &ByOutput<OutputRef>) -> Vec<Digest> {
    let mut digests = BTreeSet::new();
    for (name, left) in reference {
        let Some(right) = observed.get(name) else { continue };
        if output::same(left, right) || left.shape != right.shape {
            continue;
        }
        digests.extend([left.digest, right.digest]);
        if left.kind == OutputKind::Label {
            digests.extend(ties::needed(name, &left.shape, reference).map(|scores| scores.digest));
        }
    }
    digests.into_iter().collect()
}

/// Compares all outputs of a cell with those of the reference: one entry for each output of the reference.
/// Outputs that only the observation has are left out.
///
/// `tolerance` gives the tolerance of an output by its name and whether either side holds `float32` (or
/// `float16`). `blobs` holds the bytes of the [`needed`] digests of both sides; one that is absent makes its
/// output [`Damaged`](crate::vocab::Mismatch::Damaged), or, if it is only read to tell ties from drift, makes
/// every flip count as drift.
pub fn compare_cell(
    reference: &ByOutput<OutputRef>,
    observed: &ByOutput<OutputRef>,
    blobs: &Blobs,
    tolerance: &dyn Fn(&str, bool) -> Tolerance,
) -> ByOutput<OutputComparison> {
    let compare = |name: &str, left: &OutputRef| {
        let Some(right) = observed.get(name) else { return output::missing() };
        if output::same(left, right) {
            return output::bit_equal(left, right);
        }
        if left.shape != right.shape {
            return output::shapes(left, right);
        }
        let absent = |side: &str, output: &OutputRef| {
            output::damaged(
                left,
                right,
                format!("{side}: the bytes of {} are not at hand", output.digest.short()),
            )
        };
        let Some(left_bytes) = blobs.get(&left.digest) else { return absent("reference", left) };
        let Some(right_bytes) = blobs.get(&right.digest) else { return absent("observation", right) };
        let own = tolerance(name, output::low_precision(left, right));
        output::compare((left, left_bytes), (right, right_bytes), own, || {
            Scores::of(name, &left.shape, reference, blobs, &|scores, left| {
                tolerance(scores, output::low_precision(left, observed.get(scores).unwrap_or(left)))
            })
        })
    };
    reference.iter().map(|(name, left)| (name.clone(), compare(name, left))).collect()
}

/// Compares the bytes of one output, without scores that could tell ties from drift.
pub fn compare_output(
    reference: (&OutputRef, &[u8]),
    observed: (&OutputRef, &[u8]),
    tolerance: Tolerance,
) -> OutputComparison {
    output::compare(reference, observed, tolerance, Scores::none)
}
