//! What a function does with the attributes of its parameters, and what else it names.

use std::collections::{BTreeMap, BTreeSet};

use super::blocks::Statement;
use super::tokens::{Kind, Token};
use crate::vocab::{BodyFacts, Digest, Pass, Uses, When};

/// Exceptions whose handlers hide that an attribute is not there.
const CATCHING: [&str; 3] = ["AttributeError", "Exception", "BaseException"];
/// Operators that assign.
const ASSIGNING: [&str; 11] = ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**=", "//="];
/// Choices within choices that are looked at for what all of their branches read: each costs a look at what is in it.
const MOST_CHOICES: usize = 3;
/// Keywords, which are no names of anything.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// The facts of a `def`, and whether its name is that of a method that takes a state.
pub(super) fn body_of(definition: &Statement<'_>, takes_state: bool) -> BodyFacts {
    let parameters = parameters(definition.rest());
    let mut reader = Reader {
        parameters: parameters.iter().map(|(name, _)| name.trim_start_matches('*').to_owned()).collect(),
        facts: BodyFacts { parameters, ..BodyFacts::default() },
        takes_state,
        depth: 0,
    };
    let mut when = When::Always;
    reader.suite(&definition.suite, &mut when);
    let mut text = String::new();
    normal(&definition.suite, &mut text);
    reader.facts.digest = Digest::of(text.as_bytes()).short();
    reader.facts
}

/// The parameters of a definition with their defaults, from the tokens behind `def`.
fn parameters(head: &[Token<'_>]) -> Vec<(String, Option<String>)> {
    let Some(open) = head.iter().position(|token| token.is("(")) else { return Vec::new() };
    let mut found = Vec::new();
    for part in arguments(&head[open + 1..]) {
        let stars: String = part.iter().take_while(|token| token.is("*")).map(|token| token.text).collect();
        let Some(name) = part.get(stars.len()).filter(|token| token.is_name()) else { continue };
        let equals = depth_zero(part, |token| token.is("="));
        let default = equals.map(|at| joined(&part[at + 1..]));
        found.push((format!("{stars}{}", name.text), default));
    }
    found
}

/// The parts of a call or definition behind its opening bracket, as far as its closing one.
pub(super) fn arguments<'a, 's>(tokens: &'a [Token<'s>]) -> Vec<&'a [Token<'s>]> {
    let (mut depth, mut from) = (0_usize, 0_usize);
    let mut parts = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            _ if token.kind == Kind::Text => {}
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => {
                parts.push(&tokens[from..at]);
                return parts;
            }
            ")" | "]" | "}" => depth -= 1,
            "," if depth == 0 => {
                parts.push(&tokens[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tokens[from.min(tokens.len())..]);
    parts
}

/// The first token outside of brackets that is wanted.
pub(super) fn depth_zero(tokens: &[Token<'_>], is_wanted: impl Fn(&Token<'_>) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            _ if token.kind == Kind::Text => {}
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ if depth == 0 && is_wanted(token) => return Some(at),
            _ => {}
        }
    }
    None
}

/// Tokens as a text, as short as it gets.
pub(super) fn joined(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    let mut was_word = false;
    for token in tokens {
        let is_word = token.text.starts_with(|first: char| first.is_alphanumeric() || first == '_');
        if was_word && is_word {
            text.push(' ');
        }
        text.push_str(token.text);
        was_word = is_word;
    }
    text
}

/// Whether a statement says something to people only.
fn is_message(statement: &Statement<'_>) -> bool {
    let tokens = &statement.tokens;
    let is_docstring = statement.suite.is_empty() && tokens.iter().all(|token| token.kind == Kind::Text);
    let begins =
        |words: &[&str]| words.len() <= tokens.len() && words.iter().zip(tokens).all(|(w, t)| t.is(w));
    is_docstring || begins(&["warnings", ".", "warn", "("]) || begins(&["warn", "("])
}

