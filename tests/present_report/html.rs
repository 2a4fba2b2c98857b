//! What `report.html` holds.

use shelflife::present::{View, html};

use crate::fixture;

#[test]
fn write_pages() {
    for (name, record) in [
        ("survey", fixture::every_verdict()),
        ("judged", fixture::judged()),
        ("large", fixture::large(20_000)),
    ] {
        std::fs::write(format!("/tmp/page-{name}.html"), html::render(&View::new(&record)).expect("x"))
            .unwrap();
    }
}
