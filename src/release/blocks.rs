//! Logical lines as statements with their suites.

use super::tokens::{Line, Token};

/// Suites within suites that are followed; deeper ones count as none.
const DEEPEST: usize = 60;

/// One statement: its own tokens, and the suite behind its colon.
#[derive(Clone, Debug, Default)]
pub(super) struct Statement<'s> {
    pub(super) tokens: Vec<Token<'s>>,
    pub(super) suite: Vec<Statement<'s>>,
}

/// Words that begin a statement with a suite.
const WITH_SUITE: [&str; 14] = [
    "if", "elif", "else", "for", "while", "try", "except", "finally", "with", "def", "class", "async",
    "match", "case",
];

impl<'s> Statement<'s> {
    /// Its first word, `async` aside; empty where it begins with something else.
    pub(super) fn word(&self) -> &'s str {
        let mut names = self.tokens.iter().take(2);
        match names.next() {
            Some(first) if first.is("async") => names.next().map_or("", |token| token.text),
            Some(first) if first.is_name() => first.text,
            _ => "",
        }
    }

    /// Its tokens behind the first word, and before the colon of its suite.
    pub(super) fn rest(&self) -> &[Token<'s>] {
        let skipped = if self.tokens.first().is_some_and(|token| token.is("async")) { 2 } else { 1 };
        self.tokens.get(skipped..).unwrap_or_default()
    }
}

/// The statements of a source.
pub(super) fn statements<'s>(lines: &[Line<'s>]) -> Vec<Statement<'s>> {
    let mut at = 0;
    let mut all = Vec::new();
    while at < lines.len() {
        // An indent that fits to nothing does not end the file.
        let indent = lines[at].indent;
        all.extend(suite(lines, &mut at, 0, indent));
    }
    all
}

fn suite<'s>(lines: &[Line<'s>], at: &mut usize, depth: usize, indent: usize) -> Vec<Statement<'s>> {
    let mut statements: Vec<Statement<'s>> = Vec::new();
    while let Some(line) = lines.get(*at) {
        if line.indent < indent {
            break;
        }
        if line.indent > indent {
            if depth >= DEEPEST {
                *at += 1;
                continue;
            }
            let inner = suite(lines, at, depth + 1, line.indent);
            match statements.last_mut() {
                Some(last) => last.suite.extend(inner),
                None => statements.extend(inner),
            }
            continue;
        }
        *at += 1;
        simple(&line.tokens, &mut statements);
    }
    statements
}

/// The statements of one line.
fn simple<'s>(tokens: &[Token<'s>], statements: &mut Vec<Statement<'s>>) {
    let Some(first) = tokens.first() else { return };
    if WITH_SUITE.iter().any(|word| first.is(word))
        && let Some(colon) = colon(tokens)
    {
        let mut statement = Statement { tokens: tokens[..colon].to_vec(), suite: Vec::new() };
        for part in parts(&tokens[colon + 1..]) {
            statement.suite.push(Statement { tokens: part.to_vec(), suite: Vec::new() });
        }
        statements.push(statement);
        return;
    }
    for part in parts(tokens) {
        statements.push(Statement { tokens: part.to_vec(), suite: Vec::new() });
    }
}

/// The parts between semicolons.
fn parts<'a, 's>(tokens: &'a [Token<'s>]) -> impl Iterator<Item = &'a [Token<'s>]> {
    tokens.split(|token| token.is(";")).filter(|part| !part.is_empty())
}

/// The colon that ends the head of a statement.
fn colon(tokens: &[Token<'_>]) -> Option<usize> {
    let (mut depth, mut lambdas) = (0_usize, 0_usize);
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            _ if token.kind == super::tokens::Kind::Text => {}
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "lambda" if depth == 0 => lambdas += 1,
            ":" if depth == 0 && lambdas > 0 => lambdas -= 1,
            ":" if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}
