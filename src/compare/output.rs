//! One output of the reference against the same output of the observation.

use crate::vocab::{
    Agreement, DtypePair, Encoding, Mismatch, OutputComparison, OutputKind, OutputRef, Real, Tolerance, Worst,
};

use super::array::{Array, Layout, elements};
use super::damage::Damage;
use super::facts::{Candidate, OutputFacts, sane};
use super::label::Flips;
use super::ties::Scores;
use super::value::{Value, describe};
use super::{dense, general, label, parallel};

/// Whether the float32 tolerance applies: either side holds numbers of that precision or less. Sparse rows are
/// stored as `f64`, so the dtype counts beside the encoding.
pub(super) fn low_precision(reference: &OutputRef, observed: &OutputRef) -> bool {
    [reference, observed].iter().any(|output| single(output) || output.dtype == "float16")
}

/// Whether the values of an output are float32.
fn single(output: &OutputRef) -> bool {
    output.encoding == Encoding::F32 || (output.encoding == Encoding::Csr && output.dtype == "float32")
}

/// The dtypes of both, where they differ.
fn dtypes(reference: &OutputRef, observed: &OutputRef) -> Option<DtypePair> {
    (reference.dtype != observed.dtype)
        .then(|| DtypePair { reference: reference.dtype.clone(), observed: observed.dtype.clone() })
}

fn blank(agreement: Agreement, elements: u64) -> OutputComparison {
    OutputComparison {
        agreement,
        elements,
        mismatch: None,
        dtypes: None,
        tolerance: None,
        max_abs: Real(0.0),
        max_rel: Real(0.0),
        max_ulp: 0,
        scale: Real(0.0),
        outside: 0,
        nonfinite_differ: 0,
        flips: 0,
        tie_flips: 0,
        flipped: Vec::new(),
        worst: None,
        noise: None,
    }
}

/// The observation lacks the output.
pub(super) fn missing() -> OutputComparison {
    OutputComparison { mismatch: Some(Mismatch::Missing), ..blank(Agreement::Mismatched, 0) }
}

/// Both outputs cannot be compared value by value.
pub(super) fn mismatched(
    reference: &OutputRef,
    observed: &OutputRef,
    mismatch: Mismatch,
) -> OutputComparison {
    OutputComparison {
        mismatch: Some(mismatch),
        dtypes: dtypes(reference, observed),
        ..blank(Agreement::Mismatched, 0)
    }
}

/// The shapes differ.
pub(super) fn shapes(reference: &OutputRef, observed: &OutputRef) -> OutputComparison {
    let mismatch = Mismatch::Shape { reference: reference.shape.clone(), observed: observed.shape.clone() };
    mismatched(reference, observed, mismatch)
}

/// Bytes that are absent or cannot be read.
pub(super) fn damaged(reference: &OutputRef, observed: &OutputRef, what: String) -> OutputComparison {
    mismatched(reference, observed, Mismatch::Damaged { what })
}

/// Whether the two are bit-equal by what is known without their bytes.
pub(super) fn same(reference: &OutputRef, observed: &OutputRef) -> bool {
    reference.digest == observed.digest
        && reference.encoding == observed.encoding
        && reference.shape == observed.shape
}

/// Both have the same bits. Nothing was measured, so nothing but the dtypes is said.
pub(super) fn bit_equal(reference: &OutputRef, observed: &OutputRef) -> OutputComparison {
    let elements = elements(&reference.shape).unwrap_or(u64::MAX);
    OutputComparison { dtypes: dtypes(reference, observed), ..blank(Agreement::BitEqual, elements) }
}

