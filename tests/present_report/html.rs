//! What `report.html` holds: the content of the page, and the data block.

use proptest::prelude::*;
use shelflife::present::{CellRow, HtmlData, View, html, rendered};
use shelflife::vocab::{CellRecord, Record, Verdict};

use crate::fixture;

fn page(record: &Record) -> String {
    String::from_utf8(rendered(html::write, &View::new(record)).expect("renders")).expect("is UTF-8")
}

/// The data block, found as a browser finds it: up to the first end tag.
fn data(page: &str) -> HtmlData {
    let start = "<script type=\"application/json\" id=\"data\">";
    let block = page.split(start).nth(1).expect("there is a data block");
    let block = block.split("</script").next().expect("split gives one piece at least");
    serde_json::from_str(block).expect("the data block is JSON")
}

#[test]
fn content_of_a_survey() {
    insta::assert_snapshot!(html::context(&View::new(&fixture::every_verdict())));
}

#[test]
fn the_page_is_self_contained_and_runs_no_strange_script() {
    for record in [fixture::every_verdict(), fixture::judged(), fixture::hostile_everywhere()] {
        let page = page(&record);
        assert_eq!(page.matches("<script").count(), 2, "the data and our own script");
        assert_eq!(page.matches("</script").count(), 2);
        assert!(!page.contains("<!--"), "a comment in a script element swallows its end tag");
        for request in [" src=", "<link rel=\"stylesheet", "url(", "@import", "fetch(", "innerHTML"] {
            assert!(!page.contains(request), "{request}");
        }
        assert!(page.contains("default-src 'none'"));
        assert_eq!(data(&page), HtmlData::new(&View::new(&record)));
    }
}

#[test]
fn twenty_thousand_cells_stay_small() {
    let size = page(&fixture::large(20_000)).len();
    assert!(size < 3_000_000, "{size} bytes");
}

#[test]
fn an_empty_run_is_a_page() {
    let record = fixture::record(Vec::new(), Vec::new(), Vec::new());
    assert!(page(&record).contains("No findings"));
}

/// Writes pages to look at with a browser: `cargo test --test present_report -- --ignored pages`.
#[test]
#[ignore = "for people: writes pages into the target folder"]
fn pages_to_look_at() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let records = [
        ("survey", fixture::every_verdict()),
        ("judged", fixture::judged()),
        ("large", fixture::large(20_000)),
        ("hostile", fixture::hostile_everywhere()),
    ];
    for (name, record) in records {
        fs_err::write(folder.join(format!("{name}.html")), page(&record)).unwrap();
    }
}

/// What the page says of a cell, by name again.
fn resolved(
    data: &HtmlData,
    row: &CellRow,
) -> (String, String, String, String, String, String, Option<String>, String) {
    let text = |index: i32| usize::try_from(index).map(|index| data.texts[index].clone()).unwrap_or_default();
    let detail = usize::try_from(row.detail).ok().map(|index| &data.details[index]);
    (
        data.models[row.model as usize].clone(),
        data.formats[row.format as usize].clone(),
        data.producers[row.producer as usize].clone(),
        data.consumers[row.consumer as usize].clone(),
        data.verdicts[row.verdict as usize].clone(),
        data.stages[row.stage as usize].clone(),
        usize::try_from(row.status).ok().map(|status| data.statuses[status].clone()),
        detail.map(|detail| text(detail.error)).unwrap_or_default(),
    )
}

fn expected(cell: &CellRecord) -> (String, String, String, String, String, String, Option<String>, String) {
    use shelflife::present::words::block;
    (
        cell.model.to_string(),
        cell.format.to_string(),
        cell.producer.to_string(),
        cell.consumer.to_string(),
        cell.verdict.to_string(),
        cell.stage.to_string(),
        cell.status.map(|status| status.to_string()),
        cell.error.as_ref().map(|error| block(&error.to_string())).unwrap_or_default(),
    )
}

fn message() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("</script>".to_owned()),
        Just("<!--".to_owned()),
        Just("]]>".to_owned()),
        Just("\\u003c".to_owned()),
        Just("\u{2028}&amp;\u{2029}".to_owned()),
        Just("\u{1b}[31m".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_data_block_round_trips(
        messages in proptest::collection::vec((message(), 0..10usize, any::<f64>(), any::<u64>()), 1..20),
    ) {
        let (mut artifacts, mut cells) = (Vec::new(), Vec::new());
        for (index, (message, verdict, number, whole)) in messages.into_iter().enumerate() {
            let made = fixture::artifact(&format!("model-{}", index % 3), "pickle", ["a", "b"][index % 2]);
            let mut cell = fixture::cell(&made, "c", Verdict::ALL[verdict]);
            if let Some(error) = &mut cell.error {
                let error = std::sync::Arc::make_mut(error);
                error.message = message.clone();
                error.frames = vec![message.clone()];
            }
            cell.outputs = cell.outputs.mapped(|_, mut facts| {
                facts.max_abs.0 = number;
                facts.max_ulp = whole;
                if let Some(worst) = &mut facts.worst {
                    worst.observed = message.clone();
                }
                facts
            });
            cells.push(cell);
            artifacts.push(made);
        }
        let record = fixture::record(Vec::new(), artifacts, cells);
        let written = HtmlData::new(&View::new(&record));
        let read = data(&page(&record));
        // NaN is not equal to itself: the text forms are compared.
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), serde_json::to_string(&written).unwrap());
        for (row, cell) in read.cells.iter().zip(&record.cells) {
            prop_assert_eq!(resolved(&read, row), expected(cell));
        }
    }
}
