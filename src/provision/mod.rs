//! Layer 2: makes environments.
//!
//! One file makes the environments of one runtime (`venv`, `rootfs`, `container`, `existing`), and `Provisioner::prepare`
//! has one row for each. How their Python is started and what it sees of this machine is a `Launch`.
//!
//! A `venv` is made by uv from wheels in the cache folder and is used again as long as it is what was asked
//! for; an `existing` environment is only looked at. Either way the result is a lock (what it resolved to) and
//! a command that starts its Python. A failure is a value with a reason and a remedy, never the end of a run.
//!
//! Architecture Invariant: nothing here knows models, artifacts or cells. Using a prepared environment again
//! starts no process at all.

mod building;
mod companions;
mod container;
mod damage;
mod debian;
mod emulator;
mod engine;
mod existing;
mod failure;
mod folder;
mod indexes;
mod interpreters;
mod inventory;
mod launch;
mod launcher;
mod machine;
mod manifest;
mod needs;
mod offers;
mod once;
mod options;
mod probe;
mod reach;
mod record;
mod releases;
mod rootfs;
mod sandbox;
mod source_failure;
mod source_words;
mod sources;
mod task_words;
mod told;
mod tools;
mod unpacked;
mod uv;
mod venv;
mod watch;
mod why;
mod words;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};

use crate::matrix::{ContainerSpec, EnvironmentSpec, RootfsSpec, RuntimeSpec};
use crate::process;
use crate::store::{self, CacheRoot, LockError, LockGuard};
use crate::vocab::{Digest, EnvName, EnvironmentTrouble, Lock};

pub use damage::{Damage, DamageKind};
pub use failure::*;
pub use interpreters::Interpreter;
pub use inventory::{CachedEnvironment, MachineFacts, Pruned};
pub use launch::{Launch, ReadyEnvironment};
pub use offers::Offer;
pub use options::{Note, ProvisionOptions, ToolConsent};
pub use reach::{Reach, Room, prepare_scratch, stage};
pub use source_failure::{SourceFailure, SourceTrouble};
pub use unpacked::AskedRelease;
pub use uv::Uv;
pub use why::{ProgramFailure, Why};

use interpreters::{Finder, Wanted};
use once::OnceMap;
use options::Means;
use rootfs::Tree;
use told::Speaker;
use tools::Tool;
use venv::Wish;
use watch::{Watch, Watched};

/// Environments that are made side by side: installing is bound by disk and network, probing by the CPU.
const SIDE_BY_SIDE: usize = 2;
/// How long another process may take to make an environment that both want.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3600);
/// How long fetching an interpreter may take.
const PYTHON_TIMEOUT: Duration = Duration::from_secs(600);

/// Makes and finds environments. One of these is shared by all tasks of a run.
pub struct Provisioner {
    cache: CacheRoot,
    options: ProvisionOptions,
    started: Timestamp,
    finder: Finder,
    uv: OnceCell<Result<Uv, ProvisionFailure>>,
    interpreters: OnceMap<String, Result<Interpreter, ProvisionFailure>>,
    folders: OnceMap<Digest, Result<Folder, ProvisionFailure>>,
    engine: OnceCell<Result<engine::Engine, ProvisionFailure>>,
    busy: Semaphore,
    /// What was prepared, and is looked at again when a run has ended.
    watch: Watch,
}

/// A complete virtual environment.
#[derive(Clone, Debug)]
struct Folder {
    path: PathBuf,
    made_now: bool,
}

impl Provisioner {
    /// A provisioner that keeps its environments in this cache.
    pub fn new(cache: CacheRoot, options: ProvisionOptions) -> Self {
        Self {
            finder: Finder::new(cache.clone()),
            watch: Watch::new(cache.clone(), options.verify),
            cache,
            options,
            started: Timestamp::now(),
            uv: OnceCell::new(),
            interpreters: OnceMap::default(),
            folders: OnceMap::default(),
            engine: OnceCell::new(),
            busy: Semaphore::new(SIDE_BY_SIDE),
        }
    }

