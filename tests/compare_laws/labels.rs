//! Labels by value, and flips that are ties.

use proptest::prelude::*;
use shelflife::vocab::{Agreement, Encoding, Mismatch, OutputComparison};

use super::support::{Output, Side, bools, cell, compare, csr, f64s, float_text, i64s, texts, u64s};

fn agreement(left: &Output, right: &Output) -> Agreement {
    compare(&left.clone().labels(), &right.clone().labels()).agreement
}

#[test]
fn numbers_are_one_label_whatever_their_type() {
    let ones = [i64s(&[1, 0]), u64s(&[1, 0]), bools(&[true, false]), f64s(&[1.0, 0.0])];
    let tagged =
        [texts(&["i:1", "i:0"]), texts(&["t:1", "t:0"]), texts(&[float_text(1.0), float_text(-0.0)])];
    let all: Vec<_> = ones.into_iter().chain(tagged).collect();
    for (i, left) in all.iter().enumerate() {
        for (j, right) in all.iter().enumerate() {
            let wanted = if i == j { Agreement::BitEqual } else { Agreement::Within };
            assert_eq!(agreement(left, right), wanted, "{left:?} {right:?}");
        }
    }
}

#[test]
fn widths_are_a_fact_and_no_difference() {
    let found = compare(&i64s(&[3, 4]).labels(), &i64s(&[3, 4]).labels().dtype("int32"));
    assert_eq!(found.agreement, Agreement::BitEqual);
    assert_eq!(found.dtypes.expect("they differ").observed, "int32");
}

#[test]
fn a_string_is_no_number() {
    let found = compare(&i64s(&[1]).labels(), &texts(&["s:1"]).labels().dtype("<U1"));
    let types = Mismatch::Type { reference: "int64".into(), observed: "<U1".into() };
    assert_eq!((found.agreement, found.mismatch), (Agreement::Mismatched, Some(types)));
    let found = compare(&texts(&["i:1", "s:b"]).labels(), &texts(&["s:1", "s:b"]).labels());
    assert_eq!((found.agreement, found.flips, found.outside), (Agreement::Outside, 1, 1));
    let worst = found.worst.expect("the flip");
    // Both would read alike, so both are shown with their type.
    assert_eq!((worst.reference.as_str(), worst.observed.as_str()), ("1 (int)", "1 (str)"));
}

#[test]
fn large_labels_lose_nothing() {
    assert_eq!(agreement(&i64s(&[i64::MAX]), &i64s(&[i64::MAX - 1])), Agreement::Outside);
    assert_eq!(agreement(&i64s(&[-1]), &u64s(&[u64::MAX])), Agreement::Outside);
    let huge = "i:123456789012345678901234567890123456789012345678901234567890";
    assert_eq!(agreement(&texts(&[huge]), &texts(&[huge])), Agreement::BitEqual);
    assert_eq!(agreement(&texts(&[huge]), &texts(&["i:1"])), Agreement::Outside);
}

#[test]
fn nan_is_one_label() {
    assert_eq!(agreement(&f64s(&[f64::NAN]), &texts(&[float_text(-f64::NAN)])), Agreement::Within);
    assert_eq!(agreement(&f64s(&[f64::NAN]), &f64s(&[1.0])), Agreement::Outside);
}

#[test]
fn sparse_labels_flip_where_either_side_stores() {
    let reference = csr(&[vec![1.0, 0.0], vec![0.0, 0.0]], 2).labels();
    let observed = csr(&[vec![1.0, 0.0], vec![0.0, 1.0]], 2).labels();
    let found = compare(&reference, &observed);
    assert_eq!((found.flips, found.agreement), (1, Agreement::Outside));
    assert_eq!(found.worst.expect("the flip").index, [1, 1]);
}

/// The comparison of `predict` between these labels with these further outputs of the reference.
fn predict(reference: Output, observed: Output, scores: Side<'_>) -> OutputComparison {
    let mut side = vec![("predict", reference.labels())];
    side.extend(scores.iter().cloned());
    cell(&side, &[("predict", observed.labels())]).get("predict").expect("an entry").clone()
}

fn counts(found: &OutputComparison) -> (u64, u64, u64) {
    (found.flips, found.tie_flips, found.outside)
}

#[test]
fn a_flip_between_two_best_scores_is_a_tie() {
    let third = 1.0 / 3.0;
    let scores = f64s(&[0.4, 0.4_f64.next_up(), 0.2, 0.5, 0.3, 0.2, third, third, third]).shaped(&[3, 3]);
    let names = texts(&["s:a", "s:b", "s:c"]).labels();
    let side = [("predict_proba", scores), ("classes_", names)];
    let labels = |names: [&str; 3]| texts(&names.map(|name| format!("s:{name}")));
    let found = predict(labels(["b", "a", "a"]), labels(["a", "a", "c"]), &side);
    assert_eq!((counts(&found), found.agreement), ((2, 2, 0), Agreement::Within));
    let found = predict(labels(["b", "a", "a"]), labels(["a", "b", "a"]), &side);
    assert_eq!((counts(&found), found.agreement), ((2, 1, 1), Agreement::Outside));
    assert_eq!(found.worst.expect("the flip that is no tie").index, [1]);
    let unknown = predict(labels(["b", "a", "a"]), labels(["z", "a", "a"]), &side);
    assert_eq!(counts(&unknown), (1, 0, 1));
    let without = predict(labels(["b", "a", "a"]), labels(["a", "a", "a"]), &[]);
    assert_eq!(counts(&without), (1, 0, 1));
}

