//! A machine that plays a script, so that a run goes through its phases in milliseconds and without Python.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::host::{Host, Interpreter, Prepared, Start};
use super::messages::Unusable;
use super::{Counts, Progress, Regressions, Reporter, RunReport, RunRequest, Share, Written, setup};
use crate::judge::{JudgeOptions, judge};
use crate::matrix::{self, EnvironmentSpec, ExternalArtifact, Matrix, ModelSource};
use crate::plan::{Plan, Selection, plan};
use crate::state::RunState;
use crate::store::CacheRoot;
use crate::vocab::*;
use crate::worker::{
    Batch, Ended, FilterKind, Produced, Ready, Saved, Task, TaskResult, Trained, Walls, WorkerError,
    WorkerLimits,
};

/// What a scripted environment does when it is asked for something.
pub(super) enum Play {
    /// What it is asked for.
    Well,
    /// It gives this number instead of 1.
    Gives(f64),
    /// It raises.
    Raises,
    /// Its process dies of a signal.
    Dies,
    /// Somebody kills its process.
    Killed,
    /// It takes the interpreter down.
    TakesDown,
    /// It never ends.
    Hangs,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked<'a> {
    Prepare,
    Start,
    Train,
    /// Whether it is damaged when the run has ended.
    Damage,
    /// Loading an artifact with a seed, whose bytes these are.
    Load {
        seed: u32,
        bytes: &'a str,
    },
}

