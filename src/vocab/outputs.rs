//! Facts by the name of an output, held once however many cells share them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Facts by output name, in the order of names. A copy shares what it is a copy of: nearly all cells of a run give what
/// others give, and a tree of a few entries for each takes kilobytes.
#[derive(Clone)]
pub struct ByOutput<T>(Option<Arc<[(String, T)]>>);

impl<T> ByOutput<T> {
    /// Nothing.
    pub const fn new() -> Self {
        Self(None)
    }

    fn entries(&self) -> &[(String, T)] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The facts of an output.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(known, _)| *known == name).map(|(_, facts)| facts)
    }

    /// Whether there are facts of an output.
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All of them.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self.entries().iter())
    }

    /// The names.
    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.iter().map(|(name, _)| name)
    }

    /// The facts.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, facts)| facts)
    }

    /// Of how many outputs.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries().is_empty()
    }

    /// Sorted by name; of two with one name the later counts, as in a map.
    fn of(mut entries: Vec<(String, T)>) -> Self {
        entries.reverse();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, kept| later.0 == kept.0);
        Self((!entries.is_empty()).then(|| entries.into()))
    }
}

impl<T: Clone> ByOutput<T> {
    /// With the facts of one output more. Whatever shares these has them no more.
    pub fn insert(&mut self, name: String, facts: T) {
        let known = self.entries().iter().cloned();
        *self = Self::of(known.chain([(name, facts)]).collect());
    }

    /// With each one changed.
    #[must_use]
    pub fn mapped(&self, change: impl Fn(&str, T) -> T) -> Self {
        self.iter().map(|(name, facts)| (name.clone(), change(name, facts.clone()))).collect()
    }
}

impl<T> Default for ByOutput<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: fmt::Debug> fmt::Debug for ByOutput<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T: PartialEq> PartialEq for ByOutput<T> {
    fn eq(&self, other: &Self) -> bool {
        // NaN is unlike itself, so that what is shared is compared as well.
        self.entries() == other.entries()
    }
}

impl<T> FromIterator<(String, T)> for ByOutput<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(entries: I) -> Self {
        Self::of(entries.into_iter().collect())
    }
}

impl<T, const N: usize> From<[(String, T); N]> for ByOutput<T> {
    fn from(entries: [(String, T); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<T> From<BTreeMap<String, T>> for ByOutput<T> {
    fn from(entries: BTreeMap<String, T>) -> Self {
        entries.into_iter().collect()
    }
}

impl<T> std::ops::Index<&str> for ByOutput<T> {
    type Output = T;

    /// # Panics
    /// When there are no facts of such an output.
    fn index(&self, name: &str) -> &T {
        self.get(name).unwrap_or_else(|| panic!("there is no output `{name}`"))
    }
}

/// Facts with the names of their outputs.
#[derive(Debug)]
pub struct Iter<'a, T>(std::slice::Iter<'a, (String, T)>);

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = (&'a String, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, facts)| (name, facts))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<'a, T> IntoIterator for &'a ByOutput<T> {
    type Item = (&'a String, &'a T);
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T: Serialize> Serialize for ByOutput<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByOutput<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = ByOutput<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ByOutput<T>, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or_default().min(16));
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(ByOutput::of(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(entries in prop::collection::vec(("[a-c]{0,2}", 0u8..9), 0..6)) {
            let map: BTreeMap<String, u8> = entries.iter().cloned().collect();
            let own: ByOutput<u8> = entries.iter().cloned().collect();
            prop_assert!(own.iter().eq(map.iter()));
            prop_assert_eq!((own.len(), own.is_empty()), (map.len(), map.is_empty()));
            let text = serde_json::to_string(&own).unwrap();
            prop_assert_eq!(&text, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(&serde_json::from_str::<ByOutput<u8>>(&text).unwrap(), &own);
            let mut inserted = ByOutput::new();
            entries.iter().for_each(|(name, value)| inserted.insert(name.clone(), *value));
            prop_assert_eq!(&inserted, &own);
            for (name, value) in &entries {
                prop_assert_eq!(own.contains_key(name), true);
                prop_assert_eq!(own.get(name), map.get(name));
                prop_assert!(*value < 9);
            }
        }
    }

    #[test]
    fn a_copy_takes_no_room() {
        let outputs: ByOutput<u8> = [("predict".to_owned(), 1)].into();
        let copy = outputs.clone();
        assert!(std::ptr::eq(outputs.entries(), copy.entries()));
    }
}
