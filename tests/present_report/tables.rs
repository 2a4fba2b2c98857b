//! `results.json`, `results.csv` and `junit.xml`.

use shelflife::vocab::Cause;
use std::collections::BTreeSet;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};
use serde_json::Value;
use shelflife::present::{View, csv, json, junit, rendered};
use shelflife::vocab::{Record, Status, Verdict};

use crate::fixture;

fn text(bytes: Result<Vec<u8>, shelflife::present::RenderError>) -> String {
    String::from_utf8(bytes.expect("renders")).expect("is UTF-8")
}

/// What `results.json` keeps: everything but the locks.
fn without_locks(mut record: Record) -> Record {
    record.environments.iter_mut().for_each(|environment| environment.full_lock = None);
    record
}

#[test]
fn results_json_is_the_record_with_a_cell_a_line() {
    for record in [fixture::every_verdict(), fixture::judged(), fixture::large(500)] {
        let json = text(rendered(json::write, &View::new(&record)));
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_holds(&value, &serde_json::to_value(&record).unwrap());
        let cells = json.lines().filter(|line| line.starts_with("  {\"artifact\"")).count();
        assert_eq!(cells, record.cells.len());
        assert_eq!(json::read(json.as_bytes()).unwrap(), without_locks(record));
    }
}

/// Every field of `expected` is in `found`, which may say more.
fn assert_holds(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in expected {
                assert_holds(found.get(name).unwrap_or_else(|| panic!("{name} is forgotten")), value);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len());
            found.iter().zip(expected).for_each(|(found, expected)| assert_holds(found, expected));
        }
        (found, expected) => assert_eq!(found, expected),
    }
}

#[test]
fn an_empty_run_is_a_valid_results_json() {
    let record = fixture::record(Vec::new(), Vec::new(), Vec::new());
    let json = text(rendered(json::write, &View::new(&record)));
    assert_eq!(json::read(json.as_bytes()).unwrap(), record);
}

#[test]
fn a_newer_results_json_is_refused_in_words() {
    let error = json::read(b"{\"format_version\": 99, \"cells\": 7}").unwrap_err();
    assert!(error.to_string().contains("use a newer shelflife"), "{error}");
    assert!(json::read(b"[]").unwrap_err().to_string().contains("results.json"));
}

/// Every key of a JSON value, at any depth, whose objects are records rather than maps from names.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    const MAPS: [&str; 5] = ["packages", "models", "verdicts", "statuses", "outputs"];
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                match value {
                    Value::Object(entries) if MAPS.contains(&name.as_str()) => {
                        entries.values().for_each(|entry| keys(entry, found));
                    }
                    _ => keys(value, found),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn every_field_of_results_json_is_documented() {
    let document = include_str!("../../docs/results.md");
    let mut found = BTreeSet::new();
    for record in [fixture::every_verdict(), fixture::judged()] {
        keys(&serde_json::to_value(&record).unwrap(), &mut found);
    }
    assert!(found.len() > 80, "the fixture has lost its variety: {found:?}");
    let missing: Vec<_> = found.iter().filter(|name| !document.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/results.md does not mention {missing:?}");
    let words = Verdict::ALL.iter().map(|verdict| verdict.as_str());
    for word in words.chain(Status::ALL.iter().map(|status| status.as_str())).chain(csv::COLUMNS) {
        assert!(document.contains(&format!("`{word}`")), "docs/results.md does not mention {word}");
    }
}

#[test]
fn csv_of_a_survey() {
    let rows = text(rendered(csv::write, &View::new(&fixture::every_verdict())));
    insta::assert_snapshot!(rows);
}

#[test]
fn csv_reads_back_and_holds_no_formulas() {
    let mut record = fixture::judged();
    for (index, start) in ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1"].into_iter().enumerate() {
        let says = format!("{start} | \"quoted\", {}", fixture::HOSTILE);
        record.cells[index].cause = Cause::Refused { says, foreign: None };
    }
    let rows = text(rendered(csv::write, &View::new(&record)));
    let mut reader = ::csv::Reader::from_reader(rows.as_bytes());
    assert_eq!(reader.headers().unwrap(), &csv::COLUMNS[..]);
    let mut count = 0;
    for (row, cell) in reader.records().zip(&record.cells) {
        let row = row.unwrap();
        assert_eq!(&row[4], cell.verdict.as_str());
        assert!(row.iter().all(|field| !field.starts_with(['=', '@', '\t'])), "{row:?}");
        assert!(row.iter().all(|field| !field.chars().any(char::is_control)), "{row:?}");
        count += 1;
    }
    assert_eq!(count, record.cells.len());
}

#[test]
fn junit_of_a_survey() {
    insta::assert_snapshot!(text(rendered(junit::write, &View::new(&fixture::every_verdict()))));
}

fn counted(record: &Record) -> [usize; 4] {
    let xml = text(rendered(junit::write, &View::new(record)));
    let report = Report::deserialize_from_str(&xml).expect("is JUnit");
    let mut counts = [0; 4];
    for case in report.test_suites.iter().flat_map(|suite| &suite.test_cases) {
        counts[match &case.status {
            TestCaseStatus::Success { .. } => 0,
            TestCaseStatus::Skipped { .. } => 1,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, .. } => 2,
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Error, .. } => 3,
        }] += 1;
    }
    counts
}

#[test]
fn junit_of_a_judged_run_fails_only_for_what_contradicts() {
    let record = fixture::judged();
    let status = |status| record.cells.iter().filter(|cell| cell.status == Some(status)).count();
    let [success, skipped, failure, error] = counted(&record);
    assert_eq!(failure, status(Status::Regression) + status(Status::New) + status(Status::Fixed));
    assert_eq!(success, status(Status::Pass));
    assert_eq!(error, status(Status::Unjudged));
    assert_eq!(skipped, status(Status::Known) + status(Status::Skipped));
}

#[test]
fn junit_holds_no_control_characters_and_no_ansi() {
    let mut record = fixture::every_verdict();
    let every: String =
        (0..0x20).chain(0x7f..0xa0).chain([0xfffe, 0xffff]).filter_map(char::from_u32).collect();
    for cell in &mut record.cells {
        let says = format!("a{every}b\u{1b}[31mred\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}");
        cell.blame = Some(says.clone());
        cell.cause = Cause::Refused { says, foreign: None };
        cell.error = None;
        cell.load_seconds = Some(f64::NAN);
    }
    record.matrix.name = every.clone();
    let xml = text(rendered(junit::write, &View::new(&record)));
    let bad: BTreeSet<_> = xml
        .chars()
        .filter(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect();
    assert_eq!(bad, BTreeSet::new());
    assert!(!xml.contains("[31m") && xml.contains("redlink"), "{}", &xml[..2000]);
    assert!(Report::deserialize_from_str(&xml).is_ok());
}
