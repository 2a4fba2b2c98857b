//! Parts become one run.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::error::ShardError;
use super::part::{self, Peeked, folders_in};
use crate::app::error::AppError;
use crate::app::known::{EVENTS, open};
use crate::app::listener::{Aside, Notice};
use crate::app::naming::{lock_run, run_name};
use crate::app::outcome::Outcome;
use crate::app::session::{KEPT, Session};
use crate::judge::{self, JudgeOptions};
use crate::present::{self, RecordFile, SinkError};
use crate::run::Counts;
use crate::shard::{Merger, PartRefusal, Told, fingerprint_of_most};
use crate::state::RunState;
use crate::store::{self, LockError, LockGuard};
use crate::vocab::{ExitCode, PartHeader, Verdict};

/// What is merged, and where to.
#[derive(Clone, Debug, Default)]
pub struct MergeRequest {
    /// Folders of parts, or folders of these.
    pub parts: Vec<PathBuf>,
    /// The folder of the run that they come to.
    pub output: PathBuf,
    /// Verdicts that are regressions wherever no expectation covers them.
    pub fail_on: Vec<Verdict>,
    /// What is known: see [`crate::app::open`].
    pub baseline: Option<PathBuf>,
}

/// A merged run.
#[derive(Debug)]
pub struct Merged {
    /// The run, judged, with its reports.
    pub outcome: Outcome,
    /// What is worth knowing about its parts.
    pub told: Told,
    /// How many parts there were.
    pub parts: usize,
    /// The matrix file, as its shards name it.
    pub matrix: String,
}

impl Merged {
    /// How the command ends: what is missing could not be judged.
    pub fn exit_code(&self) -> ExitCode {
        if self.told.is_complete() {
            return self.outcome.exit_code();
        }
        let mut record = self.outcome.record.clone();
        record.run.interrupted = false;
        match judge::exit_code(&record) {
            ExitCode::Done | ExitCode::NothingSelected => ExitCode::CouldNotJudge,
            other => other,
        }
    }
}

impl Session<'_> {
    /// Merges parts into the record of one run, and writes its reports.
    ///
    /// # Errors
    /// When a part is not whole or not of the same run as the others: then nothing is written. When the run cannot be
    /// written.
    pub fn merge(&mut self, request: &MergeRequest) -> Result<Merged, AppError> {
        let started = Instant::now();
        let known = request.baseline.as_ref().map(|given| open(given, &self.policy.reports)).transpose()?;
        let (name, folder) = place(&request.output)?;
        let (parts, first) = peeked(&request.parts)?;
        // What stands in the folder of a run may be moved aside.
        if parts.iter().any(|part| is_within(&part.folder, &folder)) {
            return Err(ShardError::Output(folder).into());
        }
        let _lock =
            self.runtime.block_on(lock_run(&self.cache, &folder, &name)).map_err(|error| match error {
                AppError::Busy(_) => ShardError::FolderBusy(folder.clone()).into(),
                other => other,
            })?;
        let _beside = lock_beside(&folder, &name)?;
        let mut record = RecordFile::begin(&folder)?;
        let merged = merged(&name, &parts, &first, &mut record);
        let (state, told) = match merged {
            Ok(merged) => merged,
            Err(error) => {
                record.abandon();
                return Err(error);
            }
        };
        self.make_room(&folder)?;
        record.finish(EVENTS)?;
        let judging = JudgeOptions {
            fail_on: request.fail_on.clone(),
            baseline: known.map(|known| known.baseline()),
            forecast: false,
        };
        let counts = state.finish().map_or_else(Counts::default, |finish| Counts {
            executed: finish.executed,
            reused: finish.reused,
            known_failures: 0,
        });
        let outcome = Outcome::of(folder, &state, &judging, counts, started)?;
        Ok(Merged { outcome, told, parts: parts.len(), matrix: first.plan.matrix.clone() })
    }

    /// What stands in the folder already is kept beside it: somebody may have gone on with it.
    fn make_room(&mut self, folder: &Path) -> Result<(), AppError> {
        if !folder.join(EVENTS).exists() {
            return Ok(());
        }
        let mark = jiff::Timestamp::now().to_string();
        let aside = present::set_aside(folder, &mark)?;
        present::forget_aside(folder, KEPT);
        self.listener.notice(Notice::SetAside { folder: aside, why: Aside::MergedAgain, kept: Some(KEPT) });
        Ok(())
    }
}

