//! Between which environments of a run a name was seen to work, as it is kept: `0:0-4,6 1:2`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::notation::{numbers, ranges};

/// For each producer the consumers, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(BTreeMap<usize, BTreeSet<usize>>);

impl Pairs {
    /// One more pair.
    pub fn insert(&mut self, producer: usize, consumer: usize) {
        self.0.entry(producer).or_default().insert(consumer);
    }

    /// Whether one of these producers and one of these consumers are a pair.
    pub fn between(&self, producers: &BTreeSet<usize>, consumers: &BTreeSet<usize>) -> bool {
        let mut known = self.0.iter().filter(|(producer, _)| producers.contains(producer));
        known.any(|(_, having)| !having.is_disjoint(consumers))
    }

    /// Whether one of these consumers is in any pair.
    pub fn reach(&self, consumers: &BTreeSet<usize>) -> bool {
        self.0.values().any(|having| !having.is_disjoint(consumers))
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (producer, consumers)) in self.0.iter().enumerate() {
            let blank = if index > 0 { " " } else { "" };
            write!(f, "{blank}{producer}:{}", ranges(consumers))?;
        }
        Ok(())
    }
}

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let pair = |part: &str| {
            let (producer, consumers) = part.split_once(':')?;
            Some((producer.parse().ok()?, numbers(consumers)?))
        };
        let pairs = text.split(' ').filter(|part| !part.is_empty()).map(pair).collect::<Option<_>>();
        pairs.map(Self).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a list of pairs")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_they_are_written() {
        let mut pairs = Pairs::default();
        for (producer, consumer) in [(0, 0), (0, 1), (0, 2), (0, 6), (3, 9)] {
            pairs.insert(producer, consumer);
        }
        let text = serde_json::to_string(&pairs).unwrap();
        assert_eq!(text, "\"0:0-2,6 3:9\"");
        assert_eq!(serde_json::from_str::<Pairs>(&text).unwrap(), pairs);
        assert!(pairs.between(&[0, 1].into(), &[2].into()) && !pairs.between(&[3].into(), &[2].into()));
        assert!(serde_json::from_str::<Pairs>("\"0\"").is_err());
    }
}
