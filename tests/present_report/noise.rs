//! Roundoff by a noise floor, and cells that were not tried: what every report says of them.

use shelflife::present::{
    GateView, TerminalOptions, View, csv, gate_markdown, html, json, junit, markdown, rendered, terminal,
};
use shelflife::vocab::{
    Agreement, CellRecord, ExitCode, NoiseFloor, NoiseSetting, OutputComparison, Real, Record, Verdict,
};

use crate::fixture;

/// What a renderer gave, with its name.
type Rendered = (&'static str, String);

fn renderings(record: &Record) -> Vec<Rendered> {
    let view = View::new(record);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("is UTF-8");
    let options = TerminalOptions { width: 4_000, max_findings: 100 };
    vec![
        ("terminal", anstream::adapter::strip_str(&terminal(record, &options)).to_string()),
        ("markdown", text(rendered(markdown::write, &view).expect("renders"))),
        ("html", text(rendered(html::write, &view).expect("renders"))),
        ("json", text(rendered(json::write, &view).expect("renders"))),
        ("csv", text(rendered(csv::write, &view).expect("renders"))),
        ("junit", text(rendered(junit::write, &view).expect("renders"))),
    ]
}

fn floor() -> NoiseFloor {
    NoiseFloor {
        setting: NoiseSetting::Nehalem,
        settings: 7,
        max_abs: Real(0.31),
        max_rel: Real(0.2),
        max_ulp: 1 << 40,
        flipped: Vec::new(),
    }
}

fn changed(verdict: Verdict, change: impl FnMut(&mut CellRecord)) -> Record {
    let Record { environments, artifacts, mut cells, .. } = fixture::every_verdict();
    cells.iter_mut().filter(|cell| cell.verdict == verdict).for_each(change);
    fixture::record(environments, artifacts, cells)
}

#[test]
fn a_noise_floor_is_shown_in_every_report() {
    let record = changed(Verdict::Roundoff, |cell| {
        let noise = Some(Box::new(floor()));
        let output = OutputComparison { noise, ..fixture::output(Agreement::Outside) };
        cell.outputs.insert("score_samples".into(), output);
    });
    let cell = record.cells.iter().find(|cell| cell.is_noise()).expect("it occurs");
    let says = format!(
        "moves by up to 0.31 in {} itself with OPENBLAS_CORETYPE=Nehalem (noise floor)",
        cell.producer
    );
    for (name, text) in renderings(&record) {
        // Markup of Markdown stands before underscores.
        let text = text.replace('\\', "");
        assert!(text.contains(&says), "{name} does not say: {says}");
    }
    let from = "sk1.2.2".into();
    let (run, code) = ("reports/gate", ExitCode::Done);
    let view = GateView { record: &record, code, from: Some(&from), is_head: false, run, rescues: &[] };
    let page = String::from_utf8(gate_markdown(&view)).expect("is UTF-8").replace('\\', "");
    assert!(page.contains(&says), "{page}");
    // What drifts further than its floor shows it as well.
    let record = changed(Verdict::Drift, |cell| {
        cell.outputs = cell.outputs.mapped(|_, output| match output.agreement {
            Agreement::Outside => {
                let noise = Some(Box::new(NoiseFloor { max_abs: Real(1e-12), ..floor() }));
                OutputComparison { noise, ..output }
            }
            _ => output,
        });
    });
    for (name, text) in renderings(&record) {
        let is_said = text.contains("noise floor 1.0e-12") || text.contains("\"max_abs\":1e-12");
        assert!(is_said || name == "csv", "{name} hides the floor");
    }
}

#[test]
fn what_was_not_tried_is_no_trouble_of_an_environment() {
    let Record { environments, artifacts, cells, .. } = fixture::every_verdict();
    let cell = |cell: &CellRecord| {
        let artifact = artifacts.iter().find(|it| it.id == cell.artifact).expect("it has one");
        fixture::cell(artifact, cell.consumer.as_str(), Verdict::NotTried)
    };
    let cells: Vec<CellRecord> = cells.iter().map(cell).collect();
    let count = cells.len();
    let environments = environments.into_iter().filter(|it| it.error.is_none()).collect();
    let record = fixture::record(environments, artifacts, cells);
    for (name, text) in renderings(&record) {
        // The page names every verdict for its script.
        let text = text.replace("\"env-error\"", "");
        assert!(!text.contains("env-error"), "{name} blames an environment");
        assert!(text.contains("not-tried") || name == "junit", "{name}");
        let counts = matches!(name, "terminal" | "markdown" | "html");
        assert!(!counts || text.contains(&format!("{count} not-tried")), "{name} counts them");
    }
}
