//! Addresses within `report.html`: fragments that `templates/report.js` reads.

use std::fmt::Write as _;

use super::words::line;

/// The fragment that opens a pair: `#pair=sk1.2.2/sk1.5.2`.
pub fn pair_link(producer: &str, consumer: &str) -> String {
    format!("#pair={}/{}", encode(&line(producer)), encode(&line(consumer)))
}

/// Percent-encodes everything that JavaScript's `encodeURIComponent` does, and some more.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}