    fn means<'a>(&'a self, note: Note<'a>) -> Means<'a> {
        Means { cache: &self.cache, options: &self.options, note }
    }

    /// Makes one environment, or finds it in the cache. Equal environments of one matrix are made once, and two
    /// processes that share a cache make them once between them. `note` is told about what takes a while.
    ///
    /// Dropping the future stops what it started and removes what is half-made.
    ///
    /// # Errors
    /// When it cannot be made or cannot import scikit-learn, with the reason and what to do.
    pub async fn prepare(
        &self,
        spec: &EnvironmentSpec,
        note: Note<'_>,
    ) -> Result<ReadyEnvironment, ProvisionFailure> {
        let started = Instant::now();
        self.means(note).cage().await?;
        launcher::need(self.means(note), &spec.setup.launcher).await?;
        // One row for each runtime.
        let (mut lock, launch, reused) = match &spec.runtime {
            RuntimeSpec::UnknownProducer => {
                return Err(ProvisionFailure::UnknownProducer);
            }
            RuntimeSpec::Venv { python } => self.venv(spec, python, note).await?,
            RuntimeSpec::Rootfs(tree) => self.rootfs(spec, tree, note).await?,
            RuntimeSpec::Container(image) => self.container(spec, image, note).await?,
            RuntimeSpec::Existing { command } => self.existing(spec, command).await?,
        };
        lock.config = spec.config.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
        lock.setup = spec.setup.clone();
        let launch = launch.launched_by(&spec.setup.launcher);
        Ok(ReadyEnvironment { lock, launch, reused, seconds: started.elapsed().as_secs_f64() })
    }

    /// Whether environments whose cells cannot be kept from this machine are not to be used.
    pub fn requires_isolation(&self) -> bool {
        self.options.require_isolation
    }

    /// The environments in the cache, last used first.
    ///
    /// # Errors
    /// When the cache folder cannot be read.
    pub fn list(&self) -> io::Result<Vec<CachedEnvironment>> {
        inventory::list(&self.cache)
    }

    /// Removes environments that killed processes have not finished. Never fails, and never touches what somebody makes.
    pub fn sweep(&self) {
        inventory::sweep(&self.cache);
    }

    /// Removes environments that were not used for `keep_days` days, and whatever killed processes left
    /// behind. With 0 days it removes all: no run should be going on then.
    ///
    /// # Errors
    /// When something cannot be removed; the message names it.
    pub async fn prune(&self, keep_days: u32) -> io::Result<Pruned> {
        inventory::prune(&self.cache, keep_days).await
    }

