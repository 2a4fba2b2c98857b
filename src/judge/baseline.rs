//! What is known of earlier runs: the verdicts of a whole run, or the record that a team keeps in its repository.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::vocab::{ArtifactId, EnvName, Record, Status, Verdict};

/// The version of baseline records.
const VERSION: u32 = 1;

/// The verdicts of an earlier run, to judge a later one against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(HashMap<(String, EnvName), Verdict>);

impl Baseline {
    /// The verdicts of a judged run.
    pub fn of(record: &Record) -> Self {
        let verdicts = record
            .cells
            .iter()
            .map(|cell| ((cell.artifact.clone(), cell.consumer.clone()), cell.verdict))
            .collect();
        Self(verdicts)
    }

    /// Takes what each artifact does in the environment `from` as what it did everywhere: a move away from there is
    /// judged by it.
    pub fn of_environment(record: &Record, from: &EnvName) -> Self {
        let known: HashMap<&str, Verdict> = record
            .cells
            .iter()
            .filter(|cell| cell.consumer == *from)
            .map(|cell| (cell.artifact.as_str(), cell.verdict))
            .collect();
        let verdicts = record.cells.iter().filter_map(|cell| {
            let verdict = known.get(cell.artifact.as_str())?;
            Some(((cell.artifact.clone(), cell.consumer.clone()), *verdict))
        });
        Self(verdicts.collect())
    }

    /// Replaces what is known by what somebody has accepted.
    pub fn accepting(mut self, known: &Known) -> Self {
        for (artifact, cells) in &known.artifacts {
            for (consumer, word) in cells {
                self.0.insert((artifact.clone(), EnvName::from(consumer.clone())), word.verdict());
            }
        }
        self
    }

    /// What a verdict means against the earlier one of the same cell.
    pub(super) fn status(&self, artifact: &ArtifactId, consumer: &EnvName, now: Verdict) -> Status {
        let before = self.0.get(&(artifact.to_string(), consumer.clone())).copied();
        match (before, now) {
            (_, Verdict::EnvError) => Status::New,
            (_, Verdict::Unsupported) => Status::Known,
            (None | Some(Verdict::EnvError | Verdict::Unsupported), now) if now.works() => Status::Pass,
            (None | Some(Verdict::EnvError | Verdict::Unsupported), _) => Status::New,
            (Some(before), now) if before.works() && now.works() => Status::Pass,
            (Some(_), now) if now.works() => Status::Fixed,
            (Some(before), now) if before == now => Status::Known,
            (Some(_), _) => Status::Regression,
        }
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
    fn of(verdict: Verdict) -> Self {
        if verdict.works() { Self::Works } else { Self::Fails(verdict) }
    }

    fn verdict(self) -> Verdict {
        match self {
            Self::Works => Verdict::Identical,
            Self::Fails(verdict) => verdict,
        }
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
    #[error("it is no baseline record: {0}")]
    Json(#[from] serde_json::Error),
    /// Written by a newer shelflife.
    #[error("it has version {0}, and this shelflife reads version {VERSION}: update shelflife")]
    Newer(u32),
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

impl Known {
    /// Takes the verdicts of a run as they are. What the run did not try stays; a cell without a verdict of its own is
    /// not taken. Returns what changed, as lines.
    pub fn accept(&mut self, record: &Record) -> Vec<String> {
        let mut changes = Vec::new();
        for cell in &record.cells {
            if matches!(cell.verdict, Verdict::EnvError | Verdict::Unsupported) {
                continue;
            }
            let word = Word::of(cell.verdict);
            let cells = self.artifacts.entry(cell.artifact.clone()).or_default();
            let before = cells.insert(cell.consumer.to_string(), word);
            if before != Some(word) {
                let before = before.map_or("not recorded", Word::text);
                changes.push(format!("{} in {}: {before} -> {}", cell.artifact, cell.consumer, word.text()));
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
