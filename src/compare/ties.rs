//! Tie flips: a label that differs while the scores of the reference hardly tell the two labels apart.
//!
//! The scores are those of the same reference: class probabilities, and the decision function. A flip is a tie
//! where either says so, because estimators differ in which of the two their `predict` follows (a support
//! vector classifier decides by its decision function and fits probabilities beside it).

use std::collections::HashMap;

use crate::vocab::{ByOutput, OutputRef, Tolerance};

use super::array::{Array, Blobs, Layout};
use super::facts::{Bound, sane};
use super::general::scale;
use super::value::Key;

/// Outputs that say how sure a label is, for one output of labels.
pub(super) struct Scores<'a> {
    /// Number of label columns; 1 for one label a sample.
    width: u64,
    tables: Vec<Table<'a>>,
}

/// One scores output.
struct Table<'a> {
    /// The label column that it belongs to; all where `None`.
    column: Option<u64>,
    values: Array<'a>,
    rows: u64,
    columns: u64,
    /// What a score has to be near to in order to be undecided, where one score decides between two labels.
    threshold: f64,
    bound: Bound,
    classes: Classes<'a>,
}

/// Which column of the scores belongs to which label.
enum Classes<'a> {
    /// As `classes_` says.
    Listed(HashMap<Key<'a>, u64>),
    /// There is no `classes_`: column k is label k (mixtures), or the labels are -1 and 1 (outlier detectors).
    Counted,
}

/// Names of the outputs that are read to judge the flips of the label output `name` with this shape, grouped
/// by label column: the column, scores by preference, and classes.
fn sources(name: &str, shape: &[u64]) -> Vec<(Option<u64>, [String; 2], String)> {
    // In front stands the path of one estimator among several of a file.
    let (path, own) = name.split_at(name.rfind('/').map_or(0, |at| at + 1));
    let Some(suffix) = own.strip_prefix("predict") else { return Vec::new() };
    let named = |column, suffix: &str| {
        let scores = ["predict_proba", "decision_function"].map(|method| format!("{path}{method}{suffix}"));
        (column, scores, format!("{path}classes_{suffix}"))
    };
    let indexed = suffix.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_index = indexed.is_some_and(|index| index.parse::<u64>().is_ok());
    let mut found = Vec::new();
    if suffix.is_empty() || is_index {
        found.push(named(None, suffix));
    }
    if let ([_, width], true) = (shape, suffix.is_empty()) {
        // More label columns than this are no multi-output classifier that gives a list of probabilities.
        found.extend((0..(*width).min(1000)).map(|column| named(Some(column), &format!("[{column}]"))));
    }
    found
}

/// The outputs of the reference that judging the flips of `name` reads.
pub(super) fn needed<'a>(
    name: &str,
    shape: &[u64],
    reference: &'a ByOutput<OutputRef>,
) -> impl Iterator<Item = &'a OutputRef> {
    sources(name, shape)
        .into_iter()
        .flat_map(|(_, scores, classes)| scores.into_iter().chain([classes]))
        .filter_map(|name| reference.get(&name))
}

impl<'a> Scores<'a> {
    /// No scores: no flip is a tie.
    pub(super) fn none() -> Self {
        Self { width: 1, tables: Vec::new() }
    }

