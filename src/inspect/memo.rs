//! The memo of a pickle, of bounded size.

use std::collections::HashMap;

use super::value::{Texts, Value};

/// Entries of the memo that are held to the end, by their index.
const DENSE: usize = 1 << 18;
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
}

impl Memo {
    pub fn new() -> Self {
        Self { dense: Vec::new(), written: Vec::new(), young: HashMap::new(), old: HashMap::new(), length: 0 }
    }

    pub fn memoize(&mut self, value: Value) {
        self.put(self.length, value);
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
        self.length += 1;
        if matches!(value, Value::Opaque | Value::List | Value::Set | Value::Tuple(_) | Value::Dict(_)) {
            // Also takes away what was there.
            if self.young.remove(&index).is_some() || self.old.remove(&index).is_some() {
                self.length -= 1;
            }
            return;
        }
        if self.young.len() >= SPARSE {
            self.old = std::mem::take(&mut self.young);
        }
        if self.young.insert(index, value).is_some() || self.old.remove(&index).is_some() {
            self.length -= 1;
        }
    }

    pub fn get(&mut self, index: u64, texts: &mut Texts) -> Value {
        let at = index as usize;
        if index < DENSE as u64 {
            let Some(value) = self.dense.get_mut(at) else { return Value::Opaque };
            if let Value::Text(text) = *value {
                *value = texts.refreshed(text);
            }
            return *value;
        }
        let found = self.young.get(&index).copied().or_else(|| self.old.remove(&index));
        let Some(mut value) = found else { return Value::Forgotten };
        if let Value::Text(text) = value {
            value = texts.refreshed(text);
        }
        if self.young.len() < SPARSE || self.young.contains_key(&index) {
            self.young.insert(index, value);
        } else {
            self.old.insert(index, value);
        }
        value
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
        for index in 0..1_000_000u64 {
            memo.put(index * 7, Value::Int(index as i64));
        }
        assert!(memo.dense.len() <= DENSE && memo.young.len() + memo.old.len() <= 2 * SPARSE + 1);
        assert_eq!(memo.get(7 * 999_999, &mut texts), Value::Int(999_999));
        assert_eq!(memo.get(14, &mut texts), Value::Int(2));
        assert_eq!(memo.length, 1_000_000);
    }
}
