//! Numbers and texts as pickles spell them.

use super::input::{Stop, stop};
use super::machine::Machine;
use super::value::Value;
use crate::vocab::ProblemKind;

impl Machine<'_, '_> {
    /// An opcode that pushes a number, a text or bytes, which follow it.
    pub fn literal(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
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
                self.claimed = length.into();
                let bytes = self.input.take(length.into(), "inside a number")?;
                let value = small_long(bytes);
                self.stack.push(value);
            }
            0x8b => {
                let length = self.input.u32("inside a number")? as i32;
                self.claimed = self.length(length)?;
                self.input.skip(self.claimed, "inside a number")?;
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
            0x8c => {
                let length = self.input.byte("inside a text")?.into();
                let value = self.text(length, true)?;
                self.stack.push(value);
            }
            b'X' => {
                let length = self.input.u32("inside a text")?;
                let value = self.text(length.into(), true)?;
                self.stack.push(value);
            }
            0x8d => {
                let length = self.input.u64("inside a text")?;
                let value = self.text(length, true)?;
                self.stack.push(value);
            }
            b'U' => {
                self.python2_text();
                let length = self.input.byte("inside a text")?.into();
                let value = self.text(length, false)?;
                self.stack.push(value);
            }
            b'T' => {
                self.python2_text();
                let length = self.input.u32("inside a text")? as i32;
                let length = self.length(length)?;
                let value = self.text(length, false)?;
                self.stack.push(value);
            }
            b'S' => {
                self.python2_text();
                let line = self.line()?;
                let inner = line.get(1..line.len().saturating_sub(1)).unwrap_or_default();
                let value = self.texts.hold(&string_unescaped(inner));
                self.stack.push(value);
            }
            b'V' => {
                let line = self.line()?;
                let value = self.texts.hold(&unicode_unescaped(&line));
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
            other => return Err(self.malformed(format!("0x{other:02x} carries no value"))),
        }
        Ok(())
    }

    fn length(&self, bytes: i32) -> Result<u64, Stop> {
        u64::try_from(bytes).map_err(|_| self.malformed("a text has a negative length"))
    }

    /// Reads a text of so many bytes.
    fn text(&mut self, length: u64, is_unicode: bool) -> Result<Value, Stop> {
        const WHAT: &str = "inside a text";
        self.claimed = length;
        if length <= super::value::LONGEST_TEXT as u64 {
            let offset = self.offset;
            let bytes = self.input.take(length as usize, WHAT)?;
            if is_unicode && !is_utf8(bytes) {
                return Err(stop(ProblemKind::Malformed, offset, "a text is not UTF-8"));
            }
            return Ok(self.texts.hold(bytes));
        }
        self.input.skip(length, WHAT)?;
        Ok(Value::Opaque)
    }

    fn bytes(&mut self, length: u64) -> Result<(), Stop> {
        self.claimed = length;
        self.input.skip(length, "inside bytes")?;
        self.stack.push(Value::Bytes(length));
        Ok(())
    }

    pub fn number(&mut self) -> Result<Option<i64>, Stop> {
        let line = self.line()?;
        let text = String::from_utf8_lossy(&line);
        Ok(text.trim().trim_end_matches('L').parse().ok())
    }

    fn python2_text(&mut self) {
        self.facts.python2("byte strings as text (opcodes STRING, BINSTRING), which Python 3 never writes");
    }
}

/// A little-endian integer of any length; larger ones than 64 bits are not held.
pub(super) fn small_long(bytes: &[u8]) -> Value {
    if bytes.len() > 8 {
        return Value::Opaque;
    }
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [sign; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(wide))
}

/// Whether bytes are UTF-8 as Python reads it in pickles, where a half of a pair may stand alone.
fn is_utf8(bytes: &[u8]) -> bool {
    const FIRST_OF_HALVES: u8 = 0xed;
    std::str::from_utf8(bytes).is_ok() || bytes.contains(&FIRST_OF_HALVES)
}

/// The text of a line as `codecs.escape_decode` reads it, in UTF-8. A mistake, at which Python stops, stays as it is.
fn string_unescaped(line: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, mut after)) = rest.split_first() {
        let mut code = *byte;
        if *byte == b'\\'
            && let Some((escape, behind)) = after.split_first()
        {
            let digits = |most: usize, is_digit: fn(&u8) -> bool, bytes: &[u8]| {
                bytes.iter().take(most).take_while(|byte| is_digit(byte)).count()
            };
            let (value, used) = match escape {
                b'\\' | b'\'' | b'"' => (Some(*escape), 1),
                b'a' => (Some(7), 1),
                b'b' => (Some(8), 1),
                b'f' => (Some(12), 1),
                b'n' => (Some(b'\n'), 1),
                b'r' => (Some(b'\r'), 1),
                b't' => (Some(b'\t'), 1),
                b'v' => (Some(11), 1),
                b'0'..=b'7' => {
                    let count = digits(3, |byte| matches!(byte, b'0'..=b'7'), after);
                    let value =
                        after[..count].iter().fold(0u16, |sum, digit| sum * 8 + u16::from(digit - b'0'));
                    (Some(value as u8), count)
                }
                b'x' if digits(2, u8::is_ascii_hexdigit, behind) == 2 => (number(&behind[..2], 16), 3),
                _ => (None, 0),
            };
            code = value.unwrap_or(code);
            after = &after[used..];
        }
        out.push(char::from(code));
        rest = after;
    }
    out.into_bytes()
}

/// The text of a line as the codec `raw-unicode-escape` reads it, in UTF-8. A mistake stays as it is.
fn unicode_unescaped(line: &[u8]) -> Vec<u8> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        let width = match (byte, after.first()) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            // A backslash behind a backslash begins nothing.
            (b'\\', Some(next)) => {
                out.extend(['\\', char::from(*next)]);
                rest = &after[1..];
                continue;
            }
            _ => 0,
        };
        let code = after.get(1..=width).filter(|_| width > 0).and_then(|digits| number::<u32>(digits, 16));
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &after[1 + width..];
            }
            None => out.push(char::from(*byte)),
        }
    }
    out.into_bytes()
}

/// Digits as a number.
fn number<N: TryFrom<u32>>(digits: &[u8], base: u32) -> Option<N> {
    let text =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    N::try_from(u32::from_str_radix(text, base).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_python() {
        for (line, text) in [
            (r"\157s", "os"),
            (r"\x6fs\\\'\q\7\n", "os\\'\\q\u{7}\n"),
            (r"\777\x4", "\u{ff}\\x4"),
            ("\u{e9}", "\u{c3}\u{a9}"),
            (r"end\", "end\\"),
        ] {
            assert_eq!(String::from_utf8(string_unescaped(line.as_bytes())).unwrap(), text, "{line}");
        }
        for (line, text) in [
            (r"\u006fs", "os"),
            (r"\U0000006fs\n", "os\\n"),
            (r"\\u006f", r"\\u006f"),
            (r"\\\u006f", r"\\o"),
            (r"\u+06f", r"\u+06f"),
            (r"\u00", r"\u00"),
        ] {
            assert_eq!(String::from_utf8(unicode_unescaped(line.as_bytes())).unwrap(), text, "{line}");
        }
    }
}
