//! Layer 1: the matrix file, from TOML text to a validated [`Matrix`].
//!
//! Architecture Invariant: files are read through a function that the caller gives, never here.

mod compile;
mod environments;
mod error;
pub mod glob;
mod load;
mod raw;
mod requirement;
mod runtimes;
mod select;
mod tolerance;
mod types;
mod units;
mod version;
mod versions;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use error::{MatrixError, Problem};
pub use raw::schema_json;
pub use requirement::{Requirement, Specifier, Specifiers, package_name};
pub use select::EnvPattern;
pub use tolerance::PairFacts;
pub use types::{
    ContainerSpec, DatasetSpec, EnvironmentSpec, Expectation, ImageSource, Limits, Matrix, ModelSource,
    ModelSpec, PairKind, RootfsSpec, RuntimeSpec, ToleranceRule, VersionSpec,
};
pub use version::{Version, VersionError};

/// Reads and validates a matrix. `read` gives the bytes of the file, of the matrices that it extends, and of recipes.
///
/// # Errors
/// Every problem that was found, with file, line and what to write instead.
pub fn load(path: &Path, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Matrix, MatrixError> {
    let merged = load::load(path, read)?;
    compile::compile(&merged, read)
}

/// Whether installed packages fulfil a requirement such as `scikit-learn>=1.1`. A package that is not installed, or
/// whose version cannot be read, fulfils none.
pub fn requirement_met(requirement: &str, packages: &BTreeMap<String, String>) -> bool {
    let Ok(requirement) = requirement.parse::<Requirement>() else { return false };
    packages
        .get(&requirement.package)
        .and_then(|version| version.parse::<Version>().ok())
        .is_some_and(|version| requirement.specifiers.matches(&version))
}
