//! The recorded truth of a run: one event a line in `events.jsonl`.
//!
//! Everything that a report says is computed from these events. Readers fold them in order; where two
//! events speak of the same thing, the later one counts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    ArtifactId, ByOutput, Digest, Disturbance, EnvName, EnvironmentTrouble, ErrorFact, ExpectedFile,
    FileFacts, Forecast, Foreign, FormatName, Gap, InputTypes, InputsKind, LeftOut, Lock, ModelName,
    NoiseSetting, Observation, OutputComparison, PartHeader, Probes, Registered, Runtime, Verdict,
};

/// One line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// First line of a record: what is going to be tried.
    RunStarted(Box<RunHeader>),
    /// The same command goes on where an earlier process stopped.
    RunResumed {
        /// What is going to be tried now; only limits, tolerances, expectations and the like can differ from the
        /// first header. Its time is that of the resumption.
        header: Box<RunHeader>,
    },
    /// An environment is usable.
    EnvironmentReady {
        /// Which.
        name: EnvName,
        /// What it resolved to.
        lock: Lock,
        /// Models whose estimator does not exist there, with the reason.
        #[serde(default, rename = "lacks", skip_serializing_if = "BTreeMap::is_empty")]
        absent_models: BTreeMap<ModelName, String>,
        /// Seconds to make it; 0 when it came from the cache.
        seconds: f64,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// What the cells of an environment were not kept from on this machine. Told once an interpreter has started.
    EnvironmentIsolation {
        /// Which.
        name: EnvName,
        /// Nothing where the list is empty.
        gaps: Vec<Gap>,
        /// Seconds until that interpreter had imported what it needs; 0 in records of versions that did not tell.
        #[serde(default, skip_serializing_if = "is_zero")]
        start_seconds: f64,
    },
    /// An environment cannot be used.
    EnvironmentFailed {
        /// Which.
        name: EnvName,
        /// What happened.
        reason: String,
        /// The command or change that would help.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
        /// Whether what it was declared with does not exist on this machine: its cells do not apply then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        absent: bool,
        /// The kind of trouble; records of before November 2026 do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<EnvironmentTrouble>,
    },
    /// An artifact exists.
    ArtifactMade {
        /// Which.
        artifact: ArtifactId,
        /// Digest of its bytes.
        digest: Digest,
        /// Size in bytes.
        size: u64,
        /// Seconds to fit the model.
        train_seconds: f64,
        /// Seconds to write it.
        save_seconds: f64,
        /// The outputs that the fitted estimator offers and that every consumer is asked for.
        methods: Vec<String>,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// An artifact could not be made; none of its cells can run.
    ArtifactMissing {
        /// Which.
        artifact: ArtifactId,
        /// Why there is none.
        absence: ArtifactAbsence,
    },
    /// The producer reloaded its artifact in a fresh process: the reference of all its cells.
    ReferenceTaken {
        /// Which artifact.
        artifact: ArtifactId,
        /// Cache key of the observation.
        key: Digest,
        /// What was seen.
        observation: Observation,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// What the release that reads says of an artifact, read out of it before the cell was tried.
    CellForetold {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that is going to read it.
        consumer: EnvName,
        /// The release, for example `scikit-learn 1.10.0rc1`.
        release: String,
        /// What is to be expected.
        forecast: Forecast,
    },
    /// A cell was executed, or its observation came from the cache.
    CellObserved {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that read it.
        consumer: EnvName,
        /// Cache key of the observation.
        key: Digest,
        /// What was seen.
        observation: Observation,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// A cell has no observation although its environment and artifact exist, for a reason that is not the
    /// artifact's: the worker could not be started or was lost.
    CellLost {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that should have read it.
        consumer: EnvName,
        /// What happened.
        reason: String,
    },
    /// The outputs of a cell were compared with the reference.
    CellCompared {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that read it.
        consumer: EnvName,
        /// Facts by output name.
        outputs: ByOutput<OutputComparison>,
    },
    /// What the bytes of an artifact say, read without loading it.
    ArtifactInspected {
        /// The artifact.
        artifact: ArtifactId,
        /// Digest of the bytes that were looked at.
        digest: Digest,
        /// What rules ask for.
        facts: FileFacts,
    },
    /// A cell that would have been a regression was executed again, all by itself.
    CellRetried {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that read it.
        consumer: EnvName,
        /// What was seen this time.
        observation: Observation,
        /// How it compares with the reference of that time.
        #[serde(default, skip_serializing_if = "ByOutput::is_empty")]
        outputs: ByOutput<OutputComparison>,
    },
    /// Another machine has tried a cell as well, and something else came out: told where parts of a run are merged.
    CellContradicted {
        /// The artifact.
        artifact: ArtifactId,
        /// The environment that read it.
        consumer: EnvName,
        /// What the other machine saw.
        observation: Observation,
        /// How that compares with the reference.
        #[serde(default, skip_serializing_if = "ByOutput::is_empty")]
        outputs: ByOutput<OutputComparison>,
        /// What the environment resolved to there.
        lock: Box<Lock>,
    },
    /// The producer of an external artifact was asked a second time, with another seed.
    ReferenceRepeated {
        /// The artifact.
        artifact: ArtifactId,
        /// Cache key of the second observation.
        key: Digest,
        /// How that compares with the first one: what differs is random.
        outputs: ByOutput<OutputComparison>,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// The producer of an artifact was asked again, computing in another way: how far its own answer moves is the noise
    /// floor of the artifact's outputs.
    ReferenceVaried {
        /// The artifact.
        artifact: ArtifactId,
        /// In which way.
        setting: NoiseSetting,
        /// Cache key of the observation.
        key: Digest,
        /// How that compares with the reference.
        outputs: ByOutput<OutputComparison>,
        /// Whether it came from the cache.
        reused: bool,
    },
    /// Last line of a finished run.
    RunFinished {
        /// RFC 3339 time.
        time: String,
        /// Wall-clock seconds of the process that finished it.
        seconds: f64,
        /// Cells executed by that process (references included).
        executed: u64,
        /// Cells taken from an earlier record or the cache.
        reused: u64,
        /// Whether a signal ended it early.
        interrupted: bool,
    },
}

/// Why an artifact does not exist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ArtifactAbsence {
    /// The matrix rules it out there.
    RuledOut {
        /// The requirement that is not met.
        requirement: String,
    },
    /// The environment does not have the model's class.
    ClassAbsent {
        /// What the environment said.
        reason: String,
    },
    /// The model offers no output that could be compared.
    NoOutput,
    /// The format holds none of the outputs of the model.
    NoOutputHeld {
        /// The outputs that the model offers.
        methods: Vec<String>,
    },
    /// The format says that it does not apply.
    Unsupported {
        /// In its words.
        reason: String,
    },
    /// Fitting raised: the environment's own fault, or the recipe's.
    TrainFailed {
        /// The exception.
        error: ErrorFact,
    },
    /// What writing needs is not installed in the producer.
    #[serde(rename = "unequipped")]
    NotInstalled {
        /// What is missing, and how to get it.
        reason: String,
    },
    /// The format cannot hold the fitted model.
    SaveFailed {
        /// The exception.
        error: ErrorFact,
    },
    /// Fitting or saving ended the process, or ran into a limit.
    Died {
        /// In words, for example `died of signal 11 (SIGSEGV) while training`.
        reason: String,
    },
    /// The machine got in the way, again when it was tried once more. The next run tries it again.
    Disturbed {
        /// How.
        by: Disturbance,
    },
    /// An external artifact that is not sound; it was never loaded.
    Refused {
        /// In words.
        reason: String,
        /// What it is instead, where that is the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        foreign: Option<Foreign>,
    },
}

impl ArtifactAbsence {
    /// Whether training was tried and failed.
    pub const fn is_of_training(&self) -> bool {
        match self {
            Self::TrainFailed { .. } | Self::Died { .. } | Self::ClassAbsent { .. } => true,
            Self::RuledOut { .. }
            | Self::NoOutput
            | Self::NoOutputHeld { .. }
            | Self::Unsupported { .. }
            | Self::NotInstalled { .. }
            | Self::SaveFailed { .. }
            | Self::Disturbed { .. }
            | Self::Refused { .. } => false,
        }
    }
}

/// What a run is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    /// [`super::FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Version of shelflife.
    pub shelflife: String,
    /// Name of the run, which is also the name of its folder.
    pub run: String,
    /// RFC 3339 time.
    pub time: String,
    /// Cells that ran side by side.
    pub jobs: u64,
    /// The matrix.
    pub matrix: MatrixRecord,
    /// What was planned.
    pub plan: PlanRecord,
    /// Set where it is a part of a run that several machines share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Box<PartHeader>>,
}

/// The matrix of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixRecord {
    /// Its name.
    pub name: String,
    /// The file that it was read from, as it was named; none where it was made of what was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its description, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The package under test, where it is another one than scikit-learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Digest of the plan: names, environments, models, datasets and selections, not tolerances, limits or
    /// expectations.
    pub plan_digest: Digest,
}

/// Everything that was planned. The cells are every artifact in every consumer; the artifacts are every
/// model in each of its formats from every producer, both in the order given here. A model that is a file has one
/// artifact only, that file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRecord {
    /// The environments.
    pub environments: Vec<EnvironmentPlan>,
    /// The models.
    pub models: Vec<ModelPlan>,
    /// The formats that the models are written in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<FormatPlan>,
    /// Declared outcomes, later ones winning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectationRecord>,
    /// What was asked for and could not be taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// A format that takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatPlan {
    /// Its name.
    pub name: FormatName,
    /// What writes and reads it.
    pub handler: String,
    /// One line for people.
    pub about: String,
    /// What its artifacts are compared with.
    #[serde(default)]
    pub reference: ReferenceKind,
    /// Whether reading a file runs code that the file brings along; `None` where nobody has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_code: Option<bool>,
    /// How its files are damaged on purpose after they are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
    /// The format that it is without that damage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intact: Option<FormatName>,
}

