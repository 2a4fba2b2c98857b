//! Errands beside a run: an environment's interpreter does something to files that no cell is, each alone in a child
//! that is kept from this machine as a cell is.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::host::{Host, Machine, Start, environment_folder};
use super::interrupt;
use super::messages::Unusable;
use super::orders::handler_sources;
use super::request::RunError;
use crate::format::Format;
use crate::matrix::{EnvironmentSpec, Limits};
use crate::provision::{Provisioner, Room};
use crate::store::CacheRoot;
use crate::vocab::{Digest, EnvironmentTrouble, Lock, MendOutcome, Probes};
use crate::worker::{Hello, Sources, Task, TaskResult, WorkerError, WorkerLimits, abnormal, agent_digest};

/// Room for the warm interpreter itself where its whole environment has one limit of memory.
const WARM_INTERPRETER: u64 = 2 << 30;

/// What is to be done to a file.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Its bytes, which are in the store.
    pub artifact: Digest,
    /// Its format.
    pub format: Arc<Format>,
    /// The archive of modules that no package brings, which is in the store.
    pub modules: Option<Digest>,
    /// Modules that loading it imports.
    pub imports: Vec<String>,
    /// What is to be done.
    pub what: ErrandKind,
}

/// What is to be done to a file.
#[derive(Clone, Debug)]
pub enum ErrandKind {
    /// It is read, mended, and written for the environment's releases.
    Mend {
        /// Versions of the packages that wrote it.
        versions: BTreeMap<String, String>,
        /// Names and sources of the mends.
        mends: Sources,
        /// Names and sources of the modules that may stand beside it.
        companions: Sources,
        /// The names that reading it may call, as `module:name`; what runs commands is refused where `None`.
        allowed: Option<Vec<String>>,
    },
    /// Inputs are derived from it.
    Probe {
        /// What it predicts on otherwise, which is in the store.
        inputs: Digest,
        /// Seed of what is chosen.
        seed: u32,
    },
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq)]
pub enum ErrandDone {
    /// Of a mending, with digest and size of what was written.
    Mended(MendOutcome, Option<(Digest, u64)>),
    /// Of a derivation of probes, with the digest of the dataset.
    Probed(Option<(Probes, Digest)>),
}

/// What came of the errands in an environment.
#[derive(Debug)]
pub enum Ran {
    /// In the order of the errands.
    Done {
        /// What the environment resolved to.
        lock: Box<Lock>,
        /// What came of each.
        done: Vec<ErrandDone>,
    },
    /// Nothing could be done there.
    NoEnvironment {
        /// Why, in words of whoever tried.
        reason: String,
        /// The kind of trouble.
        trouble: EnvironmentTrouble,
    },
    /// A signal ended it.
    Interrupted,
}

/// Does errands in an environment, one after the other.
///
/// # Errors
/// When the cache cannot be used. What files and environments do is no error.
pub async fn run_errands(
    spec: &EnvironmentSpec,
    limits: Limits,
    errands: &[Errand],
    cache: &CacheRoot,
    provisioner: Arc<Provisioner>,
    note: &(dyn Fn(&str) + Send + Sync),
) -> Result<Ran, RunError> {
    let scratch = cache.scratch("errands").map_err(RunError::Cache)?;
    let host = Machine(provisioner);
    let runner = Runner { host: &host, spec, limits, cache, scratch: scratch.path().to_owned() };
    let ran = tokio::select! {
        biased;
        () = interrupt::asked_to_end() => Ok(Ran::Interrupted),
        ran = runner.run(errands, note) => ran,
    };
    // An unremovable scratch folder is no reason to lose what was done; the next prune takes it.
    let _ = scratch.close();
    ran
}

struct Runner<'a> {
    host: &'a Machine,
    spec: &'a EnvironmentSpec,
    limits: Limits,
    cache: &'a CacheRoot,
    scratch: PathBuf,
}

