//! What is known of a file that was given: what it predicts on, and what a registry says of it.

use serde::{Deserialize, Serialize};

/// A version of a registered model, as its registry describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: u64,
    /// Its stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What points at it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Who owns it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// What an external artifact predicts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputsKind {
    /// Inputs that somebody gave.
    Given,
    /// Random numbers of the right width.
    Synthetic,
    /// Nothing: it is only loaded.
    None,
}
