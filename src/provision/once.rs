//! Doing a thing once for everybody who asks for it at the same time.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// A map whose values are made once; who asks meanwhile waits for the first. When the first is cancelled, the
/// next one takes over.
#[derive(Debug)]
pub(super) struct OnceMap<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for OnceMap<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> OnceMap<K, V> {
    /// The value of a key, and whether this call made it.
    pub(super) async fn get(&self, key: K, make: impl AsyncFnOnce() -> V) -> (V, bool) {
        let cell = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        let mut made = false;
        let value = cell
            .get_or_init(async || {
                made = true;
                make().await
            })
            .await
            .clone();
        (value, made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_made_once() {
        let map = OnceMap::<u8, String>::default();
        let ask = async |text: &str| map.get(1, async || text.to_owned()).await;
        let (a, b) = tokio::join!(ask("first"), ask("second"));
        assert_eq!(a, ("first".to_owned(), true));
        assert_eq!(b, ("first".to_owned(), false));
    }
}
