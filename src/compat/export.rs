//! The map as others read it: `compat.json`, whose form is a promise ([`MAP_VERSION`] is its major).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ask::{Tally, estimators, measured, named, releases, square};
use super::caveats::MayMeet;
use super::facts::{MAP_VERSION, MapFacts};
use crate::explain;
use crate::vocab::{Verdict, schema_text};

/// Which release of scikit-learn reads what which other one has written, as far as it was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "shelflife compat.json")]
pub struct CompatData {
    /// Major of the form of this file. A reader refuses a larger one, and ignores keys that it does not know.
    pub schema: u32,
    /// Version of the data: the major, the day of the newest run, and a number within that day.
    pub version: String,
    /// Version of shelflife that wrote it.
    pub shelflife: String,
    /// The releases of scikit-learn that were measured, in order: the columns of every row.
    pub releases: Vec<String>,
    /// The known causes that occur, by id.
    pub causes: BTreeMap<String, CompatCause>,
    /// The recorded runs, by matrix.
    pub runs: BTreeMap<String, CompatRun>,
    /// Every way in which the models of an estimator came out between two releases; rows name them by index.
    pub ends: Vec<Vec<CompatEnd>>,
    /// What was measured, by class.
    pub estimators: BTreeMap<String, CompatEstimator>,
}

/// Why cells fail or drift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatCause {
    /// One line.
    pub title: String,
    /// The package whose change it is.
    pub package: String,
    /// Whether `shelflife rescue` has a mend for it.
    pub rescue: bool,
    /// What else there is to do.
    pub remedy: String,
}

/// A recorded run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatRun {
    /// BLAKE3 of its record, in hexadecimal.
    pub record: String,
    /// When it started (RFC 3339).
    pub started: String,
    /// Version of shelflife that ran it.
    pub shelflife: String,
    /// Its environments.
    pub environments: Vec<CompatEnvironment>,
}

/// An environment of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatEnvironment {
    /// Its name in the matrix.
    pub name: String,
    /// Release of scikit-learn.
    pub release: String,
    /// Version of Python.
    pub python: String,
    /// Pointer width.
    pub bits: u8,
    /// Machine.
    pub arch: String,
    /// The C library.
    pub libc: String,
    /// Versions of what stands beside scikit-learn.
    pub packages: BTreeMap<String, String>,
    /// BLAKE3 of its lock, in hexadecimal.
    pub lock: String,
}

/// Models that came out alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CompatEnd {
    /// The verdict, a word of docs/verdicts.md.
    pub verdict: String,
    /// The id of the cause, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How many models.
    pub models: u64,
}

/// One estimator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatEstimator {
    /// The module that it is imported from.
    pub module: String,
    /// The models, as `matrix:name`, with the expression that each was fitted from.
    pub models: BTreeMap<String, String>,
    /// What became of them, one entry for each format and pair of machines.
    pub squares: Vec<CompatSquare>,
}

/// What became of the models of an estimator in one format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompatSquare {
    /// The format.
    pub format: String,
    /// Pointer width of the machine that wrote.
    pub from_bits: u8,
    /// Pointer width of the machine that read.
    pub bits: u8,
    /// By the release that wrote: for each of `releases` an index of `ends`, or null where nobody has tried.
    pub rows: BTreeMap<String, Vec<Option<usize>>>,
    /// What models with other parameters may meet, though those that were tried work: by the release that wrote, ids of
    /// causes with indices of `releases` that read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub caveats: BTreeMap<String, BTreeMap<String, Vec<usize>>>,
}

