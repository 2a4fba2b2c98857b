//! How long it takes from the text of a matrix to all of its cells.
//!
//! The promise that is measured here: a matrix of 1,000,000 cells is planned in less than a second.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use shelflife::matrix::{self, Matrix};
use shelflife::plan::{Plan, Selection, plan};

const ENVIRONMENTS: usize = 100;
const MODELS: usize = 100;

/// A matrix in which each environment reads what each environment wrote.
fn text() -> String {
    let mut text = String::from("[matrix]\nname = \"million\"\n\n");
    for index in 0..ENVIRONMENTS {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "[[environments]]\nname = \"env{index}\"\npython = \"3.11\"\n\
             packages = {{ scikit-learn = \"1.{}.{}\" }}\n",
            index % 10,
            index / 10,
        );
    }
    text.push_str("[defaults]\nformats = [\"pickle\"]\ndataset = \"d\"\n\n");
    text.push_str("[datasets.d]\npath = \"d.csv\"\ntarget = \"y\"\n\n");
    for index in 0..MODELS {
        let _ = writeln!(text, "[[models]]\nname = \"model{index}\"\nestimator = \"Ridge(alpha={index})\"\n");
    }
    text.push_str("[[expect]]\nmodels = [\"model1*\"]\nverdict = [\"drift\"]\nreason = \"to be walked\"\n");
    text
}

fn read(text: &str) -> Matrix {
    matrix::load(Path::new("million.toml"), &|path| {
        if path == Path::new("million.toml") {
            Ok(text.as_bytes().to_vec())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    })
    .expect("a valid matrix")
}

fn planned(matrix: &Matrix) -> Plan {
    plan(matrix, &Selection::default()).expect("a plan")
}

fn walk(plan: &Plan) -> u64 {
    plan.cells().fold(0, |sum, (artifact, consumer)| {
        sum.wrapping_add(u64::from(black_box(artifact)) ^ u64::from(black_box(consumer)))
    })
}

fn million(criterion: &mut Criterion) {
    let text = text();
    let matrix = read(&text);
    let whole = planned(&matrix);
    assert_eq!(whole.cell_count(), 1_000_000);
    assert_eq!(whole.cells().count(), 1_000_000);
    let mut group = criterion.benchmark_group("a million cells");
    group.sample_size(20);
    group.bench_function("read the matrix", |bencher| bencher.iter(|| read(black_box(&text))));
    group.bench_function("plan", |bencher| bencher.iter(|| planned(black_box(&matrix))));
    group.bench_function("walk all cells", |bencher| bencher.iter(|| walk(black_box(&whole))));
    group.bench_function("record of the plan", |bencher| {
        bencher.iter(|| serde_json::to_vec(&whole.record(black_box(&matrix))).expect("JSON"));
    });
    group.bench_function("from text to all cells", |bencher| {
        bencher.iter(|| walk(&planned(&read(black_box(&text)))));
    });
    group.finish();
}

criterion_group!(benches, million);
criterion_main!(benches);
