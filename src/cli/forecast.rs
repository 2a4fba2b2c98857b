//! `shelflife forecast`: what to expect of artifacts in an environment that need not exist.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

use super::args::{Doubt, ForecastArgs};
use super::console;
use super::explain::fold;
use super::failure::Failure;
use super::programs;
use crate::app::{self, AppError, Disk, Target};
use crate::explain;
use crate::inspect::InspectOptions;
use crate::present::inspection::{plain, runs_on_load};
use crate::present::rule_remedy;
use crate::present::words::{line, quoted};
use crate::vocab::{ExitCode, Expected, Forecast, Foreign, Inspected};

pub(super) fn forecast(args: &ForecastArgs) -> Result<ExitCode, Failure> {
    let target = Target::parse(&args.to, &Disk).map_err(AppError::from)?;
    let mut has_none = false;
    let mut is_judged = false;
    app::inspect(&args.artifacts, InspectOptions::FACTS, |artifact| {
        // What is no artifact is named as what it is: nothing is to be expected of it.
        let foreign = artifact.inspection.foreign;
        has_none |= foreign.is_some() || !artifact.is_sound();
        let forecast = target.forecast(&artifact.inspection);
        is_judged |= foreign.is_none() && args.fail_on.iter().any(|doubt| doubt.is(forecast.expected));
        if console::is_for_programs() {
            return line_of_json(&artifact, foreign, &target.assumed, &forecast);
        }
        let mut text = String::new();
        match foreign {
            Some(foreign) => {
                let _ =
                    writeln!(text, "{}: not an artifact: it is {}", plain(&artifact.path), foreign.what());
                let _ = writeln!(text, "{}", fold("  next: ", foreign.help(), console::terminal_width()));
            }
            None => one(&mut text, &artifact.path, &args.to, &forecast),
        }
        // Whatever is to be expected of it, nobody should try it by hand.
        if let Some(runs) = runs_on_load(&artifact.inspection).filter(|_| foreign.is_none()) {
            let said = format!("it {runs}: `shelflife inspect` says what");
            let _ = writeln!(text, "{}", fold("  ! ", &said, console::terminal_width()));
        }
        if let Some(problem) =
            artifact.inspection.problems.first().filter(|_| foreign.is_none() && !artifact.is_sound())
        {
            let said = format!("at byte {}: {}", problem.offset, line(&problem.what));
            let _ = writeln!(text, "{}", fold("  ! ", &said, console::terminal_width()));
        }
        console::print(&text)
    })?;
    if !target.assumed.is_empty() && !console::is_for_programs() {
        console::print(&format!("\nassumed: {}\n", target.assumed.join(", ")))?;
    }
    Ok(match (is_judged, has_none) {
        (true, _) => ExitCode::Judged,
        (false, true) => ExitCode::InvalidInput,
        (false, false) => ExitCode::Done,
    })
}

impl Doubt {
    fn is(self, expected: Expected) -> bool {
        match expected {
            Expected::Works => false,
            Expected::Breaks => self == Self::Breaks,
            Expected::Drifts => self == Self::Drifts,
            Expected::Unknown => self == Self::Unknown,
        }
    }
}

fn line_of_json(
    artifact: &Inspected,
    foreign: Option<Foreign>,
    assumed: &[String],
    forecast: &Forecast,
) -> Result<(), Failure> {
    let (path, trust) = (&artifact.path, artifact.inspection.trust());
    let json = match foreign {
        Some(foreign) => serde_json::json!({ "artifact": path, "assumed": assumed, "foreign": foreign }),
        None => {
            serde_json::json!({ "artifact": path, "assumed": assumed, "forecast": forecast, "trust": trust })
        }
    };
    programs::object(&json)
}

fn one(text: &mut String, path: &str, to: &[String], forecast: &Forecast) {
    let breaks = forecast.expected == Expected::Breaks;
    let stage = forecast.stage.filter(|_| breaks).map_or_else(String::new, |stage| format!(" ({stage})"));
    let word = format!("{}{stage}", forecast.expected.as_str());
    let width = console::terminal_width();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}: {word}", plain(path));
    if forecast.causes.is_empty() {
        for reason in &forecast.because {
            // It may quote names from the file, and these are whatever somebody wrote there.
            let _ = writeln!(text, "{}", fold("  ", &line(reason), width));
        }
    }
    let command = match to {
        [to] => Some(format!("`shelflife rescue {} --to {} -o rescued/`", quoted(path), quoted(to))),
        // Several of them say something of a machine, too.
        _ => None,
    };
    for rule in forecast.causes.iter().filter_map(|id| explain::find(id)) {
        let _ = writeln!(text, "{}", fold(&format!("  {}: ", rule.id), &rule.title, width));
        let _ = writeln!(text, "{}", fold("    why: ", &rule.cause, width));
        let _ = writeln!(text, "{}", fold("    next: ", &rule_remedy(rule, command.as_deref()), width));
    }
}
