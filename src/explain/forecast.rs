//! What rules say of an environment that no artifact has met yet.

use std::collections::BTreeSet;

use super::cells::holds;
use super::evidence::{evidence, minor_of};
use super::rule::{Case, Rule, fulfilled};
use super::symptom::Side;
use super::{names, rules};
use crate::notation::{Requirement, Version, abridged};
use crate::vocab::{Expected, FileFacts, Forecast, Stage, Verdict};

/// The package that the releases of evidence are named by.
pub(super) const SCIKIT_LEARN: &str = "scikit-learn";
/// The handlers whose files are pickles.
const PICKLES: [&str; 3] = ["pickle", "joblib", "cloudpickle"];
/// Packages that write themselves into no file, and whose names are conditions of the rules that speak of them.
const IN_NAMES: [&str; 6] = ["joblib", "numpy", "pandas", "pyarrow", "python", "scipy"];
/// Names that an answer lists at most.
const MOST_NAMES: usize = 5;

/// What to expect of a file in an environment. Nothing is guessed: where a rule hangs on what is not known, and where
/// nobody has tried what is in the file, the answer is that nobody knows.
pub fn forecast(file: &FileFacts, target: &Side) -> Forecast {
    let mut sure: Vec<(&Rule, &Case)> = Vec::new();
    let mut open: Vec<(&Rule, &Case)> = Vec::new();
    let is_tried = target
        .versions
        .get(SCIKIT_LEARN)
        .is_none_or(|version| minor_of(&version.to_string()).is_some_and(|minor| evidence().is_tried(minor)));
    for rule in rules() {
        let cases = rule.cases.iter().filter(|case| !case.also && case.verdict != Verdict::EnvError);
        let speaks =
            |case: &&Case| if file.is_schema { speaks_of_schemas(case) } else { speaks_of_pickles(case) };
        for case in cases.filter(speaks) {
            match happens(case, file, target) {
                // What the next release does, nobody has measured.
                Some(true) if rule.package == SCIKIT_LEARN && !is_tried => open.push((rule, case)),
                Some(true) => sure.push((rule, case)),
                None => open.push((rule, case)),
                Some(false) => {}
            }
        }
    }
    // Loading goes through the file from front to back, so that of its causes any may be met first.
    if !sure.iter().any(|(_, case)| step(case) == Step::Load)
        && let Some(lacking) = names_that_are_lacking(file, target)
    {
        return lacking;
    }
    if let Some(first) = sure.iter().map(|(_, case)| step(case)).min() {
        let mut causes: Vec<String> = Vec::new();
        for (rule, _) in sure.iter().filter(|(_, case)| step(case) == first) {
            if !causes.iter().any(|known| known == rule.id) {
                causes.push(rule.id.to_owned());
            }
        }
        let stage = sure.iter().filter(|(_, case)| step(case) == first).map(|(_, case)| case.stage).min();
        let expected = if first == Step::Value { Expected::Drifts } else { Expected::Breaks };
        let because = sure
            .iter()
            .filter(|(_, case)| step(case) == first)
            .map(|(rule, _)| rule.title.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        return Forecast { expected, stage, causes, because };
    }
    let mut because: Vec<String> = Vec::new();
    if !file.whole {
        because.push("the file could not be read to its end".to_owned());
        // What it does not show is beyond listing.
        open.clear();
    }
    let open_is_empty = open.is_empty();
    for (rule, case) in open {
        let line = match missing(case, target) {
            _ if !is_tried && rule.package == SCIKIT_LEARN => {
                format!("{} would speak against it, had anybody tried this release", rule.id)
            }
            Some(package) => {
                format!("{} would matter, depending on {package}: say --to {package}==VERSION", rule.id)
            }
            None => match writer(case, file) {
                Some(package) => {
                    format!("{} would matter, depending on the {package} that wrote it", rule.id)
                }
                None => format!("{} would matter if the file holds what this reader cannot see", rule.id),
            },
        };
        if !because.contains(&line) {
            because.push(line);
        }
    }
    if file.is_schema && open_is_empty {
        because.push("how files of skops fare was not measured; no known cause speaks against it".to_owned());
    } else if !file.is_schema {
        because.extend(lack_of_evidence(file, target));
    }
    if because.is_empty() {
        let versions = recorded(file);
        let to = target.versions.get(SCIKIT_LEARN).map(ToString::to_string).unwrap_or_default();
        let from: Vec<_> = versions.iter().map(ToString::to_string).collect();
        return Forecast {
            expected: Expected::Works,
            stage: None,
            causes: Vec::new(),
            because: vec![format!(
                "every one of its {} names was tried from scikit-learn {} to {to} or their minor releases, and no \
                 known cause speaks against it",
                file.globals.len(),
                from.join(", ")
            )],
        };
    }
    Forecast { expected: Expected::Unknown, stage: None, causes: Vec::new(), because }
}

/// Whether any release of the minor of a version of scikit-learn was run.
pub fn is_tried(version: &str) -> bool {
    minor_of(version).is_some_and(|minor| evidence().is_tried(minor))
}

/// What follows where the environment does not have what the file names.
fn names_that_are_lacking(file: &FileFacts, target: &Side) -> Option<Forecast> {
    let version = target.versions.get(SCIKIT_LEARN)?;
    let lacking = names::lacking(file.globals.iter(), version);
    if lacking.is_empty() {
        return None;
    }
    let names = abridged(lacking.iter(), MOST_NAMES);
    Some(Forecast {
        expected: Expected::Breaks,
        stage: Some(Stage::Resolve),
        causes: Vec::new(),
        because: vec![format!("scikit-learn {version} has no {names}")],
    })
}

/// Whether a case can happen to the files that have facts at all: all of them are pickles in one way or another.
pub(super) fn speaks_of_pickles(case: &Case) -> bool {
    case.formats.is_empty() || case.formats.iter().any(|format| PICKLES.contains(&format.as_str()))
}

/// Whether a case can happen to files of skops: what a model predicts does not hang on how it was written, and of
/// loading only those that name the format.
fn speaks_of_schemas(case: &Case) -> bool {
    let is_named = case.formats.iter().any(|format| format == "skops");
    is_named || (case.formats.is_empty() && step(case) != Step::Load)
}

/// In which order things go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Load,
    Predict,
    Value,
}

