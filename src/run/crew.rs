//! The executors of a run, and the dispatcher's ways to them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::executor::{Executor, Shared};
use super::host::Host;
use super::jobs::{self, Job, Jobs};
use super::messages::Unusable;
use crate::plan::Plan;

/// One executor an environment, from when it is asked for to the end of the run.
pub(super) struct Crew<H: Host> {
    plan: Arc<Plan>,
    shared: Arc<Shared<H>>,
    ways: Vec<Option<Jobs>>,
    executors: JoinSet<()>,
}

impl<H: Host> Crew<H> {
    pub fn new(plan: Arc<Plan>, shared: Arc<Shared<H>>) -> Self {
        let ways = plan.environments.iter().map(|_| None).collect();
        Self { plan, shared, ways, executors: JoinSet::new() }
    }

    /// Has an environment made; its executor tells when that is done.
    pub fn begin(&mut self, index: u32) {
        let (way, jobs, backlog) = jobs::channel();
        let spec = self.plan.environments[index as usize].clone();
        let executor = Executor { index, spec, shared: Arc::clone(&self.shared), jobs, backlog };
        self.ways[index as usize] = Some(way);
        self.executors.spawn(executor.run());
    }

    /// Nothing more is to be done in an environment.
    pub fn dismiss(&mut self, index: u32) {
        self.ways[index as usize] = None;
    }

    /// Hands a job over; gives it back where nobody takes it.
    pub fn send(&self, index: u32, job: Job) -> Option<Job> {
        match &self.ways[index as usize] {
            Some(way) => way.send(job),
            None => Some(job),
        }
    }

    /// Ends every interpreter and everything that they started.
    pub async fn end(&mut self) {
        self.executors.shutdown().await;
    }

    /// The environments that were used and are damaged by now, with why nothing is to be believed of them.
    pub async fn damaged(&self) -> Vec<(u32, Unusable)> {
        let mut damaged = Vec::new();
        for (index, spec) in (0u32..).zip(&self.plan.environments) {
            if self.ways[index as usize].is_some()
                && let Some(why) = self.shared.host.damage(spec).await
            {
                damaged.push((index, why));
            }
        }
        damaged
    }

    /// Takes back what outlives the processes of the run.
    pub async fn finish(&self) {
        self.shared.host.finish().await;
    }
}
