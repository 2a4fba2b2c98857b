//! `shelflife env`: the environments in the cache.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::args::{EnvCommand, MakingArgs, TRIED_AT_MOST};
use super::audience::Audience;
use super::console;
use super::doctor::size;
use super::env_for;
use super::failure::Failure;
use super::made::{made_line, of_made, shell};
use super::programs;
use crate::app::{EnvForRequest, KEPT, Made, Notice, Policy, Removed, Session};
use crate::present::words::plural;
use crate::process::replace;
use crate::provision::CachedEnvironment;
use crate::vocab::ExitCode;

pub(super) fn env(command: &EnvCommand) -> Result<ExitCode, Failure> {
    match command {
        EnvCommand::List => list(),
        EnvCommand::Prune { days } => prune(*days),
        EnvCommand::Prepare { matrix, making } => prepare(matrix, *making),
        EnvCommand::Make { environments, reading, making } => match reading {
            Some(file) => make_for(file, *making),
            None => make(environments, *making),
        },
        EnvCommand::Path { environment, making } => path(environment, *making),
        EnvCommand::Run { environment, command, making } => run(environment, command, *making),
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

fn make(texts: &[String], making: MakingArgs) -> Result<ExitCode, Failure> {
    tell(&made(texts, making)?, made_line)
}

/// Tells of environments that were made: programs everything, people in these words.
fn tell(made: &[Made], words: impl Fn(&Made) -> String) -> Result<ExitCode, Failure> {
    if console::is_for_programs() {
        programs::document(&made.iter().map(of_made).collect::<Vec<_>>())?;
    } else {
        console::print(&made.iter().map(words).collect::<String>())?;
    }
    Ok(if made.is_empty() { ExitCode::CouldNotJudge } else { ExitCode::Done })
}

fn made(texts: &[String], making: MakingArgs) -> Result<Vec<Made>, Failure> {
    let policy = Policy { making: making.options(), ..Policy::default() };
    let mut audience = Audience::plain();
    Ok(Session::open(policy, &mut audience)?.make_named(texts)?)
}

fn make_for(file: &Path, making: MakingArgs) -> Result<ExitCode, Failure> {
    let policy = Policy {
        making: making.options(),
        keep: Some(KEPT),
        reports: PathBuf::from("reports"),
        ..Policy::default()
    };
    let mut audience = Audience::plain();
    let request = EnvForRequest { file: file.to_owned(), most: usize::from(TRIED_AT_MOST), name: None };
    let found = Session::open(policy, &mut audience)?.environment_for(&request)?;
    if console::is_for_programs() {
        programs::document(&found.made.iter().map(of_made).collect::<Vec<_>>())?;
    } else if let Some(made) = &found.made {
        console::print(&made_line(made))?;
    } else {
        console::warn(&env_for::words(file, &found));
    }
    Ok(env_for::ended(&found))
}

fn path(text: &str, making: MakingArgs) -> Result<ExitCode, Failure> {
    tell(&made(&[text.to_owned()], making)?, |made| format!("{}\n", shell(&made.command)))
}

/// Becomes a command in an environment.
fn run(text: &str, command: &[OsString], making: MakingArgs) -> Result<ExitCode, Failure> {
    let made = made(&[text.to_owned()], making)?;
    let [made] = made.as_slice() else {
        return Ok(ExitCode::CouldNotJudge);
    };
    let Some((program, arguments)) = command.split_first() else { return Ok(ExitCode::Usage) };
    let is_python = ["python", "python3"].iter().any(|name| program == name);
    let words = match (&made.programs, is_python) {
        (_, true) => made.command.iter().map(OsString::from).chain(arguments.iter().cloned()).collect(),
        (Some(folder), false) => {
            let program = in_folder(folder, program).into_os_string();
            std::iter::once(program).chain(arguments.iter().cloned()).collect::<Vec<_>>()
        }
        (None, false) => {
            console::warn("only python can be started there: shelflife env run ENV -- python ...");
            return Ok(ExitCode::Usage);
        }
    };
    let Some((program, arguments)) = words.split_first() else { return Ok(ExitCode::Usage) };
    let path = made.programs.as_ref().and_then(|folder| {
        let others = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(folder.clone()).chain(std::env::split_paths(&others));
        std::env::join_paths(paths).ok()
    });
    let failed = replace(program, arguments, path.map(|path| ("PATH", path)));
    console::warn(&format!("`{}` cannot be started: {failed}", program.display()));
    Ok(ExitCode::Usage)
}

/// A program of an environment, or one that is found elsewhere.
fn in_folder(folder: &Path, program: &OsString) -> PathBuf {
    let own = folder.join(program);
    if own.is_file() { own } else { PathBuf::from(program) }
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
        | Notice::Registry { .. }
        | Notice::PackagesAdded(_)
        | Notice::PackagesAsked { .. }
        | Notice::PackagesNeeded { .. }
        | Notice::OtherInterpreter { .. }
        | Notice::OtherProducer { .. }
        | Notice::Documented { .. }
        | Notice::Foretold { .. }
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
