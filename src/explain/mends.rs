//! What mends the states of models of other releases: Python files that stand beside the rules they are named by, and
//! small modules for models that no class of a release can express. They run in the target's interpreter.

use std::sync::LazyLock;

use crate::knowledge;

/// Names and sources of Python texts.
type Sources = LazyLock<Vec<(&'static str, &'static str)>>;

/// Names and sources of the mends, by the rule that each belongs to.
pub static MENDS: Sources = LazyLock::new(|| knowledge::folder("mends"));

/// Names and sources of the modules that can stand beside a mended file.
pub static COMPANIONS: Sources = LazyLock::new(|| knowledge::folder("mends/companions"));
