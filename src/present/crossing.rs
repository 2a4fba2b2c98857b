//! Pairs of environments with the same scikit-learn on machines of other pointer widths or byte orders: which models
//! do not cross, and in which releases.

use std::collections::BTreeMap;

use super::reasons::reason;
use super::words::{Counts, Group, difference, join, line, shorten};
use crate::notation::Version;
use crate::vocab::{ByteOrder, CellRecord, EnvironmentRecord, Record};

/// Longest message.
const LONGEST_MESSAGE: usize = 300;

/// One direction in which artifacts cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Written by 64 bits, read by 32.
    To32,
    /// Written by 32 bits, read by 64.
    To64,
    /// Written by a little-endian machine, read by a big-endian one.
    ToBig,
    /// Written by a big-endian machine, read by a little-endian one.
    ToLittle,
}

impl Direction {
    /// `64 -> 32 bit`, with this arrow.
    pub fn text(self, arrow: &str) -> String {
        match self {
            Self::To32 => format!("64 {arrow} 32 bit"),
            Self::To64 => format!("32 {arrow} 64 bit"),
            Self::ToBig => format!("little {arrow} big endian"),
            Self::ToLittle => format!("big {arrow} little endian"),
        }
    }

    /// The direction between two environments that differ in one of the two alone.
    fn between(producer: &EnvironmentRecord, consumer: &EnvironmentRecord) -> Option<Self> {
        let order = |environment: &EnvironmentRecord| Some(environment.full_lock.as_ref()?.byteorder);
        let same_order = order(producer) == order(consumer);
        match (producer.bits, consumer.bits, order(producer), order(consumer)) {
            (64, 32, ..) if same_order => Some(Self::To32),
            (32, 64, ..) if same_order => Some(Self::To64),
            (from, to, Some(ByteOrder::Little), Some(ByteOrder::Big)) if from == to => Some(Self::ToBig),
            (from, to, Some(ByteOrder::Big), Some(ByteOrder::Little)) if from == to => Some(Self::ToLittle),
            _ => None,
        }
    }
}

/// All pairs of one direction.
#[derive(Clone, Debug)]
pub struct Crossing {
    /// Which way.
    pub direction: Direction,
    /// The releases of scikit-learn that both sides have, oldest first.
    pub versions: Vec<String>,
    /// All cells by verdict.
    pub counts: Counts,
    /// What does not cross, the widest first.
    pub failures: Vec<CrossingFailure>,
}

/// Models that fail alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossingFailure {
    /// Silent or loud.
    pub group: Group,
    /// The models.
    pub models: Vec<String>,
    /// The formats in which they fail.
    pub formats: Vec<String>,
    /// What happens, in the newest release that fails.
    pub what: String,
    /// In which releases: `since 1.2.1 (works in 0.23.2)`.
    pub when: String,
}

impl CrossingFailure {
    /// The models, or the first `most` of them.
    pub fn models_text(&self, most: usize) -> String {
        let shown = join(self.models.iter().take(most));
        match self.models.len().checked_sub(most) {
            Some(more) if more > 0 => format!("{shown} and {more} more"),
            _ => shown,
        }
    }

    /// The formats.
    pub fn formats_text(&self) -> String {
        join(&self.formats)
    }
}

impl Crossing {
    /// Every direction that a run has pairs of.
    pub fn all(record: &Record) -> Vec<Self> {
        let environments: BTreeMap<&str, &EnvironmentRecord> =
            record.environments.iter().map(|environment| (environment.name.as_str(), environment)).collect();
        let mut cells: BTreeMap<Direction, Vec<(&str, &CellRecord)>> = BTreeMap::new();
        let package = record.matrix.package.as_deref().unwrap_or("scikit-learn");
        for cell in &record.cells {
            let sides = (environments.get(cell.producer.as_str()), environments.get(cell.consumer.as_str()));
            let (Some(producer), Some(consumer)) = sides else { continue };
            let version = producer.packages.get(package);
            if producer.error.is_none()
                && consumer.error.is_none()
                && version == consumer.packages.get(package)
                && let Some(version) = version
                && let Some(direction) = Direction::between(producer, consumer)
            {
                cells.entry(direction).or_default().push((version, cell));
            }
        }
        cells.into_iter().map(|(direction, cells)| Self::of(direction, &cells)).collect()
    }

