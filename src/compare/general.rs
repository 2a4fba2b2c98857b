//! The comparison of continuous outputs of any encodings, element by element.

use crate::vocab::Tolerance;

use super::array::{Array, Layout};
use super::damage::Damage;
use super::facts::{Bound, Candidate, OutputFacts};
use super::ulp::ulps32;
use super::value::{Difference, Value, difference};

/// The facts, the scale of the reference, and the values of the worst element.
pub(super) struct Measured<'a> {
    pub(super) facts: OutputFacts,
    pub(super) scale: f64,
    pub(super) worst: Option<(Value<'a>, Value<'a>)>,
}

/// Calls `visit` with index, reference and observed value of each element in C order; of two sparse arrays,
/// for each element that either side stores.
///
/// # Errors
///
/// The damage of a text array, with its side; what was visited before stands.
pub(super) fn pairs<'a>(
    reference: &Array<'a>,
    observed: &Array<'a>,
    mut visit: impl FnMut(u64, Value<'a>, Value<'a>),
) -> Result<(), Damage> {
    if let (Layout::Csr(left), Layout::Csr(right)) = (reference.layout, observed.layout) {
        left.merge(&right, |index, b, a| visit(index, Value::Float(b), Value::Float(a)));
        return Ok(());
    }
    let (mut left, mut right) = (reference.values(), observed.values());
    let mut index = 0;
    loop {
        let b = left.next().transpose().map_err(|damage| damage.of("reference"))?;
        let a = right.next().transpose().map_err(|damage| damage.of("observation"))?;
        let (Some(b), Some(a)) = (b, a) else { return Ok(()) };
        visit(index, b, a);
        index += 1;
    }
}

/// Largest finite magnitude of an output. In text, whole numbers are compared exactly and do not count.
pub(super) fn scale(array: &Array<'_>) -> f64 {
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
    match array.layout {
        Layout::Csr(csr) => most(&mut csr.stored().map(f64::abs).filter(|value| value.is_finite())),
        Layout::Text => most(&mut array.values().filter_map(Result::ok).filter_map(|value| match value {
            Value::Float(_) => value.magnitude(),
            Value::Int(_) | Value::Other(_) => None,
        })),
        _ => most(&mut array.values().filter_map(Result::ok).filter_map(Value::magnitude)),
    }
}

/// Compares two arrays of one shape. `single` says that both hold `float32`, whose steps are then counted.
///
/// # Errors
///
/// As [`pairs`].
pub(super) fn measure<'a>(
    reference: &Array<'a>,
    observed: &Array<'a>,
    tolerance: Tolerance,
    single: bool,
) -> Result<Measured<'a>, Damage> {
    let scale = scale(reference);
    let bound = Bound::new(tolerance, scale);
    let exact = [reference, observed].iter().any(|array| matches!(array.layout, Layout::Text));
    let mut facts = OutputFacts::default();
    let mut worst = None;
    pairs(reference, observed, |index, b, a| {
        let candidate = match difference(a, b) {
            Some(Difference::Finite { abs, magnitude, ulps }) => {
                let whole = exact && matches!((a, b), (Value::Int(_), Value::Int(_)));
                let outside = abs > if whole { 0.0 } else { bound.allowed(magnitude) };
                let ulps = match (a, b) {
                    (Value::Float(a), Value::Float(b)) if single => ulps32(a as f32, b as f32),
                    _ => ulps,
                };
                facts.outside += u64::from(outside);
                facts.max_abs = facts.max_abs.max(abs);
                facts.max_ulp = facts.max_ulp.max(ulps);
                if magnitude > 0.0 {
                    facts.max_rel = facts.max_rel.max(abs / magnitude);
                }
                (abs > 0.0 || bits_differ(a, b)).then_some(Candidate::number(outside, abs, index))
            }
            Some(Difference::SameNonfinite) => {
                bits_differ(a, b).then_some(Candidate::number(false, 0.0, index))
            }
            Some(Difference::Nonfinite) => {
                facts.outside += 1;
                facts.nonfinite_differ += 1;
                Some(Candidate::nonfinite(index))
            }
            None if a.key() == b.key() => None,
            None => {
                facts.outside += 1;
                Some(Candidate::number(true, f64::INFINITY, index))
            }
        };
        if let Some(candidate) = candidate
            && facts.consider(candidate)
        {
            worst = Some((b, a));
        }
    })?;
    Ok(Measured { facts, scale, worst })
}

/// Whether two floats that count as equal are told apart by their bits: signed zeros, payloads of NaN.
fn bits_differ(a: Value<'_>, b: Value<'_>) -> bool {
    matches!((a, b), (Value::Float(a), Value::Float(b)) if a.to_bits() != b.to_bits())
}
