//! Layer 1: the matrix file, from TOML text to a validated [`Matrix`].
//!
//! `load` reads files through the function that it is given and follows `extends`; `raw` is the matrix as it
//! is written, with places; `compile` and what it calls turn it into [`Matrix`], with every axis expanded,
//! every default applied and every name resolved. What is wrong is a [`MatrixError`].
//!
//! Architecture Invariant: no file is touched here; nothing behind `compile` knows TOML.

mod artifacts;
mod axes;
mod compile;
mod complaint;
mod datasets;
mod debian;
mod environments;
mod error;
mod estimators;
mod external;
mod finding;
mod formats;
mod load;
mod models;
mod naming;
mod raw;
mod raw_limits;
mod recipe;
mod rules;
mod runtimes;
mod select;
mod sources;
mod tolerance;
mod types;
mod versions;

pub use compile::{load, load_with};
pub use complaint::complaint;
pub use datasets::{COMMAND_LINE, DatasetSpec};
pub use debian::{is_moving, suites};
pub use error::{MatrixError, Problem, Source};
pub use external::{
    ArtifactDeclaration, AskedPackage, DeclaredInputs, ExpectedOutput, ExternalArtifact, GivenModules,
    MadeBy, NotAdmitted, OriginalArtifact, Refusal,
};
pub use finding::{Expanded, FindArtifacts};
pub use raw::schema_json;
pub use runtimes::ARCHES;
pub use select::EnvPattern;
pub use sources::PackageSource;
pub use tolerance::PairFacts;
pub use types::{
    BuildSpec, ContainerSpec, EnvironmentSpec, Expectation, ImageSource, Index, Limits, Matrix, ModelSource,
    ModelSpec, Neighbour, PairKind, RootfsSpec, RuntimeSpec, SCIKIT_LEARN, ToleranceRule, VersionSpec,
};
pub use versions::parse as versions;
