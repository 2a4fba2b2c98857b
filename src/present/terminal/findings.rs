//! The findings, silent differences first.

use anstyle::Style;

use super::super::promises;
use super::super::reasons::broken;
use super::super::view::{FindingView, Fixed, Section, UNEXPLAINED, UNEXPLAINED_ADVICE, View};
use super::super::words::{ASCII_ARROW, Group, difference, flips_beside, join, line, plural, shorten};
use super::page::{BOLD, DIM, Page, painted, style};
use crate::vocab::{EnvironmentRecord, Status};

/// Longest message that is shown; the whole one is in the reports.
const LONGEST_MESSAGE: usize = 300;

/// Names of models in one row.
const MOST_MODELS: usize = 6;

pub(super) fn sections(page: &mut Page, view: &View<'_>, max_findings: usize) {
    for section in Section::ALL {
        let all: Vec<_> = view.section(section).collect();
        let open: Vec<_> = all.iter().filter(|finding| !finding.is_as_declared()).collect();
        let broken: &[&EnvironmentRecord] =
            if section == Section::Environment { &view.broken_environments } else { &[] };
        if all.is_empty() && broken.is_empty() {
            continue;
        }
        let declared = all.len() - open.len();
        heading(page, section, &open, broken.len(), declared);
        for environment in broken {
            environment_line(page, environment);
        }
        for finding in open.iter().take(max_findings) {
            one(page, view, finding);
        }
        if open.len() > max_findings {
            let more = open.len() - max_findings;
            page.line(&painted(DIM, &format!("  and {more} more, all in report.html and report.md")));
        }
        page.blank();
    }
    unexplained(page, view, max_findings);
    if !view.fixed.is_empty() {
        page.line(&painted(style(Group::Works).bold(), Fixed::TITLE));
        for fixed in &view.fixed {
            let mark = painted(style(Group::Works), &Group::Works.ascii().to_string());
            page.wrapped(&format!("  {mark} "), 4, 6, Style::new(), &fixed.advice());
        }
        page.blank();
    }
}

/// What no known cause matches, once more and by itself: it should be empty.
fn unexplained(page: &mut Page, view: &View<'_>, most: usize) {
    let all: Vec<_> = view.unexplained().filter(|finding| !finding.is_as_declared()).collect();
    if all.is_empty() {
        return;
    }
    let cells: usize = all.iter().map(|finding| finding.finding.cells.len()).sum();
    let title = painted(style(Group::NoVerdict).bold(), UNEXPLAINED);
    page.line(&format!("{title}  {}, {}", plural(all.len() as u64, "finding"), plural(cells as u64, "cell")));
    page.wrapped("  ", 2, 2, DIM, UNEXPLAINED_ADVICE);
    for shown in all.iter().take(most) {
        let mark = painted(style(group(shown.section)), &group(shown.section).ascii().to_string());
        let text = message(&shown.brief());
        page.wrapped(&format!("  {mark} "), 4, 6, Style::new(), &text);
    }
    if all.len() > most {
        let more = all.len() - most;
        page.line(&painted(DIM, &format!("  and {more} more, all in report.html and report.md")));
    }
    page.blank();
}

/// The same scikit-learn across pointer widths and byte orders.
pub(super) fn crossings(page: &mut Page, view: &View<'_>, most: usize) {
    for crossing in &view.crossings {
        let direction = crossing.direction.text(ASCII_ARROW);
        page.line(&format!(
            "{}, same scikit-learn  {}",
            painted(BOLD, &direction),
            crossing.counts.sentence()
        ));
        for failure in crossing.failures.iter().take(most) {
            let mark = painted(style(failure.group), &failure.group.ascii().to_string());
            page.wrapped(&format!("  {mark} "), 4, 6, Style::new(), &failure.models_text(MOST_MODELS));
            page.wrapped("      ", 6, 6, DIM, &format!("{}; {}", failure.when, failure.what));
        }
        match crossing.failures.len() {
            0 => page.line("  every model crosses"),
            all if all > most => {
                page.line(&painted(
                    DIM,
                    &format!("  and {} more, all in report.html and report.md", all - most),
                ));
            }
            _ => {}
        }
        page.blank();
    }
}