impl Runner<'_> {
    async fn run(&self, errands: &[Errand], note: &(dyn Fn(&str) + Send + Sync)) -> Result<Ran, RunError> {
        let prepared = match self.host.prepare(self.spec, note).await {
            Ok(prepared) => prepared,
            Err(Unusable { reason, cause: trouble, .. }) => {
                return Ok(Ran::NoEnvironment { reason, trouble });
            }
        };
        let trusted = self.cache.trusted(&prepared.lock.digest(), &prepared.lock.base_digest());
        let mut worker = None;
        let mut done = Vec::with_capacity(errands.len());
        for (index, errand) in errands.iter().enumerate() {
            let key = key(errand, &trusted);
            if let Some(known) = self.known(&key) {
                done.push(known);
                continue;
            }
            let task = self.task(errand, index);
            let came = match self.one(&prepared.place, &mut worker, errands, &task).await {
                Ok(came) => came,
                Err(error) => {
                    let Unusable { reason, cause: trouble, .. } =
                        Unusable::worker(&error, &self.spec.setup.launcher);
                    return Ok(Ran::NoEnvironment { reason, trouble });
                }
            };
            done.push(self.kept(&key, came, &task)?);
        }
        Ok(Ran::Done { lock: Box::new(prepared.lock), done })
    }

    /// Does one task in a warm interpreter, which is started where there is none; twice where it is lost.
    async fn one(
        &self,
        place: &<Machine as Host>::Place,
        worker: &mut Option<<Machine as Host>::Interpreter>,
        errands: &[Errand],
        task: &Task,
    ) -> Result<TaskResult, WorkerError> {
        let limits = WorkerLimits { seconds: self.limits.seconds, memory_bytes: self.limits.memory_bytes };
        let mut is_second = false;
        loop {
            let live = match worker.take() {
                Some(live) => worker.insert(live),
                None => worker.insert(self.start(place, errands).await?),
            };
            match live.run(std::slice::from_ref(task), limits).await {
                Ok(mut batch) => {
                    let result = batch.results.pop().flatten().filter(|_| batch.ended.how == "finished");
                    return Ok(result.unwrap_or_else(|| ended(task, &batch.ended, limits)));
                }
                Err(error) if is_second => return Err(error),
                Err(_) => *worker = None,
            }
            is_second = true;
        }
    }

    async fn start(
        &self,
        place: &<Machine as Host>::Place,
        errands: &[Errand],
    ) -> Result<<Machine as Host>::Interpreter, WorkerError> {
        let objects = self.cache.bucket(crate::store::Bucket::Objects);
        let folder = environment_folder(&self.scratch, 0, Room::Cells);
        let modules: std::collections::BTreeSet<&String> =
            errands.iter().flat_map(|errand| &errand.imports).collect();
        let hello = Hello {
            modules: modules.into_iter().cloned().collect(),
            config: self.spec.config.clone(),
            extension: self.spec.setup.extension.clone(),
            device: self.spec.setup.device.clone(),
            handlers: handler_sources(errands.iter().map(|errand| &errand.format)),
            scratch: folder.display().to_string(),
            ..Hello::default()
        };
        let memory_bytes = self.limits.memory_bytes.checked_add(WARM_INTERPRETER);
        let start = Start {
            folder: &folder,
            objects: &objects,
            memory_bytes,
            spec: self.spec,
            variables: &[],
            room: Room::Cells,
            hello,
        };
        self.host.start(place, start).await
    }

    fn task(&self, errand: &Errand, index: usize) -> Task {
        let path = |digest: &Digest| self.cache.object_path(digest).display().to_string();
        let folder = environment_folder(&self.scratch, 0, Room::Cells).join(format!("out-{index}"));
        let output = folder.join(format!("out.{}", errand.format.extension)).display().to_string();
        let (artifact, handler) = (path(&errand.artifact), errand.format.handler.clone());
        let options = errand.format.options.clone();
        let modules = errand.modules.as_ref().map(path);
        match &errand.what {
            ErrandKind::Mend { versions, mends, companions, allowed } => Task::Mend {
                allowed: allowed.clone(),
                artifact,
                handler,
                options,
                versions: versions.clone(),
                mends,
                companions,
                output,
                modules,
            },
            ErrandKind::Probe { inputs, seed } => {
                Task::Probe { artifact, handler, options, inputs: path(inputs), seed: *seed, output, modules }
            }
        }
    }

    /// What is remembered of an errand, as long as its bytes are there.
    fn known(&self, key: &Digest) -> Option<ErrandDone> {
        let known: Kept = self.cache.record(key)?;
        let is_there = |digest: &Digest| self.cache.is_sound(digest);
        match known {
            Kept::Mended { outcome, digest, size } => {
                is_there(&digest).then_some(ErrandDone::Mended(outcome, Some((digest, size))))
            }
            Kept::Probed { probes, digest } => {
                is_there(&digest).then_some(ErrandDone::Probed(Some((probes, digest))))
            }
        }
    }

    /// Takes what a task has written into the store, and remembers it.
    fn kept(&self, key: &Digest, came: TaskResult, task: &Task) -> Result<ErrandDone, RunError> {
        let output = match task {
            Task::Mend { output, .. } | Task::Probe { output, .. } => output.as_str(),
            Task::Train { .. } | Task::Cell { .. } => "",
        };
        let adopt = || self.cache.adopt_object(output.as_ref()).map_err(RunError::Cache);
        let (done, kept) = match came {
            TaskResult::Mended(outcome) if matches!(*outcome, MendOutcome::Mended { .. }) => {
                let (digest, size) = adopt()?;
                let kept = Kept::Mended { outcome: (*outcome).clone(), digest, size };
                (ErrandDone::Mended(*outcome, Some((digest, size))), Some(kept))
            }
            TaskResult::Mended(outcome) => (ErrandDone::Mended(*outcome, None), None),
            TaskResult::Probed(Some(probes)) => {
                let (digest, _) = adopt()?;
                let kept = Kept::Probed { probes: (*probes).clone(), digest };
                (ErrandDone::Probed(Some((*probes, digest))), Some(kept))
            }
            TaskResult::Probed(None) | TaskResult::Observed { .. } | TaskResult::Trained(_) => {
                (ErrandDone::Probed(None), None)
            }
        };
        if let Some(kept) = kept {
            // Where it cannot be kept, the next time does it again.
            let _ = self.cache.put_record(key, &kept);
        }
        Ok(done)
    }
}

