//! Where actions are carried out and results taken in: between the scheduler, who decides, the clerk, who records, and
//! those who do the work.

use std::collections::HashMap;
use std::sync::Arc;

use super::clerk::{Answer, Clerk, Held, Trainings};
use super::comparisons::Comparisons;
use super::crew::Crew;
use super::host::Host;
use super::jobs::{Job, JobKind, Target, TrainingOf};
use super::keys::TrainingRecord;
use super::known::{Here, Step};
use super::messages::{Comparison, Message, TakeInError};
use super::pool::Pool;
use super::request::{RunError, RunReport};
use super::rules::{Action, Why};
use super::scheduler::{Compared, Scheduler};
use super::{external, handover, inspecting};
use crate::store::CacheRoot;
use crate::vocab::{ArtifactAbsence, Digest};

/// Those who do what is to be done.
pub(super) struct Staff<H: Host> {
    pub crew: Crew<H>,
    pub comparisons: Comparisons,
    /// Copies and reads artifacts.
    pub reading: Pool,
}

pub(super) struct Desk<'a, H: Host> {
    scheduler: Scheduler,
    clerk: Clerk<'a>,
    staff: Staff<H>,
    cache: CacheRoot,
    /// Observations that are recorded together with how they compare.
    held: HashMap<Target, Held>,
}

impl<'a, H: Host> Desk<'a, H> {
    pub fn new(scheduler: Scheduler, clerk: Clerk<'a>, staff: Staff<H>, cache: CacheRoot) -> Self {
        Self { scheduler, clerk, staff, cache, held: HashMap::new() }
    }

    /// Carries out everything that can be begun now. False when nothing is left to do.
    pub fn act(&mut self) -> Result<bool, RunError> {
        loop {
            let actions = self.scheduler.next(self.clerk.state());
            if actions.is_empty() {
                self.staff.comparisons.begin();
                self.clerk.progress(self.scheduler.progress());
                return Ok(!self.scheduler.is_over());
            }
            let is_retry = |action: &&Action| matches!(action, Action::Observe { why: Why::Regression, .. });
            match actions.iter().filter(is_retry).count() {
                0 => {}
                count => self.clerk.retrying(count),
            }
            actions.into_iter().try_for_each(|action| self.perform(action))?;
        }
    }

    /// Ends everybody who works. What was observed is still compared, so that a report of an interrupted run has a
    /// verdict on it.
    pub async fn stop(&mut self) {
        // Dropping an executor ends its interpreter and everything that it started.
        self.staff.crew.end().await;
        self.staff.reading.stop().await;
        self.staff.comparisons.drain().await;
    }

    /// Records which of the environments in which something was executed are damaged by now: what was seen there may be
    /// of the damage, and is no fact about a file.
    pub async fn doubt(&mut self) -> Result<(), RunError> {
        if self.clerk.has_executed() {
            for (environment, why) in self.staff.crew.damaged().await {
                self.clerk.failed(environment, why)?;
            }
        }
        Ok(())
    }

    /// Records the end of the run, and gives what is known in the end, with what was executed and what reused.
    pub async fn finish(self, seconds: f64, interrupted: bool) -> Result<RunReport, RunError> {
        let (clerk, share) = (&self.clerk, self.scheduler.share());
        let carry = handover::to_carry(clerk.state(), clerk.orders(), clerk.memory(), share);
        let (state, counts) = self.clerk.finish(seconds, interrupted)?;
        self.staff.crew.finish().await;
        Ok(RunReport { state, counts, interrupted, carry })
    }

    fn perform(&mut self, action: Action) -> Result<(), RunError> {
        match action {
            Action::Provision { environment } => self.staff.crew.begin(environment),
            Action::TakeIn { artifact } => self.take_in(artifact)?,
            Action::Train { model, producer, only } => self.train(TrainingOf { model, producer, only })?,
            Action::Observe { target, why } => self.observe(target, why)?,
            Action::Expect { artifact } => {
                let is_reference = self.clerk.expected(artifact)?;
                self.scheduler.expected(artifact, is_reference);
            }
            Action::Compare { artifact, consumer } => self.compare(artifact, consumer),
            Action::Inspect { artifact } => self.inspect(artifact),
        }
        Ok(())
    }

