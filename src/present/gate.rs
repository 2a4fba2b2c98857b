//! The gate's answer for a pull request: the verdict first, what to do second, the rest folded; annotations and a badge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::markdown::{code, prose};
use super::words::{ARROW, Group, difference, plural, shorten};
use crate::vocab::{CellRecord, EnvName, ExitCode, Record, Stage, Status, Verdict, moves};

/// A comment of GitHub holds 65,536 characters, a step summary 1,024 KiB: what fits the first fits both.
const MOST_CHARACTERS: usize = 60_000;
/// Annotations of one type in one step that GitHub shows.
const MOST_ANNOTATIONS: usize = 10;
/// Things to do that are told one by one.
const MOST_TASKS: usize = 20;

/// What was asked of a gate.
#[derive(Clone, Copy, Debug)]
pub struct GateView<'a> {
    /// The judged run.
    pub record: &'a Record,
    /// How it ends.
    pub code: ExitCode,
    /// The environment that is left, where there is one.
    pub from: Option<&'a EnvName>,
    /// What `shelflife baseline accept` is to be told: the run.
    pub run: &'a str,
}

impl<'a> GateView<'a> {
    /// The cells that are judged: all but those of the environment that is left.
    fn cells(&self) -> impl Iterator<Item = &'a CellRecord> {
        let from = self.from;
        self.record.cells.iter().filter(move |cell| {
            // What fails even where it is used today is news that stops a gate, too.
            from != Some(&cell.consumer) || cell.status == Some(Status::Regression)
        })
    }

    fn with(&self, status: Status) -> Vec<&'a CellRecord> {
        self.cells().filter(|cell| cell.status == Some(status)).collect()
    }

    /// The environments that are moved to.
    fn targets(&self) -> String {
        let names: BTreeSet<&str> = self.cells().map(|cell| cell.consumer.as_str()).collect();
        let shown: Vec<&str> = names.iter().take(3).copied().collect();
        match names.len().saturating_sub(3) {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        }
    }

    fn unjudged(&self) -> Vec<&'a CellRecord> {
        self.with(Status::New)
            .into_iter()
            .filter(|cell| matches!(cell.verdict, Verdict::EnvError | Verdict::Unsupported))
            .collect()
    }

    /// The answer in one line, without markup.
    pub fn answer(&self) -> String {
        let models =
            |cells: &[&CellRecord]| cells.iter().map(|cell| &cell.model).collect::<BTreeSet<_>>().len();
        let all = self.cells().map(|cell| &cell.model).collect::<BTreeSet<_>>().len();
        let targets = self.targets();
        let regressions = models(&self.with(Status::Regression));
        if self.code == ExitCode::Judged && regressions > 0 {
            let verb = if regressions == 1 { "stops" } else { "stop" };
            return format!(
                "Not yet: {regressions} of {} {verb} working in {targets}",
                plural(all as u64, "model")
            );
        }
        match self.code {
            ExitCode::Judged => {
                "Works although declared as failing: the declarations are out of date".to_owned()
            }
            ExitCode::Done => match models(&self.with(Status::Known)) {
                0 => format!("Go: {} in {targets}", works(all as u64)),
                known => format!("Go: nothing new fails in {targets} ({known} of {all} as known)"),
            },
            ExitCode::CouldNotJudge | ExitCode::InvalidInput => {
                format!("Could not judge {} of {}", models(&self.unjudged()), plural(all as u64, "model"))
            }
            ExitCode::Interrupted => "Interrupted: not every model was tried".to_owned(),
            _ => "Nothing was judged".to_owned(),
        }
    }
}

fn works(models: u64) -> String {
    if models == 1 { "the model works".to_owned() } else { format!("all {models} models work") }
}

/// What is wrong with a cell, in a few words of plain text.
pub fn trouble(cell: &CellRecord) -> String {
    match cell.verdict {
        Verdict::Drift => {
            let facts = cell.worst_output();
            let facts = facts.map(|(name, facts)| format!(" ({name}: {})", difference(facts, ARROW)));
            format!("gives other values without an error{}", facts.unwrap_or_default())
        }
        Verdict::Identical | Verdict::Roundoff => "works".to_owned(),
        Verdict::LoadError => format!("cannot be loaded: {}", message(cell)),
        Verdict::PredictError => format!("loads and then fails: {}", message(cell)),
        Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => message(cell),
        Verdict::EnvError | Verdict::Unsupported => message(cell),
    }
}

fn message(cell: &CellRecord) -> String {
    let text = match (&cell.reason, &cell.error) {
        (None, Some(error)) => error.to_string(),
        (reason, _) => reason.clone().unwrap_or_default(),
    };
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    shorten(first.trim().trim_end_matches(':'), 160).into_owned()
}

