//! The map in words: answers for a terminal, objects for programs, and what is published of it.

mod answer;
mod export;
mod object;
mod site;
mod table;

pub use answer::{MapHead, map_beside, map_overview, map_pair, map_row, map_square, map_unasked};
pub use export::map_export;
pub use object::{map_object, pair_object};
