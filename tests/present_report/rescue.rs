//! The page and the lines of rescues.

use serde_json::{Value, json};
use shelflife::present::{RescueView, rescue_html, rescue_line, rescue_markdown, rescue_totals};
use shelflife::vocab::{Digest, RescueRecord};

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

fn environment(name: &str, release: &str) -> Value {
    json!({
        "name": name,
        "python": "3.11.7",
        "packages": { "scikit-learn": release, "numpy": "2.3.5" },
        "lock": digest(name),
    })
}

fn output(agreement: &str, max_abs: f64) -> Value {
    json!({ "agreement": agreement, "elements": 600, "max_abs": max_abs, "scale": 1.0 })
}

/// A forest that was rescued, with texts that would be markup if they were believed.
fn forest() -> Value {
    json!({
        "format_version": 1,
        "shelflife": "0.0.0",
        "time": "2026-11-29T01:02:03Z",
        "result": { "is": "rescued", "way": "mended" },
        "original": { "path": "churn <b>|`x`.joblib", "digest": digest("a"), "size": 69529, "format": "joblib" },
        "rescued": { "path": "churn-new.joblib", "digest": digest("b"), "size": 76255, "format": "joblib" },
        "producer": environment("sk1.2.2", "1.2.2"),
        "target": environment("sk1.9.1", "1.9.1"),
        "before": {
            "verdict": "load-error",
            "cause": { "kind": "raised" },
            "error": { "type": "ValueError", "message": "node array from the pickle has an incompatible dtype" },
            "rule": "tree-node-layout",
        },
        "changes": [
            {
                "path": "estimators_[0..29].tree_", "class": "Tree", "mend": "tree-node-layout",
                "what": "nodes: field missing_go_to_left added", "exactness": "exact", "count": 30,
            },
            {
                "path": "", "class": "RandomForestClassifier", "mend": "generic",
                "what": "+monotonic_cst = None", "exactness": "exact", "count": 1,
            },
        ],
        "keys": { "kept": 731 },
        "verified": [
            {
                "origin": "given", "from": "inputs: X.csv", "rows": 300, "verdict": "identical",
                "cause": { "kind": "none" }, "outputs": { "predict_proba": output("bit-equal", 0.0) },
            },
            {
                "origin": "probes", "from": "probes", "rows": 1606, "verdict": "roundoff",
                "cause": { "kind": "none" }, "outputs": { "predict_proba": output("within", 1.1e-16) },
            },
        ],
        "probes": {
            "rows": 1606, "shares": [{ "what": "leaves", "reached": 1204, "of": 1210 }], "missing": true,
        },
    })
}

fn record(facts: Value) -> RescueRecord {
    serde_json::from_value(facts).expect("the facts are those of a record")
}

fn with(change: impl FnOnce(&mut Value)) -> RescueRecord {
    let mut facts = forest();
    change(&mut facts);
    record(facts)
}

#[test]
fn the_page_says_what_was_changed_and_why_it_can_be_trusted() {
    let record = record(forest());
    let page = String::from_utf8(rescue_markdown(&RescueView { record: &record })).unwrap();
    insta::assert_snapshot!("rescue_page", page);
    let html = String::from_utf8(rescue_html(&RescueView { record: &record })).unwrap();
    assert!(html.contains("churn &lt;b&gt;|`x`.joblib") && !html.contains("<b>"), "{html}");
    let again: RescueRecord = serde_json::from_slice(&serde_json::to_vec(&record).unwrap()).unwrap();
    assert_eq!(again, record, "what is written can be read");
}

#[test]
fn a_page_without_proof_says_so_first() {
    let unproven = with(|facts| {
        facts["result"]["unproven"] = json!("producer-unknown");
        facts["verified"] = json!([]);
    });
    let page = String::from_utf8(rescue_markdown(&RescueView { record: &unproven })).unwrap();
    let notice = page.lines().nth(2).unwrap();
    assert!(notice.contains("Nothing proves that this file predicts what the original did"), "{page}");
    assert!(!page.contains("Why it can be trusted"), "{page}");
}

#[test]
fn a_terminal_gets_a_line_a_file_and_what_to_do() {
    let refused = |why: Value| with(|facts| facts["result"] = json!({ "is": "refused", "why": why }));
    let records = [
        (record(forest()), Some("churn-new.joblib"), None),
        (with(|facts| facts["result"]["way"] = json!("as-it-is")), None, None),
        (with(|facts| facts["result"]["unproven"] = json!("no-inputs")), Some("new.joblib"), None),
        (
            with(|facts| {
                facts["result"] = json!({ "is": "refused", "why": { "kind": "not-verified" } });
                facts["verified"][1]["verdict"] = json!("drift");
                facts["verified"][1]["outputs"]["predict_proba"] = output("outside", 0.25);
            }),
            None,
            Some("new.joblib.keep"),
        ),
        (refused(json!({ "kind": "unproven", "why": "producer-not-made" })), None, None),
        (refused(json!({ "kind": "exists", "path": "new.joblib" })), None, None),
        (refused(json!({ "kind": "no-artifact", "says": "it is a web page" })), None, None),
        (
            refused(json!({ "kind": "not-mended", "outcome": {
                "kind": "refused", "obstacles": [{ "why": "needs-companion" }], "companions": ["rescued_adaboost"],
            } })),
            None,
            None,
        ),
        (
            refused(json!({ "kind": "not-mended", "outcome": {
                "kind": "refused",
                "obstacles": [{ "why": "left-over", "module": "sklearn.gone", "name": "Lost", "path": "steps[0]" }],
            } })),
            None,
            Some("new.joblib.keep"),
        ),
        (
            refused(json!({ "kind": "not-mended", "outcome": {
                "kind": "refused", "obstacles": [{ "why": "something-new", "class": "Odd" }],
            } })),
            None,
            None,
        ),
    ];
    let mut text = String::new();
    for (record, written, kept) in &records {
        text.push_str(&anstream::adapter::strip_str(&rescue_line(record, *written, *kept)).to_string());
    }
    text.push_str(&rescue_totals(records.iter().map(|(record, ..)| record)));
    insta::assert_snapshot!("rescue_lines", text);
}
