//! The map in words: answers for a terminal, and objects for programs.

mod answer;
mod object;

pub use answer::{MapHead, map_beside, map_overview, map_pair, map_row, map_square, map_unasked};
pub use object::{map_object, pair_object};