impl CompatData {
    /// The map in this form. `number` tells two versions of one day apart.
    pub fn new(facts: &MapFacts, number: u32) -> Self {
        let releases = releases(facts, |_| true);
        let mut ends: BTreeMap<Vec<CompatEnd>, usize> = BTreeMap::new();
        let questions = measured(facts);
        let mut described = BTreeMap::new();
        let may_meet = MayMeet::new(facts);
        for estimator in estimators(facts) {
            let (module, class) = estimator.rsplit_once('.').unwrap_or(("", estimator));
            let squares = questions.iter().filter_map(|question| {
                let mut caveats: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
                let mut rows = square(facts, estimator, question).ok()?;
                may_meet.add_to_square(estimator, question, &mut rows);
                let rows = rows.into_iter().map(|(from, row)| {
                    let mut at = |release: &String| {
                        let (_, tally) = row.iter().find(|(reader, _)| reader == release)?;
                        let column = releases.iter().position(|known| known == release)?;
                        for rule in &tally.caveats {
                            let of_writer = caveats.entry(from.clone()).or_default();
                            of_writer.entry(rule.clone()).or_default().push(column);
                        }
                        let count = ends.len();
                        Some(*ends.entry(told(tally)).or_insert(count))
                    };
                    let cells: Vec<Option<usize>> = releases.iter().map(&mut at).collect();
                    (from, cells)
                });
                let rows = rows.collect();
                Some(CompatSquare {
                    format: question.format.to_string(),
                    from_bits: question.from_bits,
                    bits: question.bits,
                    rows,
                    caveats,
                })
            });
            let squares: Vec<CompatSquare> = squares.collect();
            let models = facts.runs.iter().flat_map(|(matrix, run)| {
                let own = run.models.iter().filter(|(_, model)| model.estimator == estimator);
                own.map(move |(name, model)| (format!("{matrix}:{name}"), model.expression.clone()))
            });
            let entry = CompatEstimator { module: module.to_owned(), models: models.collect(), squares };
            described.insert(class.to_owned(), entry);
        }
        let mut list = vec![Vec::new(); ends.len()];
        for (end, at) in ends {
            list[at] = end;
        }
        let named = list.iter().flatten().filter_map(|end: &CompatEnd| end.cause.as_deref());
        let squares = described.values().flat_map(|one: &CompatEstimator| &one.squares);
        let may_meet = squares.flat_map(|square| square.caveats.values().flat_map(BTreeMap::keys));
        let causes = named.chain(may_meet.map(String::as_str)).filter_map(cause);
        Self {
            schema: MAP_VERSION,
            version: data_version(facts, number),
            shelflife: env!("CARGO_PKG_VERSION").to_owned(),
            releases,
            causes: causes.collect(),
            runs: facts.runs.iter().map(|(matrix, run)| (matrix.clone(), run_of(run))).collect(),
            ends: list,
            estimators: described,
        }
    }
}

/// `MAJOR.YYYYMMDD.N`: the major of the form, the day of the newest run, and a number within that day.
pub fn data_version(facts: &MapFacts, number: u32) -> String {
    let newest = facts.runs.values().map(|run| run.started.as_str()).max().unwrap_or("1970-01-01");
    let day: String = newest.chars().filter(char::is_ascii_digit).take(8).collect();
    format!("{MAP_VERSION}.{day}.{number}")
}

fn told(tally: &Tally) -> Vec<CompatEnd> {
    let seen = tally.seen.iter().map(|(seen, models)| CompatEnd {
        verdict: seen.verdict.to_string(),
        cause: seen.rule.clone(),
        models: named(models).len() as u64,
    });
    let mut all: Vec<CompatEnd> = seen.collect();
    if all.is_empty() {
        let models = tally.unmade().len() as u64;
        all.push(CompatEnd { verdict: Verdict::Absent.to_string(), cause: None, models });
    }
    all
}

fn cause(id: &str) -> Option<(String, CompatCause)> {
    let rule = explain::find(id)?;
    let cause = CompatCause {
        title: rule.title.clone(),
        package: rule.package.clone(),
        rescue: rule.has_mend(),
        remedy: rule.remedy.clone(),
    };
    Some((id.to_owned(), cause))
}

fn run_of(run: &super::facts::MapRun) -> CompatRun {
    let environment = |one: &super::facts::MapEnvironment| CompatEnvironment {
        name: one.name.clone(),
        release: one.release.clone(),
        python: one.python.clone(),
        bits: one.bits,
        arch: one.arch.clone(),
        libc: one.libc.clone(),
        packages: one.packages.clone(),
        lock: one.lock.to_string(),
    };
    CompatRun {
        record: run.record.to_string(),
        started: run.started.clone(),
        shelflife: run.shelflife.clone(),
        environments: run.environments.iter().map(environment).collect(),
    }
}

/// The JSON schema of `compat.json`.
pub fn compat_schema_json() -> String {
    schema_text::<CompatData>()
}
