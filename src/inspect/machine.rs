//! Reads one pickle opcode by opcode, as Python's unpickler would, but only with names and small values: nothing is
//! imported, called or built.

use super::facts::{Collector, Role};
use super::input::{Input, Stop, stop};
use super::items::Items;
use super::literals::{small_long, unescaped};
use super::memo::Memo;
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
            protocol: None,
            binary: false,
        }
    }

    /// Reads up to `STOP`, or as far as it goes.
    pub fn read(mut self) -> Read {
        let stopped = loop {
            self.offset = self.input.offset();
            match self.step() {
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
        self.top().map(|_| ())
    }

    fn length(&self, bytes: i32) -> Result<u64, Stop> {
        u64::try_from(bytes).map_err(|_| self.malformed("a text has a negative length"))
    }

    /// Reads a text of so many bytes.
    fn text(&mut self, length: u64) -> Result<Value, Stop> {
        const WHAT: &str = "inside a text";
        if length <= super::value::LONGEST_TEXT as u64 {
            let bytes = self.input.take(length as usize, WHAT)?;
            return Ok(self.texts.hold(bytes));
        }
        self.input.skip(length, WHAT)?;
        Ok(Value::Opaque)
    }

    fn bytes(&mut self, length: u64) -> Result<(), Stop> {
        self.input.skip(length, "inside bytes")?;
        self.stack.push(Value::Bytes(length));
        Ok(())
    }

    fn line(&mut self) -> Result<Vec<u8>, Stop> {
        self.input.line("inside a line").map(|(line, _)| line)
    }

    fn number(&mut self) -> Result<Option<i64>, Stop> {
        let line = self.line()?;
        let text = String::from_utf8_lossy(&line);
        Ok(text.trim().trim_end_matches('L').parse().ok())
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

    fn get(&mut self, index: u64) {
        let value = self.memo.get(index, &mut self.texts);
        self.stack.push(value);
    }

    fn python2_text(&mut self) {
        self.facts.python2("byte strings as text (opcodes STRING, BINSTRING), which Python 3 never writes");
    }

    /// Does one opcode; whether there are more.
    fn step(&mut self) -> Result<bool, Stop> {
        let opcode = self.input.byte("before STOP")?;
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
                self.stack.push(value);
            }
            // Numbers.
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Bool(true)),
            0x89 => self.stack.push(Value::Bool(false)),
            b'K' => {
                let byte = self.input.byte("inside a number")?;
                self.stack.push(Value::Int(byte.into()));
            }
            b'M' => {
                let number = self.input.u16("inside a number")?;
                self.stack.push(Value::Int(number.into()));
            }
            b'J' => {
                let number = self.input.u32("inside a number")?;
                self.stack.push(Value::Int((number as i32).into()));
            }
            b'G' => {
                let bits = self.input.u64("inside a number")?;
                self.stack.push(Value::Float(f64::from_bits(bits.swap_bytes())));
            }
            0x8a => {
                let length = self.input.byte("inside a number")?;
                let bytes = self.input.take(length.into(), "inside a number")?;
                let value = small_long(bytes);
                self.stack.push(value);
            }
            0x8b => {
                let length = self.input.u32("inside a number")? as i32;
                let length = self.length(length)?;
                self.input.skip(length, "inside a number")?;
                self.stack.push(Value::Opaque);
            }
            b'I' => {
                let line = self.line()?;
                let value = match line.as_slice() {
                    b"00" => Value::Bool(false),
                    b"01" => Value::Bool(true),
                    digits => std::str::from_utf8(digits)
                        .ok()
                        .and_then(|digits| digits.trim().parse().ok())
                        .map_or(Value::Opaque, Value::Int),
                };
                self.stack.push(value);
            }
            b'L' => {
                let number = self.number()?;
                self.stack.push(number.map_or(Value::Opaque, Value::Int));
            }
            b'F' => {
                let line = self.line()?;
                let number = std::str::from_utf8(&line).ok().and_then(|text| text.trim().parse().ok());
                self.stack.push(number.map_or(Value::Opaque, Value::Float));
            }
            // Texts and bytes.
            0x8c => {
                let length = self.input.byte("inside a text")?;
                let value = self.text(length.into())?;
                self.stack.push(value);
            }
            b'X' => {
                let length = self.input.u32("inside a text")?;
                let value = self.text(length.into())?;
                self.stack.push(value);
            }
            0x8d => {
                let length = self.input.u64("inside a text")?;
                let value = self.text(length)?;
                self.stack.push(value);
            }
            b'U' => {
                self.python2_text();
                let length = self.input.byte("inside a text")?;
                let value = self.text(length.into())?;
                self.stack.push(value);
            }
            b'T' => {
                self.python2_text();
                let length = self.input.u32("inside a text")? as i32;
                let length = self.length(length)?;
                let value = self.text(length)?;
                self.stack.push(value);
            }
            b'S' => {
                self.python2_text();
                let line = self.line()?;
                let line = line.trim_ascii();
                let inner = line.get(1..line.len().saturating_sub(1)).unwrap_or_default();
                let value = self.texts.hold(&unescaped(inner, true));
                self.stack.push(value);
            }
            b'V' => {
                let line = self.line()?;
                let value = self.texts.hold(&unescaped(&line, false));
                self.stack.push(value);
            }
            b'C' => {
                let length = self.input.byte("inside bytes")?;
                self.bytes(length.into())?;
            }
            b'B' => {
                let length = self.input.u32("inside bytes")?;
                self.bytes(length.into())?;
            }
            0x8e | 0x96 => {
                let length = self.input.u64("inside bytes")?;
                self.bytes(length)?;
            }
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
                self.top()?;
            }
            b'e' | 0x90 => {
                self.above_mark(|_, _| ())?;
                self.top()?;
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
                match self.top()? {
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
                self.memo.memoize(value);
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
                self.get(index.into());
            }
            b'j' => {
                let index = self.input.u32("inside an index")?;
                self.get(index.into());
            }
            b'g' => {
                let index = self.index()?;
                self.get(index);
            }
            // Imports and calls.
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.import(&module, &name);
            }
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
                self.pop()?;
                let (arguments, class) = (self.pop()?, self.pop()?);
                self.new_object(class, arguments);
            }
            b'i' => {
                let (module, name) = (self.line()?, self.line()?);
                self.import(&module, &name);
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
            0x95 => {
                self.input.take(8, "inside a frame's length")?;
            }
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

    /// The role of a global that a value is or was made by.
    pub fn role_of(&self, value: Value) -> Role {
        match value {
            Value::Global(global) | Value::Made(global) => self.facts.role(global),
            _ => Role::Ordinary,
        }
    }
}