/// What the cells of an artifact are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferenceKind {
    /// What the producer predicts after it loaded the artifact in a fresh process.
    #[default]
    Artifact,
    /// What the producer predicts after it loaded a pickle of the same fitted model in a fresh process: the artifact is
    /// a translation of the model, and its own reload would only be compared with itself.
    Model,
}

/// Whether a list of formats, as environments declare what they write and read, has one; or there is no list.
pub fn is_among(formats: &Option<Vec<FormatName>>, name: &FormatName) -> bool {
    formats.as_ref().is_none_or(|formats| formats.contains(name))
}

/// A planned environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvironmentPlan {
    /// Its name.
    pub name: EnvName,
    /// How it is made.
    pub runtime: Runtime,
    /// The interpreter as declared, for example `3.11`; `None` for an existing one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Requirements as declared, by package.
    pub packages: BTreeMap<String, String>,
    /// Whether it writes artifacts.
    pub producer: bool,
    /// Whether it reads artifacts.
    pub consumer: bool,
    /// Whether it writes nothing and stands for the producer of external artifacts.
    #[serde(default, rename = "outside", skip_serializing_if = "std::ops::Not::not")]
    pub external: bool,
    /// The formats that it writes; all where there is no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writes: Option<Vec<FormatName>>,
    /// The formats that it reads; all where there is no list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Vec<FormatName>>,
}

