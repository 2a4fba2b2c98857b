//! One live environment: makes it, keeps its interpreter warm, and does its jobs in batches.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::mpsc;

use super::jobs::{Job, Pace, Slot, What, next_batch, repeat_alone};
use super::keys::{Keys, TrainingRecord};
use super::turns::{Turn, Turns, Work};
use crate::matrix::EnvironmentSpec;
use crate::process::worker_environment;
use crate::provision::{Launch, ProvisionFailure, Provisioner, Reach};
use crate::store::{self, Bucket, CacheRoot};
use crate::vocab::{ArtifactAbsence, Digest, EnvironmentTrouble, Lock, Observation, Outcome, Phase};
use crate::worker::{
    Ended, HandlerSource, Hello, Produced, Ready, Saved, Task, TaskResult, Trained, Worker, WorkerError,
    WorkerLimits, abnormal,
};

/// Room for the warm interpreter itself where its whole environment has one limit of memory.
const WARM_INTERPRETER: u64 = 2 << 30;
/// How often a task that took the whole worker down alone is tried.
const ATTEMPTS: u32 = 2;

/// What an executor tells the dispatcher.
#[derive(Debug)]
pub(super) enum Message {
    Note(String),
    Ready { environment: u32, lock: Box<Lock>, lacks: BTreeMap<String, String>, seconds: f64, reused: bool },
    Failed { environment: u32, failure: Unusable },
    Trained { artifacts: Vec<(u32, TrainingRecord)> },
    Observed { slot: Slot, key: Digest, observation: Box<Observation> },
    Lost { what: What, reason: String },
}

/// Why an environment cannot be used.
#[derive(Debug)]
pub(super) struct Unusable {
    pub reason: String,
    pub remedy: Option<String>,
    /// What it was declared with does not exist on this machine.
    pub absent: bool,
    /// The kind of trouble.
    pub cause: EnvironmentTrouble,
}

impl Unusable {
    /// An environment that could not be made.
    fn unmade(failure: &ProvisionFailure) -> Self {
        Self { reason: failure.reason(), remedy: failure.remedy(), absent: false, cause: failure.trouble() }
    }

    /// An interpreter that does not come up.
    fn worker(error: &WorkerError, launcher: &[String]) -> Self {
        let by_hand = format!("start it by hand to see more: `{} python -c pass`", launcher.join(" "));
        let remedy = match error {
            // What is wrong with a configuration, the exception says, or a known cause.
            WorkerError::Broken { module, .. } if module == "sklearn.set_config" => None,
            WorkerError::Absent { .. } => None,
            WorkerError::Broken { module, .. } if module == "sklearnex" => Some(
                "`extension` and `device` need scikit-learn-intelex: add it to the packages of the environment, in a \
                 version that knows its scikit-learn",
            ),
            WorkerError::Lost { .. } if !launcher.is_empty() => Some(by_hand.as_str()),
            WorkerError::Broken { .. } | WorkerError::Lost { .. } => Some(
                "start the environment's Python by hand and `import sklearn` to see more; the packages may not fit one \
                 another",
            ),
        };
        let absent = matches!(error, WorkerError::Absent { .. });
        let cause = match error {
            WorkerError::Absent { .. } => EnvironmentTrouble::Absent,
            WorkerError::Broken { .. } => EnvironmentTrouble::ImportFailed,
            WorkerError::Lost { .. } => EnvironmentTrouble::WorkerLost,
        };
        Self { reason: error.to_string(), remedy: remedy.map(str::to_owned), absent, cause }
    }
}

/// What all executors of a run share.
pub(super) struct Shared {
    pub cache: CacheRoot,
    pub provisioner: Arc<Provisioner>,
    pub keys: Keys,
    pub limits: WorkerLimits,
    pub turns: Arc<Turns>,
    pub scratch: PathBuf,
    pub expressions: Vec<(String, String)>,
    pub handlers: BTreeMap<String, HandlerSource>,
    /// What files from outside import.
    pub modules: Vec<String>,
    pub messages: mpsc::UnboundedSender<Message>,
    /// Whether it was said that cells are not cut off from the network, and from files.
    pub told_network: AtomicBool,
    pub told_files: AtomicBool,
}

pub(super) struct Executor {
    pub index: u32,
    pub spec: EnvironmentSpec,
    pub shared: Arc<Shared>,
    pub jobs: mpsc::UnboundedReceiver<Job>,
    pub work: Arc<Work>,
}

/// The folder of an environment in a run's scratch folder: what its processes may write to.
pub(super) fn environment_folder(scratch: &Path, environment: u32) -> PathBuf {
    scratch.join(format!("env-{environment}"))
}

struct Live {
    launch: Launch,
    folder: PathBuf,
    worker: Option<Worker>,
    trainings: Pace,
    cells: Pace,
}

