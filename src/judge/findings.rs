//! Cells that share one cause, gathered so that a reader sees each cause once, worst first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::advice::{Advice, environment_remedy};
use super::outside::{is_uncompared, what_is_missing};
use crate::explain;
use crate::vocab::{
    CellRecord, EnvName, Finding, FindingKind, Mismatch, OutputComparison, Record, ReferenceKind, Verdict,
};

/// Lines that a finding carries at most, beyond its title.
const MAX_DETAILS: usize = 8;
/// Characters of an error message in a title.
const MAX_TITLE: usize = 200;
/// Distinct messages of one rule that a finding quotes.
const MAX_SYMPTOMS: usize = 4;
/// Significant digits of numbers in titles.
const DIGITS: usize = 6;

/// The findings of a record: cells that do not simply work, grouped by cause.
pub(super) fn findings(record: &Record) -> Vec<Finding> {
    let order: HashMap<&EnvName, usize> =
        record.environments.iter().enumerate().map(|(index, env)| (&env.name, index)).collect();
    let advice = Advice::new(record);
    let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, cell) in record.cells.iter().enumerate() {
        if let Some(key) = Key::of(record, cell, &advice) {
            groups.entry(key).or_default().push(index);
        }
    }
    let mut findings: Vec<_> =
        groups.into_iter().map(|(key, cells)| finding(record, &key, cells, &order, &advice)).collect();
    let weight = |finding: &Finding| {
        let worst = finding.cells.iter().map(|index| excess(&record.cells[*index])).fold(0.0, f64::max);
        // NaN cannot come out of `f64::max`, so the comparison below is total.
        (finding.kind, -worst, usize::MAX - finding.cells.len())
    };
    findings.sort_by(|a, b| weight(a).partial_cmp(&weight(b)).unwrap_or(std::cmp::Ordering::Equal));
    findings
}

/// What makes cells one finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: FindingKind,
    verdict: Verdict,
    stage: crate::vocab::Stage,
    /// The rule that explains it, where one does.
    rule: Option<String>,
    /// Else the model, for drift, and the normalised message, for failures.
    cause: String,
}

impl Key {
    fn of(record: &Record, cell: &CellRecord, advice: &Advice<'_>) -> Option<Self> {
        let (kind, cause) = match cell.verdict {
            Verdict::Identical | Verdict::Roundoff => return None,
            Verdict::Drift => {
                let format = record.formats.iter().find(|format| format.name == cell.format);
                let translated = format.is_some_and(|format| format.reference == ReferenceKind::Model);
                // Its own environment can differ from what somebody else expects.
                let expected = translated || advice.expecting.contains(&cell.model);
                let kind = if cell.producer == cell.consumer && !expected {
                    FindingKind::Nondeterministic
                } else {
                    FindingKind::Drift
                };
                // What a translation changes has nothing to do with what versions change.
                let cause = if translated {
                    format!("{} {}", cell.model, cell.format)
                } else {
                    cell.model.to_string()
                };
                (kind, cause)
            }
            Verdict::EnvError => (FindingKind::Environment, reason(cell)),
            Verdict::Unsupported if is_uncompared(cell.verdict, cell.stage) => {
                (FindingKind::Unjudged, reason(cell))
            }
            Verdict::Unsupported => (FindingKind::Unsupported, without_addresses(&reason(cell))),
            Verdict::PredictError
            | Verdict::LoadError
            | Verdict::Crash
            | Verdict::Timeout
            | Verdict::OutOfMemory => (FindingKind::Failure, normalised(&message(cell))),
        };
        let rule = cell.signature.clone();
        let cause = if rule.is_some() { String::new() } else { cause };
        Some(Self { kind, verdict: cell.verdict, stage: cell.stage, rule, cause })
    }
}

fn reason(cell: &CellRecord) -> String {
    cell.reason.clone().unwrap_or_default()
}

/// What a failing cell says: the judge's own reason where it has one, else the exception.
fn message(cell: &CellRecord) -> String {
    match (&cell.reason, &cell.error) {
        (None, Some(error)) => error.to_string(),
        (reason, _) => reason.clone().unwrap_or_default(),
    }
}

/// A message with everything replaced that differs between cells of one cause: addresses and numbers, but not the
/// digits inside of names.
fn normalised(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    let mut previous = ' ';
    let mut characters = message.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_digit() && !(previous.is_alphanumeric() || previous == '_') {
            while characters.peek().is_some_and(|next| next.is_ascii_hexdigit() || matches!(next, '.' | 'x'))
            {
                characters.next();
            }
            text.push('#');
            previous = '#';
        } else {
            text.push(character);
            previous = character;
        }
    }
    text
}

