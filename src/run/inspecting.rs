//! What the bytes of artifacts say, recorded once for each: rules and forecasts ask for it.

use std::io::Seek as _;

use super::messages::Message;
use crate::explain;
use crate::inspect::{InspectOptions, boosters, has_boosters, inspect};
use crate::store::CacheRoot;
use crate::vocab::{Digest, FileFacts};

/// Looks at an artifact. One that cannot be read has no facts; what is wrong with it is seen by its cells.
pub(super) fn look(cache: &CacheRoot, artifact: u32, digest: Digest) -> Message {
    Message::Inspected { artifact, digest, facts: facts(cache, &digest).map(Box::new) }
}

/// What rules ask of an artifact, with what the boosters in it say of themselves.
fn facts(cache: &CacheRoot, digest: &Digest) -> Option<FileFacts> {
    let mut file = cache.open_object(digest)?;
    let mut found = inspect(&mut file, InspectOptions::FACTS);
    if has_boosters(&found) && file.rewind().is_ok() {
        let said = boosters(&mut file, &found);
        found.take_boosters(said);
    }
    explain::facts_of(&found)
}
