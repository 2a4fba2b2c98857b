//! What changed between two releases for files that exist: for a terminal, in Markdown, and as a page.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use askama::Template;

use super::error::RenderError;
use super::markup::code;
use super::view::abridged;
use super::words::{join, line, plural};
use crate::vocab::{GoneName, ReleaseDiff, StateChangeKind, When};

/// Estimators that one line names.
const MOST_NAMES: usize = 6;

/// One kind of change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseSection {
    /// What it is.
    pub title: &'static str,
    /// What it does to a file.
    pub meaning: &'static str,
    /// The changes.
    pub rows: Vec<ReleaseRow>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Names, as they stand in code.
    pub subject: String,
    /// What is so with it, in words.
    pub what: String,
    /// The estimators that it touches.
    pub estimators: String,
}

/// All kinds of changes, those that break files first; those without a change are left out.
pub fn sections(diff: &ReleaseDiff) -> Vec<ReleaseSection> {
    let all = [
        ReleaseSection {
            title: "Structures with other fields",
            meaning: "An array of such records, which a file holds, is refused when it is loaded.",
            rows: diff.structs.iter().map(structure).collect(),
        },
        ReleaseSection {
            title: "Names that are gone or moved",
            meaning: "A file that imports one of them is not loaded.",
            rows: gone(&diff.gone),
        },
        ReleaseSection {
            title: "Compiled classes that take other states",
            meaning: "A file with such an object is refused when it is loaded.",
            rows: checksums(diff),
        },
        ReleaseSection {
            title: "Attributes that predictions read and files lack",
            meaning: "Files of before do not have them: where they are read in any case, the prediction fails.",
            rows: lacking(diff),
        },
        ReleaseSection {
            title: "What has lost its meaning",
            meaning: "Predictions read these before, and no method does any more: what a file says there is not heard.",
            rows: unread(diff, true),
        },
        ReleaseSection {
            title: "What nobody reads any more",
            meaning: "Fitting or other methods read these before; a file that has them carries them along.",
            rows: unread(diff, false),
        },
        ReleaseSection {
            title: "Parameters of constructors",
            meaning: "A file has the parameters of its time: an attribute of a new one is not there.",
            rows: parameters(diff),
        },
        ReleaseSection {
            title: "How states are given and taken",
            meaning: "What these methods do with the state of a file is not what it was.",
            rows: states(diff),
        },
    ];
    all.into_iter().filter(|section| !section.rows.is_empty()).collect()
}

/// Some names, and how many more there are.
fn some(names: &BTreeSet<String>) -> String {
    abridged(names.iter().map(String::as_str), MOST_NAMES)
}

fn row(subject: String, what: String, estimators: &BTreeSet<String>) -> ReleaseRow {
    ReleaseRow {
        subject: line(&subject).into_owned(),
        what: line(&what).into_owned(),
        estimators: some(estimators),
    }
}

fn structure(change: &crate::vocab::StructChange) -> ReleaseRow {
    let mut parts = Vec::new();
    if !change.added.is_empty() {
        parts.push(format!("new: {}", change.added.join(", ")));
    }
    if !change.removed.is_empty() {
        parts.push(format!("gone: {}", change.removed.join(", ")));
    }
    if parts.is_empty() {
        parts.push("its fields lie at other places".to_owned());
    }
    if change.sizes.0 != change.sizes.1 {
        parts.push(format!("{} bytes became {}", change.sizes.0, change.sizes.1));
    }
    row(format!("{}: {}", change.module, change.name), parts.join("; "), &change.estimators)
}

/// The names by module; those that moved together stand in one row.
fn gone(names: &[GoneName]) -> Vec<ReleaseRow> {
    let mut rows: Vec<(String, bool, Vec<&GoneName>)> = Vec::new();
    for name in names {
        match rows.iter_mut().find(|(module, _, _)| *module == name.module) {
            Some((_, _, known)) => known.push(name),
            None => rows.push((name.module.clone(), name.is_module, vec![name])),
        }
    }
    // What touches most comes first.
    let touched = |names: &[&GoneName]| -> BTreeSet<String> {
        names.iter().flat_map(|name| name.estimators.iter().cloned()).collect()
    };
    // Private names are rarely in files.
    let is_private = |names: &[&GoneName]| names.iter().all(|gone| gone.name.starts_with('_'));
    rows.sort_by_key(|(_, _, names)| {
        (touched(names).is_empty(), is_private(names), std::cmp::Reverse(touched(names).len()))
    });
    let one = |(module, is_module, names): (String, bool, Vec<&GoneName>)| {
        let name = |gone: &&GoneName| match (&gone.likely, gone.elsewhere.as_slice()) {
            (Some(likely), _) => format!("{} (it has {likely})", gone.name),
            (None, []) => gone.name.clone(),
            (None, [place, ..]) => format!("{} (now {place})", gone.name),
        };
        let what = if is_module { "the module is gone: " } else { "" };
        let listed = join(names.iter().map(name));
        row(module, format!("{what}{listed}"), &touched(&names))
    };
    rows.into_iter().map(one).collect()
}

