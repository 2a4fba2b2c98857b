//! Finding the files that a matrix declares: what whoever loads it brings, and what comes of it.

use std::collections::BTreeMap;

use super::external::{ArtifactDeclaration, Refusal};
use super::types::{EnvironmentSpec, ModelSpec};

/// What became of declarations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expanded {
    /// One model a file.
    pub models: Vec<ModelSpec>,
    /// Environments that wrote them and are not declared.
    pub environments: Vec<EnvironmentSpec>,
    /// Encoded datasets by name.
    pub given: BTreeMap<String, Vec<u8>>,
    /// What cannot be an artifact.
    pub refused: Vec<Refusal>,
    /// Inputs and expected values that cannot be used: nothing is tried until they are mended.
    pub unusable: Vec<Refusal>,
}

/// Finds the files that declarations mean. The matrix knows no file system; who loads it brings this.
pub trait FindArtifacts {
    /// The files of these declarations, among these environments.
    fn find(&self, declared: &[ArtifactDeclaration], environments: &[EnvironmentSpec]) -> Expanded;
}
