//! Decides what a run does next, and when it is over.
//!
//! The rules are pure functions of the state of the run and of what this process knows. Asking them about everything
//! after each event would be too slow for a large plan, so the scheduler remembers which environments and artifacts
//! something has happened to, and asks about those only.

use std::sync::Arc;

use super::comparing::differs;
use super::jobs::{Target, TrainingOf};
use super::known::{Adopted, Bytes, Here, Known, Observed, Standing, Step};
use super::reporter::Progress;
use super::rules::{self, Action, Phase};
use super::share::Share;
use crate::plan::Plan;
use crate::state::{RunState, is_in_question};
use crate::vocab::{ArtifactId, ByOutput, EnvName, OutputComparison};

/// Names the cells of a run that are to be tried again, all by themselves.
pub type Regressions = Box<dyn Fn(&RunState) -> Vec<(ArtifactId, EnvName)> + Send>;

/// More regressions than these are no accident: they are believed at once.
const MOST_RETRIES: usize = 200;

/// What a run is free to decide.
#[derive(Default)]
pub(super) struct Policy {
    /// Asked once, when everything was tried.
    pub retry: Option<Regressions>,
    /// The artifacts whose bytes are not looked at: those that were damaged on purpose.
    pub left_alone: Vec<bool>,
    /// What the facts of a file have to answer; known facts that answer something else are taken anew.
    pub asked: String,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// The cell agrees with its reference.
    Agrees,
    /// It does not.
    Differs,
    /// It does not, and it may be for noise.
    InQuestion,
    /// The store has lost an array of this observation.
    ArraysLost(Target),
}

impl Compared {
    /// What a comparison came to.
    pub fn of(outputs: &ByOutput<OutputComparison>) -> Self {
        match differs(outputs) {
            false => Self::Agrees,
            true if is_in_question(outputs) => Self::InQuestion,
            true => Self::Differs,
        }
    }
}

pub(super) struct Scheduler {
    plan: Arc<Plan>,
    known: Known,
    policy: Policy,
    share: Share,
    phase: Phase,
    touched: Touched,
    /// Actions that were named and have not ended.
    outstanding: u64,
    progress: Progress,
}

/// What something has happened to since the rules were asked.
#[derive(Default)]
struct Touched {
    environments: Vec<u32>,
    artifacts: Vec<u32>,
    is_queued: Vec<bool>,
}

impl Touched {
    fn artifact(&mut self, index: u32) {
        if !std::mem::replace(&mut self.is_queued[index as usize], true) {
            self.artifacts.push(index);
        }
    }

    fn take_artifacts(&mut self) -> Vec<u32> {
        for index in &self.artifacts {
            self.is_queued[*index as usize] = false;
        }
        std::mem::take(&mut self.artifacts)
    }
}

/// How many of the first numbers are so.
fn count(of: usize, is_so: impl Fn(u32) -> bool) -> u64 {
    (0..of as u32).filter(|at| is_so(*at)).count() as u64
}

/// How many cells a share has.
fn cells_of(plan: &Plan, share: &Share) -> u64 {
    if share.is_whole() {
        return plan.cell_count();
    }
    plan.cells().filter(|(artifact, consumer)| share.reads(*artifact, *consumer)).count() as u64
}

impl Scheduler {
    pub fn new(plan: Arc<Plan>, share: Share, policy: Policy) -> Self {
        let known = Known::new(&plan, &share);
        let progress = Progress {
            environments: count(plan.environments.len(), |at| share.makes(at)),
            trainings: known.trainings.len() as u64,
            cells: cells_of(&plan, &share),
            ..Progress::default()
        };
        let mut touched = Touched { is_queued: vec![false; plan.artifacts.len()], ..Touched::default() };
        touched.environments.extend((0u32..).take(plan.environments.len()));
        let mut scheduler =
            Self { known, share, policy, phase: Phase::Trying, touched, outstanding: 0, progress, plan };
        scheduler.touch_all();
        scheduler
    }

    /// Whether an environment is one of those whose work this is.
    pub fn owns(&self, environment: u32) -> bool {
        self.share.makes(environment)
    }

