//! The judged view of a run: the schema of `results.json`, and what every renderer reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Agreement, ArtifactAbsence, ArtifactId, Attempt, ByOutput, ByteOrder, Cause, Digest, EnvName, ErrorFact,
    FilePlan, Forecast, FormatName, FormatPlan, Gap, LeftOut, Lock, MachineDifference, MadeUp, ModelName,
    Next, Outcome, OutputComparison, PromiseRecord, Reached, Runtime, Score, Setup, Stage, Status, Verdict,
};

/// A judged run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`super::FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// The matrix it was made from.
    pub matrix: MatrixSummary,
    /// When, how long, by what.
    pub run: RunSummary,
    /// Every planned environment, in plan order.
    pub environments: Vec<EnvironmentRecord>,
    /// The formats that take part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<FormatPlan>,
    /// Every planned artifact, in plan order.
    pub artifacts: Vec<ArtifactRecord>,
    /// Every planned cell: artifacts in plan order, and for each the consumers in plan order.
    pub cells: Vec<CellRecord>,
    /// What was asked for and could not be taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// What a reader should look at, worst first.
    pub findings: Vec<Finding>,
    /// Counts.
    pub summary: Summary,
    /// What is documented about the pairs, beside what happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<PromiseRecord>,
    /// How forecasts compare with what happened, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// The matrix of a judged run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixSummary {
    /// Its name.
    pub name: String,
    /// The file that it was read from, as it was named; none where it was made of what was typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its description, if it has one.
    pub description: Option<String>,
    /// The package under test, where it is another one than scikit-learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Digest of the plan.
    pub plan_digest: Digest,
    /// The models in plan order, with their estimator expressions.
    pub models: BTreeMap<ModelName, String>,
}

/// The run itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    /// Name of the run and of its folder.
    pub name: String,
    /// RFC 3339 time of the first start.
    pub started: String,
    /// RFC 3339 time of the end; `None` when it was killed.
    pub finished: Option<String>,
    /// Wall-clock seconds of the process that finished it.
    pub seconds: f64,
    /// Version of shelflife.
    pub shelflife: String,
    /// Cells that ran side by side.
    pub jobs: u64,
    /// Cells executed by the process that finished it.
    pub executed: u64,
    /// Cells taken from an earlier record or the cache.
    pub reused: u64,
    /// Whether it was interrupted or killed before every cell had a verdict.
    pub interrupted: bool,
    /// Whether there was anything to judge against (`[[expect]]`, a baseline, `--fail-on`).
    pub judged: bool,
}

/// One environment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnvironmentRecord {
    /// Its name.
    pub name: EnvName,
    /// How it was made.
    pub runtime: Runtime,
    /// Machine, for example `x86_64`; empty where the environment could not be made.
    pub arch: String,
    /// Pointer width: 32 or 64; 0 where the environment could not be made.
    pub bits: u8,
    /// Full interpreter version, or the declared one where the environment could not be made.
    pub python: String,
    /// Installed packages, or the declared ones where the environment could not be made.
    pub packages: BTreeMap<String, String>,
    /// Digest of the lock; `None` where the environment could not be made.
    pub lock: Option<Digest>,
    /// Launcher, extension and device.
    #[serde(flatten)]
    pub setup: Setup,
    /// The lock itself. Left out of `results.json`; written under `locks/`.
    #[serde(skip)]
    pub full_lock: Option<Lock>,
    /// Whether it writes artifacts.
    pub producer: bool,
    /// Whether it reads artifacts.
    pub consumer: bool,
    /// Why it could not be made, in the words of whoever tried.
    pub error: Option<String>,
    /// What would help.
    pub remedy: Option<String>,
    /// Whether the run ended before it was made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_reached: bool,
    /// What its cells were not kept from, since the machine could not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<Gap>,
}

impl EnvironmentRecord {
    /// Whether nothing could be tried in it.
    pub const fn is_broken(&self) -> bool {
        self.error.is_some() || self.not_reached
    }

    /// Its byte order, where it could be made.
    pub fn byte_order(&self) -> Option<ByteOrder> {
        self.full_lock.as_ref().map(|lock| lock.byteorder)
    }
}

/// One artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtifactRecord {
    /// `model/format/producer`.
    pub id: String,
    /// The model.
    pub model: ModelName,
    /// The format.
    pub format: FormatName,
    /// The environment that wrote it.
    pub producer: EnvName,
    /// Digest of its bytes; `None` where it does not exist.
    pub digest: Option<Digest>,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Seconds to fit the model.
    pub train_seconds: Option<f64>,
    /// Seconds to write it.
    pub save_seconds: Option<f64>,
    /// Why it does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absence: Option<ArtifactAbsence>,
    /// For a file: what the environment that should have made it did with it instead of predicting.
    #[serde(default, rename = "maker_fails", skip_serializing_if = "Option::is_none")]
    pub producer_fails: Option<Outcome>,
    /// Set where it is an external artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FilePlan>,
    /// For a file whose inputs are made up: their width, where it was guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_up: Option<MadeUp>,
    /// For a file whose model takes no texts: that it was given categories in their place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_categories: bool,
}

