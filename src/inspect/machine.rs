//! Reads one pickle opcode by opcode, as Python's unpickler would, but only with names and small values: nothing is
//! imported, called or built.

use super::facts::Collector;
use super::input::{Input, Stop, stop};
use super::items::Items;
use super::memo::{Memo, MemoError};
use super::roles::Role;
use super::stack::{Stack, StackError};
use super::value::{Span, Texts, Value};
use crate::vocab::ProblemKind;

/// The highest protocol there is.
const HIGHEST_PROTOCOL: u8 = 5;

/// One pickle being read.
pub(super) struct Machine<'m, 'i> {
    pub input: &'m mut Input<'i>,
    pub facts: &'m mut Collector,
    /// Whether joblib's arrays may stand between the opcodes: not in the pickles that it nests.
    pub outermost: bool,
    pub stack: Stack,
    pub texts: Texts,
    pub items: Items,
    pub memo: Memo,
    /// Whether something was put into a dictionary that may be one of those that are held.
    pub lost: bool,
    /// Offset of the current opcode.
    pub offset: u64,
    /// Whether frames are followed strictly, as the unpickler in Python does, so that there is nothing to dispute.
    pub is_strict: bool,
    /// Where the current frame ends; 0 where there was none.
    pub frame_end: u64,
    /// The current opcode, and the length that it names of what it pushes.
    pub opcode: u8,
    pub claimed: u64,
    protocol: Option<u8>,
    binary: bool,
}

/// How a pickle was read.
pub(super) struct Read {
    /// Its protocol; the declared one, or 0 or 1 by its opcodes.
    pub protocol: u8,
    /// Whether it declares a protocol, so that it is a pickle for sure.
    pub declared: bool,
    /// Why reading stopped before the end; none where `STOP` was reached.
    pub stopped: Option<Stop>,
}

impl<'m, 'i> Machine<'m, 'i> {
    pub fn new(input: &'m mut Input<'i>, facts: &'m mut Collector, outermost: bool) -> Self {
        let offset = input.offset();
        Self {
            input,
            facts,
            outermost,
            stack: Stack::new(),
            texts: Texts::new(),
            items: Items::new(),
            memo: Memo::new(),
            lost: false,
            offset,
            is_strict: false,
            frame_end: 0,
            opcode: 0,
            claimed: 0,
            protocol: None,
            binary: false,
        }
    }

    /// Reads up to `STOP`, or as far as it goes.
    pub fn read(mut self) -> Read {
        let stopped = loop {
            self.offset = self.input.offset();
            let frame_end = self.frame_end;
            let step = self.step();
            if self.offset < frame_end
                && let Err(stopped) = self.leaves_frame(frame_end, &step)
            {
                break Some(stopped);
            }
            match step {
                Ok(true) => {}
                Ok(false) => break None,
                Err(stopped) => break Some(stopped),
            }
        };
        let protocol = self.protocol.unwrap_or(u8::from(self.binary));
        self.facts.pickle.pickles += 1;
        self.facts.pickle.protocols.insert(protocol);
        Read { protocol, declared: self.protocol.is_some(), stopped }
    }

    pub fn malformed(&self, what: impl Into<String>) -> Stop {
        stop(ProblemKind::Malformed, self.offset, what)
    }

    fn underflow(&self, error: StackError) -> Stop {
        match error {
            StackError::Empty => self.malformed("an opcode takes a value and there is none"),
            StackError::NoMark => self.malformed("an opcode goes back to a mark and there is none"),
            StackError::TooManyMarks => {
                stop(ProblemKind::Limit, self.offset, "nested deeper than 65536 marks; not read further")
            }
        }
    }

    pub fn pop(&mut self) -> Result<Value, Stop> {
        self.stack.pop().map_err(|error| self.underflow(error))
    }

    pub fn top(&self) -> Result<Value, Stop> {
        self.stack.top().map_err(|error| self.underflow(error))
    }

    /// Takes everything above the last mark off the stack, after `use_` has seen it.
    fn above_mark<T>(&mut self, use_: impl FnOnce(&mut Self, usize) -> T) -> Result<T, Stop> {
        let start = self.stack.down_to_mark().map_err(|error| self.underflow(error))?;
        let count = self.stack.values.len() - start;
        if self.items.wants_room(2 * count) {
            self.items.collect(&mut self.stack.values, &mut self.memo);
        }
        let result = use_(self, start);
        self.stack.clear_above(start);
        Ok(result)
    }

