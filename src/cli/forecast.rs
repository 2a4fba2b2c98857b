//! `shelflife forecast`: what to expect of artifacts in an environment that need not exist.

use std::fmt::Write as _;
use std::path::Path;

use super::args::{ForecastArgs, MessageFormat};
use super::console;
use super::explain::fold;
use super::failure::Failure;
use crate::app::{AppError, Disk, Target};
use crate::explain;
use crate::present::words::line;
use crate::vocab::{ExitCode, Expected, Forecast};

pub(super) fn forecast(args: &ForecastArgs) -> Result<ExitCode, Failure> {
    let target = Target::parse(&args.to, &Disk).map_err(AppError::from)?;
    let mut answers = Vec::new();
    for path in &args.artifacts {
        answers.push((path, target.forecast(path)?));
    }
    if args.message_format == MessageFormat::Json {
        let values: Vec<_> = answers
            .iter()
            .map(|(path, forecast)| {
                let artifact = path.display().to_string();
                serde_json::json!({ "artifact": artifact, "assumed": target.assumed, "forecast": forecast })
            })
            .collect();
        let json = serde_json::to_string_pretty(&values).map_err(|error| Failure::Render(error.into()))?;
        console::print(&format!("{json}\n"))?;
        return Ok(ExitCode::Done);
    }
    let mut text = String::new();
    for (path, forecast) in &answers {
        one(&mut text, path, forecast);
    }
    if !target.assumed.is_empty() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "\nassumed: {}", target.assumed.join(", "));
    }
    console::print(&text)?;
    Ok(ExitCode::Done)
}

fn one(text: &mut String, path: &Path, forecast: &Forecast) {
    let breaks = forecast.expected == Expected::Breaks;
    let stage = forecast.stage.filter(|_| breaks).map_or_else(String::new, |stage| format!(" ({stage})"));
    let word = format!("{}{stage}", forecast.expected.as_str());
    let width = console::terminal_width();
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{}: {word}", path.display());
    if forecast.causes.is_empty() {
        for reason in &forecast.because {
            // It may quote names from the file, and these are whatever somebody wrote there.
            let _ = writeln!(text, "{}", fold("  ", &line(reason), width));
        }
    }
    for rule in forecast.causes.iter().filter_map(|id| explain::find(id)) {
        let _ = writeln!(text, "{}", fold(&format!("  {}: ", rule.id), &rule.title, width));
        let _ = writeln!(text, "{}", fold("    why: ", &rule.cause, width));
        let _ = writeln!(text, "{}", fold("    next: ", &rule.remedy, width));
    }
}