impl Live {
    fn pace(&mut self, training: bool) -> &mut Pace {
        if training { &mut self.trainings } else { &mut self.cells }
    }
}

impl Executor {
    /// Makes the environment and does jobs until there are no more.
    pub async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        // A closed channel means that the dispatcher has gone; then nobody needs the message.
        let say = |message| drop(shared.messages.send(message));
        let note = |text: &str| drop(shared.messages.send(Message::Note(text.to_owned())));
        let environment = self.index;
        let ready = match shared.provisioner.prepare(&self.spec, &note).await {
            Ok(ready) => ready,
            Err(failure) => {
                let failure = Unusable::unmade(&failure);
                return say(Message::Failed { environment, failure });
            }
        };
        let folder = environment_folder(&shared.scratch, self.index);
        if let Err(error) = store::create_folder(&folder) {
            let failure = Unusable::unmade(&error.into());
            return say(Message::Failed { environment, failure });
        }
        let mut live = Live {
            launch: ready.launch,
            folder,
            worker: None,
            trainings: Pace::default(),
            cells: Pace::default(),
        };
        let key = shared.keys.lacks(&ready.lock.digest(), &shared.expressions);
        let lacks = match shared.cache.record(&key) {
            Some(lacks) => lacks,
            None => match self.lacks(&mut live, &key).await {
                Ok(lacks) => lacks,
                Err(error) => {
                    return say(Message::Failed {
                        environment,
                        failure: Unusable::worker(&error, &self.spec.setup.launcher),
                    });
                }
            },
        };
        say(Message::Ready {
            environment,
            lock: Box::new(ready.lock),
            lacks,
            seconds: ready.seconds,
            reused: ready.reused,
        });
        let mut pending = VecDeque::new();
        while let Some(job) = self.jobs.recv().await {
            pending.push_back(job);
            while !pending.is_empty() {
                let turn = shared.turns.take(&self.work).await;
                while let Ok(job) = self.jobs.try_recv() {
                    pending.push_back(job);
                }
                let training = pending.iter().any(Job::is_training);
                // What a launcher starts may have ranks, and these do one task together.
                let launched = !self.spec.setup.launcher.is_empty();
                let size = if launched { 1 } else { live.pace(training).batch() };
                let batch = next_batch(&mut pending, training, size);
                for job in &batch {
                    job.count(&self.work).fetch_sub(1, Ordering::Relaxed);
                }
                for job in self.batch(&mut live, batch, turn).await.into_iter().rev() {
                    job.count(&self.work).fetch_add(1, Ordering::Relaxed);
                    pending.push_front(job);
                }
            }
        }
    }

    async fn lacks(&self, live: &mut Live, key: &Digest) -> Result<BTreeMap<String, String>, WorkerError> {
        self.work.first.fetch_add(1, Ordering::Relaxed);
        let _turn = self.shared.turns.take(&self.work).await;
        self.work.first.fetch_sub(1, Ordering::Relaxed);
        let lacks = self.worker(live).await?.ready.lacks.clone();
        // A cache that cannot be written costs the next run an import, nothing else.
        let _ = self.shared.cache.put_record(key, &lacks);
        Ok(lacks)
    }

    async fn worker<'a>(&self, live: &'a mut Live) -> Result<&'a mut Worker, WorkerError> {
        let worker = match live.worker.take() {
            Some(worker) => worker,
            None => {
                let mut variables = worker_environment(&live.folder);
                variables.extend(live.launch.variables());
                variables.extend(self.spec.variables.clone());
                let objects = self.shared.cache.bucket(Bucket::Objects);
                let hello = Hello {
                    scratch: live.folder.display().to_string(),
                    // Trees and containers show no more than that to begin with.
                    objects: live.launch.is_open().then(|| objects.display().to_string()),
                    expressions: self.shared.expressions.iter().cloned().collect(),
                    modules: self.shared.modules.clone(),
                    config: self.spec.config.clone(),
                    extension: self.spec.setup.extension.clone(),
                    device: self.spec.setup.device.clone(),
                    handlers: self.shared.handlers.clone(),
                };
                let memory_bytes = self.shared.limits.memory_bytes.checked_add(WARM_INTERPRETER);
                let reach =
                    Reach { scratch: &live.folder, objects: &objects, memory_bytes, variables: &variables };
                let argv = live.launch.argv(&reach);
                let worker = Worker::start(&argv, variables, &live.folder, &hello).await?;
                if live.launch.is_open() {
                    self.tell_open(&worker.ready);
                }
                worker
            }
        };
        Ok(live.worker.insert(worker))
    }

    /// Says once in a run what this machine cannot keep cells from.
    fn tell_open(&self, ready: &Ready) {
        let tell = |told: &AtomicBool, text: &str| {
            if !told.swap(true, Ordering::Relaxed) {
                self.say(Message::Note(text.to_owned()));
            }
        };
        if !ready.isolated_network && ready.lone {
            let text = "cells of environments with a launcher can reach the network: it may need one";
            tell(&self.shared.told_network, text);
        } else if !ready.isolated_network {
            let text = "cells of virtual environments can reach the network: this machine allows no network namespaces";
            tell(&self.shared.told_network, text);
        }
        if !ready.isolated_files {
            let text =
                "cells of virtual environments can read and write your files: this kernel has no Landlock";
            tell(&self.shared.told_files, text);
        }
    }

    /// Does a batch; returns the jobs that must be repeated. The turn ends with the child: keeping results leaves
    /// the core to the next one.
    async fn batch(&self, live: &mut Live, mut batch: Vec<Job>, turn: Turn) -> Vec<Job> {
        let tasks: Vec<Task> = batch.iter().map(|job| job.task.clone()).collect();
        let limits = self.shared.limits;
        let worker = match self.worker(live).await {
            Ok(worker) => worker,
            Err(error) => {
                for job in batch {
                    self.say(Message::Lost { what: job.what, reason: error.to_string() });
                }
                return Vec::new();
            }
        };
        let started = Instant::now();
        let done = worker.run(&tasks, limits).await;
        drop(turn);
        if let Some(worker) = live.worker.take_if(|worker| worker.ready.lone && done.is_ok()) {
            worker.retire().await;
        }
        match done {
            Ok(done) if done.is_clean() => {
                let training = batch.first().is_some_and(Job::is_training);
                let count = done.results.iter().flatten().count();
                live.pace(training).took(count, started.elapsed().as_secs_f64());
                let mut rest = Vec::new();
                for (job, result) in batch.into_iter().zip(done.results) {
                    match result {
                        Some(result) => self.finish(job, result),
                        // The time of a batch was over.
                        None => rest.push(job),
                    }
                }
                rest
            }
            Ok(mut done) => {
                if batch.len() > 1 {
                    return repeat_alone(batch);
                }
                // A lone task's own result counts when its child came to its end, also when it changed its
                // world: nobody comes after it.
                let result = done.results.pop().flatten().filter(|_| done.ended.how == "finished");
                match (batch.pop(), result) {
                    (Some(job), Some(result)) => self.finish(job, result),
                    (Some(job), None) => self.finish_abnormal(job, &done.ended),
                    (None, _) => {}
                }
                Vec::new()
            }
            Err(error) => {
                live.worker = None;
                if batch.len() > 1 {
                    return repeat_alone(batch);
                }
                let mut again = Vec::new();
                for mut job in batch {
                    job.attempts += 1;
                    if job.attempts < ATTEMPTS {
                        again.push(job);
                    } else {
                        self.finish_killer(job, &error);
                    }
                }
                again
            }
        }
    }

    fn say(&self, message: Message) {
        // A closed channel means that the dispatcher has gone; then nobody needs the message.
        let _ = self.shared.messages.send(message);
    }

    fn finish(&self, job: Job, result: TaskResult) {
        match (job.what, result) {
            (What::Training { artifacts }, TaskResult::Trained(trained)) => {
                let message = match self.keep_trained(artifacts, trained, &job.task) {
                    Ok(artifacts) => Message::Trained { artifacts },
                    Err((artifacts, error)) => Message::Lost {
                        what: What::Training { artifacts },
                        reason: format!("cannot keep an artifact in the cache: {error}"),
                    },
                };
                self.say(message);
            }
            (What::Observation { slot, key }, TaskResult::Observed { observation, blobs }) => {
                let kept = blobs
                    .iter()
                    .try_for_each(|(digest, bytes)| self.shared.cache.put_known_object(digest, bytes))
                    .and_then(|()| self.shared.cache.put_record(&key, &observation));
                self.say(match kept {
                    Ok(()) => Message::Observed { slot, key, observation: Box::new(observation) },
                    Err(error) => Message::Lost {
                        what: What::Observation { slot, key },
                        reason: format!("cannot keep an observation in the cache: {error}"),
                    },
                });
            }
            (what, _) => {
                self.say(Message::Lost { what, reason: "the agent answered another question".to_owned() });
            }
        }
    }

    #[expect(clippy::type_complexity, reason = "the artifacts go back on failure")]
    fn keep_trained(
        &self,
        artifacts: Vec<(u32, Digest)>,
        trained: Trained,
        task: &Task,
    ) -> Result<Vec<(u32, TrainingRecord)>, (Vec<(u32, Digest)>, std::io::Error)> {
        let Task::Train { formats, .. } = task else { return Ok(Vec::new()) };
        let missing = |absence: ArtifactAbsence| {
            artifacts
                .iter()
                .map(|(artifact, _)| (*artifact, TrainingRecord::Missing(absence.clone())))
                .collect()
        };
        let records: Vec<(u32, TrainingRecord)> = match trained {
            Trained::Unsupported(reason) => missing(ArtifactAbsence::ClassAbsent { reason }),
            Trained::Failed(error) => missing(ArtifactAbsence::TrainFailed { error }),
            Trained::Fitted(Produced { methods, .. }) if methods.is_empty() => {
                missing(ArtifactAbsence::NoOutput)
            }
            Trained::Fitted(Produced { train_seconds, methods, saved }) => {
                let mut records = Vec::new();
                for (((artifact, _), saving), saved) in artifacts.iter().zip(formats).zip(saved) {
                    let record = match saved {
                        Saved::Failed(error) => {
                            TrainingRecord::Missing(ArtifactAbsence::SaveFailed { error })
                        }
                        Saved::Unsupported(reason) => {
                            TrainingRecord::Missing(ArtifactAbsence::Unsupported { reason })
                        }
                        Saved::Unequipped(reason) => {
                            TrainingRecord::Missing(ArtifactAbsence::Unequipped { reason })
                        }
                        Saved::Written { methods: Some(held), .. } if held.is_empty() => {
                            TrainingRecord::Missing(ArtifactAbsence::NoOutputHeld {
                                methods: methods.clone(),
                            })
                        }
                        Saved::Written { seconds, methods: held } => {
                            let adopt = |path: &str| self.shared.cache.adopt_object(Path::new(path));
                            let model = saving.model.as_deref().map(adopt).transpose();
                            match model.and_then(|model| Ok((adopt(&saving.path)?, model))) {
                                Ok(((digest, size), model)) => TrainingRecord::Made {
                                    digest,
                                    size,
                                    train_seconds,
                                    save_seconds: seconds,
                                    methods: held.unwrap_or_else(|| methods.clone()),
                                    model: model.map(|(digest, _)| digest),
                                },
                                Err(error) => return Err((artifacts, error)),
                            }
                        }
                    };
                    records.push((*artifact, record));
                }
                records
            }
        };
        for ((_, record), (_, key)) in records.iter().zip(&artifacts) {
            if let Err(error) = self.shared.cache.put_record(key, record) {
                return Err((artifacts, error));
            }
        }
        Ok(records)
    }

    /// A lone task whose child ended abnormally.
    fn finish_abnormal(&self, job: Job, ended: &Ended) {
        let observation = abnormal(ended, self.shared.limits);
        match job.what {
            What::Training { artifacts } => {
                let reason = match &observation.outcome {
                    Outcome::TimedOut { limit_seconds, .. } => {
                        format!("did not end within {limit_seconds} s")
                    }
                    Outcome::OutOfMemory { limit_bytes, .. } => {
                        format!("needed more than {} MiB", limit_bytes >> 20)
                    }
                    Outcome::Signalled { signal, .. } => format!("died of signal {signal}"),
                    Outcome::Exited { status, .. } => format!("ended its process with status {status}"),
                    Outcome::Predicted { .. }
                    | Outcome::Raised { .. }
                    | Outcome::Unfit { .. }
                    | Outcome::Inapplicable { .. }
                    | Outcome::Unequipped { .. } => "ended abnormally".to_owned(),
                };
                let record = TrainingRecord::Missing(ArtifactAbsence::Died { reason });
                let records = artifacts.iter().map(|(artifact, _)| (*artifact, record.clone())).collect();
                self.say(Message::Trained { artifacts: records });
            }
            What::Observation { slot, key } => self.keep_abnormal(slot, key, observation),
        }
    }

    /// A lone task that took the whole worker down, twice.
    fn finish_killer(&self, job: Job, error: &WorkerError) {
        match job.what {
            What::Observation { slot, key } => {
                let observation = Observation {
                    outcome: Outcome::Exited { phase: Phase::Load, status: 255 },
                    warnings: Vec::new(),
                    load_seconds: None,
                    predict_seconds: None,
                    peak_rss_bytes: None,
                    printed: Some(format!("it takes its parent process down: {error}")),
                    alone: true,
                };
                self.keep_abnormal(slot, key, observation);
            }
            what @ What::Training { .. } => self.say(Message::Lost { what, reason: error.to_string() }),
        }
    }

    fn keep_abnormal(&self, slot: Slot, key: Digest, observation: Observation) {
        // Not keeping it only means that the next run tries again.
        let _ = self.shared.cache.put_record(&key, &observation);
        self.say(Message::Observed { slot, key, observation: Box::new(observation) });
    }
}