/// A message without the addresses of objects, which differ from process to process.
fn without_addresses(message: &str) -> String {
    let mut parts = message.split("0x");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("0x#");
        text.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit()));
    }
    text
}

fn excess(cell: &CellRecord) -> f64 {
    cell.worst_output().map_or(0.0, |(_, output)| {
        let excess = output.relative_excess();
        if excess.is_nan() { f64::INFINITY } else { excess }
    })
}

fn finding(
    record: &Record,
    key: &Key,
    mut cells: Vec<usize>,
    order: &HashMap<&EnvName, usize>,
    advice: &Advice<'_>,
) -> Finding {
    cells.sort_by(|a, b| {
        excess(&record.cells[*b])
            .partial_cmp(&excess(&record.cells[*a]))
            .unwrap_or(std::cmp::Ordering::Equal)
            .then(a.cmp(b))
    });
    let members: Vec<&CellRecord> = cells.iter().map(|index| &record.cells[*index]).collect();
    let models: BTreeSet<_> = members.iter().map(|cell| cell.model.clone()).collect();
    let formats: BTreeSet<_> = members.iter().map(|cell| cell.format.clone()).collect();
    let mut pairs: Vec<_> =
        members.iter().map(|cell| (cell.producer.clone(), cell.consumer.clone())).collect();
    pairs.sort_by_key(|(producer, consumer)| (order.get(producer).copied(), order.get(consumer).copied()));
    pairs.dedup();
    // Groups are never empty: a key exists because a cell made it.
    let worst = members[0];
    let (mut title, mut details) = match key.kind {
        FindingKind::Drift | FindingKind::Nondeterministic => drift_text(key.kind, worst, &members),
        FindingKind::Failure => failure_text(worst),
        FindingKind::Environment | FindingKind::Unjudged | FindingKind::Unsupported => {
            (cut(&reason(worst)), environment_text(worst))
        }
    };
    let mut remedy = match key.kind {
        FindingKind::Drift => match record.formats.iter().find(|format| format.name == worst.format) {
            Some(format) if format.damaged.is_some() => Some(format!(
                "This is corruption, not drift: the file was damaged on purpose and loads without a word. Compare \
                 its digest before loading, or use a format that notices damage instead of {}.",
                worst.format
            )),
            Some(format) if format.reference == ReferenceKind::Model => Some(format!(
                "The translation into {} changes what {} predicts: use another format for it, or compare the outputs \
                 before each release. If it is made of trees, try inputs that are rounded to float32 first: scikit-learn does \
                 that, and where it is left out, inputs on a split threshold go the other way.",
                worst.format, worst.model
            )),
            _ => advice.for_cell(worst),
        },
        FindingKind::Failure => advice.for_cell(worst),
        FindingKind::Nondeterministic => Some(
            "The outputs depend on something else than the artifact and its inputs: fix `random_state` or the \
             methods to compare; until then the drift of this model elsewhere says nothing."
                .to_owned(),
        ),
        FindingKind::Environment => environment_remedy(record, worst),
        FindingKind::Unjudged => Some(what_is_missing(record, worst)),
        FindingKind::Unsupported => None,
    };
    let rule = key.rule.as_deref().and_then(explain::find);
    // An environment has words of its own, which name it, and a remedy that knows its packages.
    if let Some(rule) = rule.filter(|_| key.kind != FindingKind::Environment) {
        details.splice(0..0, symptoms(key.kind, title, &members));
        title = rule.title.clone();
        // What worked in this very run stays worth knowing.
        details.extend(remedy.map(|advice| format!("In this run: {advice}")));
        remedy = Some(rule.remedy.clone());
    }
    Finding {
        kind: key.kind,
        verdict: key.verdict,
        stage: key.stage,
        title,
        details,
        models: models.into_iter().collect(),
        formats: formats.into_iter().collect(),
        pairs,
        blame: worst.blame.clone(),
        signature: key.rule.clone(),
        cause: rule.map(|rule| rule.cause.clone()),
        links: rule.map(|rule| rule.links.clone()).unwrap_or_default(),
        remedy,
        cells,
    }
}

/// What the cells of one rule show: for drift the worst difference, for failures the distinct messages, the commonest
/// first.
fn symptoms(kind: FindingKind, title: String, members: &[&CellRecord]) -> Vec<String> {
    if kind != FindingKind::Failure {
        return vec![title];
    }
    let mut counts: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for cell in members {
        let (text, _) = failure_text(cell);
        counts.entry(normalised(&text)).or_insert((0, text)).0 += 1;
    }
    let mut messages: Vec<_> = counts.into_values().collect();
    messages.sort_by_key(|(count, _)| usize::MAX - count);
    let more = messages.len().saturating_sub(MAX_SYMPTOMS);
    let mut lines: Vec<_> = messages.into_iter().take(MAX_SYMPTOMS).map(|(_, text)| text).collect();
    if more > 0 {
        lines.push(format!("and {more} more messages of this kind"));
    }
    lines
}

