//! `shelflife requires`: which releases read a file.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

use super::args::RequiresArgs;
use super::audience::Audience;
use super::console;
use super::explain::fold;
use super::failure::Failure;
use super::programs;
use super::project::{self, OfProject};
use crate::app::{self, Border, KEPT, RequiredFile, RequiresRequest, Session};
use crate::explain::{Reading, Required, Span};
use crate::present::inspection::plain;
use crate::present::words::{join, line, plural};
use crate::present::{REQUIREMENT_FILES, requirement_line, trouble};
use crate::vocab::{ExitCode, Expected};

pub(super) fn requires(args: &RequiresArgs) -> Result<ExitCode, Failure> {
    let OfProject { files, reports, .. } = project::files(args.files.request())?;
    let request = RequiresRequest {
        files,
        // Clap lets nothing else through.
        bits: if args.bits == "32" { 32 } else { 64 },
        tried: args.tried,
        name: args.running.run.clone(),
    };
    let files = if args.tried {
        let mut audience = Audience::of_a_run();
        let mut policy = args.running.policy(Some(KEPT));
        if let Some(reports) = reports.filter(|_| args.running.reports.is_none()) {
            policy.reports = reports;
        }
        Session::open(policy, &mut audience)?.requires(&request)?
    } else {
        app::required(&request)?
    };
    let common = common(&files);
    let code = ended(&files, args.kind.is_some() && common.is_empty());
    if console::is_for_programs() {
        let value = json(&files, &common, code);
        if args.tried {
            programs::answer(&value)?
        } else {
            programs::object(&value)?
        }
        return Ok(code);
    }
    match REQUIREMENT_FILES.iter().find(|kind| Some(kind.name) == args.kind.as_deref()) {
        Some(_) if common.is_empty() => console::warn(&without_common(&files)),
        Some(kind) => console::print(&(kind.render)(&common))?,
        None => {
            let mut text = String::new();
            for file in &files {
                one(&mut text, file);
            }
            console::print(&text)?;
        }
    }
    Ok(code)
}

fn ended(files: &[RequiredFile], has_none_in_common: bool) -> ExitCode {
    if files.iter().any(|file| file.foreign.is_some() || file.problem.is_some()) {
        ExitCode::InvalidInput
    } else if files.iter().any(|file| file.span().is_none()) {
        ExitCode::CouldNotJudge
    } else if has_none_in_common {
        ExitCode::Judged
    } else {
        ExitCode::Done
    }
}

/// What all files need together; empty where there is no such range, or nothing is known of one of them.
fn common(files: &[RequiredFile]) -> Vec<(String, Span)> {
    let mut common: Vec<(String, Span)> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let spans = file.spans();
        if file.span().is_none() {
            return Vec::new();
        }
        if index == 0 {
            common = spans;
            continue;
        }
        for (package, span) in spans {
            match common.iter_mut().find(|(known, _)| *known == package) {
                None => common.push((package, span)),
                Some((_, known)) => match known.and(&span) {
                    Some(both) => *known = both,
                    None => return Vec::new(),
                },
            }
        }
    }
    common
}

fn without_common(files: &[RequiredFile]) -> String {
    let mut text = String::from("no release is known that reads all of these files:\n");
    for file in files {
        let range = file.span().map_or_else(
            || "nothing is known".to_owned(),
            |span| format!("scikit-learn{}", span.specifier()),
        );
        let _ = writeln!(text, "  {}: {range}", plain(&file.path));
    }
    text.push_str("next: rescue those of one side, or serve them in environments of their own");
    text
}

fn one(text: &mut String, file: &RequiredFile) {
    let width = console::terminal_width();
    let path = plain(&file.path);
    if let Some(foreign) = file.foreign {
        let _ = writeln!(text, "{path}: not an artifact: it is {}", foreign.what());
        let _ = writeln!(text, "{}", fold("  next: ", foreign.help(), width));
        return;
    }
    let damage = |text: &mut String| {
        if let Some(problem) = &file.problem {
            let _ = writeln!(text, "{}", fold("  ! ", &line(problem), width));
        }
    };
    let Some(required) = &file.required else {
        let _ = writeln!(text, "{path}: unknown");
        if file.problem.is_some() {
            return damage(text);
        }
        let says = "what is known speaks of pickle, joblib and skops files only; a native format of another library says itself \
                    who reads it: shelflife inspect";
        let _ = writeln!(text, "{}", fold("  ", says, width));
        return;
    };
    let written: Vec<String> = required.written.iter().map(ToString::to_string).collect();
    let spans = file.spans();
    if file.span().is_none() {
        let _ = writeln!(text, "{path}: unknown");
        let _ = writeln!(text, "{}", fold("  ", &why_unknown(required, &trying(file, "FILE")), width));
        return damage(text);
    }
    let _ = writeln!(text, "{path}: {}", requirement_line(&spans));
    let rests = if file.borders.is_some() { "tried with this file" } else { "known, not tried" };
    let _ = writeln!(text, "  written by scikit-learn {}; {rests}", join(written.iter()));
    let (lower, upper) = match &file.borders {
        Some(borders) => (tried(&borders.lower), tried(&borders.upper)),
        None => (known(required, &spans, |span| span.below.as_ref()), {
            known(required, &spans, |span| span.above.as_ref())
        }),
    };
    for (head, said) in [("  below: ", lower), ("  above: ", upper)] {
        if let Some(said) = said {
            let _ = writeln!(text, "{}", fold(head, &said, width));
        }
    }
    damage(text);
    if file.borders.is_none() {
        let next = format!("{}   tries the borders with this file", trying(file, &path));
        let _ = writeln!(text, "  next:  {next}");
    }
}

