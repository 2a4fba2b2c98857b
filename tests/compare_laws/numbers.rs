//! Continuous outputs: the comparison against a plain one, and its laws.

use proptest::prelude::*;
use shelflife::vocab::{Agreement, Mismatch, OutputComparison, Tolerance};

use super::support::{Output, bools, compare, compare_with, f32s, f64s, i64s, u64s};
use super::ulp::{oracle, oracle32};

/// What the comparison of floats has to find, written without regard to speed.
#[derive(Debug, Default, PartialEq)]
struct Plain {
    max_abs: f64,
    max_rel: f64,
    max_ulp: u64,
    scale: f64,
    outside: u64,
    nonfinite_differ: u64,
    worst: Option<u64>,
}

fn plain(reference: &[f64], observed: &[f64], tolerance: Tolerance, ulps: impl Fn(f64, f64) -> u64) -> Plain {
    let mut found = Plain::default();
    for b in reference.iter().filter(|b| b.is_finite()) {
        found.scale = found.scale.max(b.abs());
    }
    // Whether only one side is finite, whether it is outside, and how far apart.
    let mut worst = (false, false, -1.0);
    for (index, (&b, &a)) in reference.iter().zip(observed).enumerate() {
        let rank = if a.is_finite() && b.is_finite() {
            let abs = (a - b).abs();
            let allowed = tolerance.rtol * b.abs() + tolerance.stol * found.scale;
            found.max_abs = found.max_abs.max(abs);
            found.max_ulp = found.max_ulp.max(ulps(a, b));
            if b != 0.0 {
                found.max_rel = found.max_rel.max(abs / b.abs());
            }
            found.outside += u64::from(abs > allowed);
            if a.to_bits() == b.to_bits() {
                continue;
            }
            (false, abs > allowed, abs)
        } else if a == b || (a.is_nan() && b.is_nan()) {
            if a.to_bits() == b.to_bits() {
                continue;
            }
            (false, false, 0.0)
        } else {
            found.outside += 1;
            found.nonfinite_differ += 1;
            (true, true, f64::INFINITY)
        };
        if rank > worst {
            worst = rank;
            found.worst = Some(index as u64);
        }
    }
    found
}

fn facts(found: &OutputComparison) -> Plain {
    Plain {
        max_abs: found.max_abs.0,
        max_rel: found.max_rel.0,
        max_ulp: found.max_ulp,
        scale: found.scale.0,
        outside: found.outside,
        nonfinite_differ: found.nonfinite_differ,
        worst: found.worst.as_ref().map(|worst| worst.index[0]),
    }
}

fn agreement(found: &Plain) -> Agreement {
    match (found.outside, found.worst) {
        (0, None) => Agreement::BitEqual,
        (0, Some(_)) => Agreement::Within,
        _ => Agreement::Outside,
    }
}

fn check(found: &OutputComparison, expected: &Plain) -> Result<(), TestCaseError> {
    prop_assert_eq!(found.agreement, agreement(expected));
    if found.agreement != Agreement::BitEqual {
        prop_assert_eq!(&facts(found), expected);
    }
    Ok(())
}

/// A reference value and an observed one that is equal, near, or unrelated.
fn pair() -> impl Strategy<Value = (f64, f64)> {
    let ordinary = -4.0..4.0_f64;
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::NAN,
        f64::from_bits(f64::NAN.to_bits() | 1),
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -1e-310,
        1.0,
    ]);
    let value = prop_oneof![6 => ordinary, 2 => special.clone(), 1 => any::<f64>()];
    (value, special, 0..10_u8, -14..1_i32).prop_map(|(b, special, how, exponent)| {
        let a = match how {
            0..=2 => b,
            3 => b.next_up(),
            4 => b.next_down(),
            5 => -b,
            6 | 7 => b * (1.0 + 10.0_f64.powi(exponent)),
            8 => b + 10.0_f64.powi(exponent),
            _ => special,
        };
        (b, a)
    })
}

/// Some pairs at random places among many that are alike, so that blocks and their borders take part.
fn arrays() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    let background = prop_oneof![Just((1.0, 1.0)), Just((1.0, 1.0 + f64::EPSILON)), Just((0.0, 0.0)), pair()];
    let length = prop_oneof![3 => 0..40_usize, 1 => 2040..2060_usize, 1 => 2060..7000_usize];
    (background, length, prop::collection::vec((any::<prop::sample::Index>(), pair()), 0..20)).prop_map(
        |((b, a), length, points)| {
            let (mut reference, mut observed) = (vec![b; length], vec![a; length]);
            if length > 0 {
                for (at, (b, a)) in points {
                    (reference[at.index(length)], observed[at.index(length)]) = (b, a);
                }
            }
            (reference, observed)
        },
    )
}

