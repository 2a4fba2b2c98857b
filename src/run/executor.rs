//! One live environment: makes it, keeps its interpreter warm, and does its jobs in batches.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::host::{Host, Interpreter, Prepared, Start, environment_folder};
use super::isolation;
use super::jobs::{Job, JobKind, Pace, next_batch, repeat_alone};
use super::keys::Keys;
use super::messages::{Message, Unusable};
use super::permits::{Backlog, Permit, Permits};
use super::soundness::Soundness;
use super::{disturbed, keeping};
use crate::matrix::EnvironmentSpec;
use crate::provision::Room;
use crate::store::{Bucket, CacheRoot};
use crate::vocab::{Digest, Disturbance, NoiseSetting};
use crate::worker::{Batch, HandlerSource, Hello, Task, TaskResult, WorkerError, WorkerLimits};

/// Room for the warm interpreter itself where its whole environment has one limit of memory.
const WARM_INTERPRETER: u64 = 2 << 30;
/// How long after the machine got in the way something is tried again.
const MOMENT: Duration = Duration::from_millis(250);

/// What all executors of a run share.
pub(super) struct Shared<H> {
    pub host: H,
    pub cache: CacheRoot,
    pub keys: Keys,
    pub limits: WorkerLimits,
    pub permits: Arc<Permits>,
    pub sound: Arc<Soundness>,
    pub scratch: PathBuf,
    pub expressions: Vec<(String, String)>,
    pub handlers: BTreeMap<String, HandlerSource>,
    /// What external artifacts import.
    pub modules: Vec<String>,
    pub messages: mpsc::UnboundedSender<Message>,
}

pub(super) struct Executor<H> {
    pub index: u32,
    pub spec: EnvironmentSpec,
    pub shared: Arc<Shared<H>>,
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub backlog: Arc<Backlog>,
}

struct Live<H: Host> {
    place: H::Place,
    /// An interpreter for each room in which something was to be done, and at most one that computes otherwise.
    workers: BTreeMap<Warm, H::Interpreter>,
    told_gaps: bool,
    trainings: Pace,
    cells: Pace,
}

impl<H: Host> Live<H> {
    fn pace(&mut self, training: bool) -> &mut Pace {
        if training { &mut self.trainings } else { &mut self.cells }
    }
}

/// Which interpreter of an environment: whose code it runs, and in which other way it computes.
type Warm = (Room, Option<NoiseSetting>);

/// What is to be kept of a batch.
type Kept = Vec<Box<dyn FnOnce(&CacheRoot) -> Message + Send>>;

impl<H: Host> Executor<H> {
    /// Makes the environment and does jobs until there are no more.
    pub async fn run(mut self) {
        let environment = self.index;
        match self.prepare().await {
            Ok((ready, mut live)) => {
                self.say(ready);
                self.serve(&mut live).await;
            }
            Err(failure) => self.say(Message::Failed { environment, failure }),
        }
    }

    async fn prepare(&self) -> Result<(Message, Live<H>), Unusable> {
        let shared = &self.shared;
        let messages = shared.messages.clone();
        // A closed channel means that the dispatcher has gone; then nobody needs the message.
        let note = move |text: &str| drop(messages.send(Message::Note(text.to_owned())));
        let Prepared { lock, place, seconds, reused } = shared.host.prepare(&self.spec, &note).await?;
        let (trainings, cells) = (Pace::default(), Pace::default());
        let mut live = Live { place, workers: BTreeMap::new(), told_gaps: false, trainings, cells };
        let trusted = shared.cache.trusted(&lock.digest(), &lock.base_digest());
        let key = shared.keys.absent_models(&trusted, &shared.expressions);
        // What cells are kept from, only a started interpreter knows.
        let known = shared.cache.record(&key).filter(|_| !shared.host.requires_isolation());
        let absent_models = match known {
            Some(absent_models) => absent_models,
            None => {
                let absent_models = self.absent_models(&mut live, &key).await;
                absent_models.map_err(|error| Unusable::worker(&error, &self.spec.setup.launcher))?
            }
        };
        let (environment, lock) = (self.index, Box::new(lock));
        Ok((Message::Ready { environment, lock, absent_models, seconds, reused }, live))
    }

