//! What a run needs of the machine: environments, and interpreters that are warm in them. Behind a trait, so that a test
//! can play the machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::messages::Unusable;
use crate::cage::{self, Allowance};
use crate::matrix::EnvironmentSpec;
use crate::process::worker_environment;
use crate::provision::{Launch, Provisioner, Reach, Room, prepare_scratch, stage};
use crate::vocab::Lock;
use crate::worker::{Batch, CageRequest, Hello, Ready, Task, Worker, WorkerError, WorkerLimits};

/// Processes that a cell may have at a time: libraries start one for each core at most.
fn most_processes() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(4 * cores).unwrap_or(u32::MAX).max(LEAST_PROCESSES)
}

const LEAST_PROCESSES: u32 = 320;

/// An environment that can be used.
pub(super) struct Prepared<P> {
    pub lock: Lock,
    /// How its interpreter is started.
    pub place: P,
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
    /// Environment variables beside those that are declared.
    pub variables: &'a [(&'a str, &'a str)],
    /// Whose code it runs.
    pub room: Room,
    /// What it is told first; the machine adds what its cells are kept in.
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

    /// Whether an environment whose cells cannot be kept from this machine is not to be used.
    fn requires_isolation(&self) -> bool;

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
        variables
            .extend(start.variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let Start { folder, objects, room, .. } = start;
        let lost =
            |error: std::io::Error| WorkerError::Lost { reason: error.to_string(), printed: String::new() };
        prepare_scratch(folder).map_err(lost)?;
        let device = start.spec.setup.device.is_some();
        let reach = Reach {
            scratch: folder,
            objects,
            memory_bytes: start.memory_bytes,
            variables: &variables,
            room,
            device,
        };
        let text = |path: &Path| path.display().to_string();
        // MPI talks to itself over sockets even where there is one process of it.
        let talks = launch.has_launcher() || start.spec.packages.contains_key("mpi4py");
        let allowance = if talks { Allowance::Ranks } else { Allowance::Lone };
        let cage = CageRequest {
            caged: launch.is_caged(room),
            trusts: room == Room::Trusted,
            scratch: text(folder),
            stage: text(&stage(folder)),
            objects: text(objects),
            protected: launch.protected().iter().map(|path| text(path)).collect(),
            homes: cage::homes().iter().map(|path| text(path)).collect(),
            hidden: cage::HIDDEN,
            most_processes: most_processes(),
            filters: cage::for_cells(allowance).clone(),
        };
        let hello = Hello { cage, ..start.hello };
        let argv = launch.argv(&reach);
        Worker::start(&argv, variables, folder, &hello).await
    }

    async fn damage(&self, spec: &EnvironmentSpec) -> Option<Unusable> {
        self.0.damage(&spec.name).await.map(|failure| Unusable::unmade(&failure))
    }

    fn requires_isolation(&self) -> bool {
        self.0.requires_isolation()
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
pub(super) fn environment_folder(scratch: &Path, environment: u32, room: Room) -> PathBuf {
    scratch.join(match room {
        Room::Cells => format!("env-{environment}"),
        Room::Recipes | Room::Trusted => format!("env-{environment}-recipes"),
    })
}
