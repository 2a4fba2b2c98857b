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
}

/// A tolerance that is neither negative nor NaN nor infinite, so that `rtol * |b|` is a number.
pub(super) fn sane(tolerance: Tolerance) -> Tolerance {
    let sane = |value: f64| if value > 0.0 { value.min(f64::MAX) } else { 0.0 };
    Tolerance { rtol: sane(tolerance.rtol), stol: sane(tolerance.stol) }
}

/// How bad an element is before any distance counts, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) enum Rank {
    /// Within tolerance.
    Within,
    /// Outside tolerance, or no number.
    Outside,
    /// One side is NaN or infinite and the other is not the same.
    Nonfinite,
}

/// An element that may be the worst.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) rank: Rank,
    /// `|a - b|`; infinite where there is none to speak of, so that the first of these is the worst.
    pub(super) distance: f64,
    /// In C order.
    pub(super) index: u64,
}

impl Candidate {
    /// The candidate for a place where NaN or infinity stands on one side only.
    pub(super) fn nonfinite(index: u64) -> Self {
        Self { rank: Rank::Nonfinite, distance: f64::INFINITY, index }
    }

    /// The candidate for two numbers that lie `distance` apart.
    pub(super) fn number(outside: bool, distance: f64, index: u64) -> Self {
        Self { rank: if outside { Rank::Outside } else { Rank::Within }, distance, index }
    }

    /// Whether it is worse; among equals the first in C order counts, whatever the order of the search.
    pub(super) fn beats(&self, other: &Self) -> bool {
        (self.rank, self.distance, other.index) > (other.rank, other.distance, self.index)
    }
}

/// Measurements over some elements of an output.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutputFacts {
    pub(super) max_abs: f64,
    pub(super) max_rel: f64,
    pub(super) max_ulp: u64,
    pub(super) outside: u64,
    pub(super) nonfinite_differ: u64,
    pub(super) worst: Option<Candidate>,
}

impl OutputFacts {
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