    fn of(direction: Direction, cells: &[(&str, &CellRecord)]) -> Self {
        let mut versions: Vec<&str> = cells.iter().map(|(version, _)| *version).collect();
        versions.sort_by_key(|version| version.parse::<Version>().ok());
        versions.dedup();
        // What is tried of each model and format, and what fails of it.
        let mut by_model: BTreeMap<(&str, &str), BTreeMap<usize, &CellRecord>> = BTreeMap::new();
        for (version, cell) in cells {
            let Some(at) = versions.iter().position(|known| known == version) else { continue };
            let group = Group::of(cell.verdict);
            if matches!(group, Group::NoVerdict | Group::Unsupported) {
                continue;
            }
            let kept = by_model.entry((cell.model.as_str(), cell.format.as_str())).or_default();
            let worst = kept.entry(at).or_insert(cell);
            if group < Group::of(worst.verdict) {
                *worst = cell;
            }
        }
        let mut alike: BTreeMap<(Group, String, String), BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
        for ((model, format), tried) in &by_model {
            let fails = |cell: &CellRecord| matches!(Group::of(cell.verdict), Group::Silent | Group::Fails);
            let Some(newest) = tried.values().rev().find(|cell| fails(cell)) else { continue };
            let outcomes: Vec<(&str, bool)> =
                tried.iter().map(|(at, cell)| (versions[*at], fails(cell))).collect();
            let key = (Group::of(newest.verdict), what(newest), when(&outcomes));
            alike.entry(key).or_default().entry(model).or_default().push(format);
        }
        let mut failures: Vec<CrossingFailure> = Vec::new();
        for ((group, what, when), models) in alike {
            // Models that fail in the same formats share a row.
            let mut by_formats: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
            models
                .into_iter()
                .for_each(|(model, formats)| by_formats.entry(formats).or_default().push(model));
            let texts = |words: &[&str]| words.iter().map(|word| line(word).into_owned()).collect();
            failures.extend(by_formats.iter().map(|(formats, models)| CrossingFailure {
                group,
                models: texts(models),
                formats: texts(formats),
                what: what.clone(),
                when: when.clone(),
            }));
        }
        failures.sort_by_key(|failure| (failure.group, std::cmp::Reverse(failure.models.len())));
        Self {
            direction,
            versions: versions.into_iter().map(str::to_owned).collect(),
            counts: cells.iter().map(|(_, cell)| cell.verdict).collect(),
            failures,
        }
    }
}

fn what(cell: &CellRecord) -> String {
    // The judge's own word, where it has one, says more than an exception that depends on chance.
    let text = match (reason(cell), &cell.error, cell.worst_output()) {
        (Some(reason), ..) => format!("{}: {reason}", cell.verdict.as_str()),
        (None, Some(error), _) => format!("{}: {}: {}", cell.verdict.as_str(), error.class, error.message),
        (None, None, Some((output, facts))) => {
            // Sizes of differences vary from model to model: the output alone tells models that fail alike.
            let large = difference(facts, super::words::ARROW);
            format!("{} in {output}: {large}", cell.verdict.as_str())
        }
        (None, None, None) => cell.verdict.as_str().to_owned(),
    };
    shorten(&line(&text), LONGEST_MESSAGE).into_owned()
}

/// In which releases something fails, given every release that was tried, oldest first.
fn when(outcomes: &[(&str, bool)]) -> String {
    let failing: Vec<&str> =
        outcomes.iter().filter(|(_, fails)| *fails).map(|(version, _)| *version).collect();
    let first = outcomes.iter().position(|(_, fails)| *fails).unwrap_or(0);
    let last = outcomes.iter().rposition(|(_, fails)| *fails).unwrap_or(0);
    let solid = outcomes[first..=last].iter().all(|(_, fails)| *fails);
    let version = |at: usize| outcomes[at].0;
    match (outcomes.len(), first, outcomes.len() - 1 - last) {
        (1, ..) => format!("in {}, the only one tried", version(0)),
        (_, 0, 0) if solid => format!("in every one tried, {} to {}", version(0), version(last)),
        (_, first, 0) if solid => format!("since {}, works in {}", version(first), version(first - 1)),
        (_, 0, _) if solid => format!("until {}, works in {}", version(last), version(last + 1)),
        _ => format!("in {}", join(failing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_told_as_since_and_until() {
        let told = |fails: &[bool]| {
            let outcomes: Vec<_> =
                ["0.23.2", "1.2.1", "1.4.2"].into_iter().zip(fails.iter().copied()).collect();
            when(&outcomes)
        };
        assert_eq!(told(&[true]), "in 0.23.2, the only one tried");
        assert_eq!(told(&[true, true, true]), "in every one tried, 0.23.2 to 1.4.2");
        assert_eq!(told(&[false, true, true]), "since 1.2.1, works in 0.23.2");
        assert_eq!(told(&[true, false, false]), "until 0.23.2, works in 1.2.1");
        assert_eq!(told(&[false, true, false]), "in 1.2.1");
        assert_eq!(told(&[true, false, true]), "in 0.23.2, 1.4.2");
    }
}
