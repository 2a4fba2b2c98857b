//! `report.html` in a browser: Debian's Chromium without a window, driven by playwright-core, looked over by axe-core. Where
//! one of them cannot be had, that is said. Pictures for people lie in `target/tmp/browser/pictures`.

use std::io::Write as _;

use serde_json::Value;
use shelflife::present::{HistoryView, View, history_html, history_view, html, rendered};
use shelflife::store::{Change, PastCell, PastRun};
use shelflife::vocab::Verdict;

use crate::browsers::Browser;
use crate::fixture;
use crate::tried::not_tried;

/// The largest page of 50,000 cells, in bytes.
const LARGEST: usize = 10_000_000;

/// Forty nights in which something breaks, and something else for a while.
fn history() -> HistoryView {
    let run = |id: i64| PastRun {
        id,
        name: format!("night-{id}"),
        finished: format!("2026-{:02}-{:02}T01:00:00Z", 9 + id / 30, 1 + id % 30),
    };
    let cell = |name: &str, changes: &[(i64, Verdict)]| PastCell {
        artifact: format!("{name}/joblib/sk1.2.2"),
        producer: "sk1.2.2".into(),
        consumer: "nightly".into(),
        changes: changes
            .iter()
            .map(|(run, verdict)| Change { run: *run, verdict: *verdict, words: String::new() })
            .collect(),
    };
    let cells = vec![
        cell("tree", &[(0, Verdict::Identical), (38, Verdict::LoadError)]),
        cell("tfidf", &[(0, Verdict::Identical), (20, Verdict::Drift), (22, Verdict::Identical)]),
        cell("pca", &[(0, Verdict::Identical), (39, Verdict::EnvError)]),
    ];
    history_view("nightly", (0..40).map(run).collect(), cells, &|_, _| Ok(None)).expect("no package is read")
}

#[test]
fn the_page_works_in_a_browser() {
    let tools = match Browser::new() {
        Ok(tools) => tools,
        Err(reason) => return not_tried(format_args!("report.html in a browser: {reason}")),
    };
    let folder = &tools.folder;
    fs_err::create_dir_all(folder.join("pages")).unwrap();
    let mut large = fixture::large(50_000);
    large.matrix.file = Some("matrices/large.toml".to_owned());
    let mut survey = fixture::every_verdict();
    survey.matrix.file = Some("my matrices/compat.toml".to_owned());
    let records = [
        ("survey", survey),
        ("judged", fixture::judged()),
        ("gated", fixture::gated(12)),
        ("hostile", fixture::hostile_everywhere()),
    ];
    for (name, record) in &records {
        let page = rendered(html::write, &View::new(record)).unwrap();
        fs_err::write(folder.join("pages").join(format!("{name}.html")), page).unwrap();
    }
    let page = rendered(html::write, &View::new(&large)).unwrap();
    assert!(page.len() < LARGEST, "{} bytes", page.len());
    fs_err::write(folder.join("pages/large.html"), page).unwrap();
    fs_err::write(folder.join("pages/history.html"), history_html(&[history()])).unwrap();
    let seen = tools.looked("tests/present_report/browser.mjs", &folder.join("pages"));
    let told = serde_json::to_string_pretty(&seen).unwrap();
    let none = Value::Array(Vec::new());
    assert_eq!((&seen["errors"], &seen["serious"]), (&none, &none), "{told}");
    let text = |name: &str| seen[name].as_str().unwrap_or_default();
    // What it says first, and what is folded.
    assert!(text("answer").starts_with("Not yet"), "{told}");
    assert_eq!(text("first"), "files", "{told}");
    assert_eq!(
        seen["heads"],
        serde_json::json!(["file", "old", "scikit-learn 1.7.2, numpy 2.3.5"]),
        "{told}"
    );
    let rows = seen["rows"].as_array().unwrap();
    assert!(rows.len() == 5 && rows.iter().all(|row| row.as_str().unwrap().contains("regression")), "{told}");
    let folded = serde_json::json!([false, "2 files failing as known, 5 files that nothing is wrong with"]);
    assert_eq!(seen["folded"], folded, "{told}");
    // A link to a cell opens that cell alone, with why and what next.
    assert_eq!(seen["cell"].as_array().unwrap().len(), 1, "{told}");
    let cell = seen["cell"][0].as_str().unwrap();
    assert!(cell.contains("why ") && cell.contains("next "), "{told}");
    assert!(text("address").ends_with("&model=model-1&format=joblib"), "{told}");
    assert_eq!(seen["opened"], true, "{told}");
    let command = "shelflife check 'models/model 1.joblib' --on 'scikit-learn==1.7.2 numpy==2.3.5 scipy==1.11.4 joblib==1.3.2 \
                   python==3.13' --inputs X.csv";
    assert_eq!(text("command"), command, "{told}");
    assert!(text("markdown").starts_with("**model-1 (joblib), written by old"), "{told}");
    assert!(text("markdown").contains(command) && text("told") == "Copied.", "{told}");
    let finding = &seen["finding"];
    assert!(finding["shown"] == true && finding["above"] == true, "{told}");
    assert!(text("sorted").contains("largest difference first"), "{told}");
    assert!(text("searched").contains("filtered"), "{told}");
    // A chart for each model that drifts in two releases, and of what history tells.
    assert_eq!(
        seen["charts"],
        serde_json::json!(["kmeans differs by up to 0.50", "unseeded differs by up to 0.50"]),
        "{told}"
    );
    assert_eq!(seen["bars"], 5, "{told}");
    let part = "shelflife run 'my matrices/compat.toml' --run compat-again --model kmeans --format pickle --producer sk1.0.2 \
                --consumer sk1.2.2";
    assert_eq!(text("part"), part, "{told}");
    // For people; nothing is judged by a clock.
    let _ = writeln!(std::io::stderr(), "a page of 50,000 cells opened in {} s", seen["seconds"]);
}
