//! The facts of one module from its source in Python.

use std::collections::BTreeSet;

use super::blocks::{Statement, statements};
use super::body::{arguments, body_of, depth_zero, dotted_at};
use super::tokens::{Kind, Token, lines};
use crate::vocab::{ClassShape, ModuleFacts, When};

/// Methods that get a state; what they name in texts they may set.
const STATES: [&str; 2] = ["__setstate__", "__reduce__"];

/// Reads a module. `name` is its full name: relative imports are told from there.
pub(super) fn module(name: &str, is_package: bool, source: &str) -> ModuleFacts {
    let mut facts = ModuleFacts { is_package, ..ModuleFacts::default() };
    let lines = lines(source.trim_start_matches('\u{feff}'));
    take(&statements(&lines), name, &mut facts);
    facts
}

fn take(suite: &[Statement<'_>], module: &str, facts: &mut ModuleFacts) {
    for statement in suite {
        match statement.word() {
            "import" => import(statement.rest(), facts),
            "from" => import_from(statement.rest(), module, facts),
            "def" => {
                let Some(name) = statement.rest().first().filter(|token| token.is_name()) else { continue };
                facts.is_dynamic |= name.text == "__getattr__";
                facts.names.insert(name.text.to_owned(), String::new());
                facts.functions.insert(name.text.to_owned(), body_of(statement, false));
            }
            "class" => {
                let Some(name) = statement.rest().first().filter(|token| token.is_name()) else { continue };
                facts.names.insert(name.text.to_owned(), String::new());
                facts.classes.insert(name.text.to_owned(), class(statement));
            }
            "if" | "elif" | "else" | "try" | "except" | "finally" | "for" | "while" | "with" => {
                if statement.word() == "for" {
                    assigned(statement.rest(), &mut |name| {
                        facts.names.insert(name, String::new());
                    });
                }
                take(&statement.suite, module, facts);
            }
            _ => {
                let begins = |word| statement.tokens.iter().any(|token| token.is(word));
                facts.is_dynamic |= begins("exec") || begins("globals") || begins("__getattr__");
                targets(&statement.tokens, &mut |name| {
                    facts.names.entry(name).or_default();
                });
            }
        }
    }
}

fn class(definition: &Statement<'_>) -> ClassShape {
    let mut shape = ClassShape::default();
    if let Some(open) = definition.rest().iter().position(|token| token.is("(")) {
        for part in arguments(&definition.rest()[open + 1..]) {
            let is_keyword = part.get(1).is_some_and(|token| token.is("="));
            if !is_keyword && part.first().is_some_and(Token::is_name) {
                shape.bases.push(dotted_at(part, 0));
            }
        }
    }
    members(&definition.suite, &mut shape);
    shape
}

fn members(suite: &[Statement<'_>], shape: &mut ClassShape) {
    for statement in suite {
        match statement.word() {
            "def" => {
                let Some(name) = statement.rest().first().filter(|token| token.is_name()) else { continue };
                let body = body_of(statement, STATES.contains(&name.text));
                // A setter of a property has its name: what both do counts.
                if let Some(known) = shape.methods.get_mut(name.text) {
                    for (parameter, uses) in body.uses {
                        let known = known.uses.entry(parameter).or_default();
                        known.sets.extend(uses.sets);
                        known.reads.extend(uses.reads.into_keys().map(|it| (it, When::Sometimes)));
                        known.asked.extend(uses.asked);
                    }
                    known.digest.push_str(&body.digest);
                } else {
                    shape.methods.insert(name.text.to_owned(), body);
                }
            }
            "class" => {
                if let Some(name) = statement.rest().first() {
                    shape.attributes.insert(name.text.to_owned());
                }
            }
            "if" | "elif" | "else" | "try" | "except" => members(&statement.suite, shape),
            _ => targets(&statement.tokens, &mut |name| {
                shape.attributes.insert(name);
            }),
        }
    }
}

/// The plain names that a statement assigns.
fn targets(tokens: &[Token<'_>], take: &mut dyn FnMut(String)) {
    let mut rest = tokens;
    let mut is_assignment = false;
    while let Some(at) = depth_zero(rest, |token| token.is("=") || token.is("+=")) {
        let target = &rest[..at];
        let until = depth_zero(target, |token| token.is(":")).unwrap_or(target.len());
        assigned(&target[..until], take);
        is_assignment = true;
        rest = &rest[at + 1..];
    }
    // `name: type` declares what may be there.
    if !is_assignment
        && let [name, colon, ..] = tokens
        && name.is_name()
        && colon.is(":")
    {
        take(name.text.to_owned());
    }
}

fn assigned(tokens: &[Token<'_>], take: &mut dyn FnMut(String)) {
    for (at, token) in tokens.iter().enumerate() {
        let is_part = at > 0 && tokens[at - 1].is(".");
        let has_part = tokens.get(at + 1).is_some_and(|next| next.is(".") || next.is("[") || next.is("("));
        if token.is("in") {
            return;
        }
        if token.is_name() && !is_part && !has_part {
            take(token.text.to_owned());
        }
    }
}

fn import(tokens: &[Token<'_>], facts: &mut ModuleFacts) {
    for part in tokens.split(|token| token.is(",")).filter(|part| !part.is_empty()) {
        let module = dotted_at(part, 0);
        match part.iter().position(|token| token.is("as")).and_then(|at| part.get(at + 1)) {
            Some(alias) => facts.names.insert(alias.text.to_owned(), format!("{module}:")),
            None => {
                let first = module.split('.').next().unwrap_or_default().to_owned();
                facts.names.insert(first.clone(), format!("{first}:"))
            }
        };
    }
}

fn import_from(tokens: &[Token<'_>], module: &str, facts: &mut ModuleFacts) {
    let dots: usize = tokens
        .iter()
        .map_while(|token| match token.text {
            "." => Some(1),
            "..." => Some(3),
            _ => None,
        })
        .sum();
    let skipped = tokens.iter().take_while(|token| token.is(".") || token.is("...")).count();
    let rest = &tokens[skipped..];
    let Some(at) = rest.iter().position(|token| token.is("import")) else { return };
    let named = if at == 0 { String::new() } else { dotted_at(rest, 0) };
    let Some(from) = absolute(module, facts.is_package, dots, &named) else { return };
    let names = rest[at + 1..].iter().filter(|token| !token.is("(") && !token.is(")"));
    let names: Vec<Token<'_>> = names.copied().collect();
    for part in names.split(|token| token.is(",")).filter(|part| !part.is_empty()) {
        if part[0].is("*") {
            facts.stars.insert(from.clone());
            continue;
        }
        if part[0].kind != Kind::Name {
            continue;
        }
        let alias = part.iter().position(|token| token.is("as")).and_then(|at| part.get(at + 1));
        facts.names.insert(alias.unwrap_or(&part[0]).text.to_owned(), format!("{from}:{}", part[0].text));
    }
}

/// The full name of a module that is named with dots in front.
fn absolute(module: &str, is_package: bool, dots: usize, named: &str) -> Option<String> {
    if dots == 0 {
        return Some(named.to_owned());
    }
    let mut parts: Vec<&str> = module.split('.').collect();
    let up = if is_package { dots - 1 } else { dots };
    if up > parts.len() {
        return None;
    }
    parts.truncate(parts.len() - up);
    if !named.is_empty() {
        parts.push(named);
    }
    Some(parts.join("."))
}

/// The words of a module in Cython that name functions and classes of its own, and its structures.
pub(super) fn cython(source: &str) -> (BTreeSet<String>, Vec<(String, Vec<String>)>) {
    let mut names = BTreeSet::new();
    let mut structs: Vec<(String, Vec<String>)> = Vec::new();
    let lines = lines(source);
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let words: Vec<&str> = line.tokens.iter().map(|token| token.text).collect();
        if let Some(place) = words.iter().position(|word| matches!(*word, "struct")) {
            let packed = usize::from(words.get(place + 1) == Some(&"packed"));
            let Some(name) = words.get(place + 1 + packed).filter(|name| is_identifier(name)) else {
                continue;
            };
            let mut fields = Vec::new();
            while let Some(inner) = lines.get(at).filter(|inner| inner.indent > line.indent) {
                at += 1;
                let is_name = |token: &&Token<'_>| token.is_name();
                fields.extend(inner.tokens.iter().rev().find(is_name).map(|token| token.text.to_owned()));
            }
            structs.push(((*name).to_owned(), fields));
            continue;
        }
        let is_definition = matches!(words.first(), Some(&("def" | "cpdef" | "cdef" | "class")));
        if !is_definition {
            if let Some("=") = words.get(1).copied() {
                names.insert(words[0].to_owned());
            }
            continue;
        }
        let before = words.iter().position(|word| matches!(*word, "(" | ":" | "=")).unwrap_or(words.len());
        names.extend(words[..before].iter().rev().find(|word| is_identifier(word)).map(|w| (*w).to_owned()));
    }
    (names, structs)
}

fn is_identifier(word: &str) -> bool {
    word.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const SOURCE: &str = r#"
from ..base import BaseEstimator as Base, clone
from . import _helper
import numpy as np

class Model(Base, metaclass=ABCMeta):
    """Words."""
    kind: str = "a"

    def __init__(self, alpha=1.0, *, loss="x (a, b)"):
        self.alpha = alpha

    def fit(self, X):
        self.coef_, self.n_ = work(X)
        return self

    def predict(self, X):
        if hasattr(self, "old_"):
            return self.old_
        check(self, X, estimator=self)
        return X @ self.coef_ + self._more(X) + getattr(self, "extra_", 0)

    def _more(self, X):
        try:
            return self.maybe_
        except AttributeError:
            return None

    def _strict(self, X):
        try:
            return self.sure_
        except AttributeError:
            raise ValueError(self.message)

    def late(self, X):
        a = super().late(X)
        b = self.one and self.two
        return [self.three for _ in X], self.four
"#;

    #[test]
    fn names_are_followed_to_where_they_come_from() {
        let facts = module("sklearn.linear_model._x", false, SOURCE);
        assert_eq!(facts.names["Base"], "sklearn.base:BaseEstimator");
        assert_eq!(facts.names["_helper"], "sklearn.linear_model:_helper");
        assert_eq!(facts.names["np"], "numpy:");
        let class = &facts.classes["Model"];
        assert_eq!(class.bases, ["Base"]);
        assert!(class.attributes.contains("kind"));
        let init = &class.methods["__init__"].parameters;
        assert_eq!(init[2], ("loss".to_owned(), Some("\"x (a, b)\"".to_owned())));
    }

    #[test]
    fn what_is_always_read_is_told_from_what_may_be() {
        let facts = module("m", false, SOURCE);
        let of = |method: &str| facts.classes["Model"].methods[method].uses["self"].clone();
        let texts = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(of("fit").sets, texts(&["coef_", "n_"]));
        assert_eq!(of("predict").asked, texts(&["extra_", "old_"]));
        // It may have ended before.
        assert_eq!(of("predict").reads["coef_"], When::Likely);
        assert_eq!(of("predict").reads["old_"], When::Sometimes);
        assert_eq!(of("_more").reads, BTreeMap::from([("maybe_".to_owned(), When::Sometimes)]));
        // An exception that becomes another one is none the less.
        assert_eq!(of("_strict").reads, BTreeMap::from([("sure_".to_owned(), When::Always)]));
        let late = of("late").reads;
        let when = |name: &str| late[name];
        assert_eq!((when("one"), when("two"), when("four")), (When::Always, When::Likely, When::Always));
        assert_eq!(when("three"), When::Sometimes);
        let late = &facts.classes["Model"].methods["late"];
        assert_eq!(late.supers["late"], When::Always);
        let passes = &facts.classes["Model"].methods["predict"].passes;
        let own = passes.iter().filter(|pass| pass.parameter == "self");
        let places: Vec<&str> = own.map(|pass| pass.place.as_str()).collect();
        assert_eq!(places, ["0", "estimator"]);
    }

    #[test]
    fn structures_of_cython_are_read() {
        let source = "cdef packed struct Node:\n    intp_t left\n    float64_t right # no\n\ncpdef int f(x):\n    pass\n";
        let (names, structs) = cython(source);
        assert_eq!(structs, [("Node".to_owned(), vec!["left".to_owned(), "right".to_owned()])]);
        assert!(names.contains("f"));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(source in "(def |class |from |import |self|\\.|\\(|\\)|,|:|=|\n| |\\*|if |x|'a'|super|getattr){0,80}", raw in any::<String>()) {
            module("a.b", false, &source);
            module("a", true, &raw);
            cython(&source);
        }
    }
}
