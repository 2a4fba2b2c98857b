//! Whole cells: which outputs, which bytes.

use std::cell::RefCell;

use shelflife::compare::{Blobs, compare_cell, needed};
use shelflife::vocab::{Agreement, Encoding, Mismatch, Tolerance};

use super::support::{Output, blobs, bools, cell, f32s, f64s, i64s, refs};

#[test]
fn equal_outputs_need_no_bytes() {
    let reference = [("predict", i64s(&[1, 2]).labels()), ("transform", f64s(&[0.5; 6]).shaped(&[2, 3]))];
    let mut observed = reference.clone();
    observed[0].1.reference.dtype = "int32".into();
    assert!(needed(&refs(&reference), &refs(&observed)).is_empty());
    let found = compare_cell(&refs(&reference), &refs(&observed), &Blobs::new(), &|_, _| Tolerance::FLOAT64);
    assert!(found.values().all(|found| found.agreement == Agreement::BitEqual));
    assert_eq!((found["predict"].elements, found["transform"].elements), (2, 6));
    assert!(found["predict"].dtypes.is_some() && found["transform"].dtypes.is_none());
}

#[test]
fn the_short_way_and_the_long_way_say_the_same() {
    let (left, right) = (f64s(&[1.0, 2.0]), f64s(&[1.0, 2.0]).dtype("longdouble"));
    let short = cell(&[("transform", left.clone())], &[("transform", right.clone())]);
    assert_eq!(short["transform"], super::support::compare(&left, &right));
}

#[test]
fn each_output_of_the_reference_has_an_entry() {
    let reference = [("predict", f64s(&[1.0])), ("score_samples", f64s(&[1.0]))];
    let found = cell(&reference, &[("predict", f64s(&[1.0])), ("transform", f64s(&[1.0]))]);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["predict", "score_samples"]);
    let missing = &found["score_samples"];
    assert_eq!((missing.agreement, &missing.mismatch), (Agreement::Mismatched, &Some(Mismatch::Missing)));
}

#[test]
fn needed_digests_are_those_that_are_read() {
    let reference = [
        ("classes_", bools(&[false, true]).labels()),
        ("decision_function", f64s(&[0.0, 5.0])),
        ("predict", i64s(&[0, 1]).labels()),
        ("transform", f64s(&[3.0])),
        ("unlike", f64s(&[4.0])),
    ];
    let mut observed = reference.clone();
    observed[2].1 = i64s(&[1, 1]).labels();
    observed[4].1 = f64s(&[4.0, 4.0]);
    let digests = needed(&refs(&reference), &refs(&observed));
    let own = [0, 1, 2].map(|index: usize| reference[index].1.reference.digest);
    assert_eq!(digests.len(), 4);
    assert!(own.iter().chain([&observed[2].1.reference.digest]).all(|digest| digests.contains(digest)));
    let all = blobs(&[&reference, &observed]);
    let few: Blobs = all.iter().filter(|(d, _)| digests.contains(d)).map(|(d, b)| (*d, b.clone())).collect();
    let tolerance = |_: &str, _| Tolerance::FLOAT64;
    let found = compare_cell(&refs(&reference), &refs(&observed), &few, &tolerance);
    assert_eq!(found, compare_cell(&refs(&reference), &refs(&observed), &all, &tolerance));
    assert_eq!((found["predict"].agreement, found["predict"].tie_flips), (Agreement::Within, 1));
    assert!(matches!(found["unlike"].mismatch, Some(Mismatch::Shape { .. })));
}

#[test]
fn absent_bytes_are_damage() {
    let (reference, observed) = ([("predict", f64s(&[1.0]))], [("predict", f64s(&[2.0]))]);
    let sides: [&[(&str, Output)]; 2] = [&reference, &observed];
    for side in sides {
        let found =
            compare_cell(&refs(&reference), &refs(&observed), &blobs(&[side]), &|_, _| Tolerance::FLOAT64);
        assert!(matches!(found["predict"].mismatch, Some(Mismatch::Damaged { .. })));
    }
}

#[test]
fn the_tolerance_is_asked_by_name_and_precision() {
    let asked = RefCell::new(Vec::new());
    let half = Output::new(Encoding::F64, "float16", &[1], 1.5_f64.to_le_bytes().to_vec());
    let reference = [("a", f64s(&[1.0])), ("b", f64s(&[1.0])), ("c", f32s(&[1.0])), ("d", half)];
    let observed = [("a", f64s(&[2.0])), ("b", f32s(&[2.0])), ("c", f32s(&[2.0])), ("d", f64s(&[2.0]))];
    let tolerance = |name: &str, float32: bool| {
        asked.borrow_mut().push((name.to_owned(), float32));
        Tolerance { rtol: 1.0, stol: 0.0 }
    };
    let both = blobs(&[&reference, &observed]);
    let found = compare_cell(&refs(&reference), &refs(&observed), &both, &tolerance);
    let wanted = [("a", false), ("b", true), ("c", true), ("d", true)];
    assert_eq!(*asked.borrow(), wanted.map(|(name, float32)| (name.to_owned(), float32)));
    assert!(found.values().all(|found| found.agreement == Agreement::Within && found.tolerance.is_some()));
}
