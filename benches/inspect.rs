//! How fast artifacts are read without executing them. `benches/genops.py` times Python's `pickletools` on a real forest.
//!
//! The promises that are measured here: above 1 GB/s where a file is mostly arrays, and 10,000 small artifacts in under
//! five seconds.

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shelflife::inspect::{InspectOptions, inspect};

/// A text and its entry in the memo.
fn text(out: &mut Vec<u8>, word: &str) {
    out.extend([0x8c, word.len() as u8]);
    out.extend(word.as_bytes());
    out.push(0x94);
}

/// A list of objects with a dictionary of state each, in which bytes of a given size stand for arrays.
fn objects(count: usize, bytes: usize) -> Vec<u8> {
    let mut out = b"\x80\x04]\x94(".to_vec();
    for index in 0..count {
        text(&mut out, "sklearn.tree._classes");
        text(&mut out, "DecisionTreeClassifier");
        out.extend(b"\x93\x94)\x81\x94}\x94(");
        for key in ["criterion", "splitter", "max_depth", "n_features_in_", "random_state", "tree_"] {
            text(&mut out, key);
            out.extend(b"K\x07");
        }
        text(&mut out, "_sklearn_version");
        text(&mut out, "1.6.1");
        text(&mut out, "nodes");
        out.push(b'B');
        out.extend((bytes as u32).to_le_bytes());
        out.resize(out.len() + bytes, index as u8);
        out.extend(b"ub");
    }
    out.extend(b"e.");
    out
}

fn reading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inspect");
    group.sample_size(10);
    for (name, count, bytes) in [
        ("180 MB, mostly arrays", 100, 1_800_000),
        ("180 MB, arrays of 500 bytes", 240_000, 500),
        ("30 MB, opcodes only", 150_000, 8),
    ] {
        let file = objects(count, bytes);
        group.throughput(Throughput::Bytes(file.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(inspect(Cursor::new(&file), InspectOptions::default())));
        });
    }
    let small = objects(20, 400);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 small artifacts, one core", |bencher| {
        bencher.iter(|| {
            for _ in 0..10_000 {
                black_box(inspect(Cursor::new(&small), InspectOptions::default()));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