    /// The scores that the reference offers for its label output `name`. What is absent, damaged or of an
    /// unfitting shape offers nothing.
    pub(super) fn of(
        name: &str,
        shape: &[u64],
        reference: &ByOutput<OutputRef>,
        blobs: &'a Blobs,
        tolerance: &dyn Fn(&str, &OutputRef) -> Tolerance,
    ) -> Self {
        let array = |output: &OutputRef| Array::new(output, blobs.get(&output.digest)?).ok();
        let mut tables = Vec::new();
        for (column, names, classes) in sources(name, shape) {
            for scores in names {
                let Some((output, values)) = reference.get(&scores).and_then(|o| Some((o, array(o)?))) else {
                    continue;
                };
                let (rows, columns) = match output.shape[..] {
                    [rows] => (rows, 1),
                    [rows, columns] => (rows, columns),
                    _ => continue,
                };
                let classes = match reference.get(&classes) {
                    None => Classes::Counted,
                    Some(output) => match array(output).and_then(|array| Classes::listed(&array)) {
                        Some(classes) => classes,
                        None => continue,
                    },
                };
                if matches!(values.layout, Layout::F32(_) | Layout::F64(_)) {
                    let bound = Bound::new(sane(tolerance(&scores, output)), scale(&values));
                    let threshold = if scores.contains("predict_proba") { 0.5 } else { 0.0 };
                    tables.push(Table { column, values, rows, columns, threshold, bound, classes });
                }
            }
        }
        let width = if let [_, width] = shape { (*width).max(1) } else { 1 };
        Self { width, tables }
    }

    /// Whether the flip of the label at `index` (C order) from `from` to `to` is a tie.
    pub(super) fn tie(&self, index: u64, from: Key<'_>, to: Key<'_>) -> bool {
        let (row, column) = (index / self.width, index % self.width);
        self.tables.iter().any(|table| match table.column {
            Some(own) => own == column && table.tie(row, from, to),
            None if self.width == 1 => table.tie(row, from, to),
            // Several labels a sample in one table: one score for each, which decides between 0 and 1.
            None => {
                let binary = [from, to].iter().all(|label| matches!(label, Key::Whole(0 | 1)));
                binary && table.columns == self.width && table.undecided(row, column)
            }
        })
    }
}

impl<'a> Classes<'a> {
    fn listed(array: &Array<'a>) -> Option<Self> {
        let mut columns = HashMap::new();
        for (column, value) in array.values().enumerate() {
            columns.insert(value.ok()?.key(), column as u64);
        }
        Some(Self::Listed(columns))
    }
}

impl Table<'_> {
    fn tie(&self, row: u64, from: Key<'_>, to: Key<'_>) -> bool {
        if self.columns == 1 {
            return self.two_labels(from, to) && self.undecided(row, 0);
        }
        let (Some(from), Some(to)) = (self.column_of(from), self.column_of(to)) else { return false };
        match (self.score(row, from), self.score(row, to)) {
            (Some(from), Some(to)) => (from - to).abs() <= self.bound.allowed(from.abs()),
            _ => false,
        }
    }

    /// Whether a score that decides alone is at its threshold.
    fn undecided(&self, row: u64, column: u64) -> bool {
        let near = |score: f64| (score - self.threshold).abs() <= self.bound.allowed(self.threshold);
        self.score(row, column).is_some_and(near)
    }

    /// Whether both are labels that one score can decide between.
    fn two_labels(&self, from: Key<'_>, to: Key<'_>) -> bool {
        let either = |label| match &self.classes {
            Classes::Listed(columns) => columns.len() == 2 && columns.contains_key(&label),
            Classes::Counted => matches!(label, Key::Whole(-1..=1)),
        };
        either(from) && either(to)
    }

    fn column_of(&self, label: Key<'_>) -> Option<u64> {
        match (&self.classes, label) {
            (Classes::Listed(columns), label) if columns.len() as u64 == self.columns => {
                columns.get(&label).copied()
            }
            (Classes::Counted, Key::Whole(whole)) => u64::try_from(whole).ok().filter(|k| *k < self.columns),
            _ => None,
        }
    }

    fn score(&self, row: u64, column: u64) -> Option<f64> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let place = usize::try_from(row * self.columns + column).ok()?;
        match self.values.layout {
            Layout::F32(values) => values.get(place).map(|bytes| f32::from_le_bytes(*bytes).into()),
            Layout::F64(values) => values.get(place).map(|bytes| f64::from_le_bytes(*bytes)),
            _ => None,
        }
    }
}