fn drift_text(kind: FindingKind, worst: &CellRecord, members: &[&CellRecord]) -> (String, Vec<String>) {
    let what = worst.worst_output().map_or_else(String::new, |(name, output)| output_text(name, output));
    let title = match kind {
        FindingKind::Nondeterministic => {
            format!("{}: not the same twice in its own producer: {what}", worst.model)
        }
        _ => format!("{}: {what}", worst.model),
    };
    let mut seen = BTreeSet::new();
    let mut details = Vec::new();
    for cell in members {
        let Some((name, output)) = cell.worst_output() else { continue };
        if seen.insert((&cell.producer, &cell.consumer)) && details.len() < MAX_DETAILS {
            details.push(format!("{} -> {}: {}", cell.producer, cell.consumer, output_text(name, output)));
        }
    }
    let warned = members.iter().filter(|cell| !cell.warned.is_empty()).count();
    details.push(match warned {
        0 => "No version warning was raised.".to_owned(),
        n if n == members.len() => "scikit-learn raised its blanket version warning.".to_owned(),
        n => format!("scikit-learn raised its blanket version warning in {n} of {} cells.", members.len()),
    });
    (title, details)
}

/// What is different in one output, in words.
fn output_text(name: &str, output: &OutputComparison) -> String {
    let row = output.worst.as_ref().map(|worst| {
        let index: Vec<_> = worst.index.iter().map(u64::to_string).collect();
        let (observed, reference) = (rounded(&worst.observed), rounded(&worst.reference));
        format!(" at [{}]: {observed} instead of {reference}", index.join(", "))
    });
    let row = row.unwrap_or_default();
    match &output.mismatch {
        Some(Mismatch::Missing) => return format!("{name} is missing"),
        Some(Mismatch::Shape { reference, observed }) => {
            return format!("{name} has shape {observed:?} instead of {reference:?}");
        }
        Some(Mismatch::Type { reference, observed }) => {
            return format!("{name} is {observed} instead of {reference}");
        }
        Some(Mismatch::Damaged { what }) => return format!("{name} is damaged: {what}"),
        None => {}
    }
    if output.flips > 0 {
        let ties = match output.tie_flips {
            0 => String::new(),
            ties => format!(" ({ties} of them ties)"),
        };
        return format!("{name} flips {} of {} labels{ties}{row}", output.flips, output.elements);
    }
    if output.nonfinite_differ > 0 {
        return format!("{name} has NaN or infinity in {} other places{row}", output.nonfinite_differ);
    }
    format!("{name} is off by up to {}{row}", output.max_abs)
}

/// The text of a float with few digits; other texts (labels, integers) as they are.
fn rounded(text: &str) -> String {
    let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite() && text.contains(['.', 'e']))
    else {
        return text.to_owned();
    };
    // Through the scientific form, which counts significant digits, back to the shortest that reads the same.
    let short = format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value);
    if (1e-4..1e9).contains(&f64::abs(short)) { format!("{short}") } else { format!("{short:e}") }
}

fn failure_text(cell: &CellRecord) -> (String, Vec<String>) {
    let message = message(cell);
    let mut details = Vec::new();
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let title = cut(lines.next().unwrap_or_default());
    details.extend(lines.take(MAX_DETAILS).map(str::to_owned));
    if let (Some(_), Some(error)) = (&cell.reason, &cell.error) {
        details.push(cut(&format!("raised here as {}: {}", error.class, error.message)));
    }
    if let Some(error) = &cell.error
        && !error.frames.is_empty()
    {
        let tail = error.frames.len().saturating_sub(3);
        details.push(format!("deepest frames: {}", error.frames[tail..].join(" > ")));
    }
    (title, details)
}

fn environment_text(cell: &CellRecord) -> Vec<String> {
    cell.error
        .iter()
        .filter(|error| !error.frames.is_empty())
        .map(|error| format!("deepest frame: {}", error.frames[error.frames.len() - 1]))
        .collect()
}

pub(super) fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_TITLE {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MAX_TITLE - 3).collect();
    short.push_str("...");
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_cause_are_equal() {
        assert_eq!(normalised("size 64, at 0x7f12ab"), normalised("size 128, at 0x7e99"));
        assert_eq!(normalised("float64 is kept"), "float64 is kept");
        assert_eq!(without_addresses("<f at 0x7f32>: 1.5 of 0x"), "<f at 0x#>: 1.5 of 0x#");
    }
}
