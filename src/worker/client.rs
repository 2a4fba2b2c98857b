//! The orchestrator's end of one live environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::AGENT;
use super::protocol::{
    self, Ended, Hello, RawOutput, RawResult, Ready, Reply, Request, Task, Walls, WorkerLimits,
};
use crate::process::{Command, WorkerProcess, end_all_at_home, spawn_worker};
use crate::vocab::{
    Attempt, Digest, ErrorFact, Gap, MendOutcome, Observation, Outcome, OutputRef, Phase, Probes,
    TranslateOutcome,
};

/// Reads the agent from standard input: its length in bytes on a line, then its source. So it reaches any
/// interpreter that a command prefix can start, without a file on that side.
/// A process that a launcher has given a rank other than 0 reads it from rank 0, through a socket in their common
/// folder (see `agent/shelflife_agent/ranks.py`).
const BOOTSTRAP: &str = "\
import os, sys
sys.path[:] = [entry for entry in sys.path if entry]
def take(n):
    parts = []
    while n:
        part = os.read(0, n)
        if not part: raise SystemExit('shelflife: the agent did not arrive')
        parts.append(part); n -= len(part)
    return b''.join(parts)
def meet(rank):
    import socket, time
    end = time.monotonic() + 60
    while True:
        try:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.connect('ranks.sock')
            break
        except OSError:
            s.close()
            if time.monotonic() > end: raise SystemExit('shelflife: rank 0 did not come')
            time.sleep(0.01)
    s.sendall(rank.encode('ascii') + b'\\n')
    os.dup2(s.fileno(), 0); os.dup2(s.fileno(), 1)
for name in ('OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'SLURM_PROCID'):
    if name in os.environ:
        if os.environ[name] != '0': meet(os.environ[name])
        break
n = b''
while not n.endswith(b'\\n'): n += take(1)
text = take(int(n)).decode('utf-8')
exec(compile(text, 'shelflife-agent.py', 'exec'), {'__name__': 'shelflife_agent', '__builtins__': __builtins__, '__agent__': text})
";

/// How long importing scikit-learn may take; emulated machines need tens of seconds.
const WARM_UP: Duration = Duration::from_secs(300);
/// How long past its limits a batch may go unreported before the worker itself is taken for lost.
const GRACE: Duration = Duration::from_secs(30);
/// How long a launcher may take to end when its ranks have.
const FAREWELL: Duration = Duration::from_secs(10);

/// The worker itself is lost: not one task's fault alone.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It could not be started or talked to.
    #[error("the worker was lost: {reason}{}", printed_suffix(.printed))]
    Lost {
        /// What happened.
        reason: String,
        /// The end of what it wrote to its standard streams.
        printed: String,
    },
    /// The interpreter started, but cannot import or set what everything needs.
    #[error("{} {module}: {error}", if .module.contains('.') { "cannot call" } else { "cannot import" })]
    Broken {
        /// The module.
        module: String,
        /// The exception.
        error: Box<ErrorFact>,
    },
    /// Its cells cannot be kept from this machine, which was required.
    #[error("cells cannot be kept from: {}", .0.iter().map(|gap| gap.name()).collect::<Vec<_>>().join("; "))]
    NotIsolated(Vec<Gap>),
    /// What the environment was declared with does not exist on this machine.
    #[error("{reason}")]
    Absent {
        /// What, in words.
        reason: String,
    },
}

fn printed_suffix(printed: &str) -> String {
    match printed.trim().lines().last() {
        Some(line) => format!(" ({line})"),
        None => String::new(),
    }
}

/// One live environment.
#[derive(Debug)]
pub struct Worker {
    process: WorkerProcess,
    batches: u64,
    home: PathBuf,
    /// What it said of itself.
    pub ready: Ready,
}

/// A result with the bytes that belong to it.
#[derive(Debug)]
pub enum TaskResult {
    /// Of a training.
    Trained(Trained),
    /// Of a cell.
    Observed {
        /// The facts.
        observation: Box<Observation>,
        /// The bytes of its outputs by digest.
        blobs: Vec<(Digest, Arc<[u8]>)>,
    },
    /// Of a mending.
    Mended(Box<MendOutcome>),
    /// Of a translation.
    Translated(Box<TranslateOutcome>),
    /// Of a derivation of probes; `None` where nothing can be derived.
    Probed(Option<Box<Probes>>),
}

