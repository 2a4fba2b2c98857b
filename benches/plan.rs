//! Planning a million cells, and walking them.
//!
//! The promise that is measured here: from the text of the matrix to the last of a million cells in less than a second.

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

criterion_group!(plan_benches, benches);
criterion_main!(plan_benches);