/// Locks the folder of a run for the machines that share it: each has a cache of its own.
fn lock_beside(folder: &Path, name: &str) -> Result<LockGuard, AppError> {
    let parent = std::path::absolute(folder).ok().and_then(|path| Some(path.parent()?.to_owned()));
    let parent = parent.unwrap_or_default();
    let refused = |path: PathBuf, source| AppError::Sink(SinkError::Write { path, source });
    store::create_folder(&parent).map_err(|source| refused(parent.clone(), source))?;
    let lock = store::try_lock_file(&parent.join(format!(".{name}.lock"))).map_err(|error| match error {
        LockError::Io { path, source } => refused(path, source),
        other => other.into(),
    })?;
    lock.ok_or_else(|| ShardError::FolderBusy(folder.to_owned()).into())
}

/// The name of a run and its folder.
fn place(output: &Path) -> Result<(String, PathBuf), AppError> {
    let absolute = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
    let is_file = absolute.is_file();
    match name {
        Some(name) if !is_file && !is_within(Path::new("."), &absolute) => {
            Ok((run_name(Some(&name), &name)?, output.to_owned()))
        }
        _ => Err(ShardError::Output(output.to_owned()).into()),
    }
}

/// Whether a place is a folder, or somewhere below it.
fn is_within(place: &Path, folder: &Path) -> bool {
    match (fs_err::canonicalize(place), fs_err::canonicalize(folder)) {
        (Ok(place), Ok(folder)) => place.starts_with(folder),
        _ => false,
    }
}

/// The parts in the order in which they are merged, and the one that says what all belong to.
pub(super) fn peeked(given: &[PathBuf]) -> Result<(Vec<Peeked>, PartHeader), AppError> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in given.iter().flat_map(|given| folders_in(given)) {
        let same = |known: &PathBuf| {
            known == &folder
                || matches!((fs_err::canonicalize(known), fs_err::canonicalize(&folder)), (Ok(a), Ok(b)) if a == b)
        };
        if !folders.iter().any(same) {
            folders.push(folder);
        }
    }
    let (mut parts, mut refused) = (Vec::new(), Vec::new());
    for folder in folders {
        match part::peek(&folder) {
            Ok(peeked) => parts.push(peeked),
            Err(why) => refused.push((folder, why)),
        }
    }
    let most = fingerprint_of_most(parts.iter().map(|it| it.part.plan.fingerprint));
    let first = parts.iter().find(|it| Some(it.part.plan.fingerprint) == most).map(|it| it.part.clone());
    match first {
        // Nothing is merged without those that are refused; the others are looked at all the same, so that one go tells all.
        Some(first) if refused.is_empty() => {
            parts.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.digest().cmp(&b.digest())));
            Ok((parts, first))
        }
        Some(first) => {
            let opened = parts
                .iter()
                .filter_map(|it| Some((it.folder.clone(), part::open(&it.folder, &first, |_| {}).err()?)));
            refused.extend(opened);
            Err(ShardError::Refused(refused).into())
        }
        None if refused.is_empty() => Err(ShardError::NoParts.into()),
        None => Err(ShardError::Refused(refused).into()),
    }
}

/// Those that write come first; of a part that was done twice, the one that began first.
fn order(part: &Peeked) -> (crate::vocab::ShardPhase, u32, &str) {
    (part.part.phase, part.part.shard, &part.header.time)
}

/// The record of parts that belong together. Where one does not, all that do not are named.
pub(super) fn merged(
    name: &str,
    parts: &[Peeked],
    first: &PartHeader,
    record: &mut RecordFile,
) -> Result<(RunState, Told), AppError> {
    let mut failed = None;
    let headers: Vec<_> = parts
        .iter()
        .filter(|it| it.part.plan.fingerprint == first.plan.fingerprint)
        .map(|it| &it.header)
        .collect();
    let mut sink = |event: &crate::vocab::Event| {
        record.write(event).map_err(|error| {
            failed = Some(error);
            std::io::Error::other("the record cannot be written")
        })
    };
    let mut refused: Vec<(PathBuf, PartRefusal)> = Vec::new();
    let mut run = || -> std::io::Result<Option<(RunState, Told)>> {
        let Some(mut merger) = Merger::begin(name, &headers, first, &mut sink)? else { return Ok(None) };
        for it in parts {
            let taken = match part::open(&it.folder, first, |_| {}) {
                Ok(source) => merger.add(source, &mut sink)?,
                Err(why) => Err(why),
            };
            if let Err(why) = taken {
                refused.push((it.folder.clone(), why));
            }
        }
        merger.finish(&mut sink).map(Some)
    };
    let merged = run();
    if let Some(error) = failed {
        return Err(AppError::Sink(error));
    }
    match merged {
        _ if !refused.is_empty() => Err(ShardError::Refused(refused).into()),
        Ok(Some(merged)) => Ok(merged),
        Ok(None) | Err(_) => Err(ShardError::NoParts.into()),
    }
}
