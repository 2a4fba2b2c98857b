//! A word on what was not tried.

use std::io::Write as _;

/// Says on the terminal why a test passes without having tried anything. The macros for standard error would not do:
/// what they write is only shown of tests that fail.
pub fn not_tried(reason: impl std::fmt::Display) {
    // Nobody can be told that nobody can be told.
    let _ = writeln!(std::io::stderr(), "not tried: {reason}");
}
