//! `templates/report.js` itself, run by a small JavaScript engine over as much of a browser as it needs (`dom.js`).

use rquickjs::{CatchResultExt as _, Context, Runtime};
use serde::Deserialize;
use serde_json::Value;
use shelflife::present::words::{Counts, Group, block};
use shelflife::present::{View, html, reason, rendered};
use shelflife::vocab::{CellRecord, Record, Verdict};

use crate::fixture;

/// A page that was opened.
struct Opened(Context);

/// A cell as the page lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    verdict: String,
    status: String,
    /// Stage, model, format, and the pair where all pairs are shown.
    fields: Vec<String>,
    what: Vec<String>,
    outputs: Vec<Vec<String>>,
    more: Vec<String>,
}

/// What stands between two texts.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split(start).nth(1).and_then(|rest| rest.split(end).next()).expect("the page has this part")
}

impl Opened {
    /// Opens the page of a run: its script runs on its data.
    fn new(record: &Record) -> Self {
        let page =
            String::from_utf8(rendered(html::write, &View::new(record)).expect("renders")).expect("is UTF-8");
        let heat = between(&page, "id=\"heat\"", "</table>");
        let data = between(&page, "id=\"data\">", "</script>");
        let script = between(&page, "<script>", "</script>");
        let runtime = Runtime::new().expect("the engine starts");
        let opened = Self(Context::full(&runtime).expect("the engine has its standard objects"));
        let text = serde_json::to_string(data).expect("a text is JSON");
        opened.run(&format!("globalThis.DATA = {text}; globalThis.LINKS = {};", heat.matches("<a ").count()));
        opened.run(include_str!("dom.js"));
        opened.run(script);
        opened
    }

    fn run(&self, code: &str) {
        self.0
            .with(|ctx| ctx.eval::<(), _>(code).catch(&ctx).map_err(|error| error.to_string()))
            .expect(code);
    }

    fn ask<T: serde::de::DeserializeOwned>(&self, expression: &str) -> T {
        let code = format!("JSON.stringify({expression})");
        let json = self.0.with(|ctx| {
            ctx.eval::<String, _>(code.as_str()).catch(&ctx).map_err(|error| error.to_string()).expect(&code)
        });
        serde_json::from_str(&json).expect(expression)
    }

    fn open(&self, hash: &str) {
        self.run(&format!("page.open({})", Value::from(hash)));
    }

    fn filter(&self, name: &str, value: &str) {
        self.run(&format!("page.filter({}, {})", Value::from(name), Value::from(value)));
    }

    fn cells(&self) -> Vec<Listed> {
        self.ask("page.cells(true)")
    }
}

/// The cells of a pair as the page should order them: worst first.
fn of_pair<'r>(record: &'r Record, producer: &str, consumer: &str) -> Vec<&'r CellRecord> {
    let is_of = |cell: &&CellRecord| cell.producer.as_str() == producer && cell.consumer.as_str() == consumer;
    let mut cells: Vec<&CellRecord> = record.cells.iter().filter(is_of).collect();
    cells.sort_by_key(|cell| cell.verdict as usize);
    cells.sort_by_key(|cell| worst_first(cell.verdict));
    cells
}

fn worst_first(verdict: Verdict) -> usize {
    let all: Counts = Verdict::ALL.iter().copied().collect();
    all.occurring().position(|(it, _)| it == verdict).expect("every verdict was counted")
}

fn check(listed: &Listed, cell: &CellRecord) {
    assert_eq!(listed.verdict, format!("{} {}", Group::of(cell.verdict).symbol(), cell.verdict));
    assert_eq!(listed.status, cell.status.map(|status| status.to_string()).unwrap_or_default());
    let fields = [cell.stage.to_string(), cell.model.to_string(), cell.format.to_string()];
    assert_eq!(listed.fields, fields);
    let has = |text: &str| listed.what.iter().any(|it| it.contains(text));
    if let Some(error) = &cell.error {
        assert!(has(&block(&error.to_string())), "{listed:?}");
    }
    if let Some(reason) = reason(cell) {
        assert!(has(&reason), "{listed:?}");
    }
    let expected = [&cell.blame, &cell.rule, &cell.expected.as_ref().map(|note| note.reason.clone())];
    for text in expected.into_iter().flatten() {
        assert!(has(text), "{listed:?} lacks {text}");
    }
    assert_eq!(listed.outputs.len(), cell.outputs.len());
    for output in &listed.outputs {
        let facts = &cell.outputs[&output[0]];
        let agreement = ["bit-equal", "within tolerance", "outside tolerance", "not comparable"]
            [facts.agreement as usize];
        assert!(facts.mismatch.is_some() || output[1] == agreement, "{output:?}");
        let worst = facts.worst.as_ref().map_or("", |worst| worst.reference.as_str());
        assert!(output[6].contains(worst), "{output:?}");
        assert_eq!(output[5].starts_with('0'), facts.flips == 0, "{output:?}");
    }
    let time = cell.load_seconds.map(|_| "load 1.3e1 ms".len());
    assert_eq!(listed.more.last().is_some_and(|costs| costs == "Not executed."), time.is_none());
}