/// What to do about a regression, in plain text.
fn remedy(view: &GateView<'_>, cell: &CellRecord) -> String {
    if cell.stage == Stage::Read && cell.error.is_none() {
        return "get the file again".to_owned();
    }
    let place = view.from.as_ref().map_or_else(|| "where it works".to_owned(), |from| format!("on {from}"));
    let general = format!("retrain it in {}, or keep it {place}", cell.consumer);
    // A known cause often has a way that costs less.
    let known = view
        .record
        .findings
        .iter()
        .find(|found| cell.signature.is_some() && found.signature == cell.signature);
    match (known.and_then(|found| found.remedy.as_deref()), &cell.signature) {
        (Some(remedy), Some(rule)) => format!("{general}. Known as {rule}: {}", remedy.trim_end_matches('.')),
        _ => general,
    }
}

/// The page for a pull request.
pub fn markdown(view: &GateView<'_>) -> Vec<u8> {
    let mut out = String::new();
    let symbol = match view.code {
        ExitCode::Done => "✅",
        ExitCode::Judged => "❌",
        _ => "⚠️",
    };
    let _ = writeln!(out, "## {symbol} {}\n", prose(&view.answer()));
    tasks(&mut out, view);
    table(&mut out, view);
    moved(&mut out, view);
    details(&mut out, view);
    let record = view.record;
    let _ = writeln!(
        out,
        "\n<sub>shelflife {}, {}: {} cells, {}</sub>",
        prose(&record.run.shelflife),
        prose(&record.run.name),
        record.summary.cells,
        prose(&record.run.started)
    );
    out.into_bytes()
}

fn tasks(out: &mut String, view: &GateView<'_>) {
    let mut tasks = Vec::new();
    for cell in view.with(Status::Regression) {
        tasks.push(format!(
            "{} in {} {}. To do: {}.",
            code(cell.model.as_str()),
            code(cell.consumer.as_str()),
            prose(trouble(cell).trim_end_matches('.')),
            prose(&remedy(view, cell))
        ));
    }
    for cell in view.unjudged() {
        tasks.push(format!(
            "{} in {} could not be judged: {}",
            code(cell.model.as_str()),
            code(cell.consumer.as_str()),
            prose(&message(cell))
        ));
    }
    let flaky = view.with(Status::Flaky);
    for cell in &flaky {
        tasks.push(format!(
            "{} in {} is flaky: {} at first, and fine when tried again. Fix its `random_state`, or its limits.",
            code(cell.model.as_str()),
            code(cell.consumer.as_str()),
            prose(&trouble(cell)),
        ));
    }
    let accept = format!("shelflife baseline accept {}", view.run);
    if view.code == ExitCode::Judged {
        tasks.push(format!("If this is as it should be: {}, and commit the file.", code(&accept)));
    } else if !view.with(Status::Fixed).is_empty() {
        tasks.push(format!("Some work again that did not: {} takes note of it.", code(&accept)));
    }
    if tasks.is_empty() {
        let _ = writeln!(out, "Nothing to do.\n");
        return;
    }
    let _ = writeln!(out, "**What to do**\n");
    let more = tasks.len().saturating_sub(MOST_TASKS);
    for task in tasks.iter().take(MOST_TASKS) {
        let _ = writeln!(out, "- {task}");
    }
    if more > 0 {
        let _ = writeln!(out, "- and {more} more, in the table below");
    }
    out.push('\n');
}

/// One row a cell, what matters first.
fn table(out: &mut String, view: &GateView<'_>) {
    let weight = |cell: &&CellRecord| match cell.status {
        Some(Status::Regression) => 0,
        Some(Status::New) => 1,
        Some(Status::Flaky) => 2,
        Some(Status::Fixed) => 3,
        Some(Status::Known) => 4,
        Some(Status::Pass) | None => 5,
    };
    let mut cells: Vec<&CellRecord> = view.cells().collect();
    cells.sort_by_key(weight);
    let before: BTreeMap<&str, Verdict> = view
        .record
        .cells
        .iter()
        .filter(|cell| view.from == Some(&cell.consumer))
        .map(|cell| (cell.artifact.as_str(), cell.verdict))
        .collect();
    let from = view.from.map_or_else(String::new, |from| format!(" {} |", code(from.as_str())));
    let rule = if view.from.is_some() { " --- |" } else { "" };
    let _ = writeln!(
        out,
        "| model | format |{from} moves to | verdict | status |\n| --- | --- |{rule} --- | --- | --- |"
    );
    let count = cells.len();
    for (index, cell) in cells.into_iter().enumerate() {
        // Half of the room is for what follows.
        if out.len() > MOST_CHARACTERS / 2 {
            let _ = writeln!(out, "\n{} more rows are in `results.csv`.", count - index);
            return;
        }
        let was = match (view.from, before.get(cell.artifact.as_str())) {
            (Some(_), Some(verdict)) => format!(" {} {verdict} |", Group::of(*verdict).emoji()),
            (Some(_), None) => " |".to_owned(),
            (None, _) => String::new(),
        };
        let _ = writeln!(
            out,
            "| {} | {} |{was} {} | {} {} | {} |",
            code(cell.model.as_str()),
            code(cell.format.as_str()),
            code(cell.consumer.as_str()),
            Group::of(cell.verdict).emoji(),
            cell.verdict,
            cell.status.map_or("", Status::as_str),
        );
    }
}

