//! The keys of states while they are counted.

use std::collections::HashMap;

use super::value::Value;
use crate::vocab::AttributeFact;

/// The keys of the states of one class, in order of appearance: instances of one class have the same keys in the same
/// order, so that the next one is nearly always found at once.
#[derive(Clone, Default)]
pub(super) struct Attributes {
    pub all: Vec<Attribute>,
    pub by_name: HashMap<Box<[u8]>, usize>,
    /// Index of the key that would come next.
    pub next: usize,
}

impl Attributes {
    pub fn find(&self, name: &[u8]) -> Option<usize> {
        let is_next = |index: &usize| self.all.get(*index).is_some_and(|attribute| *attribute.name == *name);
        [self.next, 0].into_iter().find(is_next).or_else(|| self.by_name.get(name).copied())
    }
}

/// One key of the states of a class.
#[derive(Clone)]
pub(super) struct Attribute {
    pub name: Box<[u8]>,
    pub fact: AttributeFact,
    /// The value that was looked at last.
    pub last: Option<Value>,
}

/// Where an attribute is kept.
#[derive(Clone, Copy)]
pub(super) struct AttributePlace {
    pub class: u32,
    pub index: usize,
}
