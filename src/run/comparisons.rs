//! Comparisons that are under way.

use std::sync::Arc;

use super::comparing::Arrays;
use super::jobs::Target;
use super::messages::{Comparison, Message};
use super::pool::Pool;
use crate::compare::ExpectedColumns;
use crate::matrix::{Matrix, PairFacts};
use crate::vocab::{ByOutput, ModelName, OutputRef};

/// Compares observations on threads of their own.
pub(super) struct Comparisons {
    arrays: Arc<Arrays>,
    matrix: Arc<Matrix>,
    pool: Pool,
    /// What was asked for and is not under way.
    waiting: Vec<Waiting>,
}

/// Comparisons of one piece of work: one alone takes less time than handing it over.
const TOGETHER: usize = 32;

/// A comparison that was asked for.
struct Waiting {
    target: Target,
    sides: Sides,
    model: ModelName,
    pair: PairFacts,
}

/// The two sides of a comparison.
pub(super) struct Sides {
    pub reference: ByOutput<OutputRef>,
    pub observed: ByOutput<OutputRef>,
    /// What of the reference somebody expects.
    pub expected: ExpectedColumns,
}

impl Comparisons {
    pub fn new(arrays: Arrays, matrix: Arc<Matrix>, pool: Pool) -> Self {
        Self { arrays: Arc::new(arrays), matrix, pool, waiting: Vec::new() }
    }

    /// Asks for a comparison. It begins with the next [`Comparisons::begin`], and what it comes to arrives as a message
    /// about the target.
    pub fn ask(&mut self, target: Target, sides: Sides, model: ModelName, pair: PairFacts) {
        self.waiting.push(Waiting { target, sides, model, pair });
    }

    /// Begins everything that was asked for.
    pub fn begin(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting).into_iter().peekable();
        while waiting.peek().is_some() {
            let piece: Vec<Waiting> = waiting.by_ref().take(TOGETHER).collect();
            let message = |target, compared| Message::Compared { target, compared };
            let broken = piece.iter().map(|it| message(it.target, Comparison::Broken)).collect();
            let (arrays, matrix) = (Arc::clone(&self.arrays), Arc::clone(&self.matrix));
            self.pool.spawn(broken, move || {
                piece.into_iter().map(|it| message(it.target, compare(&arrays, &matrix, &it))).collect()
            });
        }
    }

    /// Waits until everything that was asked for has told what it came to.
    pub async fn drain(&mut self) {
        self.begin();
        self.pool.drain().await;
    }
}

fn compare(arrays: &Arrays, matrix: &Matrix, waiting: &Waiting) -> Comparison {
    let Waiting { sides, model, pair, .. } = waiting;
    let tolerance = |output: &str, float32: bool| matrix.tolerance(model, output, *pair, float32);
    match arrays.compare(&sides.reference, &sides.observed, &sides.expected, &tolerance) {
        Ok(facts) => Comparison::Facts(facts),
        Err(lost) => Comparison::ArrayLost(lost),
    }
}
