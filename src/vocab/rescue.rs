//! What became of a model that was to be rescued: the facts of `NAME.rescue.json`. No sentence lives here.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ByOutput, Cause, Digest, EnvName, ErrorFact, FormatName, OutputComparison, Verdict};

/// Version of the serialised form of [`RescueRecord`].
pub const RESCUE_VERSION: u32 = 1;

/// How much a mend keeps of what a model gave before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exactness {
    /// The same numbers to the last bit.
    Exact,
    /// The same within roundoff.
    Roundoff,
    /// What it predicts is the same; what else it offered may not be.
    PredictOnly,
    /// The type of an object is another one.
    TypeChanges,
    /// A class beside the file is needed.
    Companion,
    /// A name was found where nobody has said that it went: it may mean something else.
    Guessed,
}

/// One kind of change at one place of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where in the model: `steps[1][1].estimators_[0..99].tree_`; `None` for what is no object of it.
    pub path: Option<String>,
    /// The class that was changed.
    pub class: String,
    /// The rule of the mend, or `generic`.
    pub mend: String,
    /// What was changed, in the words of the mend.
    pub what: String,
    /// How much it keeps.
    pub exactness: Exactness,
    /// Objects that it was done to.
    pub count: u64,
}

/// A key of a state that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNote {
    /// Where in the model.
    pub path: Option<String>,
    /// The class whose state it is of.
    #[serde(default)]
    pub class: String,
    /// The key.
    pub key: String,
    /// Its name now, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why, in the words of the mend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of the keys of all states of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyAccount {
    /// Kept as they are.
    pub kept: u64,
    /// Under another name now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<KeyNote>,
    /// Left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<KeyNote>,
    /// Kept, and read by nothing in the target.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<KeyNote>,
}

/// Why an object keeps a model from being mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObstacleKind {
    /// Its class is gone, and nothing took its place.
    LeftOver,
    /// It has an equivalent only with a module beside the file.
    NeedsCompanion,
    /// Reading it would call a name that artifacts do not need.
    NameNotAllowed,
    /// Keys of its state went without a word: a mend is at fault.
    Unaccounted,
    /// It refers to something outside of the file.
    PersistentId,
    /// Its bytes are not in the file.
    OutOfBandBuffer,
    /// A mend says that its class has no equivalent.
    #[serde(other)]
    NoEquivalent,
}

/// An object that keeps a model from being mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// Where in the model.
    #[serde(default)]
    pub path: Option<String>,
    /// Its class.
    #[serde(default)]
    pub class: Option<String>,
    /// The kind.
    pub why: ObstacleKind,
    /// Facts of that kind.
    #[serde(flatten)]
    pub facts: BTreeMap<String, serde_json::Value>,
}

/// What an attempt to mend came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MendOutcome {
    /// A mended file was written.
    Mended {
        /// What was changed.
        changes: Vec<Change>,
        /// What became of every key.
        keys: KeyAccount,
        /// The mends that took part, also those that changed nothing: reading may rest on them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mends: Vec<String>,
        /// Modules that the file needs beside it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        companions: Vec<String>,
        /// Modules with which it would be more like the original.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        would_use: Vec<String>,
    },
    /// Nothing was written: no mend makes it what the target can read.
    Refused {
        /// What is in the way.
        obstacles: Vec<Obstacle>,
        /// Modules with which it could be mended.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        companions: Vec<String>,
    },
    /// Reading or writing raised.
    Raised {
        /// The exception.
        error: Box<ErrorFact>,
    },
    /// The format cannot be mended.
    Inapplicable {
        /// In words of the agent.
        reason: String,
    },
    /// What reading takes is not installed.
    NotInstalled {
        /// In words of the agent.
        reason: String,
    },
    /// It ended its process, or ran into a limit.
    Ended {
        /// How.
        outcome: Box<super::Outcome>,
    },
}

/// What a file of a format holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// The estimator itself, in another writing: it can be written wherever it can be read.
    Estimator,
    /// What computes the same as the estimator and is none: it has to be made where the estimator works.
    Translation,
}

/// What an attempt to write a model in another format came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum TranslateOutcome {
    /// A file was written.
    Written {
        /// The outputs that it holds; all that the model offers where `None`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<Vec<String>>,
    },
    /// Reading or writing raised.
    Raised {
        /// The exception.
        error: Box<ErrorFact>,
    },
    /// The format cannot hold the model.
    Inapplicable {
        /// In words of the agent.
        reason: String,
    },
    /// What writing takes is not installed.
    NotInstalled {
        /// In words of the agent.
        reason: String,
    },
    /// It ended its process, or ran into a limit.
    Ended {
        /// How.
        outcome: Box<super::Outcome>,
    },
    /// No environment could be made in which the model works and the format can be written.
    NotMade {
        /// In words of whoever tried.
        reason: String,
    },
}

/// What a model is in, beyond what its format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrapping {
    /// A folder, as those of MLflow.
    Folder,
    /// An archive, or more than one compression.
    Archive,
}

/// That a file is of another format than the one that it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Translation {
    /// What its format is, in a line.
    pub about: String,
    /// What a file of it holds.
    pub holds: Holds,
    /// The environment that wrote it.
    pub written_in: EnvName,
    /// The outputs that it holds; all that the model offers where `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<String>>,
}

/// A file of a rescue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescueFile {
    /// Its path as it was asked for, or its name beside the record.
    pub path: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
    /// Its format.
    pub format: FormatName,
}