/// What is documented, beside what happened.
pub(super) fn promised(page: &mut Page, view: &View<'_>, most: usize) {
    for promise in &view.record.promises {
        page.line(&format!("{}  what is documented and what happens", painted(BOLD, &line(&promise.title))));
        page.wrapped("  ", 2, 2, Style::new(), &promises::sentence(promise));
        let rows = promises::rows(promise, ASCII_ARROW);
        // That some models work without a promise is said in numbers; what matters is a promise that is not kept.
        let differing: Vec<_> = rows.iter().filter(|row| row.is_broken || row.is_better).collect();
        for row in differing.iter().take(most) {
            let mark = if row.is_broken { "  x " } else { "  = " };
            page.wrapped(mark, 4, 6, Style::new(), &line(&row.pair));
            let text = format!("documented: {}; tried: {}", row.stated, row.tried);
            page.wrapped("      ", 6, 6, DIM, &line(&text));
        }
        if differing.len() > most {
            let more = differing.len() - most;
            page.line(&painted(DIM, &format!("  and {more} more, all in report.html and report.md")));
        }
        page.blank();
    }
}

const fn group(section: Section) -> Group {
    match section {
        Section::Silent | Section::Nondeterministic => Group::Silent,
        Section::Failure => Group::Fails,
        Section::Environment | Section::Unjudged | Section::NotTried => Group::NoVerdict,
        Section::Noise => Group::Works,
        Section::Unsupported => Group::Unsupported,
    }
}