    fn tuple(&mut self, count: usize) -> Result<(), Stop> {
        if self.items.wants_room(count) {
            self.items.collect(&mut self.stack.values, &mut self.memo);
        }
        let mut values = [Value::Opaque; 3];
        for value in values[..count].iter_mut().rev() {
            *value = self.pop()?;
        }
        let span = self.items.hold(&values[..count]);
        self.stack.push(span.map_or(Value::Opaque, Value::Tuple));
        Ok(())
    }

    fn set_items(&mut self) -> Result<(), Stop> {
        self.above_mark(|machine, start| {
            let Some(below) = start.checked_sub(1).filter(|_| machine.stack.is_held()) else { return };
            match machine.stack.values[below] {
                Value::Dict(index) => machine.items.extend(index, &machine.stack.values[start..]),
                Value::Forgotten => machine.lost = true,
                _ => {}
            }
        })?;
        self.filled().map(|_| ())
    }

    /// What gets items. Something that is imported is changed for the whole process.
    fn filled(&mut self) -> Result<Value, Stop> {
        let value = self.top()?;
        if let Value::Global(global) = value {
            self.facts.changed(global, "(items are put into it)", self.offset);
        }
        Ok(value)
    }

    pub fn line(&mut self) -> Result<Vec<u8>, Stop> {
        self.input.line("inside a line").map(|(line, _)| line)
    }

