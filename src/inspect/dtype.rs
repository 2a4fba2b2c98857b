//! numpy's array types, rebuilt from the arguments and the state that a pickle gives them.

use std::collections::HashMap;

use super::items::Items;
use super::value::{Texts, Value};
use crate::vocab::{ByteOrder, FieldFact, PointerFact};

/// One type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dtype {
    /// numpy's notation.
    pub text: String,
    pub item_size: Option<u64>,
    /// Whether elements are Python objects, which are written as pickles.
    pub has_object: bool,
    pub order: Option<ByteOrder>,
    pub fields: Vec<FieldFact>,
}

/// Different types that are held at most.
const MOST: usize = 1 << 12;
/// Type objects that are told apart at most.
const MOST_INSTANCES: usize = 1 << 18;
/// Fields of a record that are held at most.
const MOST_FIELDS: usize = 256;

/// Bytes of numpy's notation of a type, and of the types of its fields, that are held at most.
const LONGEST: usize = 8 << 10;
const LONGEST_FIELD: usize = 128;

/// Where the flags of a type are in its state, and the one that says that it holds objects.
const FLAGS: usize = 7;
const HOLDS_OBJECTS: i64 = 1;

/// Fields that are as wide as a pointer of the producer, and what they belong to.
const POINTERS: &[(&str, &str)] = &[
    ("left_child", "tree nodes"),
    ("idx_start", "nodes of the neighbours' trees"),
    ("feature_idx", "histogram tree nodes"),
];

/// All types of an artifact. Type objects change while a pickle is read, so a value names an instance, and the
/// instance names one of the different types.
#[derive(Clone, Default)]
pub(super) struct Dtypes {
    instances: Vec<u32>,
    types: Vec<Dtype>,
    by_text: HashMap<String, u32>,
}

impl Dtypes {
    /// The type of an instance.
    pub fn of(&self, instance: u32) -> Option<&Dtype> {
        self.types.get(*self.instances.get(instance as usize)? as usize)
    }

    /// Index of the type of an instance.
    pub fn index(&self, instance: u32) -> Option<u32> {
        self.instances.get(instance as usize).copied()
    }

    pub fn at(&self, index: u32) -> Option<&Dtype> {
        self.types.get(index as usize)
    }

    fn intern(&mut self, dtype: Dtype) -> Option<u32> {
        let key = format!("{} {:?}", dtype.text, dtype.item_size);
        if let Some(index) = self.by_text.get(&key) {
            return Some(*index);
        }
        if self.types.len() >= MOST {
            return None;
        }
        let index = self.types.len() as u32;
        self.types.push(dtype);
        self.by_text.insert(key, index);
        Some(index)
    }

    /// `numpy.dtype(code, ...)`; the byte order comes with the state.
    pub fn make(&mut self, code: &str) -> Value {
        if self.instances.len() >= MOST_INSTANCES {
            return Value::Opaque;
        }
        match self.intern(plain(code, None)) {
            Some(index) => {
                self.instances.push(index);
                Value::Dtype((self.instances.len() - 1) as u32)
            }
            None => Value::Opaque,
        }
    }

    /// Gives an instance its state: `(version, order, subtype, names, fields, item size, ...)`.
    pub fn build(&mut self, instance: u32, state: &[Value], items: &Items, texts: &Texts) {
        let Some(old) = self.of(instance).cloned() else { return };
        let order = state.get(1).and_then(|value| word(*value, texts));
        let mut dtype = plain(old.text.trim_start_matches(['<', '>', '|', '=']), order.as_deref());
        // Only types of any size take it from their state.
        let is_sized = matches!(
            dtype.text.trim_start_matches(['<', '>', '|']).chars().next(),
            Some('S' | 'U' | 'V' | 'a')
        );
        dtype.item_size = match state.get(5) {
            Some(Value::Int(size)) if is_sized => u64::try_from(*size).ok(),
            Some(Value::Int(_)) | None => dtype.item_size,
            Some(_) => None,
        };
        if let (Some(Value::Tuple(names)), Some(Value::Dict(fields))) = (state.get(3), state.get(4)) {
            let fields = items.dict(*fields).unwrap_or(&[]);
            self.fields(&mut dtype, items.get(*names), fields, items, texts);
        } else if let Some(Value::Tuple(subtype)) = state.get(2)
            && let [Value::Dtype(base), shape] = items.get(*subtype)
        {
            let base = self.of(*base).cloned().unwrap_or_default();
            let shape = shape_of(*shape, items).unwrap_or_default();
            dtype.text = format!("{}{shape:?}", base.text);
            dtype.has_object = base.has_object;
            dtype.order = base.order;
        }
        // Whether an array holds objects, numpy asks this number and joblib asks numpy.
        let holds_objects = match state.get(FLAGS) {
            Some(Value::Int(flags)) => Some(flags & HOLDS_OBJECTS != 0),
            None => Some(dtype.has_object),
            Some(_) => None,
        };
        if holds_objects != Some(dtype.has_object) {
            (dtype.item_size, dtype.has_object) = (None, false);
        }
        // Types within types could grow without bound.
        dtype.text = short(&dtype.text, LONGEST);
        if let Some(index) = self.intern(dtype)
            && let Some(place) = self.instances.get_mut(instance as usize)
        {
            *place = index;
        }
    }

