//! Numbers and texts as pickles spell them.

use super::value::Value;

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

/// The text of an escaped line. Names in artifacts hardly ever need more than this; what is not understood stays as it
/// is written.
pub(super) fn unescaped(line: &[u8], string: bool) -> Vec<u8> {
    if !line.contains(&b'\\') && line.is_ascii() {
        return line.to_vec();
    }
    let text: String = line.iter().map(|byte| char::from(*byte)).collect();
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let width = match rest.chars().next() {
            Some('u') if !string => 4,
            Some('U') if !string => 8,
            Some('x') if string => 2,
            Some(quote @ ('\\' | '\'' | '"')) if string => {
                out.push(quote);
                rest = &rest[1..];
                continue;
            }
            _ => {
                out.push('\\');
                continue;
            }
        };
        let code = rest.get(1..=width).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(c) => {
                out.push(c);
                rest = &rest[1 + width..];
            }
            None => out.push('\\'),
        }
    }
    out.push_str(rest);
    out.into_bytes()
}
