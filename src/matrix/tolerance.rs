//! Which tolerance holds for one output of one pair.

use super::types::{Matrix, PairKind};
use crate::notation::glob;
use crate::vocab::{ModelName, Tolerance};

/// What is known about a producer and a consumer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PairFacts {
    /// Their machines differ.
    pub cross_arch: bool,
    /// Their pointer widths differ.
    pub cross_bits: bool,
}

impl PairKind {
    fn covers(self, pair: PairFacts, float32: bool) -> bool {
        match self {
            Self::CrossArch => pair.cross_arch,
            Self::CrossBits => pair.cross_bits,
            Self::SameArch => !pair.cross_arch && !pair.cross_bits,
            Self::Float32 => float32,
        }
    }
}

impl Matrix {
    /// The tolerance of the last rule that covers the comparison, or the default for its width. `float32`
    /// says whether the output is float32 on either side.
    pub fn tolerance(&self, model: &ModelName, output: &str, pair: PairFacts, float32: bool) -> Tolerance {
        let covering = self.tolerances.iter().rev().find(|rule| {
            (rule.models.is_empty() || rule.models.contains(model))
                && rule.output.as_ref().is_none_or(|pattern| glob::matches(pattern, output))
                && rule.pair.is_none_or(|kind| kind.covers(pair, float32))
        });
        match covering {
            Some(rule) => rule.tolerance,
            None if float32 => Tolerance::FLOAT32,
            None => Tolerance::FLOAT64,
        }
    }
}
