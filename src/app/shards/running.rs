//! One shard in one phase.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::error::ShardError;
use super::part::{self, folders_in};
use super::planning::{digest_of_matrix, open_shards};
use crate::app::datasets::load_matrix;
use crate::app::error::AppError;
use crate::app::known::{EVENTS, open};
use crate::app::listener::Notice;
use crate::app::session::{Job, Session};
use crate::judge::{self, JudgeOptions};
use crate::plan::Selection;
use crate::present::SinkError;
use crate::run::{Counts, Share, Written};
use crate::shard::{PartRefusal, digest_of_record};
use crate::store;
use crate::vocab::{
    Event, ExitCode, PartHeader, Record, ShardPhase, ShardPlan, ShardSelection, Verdict, part_name,
};
use crate::worker::agent_digest;

/// Which shard, and what it is judged by.
#[derive(Clone, Debug)]
pub struct ShardRunRequest {
    /// The file with the shards.
    pub shards: PathBuf,
    /// The matrix, where it is elsewhere than when it was planned.
    pub matrix: Option<PathBuf>,
    /// Which shard, counted from 1, and of how many.
    pub shard: (u32, u32),
    /// Which half of it.
    pub phase: ShardPhase,
    /// Folder of all parts.
    pub parts: PathBuf,
    /// Verdicts that are regressions wherever no expectation covers them.
    pub fail_on: Vec<Verdict>,
    /// What is known: see [`crate::app::open`].
    pub baseline: Option<PathBuf>,
}

/// What a shard came to.
#[derive(Clone, Debug)]
pub struct ShardOutcome {
    /// Its folder.
    pub folder: PathBuf,
    /// Which it is.
    pub part: PartHeader,
    /// The run, with the cells of this shard alone.
    pub record: Record,
    /// Artifacts that it wrote or read.
    pub artifacts: u64,
    /// What was executed, and what was known.
    pub executed: u64,
    /// What was known.
    pub reused: u64,
    /// Whether it came to its end, and nothing is missing.
    pub is_sealed: bool,
    /// Parts that write and are not there, so that what they should have written could not be read.
    pub unwritten: Vec<String>,
}

impl ShardOutcome {
    /// How the command ends. A shard with nothing to do is done.
    pub fn exit_code(&self) -> ExitCode {
        if self.record.run.interrupted {
            return ExitCode::Interrupted;
        }
        let code = match self.part.phase {
            ShardPhase::Write if self.part.slices().is_empty() || self.artifacts > 0 => ExitCode::Done,
            ShardPhase::Write => ExitCode::CouldNotJudge,
            ShardPhase::Read if self.record.cells.is_empty() => ExitCode::Done,
            ShardPhase::Read => judge::exit_code(&self.record),
        };
        if code == ExitCode::Done && !self.unwritten.is_empty() { ExitCode::CouldNotJudge } else { code }
    }
}

