//! Layer 1: a run in parts. Who does what, from what an earlier run took; and what parts come to when they are put
//! together again.
//!
//! Architecture Invariant: nothing here starts anything, sees a path or a clock; the same plan and times give the same
//! shards, and the same parts the same record, in whatever order they come.

mod assign;
mod merge;
mod part;
mod times;

pub use assign::{Load, Work, assign};
pub use merge::{Merger, Sink, Told};
pub use part::{PartBytes, PartReader, PartRefusal, PartSource, digest_of_record, fingerprint_of_most};
pub use times::Times;
