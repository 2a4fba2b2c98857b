//! What mends the states of models of other releases: Python files that stand beside the rules they are named by, and
//! small modules for models that no class of a release can express. They run in the target's interpreter.

/// Names and sources of the mends, by the rule that each belongs to.
pub const MENDS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/mends.rs"));

/// Names and sources of the modules that can stand beside a mended file.
pub const COMPANIONS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/companions.rs"));

/// Names and sources of the modules of the engine that applies them, for a script that does the same alone.
pub const ENGINE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/engine.rs"));
