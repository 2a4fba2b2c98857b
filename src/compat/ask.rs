//! What is asked of the map: a row (one estimator, one writer), a square (one estimator) and a pair (all estimators).

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{MapEnvironment, MapFacts, MapModel};
use super::square::Seen;
use crate::explain;
use crate::notation::{Version, glob};
use crate::vocab::{FormatName, Verdict};

/// In which format, and between which machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The format.
    pub format: FormatName,
    /// Pointer width of the machine that wrote.
    pub from_bits: u8,
    /// Pointer width of the machine that reads.
    pub bits: u8,
}

/// What became of the models of an estimator between two releases. Empty where nobody has tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Models by how they came out.
    pub seen: BTreeMap<Seen, BTreeSet<String>>,
    /// Models that the release that should write them cannot make: it has no such class, or no such parameter. They count
    /// for nothing else.
    pub unmade: BTreeSet<String>,
    /// The matrices in which they were tried.
    pub runs: BTreeSet<String>,
    /// Where any model works: ids of rules that speak of the class between these environments and explain none of the
    /// models. A model with other parameters may meet them. Empty until [`super::MayMeet`] has added them.
    pub caveats: BTreeSet<String>,
}

/// What became of an estimator, by the release that read, or of all between two releases, by the estimator.
pub type MapRow = Vec<(String, Tally)>;

/// Releases next to each other between which the models came out alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The first and the last of them.
    pub releases: (String, String),
    /// How many.
    pub count: usize,
    /// How the models came out there.
    pub ends: Vec<End>,
}

/// Models that came out alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Their verdicts: one, or both of those that work.
    pub verdicts: BTreeSet<Verdict>,
    /// The cause, where one is known.
    pub rule: Option<String>,
    /// How many; in several releases, the fewest.
    pub models: usize,
    /// The most of them.
    pub most: usize,
}

impl End {
    /// Whether they work.
    pub fn works(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.works())
    }

    /// The same end, whichever of the verdicts that work it has.
    fn is_like(&self, other: &Self) -> bool {
        let is_same = self.works() == other.works() && (self.works() || self.verdicts == other.verdicts);
        is_same && self.rule == other.rule
    }
}

/// What was asked for and is not in the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// No such estimator was measured.
    Estimator {
        /// As it was asked for.
        name: String,
        /// Names that are like it.
        near: Vec<String>,
        /// Whether scikit-learn has it, in some release.
        exists: bool,
    },
    /// No such release was measured.
    Release {
        /// As it was asked for.
        release: String,
        /// The releases next to it, below and above.
        near: Vec<String>,
    },
    /// Nothing was measured in that format between such machines; [`measured`] says what was.
    Nothing,
}

impl Tally {
    /// How many different outcomes of models there are. A model that several matrices have tried counts once for each.
    pub fn total(&self) -> usize {
        self.outcomes().iter().map(|one| one.models.len()).sum()
    }

    /// How many of them work.
    pub fn works(&self) -> usize {
        self.outcomes().iter().filter(|one| one.works).map(|one| one.models.len()).sum()
    }

    /// The names of the models that were tried, without their matrices.
    pub fn tried(&self) -> impl Iterator<Item = &str> {
        self.seen.values().flat_map(named)
    }

    /// The names of those that could not be written, without their matrices.
    pub fn unmade(&self) -> BTreeSet<&str> {
        named(&self.unmade)
    }

