//! What a person sees at the end of a run: the table, the findings, the counts, and what to do next.

mod findings;
mod heat;
mod page;

use std::collections::BTreeSet;

use anstyle::Style;

use page::{BOLD, DIM, Page, painted, style};

use super::forecast;
use super::isolation;
use super::view::View;
use super::words::{Group, duration, join, line, plural};
use crate::judge::is_bad_input;
use crate::vocab::{CellRecord, FindingKind, Record, Status, Verdict};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalOptions {
    /// Columns of the terminal; anything below 40 counts as 40.
    pub width: usize,
    /// Findings shown in each section; the rest is counted.
    pub max_findings: usize,
}

impl Default for TerminalOptions {
    fn default() -> Self {
        Self { width: 100, max_findings: 10 }
    }
}

/// A text in the style of a group.
pub(super) fn painted_by(group: Group, text: &str) -> String {
    painted(style(group), text)
}

/// The whole summary with terminal styles in it; a stream that strips them (`anstream`) makes it plain.
/// Ends with a line break.
pub fn terminal(record: &Record, options: &TerminalOptions) -> String {
    let view = View::new(record);
    let mut page = Page { out: String::new(), width: options.width.max(40) };
    heading(&mut page, &view);
    let files = super::files::text(record);
    if files.is_empty() || record.artifacts.iter().any(|artifact| artifact.file.is_none()) {
        heat::table(&mut page, &view);
    }
    page.out.push_str(&files);
    findings::sections(&mut page, &view, options.max_findings);
    findings::crossings(&mut page, &view, options.max_findings);
    findings::promised(&mut page, &view, options.max_findings);
    suspicious(&mut page, &view);
    score(&mut page, &view);
    counts(&mut page, &view);
    if !record.run.judged {
        advice(&mut page, &view);
    }
    page.out
}

fn heading(page: &mut Page, view: &View<'_>) {
    let record = view.record;
    let run = &record.run;
    // References are observed too, so this can be more than there are cells.
    let reused = match run.reused {
        0 => String::new(),
        count => format!(" ({} reused)", plural(count, "observation")),
    };
    let facts = join([
        plural(view.producers.len() as u64, "producer"),
        plural(view.consumers.len() as u64, "consumer"),
        plural(view.models.len() as u64, "model"),
        plural(view.formats.len() as u64, "format"),
        format!("{}{reused} in {}", plural(view.counts.total(), "cell"), duration(run.seconds)),
    ]);
    let name = line(&record.matrix.name);
    page.wrapped(&format!("{}: ", painted(BOLD, &name)), name.chars().count() + 2, 2, DIM, &facts);
    if run.interrupted {
        page.wrapped(
            &format!("{} ", painted(style(Group::NoVerdict), "interrupted:")),
            13,
            2,
            Style::new(),
            "cells are missing. Run the same command again: it goes on where it stopped.",
        );
    }
    page.blank();
}

/// What cells tried that they may not.
fn suspicious(page: &mut Page, view: &View<'_>) {
    let suspects = isolation::suspects(view.record);
    if suspects.is_empty() {
        return;
    }
    let heading = format!("{}  {}", isolation::SUSPICIOUS, plural(suspects.len() as u64, "file"));
    page.line(&painted(style(Group::Fails), &heading));
    page.wrapped("  ", 2, 2, DIM, isolation::SUSPICIOUS_ADVICE);
    for suspect in suspects {
        page.wrapped("  ! ", 4, 6, Style::new(), &format!("{} tried: {}", suspect.model, suspect.tried));
    }
    page.blank();
}

