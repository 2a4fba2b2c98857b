//! Sparse rows against sparse rows and against dense arrays.

use proptest::prelude::*;
use shelflife::vocab::{Agreement, Encoding};

use super::support::{Output, compare, csr, f32s, f64s};

fn matrix(rows: &[Vec<f64>], columns: usize) -> Output {
    f64s(&rows.concat()).shaped(&[rows.len() as u64, columns as u64])
}

fn rows() -> impl Strategy<Value = (usize, Vec<Vec<f64>>, Vec<Vec<f64>>)> {
    let value = prop_oneof![3 => Just(0.0), 1 => Just(-0.0), 3 => -2.0..2.0_f64, 1 => Just(f64::NAN)];
    (0..5_usize, 0..6_usize).prop_flat_map(move |(count, columns)| {
        let side = prop::collection::vec(prop::collection::vec(value.clone(), columns), count);
        (Just(columns), side.clone(), side)
    })
}

proptest! {
    #[test]
    fn sparse_and_dense_forms_say_the_same((columns, left, right) in rows()) {
        let dense = compare(&matrix(&left, columns), &matrix(&right, columns));
        let forms = [
            compare(&csr(&left, columns), &csr(&right, columns)),
            compare(&csr(&left, columns), &matrix(&right, columns)),
            compare(&matrix(&left, columns), &csr(&right, columns)),
        ];
        for form in forms {
            prop_assert_eq!(form.mismatch, None);
            prop_assert_eq!(form.elements, dense.elements);
            prop_assert_eq!(form.outside, dense.outside);
            prop_assert_eq!(form.nonfinite_differ, dense.nonfinite_differ);
            prop_assert_eq!(form.max_abs, dense.max_abs);
            prop_assert_eq!(form.max_rel, dense.max_rel);
            prop_assert_eq!(form.max_ulp, dense.max_ulp);
            if form.agreement != Agreement::BitEqual && dense.agreement != Agreement::BitEqual {
                prop_assert_eq!(form.scale, dense.scale);
                prop_assert_eq!(&form.worst, &dense.worst);
            }
        }
    }
}

#[test]
fn a_stored_zero_is_within() {
    let words = |words: &[u64], value: f64| -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).chain(value.to_le_bytes()).collect()
    };
    let stored = Output::new(Encoding::Csr, "float64", &[1, 2], words(&[1, 2, 1, 0, 1, 1], 0.0));
    let found = compare(&csr(&[vec![0.0, 0.0]], 2), &stored);
    assert_eq!((found.agreement, found.max_abs.0, found.elements), (Agreement::Within, 0.0, 2));
}

#[test]
fn sparse_float32_counts_float32_steps() {
    let (one, next) = (1.0_f32, 1.0_f32.next_up());
    let side = |value: f32| csr(&[vec![f64::from(value)]], 1).dtype("float32");
    assert_eq!(compare(&side(one), &side(next)).max_ulp, 1);
    assert!(compare(&side(one), &f64s(&[f64::from(next)]).shaped(&[1, 1])).max_ulp > 1);
    assert_eq!(compare(&side(one), &f32s(&[next]).shaped(&[1, 1])).max_ulp, 1);
}
