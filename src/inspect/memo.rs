//! The memo of a pickle, of bounded size.

use std::collections::{HashMap, HashSet};

use super::value::{Texts, Value};

/// Entries of the memo that are held to the end, by their index.
const DENSE: usize = 1 << 18;
/// Entries out of order that are told apart.
const MOST_STRAYS: usize = 1 << 10;
/// Of the others at least this many of the last ones.
const SPARSE: usize = 1 << 15;

/// Bounded memory for the memo.
#[derive(Clone)]
pub(super) struct Memo {
    dense: Vec<Value>,
    written: Vec<u64>,
    young: HashMap<u64, Value>,
    old: HashMap<u64, Value>,
    /// How many entries Python would have: the index of the next `MEMOIZE`.
    length: u64,
    /// Behind `DENSE`, entries up to this one were put in order.
    ordered_to: u64,
    /// Those that were not, as far as they are counted.
    strays: HashSet<u64>,
    /// Whether there are more, so that `length` is not known.
    is_disordered: bool,
}

/// Why the memo does not have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemoError {
    /// Nothing was put there.
    Unset,
    /// The number of the next entry is not known.
    Disordered,
}

impl Memo {
    pub fn new() -> Self {
        Self {
            dense: Vec::new(),
            written: Vec::new(),
            young: HashMap::new(),
            old: HashMap::new(),
            length: 0,
            ordered_to: DENSE as u64,
            strays: HashSet::new(),
            is_disordered: false,
        }
    }

    pub fn memoize(&mut self, value: Value) -> Result<(), MemoError> {
        if self.is_disordered {
            return Err(MemoError::Disordered);
        }
        self.put(self.length, value);
        Ok(())
    }

    pub fn put(&mut self, index: u64, value: Value) {
        if index < DENSE as u64 {
            let at = index as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, Value::Opaque);
                self.written.resize(at / 64 + 1, 0);
            }
            let bit = 1 << (at % 64);
            self.length += u64::from(self.written[at / 64] & bit == 0);
            self.written[at / 64] |= bit;
            self.dense[at] = value;
            return;
        }
        self.count(index);
        if matches!(value, Value::Opaque | Value::List | Value::Set | Value::Tuple(_) | Value::Dict(_)) {
            // Also takes away what was there.
            self.young.remove(&index);
            self.old.remove(&index);
            return;
        }
        if self.young.len() >= SPARSE {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(index, value);
        self.old.remove(&index);
    }

    /// Counts an entry behind `DENSE`. Pickles number in order; of what does not, a few are told apart.
    fn count(&mut self, index: u64) {
        if index == self.ordered_to && index == self.length {
            self.ordered_to += 1;
            self.length += 1;
        } else if index >= self.ordered_to && !self.strays.contains(&index) {
            self.length += 1;
            match self.strays.len() < MOST_STRAYS {
                true => drop(self.strays.insert(index)),
                false => self.is_disordered = true,
            }
        }
    }

    pub fn get(&mut self, index: u64, texts: &mut Texts) -> Result<Value, MemoError> {
        let at = index as usize;
        if index < DENSE as u64 {
            let is_written = self.written.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0);
            let value = self.dense.get_mut(at).filter(|_| is_written).ok_or(MemoError::Unset)?;
            if let Value::Text(text) = *value {
                *value = texts.refreshed(text);
            }
            return Ok(*value);
        }
        let found = self.young.get(&index).copied().or_else(|| self.old.remove(&index));
        let Some(mut value) = found else { return Ok(Value::Forgotten) };
        if let Value::Text(text) = value {
            value = texts.refreshed(text);
        }
        if self.young.len() < SPARSE || self.young.contains_key(&index) {
            self.young.insert(index, value);
        } else {
            self.old.insert(index, value);
        }
        Ok(value)
    }

    pub fn forget_containers(&mut self) {
        for value in self.dense.iter_mut() {
            if matches!(value, Value::Tuple(span) if span.len() > 0) || matches!(value, Value::Dict(_)) {
                *value = Value::Forgotten;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_the_memo_is_bounded() {
        let mut memo = Memo::new();
        let mut texts = Texts::new();
        assert_eq!(memo.get(0, &mut texts), Err(MemoError::Unset));
        for index in 0..1_000_000u64 {
            memo.put(index, Value::Int(index as i64));
        }
        assert_eq!(memo.length, 1_000_000);
        let mut memo = Memo::new();
        for index in 0..1_000_000u64 {
            memo.put(index * 7, Value::Int(index as i64));
        }
        assert!(memo.dense.len() <= DENSE && memo.young.len() + memo.old.len() <= 2 * SPARSE + 1);
        assert_eq!(memo.get(7 * 999_999, &mut texts), Ok(Value::Int(999_999)));
        assert_eq!(memo.get(14, &mut texts), Ok(Value::Int(2)));
        assert_eq!(memo.get(15, &mut texts), Err(MemoError::Unset));
        assert_eq!(memo.memoize(Value::None), Err(MemoError::Disordered));
        let mut memo = Memo::new();
        for _ in 0..2 {
            memo.put(DENSE as u64 + 9, Value::None);
        }
        assert_eq!(memo.memoize(Value::Int(5)), Ok(()));
        assert_eq!(memo.get(1, &mut texts), Ok(Value::Int(5)), "an entry that is put twice is one");
    }
}