#[test]
fn a_pair_lists_its_cells() {
    for record in [fixture::every_verdict(), fixture::judged()] {
        let page = Opened::new(&record);
        assert!(page.ask::<bool>("page.hidden()"), "nothing is chosen yet");
        let view = View::new(&record);
        for producer in &view.producers {
            for consumer in &view.consumers {
                page.open(&html::pair_link(producer.name, consumer.name));
                let (listed, cells) = (page.cells(), of_pair(&record, producer.name, consumer.name));
                assert_eq!(listed.len(), cells.len());
                listed.iter().zip(cells).for_each(|(listed, cell)| check(listed, cell));
            }
        }
    }
}

#[test]
fn the_table_says_what_the_page_said_before_its_script_ran() {
    let record = fixture::judged();
    let html =
        String::from_utf8(rendered(html::write, &View::new(&record)).expect("renders")).expect("is UTF-8");
    let pairs: Vec<(String, String, String)> = Opened::new(&record).ask("page.pairs()");
    for (label, href, _) in pairs.iter().filter(|(label, ..)| !label.ends_with("no cells")) {
        let written = format!("<a href=\"{}\"><span class=\"sr\">{label}</span>", href.replace('&', "&#38;"));
        assert!(html.contains(&written), "{written}");
    }
}

#[test]
fn filters_leave_what_they_name() {
    let record = fixture::judged();
    let page = Opened::new(&record);
    let count = |holds: &dyn Fn(&CellRecord) -> bool| record.cells.iter().filter(|cell| holds(cell)).count();
    page.filter("verdict", "drift");
    let drift = count(&|cell| cell.verdict == Verdict::Drift);
    assert!(drift > 0 && page.cells().len() == drift);
    assert_eq!(page.ask::<String>("page.address()"), "#verdict=drift");
    page.filter("model", "kmeans");
    let both = count(&|cell| cell.verdict == Verdict::Drift && cell.model.as_str() == "kmeans");
    let listed = page.cells();
    assert!(both > 0 && both < drift && listed.len() == both, "{listed:?}");
    assert!(listed.iter().all(|cell| cell.fields[1] == "kmeans" && cell.fields.len() == 4), "{listed:?}");
    page.run("page.reset()");
    assert!(page.ask::<bool>("page.hidden()"));
    page.filter("q", "sklearn._LOSS modulenotfound");
    let loss =
        count(&|cell| cell.error.as_ref().is_some_and(|error| error.message.contains("sklearn._loss")));
    assert!(loss > 0 && page.cells().len() == loss);
    page.filter("q", "no such word");
    assert!(page.cells().is_empty() && !page.ask::<bool>("page.hidden()"));
    // The address says all of it.
    page.open("#format=pickle&verdict=identical");
    let chosen = count(&|cell| cell.format.as_str() == "pickle" && cell.verdict == Verdict::Identical);
    assert_eq!(page.cells().len(), chosen.min(200));
    page.open("#pair=%E0%A4%A/nobody&q=");
    assert!(page.ask::<bool>("page.hidden()"), "an address that names nothing shows nothing");
}

#[test]
fn hostile_texts_stay_texts() {
    let record = fixture::hostile_everywhere();
    let page = Opened::new(&record);
    page.open("#verdict=drift");
    page.filter("verdict", "");
    page.filter("q", "alert");
    let listed = page.cells();
    assert!(!listed.is_empty());
    assert!(
        listed.iter().all(|cell| cell.fields[3].contains("</script><script>alert(1)</script>")),
        "{listed:?}"
    );
    let made: Value = page.ask("page.made()");
    let names: Vec<&str> = made["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let known = "#text a b button details div h3 p pre span summary table tbody td th thead tr";
    assert!(names.iter().all(|name| known.split(' ').any(|it| it == *name)), "{names:?}");
    let hrefs = made["hrefs"].as_array().unwrap();
    assert!(
        !hrefs.is_empty() && hrefs.iter().all(|href| href.as_str().unwrap().starts_with('#')),
        "{hrefs:?}"
    );
}

#[test]
fn fifty_thousand_cells_are_listed_in_steps() {
    let record = fixture::large(50_000);
    let page = Opened::new(&record);
    page.filter("format", record.cells[0].format.as_str());
    assert_eq!(page.ask::<Vec<Value>>("page.cells(false)").len(), 200);
    page.run("page.more()");
    assert_eq!(page.ask::<Vec<Value>>("page.cells(false)").len(), 400);
}
