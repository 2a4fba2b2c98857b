//! `shelflife forecast`: what to expect of artifacts in an environment that need not exist.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::args::{ForecastArgs, MessageFormat};
use super::console;
use super::explain::fold;
use super::failure::Failure;
use crate::explain::{self, Side, evidence};
use crate::inspect::{InspectOptions, inspect};
use crate::notation::{Version, package_name};
use crate::present::words::line;
use crate::vocab::{ByteOrder, ExitCode, Expected, Forecast};

/// Pointer widths by the names of machines that anybody serves models on.
const ARCHITECTURES: [(&str, u8); 10] = [
    ("x86_64", 64),
    ("amd64", 64),
    ("aarch64", 64),
    ("arm64", 64),
    ("ppc64le", 64),
    ("s390x", 64),
    ("i386", 32),
    ("i686", 32),
    ("armhf", 32),
    ("armv7l", 32),
];

/// The one among them whose most significant byte comes first.
const BIG_ENDIAN: &str = "s390x";

pub(super) fn forecast(args: &ForecastArgs) -> Result<ExitCode, Failure> {
    let (target, assumed) = target(&args.to)?;
    let mut answers = Vec::new();
    for path in &args.artifacts {
        answers.push((path, expected(path, &target)?));
    }
    if args.message_format == MessageFormat::Json {
        let values: Vec<_> = answers
            .iter()
            .map(|(path, forecast)| {
                serde_json::json!({ "artifact": path.display().to_string(), "assumed": assumed, "forecast": forecast })
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
    if !assumed.is_empty() {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "\nassumed: {}", assumed.join(", "));
    }
    console::print(&text)?;
    Ok(ExitCode::Done)
}

fn expected(path: &Path, target: &Side) -> Result<Forecast, Failure> {
    let unreadable = |reason: String| Failure::Artifact { path: path.to_owned(), reason };
    let file = fs_err::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    if !file.metadata().is_ok_and(|data| data.is_file()) {
        return Err(unreadable("it is no file".to_owned()));
    }
    let inspection = inspect(file, InspectOptions::FACTS);
    Ok(explain::facts_of(&inspection).map_or_else(
        || Forecast {
            expected: Expected::Unknown,
            stage: None,
            causes: Vec::new(),
            because: vec!["no pickle or joblib file: rules speak of these only".to_owned()],
        },
        |facts| explain::forecast(&facts, target),
    ))
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

/// The environment that was asked for, and what was assumed of it: packages that were not named are those of an
/// environment that was tried with the same minor release of scikit-learn.
fn target(texts: &[String]) -> Result<(Side, Vec<String>), Failure> {
    let mut versions: BTreeMap<String, Version> = BTreeMap::new();
    let (mut bits, mut order) = (None, ByteOrder::Little);
    for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()) {
        let wrong = |what: String, help: &str| Failure::Usage { what, help: help.to_owned() };
        let (name, value) = text.split_once("==").or_else(|| text.split_once('=')).ok_or_else(|| {
            wrong(format!("`{text}` says no version"), "write scikit-learn==1.7.2,python==3.13,arch=i386")
        })?;
        if name == "arch" {
            order = if value == BIG_ENDIAN { ByteOrder::Big } else { ByteOrder::Little };
            let found = ARCHITECTURES.iter().find(|(known, _)| *known == value);
            bits = Some(found.map(|(_, bits)| *bits).ok_or_else(|| {
                let names: Vec<_> = ARCHITECTURES.iter().map(|(name, _)| *name).collect();
                wrong(
                    format!("the architecture `{value}` is not known"),
                    &format!("use one of {}", names.join(", ")),
                )
            })?);
            continue;
        }
        let name = package_name(name).map_err(|error| wrong(error.message, &error.help))?;
        let version = value.parse::<Version>().map_err(|error| wrong(error.message, &error.help))?;
        if versions.insert(name.clone(), version).is_some() {
            return Err(wrong(format!("`{name}` is named twice"), "name each package once"));
        }
    }
    let mut assumed = Vec::new();
    if bits.is_none() {
        assumed.push("64 bit".to_owned());
    }
    let bits = bits.unwrap_or(64);
    let minor =
        versions.get("scikit-learn").map(|version| format!("{}.{}", version.part(0), version.part(1)));
    if let Some(like) = minor.and_then(|minor| evidence().like(&minor, bits)) {
        for (name, version) in like.side().versions {
            versions.entry(name).or_insert_with_key(|name| {
                assumed.push(format!("{name} {version}"));
                version
            });
        }
    }
    Ok((Side { versions, bits: Some(bits), byte_order: Some(order) }, assumed))
}
