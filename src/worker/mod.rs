//! Layer 2: the embedded Python agent and its client.
//!
//! One warm interpreter per live environment imports scikit-learn once and forks a child for each batch of
//! tasks. The agent reports facts; what they mean is said elsewhere.

mod client;
mod protocol;

pub use client::{Batch, Produced, Saved, TaskResult, Trained, Worker, WorkerError, abnormal};
pub use protocol::{
    Beside, CageRequest, Ended, FilterKind, HandlerSource, Hello, Ready, Saving, Source, Sources, Task,
    Walls, WorkerLimits,
};

use std::sync::LazyLock;

use crate::vocab::Digest;

/// The agent's source: the modules of `agent/shelflife_agent` as one text, which `build.rs` packs and compresses.
pub static AGENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = include_bytes!(concat!(env!("OUT_DIR"), "/agent.py.zst"));
    // Written by the build of this very program; the tests start the agent.
    zstd::decode_all(packed.as_slice()).unwrap_or_default()
});

/// Digest of the agent's source: part of every cache key, since another agent may observe otherwise.
pub fn agent_digest() -> Digest {
    Digest::of(&AGENT)
}
