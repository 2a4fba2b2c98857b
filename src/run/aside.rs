//! Does errands: each alone in a child that is kept from this machine as a cell is, several side by side.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::errand::{Errand, ErrandDone, Kept};
use super::host::{Host, Machine, Start};
use super::interrupt;
use super::messages::Unusable;
use super::orders::handler_sources;
use super::request::RunError;
use crate::matrix::{EnvironmentSpec, Limits};
use crate::provision::{Provisioner, Room};
use crate::store::{Bucket, CacheRoot};
use crate::vocab::{Digest, EnvironmentTrouble, MendOutcome, TranslateOutcome};
use crate::worker::{Hello, Task, TaskResult, WorkerError, WorkerLimits};

/// Room for the warm interpreter itself where its whole environment has one limit of memory.
const WARM_INTERPRETER: u64 = 2 << 30;

type Place = <Machine as Host>::Place;
type Interpreter = <Machine as Host>::Interpreter;

/// Errands in one environment.
#[derive(Debug)]
pub struct Errands {
    /// The environment.
    pub spec: EnvironmentSpec,
    /// What is to be done there.
    pub errands: Vec<Errand>,
}

/// What came of the errands in an environment.
#[derive(Debug)]
pub enum Ran {
    /// In the order of the errands.
    Done(Vec<ErrandDone>),
    /// Nothing could be done there.
    NoEnvironment {
        /// Why, in words of whoever tried.
        reason: String,
        /// The kind of trouble.
        trouble: EnvironmentTrouble,
    },
}

/// Does errands in environments, as many side by side as `jobs` says. `None` where a signal ended it.
///
/// # Errors
/// When the cache cannot be used. What files and environments do is no error.
pub async fn run_errands(
    groups: Vec<Errands>,
    limits: Limits,
    jobs: usize,
    cache: &CacheRoot,
    provisioner: Arc<Provisioner>,
) -> Result<Option<Vec<Ran>>, RunError> {
    let scratch = cache.scratch("errands").map_err(RunError::Cache)?;
    let shared = Arc::new(Shared {
        host: Machine(provisioner),
        limits,
        jobs: jobs.max(1),
        cache: cache.clone(),
        scratch: scratch.path().to_owned(),
        environments: Semaphore::new(jobs.max(1)),
        cores: Semaphore::new(jobs.max(1)),
    });
    let ran = tokio::select! {
        biased;
        () = interrupt::asked_to_end() => Ok(None),
        ran = all(groups, shared) => ran.map(Some),
    };
    // An unremovable scratch folder is no reason to lose what was done; the next prune takes it.
    let _ = scratch.close();
    ran
}

/// What all of them share.
struct Shared {
    host: Machine,
    limits: Limits,
    jobs: usize,
    cache: CacheRoot,
    scratch: PathBuf,
    /// The right to have warm interpreters, which take memory.
    environments: Semaphore,
    /// The right to use a core.
    cores: Semaphore,
}

/// Why a lane came to no end.
enum Stopped {
    Run(RunError),
    Environment(Unusable),
}

impl From<RunError> for Stopped {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

async fn all(groups: Vec<Errands>, shared: Arc<Shared>) -> Result<Vec<Ran>, RunError> {
    let count = groups.len();
    let mut running = JoinSet::new();
    for (number, group) in groups.into_iter().enumerate() {
        let shared = Arc::clone(&shared);
        running.spawn(async move { (number, in_environment(number, Arc::new(group), shared).await) });
    }
    let mut ran: Vec<Option<Ran>> = (0..count).map(|_| None).collect();
    while let Some(ended) = running.join_next().await {
        let (number, outcome) = joined(ended);
        ran[number] = Some(match outcome {
            Ok(done) => Ran::Done(done),
            Err(Stopped::Environment(Unusable { reason, cause: trouble, .. })) => {
                Ran::NoEnvironment { reason, trouble }
            }
            Err(Stopped::Run(error)) => return Err(error),
        });
    }
    Ok(ran.into_iter().flatten().collect())
}

/// What a task gave. None is cancelled while somebody waits for it, so that it can only have panicked.
fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

async fn in_environment(
    number: usize,
    group: Arc<Errands>,
    shared: Arc<Shared>,
) -> Result<Vec<ErrandDone>, Stopped> {
    // Nobody closes the semaphore.
    let _environment = shared.environments.acquire().await;
    let silent = |_: &str| {};
    let prepared = shared.host.prepare(&group.spec, &silent).await.map_err(Stopped::Environment)?;
    let trusted = shared.cache.trusted(&prepared.lock.digest(), &prepared.lock.base_digest());
    let keys: Vec<Digest> = group.errands.iter().map(|errand| errand.key(&trusted)).collect();
    let known = |key: &Digest| shared.cache.record::<Kept>(key)?.known(&shared.cache);
    let mut done: Vec<Option<ErrandDone>> = keys.iter().map(known).collect();
    let waiting: VecDeque<usize> = (0..done.len()).filter(|index| done[*index].is_none()).collect();
    let lanes = shared.jobs.min(waiting.len());
    let (place, waiting) = (prepared.place, Mutex::new(waiting));
    let lane = Arc::new(Lane { group, keys, place, waiting, shared: Arc::clone(&shared) });
    let mut running = JoinSet::new();
    for own in 0..lanes {
        let lane = Arc::clone(&lane);
        running
            .spawn(async move { lane.run(&lane.shared.scratch.join(format!("env-{number}-{own}"))).await });
    }
    while let Some(ended) = running.join_next().await {
        for (index, came) in joined(ended)? {
            done[index] = Some(came);
        }
    }
    Ok(done.into_iter().flatten().collect())
}

/// One environment, in which several interpreters take what waits.
struct Lane {
    group: Arc<Errands>,
    keys: Vec<Digest>,
    place: Place,
    waiting: Mutex<VecDeque<usize>>,
    shared: Arc<Shared>,
}

impl Lane {
    /// Takes what waits, one errand after the other, with an interpreter of its own in this folder.
    async fn run(&self, folder: &Path) -> Result<Vec<(usize, ErrandDone)>, Stopped> {
        let (mut worker, mut done) = (None, Vec::new());
        while let Some(index) = self.next() {
            // Nobody closes the semaphore.
            let _core = self.shared.cores.acquire().await;
            let errand = &self.group.errands[index];
            let output = folder.join(format!("out-{index}")).join(format!("out.{}", errand.extension()));
            let task = errand.task(&self.shared.cache, output.display().to_string());
            let came = self.one(&mut worker, folder, errand, &task).await;
            let launcher = &self.group.spec.setup.launcher;
            let came = came.map_err(|error| Stopped::Environment(Unusable::worker(&error, launcher)))?;
            done.push((index, self.kept(index, came, &output)?));
        }
        Ok(done)
    }