/// What became of a training.
#[derive(Debug)]
pub enum Trained {
    /// The environment lacks the estimator or one of its parameters.
    Unsupported(String),
    /// Fitting raised.
    Failed(ErrorFact),
    /// Fitted.
    Fitted(Produced),
}

/// A fitted and written model.
#[derive(Debug)]
pub struct Produced {
    /// Seconds to fit it.
    pub train_seconds: f64,
    /// The outputs that it offers.
    pub methods: Vec<String>,
    /// For each format in the task's order.
    pub saved: Vec<Saved>,
}

/// What became of one file.
#[derive(Debug)]
pub enum Saved {
    /// Written.
    Written {
        /// Seconds to write it.
        seconds: f64,
        /// The outputs that it holds, where those are not all that the estimator offers.
        methods: Option<Vec<String>>,
    },
    /// The format does not apply.
    Unsupported(String),
    /// What writing needs is not installed.
    NotInstalled(String),
    /// Writing raised.
    Failed(ErrorFact),
}

/// What became of a batch.
#[derive(Debug)]
pub struct Batch {
    /// Results in task order; `None` where the child did not get that far.
    pub results: Vec<Option<TaskResult>>,
    /// How the child ended.
    pub ended: Ended,
    /// A task that changed the world of the following ones, and what it changed.
    pub changed: Option<(usize, String)>,
}

impl Batch {
    /// Whether nothing abnormal was seen. A child that took long stops after some of its tasks; then the first
    /// ones have a result, at least one.
    pub fn is_clean(&self) -> bool {
        let done = self.results.iter().take_while(|result| result.is_some()).count();
        self.ended.how == "finished"
            && self.changed.is_none()
            && done > 0
            && self.results[done..].iter().all(Option::is_none)
    }
}

impl Worker {
    /// Starts an interpreter by its command prefix, hands it the agent and lets it import. `folder` is where it
    /// works, and its home folder in `environment`.
    ///
    /// # Errors
    /// [`WorkerError::Lost`] when it does not start or answer, [`WorkerError::Broken`] when numpy or scikit-learn
    /// cannot be imported.
    pub async fn start(
        prefix: &[String],
        environment: BTreeMap<String, String>,
        folder: &Path,
        hello: &Hello,
    ) -> Result<Self, WorkerError> {
        let lost = |reason: String| WorkerError::Lost { reason, printed: String::new() };
        let command = Command::from_prefix(prefix, environment)
            .ok_or_else(|| lost("its command is empty".to_owned()))?
            .args(["-s", "-c", BOOTSTRAP])
            .cwd(folder);
        let process = spawn_worker(&command).map_err(|error| lost(error.to_string()))?;
        let ready = Ready {
            troubles: BTreeMap::new(),
            absent_models: BTreeMap::new(),
            absent: None,
            lone: false,
            seconds: 0.0,
            walls: Walls::default(),
        };
        let mut worker = Self { process, batches: 0, home: folder.to_owned(), ready };
        let greeting = async {
            let stdin = &mut worker.process.stdin;
            stdin.write_all(format!("{}\n", AGENT.len()).as_bytes()).await?;
            stdin.write_all(&AGENT).await?;
            protocol::send(stdin, &Request::Hello(hello)).await?;
            protocol::receive(&mut worker.process.stdout).await
        };
        match tokio::time::timeout(WARM_UP, greeting).await {
            Ok(Ok((Reply::Ready(ready), _))) => worker.ready = ready,
            Ok(Ok(_)) => return Err(worker.lost("it answered out of turn".to_owned()).await),
            Ok(Err(error)) => return Err(worker.lost(error.to_string()).await),
            Err(_) => {
                return Err(worker
                    .lost(format!("importing scikit-learn took more than {} s", WARM_UP.as_secs()))
                    .await);
            }
        }
        // An environment that was accepted without scikit-learn may lack it, but not have a broken one.
        let misses = |error: &ErrorFact| {
            error.class == "ModuleNotFoundError" && error.module.as_deref() == Some("sklearn")
        };
        if let Some((module, error)) =
            worker.ready.troubles.iter().find(|(module, error)| match module.as_str() {
                "numpy" | "sklearn.set_config" | "sklearnex" => true,
                "sklearn" => !misses(error),
                _ => false,
            })
        {
            return Err(WorkerError::Broken { module: module.clone(), error: Box::new(error.clone()) });
        }
        match worker.ready.absent.take() {
            Some(reason) => Err(WorkerError::Absent { reason }),
            None => Ok(worker),
        }
    }