/// A suite in one spelling.
fn normal(suite: &[Statement<'_>], text: &mut String) {
    for statement in suite.iter().filter(|statement| !is_message(statement)) {
        match statement.word() {
            // What is raised may be said otherwise; that something is raised counts.
            "raise" => text.push_str("raise"),
            "def" => {
                for (name, default) in parameters(statement.rest()) {
                    text.push_str(&format!("{name}={};", default.unwrap_or_default()));
                }
            }
            _ => {
                for token in &statement.tokens {
                    text.push_str(token.text);
                    text.push(' ');
                }
            }
        }
        text.push('\n');
        if !statement.suite.is_empty() {
            text.push_str("{\n");
            normal(&statement.suite, text);
            text.push_str("}\n");
        }
    }
}

struct Reader {
    parameters: BTreeSet<String>,
    facts: BodyFacts,
    takes_state: bool,
    /// How many choices are looked at for what all of their branches read.
    depth: usize,
}

impl Reader {
    /// Reads a suite; `when` becomes less sure behind a statement that may have ended the function.
    fn suite(&mut self, suite: &[Statement<'_>], when: &mut When) {
        for (at, statement) in suite.iter().enumerate() {
            if statement.word() == "if" {
                self.common(&suite[at..], *when);
            }
            match statement.word() {
                "raise" | "global" | "nonlocal" | "pass" | "import" | "from" => {}
                "if" | "elif" | "while" | "match" | "case" | "except" => {
                    let of_head = if statement.word() == "elif" { When::Likely } else { When::Always };
                    self.expression(statement.rest(), of_head.max(*when));
                    // What a parameter says that nobody gives decides as a rule.
                    let mut within =
                        if self.is_default(statement.rest()) { When::Likely } else { When::Sometimes };
                    within = within.max(*when);
                    self.suite(&statement.suite, &mut within);
                    if ends(&statement.suite) {
                        *when = When::Likely.max(*when);
                    }
                }
                "else" => {
                    self.branch(&statement.suite);
                    if ends(&statement.suite) {
                        *when = When::Likely.max(*when);
                    }
                }
                "try" => {
                    let handlers = suite[at + 1..].iter().take_while(|next| next.word() == "except");
                    let is_caught = handlers.into_iter().any(|handler| {
                        let names = handler.rest();
                        let catches = names.is_empty()
                            || CATCHING.iter().any(|name| names.iter().any(|it| it.is(name)));
                        catches && !raises(&handler.suite)
                    });
                    let mut within = if is_caught { When::Sometimes } else { *when };
                    self.suite(&statement.suite, &mut within);
                }
                "for" => {
                    let rest = statement.rest();
                    let within = depth_zero(rest, |token| token.is("in")).unwrap_or(0);
                    self.targets(&rest[..within]);
                    self.expression(&rest[within..], *when);
                    self.suite(&statement.suite, when);
                }
                "with" | "finally" => {
                    self.expression(statement.rest(), *when);
                    self.suite(&statement.suite, when);
                }
                "def" | "class" => self.branch(&statement.suite),
                _ => self.simple(&statement.tokens, *when),
            }
        }
    }

    /// What is read whichever way a choice goes: in each of its branches, where one of them is `else`.
    fn common(&mut self, suite: &[Statement<'_>], when: When) {
        let branches: Vec<&Statement<'_>> = suite
            .iter()
            .enumerate()
            .take_while(|(at, it)| *at == 0 || matches!(it.word(), "elif" | "else"))
            .map(|(_, it)| it)
            .collect();
        if self.depth >= MOST_CHOICES || branches.last().is_none_or(|last| last.word() != "else") {
            return;
        }
        let mut common: Option<BTreeMap<(String, String), When>> = None;
        for branch in branches {
            let mut reader = Reader {
                parameters: self.parameters.clone(),
                facts: BodyFacts { parameters: self.facts.parameters.clone(), ..BodyFacts::default() },
                takes_state: false,
                depth: self.depth + 1,
            };
            reader.suite(&branch.suite, &mut When::Always);
            let mut read = BTreeMap::new();
            for (owner, uses) in reader.facts.uses {
                let sure = uses.reads.into_iter().filter(|(_, when)| *when < When::Sometimes);
                read.extend(sure.map(|(attribute, when)| ((owner.clone(), attribute), when)));
            }
            common = Some(match common {
                None => read,
                Some(before) => before
                    .into_iter()
                    .filter_map(|(key, when)| read.get(&key).map(|other| (key, when.max(*other))))
                    .collect(),
            });
        }
        for ((owner, attribute), own) in common.unwrap_or_default() {
            read(self.facts.uses.entry(owner).or_default(), attribute, own.max(when));
        }
    }

    /// Whether a condition is a parameter, or the opposite of one, that is so by default.
    fn is_default(&self, condition: &[Token<'_>]) -> bool {
        let (name, wanted) = match condition {
            [name] => (name, "True"),
            [not, name] if not.is("not") => (name, "False"),
            _ => return false,
        };
        let mut parameters = self.facts.parameters.iter();
        parameters.any(|(parameter, default)| parameter == name.text && default.as_deref() == Some(wanted))
    }

    /// A suite that may not be run.
    fn branch(&mut self, suite: &[Statement<'_>]) {
        let mut when = When::Sometimes;
        self.suite(suite, &mut when);
    }

    fn simple(&mut self, tokens: &[Token<'_>], when: When) {
        let mut rest = tokens;
        while let Some(at) = depth_zero(rest, |token| ASSIGNING.iter().any(|operator| token.is(operator))) {
            let target = &rest[..at];
            let is_plain = rest[at].is("=");
            if !is_plain {
                self.expression(target, when);
            }
            let until = depth_zero(target, |token| token.is(":")).unwrap_or(target.len());
            self.targets(&target[..until]);
            rest = &rest[at + 1..];
        }
        self.expression(rest, when);
    }

    /// What is assigned to. An item of an attribute is read.
    fn targets(&mut self, tokens: &[Token<'_>]) {
        for at in 0..tokens.len() {
            let Some((owner, attribute)) = self.attribute(tokens, at) else { continue };
            let is_read = tokens.get(at + 3).is_some_and(|next| [".", "[", "("].iter().any(|it| next.is(it)));
            let uses = self.facts.uses.entry(owner).or_default();
            if is_read {
                read(uses, attribute, When::Likely);
            } else {
                uses.sets.insert(attribute);
            }
        }
    }

    /// `parameter.attribute` at a place.
    fn attribute(&self, tokens: &[Token<'_>], at: usize) -> Option<(String, String)> {
        let [owner, dot, name] = tokens.get(at..at + 3)? else { return None };
        let is_first = at == 0 || !tokens[at - 1].is(".");
        let is_one = is_first && owner.is_name() && dot.is(".") && name.is_name();
        (is_one && self.parameters.contains(owner.text))
            .then(|| (owner.text.to_owned(), name.text.to_owned()))
    }

    /// What is read. What stands in brackets with a condition, or behind one, may not be.
    fn expression(&mut self, tokens: &[Token<'_>], when: When) {
        let mut open: Vec<Bracket> = vec![Bracket::new(tokens, 0, String::new(), when)];
        for (at, token) in tokens.iter().enumerate() {
            if token.kind == Kind::Text {
                if self.takes_state {
                    self.facts.strings.insert(token.text.trim_matches(['"', '\'']).to_owned());
                }
                continue;
            }
            let when = open.last().map_or(When::Sometimes, |bracket| bracket.when);
            match token.text {
                "(" | "[" | "{" => {
                    let callee = if token.text == "(" { dotted_before(tokens, at) } else { String::new() };
                    open.push(Bracket::new(tokens, at + 1, callee, when));
                }
                ")" | "]" | "}" if open.len() > 1 => {
                    open.pop();
                }
                "," => {
                    if let Some(bracket) = open.last_mut() {
                        bracket.argument += 1;
                    }
                }
                "and" | "or" => {
                    if let Some(bracket) = open.last_mut() {
                        bracket.when = When::Likely.max(bracket.when);
                    }
                }
                _ if token.is_name() => self.name(tokens, at, when, open.last()),
                _ => {}
            }
        }
    }

    fn name(&mut self, tokens: &[Token<'_>], at: usize, when: When, bracket: Option<&Bracket>) {
        let token = tokens[at];
        if at > 0 && tokens[at - 1].is(".") {
            if at >= 4 && tokens[at - 2].is(")") && is_super(&tokens[..at - 1]) {
                let known = self.facts.supers.entry(token.text.to_owned()).or_insert(when);
                *known = when.min(*known);
            }
            return;
        }
        if let Some((owner, attribute)) = self.attribute(tokens, at) {
            let uses = self.facts.uses.entry(owner).or_default();
            read(uses, attribute, when);
            return;
        }
        if self.parameters.contains(token.text) {
            self.handed_on(tokens, at, when, bracket);
            return;
        }
        let is_keyword_argument = tokens.get(at + 1).is_some_and(|next| next.is("="));
        if !KEYWORDS.contains(&token.text) && !is_keyword_argument {
            self.facts.names.insert(dotted_at(tokens, at));
        }
    }

    /// A parameter that stands alone as an argument.
    fn handed_on(&mut self, tokens: &[Token<'_>], at: usize, when: When, bracket: Option<&Bracket>) {
        let ends = |token: Option<&Token<'_>>| token.is_none_or(|token| token.is(",") || token.is(")"));
        let Some(bracket) = bracket.filter(|bracket| !bracket.callee.is_empty()) else { return };
        if !ends(tokens.get(at + 1)) {
            return;
        }
        let parameter = tokens[at].text.to_owned();
        // `getattr(self, "name")` and its relatives are accesses.
        let text = tokens.get(at + 2).filter(|token| token.kind == Kind::Text).map(|token| token.text);
        if let ("getattr" | "hasattr" | "setattr" | "delattr", Some(text)) = (bracket.callee.as_str(), text) {
            let attribute = text.trim_matches(['"', '\'']).to_owned();
            let has_default = tokens.get(at + 3).is_some_and(|token| token.is(","));
            let uses = self.facts.uses.entry(parameter).or_default();
            match bracket.callee.as_str() {
                "setattr" => drop(uses.sets.insert(attribute)),
                "getattr" if !has_default => read(uses, attribute, when),
                _ => drop(uses.asked.insert(attribute)),
            }
            return;
        }
        let before = at.checked_sub(1).map(|before| tokens[before]);
        let place = match before {
            Some(token) if token.is("(") || token.is(",") => bracket.argument.to_string(),
            Some(token) if token.is("=") && at >= 2 => tokens[at - 2].text.to_owned(),
            _ => return,
        };
        let pass = Pass { parameter, to: bracket.callee.clone(), place, when };
        if !self.facts.passes.contains(&pass) {
            self.facts.passes.push(pass);
        }
    }
}

/// An open bracket.
struct Bracket {
    /// What is called by it, dotted; empty where nothing with a name is.
    callee: String,
    argument: usize,
    when: When,
}

fn read(uses: &mut Uses, attribute: String, when: When) {
    let known = uses.reads.entry(attribute).or_insert(when);
    *known = when.min(*known);
}

impl Bracket {
    /// The bracket whose content begins at a token.
    fn new(tokens: &[Token<'_>], from: usize, callee: String, when: When) -> Self {
        let content = &tokens[from.min(tokens.len())..];
        let end = depth_end(content);
        // `and` and `or` decide about what is behind them, these about the whole of it.
        let has = |word: &str| depth_zero(&content[..end], |token| token.is(word)).is_some();
        let is_chosen = ["lambda", "for", "if"].into_iter().any(has);
        let own = if is_chosen { When::Sometimes } else { When::Always };
        Self { callee, argument: 0, when: own.max(when) }
    }
}

/// Where the bracket around these tokens is closed.
fn depth_end(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            _ if token.kind == Kind::Text => {}
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return at,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The dotted name that ends before a token.
fn dotted_before(tokens: &[Token<'_>], end: usize) -> String {
    let mut from = end;
    while from > 0 {
        let token = tokens[from - 1];
        let fits = if (end - from).is_multiple_of(2) {
            token.is_name() && !KEYWORDS.contains(&token.text)
        } else {
            token.is(".")
        };
        if !fits {
            break;
        }
        from -= 1;
    }
    // It does not begin with a dot: that is an attribute of something that has no name.
    if (end - from).is_multiple_of(2) {
        String::new()
    } else {
        tokens[from..end].iter().map(|t| t.text).collect()
    }
}

/// The dotted name that begins at a token.
pub(super) fn dotted_at(tokens: &[Token<'_>], from: usize) -> String {
    let mut name = tokens[from].text.to_owned();
    let mut at = from + 1;
    while let Some([dot, next]) = tokens.get(at..at + 2)
        && dot.is(".")
        && next.is_name()
    {
        name.push('.');
        name.push_str(next.text);
        at += 2;
    }
    name
}

/// Whether tokens end with `super(...)`.
fn is_super(tokens: &[Token<'_>]) -> bool {
    let open = tokens.iter().rposition(|token| token.is("("));
    open.is_some_and(|open| open > 0 && tokens[open - 1].is("super"))
}

/// Whether a suite raises at its end, whatever it decides before.
fn raises(suite: &[Statement<'_>]) -> bool {
    suite.last().is_some_and(|last| match last.word() {
        "raise" => true,
        "else" => raises(&last.suite),
        _ => false,
    })
}

/// Whether a suite may leave the function.
fn ends(suite: &[Statement<'_>]) -> bool {
    suite.iter().any(|statement| {
        matches!(statement.word(), "return" | "yield")
            || (!matches!(statement.word(), "def" | "class") && ends(&statement.suite))
    })
}