    /// The Debian packages that these environments need, that this machine lacks, and that are not going to be installed
    /// unasked: what a person at a terminal can be asked about. Starts nothing.
    pub fn packages_to_ask_for<'a>(
        &self,
        environments: impl IntoIterator<Item = &'a EnvironmentSpec>,
    ) -> Vec<&'static str> {
        if self.options.offline || !tools::is_to_be_asked(self.options.install_tools) {
            return Vec::new();
        }
        let wanted: Vec<Tool> = environments.into_iter().flat_map(|spec| self.tools_of(spec)).collect();
        tools::missing(&wanted)
    }

    fn tools_of(&self, spec: &EnvironmentSpec) -> Vec<Tool> {
        let launcher = launcher::tool(&spec.setup.launcher);
        let of_runtime = match &spec.runtime {
            RuntimeSpec::Rootfs(tree) => {
                let tree = Tree { spec: tree, packages: &spec.packages };
                let made =
                    folder::folders_of(&self.cache, &tree.key()).iter().any(|(_, ready)| ready.is_some());
                tree.tools(made && !self.options.refresh)
            }
            RuntimeSpec::Venv { .. }
            | RuntimeSpec::Container(_)
            | RuntimeSpec::Existing { .. }
            | RuntimeSpec::UnknownProducer => Vec::new(),
        };
        launcher.into_iter().chain(of_runtime).collect()
    }

    /// Installs every Debian package that some environment could need and that this machine lacks. `note` is told each
    /// command. Returns the packages that were missing; none where there is nothing to do.
    ///
    /// # Errors
    /// When they cannot be installed, with the command that would.
    pub async fn install_tools(&self, note: Note<'_>) -> Result<Vec<&'static str>, ProvisionFailure> {
        let tools = offers::tools();
        let packages = tools::missing(&tools);
        tools::need(self.means(note), &tools).await?;
        Ok(packages)
    }

    /// What `shelflife doctor` says about making environments here. Fetches nothing.
    pub async fn machine_facts(&self) -> MachineFacts {
        MachineFacts {
            uv: uv::find(&self.cache).await,
            interpreters: self.finder.all().await,
            cache: self.cache.path().to_owned(),
            free_bytes: store::free_bytes(self.cache.path()),
            offers: offers::all(&self.cache).await,
        }
    }

    async fn existing(
        &self,
        spec: &EnvironmentSpec,
        command: &[String],
    ) -> Result<(Lock, Launch, bool), ProvisionFailure> {
        let (command, variables) = (existing::absolute(command)?, &spec.variables);
        let _permit = self.busy.acquire().await;
        let known = existing::Watched::of(&self.cache, &command, variables);
        if let Some(failure) = self.watch.look(&spec.name, known.map(Watched::Existing)).await {
            return Err(failure);
        }
        let (lock, known) = existing::lock_of(&self.cache, &command, variables, self.options.refresh).await?;
        let now = existing::Watched::of(&self.cache, &command, variables);
        match self.watch.look(&spec.name, now.filter(|_| !known).map(Watched::Existing)).await {
            Some(failure) => Err(failure),
            None => Ok((lock, Launch::here(command, None), known)),
        }
    }

    /// What is damaged by now of an environment that was prepared. Nothing is believed any more that was seen in it.
    pub async fn damage(&self, name: &EnvName) -> Option<ProvisionFailure> {
        self.watch.look_again(name).await
    }

    async fn venv(
        &self,
        spec: &EnvironmentSpec,
        python: &str,
        note: Note<'_>,
    ) -> Result<(Lock, Launch, bool), ProvisionFailure> {
        let (interpreter, _) =
            self.interpreters.get(python.to_owned(), async || self.interpreter(python, note).await).await;
        let sources = sources::locate(&spec.packages).await?;
        let wish = Wish::of(spec, interpreter?, sources, self.options.allow_build);
        let (folder, first) =
            self.folders.get(wish.key(), async || self.folder(&spec.name, &wish, note).await).await;
        let folder = folder?;
        self.watch.add(&spec.name, Watched::Made(folder.path.clone()));
        let lock = {
            let _permit = self.busy.acquire().await;
            venv::lock_of(&self.cache, &folder.path, &spec.variables).await?
        };
        // Only for `env list` and `env prune`; a full disk must not end a run here.
        let _ = store::write_atomic(&folder.path.join(folder::USED), b"");
        Ok((lock, venv::launch(&folder.path), !(first && folder.made_now)))
    }

    async fn rootfs(
        &self,
        spec: &EnvironmentSpec,
        wanted: &RootfsSpec,
        note: Note<'_>,
    ) -> Result<(Lock, Launch, bool), ProvisionFailure> {
        let tree = Tree { spec: wanted, packages: &spec.packages };
        rootfs::need(self.means(note), &tree).await?;
        let (folder, first) =
            self.folders.get(tree.key(), async || self.tree(&spec.name, &tree, note).await).await;
        let folder = folder?;
        self.watch.add(&spec.name, Watched::Made(folder.path.clone()));
        let launch = rootfs::launch(&self.cache, &tree, &folder.path)?;
        let lock = {
            let _permit = self.busy.acquire().await;
            rootfs::lock_of(&self.cache, &tree, &folder.path, &launch, &spec.variables).await?
        };
        // Only for `env list` and `env prune`; a full disk must not end a run here.
        let _ = store::write_atomic(&folder.path.join(folder::USED), b"");
        Ok((lock, launch, !(first && folder.made_now)))
    }

    /// The complete folder of a tree: found, else made.
    async fn tree(
        &self,
        name: &EnvName,
        tree: &Tree<'_>,
        note: Note<'_>,
    ) -> Result<Folder, ProvisionFailure> {
        let key = tree.key();
        let usable = || {
            let (path, ready) = folder::folders_of(&self.cache, &key).into_iter().next()?;
            // Debian releases stand still: a tree is good until somebody asks for a new one.
            (ready?.made >= self.started || !self.options.refresh).then_some(path)
        };
        if let Some(path) = self.sound(usable()).await {
            return Ok(Folder { path, made_now: false });
        }
        let _lock = self.lock(&inventory::lock_name(&folder::key_text(&key)), name, note).await?;
        if let Some(path) = self.sound_or_removed(name, usable(), note).await? {
            return Ok(Folder { path, made_now: false });
        }
        self.remove_incomplete(&key)?;
        let _permit = self.busy.acquire().await;
        let mut made = rootfs::make(self.means(note), tree).await;
        if is_killed(&made, note) {
            made = rootfs::make(self.means(note), tree).await;
        }
        let path = made?;
        self.watch.write_down(&path).await?;
        Ok(Folder { path, made_now: true })
    }

    async fn container(
        &self,
        spec: &EnvironmentSpec,
        wanted: &ContainerSpec,
        note: Note<'_>,
    ) -> Result<(Lock, Launch, bool), ProvisionFailure> {
        let engine = self.engine.get_or_init(async || {
            let engine = engine::engine().await;
            if let Ok(engine) = &engine {
                engine::sweep(engine, false).await;
            }
            engine
        });
        let engine = engine.await.clone()?;
        let _permit = self.busy.acquire().await;
        let image = container::image(self.means(note), &engine, wanted).await?;
        let (lock, launch) = container::open(&self.cache, image, &spec.variables).await?;
        Ok((lock, launch, true))
    }

    /// Takes back what outlives the processes that used it. To be called when a run has ended.
    pub async fn finish(&self) {
        if let Some(Ok(engine)) = self.engine.get() {
            engine::sweep(engine, true).await;
        }
    }

    fn remove_incomplete(&self, key: &Digest) -> io::Result<()> {
        for (path, ready) in folder::folders_of(&self.cache, key) {
            if ready.is_none() {
                tracing::info!(path = %path.display(), "removing an incomplete environment");
                store::remove_folder(&path)?;
            }
        }
        Ok(())
    }

    /// The complete folder of a wish: found, else made.
    async fn folder(&self, name: &EnvName, wish: &Wish, note: Note<'_>) -> Result<Folder, ProvisionFailure> {
        let key = wish.key();
        if let Some(path) = self.sound(self.usable(wish, &key)).await {
            return Ok(Folder { path, made_now: false });
        }
        let _lock = self.lock(&inventory::lock_name(&folder::key_text(&key)), name, note).await?;
        // Somebody else may have made it meanwhile.
        if let Some(path) = self.sound_or_removed(name, self.usable(wish, &key), note).await? {
            return Ok(Folder { path, made_now: false });
        }
        self.remove_incomplete(&key)?;
        let uv = self.uv(note).await?;
        let _permit = self.busy.acquire().await;
        note(&format!(
            "making {name}: Python {}, {}",
            wish.interpreter.version_text(),
            wish.requirements().join(", ")
        ));
        let mut made = venv::make(self.means(note), &uv, wish).await;
        if is_killed(&made, note) {
            made = venv::make(self.means(note), &uv, wish).await;
        }
        let path = made?;
        self.watch.write_down(&path).await?;
        Ok(Folder { path, made_now: true })
    }

    /// A folder in which nothing is damaged.
    async fn sound(&self, folder: Option<PathBuf>) -> Option<PathBuf> {
        let folder = folder?;
        self.watch.damage(&folder).await.is_none().then_some(folder)
    }

    /// The same, for whoever holds the lock of its key: where something is damaged, the folder goes, so that it is made
    /// again, and so does what the installer would make it of.
    async fn sound_or_removed(
        &self,
        name: &EnvName,
        folder: Option<PathBuf>,
        note: Note<'_>,
    ) -> Result<Option<PathBuf>, ProvisionFailure> {
        let Some(folder) = folder else { return Ok(None) };
        let Some(damage) = self.watch.damage(&folder).await else { return Ok(Some(folder)) };
        let (file, is_shared) = (damage.file.clone(), damage.is_shared);
        let failure = ProvisionFailure::Damaged { damage, is_ours: true };
        note(&format!("{name} is made again: {}", failure.reason()));
        folder::distrust(&self.cache, &folder)?;
        if is_shared {
            let packages = folder::packages_of(&folder, &file);
            self.uv(note).await?.forget(&self.cache, &packages).await?;
        }
        store::remove_folder(&folder)?;
        Ok(None)
    }

    /// The newest complete folder of a wish, if it is new enough.
    fn usable(&self, wish: &Wish, key: &Digest) -> Option<PathBuf> {
        let (path, ready) = folder::folders_of(&self.cache, key).into_iter().next()?;
        let made = ready?.made;
        let usable = if self.options.refresh {
            made >= self.started
        } else {
            !wish.is_floating()
                || self.options.offline
                || inventory::age(made) <= self.options.max_age_of_floating
        };
        usable.then_some(path)
    }

    async fn lock(
        &self,
        name: &str,
        environment: &EnvName,
        note: Note<'_>,
    ) -> Result<LockGuard, ProvisionFailure> {
        match self.cache.lock(name, Duration::ZERO).await {
            Err(LockError::Timeout { holder, .. }) => {
                note(&format!("waiting for {holder}, which is making {environment}"));
                Ok(self.cache.lock(name, LOCK_TIMEOUT).await?)
            }
            other => Ok(other?),
        }
    }

    async fn uv(&self, note: Note<'_>) -> Result<Uv, ProvisionFailure> {
        self.uv.get_or_init(|| uv::find_or_fetch(self.means(note))).await.clone()
    }

    async fn interpreter(&self, python: &str, note: Note<'_>) -> Result<Interpreter, ProvisionFailure> {
        let Some(wanted) = Wanted::parse(python) else {
            return Err(ProvisionFailure::NotAPython(python.to_owned()));
        };
        if let Some(interpreter) = self.finder.find(wanted).await {
            return Ok(interpreter);
        }
        let failure = |fetching| ProvisionFailure::NoInterpreter { python: python.to_owned(), fetching };
        if self.options.offline {
            return Err(failure(NoFetch::Offline));
        }
        note(&format!("no Python {python} found here: asking uv to fetch one"));
        match self.fetch_python(python, note).await {
            Ok(()) => self.finder.find(wanted).await.ok_or(failure(NoFetch::DoesNotStart)),
            Err(why) => Err(failure(NoFetch::Failed(Box::new(why)))),
        }
    }

    async fn fetch_python(&self, python: &str, note: Note<'_>) -> Result<(), ProvisionFailure> {
        let uv = self.uv(note).await?;
        let mut command = uv.command(&self.cache, false).args(["python", "install", python]);
        // Where downloads are impossible, trying for long does not help.
        command.env.entry("UV_HTTP_RETRIES".to_owned()).or_insert_with(|| "1".to_owned());
        command.env.remove("UV_PYTHON_DOWNLOADS");
        let _lock = self.cache.lock("tool-python", LOCK_TIMEOUT).await?;
        let captured = process::capture(&command, PYTHON_TIMEOUT).await?;
        match captured.status.success() {
            true => Ok(()),
            false => Err(ProvisionFailure::Task {
                task: Task::FetchPython,
                failed: Speaker::Uv { offline: false }.failed("uv", &captured),
            }),
        }
    }
}

/// Whether a signal ended whoever made something, most often the kernel's for lack of memory: then it is tried once more.
fn is_killed<T>(made: &Result<T, ProvisionFailure>, note: Note<'_>) -> bool {
    let failure = made.as_ref().err().filter(|failure| failure.trouble() == EnvironmentTrouble::Killed);
    if let Some(failure) = failure {
        note(&format!("trying once more: {}", failure.reason()));
    }
    failure.is_some()
}