fn checksums(diff: &ReleaseDiff) -> Vec<ReleaseRow> {
    let one = |change: &crate::vocab::ChecksumChange| {
        let states: Vec<String> = change.refused.iter().map(|state| format!("({state})")).collect();
        row(change.module.clone(), format!("no longer takes {}", states.join(", ")), &change.estimators)
    };
    diff.checksums.iter().map(one).collect()
}

fn lacking(diff: &ReleaseDiff) -> Vec<ReleaseRow> {
    let one = |change: &crate::vocab::LackingAttribute| {
        let when = match change.when {
            When::Always => "in any case",
            When::Likely => "unless something before it decides",
            When::Sometimes => "under a condition",
        };
        row(change.attribute.clone(), format!("{} reads it {when}", change.reader), &change.estimators)
    };
    diff.lacking.iter().map(one).collect()
}

fn unread(diff: &ReleaseDiff, by_predictions: bool) -> Vec<ReleaseRow> {
    let wanted = diff.unread.iter().filter(|change| change.was_read_by_predictions == by_predictions);
    let one = |change: &crate::vocab::UnreadAttribute| {
        let what = match (change.was_parameter, change.is_parameter) {
            (true, true) => "a parameter still, which nothing hears",
            (true, false) => "was a parameter, and is none any more",
            (false, true) => "is a parameter now",
            (false, false) => "was set by fit",
        };
        row(change.attribute.clone(), what.to_owned(), &change.estimators)
    };
    wanted.map(one).collect()
}

fn parameters(diff: &ReleaseDiff) -> Vec<ReleaseRow> {
    let written = |(name, default): &(String, Option<String>)| match default {
        Some(default) => format!("{name}={default}"),
        None => name.clone(),
    };
    let one = |change: &crate::vocab::ParameterChange| {
        let mut parts = Vec::new();
        if !change.added.is_empty() {
            parts.push(format!("new: {}", join(change.added.iter().map(written))));
        }
        if !change.removed.is_empty() {
            parts.push(format!("gone: {}", join(change.removed.iter().map(written))));
        }
        for (name, before, after) in &change.defaults {
            let shown = |default: &Option<String>| default.clone().unwrap_or_else(|| "required".to_owned());
            parts.push(format!("{name}: {} became {}", shown(before), shown(after)));
        }
        let names = change.added.iter().chain(&change.removed).map(|(name, _)| name.clone());
        let names = names.chain(change.defaults.iter().map(|(name, _, _)| name.clone()));
        row(join(names), parts.join("; "), &change.estimators)
    };
    diff.parameters.iter().map(one).collect()
}

fn states(diff: &ReleaseDiff) -> Vec<ReleaseRow> {
    let one = |change: &crate::vocab::StateChange| {
        let what = match change.change {
            StateChangeKind::New => "is new",
            StateChangeKind::Gone => "is gone",
            StateChangeKind::Changed => "does something else",
        };
        row(change.method.clone(), what.to_owned(), &change.estimators)
    };
    diff.states.iter().map(one).collect()
}

/// In one sentence.
fn summary(diff: &ReleaseDiff) -> String {
    let counts: Vec<String> =
        sections(diff).iter().map(|it| format!("{}: {}", it.title, it.rows.len())).collect();
    if counts.is_empty() { "nothing that a file could meet".to_owned() } else { counts.join("; ") }
}

/// What is missing where no machine code was seen.
fn caution(diff: &ReleaseDiff) -> Option<&'static str> {
    (!diff.is_compiled).then_some(
        "One side has no compiled modules: structures and names are those of its sources, and checksums are not known.",
    )
}

