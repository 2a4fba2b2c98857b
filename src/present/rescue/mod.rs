//! What came of a rescue: lines for a terminal, and the record, the page and the script that stand beside a rescued file.

mod blocks;
mod keep;
mod page;
mod script;
mod words;

use std::fmt::Write as _;

pub use keep::{keep_dockerfile, keep_requirements};
pub use script::{ScriptParts, script};

use super::terminal::painted_by;
use super::words::Group;
use crate::vocab::{Refused, RescueRecord, RescueResult};

/// One rescue, for renderers.
#[derive(Clone, Copy, Debug)]
pub struct RescueView<'a> {
    /// The facts.
    pub record: &'a RescueRecord,
}

/// The record for programs.
pub fn json(record: &RescueRecord) -> Vec<u8> {
    // A structure of numbers and texts always serialises.
    let mut bytes = serde_json::to_vec_pretty(record).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The page as Markdown.
pub fn markdown(view: &RescueView<'_>) -> Vec<u8> {
    let (title, blocks) = page::page(view.record);
    blocks::markdown(&title, &blocks).into_bytes()
}

/// The page as HTML.
pub fn html(view: &RescueView<'_>) -> Vec<u8> {
    let (title, blocks) = page::page(view.record);
    blocks::html(&title, &blocks).into_bytes()
}

/// One line for a terminal, with a second one where there is something to do.
pub fn line(record: &RescueRecord, written: Option<&str>, kept: Option<&str>) -> String {
    let mut text = String::new();
    let name = super::words::line(&record.original.path);
    // Writing to a `String` cannot fail.
    let _ = match &record.result {
        RescueResult::Rescued { way, unproven } => {
            let group = if unproven.is_some() { Group::NoVerdict } else { Group::Works };
            let word = painted_by(group, words::way(*way, unproven.is_some()));
            let to = written.map(|path| format!(" -> {path}")).unwrap_or_default();
            let evidence = match (unproven, words::evidence(record)) {
                (Some(why), _) => format!(": {}", words::no_proof(*why)),
                (None, evidence) if evidence.is_empty() => String::new(),
                (None, evidence) => format!(": {evidence}"),
            };
            writeln!(text, "{name}{to}  {word}{evidence}")
        }
        RescueResult::Refused { why } => {
            let is_open = *why == Refused::Interrupted;
            let (group, word) =
                if is_open { (Group::NoVerdict, "not finished") } else { (Group::Fails, "refused") };
            let word = painted_by(group, word);
            writeln!(
                text,
                "{name}  {word}: {}\n    {}",
                words::refused(why, record),
                words::next(why, record)
            )
        }
    };
    // Whatever else there is to do, it is there already.
    if let Some(folder) = kept {
        let _ = writeln!(text, "    the environment that reads it is written down in {folder}");
    }
    text
}

/// What a rescue would come to, for the page of a gate, and the command that does it; empty where none was asked for.
pub(super) fn gate_section(records: &[RescueRecord], command: Option<&str>) -> String {
    use super::markup::{code, spans};
    let mut text = String::new();
    let is_new = |record: &&RescueRecord| {
        !matches!(record.result, RescueResult::Rescued { way: crate::vocab::Way::AsItIs, .. })
    };
    for record in records.iter().filter(is_new) {
        let what = match &record.result {
            RescueResult::Rescued { unproven: None, .. } => {
                format!("can be rescued without training: {}", words::evidence(record))
            }
            RescueResult::Rescued { unproven: Some(why), .. } => {
                format!("can be mended, and nothing can prove it: {}", words::no_proof(*why))
            }
            RescueResult::Refused { why } => {
                format!(
                    "cannot be rescued: {}. To do: {}",
                    words::refused(why, record),
                    words::next(why, record)
                )
            }
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "- {} {}", code(&record.original.path), spans(what.trim_end_matches('.')));
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "**Rescue**\n\n{text}\n{} writes them, each with a page that says what was changed and why it can be trusted.\n\n",
        spans(command.unwrap_or("`shelflife rescue`"))
    )
}

/// What came of all of them, in numbers.
pub fn totals<'a>(records: impl Iterator<Item = &'a RescueRecord>) -> String {
    let (mut as_it_is, mut rescued, mut translated, mut unproven) = (0, 0, 0, 0);
    let (mut refused, mut unfinished) = (0, 0);
    for record in records {
        match &record.result {
            RescueResult::Rescued { unproven: Some(_), .. } => unproven += 1,
            RescueResult::Rescued { way: crate::vocab::Way::AsItIs, .. } => as_it_is += 1,
            RescueResult::Rescued { way: crate::vocab::Way::Translated, .. } => translated += 1,
            RescueResult::Rescued { .. } => rescued += 1,
            RescueResult::Refused { why: Refused::Interrupted } => unfinished += 1,
            RescueResult::Refused { .. } => refused += 1,
        }
    }
    let parts = [
        (rescued, "rescued"),
        (translated, "translated"),
        (as_it_is, "working as they are"),
        (unproven, "without proof"),
        (refused, "refused"),
        (unfinished, "not finished"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if said.is_empty() { "nothing to rescue".to_owned() } else { said.join(", ") }
}
