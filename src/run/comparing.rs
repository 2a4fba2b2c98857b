//! Brings the bytes of two observations together and compares them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::compare::{Blobs, ExpectedColumns, compare_cell, fit, needed, needed_to_fit};
use crate::store::CacheRoot;
use crate::vocab::{
    Agreement, ByOutput, Digest, Encoding, Observation, Outcome, OutputComparison, OutputRef, Tolerance,
};

/// Bytes of arrays that are kept in memory between comparisons, at most.
const KEPT: usize = 64 << 20;

/// Output arrays by digest, read from the cache once and shared by all comparisons.
pub(super) struct Arrays {
    cache: CacheRoot,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    known: HashMap<Digest, Arc<[u8]>>,
    size: usize,
}

impl Kept {
    fn keep(&mut self, digest: Digest, bytes: &Arc<[u8]>) {
        if self.size + bytes.len() > KEPT {
            self.known.clear();
            self.size = 0;
        }
        if self.known.insert(digest, Arc::clone(bytes)).is_none() {
            self.size += bytes.len();
        }
    }
}

impl Arrays {
    pub fn new(cache: CacheRoot) -> Self {
        Self { cache, kept: Mutex::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The arrays of these digests, or the first one that is absent or damaged.
    fn load(&self, digests: &[Digest]) -> Result<Blobs, Digest> {
        let mut blobs = Blobs::new();
        for digest in digests {
            let known = self.kept().known.get(digest).cloned();
            let bytes = match known {
                Some(bytes) => bytes,
                None => {
                    let bytes: Arc<[u8]> = self.cache.object(digest).ok_or(*digest)?.into();
                    self.kept().keep(*digest, &bytes);
                    bytes
                }
            };
            blobs.insert(*digest, bytes);
        }
        Ok(blobs)
    }

    /// Compares two observations. Of the reference, what somebody `expected` is written down as people keep it.
    ///
    /// # Errors
    /// The digest of an array that the cache has lost.
    pub fn compare(
        &self,
        reference: &ByOutput<OutputRef>,
        observed: &ByOutput<OutputRef>,
        expected: &ExpectedColumns,
        tolerance: &dyn Fn(&str, bool) -> Tolerance,
    ) -> Result<ByOutput<OutputComparison>, Digest> {
        if expected.is_empty() {
            let blobs = self.load(&needed(reference, observed))?;
            return Ok(compare_cell(reference, observed, &blobs, tolerance));
        }
        let mut digests = needed(reference, observed);
        digests.extend(needed_to_fit(reference, observed, expected));
        let mut blobs = self.load(&digests)?;
        let mut meant = reference.clone();
        let mistyped = fit(&mut meant, observed, expected, &mut blobs);
        let compared = compare_cell(&meant, observed, &blobs, tolerance);
        let all = mistyped.iter().chain(&compared);
        Ok(all.map(|(name, it)| (name.clone(), it.clone())).collect())
    }
}

/// Whether any output differs by more than its tolerance.
pub(super) fn differs(outputs: &ByOutput<OutputComparison>) -> bool {
    outputs.values().any(|it| matches!(it.agreement, Agreement::Outside | Agreement::Mismatched))
}

/// The outputs of an observation that predicted.
pub(super) fn outputs(observation: &Observation) -> Option<&ByOutput<OutputRef>> {
    match &observation.outcome {
        Outcome::Predicted { outputs } => Some(outputs),
        Outcome::Raised { .. }
        | Outcome::Unfit { .. }
        | Outcome::Inapplicable { .. }
        | Outcome::NotInstalled { .. }
        | Outcome::Signalled { .. }
        | Outcome::Exited { .. }
        | Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Disturbed { .. } => None,
    }
}

/// Whether a recorded comparison was made with the tolerances that hold now.
pub(super) fn still_holds(
    recorded: &ByOutput<OutputComparison>,
    reference: &ByOutput<OutputRef>,
    observed: &ByOutput<OutputRef>,
    tolerance: &dyn Fn(&str, bool) -> Tolerance,
) -> bool {
    recorded.iter().all(|(name, comparison)| match comparison.tolerance {
        None => true,
        Some(used) => {
            let is_float32 = |side: &ByOutput<OutputRef>| {
                side.get(name).is_some_and(|output| output.encoding == Encoding::F32)
            };
            used == tolerance(name, is_float32(reference) || is_float32(observed))
        }
    })
}
