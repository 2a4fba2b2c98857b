//! `shelflife env`: the environments in the cache.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{EnvCommand, MakingArgs};
use super::audience::Audience;
use super::console;
use super::doctor::size;
use super::failure::Failure;
use super::programs;
use crate::app::{Notice, Policy, Removed, Session};
use crate::present::words::plural;
use crate::provision::CachedEnvironment;
use crate::vocab::ExitCode;

pub(super) fn env(command: &EnvCommand) -> Result<ExitCode, Failure> {
    match command {
        EnvCommand::List => list(),
        EnvCommand::Prune { days } => prune(*days),
        EnvCommand::Prepare { matrix, making } => prepare(matrix, *making),
    }
}

fn list() -> Result<ExitCode, Failure> {
    let mut audience = Audience::plain();
    let environments = Session::open(Policy::default(), &mut audience)?.environments()?;
    if console::is_for_programs() {
        programs::document(&environments.iter().map(json).collect::<Vec<_>>())?;
    } else {
        console::print(&listing(&environments))?;
    }
    Ok(ExitCode::Done)
}

fn prune(days: u32) -> Result<ExitCode, Failure> {
    let mut audience = Audience::plain();
    let removed = Session::open(Policy::default(), &mut audience)?.prune(days)?;
    if console::is_for_programs() {
        programs::document(&serde_json::json!({
            "environments": removed.environments,
            "environment_bytes": removed.environment_bytes,
            "objects": removed.objects,
            "object_bytes": removed.object_bytes,
            "wheels": removed.wheels,
        }))?;
    } else {
        console::print(&pruned(&removed))?;
    }
    Ok(ExitCode::Done)
}

fn pruned(removed: &Removed) -> String {
    format!(
        "removed {} ({}) and {} ({}){}\n",
        plural(removed.environments as u64, "environment"),
        size(removed.environment_bytes),
        match removed.objects {
            1 => "1 artifact, array or observation".to_owned(),
            count => format!("{count} artifacts, arrays and observations"),
        },
        size(removed.object_bytes),
        if removed.wheels { ", and the wheels that only they used" } else { "" },
    )
}

fn prepare(matrix: &Path, making: MakingArgs) -> Result<ExitCode, Failure> {
    let policy = Policy { making: making.options(), ..Policy::default() };
    let mut audience = Audience::of_making(prepared);
    let failed = Session::open(policy, &mut audience)?.prepare(matrix)?;
    Ok(if failed > 0 { ExitCode::CouldNotJudge } else { ExitCode::Done })
}

/// What became of an environment that was to be made.
fn prepared(notice: &Notice) -> Option<serde_json::Value> {
    match notice {
        Notice::Prepared { name, python, scikit_learn, reused } => Some(serde_json::json!({
            "name": name,
            "made": true,
            "python": python,
            "scikit_learn": scikit_learn,
            "reused": reused,
        })),
        Notice::NotPrepared { name, failure } => Some(serde_json::json!({
            "name": name,
            "made": false,
            "trouble": failure.trouble(),
            "reason": failure.reason(),
            "remedy": failure.remedy(),
        })),
        Notice::LeftOut(_)
        | Notice::PackagesAdded(_)
        | Notice::PackagesAsked { .. }
        | Notice::PackagesNeeded { .. }
        | Notice::OtherProducer { .. }
        | Notice::Documented { .. }
        | Notice::SetAside { .. }
        | Notice::Retrying { .. }
        | Notice::Unwritten { .. }
        | Notice::PartRefused { .. }
        | Notice::PartReplaced { .. }
        | Notice::NotCarried { .. }
        | Notice::Tried { .. } => None,
    }
}

/// One of the environments, for programs.
fn json(environment: &CachedEnvironment) -> serde_json::Value {
    // A tree is entered, not called into: its interpreter runs with this folder as its root.
    let root = Some(environment.folder.join("root")).filter(|root| root.is_dir());
    let interpreter = match &root {
        Some(root) => root.join("usr").join("bin").join("python3"),
        None => environment.folder.join("bin").join("python"),
    };
    serde_json::json!({
        "folder": programs::path(&environment.folder),
        "root": root.as_deref().map(programs::path),
        "interpreter": programs::path(&interpreter),
        "complete": environment.complete,
        "python": environment.python,
        "scikit_learn": environment.scikit_learn,
        "requirements": environment.requirements,
        "bytes": environment.bytes,
        "last_used": environment.last_used.map(|time| time.to_string()),
    })
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
