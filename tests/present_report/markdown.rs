//! What `report.md` says.

use shelflife::present::{View, markdown, rendered};

use crate::fixture;

fn report(record: &shelflife::vocab::Record) -> String {
    String::from_utf8(rendered(markdown::write, &View::new(record)).expect("renders")).expect("is UTF-8")
}

#[test]
fn survey() {
    insta::assert_snapshot!(report(&fixture::every_verdict()));
}

#[test]
fn judged_run() {
    insta::assert_snapshot!(report(&fixture::judged()));
}

#[test]
fn hostile_texts_are_no_markup() {
    let text = report(&fixture::hostile_everywhere());
    for markup in ["<script", "<b>", "<!--", "@everyone", "\u{1b}", "\u{202e}"] {
        // Inside backticks nothing is markup; there, hostile texts with backticks or pipes never stand.
        let outside: String = text.lines().flat_map(|line| line.split('`').step_by(2)).collect();
        assert!(!outside.contains(markup), "{markup:?} is outside of code");
    }
    let mut columns = 0;
    for line in text.lines() {
        let bars = line.matches('|').count();
        if line.starts_with("| :--") {
            columns = bars;
        } else if line.starts_with('|') && columns > 0 {
            assert_eq!(bars, columns, "{line}");
        } else if !line.starts_with('|') {
            columns = 0;
            assert_eq!(bars, 0, "{line}");
        }
    }
}

#[test]
fn a_large_run_fits_into_a_comment_on_a_release() {
    let length = report(&fixture::large(20_000)).chars().count();
    assert!(length < 65_536, "{length} characters");
}
