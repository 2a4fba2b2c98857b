//! shelflife says, by trying it, in which environments a saved scikit-learn model still works.
//!
//! Data flows one way: a matrix file becomes a plan, the plan becomes live environments and executed
//! cells, cells become recorded events, and everything a person or a CI job sees is computed from those
//! events. `ARCHITECTURE.md` has the map; `tests/architecture.rs` holds the import direction.

// Layer 0: vocabulary, and what is known as data.
pub mod knowledge;
pub mod notation;
pub mod vocab;

// Layer 1: pure functions.
pub mod artifact;
pub mod compare;
pub mod compat;
pub mod dataset;
pub mod explain;
pub mod format;
pub mod inspect;
pub mod judge;
pub mod matrix;
pub mod plan;
pub mod project;
pub mod release;
pub mod shard;
pub mod state;

// Layer 2: effects.
pub mod cage;
pub mod process;
pub mod provision;
pub mod run;
pub mod store;
pub mod worker;

// Layer 3: presentation.
pub mod present;

// Layer 4: what can be asked for, apart from how it is typed.
pub mod app;

// Layer 5: the command line.
pub mod cli;