/// How forecasts did: the whole, and the rules that were not always right.
fn score(page: &mut Page, view: &View<'_>) {
    let Some(score) = &view.record.score else { return };
    page.line(&painted(BOLD, "Forecast"));
    for line in forecast::sentences(score) {
        page.wrapped("  ", 2, 4, Style::new(), &line);
    }
    let rows = forecast::imperfect(score);
    if !rows.is_empty() {
        let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
        page.line(&painted(
            DIM,
            &format!("  {:width$}  forecast  precision  happened  recall", "not always right"),
        ));
        for row in rows {
            page.line(&format!(
                "  {:width$}  {:>8}  {:>9}  {:>8}  {:>6}",
                row.name, row.forecast, row.precision, row.actual, row.recall
            ));
        }
    }
    page.blank();
}

fn counts(page: &mut Page, view: &View<'_>) {
    let summary = &view.record.summary;
    let total = plural(summary.cells, "cell");
    // The last lines are one line each, however long: people search logs for them.
    page.line(&format!("{}: {}", painted(BOLD, &total), view.counts.sentence()));
    if let Some(explained) = view.explained_sentence() {
        page.line(&format!("known causes: {explained}"));
    }
    if !summary.statuses.is_empty() {
        let statuses = join(summary.statuses.iter().map(|(status, count)| format!("{count} {status}")));
        page.line(&format!("judged: {statuses}"));
    }
    unjudged(page, view);
    if let Some(gaps) = isolation::gaps(view.record) {
        page.line(&gaps);
    }
}

/// What could not be judged, and whose fault that is.
fn unjudged(page: &mut Page, view: &View<'_>) {
    // A survey judges nothing; inputs that do not suit a model are told there, too.
    let is_judged = view.record.run.judged;
    let open = |cell: &&CellRecord| match cell.status {
        Some(status) => status == Status::Unjudged,
        None => !is_judged && is_bad_input(cell) && !cell.was_refused(),
    };
    let (given, others): (Vec<&CellRecord>, Vec<&CellRecord>) =
        view.record.cells.iter().filter(open).partition(|cell| is_bad_input(cell));
    if !given.is_empty() {
        let models: BTreeSet<&str> = given.iter().map(|cell| cell.model.as_str()).collect();
        page.line(&format!(
            "not judged because of the file, its inputs or its presumed producer: {}",
            join(models.iter().map(|name| line(name)))
        ));
    }
    let count = |verdict| others.iter().filter(|cell| cell.verdict == verdict).count() as u64;
    let (left, environments) = (count(Verdict::NotTried), count(Verdict::EnvError));
    if environments > 0 {
        page.line(&format!(
            "not judged because of an environment: {}; fix it, or declare it with [[expect]]",
            plural(environments, "cell")
        ));
    }
    let rest = others.len() as u64 - environments - left;
    if left > 0 {
        page.line(&format!("not tried when the run ended: {}", plural(left, "cell")));
    }
    if rest > 0 {
        page.line(&format!("not judged, for the reasons given above: {}", plural(rest, "cell")));
    }
}

/// The last line of a survey.
fn advice(page: &mut Page, view: &View<'_>) {
    let kinds = [
        (FindingKind::Drift, "silent difference"),
        (FindingKind::Nondeterministic, "not reproducible"),
        (FindingKind::Failure, "failure"),
        (FindingKind::Environment, "environment"),
        (FindingKind::Unjudged, "not judged"),
        (FindingKind::NotTried, "not tried"),
        (FindingKind::Noise, "roundoff by its noise floor"),
        (FindingKind::Unsupported, "unsupported"),
    ];
    let parts = join(kinds.into_iter().filter_map(|(kind, word)| {
        let count = view.findings.iter().filter(|finding| finding.finding.kind == kind).count() as u64;
        let noun = matches!(kind, FindingKind::Drift | FindingKind::Failure | FindingKind::Environment);
        (count > 0).then(|| if noun { plural(count, word) } else { format!("{count} {word}") })
    }));
    let found = match view.findings.len() {
        0 => "No findings".to_owned(),
        count => format!("{} ({parts})", plural(count as u64, "finding")),
    };
    page.line(&format!(
        "{found}. Nothing was judged; to gate on this: --fail-on {}, [[expect]] in the matrix, or --baseline RUN",
        view.gate_on()
    ));
}
