//! What everything that runs something shares, opened once: the cache, the runtime, who makes environments, who
//! listens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::datasets::load_datasets;
use super::earlier::earlier;
use super::error::{AppError, Doing};
use super::foretelling;
use super::known::EVENTS;
use super::listener::{Hushed, Listener, Notice, Part};
use super::naming::lock_run;
use super::outcome::Outcome;
use super::recorder::Recorder;
use super::releases::Releases;
use super::shards::ShardError;
use crate::judge::{self, JudgeOptions};
use crate::matrix::{EnvironmentSpec, Matrix, SCIKIT_LEARN};
use crate::plan::{self, Plan, Selection};
use crate::provision::{ProvisionOptions, Provisioner, ToolConsent};
use crate::run::{self, Counts, Regressions, RunReport, Share, Written};
use crate::state::RunState;
use crate::store::{self, CacheRoot};
use crate::vocab::{CellRecord, EnvName, FORMAT_VERSION, MatrixRecord, PartHeader, Record, RunHeader};

/// How long somebody else may take to empty the cache.
pub(super) const EMPTYING: Duration = Duration::from_secs(600);

/// Earlier runs that commands keep which name their run after themselves: such a name says nothing of what was tried, and
/// nobody who checks one file after the other wants a folder of each.
pub const KEPT: usize = 5;

/// How things are to be done.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Folder of all runs.
    pub reports: PathBuf,
    /// Batches that run side by side; the number of cores where `None`.
    pub jobs: Option<u16>,
    /// Whether everything is executed again, whatever the record and the cache hold.
    pub fresh: bool,
    /// Whether trainings are tried again that have failed twice in the same way.
    pub retry_failed: bool,
    /// How many earlier runs of the same name are kept where they tried something else; all where `None`.
    pub keep: Option<usize>,
    /// Other caches, or parts of a run, from which objects and observations are taken where this cache has none.
    pub cache_from: Vec<PathBuf>,
    /// How environments are made.
    pub making: ProvisionOptions,
}

impl Policy {
    pub(super) fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// A runtime with a core for each job, so that no interpreter waits for another one's frames.
fn runtime_for(jobs: usize) -> Result<tokio::runtime::Runtime, AppError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(jobs.max(2))
        .enable_all()
        .build()
        .map_err(|source| AppError::Machine { doing: Doing::Runtime, source })
}

/// The folders in which something travels.
fn sources(given: &[PathBuf]) -> Result<Vec<PathBuf>, AppError> {
    let mut all = Vec::new();
    for folder in given {
        let found = store::sources_in(folder);
        if found.is_empty() {
            return Err(ShardError::NoSource(folder.clone()).into());
        }
        all.extend(found);
    }
    Ok(all)
}

/// A runtime for what mostly waits.
///
/// # Errors
/// When the machine gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    runtime_for(2)
}

/// What everything that runs something shares.
pub struct Session<'l> {
    pub(super) cache: CacheRoot,
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) provisioner: Arc<Provisioner>,
    pub(super) policy: Policy,
    pub(super) listener: &'l mut dyn Listener,
    /// What is heard of runs.
    pub(super) heard: Heard,
    /// Whether it was asked what may be installed.
    has_asked: bool,
}

/// What whoever listens hears of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Heard {
    /// All of it.
    #[default]
    Whole,
    /// It is a part of something that has a result of its own: how far it is, and neither its events nor where it is kept.
    Part,
    /// It is one of many: nothing of how far it is.
    Hushed,
}

/// What is to be run.
pub(super) struct Job {
    matrix: Matrix,
    plan: Plan,
    datasets: BTreeMap<String, Vec<u8>>,
    folder: PathBuf,
    name: String,
    /// Names the cells that are tried again once everything was tried.
    pub retry: Option<Regressions>,
    /// What of it is done here.
    pub share: Share,
    /// What other machines have written of it.
    pub written: Written,
    /// Which part of a run it is, where it is one.
    pub part: Option<PartHeader>,
    /// The file of the matrix, as it was named; none where the matrix was made of files that were named.
    pub source: Option<String>,
}

