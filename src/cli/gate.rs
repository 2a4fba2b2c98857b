//! `shelflife gate`: may we move? And `shelflife baseline`: what is known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::args::{AcceptArgs, GateArgs, SelectArgs};
use super::check;
use super::console;
use super::environments;
use super::failure::Failure;
use super::load::{self, EVENTS};
use super::run::{self, Executed, Running, Wanted};
use crate::judge::{self, Baseline, JudgeOptions, Known, is_baseline, read_baseline, write_baseline};
use crate::matrix::Matrix;
use crate::plan::{self, Plan, Selection};
use crate::present::{self, EventLog, GateView};
use crate::vocab::{EnvName, Event, ExitCode, Outcome, Record, Status, Verdict};

/// More regressions than these are no accident: they are believed at once.
const MOST_RETRIES: usize = 200;

pub(super) fn gate(args: &GateArgs) -> Result<ExitCode, Failure> {
    let (matrix, from) = matrix_of(args)?;
    load::tell_refused(&matrix);
    if matrix.models.is_empty() {
        return Err(Failure::NoArtifact);
    }
    let plan = plan::plan(&matrix, &Selection::default())?;
    let datasets = load::datasets(&matrix, &plan)?;
    let name = run::run_name(args.running.run.as_deref(), &matrix)?;
    let known = match &args.baseline {
        Some(path) if is_baseline_record(path) => Some(read_known(path)?),
        _ => None,
    };
    let earlier = match &args.baseline {
        Some(_) if known.is_some() => None,
        Some(path) => load::judge_options(&[], Some(path), &args.running.reports, false)?.baseline,
        None => None,
    };
    if from.is_none() && args.baseline.is_none() && matrix.expectations.is_empty() {
        return Err(Failure::Usage {
            what: "there is nothing to judge by".to_owned(),
            help: "give --baseline, or declare [[expect]] in the matrix".to_owned(),
        });
    }
    let running = args.running.passing();
    let wanted = Wanted {
        matrix: matrix.clone(),
        plan: plan.clone(),
        datasets: datasets.clone(),
        name,
        running: &running,
    };
    let mut done = run::execute(wanted)?;
    let judging = {
        let record = judge::judge(&done.report.state, &JudgeOptions::default());
        let base = match &from {
            Some(from) => Some(Baseline::of_environment(&record, from)),
            None => earlier,
        };
        let baseline = match (base, &known) {
            (Some(base), Some(known)) => Some(base.accepting(known)),
            (None, Some(known)) => Some(Baseline::default().accepting(known)),
            (base, None) => base,
        };
        // A cell that no baseline knows has nothing to be compared with, and must not pass by failing.
        let fail_on = if baseline.is_none() { Verdict::FAILURES.to_vec() } else { Vec::new() };
        JudgeOptions { fail_on, baseline, forecast: false }
    };
    if !done.report.interrupted && !args.no_retry {
        retry(&matrix, &plan, &datasets, &running, &judging, &mut done)?;
    }
    let (record, code) = run::finish(&running, &judging, &done)?;
    tell(args, &record, code, from.as_ref(), &done.folder)?;
    Ok(code)
}

fn matrix_of(args: &GateArgs) -> Result<(Matrix, Option<EnvName>), Failure> {
    let is_matrix = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "toml");
    if args.files.artifacts.iter().any(is_matrix) {
        let [path] = args.files.artifacts.as_slice() else {
            return Err(Failure::Usage {
                what: "a gate takes one matrix, or artifacts".to_owned(),
                help: "run it once for each matrix".to_owned(),
            });
        };
        if args.from.is_some() || args.to.is_some() {
            return Err(Failure::Usage {
                what: "a matrix has environments of its own".to_owned(),
                help: "leave --from and --to out, and give --baseline".to_owned(),
            });
        }
        let files = &args.files;
        if files.timeout.is_some()
            || files.memory.is_some()
            || files.format.is_some()
            || !files.trust.is_empty()
        {
            return Err(Failure::Usage {
                what: "a matrix says itself which limits and formats hold".to_owned(),
                help: "declare [limits] and [formats] there".to_owned(),
            });
        }
        return Ok((load::matrix_and_plan(path, &SelectArgs::default())?.0, None));
    }
    let (Some(from), Some(to)) = (&args.from, &args.to) else {
        return Err(Failure::Usage {
            what: "a gate over artifacts needs --from and --to".to_owned(),
            help: "for example --from scikit-learn==1.5.2 --to scikit-learn==1.7.2".to_owned(),
        });
    };
    let from = environments::parse_one(from, "--from")?;
    let mut to = environments::parse_one(to, "--to")?;
    if to.name == from.name {
        to.name = EnvName::from(format!("{}-new", to.name));
    }
    let name = from.name.clone();
    let matrix = check::matrix("gate", &args.files, vec![from, to], Some(name.clone()))?;
    Ok((matrix, Some(name)))
}