type Rule = dyn Fn(&str, Asked<'_>, usize) -> Play + Send + Sync;

/// A machine with a rule for everything: who is asked, for what, and how often that was asked before.
#[derive(Clone)]
pub(super) struct Scripted {
    rule: Arc<Rule>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
    /// The BLAS of every environment.
    pub blas: Option<String>,
    /// Told when something hangs.
    pub hangs: Arc<Notify>,
}

impl Scripted {
    pub fn new(rule: impl Fn(&str, Asked<'_>, usize) -> Play + Send + Sync + 'static) -> Self {
        Self { rule: Arc::new(rule), asked: Arc::default(), blas: None, hangs: Arc::default() }
    }

    /// How often something was asked for, of whom and what as `Debug` writes it.
    pub fn count(&self, who: &str, what: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|(key, _)| key.starts_with(&format!("{who} {what}")))
            .map(|(_, count)| count)
            .sum()
    }

    fn play(&self, who: &str, what: Asked<'_>) -> Play {
        let before = {
            let mut asked = self.asked.lock().unwrap();
            let count = asked.entry(format!("{who} {what:?}")).or_default();
            *count += 1;
            *count - 1
        };
        (self.rule)(who, what, before)
    }

    async fn hang(&self) {
        self.hangs.notify_one();
        std::future::pending().await
    }
}

pub(super) struct Player {
    name: String,
    script: Scripted,
    ready: Ready,
}

impl Host for Scripted {
    type Place = String;
    type Interpreter = Player;

    async fn prepare(
        &self,
        spec: &EnvironmentSpec,
        _note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Prepared<String>, Unusable> {
        let name = spec.name.to_string();
        match self.play(&name, Asked::Prepare) {
            Play::Well | Play::Gives(_) => {}
            Play::Hangs => self.hang().await,
            Play::Raises | Play::Dies | Play::Killed | Play::TakesDown => {
                let reason = format!("{name} died while it was made");
                return Err(Unusable {
                    reason,
                    remedy: None,
                    absent: false,
                    cause: EnvironmentTrouble::Killed,
                });
            }
        }
        let lock = Lock { blas: self.blas.clone(), ..lock(&name) };
        Ok(Prepared { lock, place: name, seconds: 0.0, reused: false })
    }

    async fn start(&self, place: &String, start: Start<'_>) -> Result<Player, WorkerError> {
        // One that computes otherwise is somebody else.
        let variable = start.variables.first().map(|(name, value)| format!(" {name}={value}"));
        let place = &format!("{place}{}", variable.unwrap_or_default());
        let ready = Ready {
            troubles: BTreeMap::new(),
            absent_models: BTreeMap::new(),
            absent: None,
            lone: false,
            seconds: 0.0,
            walls: Walls { spaces: true, network: true, landlock: 6, filter: Some(FilterKind::Ask) },
        };
        match self.play(place, Asked::Start) {
            Play::Well | Play::Gives(_) => Ok(Player { name: place.clone(), script: self.clone(), ready }),
            Play::Hangs => {
                self.hang().await;
                Err(lost())
            }
            Play::Raises | Play::Dies | Play::Killed | Play::TakesDown => Err(lost()),
        }
    }

    async fn damage(&self, spec: &EnvironmentSpec) -> Option<Unusable> {
        let is_damaged = matches!(self.play(spec.name.as_str(), Asked::Damage), Play::Dies);
        let reason = format!("a file of {} is damaged", spec.name);
        let cause = EnvironmentTrouble::Damaged;
        if is_damaged { Some(Unusable { reason, remedy: None, absent: false, cause }) } else { None }
    }

    fn requires_isolation(&self) -> bool {
        false
    }

    async fn finish(&self) {}
}

impl Interpreter for Player {
    fn ready(&self) -> &Ready {
        &self.ready
    }

    async fn run(&mut self, tasks: &[Task], _limits: WorkerLimits) -> Result<Batch, WorkerError> {
        let mut results = Vec::new();
        let (mut how, mut signal) = ("finished", 0);
        for task in tasks {
            let bytes = match task {
                Task::Cell { artifact, .. } => fs_err::read_to_string(artifact).unwrap_or_default(),
                Task::Train { .. } | Task::Mend { .. } | Task::Translate { .. } | Task::Probe { .. } => {
                    String::new()
                }
            };
            let asked = match task {
                Task::Cell { seed, .. } => Asked::Load { seed: *seed, bytes: &bytes },
                Task::Train { .. } | Task::Mend { .. } | Task::Translate { .. } | Task::Probe { .. } => {
                    Asked::Train
                }
            };
            match (self.script.play(&self.name, asked), task) {
                (Play::Hangs, _) => self.script.hang().await,
                (Play::TakesDown, _) => return Err(lost()),
                (play @ (Play::Dies | Play::Killed), _) => {
                    (how, signal) = ("signal", if matches!(play, Play::Dies) { 11 } else { 9 });
                    break;
                }
                (play, Task::Train { formats, .. }) => {
                    results.push(Some(TaskResult::Trained(match play {
                        Play::Raises => Trained::Failed(error()),
                        _ => train(&self.name, formats.iter().map(|it| (&*it.path, it.model.as_deref()))),
                    })));
                }
                (Play::Raises, _) => {
                    let (phase, method) = (Phase::Load, None);
                    let outcome =
                        Outcome::Raised { phase, method, error: error().into(), outputs: Default::default() };
                    results.push(Some(TaskResult::Observed {
                        observation: Box::new(observation(outcome)),
                        blobs: vec![],
                    }));
                }
                (Play::Gives(value), _) => results.push(Some(predicted(value))),
                (Play::Well, _) => results.push(Some(predicted(1.0))),
            }
        }
        let index = results.len();
        results.resize_with(tasks.len(), || None);
        let phase = "load".to_owned();
        let ended = Ended {
            batch: 0,
            index,
            phase,
            how: how.to_owned(),
            signal,
            status: 0,
            printed: None,
            outside: signal == 9,
            tried: Vec::new(),
        };
        Ok(Batch { results, ended, changed: None })
    }

    async fn retire(self) {}
}

fn train<'a>(name: &str, files: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Trained {
    let saved = files.map(|(path, model)| {
        let file = Path::new(path).file_name().unwrap().to_string_lossy().into_owned();
        let folder = Path::new(path).parent().unwrap();
        fs_err::create_dir_all(folder).unwrap();
        fs_err::write(path, format!("{file} of {name}")).unwrap();
        if let Some(model) = model {
            fs_err::write(model, format!("model of {file} of {name}")).unwrap();
        }
        Saved::Written { seconds: 0.0, methods: None }
    });
    let (train_seconds, methods) = (0.0, vec!["predict".to_owned()]);
    Trained::Fitted(Produced { train_seconds, methods, saved: saved.collect() })
}

fn lost() -> WorkerError {
    WorkerError::Lost { reason: "it is gone".to_owned(), printed: String::new() }
}

fn error() -> ErrorFact {
    ErrorFact {
        class: "ValueError".to_owned(),
        message: "no".to_owned(),
        bases: vec!["Exception".to_owned()],
        module: None,
        frames: Vec::new(),
        importing: None,
    }
}

fn observation(outcome: Outcome) -> Observation {
    Observation {
        outcome,
        warnings: Default::default(),
        load_seconds: None,
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: None,
        alone: false,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

fn predicted(value: f64) -> TaskResult {
    let bytes: Arc<[u8]> = value.to_le_bytes().as_slice().into();
    let digest = Digest::of(&bytes);
    let output = OutputRef {
        digest,
        encoding: Encoding::F64,
        kind: OutputKind::Continuous,
        dtype: "float64".to_owned(),
        shape: vec![1],
    };
    let outcome = Outcome::Predicted { outputs: [("predict".to_owned(), output)].into() };
    TaskResult::Observed { observation: Box::new(observation(outcome)), blobs: vec![(digest, bytes)] }
}

pub(super) fn lock(name: &str) -> Lock {
    Lock {
        runtime: Runtime::Venv,
        python: "3.11.7".to_owned(),
        implementation: "CPython".to_owned(),
        arch: "x86_64".to_owned(),
        bits: 64,
        byteorder: ByteOrder::Little,
        libc: String::new(),
        base: None,
        packages: [("scikit-learn".to_owned(), name.to_owned())].into(),
        blas: None,
        cpu_features: Vec::new(),
        code: Vec::new(),
        companions: Vec::new(),
        variables: BTreeMap::new(),
        config: BTreeMap::new(),
        setup: Default::default(),
    }
}

/// A matrix of two environments, `sk1` and `sk2`, with one model in two formats.
pub(super) fn matrix() -> Matrix {
    let text = r#"
[[environments]]
name = "sk1"
python = "3.11"
packages = { scikit-learn = "1.2.2" }
[[environments]]
name = "sk2"
python = "3.11"
packages = { scikit-learn = "1.5.2" }
[datasets.d]
path = "d.csv"
[[models]]
name = "ridge"
estimator = "Ridge()"
formats = ["pickle-4", "joblib"]
"#;
    matrix::load(Path::new("m.toml"), &|_| Ok(text.as_bytes().to_vec())).expect("a correct matrix")
}

/// The same environments with one external artifact, which `sk1` made.
pub(super) fn external(folder: &Path) -> Matrix {
    let path = folder.join("model.pkl");
    fs_err::write(&path, "somebody's model").unwrap();
    let file = ExternalArtifact {
        path,
        declared_path: "model.pkl".to_owned(),
        digest: Some(Digest::of(b"somebody's model")),
        packed: None,
        producer: "sk1".into(),
        inputs: InputsKind::Given,
        inputs_from: "somebody".to_owned(),
        inputs_file: None,
        registered: None,
        runs_commands: false,
        inferred: Vec::new(),
        modules: Vec::new(),
        packages: BTreeMap::new(),
        proved: BTreeMap::new(),
        imports: BTreeMap::new(),
        refusal: None,
        foreign: None,
        original: None,
        probes: None,
        expected: BTreeMap::new(),
        expected_from: None,
        asked: Vec::new(),
        notes: Vec::new(),
        own_modules: Default::default(),
        given_modules: None,
        other_pythons: Vec::new(),
    };
    let mut matrix = matrix();
    matrix.models[0].source = ModelSource::File(Arc::new(file));
    matrix.models[0].formats.truncate(1);
    matrix
}

/// A run to be played.
pub(super) struct Trial {
    pub matrix: Matrix,
    pub folder: tempfile::TempDir,
    pub recorded: Vec<Event>,
    /// What of it is done, and in which phase; all where `None`.
    pub share: Option<(ShardPhase, Vec<Slice>)>,
    /// Whose noise floors are measured where they are written.
    pub floors: Floors,
    /// What others have written.
    pub written: Vec<Event>,
    /// Where objects and observations of others are.
    pub sources: Vec<std::path::PathBuf>,
    pub retry: Option<Regressions>,
    /// Whether trainings are tried again that have failed twice.
    pub retry_failed: bool,
    /// Whether to end when every cell is done.
    pub ends_with_cells: bool,
}

/// What came of a run.
pub(super) struct Played {
    pub report: RunReport,
    /// The whole record.
    pub events: Vec<Event>,
    pub notes: Vec<String>,
}

impl Trial {
    pub fn of(matrix: Matrix) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            matrix,
            folder,
            recorded: Vec::new(),
            share: None,
            floors: Floors::None,
            written: Vec::new(),
            sources: Vec::new(),
            retry: None,
            retry_failed: false,
            ends_with_cells: false,
        }
    }

    pub fn cache(&self) -> CacheRoot {
        let cache = CacheRoot::open(Some(self.folder.path().join("cache"))).unwrap();
        cache.reading_through(self.sources.clone())
    }

    /// Plays a script, until the run is over or the script hangs.
    pub fn play(&mut self, script: &Scripted) -> Played {
        let plan = plan(&self.matrix, &Selection::default()).unwrap();
        let recorded = std::mem::take(&mut self.recorded);
        let share = self.share.as_ref().map(|(phase, slices)| Share::of(*phase, slices, &plan));
        let share = share.map(|share| share.measuring(self.floors.clone()));
        let request = RunRequest {
            datasets: [("d".to_owned(), b"data".to_vec())].into(),
            header: header(&self.matrix, &plan),
            matrix: Arc::new(self.matrix.clone()),
            plan: Arc::new(plan),
            recorded: (!recorded.is_empty()).then(|| RunState::replay(recorded.clone()).unwrap()),
            share: share.unwrap_or_default(),
            written: Written(std::mem::take(&mut self.written)),
            before: Counts::default(),
            retry: self.retry.take(),
            fresh: false,
            retry_failed: self.retry_failed,
            jobs: 2,
        };
        let ending = self.ends_with_cells.then(|| Arc::clone(&script.hangs));
        let mut listener = Listener { events: recorded, notes: Vec::new(), ending };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let interrupt = script.hangs.notified();
        let run = setup::conduct(request, self.cache(), script.clone(), &mut listener, interrupt);
        let run = async { tokio::time::timeout(std::time::Duration::from_secs(20), run).await };
        let report = runtime.unwrap().block_on(run).expect("the run comes to an end").unwrap();
        Played { report, events: listener.events, notes: listener.notes }
    }
}

struct Listener {
    events: Vec<Event>,
    notes: Vec<String>,
    ending: Option<Arc<Notify>>,
}

impl Reporter for Listener {
    fn record(&mut self, event: &Event) -> io::Result<()> {
        self.events.push(event.clone());
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        assert!(
            progress.cells_done <= progress.cells && progress.repeats_done <= progress.repeats,
            "{progress:?}"
        );
        if let Some(ending) = self.ending.take_if(|_| progress.cells_done == progress.cells) {
            ending.notify_one();
        }
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn retrying(&mut self, cells: usize) {
        self.notes.push(format!("{cells} again"));
    }
}

/// The header of a run.
pub(super) fn header(matrix: &Matrix, plan: &Plan) -> RunHeader {
    RunHeader {
        format_version: FORMAT_VERSION,
        shelflife: "0.1.0".to_owned(),
        run: "r".to_owned(),
        time: "2026-11-28T00:00:00Z".to_owned(),
        jobs: 2,
        matrix: MatrixRecord {
            name: matrix.name.clone(),
            file: None,
            description: None,
            package: None,
            plan_digest: plan.digest,
        },
        plan: plan.record(matrix),
        part: None,
    }
}

impl Played {
    /// The verdict of each cell.
    pub fn verdicts(&self) -> BTreeMap<String, Verdict> {
        words(&self.report.state)
    }
}

/// The verdict of each cell of a run.
pub(super) fn words(state: &RunState) -> BTreeMap<String, Verdict> {
    let record = judge(state, &JudgeOptions::default());
    let cells = record.cells.iter();
    cells.map(|cell| (format!("{} in {}", cell.artifact, cell.consumer), cell.verdict)).collect()
}