/// A planned model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPlan {
    /// Its name.
    pub name: ModelName,
    /// The estimator expression, or the recipe's file name.
    pub estimator: String,
    /// Name of the dataset.
    pub dataset: String,
    /// The formats it is written in.
    pub formats: Vec<FormatName>,
    /// Set where it is not trained but a file that exists already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FilePlan>,
}

/// A file that somebody else made: the one artifact of its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePlan {
    /// The file as it was named.
    pub path: String,
    /// The environment that wrote it, as far as it is known.
    pub producer: EnvName,
    /// What it predicts on.
    pub inputs: InputsKind,
    /// Where the inputs come from, in words.
    pub inputs_from: String,
    /// The file that they are in, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs_file: Option<String>,
    /// What it is registered as, where it was found in a registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Registered>,
    /// Whether loading it runs commands or arbitrary code, as far as its bytes say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub runs_commands: bool,
    /// What the columns of the inputs were taken for, where nobody has declared it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inferred: InputTypes,
    /// Whether outputs were given that it has to agree with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expected: bool,
    /// The file that they were given in, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_from: Option<ExpectedFile>,
    /// What its bytes prove of the packages that wrote it, as specifiers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub proved: BTreeMap<String, String>,
    /// Modules of further packages that loading it imports, with the package of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub imports: BTreeMap<String, String>,
    /// Modules that loading it imports and that no known package brings.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub own_modules: BTreeSet<String>,
    /// Whether folders of modules were given with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub modules_given: bool,
    /// What its inputs are and reach, where they were derived from the model in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probes: Option<Probes>,
    /// What a reader of its verdicts has to know: where the versions come from, what was assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A declared outcome, already resolved to names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationRecord {
    /// Models it covers.
    pub models: Vec<ModelName>,
    /// Formats it covers.
    pub formats: Vec<FormatName>,
    /// Producers it covers.
    pub producers: Vec<EnvName>,
    /// Consumers it covers.
    pub consumers: Vec<EnvName>,
    /// The verdicts that are as expected.
    pub verdicts: Vec<Verdict>,
    /// Why.
    pub reason: String,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Where it is declared, as `file:line`.
    pub declared_at: String,
}

fn is_zero(seconds: &f64) -> bool {
    *seconds == 0.0
}