impl Job {
    /// Of what is selected of a matrix, in a folder of its own below `reports`.
    pub(super) fn new(
        matrix: Matrix,
        selection: &Selection,
        name: String,
        reports: &Path,
    ) -> Result<Self, AppError> {
        let plan = plan::plan(&matrix, selection)?;
        let datasets = load_datasets(&matrix, &plan)?;
        Ok(Self {
            folder: reports.join(&name),
            matrix,
            plan,
            datasets,
            name,
            retry: None,
            share: Share::whole(),
            written: Written::default(),
            part: None,
            source: None,
        })
    }

    /// As [`Job::new`], of all of a matrix that was made from files.
    pub(super) fn of_files(matrix: Matrix, name: String, reports: &Path) -> Result<Self, AppError> {
        if matrix.models.is_empty() {
            return Err(AppError::NoArtifact);
        }
        Self::new(matrix, &Selection::default(), name, reports)
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    pub(super) fn header(&self, jobs: usize) -> RunHeader {
        RunHeader {
            format_version: FORMAT_VERSION,
            shelflife: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.name.clone(),
            time: jiff::Timestamp::now().to_string(),
            jobs: jobs as u64,
            matrix: MatrixRecord {
                name: self.matrix.name.clone(),
                file: self.source.clone(),
                description: self.matrix.description.clone(),
                package: Some(self.matrix.package.clone()).filter(|package| package != SCIKIT_LEARN),
                plan_digest: self.plan.digest,
            },
            plan: self.plan.record(&self.matrix),
            part: self.part.clone().map(Box::new),
        }
    }
}

/// A run that came to its end, or was interrupted.
pub(super) struct Executed {
    folder: PathBuf,
    report: RunReport,
    started: Instant,
    matrix: Arc<Matrix>,
}

impl Executed {
    pub(super) fn state(&self) -> &RunState {
        &self.report.state
    }

    /// What it was made of, with the producers that were taken in the end.
    pub(super) fn matrix(&self) -> &Arc<Matrix> {
        &self.matrix
    }

    /// Cells and references that were executed, and that were known.
    pub(super) const fn counts(&self) -> Counts {
        self.report.counts
    }

    /// Puts what readers on other machines need beside the record; how much of it is lost.
    pub(super) fn carry(&self, cache: &CacheRoot, folder: &Path) -> std::io::Result<u64> {
        cache.carry(folder, &self.report.carry.objects, &self.report.carry.records)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.report.interrupted
    }

    /// Judges it and writes its reports.
    pub(super) fn judged(self, judging: &JudgeOptions) -> Result<Outcome, AppError> {
        let RunReport { state, counts, .. } = self.report;
        Outcome::of(self.folder, &state, judging, counts, self.started)
    }
}

impl<'l> Session<'l> {
    /// Opens the cache and what works on it.
    ///
    /// # Errors
    /// When the cache cannot be used.
    pub fn open(policy: Policy, listener: &'l mut dyn Listener) -> Result<Self, AppError> {
        let sources = sources(&policy.cache_from)?;
        let cache = CacheRoot::open(None)?.reading_through(sources);
        let runtime = runtime_for(policy.jobs())?;
        let provisioner = Arc::new(Provisioner::new(cache.clone(), policy.making.clone()));
        cache.sweep();
        provisioner.sweep();
        Ok(Self { cache, runtime, provisioner, policy, listener, heard: Heard::Whole, has_asked: false })
    }

    /// Where Debian packages are missing that nobody has agreed to install, whoever listens is asked once; without consent
    /// the environments say what they lack.
    pub(super) fn ask_for_tools(&mut self, environments: &[EnvironmentSpec]) {
        if std::mem::replace(&mut self.has_asked, true) {
            return;
        }
        let packages = self.provisioner.packages_to_ask_for(environments);
        if packages.is_empty() || !self.listener.may_install(&packages) {
            return;
        }
        self.policy.making.install_tools = ToolConsent::Given;
        self.provisioner = Arc::new(Provisioner::new(self.cache.clone(), self.policy.making.clone()));
    }

    /// The facts of releases, none of which is read yet.
    pub fn releases(&self) -> Releases<'_> {
        Releases::new(self.cache.clone(), Arc::clone(&self.provisioner), &self.runtime)
    }

