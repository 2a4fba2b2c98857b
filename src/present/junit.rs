//! `junit.xml`: a suite a consumer, a test case an artifact, for the dashboards of CI systems.

use std::collections::HashMap;
use std::io::Write;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite, XmlString};

use super::error::RenderError;
use super::finding_text::rule_remedy;
use super::reasons::reason;
use super::repeat::Repeat;
use super::view::View;
use super::words::{ASCII_ARROW, block, difference, join, line};
use crate::explain;
use crate::vocab::{CellRecord, Status, Verdict};

/// Renders `junit.xml`.
///
/// In a survey what does not work is a failure, and what has no verdict an error. In a judged run a failure is what
/// contradicts: `regression`, `new`, and a declared failure that works. What could not be judged is an error; what is
/// accepted, does not apply, or is what the others are judged by, is skipped with its reason.
///
/// # Errors
/// When it cannot be written.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> Result<(), RenderError> {
    let record = view.record;
    let judged = record.run.judged;
    let positions: HashMap<&str, usize> =
        view.consumers.iter().enumerate().map(|(index, consumer)| (consumer.name, index)).collect();
    let mut all = Report::new(xml(&format!("shelflife {}", record.matrix.name)));
    let mut cells: Vec<Vec<u32>> = vec![Vec::new(); view.consumers.len()];
    for (at, cell) in (0u32..).zip(&record.cells) {
        let Some(position) = positions.get(cell.consumer.as_str()) else { continue };
        cells[*position].push(at);
        all.tests += 1;
        match standing(cell, judged) {
            Standing::Success => {}
            Standing::Failure => all.failures += 1,
            Standing::Error => all.errors += 1,
            Standing::Skipped => all.skipped += 1,
        }
    }
    // What stands around the suites is that of a report without any.
    let around = text(&all)?;
    let (head, tail) = around.split_at(around.rfind(END).unwrap_or(around.len()));
    out.write_all(head.as_bytes())?;
    let mut texts = Texts::default();
    let repeat = Repeat::new(record);
    // A suite at a time: of a large run they are too much to be held together.
    for (consumer, cells) in view.consumers.iter().zip(cells) {
        let mut suite = TestSuite::new(xml(consumer.name));
        let about = consumer.about();
        if !about.is_empty() {
            suite.add_property(("environment", about.as_str()));
        }
        for at in cells {
            suite.add_test_case(case(&record.cells[at as usize], judged, &repeat, &mut texts));
        }
        suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
        let mut one = Report::new("");
        one.add_test_suite(suite);
        let one = text(&one)?;
        let suite = one.find(BEGIN).zip(one.rfind(END)).map_or("", |(from, to)| &one[from..to]);
        out.write_all(suite.as_bytes())?;
    }
    Ok(out.write_all(tail.as_bytes())?)
}

/// How a suite begins.
const BEGIN: &str = "    <testsuite ";
/// How a report ends.
const END: &str = "</testsuites>";

fn text(report: &Report) -> Result<String, RenderError> {
    Ok(report.to_string()?)
}

/// What a cell is to a CI dashboard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Success,
    Failure,
    Error,
    Skipped,
}

fn standing(cell: &CellRecord, judged: bool) -> Standing {
    if !judged {
        return match cell.verdict {
            Verdict::Identical | Verdict::Roundoff => Standing::Success,
            Verdict::EnvError => Standing::Error,
            Verdict::NotTried | Verdict::Unsupported | Verdict::Absent | Verdict::Unverified => {
                Standing::Skipped
            }
            Verdict::Drift
            | Verdict::PredictError
            | Verdict::LoadError
            | Verdict::Crash
            | Verdict::Timeout
            | Verdict::OutOfMemory => Standing::Failure,
        };
    }
    match cell.status {
        Some(Status::Pass) => Standing::Success,
        Some(Status::Known | Status::Allowed | Status::Flaky | Status::Skipped) | None => Standing::Skipped,
        // Against a baseline it is good news; against a declaration it contradicts.
        Some(Status::Fixed) if cell.expected.is_none() => Standing::Success,
        Some(Status::Fixed) => Standing::Failure,
        // Where nothing could be tried, nothing can have become worse.
        Some(Status::Regression) if matches!(cell.verdict, Verdict::EnvError | Verdict::NotTried) => {
            Standing::Error
        }
        Some(Status::Regression | Status::New) => Standing::Failure,
        Some(Status::Unjudged) if cell.verdict == Verdict::NotTried => Standing::Skipped,
        Some(Status::Unjudged) => Standing::Error,
    }
}

