//! What is known of earlier runs: the verdicts of a whole run, or the record that a team keeps in its repository.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::vocab::{CellRecord, EnvName, Reached, Record, Standing, Verdict};

/// The version of baseline records.
const VERSION: u32 = 1;

/// What is known of cells from before, to judge a later run against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    cells: HashMap<(String, EnvName), Before>,
    /// The environment that is left, whose cells are what the others are judged by.
    from: Option<EnvName>,
}

/// What is known of one cell from before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    /// The word.
    pub verdict: Verdict,
    /// What it said about the artifact.
    pub standing: Standing,
    /// How far it got; the least that its word says, where nothing else is recorded.
    pub reached: Reached,
    /// Whose word it is.
    pub source: Source,
}

/// Where knowledge of an earlier cell comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An earlier run or a record that somebody has given as what is known: what fails there is accepted.
    Accepted,
    /// What the artifact does in the environment that is left, in this very run. Nobody has accepted anything.
    Left {
        /// Whether the artifact's own producer fails with it, so that its failure says nothing about a release.
        producer_fails: bool,
    },
}

impl Before {
    fn of(cell: &CellRecord, source: Source) -> Self {
        Self { verdict: cell.verdict, standing: cell.cause.standing(), reached: cell.reached, source }
    }
}

impl Baseline {
    /// The verdicts of a judged run.
    pub fn of(record: &Record) -> Self {
        let known = |cell: &CellRecord| {
            ((cell.artifact.clone(), cell.consumer.clone()), Before::of(cell, Source::Accepted))
        };
        Self { cells: record.cells.iter().map(known).collect(), from: None }
    }

    /// Takes what each artifact does in the environment `from` as what it did everywhere: a move away from there is
    /// judged by it.
    pub fn of_environment(record: &Record, from: &EnvName) -> Self {
        let artifacts: HashMap<&str, _> =
            record.artifacts.iter().map(|artifact| (artifact.id.as_str(), artifact)).collect();
        let left = |cell: &CellRecord| {
            let artifact = artifacts.get(cell.artifact.as_str());
            let is_expected = artifact.and_then(|it| it.file.as_ref()).is_some_and(|file| file.expected);
            let producer_fails = artifact.is_some_and(|it| it.producer_fails.is_some())
                || cell.producer == *from
                || (is_expected && cell.verdict == Verdict::Drift);
            Before::of(cell, Source::Left { producer_fails })
        };
        let known: HashMap<&str, Before> = record
            .cells
            .iter()
            .filter(|cell| cell.consumer == *from)
            .map(|cell| (cell.artifact.as_str(), left(cell)))
            .collect();
        let cells = record.cells.iter().filter(|cell| cell.consumer != *from).filter_map(|cell| {
            let before = known.get(cell.artifact.as_str())?;
            Some(((cell.artifact.clone(), cell.consumer.clone()), *before))
        });
        Self { cells: cells.collect(), from: Some(from.clone()) }
    }

    /// Replaces what is known by what an earlier run that somebody gave as known did, where it worked or failed.
    pub fn knowing(mut self, earlier: &Self) -> Self {
        let tells = |before: &Before| matches!(before.standing, Standing::Works | Standing::Fails);
        let told = earlier.cells.iter().filter(|(_, before)| tells(before));
        self.cells.extend(told.map(|(cell, before)| (cell.clone(), *before)));
        self
    }

    /// Replaces what is known by what somebody has accepted.
    pub fn accepting(mut self, known: &Known) -> Self {
        for (artifact, cells) in &known.artifacts {
            for (consumer, word) in cells {
                let key = (artifact.clone(), EnvName::from(consumer.clone()));
                self.cells.insert(key, word.before());
            }
        }
        self
    }

    /// The environment that is left, where there is one.
    pub fn from(&self) -> Option<&EnvName> {
        self.from.as_ref()
    }

    pub(super) fn before(&self, artifact: &str, consumer: &EnvName) -> Option<&Before> {
        self.cells.get(&(artifact.to_owned(), consumer.clone()))
    }
}

/// A baseline record: what a person has looked at and taken as it is. One line an artifact, in a stable order, so that
/// a change of it can be reviewed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    artifacts: BTreeMap<String, BTreeMap<String, Word>>,
}

/// What is recorded of a cell. Roundoff comes and goes with the machine and is no difference to review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Works,
    #[serde(untagged)]
    Fails(Verdict),
}

impl Word {
    /// The word for a cell that can be accepted: one that works, fails, or does not apply there.
    fn of(cell: &CellRecord) -> Option<Self> {
        match cell.cause.standing() {
            Standing::Works => Some(Self::Works),
            Standing::Fails => Some(Self::Fails(cell.verdict)),
            Standing::DoesNotApply if !cell.cause.is_of_machine() => Some(Self::Fails(cell.verdict)),
            Standing::DoesNotApply | Standing::NoAnswer | Standing::BadInput => None,
        }
    }