fn step(case: &Case) -> Step {
    match case.stage {
        Stage::Env | Stage::Load | Stage::Read | Stage::Resolve | Stage::State => Step::Load,
        Stage::Predict => Step::Predict,
        Stage::Value => Step::Value,
    }
}

/// Whether a case happens to a file in an environment; `None` where that is not known.
fn happens(case: &Case, file: &FileFacts, target: &Side) -> Option<bool> {
    let bits = || differ(case.across_bits, file.bits, target.bits);
    let order = || differ(case.across_byte_order, file.byte_order, target.byte_order);
    // The cheapest first: most cases speak of other releases.
    let parts: [&dyn Fn() -> Option<bool>; 5] = [
        &|| fulfilled(&case.consumer, &target.versions),
        &bits,
        &order,
        &|| holds(&case.file, file),
        &|| written_by(case, file),
    ];
    let mut known = if case.hidden { None } else { Some(true) };
    for part in parts {
        match part() {
            Some(true) => {}
            Some(false) => return Some(false),
            None => known = None,
        }
    }
    known
}

/// Whether two machines differ, where that is asked.
fn differ<T: PartialEq>(asked: bool, own: Option<T>, other: Option<T>) -> Option<bool> {
    if !asked {
        return Some(true);
    }
    Some(own? != other?)
}

/// Whether the file is by a producer that the case speaks of. A file records the version of scikit-learn by class, and a
/// booster its own in its bytes.
fn written_by(case: &Case, file: &FileFacts) -> Option<bool> {
    let packages: BTreeSet<&str> =
        case.producer.iter().map(|requirement| requirement.package.as_str()).collect();
    let mut known = Some(true);
    for package in packages {
        let versions = match package {
            SCIKIT_LEARN => concerned(case, file),
            other => released(file, other),
        };
        let fits = |version: &Version| {
            let mut wanted = case.producer.iter().filter(|requirement| requirement.package == package);
            wanted.all(|requirement| requirement.specifiers.matches(version))
        };
        if versions.is_empty() {
            if package == SCIKIT_LEARN || !shows_in(case, package) {
                known = None;
            }
        } else if !versions.iter().any(fits) {
            return Some(false);
        }
    }
    known
}

