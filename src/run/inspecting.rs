//! What the bytes of artifacts say, recorded once for each: rules and forecasts ask for it.

use super::messages::Message;
use crate::explain;
use crate::inspect::{InspectOptions, inspect_with_boosters};
use crate::store::CacheRoot;
use crate::vocab::Digest;

/// Looks at an artifact. One that cannot be read has no facts; what is wrong with it is seen by its cells.
pub(super) fn look(cache: &CacheRoot, artifact: u32, digest: Digest) -> Message {
    let file = cache.open_object(&digest);
    let found = file.map(|file| inspect_with_boosters(file, InspectOptions::FACTS));
    let facts = found.and_then(|found| explain::facts_of(&found));
    Message::Inspected { artifact, digest, facts: facts.map(Box::new) }
}
