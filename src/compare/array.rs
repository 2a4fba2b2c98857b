//! The bytes of one output, checked against its encoding and shape before anything is read from them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::vocab::{Digest, Encoding, OutputRef};

use super::csr::Csr;
use super::damage::Damage;
use super::value::Value;

/// Bytes of outputs by digest.
pub type Blobs = HashMap<Digest, Arc<[u8]>>;

/// One output with its bytes. Lengths agree with encoding and shape.
#[derive(Clone, Copy)]
pub(super) struct Array<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) layout: Layout<'a>,
    pub(super) elements: usize,
}

/// How the elements of an [`Array`] lie in its bytes.
#[derive(Clone, Copy)]
pub(super) enum Layout<'a> {
    F32(&'a [[u8; 4]]),
    F64(&'a [[u8; 8]]),
    I64(&'a [[u8; 8]]),
    U64(&'a [[u8; 8]]),
    Bool(&'a [u8]),
    /// The bytes are read by [`Values`], which knows where it is.
    Text,
    Csr(Csr<'a>),
}

/// Number of elements of a shape; `None` where it does not fit.
pub(super) fn elements(shape: &[u64]) -> Option<u64> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |product, length| product.checked_mul(*length))
}

impl<'a> Array<'a> {
    /// Checks lengths and headers. Allocates nothing, so that no header can ask for memory.
    pub(super) fn new(output: &OutputRef, bytes: &'a [u8]) -> Result<Self, Damage> {
        let elements = elements(&output.shape)
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| Damage(format!("the shape {:?} has too many elements", output.shape)))?;
        let layout = match output.encoding {
            Encoding::F32 => Layout::F32(fixed(bytes, elements)?),
            Encoding::F64 => Layout::F64(fixed(bytes, elements)?),
            Encoding::I64 => Layout::I64(fixed(bytes, elements)?),
            Encoding::U64 => Layout::U64(fixed(bytes, elements)?),
            Encoding::Bool => {
                fixed::<1>(bytes, elements)?;
                if let Some(byte) = bytes.iter().find(|byte| **byte > 1) {
                    return Err(Damage(format!("the byte {byte} stands for no boolean")));
                }
                Layout::Bool(bytes)
            }
            Encoding::Text => {
                if bytes.len() / 4 < elements {
                    return Err(Damage(format!("{} bytes are too few for {elements} texts", bytes.len())));
                }
                Layout::Text
            }
            Encoding::Csr => Layout::Csr(Csr::new(bytes, &output.shape)?),
        };
        Ok(Self { bytes, layout, elements })
    }

    /// The elements in C order. Text is checked on the way: after the first damage the iterator ends.
    pub(super) fn values(&self) -> Values<'a> {
        Values { layout: self.layout, next: 0, rest: self.bytes, elements: self.elements, stored: 0 }
    }
}

fn fixed<const WIDTH: usize>(bytes: &[u8], elements: usize) -> Result<&[[u8; WIDTH]], Damage> {
    let (chunks, rest) = bytes.as_chunks();
    if chunks.len() == elements && rest.is_empty() {
        Ok(chunks)
    } else {
        let found = bytes.len();
        Err(Damage(format!("{found} bytes are not {elements} elements of {WIDTH}")))
    }
}

/// See [`Array::values`].
pub(super) struct Values<'a> {
    layout: Layout<'a>,
    next: usize,
    /// What is left of the bytes of a text array.
    rest: &'a [u8],
    elements: usize,
    /// The next of the stored values of a sparse array.
    stored: usize,
}

impl<'a> Iterator for Values<'a> {
    type Item = Result<Value<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next;
        if index >= self.elements {
            let surplus = matches!(self.layout, Layout::Text) && !self.rest.is_empty();
            return surplus.then(|| {
                let found = std::mem::take(&mut self.rest).len();
                Err(Damage(format!("{found} bytes follow the last text")))
            });
        }
        self.next += 1;
        Some(Ok(match self.layout {
            Layout::F32(chunks) => Value::Float(f32::from_le_bytes(chunks[index]).into()),
            Layout::F64(chunks) => Value::Float(f64::from_le_bytes(chunks[index])),
            Layout::I64(chunks) => Value::Int(i64::from_le_bytes(chunks[index]).into()),
            Layout::U64(chunks) => Value::Int(u64::from_le_bytes(chunks[index]).into()),
            Layout::Bool(bytes) => Value::Int(bytes[index].into()),
            Layout::Text => match text(&mut self.rest) {
                Ok(value) => value,
                Err(damage) => {
                    self.next = self.elements;
                    self.rest = &[];
                    return Some(Err(Damage(format!("text {index}: {}", damage.0))));
                }
            },
            Layout::Csr(csr) => Value::Float(csr.walk(index, &mut self.stored)),
        }))
    }
}

/// Reads one length-prefixed, tagged text.
fn text<'a>(rest: &mut &'a [u8]) -> Result<Value<'a>, Damage> {
    let (length, tail) = rest.split_first_chunk::<4>().ok_or_else(|| Damage("cut off".to_owned()))?;
    let length = u32::from_le_bytes(*length) as usize;
    let (body, tail) = tail
        .split_at_checked(length)
        .ok_or_else(|| Damage(format!("cut off, {length} bytes announced and {} left", tail.len())))?;
    *rest = tail;
    let body = std::str::from_utf8(body).map_err(|error| Damage(error.to_string()))?;
    tagged(body)
}

fn tagged(body: &str) -> Result<Value<'_>, Damage> {
    let wrong = |what: &str| Damage(format!("`{}` is no {what}", body.escape_debug()));
    let (tag, content) = body.split_once(':').ok_or_else(|| wrong("tagged value"))?;
    match tag {
        "s" | "b" | "n" | "d" | "r" => Ok(Value::Other(body)),
        "i" => {
            let digits = content.strip_prefix('-').unwrap_or(content);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(wrong("integer"));
            }
            // Beyond any machine integer the text itself is the value: Python writes each in one way only.
            let small = content.parse().ok().filter(|whole: &i128| whole.unsigned_abs() < 1 << 100);
            Ok(small.map_or(Value::Other(body), Value::Int))
        }
        "f" => {
            let hexadecimal = content.len() == 16 && content.bytes().all(|byte| byte.is_ascii_hexdigit());
            let bits = u64::from_str_radix(content, 16).ok().filter(|_| hexadecimal);
            Ok(Value::Float(f64::from_bits(bits.ok_or_else(|| wrong("float of 16 hexadecimal digits"))?)))
        }
        "t" => match content {
            "0" => Ok(Value::Int(0)),
            "1" => Ok(Value::Int(1)),
            _ => Err(wrong("boolean")),
        },
        _ => Err(wrong("tagged value")),
    }
}
