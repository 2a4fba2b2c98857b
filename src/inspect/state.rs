//! States that do more than to be kept: attributes that are called or run as code when an object gets its state.

use super::value::{Texts, Value};

/// What an attribute does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Danger {
    /// It is text that runs as code.
    Code,
    /// It is called by the opcodes that follow.
    Called,
}

/// Methods that unpickling calls, which it looks for in an object's own dictionary first.
const CALLED: &[&[u8]] = &[b"__setstate__", b"append", b"extend", b"add"];

/// What scipy's distributions run as code whenever they get their state.
const TEMPLATE: &[u8] = b"_parse_arg_template";

/// Whether an attribute of a state does more than to be kept.
pub(super) fn danger(key: &[u8], value: Value, texts: &Texts) -> Option<Danger> {
    if key == TEMPLATE {
        let text = match value {
            Value::Text(text) => texts.get(text),
            _ => None,
        };
        return (!text.is_some_and(is_template)).then_some(Danger::Code);
    }
    let callable = matches!(value, Value::Global(_) | Value::Made(_) | Value::Opaque | Value::Forgotten);
    (callable && CALLED.contains(&key)).then_some(Danger::Called)
}

/// Whether a text is what scipy itself writes: definitions of functions that return their arguments, and nothing else.
fn is_template(text: &[u8]) -> bool {
    let plain = |part: &str, also: &[u8]| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_, ".contains(&byte) || also.contains(&byte))
    };
    let Ok(text) = std::str::from_utf8(text) else { return false };
    text.split(['\n', '\r']).all(|line| {
        if let Some(rest) = line.strip_prefix("def _parse_args") {
            let Some((name, arguments)) = rest.split_once("(self") else { return false };
            let Some(arguments) = arguments.strip_suffix("):") else { return false };
            matches!(name, "" | "_rvs" | "_stats") && plain(arguments, b"='.")
        } else if let Some(rest) = line.strip_prefix("    return self._argcheck_rvs(") {
            rest.strip_suffix(')').is_some_and(|arguments| plain(arguments, b"="))
        } else if let Some(rest) = line.strip_prefix("    return (") {
            let Some((shapes, rest)) = rest.split_once(')') else { return false };
            plain(shapes, b"") && plain(rest, b".")
        } else {
            line.trim_matches(' ').is_empty()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_scipy_writes_is_its_template() {
        let own = "\ndef _parse_args(self, a, b, loc=0, scale=1):\n    return (a, b), loc, scale\n\n\
                   def _parse_args_rvs(self, a, b, loc=0, scale=1, size=None):\n    return self\n";
        assert!(!is_template(own.as_bytes()), "`self` stands alone in no template");
        let own = own.replace("return self", "return self._argcheck_rvs(a, b,  loc, scale, size=size)");
        assert!(is_template(own.as_bytes()));
        for code in [
            "import os",
            "def _parse_args(self, a=f()):\n    return (a), 1",
            "def _parse_args(self, a): import os #):",
            "    return (a), f()",
            "    return (a), a.b[0]",
            "\ndef _parse_args(self):\n    return (), 1\r__import__('os')",
            "@f\ndef _parse_args(self):",
        ] {
            assert!(!is_template(code.as_bytes()), "{code}");
        }
    }
}