/// Texts that were made fit for XML, which takes longer than to find them again: names come back in every suite,
/// and few causes make most messages.
#[derive(Default)]
struct Texts {
    lines: HashMap<String, XmlString>,
    blocks: HashMap<String, XmlString>,
}

impl Texts {
    fn line(&mut self, text: String) -> XmlString {
        found_or_made(&mut self.lines, text, |text| XmlString::new(line(text)))
    }

    /// Several lines that are fit to be shown already.
    fn block(&mut self, text: String) -> XmlString {
        found_or_made(&mut self.blocks, text, |text| XmlString::new(text))
    }
}

fn found_or_made(
    known: &mut HashMap<String, XmlString>,
    text: String,
    make: impl FnOnce(&str) -> XmlString,
) -> XmlString {
    if let Some(found) = known.get(&text) {
        return found.clone();
    }
    let made = make(&text);
    known.insert(text, made.clone());
    made
}

fn case(cell: &CellRecord, judged: bool, repeat: &Repeat<'_>, texts: &mut Texts) -> TestCase {
    let kind = match standing(cell, judged) {
        Standing::Success => None,
        Standing::Skipped => Some(TestCaseStatus::skipped()),
        Standing::Failure => Some(TestCaseStatus::non_success(NonSuccessKind::Failure)),
        Standing::Error => Some(TestCaseStatus::non_success(NonSuccessKind::Error)),
    };
    let status = match kind {
        None => TestCaseStatus::success(),
        Some(status) => with_message(status, cell, repeat, texts),
    };
    let mut case = TestCase::new(texts.line(cell.artifact.clone()), status);
    case.set_classname(texts.line(format!("{}.{}", cell.consumer, cell.model)));
    if cell.is_noise() {
        case.set_system_out(texts.line(message(cell)));
    }
    let seconds = cell.load_seconds.unwrap_or(0.0) + cell.predict_seconds.unwrap_or(0.0);
    case.set_time(Duration::try_from_secs_f64(seconds).unwrap_or_default());
    case
}

fn with_message(
    mut status: TestCaseStatus,
    cell: &CellRecord,
    repeat: &Repeat<'_>,
    texts: &mut Texts,
) -> TestCaseStatus {
    status.set_message(texts.line(message(cell))).set_type(texts.line(cell.verdict.as_str().to_owned()));
    let description = description(cell, repeat);
    if !description.is_empty() {
        status.set_description(texts.block(description));
    }
    status
}

/// `regression: drift: predict_proba: max abs 0.50, [12, 1]: 0.25 -> 0.75`.
fn message(cell: &CellRecord) -> String {
    let mut message = String::new();
    if let Some(status) = cell.status {
        message.push_str(status.as_str());
        message.push_str(": ");
    }
    message.push_str(cell.verdict.as_str());
    if let Some(error) = &cell.error {
        message.push_str(&format!(" ({}): {error}", cell.stage));
    } else if let Some(reason) = reason(cell) {
        message.push_str(&format!(": {reason}"));
    } else if let Some((output, facts)) = cell.worst_output().filter(|_| cell.verdict != Verdict::Identical) {
        message.push_str(&format!(": {output}: {}", difference(facts, ASCII_ARROW)));
    }
    if let Some(note) = &cell.expected {
        let verdicts = join(&note.verdicts);
        message.push_str(&format!(" (declared as {verdicts} at {}: {})", note.declared_at, note.reason));
    }
    message
}

fn description(cell: &CellRecord, repeat: &Repeat<'_>) -> String {
    let mut lines = Vec::new();
    if let Some(error) = &cell.error {
        lines.extend(error.frames.iter().map(|frame| block(frame)));
    }
    if let Some(blame) = &cell.blame {
        lines.push(format!("blame: {}", line(blame)));
    }
    if let Some(id) = &cell.rule {
        lines.push(format!("known cause: {}", line(id)));
        if let Some(rule) = explain::find(id) {
            lines.push(format!("why: {}", line(&rule.cause)));
            lines.push(format!("next: {}", line(&rule_remedy(rule, repeat.rescue(&[cell]).as_deref()))));
        }
    }
    if cell.verdict == Verdict::Drift {
        lines.extend(
            cell.outputs
                .iter()
                .map(|(output, facts)| format!("{}: {}", line(output), difference(facts, ASCII_ARROW))),
        );
    }
    lines.extend(cell.warned.iter().map(|warning| format!("warned: {}", line(warning))));
    lines.join("\n")
}

/// One line that XML can hold.
fn xml(text: &str) -> String {
    line(text).into_owned()
}
