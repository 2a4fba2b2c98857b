//! The items of tuples and dictionaries, in an arena of bounded size.

use std::collections::HashMap;

use super::memo::Memo;
use super::value::{Span, Value};

/// Items of tuples and dictionaries that are held at most.
const MOST_ITEMS: usize = 1 << 18;
/// Items of one tuple or dictionary that are held at most.
pub(super) const MOST_ITEMS_OF_ONE: usize = 1 << 12;

/// Dictionaries that are told apart at most.
const MOST_DICTS: usize = 1 << 18;

/// Bounded memory for the items of tuples and dictionaries.
#[derive(Clone)]
pub(super) struct Items {
    items: Vec<Value>,
    /// Keys and values of each dictionary in turn; none where it became too large.
    dicts: Vec<Option<Span>>,
}

impl Items {
    pub fn new() -> Self {
        Self { items: Vec::new(), dicts: Vec::new() }
    }

    /// Keys and values of a dictionary in turn; none where they are not held.
    pub fn dict(&self, index: u32) -> Option<&[Value]> {
        self.dicts.get(index as usize).copied().flatten().map(|span| self.get(span))
    }

    /// A dictionary with these keys and values.
    pub fn new_dict(&mut self, items: &[Value]) -> Value {
        if self.dicts.len() >= MOST_DICTS {
            return Value::Opaque;
        }
        let span = self.hold(items);
        self.dicts.push(span);
        Value::Dict(self.dicts.len() as u32 - 1)
    }

    pub fn get(&self, span: Span) -> &[Value] {
        let start = span.start as usize;
        self.items.get(start..start + span.len()).unwrap_or(&[])
    }

    /// Whether `collect` should be called before the next items are held.
    pub fn wants_room(&self, more: usize) -> bool {
        self.items.len() + more > MOST_ITEMS || self.dicts.len() >= MOST_DICTS
    }

    /// Holds items as one container; none where it is too large.
    pub fn hold(&mut self, items: &[Value]) -> Option<Span> {
        if items.is_empty() {
            return Some(Span::EMPTY);
        }
        if items.len() > MOST_ITEMS_OF_ONE || self.wants_room(items.len()) {
            return None;
        }
        let start = self.items.len() as u32;
        self.items.extend_from_slice(items);
        Some(Span { start, length: items.len() as u32 })
    }

    /// Adds items to a dictionary; of one that becomes too large nothing is known any more.
    pub fn extend(&mut self, index: u32, items: &[Value]) {
        let Some(Some(span)) = self.dicts.get(index as usize).copied() else { return };
        let total = span.len() + items.len();
        let fits = total <= MOST_ITEMS_OF_ONE && self.items.len() + total <= MOST_ITEMS;
        self.dicts[index as usize] = fits.then(|| {
            let (mut start, end) = (span.start as usize, (span.start + span.length) as usize);
            if end != self.items.len() || span.length == 0 {
                start = self.items.len();
                self.items.extend_from_within(span.start as usize..end);
            }
            self.items.extend_from_slice(items);
            Span { start: start as u32, length: total as u32 }
        });
    }

    /// Keeps only what the stack reaches, and what of it lies in the memo is forgotten. Without recursion: what was
    /// copied is looked through in the order of copying.
    pub fn collect(&mut self, stack: &mut [Value], memo: &mut Memo) {
        let mut kept = Kept { from: self, spans: HashMap::new(), dicts: HashMap::new(), items: Items::new() };
        for value in stack.iter_mut() {
            kept.forward(value);
            // Overlapping containers could make more of the arena than it was.
            if kept.items.items.len() > MOST_ITEMS {
                break;
            }
        }
        let mut at = 0;
        while at < kept.items.items.len() && kept.items.items.len() <= MOST_ITEMS {
            let mut value = kept.items.items[at];
            kept.forward(&mut value);
            kept.items.items[at] = value;
            at += 1;
        }
        let mut items = kept.items;
        if items.items.len() > MOST_ITEMS / 2 || items.dicts.len() > MOST_DICTS / 2 {
            // Almost everything is alive: a structure that facts do not need. Forget it all.
            for value in stack.iter_mut() {
                if matches!(value, Value::Tuple(_) | Value::Dict(_)) {
                    *value = Value::Opaque;
                }
            }
            items = Self::new();
        }
        *self = items;
        memo.forget_containers();
    }
}

/// What survives a collection.
struct Kept<'i> {
    from: &'i Items,
    /// Where the items of a place went.
    spans: HashMap<(u32, u32), u32>,
    dicts: HashMap<u32, u32>,
    items: Items,
}

impl Kept<'_> {
    fn span(&mut self, span: Span) -> Span {
        if span.length == 0 {
            return span;
        }
        let (from, items) = (self.from, &mut self.items.items);
        let start = *self.spans.entry((span.start, span.length)).or_insert_with(|| {
            items.extend_from_slice(from.get(span));
            items.len() as u32 - span.length
        });
        Span { start, ..span }
    }

    fn forward(&mut self, value: &mut Value) {
        match value {
            Value::Tuple(span) => *span = self.span(*span),
            Value::Dict(index) => {
                *index = match self.dicts.get(index) {
                    Some(index) => *index,
                    None => {
                        let new = self.items.dicts.len() as u32;
                        self.dicts.insert(*index, new);
                        let span = self.from.dicts.get(*index as usize).copied().flatten();
                        let span = span.map(|span| self.span(span));
                        self.items.dicts.push(span);
                        new
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Texts;
    use super::*;

    #[test]
    fn what_the_stack_reaches_survives_a_collection() {
        let mut items = Items::new();
        let mut memo = Memo::new();
        let inner = items.hold(&[Value::Int(1), Value::Int(2)]).unwrap();
        let outer = items.hold(&[Value::Tuple(inner), Value::Tuple(inner), Value::None]).unwrap();
        items.hold(&[Value::Int(9); 100]).unwrap();
        let (_, dict) = (items.new_dict(&[]), items.new_dict(&[Value::Int(1), Value::Tuple(inner)]));
        let mut stack = [Value::Tuple(outer), dict, dict];
        memo.put(0, dict);
        items.collect(&mut stack, &mut memo);
        assert_eq!((items.items.len(), items.dicts.len()), (7, 1));
        let Value::Tuple(outer) = stack[0] else { panic!() };
        let Value::Tuple(inner) = items.get(outer)[1] else { panic!() };
        assert_eq!(items.get(inner), [Value::Int(1), Value::Int(2)]);
        assert_eq!(stack[1..], [Value::Dict(0), Value::Dict(0)]);
        assert_eq!(items.dict(0), Some([Value::Int(1), Value::Tuple(inner)].as_slice()));
        assert_eq!(memo.get(0, &mut Texts::new()), Ok(Value::Forgotten));
    }

    #[test]
    fn one_dictionary_has_many_names() {
        let mut items = Items::new();
        let Value::Dict(index) = items.new_dict(&[]) else { panic!() };
        items.hold(&[Value::None]).unwrap();
        items.extend(index, &[Value::Int(1), Value::Int(2)]);
        assert_eq!(items.dict(index).map(<[Value]>::len), Some(2));
        items.extend(index, &vec![Value::None; MOST_ITEMS_OF_ONE]);
        assert_eq!(items.dict(index), None);
        items.extend(index, &[Value::None, Value::None]);
        assert_eq!(items.dict(index), None);
    }
}
