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

use std::ops::Range;
use std::sync::LazyLock;

use crate::vocab::Digest;

/// The agent's source: the modules of `agent/shelflife_agent` as one text, which `build.rs` packs and compresses.
pub static AGENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = include_bytes!(concat!(env!("OUT_DIR"), "/agent.py.zst"));
    // Written by the build of this very program; the tests start the agent.
    zstd::decode_all(packed.as_slice()).unwrap_or_default()
});

/// Names and places in [`AGENT`] of the modules of its engine of mending.
static ENGINE_PLACES: &[(&str, Range<usize>)] = include!(concat!(env!("OUT_DIR"), "/engine.rs"));

/// Names and sources of the modules of the engine that mends, for a script that does the same alone.
pub static ENGINE: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    // The places are those of whole ASCII texts, written by the build that packed them.
    let source = |place: &Range<usize>| AGENT.get(place.clone()).and_then(|text| str::from_utf8(text).ok());
    ENGINE_PLACES.iter().map(|(name, place)| (*name, source(place).unwrap_or_default())).collect()
});

/// Digest of the agent's source: part of every cache key, since another agent may observe otherwise.
pub fn agent_digest() -> Digest {
    Digest::of(&AGENT)
}