    fn fields(&self, dtype: &mut Dtype, names: &[Value], fields: &[Value], items: &Items, texts: &Texts) {
        for name in names.iter().take(MOST_FIELDS) {
            let Some(name) = word(*name, texts) else { continue };
            let field = fields.chunks_exact(2).find(|pair| word(pair[0], texts).as_deref() == Some(&name));
            let Some([_, Value::Tuple(field)]) = field else { continue };
            let [Value::Dtype(inner), Value::Int(offset), ..] = items.get(*field) else { continue };
            let inner = self.of(*inner).cloned().unwrap_or_default();
            dtype.has_object |= inner.has_object;
            dtype.order = dtype.order.or(inner.order);
            let text = short(&inner.text, LONGEST_FIELD);
            dtype.fields.push(FieldFact { name, dtype: text, offset: u64::try_from(*offset).unwrap_or(0) });
        }
        let words: Vec<_> =
            dtype.fields.iter().map(|field| format!("{} {}", field.name, field.dtype)).collect();
        dtype.text = format!("[{}]", words.join(", "));
    }

    /// What the records say about the producer's pointers.
    pub fn pointers(&self) -> Vec<PointerFact> {
        let mut facts = Vec::new();
        for dtype in &self.types {
            for (name, what) in POINTERS {
                let Some(field) = dtype.fields.iter().find(|field| field.name == *name) else { continue };
                facts.extend(pointer(&field.dtype, &format!("field {name} of {what} is {}", field.dtype)));
            }
        }
        facts
    }
}

/// What a type that is as wide as a pointer says.
pub(super) fn pointer(dtype: &str, evidence: &str) -> Option<PointerFact> {
    let (bits, byte_order) = match dtype {
        "<i8" => (64, ByteOrder::Little),
        "<i4" => (32, ByteOrder::Little),
        ">i8" => (64, ByteOrder::Big),
        ">i4" => (32, ByteOrder::Big),
        _ => return None,
    };
    Some(PointerFact { bits, byte_order, evidence: evidence.to_owned() })
}

/// A type without fields from its code, `f8`, and its byte order.
fn plain(code: &str, order: Option<&str>) -> Dtype {
    // Of anything but one letter and a number, numpy makes a type of several parts.
    let digits = code.trim_start_matches(['<', '>', '|', '=']).get(1..).unwrap_or_default();
    let count: Option<u64> = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let has_object = code.starts_with('O');
    let item_size = match code.chars().find(char::is_ascii_alphabetic) {
        Some('U') => count.and_then(|count| count.checked_mul(4)),
        Some('O') => Some(8),
        Some('b' | 'i' | 'u' | 'f' | 'c' | 'S' | 'V' | 'M' | 'm' | 'a') => count,
        _ => None,
    };
    let order = match order {
        Some("<") => Some(ByteOrder::Little),
        Some(">") => Some(ByteOrder::Big),
        _ => None,
    };
    let sign = match order {
        Some(ByteOrder::Little) => "<",
        Some(ByteOrder::Big) => ">",
        None => "|",
    };
    let text = if has_object { "|O".to_owned() } else { format!("{sign}{code}") };
    Dtype { text, item_size, has_object, order, fields: Vec::new() }
}

/// At most so many bytes of a text.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rfind(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}...", &text[..end])
}

/// A text as a word; none where it is no text or no longer held.
pub(super) fn word(value: Value, texts: &Texts) -> Option<String> {
    match value {
        Value::Text(text) => texts.get(text).map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

/// A shape: a tuple of sizes, or one size.
pub(super) fn shape_of(value: Value, items: &Items) -> Option<Vec<u64>> {
    let size = |value: &Value| match value {
        Value::Int(size) => u64::try_from(*size).ok(),
        _ => None,
    };
    match value {
        // numpy has at most 64 dimensions.
        Value::Tuple(span) if span.len() <= 64 => items.get(span).iter().map(size).collect(),
        Value::Int(_) => size(&value).map(|size| vec![size]),
        _ => None,
    }
}
