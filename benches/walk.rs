//! Times the reading of given files without their digests, best of several times; `benches/genops.py` calls it.
//!
//!     cargo bench --bench walk -- FILE...
//!
//! Prints a line for each: seconds, and whether it was read to its end.

#![expect(clippy::print_stdout, reason = "a program that prints its measurements")]

use std::fs::File;
use std::hint::black_box;
use std::time::Instant;

use shelflife::inspect::{InspectOptions, inspect};

/// Best of so many times.
const TIMES: usize = 15;

fn main() {
    for path in std::env::args().skip(1).filter(|argument| argument != "--bench") {
        let mut best = f64::INFINITY;
        let mut complete = false;
        for _ in 0..TIMES {
            let start = Instant::now();
            #[expect(clippy::unwrap_used, reason = "without its file there is nothing to measure")]
            let file = File::open(&path).unwrap();
            let found = black_box(inspect(file, InspectOptions::FACTS));
            best = best.min(start.elapsed().as_secs_f64());
            complete = found.complete;
        }
        println!("{best:.6} {complete}");
    }
}
