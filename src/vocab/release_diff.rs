//! What lies between two releases of a package, for files that exist.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::When;

/// Everything that changed between two releases and that a file of the first one may meet in the second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseDiff {
    /// The earlier release, `scikit-learn 1.2.2`.
    pub from: String,
    /// The later one.
    pub to: String,
    /// Structures of compiled modules with other fields.
    pub structs: Vec<StructChange>,
    /// Names that files import and that lead nowhere now.
    pub gone: Vec<GoneName>,
    /// Compiled modules whose `__pyx_unpickle_*` take other states.
    pub checksums: Vec<ChecksumChange>,
    /// Attributes that predictions read now and that files of the earlier release do not have.
    pub lacking: Vec<LackingAttribute>,
    /// Attributes that files have and that nobody reads any more.
    pub unread: Vec<UnreadAttribute>,
    /// Parameters of constructors.
    pub parameters: Vec<ParameterChange>,
    /// Classes that take or give their state in another way.
    pub states: Vec<StateChange>,
    /// Whether compiled modules of both sides were seen: without them structures and their names are not.
    pub is_compiled: bool,
}

/// A structure with other fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructChange {
    /// The module whose machine code has it.
    pub module: String,
    /// Its name.
    pub name: String,
    /// New fields.
    pub added: Vec<String>,
    /// Fields that are gone.
    pub removed: Vec<String>,
    /// Bytes before and after; 0 where that is not known.
    pub sizes: (u64, u64),
    /// Estimators that reach the module.
    pub estimators: BTreeSet<String>,
}

/// A name that is gone from its module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneName {
    /// The module.
    pub module: String,
    /// Whether all of it is gone.
    pub is_module: bool,
    /// The name.
    pub name: String,
    /// Where something of the same name is now, `module:name`.
    pub elsewhere: Vec<String>,
    /// What has the longest name that begins with it in the same module: `DistanceMetric64`.
    pub likely: Option<String>,
    /// Estimators that reach it.
    pub estimators: BTreeSet<String>,
}

/// A compiled module that takes other states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChecksumChange {
    /// The module.
    pub module: String,
    /// The attributes that a state stood for, and that it does not take any more.
    pub refused: Vec<String>,
    /// Estimators that reach it.
    pub estimators: BTreeSet<String>,
}

/// An attribute that files lack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LackingAttribute {
    /// The attribute.
    pub attribute: String,
    /// The body that reads it.
    pub reader: String,
    /// When.
    pub when: When,
    /// The estimators that are asked by it.
    pub estimators: BTreeSet<String>,
}

/// An attribute that nobody reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadAttribute {
    /// The attribute.
    pub attribute: String,
    /// Whether it was a parameter of the constructor.
    pub was_parameter: bool,
    /// Whether it still is one.
    pub is_parameter: bool,
    /// Whether predictions read it before: what it says has lost its meaning for files.
    pub was_read_by_predictions: bool,
    /// The estimators.
    pub estimators: BTreeSet<String>,
}

/// Constructors that changed in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterChange {
    /// New parameters with their defaults.
    pub added: Vec<(String, Option<String>)>,
    /// Parameters that are gone, with the defaults that they had.
    pub removed: Vec<(String, Option<String>)>,
    /// Parameters with other defaults: before and after.
    pub defaults: Vec<(String, Option<String>, Option<String>)>,
    /// The classes.
    pub estimators: BTreeSet<String>,
}

/// Classes whose methods of state changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// The method, with the class that defines it.
    pub method: String,
    /// Whether it is new, gone, or has another body.
    pub change: StateChangeKind,
    /// The estimators that inherit it.
    pub estimators: BTreeSet<String>,
}

/// How a method of state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateChangeKind {
    /// There was none.
    New,
    /// There is none.
    Gone,
    /// It does something else.
    Changed,
}
