//! `shelflife gate`: may we move?

use std::path::Path;

use super::args::GateArgs;
use super::audience::Audience;
use super::console;
use super::failure::Failure;
use super::outcome;
use super::programs;
use crate::app::{self, AppError, Disk, GateRequest, Gated, KEPT, RequestError, Session};
use crate::present;
use crate::project::Settings;
use crate::vocab::ExitCode;

pub(super) fn gate(args: &GateArgs) -> Result<ExitCode, Failure> {
    let settings = if args.no_config { None } else { app::settings(args.config.as_deref())? };
    let request = completed(request(args), settings.as_ref())?;
    let mut policy = args.running.policy(Some(KEPT));
    if let Some(settings) = settings.filter(|_| args.running.reports.is_none()) {
        policy.reports = app::reports_of(&settings);
    }
    let mut audience = Audience::of_a_run();
    let gated = Session::open(policy, &mut audience)?.gate(&request)?;
    let code = gated.outcome.exit_code();
    if console::is_for_programs() {
        programs::answer(&answer(&gated, code))?;
    } else {
        outcome::table(&gated.outcome)?;
    }
    outcome::summary(&gated.outcome);
    tell(args, &gated)?;
    Ok(code)
}

fn request(args: &GateArgs) -> GateRequest {
    GateRequest {
        files: args.files.request(),
        from: args.from.clone(),
        to: args.to.clone(),
        head: args.head.clone(),
        baseline: args.baseline.clone(),
        fail_on: args.fail_on.clone(),
        retry: !args.no_retry,
        rescue: args.rescue,
        probe: args.probe,
        name: args.running.run.clone(),
    }
}

/// What was typed, completed by the settings of the project.
fn completed(typed: GateRequest, settings: Option<&Settings>) -> Result<GateRequest, Failure> {
    let request = match settings {
        Some(settings) => {
            let (request, taken) = typed.completed(settings, &Disk);
            if !taken.is_empty() {
                console::note(&format!("from `{}`: {}", settings.path.display(), taken.join(", ")));
            }
            request
        }
        None => typed,
    };
    if request.files.artifacts.is_empty() {
        let path = settings.map(|settings| settings.path.clone());
        return Err(AppError::from(RequestError::NothingNamed(path)).into());
    }
    Ok(request)
}

/// What a judged run came to, with what a gate says of it.
fn answer(gated: &Gated, code: ExitCode) -> serde_json::Value {
    let view = gated.view();
    let mut answer = programs::judged(&gated.outcome, code);
    answer["says"] = view.answer().into();
    answer["from"] = serde_json::json!(gated.from);
    answer["page"] = programs::path(&gated.page.0).into();
    answer["rescues"] = serde_json::json!(view.rescues);
    answer
}

fn tell(args: &GateArgs, gated: &Gated) -> Result<(), Failure> {
    let view = gated.view();
    let (path, page) = &gated.page;
    if let Some(badge) = &args.badge {
        present::write_file(badge, &present::gate_badge(&view))?;
    }
    if args.github {
        match std::env::var_os("GITHUB_STEP_SUMMARY") {
            Some(summary) => present::append_file(Path::new(&summary), page)?,
            None => console::warn("no GITHUB_STEP_SUMMARY is set: there is no step summary to write to"),
        }
        let annotations = present::gate_annotations(&view);
        // GitHub reads annotations from both streams.
        if console::is_for_programs() {
            console::warn(annotations.trim_end());
        } else {
            console::print(&annotations)?;
        }
    }
    console::warn(&format!("gate: {} ({})", view.answer(), path.display()));
    Ok(())
}
