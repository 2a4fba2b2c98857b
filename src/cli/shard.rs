//! `shelflife shard`: who does what of a run, and the jobs of engines that do it; and `shelflife run --shard`.

use std::path::Path;

use super::args::{RunArgs, ShardCommand, ShardPlanArgs, ShardRenderArgs};
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::programs;
use crate::app::{
    AppError, Session, ShardError, ShardOutcome, ShardPlanRequest, ShardRunRequest, open_shards, plan_shards,
};
use crate::present::{self, ENGINES, EngineJobs, shards_text};
use crate::vocab::{ExitCode, ShardPhase};

pub(super) fn shard(command: &ShardCommand) -> Result<ExitCode, Failure> {
    match command {
        ShardCommand::Plan(args) => plan(args),
        ShardCommand::Render(args) => render(args),
    }
}

fn plan(args: &ShardPlanArgs) -> Result<ExitCode, Failure> {
    let request = ShardPlanRequest {
        matrix: args.matrix.clone(),
        selection: args.select.selection(),
        into: args.into,
        times: args.times.clone(),
        reports: args.reports.clone(),
    };
    let (plan, has_times) = plan_shards(&request)?;
    let text = serde_json::to_string_pretty(&plan).map_err(|error| Failure::Render(error.into()))?;
    let is_printed = args.output.as_os_str() == "-";
    if !is_printed {
        present::write_file(&args.output, format!("{text}\n").as_bytes())?;
    }
    if is_printed || console::is_for_programs() {
        console::print(&format!("{text}\n"))?;
    } else {
        console::print(&shards_text(&plan, has_times))?;
    }
    if !is_printed {
        console::note(&format!("wrote {}", args.output.display()));
    }
    Ok(ExitCode::Done)
}

fn render(args: &ShardRenderArgs) -> Result<ExitCode, Failure> {
    let plan = open_shards(&args.shards)?;
    let Some(engine) = ENGINES.iter().find(|engine| engine.name == args.engine()) else {
        return Err(Failure::Usage {
            what: format!("there is no engine `{}`", args.engine()),
            help: "name one with --slurm, --kubernetes, --github or --gitlab".to_owned(),
        });
    };
    if plan.count() > engine.most {
        let (shards, most) = (plan.count(), engine.most);
        return Err(AppError::from(ShardError::TooMany { engine: engine.name, most, shards }).into());
    }
    let shards = args.shards.to_string_lossy();
    let text = (engine.render)(&EngineJobs { plan: &plan, shards: &shards, image: &args.image });
    match &args.output {
        Some(path) if path.as_os_str() != "-" => {
            present::write_file(path, text.as_bytes())?;
            console::note(&format!("wrote {}", path.display()));
        }
        Some(_) | None if console::is_for_programs() => {
            programs::document(&serde_json::json!({ "engine": engine.name, "text": text }))?;
        }
        Some(_) | None => console::print(&text)?,
    }
    Ok(ExitCode::Done)
}

/// Does one shard.
pub(super) fn run(args: &RunArgs, shards: &Path) -> Result<ExitCode, Failure> {
    // clap asks for all three together.
    let (Some(of), Some(phase)) = (args.shard.shard, args.shard.phase) else {
        return Err(Failure::Usage {
            what: "a shard needs --shard and --phase".to_owned(),
            help: "for example --shard 3/8 --phase write".to_owned(),
        });
    };
    let request = ShardRunRequest {
        shards: shards.to_owned(),
        matrix: args.matrix.clone(),
        shard: (of.shard, of.of),
        phase: phase.into(),
        parts: args.shard.parts.clone(),
        fail_on: args.fail_on.clone(),
        baseline: args.baseline.clone(),
    };
    let mut audience = Audience::of_a_run();
    let outcome = Session::open(args.running.policy(None), &mut audience)?.run_shard(&request)?;
    tell(&outcome)
}

fn tell(outcome: &ShardOutcome) -> Result<ExitCode, Failure> {
    let code = outcome.exit_code();
    let part = &outcome.part;
    if console::is_for_programs() {
        programs::answer(&serde_json::json!({
            "part": part.name(),
            "shard": part.shard,
            "of": part.plan.count(),
            "phase": part.phase,
            "folder": programs::path(&outcome.folder),
            "finished": outcome.is_sealed,
            "artifacts": outcome.artifacts,
            "executed": outcome.executed,
            "reused": outcome.reused,
            "unwritten": outcome.unwritten,
            "cells": outcome.record.cells.iter().map(programs::cell).collect::<Vec<_>>(),
            "exit_code": code as u8,
        }))?;
    }
    console::note(&present::shard_line(
        part,
        outcome.artifacts,
        &outcome.record.cells,
        (outcome.executed, outcome.reused),
    ));
    let next = match part.phase {
        _ if !outcome.is_sealed => "it is not at its end; the same command goes on".to_owned(),
        ShardPhase::Write => {
            format!("left in {}; when all have written, run --phase read", outcome.folder.display())
        }
        ShardPhase::Read => format!(
            "left in {}; when all have read, run `shelflife merge {} -o reports/NAME`",
            outcome.folder.display(),
            outcome.folder.parent().unwrap_or(&outcome.folder).display()
        ),
    };
    console::note(&next);
    Ok(code)
}