fn heading(page: &mut Page, section: Section, open: &[&&FindingView<'_>], broken: usize, declared: usize) {
    let mut facts = Vec::new();
    let found = (open.len() + broken) as u64;
    if found > 0 {
        let cells: usize = open.iter().map(|finding| finding.finding.cells.len()).sum();
        facts.push(plural(found, "finding"));
        facts.push(plural(cells as u64, "cell"));
    }
    if declared > 0 {
        facts.push(format!("{} as declared (known), not shown", plural(declared as u64, "finding")));
    }
    let title = painted(style(group(section)).bold(), section.title());
    page.line(&format!("{title}  {}", facts.join(", ")));
    // Advice that every finding already gives by itself would only be in the way.
    if open.iter().any(|finding| finding.remedy.is_none()) {
        page.wrapped("  ", 2, 2, DIM, section.advice());
    }
}

fn environment_line(page: &mut Page, environment: &EnvironmentRecord) {
    let name = line(environment.name.as_str());
    let mark = painted(style(Group::NoVerdict), "?");
    let error = broken(environment).unwrap_or_default();
    page.wrapped(
        &format!("  {mark} {} ", painted(BOLD, &name)),
        5 + name.chars().count(),
        6,
        Style::new(),
        &shorten(&line(&error), LONGEST_MESSAGE),
    );
    next_step(page, environment.remedy.as_deref());
}

fn one(page: &mut Page, view: &View<'_>, shown: &FindingView<'_>) {
    let finding = shown.finding;
    let mark = painted(style(group(shown.section)), &group(shown.section).ascii().to_string());
    let (lead, text) = match shown.section {
        Section::Silent | Section::Nondeterministic => difference_line(view, shown),
        Section::Failure => {
            let stage = finding.stage.as_str();
            (format!("{} ({stage})", finding.verdict), message(&shown.text.title))
        }
        Section::Environment
        | Section::Unjudged
        | Section::NotTried
        | Section::Noise
        | Section::Unsupported => (String::new(), message(&shown.text.title)),
    };
    if lead.is_empty() {
        page.wrapped(&format!("  {mark} "), 4, 6, Style::new(), &text);
    } else {
        let columns = 5 + lead.chars().count();
        page.wrapped(&format!("  {mark} {} ", painted(BOLD, &lead)), columns, 6, Style::new(), &text);
    }
    let facts = facts(view, shown);
    if !facts.is_empty() {
        page.wrapped("      ", 6, 6, DIM, &facts);
    }
    if shown.text.cause.is_some()
        && shown.section == Section::Failure
        && let Some(says) = shown.text.details.first()
    {
        page.wrapped("      says: ", 12, 12, DIM, &message(says));
    }
    if let Some(cause) = &shown.text.cause {
        page.wrapped("      why: ", 11, 11, Style::new(), &line(cause));
    }
    next_step(page, shown.remedy.as_deref());
}

/// Model, pairs, output, largest difference, worst row: one line where the terminal is wide enough.
fn difference_line(view: &View<'_>, shown: &FindingView<'_>) -> (String, String) {
    let mut text = pairs(shown);
    let formats = shown.formats(view);
    if !formats.is_empty() {
        text.push_str(&format!(" ({formats})"));
    }
    match &shown.worst {
        Some(worst) => {
            let (what, flips) =
                (difference(worst.facts, ASCII_ARROW), flips_beside(worst.cell, worst.output));
            text.push_str(&format!("  {}: {what}{}", line(worst.output), line(&flips)));
        }
        None => text.push_str(&format!("  {}", message(&shown.text.title))),
    }
    (shown.models(), text)
}

/// `sk1.2.2 -> sk1.5.2 and 3 more pairs`; the pair with the largest difference leads.
fn pairs(shown: &FindingView<'_>) -> String {
    let example = shown.worst.map(|worst| worst.cell).or(shown.example);
    let Some(cell) = example else { return String::new() };
    let more = shown.finding.pairs.len().saturating_sub(1) as u64;
    let pair = format!("{} -> {}", line(cell.producer.as_str()), line(cell.consumer.as_str()));
    if more == 0 { pair } else { format!("{pair} and {}", plural(more, "more pair")) }
}

/// The second line: how much it hits, an example, the culprit, how it was judged.
fn facts(view: &View<'_>, shown: &FindingView<'_>) -> String {
    let finding = shown.finding;
    let mut parts = Vec::new();
    let is_difference = matches!(shown.section, Section::Silent | Section::Nondeterministic);
    if !is_difference && !finding.cells.is_empty() {
        let pair_count = finding.pairs.len().max(1) as u64;
        let mut reach =
            format!("{} in {}", plural(finding.cells.len() as u64, "cell"), plural(pair_count, "pair"));
        if let Some(cell) = shown.example {
            let (from, to) = (line(cell.producer.as_str()), line(cell.consumer.as_str()));
            reach.push_str(&format!(", e.g. {} {from} -> {to}", line(cell.model.as_str())));
        }
        let formats = shown.formats(view);
        if !formats.is_empty() {
            reach.push_str(&format!(" ({formats} only)"));
        }
        parts.push(reach);
    }
    if let Some(blame) = &finding.blame {
        parts.push(format!("blame {}", line(blame)));
    }
    if let Some(rule) = &finding.rule {
        parts.push(format!("known cause: {}", line(rule)));
    }
    let unexpected: Vec<_> = shown
        .statuses
        .iter()
        .filter(|(status, _)| **status != Status::Pass)
        .map(|(status, count)| format!("{count} {status}"))
        .collect();
    if !unexpected.is_empty() {
        parts.push(unexpected.join(", "));
    }
    if let Some(note) = shown.declared {
        let place = line(&note.declared_at);
        parts.push(format!("declared as {} at {place}: {}", join(&note.verdicts), line(&note.reason)));
    }
    parts.join("; ")
}

fn next_step(page: &mut Page, remedy: Option<&str>) {
    if let Some(remedy) = remedy {
        page.wrapped("      next: ", 12, 12, Style::new(), &line(remedy));
    }
}

fn message(text: &str) -> String {
    shorten(&line(text), LONGEST_MESSAGE).into_owned()
}
