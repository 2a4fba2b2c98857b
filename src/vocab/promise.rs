//! What is documented about who reads whose files, beside what happened.

use serde::{Deserialize, Serialize};

use super::{EnvName, ModelName};

/// What one project documents, tried by a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseRecord {
    /// The package.
    pub package: String,
    /// One line.
    pub title: String,
    /// Where it is documented.
    pub link: String,
    /// What is documented, in words.
    pub rules: Vec<String>,
    /// Every writer and reader that it speaks of.
    pub pairs: Vec<PromisePair>,
}

/// One writer and one reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromisePair {
    /// Who wrote.
    pub producer: EnvName,
    /// Who read.
    pub consumer: EnvName,
    /// Whether the documentation says that it works.
    pub promised: bool,
    /// The documented rules that the pair breaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// Cells that work.
    pub works: u64,
    /// Cells that do not.
    pub fails: u64,
    /// Models of cells that are not as promised: that fail where it says yes, that work where it says no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differs: Vec<ModelName>,
}
