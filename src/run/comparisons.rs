//! Comparisons that are under way.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::comparing::Arrays;
use super::jobs::Target;
use super::messages::{Comparison, Message};
use super::pool::Pool;
use crate::matrix::{Matrix, PairFacts};
use crate::vocab::{ModelName, OutputRef};

/// Compares observations on threads of their own.
pub(super) struct Comparisons {
    arrays: Arc<Arrays>,
    matrix: Arc<Matrix>,
    pool: Pool,
}

/// The two sides of a comparison.
pub(super) struct Sides {
    pub reference: BTreeMap<String, OutputRef>,
    pub observed: BTreeMap<String, OutputRef>,
}

impl Comparisons {
    pub fn new(arrays: Arrays, matrix: Arc<Matrix>, pool: Pool) -> Self {
        Self { arrays: Arc::new(arrays), matrix, pool }
    }

    /// Begins to compare; what it comes to arrives as a message about the target.
    pub fn begin(&mut self, target: Target, sides: Sides, model: ModelName, pair: PairFacts) {
        let (arrays, matrix) = (Arc::clone(&self.arrays), Arc::clone(&self.matrix));
        let broken = Message::Compared { target, compared: Comparison::Broken };
        self.pool.spawn(broken, move || {
            let tolerance = |output: &str, float32: bool| matrix.tolerance(&model, output, pair, float32);
            let compared = match arrays.compare(&sides.reference, &sides.observed, &tolerance) {
                Ok(facts) => Comparison::Facts(facts),
                Err(lost) => Comparison::ArrayLost(lost),
            };
            Message::Compared { target, compared }
        });
    }

    /// Waits until everything that was begun has told what it came to.
    pub async fn drain(&mut self) {
        self.pool.drain().await;
    }
}
