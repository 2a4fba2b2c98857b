//! What the terminal shows.

use crate::fixture;
use anstream::adapter::strip_str;
use shelflife::present::{TerminalOptions, terminal};

fn plain(record: &shelflife::vocab::Record, width: usize) -> String {
    strip_str(&terminal(record, &TerminalOptions { width, max_findings: 10 })).to_string()
}

#[test]
fn survey() {
    insta::assert_snapshot!(plain(&fixture::every_verdict(), 100));
}

#[test]
fn judged_run() {
    insta::assert_snapshot!(plain(&fixture::judged(), 100));
}

#[test]
fn many_environments_in_eighty_columns() {
    let text = plain(&fixture::large(2704), 80);
    insta::assert_snapshot!(text);
}
