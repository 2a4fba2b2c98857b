//! The facts of a reference against an observation, for one output. Whether they are good or bad is said
//! elsewhere.

use serde::{Deserialize, Serialize};

use super::{Mistyped, NoiseFloor, Real};

/// How far two values may lie apart: `|a - b| <= rtol * |b| + stol * scale`, where `b` is the reference and
/// `scale` the largest finite magnitude in the reference output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Relative to the element.
    pub rtol: f64,
    /// Relative to the scale of the output.
    pub stol: f64,
}

impl Tolerance {
    /// The default for float64 outputs. The largest harmless difference measured over 177,697 cells is
    /// 8.5e-13 of the scale; real drift starts at 1e-7.
    pub const FLOAT64: Self = Self { rtol: 1e-7, stol: 1e-12 };
    /// The default for float32 outputs.
    pub const FLOAT32: Self = Self { rtol: 1e-4, stol: 1e-6 };
}

/// How one output of an observation agrees with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// Every value has the same bits (signed zeros and NaN payloads included), or the same text.
    BitEqual,
    /// Not bit-equal, but every value is within tolerance, and every differing label is a tie flip.
    Within,
    /// At least one value is outside tolerance, or a label flipped that was no tie.
    Outside,
    /// Not comparable value by value: see `mismatch`.
    Mismatched,
}

/// Why two outputs cannot be compared value by value, or where they differ in more than size.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Mismatch {
    /// The observation lacks this output.
    Missing,
    /// The shapes differ.
    Shape {
        /// Of the reference.
        reference: Vec<u64>,
        /// Of the observation.
        observed: Vec<u64>,
    },
    /// Numbers on one side, text on the other.
    Type {
        /// dtype of the reference.
        reference: String,
        /// dtype of the observation.
        observed: String,
    },
    /// What was expected is nothing that such a model gives: whoever wrote it down is mistaken.
    Mistyped {
        /// How.
        how: Mistyped,
        /// The row, from 0, where one is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        row: Option<u64>,
        /// The column, from 0, where one is meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        column: Option<u64>,
    },
    /// The stored bytes do not have the length that encoding and shape ask for.
    Damaged {
        /// What is wrong.
        what: String,
    },
}

/// The dtypes of the two sides where they differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DtypePair {
    /// Of the reference.
    pub reference: String,
    /// Of the observation.
    pub observed: String,
}

/// The element that a reader should look at.
///
/// In a continuous output, the first in C order of those with the largest `|a - b|` among the elements outside
/// tolerance, or among all where none is outside. A place counted in
/// [`nonfinite_differ`](OutputComparison::nonfinite_differ) comes before every other; where nothing but signed
/// zeros or payloads of NaN differ, it is the first of these. Its `|a - b|` may be below
/// [`max_abs`](OutputComparison::max_abs): with `rtol` an element of large magnitude can be within tolerance and
/// yet lie further from its reference than a small one that is outside.
///
/// Of labels, the first flip that is no tie, or else the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Index in each dimension.
    pub index: Vec<u64>,
    /// The reference's value as text (shortest form that reads back to the same float, or the label).
    pub reference: String,
    /// The observation's value as text.
    pub observed: String,
}

/// Reference against observation, for one output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputComparison {
    /// The summary of the fields below.
    pub agreement: Agreement,
    /// Number of elements compared.
    pub elements: u64,
    /// Set when the two cannot be compared value by value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatch: Option<Mismatch>,
    /// The dtypes, where they differ: a fact, not drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtypes: Option<DtypePair>,
    /// The tolerance that was applied, for continuous outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Tolerance>,
    /// Largest `|a - b|` over elements finite on both sides.
    #[serde(default, skip_serializing_if = "Real::is_zero")]
    pub max_abs: Real,
    /// Largest `|a - b| / |b|` over elements finite on both sides with `b != 0`.
    #[serde(default, skip_serializing_if = "Real::is_zero")]
    pub max_rel: Real,
    /// Largest distance in units in the last place, over elements finite on both sides.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub max_ulp: u64,
    /// Largest finite magnitude in the reference.
    #[serde(default, skip_serializing_if = "Real::is_zero")]
    pub scale: Real,
    /// Number of elements outside tolerance, for labels the flips that are no ties.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outside: u64,
    /// Positions where exactly one side is NaN or infinite, or the infinities differ in sign. They count as
    /// outside.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nonfinite_differ: u64,
    /// Labels that differ, ties included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flips: u64,
    /// Labels that differ while their scores in the reference are closer than the tolerance.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tie_flips: u64,
    /// Places in C order of the labels that differ and are no ties: the first of them, at most
    /// [`OutputComparison::MOST_FLIPPED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flipped: Vec<u64>,
    /// The worst element, where any differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Worst>,
    /// How far it moves in the environment that made it, where it is outside tolerance and that was measured. The judge
    /// puts it here; no comparison has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Box<NoiseFloor>>,
}

impl OutputComparison {
    /// Places of flipped labels that are recorded.
    pub const MOST_FLIPPED: usize = 256;

    /// Labels that differ and are no ties.
    pub const fn hard_flips(&self) -> u64 {
        self.flips.saturating_sub(self.tie_flips)
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}
