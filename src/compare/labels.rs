//! Expected labels as people write them down, against the classes of a model: `1`, `1.0`, `"1"` and `True` may each mean
//! the class `1`.

use std::collections::HashMap;

use super::array::{Array, Layout};
use super::value::{Key, Value, plain};
use crate::vocab::{Encoding, OutputRef};

/// What a value means, whatever type it is written down as.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loose<'a> {
    Number(f64),
    Text(&'a str),
}

fn loose(value: Value<'_>) -> Loose<'_> {
    match value {
        Value::Int(whole) => Loose::Number(whole as f64),
        Value::Float(float) => Loose::Number(float),
        Value::Other(tagged) => {
            let text = tagged.strip_prefix("s:").unwrap_or(tagged).trim();
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Loose::Number(number),
                Ok(_) | Err(_) if text.eq_ignore_ascii_case("true") => Loose::Number(1.0),
                Ok(_) | Err(_) if text.eq_ignore_ascii_case("false") => Loose::Number(0.0),
                Ok(_) | Err(_) => Loose::Text(text),
            }
        }
    }
}

/// Whether a value is nothing at all.
pub(super) fn is_missing(value: Value<'_>) -> bool {
    match value {
        Value::Other(tagged) => tagged.starts_with("n:"),
        Value::Float(float) => float.is_nan(),
        Value::Int(_) => false,
    }
}

/// Whether a value is a text that stands for no number.
pub(super) fn is_text(value: Value<'_>) -> bool {
    matches!(loose(value), Loose::Text(_))
}

/// The number that a value means, where it means one.
pub(super) fn number(value: Value<'_>) -> Option<f64> {
    match loose(value) {
        Loose::Number(number) => Some(number),
        Loose::Text(_) => None,
    }
}

/// Labels that a model knows.
pub(super) struct Known<'a> {
    values: Vec<Value<'a>>,
    /// The first place of each.
    places: HashMap<Key<'a>, usize>,
    /// The bytes of each.
    bytes: Vec<&'a [u8]>,
    /// How they are laid out.
    output: &'a OutputRef,
}

impl<'a> Known<'a> {
    /// The labels of an array; `None` where it cannot be read.
    pub fn of(output: &'a OutputRef, bytes: &'a [u8]) -> Option<Self> {
        let array = Array::new(output, bytes).ok()?;
        let values = array.values().collect::<Result<Vec<_>, _>>().ok()?;
        let mut places = HashMap::new();
        for (at, value) in values.iter().enumerate() {
            places.entry(value.key()).or_insert(at);
        }
        Some(Self { bytes: elements(&array, output.encoding)?, values, places, output })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The place of the label that a value is; else of the only one that it can mean.
    pub fn find(&self, value: Value<'_>) -> Option<usize> {
        let exact = self.places.get(&value.key()).copied();
        exact.or_else(|| self.only(|known| loose(known) == loose(value)))
    }

    /// The place of the label that a text names.
    pub fn named(&self, text: &str) -> Option<usize> {
        let exact = self.values.iter().position(|known| plain(*known, false) == text);
        let tagged = format!("s:{text}");
        exact.or_else(|| self.only(|known| loose(known) == loose(Value::Other(&tagged))))
    }

    fn only(&self, is_meant: impl Fn(Value<'a>) -> bool) -> Option<usize> {
        let mut found = (0..self.values.len()).filter(|at| is_meant(self.values[*at]));
        found.next().filter(|_| found.next().is_none())
    }

    /// The first of them, as texts for a person.
    pub fn shown(&self, most: usize) -> Vec<String> {
        let mut shown: Vec<String> = Vec::new();
        for value in &self.values {
            let text = plain(*value, false);
            if !shown.contains(&text) {
                shown.push(text);
            }
            if shown.len() == most {
                break;
            }
        }
        shown
    }

    /// An array of these of them, as the model would have given it.
    pub fn written(&self, places: &[usize], like: &OutputRef) -> (OutputRef, Vec<u8>) {
        let bytes: Vec<u8> = places.iter().flat_map(|at| self.bytes[*at].iter().copied()).collect();
        let (encoding, dtype) = (self.output.encoding, self.output.dtype.clone());
        (OutputRef { encoding, dtype, ..like.clone() }, bytes)
    }
}

/// The bytes of each element; `None` where rows are sparse.
fn elements<'a>(array: &Array<'a>, encoding: Encoding) -> Option<Vec<&'a [u8]>> {
    let width = match encoding {
        Encoding::F32 => 4,
        Encoding::F64 | Encoding::I64 | Encoding::U64 => 8,
        Encoding::Bool => 1,
        Encoding::Csr => return None,
        Encoding::Text => {
            debug_assert!(matches!(array.layout, Layout::Text));
            let mut rest = array.bytes;
            let mut parts = Vec::with_capacity(array.elements);
            while let Some((length, _)) = rest.split_first_chunk::<4>() {
                let length = u32::from_le_bytes(*length) as usize;
                let (part, tail) = rest.split_at_checked(length.saturating_add(4))?;
                parts.push(part);
                rest = tail;
            }
            return Some(parts);
        }
    };
    Some(array.bytes.chunks(width).collect())
}
