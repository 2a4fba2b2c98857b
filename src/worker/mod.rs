//! Layer 2: the embedded Python agent and its client.
//!
//! One warm interpreter per live environment imports scikit-learn once and forks a child for each batch of
//! tasks. The agent reports facts; what they mean is said elsewhere.

mod client;
mod protocol;

pub use client::{Batch, Produced, Saved, TaskResult, Trained, Worker, WorkerError, abnormal};
pub use protocol::{Ended, HandlerSource, Hello, Ready, Saving, Source, Task, WorkerLimits};

use crate::vocab::Digest;

/// The agent's source: its parts in the order in which they build on one another.
pub const AGENT: &str = concat!(
    include_str!("agent/protocol.py"),
    include_str!("agent/names.py"),
    include_str!("agent/values.py"),
    include_str!("agent/handlers.py"),
    include_str!("agent/damage.py"),
    include_str!("agent/ranks.py"),
    include_str!("agent/tasks.py"),
    include_str!("agent/confine.py"),
    include_str!("agent/setup.py"),
    include_str!("agent/zygote.py"),
);

/// Digest of the agent's source: part of every cache key, since another agent may observe otherwise.
pub fn agent_digest() -> Digest {
    Digest::of(AGENT.as_bytes())
}