    fn index(&mut self) -> Result<u64, Stop> {
        let number = self.number()?;
        number
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| self.malformed("an index of the memo is not a number"))
    }

    fn put(&mut self, index: u64) -> Result<(), Stop> {
        let value = self.top()?;
        self.memo.put(index, value);
        Ok(())
    }

    fn get(&mut self, index: u64) -> Result<(), Stop> {
        let value = self.memo.get(index, &mut self.texts).map_err(|error| self.not_in_memo(error))?;
        self.not_twice(value)?;
        self.stack.push(value);
        Ok(())
    }

    fn not_in_memo(&self, error: MemoError) -> Stop {
        match error {
            MemoError::Unset => self.malformed("an entry of the memo is taken and nothing was put there"),
            MemoError::Disordered => stop(
                ProblemKind::Limit,
                self.offset,
                "entries of the memo are out of order; not read further",
            ),
        }
    }

    /// Does one opcode; whether there are more.
    fn step(&mut self) -> Result<bool, Stop> {
        let opcode = self.input.byte("before STOP")?;
        self.opcode = opcode;
        self.facts.pickle.opcodes += 1;
        if self.facts.pickle.opcodes > self.facts.most_opcodes {
            let what = "more opcodes than a file of this size may decompress to; not read further";
            return Err(stop(ProblemKind::Limit, self.offset, what));
        }
        self.binary |= !matches!(
            opcode,
            b'(' | b'.'
                | b'0'
                | b'2'
                | b'F'
                | b'I'
                | b'L'
                | b'N'
                | b'P'
                | b'R'
                | b'S'
                | b'V'
                | b'a'
                | b'b'
                | b'c'
                | b'd'
                | b'g'
                | b'i'
                | b'l'
                | b'p'
                | b's'
                | b't'
        );
        match opcode {
            b'(' => self.stack.mark().map_err(|error| self.underflow(error))?,
            b'.' => {
                self.pop()?;
                return Ok(false);
            }
            b'0' if self.stack.at_mark() => self.stack.pop_mark(),
            b'0' => {
                self.pop()?;
            }
            b'1' => self.above_mark(|_, _| ())?,
            b'2' => {
                let value = self.top()?;
                self.not_twice(value)?;
                self.stack.push(value);
            }
            // Numbers, texts and bytes.
            b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | b'G' | 0x8a | 0x8b | b'I' | b'L' | b'F' | 0x8c
            | b'X' | 0x8d | b'U' | b'T' | b'S' | b'V' | b'C' | b'B' | 0x8e | 0x96 => self.literal(opcode)?,
            0x97 => {
                self.facts.pickle.out_of_band_buffers += 1;
                self.stack.push(Value::Opaque);
            }
            0x98 => {
                self.top()?;
            }
            // Containers.
            b')' => self.stack.push(Value::Tuple(Span::EMPTY)),
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let span =
                    self.above_mark(|machine, start| machine.items.hold(&machine.stack.values[start..]))?;
                self.stack.push(span.map_or(Value::Opaque, Value::Tuple));
            }
            b']' => self.stack.push(Value::List),
            b'l' => {
                self.above_mark(|_, _| ())?;
                self.stack.push(Value::List);
            }
            b'a' => {
                self.pop()?;
                self.filled()?;
            }
            b'e' | 0x90 => {
                self.above_mark(|_, _| ())?;
                self.filled()?;
            }
            b'}' => {
                if self.items.wants_room(0) {
                    self.items.collect(&mut self.stack.values, &mut self.memo);
                }
                let dict = self.items.new_dict(&[]);
                self.stack.push(dict);
            }
            b'd' => {
                let dict =
                    self.above_mark(|machine, start| machine.items.new_dict(&machine.stack.values[start..]))?;
                self.stack.push(dict);
            }
            b's' => {
                if self.items.wants_room(super::items::MOST_ITEMS_OF_ONE) {
                    self.items.collect(&mut self.stack.values, &mut self.memo);
                }
                let (value, key) = (self.pop()?, self.pop()?);
                match self.filled()? {
                    Value::Dict(index) => self.items.extend(index, &[key, value]),
                    Value::Forgotten => self.lost = true,
                    _ => {}
                }
            }
            b'u' => self.set_items()?,
            0x8f => self.stack.push(Value::Set),
            0x91 => {
                self.above_mark(|_, _| ())?;
                self.stack.push(Value::Set);
            }
            // The memo.
            0x94 => {
                let value = self.top()?;
                self.memo.memoize(value).map_err(|error| self.not_in_memo(error))?;
            }
            b'q' => {
                let index = self.input.byte("inside an index")?;
                self.put(index.into())?;
            }
            b'r' => {
                let index = self.input.u32("inside an index")?;
                self.put(index.into())?;
            }
            b'p' => {
                let index = self.index()?;
                self.put(index)?;
            }
            b'h' => {
                let index = self.input.byte("inside an index")?;
                self.get(index.into())?;
            }
            b'j' => {
                let index = self.input.u32("inside an index")?;
                self.get(index.into())?;
            }
            b'g' => {
                let index = self.index()?;
                self.get(index)?;
            }
            // Imports and calls.
            b'c' => self.import_lines()?,
            0x93 => self.stack_global()?,
            b'R' => {
                let (arguments, callable) = (self.pop()?, self.pop()?);
                self.call(callable, arguments)?;
            }
            0x81 => {
                let (arguments, class) = (self.pop()?, self.pop()?);
                self.new_object(class, arguments);
            }
            0x92 => {
                let named = self.pop()?;
                self.named_arguments(named);
                let (arguments, class) = (self.pop()?, self.pop()?);
                self.new_object(class, arguments);
            }
            b'i' => {
                self.import_lines()?;
                let class = self.pop()?;
                let arguments =
                    self.above_mark(|machine, start| machine.items.hold(&machine.stack.values[start..]))?;
                self.call(class, arguments.map_or(Value::Opaque, Value::Tuple))?;
            }
            b'o' => {
                let (class, arguments) = self.above_mark(|machine, start| {
                    let class = machine.stack.values.get(start).copied();
                    let arguments = machine.stack.values.get(start + 1..).unwrap_or_default();
                    (class.unwrap_or(Value::Opaque), machine.items.hold(arguments))
                })?;
                self.call(class, arguments.map_or(Value::Opaque, Value::Tuple))?;
            }
            b'b' => {
                let state = self.pop()?;
                self.build(state)?;
            }
            0x82 => self.extension(1)?,
            0x83 => self.extension(2)?,
            0x84 => self.extension(4)?,
            b'P' => {
                self.line()?;
                self.persistent();
            }
            b'Q' => {
                self.pop()?;
                self.persistent();
            }
            // Framing.
            0x80 => {
                let protocol = self.input.byte("inside the protocol")?;
                if protocol > HIGHEST_PROTOCOL {
                    return Err(self.malformed(format!("protocol {protocol} is unknown")));
                }
                self.protocol = Some(protocol);
            }
            0x95 => self.frame()?,
            other => {
                return Err(self.malformed(format!("0x{other:02x} is not a pickle opcode")));
            }
        }
        Ok(true)
    }

    fn extension(&mut self, width: usize) -> Result<(), Stop> {
        self.input.take(width, "inside an extension code")?;
        self.facts.pickle.extension_codes += 1;
        self.stack.push(Value::Opaque);
        Ok(())
    }

    fn persistent(&mut self) {
        self.facts.pickle.persistent_ids += 1;
        self.stack.push(Value::Opaque);
    }

    /// Whether a value is the wrapper behind whose state joblib puts the bytes of an array.
    pub fn is_wrapper(&self, value: Value) -> bool {
        self.role_of(value) == Role::Wrapper
    }

    /// The role of a global that a value is or was made by.
    pub fn role_of(&self, value: Value) -> Role {
        match value {
            Value::Global(global) | Value::Made(global) => self.facts.role(global),
            _ => Role::Ordinary,
        }
    }
}