    async fn serve(&mut self, live: &mut Live<H>) {
        let permits = Arc::clone(&self.shared.permits);
        let mut pending = VecDeque::new();
        while let Some(job) = self.jobs.recv().await {
            pending.push_back(job);
            while !pending.is_empty() {
                let permit = permits.take(&self.backlog).await;
                while let Ok(job) = self.jobs.try_recv() {
                    pending.push_back(job);
                }
                let training = pending.iter().any(Job::is_training);
                // What a launcher starts may have ranks, and these do one task together.
                let launched = !self.spec.setup.launcher.is_empty();
                let size = if launched { 1 } else { live.pace(training).batch() };
                let batch = next_batch(&mut pending, training, size);
                for job in &batch {
                    job.count(&self.backlog).fetch_sub(1, Ordering::Relaxed);
                }
                for job in self.batch(live, batch, permit).await.into_iter().rev() {
                    job.count(&self.backlog).fetch_add(1, Ordering::Relaxed);
                    pending.push_front(job);
                }
            }
        }
    }

    async fn absent_models(
        &self,
        live: &mut Live<H>,
        key: &Digest,
    ) -> Result<BTreeMap<String, String>, WorkerError> {
        self.backlog.first.fetch_add(1, Ordering::Relaxed);
        let _permit = self.shared.permits.take(&self.backlog).await;
        self.backlog.first.fetch_sub(1, Ordering::Relaxed);
        let absent_models = self.worker(live, (Room::Cells, None)).await?.ready().absent_models.clone();
        // A cache that cannot be written costs the next run an import, nothing else.
        let _ = self.shared.cache.put_record(key, &absent_models);
        Ok(absent_models)
    }

