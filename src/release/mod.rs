//! Layer 1: what a release of a package says of itself without being imported, and what follows for files of others.
//!
//! Architecture Invariant: nothing of a release is executed, and no rule knows a class, an attribute or a version.

mod blocks;
mod body;
mod collect;
mod diff;
mod elf;
mod names;
mod overlay;
mod reach;
mod source;
mod tokens;

pub use collect::{Collector, NotARelease, sdist, wheel};
pub use diff::diff;
pub use overlay::{Finding, findings, overlay};