/// Executes what would be a regression once more, all by itself: what works then is flaky.
fn retry(
    matrix: &Matrix,
    plan: &Plan,
    datasets: &std::collections::BTreeMap<String, Vec<u8>>,
    running: &Running<'_>,
    judging: &JudgeOptions,
    done: &mut Executed,
) -> Result<(), Failure> {
    let path = done.folder.join(EVENTS);
    let record = judge::judge(&done.report.state, judging);
    let bad: Vec<_> = record.cells.iter().filter(|cell| cell.status.is_some_and(Status::is_bad)).collect();
    let is_tried = |cell: &&&crate::vocab::CellRecord| {
        let known = done.report.state.cell(&cell.artifact_id(), &cell.consumer);
        known.is_some_and(|known| known.is_retried())
    };
    let bad: Vec<_> = bad.iter().filter(|cell| cell.verdict.fails() && !is_tried(cell)).collect();
    if bad.is_empty() || bad.len() > MOST_RETRIES {
        return Ok(());
    }
    let models: BTreeSet<_> = bad.iter().map(|cell| &cell.model).collect();
    let consumers: BTreeSet<_> = bad.iter().map(|cell| &cell.consumer).collect();
    let mut narrowed = matrix.clone();
    narrowed.expectations.clear();
    narrowed.models.retain(|model| models.contains(&model.name));
    narrowed.environments.iter_mut().for_each(|env| env.consumer = consumers.contains(&env.name));
    let Ok(again) = plan::plan(&narrowed, &Selection::default()) else { return Ok(()) };
    debug_assert!(again.artifacts.len() <= plan.artifacts.len());
    console::note(&format!(
        "{} failed and {} tried again",
        bad.len(),
        if bad.len() == 1 { "is" } else { "are" }
    ));
    let folder = tempfile::tempdir()
        .map_err(|source| Failure::Machine { what: "cannot make a temporary folder".to_owned(), source })?;
    let running = Running { reports: folder.path(), fresh: true, quiet: true, ..*running };
    let wanted = Wanted {
        matrix: narrowed,
        plan: again,
        datasets: datasets.clone(),
        name: "retry".to_owned(),
        running: &running,
    };
    let second = run::execute(wanted)?;
    let mut added = Vec::new();
    for cell in bad {
        let id = cell.artifact_id();
        let Some(again) = second.report.state.cell(&id, &cell.consumer) else { continue };
        let Some(observation) = again.recorded().map(|it| it.observation.clone()) else { continue };
        let outputs = again.view().outputs.cloned();
        let outputs = match observation.outcome {
            Outcome::Predicted { .. } => outputs.unwrap_or_default(),
            _ => Default::default(),
        };
        added.push(Event::CellRetried {
            artifact: id,
            consumer: cell.consumer.clone(),
            observation,
            outputs,
        });
    }
    let mut log = EventLog::append_to(&path)?;
    for event in &added {
        log.write(event)?;
    }
    log.sync()?;
    added.into_iter().for_each(|event| done.report.state.apply(event));
    Ok(())
}

fn tell(
    args: &GateArgs,
    record: &Record,
    code: ExitCode,
    from: Option<&EnvName>,
    folder: &Path,
) -> Result<(), Failure> {
    let run = folder.display().to_string();
    let view = GateView { record, code, from, run: &run };
    let page = present::gate_markdown(&view);
    let path = folder.join("gate.md");
    present::write_file(&path, &page)?;
    if let Some(badge) = &args.badge {
        present::write_file(badge, &present::gate_badge(&view))?;
    }
    if args.github {
        match std::env::var_os("GITHUB_STEP_SUMMARY") {
            Some(summary) => present::append_file(Path::new(&summary), &page)?,
            None => console::note("no GITHUB_STEP_SUMMARY is set: there is no step summary to write to"),
        }
        console::print(&present::gate_annotations(&view))?;
    }
    console::note(&format!("gate: {} ({})", view.answer(), path.display()));
    Ok(())
}

/// Whether a file is a baseline record rather than the results of a run.
pub(super) fn is_baseline_record(path: &Path) -> bool {
    path.is_file() && fs_err::read(path).is_ok_and(|bytes| is_baseline(&bytes))
}

pub(super) fn read_known(path: &Path) -> Result<Known, Failure> {
    let unreadable = |reason: String| Failure::Record { path: path.to_owned(), reason };
    let bytes = fs_err::read(path).map_err(|error| unreadable(error.to_string()))?;
    read_baseline(&bytes).map_err(|error| unreadable(error.to_string()))
}

/// `shelflife baseline accept`.
pub(super) fn accept(args: &AcceptArgs) -> Result<ExitCode, Failure> {
    let path = load::run_folder(&args.run, &args.reports).join(EVENTS);
    let record = judge::judge(&load::state(&path)?, &JudgeOptions::default());
    if record.run.interrupted {
        console::note("the run was interrupted: only what it tried is taken");
    }
    let mut known = if args.file.is_file() { read_known(&args.file)? } else { Known::default() };
    let changes = known.accept(&record);
    present::write_file(&args.file, write_baseline(&known).as_bytes())?;
    let mut text = String::new();
    for change in &changes {
        let before = change.before.unwrap_or("not recorded");
        text.push_str(&format!("{} in {}: {before} -> {}\n", change.artifact, change.consumer, change.now));
    }
    console::print(&text)?;
    console::note(&match changes.len() {
        0 => format!("{} already says so", args.file.display()),
        1 => format!("1 change in {}: look at it and commit it", args.file.display()),
        count => format!("{count} changes in {}: look at them and commit them", args.file.display()),
    });
    Ok(ExitCode::Done)
}