/// The command that tries a file.
fn trying(file: &RequiredFile, path: &str) -> String {
    let inputs = if file.brings_inputs() { "" } else { " --inputs X.csv" };
    format!("shelflife requires {path} --try{inputs}")
}

/// What the release next to the range does, as it was tried.
fn tried(border: &Border) -> Option<String> {
    let (release, cell) = border.outside.as_ref()?;
    Some(format!("{release}: {}: {}", cell.verdict, line(&trouble(cell))))
}

/// What the release next to the range does, as far as it is known.
fn known<'s>(
    required: &Required,
    spans: &'s [(String, Span)],
    side: impl Fn(&'s Span) -> Option<&'s crate::notation::Version>,
) -> Option<String> {
    let release = side(&spans.first()?.1)?;
    let reading = required.readings.iter().find(|reading| reading.release == *release)?;
    Some(format!("{release}: {}", said_of(reading)))
}

fn said_of(reading: &Reading) -> String {
    let forecast = &reading.forecast;
    let because = line(forecast.because.first().map_or("", String::as_str)).into_owned();
    let causes = if forecast.causes.is_empty() {
        String::new()
    } else {
        format!(" (shelflife explain {})", forecast.causes.join(", "))
    };
    format!("{}: {because}{causes}", forecast.expected.as_str())
}

fn why_unknown(required: &Required, trying: &str) -> String {
    let Some(written) = required.written.last() else {
        return "the file records no version of scikit-learn; shelflife check FILE --load-only --on scikit-learn==VERSION tries \
                one"
            .to_owned();
    };
    let own = required.readings.iter().find(|reading| reading.release == *written);
    match own {
        Some(reading) if reading.forecast.expected == Expected::Unknown => {
            let reasons: Vec<&str> = reading.forecast.because.iter().map(String::as_str).collect();
            format!(
                "of scikit-learn {written}, which wrote it, nothing is known: {}; {trying} tries it",
                line(&reasons.join("; "))
            )
        }
        Some(reading) => format!("scikit-learn {written} wrote it, and there it is: {}", said_of(reading)),
        None => {
            let count = plural(required.readings.len() as u64, "release");
            format!("scikit-learn {written} wrote it, which is none of the {count} that were looked at")
        }
    }
}

fn json(files: &[RequiredFile], common: &[(String, Span)], code: ExitCode) -> serde_json::Value {
    let ranges = |spans: &[(String, Span)]| -> serde_json::Value {
        let entry = |(package, span): &(String, Span)| (package.clone(), span.specifier());
        serde_json::Value::Object(spans.iter().map(entry).map(|(name, text)| (name, text.into())).collect())
    };
    let border = |border: &Border| {
        serde_json::json!({
            "inside": border.inside.to_string(),
            "outside": border.outside.as_ref().map(|(release, cell)| {
                serde_json::json!({ "release": release.to_string(), "cell": programs::cell(cell) })
            }),
        })
    };
    let one = |file: &RequiredFile| {
        serde_json::json!({
            "artifact": file.path,
            "foreign": file.foreign,
            "written": file.required.iter().flat_map(|it| &it.written).map(ToString::to_string).collect::<Vec<_>>(),
            "requires": ranges(&file.spans()),
            "tried": file.borders.as_ref().map(|it| {
                serde_json::json!({ "lower": border(&it.lower), "upper": border(&it.upper) })
            }),
            "releases": file.required.iter().flat_map(|it| &it.readings).map(|reading| {
                serde_json::json!({ "release": reading.release.to_string(), "forecast": reading.forecast })
            }).collect::<Vec<_>>(),
        })
    };
    serde_json::json!({
        "artifacts": files.iter().map(one).collect::<Vec<_>>(),
        "requires": ranges(common),
        "exit_code": code as u8,
    })
}
