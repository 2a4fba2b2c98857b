//! Bytes and shapes that nobody wrote in good faith: an answer, never a panic, never much memory or time.

use proptest::prelude::*;
use shelflife::vocab::{Agreement, Encoding, Mismatch, OutputComparison};

use super::support::{Output, compare, csr, f64s, i64s, texts};

fn damage(found: &OutputComparison) -> &str {
    match &found.mismatch {
        Some(Mismatch::Damaged { what }) => what,
        other => panic!("not damaged: {other:?}"),
    }
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

const ENCODINGS: [Encoding; 7] = [
    Encoding::F32,
    Encoding::F64,
    Encoding::I64,
    Encoding::U64,
    Encoding::Bool,
    Encoding::Text,
    Encoding::Csr,
];

#[test]
fn wrong_lengths_are_damage() {
    let good = f64s(&[1.0, 2.0]);
    for bytes in [vec![], vec![0; 15], vec![0; 17], vec![0; 24]] {
        let bad = Output::new(Encoding::F64, "float64", &[2], bytes);
        assert!(damage(&compare(&good, &bad)).starts_with("observation:"));
        assert!(damage(&compare(&bad, &good)).starts_with("reference:"));
    }
    for shape in [[u64::MAX, u64::MAX], [1 << 40, 1 << 23], [u64::MAX, 1]] {
        let bad = Output::new(Encoding::F64, "float64", &shape, vec![0; 16]);
        damage(&compare(&bad, &bad.clone().dtype("object")));
    }
    damage(&compare(
        &Output::new(Encoding::Bool, "bool", &[2], vec![0, 2]),
        &Output::new(Encoding::Bool, "bool", &[2], vec![0, 1]),
    ));
}

#[test]
fn bad_texts_are_damage() {
    let good = texts(&["s:a", "s:b"]);
    let mut surplus = good.bytes.clone();
    surplus.push(0);
    let mut huge = good.bytes.clone();
    huge[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut not_utf8 = good.bytes.clone();
    not_utf8[6] = 0xff;
    for bytes in
        [surplus, huge, not_utf8, good.bytes[..good.bytes.len() - 1].to_vec(), vec![0; 8], vec![0; 3]]
    {
        let bad = Output::new(Encoding::Text, "object", &[2], bytes);
        for labels in [false, true] {
            let sides = if labels {
                (good.clone().labels(), bad.clone().labels())
            } else {
                (good.clone(), bad.clone())
            };
            assert!(damage(&compare(&sides.0, &sides.1)).starts_with("observation:"));
            assert!(damage(&compare(&sides.1, &sides.0)).starts_with("reference:"));
        }
    }
    for wrong in ["", "x", "x:1", "i:", "i:1.5", "i:-", "f:12", "f:+00000000000000", "t:2", "t:"] {
        damage(&compare(&i64s(&[1]), &texts(&[wrong])));
        damage(&compare(&texts(&[wrong]).labels(), &texts(&["s:a"]).labels()));
    }
}

#[test]
fn bad_sparse_rows_are_damage() {
    let good = csr(&[vec![1.0, 0.0], vec![0.0, 2.0]], 2);
    let one = 1.0_f64.to_bits();
    for bytes in [
        vec![],
        words(&[2, 2]),
        words(&[2, 3, 0, 0, 0, 0]),
        words(&[2, 2, 0]),
        words(&[2, 2, u64::MAX, 0, 0, 0]),
        words(&[2, 2, 1 << 63, 0, 0, 0]),
        words(&[2, 2, 1, 0, 2, 1, 0, one]),
        words(&[2, 2, 1, 1, 1, 1, 0, one]),
        words(&[2, 2, 1, 0, 1, 0, 0, one]),
        words(&[2, 2, 1, 0, 0, 1, 2, one]),
        words(&[2, 2, 1, 0, 0, 1, u64::MAX, one]),
        words(&[2, 2, 2, 0, 2, 2, 1, 0, one, one]),
        words(&[2, 2, 2, 0, 2, 2, 1, 1, one, one]),
    ] {
        damage(&compare(&good, &Output::new(Encoding::Csr, "float64", &[2, 2], bytes)));
    }
    let shape = [1, u64::MAX];
    let wide =
        Output::new(Encoding::Csr, "float64", &shape, words(&[1, u64::MAX, 1, 0, 1, u64::MAX - 1, one]));
    let empty = Output::new(Encoding::Csr, "float64", &shape, words(&[1, u64::MAX, 0, 0, 0]));
    let found = compare(&empty, &wide);
    assert_eq!((found.agreement, found.outside), (Agreement::Outside, 1));
    assert_eq!(found.worst.expect("the stored one").index, [0, u64::MAX - 1]);
    let none = Output::new(Encoding::Csr, "float64", &[0, u64::MAX], words(&[0, u64::MAX, 0, 0]));
    assert_eq!(compare(&none, &none).elements, 0);
}

/// Bytes that are nearly right: few small words.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![4 => 0..4_u64, 1 => any::<u64>()];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        prop::collection::vec(word, 0..12)
            .prop_map(|words| words.into_iter().flat_map(u64::to_le_bytes).collect()),
        prop::collection::vec("[sbiftndr]:[0-9a-f]{0,3}", 0..5).prop_map(|texts_| texts(&texts_).bytes),
    ]
}

fn output(shape: Vec<u64>) -> impl Strategy<Value = Output> {
    (prop::sample::select(&ENCODINGS[..]), bytes(), any::<bool>()).prop_map(
        move |(encoding, bytes, labels)| {
            let output = Output::new(encoding, "object", &shape, bytes);
            if labels { output.labels() } else { output }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_bytes_get_an_answer(
        (left, right) in prop::collection::vec(prop_oneof![6 => 0..4_u64, 1 => any::<u64>()], 0..3)
            .prop_flat_map(|shape| (output(shape.clone()), output(shape))),
    ) {
        let found = compare(&left, &right);
        prop_assert_eq!(found.mismatch.is_some(), found.agreement == Agreement::Mismatched);
        prop_assert!(found.tie_flips <= found.flips);
        prop_assert_eq!(found.outside > 0, found.agreement == Agreement::Outside);
    }
}