#[test]
fn one_score_decides_between_two_labels() {
    let scores = f64s(&[1e-14, -3.0, 2.0]);
    let side = [("decision_function", scores.clone()), ("classes_", i64s(&[7, 9]).labels())];
    let found = predict(i64s(&[9, 7, 9]), i64s(&[7, 7, 9]), &side);
    assert_eq!(counts(&found), (1, 1, 0));
    let found = predict(i64s(&[9, 7, 9]), i64s(&[9, 9, 9]), &side);
    assert_eq!(counts(&found), (1, 0, 1));
    // Outlier detectors have no classes.
    let found = predict(i64s(&[1, -1, 1]), i64s(&[-1, -1, -1]), &[("decision_function", scores)]);
    assert_eq!(counts(&found), (2, 1, 1));
}

#[test]
fn components_of_a_mixture_are_counted() {
    let side = [("predict_proba", f64s(&[0.5, 0.5, 0.9, 0.1]).shaped(&[2, 2]))];
    let found = predict(i64s(&[0, 0]), i64s(&[1, 1]), &side);
    assert_eq!(counts(&found), (2, 1, 1));
}

#[test]
fn decision_counts_where_probabilities_say_nothing() {
    let side = [
        ("predict_proba", f64s(&[0.48, 0.52]).shaped(&[1, 2])),
        ("decision_function", f64s(&[0.0])),
        ("classes_", i64s(&[0, 1]).labels()),
    ];
    assert_eq!(counts(&predict(i64s(&[1]), i64s(&[0]), &side)), (1, 1, 0));
}

#[test]
fn each_output_of_several_has_its_own_scores() {
    let tie = f64s(&[0.5, 0.5]).shaped(&[1, 2]);
    let clear = f64s(&[0.9, 0.1]).shaped(&[1, 2]);
    let mut side = vec![
        ("predict[0]", i64s(&[0]).labels()),
        ("predict[1]", i64s(&[0]).labels()),
        ("predict", i64s(&[0, 0]).shaped(&[1, 2]).labels()),
        ("predict_proba[0]", clear),
        ("predict_proba[1]", tie),
        ("classes_[0]", i64s(&[0, 1]).labels()),
        ("classes_[1]", i64s(&[0, 1]).labels()),
    ];
    let reference = side.clone();
    for (name, output) in &mut side[..3] {
        let flipped = if *name == "predict" { i64s(&[1, 1]).shaped(&[1, 2]) } else { i64s(&[1]) };
        *output = flipped.labels();
    }
    let found = cell(&reference, &side);
    assert_eq!(counts(&found["predict[0]"]), (1, 0, 1));
    assert_eq!(counts(&found["predict[1]"]), (1, 1, 0));
    assert_eq!(counts(&found["predict"]), (2, 1, 1));
}

#[test]
fn labels_beside_each_other_have_one_score_each() {
    let side = [("predict_proba", f64s(&[0.5, 0.9]).shaped(&[1, 2]))];
    let found = predict(i64s(&[0, 1]).shaped(&[1, 2]), i64s(&[1, 0]).shaped(&[1, 2]), &side);
    assert_eq!(counts(&found), (2, 1, 1));
    // A score of its own decides between 0 and 1 only.
    let found = predict(i64s(&[0, 1]).shaped(&[1, 2]), i64s(&[4, 1]).shaped(&[1, 2]), &side);
    assert_eq!(counts(&found), (1, 0, 1));
}

#[test]
fn one_score_cannot_decide_between_three_labels() {
    let side = [("decision_function", f64s(&[0.0, 1.0])), ("classes_", i64s(&[0, 1, 2]).labels())];
    assert_eq!(counts(&predict(i64s(&[0, 0]), i64s(&[1, 0]), &side)), (1, 0, 1));
    let side = [("decision_function", f64s(&[0.0, 1.0]))];
    assert_eq!(counts(&predict(i64s(&[0, 0]), i64s(&[2, 0]), &side)), (1, 0, 1));
}

#[test]
fn unfitting_scores_make_no_ties() {
    let classes = || ("classes_", i64s(&[0, 1, 2]).labels());
    for scores in [
        f64s(&[0.5, 0.5]).shaped(&[1, 2]),
        f64s(&[]).shaped(&[0, 3]),
        f64s(&[f64::NAN; 3]).shaped(&[1, 3]),
        Output::new(Encoding::F64, "float64", &[1, 3], vec![0; 7]),
        i64s(&[0, 0, 0]).shaped(&[1, 3]),
    ] {
        let found = predict(i64s(&[0]), i64s(&[1]), &[("predict_proba", scores), classes()]);
        assert_eq!(counts(&found), (1, 0, 1));
    }
}

proptest! {
    #[test]
    fn flips_have_no_side(pairs in prop::collection::vec((-2..3_i64, -2..3_i64), 0..40)) {
        let side = |pick: fn(&(i64, i64)) -> i64| i64s(&pairs.iter().map(pick).collect::<Vec<_>>()).labels();
        let (left, right) = (side(|pair| pair.0), side(|pair| pair.1));
        let (there, back) = (compare(&left, &right), compare(&right, &left));
        prop_assert_eq!(there.flips, pairs.iter().filter(|(b, a)| a != b).count() as u64);
        prop_assert_eq!(there.flips, back.flips);
        prop_assert_eq!(there.agreement, back.agreement);
    }

    #[test]
    fn a_tie_is_a_gap_within_tolerance(gap in prop_oneof![0.0..1e-6_f64, 0.0..0.5_f64]) {
        let scores = f64s(&[0.5, 0.5 - gap]).shaped(&[1, 2]);
        let found = predict(i64s(&[0]), i64s(&[1]), &[("predict_proba", scores)]);
        let tie = 0.5 - (0.5 - gap) <= 1e-7 * 0.5 + 1e-12 * 0.5;
        prop_assert_eq!(counts(&found), (1, u64::from(tie), u64::from(!tie)));
    }
}
