//! Who does what.

use std::path::{Path, PathBuf};

use super::error::{PlanTrouble, ShardError};
use crate::app::datasets::load_plan;
use crate::app::error::AppError;
use crate::app::known::EVENTS;
use crate::plan::{Plan, Selection};
use crate::present::{ReadEventsError, read_events};
use crate::shard::{Load, Times, Work, assign, digest_of_record};
use crate::store;
use crate::vocab::{Digest, Floors, Runtime, SHARDS_VERSION, ShardPlan, ShardSelection};
use crate::worker::agent_digest;

/// More shards than any engine takes.
const MOST: usize = 10_000;
/// From how many shards that read on it costs less to measure all noise floors once than those in doubt in each of them:
/// about one artifact in three is in doubt somewhere.
const MANY: usize = 4;

/// What is to be shared out.
#[derive(Clone, Debug, Default)]
pub struct ShardPlanRequest {
    /// The matrix file.
    pub matrix: PathBuf,
    /// The part of it to run.
    pub selection: Selection,
    /// How many shards.
    pub into: usize,
    /// An earlier run whose times count; the one of the matrix's name where `None`, if there is one.
    pub times: Option<PathBuf>,
    /// Folder of all runs.
    pub reports: PathBuf,
}

/// Shares the environments of a matrix among shards. Also whether times of an earlier run were at hand.
///
/// # Errors
/// When the matrix is invalid, nothing is selected, or the run whose times are wanted cannot be read.
pub fn plan_shards(request: &ShardPlanRequest) -> Result<(ShardPlan, bool), AppError> {
    if request.into == 0 || request.into > MOST {
        return Err(ShardError::Count(request.into).into());
    }
    let (matrix, plan) = load_plan(&request.matrix, &request.selection)?;
    let times = times(request, &matrix.name)?;
    let read = assign(&reading(&plan, &times), request.into);
    let floors = floors(&plan, &times, read.iter().filter(|work| !work.environments.is_empty()).count());
    let write = assign(&writing(&plan, &times, &floors), request.into);
    let Selection { models, formats, producers, consumers } = request.selection.clone();
    let mut shards = ShardPlan {
        shards_version: SHARDS_VERSION,
        shelflife: env!("CARGO_PKG_VERSION").to_owned(),
        agent: agent_digest(),
        matrix: request.matrix.display().to_string(),
        matrix_digest: digest_of_matrix(&request.matrix)?,
        selection: ShardSelection { models, formats, producers, consumers },
        plan_digest: plan.digest,
        record_digest: digest_of_record(&plan.record(&matrix)),
        artifacts: plan.artifacts.len() as u64,
        cells: plan.cell_count(),
        cell_memory_bytes: matrix.limits.memory_bytes,
        floors,
        write,
        read,
        fingerprint: plan.digest,
    };
    shards.fingerprint = shards.computed_fingerprint();
    Ok((shards, !times.is_empty()))
}

pub(super) fn digest_of_matrix(path: &Path) -> Result<Digest, AppError> {
    let read = store::read_input(path);
    let bytes = read.map_err(|why| AppError::Artifact { path: path.to_owned(), why })?;
    Ok(Digest::of(&bytes))
}

fn times(request: &ShardPlanRequest, name: &str) -> Result<Times, AppError> {
    let (path, is_asked) = match &request.times {
        Some(run) if run.is_file() => (run.clone(), true),
        Some(run) if run.join(EVENTS).is_file() => (run.join(EVENTS), true),
        Some(run) => (request.reports.join(run).join(EVENTS), true),
        None => (request.reports.join(name).join(EVENTS), false),
    };
    let unreadable = |why| AppError::Unreadable { path: path.clone(), why };
    let mut times = Times::default();
    let read = match store::open_input(&path) {
        Ok(file) => read_events(file, |event| times.take_in(&event)),
        Err(error) => Err(error.into()),
    };
    match read {
        Ok(()) => Ok(times),
        Err(ReadEventsError::Io(error)) if is_asked => Err(unreadable(error.into())),
        Err(ReadEventsError::Log(error)) if is_asked => Err(unreadable(error.into())),
        Err(_) => Ok(Times::default()),
    }
}

/// Whose noise floors are measured by whoever writes: those that were needed in an earlier run. Where there was none,
/// everybody's, if there are so many readers that each would measure many of them again.
fn floors(plan: &Plan, times: &Times, readers: usize) -> Floors {
    if times.is_empty() {
        return if readers >= MANY { Floors::All } else { Floors::None };
    }
    let artifacts = 0..plan.artifacts.len() as u32;
    Floors::of(artifacts.filter(|at| times.is_measured(&plan.artifact_id(*at))))
}

