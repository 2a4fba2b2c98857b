//! What a museum keeps of a model beside its file: `NAME_validation.json` with inputs by name and outputs byte for byte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::observation::OutputRef;

/// What a model of a museum predicts on, and what it gave where it was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The file of its inputs.
    pub inputs_file: KeptInputs,
    /// Methods whose outputs are compared. All of them are in `outputs`.
    pub methods: Vec<String>,
    /// What each output was: `predict`, `predict_proba`, `predict[1]`, ...
    pub outputs: BTreeMap<String, KeptOutput>,
}

/// A file of inputs that several models share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptInputs {
    /// Where it is, as seen from the folder of the model.
    pub path: String,
    /// The digest that it must have.
    pub blake3: Digest,
    /// Columns that are no inputs: the target, and what the matrix left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Types of columns that were declared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dtypes: BTreeMap<String, String>,
    /// Whether the model was given a pandas DataFrame.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dataframe: bool,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptOutput {
    /// How its bytes are laid out, and their digest.
    #[serde(flatten)]
    pub output: OutputRef,
    /// The bytes in base64.
    pub base64: String,
}