/// What both renderers of text say first.
fn heading(diff: &ReleaseDiff) -> String {
    format!("From {} to {}, for files that exist", diff.from, diff.to)
}

/// For a terminal of a width.
pub fn release_diff_text(diff: &ReleaseDiff, fold: impl Fn(&str, &str) -> String) -> String {
    let mut text = format!("{}\nread out of the releases; nothing of them was run\n", heading(diff));
    if let Some(caution) = caution(diff) {
        let _ = writeln!(text, "{}", fold("", caution));
    }
    let sections = sections(diff);
    if sections.is_empty() {
        text.push_str("\nnothing that a file could meet\n");
    }
    for section in sections {
        let _ = writeln!(text, "\n{} ({})", section.title, plural(section.rows.len() as u64, "change"));
        let _ = writeln!(text, "{}", fold("  ", section.meaning));
        for row in section.rows {
            let _ = writeln!(text, "  {}", row.subject);
            let _ = writeln!(text, "{}", fold("      ", &row.what));
            if !row.estimators.is_empty() {
                let _ = writeln!(text, "{}", fold("      touches ", &row.estimators));
            }
        }
    }
    text
}

/// In Markdown.
pub fn release_diff_markdown(diff: &ReleaseDiff) -> String {
    let mut text = format!("# {}\n\nRead out of the releases; nothing of them was run.\n", heading(diff));
    if let Some(caution) = caution(diff) {
        let _ = write!(text, "\n{caution}\n");
    }
    if sections(diff).is_empty() {
        let _ = write!(text, "\n{}\n", summary(diff));
    }
    for section in sections(diff) {
        let _ = write!(
            text,
            "\n## {}\n\n{}\n\n| what | change | estimators |\n| --- | --- | --- |\n",
            section.title, section.meaning
        );
        for row in section.rows {
            let _ = writeln!(text, "| {} | {} | {} |", code(&row.subject), code(&row.what), row.estimators);
        }
    }
    text
}

#[derive(Template)]
#[template(path = "release.html")]
struct Page {
    title: String,
    caution: Option<&'static str>,
    summary: String,
    sections: Vec<ReleaseSection>,
    style: &'static str,
}

/// As a page of its own.
///
/// # Errors
/// When the template cannot be filled.
pub fn release_diff_html(diff: &ReleaseDiff) -> Result<String, RenderError> {
    let page = Page {
        title: heading(diff),
        caution: caution(diff),
        summary: summary(diff),
        sections: sections(diff),
        style: include_str!("../../templates/report.css"),
    };
    Ok(page.render()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::UnreadAttribute;

    fn diff() -> ReleaseDiff {
        let estimators = BTreeSet::from(["A".to_owned()]);
        ReleaseDiff {
            from: "p 1".to_owned(),
            to: "p 2".to_owned(),
            is_compiled: true,
            gone: vec![GoneName {
                module: "p._m".to_owned(),
                is_module: false,
                name: "<Old>|x".to_owned(),
                elsewhere: vec!["p._n:Old".to_owned()],
                likely: None,
                estimators: estimators.clone(),
            }],
            unread: vec![UnreadAttribute {
                attribute: "kind".to_owned(),
                was_parameter: true,
                is_parameter: true,
                was_read_by_predictions: true,
                estimators,
            }],
            ..ReleaseDiff::default()
        }
    }

    #[test]
    fn every_renderer_says_the_same_changes_and_no_name_becomes_markup() {
        let diff = diff();
        let text = release_diff_text(&diff, |begin, text| format!("{begin}{text}"));
        assert!(
            text.contains("<Old>|x (now p._n:Old)") && text.contains("What has lost its meaning (1 change)")
        );
        let page = release_diff_html(&diff).unwrap();
        assert!(!page.contains("<Old>") && page.contains("kind"));
        let markdown = release_diff_markdown(&diff);
        assert!(markdown.contains("## What has lost its meaning") && !markdown.contains("<Old>|x"));
    }

    #[test]
    fn nothing_is_said_to_be_nothing() {
        let diff = ReleaseDiff { is_compiled: true, ..ReleaseDiff::default() };
        assert!(
            release_diff_text(&diff, |_, text| text.to_owned()).contains("nothing that a file could meet")
        );
        assert!(release_diff_markdown(&diff).contains("nothing that a file could meet"));
    }
}
