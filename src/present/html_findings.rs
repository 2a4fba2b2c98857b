//! The findings in `report.html`: by section, what is unexpected first; what is as declared is folded.

use std::collections::HashSet;

use super::html_links::{encode, pair_link};
use super::markup::{code, html_spans, prose, spans};
use super::reasons::broken;
use super::repeat::{Again, Repeat};
use super::view::{FindingView, Fixed, Section, UNEXPLAINED, UNEXPLAINED_ADVICE, View, abridged};
use super::words::{ARROW, Group, block, difference, join, line, plural, shorten};
use crate::vocab::{CellRecord, Digest, Finding};

/// Pairs linked from one finding, and how many of them at once.
const MOST_PAIRS: usize = 60;
const FIRST_PAIRS: usize = 4;
/// Findings of a section that are shown at once.
const FIRST_FINDINGS: usize = 6;
/// Findings shown in a section; the rest is reached through the table.
const MOST_FINDINGS: usize = 200;
/// Longest message of a finding.
const LONGEST_MESSAGE: usize = 1_000;

#[derive(Clone, Debug)]
pub(super) struct SectionPage {
    pub(super) class: &'static str,
    pub(super) symbol: char,
    pub(super) title: &'static str,
    /// Whether it is shown at once.
    pub(super) is_open: bool,
    pub(super) advice: &'static str,
    pub(super) reach: String,
    pub(super) findings: Vec<FindingPage>,
    /// The rest, folded.
    pub(super) more: Vec<FindingPage>,
    pub(super) left_out: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct FindingPage {
    /// Where links lead to.
    pub(super) id: String,
    /// It as Markdown, for an issue or a pull request.
    pub(super) markdown: String,
    /// What tries its cells again, where that can be typed.
    pub(super) command: String,
    /// What of it the command tries.
    pub(super) again: &'static str,
    pub(super) title: String,
    /// Output, size and worst row, for differences.
    pub(super) fact: String,
    pub(super) notes: Vec<(&'static str, String)>,
    pub(super) remedy: String,
    pub(super) cause: String,
    pub(super) links: Vec<String>,
    pub(super) details: String,
    pub(super) reach: String,
    pub(super) pairs: Vec<PairLink>,
    /// The rest, folded.
    pub(super) more_pairs: Vec<PairLink>,
    /// What the fold says.
    pub(super) more_reach: String,
    pub(super) pairs_left_out: usize,
    pub(super) is_declared: bool,
}

#[derive(Clone, Debug)]
pub(super) struct PairLink {
    pub(super) link: String,
    pub(super) from: String,
    pub(super) to: String,
}

/// The sections of a page. In a judged run what stops it comes first and is open; what is as declared waits.
pub(super) fn sections(view: &View<'_>) -> Vec<SectionPage> {
    let repeat = Repeat::new(view.record);
    let mut sections: Vec<SectionPage> = Section::ALL
        .into_iter()
        .filter_map(|section| section_page(view, &repeat, section))
        .chain(unexplained_page(view, &repeat))
        .chain(fixed_page(view))
        .collect();
    let mut known = HashSet::new();
    for finding in sections.iter_mut().flat_map(|it| it.findings.iter_mut().chain(&mut it.more)) {
        // What no known cause matches is told twice, and only one of them can be where links lead to.
        if !known.insert(finding.id.clone()) {
            finding.id = String::new();
        }
    }
    // Stable: otherwise the order of reports stays.
    sections.sort_by_key(|section| !section.is_open);
    if !view.record.run.judged
        && let Some(first) = sections.first_mut()
    {
        first.is_open = true;
    }
    sections
}

/// Where links to a finding lead to: the same for the same cause in another run.
pub(super) fn finding_id(shown: &FindingView<'_>) -> String {
    let finding = shown.finding;
    let models = join(&finding.models);
    let known = finding.rule.as_deref().unwrap_or(&shown.text.title);
    let text = format!("{:?} {} {} {known} {models}", finding.kind, finding.verdict, finding.stage);
    format!("finding-{}", Digest::of(text.as_bytes()).short())
}

/// What repeats a finding.
fn command(view: &View<'_>, repeat: &Repeat<'_>, finding: &Finding) -> Option<Again> {
    let cells: Vec<&CellRecord> =
        finding.cells.iter().filter_map(|index| view.record.cells.get(*index)).collect();
    repeat.cells(&cells)
}

/// A finding as somebody pastes it elsewhere.
fn as_markdown(shown: &FindingView<'_>, title: &str, fact: &str, again: Option<&Again>) -> String {
    let fact = if fact.is_empty() { String::new() } else { format!(": {}", prose(fact)) };
    let mut lines = vec![format!("**{}**{fact}", prose(title)), String::new()];
    lines.push(format!(
        "- models: {}",
        prose(&abridged(shown.finding.models.iter().map(|it| it.as_str()), 20))
    ));
    let pairs = shown.finding.pairs.iter().take(FIRST_PAIRS);
    let mut pairs: Vec<String> =
        pairs.map(|(from, to)| format!("{} {ARROW} {}", code(from.as_str()), code(to.as_str()))).collect();
    let more = shown.finding.pairs.len().saturating_sub(FIRST_PAIRS);
    if more > 0 {
        pairs.push(format!("and {more} more"));
    }
    lines.push(format!("- from and in: {}", pairs.join(", ")));
    for (name, text) in [("why", &shown.text.cause), ("next", &shown.remedy)] {
        lines.extend(text.as_deref().map(|text| format!("- {name}: {}", spans(text))));
    }
    lines.extend(again.map(|again| format!("- tried again by: {}", code(&again.command))));
    lines.join("\n")
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

fn section_page(view: &View<'_>, repeat: &Repeat<'_>, section: Section) -> Option<SectionPage> {
    let all: Vec<_> = view.section(section).collect();
    let mut findings: Vec<_> = Vec::new();
    if section == Section::Environment {
        findings.extend(view.broken_environments.iter().map(|environment| {
            let name = line(environment.name.as_str());
            let error = broken(environment).unwrap_or_default();
            let error = line(&error);
            FindingPage {
                remedy: environment.remedy.as_deref().map(html_spans).unwrap_or_default(),
                ..FindingPage::titled(format!("{name}: {error}"))
            }
        }));
    }
    findings.extend(all.iter().take(MOST_FINDINGS).map(|finding| finding_page(view, repeat, finding)));
    if findings.is_empty() {
        return None;
    }
    let cells: usize = all.iter().map(|finding| finding.finding.cells.len()).sum();
    let left_out = all.len().saturating_sub(MOST_FINDINGS);
    let count = plural((findings.len() + left_out) as u64, "finding");
    let more = folded(&mut findings);
    Some(SectionPage {
        class: group(section).class(),
        symbol: group(section).symbol(),
        title: section.title(),
        is_open: all.iter().any(|shown| shown.statuses.keys().any(|status| status.is_bad())),
        advice: section.advice(),
        reach: format!("{count}, {}", plural(cells as u64, "cell")),
        left_out,
        more,
        findings,
    })
}

/// What no known cause matches, once more and by itself: it should be empty.
fn unexplained_page(view: &View<'_>, repeat: &Repeat<'_>) -> Option<SectionPage> {
    let mut findings: Vec<_> = view.unexplained().map(|shown| finding_page(view, repeat, shown)).collect();
    let left_out = findings.len().saturating_sub(MOST_FINDINGS);
    findings.truncate(MOST_FINDINGS);
    let count = plural((findings.len() + left_out) as u64, "finding");
    (!findings.is_empty()).then(|| SectionPage {
        class: Group::NoVerdict.class(),
        symbol: Group::NoVerdict.symbol(),
        title: UNEXPLAINED,
        advice: UNEXPLAINED_ADVICE,
        reach: count,
        is_open: false,
        more: folded(&mut findings),
        findings,
        left_out,
    })
}

/// Takes out what is folded: what is as declared, and more than anybody reads at once.
fn folded(findings: &mut Vec<FindingPage>) -> Vec<FindingPage> {
    // What is as declared stands last; a list of nothing else is shown.
    let open = findings.iter().filter(|finding| !finding.is_declared).count();
    let shown = if open == 0 { FIRST_FINDINGS } else { open.min(FIRST_FINDINGS) };
    findings.split_off(findings.len().min(shown))
}

/// Declared failures that work now.
fn fixed_page(view: &View<'_>) -> Option<SectionPage> {
    let cells: u64 = view.fixed.iter().map(|fixed| fixed.cells).sum();
    (cells > 0).then(|| SectionPage {
        class: Group::Works.class(),
        symbol: Group::Works.symbol(),
        title: Fixed::TITLE,
        is_open: false,
        advice: "Declared as failing, and works.",
        reach: plural(cells, "cell"),
        findings: view.fixed.iter().map(|fixed| FindingPage::titled(fixed.advice())).collect(),
        more: Vec::new(),
        left_out: 0,
    })
}

impl FindingPage {
    /// One with nothing but a title.
    fn titled(title: String) -> Self {
        Self { title, ..Self::default() }
    }
}

fn finding_page(view: &View<'_>, repeat: &Repeat<'_>, shown: &FindingView<'_>) -> FindingPage {
    let finding = shown.finding;
    let message = || shorten(&line(&shown.text.title), LONGEST_MESSAGE).into_owned();
    let is_difference = matches!(shown.section, Section::Silent | Section::Nondeterministic);
    let (title, fact) = match (&shown.worst, is_difference) {
        (Some(worst), true) => {
            let flips = super::words::flips_beside(worst.cell, worst.output);
            let fact = format!("{}: {}{}", line(worst.output), difference(worst.facts, ARROW), line(&flips));
            (shown.models(), fact)
        }
        _ if shown.section == Section::Failure => {
            (format!("{} ({})", finding.verdict, finding.stage), message())
        }
        _ => (message(), String::new()),
    };
    let mut notes = Vec::new();
    if !is_difference {
        notes.push(("models", abridged(finding.models.iter().map(|name| name.as_str()), 6)));
    }
    let formats = shown.formats(view);
    if !formats.is_empty() {
        notes.push(("only", formats));
    }
    if let Some(blame) = &finding.blame {
        notes.push(("blame", line(blame).into_owned()));
    }
    if let Some(rule) = &finding.rule {
        notes.push(("known cause", line(rule).into_owned()));
    }
    if !shown.statuses.is_empty() {
        notes
            .push(("judged", join(shown.statuses.iter().map(|(status, count)| format!("{count} {status}")))));
    }
    if let Some(note) = shown.declared {
        let place = line(&note.declared_at);
        notes.push(("declared", format!("{} at {place}: {}", join(&note.verdicts), line(&note.reason))));
    }
    let mut pairs: Vec<_> = finding
        .pairs
        .iter()
        .take(MOST_PAIRS)
        .map(|(from, to)| PairLink {
            link: finding_link(shown, from.as_str(), to.as_str()),
            from: line(from.as_str()).into_owned(),
            to: line(to.as_str()).into_owned(),
        })
        .collect();
    let again = command(view, repeat, finding);
    FindingPage {
        id: finding_id(shown),
        markdown: as_markdown(shown, &title, &fact, again.as_ref()),
        again: if again.as_ref().is_none_or(|again| again.is_whole) { "it" } else { "its first cell" },
        command: again.map(|again| again.command).unwrap_or_default(),
        title,
        fact,
        notes,
        cause: shown.text.cause.as_deref().map(html_spans).unwrap_or_default(),
        links: shown.text.links.iter().filter(|link| link.starts_with("https://")).cloned().collect(),
        remedy: shown.remedy.as_deref().map(html_spans).unwrap_or_default(),
        details: shown.text.details.iter().map(|text| block(text)).collect::<Vec<_>>().join("\n"),
        reach: format!(
            "{} in {}",
            plural(finding.cells.len() as u64, "cell"),
            plural(finding.pairs.len() as u64, "pair")
        ),
        more_reach: plural(finding.pairs.len().saturating_sub(FIRST_PAIRS) as u64, "more pair"),
        more_pairs: pairs.split_off(pairs.len().min(FIRST_PAIRS)),
        pairs,
        pairs_left_out: finding.pairs.len().saturating_sub(MOST_PAIRS),
        is_declared: shown.is_as_declared(),
    }
}

/// Opens a pair with the cells of a finding only.
fn finding_link(shown: &FindingView<'_>, producer: &str, consumer: &str) -> String {
    let mut link = pair_link(producer, consumer);
    if let [model] = shown.finding.models.as_slice() {
        link.push_str(&format!("&model={}", encode(&line(model.as_str()))));
    }
    link.push_str(&format!("&verdict={}", shown.finding.verdict));
    link
}
