//! Planning a million cells, and walking them.
//!
//! The promises that are measured here: from the text of the matrix to the last of a million cells in less than a
//! second, and four times as many models or expectations take at most eight times as long.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use shelflife::matrix::{self, Matrix};
use shelflife::plan::{Selection, plan};

/// 100 environments and 50 models in two formats: 10,000 artifacts, 1,000,000 cells.
fn text() -> String {
    let versions =
        |series: u32| -> Vec<String> { (0..10).map(|micro| format!("\"1.{series}.{micro}\"")).collect() };
    let mut text = format!(
        "[defaults]\nformats = [\"pickle\", \"joblib\"]\n\
         [datasets.blobs]\npath = \"blobs.csv\"\n\
         [[environments]]\npython = \"3.11\"\npackages = {{ scikit-learn = [{}], numpy = [{}] }}\n",
        versions(5).join(", "),
        versions(26).join(", "),
    );
    for index in 0..50 {
        text += &format!("[[models]]\nname = \"model-{index}\"\nestimator = \"Ridge(alpha={index})\"\n");
    }
    text += "[[expect]]\nmodel = \"model-1*\"\nproducer = \"scikit-learn<1.5.5\"\nverdict = \"drift\"\nreason = \"r\"\n";
    text
}

fn load(text: &str) -> Matrix {
    let read = |_: &Path| Ok(text.as_bytes().to_vec());
    matrix::load(Path::new("bench.toml"), &read).expect("a correct matrix")
}

fn benches(criterion: &mut Criterion) {
    let text = text();
    let matrix = load(&text);
    let selection = Selection::default();
    let planned = plan(&matrix, &selection).expect("something is selected");
    assert_eq!(planned.cell_count(), 1_000_000);

    criterion.bench_function("matrix/load, 100 environments", |bencher| {
        bencher.iter(|| load(black_box(&text)));
    });
    criterion.bench_function("plan/1,000,000 cells", |bencher| {
        bencher.iter(|| plan(black_box(&matrix), &selection).expect("something is selected"));
    });
    criterion.bench_function("plan and walk/1,000,000 cells", |bencher| {
        bencher.iter(|| {
            let planned = plan(black_box(&matrix), &selection).expect("something is selected");
            planned.cells().fold(0u64, |sum, (artifact, consumer)| {
                sum.wrapping_add(u64::from(black_box(artifact)) ^ u64::from(black_box(consumer)))
            })
        });
    });
    criterion.bench_function("from text to the last cell/1,000,000 cells", |bencher| {
        bencher.iter(|| {
            let planned = plan(&load(black_box(&text)), &selection).expect("something is selected");
            planned.cells().fold(0u64, |sum, (artifact, consumer)| {
                sum.wrapping_add(u64::from(black_box(artifact)) ^ u64::from(black_box(consumer)))
            })
        });
    });
    criterion.bench_function("plan and name every cell/1,000,000 cells", |bencher| {
        bencher.iter(|| {
            let planned = plan(black_box(&matrix), &selection).expect("something is selected");
            for (artifact, consumer) in planned.cells() {
                black_box((planned.artifact_id(artifact), &planned.environments[consumer as usize].name));
            }
        });
    });
}

/// How much longer four times as much takes: 4 where work grows linearly, 16 where each thing is compared with each.
#[expect(clippy::print_stdout, reason = "a bench speaks to whoever runs it")]
fn growth(what: &str, of: impl Fn(usize) -> String, few: usize) {
    let seconds = |count: usize| {
        let text = of(count);
        let once = || {
            let start = std::time::Instant::now();
            let matrix = load(black_box(&text));
            black_box(plan(&matrix, &Selection::default()).expect("something is selected").record(&matrix));
            start.elapsed().as_secs_f64()
        };
        (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
    };
    let (one, four) = (seconds(few), seconds(4 * few));
    println!("{what}: {few} take {one:.3} s, {} take {four:.3} s, {:.1} times as long", 4 * few, four / one);
    assert!(four / one < 8.0, "{what} does not grow linearly");
}

fn many(models: usize, expectations: usize) -> String {
    let mut text = "[datasets.blobs]\npath = \"blobs.csv\"\n[[environments]]\npython = \"3.11\"\n\
                    packages = { scikit-learn = [\"1.5.2\", \"1.7.2\"] }\n"
        .to_owned();
    for index in 0..models {
        text += &format!("[[models]]\nname = \"model-{index}\"\nestimator = \"Ridge(alpha={index})\"\n");
    }
    for index in 0..expectations {
        text += &format!("[[expect]]\nmodel = \"model-{index}\"\nverdict = \"drift\"\nreason = \"r\"\n");
    }
    text
}

fn linear(_: &mut Criterion) {
    growth("models", |count| many(count, 0), 5_000);
    growth("expectations", |count| many(count, count), 1_000);
}

criterion_group!(plan_benches, benches, linear);
criterion_main!(plan_benches);