    /// Takes in what somebody tells.
    pub fn handle(&mut self, message: Message) -> Result<(), RunError> {
        match message {
            Message::Note(text) => self.clerk.note(&text),
            Message::Ready { environment, lock, absent_models, seconds, reused } => {
                self.clerk.ready(environment, *lock, absent_models, (seconds, reused))?;
                self.scheduler.provisioned(environment, true);
            }
            Message::Isolation { environment, gaps, seconds } => {
                self.clerk.isolation(environment, gaps, seconds)?;
            }
            Message::Failed { environment, failure } => {
                self.staff.crew.dismiss(environment);
                // Where it wrote, it could be made: that stands.
                if self.scheduler.owns(environment) || !self.clerk.is_ready(environment) {
                    self.clerk.failed(environment, failure)?;
                }
                self.scheduler.provisioned(environment, false);
            }
            Message::Trained { training, artifacts } => self.trained(training, artifacts, false)?,
            Message::Observed { target, key, observation } => {
                self.clerk.count(target);
                self.observed(target, Held { key, observation: *observation, reused: false })?;
            }
            Message::Starved { target } => {
                tracing::debug!(?target, "the bytes of an artifact are lost or damaged");
                if !self.scheduler.starved(target) {
                    self.lost(target, "its artifact was lost again after it was made again".to_owned())?;
                }
            }
            Message::Lost { kind, reason } => self.lost_job(kind, &reason)?,
            Message::Unkept { error } => return Err(RunError::Cache(error)),
            Message::TakenIn { artifact, taken } => self.taken_in(artifact, taken)?,
            Message::Compared { target, compared } => self.compared(target, compared)?,
            Message::Inspected { artifact, digest, facts } => {
                if let Some(facts) = facts {
                    self.clerk.inspected(artifact, digest, *facts)?;
                }
                self.scheduler.inspected(artifact);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, artifact: u32) -> Result<(), RunError> {
        let Some(file) = self.clerk.orders().file(artifact).map(Arc::clone) else {
            self.scheduler.taken_in(artifact, None);
            return Ok(());
        };
        let cache = self.cache.clone();
        let refused = TakeInError::Refused(format!("`{}` could not be copied", file.declared_path), None);
        let message = move |taken| vec![Message::TakenIn { artifact, taken }];
        let work = move || message(external::take_in(&cache, &file));
        self.staff.reading.spawn(message(Err(refused)), work);
        Ok(())
    }

    fn taken_in(&mut self, artifact: u32, taken: Result<(Digest, u64), TakeInError>) -> Result<(), RunError> {
        let here = match taken {
            Ok((digest, size)) => {
                self.clerk.taken_in(artifact, digest, size)?;
                Some(Here { digest, model: None })
            }
            Err(TakeInError::Refused(reason, foreign)) => {
                let absence = ArtifactAbsence::Refused { reason, foreign };
                self.clerk.made(artifact, TrainingRecord::Missing(absence), false)?
            }
            Err(TakeInError::Cache(error)) => return Err(RunError::Cache(error)),
        };
        self.scheduler.taken_in(artifact, here);
        Ok(())
    }

    fn train(&mut self, of: TrainingOf) -> Result<(), RunError> {
        let artifacts = self.scheduler.artifacts_of(of);
        let Trainings { found, job } = self.clerk.trainings(of, &artifacts);
        match job {
            Some(job) => {
                self.settle(found, true)?;
                self.submit(of.producer, job)
            }
            None => self.trained(of, found, true),
        }
    }

    fn trained(
        &mut self,
        of: TrainingOf,
        artifacts: Vec<(u32, TrainingRecord)>,
        reused: bool,
    ) -> Result<(), RunError> {
        self.settle(artifacts, reused)?;
        self.scheduler.trained(of);
        Ok(())
    }

    fn settle(&mut self, artifacts: Vec<(u32, TrainingRecord)>, reused: bool) -> Result<(), RunError> {
        for (artifact, record) in artifacts {
            let here = self.clerk.made(artifact, record, reused)?;
            self.scheduler.settle_bytes(artifact, here);
        }
        Ok(())
    }

    fn submit(&mut self, environment: u32, job: Job) -> Result<(), RunError> {
        match self.staff.crew.send(environment, job) {
            None => Ok(()),
            Some(job) => self.lost_job(job.kind, "the environment is no longer there"),
        }
    }

    fn observe(&mut self, target: Target, why: Why) -> Result<(), RunError> {
        let own = self.scheduler.known().artifact(target.artifact());
        let told = own.reference.step == Step::Done || own.reference.again;
        match self.clerk.look_up(target, why, own.here(), told) {
            Answer::Recorded => self.scheduler.observed(target, true),
            Answer::Cached(held) => self.observed(target, held)?,
            Answer::Job(environment, job) => self.submit(environment, job)?,
            Answer::Impossible => self.scheduler.observed(target, false),
        }
        Ok(())
    }

    fn observed(&mut self, target: Target, held: Held) -> Result<(), RunError> {
        match target {
            Target::Reference { artifact } => self.clerk.reference(artifact, held)?,
            Target::Cell { artifact, consumer } => self.clerk.cell(artifact, consumer, held)?,
            Target::Repeat { .. } | Target::Noise { .. } | Target::Retry { .. } => {
                let sides = self.clerk.to_compare(target, Some(&held));
                self.held.insert(target, held);
                return match sides {
                    Some((sides, model, pair)) => {
                        self.staff.comparisons.ask(target, sides, model, pair);
                        Ok(())
                    }
                    None => self.compared(target, Comparison::Broken),
                };
            }
        }
        self.scheduler.observed(target, true);
        Ok(())
    }

    fn lost_job(&mut self, kind: JobKind, reason: &str) -> Result<(), RunError> {
        match kind {
            JobKind::Observation { target, .. } => self.lost(target, reason.to_owned()),
            JobKind::Training { training, artifacts } => {
                let died = || TrainingRecord::Missing(ArtifactAbsence::Died { reason: reason.to_owned() });
                let artifacts = artifacts.into_iter().map(|(artifact, _)| (artifact, died())).collect();
                self.trained(training, artifacts, false)
            }
        }
    }

    fn lost(&mut self, target: Target, reason: String) -> Result<(), RunError> {
        self.clerk.lost(target, reason)?;
        self.scheduler.observed(target, false);
        Ok(())
    }

    fn compare(&mut self, artifact: u32, consumer: u32) {
        let target = Target::Cell { artifact, consumer };
        if let Some(how) = self.clerk.known_comparison(artifact, consumer) {
            tracing::debug!(?target, ?how, "the record has a comparison");
            return self.scheduler.compared(artifact, consumer, how);
        }
        match self.clerk.to_compare(target, None) {
            Some((sides, model, pair)) => self.staff.comparisons.ask(target, sides, model, pair),
            None => self.scheduler.compared(artifact, consumer, Compared::Agrees),
        }
    }

    fn compared(&mut self, target: Target, compared: Comparison) -> Result<(), RunError> {
        let held = self.held.remove(&target);
        match (target, compared) {
            (Target::Cell { artifact, consumer }, Comparison::Facts(outputs)) => {
                let how = Compared::of(&outputs);
                self.clerk.compared(artifact, consumer, outputs)?;
                self.scheduler.compared(artifact, consumer, how);
            }
            (Target::Cell { artifact, consumer }, Comparison::ArrayLost(array)) => {
                let owner = self.clerk.owner(artifact, consumer, &array);
                tracing::debug!(?target, ?owner, %array, "the store has lost an array");
                self.scheduler.compared(artifact, consumer, Compared::ArraysLost(owner));
            }
            (Target::Cell { artifact, consumer }, Comparison::Broken) => {
                self.scheduler.compared(artifact, consumer, Compared::Agrees);
            }
            (Target::Repeat { artifact }, Comparison::ArrayLost(array)) => {
                tracing::debug!(?target, %array, "the store has lost an array");
                self.scheduler.first_answer_lost(artifact);
            }
            (Target::Repeat { artifact }, compared) => {
                if let (Some(held), Comparison::Facts(outputs)) = (held, compared) {
                    self.clerk.repeated(artifact, &held, outputs)?;
                }
                self.scheduler.observed(target, true);
            }
            (Target::Noise { artifact, setting }, compared) => {
                if let (Some(held), Comparison::Facts(outputs)) = (held, compared) {
                    self.clerk.varied(artifact, setting, &held, outputs)?;
                }
                self.scheduler.observed(target, true);
            }
            (Target::Retry { artifact, consumer }, compared) => {
                let outputs = match compared {
                    Comparison::Facts(outputs) => outputs,
                    Comparison::ArrayLost(_) | Comparison::Broken => Default::default(),
                };
                if let Some(held) = held {
                    self.clerk.retried(artifact, consumer, held.observation, outputs)?;
                }
                self.scheduler.observed(target, true);
            }
            (Target::Reference { .. }, _) => {}
        }
        Ok(())
    }

    fn inspect(&mut self, artifact: u32) {
        let Some(Here { digest, .. }) = self.scheduler.known().artifact(artifact).here() else {
            return self.scheduler.inspected(artifact);
        };
        let cache = self.cache.clone();
        let broken = Message::Inspected { artifact, digest, facts: None };
        self.staff.reading.spawn(vec![broken], move || vec![inspecting::look(&cache, artifact, digest)]);
    }
}