fn tolerance() -> impl Strategy<Value = Tolerance> {
    prop_oneof![
        2 => Just(Tolerance::FLOAT64),
        1 => Just(Tolerance::FLOAT32),
        1 => prop::sample::select(vec![(0.0, 0.0), (0.0, 1e-9), (1e-9, 0.0), (0.5, 0.5)])
            .prop_map(|(rtol, stol)| Tolerance { rtol, stol }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn float64_agrees_with_the_plain_comparison((reference, observed) in arrays(), tolerance in tolerance()) {
        let found = compare_with(&f64s(&reference), &f64s(&observed), tolerance);
        check(&found, &plain(&reference, &observed, tolerance, oracle))?;
    }

    #[test]
    fn float32_agrees_with_the_plain_comparison((reference, observed) in arrays(), tolerance in tolerance()) {
        let narrow = |values: &[f64]| values.iter().map(|value| *value as f32).collect::<Vec<_>>();
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
        let (reference, observed) = (narrow(&reference), narrow(&observed));
        let found = compare_with(&f32s(&reference), &f32s(&observed), tolerance);
        let ulps = |a, b| oracle32(a as f32, b as f32);
        check(&found, &plain(&wide(&reference), &wide(&observed), tolerance, ulps))?;
    }

    #[test]
    fn float32_against_float64_is_measured_in_float64((reference, observed) in arrays()) {
        let narrow: Vec<f32> = reference.iter().map(|value| *value as f32).collect();
        let wide: Vec<f64> = narrow.iter().map(|value| f64::from(*value)).collect();
        let found = compare(&f32s(&narrow), &f64s(&observed));
        let expected = plain(&wide, &observed, Tolerance::FLOAT64, oracle);
        prop_assert_eq!(&facts(&found), &expected);
        let wanted = if expected.outside == 0 { Agreement::Within } else { Agreement::Outside };
        prop_assert_eq!(found.agreement, wanted);
    }

    #[test]
    fn swapping_sides_keeps_what_has_no_side((reference, observed) in arrays()) {
        let (left, right) = (f64s(&reference), f64s(&observed));
        let (there, back) = (compare(&left, &right), compare(&right, &left));
        prop_assert_eq!(there.max_abs, back.max_abs);
        prop_assert_eq!(there.max_ulp, back.max_ulp);
        prop_assert_eq!(there.nonfinite_differ, back.nonfinite_differ);
        let equal = |found: &OutputComparison| found.agreement == Agreement::BitEqual;
        prop_assert_eq!(equal(&there), equal(&back));
        prop_assert_eq!(equal(&there), left.bytes == right.bytes);
        prop_assert!(equal(&compare(&left, &left)));
    }

    #[test]
    fn integers_compare_by_value_across_types(values in prop::collection::vec((any::<i64>(), -1..2_i64), 0..20)) {
        let reference: Vec<i64> = values.iter().map(|(b, _)| *b).collect();
        let observed: Vec<i64> = values.iter().map(|(b, step)| b.saturating_add(*step)).collect();
        let found = compare_with(&i64s(&reference), &i64s(&observed), Tolerance { rtol: 0.0, stol: 0.0 });
        let differ = reference.iter().zip(&observed).filter(|(b, a)| a != b).count() as u64;
        prop_assert_eq!(found.outside, differ);
        prop_assert_eq!(found.max_abs.0, if differ > 0 { 1.0 } else { 0.0 });
        prop_assert_eq!(found.agreement == Agreement::BitEqual, differ == 0);
    }
}

#[test]
fn large_arrays_on_two_threads_agree_with_the_plain_comparison() {
    let count = (1 << 20) + 4321;
    let mut reference: Vec<f64> = (0..count).map(|i| f64::from(i % 9973) - 4000.25).collect();
    let mut observed: Vec<f64> = reference.iter().map(|value| value.next_up()).collect();
    let both = |reference: &[f64], observed: &[f64]| {
        let found = compare(&f64s(reference), &f64s(observed));
        assert_eq!(facts(&found), plain(reference, observed, Tolerance::FLOAT64, oracle));
        found.agreement
    };
    assert_eq!(both(&reference, &observed), Agreement::Within);
    observed[1_000_000] += 1.0;
    observed[17] -= 0.5;
    assert_eq!(both(&reference, &observed), Agreement::Outside);
    (reference[700_000], observed[900_000]) = (f64::INFINITY, f64::NAN);
    assert_eq!(both(&reference, &observed), Agreement::Outside);
    assert_eq!(compare(&f64s(&reference), &f64s(&reference)).agreement, Agreement::BitEqual);
}

#[test]
fn signed_zeros_are_within_and_named() {
    let found = compare(&f64s(&[1.0, 0.0]), &f64s(&[1.0, -0.0]));
    assert_eq!((found.agreement, found.max_abs.0, found.max_ulp), (Agreement::Within, 0.0, 0));
    let worst = found.worst.expect("the zero");
    assert_eq!((worst.index, worst.reference, worst.observed), (vec![1], "0.0".into(), "-0.0".into()));
}

#[test]
fn the_worst_is_the_furthest_of_those_outside() {
    let worst = |reference: &[f64], observed: &[f64]| {
        let found = compare(&f64s(reference), &f64s(observed));
        (found.agreement, found.worst.expect("one differs").index[0])
    };
    // The first uses far more of its tolerance, the second is further away.
    assert_eq!(worst(&[1e-6, 0.5, 1.0], &[0.01, 0.9, 1.0]), (Agreement::Outside, 1));
    // The largest difference of all is within tolerance: it is not shown while another is outside.
    assert_eq!(worst(&[1e6, 1.0], &[1e6 + 0.05, 1.001]), (Agreement::Outside, 1));
    assert_eq!(worst(&[1e6, 1.0], &[1e6 + 0.05, 1.0]), (Agreement::Within, 0));
    assert_eq!(worst(&[1.0, 2.0, 3.0], &[2.0, 4.0, 5.0]), (Agreement::Outside, 1));
    assert_eq!(worst(&[1.0, 2.0], &[9.0, f64::NAN]), (Agreement::Outside, 1));
}

#[test]
fn nan_and_infinities_must_stand_in_the_same_places() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let reference = f64s(&[nan, inf, -inf, 1.0]);
    let same = compare(&reference, &f64s(&[nan, inf, -inf, 1.0_f64.next_up()]));
    assert_eq!((same.agreement, same.nonfinite_differ), (Agreement::Within, 0));
    let found = compare(&reference, &f64s(&[1.0, -inf, nan, 5.0]));
    assert_eq!((found.nonfinite_differ, found.outside, found.max_abs.0), (3, 4, 4.0));
    let worst = found.worst.expect("the first NaN");
    assert_eq!((worst.index, worst.reference, worst.observed), (vec![0], "nan".into(), "1.0".into()));
}

#[test]
fn payloads_of_nan_are_told_apart_but_are_no_drift() {
    let other = f64::from_bits(f64::NAN.to_bits() | 1);
    let found = compare(&f64s(&[f64::NAN]), &f64s(&[other]));
    assert_eq!((found.agreement, found.nonfinite_differ), (Agreement::Within, 0));
    let worst = found.worst.expect("the NaN");
    assert_ne!(worst.reference, worst.observed);
}

#[test]
fn empty_arrays_are_bit_equal() {
    for encoded in [f64s(&[]), f32s(&[]), i64s(&[]), bools(&[])] {
        let found = compare(&encoded, &encoded);
        assert_eq!((found.agreement, found.elements), (Agreement::BitEqual, 0));
    }
    let found = compare(&f64s(&[]).shaped(&[0, 3]), &f32s(&[]).shaped(&[0, 3]));
    assert_eq!((found.agreement, found.elements, found.mismatch), (Agreement::Within, 0, None));
}

#[test]
fn large_integers_lose_nothing() {
    let large = (1_i64 << 53) + 1;
    let exact = Tolerance { rtol: 0.0, stol: 0.0 };
    let same = |left: &Output, right: &Output| compare_with(left, right, exact).outside == 0;
    assert!(!same(&i64s(&[large]), &i64s(&[large - 1])));
    assert!(!same(&i64s(&[large]), &f64s(&[large as f64])));
    assert!(same(&i64s(&[large - 1]), &f64s(&[(large - 1) as f64])));
    assert!(same(&i64s(&[i64::MAX]), &u64s(&[i64::MAX as u64])));
    assert!(!same(&i64s(&[-1]), &u64s(&[u64::MAX])));
    assert!(!same(&u64s(&[u64::MAX]), &f64s(&[u64::MAX as f64])));
    assert!(same(&bools(&[true, false]), &f64s(&[1.0, 0.0])));
    assert!(!same(&bools(&[true]), &f64s(&[0.5])));
    assert_eq!(compare(&i64s(&[1]), &f64s(&[f64::NAN])).nonfinite_differ, 1);
}

#[test]
fn another_shape_is_a_mismatch() {
    let values = [1.0, 2.0];
    let found = compare(&f64s(&values), &f64s(&values).shaped(&[2, 1]).dtype("float16"));
    let shapes = Mismatch::Shape { reference: vec![2], observed: vec![2, 1] };
    assert_eq!((found.agreement, found.mismatch), (Agreement::Mismatched, Some(shapes)));
    assert!(found.dtypes.is_some());
}

#[test]
fn the_worst_index_has_all_dimensions() {
    let reference = f64s(&[0.0; 24]).shaped(&[2, 3, 4]);
    let mut values = [0.0; 24];
    values[12 + 2 * 4 + 1] = 1.0;
    let found = compare(&reference, &f64s(&values).shaped(&[2, 3, 4]));
    assert_eq!(found.worst.expect("one differs").index, [1, 2, 1]);
}
