//! The file of the map, part of the program: written by `shelflife map --measure`, never by hand.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::square::Square;
use crate::explain::Side;
use crate::knowledge;
use crate::vocab::{Digest, FormatName};

static MAP: LazyLock<MapFacts> = LazyLock::new(|| knowledge::measured("facts.json"));

/// The package whose releases the map is about.
pub(super) const SCIKIT_LEARN: &str = "scikit-learn";

/// The map that this program holds.
pub fn map() -> &'static MapFacts {
    &MAP
}

/// Version of the forms in which the map is kept and exported. What an older reader would understand otherwise makes a new
/// one; new keys do not.
pub const MAP_VERSION: u32 = 1;

/// Everything that was measured, by the name of the matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapFacts {
    /// [`MAP_VERSION`] of the writer.
    pub version: u32,
    /// The runs.
    pub runs: BTreeMap<String, MapRun>,
}

/// One recorded run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapRun {
    /// BLAKE3 of its `events.jsonl`.
    pub record: Digest,
    /// RFC 3339 time of its start.
    pub started: String,
    /// Version of shelflife that ran it.
    pub shelflife: String,
    /// Its environments.
    pub environments: Vec<MapEnvironment>,
    /// Its models of scikit-learn's estimators, by name.
    pub models: BTreeMap<String, MapModel>,
    /// Models without a fact: their outermost estimator is none of scikit-learn's or cannot be told, or they give nothing that
    /// can be compared.
    pub left_out: u64,
}

/// An environment of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapEnvironment {
    /// Its name in the matrix.
    pub name: String,
    /// Release of scikit-learn.
    pub release: String,
    /// Version of Python.
    pub python: String,
    /// Pointer width.
    pub bits: u8,
    /// Machine, for example `x86_64`.
    pub arch: String,
    /// The C library.
    pub libc: String,
    /// Versions of numpy, scipy, joblib and what writes formats.
    pub packages: BTreeMap<String, String>,
    /// Digest of its lock.
    pub lock: Digest,
}

impl MapEnvironment {
    /// What rules ask of it.
    pub(super) fn side(&self) -> Side {
        let release = (SCIKIT_LEARN.to_owned(), self.release.clone());
        let packages = self.packages.iter().chain([(&release.0, &release.1)]);
        Side::new(&self.python, packages, Some(self.bits))
    }
}

/// A model, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapModel {
    /// Its outermost estimator: public module and class.
    pub estimator: String,
    /// The expression that it was fitted from.
    pub expression: String,
    /// What it was fitted on.
    pub dataset: String,
    /// What became of it, by format; producers and consumers are indices of environments.
    pub formats: BTreeMap<FormatName, Square>,
}

impl MapRun {
    /// The environments that have a release on machines of a width, with their indices.
    pub fn of<'r>(&'r self, release: &'r str, bits: u8) -> impl Iterator<Item = (usize, &'r MapEnvironment)> {
        let environments = self.environments.iter().enumerate();
        environments.filter(move |(_, one)| one.release == release && one.bits == bits)
    }
}

impl MapModel {
    /// The public module of its class.
    pub fn module(&self) -> &str {
        self.estimator.rsplit_once('.').map_or("", |(module, _)| module)
    }

    /// The name of its class.
    pub fn class(&self) -> &str {
        self.estimator.rsplit('.').next().unwrap_or(&self.estimator)
    }
}

impl MapFacts {
    /// What was measured before of matrices that are not among these stays.
    pub fn joined(mut self, before: &Self) -> Self {
        for (matrix, run) in &before.runs {
            self.runs.entry(matrix.clone()).or_insert_with(|| run.clone());
        }
        self
    }

    /// As the file that is kept: a line for each environment and each model, so that a change is easy to read.
    ///
    /// # Errors
    /// Never in practice: every key is text.
    pub fn to_text(&self) -> serde_json::Result<String> {
        let mut text = format!("{{\"version\":{MAP_VERSION},\"runs\":{{");
        for (index, (matrix, run)) in self.runs.iter().enumerate() {
            let quoted = |text: &str| serde_json::to_string(text);
            let lines = |lines: Vec<String>| lines.join(",\n");
            let environments: serde_json::Result<Vec<_>> =
                run.environments.iter().map(serde_json::to_string).collect();
            let models: serde_json::Result<Vec<_>> = run
                .models
                .iter()
                .map(|(name, model)| Ok(format!("{}:{}", quoted(name)?, serde_json::to_string(model)?)))
                .collect();
            text.push_str(&format!(
                "{}\n{}:{{\"record\":{},\"started\":{},\"shelflife\":{},\"left_out\":{},\"environments\":[\n{}],\n\"models\":{{\n{}}}}}",
                if index > 0 { "," } else { "" },
                quoted(matrix)?,
                serde_json::to_string(&run.record)?,
                quoted(&run.started)?,
                quoted(&run.shelflife)?,
                run.left_out,
                lines(environments?),
                lines(models?),
            ));
        }
        text.push_str("}}\n");
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain;

    #[test]
    fn the_file_is_read_and_written_again_as_it_is() {
        let text = include_str!("../../knowledge/facts.json");
        let read: MapFacts = serde_json::from_str(text).unwrap();
        assert_eq!(read.version, MAP_VERSION);
        assert_eq!(read.to_text().unwrap(), text);
    }

    #[test]
    fn every_cause_in_it_is_a_rule_and_every_cell_has_its_environments() {
        for run in map().runs.values() {
            for model in run.models.values() {
                for (producer, consumer, seen) in model.formats.values().flat_map(Square::cells) {
                    assert!(producer < run.environments.len() && consumer < run.environments.len());
                    assert!(seen.rule.as_deref().is_none_or(|id| explain::find(id).is_some()), "{seen}");
                }
            }
        }
    }
}
