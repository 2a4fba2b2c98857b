//! Whether the store still has the bytes that it once was given. Damage must not be blamed on those who read them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::store::CacheRoot;
use crate::vocab::Digest;

/// The objects that were checked in this run: each once, before the first of its readers.
pub(super) struct Soundness {
    cache: CacheRoot,
    checked: Mutex<HashMap<Digest, Arc<OnceLock<bool>>>>,
}

impl Soundness {
    pub fn new(cache: CacheRoot) -> Self {
        Self { cache, checked: Mutex::default() }
    }

    /// Whether an object is there and whole. Reads it where nobody has asked before; blocks.
    pub fn holds(&self, digest: &Digest) -> bool {
        let cell = Arc::clone(self.checked().entry(*digest).or_default());
        let is_sound = *cell.get_or_init(|| self.cache.is_sound(digest));
        if !is_sound {
            // Made again, it is to be checked again.
            self.checked().remove(digest);
        }
        is_sound
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Arc<OnceLock<bool>>>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