/// What differs between the two environments.
fn moved(out: &mut String, view: &GateView<'_>) {
    let Some(from) = view.from else { return };
    let find = |name: &EnvName| view.record.environments.iter().find(|environment| environment.name == *name);
    let Some(before) = find(from) else { return };
    for target in view.record.environments.iter().filter(|it| it.consumer && it.name != *from) {
        let mut lines: Vec<String> = moves(&before.packages, &target.packages)
            .iter()
            .flat_map(|it| {
                let line = |sign: char, version: &Option<String>| {
                    version.as_ref().map(|version| format!("{sign} {} {version}", it.package))
                };
                [line('-', &it.before), line('+', &it.after)]
            })
            .flatten()
            .collect();
        if before.python != target.python {
            lines.insert(0, format!("+ python {}", target.python));
            lines.insert(0, format!("- python {}", before.python));
        }
        lines.retain(|line| !line.contains("```"));
        lines.truncate(200);
        let _ = writeln!(
            out,
            "\n<details><summary>What moves from {} to {}</summary>\n\n```diff\n{}\n```\n\n</details>",
            prose(from.as_str()),
            prose(target.name.as_str()),
            lines.join("\n")
        );
    }
}

fn details(out: &mut String, view: &GateView<'_>) {
    let failing: Vec<&CellRecord> =
        view.cells().filter(|cell| !cell.verdict.works() && cell.status != Some(Status::Pass)).collect();
    let notes =
        view.record.artifacts.iter().filter_map(|artifact| artifact.file.as_ref().map(|it| (artifact, it)));
    let mut body = String::new();
    for cell in failing {
        let _ = writeln!(
            body,
            "- {} in {}: {}{}",
            code(cell.model.as_str()),
            code(cell.consumer.as_str()),
            prose(&trouble(cell)),
            cell.blame.as_ref().map_or_else(String::new, |module| format!("; raised in {}", code(module)))
        );
        if let Some(frame) = cell.error.as_ref().and_then(|error| error.frames.last()) {
            let _ = writeln!(body, "  - {}", code(frame));
        }
    }
    for (artifact, file) in notes {
        let _ = writeln!(
            body,
            "- {}: {}, {}; {}",
            code(artifact.model.as_str()),
            code(&file.path),
            prose(&file.inputs_from),
            prose(&file.notes.join("; "))
        );
        if out.len() + body.len() > MOST_CHARACTERS {
            let _ = writeln!(body, "- more is in `report.html`");
            break;
        }
    }
    if !body.is_empty() {
        let _ = writeln!(out, "\n<details><summary>Details</summary>\n\n{body}\n</details>");
    }
}

/// Workflow commands of GitHub Actions: what stops the gate as errors, what could not be judged as warnings.
pub fn annotations(view: &GateView<'_>) -> String {
    let mut out = String::new();
    let mut add = |kind: &str, cells: Vec<&CellRecord>, title: &str| {
        let count = cells.len();
        for (index, cell) in cells.into_iter().enumerate() {
            let last = index + 1 == MOST_ANNOTATIONS && count > MOST_ANNOTATIONS;
            let text = if last {
                format!("and {} more: see the step summary", count - index)
            } else {
                format!("{} in {}: {}", cell.model, cell.consumer, trouble(cell))
            };
            let _ = writeln!(out, "::{kind} title={}::{}", property(title), data(&text));
            if last {
                break;
            }
        }
    };
    add("error", view.with(Status::Regression), "shelflife: regression");
    let mut warnings = view.unjudged();
    warnings.extend(view.with(Status::Flaky));
    add("warning", warnings, "shelflife: not judged or flaky");
    out
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A badge as shields.io reads it from an endpoint.
pub fn badge(view: &GateView<'_>) -> Vec<u8> {
    let cells: Vec<&CellRecord> = view.cells().collect();
    let working = cells.iter().filter(|cell| cell.verdict.works()).count();
    let (message, color) = match view.code {
        ExitCode::Done if working == cells.len() => (format!("all {working} work"), "brightgreen"),
        ExitCode::Done => (format!("{working} of {} work", cells.len()), "green"),
        ExitCode::Judged => {
            (format!("{} of {} regressed", view.with(Status::Regression).len(), cells.len()), "red")
        }
        _ => ("not judged".to_owned(), "lightgrey"),
    };
    let badge =
        serde_json::json!({ "schemaVersion": 1, "label": "shelflife", "message": message, "color": color });
    format!("{badge:#}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        assert_eq!(data("50%\nof"), "50%25%0Aof");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