    /// Also takes objects and observations from these folders.
    pub(super) fn read_through(&mut self, mut folders: Vec<PathBuf>) {
        folders.extend(self.cache.sources().iter().cloned());
        self.cache = self.cache.clone().reading_through(folders);
    }

    pub(super) fn tell(&mut self, notices: Vec<Notice>) {
        notices.into_iter().for_each(|notice| self.listener.notice(notice));
    }

    /// Runs a job and records it.
    pub(super) fn execute(&mut self, job: Job) -> Result<Executed, AppError> {
        self.execute_heard(job, self.heard)
    }

    /// Runs one of many jobs: nobody hears of its progress.
    pub(super) fn execute_hushed(&mut self, job: Job) -> Result<Executed, AppError> {
        self.execute_heard(job, Heard::Hushed)
    }

    /// Runs files in silence, and gives what the one among them did in an environment, with the record of all.
    pub(super) fn cell_in(
        &mut self,
        mut matrix: Matrix,
        consumer: &EnvName,
        label: String,
        folder: &Path,
    ) -> Result<Option<(CellRecord, Record)>, AppError> {
        let executed = self.with_interpreters(&mut matrix, |session, matrix| {
            session.execute_hushed(Job::of_files(matrix.clone(), label.clone(), folder)?)
        })?;
        if executed.is_interrupted() {
            return Err(AppError::Interrupted);
        }
        let mut record = judge::judge(executed.state(), &JudgeOptions::default());
        let at = record.cells.iter().position(|cell| cell.consumer == *consumer);
        Ok(at.map(|at| (record.cells.swap_remove(at), record)))
    }

    fn execute_heard(&mut self, job: Job, heard: Heard) -> Result<Executed, AppError> {
        self.ask_for_tools(&job.plan.environments);
        let is_part = self.heard == Heard::Part;
        let (mut part, mut hushed);
        let mut listener: &mut dyn Listener = self.listener;
        if is_part {
            part = Part(listener);
            listener = &mut part;
        }
        if heard == Heard::Hushed {
            hushed = Hushed(listener);
            listener = &mut hushed;
        }
        let started = Instant::now();
        let jobs = self.policy.jobs();
        let _lock = self.runtime.block_on(lock_run(&self.cache, &job.folder, &job.name))?;
        let _in_use = self.runtime.block_on(self.cache.in_use(EMPTYING))?;
        let header = job.header(jobs);
        let Policy { fresh, retry_failed, keep, .. } = self.policy;
        let recorded = earlier(&job.folder, &header, fresh, keep, listener)?;
        let matrix = Arc::new(job.matrix);
        let mut request = run::RunRequest {
            matrix: Arc::clone(&matrix),
            plan: Arc::new(job.plan),
            datasets: job.datasets,
            header,
            recorded,
            share: job.share,
            written: job.written,
            before: Counts::default(),
            retry: job.retry,
            fresh,
            retry_failed,
            jobs,
        };
        let running = |request, listener: &mut dyn Listener| {
            let mut recorder = Recorder::new(job.folder.join(EVENTS), listener);
            let running = run::run(request, self.cache.clone(), Arc::clone(&self.provisioner), &mut recorder);
            self.runtime.block_on(running)
        };
        if request.share.is_whole() {
            let plan = Arc::clone(&request.plan);
            let mut releases =
                Releases::new(self.cache.clone(), Arc::clone(&self.provisioner), &self.runtime);
            let readers = foretelling::readers(&plan, &mut releases, |text| listener.doing(text));
            if foretelling::read_what_is_written(&readers, &plan) {
                // What is to be read has to be there before anything can be said of it.
                let report = running(request.only_writing(), listener)?;
                if report.interrupted {
                    listener.idle();
                    return Ok(Executed { folder: job.folder, report, started, matrix });
                }
                (request.before, request.recorded) = (report.counts, Some(report.state));
            }
            if !readers.is_empty() {
                let known = request.recorded.as_ref();
                let (said, notices) =
                    foretelling::statements(&readers, &plan, known, &self.cache, &mut releases);
                request.written.0.extend(said);
                notices.into_iter().for_each(|notice| listener.notice(notice));
            }
        }
        let report = running(request, listener);
        listener.idle();
        Ok(Executed { folder: job.folder, report: report?, started, matrix })
    }
}
