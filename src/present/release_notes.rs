//! The section about saved models that the release notes of a library need: what the newest release of a run still reads, what it
//! does not, and what to do.

use std::collections::{BTreeMap, BTreeSet};
// Writing to a `String` cannot fail.
use std::fmt::Write as _;
use std::io;

use super::error::RenderError;
use super::finding_text::rule_remedy;
use super::markup;
use super::view::View;
use super::words::{Group, join, plural};
use crate::explain;
use crate::notation::Version;
use crate::vocab::{CellRecord, EnvironmentRecord, ModelName, Verdict};

/// Lines at most, so that it is a section and not a report.
const MOST_LINES: usize = 60;
/// Lines that are no causes: heading, introduction, table without its rows, and what is left out.
const OTHER_LINES: usize = 16;
/// Estimators that are named of a cause.
const MOST_MODELS: usize = 6;
/// The package where the matrix names none.
const SCIKIT_LEARN: &str = "scikit-learn";

/// The section as Markdown.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn io::Write) -> Result<(), RenderError> {
    Ok(out.write_all(section(view).as_bytes())?)
}

fn section(view: &View<'_>) -> String {
    let record = view.record;
    let package = record.matrix.package.as_deref().unwrap_or(SCIKIT_LEARN);
    let mut text = String::from("### Saved models\n\n");
    let newest = record
        .environments
        .iter()
        .filter(|environment| environment.consumer && !environment.is_broken())
        .filter_map(|environment| Some((version(environment, package)?, environment)))
        .max_by(|(one, _), (other, _)| one.cmp(other));
    let Some((newest, _)) = newest else {
        let _ = writeln!(text, "No environment with {package} has read any model in this run.");
        return text;
    };
    let of = |name: &crate::vocab::EnvName| {
        let environment = record.environments.iter().find(|environment| environment.name == *name)?;
        version(environment, package)
    };
    let mut rows: BTreeMap<Version, Vec<&CellRecord>> = BTreeMap::new();
    for cell in &record.cells {
        let (Some(from), Some(to)) = (of(&cell.producer), of(&cell.consumer)) else { continue };
        let says_something = cell.verdict.works() || cell.verdict.fails();
        if to == newest && from != newest && says_something {
            rows.entry(from).or_default().push(cell);
        }
    }
    if rows.is_empty() {
        let _ = writeln!(
            text,
            "Nothing that another release of {package} has saved was read with {newest} in this run."
        );
        return text;
    }
    let models: BTreeSet<_> = rows.values().flatten().map(|cell| &cell.model).collect();
    let day = record.run.started.split('T').next().unwrap_or_default();
    let _ = writeln!(
        text,
        "What {package} {newest} makes of files that earlier releases have saved, tried with {} on {day}:\n",
        plural(models.len() as u64, "model")
    );
    let _ = writeln!(text, "| saved with | files | work | predict something else, silently | fail |");
    let _ = writeln!(text, "| --- | --- | --- | --- | --- |");
    // Rows of the oldest are left out where there are too many.
    let shown = rows.len().min(MOST_LINES / 3);
    for (from, cells) in rows.iter().skip(rows.len() - shown) {
        let count = |group: Group| cells.iter().filter(|cell| Group::of(cell.verdict) == group).count();
        let _ = writeln!(
            text,
            "| {from} | {} | {} | {} | {} |",
            cells.len(),
            count(Group::Works),
            count(Group::Silent),
            count(Group::Fails)
        );
    }
    text.push('\n');
    causes(&mut text, &rows, &record.matrix.models, MOST_LINES - OTHER_LINES - shown);
    text
}

/// What a cause has hit.
#[derive(Default)]
struct Hit<'r> {
    releases: BTreeSet<&'r Version>,
    estimators: BTreeSet<&'r str>,
    files: usize,
}

/// What does not work, by cause, and what to do.
fn causes(
    text: &mut String,
    rows: &BTreeMap<Version, Vec<&CellRecord>>,
    names: &BTreeMap<ModelName, String>,
    most: usize,
) {
    let mut found: BTreeMap<(Option<&str>, Verdict), Hit<'_>> = BTreeMap::new();
    for (from, cells) in rows {
        for cell in cells.iter().filter(|cell| cell.verdict.fails()) {
            let hit = found.entry((cell.rule.as_deref(), cell.verdict)).or_default();
            hit.releases.insert(from);
            hit.estimators.insert(named(names, cell));
            hit.files += 1;
        }
    }
    if found.is_empty() {
        text.push_str("All of them work: identical, or equal within numerical roundoff.\n");
        return;
    }
    text.push_str("What does not work, and what to do:\n\n");
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|((_, verdict), hit)| (Group::of(*verdict), std::cmp::Reverse(hit.files)));
    let left_out = found.len().saturating_sub(most);
    for ((rule, verdict), Hit { releases, estimators, files }) in found.into_iter().take(most) {
        let rule = rule.and_then(explain::find);
        let title = rule.map_or_else(|| "No known cause".to_owned(), |rule| rule.title.clone());
        let remedy = rule.map_or_else(
            || "Load it with the release that saved it.".to_owned(),
            |rule| rule_remedy(rule, None),
        );
        let named: Vec<String> =
            estimators.iter().take(MOST_MODELS).map(|model| markup::code(model)).collect();
        let rest = estimators.len().saturating_sub(MOST_MODELS);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        let (first, last) = (releases.first(), releases.last());
        let span = match (first, last) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
            (Some(first), _) => first.to_string(),
            (None, _) => String::new(),
        };
        let _ = writeln!(
            text,
            "- **{}** ({verdict}, {} saved with {span}: {}{rest}). {}",
            markup::spans(&title),
            plural(files as u64, "file"),
            join(named.iter()),
            markup::spans(&remedy)
        );
    }
    if left_out > 0 {
        let _ = writeln!(text, "- and {} in report.md", plural(left_out as u64, "further cause"));
    }
}

/// The class that the expression of a model makes, which readers of notes know; else the name of the model.
fn named<'r>(names: &'r BTreeMap<ModelName, String>, cell: &'r CellRecord) -> &'r str {
    let called =
        names.get(&cell.model).and_then(|expression| expression.split_once('(')).map(|(name, _)| name);
    let is_class =
        |name: &&str| name.starts_with(char::is_uppercase) && name.chars().all(char::is_alphanumeric);
    called.filter(is_class).unwrap_or(cell.model.as_str())
}

fn version(environment: &EnvironmentRecord, package: &str) -> Option<Version> {
    environment.packages.get(package)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_a_section_however_much_fails() {
        let version = |minor| Version::release(&[1, minor]);
        let cell = |at: usize| {
            let mut value = serde_json::json!({
                "artifact": "m/pickle/a", "model": format!("m{at}"), "format": "pickle", "producer": "a", "consumer": "b",
                "verdict": "load-error", "stage": "state", "reached": "started", "reused": false,
            });
            let rules = explain::rules();
            value["rule"] = rules[at % rules.len()].id.into();
            value["cause"] = serde_json::to_value(crate::vocab::Cause::None).unwrap_or_default();
            serde_json::from_value::<CellRecord>(value)
        };
        let cells: Vec<CellRecord> = (0..150).filter_map(|at| cell(at).ok()).collect();
        assert_eq!(cells.len(), 150);
        let rows =
            BTreeMap::from([(version(2), cells.iter().collect()), (version(3), cells.iter().collect())]);
        let mut text = String::new();
        causes(&mut text, &rows, &BTreeMap::new(), 30);
        assert!(text.lines().count() <= 33 && text.contains("further causes in report.md"), "{text}");
    }
}