    /// Whether nobody has tried.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.unmade.is_empty()
    }

    /// How the models came out, those that work first, then what most models have.
    pub fn ends(&self) -> Vec<End> {
        let end = |one: Outcome<'_>| {
            let models = one.models.len();
            End { verdicts: one.verdicts, rule: one.rule.map(str::to_owned), models, most: models }
        };
        let mut ends: Vec<End> = self.outcomes().into_iter().map(end).collect();
        if ends.is_empty() && !self.unmade.is_empty() {
            let verdicts = BTreeSet::from([Verdict::Absent]);
            let models = self.unmade().len();
            ends.push(End { verdicts, rule: None, models, most: models });
        }
        ends.sort_by_key(|end| (!end.works(), std::cmp::Reverse(end.models)));
        ends
    }

    fn outcomes(&self) -> Vec<Outcome<'_>> {
        let mut all: Vec<Outcome<'_>> = Vec::new();
        for (seen, models) in &self.seen {
            let works = seen.verdict.works();
            match all.iter_mut().find(|one| works && one.works) {
                Some(one) => {
                    one.verdicts.insert(seen.verdict);
                    one.models.extend(named(models));
                }
                None => all.push(Outcome {
                    works,
                    verdicts: BTreeSet::from([seen.verdict]),
                    rule: seen.rule.as_deref().filter(|_| !works),
                    models: named(models),
                }),
            }
        }
        all
    }
}

/// Models that came out alike, whatever the matrix.
struct Outcome<'t> {
    works: bool,
    verdicts: BTreeSet<Verdict>,
    rule: Option<&'t str>,
    models: BTreeSet<&'t str>,
}

/// Names of models without their matrices: the same name is the same expression on the same data.
pub(super) fn named(models: &BTreeSet<String>) -> BTreeSet<&str> {
    models.iter().map(|model| model.split_once(':').map_or(model.as_str(), |(_, name)| name)).collect()
}

fn version(text: &str) -> Option<Version> {
    text.parse().ok()
}

/// The estimator that somebody means by a name, with or without its module.
///
/// # Errors
/// When none of that name was measured.
pub fn within<'m>(facts: &'m MapFacts, name: &str) -> Result<&'m str, Unasked> {
    let models = facts.runs.values().flat_map(|run| run.models.values());
    let known: BTreeMap<&str, &MapModel> = models.map(|model| (model.estimator.as_str(), model)).collect();
    let is_meant = |model: &&&MapModel| {
        model.estimator.eq_ignore_ascii_case(name) || model.class().eq_ignore_ascii_case(name)
    };
    if let Some(model) = known.values().find(is_meant) {
        return Ok(&model.estimator);
    }
    let class = name.rsplit('.').next().unwrap_or(name);
    let names: Vec<&str> = known.values().map(|model| model.class()).collect();
    Err(Unasked::Estimator {
        name: name.to_owned(),
        near: glob::near(class, &names, 3).into_iter().map(str::to_owned).collect(),
        exists: explain::public_names().binary_search(&class).is_ok(),
    })
}

/// Every estimator that was measured, with its module, by its class.
pub fn estimators(facts: &MapFacts) -> Vec<&str> {
    let models = facts.runs.values().flat_map(|run| run.models.values());
    let by_class: BTreeSet<(&str, &str)> =
        models.map(|model| (model.class(), model.estimator.as_str())).collect();
    by_class.into_iter().map(|(_, estimator)| estimator).collect()
}

/// The releases that were measured on such machines, in order.
pub fn releases(facts: &MapFacts, is_meant: impl Fn(&MapEnvironment) -> bool) -> Vec<String> {
    let environments = facts.runs.values().flat_map(|run| &run.environments);
    let meant = environments.filter(|one| is_meant(one)).map(|environment| environment.release.as_str());
    in_order(meant).into_iter().map(str::to_owned).collect()
}

/// The measured release that somebody means, as it is written in the map.
///
/// # Errors
/// When it was not measured.
pub fn release(measured: &[String], wanted: &str) -> Result<String, Unasked> {
    let meant = version(wanted);
    let same = measured
        .iter()
        .find(|known| known.as_str() == wanted || (meant.is_some() && version(known) == meant));
    if let Some(found) = same {
        return Ok(found.clone());
    }
    let below = measured.iter().rfind(|known| meant.is_some() && version(known) < meant);
    let above = measured.iter().find(|known| meant.is_some() && version(known) > meant);
    let near = below.into_iter().chain(above).cloned().collect();
    Err(Unasked::Release { release: wanted.to_owned(), near })
}

