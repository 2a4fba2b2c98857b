//! What can be read off an artifact's bytes without loading it, as far as rules ask for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ByteOrder;

/// The facts of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Everything that loading imports, as `module:name`.
    pub globals: BTreeSet<String>,
    /// The objects by class, without its module.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub objects: BTreeMap<String, ObjectFacts>,
    /// The releases of other packages than scikit-learn that it records, by package: a booster writes its own into its bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub releases: BTreeMap<String, BTreeSet<String>>,
    /// Whether a booster in it keeps categories that it was fitted on, where one says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<bool>,
    /// The pickle protocol, where it is a pickle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u8>,
    /// Whether joblib's arrays are padded; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padded: Option<bool>,
    /// Pointer width of the machine that wrote it, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<u8>,
    /// Byte order of the machine that wrote it, where that can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_order: Option<ByteOrder>,
    /// Which parameters the rules of the time asked for: with other rules, the file has to be looked at again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked: String,
    /// Whether it is a schema of skops, which names types instead of what loading imports.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_schema: bool,
    /// Whether the whole file was understood. Otherwise what is not listed may still be there.
    pub whole: bool,
}

impl FileFacts {
    /// Whether loading imports `module:name`, or `module` or something below it.
    pub fn imports(&self, wanted: &str) -> bool {
        if wanted.contains(':') {
            return self.globals.contains(wanted);
        }
        self.globals.iter().any(|global| {
            global.strip_prefix(wanted).is_some_and(|rest| rest.starts_with(':') || rest.starts_with('.'))
        })
    }

    /// Whether it holds a class of that name, whatever module it is of.
    pub fn has_class(&self, class: &str) -> bool {
        self.objects.contains_key(class)
            || self
                .globals
                .iter()
                .any(|global| global.rsplit_once(':').is_some_and(|(_, name)| name == class))
    }
}

/// What the objects of one class hold, taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// The scikit-learn versions that they record.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub versions: BTreeSet<String>,
    /// Attributes that any of them has: those that fit makes are missing in objects that are not fitted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attributes: BTreeSet<String>,
    /// Values of the simple attributes that rules ask for, as Python prints them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeSet<String>>,
    /// How many classes the classifiers among them tell apart.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub targets: BTreeSet<u64>,
}
