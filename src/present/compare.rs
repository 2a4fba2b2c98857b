//! What changed between two runs: verdicts as a table, packages as a diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::words::{line, plural, shorten};
use crate::vocab::{CellRecord, EnvironmentRecord, Move, Record, moves};

/// Cells that are listed one by one.
const MOST_CELLS: usize = 200;

/// A cell whose verdict is another one now, or that is in one run only.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'a> {
    /// The cell before.
    pub before: Option<&'a CellRecord>,
    /// The cell now.
    pub now: Option<&'a CellRecord>,
}

/// Everything that changed.
#[derive(Clone, Debug, Default)]
pub struct Comparison<'a> {
    /// Cells that work in both runs, and those that are the same otherwise.
    pub same: usize,
    /// Cells that changed, worse ones first.
    pub changed: Vec<Changed<'a>>,
    /// What moved in environments of one name.
    pub moved: Vec<(&'a str, Vec<Move>)>,
    /// Environments that are in one run only, and whether that is the later one.
    pub alone: Vec<(&'a str, bool)>,
}

/// Whether a cell got less far than before, whatever its verdict is called. Roundoff and bit-equality are one thing here:
/// they come and go with the machine.
fn fell_back(before: &CellRecord, now: &CellRecord) -> bool {
    now.reached < before.reached && !now.verdict.works()
}

/// Whether nothing changed about a cell.
fn is_same(before: &CellRecord, now: &CellRecord) -> bool {
    let is_same_word = before.verdict == now.verdict || (before.verdict.works() && now.verdict.works());
    is_same_word && !fell_back(before, now)
}

impl Changed<'_> {
    fn weight(&self) -> u8 {
        match (self.before, self.now) {
            (Some(before), Some(now)) if fell_back(before, now) => 0,
            (Some(_), Some(now)) if now.verdict.fails() => 1,
            (Some(_), Some(now)) if now.verdict.works() => 3,
            (Some(_), Some(_)) => 2,
            (None, _) => 4,
            (_, None) => 5,
        }
    }
}

/// Python and packages of an environment.
fn packages(environment: &EnvironmentRecord) -> BTreeMap<String, String> {
    let mut packages = environment.packages.clone();
    packages.insert("python".to_owned(), environment.python.clone());
    packages
}

/// Compares two runs.
pub fn compare<'a>(before: &'a Record, now: &'a Record) -> Comparison<'a> {
    let key = |cell: &'a CellRecord| (cell.artifact.as_str(), cell.consumer.as_str());
    let earlier: BTreeMap<_, _> = before.cells.iter().map(|cell| (key(cell), cell)).collect();
    let later: BTreeMap<_, _> = now.cells.iter().map(|cell| (key(cell), cell)).collect();
    let mut comparison = Comparison::default();
    for cell in &now.cells {
        match earlier.get(&key(cell)) {
            Some(known) if is_same(known, cell) => comparison.same += 1,
            known => comparison.changed.push(Changed { before: known.copied(), now: Some(cell) }),
        }
    }
    let gone = before.cells.iter().filter(|cell| !later.contains_key(&key(cell)));
    comparison.changed.extend(gone.map(|cell| Changed { before: Some(cell), now: None }));
    comparison.changed.sort_by_key(Changed::weight);
    for environment in &now.environments {
        match before.environments.iter().find(|known| known.name == environment.name) {
            None => comparison.alone.push((environment.name.as_str(), true)),
            // What could not be made has declared versions only.
            Some(known) if known.lock.is_none() || environment.lock.is_none() => {}
            Some(known) => {
                let moved = moves(&packages(known), &packages(environment));
                if !moved.is_empty() {
                    comparison.moved.push((environment.name.as_str(), moved));
                }
            }
        }
    }
    for environment in &before.environments {
        if now.environments.iter().all(|known| known.name != environment.name) {
            comparison.alone.push((environment.name.as_str(), false));
        }
    }
    comparison
}

/// The comparison as plain text.
pub fn compare_text(before: &Record, now: &Record) -> String {
    let comparison = compare(before, now);
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{} ({})  ->  {} ({})",
        line(&before.run.name),
        line(&before.run.started),
        line(&now.run.name),
        line(&now.run.started)
    );
    let _ = writeln!(
        out,
        "{} as before, {} changed\n",
        plural(comparison.same as u64, "cell"),
        comparison.changed.len()
    );
    if !comparison.changed.is_empty() {
        let word = |it: &Changed<'_>, cell: Option<&CellRecord>| match (it.before, it.now, cell) {
            // One word for both says nothing: how far each got does.
            (Some(before), Some(now), Some(cell)) if before.verdict == now.verdict => {
                format!("{} ({})", cell.verdict, cell.reached)
            }
            (_, _, Some(cell)) => cell.verdict.to_string(),
            (_, _, None) => "absent".to_owned(),
        };
        let rows: Vec<[String; 4]> = comparison
            .changed
            .iter()
            .take(MOST_CELLS)
            .filter_map(|it| {
                let cell = it.now.or(it.before)?;
                Some([
                    shorten(&line(&cell.artifact), 60).into_owned(),
                    line(cell.consumer.as_str()).into_owned(),
                    word(it, it.before),
                    word(it, it.now),
                ])
            })
            .collect();
        let width = |column: usize, head: &str| {
            rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(head.len())
        };
        let (a, b, c) = (width(0, "artifact"), width(1, "read by"), width(2, "before"));
        let _ = writeln!(out, "  {:a$}  {:b$}  {:c$}  now", "artifact", "read by", "before");
        for [artifact, consumer, earlier, later] in &rows {
            let _ = writeln!(out, "  {artifact:a$}  {consumer:b$}  {earlier:c$}  {later}");
        }
        let more = comparison.changed.len().saturating_sub(MOST_CELLS);
        if more > 0 {
            let _ = writeln!(out, "  and {more} more");
        }
        out.push('\n');
    }
    for (name, is_new) in &comparison.alone {
        let _ =
            writeln!(out, "{} {}", if *is_new { "new environment" } else { "environment gone" }, line(name));
    }
    for (name, moved) in &comparison.moved {
        let _ = writeln!(out, "{}", line(name));
        for it in moved {
            for (sign, version) in [('-', &it.before), ('+', &it.after)] {
                if let Some(version) = version {
                    let _ = writeln!(out, "  {sign}{} {}", line(&it.package), line(version));
                }
            }
        }
    }
    if comparison.moved.is_empty() {
        let _ = writeln!(out, "no package moved");
    }
    out
}
