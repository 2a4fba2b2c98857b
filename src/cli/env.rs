//! `shelflife env`: the environments in the cache.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;

use super::args::{EnvCommand, MakingArgs, MessageFormat, SelectArgs};
use super::console;
use super::doctor::size;
use super::failure::Failure;
use super::load;
use super::making;
use crate::provision::{CachedEnvironment, ProvisionOptions, Provisioner};
use crate::store::{CacheRoot, LockError};
use crate::vocab::ExitCode;

pub(super) fn env(command: &EnvCommand) -> Result<ExitCode, Failure> {
    let cache = CacheRoot::open(None)?;
    match command {
        EnvCommand::List { message_format } => {
            let environments =
                Provisioner::new(cache, ProvisionOptions::default()).list().map_err(|source| {
                    Failure::Machine { what: "cannot list the environments".to_owned(), source }
                })?;
            console::print(&match message_format {
                MessageFormat::Human => listing(&environments),
                MessageFormat::Json => json(&environments)?,
            })?;
            Ok(ExitCode::Done)
        }
        EnvCommand::Prune { days } => prune(&cache, *days),
        EnvCommand::Prepare { matrix, making } => prepare(&cache, *making, matrix),
    }
}

/// How long somebody else may take to empty the cache.
pub(super) const EMPTYING: Duration = Duration::from_secs(600);

/// A runtime for a command that mostly waits.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    runtime_for(2)
}

/// A runtime with a core for each job, so that no interpreter waits for another one's frames.
pub(super) fn runtime_for(jobs: usize) -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(jobs.max(2))
        .enable_all()
        .build()
        .map_err(|source| Failure::Machine { what: "cannot start the runtime".to_owned(), source })
}

/// For scripts: one array, last used first.
fn json(environments: &[CachedEnvironment]) -> Result<String, Failure> {
    let listed: Vec<_> = environments
        .iter()
        .map(|environment| {
            // A tree is entered, not called into: its interpreter runs with this folder as its root.
            let root = Some(environment.folder.join("root")).filter(|root| root.is_dir());
            let interpreter = match &root {
                Some(root) => root.join("usr").join("bin").join("python3"),
                None => environment.folder.join("bin").join("python"),
            };
            serde_json::json!({
                "folder": environment.folder,
                "root": root,
                "interpreter": interpreter,
                "complete": environment.complete,
                "python": environment.python,
                "scikit_learn": environment.scikit_learn,
                "requirements": environment.requirements,
                "bytes": environment.bytes,
                "last_used": environment.last_used.map(|time| time.to_string()),
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&listed).map_err(|error| Failure::Machine {
        what: "cannot write the list of environments".to_owned(),
        source: error.into(),
    })?;
    text.push('\n');
    Ok(text)
}

fn listing(environments: &[CachedEnvironment]) -> String {
    let mut text = String::new();
    for environment in environments {
        let used =
            environment.last_used.map_or_else(|| "never".to_owned(), |time| time.strftime("%F").to_string());
        let unknown = || "?".to_owned();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "python {:<8} scikit-learn {:<14} {:>9}  used {used}  {}{}",
            environment.python.clone().unwrap_or_else(unknown),
            environment.scikit_learn.clone().unwrap_or_else(unknown),
            size(environment.bytes),
            environment.requirements.join(" "),
            if environment.complete { "" } else { "  (incomplete)" },
        );
    }
    if environments.is_empty() {
        text.push_str("no environment is cached yet: `shelflife run MATRIX` makes what a matrix needs\n");
    }
    text
}

fn prune(cache: &CacheRoot, days: u32) -> Result<ExitCode, Failure> {
    let failed = |source| Failure::Machine { what: "cannot prune the cache".to_owned(), source };
    let provisioner = Provisioner::new(cache.clone(), ProvisionOptions::default());
    let runtime = runtime()?;
    let _unused = runtime.block_on(cache.unused()).map_err(|error| match error {
        LockError::Timeout { .. } => Failure::InUse,
        LockError::Io { .. } => Failure::Lock(error),
    })?;
    let pruned = runtime.block_on(provisioner.prune(days)).map_err(failed)?;
    let before = SystemTime::now().checked_sub(Duration::from_secs(u64::from(days) * 86_400));
    let (objects, bytes) = cache.prune_objects(before.unwrap_or(SystemTime::UNIX_EPOCH)).map_err(failed)?;
    console::note(&format!(
        "removed {} environments ({}) and {objects} artifacts, arrays and observations ({}){}",
        pruned.removed.len(),
        size(pruned.removed.iter().map(|environment| environment.bytes).sum()),
        size(bytes),
        if pruned.wheels { ", and the wheels that only they used" } else { "" },
    ));
    Ok(ExitCode::Done)
}

/// Makes the environments of a matrix side by side, as a run does, and says of each what became of it as soon as that
/// is known.
fn prepare(cache: &CacheRoot, making: MakingArgs, matrix: &std::path::Path) -> Result<ExitCode, Failure> {
    let (_, plan) = load::matrix_and_plan(matrix, &SelectArgs::default())?;
    let provisioner = Arc::new(making::provisioner(cache, making, &plan.environments));
    let mut failed = false;
    let runtime = runtime()?;
    let _in_use = runtime.block_on(cache.in_use(EMPTYING))?;
    runtime.block_on(async {
        let mut preparing = JoinSet::new();
        for spec in plan.environments {
            let provisioner = Arc::clone(&provisioner);
            preparing.spawn(async move {
                let prepared = provisioner.prepare(&spec, &console::note).await;
                (spec, prepared)
            });
        }
        while let Some(joined) = preparing.join_next().await {
            // Nothing aborts these tasks, so only a panic could end one early.
            let (spec, prepared) = match joined {
                Ok(done) => done,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            };
            match prepared {
                Ok(ready) => {
                    let version = ready.lock.packages.get("scikit-learn").map_or("?", String::as_str);
                    console::note(&format!(
                        "{}: Python {}, scikit-learn {version}{}",
                        spec.name,
                        ready.lock.python,
                        if ready.reused { " (cached)" } else { "" }
                    ));
                }
                Err(failure) => {
                    failed = true;
                    console::note(&format!("{}: {failure}", spec.name));
                }
            }
        }
    });
    Ok(if failed { ExitCode::CouldNotJudge } else { ExitCode::Done })
}
