//! What `report.md` says.

use shelflife::present::{View, markdown};

use crate::fixture;

fn rendered(record: &shelflife::vocab::Record) -> String {
    String::from_utf8(markdown::render(&View::new(record)).expect("renders")).expect("is UTF-8")
}

#[test]
fn survey() {
    insta::assert_snapshot!(rendered(&fixture::every_verdict()));
}

#[test]
fn judged_run() {
    insta::assert_snapshot!(rendered(&fixture::judged()));
}