    /// Runs tasks one after another in one forked child.
    ///
    /// # Errors
    /// When the worker itself died or stopped answering; it cannot be used any more then.
    pub async fn run(&mut self, tasks: &[Task], limits: WorkerLimits) -> Result<Batch, WorkerError> {
        self.batches += 1;
        let batch = self.batches;
        if let Err(error) =
            protocol::send(&mut self.process.stdin, &Request::Batch { batch, tasks, limits }).await
        {
            return Err(self.lost(error.to_string()).await);
        }
        let silence = Duration::from_secs_f64(limits.seconds.clamp(0.0, 1e7)) + GRACE;
        let mut results: Vec<_> = tasks.iter().map(|_| None).collect();
        let mut changed = None;
        loop {
            let reply = tokio::time::timeout(silence, protocol::receive(&mut self.process.stdout)).await;
            let (reply, payload) = match reply {
                Ok(Ok(reply)) => reply,
                Ok(Err(error)) => return Err(self.lost(error.to_string()).await),
                Err(_) => return Err(self.lost("it stopped responding".to_owned()).await),
            };
            match reply {
                Reply::Ready(_) => {}
                Reply::Result(raw) => {
                    if raw.batch == batch && raw.index < tasks.len() {
                        let index = raw.index;
                        let alone = tasks.len() == 1;
                        results[index] = match &tasks[index] {
                            Task::Train { .. } => Some(trained(*raw)),
                            Task::Cell { .. } => observed(*raw, &payload, alone),
                            Task::Mend { .. } => mended(*raw),
                            Task::Translate { .. } => translated(*raw),
                            Task::Probe { .. } => Some(TaskResult::Probed(raw.probes.map(Box::new))),
                        };
                    }
                }
                Reply::StateChanged { batch: number, index, what } => {
                    if number == batch {
                        changed = Some((index, what));
                    }
                }
                Reply::Ended(ended) => {
                    if ended.batch == batch {
                        if let [Some(TaskResult::Observed { observation, .. })] = &mut results[..] {
                            observation.tried = attempts(&ended);
                        }
                        return Ok(Batch { results, ended, changed });
                    }
                }
            }
        }
    }

    /// Waits for a worker that has done the one task it can do, and ends what is left of it.
    pub async fn retire(mut self) {
        if tokio::time::timeout(FAREWELL, self.process.wait()).await.is_err() {
            self.process.kill();
            self.process.wait().await;
        }
        // Launchers put ranks into process groups of their own.
        end_all_at_home(&self.home);
    }

    async fn lost(&mut self, reason: String) -> WorkerError {
        self.process.kill();
        let exit = self.process.wait().await;
        // It ends what its cells leave behind, unless a cell ended it.
        end_all_at_home(&self.home);
        let printed = self.process.stderr_tail();
        WorkerError::Lost { reason: format!("{reason}; the interpreter {exit}"), printed }
    }
}

fn trained(raw: RawResult) -> TaskResult {
    TaskResult::Trained(if let Some(reason) = raw.unsupported {
        Trained::Unsupported(reason)
    } else if let Some(error) = raw.train_error {
        Trained::Failed(error)
    } else {
        let saved =
            raw.saved.into_iter().map(|saved| match (saved.error, saved.unsupported, saved.missing) {
                (Some(error), ..) => Saved::Failed(error),
                (_, Some(reason), _) => Saved::Unsupported(reason),
                (.., Some(reason)) => Saved::NotInstalled(reason),
                (None, None, None) => Saved::Written { seconds: saved.save_seconds, methods: saved.methods },
            });
        Trained::Fitted(Produced {
            train_seconds: raw.train_seconds,
            methods: raw.methods,
            saved: saved.collect(),
        })
    })
}