/// A model of the map with the run that it is from.
#[derive(Clone, Copy, Debug)]
struct Entry<'m> {
    matrix: &'m str,
    name: &'m str,
    model: &'m MapModel,
}

fn all_entries(facts: &MapFacts) -> impl Iterator<Item = Entry<'_>> {
    facts
        .runs
        .iter()
        .flat_map(|(matrix, run)| run.models.iter().map(move |(name, model)| Entry { matrix, name, model }))
}

/// The models of an estimator.
fn entries<'m>(facts: &'m MapFacts, estimator: &str) -> Vec<Entry<'m>> {
    all_entries(facts).filter(|entry| entry.model.estimator == estimator).collect()
}

/// The indices of writers and readers, by the matrix in which any were tried.
type Tried<'m> = BTreeMap<&'m str, Vec<(usize, usize)>>;

/// Where such machines with two releases were both tried.
fn tried<'m>(facts: &'m MapFacts, from: &str, to: &str, question: &Question) -> Tried<'m> {
    let runs = facts.runs.iter().map(|(matrix, run)| {
        let readers = || run.of(to, question.bits).map(|(index, _)| index);
        let writers = run.of(from, question.from_bits);
        (matrix.as_str(), writers.flat_map(|(one, _)| readers().map(move |other| (one, other))).collect())
    });
    runs.filter(|(_, pairs): &(_, Vec<_>)| !pairs.is_empty()).collect()
}

/// What became of models between two releases.
fn tally<'m>(entries: &[Entry<'m>], tried: &Tried<'m>, question: &Question) -> Tally {
    let mut tally = Tally::default();
    for Entry { matrix, name, model } in entries {
        let Some(pairs) = tried.get(matrix) else { continue };
        let Some(square) = model.formats.get(&question.format) else { continue };
        for &(producer, consumer) in pairs {
            let Some(seen) = square.get(producer, consumer) else { continue };
            let model = format!("{matrix}:{name}");
            let own = square.get(producer, producer);
            if seen.verdict == Verdict::Absent && own.is_none_or(|own| own.verdict == Verdict::Absent) {
                tally.unmade.insert(model);
            } else {
                tally.seen.entry(seen.clone()).or_default().insert(model);
            }
            tally.runs.insert((*matrix).to_owned());
        }
    }
    tally
}

/// The releases that read any of the rows, in order: a row leaves out what was not tried.
pub fn readers(rows: &[(String, MapRow)]) -> Vec<&str> {
    let all = rows.iter().flat_map(|(_, row)| row).map(|(release, _)| release.as_str());
    in_order(all)
}

/// Releases in their order, each once.
fn in_order<'r>(releases: impl Iterator<Item = &'r str>) -> Vec<&'r str> {
    let mut found: Vec<&str> = releases.collect::<BTreeSet<_>>().into_iter().collect();
    found.sort_by_cached_key(|release| version(release));
    found
}

/// What can be asked at all.
pub fn measured(facts: &MapFacts) -> Vec<Question> {
    let mut found = BTreeSet::new();
    for run in facts.runs.values() {
        for model in run.models.values() {
            for (format, square) in &model.formats {
                let bits = |index: usize| run.environments[index].bits;
                found.extend(square.among(bits).into_iter().map(|(one, other)| (format, one, other)));
            }
        }
    }
    let question =
        |(format, from_bits, bits): (&FormatName, _, _)| Question { format: format.clone(), from_bits, bits };
    found.into_iter().map(question).collect()
}

/// Which releases read what one release has written of an estimator: each release that was tried, in order.
///
/// # Errors
/// When the release was not measured, or nothing in that format.
pub fn row(facts: &MapFacts, estimator: &str, from: &str, question: &Question) -> Result<MapRow, Unasked> {
    let producers = releases(facts, |environment| environment.bits == question.from_bits);
    let from = release(&producers, from)?;
    let row = Readers::new(facts, estimator, question).row(&from);
    if row.is_empty() { Err(Unasked::Nothing) } else { Ok(row) }
}

