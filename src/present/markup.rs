//! Texts from outside as parts of a Markdown document, where nothing in them can be markup.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::words::line;

/// A text from outside as code: nothing in it is markup, a mention, a link or a table's border, in a table
/// or not.
pub(super) fn code(text: &str) -> String {
    let text = line(text);
    if text.is_empty() {
        return String::new();
    }
    if !text.contains(['`', '|', '\\']) {
        return format!("`{text}`");
    }
    // Backslashes before pipes are read in more than one way by the readers of Markdown tables, and so are
    // backticks next to them; character references are read the same way by all.
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii_punctuation() && !matches!(character, '.' | ',' | '-' | '/') {
            let _ = write!(escaped, "&#{};", character as u32);
        } else {
            escaped.push(character);
        }
    }
    format!("<code>{escaped}</code>")
}

/// A text from outside as plain text: no markup, no HTML, no mentions of people or issues.
pub(super) fn prose(text: &str) -> Cow<'_, str> {
    let text = line(text);
    if !text.contains(['\\', '`', '*', '_', '[', ']', '<', '>', '#', '|', '~', '&', '@', '$', '!']) {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    let mut previous = ' ';
    while let Some(character) = characters.next() {
        let is_inside_word =
            previous.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric());
        match character {
            '\\' | '|' => {
                let _ = write!(escaped, "&#{};", character as u32);
            }
            '<' => escaped.push_str("&lt;"),
            '>' if escaped.is_empty() => escaped.push_str("&gt;"),
            '_' if is_inside_word => escaped.push('_'),
            '&' => escaped.push_str("&amp;"),
            // GitHub looks for mentions in the finished text, where no escape is left: only a blank of no
            // width keeps them apart.
            '@' | '#' => {
                escaped.push(character);
                escaped.push('\u{200b}');
            }
            '`' | '*' | '_' | '[' | ']' | '~' | '$' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
        previous = character;
    }
    Cow::Owned(escaped)
}

/// A text as prose, in which what stands between pairs of back ticks is code: what has to be typed can be copied.
pub(super) fn spans(text: &str) -> String {
    let text = line(text);
    let parts: Vec<&str> = text.split('`').collect();
    // A back tick without another one is a sign like others.
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::new();
    for (index, part) in parts.iter().take(2 * pairs).enumerate() {
        let is_code = index % 2 == 1;
        out.push_str(&if is_code { code(part) } else { between(part) });
    }
    out.push_str(&between(&parts[2 * pairs..].join("`")));
    out
}

/// A part of a text as prose, with the blanks that keep it apart from its neighbours.
fn between(part: &str) -> String {
    let shown = prose(part);
    let before = if part.starts_with(' ') { " " } else { "" };
    let after = if part.len() > 1 && part.ends_with(' ') { " " } else { "" };
    format!("{before}{}{after}", shown.trim())
}

/// The same as HTML: everything is escaped but the marks of code.
pub(super) fn html_spans(text: &str) -> String {
    let escaped =
        line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let parts: Vec<&str> = escaped.split('`').collect();
    let pairs = (parts.len() - 1) / 2;
    let mut out = String::new();
    for (index, part) in parts.iter().take(2 * pairs).enumerate() {
        if index % 2 == 1 {
            let _ = write!(out, "<code>{part}</code>");
        } else {
            out.push_str(part);
        }
    }
    out.push_str(&parts[2 * pairs..].join("`"));
    out
}

/// A text from outside inside an HTML element, where Markdown is not read everywhere.
pub(super) fn html(text: &str) -> String {
    line(text).chars().fold(String::new(), |mut escaped, character| {
        if character.is_ascii_punctuation() && !matches!(character, '.' | ',' | '-' | ':') {
            let _ = write!(escaped, "&#{};", character as u32);
        } else {
            escaped.push(character);
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_code_and_the_rest_is_no_markup() {
        assert_eq!(spans("run `shelflife rescue` *now*"), "run `shelflife rescue` \\*now\\*");
        assert_eq!(spans("a `b` and ` alone"), "a `b` and \\` alone");
        assert_eq!(spans("`x|y` @all"), "<code>x&#124;y</code> @\u{200b}all");
        assert_eq!(spans("``"), "");
        assert_eq!(spans("plain"), "plain");
        assert_eq!(html_spans("<b> `a<b` & `half"), "&lt;b&gt; <code>a&lt;b</code> &amp; `half");
    }
}
