//! Brings the bytes of two observations together and compares them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::compare::{Blobs, compare_cell, needed};
use crate::store::CacheRoot;
use crate::vocab::{Digest, Encoding, OutputComparison, OutputRef, Tolerance};

/// Bytes of arrays that are kept in memory between comparisons, at most.
const KEPT: usize = 64 << 20;

/// Output arrays by digest, read from the cache once.
#[derive(Default)]
pub(super) struct Arrays {
    known: HashMap<Digest, Arc<[u8]>>,
    size: usize,
}

impl Arrays {
    /// The arrays of these digests, or the first one that is absent or damaged.
    fn load(&mut self, cache: &CacheRoot, digests: &[Digest]) -> Result<Blobs, Digest> {
        let mut blobs = Blobs::new();
        for digest in digests {
            let bytes = match self.known.get(digest) {
                Some(bytes) => Arc::clone(bytes),
                None => {
                    let bytes: Arc<[u8]> = cache.object(digest).ok_or(*digest)?.into();
                    if self.size + bytes.len() > KEPT {
                        self.known.clear();
                        self.size = 0;
                    }
                    self.size += bytes.len();
                    self.known.insert(*digest, Arc::clone(&bytes));
                    bytes
                }
            };
            blobs.insert(*digest, bytes);
        }
        Ok(blobs)
    }

    /// Compares two observations.
    ///
    /// # Errors
    /// The digest of an array that the cache has lost.
    pub fn compare(
        &mut self,
        cache: &CacheRoot,
        reference: &BTreeMap<String, OutputRef>,
        observed: &BTreeMap<String, OutputRef>,
        tolerance: &dyn Fn(&str, bool) -> Tolerance,
    ) -> Result<BTreeMap<String, OutputComparison>, Digest> {
        let blobs = self.load(cache, &needed(reference, observed))?;
        Ok(compare_cell(reference, observed, &blobs, tolerance))
    }
}

/// Whether a recorded comparison was made with the tolerances that hold now.
pub(super) fn still_holds(
    recorded: &BTreeMap<String, OutputComparison>,
    reference: &BTreeMap<String, OutputRef>,
    observed: &BTreeMap<String, OutputRef>,
    tolerance: &dyn Fn(&str, bool) -> Tolerance,
) -> bool {
    recorded.iter().all(|(name, comparison)| match comparison.tolerance {
        None => true,
        Some(used) => {
            let is_float32 = |side: &BTreeMap<String, OutputRef>| {
                side.get(name).is_some_and(|output| output.encoding == Encoding::F32)
            };
            used == tolerance(name, is_float32(reference) || is_float32(observed))
        }
    })
}
