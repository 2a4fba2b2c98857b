//! What a release of a package says of itself without being imported: names, classes, methods, compiled modules.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Everything that was read out of a wheel, an sdist or a checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFacts {
    /// Name of the project, as the package index spells it; empty where nothing says it.
    pub project: String,
    /// Its version; empty where nothing says it.
    pub version: String,
    /// The modules by their full names; packages among them.
    pub modules: BTreeMap<String, ModuleFacts>,
    /// Whether there are compiled modules: a checkout and an sdist have none.
    pub is_compiled: bool,
}

/// One module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleFacts {
    /// Whether it is the `__init__` of a package.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_package: bool,
    /// Names that it assigns, and those that it imports, with the full name of what is imported; empty for its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// Modules all of whose names it imports.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub stars: BTreeSet<String>,
    /// Whether it makes names when asked for them (`__getattr__`, `exec`, `globals()`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_dynamic: bool,
    /// Its classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub classes: BTreeMap<String, ClassShape>,
    /// Its functions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, BodyFacts>,
    /// What the machine code says, where it is compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<CompiledFacts>,
}

/// One class of a module in Python.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassShape {
    /// Its bases as they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<String>,
    /// What its body assigns.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub attributes: BTreeSet<String>,
    /// Its methods and properties.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, BodyFacts>,
}

/// One function or method.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyFacts {
    /// Digest of its statements without comments, docstrings and messages.
    pub digest: String,
    /// Its parameters in order, with their defaults as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<(String, Option<String>)>,
    /// What happens to attributes of its parameters, by parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub uses: BTreeMap<String, Uses>,
    /// Methods that it calls on `super()`, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub supers: BTreeMap<String, When>,
    /// Its parameters that it hands to functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<Pass>,
    /// Names that it uses and that are neither its parameters nor attributes of them, dotted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub names: BTreeSet<String>,
    /// Strings by which it may set what it does not name: those of `__setstate__`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub strings: BTreeSet<String>,
}

/// What happens to the attributes of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    /// Read, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<String, When>,
    /// Set.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sets: BTreeSet<String>,
    /// Asked for with a default, or whether they are there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub asked: BTreeSet<String>,
}

/// One parameter that is handed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pass {
    /// The parameter.
    pub parameter: String,
    /// To what, dotted.
    pub to: String,
    /// As which argument: a number from 0, or a name.
    pub place: String,
    /// When.
    pub when: When,
}

/// When something in a body happens, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Wherever the function is called.
    Always,
    /// Unless an operand before it (`and`, `or`) decides, or the function has ended before.
    Likely,
    /// In the body of a condition, in one of two branches, or where an exception is caught.
    Sometimes,
}

/// What the machine code of one module says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledFacts {
    /// Whether the names in it could be read; Cython can keep them where a look does not find them.
    pub is_readable: bool,
    /// Every identifier that stands in it as a text of its own.
    #[serde(with = "words")]
    pub identifiers: BTreeSet<String>,
    /// Names under which its types and methods know themselves, without the module.
    #[serde(with = "words")]
    pub types: BTreeSet<String>,
    /// Dotted names of its package that stand in it: among them the modules that it imports.
    #[serde(default, with = "words")]
    pub imports: BTreeSet<String>,
    /// The layouts of its structures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub structs: BTreeMap<String, Layout>,
    /// Checksums that `__pyx_unpickle_*` accept, each with the attributes that they stand for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checksums: BTreeMap<u64, String>,
    /// Whether there was machine code; else all of this is what sources say.
    #[serde(default)]
    pub is_machine: bool,
    /// Whether it knows itself by its last name alone and not by the packages around it, as it then is for whoever writes
    /// what it holds to a file.
    #[serde(default)]
    pub is_bare: bool,
    /// Digests of its sources, where they are there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub sources: BTreeSet<String>,
}

/// The layout of a structure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Bytes of one; 0 where only a source was there.
    pub size: u64,
    /// Its fields with their offsets.
    pub fields: Vec<(String, u64)>,
}

/// Sets of identifiers as one text.
mod words {
    use std::collections::BTreeSet;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        words: &BTreeSet<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        serializer.serialize_str(&words.join(" "))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(
        deserializer: D,
    ) -> Result<BTreeSet<String>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    }
}
