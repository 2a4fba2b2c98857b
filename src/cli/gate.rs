//! `shelflife gate`: may we move? And `shelflife baseline`: what is known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{AcceptArgs, GateArgs, SelectArgs};
use super::check;
use super::console;
use super::environments;
use super::failure::Failure;
use super::load::{self, EVENTS};
use super::run::{self, Wanted};
use crate::judge::{self, Baseline, JudgeOptions, Known, is_baseline, read_baseline, write_baseline};
use crate::matrix::Matrix;
use crate::plan::{self, Selection};
use crate::present::{self, GateView};
use crate::run::Regressions;
use crate::state::RunState;
use crate::vocab::{ArtifactId, CellRecord, EnvName, ExitCode, Record, Status, Verdict};

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
    let wanted = Wanted { matrix, plan, datasets, name, running: &running };
    let judge = Arc::new(Judge { from, earlier, known });
    let retry = (!args.no_retry).then(|| judge.clone().retry());
    let done = run::execute_retrying(wanted, retry)?;
    let judging = judge.options(&done.report.state);
    let (record, code) = run::finish(&running, &judging, &done)?;
    tell(args, &record, code, judge.from.as_ref(), &done.folder)?;
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

/// What a gate judges by.
struct Judge {
    /// The environment that artifacts are moved away from: what they do there is what they are held to.
    from: Option<EnvName>,
    /// An earlier run.
    earlier: Option<Baseline>,
    /// What somebody has accepted.
    known: Option<Known>,
}

impl Judge {
    fn options(&self, state: &RunState) -> JudgeOptions {
        let base = match &self.from {
            Some(from) => {
                let record = judge::judge(state, &JudgeOptions::default());
                Some(Baseline::of_environment(&record, from))
            }
            None => self.earlier.clone(),
        };
        let baseline = match (base, &self.known) {
            (base, Some(known)) => Some(base.unwrap_or_default().accepting(known)),
            (base, None) => base,
        };
        // A cell that no baseline knows has nothing to be compared with, and must not pass by failing.
        let fail_on = if baseline.is_none() { Verdict::FAILURES.to_vec() } else { Vec::new() };
        JudgeOptions { fail_on, baseline, forecast: false }
    }

    /// Names what would be a regression and was not tried again yet: what works then is flaky.
    fn retry(self: Arc<Self>) -> Regressions {
        Box::new(move |state| {
            let record = judge::judge(state, &self.options(state));
            let is_bad = |cell: &&CellRecord| cell.status.is_some_and(Status::is_bad) && cell.verdict.fails();
            let bad =
                record.cells.iter().filter(is_bad).map(|cell| (cell.artifact_id(), cell.consumer.clone()));
            let is_new = |(artifact, consumer): &(ArtifactId, EnvName)| {
                state.cell(artifact, consumer).is_some_and(|cell| !cell.is_retried())
            };
            bad.filter(is_new).collect()
        })
    }
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