/// The observation of a raw result; `None` where the child's words do not fit together.
fn observed(raw: RawResult, payload: &[u8], alone: bool) -> Option<TaskResult> {
    let mut blobs = Vec::with_capacity(raw.outputs.len());
    let mut outputs = Vec::with_capacity(raw.outputs.len());
    for RawOutput { name, encoding, kind, dtype, shape, offset, length } in raw.outputs {
        let bytes = payload.get(offset..offset.checked_add(length)?)?;
        let digest = Digest::of(bytes);
        blobs.push((digest, Arc::from(bytes)));
        outputs.push((name, OutputRef { digest, encoding, kind, dtype, shape }));
    }
    let outputs = outputs.into_iter().collect();
    let outcome = match raw.outcome.as_deref()? {
        "predicted" => Outcome::Predicted { outputs },
        "inapplicable" => Outcome::Inapplicable { reason: raw.reason? },
        "unequipped" => Outcome::NotInstalled { reason: raw.reason? },
        "unfit" => Outcome::Unfit { unfit: raw.unfit?, says: raw.reason? },
        _ => Outcome::Raised {
            phase: if raw.phase.as_deref() == Some("predict") { Phase::Predict } else { Phase::Load },
            method: raw.method,
            error: raw.error?.into(),
            outputs,
        },
    };
    let observation = Observation {
        outcome,
        warnings: raw.warnings.into(),
        load_seconds: raw.load_seconds,
        predict_seconds: raw.predict_seconds,
        peak_rss_bytes: raw.peak_rss_bytes,
        printed: None,
        alone,
        tried: Vec::new(),
        form: raw.form,
        made_up: raw.made_up,
    };
    Some(TaskResult::Observed { observation: Box::new(observation), blobs })
}

/// What a mending came to; `None` where the child's words do not fit together.
fn mended(raw: RawResult) -> Option<TaskResult> {
    let RawResult { changes, keys, mends, refused, needs_companion: companions, would_use, .. } = raw;
    let outcome = match raw.outcome.as_deref()? {
        "mended" => {
            MendOutcome::Mended { changes, keys: keys.unwrap_or_default(), mends, companions, would_use }
        }
        "refused" => MendOutcome::Refused { obstacles: refused, companions },
        "inapplicable" => MendOutcome::Inapplicable { reason: raw.reason? },
        "unequipped" => MendOutcome::NotInstalled { reason: raw.reason? },
        _ => MendOutcome::Raised { error: Box::new(raw.error?) },
    };
    Some(TaskResult::Mended(Box::new(outcome)))
}

/// What a translation came to; `None` where the child's words do not fit together.
fn translated(raw: RawResult) -> Option<TaskResult> {
    let outcome = match raw.outcome.as_deref()? {
        "translated" => TranslateOutcome::Written { outputs: raw.held },
        "inapplicable" => TranslateOutcome::Inapplicable { reason: raw.reason? },
        "unequipped" => TranslateOutcome::NotInstalled { reason: raw.reason? },
        _ => TranslateOutcome::Raised { error: Box::new(raw.error?) },
    };
    Some(TaskResult::Translated(Box::new(outcome)))
}

/// What a cell that ran alone tried and was refused.
pub fn attempts(ended: &Ended) -> Vec<Attempt> {
    let attempt = |(kind, detail): &(_, String)| Attempt { kind: *kind, detail: detail.clone() };
    ended.tried.iter().map(attempt).collect()
}

/// The observation of a cell that ran alone and gave no result of its own.
pub fn abnormal(ended: &Ended, limits: WorkerLimits) -> Observation {
    let phase = if ended.phase == "predict" { Phase::Predict } else { Phase::Load };
    let outcome = match ended.how.as_str() {
        "timeout" => Outcome::TimedOut { phase, limit_seconds: limits.seconds },
        "memory" => Outcome::OutOfMemory { phase, limit_bytes: limits.memory_bytes },
        "signal" => Outcome::Signalled { phase, signal: ended.signal },
        // As the agent's own child would end when it cannot go on.
        "garbled" => Outcome::Exited { phase, status: 70 },
        _ => Outcome::Exited { phase, status: ended.status },
    };
    Observation {
        outcome,
        warnings: Default::default(),
        load_seconds: None,
        predict_seconds: None,
        peak_rss_bytes: None,
        printed: ended.printed.clone().filter(|text| !text.trim().is_empty()),
        alone: true,
        tried: attempts(ended),
        form: None,
        made_up: None,
    }
}
