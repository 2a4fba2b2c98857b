//! What models with other parameters than those that were tried may meet: known causes that speak of their class, and those that
//! related classes have met through what they hold.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{MapRow, Question, Tally};
use super::facts::{MapEnvironment, MapFacts};
use super::square::Square;
use crate::explain::Caveats;
use crate::format;
use crate::vocab::Holds;

/// Adds caveats to answers of a map. What nobody shows needs none.
#[derive(Clone, Debug)]
pub struct MayMeet<'m> {
    facts: &'m MapFacts,
    /// The rules that models have met, with their class, by its module.
    met: BTreeMap<&'m str, BTreeSet<(&'m str, &'m str)>>,
}

impl<'m> MayMeet<'m> {
    /// Of a map.
    pub fn new(facts: &'m MapFacts) -> Self {
        let mut met: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for model in facts.runs.values().flat_map(|run| run.models.values()) {
            let rules = model.formats.values().flat_map(Square::rules).map(|rule| (model.class(), rule));
            met.entry(model.module()).or_default().extend(rules);
        }
        Self { facts, met }
    }

    /// Adds them to rows of an estimator, by the release that wrote.
    pub fn add_to_square(&self, estimator: &str, question: &Question, rows: &mut [(String, MapRow)]) {
        let caveats = self.of(estimator);
        for (from, row) in rows {
            for (to, tally) in row {
                self.add(&caveats, (from, to), question, tally);
            }
        }
    }

    /// Adds them to all estimators between two releases.
    pub fn add_to_pair(&self, from: &str, to: &str, question: &Question, all: &mut MapRow) {
        for (estimator, tally) in all {
            self.add(&self.of(estimator), (from, to), question, tally);
        }
    }

    fn of(&self, estimator: &str) -> Caveats {
        let (module, class) = estimator.rsplit_once('.').unwrap_or(("", estimator));
        let none = BTreeSet::new();
        Caveats::of(class, self.met.get(module).unwrap_or(&none))
    }

    fn add(&self, caveats: &Caveats, (from, to): (&str, &str), question: &Question, tally: &mut Tally) {
        if !tally.seen.keys().any(|seen| seen.verdict.works()) {
            return;
        }
        let format = question.format.as_str();
        // Formats of the map are those of the table under their own names.
        let holds = format::handler(format).map_or(Holds::Translation, |handler| handler.holds);
        let mut found = BTreeSet::new();
        for run in tally.runs.iter().filter_map(|matrix| self.facts.runs.get(matrix)) {
            let readers: Vec<_> = run.of(to, question.bits).map(|(_, it)| it.side()).collect();
            for writer in run.of(from, question.from_bits).map(|(_, it)| MapEnvironment::side(it)) {
                let rules =
                    readers.iter().flat_map(|reader| caveats.between((format, holds), &writer, reader));
                found.extend(rules.map(|rule| rule.id.to_owned()));
            }
        }
        for seen in tally.seen.keys().filter_map(|seen| seen.rule.as_ref()) {
            found.remove(seen);
        }
        tally.caveats = found;
    }
}

/// The caveats of a row, each with the releases that read, put together where they are next to each other.
pub fn caveats_of(row: &[(String, Tally)]) -> BTreeMap<&str, Vec<(String, String)>> {
    let mut all: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, (release, tally)) in row.iter().enumerate() {
        for rule in &tally.caveats {
            let spans = all.entry(rule).or_default();
            let follows = last.insert(rule, at).is_some_and(|before| before + 1 == at);
            match spans.last_mut().filter(|_| follows) {
                Some(span) => span.1.clone_from(release),
                None => spans.push((release.clone(), release.clone())),
            }
        }
    }
    all
}
