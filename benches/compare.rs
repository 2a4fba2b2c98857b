//! How fast outputs are compared. `benches/numpy_compare.py` times numpy on the same data.
//!
//! The promise that is measured here: ten million `float64` values are compared at least ten times faster
//! than by `numpy.testing.assert_allclose(a, b, rtol=1e-7)`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shelflife::compare::compare_output;
use shelflife::vocab::{Agreement, Digest, Encoding, OutputKind, OutputRef, Tolerance};

/// Values of one array, as in the numpy side.
const COUNT: usize = 10_000_000;

/// Roughly normal values from a fixed sequence (splitmix64): a sum of uniform ones.
fn values() -> Vec<f64> {
    let mut state = 7_u64;
    let mut uniform = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..COUNT).map(|_| (0..4).map(|_| uniform() - 0.5).sum::<f64>() * 2.0).collect()
}

fn output(bytes: &[u8], encoding: Encoding, dtype: &str) -> OutputRef {
    OutputRef {
        digest: Digest::of(bytes),
        encoding,
        kind: OutputKind::Continuous,
        dtype: dtype.to_owned(),
        shape: vec![COUNT as u64],
    }
}

fn compare(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ten million values");
    group.sample_size(20).throughput(Throughput::Elements(COUNT as u64));
    let mut case = |name: &str, encoding, reference: Vec<u8>, observed: Vec<u8>, wanted: Agreement| {
        let dtype = if encoding == Encoding::F32 { "float32" } else { "float64" };
        let tolerance = if encoding == Encoding::F32 { Tolerance::FLOAT32 } else { Tolerance::FLOAT64 };
        let left = output(&reference, encoding, dtype);
        let right = output(&observed, encoding, dtype);
        let found = compare_output((&left, &reference), (&right, &observed), tolerance);
        assert_eq!(found.agreement, wanted, "{name}");
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (reference, observed) = (black_box(&reference), black_box(&observed));
                compare_output((&left, reference), (&right, observed), tolerance)
            });
        });
    };
    let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let narrow = |values: &[f64]| values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect::<Vec<u8>>();
    let reference = values();
    let changed = |change: &dyn Fn(f64) -> f64| reference.iter().map(|v| change(*v)).collect::<Vec<f64>>();

    case("float64 bit-equal", Encoding::F64, bytes(&reference), bytes(&reference), Agreement::BitEqual);
    let last_bits = changed(&f64::next_up);
    case("float64 last bits", Encoding::F64, bytes(&reference), bytes(&last_bits), Agreement::Within);
    let drifted = changed(&|value| value * 1.001);
    case("float64 all outside", Encoding::F64, bytes(&reference), bytes(&drifted), Agreement::Outside);
    let holes = changed(&|value| if value > 1.9 { f64::NAN } else { value.next_up() });
    case("float64 with NaN", Encoding::F64, bytes(&reference), bytes(&holes), Agreement::Outside);
    let close = changed(&|value| value * (1.0 + 1e-6));
    case("float32 last bits", Encoding::F32, narrow(&reference), narrow(&close), Agreement::Within);
}

criterion_group!(benches, compare);
criterion_main!(benches);
