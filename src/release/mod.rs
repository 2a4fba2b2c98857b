//! Layer 1: what a release of a package says of itself without being imported, and what follows for files of others.
//!
//! Architecture Invariant: nothing of a release is executed, and no rule knows a class, an attribute or a version.

mod blocks;
mod body;
mod classes;
mod collect;
mod diff;
mod elf;
mod finding;
mod names;
mod overlay;
mod reach;
mod source;
#[cfg(test)]
mod tests;
mod tokens;

pub use classes::Known;
pub use collect::{Collector, NotARelease, sdist, wheel};
pub use diff::diff;
pub use finding::Finding;
pub use overlay::{findings, overlay};