/// The models of an estimator, and the releases that may have read them.
struct Readers<'m, 'q> {
    facts: &'m MapFacts,
    question: &'q Question,
    entries: Vec<Entry<'m>>,
    releases: Vec<String>,
}

impl<'m, 'q> Readers<'m, 'q> {
    fn new(facts: &'m MapFacts, estimator: &str, question: &'q Question) -> Self {
        let releases = releases(facts, |environment| environment.bits == question.bits);
        Self { facts, question, entries: entries(facts, estimator), releases }
    }

    /// What became of them; nothing where nobody has tried.
    fn row(&self, from: &str) -> MapRow {
        let tallies = self.releases.iter().map(|to| {
            let tried = tried(self.facts, from, to, self.question);
            (to.clone(), tally(&self.entries, &tried, self.question))
        });
        tallies.filter(|(_, tally)| !tally.is_empty()).collect()
    }
}

/// The rows of an estimator, by the release that wrote.
///
/// # Errors
/// When nothing was measured in that format.
pub fn square(
    facts: &MapFacts,
    estimator: &str,
    question: &Question,
) -> Result<Vec<(String, MapRow)>, Unasked> {
    let producers = releases(facts, |environment| environment.bits == question.from_bits);
    let readers = Readers::new(facts, estimator, question);
    let rows = producers.into_iter().map(|from| {
        let row = readers.row(&from);
        (from, row)
    });
    let rows: Vec<_> = rows.filter(|(_, row)| !row.is_empty()).collect();
    if rows.is_empty() { Err(Unasked::Nothing) } else { Ok(rows) }
}

/// What became of every estimator between two releases; those that were not tried are left out.
///
/// # Errors
/// When a release was not measured, or nothing in that format.
pub fn pair(facts: &MapFacts, from: &str, to: &str, question: &Question) -> Result<MapRow, Unasked> {
    let from = release(&releases(facts, |environment| environment.bits == question.from_bits), from)?;
    let to = release(&releases(facts, |environment| environment.bits == question.bits), to)?;
    let tried = tried(facts, &from, &to, question);
    let mut by_estimator: BTreeMap<(&str, &str), Vec<Entry<'_>>> = BTreeMap::new();
    for entry in all_entries(facts).filter(|entry| tried.contains_key(entry.matrix)) {
        let key = (entry.model.class(), entry.model.estimator.as_str());
        by_estimator.entry(key).or_default().push(entry);
    }
    let tallies = by_estimator.into_iter().map(|((_, estimator), entries)| {
        let tally = tally(&entries, &tried, question);
        (estimator.to_owned(), tally)
    });
    let all: MapRow = tallies.filter(|(_, tally)| !tally.is_empty()).collect();
    if all.is_empty() { Err(Unasked::Nothing) } else { Ok(all) }
}

/// A row with releases next to each other put together where their models came out alike.
pub fn reaches(row: &[(String, Tally)]) -> Vec<Reach> {
    let mut all: Vec<Reach> = Vec::new();
    for (release, tally) in row {
        let ends = tally.ends();
        // Where all come out alike it does not matter how many were tried in each release.
        let is_like = |known: &[End]| {
            known.len() == ends.len()
                && known
                    .iter()
                    .zip(&ends)
                    .all(|(one, other)| one.is_like(other) && (ends.len() == 1 || one.models == other.models))
        };
        match all.last_mut() {
            Some(last) if is_like(&last.ends) => {
                last.releases.1.clone_from(release);
                last.count += 1;
                for (known, end) in last.ends.iter_mut().zip(ends) {
                    known.verdicts.extend(end.verdicts);
                    known.models = known.models.min(end.models);
                    known.most = known.most.max(end.most);
                }
            }
            _ => all.push(Reach { releases: (release.clone(), release.clone()), count: 1, ends }),
        }
    }
    all
}
