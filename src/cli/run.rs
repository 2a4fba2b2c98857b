//! `shelflife run`: the main job.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::args::{MakingArgs, MessageFormat, RunArgs, RunningArgs};
use super::console::{self, Meter};
use super::failure::Failure;
use super::load::{self, EVENTS};
use super::making;
use crate::judge::{self, JudgeOptions};
use crate::matrix::Matrix;
use crate::plan::Plan;
use crate::present::{self, EventLog, RENDERERS, TerminalOptions, View, parse_events, terminal};
use crate::run::{Progress, Regressions, Reporter, RunReport, RunRequest, run as run_plan};
use crate::state::RunState;
use crate::store::{CacheRoot, LockError};
use crate::vocab::{Digest, Event, ExitCode, FORMAT_VERSION, MatrixRecord, Record, RunHeader};

pub(super) fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    let (matrix, plan) = load::matrix_and_plan(&args.matrix, &args.select)?;
    load::tell_refused(&matrix);
    let datasets = load::datasets(&matrix, &plan)?;
    // The baseline is read first: this run may take its place.
    let judging =
        load::judge_options(&args.fail_on, args.baseline.as_deref(), &args.running.reports, args.forecast)?;
    let name = run_name(args.running.run.as_deref(), &matrix)?;
    let running = args.running.running();
    super::plan::promised_in_short(&plan).iter().for_each(|line| console::note(line));
    let done = execute(Wanted { matrix, plan, datasets, name, running: &running })?;
    let (_, code) = finish(&running, &judging, &done)?;
    Ok(code)
}

/// How a run goes, whatever it runs.
pub(super) struct Running<'a> {
    pub reports: &'a Path,
    pub jobs: Option<u16>,
    pub fresh: bool,
    pub making: MakingArgs,
    pub message_format: MessageFormat,
    pub quiet: bool,
    /// How many earlier runs of the same name are kept where they tried something else; all where `None`.
    pub keep: Option<usize>,
}

/// Earlier runs that `check`, `gate` and `bisect` keep: their names say nothing of what they tried, and nobody who checks
/// one file after the other wants a folder of each.
const KEPT: usize = 5;

impl RunningArgs {
    /// For a command that names its run after itself.
    pub(super) fn passing(&self) -> Running<'_> {
        Running { keep: Some(KEPT), ..self.running() }
    }

    pub(super) fn running(&self) -> Running<'_> {
        Running {
            reports: &self.reports,
            jobs: self.jobs,
            fresh: self.fresh,
            making: self.making,
            message_format: self.message_format,
            quiet: self.quiet,
            keep: None,
        }
    }
}

/// What is to be run.
pub(super) struct Wanted<'a> {
    pub matrix: Matrix,
    pub plan: Plan,
    pub datasets: BTreeMap<String, Vec<u8>>,
    pub name: String,
    pub running: &'a Running<'a>,
}

/// A run that came to its end, or was interrupted.
pub(super) struct Executed {
    pub folder: PathBuf,
    pub report: RunReport,
    pub started: Instant,
}

/// Runs a plan and records it.
pub(super) fn execute(wanted: Wanted<'_>) -> Result<Executed, Failure> {
    execute_retrying(wanted, None)
}

/// As [`execute`], and tries the cells again that `retry` names once everything was tried.
pub(super) fn execute_retrying(wanted: Wanted<'_>, retry: Option<Regressions>) -> Result<Executed, Failure> {
    let started = Instant::now();
    let Wanted { matrix, plan, datasets, name, running } = wanted;
    let folder = running.reports.join(&name);
    let cache = CacheRoot::open(None)?;
    let jobs = running.jobs.map_or_else(cores, usize::from);
    let runtime = super::env::runtime_for(jobs)?;
    let _lock = runtime.block_on(lock_run(&cache, &folder, &name))?;
    let _in_use = runtime.block_on(cache.in_use(super::env::EMPTYING))?;
    let header = header(&matrix, &plan, &name, jobs);
    let recorded = earlier_record(&folder, &header, running)?;
    let json = running.message_format == MessageFormat::Json;
    let mut reporter =
        Recorder { path: folder.join(EVENTS), log: None, meter: Meter::new(running.quiet || json), json };
    let provisioner = Arc::new(making::provisioner(&cache, running.making, &plan.environments));
    let request = RunRequest {
        matrix: Arc::new(matrix),
        plan: Arc::new(plan),
        datasets,
        header,
        recorded,
        retry,
        fresh: running.fresh,
        jobs,
    };
    let report = runtime.block_on(run_plan(request, cache, provisioner, &mut reporter));
    reporter.meter.finish();
    Ok(Executed { folder, report: report?, started })
}

