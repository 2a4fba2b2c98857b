//! What the bytes of artifacts say, recorded once for each: rules and forecasts ask for it.

use super::RunError;
use super::dispatcher::Dispatcher;
use crate::explain;
use crate::inspect::{InspectOptions, inspect};
use crate::store::CacheRoot;
use crate::vocab::{ArtifactId, Digest, Event, FileFacts};

impl Dispatcher<'_> {
    /// Looks at every artifact that the record does not know yet. One that cannot be read has no facts; what is wrong
    /// with it is seen by its cells. Files that were damaged on purpose are left alone: what they say explains nothing,
    /// and a bomb takes long to read to its end.
    pub(super) async fn inspect_artifacts(&mut self) -> Result<(), RunError> {
        let wanted: Vec<(ArtifactId, Digest)> = self
            .artifacts
            .iter()
            .zip(0u32..)
            .filter(|(_, index)| self.format_of(*index).intact.is_none())
            .filter_map(|(artifact, _)| {
                let made = artifact.made.as_ref()?;
                (!self.ledger.is_inspected(&artifact.id, &made.digest))
                    .then(|| (artifact.id.clone(), made.digest))
            })
            .collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let cache = self.cache.clone();
        // Reading is work for a processor, not for the tasks that wait.
        let found = tokio::task::spawn_blocking(move || all(&cache, wanted)).await;
        // Whoever reads hostile bytes may fail; the run has its results without.
        for (artifact, digest, facts) in found.unwrap_or_default() {
            self.ledger.add(Event::ArtifactInspected { artifact, digest, facts }, self.reporter)?;
        }
        Ok(())
    }
}

/// The facts of all that have some, in the given order.
fn all(cache: &CacheRoot, wanted: Vec<(ArtifactId, Digest)>) -> Vec<(ArtifactId, Digest, FileFacts)> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let share = wanted.len().div_ceil(threads).max(1);
    let of = |digest: &Digest| {
        let file = cache.open_object(digest)?;
        explain::facts_of(&inspect(file, InspectOptions::FACTS))
    };
    let found: Vec<Option<FileFacts>> = std::thread::scope(|scope| {
        let handles: Vec<_> = wanted
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(|(_, digest)| of(digest)).collect::<Vec<_>>()))
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect()
    });
    // A thread that failed leaves a gap, after which the order would be wrong.
    if found.len() != wanted.len() {
        return Vec::new();
    }
    let both = wanted.into_iter().zip(found);
    both.filter_map(|((artifact, digest), facts)| Some((artifact, digest, facts?))).collect()
}
