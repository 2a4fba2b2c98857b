//! The jobs of engines that do a run in shards: text that is written to a file and submitted by whoever runs the engine.

mod github;
mod gitlab;
mod jobs;
mod kubernetes;
mod slurm;
mod table;
#[cfg(test)]
mod tests;

pub use jobs::EngineJobs;
pub use table::{ENGINES, EngineTemplate};