/// One cell: an artifact in a consumer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellRecord {
    /// `model/format/producer`.
    pub artifact: String,
    /// The model.
    pub model: ModelName,
    /// The format.
    pub format: FormatName,
    /// The environment that wrote it.
    pub producer: EnvName,
    /// The environment that read it.
    pub consumer: EnvName,
    /// The opinion: the word for `reached` and `cause`.
    pub verdict: Verdict,
    /// Where it was decided.
    pub stage: Stage,
    /// How far it got.
    pub reached: Reached,
    /// Why it got no further.
    pub cause: Cause,
    /// Against expectation or baseline; `None` in a survey.
    pub status: Option<Status>,
    /// Texts of the version warnings that loading raised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<Arc<str>>,
    /// What it tried that it may not, and was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Attempt>,
    /// The rule that explains it, if one does: `shelflife explain` prints it.
    pub rule: Option<String>,
    /// What was to be expected, where forecasts were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// The module of the deepest frame, for failures.
    pub blame: Option<String>,
    /// The exception, for failures that raised one.
    pub error: Option<Arc<ErrorFact>>,
    /// Whether it predicts on random numbers, because nobody gave inputs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// The declared outcome that covers the cell, if any.
    pub expected: Option<ExpectationNote>,
    /// Comparison facts by output.
    #[serde(default, skip_serializing_if = "ByOutput::is_empty")]
    pub outputs: ByOutput<OutputComparison>,
    /// Seconds to load.
    pub load_seconds: Option<f64>,
    /// Seconds for all outputs.
    pub predict_seconds: Option<f64>,
    /// Peak resident memory in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// Whether the observation came from an earlier record or the cache.
    pub reused: bool,
    /// What it is on another machine that tried it in the same run, where something else came out there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Box<MachineDifference>>,
}

impl CellRecord {
    /// Whether its file was refused before anything was loaded: damaged, empty, no saved model. That is its cause.
    pub const fn was_refused(&self) -> bool {
        matches!(self.cause, Cause::Refused { .. })
    }

    /// The artifact's identity.
    pub fn artifact_id(&self) -> ArtifactId {
        ArtifactId { model: self.model.clone(), format: self.format.clone(), producer: self.producer.clone() }
    }

    /// Whether it counts as roundoff only because its outputs move as much in their own producer.
    pub fn is_noise(&self) -> bool {
        self.verdict == Verdict::Roundoff
            && self.outputs.values().any(|output| output.agreement == Agreement::Outside)
    }

    /// The output that lies furthest outside tolerance (or else the least inside), with its facts.
    pub fn worst_output(&self) -> Option<(&str, &OutputComparison)> {
        self.outputs
            .iter()
            .max_by(|(_, a), (_, b)| {
                (a.agreement as u8, a.relative_excess())
                    .partial_cmp(&(b.agreement as u8, b.relative_excess()))
                    .unwrap_or(std::cmp::Ordering::Equal)
            })
            .map(|(name, facts)| (name.as_str(), facts))
    }
}

impl OutputComparison {
    /// `max_abs / scale`, for ranking outputs of different magnitude; label flips rank by their share.
    pub fn relative_excess(&self) -> f64 {
        if self.flips > 0 {
            self.flips as f64 / self.elements.max(1) as f64
        } else if self.scale.0 > 0.0 {
            self.max_abs.0 / self.scale.0
        } else {
            self.max_abs.0
        }
    }
}

/// The expectation that covers a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectationNote {
    /// The verdicts that are as expected.
    pub verdicts: Vec<Verdict>,
    /// Why.
    pub reason: String,
    /// Where to read more.
    pub link: Option<String>,
    /// Where it is declared, as `file:line`.
    pub declared_at: String,
}

/// What kind of thing a finding is; the order is the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// An artifact gives other outputs in its own producer when loaded twice: its drift means nothing.
    Nondeterministic,
    /// Silently different outputs.
    Drift,
    /// Raised, crashed, or ran into a limit.
    Failure,
    /// An environment could not be made or fails by itself.
    Environment,
    /// A file was tried, and nothing can be said: there is nothing to compare with, or the inputs do not suit it.
    Unjudged,
    /// The run ended before it was tried.
    NotTried,
    /// Outside tolerance, and by no more than it moves in its own producer: roundoff with a measured floor.
    Noise,
    /// Not applicable, with the reason.
    Unsupported,
}

/// Cells that share one cause, shown once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind of thing it is.
    pub kind: FindingKind,
    /// The verdict of its cells.
    pub verdict: Verdict,
    /// The stage of its cells.
    pub stage: Stage,
    /// Models it concerns, sorted.
    pub models: Vec<ModelName>,
    /// Formats it concerns, sorted.
    pub formats: Vec<FormatName>,
    /// Producer and consumer pairs it hits, in plan order.
    pub pairs: Vec<(EnvName, EnvName)>,
    /// Module to blame, where known.
    pub blame: Option<String>,
    /// The rule that explains it, where one does.
    pub rule: Option<String>,
    /// What to do next.
    #[serde(default)]
    pub next: Next,
    /// Indices into [`Record::cells`].
    pub cells: Vec<usize>,
}

/// Counts over all cells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Number of cells.
    pub cells: u64,
    /// Cells by verdict; verdicts that do not occur are left out.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Cells by status; empty in a survey.
    pub statuses: BTreeMap<Status, u64>,
    /// Cells that fail or drift and that a rule explains.
    #[serde(default)]
    pub explained: u64,
    /// Cells that fail or drift and that no rule explains.
    #[serde(default)]
    pub unexplained: u64,
}

impl Summary {
    /// Counts a cell that fails or drifts as explained or not.
    pub fn count_cause(&mut self, cell: &CellRecord) {
        match (cell.verdict.fails() && !cell.was_refused(), &cell.rule) {
            (true, Some(_)) => self.explained += 1,
            (true, None) => self.unexplained += 1,
            (false, _) => {}
        }
    }
}
