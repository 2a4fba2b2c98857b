//! What programs read: JSON on standard output, and nothing else there. Paths are texts here, also those that are no
//! UTF-8, which JSON cannot hold.

use std::error::Error as _;
use std::path::Path;

use miette::Diagnostic as _;
use serde::Serialize;
use serde_json::{Value, json};

use super::console;
use super::failure::Failure;
use crate::app::Outcome;
use crate::present;
use crate::vocab::{CellRecord, ExitCode};

/// Prints one document.
pub(super) fn document(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Failure::Render(error.into()))?;
    console::print_bytes(format!("{text}\n").as_bytes())
}

/// Prints one object of several, in a line of its own.
pub(super) fn object(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::Render(error.into()))?;
    console::print_bytes(format!("{text}\n").as_bytes())
}

/// Prints what a command came to behind the events of its runs.
pub(super) fn answer(value: &Value) -> Result<(), Failure> {
    object(&json!({ "answer": value }))
}

/// What a judged run came to.
pub(super) fn judged(outcome: &Outcome, code: ExitCode) -> Value {
    let record = &outcome.record;
    json!({
        "run": record.run.name,
        "folder": path(&outcome.folder),
        "exit_code": code as u8,
        "interrupted": record.run.interrupted,
        "executed": outcome.executed,
        "reused": outcome.reused,
        "known_failures": outcome.known_failures,
        "summary": record.summary,
        "left_out": record.left_out,
        "cells": record.cells.iter().map(cell).collect::<Vec<_>>(),
        "files": outcome.files.iter().map(|file| path(file)).collect::<Vec<_>>(),
    })
}

/// What became of a cell, without its outputs: these stand in its events and in `results.json`.
pub(super) fn cell(cell: &CellRecord) -> Value {
    json!({
        "artifact": cell.artifact,
        "model": cell.model,
        "format": cell.format,
        "producer": cell.producer,
        "consumer": cell.consumer,
        "verdict": cell.verdict,
        "stage": cell.stage,
        "reached": cell.reached,
        "status": cell.status,
        "rule": cell.rule,
        "reason": present::reason(cell),
    })
}

/// A path as a text.
pub(super) fn path(path: &Path) -> String {
    path.display().to_string()
}

/// Why a command ended early.
pub(super) fn failure(failure: &Failure) -> Value {
    let mut because = Vec::new();
    let mut source = failure.source();
    while let Some(error) = source {
        because.push(error.to_string());
        source = error.source();
    }
    let help = |it: &dyn miette::Diagnostic| it.help().map(|help| help.to_string());
    let problems = failure.related().into_iter().flatten();
    let problems: Vec<_> =
        problems.map(|it| json!({ "message": it.to_string(), "help": help(it) })).collect();
    json!({ "error": {
        "message": failure.to_string(),
        "because": because,
        "help": help(failure),
        "problems": problems,
        "exit_code": failure.code() as u8,
    } })
}

/// Prints why a command ended early. Where standard output is what cannot be written, there is nobody to tell.
pub(super) fn fail(failure: &Failure) {
    let _ = object(&self::failure(failure));
}

/// Prints what is wrong about the command line itself, in the words of whoever read it.
pub(super) fn misused(words: &str) {
    let words = words.trim().trim_start_matches("error: ");
    let _ = object(&json!({ "error": { "message": words, "exit_code": ExitCode::Usage as u8 } }));
}

/// Whether a command line that cannot be understood asks for JSON.
pub(super) fn are_asked_for(mut words: impl Iterator<Item = String>) -> bool {
    while let Some(word) = words.next() {
        let is_asked = match word.as_str() {
            "--json" | "--message-format=json" => true,
            "--message-format" => words.next().is_some_and(|format| format == "json"),
            "--" => return false,
            _ => false,
        };
        if is_asked {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_json_is_known_before_the_rest_is_understood() {
        let asked = |text: &str| are_asked_for(text.split(' ').map(str::to_owned));
        assert!(asked("run x.toml --json") && asked("--message-format json plan"));
        assert!(asked("plan --message-format=json"));
        assert!(!asked("run x.toml") && !asked("inspect -- --json") && !asked("plan --message-format human"));
    }
}
