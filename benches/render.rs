//! How long it takes to turn 20,000 cells into files, and to read their events back.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shelflife::present::{RENDERERS, TerminalOptions, View, parse_events, terminal};

#[path = "../tests/present_report/fixture.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod fixture;

const CELLS: usize = 20_000;

fn render(criterion: &mut Criterion) {
    let record = fixture::large(CELLS);
    let mut group = criterion.benchmark_group("render");
    group.sample_size(10);
    group.bench_function("view", |bencher| bencher.iter(|| black_box(View::new(&record))));
    let view = View::new(&record);
    for renderer in RENDERERS {
        group.bench_function(renderer.name, |bencher| {
            bencher.iter(|| black_box(renderer.render(&view).expect("renders")));
        });
    }
    group.bench_function("terminal", |bencher| {
        bencher.iter(|| black_box(terminal(&record, &TerminalOptions::default())));
    });
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let bytes = fixture::lines(&fixture::events(CELLS));
    let mut group = criterion.benchmark_group("events");
    group.sample_size(10);
    group.throughput(criterion::Throughput::Bytes(bytes.len() as u64));
    group.bench_function("parse", |bencher| {
        bencher.iter_with_large_drop(|| parse_events(&bytes).expect("parses"))
    });
    group.finish();
}

criterion_group!(benches, render, events);
criterion_main!(benches);