/// Renders everything and says what it means.
pub(super) fn finish(
    running: &Running<'_>,
    judging: &JudgeOptions,
    done: &Executed,
) -> Result<(Record, ExitCode), Failure> {
    let Executed { folder, report, started } = done;
    let record = judge::judge(&report.state, judging);
    let files = present::write_reports(folder, &View::new(&record), RENDERERS)?;
    if running.message_format == MessageFormat::Human {
        let options = TerminalOptions { width: console::terminal_width(), ..TerminalOptions::default() };
        console::print(&terminal(&record, &options))?;
    }
    let show = |file: &str| {
        files
            .iter()
            .find(|path| path.ends_with(file))
            .map(|path| path.display().to_string())
            .unwrap_or_default()
    };
    let seconds = started.elapsed().as_secs_f64();
    console::note(&if report.interrupted {
        format!("interrupted after {} new observations; the same command goes on", report.executed)
    } else if report.executed == 0 {
        format!("nothing had to be executed: {} observations were known ({seconds:.1} s)", report.reused)
    } else {
        format!("executed {} observations, {} were known ({seconds:.1} s)", report.executed, report.reused)
    });
    console::note(&format!("reports: {} and {}", show("report.html"), show("report.md")));
    let code = if report.interrupted { ExitCode::Interrupted } else { judge::exit_code(&record) };
    Ok((record, code))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(super) fn run_name(asked: Option<&str>, matrix: &Matrix) -> Result<String, Failure> {
    let name = asked.map_or_else(|| matrix.name.clone(), str::to_owned);
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
    if is_plain {
        return Ok(name);
    }
    Err(Failure::Usage {
        what: format!("`{name}` cannot be the name of a run"),
        help: "use letters, digits, `-`, `_`, `.` and `+`: it becomes the name of a folder".to_owned(),
    })
}

async fn lock_run(cache: &CacheRoot, folder: &Path, name: &str) -> Result<crate::store::LockGuard, Failure> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let lock = format!("run-{}", Digest::of(absolute.as_os_str().as_encoded_bytes()).short());
    match cache.lock(&lock, Duration::from_secs(1)).await {
        Err(LockError::Timeout { .. }) => Err(Failure::Busy(name.to_owned())),
        other => Ok(other?),
    }
}

fn header(matrix: &Matrix, plan: &Plan, name: &str, jobs: usize) -> RunHeader {
    RunHeader {
        format_version: FORMAT_VERSION,
        shelflife: env!("CARGO_PKG_VERSION").to_owned(),
        run: name.to_owned(),
        time: jiff::Timestamp::now().to_string(),
        jobs: jobs as u64,
        matrix: MatrixRecord {
            name: matrix.name.clone(),
            description: matrix.description.clone(),
            plan_digest: plan.digest,
        },
        plan: plan.record(matrix),
    }
}

/// The record to go on from. One of another plan is moved aside, never overwritten.
fn earlier_record(
    folder: &Path,
    header: &RunHeader,
    running: &Running<'_>,
) -> Result<Option<RunState>, Failure> {
    let path = folder.join(EVENTS);
    let Ok(bytes) = fs_err::read(&path) else { return Ok(None) };
    let (why, time) = match parse_events(&bytes) {
        Err(error) => (format!("line {} of its record cannot be read", error.line), None),
        Ok(events) => match events.first() {
            Some(Event::RunStarted(known)) => {
                let time = Some(known.time.clone());
                if known.matrix.plan_digest != header.matrix.plan_digest {
                    ("it tried something else".to_owned(), time)
                } else if known.shelflife != header.shelflife {
                    (format!("it was made by shelflife {}", known.shelflife), time)
                } else if running.fresh {
                    ("everything is executed again".to_owned(), time)
                } else {
                    let unreadable = |reason: String| Failure::Record { path: path.clone(), reason };
                    let state = RunState::replay(events).map_err(|error| unreadable(error.to_string()))?;
                    return Ok(Some(state));
                }
            }
            _ => ("its record is empty".to_owned(), None),
        },
    };
    let aside = present::set_aside(folder, time.as_deref().unwrap_or("unreadable"))?;
    let others = match running.keep {
        Some(keep) => {
            present::forget_aside(folder, keep);
            format!(" (the newest {keep} are kept)")
        }
        None => String::new(),
    };
    console::note(&format!("the earlier run of this name is kept in {}: {why}{others}", aside.display()));
    Ok(None)
}

/// Keeps events, streams them where asked, and shows progress.
struct Recorder {
    path: PathBuf,
    log: Option<EventLog>,
    meter: Meter,
    json: bool,
}

impl Reporter for Recorder {
    fn record(&mut self, event: &Event) -> io::Result<()> {
        if self.log.is_none() {
            let log = if self.path.exists() {
                EventLog::append_to(&self.path)
            } else {
                EventLog::create(&self.path)
            };
            self.log = Some(log.map_err(io::Error::other)?);
        }
        if let Some(log) = &mut self.log {
            log.write(event).map_err(io::Error::other)?;
        }
        if self.json {
            let mut line = serde_json::to_vec(event).map_err(io::Error::other)?;
            line.push(b'\n');
            console::print_bytes(&line).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn progress(&mut self, progress: &Progress) {
        self.meter.update(progress);
    }

    fn note(&mut self, text: &str) {
        self.meter.note(text);
    }

    fn retrying(&mut self, cells: usize) {
        let verb = if cells == 1 { "is" } else { "are" };
        self.meter.always(&format!("{cells} failed and {verb} tried again"));
    }
}