    /// What of the plan is done here.
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// An artifact was written elsewhere.
    pub fn adopt(&mut self, adopted: Adopted) {
        let Adopted { artifact, bytes, has_reference } = adopted;
        let own = self.known.artifact_mut(artifact);
        match bytes {
            Some(Some(here)) => {
                own.seen = Some(here.digest);
                own.bytes = Bytes::Here(here);
                own.reference.step = if has_reference { Step::Done } else { Step::Never };
            }
            Some(None) => {
                own.bytes = Bytes::Missing;
                self.close_all(artifact);
            }
            None if has_reference => own.reference.step = Step::Done,
            None => {}
        }
    }

    /// What to do now. Each action is named once, and has to be ended by the method that says how it went. Nothing to do
    /// and nothing outstanding means that the run is over.
    pub fn next(&mut self, state: &RunState) -> Vec<Action> {
        loop {
            let actions = self.ask(state);
            if !actions.is_empty() {
                self.outstanding += actions.len() as u64;
                return actions;
            }
            if self.outstanding > 0 || self.is_over() {
                return actions;
            }
            self.advance(state);
        }
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    pub fn known(&self) -> &Known {
        &self.known
    }

    /// The artifacts that a training writes.
    pub fn artifacts_of(&self, of: TrainingOf) -> Vec<u32> {
        let training = self.known.trainings.get(&(of.model, of.producer));
        let all = training.map(|it| it.artifacts.clone()).unwrap_or_default();
        all.into_iter().filter(|artifact| of.only.is_none_or(|only| only == *artifact)).collect()
    }

    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    fn ask(&mut self, state: &RunState) -> Vec<Action> {
        let mut actions = Vec::new();
        for environment in std::mem::take(&mut self.touched.environments) {
            actions.extend(rules::of_environment(&self.known, environment));
            actions.extend(rules::of_trainings(&self.plan, &self.known, environment));
        }
        for artifact in self.touched.take_artifacts() {
            let phase = (self.phase, self.is_wanted(state, artifact));
            let named = rules::of_artifact(state, &self.plan, &self.known, &self.share, phase, artifact);
            // Several artifacts may ask for the same producer.
            named.into_iter().for_each(|action| {
                if !(matches!(action, Action::Provision { .. }) && actions.contains(&action)) {
                    actions.push(action);
                }
            });
        }
        actions.iter().for_each(|action| self.mark(*action));
        actions
    }

    fn is_wanted(&self, state: &RunState, artifact: u32) -> bool {
        let facts = state.artifacts()[artifact as usize].facts.as_deref();
        let left_alone = self.policy.left_alone.get(artifact as usize).copied().unwrap_or_default();
        !left_alone && facts.is_none_or(|facts| facts.asked != self.policy.asked)
    }

    fn mark(&mut self, action: Action) {
        match action {
            Action::Provision { environment } => {
                self.known.environments[environment as usize] = Standing::Asked;
            }
            Action::TakeIn { artifact } | Action::Train { only: Some(artifact), .. } => {
                self.known.artifact_mut(artifact).bytes = Bytes::Asked;
            }
            Action::Train { model, producer, only: None } => {
                if let Some(training) = self.known.trainings.get_mut(&(model, producer)) {
                    training.step = Step::Asked;
                }
            }
            Action::Observe { target, .. } => {
                self.known.observed_mut(target).step = Step::Asked;
                self.progress.repeats += u64::from(target.is_repeat());
            }
            Action::Expect { artifact } => self.known.artifact_mut(artifact).reference.step = Step::Asked,
            Action::Compare { artifact, consumer } => {
                self.known.artifact_mut(artifact).cells[consumer as usize].compared = Step::Asked;
            }
            Action::Inspect { artifact } => self.known.artifact_mut(artifact).inspected = Step::Asked,
        }
    }

    /// Everything of a phase is done.
    fn advance(&mut self, state: &RunState) {
        self.phase = match self.phase {
            Phase::Trying => {
                self.touch_all();
                Phase::Measuring
            }
            Phase::Measuring => {
                self.begin_retries(state);
                Phase::Retrying
            }
            Phase::Retrying => {
                self.touch_all();
                Phase::Inspecting
            }
            Phase::Inspecting | Phase::Over => Phase::Over,
        };
        tracing::debug!(phase = ?self.phase, "the run goes on");
    }

    fn begin_retries(&mut self, state: &RunState) {
        let Some(retry) = self.policy.retry.take() else { return };
        let wanted = retry(state);
        if wanted.len() > MOST_RETRIES {
            tracing::debug!(
                cells = wanted.len(),
                "too many regressions to be accidents: none is tried again"
            );
            return;
        }
        for (id, consumer) in wanted {
            let artifact = (0u32..).zip(state.artifacts()).find(|(_, it)| it.id == id).map(|(at, _)| at);
            let name = |at: &u32| &self.plan.environments[*at as usize].name;
            let position = self.plan.consumers.iter().position(|at| *name(at) == consumer);
            if let (Some(artifact), Some(position)) = (artifact, position) {
                self.known.artifact_mut(artifact).cells[position].retry = Some(Observed::default());
                self.touched.artifact(artifact);
            }
        }
    }

    fn touch_all(&mut self) {
        (0..self.plan.artifacts.len() as u32).for_each(|index| self.touched.artifact(index));
    }

    /// Ends [`Action::Provision`].
    pub fn provisioned(&mut self, environment: u32, is_ready: bool) {
        self.outstanding -= 1;
        let standing = if is_ready { Standing::Ready } else { Standing::Failed };
        self.known.environments[environment as usize] = standing;
        self.touched.environments.push(environment);
        self.touch_all();
        // Somebody else's, who is asked about what it wrote.
        self.progress.environments += u64::from(!self.share.makes(environment));
        if is_ready {
            self.progress.environments_ready += 1;
        } else {
            self.progress.environments_failed += 1;
            self.give_up(environment);
        }
    }

    /// Without an environment there are no trainings in it, and none of its cells.
    fn give_up(&mut self, environment: u32) {
        let plan = Arc::clone(&self.plan);
        let trainings = self.known.trainings.keys().filter(|(_, producer)| *producer == environment);
        self.progress.trainings_done += trainings.count() as u64;
        let position = plan.consumers.iter().position(|at| *at == environment);
        for (index, planned) in (0u32..).zip(&plan.artifacts) {
            let is_trained = plan.models[planned.model as usize].source.file().is_none();
            if planned.producer == environment && is_trained {
                self.close_all(index);
            } else if let Some(position) = position {
                self.close(index, position as u32);
            }
        }
    }

    /// Ends [`Action::TakeIn`].
    pub fn taken_in(&mut self, artifact: u32, here: Option<Here>) {
        self.outstanding -= 1;
        self.settle_bytes(artifact, here);
    }

    /// Ends [`Action::Train`], after its artifacts were settled.
    pub fn trained(&mut self, of: TrainingOf) {
        self.outstanding -= 1;
        if let Some(artifact) = of.only {
            // What was not made again stays lost.
            if self.known.artifact(artifact).bytes == Bytes::Asked {
                self.settle_bytes(artifact, None);
            }
        } else if let Some(training) = self.known.trainings.get_mut(&(of.model, of.producer)) {
            training.step = Step::Done;
            self.progress.trainings_done += 1;
        }
    }

    /// The bytes of an artifact are in the store, or there are none.
    pub fn settle_bytes(&mut self, artifact: u32, here: Option<Here>) {
        let own = self.known.artifact_mut(artifact);
        match here {
            Some(here) => {
                // What was seen of other bytes says nothing of these.
                if own.seen.is_some_and(|seen| seen != here.digest) {
                    own.reference.step = Step::Untouched;
                    own.cells.iter_mut().for_each(|cell| {
                        cell.observed.step = Step::Untouched;
                        cell.compared = Step::Untouched;
                    });
                }
                own.seen = Some(here.digest);
                own.bytes = Bytes::Here(here);
            }
            None => {
                own.bytes = Bytes::Missing;
                self.close_all(artifact);
            }
        }
        self.touched.artifact(artifact);
    }

    fn no_longer_observed(&mut self, target: Target) {
        self.outstanding -= 1;
        self.progress.repeats_done += u64::from(target.is_repeat());
    }

    /// Ends [`Action::Observe`]: it was observed, or never will be.
    pub fn observed(&mut self, target: Target, is_there: bool) {
        self.no_longer_observed(target);
        let step = if is_there { Step::Done } else { Step::Lost };
        self.known.observed_mut(target).step = step;
        match target {
            Target::Reference { artifact } if is_there => {
                let cells = &mut self.known.artifact_mut(artifact).cells;
                cells.iter_mut().for_each(|cell| cell.compared = Step::Untouched);
            }
            Target::Cell { artifact, consumer } => {
                self.known.artifact_mut(artifact).cells[consumer as usize].compared = Step::Untouched;
                self.close(artifact, consumer);
            }
            Target::Reference { .. }
            | Target::Repeat { .. }
            | Target::Noise { .. }
            | Target::Retry { .. } => {}
        }
        self.touched.artifact(target.artifact());
    }

    /// Ends [`Action::Observe`]: the bytes of its artifact are lost or damaged. Has them made again; false where that was
    /// done before, and the target has to be given up.
    pub fn starved(&mut self, target: Target) -> bool {
        let observed = self.known.observed_mut(target);
        if std::mem::replace(&mut observed.starved, true) {
            return false;
        }
        observed.step = Step::Untouched;
        self.no_longer_observed(target);
        let artifact = target.artifact();
        let own = self.known.artifact_mut(artifact);
        if own.here().is_some() {
            own.bytes = Bytes::Lost;
        }
        self.touched.artifact(artifact);
        true
    }

    /// Ends [`Action::Observe`] of a second answer that cannot be compared, since arrays of the first are lost. That one is
    /// made again, once, and the second after it.
    pub fn first_answer_lost(&mut self, artifact: u32) {
        self.no_longer_observed(Target::Repeat { artifact });
        let own = self.known.artifact_mut(artifact);
        if std::mem::replace(&mut own.reference.again, true) {
            own.repeat.step = Step::Lost;
        } else {
            own.reference.step = Step::Untouched;
            own.repeat.step = Step::Untouched;
        }
        self.touched.artifact(artifact);
    }

    /// Ends [`Action::Expect`].
    pub fn expected(&mut self, artifact: u32, is_reference: bool) {
        self.outstanding -= 1;
        let own = self.known.artifact_mut(artifact);
        own.reference.step = if is_reference { Step::Done } else { Step::Never };
        self.touched.artifact(artifact);
    }

    /// Ends [`Action::Compare`]. An observation whose arrays are lost is made again, once.
    pub fn compared(&mut self, artifact: u32, consumer: u32, how: Compared) {
        self.outstanding -= 1;
        let own = self.known.artifact_mut(artifact);
        let cell = &mut own.cells[consumer as usize];
        cell.compared = Step::Done;
        match how {
            Compared::Agrees => {}
            Compared::Differs => own.moved = true,
            Compared::InQuestion => {
                own.moved = true;
                own.in_question = true;
            }
            Compared::ArraysLost(target) => {
                cell.compared = Step::Lost;
                let observed = self.known.observed_mut(target);
                if observed.step == Step::Done && !std::mem::replace(&mut observed.again, true) {
                    observed.step = Step::Untouched;
                }
            }
        }
        self.touched.artifact(artifact);
    }

    /// Ends [`Action::Inspect`].
    pub fn inspected(&mut self, artifact: u32) {
        self.outstanding -= 1;
        self.known.artifact_mut(artifact).inspected = Step::Done;
    }

    fn close_all(&mut self, artifact: u32) {
        (0..self.plan.consumers.len() as u32).for_each(|consumer| self.close(artifact, consumer));
    }

    /// A cell has come to its end, whatever that is.
    fn close(&mut self, artifact: u32, consumer: u32) {
        let planned = self.plan.artifacts[artifact as usize];
        let environment = self.plan.consumers[consumer as usize];
        let is_planned = self.plan.is_read(planned, environment) && self.share.reads(artifact, environment);
        let cell = &mut self.known.artifact_mut(artifact).cells[consumer as usize];
        if is_planned && !std::mem::replace(&mut cell.closed, true) {
            self.progress.cells_done += 1;
        }
    }
}
