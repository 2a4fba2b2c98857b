//! Object arrays of continuous outputs.

use shelflife::vocab::{Agreement, Mismatch, Tolerance};

use super::support::{compare, compare_with, f64s, float_text, texts};

#[test]
fn floats_in_objects_are_within_tolerance_and_all_else_is_exact() {
    let row = |float: f64, whole: &str, word: &str| texts(&[float_text(float), whole.into(), word.into()]);
    let reference = row(1.0, "i:4000000000", "s:red");
    let near = compare(&reference, &row(1.0 + 1e-9, "i:4000000000", "s:red"));
    assert_eq!((near.agreement, near.outside), (Agreement::Within, 0));
    let whole = compare(&reference, &row(1.0, "i:4000000001", "s:red"));
    assert_eq!((whole.agreement, whole.outside), (Agreement::Outside, 1));
    let word = compare(&reference, &row(1.5, "i:4000000000", "s:green"));
    assert_eq!((word.agreement, word.outside, word.max_abs.0), (Agreement::Outside, 2, 0.5));
    let worst = word.worst.expect("the word");
    assert_eq!((worst.index, worst.observed), (vec![2], "green".to_owned()));
    let nothing = compare(&texts(&["n:", "d:2020-01-01"]), &texts(&["n:", "d:2020-01-02"]));
    assert_eq!(nothing.outside, 1);
}

#[test]
fn nan_in_objects_stays_in_place() {
    let found =
        compare(&texts(&[float_text(f64::NAN), "s:a".into()]), &texts(&[float_text(1.0), "s:a".into()]));
    assert_eq!((found.nonfinite_differ, found.outside), (1, 1));
    let found = compare(&texts(&[float_text(f64::NAN)]), &texts(&["n:"]));
    assert_eq!((found.nonfinite_differ, found.outside), (0, 1));
}

#[test]
fn objects_that_are_all_numbers_compare_with_numbers() {
    let objects = texts(&[float_text(1.5), "i:2".into()]);
    assert_eq!(compare(&objects, &f64s(&[1.5, 2.0])).agreement, Agreement::Within);
    assert_eq!(compare(&f64s(&[1.5, 2.5]), &objects).agreement, Agreement::Outside);
    let words = texts(&["s:x", "i:2"]);
    assert!(matches!(compare(&f64s(&[1.0, 2.0]), &words).mismatch, Some(Mismatch::Type { .. })));
}

#[test]
fn a_senseless_tolerance_allows_nothing_but_equality() {
    for bad in [f64::NAN, -1.0] {
        let tolerance = Tolerance { rtol: bad, stol: bad };
        let found = compare_with(&f64s(&[1.0, 2.0]), &f64s(&[1.0, 2.0_f64.next_up()]), tolerance);
        assert_eq!((found.outside, found.tolerance), (1, Some(Tolerance { rtol: 0.0, stol: 0.0 })));
    }
    let endless = Tolerance { rtol: f64::INFINITY, stol: 0.0 };
    assert_eq!(compare_with(&f64s(&[1.0]), &f64s(&[9.0]), endless).outside, 0);
}
