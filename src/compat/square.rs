//! What became of one model between all environments of a run, as it is kept: `0-3 0-7=i 8-14=l:tree-node-layout; 4-14
//! 0-14=r`, blocks of producers with what their consumers saw.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::notation::{numbers, ranges};
use crate::vocab::Verdict;

/// How a cell came out: its verdict, and the known cause that explains it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// The verdict.
    pub verdict: Verdict,
    /// The id of the rule, where one speaks.
    pub rule: Option<String>,
}

/// What was seen, by producer and consumer.
pub type SeenCells = BTreeMap<usize, BTreeMap<usize, Seen>>;

/// The letter of each verdict in the file.
const LETTERS: [(Verdict, &str); 13] = [
    (Verdict::Identical, "i"),
    (Verdict::Roundoff, "r"),
    (Verdict::Drift, "d"),
    (Verdict::PredictError, "p"),
    (Verdict::LoadError, "l"),
    (Verdict::Crash, "c"),
    (Verdict::Timeout, "t"),
    (Verdict::OutOfMemory, "m"),
    (Verdict::EnvError, "e"),
    (Verdict::NotTried, "n"),
    (Verdict::Unsupported, "u"),
    (Verdict::Absent, "a"),
    (Verdict::Unverified, "v"),
];

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = LETTERS.iter().find(|(verdict, _)| *verdict == self.verdict);
        f.write_str(letter.map_or("", |(_, letter)| letter))?;
        match &self.rule {
            Some(rule) => write!(f, ":{rule}"),
            None => Ok(()),
        }
    }
}

impl Seen {
    fn parse(text: &str) -> Option<Self> {
        let (letter, rule) = match text.split_once(':') {
            Some((letter, rule)) => (letter, Some(rule.to_owned())),
            None => (text, None),
        };
        let (verdict, _) = LETTERS.iter().find(|(_, known)| *known == letter)?;
        Some(Self { verdict: *verdict, rule })
    }
}

/// Producers whose artifacts came out alike everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Block {
    producers: BTreeSet<usize>,
    consumers: BTreeMap<usize, usize>,
    /// What was seen, by the values of `consumers`.
    seen: Vec<Seen>,
}

/// What became of a model in one format, by the indices of producer and consumer. What was not tried has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Square(Vec<Block>);

impl Square {
    /// Of what was seen by producer and consumer.
    pub fn new(cells: &SeenCells) -> Self {
        let mut blocks: Vec<(BTreeSet<usize>, &BTreeMap<usize, Seen>)> = Vec::new();
        for (producer, row) in cells.iter().filter(|(_, row)| !row.is_empty()) {
            match blocks.iter_mut().find(|(_, known)| *known == row) {
                Some((producers, _)) => drop(producers.insert(*producer)),
                None => blocks.push((BTreeSet::from([*producer]), row)),
            }
        }
        let block = |(producers, row): (BTreeSet<usize>, &BTreeMap<usize, Seen>)| {
            let mut seen: Vec<Seen> = Vec::new();
            let consumers = row.iter().map(|(consumer, one)| {
                let at = seen.iter().position(|known| known == one).unwrap_or_else(|| {
                    seen.push(one.clone());
                    seen.len() - 1
                });
                (*consumer, at)
            });
            Block { producers, consumers: consumers.collect(), seen }
        };
        Self(blocks.into_iter().map(block).collect())
    }

    /// What the cell of a producer and a consumer came to.
    pub fn get(&self, producer: usize, consumer: usize) -> Option<&Seen> {
        let block = self.0.iter().find(|block| block.producers.contains(&producer))?;
        block.seen.get(*block.consumers.get(&consumer)?)
    }

    /// What its cells are between, where environments are told apart by a property alone: the pairs of its values.
    pub fn among<T: Copy + Ord>(&self, property: impl Fn(usize) -> T) -> BTreeSet<(T, T)> {
        let values = |indices: &mut dyn Iterator<Item = &usize>| -> BTreeSet<T> {
            indices.map(|index| property(*index)).collect()
        };
        let pairs = self.0.iter().flat_map(|block| {
            let (producers, consumers) =
                (values(&mut block.producers.iter()), values(&mut block.consumers.keys()));
            producers.into_iter().flat_map(move |one| consumers.clone().into_iter().map(move |it| (one, it)))
        });
        pairs.collect()
    }

    /// The rules that explain any of its cells.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|block| &block.seen).filter_map(|seen| seen.rule.as_deref())
    }

    /// Every cell: producer, consumer, and what it came to.
    pub fn cells(&self) -> impl Iterator<Item = (usize, usize, &Seen)> {
        self.0.iter().flat_map(|block| {
            block.producers.iter().flat_map(move |producer| {
                block.consumers.iter().map(move |(consumer, at)| (*producer, *consumer, &block.seen[*at]))
            })
        })
    }

    fn parse(text: &str) -> Option<Self> {
        text.split("; ").filter(|part| !part.is_empty()).map(Block::parse).collect::<Option<_>>().map(Self)
    }
}

impl Block {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut block =
            Self { producers: numbers(words.next()?)?, consumers: BTreeMap::new(), seen: Vec::new() };
        for word in words {
            let (consumers, seen) = word.split_once('=')?;
            let at = block.seen.len();
            block.consumers.extend(numbers(consumers)?.into_iter().map(|consumer| (consumer, at)));
            block.seen.push(Seen::parse(seen)?);
        }
        Some(block)
    }
}

impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.0.iter().enumerate() {
            let comma = if index > 0 { "; " } else { "" };
            write!(f, "{comma}{}", ranges(&block.producers))?;
            for (at, seen) in block.seen.iter().enumerate() {
                let consumers: BTreeSet<usize> =
                    block.consumers.iter().filter(|(_, seen)| **seen == at).map(|(one, _)| *one).collect();
                write!(f, " {}={seen}", ranges(&consumers))?;
            }
        }
        Ok(())
    }
}

impl Serialize for Square {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Square {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a square of cells")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen() -> impl Strategy<Value = Seen> {
        let rule = proptest::option::of("[a-z]{1,3}(-[a-z0-9]{1,3})?");
        (proptest::sample::select(Verdict::ALL), rule).prop_map(|(verdict, rule)| Seen { verdict, rule })
    }

    proptest! {
        #[test]
        fn a_square_is_read_as_it_was_written(
            cells in proptest::collection::btree_map(
                0_usize..20, proptest::collection::btree_map(0_usize..20, seen(), 1..8), 0..8,
            )
        ) {
            let square = Square::new(&cells);
            let text = serde_json::to_string(&square).unwrap();
            let again: Square = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&again.to_string(), &square.to_string());
            let mut count = 0;
            for (producer, row) in &cells {
                for (consumer, seen) in row {
                    prop_assert_eq!(again.get(*producer, *consumer), Some(seen));
                    count += 1;
                }
            }
            prop_assert_eq!(again.cells().count(), count);
            prop_assert_eq!(again.get(99, 0), None);
        }
    }

    #[test]
    fn what_is_no_square_is_refused() {
        for text in ["0", "0 1", "x 0=i", "0 0=z", "0 0-=i"] {
            let quoted = serde_json::to_string(text).unwrap();
            let is_read = serde_json::from_str::<Square>(&quoted).is_ok();
            assert_eq!(is_read, text == "0", "{text}");
        }
    }

    #[test]
    fn every_verdict_has_a_letter_of_its_own() {
        let letters: BTreeSet<&str> = LETTERS.iter().map(|(_, letter)| *letter).collect();
        assert_eq!((letters.len(), LETTERS.len()), (Verdict::ALL.len(), Verdict::ALL.len()));
    }
}
