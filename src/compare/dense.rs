//! The fast comparison of two dense float arrays of one width.
//!
//! Two passes over blocks that fit the first-level cache. The first is written so that the compiler turns it
//! into vector instructions: no branches, independent accumulators, and one sum that becomes NaN when a block
//! holds anything that is not finite; such a block is measured again element by element. It gives all that
//! does not need the scale, and for each block the largest differences. The second pass visits the blocks that
//! may hold an element outside tolerance by these, which are few or none where everything is within.

use crate::vocab::Tolerance;

use super::facts::{Bound, Candidate, OutputFacts};
use super::parallel::parts;
use super::ulp::{place32, ulps32, ulps64};
use super::value::{Difference, floats};

/// Elements of a block: 16 KiB a side for `float64`.
const BLOCK: usize = 2048;
/// Elements that one turn of the inner loop takes.
const LANES: usize = 4;
/// A relative margin far above the rounding of a quotient and far below what matters.
const MARGIN: f64 = 1.0 + 1e-9;
/// Above this the rounding of numbers that underflow is nothing beside a tolerance.
const TINY: f64 = 1e-290;

/// A float type as it is stored.
pub(super) trait Element {
    /// Its little-endian bytes.
    type Bytes: Copy + PartialEq + Sync;
    /// Its value, exactly.
    fn value(bytes: Self::Bytes) -> f64;
    /// Steps between two numbers of the type.
    fn ulps(a: Self::Bytes, b: Self::Bytes) -> u64;
    /// Most steps between two numbers at the same place of a block; both are finite throughout.
    fn most_ulps(reference: &[Self::Bytes], observed: &[Self::Bytes]) -> u64;
}

/// `float64`.
pub(super) struct F64;
/// `float32`.
pub(super) struct F32;

impl Element for F64 {
    type Bytes = [u8; 8];

    #[inline]
    fn value(bytes: [u8; 8]) -> f64 {
        f64::from_le_bytes(bytes)
    }

    #[inline]
    fn ulps(a: [u8; 8], b: [u8; 8]) -> u64 {
        ulps64(f64::from_le_bytes(a), f64::from_le_bytes(b))
    }

    /// 64-bit integers cannot be compared by the vector instructions that every x86-64 has, floats can: a
    /// difference of bits below 2^51 added to those of 1.5 * 2^52 makes them those of a float whose value is
    /// larger by that difference. Numbers of unlike sign or far apart fall out of this range, which shows in
    /// the exponent; then the block is done once more with integers.
    fn most_ulps(reference: &[[u8; 8]], observed: &[[u8; 8]]) -> u64 {
        const BASE: f64 = 6_755_399_441_055_744.0;
        const EXPONENT: u64 = 0xfff0_0000_0000_0000;
        let (mut most, mut strange) = ([0.0; LANES], [0; LANES]);
        lanes(reference, observed, |lane, b, a| {
            let apart = u64::from_le_bytes(a).wrapping_sub(u64::from_le_bytes(b));
            let shifted = apart.wrapping_add(BASE.to_bits());
            strange[lane] |= shifted ^ BASE.to_bits();
            most[lane] = larger((f64::from_bits(shifted) - BASE).abs(), most[lane]);
        });
        if strange.iter().fold(0, |all, bits| all | bits) & EXPONENT == 0 {
            return largest(&most) as u64;
        }
        reference.iter().zip(observed).fold(0, |most, (b, a)| Self::ulps(*a, *b).max(most))
    }
}

impl Element for F32 {
    type Bytes = [u8; 4];

    #[inline]
    fn value(bytes: [u8; 4]) -> f64 {
        f32::from_le_bytes(bytes).into()
    }

    #[inline]
    fn ulps(a: [u8; 4], b: [u8; 4]) -> u64 {
        ulps32(f32::from_le_bytes(a), f32::from_le_bytes(b))
    }

