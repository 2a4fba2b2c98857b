//! The page of a gate over many models.

use shelflife::present::{GateView, gate_annotations, gate_markdown};
use shelflife::vocab::*;

use crate::fixture;

/// Forty models that move from `old` to `new`: one cause stops most of them, some fail as known, some pass.
fn moved(count: usize) -> Record {
    let environments = vec![
        fixture::environment("old", "3.9", "1.2.2", "1.26.4"),
        fixture::environment("new", "3.13", "1.7.2", "2.3.5"),
    ];
    let (mut artifacts, mut cells) = (Vec::new(), Vec::new());
    for index in 0..count {
        let model = format!("a-model-with-a-rather-long-name-{index}");
        let artifact = fixture::artifact(&model, "joblib", "old");
        let mut left = fixture::cell(&artifact, "old", Verdict::Identical);
        left.status = None;
        let (verdict, status) = match index % 4 {
            0 | 1 => (Verdict::LoadError, Status::Regression),
            2 => (Verdict::LoadError, Status::Known),
            _ => (Verdict::Identical, Status::Pass),
        };
        let mut cell = fixture::cell(&artifact, "new", verdict);
        cell.status = Some(status);
        cells.extend([left, cell]);
        artifacts.push(artifact);
    }
    let mut record = fixture::record(environments, artifacts, cells);
    record.run.judged = true;
    record
}

fn page(record: &Record) -> String {
    let from = EnvName::from("old");
    let view = GateView {
        record,
        code: ExitCode::Judged,
        from: Some(&from),
        is_head: false,
        run: "reports/gate",
        rescues: &[],
    };
    String::from_utf8(gate_markdown(&view)).expect("a page is text")
}

#[test]
fn one_paragraph_tells_a_cause_however_many_models_it_hits() {
    let text = page(&moved(40));
    let (todo, rest) = text.split_once("| model |").expect("there is a table");
    let tasks: Vec<&str> = todo.lines().filter(|line| line.starts_with("- ")).collect();
    assert_eq!(tasks.len(), 2, "{todo}");
    assert!(tasks[0].starts_with("- 20 models (`a-model-with-a-rather-long-name-0`, "), "{todo}");
    assert!(tasks[0].contains(" and 15 more) in `new` cannot be loaded: "), "{todo}");
    assert!(tasks[1].contains("shelflife baseline accept"), "{todo}");
    // What stops is open, a row a file with a column an environment; the rest is folded.
    let (open, folded) = rest.split_once("<details>").expect("something is folded");
    assert!(open.starts_with(" format | `old` | `new` |"), "{open}");
    assert_eq!(open.matches("(**regression**) |").count(), 20);
    assert!(
        folded
            .starts_with("<summary>10 files failing as known, 10 files that nothing is wrong with</summary>"),
        "{folded}"
    );
    assert!(!open.contains("(known)") && folded.matches("(known) |").count() == 10);
}

#[test]
fn a_long_message_keeps_its_end_and_no_word_is_cut() {
    let mut record = moved(4);
    let explains = "the locale en_US.UTF-8 is not installed";
    for cell in record.cells.iter_mut().filter(|cell| cell.error.is_some()) {
        if let Some(error) = &mut cell.error {
            std::sync::Arc::make_mut(error).message =
                format!("\n***\n{} {explains}", "initialization of a session failed,".repeat(40));
        }
    }
    let text = page(&record);
    let task = text.lines().find(|line| line.starts_with("- 2 models")).expect("it is told");
    assert!(task.contains(explains), "{task}");
    let from = EnvName::from("old");
    let view = GateView {
        record: &record,
        code: ExitCode::Judged,
        from: Some(&from),
        is_head: false,
        run: "r",
        rescues: &[],
    };
    assert!(gate_annotations(&view).contains(explains));
}

#[test]
fn the_page_of_ten_thousand_models_stays_one_page() {
    let text = page(&moved(10_000));
    assert!(text.chars().count() < 70_000, "{}", text.chars().count());
    assert!(text.contains("- 5000 models (") && text.contains(" more rows are in `results.csv`."));
}

/// What GitHub would show otherwise than it is meant: tags that are not closed, rows that are not of their table, code that
/// does not end.
fn broken(text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    // What stands between back ticks is shown as it is.
    let outside: String = text.lines().flat_map(|line| line.split('`').step_by(2).chain(["\n"])).collect();
    for tag in ["details", "summary", "code", "sub"] {
        let (open, close) =
            (outside.matches(&format!("<{tag}>")).count(), outside.matches(&format!("</{tag}>")).count());
        if open != close {
            broken.push(format!("{open} <{tag}>, {close} </{tag}>"));
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut width = None;
    for (index, line) in lines.iter().enumerate() {
        let pipes = line.starts_with('|').then(|| line.matches('|').count());
        if pipes.is_some() && width.is_some() && pipes != width {
            broken.push(format!("another number of fields: {line}"));
        }
        width = pipes;
        // Markdown in a folded part is read only behind an empty line.
        if line.contains("<summary>") && lines.get(index + 1) != Some(&"") {
            broken.push(format!("no empty line behind {line}"));
        }
        let ticks = line.replace("\\`", "").matches('`').count();
        if ticks % 2 == 1 && !line.starts_with("```") {
            broken.push(format!("code that does not end: {line}"));
        }
    }
    broken
}

#[test]
fn two_hundred_models_are_readable_and_break_no_markup() {
    let mut record = moved(200);
    let text = page(&record);
    assert_eq!(broken(&text), Vec::<String>::new(), "{text}");
    let details = text.split("<summary>Details</summary>").nth(1).expect("there are details");
    assert!(details.lines().filter(|line| line.starts_with("- ")).count() < 10, "{details}");
    assert!(details.contains(" more in `new`: "), "{details}");
    assert!(text.contains("`shelflife "), "{text}");

    // Names and messages that look like markup.
    let hostile = ["</details>", "a|b", "`tick", "<!-- x", "**b**", "@all", "x\n\n# y"];
    for (index, cell) in record.cells.iter_mut().enumerate() {
        let sign = hostile[index / 2 % hostile.len()];
        cell.model = ModelName::from(format!("{}{sign}", cell.model));
        if let Some(error) = &mut cell.error {
            let error = std::sync::Arc::make_mut(error);
            error.message = format!("{sign} {} `half", error.message);
        }
    }
    for (index, artifact) in record.artifacts.iter_mut().enumerate() {
        artifact.model = ModelName::from(format!("{}{}", artifact.model, hostile[index % hostile.len()]));
    }
    let text = page(&record);
    assert_eq!(broken(&text), Vec::<String>::new(), "{text}");
}
