//! The engines, a row each.

use super::jobs::EngineJobs;
use super::{github, gitlab, kubernetes, slurm};

/// An engine: its name, its jobs, and how many shards it takes.
#[derive(Clone, Copy, Debug)]
pub struct EngineTemplate {
    /// Its name.
    pub name: &'static str,
    /// Its jobs as a text.
    pub render: fn(&EngineJobs<'_>) -> String,
    /// The most jobs that it runs of one kind.
    pub most: usize,
}

/// The engines.
pub const ENGINES: &[EngineTemplate] = &[
    // `MaxArraySize` is 1001 where nobody has set it, and counts from 0.
    EngineTemplate { name: "slurm", render: slurm::render, most: 1_000 },
    EngineTemplate { name: "kubernetes", render: kubernetes::render, most: 10_000 },
    EngineTemplate { name: "github", render: github::render, most: 256 },
    EngineTemplate { name: "gitlab", render: gitlab::render, most: 200 },
];