    fn most_ulps(reference: &[[u8; 4]], observed: &[[u8; 4]]) -> u64 {
        let mut most = [0_u32; LANES];
        lanes(reference, observed, |lane, b, a| {
            let apart = place32(f32::from_le_bytes(a)).abs_diff(place32(f32::from_le_bytes(b)));
            most[lane] = apart.max(most[lane]);
        });
        most.into_iter().fold(0, u32::max).into()
    }
}

/// Calls `step` for each place with its lane, reference and observed element, in the order that the compiler
/// can turn into vector instructions when `step` has no branches.
#[inline(always)]
fn lanes<B: Copy>(reference: &[B], observed: &[B], mut step: impl FnMut(usize, B, B)) {
    let (left, left_rest) = reference.as_chunks::<LANES>();
    let (right, right_rest) = observed.as_chunks::<LANES>();
    for (b, a) in left.iter().zip(right) {
        for lane in 0..LANES {
            step(lane, b[lane], a[lane]);
        }
    }
    for (lane, (b, a)) in left_rest.iter().zip(right_rest).enumerate() {
        step(lane, *b, *a);
    }
}

/// The larger; a NaN on the left counts as nothing. One vector instruction, unlike `f64::max`.
#[inline]
fn larger(candidate: f64, most: f64) -> f64 {
    if candidate > most { candidate } else { most }
}

/// What the first pass says of one block, for the second.
#[derive(Clone, Copy)]
enum Block {
    /// Equal by value throughout: nothing left to see.
    Equal,
    /// Finite throughout.
    Finite {
        max_abs: f64,
        /// Largest `|a - b| / |b|`, infinite where a `b` is 0 and its `a` is not.
        max_rel: f64,
    },
    /// Holds NaN, infinities, or differences beyond the largest float.
    Careful {
        /// Over the elements that are finite on both sides.
        max_abs: f64,
    },
}

impl Block {
    /// Largest `|a - b|`.
    fn max_abs(self) -> f64 {
        match self {
            Self::Equal => 0.0,
            Self::Finite { max_abs, .. } | Self::Careful { max_abs } => max_abs,
        }
    }

    /// Whether an element of the block may be outside tolerance.
    fn suspect(self, bound: Bound) -> bool {
        match self {
            Self::Equal => false,
            Self::Finite { max_abs, max_rel } => {
                let near = bound.rtol.min(bound.floor) >= TINY && max_rel * MARGIN <= bound.rtol;
                max_abs > bound.floor && !near
            }
            Self::Careful { .. } => true,
        }
    }
}

/// The first pass over some blocks.
#[derive(Default)]
struct First {
    blocks: Vec<Block>,
    scale: f64,
    facts: OutputFacts,
}

/// Measures `observed` against `reference`, which have equal lengths; also gives the scale of the reference.
pub(super) fn measure<E: Element>(
    reference: &[E::Bytes],
    observed: &[E::Bytes],
    tolerance: Tolerance,
) -> (OutputFacts, f64) {
    let block = |index: usize| {
        let span = index * BLOCK..((index + 1) * BLOCK).min(reference.len());
        (&reference[span.clone()], &observed[span])
    };

    let (mut first, second) = parts(reference.len().div_ceil(BLOCK), reference.len(), |part| {
        let mut pass = First::default();
        for (reference, observed) in part.map(block) {
            pass.visit::<E>(reference, observed);
        }
        pass
    });
    if let Some(second) = second {
        first.blocks.extend(second.blocks);
        first.scale = larger(second.scale, first.scale);
        first.facts.add(&second.facts);
    }
    let First { blocks, scale, mut facts } = first;

    let bound = Bound::new(tolerance, scale);
    let suspects: Vec<usize> = (0..blocks.len()).filter(|index| blocks[*index].suspect(bound)).collect();
    let (one, two) = parts(suspects.len(), suspects.len() * BLOCK, |part| {
        let mut found = OutputFacts::default();
        for &index in &suspects[part] {
            let (reference, observed) = block(index);
            let start = (index * BLOCK) as u64;
            if matches!(blocks[index], Block::Careful { .. }) {
                judge_carefully::<E>(reference, observed, bound, start, &mut found);
            } else {
                judge::<E>(reference, observed, bound, start, &mut found);
            }
        }
        found
    });
    facts.add(&one);
    if let Some(two) = two {
        facts.add(&two);
    }
    if facts.worst.is_none()
        && facts.max_abs > 0.0
        && let Some(index) = blocks.iter().position(|block| block.max_abs() == facts.max_abs)
    {
        // Nothing is outside: the largest difference of all. NaN and infinities are the same on both sides,
        // and the difference of two that are the same is NaN, which equals nothing.
        let (reference, observed) = block(index);
        let place = reference.iter().zip(observed).position(|(b, a)| distance::<E>(*b, *a) == facts.max_abs);
        facts.worst =
            place.map(|place| Candidate::number(false, facts.max_abs, (index * BLOCK + place) as u64));
    }
    (facts, scale)
}