/// Whether what a case asks of the file says of itself which releases of a package wrote it, so that a file which records
/// none is spoken of too.
fn shows_in(case: &Case, package: &str) -> bool {
    let condition = &case.file;
    // What wrote arrays, tables and code shows in the names that loading imports.
    IN_NAMES.contains(&package)
        || !(condition.has.is_empty() && condition.lacks.is_empty() && condition.parameters.is_empty())
        || condition.globals.iter().any(|name| name.contains([':', '.']))
}

/// The releases of a package that the file records.
fn released(file: &FileFacts, package: &str) -> Vec<Version> {
    let texts = file.releases.get(package).into_iter().flatten();
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// The versions that the classes record of which a case speaks; those of the whole file where it names none.
fn concerned(case: &Case, file: &FileFacts) -> Vec<Version> {
    let condition = &case.file;
    let of = |text: &String| text.rsplit_once('.').map(|(class, _)| class.to_owned());
    let named: BTreeSet<String> = condition
        .classes
        .iter()
        .cloned()
        .chain(condition.lacks.iter().chain(&condition.has).chain(condition.parameters.keys()).filter_map(of))
        .chain(condition.globals.iter().filter_map(|name| Some(name.rsplit_once(':')?.1.to_owned())))
        .collect();
    let versions: Vec<Version> = named
        .iter()
        .filter_map(|class| file.objects.get(class))
        .flat_map(|object| &object.versions)
        .filter_map(|text| text.parse().ok())
        .collect();
    if versions.is_empty() { recorded(file) } else { versions }
}

/// Every version of scikit-learn that the file records, without repetition.
pub(super) fn recorded(file: &FileFacts) -> Vec<Version> {
    let texts: BTreeSet<&String> = file.objects.values().flat_map(|object| &object.versions).collect();
    texts.into_iter().filter_map(|text| text.parse().ok()).collect()
}

/// The first package whose version in the environment an answer hangs on.
fn missing<'c>(case: &'c Case, target: &Side) -> Option<&'c str> {
    let unknown = |requirement: &&Requirement| !target.versions.contains_key(&requirement.package);
    case.consumer.iter().find(unknown).map(|requirement| requirement.package.as_str())
}

/// The package on whose release an answer hangs, where the file does not say which of its releases wrote it.
fn writer<'c>(case: &'c Case, file: &FileFacts) -> Option<&'c str> {
    let packages = case.producer.iter().map(|requirement| requirement.package.as_str());
    packages
        .filter(|package| *package != SCIKIT_LEARN && !case.hidden)
        .find(|package| released(file, package).is_empty() && !shows_in(case, package))
}

/// Why "works" would rest on nothing.
fn lack_of_evidence(file: &FileFacts, target: &Side) -> Vec<String> {
    let Some(to) = target.versions.get(SCIKIT_LEARN).map(ToString::to_string) else {
        return vec!["the environment has no scikit-learn: say --to scikit-learn==VERSION".to_owned()];
    };
    let versions = recorded(file);
    if versions.is_empty() {
        return vec!["the file records no version of scikit-learn".to_owned()];
    }
    let bits = target.bits.unwrap_or(64);
    let mut lacks = Vec::new();
    let Some(to_minor) = minor_of(&to) else { return vec![format!("{to} is not a release")] };
    if evidence().environments(to_minor, bits).next().is_none() {
        return vec![format!("no files have been tried in scikit-learn {to_minor} on {bits}-bit")];
    }
    for from in versions.iter().map(ToString::to_string) {
        let Some(from_minor) = minor_of(&from) else { continue };
        let untried = evidence().untried(file, from_minor, target);
        if !untried.is_empty() {
            let names = abridged(untried.iter(), MOST_NAMES);
            lacks.push(format!(
                "files of scikit-learn {from_minor} with {names} were not seen to work in {to_minor} on {bits}-bit with \
                 these packages"
            ));
        }
    }
    lacks
}
