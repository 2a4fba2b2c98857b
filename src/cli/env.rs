//! `shelflife env`: the environments in the cache.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{EnvCommand, MakingArgs, MessageFormat};
use super::audience::Audience;
use super::console;
use super::doctor::size;
use super::failure::Failure;
use crate::app::{Policy, Session};
use crate::provision::CachedEnvironment;
use crate::vocab::ExitCode;

pub(super) fn env(command: &EnvCommand) -> Result<ExitCode, Failure> {
    match command {
        EnvCommand::List { message_format } => list(*message_format),
        EnvCommand::Prune { days } => prune(*days),
        EnvCommand::Prepare { matrix, making } => prepare(matrix, *making),
    }
}

fn list(message_format: MessageFormat) -> Result<ExitCode, Failure> {
    let mut audience = Audience::plain();
    let environments = Session::open(Policy::default(), &mut audience)?.environments()?;
    console::print(&match message_format {
        MessageFormat::Human => listing(&environments),
        MessageFormat::Json => json(&environments)?,
    })?;
    Ok(ExitCode::Done)
}

fn prune(days: u32) -> Result<ExitCode, Failure> {
    let mut audience = Audience::plain();
    let removed = Session::open(Policy::default(), &mut audience)?.prune(days)?;
    console::note(&format!(
        "removed {} environments ({}) and {} artifacts, arrays and observations ({}){}",
        removed.environments,
        size(removed.environment_bytes),
        removed.objects,
        size(removed.object_bytes),
        if removed.wheels { ", and the wheels that only they used" } else { "" },
    ));
    Ok(ExitCode::Done)
}

fn prepare(matrix: &Path, making: MakingArgs) -> Result<ExitCode, Failure> {
    let policy = Policy { making: making.options(), ..Policy::default() };
    let mut audience = Audience::plain();
    let failed = Session::open(policy, &mut audience)?.prepare(matrix)?;
    Ok(if failed > 0 { ExitCode::CouldNotJudge } else { ExitCode::Done })
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
    let mut text = serde_json::to_string_pretty(&listed).map_err(|error| Failure::Render(error.into()))?;
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