/// `|a - b|`.
#[inline]
fn distance<E: Element>(b: E::Bytes, a: E::Bytes) -> f64 {
    (E::value(a) - E::value(b)).abs()
}

impl First {
    fn visit<E: Element>(&mut self, reference: &[E::Bytes], observed: &[E::Bytes]) {
        if reference == observed {
            self.scale = larger(magnitude::<E>(reference), self.scale);
            self.blocks.push(Block::Equal);
            return;
        }
        let sums = sums::<E>(reference, observed);
        if !sums.finite {
            self.carefully::<E>(reference, observed);
            return;
        }
        self.scale = larger(sums.scale, self.scale);
        let max_rel =
            if sums.max_rel == f64::INFINITY { quotient::<E>(reference, observed) } else { sums.max_rel };
        let max_ulp = E::most_ulps(reference, observed);
        let facts = OutputFacts { max_abs: sums.max_abs, max_rel, max_ulp, ..OutputFacts::default() };
        self.facts.add(&facts);
        self.blocks.push(if sums.max_abs == 0.0 {
            Block::Equal
        } else {
            Block::Finite { max_abs: sums.max_abs, max_rel: sums.max_rel }
        });
    }

    /// Element by element, for a block that is not finite throughout.
    fn carefully<E: Element>(&mut self, reference: &[E::Bytes], observed: &[E::Bytes]) {
        let mut facts = OutputFacts::default();
        for (&b, &a) in reference.iter().zip(observed) {
            let (x, y) = (E::value(a), E::value(b));
            if y.is_finite() {
                self.scale = larger(y.abs(), self.scale);
            }
            if x.is_finite() && y.is_finite() {
                let abs = (x - y).abs();
                facts.max_abs = larger(abs, facts.max_abs);
                facts.max_rel = larger(if y == 0.0 { 0.0 } else { abs / y.abs() }, facts.max_rel);
                facts.max_ulp = facts.max_ulp.max(E::ulps(a, b));
            }
        }
        self.facts.add(&facts);
        self.blocks.push(Block::Careful { max_abs: facts.max_abs });
    }
}

/// What the vector loop finds in one block.
struct Sums {
    scale: f64,
    max_abs: f64,
    /// As in [`Block::Finite`].
    max_rel: f64,
    /// Whether all values and all differences are finite; the rest means nothing otherwise.
    finite: bool,
}

/// The largest of all lanes. Not inlined, so that the accumulators stay arrays in order: a reduction in sight
/// makes the compiler pair them badly in the loop before it.
#[inline(never)]
fn largest(lanes: &[f64; LANES]) -> f64 {
    lanes.iter().fold(0.0, |most, lane| larger(*lane, most))
}

/// Whether no lane is NaN or infinite.
#[inline(never)]
fn finite(lanes: &[f64; LANES]) -> bool {
    lanes.iter().all(|lane| lane.is_finite())
}

