//! What any reader of pickles runs, `inspect` never calls harmless: seeded mutations of pickles that hide a call in
//! places where one reader looks and another does not, read by the unpicklers in C and in Python of every interpreter at
//! hand, from memory and from files, and by joblib where there is one.
//!
//! `SHELFLIFE_READERS` names further interpreters, separated by `:`, and `SHELFLIFE_CASES` how many cases are made.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;

use shelflife::inspect::{InspectOptions, inspect};
use shelflife::vocab::{Inspection, Trust};

#[path = "readers/cases.rs"]
mod cases;
#[path = "common/terminal.rs"]
mod terminal;

/// Cases of one kind that are made, where nobody says how many.
const CASES: u64 = 400;

/// Interpreters of Python 3: those of pyenv, the one on the path, and what is named.
fn interpreters() -> Vec<PathBuf> {
    let named = std::env::var("SHELFLIFE_READERS").unwrap_or_default();
    let mut found: Vec<PathBuf> =
        named.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).collect();
    let root = std::env::var("PYENV_ROOT")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.pyenv")))
        .unwrap_or_default();
    for folder in std::fs::read_dir(format!("{root}/versions")).into_iter().flatten().flatten() {
        if folder.file_name().to_string_lossy().starts_with("3.") {
            found.push(folder.path().join("bin/python3"));
        }
    }
    found.sort();
    // The oldest and the newest: what lies between them reads as one of the two.
    let oldest = found.iter().position(|path| path.to_string_lossy().contains("3.6."));
    let mut chosen: Vec<PathBuf> = oldest.map(|at| found[at].clone()).into_iter().collect();
    chosen.extend(which::which("python3").ok());
    chosen.extend(found.iter().filter(|path| path.to_string_lossy().contains("3.13.")).cloned());
    chosen.extend(named.split(':').filter(|path| !path.is_empty()).map(PathBuf::from));
    chosen.retain(|path| path.exists());
    chosen.sort();
    chosen.dedup();
    chosen
}

fn seen(case: &[u8]) -> Inspection {
    inspect(Cursor::new(case), InspectOptions::FACTS)
}

/// Which readers ran the marker of each case.
fn ran(python: &PathBuf, cases: &[Vec<u8>]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases");
    let packed: Vec<u8> =
        cases.iter().flat_map(|case| [&(case.len() as u32).to_le_bytes()[..], case].concat()).collect();
    fs_err::write(&path, packed).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/read.py");
    let output = Command::new(python).arg(script).arg(&path).current_dir(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let told = String::from_utf8_lossy(&output.stderr);
    let tail = &told[told.len().saturating_sub(2000)..];
    assert_eq!(lines.len(), cases.len(), "{}: case {} ended it: {tail}", python.display(), lines.len());
    lines
}

fn check(cases: &[Vec<u8>]) {
    let trusts: Vec<Trust> = cases.iter().map(|case| seen(case).trust()).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for python in interpreters() {
        for ((case, trust), readers) in cases.iter().zip(&trusts).zip(ran(&python, cases)) {
            *counts.entry(readers.clone()).or_default() += 1;
            if !readers.is_empty() && *trust == Trust::Known {
                wrong.push(format!("{} ({readers}): {:?}", python.display(), String::from_utf8_lossy(case)));
                if let Ok(folder) = std::env::var("SHELFLIFE_KEEP") {
                    fs_err::write(format!("{folder}/wrong-{}.pkl", wrong.len()), case).unwrap();
                }
            }
        }
    }
    assert!(counts.keys().any(|readers| !readers.is_empty()), "no case ran anywhere: {counts:?}");
    let first = wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} cases are called harmless and run something:\n{first}", wrong.len());
}

#[test]
fn what_any_reader_runs_is_never_called_harmless() {
    if interpreters().is_empty() {
        return terminal::not_tried("readers that disagree: no interpreter of Python 3 is here");
    }
    let count = std::env::var("SHELFLIFE_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(CASES);
    check(&cases::by_hand());
    check(&cases::mutated(count));
}

#[test]
fn honest_files_of_the_generator_are_harmless() {
    for case in cases::honest() {
        let found = seen(&case);
        assert_eq!(found.trust(), Trust::Known, "{:?}: {found:?}", String::from_utf8_lossy(&case));
    }
}
