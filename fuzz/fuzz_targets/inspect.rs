//! Any bytes through `shelflife::inspect`: no panic, no unbounded memory, and a problem wherever reading stopped early.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use shelflife::inspect::{InspectOptions, inspect};

fuzz_target!(|bytes: &[u8]| {
    let found = inspect(Cursor::new(bytes), InspectOptions::default());
    assert_eq!(found.size, bytes.len() as u64);
    assert!(found.complete || !found.problems.is_empty());
});