    fn before(self) -> Before {
        let (verdict, standing, reached) = match self {
            Self::Works => (Verdict::Identical, Standing::Works, Reached::Identical),
            Self::Fails(verdict) => match verdict {
                Verdict::Identical => (verdict, Standing::Works, Reached::Identical),
                Verdict::Roundoff => (verdict, Standing::Works, Reached::Within),
                Verdict::Drift => (verdict, Standing::Fails, Reached::Predicted),
                Verdict::PredictError => (verdict, Standing::Fails, Reached::Loaded),
                Verdict::LoadError => (verdict, Standing::Fails, Reached::Started),
                // Where it died, the word does not say.
                Verdict::Crash | Verdict::Timeout | Verdict::OutOfMemory => {
                    (verdict, Standing::Fails, Reached::Nothing)
                }
                Verdict::EnvError | Verdict::NotTried | Verdict::Unverified => {
                    (verdict, Standing::NoAnswer, Reached::Nothing)
                }
                Verdict::Unsupported | Verdict::Absent => (verdict, Standing::DoesNotApply, Reached::Nothing),
            },
        };
        Before { verdict, standing, reached, source: Source::Accepted }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Fails(verdict) => verdict.as_str(),
        }
    }
}

#[derive(Deserialize)]
struct File {
    shelflife_baseline: u32,
    artifacts: BTreeMap<String, BTreeMap<String, Word>>,
}

/// Why a baseline record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is no baseline record.
    #[error("it is not a baseline record: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer shelflife.
    #[error("it has version {0}, and this shelflife reads version {VERSION}: update shelflife")]
    Newer(u32),
}

/// Whether bytes look like a baseline record rather than like the results of a run.
pub fn is_baseline(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"\"shelflife_baseline\"";
    bytes[..bytes.len().min(200)].windows(MARK.len()).any(|window| window == MARK)
}

/// Reads a baseline record.
///
/// # Errors
/// When it is none, or of a later version.
pub fn read_baseline(bytes: &[u8]) -> Result<Known, BaselineError> {
    let file: File = serde_json::from_slice(bytes)?;
    if file.shelflife_baseline > VERSION {
        return Err(BaselineError::Newer(file.shelflife_baseline));
    }
    Ok(Known { artifacts: file.artifacts })
}

/// Writes a baseline record: one line an artifact, artifacts and environments by name.
pub fn write_baseline(known: &Known) -> String {
    // Texts always serialise.
    let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let lines: Vec<String> = known
        .artifacts
        .iter()
        .map(|(artifact, cells)| {
            let cells: Vec<String> =
                cells.iter().map(|(name, word)| format!("{}: \"{}\"", quoted(name), word.text())).collect();
            format!("    {}: {{ {} }}", quoted(artifact), cells.join(", "))
        })
        .collect();
    format!(
        "{{\n  \"shelflife_baseline\": {VERSION},\n  \"artifacts\": {{\n{}\n  }}\n}}\n",
        lines.join(",\n")
    )
}

/// One cell whose record is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The artifact.
    pub artifact: String,
    /// The environment that reads it.
    pub consumer: EnvName,
    /// The word before; `None` where nothing was recorded.
    pub before: Option<&'static str>,
    /// The word now.
    pub now: &'static str,
}

impl Known {
    /// Takes the verdicts of a run as they are. What the run did not try stays; a cell without a verdict of its own is
    /// not taken. Returns what changed.
    pub fn accept(&mut self, record: &Record) -> Vec<Acceptance> {
        let mut changes = Vec::new();
        for cell in &record.cells {
            let Some(word) = Word::of(cell) else { continue };
            // Nobody has to know that something does not apply, unless it did.
            let is_known =
                self.artifacts.get(&cell.artifact).is_some_and(|it| it.contains_key(cell.consumer.as_str()));
            if cell.cause.standing() == Standing::DoesNotApply && !is_known {
                continue;
            }
            let cells = self.artifacts.entry(cell.artifact.clone()).or_default();
            let before = cells.insert(cell.consumer.to_string(), word);
            if before != Some(word) {
                changes.push(Acceptance {
                    artifact: cell.artifact.clone(),
                    consumer: cell.consumer.clone(),
                    before: before.map(Word::text),
                    now: word.text(),
                });
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_and_do_not_change() {
        let text = "{\n  \"shelflife_baseline\": 1,\n  \"artifacts\": {\n    \"a/joblib/x\": { \"y\": \"works\", \
                    \"z\": \"drift\" }\n  }\n}\n";
        assert!(is_baseline(text.as_bytes()) && !is_baseline(b"{\"format_version\": 2}"));
        let known = read_baseline(text.as_bytes()).expect("it is well formed");
        assert_eq!(write_baseline(&known), text);
        assert_eq!(known.artifacts["a/joblib/x"]["z"], Word::Fails(Verdict::Drift));
        assert!(matches!(
            read_baseline(b"{\"shelflife_baseline\": 9, \"artifacts\": {}}"),
            Err(BaselineError::Newer(9))
        ));
        assert!(read_baseline(b"[]").is_err());
    }
}