/// An environment of a rescue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RescueEnvironment {
    /// Its name in the run.
    pub name: EnvName,
    /// Version of its interpreter; the declared one where it could not be made.
    pub python: String,
    /// Its packages.
    pub packages: BTreeMap<String, String>,
    /// Digest of its lock; `None` where it could not be made.
    pub lock: Option<Digest>,
}

/// What a file did in the target before anything was changed, or does there now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is no better one.
    pub cause: Cause,
    /// The exception, where one was raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<ErrorFact>>,
    /// The known cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How each output compares with the producer's own.
    #[serde(default, skip_serializing_if = "ByOutput::is_empty")]
    pub outputs: ByOutput<OutputComparison>,
}

/// Where inputs of a verification come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputsOrigin {
    /// The user gave them, or they are packed with the file.
    Given,
    /// Random numbers of the model's width.
    Random,
    /// Derived from the model itself.
    Probes,
    /// None: it is only loaded.
    None,
}

/// One verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// Where the inputs come from.
    pub origin: InputsOrigin,
    /// Where exactly, in words of the run.
    pub from: String,
    /// Rows.
    pub rows: u64,
    /// What came of it.
    #[serde(flatten)]
    pub tried: Tried,
}

/// How much of a model its probes reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Of what: `leaves`, `thresholds`, `categories`, `words`, `features`.
    pub what: ProbedPart,
    /// How many were reached.
    pub reached: u64,
    /// Of how many.
    pub of: u64,
}

/// What probes aim at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbedPart {
    /// Leaves of trees.
    Leaves,
    /// Both sides of thresholds.
    Thresholds,
    /// Known categories.
    Categories,
    /// Words of vocabularies.
    Words,
    /// Features, each with its extremes.
    Features,
}

/// Inputs that were derived from a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probes {
    /// Rows.
    pub rows: u64,
    /// What they reach.
    pub shares: Vec<Share>,
    /// Whether missing values are among them.
    #[serde(default)]
    pub missing: bool,
    /// Whether unknown categories or words are among them.
    #[serde(default)]
    pub unknown: bool,
}

/// The way in which a file was rescued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It works as it is.
    AsItIs,
    /// Its states were mended.
    Mended,
    /// It was written in another format.
    Translated,
}

/// Why a rescue has no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoProof {
    /// Nothing says who made the file, and nothing is expected of it.
    ProducerUnknown,
    /// The producer's environment could not be made.
    ProducerNotMade,
    /// The producer's environment cannot read the file, or not predict on the inputs.
    ProducerFails,
    /// What differs is random in the producer itself.
    Random,
    /// There was nothing to predict on, or the inputs are not what the model takes.
    NoInputs,
}

/// Why nothing was rescued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Refused {
    /// No mend, or none that goes on to the end.
    NotMended {
        /// What the attempt came to.
        outcome: MendOutcome,
    },
    /// It could not be written in the format that was asked for.
    NotTranslated {
        /// What the attempt came to.
        outcome: TranslateOutcome,
    },
    /// What it was in could not be put together again around the new model.
    NotPacked {
        /// Why.
        says: String,
    },
    /// The new file was tried and does not give what its producer gives.
    NotVerified,
    /// There is nothing to verify it with, and that was not allowed.
    Unproven {
        /// Why.
        why: NoProof,
    },
    /// It was not tried: an environment could not be made, or lacks what the file needs.
    NotTried,
    /// A signal ended the rescue before it was finished.
    Interrupted,
    /// The file is damaged, or is no saved model.
    NoArtifact {
        /// In words of the run.
        says: String,
    },
    /// A file of that name is there.
    Exists {
        /// The file.
        path: String,
    },
}

/// What came of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum RescueResult {
    /// It works, or there is a file now that does.
    Rescued {
        /// How.
        way: Way,
        /// Set where nothing could verify it, which was allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unproven: Option<NoProof>,
    },
    /// There is no such file.
    Refused {
        /// Why.
        why: Refused,
    },
}

/// Everything that is known of one rescue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RescueRecord {
    /// [`RESCUE_VERSION`] of the writer.
    pub format_version: u32,
    /// Version of shelflife.
    pub shelflife: String,
    /// RFC 3339 time.
    pub time: String,
    /// What came of it.
    pub result: RescueResult,
    /// The file that was to be rescued.
    pub original: RescueFile,
    /// The file that works in the target, where one was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescued: Option<RescueFile>,
    /// The environment that made it; `None` where nobody knows it.
    pub producer: Option<RescueEnvironment>,
    /// Whether that environment does not predict with the original either.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub producer_fails: bool,
    /// The environment that is to read it.
    pub target: RescueEnvironment,
    /// What the original did there.
    pub before: Option<Tried>,
    /// What was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What became of every key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeyAccount>,
    /// What it is in, where that is not the file itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrapping: Option<Wrapping>,
    /// The mends that took part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mends: Vec<String>,
    /// Modules that stand beside the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<String>,
    /// Modules with which it would be more like the original, where they may stand beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_use: Vec<String>,
    /// Set where it is of another format now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation: Option<Translation>,
    /// What it was verified on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified: Vec<Verification>,
    /// What the probes reach, where some could be derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// Whether missing or unknown values are refused with an error in the target, where the producer takes them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses_gaps: bool,
    /// Warnings of the readers: notes that came with the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl RescueRecord {
    /// The least that the changes keep; `None` where nothing was changed.
    pub fn exactness(&self) -> Option<Exactness> {
        self.changes.iter().map(|change| change.exactness).max()
    }
}
