//! Python's source as tokens in logical lines. Nothing is refused: what is no Python comes out as tokens too.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword.
    Name,
    /// A text, with its prefix and quotes.
    Text,
    /// Anything else.
    Other,
}

/// One token, a slice of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: &'s str,
}

impl Token<'_> {
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }

    pub(super) fn is_name(&self) -> bool {
        self.kind == Kind::Name
    }
}

/// One logical line.
#[derive(Clone, Debug)]
pub(super) struct Line<'s> {
    pub(super) indent: usize,
    pub(super) tokens: Vec<Token<'s>>,
}

/// Operators of more than one character that matter for what is assigned.
const LONG: [&str; 19] = [
    "**=", "//=", ">>=", "<<=", "...", "->", ":=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "^=",
];

/// The logical lines of a source.
pub(super) fn lines(source: &str) -> Vec<Line<'_>> {
    let bytes = source.as_bytes();
    let mut lines = Vec::new();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let (mut indent, mut depth, mut at, mut is_new) = (0_usize, 0_usize, 0_usize, true);
    while at < bytes.len() {
        if is_new {
            let start = at;
            indent = 0;
            while let Some(&byte) = bytes.get(at) {
                match byte {
                    b' ' => indent += 1,
                    b'\t' => indent = indent / 8 * 8 + 8,
                    b'\x0c' => indent = 0,
                    _ => break,
                }
                at += 1;
            }
            is_new = false;
            debug_assert!(at >= start);
            continue;
        }
        match bytes[at] {
            b'\n' => {
                at += 1;
                if depth == 0 {
                    if !tokens.is_empty() {
                        lines.push(Line { indent, tokens: std::mem::take(&mut tokens) });
                    }
                    is_new = true;
                }
            }
            b'#' => at = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| at + n),
            b'\\' if bytes.get(at + 1) == Some(&b'\n') => at += 2,
            b'\\' if bytes[at + 1..].starts_with(b"\r\n") => at += 3,
            byte if byte.is_ascii_whitespace() => at += 1,
            b'"' | b'\'' => {
                let end = end_of_text(bytes, at, false);
                tokens.push(Token { kind: Kind::Text, text: slice(source, at, end) });
                at = end;
            }
            byte if byte == b'_' || byte.is_ascii_alphabetic() || byte >= 0x80 => {
                let rest = &bytes[at..];
                let is_part = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric() || *byte >= 0x80;
                let end = at + rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                let is_prefix = end - at <= 2
                    && bytes[at..end].iter().all(|byte| b"rRbBuUfFtT".contains(byte))
                    && matches!(bytes.get(end), Some(b'"' | b'\''));
                if is_prefix {
                    let formats = bytes[at..end].iter().any(|byte| b"fFtT".contains(byte));
                    let close = end_of_text(bytes, end, formats);
                    tokens.push(Token { kind: Kind::Text, text: slice(source, at, close) });
                    at = close;
                } else {
                    tokens.push(Token { kind: Kind::Name, text: slice(source, at, end) });
                    at = end;
                }
            }
            byte if byte.is_ascii_digit() => {
                let rest = &bytes[at..];
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
                let mut end = at + rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                // `1e-5`: a sign belongs to it behind an exponent.
                if matches!(bytes[end - 1], b'e' | b'E')
                    && !bytes[at..].starts_with(b"0x")
                    && matches!(bytes.get(end), Some(b'+' | b'-'))
                {
                    let rest = &bytes[end + 1..];
                    end += 1 + rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
                }
                tokens.push(Token { kind: Kind::Other, text: slice(source, at, end) });
                at = end;
            }
            byte => {
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let length = LONG
                    .iter()
                    .find(|long| bytes[at..].starts_with(long.as_bytes()))
                    .map_or(1, |long| long.len());
                tokens.push(Token { kind: Kind::Other, text: slice(source, at, at + length) });
                at += length;
            }
        }
    }
    if !tokens.is_empty() {
        lines.push(Line { indent, tokens });
    }
    lines
}

fn slice(source: &str, from: usize, to: usize) -> &str {
    source.get(from..to).unwrap_or_default()
}

/// Where a text ends that begins with a quote at `at`; in one that formats, quotes within braces are others.
fn end_of_text(bytes: &[u8], at: usize, formats: bool) -> usize {
    let quote = bytes[at];
    let is_long = bytes[at..].starts_with(&[quote; 3]);
    let mut here = at + if is_long { 3 } else { 1 };
    let mut braces = 0_usize;
    while let Some(&byte) = bytes.get(here) {
        match byte {
            b'\\' => here += 1,
            b'{' if formats && bytes.get(here + 1) == Some(&b'{') && braces == 0 => here += 1,
            b'{' if formats => braces += 1,
            b'}' if formats => braces = braces.saturating_sub(1),
            b'\n' if !is_long => return here,
            _ if byte == quote && is_long && bytes[here..].starts_with(&[quote; 3]) => return here + 3,
            _ if byte == quote && !is_long && (braces == 0 || !closes_later(bytes, here, quote)) => {
                return here + 1;
            }
            _ => {}
        }
        here += 1;
    }
    bytes.len()
}

/// Whether a quote in braces begins a text that ends before the braces do.
fn closes_later(bytes: &[u8], at: usize, quote: u8) -> bool {
    let rest = &bytes[at + 1..];
    let line = &rest[..rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())];
    let Some(brace) = line.iter().position(|byte| *byte == b'}') else { return false };
    let quotes = line[..brace].iter().filter(|byte| **byte == quote).count();
    // The one at `at` counts too: a text within the braces has two.
    quotes % 2 == 1 || line[brace..].contains(&quote) && quotes == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(source: &str) -> Vec<Vec<&str>> {
        lines(source)
            .into_iter()
            .map(|line| line.tokens.into_iter().map(|token| token.text).collect())
            .collect()
    }

    #[test]
    fn logical_lines_go_over_brackets_and_backslashes() {
        let found = texts("a = f(1,\n   2) # c\n\nif x: \\\n  y\n'''a\n\n b'''\n");
        assert_eq!(found[0], ["a", "=", "f", "(", "1", ",", "2", ")"]);
        assert_eq!(found[1], ["if", "x", ":", "y"]);
        assert_eq!(found[2], ["'''a\n\n b'''"]);
    }

    #[test]
    fn texts_end_where_python_ends_them() {
        assert_eq!(
            texts("x = f\"a {b['c']} d\" + r'\\'\n")[0],
            ["x", "=", "f\"a {b['c']} d\"", "+", "r'\\'"]
        );
        assert_eq!(texts("f'{a}' 'b'\n")[0], ["f'{a}'", "'b'"]);
        assert_eq!(texts("1e-5 0x1e-5\n")[0], ["1e-5", "0x1e", "-", "5"]);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(source in "[a-z'\"\\\\{}()\\[\\]fr#:=.\n\t \u{e4}]{0,200}", raw in any::<String>()) {
            lines(&source);
            lines(&raw);
        }
    }
}
