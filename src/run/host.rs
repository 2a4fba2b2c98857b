//! What a run needs of the machine: environments, and interpreters that are warm in them. Behind a trait, so that a test
//! can play the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::messages::Unusable;
use crate::matrix::EnvironmentSpec;
use crate::process::worker_environment;
use crate::provision::{Launch, Provisioner, Reach};
use crate::vocab::Lock;
use crate::worker::{Batch, Hello, Ready, Task, Worker, WorkerError, WorkerLimits};

/// An environment that can be used.
pub(super) struct Prepared<P> {
    pub lock: Lock,
    /// How its interpreter is started.
    pub place: P,
    /// Whether nothing stands between its interpreter and this machine.
    pub is_open: bool,
    pub seconds: f64,
    pub reused: bool,
}

/// What an interpreter is started with.
pub(super) struct Start<'a> {
    /// The folder that it may write to.
    pub folder: &'a Path,
    /// The folder of artifacts and datasets.
    pub objects: &'a Path,
    /// Bytes of memory that all of its processes together may take.
    pub memory_bytes: Option<u64>,
    pub spec: &'a EnvironmentSpec,
    pub hello: Hello,
}

/// Whoever makes environments and starts interpreters.
pub(super) trait Host: Send + Sync + 'static {
    /// How an interpreter is started.
    type Place: Send + Sync;
    /// A warm interpreter.
    type Interpreter: Interpreter;

    /// Makes an environment, or finds it.
    fn prepare(
        &self,
        spec: &EnvironmentSpec,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> impl Future<Output = Result<Prepared<Self::Place>, Unusable>> + Send;

    /// Starts its interpreter.
    fn start(
        &self,
        place: &Self::Place,
        start: Start<'_>,
    ) -> impl Future<Output = Result<Self::Interpreter, WorkerError>> + Send;

    /// Why an environment that was prepared cannot be believed, where a file of it is damaged by now.
    fn damage(&self, spec: &EnvironmentSpec) -> impl Future<Output = Option<Unusable>> + Send;

    /// Takes back what outlives the processes of a run.
    fn finish(&self) -> impl Future<Output = ()> + Send;
}

/// A warm interpreter that does tasks. Dropping it ends it.
pub(super) trait Interpreter: Send + Sync + 'static {
    /// What it said of itself.
    fn ready(&self) -> &Ready;

    /// Does tasks one after another in one child.
    fn run(
        &mut self,
        tasks: &[Task],
        limits: WorkerLimits,
    ) -> impl Future<Output = Result<Batch, WorkerError>> + Send;

    /// Lets it end by itself.
    fn retire(self) -> impl Future<Output = ()> + Send;
}

/// This machine.
pub(super) struct Machine(pub Arc<Provisioner>);

impl Host for Machine {
    type Place = Launch;
    type Interpreter = Worker;

    async fn prepare(
        &self,
        spec: &EnvironmentSpec,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Prepared<Launch>, Unusable> {
        match self.0.prepare(spec, note).await {
            Ok(ready) => Ok(Prepared {
                lock: ready.lock,
                is_open: ready.launch.is_open(),
                place: ready.launch,
                seconds: ready.seconds,
                reused: ready.reused,
            }),
            Err(failure) => Err(Unusable::unmade(&failure)),
        }
    }

    async fn start(&self, launch: &Launch, start: Start<'_>) -> Result<Worker, WorkerError> {
        let mut variables: BTreeMap<String, String> = worker_environment(start.folder);
        variables.extend(launch.variables());
        variables.extend(start.spec.variables.clone());
        let reach = Reach {
            scratch: start.folder,
            objects: start.objects,
            memory_bytes: start.memory_bytes,
            variables: &variables,
        };
        let argv = launch.argv(&reach);
        Worker::start(&argv, variables, start.folder, &start.hello).await
    }

    async fn damage(&self, spec: &EnvironmentSpec) -> Option<Unusable> {
        self.0.damage(&spec.name).await.map(|failure| Unusable::unmade(&failure))
    }

    async fn finish(&self) {
        self.0.finish().await;
    }
}

impl Interpreter for Worker {
    fn ready(&self) -> &Ready {
        &self.ready
    }

    async fn run(&mut self, tasks: &[Task], limits: WorkerLimits) -> Result<Batch, WorkerError> {
        Worker::run(self, tasks, limits).await
    }

    async fn retire(self) {
        Worker::retire(self).await;
    }
}

/// The folder of an environment in a run's scratch folder: what its processes may write to.
pub(super) fn environment_folder(scratch: &Path, environment: u32) -> PathBuf {
    scratch.join(format!("env-{environment}"))
}
