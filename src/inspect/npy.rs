//! The header of `.npy` files.

use super::input::{Input, Stop, stop};
use crate::vocab::{ArrayFact, ByteOrder, ProblemKind};

/// First bytes.
pub(super) const MAGIC: &[u8] = b"\x93NUMPY";
/// Headers are not read further than this.
const LONGEST: usize = 64 << 10;

/// What a header says.
pub(super) struct Header {
    pub fact: ArrayFact,
    /// Whether the elements are Python objects, so that a pickle follows.
    pub has_object: bool,
}

/// Reads the header; the values follow.
pub(super) fn header(input: &mut Input<'_>) -> Result<Header, Stop> {
    const WHAT: &str = "inside the header of an array";
    let offset = input.offset();
    let wrong = |what: &str| stop(ProblemKind::Malformed, offset, what);
    if input.take(MAGIC.len(), WHAT)? != MAGIC {
        return Err(wrong("this is not a numpy array"));
    }
    let version = input.u16(WHAT)? & 0xff;
    let length = if version == 1 { usize::from(input.u16(WHAT)?) } else { input.u32(WHAT)? as usize };
    if length > LONGEST {
        return Err(wrong(&format!("the header of an array claims {length} bytes")));
    }
    let header = String::from_utf8_lossy(input.take(length, WHAT)?).into_owned();
    // numpy reads it as Python does, where escapes, comments and keys that come twice make it something else.
    let is_plain = !header.contains(['\\', '#']);
    if !is_plain
        || ["'descr'", "'fortran_order'", "'shape'"].iter().any(|key| header.matches(key).count() != 1)
    {
        return Err(wrong("the header of an array is not written as numpy writes it"));
    }
    let after = |key: &str| {
        header.split_once(key).and_then(|(_, rest)| rest.split_once(':')).map(|(_, rest)| rest.trim())
    };
    let dtype = after("'descr'").map(|rest| rest.split(", 'fortran_order'").next().unwrap_or(rest));
    let shape =
        after("'shape'").and_then(|rest| rest.strip_prefix('(')).and_then(|rest| rest.split_once(')'));
    let (Some(dtype), Some((shape, _))) = (dtype, shape) else {
        return Err(wrong("the header of an array names no type or no shape"));
    };
    let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Option<Vec<u64>> = sizes.map(|size| size.trim_end_matches('L').parse().ok()).collect();
    let Some(shape) = shape.filter(|shape| shape.len() <= 64) else {
        return Err(wrong("the shape of an array makes no sense"));
    };
    let dtype = dtype.trim_matches(['\'', '"']).to_owned();
    let item_size = item_size(&dtype);
    let count = shape.iter().try_fold(1u64, |product, size| product.checked_mul(*size));
    let bytes = count.and_then(|count| count.checked_mul(item_size.unwrap_or(0)));
    let Some(bytes) = bytes else {
        return Err(wrong("the shape of an array is larger than any memory"));
    };
    let byte_order = match dtype.trim_start_matches(['[', '(']) {
        text if text.starts_with('<') || text.contains("'<") => Some(ByteOrder::Little),
        text if text.starts_with('>') || text.contains("'>") => Some(ByteOrder::Big),
        _ => None,
    };
    let fortran = after("'fortran_order'").is_some_and(|rest| rest.starts_with("True"));
    let has_object = holds_objects(&dtype);
    let fact = ArrayFact {
        dtype: super::dtype::short(&dtype, 1024),
        source: "npy".to_owned(),
        count: 1,
        bytes,
        fortran: fortran.into(),
        byte_order,
        fields: Vec::new(),
        item_size,
        shapes: vec![shape],
    };
    Ok(Header { fact, has_object })
}

/// Whether a type, or one within it, holds Python objects.
fn holds_objects(dtype: &str) -> bool {
    const WITHIN: &[&str] = &["|O", "<O", ">O", "=O", ", 'O", ", \"O", "object"];
    let is_code = !dtype.starts_with(['[', '(']);
    is_code && dtype.contains('O') || WITHIN.iter().any(|object| dtype.contains(object))
}

/// Bytes of one element of a plain type.
fn item_size(dtype: &str) -> Option<u64> {
    let code = dtype.trim_start_matches(['<', '>', '|', '=']);
    let digits: String = code.chars().skip(1).take_while(char::is_ascii_digit).collect();
    let size: u64 = digits.parse().ok().filter(|_| !dtype.starts_with('['))?;
    match code.chars().next()? {
        'U' => size.checked_mul(4),
        'O' => None,
        _ => Some(size),
    }
}
