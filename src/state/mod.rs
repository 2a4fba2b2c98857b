//! Layer 1: what is known of a run, kept up to date event by event.
//!
//! [`RunState`] is the one fold over the events of a run. Whoever executes applies each event as it is recorded and asks
//! the state what to do next; whoever judges applies the events of a record and forms opinions on the same facts. What
//! an event holds moves into the state, so that nobody needs the events beside it.
//!
//! Architecture Invariant: nothing here sees a path, a clock, a process or an environment; the same events give the
//! same state, wherever a run was interrupted and resumed.

mod facts;
mod layout;
mod run;

pub use facts::{
    ArtifactFacts, CellFacts, CellState, CellView, Contradicted, EnvironmentFacts, Finish, Foretold, Made,
    Recorded, Repeated, Retried, is_in_question,
};
pub use layout::{Layout, PlannedArtifact, Roles, Written};
pub use run::{Replay, ReplayError, RunState};

#[cfg(test)]
mod tests;
