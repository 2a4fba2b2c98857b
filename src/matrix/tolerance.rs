//! Which tolerance holds for an output.

use super::glob;
use super::types::{Matrix, PairKind};
use crate::vocab::{ModelName, Tolerance};

/// What a tolerance may depend on in a pair of environments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairFacts {
    /// Whether the machines differ.
    pub cross_arch: bool,
    /// Whether the pointer widths differ.
    pub cross_bits: bool,
}

impl Matrix {
    /// The tolerance of an output: that of the last rule that covers it, else the default for its precision.
    /// `float32` says that the output is float32 on either side.
    pub fn tolerance(&self, model: &ModelName, output: &str, pair: PairFacts, float32: bool) -> Tolerance {
        let covers = |kind: PairKind| match kind {
            PairKind::CrossArch => pair.cross_arch,
            PairKind::CrossBits => pair.cross_bits,
            PairKind::SameArch => !pair.cross_arch && !pair.cross_bits,
            PairKind::Float32 => float32,
        };
        let rule = self.tolerances.iter().rev().find(|rule| {
            (rule.models.is_empty() || rule.models.contains(model))
                && rule.output.as_deref().is_none_or(|pattern| glob::matches(pattern, output))
                && rule.pair.is_none_or(covers)
        });
        match rule {
            Some(rule) => rule.tolerance,
            None if float32 => Tolerance::FLOAT32,
            None => Tolerance::FLOAT64,
        }
    }
}
