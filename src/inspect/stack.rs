//! The stack of a pickle with its marks, of bounded size.

use super::value::Value;

/// Values that the stack holds at most; more are counted only.
const DEEPEST: usize = 1 << 18;
/// Marks that may be open at once.
const MOST_MARKS: usize = 1 << 16;

/// The stack with its marks.
#[derive(Clone)]
pub(super) struct Stack {
    pub values: Vec<Value>,
    /// How many lie above what is held.
    above: u64,
    marks: Vec<u64>,
}

/// The stack does not hold what an opcode takes.
#[derive(Debug)]
pub(super) enum StackError {
    Empty,
    NoMark,
    TooManyMarks,
}

impl Stack {
    pub fn new() -> Self {
        Self { values: Vec::new(), above: 0, marks: Vec::new() }
    }

    fn depth(&self) -> u64 {
        self.values.len() as u64 + self.above
    }

    /// Below this an opcode must not reach.
    fn fence(&self) -> u64 {
        self.marks.last().copied().unwrap_or(0)
    }

    #[inline]
    pub fn push(&mut self, value: Value) {
        if self.values.len() < DEEPEST {
            self.values.push(value);
        } else {
            self.above += 1;
        }
    }

    #[inline]
    pub fn pop(&mut self) -> Result<Value, StackError> {
        if self.depth() <= self.fence() {
            return Err(StackError::Empty);
        }
        if self.above > 0 {
            self.above -= 1;
            return Ok(Value::Opaque);
        }
        self.values.pop().ok_or(StackError::Empty)
    }

    #[inline]
    pub fn top(&self) -> Result<Value, StackError> {
        if self.depth() <= self.fence() {
            return Err(StackError::Empty);
        }
        if self.above > 0 {
            return Ok(Value::Opaque);
        }
        self.values.last().copied().ok_or(StackError::Empty)
    }

    /// Replaces the uppermost value.
    pub fn set_top(&mut self, value: Value) {
        if self.above == 0
            && let Some(top) = self.values.last_mut()
        {
            *top = value;
        }
    }

    pub fn mark(&mut self) -> Result<(), StackError> {
        if self.marks.len() >= MOST_MARKS {
            return Err(StackError::TooManyMarks);
        }
        self.marks.push(self.depth());
        Ok(())
    }

    /// Where the values above the last mark begin in `values`; the mark is gone, the values are still there until
    /// `truncate`.
    pub fn down_to_mark(&mut self) -> Result<usize, StackError> {
        let mark = self.marks.pop().ok_or(StackError::NoMark)?;
        let start = usize::try_from(mark).unwrap_or(usize::MAX);
        // Values that are counted only lie above those that are held.
        if start <= self.values.len() {
            self.above = 0;
            Ok(start)
        } else {
            self.above = mark - self.values.len() as u64;
            Ok(self.values.len())
        }
    }

    /// Whether the uppermost value is held and not only counted.
    pub fn is_held(&self) -> bool {
        self.above == 0
    }

    /// Takes away what `down_to_mark` pointed to.
    pub fn clear_above(&mut self, start: usize) {
        self.values.truncate(start);
    }

    /// Whether `POP` would take a mark away.
    pub fn at_mark(&self) -> bool {
        self.marks.last() == Some(&self.depth())
    }

    pub fn pop_mark(&mut self) {
        self.marks.pop();
    }
}
