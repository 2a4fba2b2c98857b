//! Layer 1: the matrix file, from TOML text to a validated [`Matrix`].

mod types;

pub use types::{
    DatasetSpec, EnvironmentSpec, Expectation, Limits, Matrix, ModelSource, ModelSpec, PairKind, RuntimeSpec,
    ToleranceRule, VersionSpec,
};