impl Session<'_> {
    /// Does one shard in one phase, and leaves its part in a folder.
    ///
    /// # Errors
    /// When it cannot be started, or not recorded. What artifacts and environments do is no error.
    pub fn run_shard(&mut self, request: &ShardRunRequest) -> Result<ShardOutcome, AppError> {
        let shards = open_shards(&request.shards)?;
        let part = part_of(shards, request)?;
        let known = request.baseline.as_ref().map(|given| open(given, &self.policy.reports)).transpose()?;
        let mut job = self.shard_job(&part, request)?;
        let folder = request.parts.join(part.name());
        store::create_folder(&folder).map_err(refused(&folder))?;
        // Two machines have caches of their own, and may share this folder.
        let lock = request.parts.join(format!(".{}.lock", part.name()));
        let _lock = store::try_lock_file(&lock)?.ok_or_else(|| ShardError::Busy(folder.clone()))?;
        self.make_way(&folder, &part)?;
        part::unseal(&folder).map_err(refused(&folder))?;
        let mut unwritten = Vec::new();
        if part.phase == ShardPhase::Read {
            let (written, sources, missing) = self.what_is_written(&part, &request.parts);
            (job.written, unwritten) = (written, missing);
            self.read_through(sources);
        }
        let share = job.share.clone();
        let executed = self.execute(job)?;
        let left_out = executed.carry(&self.cache, &folder).map_err(refused(&folder))?;
        if left_out > 0 {
            self.listener.notice(Notice::NotCarried { objects: left_out });
        }
        // Whoever merges is to know that something is missing.
        let is_sealed = !executed.is_interrupted() && left_out == 0 && unwritten.is_empty();
        if is_sealed {
            part::seal(&folder, &part).map_err(refused(&folder))?;
        }
        let judging = JudgeOptions {
            fail_on: request.fail_on.clone(),
            baseline: known.map(|known| known.baseline()),
            forecast: false,
        };
        let state = executed.state();
        let mut record = judge::judge(state, &judging);
        let artifacts = keep_own(&mut record, &share, state, &part);
        let Counts { executed, reused, .. } = executed.counts();
        Ok(ShardOutcome { folder, part, record, artifacts, executed, reused, is_sealed, unwritten })
    }

    /// What stands in the folder of a part and cannot be gone on with is removed: it is of another plan, or damaged, and the
    /// cache knows what was seen. A run that is none of ours is left alone.
    fn make_way(&mut self, folder: &Path, part: &PartHeader) -> Result<(), AppError> {
        let record = folder.join(EVENTS);
        if !record.exists() {
            return Ok(());
        }
        let why = match part::peek(folder) {
            Ok(known) => {
                let of = |part: &PartHeader| (part.plan.fingerprint, part.shard, part.phase);
                if of(&known.part) == of(part) {
                    return Ok(());
                }
                PartRefusal::Stale
            }
            Err(why @ PartRefusal::WholeRun) => {
                return Err(ShardError::Refused(vec![(folder.to_owned(), why)]).into());
            }
            Err(why) => why,
        };
        self.listener.notice(Notice::PartReplaced { folder: folder.to_owned(), why });
        store::remove_file(&record).map_err(refused(&record))
    }

    /// The whole plan, of which this shard does its share.
    fn shard_job(&mut self, part: &PartHeader, request: &ShardRunRequest) -> Result<Job, AppError> {
        let path = request.matrix.clone().unwrap_or_else(|| PathBuf::from(&part.plan.matrix));
        if digest_of_matrix(&path)? != part.plan.matrix_digest {
            return Err(ShardError::MatrixChanged(path).into());
        }
        let matrix = load_matrix(&path)?;
        let ShardSelection { models, formats, producers, consumers } = part.plan.selection.clone();
        let selection = Selection { models, formats, producers, consumers };
        let record_of = |job: &Job| digest_of_record(&job.header(1).plan);
        let mut job = Job::new(matrix, &selection, part.name(), &request.parts)?;
        if job.plan().digest != part.plan.plan_digest || record_of(&job) != part.plan.record_digest {
            return Err(ShardError::MatrixChanged(path).into());
        }
        let share = Share::of(part.phase, part.slices(), job.plan());
        job.share = share.measuring(part.plan.floors.clone());
        job.part = Some(part.clone());
        // As it was named when it was planned: the same on every machine.
        job.source = Some(part.plan.matrix.clone());
        Ok(job)
    }

    /// What the parts that write have recorded, where their objects are, and which of them are not there.
    fn what_is_written(&mut self, own: &PartHeader, parts: &Path) -> (Written, Vec<PathBuf>, Vec<String>) {
        let (mut written, mut sources) = (Written::default(), Vec::new());
        let shards = (1u32..).zip(&own.plan.write).filter(|(_, work)| !work.environments.is_empty());
        let mut missing: BTreeSet<u32> = shards.map(|(shard, _)| shard).collect();
        for folder in folders_in(parts) {
            // Others that read are none of our business, nor what is no part.
            let Ok(peeked) = part::peek(&folder) else { continue };
            if peeked.part.phase != ShardPhase::Write {
                continue;
            }
            let mut events = Vec::new();
            let is_wanted = |event: &Event| {
                !matches!(event, Event::RunStarted(_) | Event::RunResumed { .. } | Event::RunFinished { .. })
            };
            let keep = |event: &Event| events.extend(is_wanted(event).then(|| event.clone()));
            match part::open(&folder, own, keep) {
                Ok(source) if source.is_sealed => {
                    missing.remove(&source.part.shard);
                    written.0.append(&mut events);
                    sources.push(folder);
                }
                // It is named as missing.
                Ok(_) => {}
                Err(why) => self.listener.notice(Notice::PartRefused { folder, why }),
            }
        }
        let missing: Vec<String> =
            missing.into_iter().map(|shard| part_name(shard, ShardPhase::Write)).collect();
        if !missing.is_empty() {
            self.listener.notice(Notice::Unwritten { parts: missing.clone() });
        }
        (written, sources, missing)
    }
}

fn refused(path: &Path) -> impl FnOnce(std::io::Error) -> AppError {
    let path = path.to_owned();
    move |source| AppError::Sink(SinkError::Write { path, source })
}

fn part_of(shards: ShardPlan, request: &ShardRunRequest) -> Result<PartHeader, AppError> {
    let (own, planned) = (env!("CARGO_PKG_VERSION"), shards.shelflife.clone());
    if planned != own || shards.agent != agent_digest() {
        return Err(ShardError::OtherVersion { planned, own: own.to_owned() }.into());
    }
    let (shard, of) = request.shard;
    let phase = request.phase;
    if of as usize != shards.count() || shards.work(shard, phase).is_none() {
        return Err(ShardError::NoSuchShard { shard, of, planned: shards.count() }.into());
    }
    Ok(PartHeader { shard, phase, plan: shards })
}

/// Leaves the cells of a shard in a record, and counts the artifacts that it wrote or read.
fn keep_own(record: &mut Record, share: &Share, state: &crate::state::RunState, part: &PartHeader) -> u64 {
    let mut own = Vec::new();
    for (index, _) in (0u32..).zip(state.artifacts()) {
        for facts in state.cells_of(index as usize) {
            own.push(share.reads(index, facts.consumer_index as u32));
        }
    }
    let mut own = own.into_iter();
    record.cells.retain(|_| own.next().unwrap_or_default());
    match part.phase {
        ShardPhase::Write => {
            let names: BTreeSet<_> = part.slices().iter().map(|slice| &slice.environment).collect();
            let written = state.artifacts().iter().filter(|it| names.contains(&it.id.producer));
            written.filter(|it| it.made.is_some() || it.absence.is_some()).count() as u64
        }
        ShardPhase::Read => {
            record.cells.iter().map(|cell| &cell.artifact).collect::<BTreeSet<_>>().len() as u64
        }
    }
}
