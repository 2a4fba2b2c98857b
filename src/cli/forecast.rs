//! `shelflife forecast`: what to expect of artifacts in an environment that need not exist.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

use super::args::{Doubt, ForecastArgs};
use super::audience::Audience;
use super::console;
use super::explain::fold;
use super::failure::Failure;
use super::programs;
use crate::app::{self, AppError, Disk, LOOK, Policy, ReleaseError, ReleaseSource, Session, Target};
use crate::explain;
use crate::present::inspection::{plain, runs_on_load};
use crate::present::rule_remedy;
use crate::present::words::{line, quoted};
use crate::provision::ProvisionOptions;
use crate::vocab::{ExitCode, Expected, Forecast, Foreign, Inspected};

pub(super) fn forecast(args: &ForecastArgs) -> Result<ExitCode, Failure> {
    let words: Vec<&str> = args.to.iter().flat_map(|text| text.split([',', ' '])).collect();
    if let Some(path) = words.iter().find(|word| ReleaseSource::is_release_file(word)) {
        return by_release(args, path);
    }
    let target = Target::parse(&args.to, &Disk).map_err(AppError::from)?;
    match target.release() {
        Some((version, is_tried)) if args.from_release || !is_tried => {
            match by_release(args, &format!("scikit-learn=={version}")) {
                // What is known without the release is said all the same.
                Err(Failure::App(error @ AppError::Release(ReleaseError::NotHad { .. })))
                    if !args.from_release =>
                {
                    console::warn(&error.to_string());
                }
                other => return other,
            }
        }
        // Of another package than scikit-learn one release can be read at a time.
        None if args.from_release => match words.as_slice() {
            [release] => return by_release(args, release),
            _ => return Err(AppError::from(ReleaseError::NotNamed(args.to.join(" "))).into()),
        },
        Some(_) | None => {}
    }
    by_evidence(args, &target)
}

/// What the release itself says.
fn by_release(args: &ForecastArgs, release: &str) -> Result<ExitCode, Failure> {
    let source = ReleaseSource::parse(release)
        .ok_or_else(|| AppError::from(ReleaseError::NotNamed(release.to_owned())))?;
    let making = ProvisionOptions { offline: args.offline, ..ProvisionOptions::default() };
    let mut audience = Audience::plain();
    let session = Session::open(Policy { making, ..Policy::default() }, &mut audience)?;
    let mut releases = session.releases();
    let target = releases.of(&source)?;
    if !console::is_for_programs() {
        let what = format!("read out of {} {}; nothing of it was run\n\n", target.project, target.version);
        console::print(&what)?;
    }
    tell(args, &[], |artifact| releases.forecast(artifact, &target))
}

fn by_evidence(args: &ForecastArgs, target: &Target) -> Result<ExitCode, Failure> {
    let code = tell(args, &target.assumed, |artifact| target.forecast(&artifact.inspection))?;
    if !target.assumed.is_empty() && !console::is_for_programs() {
        console::print(&format!("\nassumed: {}\n", target.assumed.join(", ")))?;
    }
    Ok(code)
}

/// Tells of each file what is expected of it.
fn tell(
    args: &ForecastArgs,
    assumed: &[String],
    mut expected_of: impl FnMut(&Inspected) -> Forecast,
) -> Result<ExitCode, Failure> {
    let mut has_none = false;
    let mut is_judged = false;
    app::inspect(&args.artifacts, LOOK, |artifact| {
        // What is no artifact is named as what it is: nothing is to be expected of it.
        let foreign = artifact.inspection.foreign;
        has_none |= foreign.is_some() || !artifact.is_sound();
        let forecast = expected_of(&artifact);
        is_judged |= foreign.is_none() && args.fail_on.iter().any(|doubt| doubt.is(forecast.expected));
        if console::is_for_programs() {
            return line_of_json(&artifact, foreign, assumed, &forecast);
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
            Expected::Risk => self == Self::Risk,
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
    // What says something of a machine names no environment that can be made here.
    let is_machine = |to: &str| to.contains("arch=") || to.contains("bits=");
    let command = match to {
        [to] if !is_machine(to) => {
            Some(format!("`shelflife rescue {} --to {} -o rescued/`", quoted(path), quoted(to)))
        }
        // Several of them say something of a machine, too.
        _ => None,
    };
    for rule in forecast.causes.iter().filter_map(|id| explain::find(id)) {
        let _ = writeln!(text, "{}", fold(&format!("  {}: ", rule.id), &rule.title, width));
        let _ = writeln!(text, "{}", fold("    why: ", &rule.cause, width));
        let _ = writeln!(text, "{}", fold("    next: ", &rule_remedy(rule, command.as_deref()), width));
    }
}
