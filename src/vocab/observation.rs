//! The facts of one executed cell, as the agent reports them. No opinion lives here.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Digest;
use super::attempt::Attempt;
use super::inputs::{InputForm, MadeUp};
use super::outputs::ByOutput;

/// The facts of one executed cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// How it ended.
    pub outcome: Outcome,
    /// Distinct warnings that were raised, in order of first appearance.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub warnings: Arc<[WarningFact]>,
    /// Seconds from opening the file to the estimator in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_seconds: Option<f64>,
    /// Seconds for all outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict_seconds: Option<f64>,
    /// Peak resident memory of the process in bytes while this task ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_rss_bytes: Option<u64>,
    /// The end of what the process wrote to its standard streams, where it ended abnormally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub printed: Option<String>,
    /// Whether it ran in a process of its own rather than in a batch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
    /// What it tried and was refused, in order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Attempt>,
    /// The form in which an external artifact was given its inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<InputForm>,
    /// The width of inputs that were made up for an external artifact, where it was guessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_up: Option<MadeUp>,
}

impl Observation {
    /// The outputs that were given, also by one that gave some and raised at another; `None` where there are none.
    pub fn some_outputs(&self) -> Option<&ByOutput<OutputRef>> {
        match &self.outcome {
            Outcome::Predicted { outputs } => Some(outputs),
            Outcome::Raised { outputs, .. } => Some(outputs).filter(|outputs| !outputs.is_empty()),
            Outcome::Unfit { .. }
            | Outcome::Inapplicable { .. }
            | Outcome::NotInstalled { .. }
            | Outcome::Signalled { .. }
            | Outcome::Exited { .. }
            | Outcome::TimedOut { .. }
            | Outcome::OutOfMemory { .. }
            | Outcome::Disturbed { .. } => None,
        }
    }
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// Loaded and gave every output that was asked for.
    Predicted {
        /// The outputs by name: `predict`, `predict_proba`, `classes_`, `predict[1]`, ...
        outputs: ByOutput<OutputRef>,
    },
    /// Raised a Python exception.
    Raised {
        /// While loading or predicting.
        phase: Phase,
        /// The method that raised, while predicting.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// The exception.
        error: Arc<ErrorFact>,
        /// The outputs that another method gave all the same.
        #[serde(default, skip_serializing_if = "ByOutput::is_empty")]
        outputs: ByOutput<OutputRef>,
    },
    /// Loaded, and what was loaded and its inputs do not go together; the agent's own finding, not an exception of the
    /// model.
    Unfit {
        /// What is wrong.
        unfit: Unfit,
        /// In words.
        says: String,
    },
    /// The format says that it does not apply there.
    Inapplicable {
        /// In words.
        reason: String,
    },
    /// What reading needs is not installed.
    #[serde(rename = "unequipped")]
    NotInstalled {
        /// What is missing, and how to get it.
        reason: String,
    },
    /// Died of a signal.
    Signalled {
        /// While loading or predicting.
        phase: Phase,
        /// The signal's number.
        signal: i32,
    },
    /// Ended its process by itself (`os._exit`, `sys.exit` in C code).
    Exited {
        /// While loading or predicting.
        phase: Phase,
        /// The exit status.
        status: i32,
    },
    /// Was ended by the time limit.
    TimedOut {
        /// While loading or predicting.
        phase: Phase,
        /// The limit in seconds.
        limit_seconds: f64,
    },
    /// Was ended by the memory limit.
    OutOfMemory {
        /// While loading or predicting.
        phase: Phase,
        /// The limit in bytes.
        limit_bytes: u64,
    },
    /// The machine got in the way, again when it was tried once more alone. It says nothing about the artifact, is never
    /// kept in the cache, and is tried again by the next run.
    Disturbed {
        /// How.
        by: Disturbance,
    },
}

/// How the machine gets in the way of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Disturbance {
    /// Its process was killed from outside, most often by the kernel because memory ran out.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// The interpreter that it ran in was killed from outside, or ended.
    InterpreterLost {
        /// What is known of that.
        says: String,
    },
    /// A disk was full.
    FullDisk {
        /// A folder on that disk.
        folder: String,
        /// Bytes that were free when the task had ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_bytes: Option<u64>,
    },
}

impl Disturbance {
    /// The word of its kind, as it is serialised.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Killed { .. } => "killed",
            Self::InterpreterLost { .. } => "interpreter-lost",
            Self::FullDisk { .. } => "full-disk",
        }
    }
}

/// What the agent finds wrong with a file that loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unfit {
    /// It is no model.
    NotAModel,
    /// The inputs are not what it was fitted on.
    Inputs,
}

/// The part of a cell's life that was going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Reading the artifact.
    Load,
    /// Computing outputs.
    Predict,
}

/// A Python exception.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ErrorFact {
    /// Qualified type, for example `ModuleNotFoundError` or `sklearn.exceptions.NotFittedError`.
    #[serde(rename = "type")]
    pub class: String,
    /// `str(exception)`, cut at 2,000 characters.
    pub message: String,
    /// Qualified types of the exception's bases, nearest first, without `object`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<String>,
    /// Module of the deepest frame that is not the agent's; for a missing module or attribute, that module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// The last frames as `module:function:line`, deepest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frames: Vec<String>,
    /// The installed package whose import raised it, where it is one beside scikit-learn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importing: Option<ImportFact>,
}

/// An installed package that cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImportFact {
    /// The module that the package is imported as.
    pub module: String,
    /// The module that it did not find, where that is how it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
}

/// As Python prints it: the type, and the message where there is one.
impl fmt::Display for ErrorFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message.as_str() {
            "" => f.write_str(&self.class),
            message => write!(f, "{}: {message}", self.class),
        }
    }
}

/// A warning, counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WarningFact {
    /// Qualified category, for example `sklearn.exceptions.InconsistentVersionWarning`.
    pub category: String,
    /// The text, cut at 500 characters.
    pub message: Arc<str>,
    /// How often it was raised.
    pub count: u64,
}

/// One output: where its bytes are and how to read them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OutputRef {
    /// Digest of the encoded bytes in the array store.
    pub digest: Digest,
    /// How the bytes are laid out.
    pub encoding: Encoding,
    /// What kind of values they are.
    pub kind: OutputKind,
    /// numpy's name of the dtype that Python returned, for example `int32`, `<U10`, `object`.
    pub dtype: String,
    /// Shape as numpy reports it.
    pub shape: Vec<u64>,
}

/// Byte layout of an encoded output. Everything is little-endian and in C order, whatever the producer's
/// machine was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64. `float16` and `longdouble` are converted (the first exactly).
    F64,
    /// Signed integers; narrower ones are widened.
    I64,
    /// Unsigned integers; narrower ones are widened.
    U64,
    /// One byte an element, 0 or 1.
    Bool,
    /// Per element a `u32` byte length and that many bytes of UTF-8: a tag and the value. Tags: `s:` str,
    /// `b:` bytes as hex, `i:` int in decimal, `f:` float as 16 hex digits of its bits, `t:` bool as 0 or 1,
    /// `n:` None, `d:` datetime64 or timedelta64 in numpy's text, `r:` repr of anything else.
    Text,
    /// Compressed sparse rows with `f64` data: `u64` rows, columns, stored; then `i64` row pointers
    /// (rows + 1), `i64` column indices (stored, ascending in each row), `f64` values (stored).
    Csr,
}

/// What kind of values an output holds, which decides how it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputKind {
    /// Real numbers: compared within tolerance.
    Continuous,
    /// Class or cluster labels: compared by value.
    Label,
}
