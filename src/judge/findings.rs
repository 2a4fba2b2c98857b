//! Cells that share one cause, gathered so that a reader sees each cause once, worst first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::next::Advisor;
use crate::explain;
use crate::vocab::{
    Cause, CellRecord, EnvName, Finding, FindingKind, Record, ReferenceKind, Stage, Trouble, Verdict,
};

/// The findings of a record: cells that do not simply work, grouped by cause.
pub(super) fn findings(record: &Record) -> Vec<Finding> {
    let order: HashMap<&EnvName, usize> =
        record.environments.iter().enumerate().map(|(index, env)| (&env.name, index)).collect();
    let advisor = Advisor::new(record);
    let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (index, cell) in record.cells.iter().enumerate() {
        if let Some(key) = Key::of(record, cell, &advisor) {
            groups.entry(key).or_default().push(index);
        }
    }
    let mut findings: Vec<_> =
        groups.into_iter().map(|(key, cells)| finding(record, key, cells, &order, &advisor)).collect();
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
    stage: Stage,
    /// The rule that explains it, where one does.
    rule: Option<String>,
    /// Else, or where the rule speaks of a whole kind, the model, for drift, and the cause with its message, for
    /// everything else.
    cause: String,
}

impl Key {
    fn of(record: &Record, cell: &CellRecord, advisor: &Advisor<'_>) -> Option<Self> {
        let (kind, cause) = match &cell.cause {
            Cause::None if cell.is_noise() => (FindingKind::Noise, cell.model.to_string()),
            Cause::None | Cause::LoadOnly => return None,
            Cause::Differs => {
                let format = record.formats.iter().find(|format| format.name == cell.format);
                let translated = format.is_some_and(|format| format.reference == ReferenceKind::Model);
                // Its own environment can differ from what somebody else expects.
                let expected = translated || advisor.is_expecting(&cell.model);
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
            // How much room there was differs from cell to cell.
            Cause::Environment { trouble: Trouble::Disturbed { environment, by } } => {
                (FindingKind::Environment, format!("{environment} {}", by.word()))
            }
            Cause::Environment { trouble: Trouble::NotReached } => (FindingKind::NotTried, String::new()),
            // What a file lacks, it lacks everywhere.
            Cause::Environment {
                trouble:
                    Trouble::PackageMissing { package: name, .. }
                    | Trouble::ModuleMissing { module: name, .. }
                    | Trouble::OtherRelease { module: name, .. },
            } => (FindingKind::Environment, format!("{} {name}", cell.cause.word())),
            Cause::Environment { .. } => (FindingKind::Environment, said(&cell.cause)),
            Cause::NoReference { .. }
            | Cause::InputsDoNotFit { .. }
            | Cause::NotAModel { .. }
            | Cause::Random { .. } => (FindingKind::Unjudged, said(&cell.cause)),
            // Whoever mistypes one file mistypes the next one.
            Cause::ExpectedMistyped { output, how, .. } => {
                (FindingKind::Unjudged, format!("expected {output} {}", how.word()))
            }
            // Who wrote it and who reads it say the same of a class that does not exist there.
            Cause::ClassAbsent { says, .. } => (FindingKind::Unsupported, without_addresses(says)),
            Cause::RuledOut { .. } | Cause::Inapplicable { .. } => {
                (FindingKind::Unsupported, without_addresses(&said(&cell.cause)))
            }
            Cause::Raised { misread: None } => {
                let error = cell.error.as_ref().map(ToString::to_string);
                (FindingKind::Failure, normalised(&error.unwrap_or_default()))
            }
            Cause::Raised { misread: Some(_) }
            | Cause::Refused { .. }
            | Cause::Signal { .. }
            | Cause::Exited { .. }
            | Cause::Limit { .. } => (FindingKind::Failure, normalised(&said(&cell.cause))),
        };
        let rule = cell.rule.clone();
        // A cause that speaks of a whole kind has as many findings as there are messages.
        let is_one = rule.as_deref().and_then(explain::find).is_some_and(|rule| !rule.is_general());
        let cause = if is_one { String::new() } else { cause };
        Some(Self { kind, verdict: cell.verdict, stage: cell.stage, rule, cause })
    }
}

/// A cause as one text, to tell causes apart by.
fn said(cause: &Cause) -> String {
    // Nothing in a cause has keys that are no texts, which is all that could fail here.
    serde_json::to_string(cause).unwrap_or_default()
}

/// A message with everything replaced that differs between cells of one cause: addresses and numbers, but not the
/// digits inside of names.
pub fn normalised(message: &str) -> String {
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
    key: Key,
    mut cells: Vec<usize>,
    order: &HashMap<&EnvName, usize>,
    advisor: &Advisor<'_>,
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
    Finding {
        kind: key.kind,
        verdict: key.verdict,
        stage: key.stage,
        models: models.into_iter().collect(),
        formats: formats.into_iter().collect(),
        pairs,
        blame: worst.blame.clone(),
        rule: key.rule,
        next: advisor.next(key.kind, worst),
        cells,
    }
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
