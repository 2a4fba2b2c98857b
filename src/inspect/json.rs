//! JSON with its long words shortened before a parser holds them.

use std::io::{self, Read};

/// Bytes of one text or number that are passed on; what follows of it is left out.
const LONGEST_WORD: usize = 4 << 10;

/// Where the bytes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Between or in words that are no texts.
    Outside,
    /// In a text.
    Inside,
    /// Behind a backslash in a text.
    Escape,
    /// In the four digits of `\u`; how many are missing, and whether it is the first half of a pair so far.
    Digits(u8, bool),
}

/// Passes JSON on, but of every text and number only the beginning. Texts are cut between characters, so that what was
/// JSON is JSON still.
pub(super) struct Shortened<R> {
    source: R,
    place: Place,
    /// Bytes of the current word.
    length: usize,
    /// Whether the rest of the current text is left out.
    cut: bool,
    /// Whether the last character was the first half of a pair, whose other half must follow.
    half: bool,
}

impl<R> Shortened<R> {
    pub fn new(source: R) -> Self {
        Self { source, place: Place::Outside, length: 0, cut: false, half: false }
    }

    /// Whether a byte is passed on.
    fn keeps(&mut self, byte: u8) -> bool {
        match self.place {
            Place::Outside => {
                self.length = if byte.is_ascii_digit() { self.length + 1 } else { 0 };
                if byte == b'"' {
                    (self.place, self.length, self.cut, self.half) = (Place::Inside, 0, false, false);
                }
                self.length <= LONGEST_WORD
            }
            Place::Inside => {
                // A character begins here.
                if !(0x80..0xc0).contains(&byte) && !self.half && self.length >= LONGEST_WORD {
                    self.cut = true;
                }
                self.length += 1;
                if byte == b'"' {
                    (self.place, self.length) = (Place::Outside, 0);
                    return true;
                }
                if byte == b'\\' {
                    self.place = Place::Escape;
                } else {
                    self.half = false;
                }
                !self.cut
            }
            Place::Escape => {
                self.length += 1;
                self.place = if byte == b'u' { Place::Digits(4, true) } else { Place::Inside };
                self.half &= byte == b'u';
                !self.cut
            }
            Place::Digits(missing, first) => {
                self.length += 1;
                // The first halves are D800 to DBFF.
                let first = first
                    && match missing {
                        4 => matches!(byte, b'd' | b'D'),
                        3 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
                        _ => true,
                    };
                self.place = if missing > 1 { Place::Digits(missing - 1, first) } else { Place::Inside };
                if missing == 1 {
                    self.half = first && !self.half;
                }
                !self.cut
            }
        }
    }
}

impl<R: Read> Read for Shortened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.source.read(buffer)?;
            let mut kept = 0;
            for at in 0..read {
                let byte = buffer[at];
                if self.keeps(byte) {
                    buffer[kept] = byte;
                    kept += 1;
                }
            }
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened(text: &str) -> String {
        let mut out = String::new();
        Shortened::new(text.as_bytes()).read_to_string(&mut out).unwrap();
        out
    }

    #[test]
    fn long_words_are_cut_and_all_else_stays() {
        let short = r#"{"a": ["b\"c\\", -1.5e3, "é\ud83d\ude00", null], "d": "x"}"#;
        assert_eq!(shortened(short), short);
        for part in ["x", "é", r"\n", r"\u00e9", r"\ud83d\ude00", "😀", r"\\", r#"\""#] {
            for before in 0..14 {
                let text = format!(r#"{{"k{}{}": 1, "b": "2"}}"#, "y".repeat(before), part.repeat(100_000));
                let out = shortened(&text);
                assert!(out.len() < LONGEST_WORD + 64, "{}", out.len());
                let value: serde_json::Value = serde_json::from_str(&out).unwrap();
                assert_eq!((value.as_object().unwrap().len(), &value["b"]), (2, &"2".into()));
            }
        }
        assert!(shortened(&"1".repeat(1 << 20)).len() <= LONGEST_WORD);
    }
}