    async fn worker<'a>(
        &self,
        live: &'a mut Live<H>,
        warm: Warm,
    ) -> Result<&'a mut H::Interpreter, WorkerError> {
        if !live.workers.contains_key(&warm) {
            // Each setting comes once, for all artifacts that wait for it.
            live.workers.retain(|(_, setting), _| setting.is_none());
            let worker = match self.start(live, warm).await {
                Ok(worker) => worker,
                Err(error @ (WorkerError::Absent { .. } | WorkerError::NotIsolated(_))) => return Err(error),
                Err(error @ (WorkerError::Lost { .. } | WorkerError::Broken { .. })) => {
                    tracing::debug!(environment = %self.spec.name, %error, "an interpreter is started once more");
                    tokio::time::sleep(MOMENT).await;
                    self.start(live, warm).await?
                }
            };
            live.workers.insert(warm, worker);
        }
        // It was there, or has just been put there.
        live.workers.get_mut(&warm).ok_or_else(|| WorkerError::Lost {
            reason: "its interpreter is gone".to_owned(),
            printed: String::new(),
        })
    }

    async fn start(&self, live: &mut Live<H>, (room, setting): Warm) -> Result<H::Interpreter, WorkerError> {
        let shared = &self.shared;
        let objects = shared.cache.bucket(Bucket::Objects);
        let folder = environment_folder(&shared.scratch, self.index, room);
        // Whoever ends with it takes along what runs in its folder.
        let folder = setting.map_or(folder.clone(), |setting| folder.with_extension(setting.word()));
        let hello = Hello {
            scratch: folder.display().to_string(),
            expressions: shared.expressions.iter().cloned().collect(),
            modules: shared.modules.clone(),
            config: self.spec.config.clone(),
            extension: self.spec.setup.extension.clone(),
            device: self.spec.setup.device.clone(),
            handlers: shared.handlers.clone(),
            ..Hello::default()
        };
        let memory_bytes = shared.limits.memory_bytes.checked_add(WARM_INTERPRETER);
        let spec = &self.spec;
        let variables = setting.map_or(&[][..], NoiseSetting::variables);
        let start = Start { folder: &folder, objects: &objects, memory_bytes, spec, variables, room, hello };
        let begun = Instant::now();
        let worker = shared.host.start(&live.place, start).await?;
        let seconds = begun.elapsed().as_secs_f64();
        tracing::debug!(environment = %self.spec.name, ?room, "an interpreter is warm");
        // Recipes are their author's own; what is promised is said of cells.
        if room == Room::Cells && !std::mem::replace(&mut live.told_gaps, true) {
            let gaps = isolation::gaps(worker.ready());
            self.say(Message::Isolation { environment: self.index, gaps: gaps.clone(), seconds });
            if shared.host.requires_isolation() && !gaps.is_empty() {
                return Err(WorkerError::NotIsolated(gaps));
            }
        }
        Ok(worker)
    }

    /// Does a batch; returns the jobs that must be repeated. The permit ends with the child: keeping results leaves
    /// the core to the next one.
    async fn batch(&self, live: &mut Live<H>, batch: Vec<Job>, permit: Permit) -> Vec<Job> {
        let batch = self.with_bytes(batch).await;
        if batch.is_empty() {
            return batch;
        }
        if batch.iter().any(|job| job.attempts > 0) {
            tokio::time::sleep(MOMENT).await;
        }
        let tasks: Vec<Task> = batch.iter().map(|job| job.task.clone()).collect();
        let warm = batch.first().map(|job| (job.room, job.setting())).unwrap_or_default();
        let worker = match self.worker(live, warm).await {
            Ok(worker) => worker,
            Err(error) => {
                tracing::debug!(environment = %self.spec.name, %error, jobs = batch.len(), "no interpreter");
                for job in batch {
                    self.say(Message::Lost { kind: job.kind, reason: error.to_string() });
                }
                return Vec::new();
            }
        };
        let started = Instant::now();
        let done = worker.run(&tasks, self.shared.limits).await;
        drop(permit);
        let seconds = started.elapsed().as_secs_f64();
        tracing::debug!(environment = %self.spec.name, tasks = tasks.len(), seconds, "a batch has ended");
        let is_spent = done.is_ok() && live.workers.get(&warm).is_some_and(|worker| worker.ready().lone);
        if let Some(worker) = is_spent.then(|| live.workers.remove(&warm)).flatten() {
            worker.retire().await;
        }
        match done {
            Ok(done) if done.is_clean() => {
                let training = batch.first().is_some_and(Job::is_training);
                live.pace(training).took(done.results.iter().flatten().count(), seconds);
                self.finish(batch, done.results).await
            }
            Ok(done) => self.finish_unclean(batch, done).await,
            Err(error) => {
                live.workers.remove(&warm);
                self.finish_without_worker(batch, error).await
            }
        }
    }

    /// The jobs whose artifacts are whole. The others are told of: damage must not be blamed on readers.
    async fn with_bytes(&self, batch: Vec<Job>) -> Vec<Job> {
        let sound = Arc::clone(&self.shared.sound);
        let checking = tokio::task::spawn_blocking(move || {
            let (fed, starved): (Vec<Job>, Vec<Job>) =
                batch.into_iter().partition(|job| job.reads.is_none_or(|digest| sound.holds(&digest)));
            (fed, starved)
        });
        // Hashing does not panic.
        let (fed, starved) = checking.await.unwrap_or_default();
        for job in starved {
            match job.kind {
                JobKind::Observation { target, .. } => self.say(Message::Starved { target }),
                kind @ JobKind::Training { .. } => {
                    self.say(Message::Lost {
                        kind,
                        reason: "what it reads is missing from the cache".to_owned(),
                    });
                }
            }
        }
        fed
    }

    /// Keeps the results of a clean batch. What it did not get to is returned: the time of the batch was over.
    async fn finish(&self, batch: Vec<Job>, results: Vec<Option<TaskResult>>) -> Vec<Job> {
        let (mut kept, mut rest): (Kept, Vec<Job>) = (Vec::new(), Vec::new());
        for (job, result) in batch.into_iter().zip(results) {
            match result {
                Some(result) => {
                    match disturbed::full_disk(&result, &self.shared.cache.bucket(Bucket::Scratch)) {
                        Some(by) => self.disturbed(job, by, &mut kept, &mut rest),
                        None => kept.push(Box::new(|cache| keeping::keep(cache, job, result))),
                    }
                }
                None => rest.push(job),
            }
        }
        self.keep(kept).await;
        rest
    }

    /// A child ended abnormally, or a task changed its process.
    async fn finish_unclean(&self, mut batch: Vec<Job>, mut done: Batch) -> Vec<Job> {
        if batch.len() > 1 {
            self.tell_repeating(&batch, &done.ended.how);
            return repeat_alone(batch);
        }
        // A lone task's own result counts when its child came to its end, also when it changed its world: nobody
        // comes after it.
        let result = done.results.pop().flatten().filter(|_| done.ended.how == "finished");
        let Some(job) = batch.pop() else { return batch };
        if result.is_some() {
            return self.finish(vec![job], vec![result]).await;
        }
        let (mut kept, mut rest): (Kept, Vec<Job>) = (Vec::new(), Vec::new());
        let limits = self.shared.limits;
        match disturbed::killed(&done.ended) {
            Some(by) => self.disturbed(job, by, &mut kept, &mut rest),
            None => kept.push(Box::new(move |cache| keeping::keep_abnormal(cache, job, &done.ended, limits))),
        }
        self.keep(kept).await;
        rest
    }

    /// The machine got in the way of a job: it is tried once more, and then that is recorded as what it is.
    fn disturbed(&self, job: Job, by: Disturbance, kept: &mut Kept, rest: &mut Vec<Job>) {
        tracing::debug!(environment = %self.spec.name, ?by, attempts = job.attempts, "the machine got in the way");
        if disturbed::has_a_try_left(&job) {
            rest.push(disturbed::once_more(job));
        } else {
            kept.push(Box::new(move |_| keeping::disturbed(job, by)));
        }
    }

    /// The interpreter itself was lost.
    async fn finish_without_worker(&self, batch: Vec<Job>, error: WorkerError) -> Vec<Job> {
        if batch.len() > 1 {
            self.tell_repeating(&batch, "the worker was lost");
            return repeat_alone(batch);
        }
        let (mut kept, mut rest): (Kept, Vec<Job>) = (Vec::new(), Vec::new());
        let by = disturbed::lost(&error, &self.shared.cache.bucket(Bucket::Scratch));
        for job in batch {
            self.disturbed(job, by.clone(), &mut kept, &mut rest);
        }
        self.keep(kept).await;
        rest
    }

    fn tell_repeating(&self, batch: &[Job], how: &str) {
        tracing::debug!(environment = %self.spec.name, tasks = batch.len(), how, "each task is repeated alone");
    }

    /// Writes results into the store, on a thread that may wait for it, and tells of them.
    async fn keep(&self, kept: Kept) {
        let (cache, messages) = (self.shared.cache.clone(), self.shared.messages.clone());
        let keeping = tokio::task::spawn_blocking(move || {
            // A closed channel means that the dispatcher has gone; then nobody needs the message.
            kept.into_iter().for_each(|keep| drop(messages.send(keep(&cache))));
        });
        if let Err(error) = keeping.await {
            tracing::error!(environment = %self.spec.name, %error, "a result could not be kept");
        }
    }

    fn say(&self, message: Message) {
        // A closed channel means that the dispatcher has gone; then nobody needs the message.
        let _ = self.shared.messages.send(message);
    }
}