/// What is remembered of an errand.
#[derive(serde::Serialize, serde::Deserialize)]
enum Kept {
    Mended { outcome: MendOutcome, digest: Digest, size: u64 },
    Probed { probes: Probes, digest: Digest },
}

/// What a task whose child gave no result came to.
fn ended(task: &Task, ended: &crate::worker::Ended, limits: WorkerLimits) -> TaskResult {
    match task {
        Task::Mend { .. } => {
            let outcome = Box::new(abnormal(ended, limits).outcome);
            TaskResult::Mended(Box::new(MendOutcome::Ended { outcome }))
        }
        Task::Probe { .. } | Task::Train { .. } | Task::Cell { .. } => TaskResult::Probed(None),
    }
}

/// What an errand depends on, and nothing else.
fn key(errand: &Errand, lock: &Digest) -> Digest {
    let mut key = crate::vocab::DigestBuilder::new("errand-v1")
        .digest(&agent_digest())
        .digest(lock)
        .digest(&errand.artifact)
        .text(&errand.format.source)
        .text(&errand.format.options.to_string());
    if let Some(modules) = &errand.modules {
        key = key.text("modules").digest(modules);
    }
    match &errand.what {
        ErrandKind::Mend { versions, mends, companions, allowed } => {
            // Whether any name is listed: without a list, the engine has one of its own.
            key = key.text(if allowed.is_some() { "mend" } else { "mend without a list" });
            for name in allowed.iter().flatten() {
                key = key.text(name);
            }
            for (package, version) in versions {
                key = key.text(package).text(version);
            }
            for (name, source) in mends.iter().chain(*companions) {
                key = key.text(name).text(source);
            }
            key.text(if companions.is_empty() { "alone" } else { "with companions" }).finish()
        }
        ErrandKind::Probe { inputs, seed } => {
            key.text("probe").digest(inputs).field(&seed.to_le_bytes()).finish()
        }
    }
}