fn sums<E: Element>(reference: &[E::Bytes], observed: &[E::Bytes]) -> Sums {
    let (mut scale, mut abs, mut rel, mut all) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    lanes(reference, observed, |lane, b, a| {
        let (x, y) = (E::value(a), E::value(b));
        let difference = (x - y).abs();
        all[lane] += difference;
        scale[lane] = larger(y.abs(), scale[lane]);
        abs[lane] = larger(difference, abs[lane]);
        rel[lane] = larger(difference / y.abs(), rel[lane]);
    });
    Sums {
        scale: largest(&scale),
        max_abs: largest(&abs),
        max_rel: largest(&rel),
        // An infinity or NaN anywhere makes the difference so, and then its lane's sum.
        finite: finite(&all),
    }
}

/// Largest finite magnitude.
pub(super) fn magnitude<E: Element>(values: &[E::Bytes]) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut step = |lane: usize, bytes: E::Bytes| {
        let value = E::value(bytes).abs();
        lanes[lane] = larger(if value < f64::INFINITY { value } else { 0.0 }, lanes[lane]);
    };
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, bytes) in chunk.iter().enumerate() {
            step(lane, *bytes);
        }
    }
    for (lane, bytes) in rest.iter().enumerate() {
        step(lane, *bytes);
    }
    largest(&lanes)
}

/// Largest `|a - b| / |b|` over `b != 0` of a finite block.
fn quotient<E: Element>(reference: &[E::Bytes], observed: &[E::Bytes]) -> f64 {
    let mut most = [0.0; LANES];
    lanes(reference, observed, |lane, b, a| {
        let (x, y) = (E::value(a), E::value(b));
        most[lane] = larger(if y == 0.0 { 0.0 } else { (x - y).abs() / y.abs() }, most[lane]);
    });
    largest(&most)
}

/// Counts what is outside in a finite block that starts at element `start`, and finds the worst of it.
fn judge<E: Element>(
    reference: &[E::Bytes],
    observed: &[E::Bytes],
    bound: Bound,
    start: u64,
    facts: &mut OutputFacts,
) {
    // The distance where it is outside, else 0, which no distance outside is.
    let over = |b: E::Bytes, a: E::Bytes| {
        let distance = distance::<E>(b, a);
        if distance > bound.allowed(E::value(b).abs()) { distance } else { 0.0 }
    };
    let (mut outside, mut most) = ([0_u64; LANES], [0.0; LANES]);
    lanes(reference, observed, |lane, b, a| {
        let over = over(b, a);
        outside[lane] += u64::from(over > 0.0);
        most[lane] = larger(over, most[lane]);
    });
    facts.outside += outside.iter().sum::<u64>();
    let most = largest(&most);
    // No element of the block is worse than this.
    let limit = Candidate::number(true, most, start);
    if most > 0.0
        && facts.worst.is_none_or(|known| limit.beats(&known))
        && let Some(place) = reference.iter().zip(observed).position(|(b, a)| over(*b, *a) == most)
    {
        facts.consider(Candidate { index: start + place as u64, ..limit });
    }
}

/// As [`judge`], element by element, for a block that is not finite throughout.
fn judge_carefully<E: Element>(
    reference: &[E::Bytes],
    observed: &[E::Bytes],
    bound: Bound,
    start: u64,
    facts: &mut OutputFacts,
) {
    for (place, (b, a)) in reference.iter().zip(observed).enumerate() {
        let index = start + place as u64;
        match floats(E::value(*a), E::value(*b)) {
            Difference::Finite { abs, magnitude, .. } => {
                if abs > bound.allowed(magnitude) {
                    facts.outside += 1;
                    facts.consider(Candidate::number(true, abs, index));
                }
            }
            Difference::SameNonfinite => {}
            Difference::Nonfinite => {
                facts.outside += 1;
                facts.nonfinite_differ += 1;
                facts.consider(Candidate::nonfinite(index));
            }
        }
    }
}
