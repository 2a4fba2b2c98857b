//! Puts a run together: everybody who takes part, and what they share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::clerk::Clerk;
use super::comparing::Arrays;
use super::comparisons::Comparisons;
use super::crew::Crew;
use super::desk::{Desk, Staff};
use super::dispatcher::Dispatcher;
use super::executor::Shared;
use super::host::Host;
use super::journal::Journal;
use super::keys::Keys;
use super::memory::Memory;
use super::orders::{Orders, handlers};
use super::permits::Permits;
use super::pool::Pool;
use super::reporter::Reporter;
use super::request::{RunError, RunReport, RunRequest};
use super::scheduler::{Policy, Scheduler};
use super::soundness::Soundness;
use super::{external, handover};
use crate::explain;
use crate::matrix::ModelSource;
use crate::plan::Plan;
use crate::store::CacheRoot;
use crate::vocab::Digest;
use crate::worker::{WorkerLimits, agent_digest};

/// Runs a plan on a host, until it is done or `interrupt` completes.
pub(super) async fn conduct<H: Host>(
    request: RunRequest,
    cache: CacheRoot,
    host: H,
    reporter: &mut dyn Reporter,
    interrupt: impl Future<Output = ()>,
) -> Result<RunReport, RunError> {
    let scratch = cache.scratch("run").map_err(RunError::Cache)?;
    let dispatcher = dispatcher(request, &cache, host, scratch.path().to_owned(), reporter)?;
    let report = dispatcher.run(interrupt).await;
    // An unremovable scratch folder is no reason to lose a run; the next prune takes it.
    let _ = scratch.close();
    report
}

fn dispatcher<'a, H: Host>(
    request: RunRequest,
    cache: &CacheRoot,
    host: H,
    scratch: PathBuf,
    reporter: &'a mut dyn Reporter,
) -> Result<Dispatcher<'a, H>, RunError> {
    let RunRequest {
        matrix,
        plan,
        datasets,
        header,
        recorded,
        share,
        written,
        before,
        retry,
        fresh,
        retry_failed,
        jobs,
    } = request;
    let datasets = kept_datasets(cache, &plan, datasets)?;
    let keys = Keys { agent: agent_digest() };
    let limits = WorkerLimits { seconds: matrix.limits.seconds, memory_bytes: matrix.limits.memory_bytes };
    let (sender, messages) = mpsc::unbounded_channel();
    let expressions = plan.models.iter().filter_map(|model| match &model.source {
        ModelSource::Expression(text) => Some((model.name.to_string(), text.clone())),
        ModelSource::Recipe { .. } | ModelSource::File(_) => None,
    });
    let shared = Shared {
        host,
        cache: cache.clone(),
        keys,
        limits,
        permits: Permits::new(jobs),
        sound: Arc::new(Soundness::new(cache.clone())),
        scratch: scratch.clone(),
        expressions: expressions.collect(),
        handlers: handlers(&matrix),
        modules: external::modules(&plan),
        messages: sender.clone(),
    };
    let (arrays, comparing) = (Arrays::new(cache.clone()), Pool::new(jobs, sender.clone()));
    let staff = Staff {
        crew: Crew::new(Arc::clone(&plan), Arc::new(shared)),
        comparisons: Comparisons::new(arrays, Arc::clone(&matrix), comparing),
        reading: Pool::new(jobs, sender),
    };
    let orders = Orders { matrix, plan: Arc::clone(&plan), keys, cache: cache.clone(), datasets, scratch };
    // Of files that were damaged on purpose nothing is asked: what they say explains nothing, and a bomb takes long to
    // read to its end.
    let is_damaged = |artifact| orders.format(artifact).intact.is_some();
    let policy = Policy {
        retry,
        left_alone: (0..plan.artifacts.len() as u32).map(is_damaged).collect(),
        asked: explain::asked().to_owned(),
    };
    let memory = Memory { cache: cache.clone(), fresh, retry_failed, limits };
    let mut journal = Journal::new(recorded, header, reporter)?;
    handover::take_over(&mut journal, written)?;
    let clerk = Clerk::new(orders, memory, journal, before);
    let adopted = handover::adopted(clerk.state(), clerk.orders(), clerk.memory(), &share);
    let mut scheduler = Scheduler::new(plan, share, policy);
    adopted.into_iter().for_each(|it| scheduler.adopt(it));
    let desk = Desk::new(scheduler, clerk, staff, cache.clone());
    Ok(Dispatcher::new(desk, messages))
}

/// Keeps the encoded datasets where environments can read them.
fn kept_datasets(
    cache: &CacheRoot,
    plan: &Plan,
    encoded: std::collections::BTreeMap<String, Vec<u8>>,
) -> Result<HashMap<String, (Digest, String)>, RunError> {
    let mut datasets = HashMap::new();
    for (name, bytes) in encoded {
        let digest = cache.put_object(&bytes).map_err(RunError::Cache)?;
        datasets.insert(name, (digest, cache.object_path(&digest).display().to_string()));
    }
    for model in &plan.models {
        for name in std::iter::once(&model.dataset).chain(&model.inputs) {
            if !datasets.contains_key(name) {
                return Err(RunError::Dataset(name.clone()));
            }
        }
    }
    Ok(datasets)
}
