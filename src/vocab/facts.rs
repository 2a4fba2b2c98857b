//! What can be read off an artifact's bytes without loading it, as far as the rules ask for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The facts of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Everything that loading imports, as `module:name`.
    pub globals: BTreeSet<String>,
    /// The objects by class, without its module.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, ObjectFacts>,
    /// Short texts in it that rules ask for.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub strings: BTreeSet<String>,
    /// The pickle protocol, where it is a pickle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    /// Whether joblib's arrays are padded; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padded: Option<bool>,
    /// Pointer width of the machine that wrote it, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u8>,
    /// Whether the whole file was understood. Otherwise what is not listed may still be there.
    pub whole: bool,
}

/// What the objects of one class have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// The scikit-learn versions that they record.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub versions: BTreeSet<String>,
    /// Attributes that each of them has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attributes: BTreeSet<String>,
    /// Attributes that any of them has and not each.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub partial: BTreeSet<String>,
    /// Values of simple attributes that rules ask for, as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeSet<String>>,
    /// How many classes the classifiers among them tell apart.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<u64>,
}