/// Those that train. External artifacts exist already, and whoever reads them asks their producer.
fn writing(plan: &Plan, times: &Times, floors: &Floors) -> Vec<Work> {
    works(
        plan,
        |index| {
            let own = (0u32..).zip(&plan.artifacts).filter(|(_, it)| it.producer == index);
            let trained: Vec<(u32, u32)> = own
                .filter(|(_, it)| plan.models[it.model as usize].source.file().is_none())
                .map(|(at, it)| (at, it.model))
                .collect();
            let name = &plan.environments[index as usize].name;
            let measured = trained.iter().filter(|(at, _)| floors.has(*at)).count() as u32;
            let seconds = times.writing(name, trained.len() as u32) + times.measuring(name, measured);
            let mut models: Vec<u32> = trained.iter().map(|(_, model)| *model).collect();
            models.dedup();
            (!trained.is_empty()).then_some(Load { seconds, parts: models.len() as u32 })
        },
        times,
    )
}

/// Those that read.
fn reading(plan: &Plan, times: &Times) -> Vec<Work> {
    works(
        plan,
        |index| {
            if !plan.consumers.contains(&index) {
                return None;
            }
            let cells = plan.artifacts.iter().filter(|it| plan.is_read(**it, index)).count() as u32;
            let seconds = times.reading(&plan.environments[index as usize].name, cells);
            Some(Load { seconds, parts: cells })
        },
        times,
    )
}

fn works(plan: &Plan, load: impl Fn(u32) -> Option<Load>, times: &Times) -> Vec<Work> {
    let environments = (0u32..).zip(&plan.environments);
    let made = environments.filter(|(_, it)| it.runtime.runtime() != Runtime::UnknownProducer);
    let work = |(index, it): (u32, &crate::matrix::EnvironmentSpec)| {
        let creation = times.creation(&it.name, it.runtime.runtime());
        Some(Work { environment: it.name.clone(), creation, load: load(index)? })
    };
    made.filter_map(work).collect()
}

/// The shards in a file, as they were planned.
///
/// # Errors
/// When it cannot be read, or is not as it was written.
pub fn open_shards(path: &Path) -> Result<ShardPlan, AppError> {
    let trouble = |why| ShardError::Plan { path: path.to_owned(), why };
    let bytes = store::read_input(path).map_err(|error| trouble(PlanTrouble::Read(error)))?;
    // Some editors and shells put a mark in front of UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let version = |value: &serde_json::Value| value.get("shards_version")?.as_u64();
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| trouble(PlanTrouble::NoPlan(error.to_string())))?;
    if let Some(newer) = version(&value).filter(|version| *version > u64::from(SHARDS_VERSION)) {
        return Err(trouble(PlanTrouble::Newer(u32::try_from(newer).unwrap_or(u32::MAX))).into());
    }
    let plan: ShardPlan =
        serde_json::from_value(value).map_err(|error| trouble(PlanTrouble::NoPlan(error.to_string())))?;
    if !plan.is_consistent() || plan.computed_fingerprint() != plan.fingerprint {
        return Err(trouble(PlanTrouble::Edited).into());
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Shared;
    use super::*;
    use crate::vocab::{ArtifactId, Event, NoiseSetting};

    fn varied(artifact: ArtifactId) -> Event {
        let (setting, key) = (NoiseSetting::Unchanged, Digest::of(b"k"));
        Event::ReferenceVaried { artifact, setting, key, outputs: Default::default(), reused: false }
    }

    #[test]
    fn floors_that_were_needed_are_measured_by_those_who_write() {
        let plan = Shared::new().plan;
        let times = |events: &[Event]| Times::of(events);
        let none = times(&[]);
        assert_eq!(floors(&plan, &none, MANY - 1), Floors::None);
        assert_eq!(floors(&plan, &none, MANY), Floors::All);
        // What an earlier run has seen is known, also that nobody was in doubt.
        let fixture = Shared::new();
        let mut events = fixture.events(1, crate::vocab::ShardPhase::Read);
        assert_eq!(floors(&plan, &times(&events), MANY), Floors::None);
        let before = writing(&plan, &times(&events), &Floors::None);
        events.extend([1, 2].map(|at| varied(plan.artifact_id(at))));
        let now = floors(&plan, &times(&events), MANY);
        assert_eq!(now, Floors::Of(vec![(1, 2)]));
        // And it takes time.
        let after = writing(&plan, &times(&events), &now);
        assert!(after[0].load.seconds > before[0].load.seconds + 1.0, "{before:?} {after:?}");
    }
}
