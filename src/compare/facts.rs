//! What is measured over the elements of a continuous output, and how partial measurements add up.

use crate::vocab::Tolerance;

/// The tolerance with the scale of an output put in: `|a - b| <= rtol * |b| + floor`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) rtol: f64,
    pub(super) floor: f64,
}

impl Bound {
    pub(super) fn new(tolerance: Tolerance, scale: f64) -> Self {
        Self { rtol: tolerance.rtol, floor: tolerance.stol * scale }
    }

    /// How far two elements may lie apart whose reference has this magnitude.
    #[inline]
    pub(super) fn allowed(self, magnitude: f64) -> f64 {
        self.rtol * magnitude + self.floor
    }

    /// How much of the allowed distance is used: 1 at the edge, infinite where nothing is allowed.
    #[inline]
    pub(super) fn ratio(self, abs: f64, magnitude: f64) -> f64 {
        if abs == 0.0 {
            return 0.0;
        }
        let ratio = abs / self.allowed(magnitude);
        // Both infinite: a distance beyond the largest float is allowed by a tolerance that is, too.
        if ratio.is_nan() { 1.0 } else { ratio }
    }
}

/// A tolerance that is neither negative nor NaN nor infinite, so that `rtol * |b|` is a number.
pub(super) fn sane(tolerance: Tolerance) -> Tolerance {
    let sane = |value: f64| if value > 0.0 { value.min(f64::MAX) } else { 0.0 };
    Tolerance { rtol: sane(tolerance.rtol), stol: sane(tolerance.stol) }
}

/// An element that may be the worst.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// One side is NaN or infinite and the other is not the same: worse than any ratio.
    pub(super) nonfinite: bool,
    /// See [`Bound::ratio`].
    pub(super) ratio: f64,
    /// In C order.
    pub(super) index: u64,
}

impl Candidate {
    /// Whether it is worse; among equals the first in C order counts, whatever the order of the search.
    fn beats(&self, other: &Self) -> bool {
        (self.nonfinite, self.ratio, other.index) > (other.nonfinite, other.ratio, self.index)
    }
}

/// Measurements over some elements of an output.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    pub(super) max_abs: f64,
    pub(super) max_rel: f64,
    pub(super) max_ulp: u64,
    pub(super) outside: u64,
    pub(super) nonfinite_differ: u64,
    pub(super) worst: Option<Candidate>,
}

impl Facts {
    /// Takes in a candidate for the worst element; says whether it is the worst so far.
    pub(super) fn consider(&mut self, candidate: Candidate) -> bool {
        let worse = self.worst.is_none_or(|worst| candidate.beats(&worst));
        if worse {
            self.worst = Some(candidate);
        }
        worse
    }

    /// Takes in the measurements over other elements.
    pub(super) fn add(&mut self, other: &Self) {
        self.max_abs = self.max_abs.max(other.max_abs);
        self.max_rel = self.max_rel.max(other.max_rel);
        self.max_ulp = self.max_ulp.max(other.max_ulp);
        self.outside += other.outside;
        self.nonfinite_differ += other.nonfinite_differ;
        if let Some(worst) = other.worst {
            self.consider(worst);
        }
    }
}