    fn next(&self) -> Option<usize> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Does one task in a warm interpreter, which is started where there is none; twice where it is lost.
    async fn one(
        &self,
        worker: &mut Option<Interpreter>,
        folder: &Path,
        errand: &Errand,
        task: &Task,
    ) -> Result<TaskResult, WorkerError> {
        let Limits { seconds, memory_bytes } = self.shared.limits;
        let limits = WorkerLimits { seconds, memory_bytes };
        let mut is_second = false;
        loop {
            let live = match worker.take() {
                Some(live) => worker.insert(live),
                None => worker.insert(self.start(folder).await?),
            };
            match live.run(std::slice::from_ref(task), limits).await {
                Ok(mut batch) => {
                    let result = batch.results.pop().flatten().filter(|_| batch.ended.how == "finished");
                    return Ok(result.unwrap_or_else(|| errand.ended(&batch.ended, limits)));
                }
                Err(error) if is_second => return Err(error),
                Err(_) => *worker = None,
            }
            is_second = true;
        }
    }

    async fn start(&self, folder: &Path) -> Result<Interpreter, WorkerError> {
        let (spec, errands) = (&self.group.spec, &self.group.errands);
        let objects = self.shared.cache.bucket(Bucket::Objects);
        let modules: BTreeSet<&String> = errands.iter().flat_map(|errand| &errand.imports).collect();
        let hello = Hello {
            modules: modules.into_iter().cloned().collect(),
            config: spec.config.clone(),
            extension: spec.setup.extension.clone(),
            device: spec.setup.device.clone(),
            handlers: handler_sources(errands.iter().flat_map(Errand::formats)),
            scratch: folder.display().to_string(),
            ..Hello::default()
        };
        let memory_bytes = self.shared.limits.memory_bytes.checked_add(WARM_INTERPRETER);
        let start =
            Start { folder, objects: &objects, memory_bytes, spec, variables: &[], room: Room::Cells, hello };
        self.shared.host.start(&self.place, start).await
    }

    /// Takes what a task has written into the store, and remembers it.
    fn kept(&self, index: usize, came: TaskResult, output: &Path) -> Result<ErrandDone, RunError> {
        let cache = &self.shared.cache;
        let adopt = || cache.adopt_object(output).map_err(RunError::Cache);
        let done = match came {
            TaskResult::Mended(outcome) => {
                let written = matches!(*outcome, MendOutcome::Mended { .. }).then(adopt).transpose()?;
                ErrandDone::Mended(*outcome, written)
            }
            TaskResult::Translated(outcome) => {
                let written = matches!(*outcome, TranslateOutcome::Written { .. }).then(adopt).transpose()?;
                ErrandDone::Translated(*outcome, written)
            }
            TaskResult::Probed(Some(probes)) => ErrandDone::Probed(Some((*probes, adopt()?.0))),
            TaskResult::Probed(None) | TaskResult::Observed { .. } | TaskResult::Trained(_) => {
                ErrandDone::Probed(None)
            }
        };
        if let Some(kept) = Kept::of(&done) {
            // Where it cannot be kept, the next time does it again.
            let _ = cache.put_record(&self.keys[index], &kept);
        }
        Ok(done)
    }
}