/// Compares the bytes of one output. `scores` is asked once, when a label differs, for what could make it a
/// tie. The kind that counts is the reference's.
pub(super) fn compare<'s>(
    (reference, reference_bytes): (&OutputRef, &[u8]),
    (observed, observed_bytes): (&OutputRef, &[u8]),
    tolerance: Tolerance,
    scores: impl FnOnce() -> Scores<'s>,
) -> OutputComparison {
    if reference.shape != observed.shape {
        return shapes(reference, observed);
    }
    let arrays = Array::new(reference, reference_bytes)
        .map_err(|damage| damage.of("reference"))
        .and_then(|left| Ok((left, Array::new(observed, observed_bytes).map_err(|d| d.of("observation"))?)));
    let (left, right) = match arrays {
        Ok(arrays) => arrays,
        Err(damage) => return damaged(reference, observed, damage.0),
    };
    if reference.encoding == observed.encoding && parallel::equal(left.bytes, right.bytes) {
        return bit_equal(reference, observed);
    }
    let elements = left.elements as u64;
    let (mut agreement, mut comparison) = (Agreement::Within, blank(Agreement::Within, elements));
    let result = comparable(&left, &right).and_then(|comparable| {
        if !comparable {
            let (reference, observed) = (reference.dtype.clone(), observed.dtype.clone());
            comparison = blank(Agreement::Mismatched, 0);
            comparison.mismatch = Some(Mismatch::Type { reference, observed });
            agreement = Agreement::Mismatched;
            return Ok(());
        }
        let precision = [single(reference), single(observed)];
        let worst = match reference.kind {
            OutputKind::Continuous => {
                let tolerance = sane(tolerance);
                comparison.tolerance = Some(tolerance);
                let (facts, scale, worst) = continuous(&left, &right, tolerance, precision == [true; 2])?;
                record(&mut comparison, &facts, scale);
                facts.worst.zip(worst).map(|(candidate, values)| (candidate.index, values))
            }
            OutputKind::Label => {
                let Flips { flips, tie_flips, flipped, worst } = label::compare(&left, &right, scores)?;
                comparison.flips = flips;
                comparison.tie_flips = tie_flips;
                comparison.flipped = flipped;
                comparison.outside = flips - tie_flips;
                worst
            }
        };
        if comparison.outside > 0 {
            agreement = Agreement::Outside;
        }
        comparison.worst = worst.map(|(index, (b, a))| {
            let (b, a) = describe(b, a, precision);
            Worst { index: unravel(index, &reference.shape), reference: b, observed: a }
        });
        Ok(())
    });
    match result {
        Ok(()) => OutputComparison { agreement, dtypes: dtypes(reference, observed), ..comparison },
        Err(damage) => damaged(reference, observed, damage.0),
    }
}

fn record(comparison: &mut OutputComparison, facts: &OutputFacts, scale: f64) {
    comparison.max_abs = Real(facts.max_abs);
    comparison.max_rel = Real(facts.max_rel);
    comparison.max_ulp = facts.max_ulp;
    comparison.scale = Real(scale);
    comparison.outside = facts.outside;
    comparison.nonfinite_differ = facts.nonfinite_differ;
}

/// False where one side holds numbers and the other text that stands for something else.
fn comparable(left: &Array<'_>, right: &Array<'_>) -> Result<bool, Damage> {
    let (text, side) = match (left.layout, right.layout) {
        (Layout::Text, Layout::Text) => return Ok(true),
        (Layout::Text, _) => (left, "reference"),
        (_, Layout::Text) => (right, "observation"),
        _ => return Ok(true),
    };
    let mut numbers = true;
    for value in text.values() {
        numbers &= !matches!(value.map_err(|damage| damage.of(side))?, Value::Other(_));
    }
    Ok(numbers)
}

/// The facts, the scale, and the values of the worst element.
type Continuous<'a> = (OutputFacts, f64, Option<(Value<'a>, Value<'a>)>);

fn continuous<'a>(
    left: &Array<'a>,
    right: &Array<'a>,
    tolerance: Tolerance,
    single: bool,
) -> Result<Continuous<'a>, Damage> {
    Ok(match (left.layout, right.layout) {
        (Layout::F64(left), Layout::F64(right)) => fast::<dense::F64>(left, right, tolerance),
        (Layout::F32(left), Layout::F32(right)) => fast::<dense::F32>(left, right, tolerance),
        _ => {
            let measured = general::measure(left, right, tolerance, single)?;
            (measured.facts, measured.scale, measured.worst)
        }
    })
}

fn fast<'a, E: dense::Element>(
    left: &[E::Bytes],
    right: &[E::Bytes],
    tolerance: Tolerance,
) -> Continuous<'a> {
    let (mut facts, scale) = dense::measure::<E>(left, right, tolerance);
    if facts.worst.is_none()
        && let Some(place) = left.iter().zip(right).position(|(b, a)| a != b)
    {
        // Equal by value throughout: the first signed zero or NaN that is told apart by its bits.
        facts.worst = Some(Candidate::number(false, 0.0, place as u64));
    }
    let values = facts.worst.map(|worst| {
        let place = worst.index as usize;
        (Value::Float(E::value(left[place])), Value::Float(E::value(right[place])))
    });
    (facts, scale, values)
}

/// Index in each dimension of an element in C order.
fn unravel(mut index: u64, shape: &[u64]) -> Vec<u64> {
    let mut place: Vec<u64> = shape
        .iter()
        .rev()
        .map(|length| {
            // An element exists, so no length is 0.
            let at = index % length;
            index /= length;
            at
        })
        .collect();
    place.reverse();
    place
}
