//! The values of the symbolic stack: small copies, with texts and containers in arenas of bounded size.
//!
//! What does not fit any more is forgotten, never an error: a forgotten value is `Opaque`, and whoever needs it says
//! that it could not be read.

use std::collections::HashMap;

/// A value as far as facts need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing is known, or it is too large to be held.
    Opaque,
    /// Something of the memo that is held no more. It may be another name of what is still on the stack.
    Forgotten,
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
    /// Bytes, which are not held.
    Bytes(u64),
    Tuple(Span),
    /// A list; its items are not held.
    List,
    Set,
    /// A dictionary, by its index: whoever fills it through the memo fills the same one.
    Dict(u32),
    /// An imported name: index into the globals.
    Global(u32),
    /// What a call of a global returned, or an instance of it.
    Made(u32),
    /// Index into the table of array types.
    Dtype(u32),
    /// An array of a type, with so many dimensions and so many rows; the largest number stands for more.
    Array {
        dtype: TypeIndex,
        dimensions: u8,
        rows: u32,
    },
    /// A scalar of numpy.
    Scalar {
        dtype: TypeIndex,
    },
}

// The stack and the memo are made of these.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Value>() == 16);

/// Index into the different types of arrays, where the type is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeIndex(u32);

impl From<Option<u32>> for TypeIndex {
    fn from(index: Option<u32>) -> Self {
        // There are never so many types.
        Self(index.unwrap_or(u32::MAX))
    }
}

impl TypeIndex {
    pub fn get(self) -> Option<u32> {
        (self.0 < u32::MAX).then_some(self.0)
    }
}

/// A place in `Texts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text {
    /// The lower half of its place, the upper one, and its length: 8 bytes together.
    low: u32,
    high: u16,
    length: u16,
}

impl Text {
    fn new(at: u64, length: usize) -> Self {
        // 256 TiB of texts are never read, and a held text is never longer than `LONGEST_TEXT`.
        Self { low: at as u32, high: (at >> 32) as u16, length: length as u16 }
    }

    fn at(self) -> u64 {
        u64::from(self.high) << 32 | u64::from(self.low)
    }
}

/// A range of `Items`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub start: u32,
    pub length: u32,
}

impl Span {
    pub const EMPTY: Self = Self { start: 0, length: 0 };

    pub fn len(self) -> usize {
        self.length as usize
    }
}

/// Texts longer than this are not held.
pub(super) const LONGEST_TEXT: usize = 1024;
/// The first texts of a file are held to its end: names of modules and attributes come early.
const FIRST_BYTES: usize = 1 << 20;
/// Of the later ones at least this many bytes.
const LATER_BYTES: usize = 2 << 20;

/// Bounded memory for texts. The oldest are forgotten, except the first ones and those that named a global.
#[derive(Clone)]
pub(super) struct Texts {
    first: Vec<u8>,
    young: Vec<u8>,
    young_base: u64,
    old: Vec<u8>,
    old_base: u64,
    pinned: HashMap<u64, Box<[u8]>>,
}

impl Texts {
    pub fn new() -> Self {
        Self {
            first: Vec::new(),
            young: Vec::new(),
            young_base: FIRST_BYTES as u64,
            old: Vec::new(),
            old_base: FIRST_BYTES as u64,
            pinned: HashMap::new(),
        }
    }

    /// Holds a text; one that is too long is opaque from the beginning.
    pub fn hold(&mut self, bytes: &[u8]) -> Value {
        if bytes.len() > LONGEST_TEXT {
            return Value::Opaque;
        }
        let length = bytes.len();
        if self.first.len() + bytes.len() <= FIRST_BYTES {
            let at = self.first.len() as u64;
            self.first.extend_from_slice(bytes);
            return Value::Text(Text::new(at, length));
        }
        if self.young.len() + bytes.len() > LATER_BYTES {
            std::mem::swap(&mut self.young, &mut self.old);
            self.old_base = self.young_base;
            self.young_base = self.old_base + self.old.len() as u64;
            self.young.clear();
        }
        let at = self.young_base + self.young.len() as u64;
        self.young.extend_from_slice(bytes);
        Value::Text(Text::new(at, length))
    }

    pub fn get(&self, text: Text) -> Option<&[u8]> {
        let within = |part: &'_ [u8], base: u64| {
            let start = usize::try_from(text.at().checked_sub(base)?).ok()?;
            let end = start.checked_add(usize::from(text.length))?;
            (end <= part.len()).then_some((start, end))
        };
        if text.at() < FIRST_BYTES as u64 {
            // An empty text may stand at the very end of the first part.
            if let Some((start, end)) = within(&self.first, 0) {
                return Some(&self.first[start..end]);
            }
        }
        if text.at() >= self.young_base {
            return within(&self.young, self.young_base).map(|(start, end)| &self.young[start..end]);
        }
        if text.at() >= self.old_base
            && let Some((start, end)) = within(&self.old, self.old_base)
        {
            return Some(&self.old[start..end]);
        }
        self.pinned
            .get(&text.at())
            .map(|bytes| &**bytes)
            .filter(|bytes| bytes.len() == usize::from(text.length))
    }

    /// Holds a text for good, because it named something; the caller bounds how often.
    pub fn pin(&mut self, text: Text) {
        if text.at() < FIRST_BYTES as u64 || self.pinned.contains_key(&text.at()) {
            return;
        }
        if let Some(bytes) = self.get(text).map(Box::from) {
            self.pinned.insert(text.at(), bytes);
        }
    }

    /// How many texts are held for good.
    pub fn pinned(&self) -> usize {
        self.pinned.len()
    }

    /// A text that is used again is young again.
    pub fn refreshed(&mut self, text: Text) -> Value {
        if text.at() >= self.old_base
            && text.at() < self.young_base
            && let Some(bytes) = self.get(text).map(<[u8]>::to_vec)
        {
            return self.hold(&bytes);
        }
        Value::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(texts: &mut Texts, word: &str) -> Text {
        match texts.hold(word.as_bytes()) {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_first_texts_and_the_last_ones_are_held() {
        let mut texts = Texts::new();
        let early = text(&mut texts, "numpy");
        let words: Vec<_> = (0..2_000_000).map(|n| text(&mut texts, &format!("word{n}"))).collect();
        assert_eq!(texts.get(early), Some(&b"numpy"[..]));
        assert_eq!(texts.get(words[1_999_999]), Some(&b"word1999999"[..]));
        assert_eq!(texts.get(words[900_000]), None);
        let held = texts.first.len() + texts.young.capacity() + texts.old.capacity();
        assert!(held < 8 << 20, "{held}");
    }

    #[test]
    fn a_pinned_text_outlives_the_ring() {
        let mut texts = Texts::new();
        (0..300_000).for_each(|n| {
            texts.hold(format!("word{n}").as_bytes());
        });
        let name = text(&mut texts, "sklearn.linear_model");
        texts.pin(name);
        (0..2_000_000).for_each(|n| {
            texts.hold(format!("word{n}").as_bytes());
        });
        assert_eq!(texts.get(name), Some(&b"sklearn.linear_model"[..]));
    }
}
