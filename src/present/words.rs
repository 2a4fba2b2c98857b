//! Texts and numbers as every renderer shows them.
//!
//! Messages come out of artifacts, that is, from strangers: no renderer passes one on without [`line()`] or
//! [`block`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use crate::vocab::{CellRecord, Mismatch, NoiseFloor, OutputComparison, Verdict, Worst};

/// Every verdict, the one that deserves attention first at the front. Silent differences lead because
/// nobody notices them otherwise.
pub const WORST_FIRST: [Verdict; 13] = [
    Verdict::Drift,
    Verdict::Crash,
    Verdict::Timeout,
    Verdict::OutOfMemory,
    Verdict::LoadError,
    Verdict::PredictError,
    Verdict::EnvError,
    Verdict::Unverified,
    Verdict::NotTried,
    Verdict::Absent,
    Verdict::Unsupported,
    Verdict::Roundoff,
    Verdict::Identical,
];

/// The verdicts as a person at a table wants them: five groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// `drift`.
    Silent,
    /// Tried, and did not work: `crash`, `timeout`, `out-of-memory`, `load-error`, `predict-error`.
    Fails,
    /// Could not be tried, was not, or could not be judged: `env-error`, `not-tried`, `unverified`.
    NoVerdict,
    /// `identical` or `roundoff`.
    Works,
    /// `unsupported`, `absent`.
    Unsupported,
}

impl Group {
    /// Every group, the one that deserves attention first at the front.
    pub const ALL: [Self; 5] = [Self::Silent, Self::Fails, Self::NoVerdict, Self::Works, Self::Unsupported];

    /// The group of a verdict.
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Drift => Self::Silent,
            Verdict::Crash
            | Verdict::Timeout
            | Verdict::OutOfMemory
            | Verdict::LoadError
            | Verdict::PredictError => Self::Fails,
            Verdict::EnvError | Verdict::NotTried | Verdict::Unverified => Self::NoVerdict,
            Verdict::Identical | Verdict::Roundoff => Self::Works,
            Verdict::Unsupported | Verdict::Absent => Self::Unsupported,
        }
    }

    /// What it means, in words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Silent => "silently different",
            Self::Fails => "fails",
            Self::NoVerdict => "not judged",
            Self::Works => "works",
            Self::Unsupported => "does not apply",
        }
    }

    /// One ASCII character for terminals.
    pub const fn ascii(self) -> char {
        match self {
            Self::Silent => '~',
            Self::Fails => 'x',
            Self::NoVerdict => '?',
            Self::Works => '=',
            Self::Unsupported => '-',
        }
    }

    /// One character for HTML. The shapes differ, so that nothing depends on colour.
    pub const fn symbol(self) -> char {
        match self {
            Self::Silent => '≠',
            Self::Fails => '✕',
            Self::NoVerdict => '?',
            Self::Works => '✓',
            Self::Unsupported => '–',
        }
    }

    /// One character for Markdown, where no style sheet can colour a cell.
    pub const fn emoji(self) -> &'static str {
        match self {
            Self::Silent => "⚠️",
            Self::Fails => "❌",
            Self::NoVerdict => "❔",
            Self::Works => "✅",
            Self::Unsupported => "➖",
        }
    }

    /// The name of its style in HTML.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Fails => "fails",
            Self::NoVerdict => "noverdict",
            Self::Works => "works",
            Self::Unsupported => "unsupported",
        }
    }
}

/// Cells counted by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; WORST_FIRST.len()]);

impl Counts {
    /// Counts one more cell.
    pub fn add(&mut self, verdict: Verdict) {
        self.0[verdict as usize] += 1;
    }

    /// The number of cells with a verdict.
    pub fn get(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// The number of cells in a group.
    pub fn group(&self, group: Group) -> u64 {
        WORST_FIRST.into_iter().filter(|verdict| Group::of(*verdict) == group).map(|v| self.get(v)).sum()
    }

    /// The number of cells.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The verdicts that occur with their counts, worst first.
    pub fn occurring(&self) -> impl Iterator<Item = (Verdict, u64)> {
        WORST_FIRST.into_iter().map(|verdict| (verdict, self.get(verdict))).filter(|(_, count)| *count > 0)
    }

    /// The groups that occur with their counts, worst first.
    pub fn groups(&self) -> impl Iterator<Item = (Group, u64)> {
        Group::ALL.into_iter().map(|group| (group, self.group(group))).filter(|(_, count)| *count > 0)
    }

    /// The worst verdict, if there is any cell.
    pub fn worst(&self) -> Option<Verdict> {
        self.occurring().next().map(|(verdict, _)| verdict)
    }

    /// The first group that occurs: what colours a table cell. It differs from the group of
    /// [`Self::worst`] only in that an inapplicable model does not outweigh models that work.
    pub fn tone(&self) -> Option<Group> {
        self.groups().next().map(|(group, _)| group)
    }

    /// `3 drift, 4 load-error, 12 identical`, worst first.
    pub fn sentence(&self) -> String {
        join(self.occurring().map(|(verdict, count)| format!("{count} {verdict}")))
    }
}

impl FromIterator<Verdict> for Counts {
    fn from_iter<I: IntoIterator<Item = Verdict>>(verdicts: I) -> Self {
        let mut counts = Self::default();
        verdicts.into_iter().for_each(|verdict| counts.add(verdict));
        counts
    }
}

impl From<&BTreeMap<Verdict, u64>> for Counts {
    fn from(map: &BTreeMap<Verdict, u64>) -> Self {
        let mut counts = Self::default();
        for (verdict, count) in map {
            counts.0[*verdict as usize] = *count;
        }
        counts
    }
}

/// Items separated by commas.
pub fn join<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing into a String cannot fail.
        let _ = write!(text, "{item}");
    }
    text
}

/// `1 pair`, `2 pairs`.
pub fn plural(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Two significant digits, plain where that is short and scientific elsewhere.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { format!("{value}") };
    }
    let magnitude = value.abs();
    if (1e-2..99.5).contains(&magnitude) {
        let decimals = match magnitude {
            m if m >= 9.95 => 0,
            m if m >= 0.995 => 1,
            m if m >= 0.0995 => 2,
            _ => 3,
        };
        format!("{value:.decimals$}")
    } else {
        format!("{value:.1e}")
    }
}

/// A duration for people: `0.4 s`, `41 s`, `3 min 20 s`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown time".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Whether a character may stand in a report: no control characters, none of those that turn the direction
/// of text around (they make a message read differently from what it is), none that XML forbids.
fn is_shown(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        && !matches!(character, '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// A text from outside as one line: terminal escapes and control characters dropped, white space runs
/// folded into one space.
pub fn line(text: &str) -> Cow<'_, str> {
    let mut previous_space = true;
    let is_clean = text.bytes().all(|byte| {
        let folds = byte == b' ' && previous_space;
        previous_space = byte == b' ';
        (0x20..0x7f).contains(&byte) && !folds
    });
    if is_clean && !text.ends_with(' ') {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for piece in anstream::adapter::strip_str(text).to_string().split_whitespace() {
        let before = cleaned.len();
        if before > 0 {
            cleaned.push(' ');
        }
        cleaned.extend(piece.chars().filter(|character| is_shown(*character)));
        if before > 0 && cleaned.len() == before + 1 {
            cleaned.pop();
        }
    }
    Cow::Owned(cleaned)
}

/// A text from outside with its line breaks kept; everything else as in [`line()`], except that spaces stay.
pub fn block(text: &str) -> String {
    anstream::adapter::strip_str(text)
        .to_string()
        .replace("\r\n", "\n")
        .replace('\t', "    ")
        .chars()
        .filter(|character| *character == '\n' || is_shown(*character))
        .collect()
}

/// At most `max` characters, the end cut off between words and marked. A word that takes more than half of that is cut.
pub fn shorten(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().count() <= max {
        return Cow::Borrowed(text);
    }
    let room = max.saturating_sub(3);
    let kept: String = text.chars().take(room).collect();
    let is_between = text.chars().nth(room).is_some_and(char::is_whitespace);
    let whole = kept.rfind(char::is_whitespace).filter(|end| !is_between && *end >= kept.len() / 2);
    Cow::Owned(format!("{}...", kept[..whole.unwrap_or(kept.len())].trim_end()))
}

/// At most `max` characters, cut in the middle: names of environments differ at their ends.
pub fn shorten_middle(text: &str, max: usize) -> Cow<'_, str> {
    let count = text.chars().count();
    if count <= max || max < 4 {
        return Cow::Borrowed(text);
    }
    let tail = (max - 2) / 2;
    let head = max - 2 - tail;
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(count - tail).collect();
    Cow::Owned(format!("{start}..{end}"))
}

/// A label or number of the worst row; long labels are cut.
pub fn value(text: &str) -> String {
    shorten(&line(text), 32).into_owned()
}

/// Both values of the worst row, reference first. Floats of continuous outputs have as few significant digits,
/// but at least six, as tell the two sides apart; the texts are exact where no rounding does, and for labels.
pub fn worst_values(facts: &OutputComparison, worst: &Worst) -> (String, String) {
    // Only continuous outputs have a tolerance.
    let digits = if facts.tolerance.is_some() { 6..17 } else { 0..0 };
    let (reference, observed) = digits
        .map(|digits| (rounded(&worst.reference, digits), rounded(&worst.observed, digits)))
        .find(|(reference, observed)| reference != observed)
        .unwrap_or((Cow::Borrowed(&worst.reference), Cow::Borrowed(&worst.observed)));
    (value(&reference), value(&observed))
}

/// The text of a float with at most this many significant digits; other texts as they are.
fn rounded(text: &str, digits: usize) -> Cow<'_, str> {
    let exact = text.parse::<f64>().ok().filter(|exact| exact.is_finite() && text.contains(['.', 'e']));
    let short = exact.and_then(|exact| format!("{exact:.*e}", digits - 1).parse::<f64>().ok());
    match short {
        // The largest floats round to infinity.
        Some(short) if Some(short) != exact && short.is_finite() => {
            // Plain notation would end in zeros that look like digits.
            let plain = short.abs() < 10.0_f64.powi(digits as i32);
            Cow::Owned(if plain { format!("{short:?}") } else { format!("{short:e}") })
        }
        _ => Cow::Borrowed(text),
    }
}

/// The index of an element, `[12, 1]`.
pub fn index(index: &[u64]) -> String {
    format!("[{}]", join(index))
}

/// Between reference and observation where only ASCII is safe.
pub const ASCII_ARROW: &str = "->";
/// Between reference and observation elsewhere.
pub const ARROW: &str = "→";

/// What is different in one output, in words and with its worst row:
/// `max abs 0.50, [12, 1]: 0.25 -> 0.75`.
pub fn difference(facts: &OutputComparison, arrow: &str) -> String {
    let mut parts = Vec::new();
    match &facts.mismatch {
        Some(Mismatch::Missing) => parts.push("output is missing".to_owned()),
        Some(Mismatch::Shape { reference, observed }) => {
            parts.push(format!("shape {} {arrow} {}", index(reference), index(observed)));
        }
        Some(Mismatch::Type { reference, observed }) => {
            parts.push(format!("type {} {arrow} {}", value(reference), value(observed)));
        }
        Some(Mismatch::Mistyped { .. }) => parts.push("of another kind than what is expected".to_owned()),
        Some(Mismatch::Damaged { what }) => parts.push(format!("damaged output: {}", value(what))),
        None => {}
    }
    let flips = facts.flips.saturating_sub(facts.tie_flips);
    if flips > 0 {
        parts.push(format!("{flips} of {} flip", plural(facts.elements, "label")));
    }
    if facts.tie_flips > 0 {
        parts.push(plural(facts.tie_flips, "tie flip"));
    }
    if facts.nonfinite_differ > 0 {
        parts.push(format!("NaN or infinity moved in {}", plural(facts.nonfinite_differ, "place")));
    }
    if facts.max_abs.0 != 0.0 {
        parts.push(format!("max abs {}", number(facts.max_abs.0)));
    }
    if let Some(floor) = &facts.noise {
        parts.push(noise_floor(floor, facts.flips > 0));
    }
    if let Some(worst) = &facts.worst {
        let (reference, observed) = worst_values(facts, worst);
        parts.push(format!("{}: {reference} {arrow} {observed}", index(&worst.index)));
    }
    if parts.is_empty() { "equal".to_owned() } else { parts.join(", ") }
}

/// How far an output moves in its own producer: `noise floor 3.1e-2`.
pub fn noise_floor(floor: &NoiseFloor, is_label: bool) -> String {
    if is_label {
        format!("{} by noise in its producer", plural(floor.flipped.len() as u64, "flip"))
    } else {
        format!("noise floor {}", number(floor.max_abs.0))
    }
}

/// The labels that flip in other outputs than `output`, with a comma before: scores that lie far apart and labels that
/// turn over are two things that a reader wants to know. Empty where none do.
pub fn flips_beside(cell: &CellRecord, output: &str) -> String {
    let others = cell.outputs.iter().filter(|(name, _)| *name != output);
    let flips = others.filter_map(|(name, facts)| {
        let flips = facts.flips.saturating_sub(facts.tie_flips);
        (flips > 0).then(|| format!(", {name}: {flips} of {} flip", plural(facts.elements, "label")))
    });
    flips.collect()
}

/// Part of a sentence as a sentence.
pub fn capitalised(part: &str) -> String {
    let mut letters = part.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// A path as a shell takes it.
pub fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_alphanumeric() || "/._-+=:@%,~".contains(c));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_significant_digits() {
        let shown: Vec<_> =
            [0.0, 0.5, 0.0123, 0.00999, 1.0, 9.96, 12.34, 99.4, 99.6, -0.25, 1e300, 5e-324, 8.54e-13]
                .into_iter()
                .map(number)
                .collect();
        assert_eq!(
            shown,
            [
                "0", "0.50", "0.012", "1.0e-2", "1.0", "10", "12", "99", "1.0e2", "-0.25", "1.0e300",
                "4.9e-324", "8.5e-13"
            ]
        );
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn worst_rows_have_the_digits_that_tell_them_apart() {
        let shown = |left: &str, right: &str| format!("{} {}", rounded(left, 6), rounded(right, 6));
        assert_eq!(shown("0.056485657905522", "-0.2"), "0.0564857 -0.2");
        assert_eq!(shown("1234567.5", "123456.75"), "1.23457e6 123457.0");
        assert_eq!(shown("4.2123456789e-7", "1.7976931348623157e308"), "4.21235e-7 1.79769e308");
        assert_eq!(shown("12345678", "nan"), "12345678 nan");
        assert_eq!(shown("-0.0", "0.1234564 (0x0)"), "-0.0 0.1234564 (0x0)");
        assert_eq!(rounded("1.7976931348623157e308", 10), "1.7976931348623157e308");

        let facts = |agreement: &str, tolerance: &str| -> OutputComparison {
            let text = format!(r#"{{"agreement": "{agreement}", "elements": 2{tolerance}}}"#);
            serde_json::from_str(&text).expect("facts")
        };
        let row = |reference: &str, observed: &str| Worst {
            index: vec![0],
            reference: reference.to_owned(),
            observed: observed.to_owned(),
        };
        let numbers = facts("outside", r#", "tolerance": {"rtol": 0.0, "stol": 0.0}"#);
        let apart = |reference: &str, observed: &str| worst_values(&numbers, &row(reference, observed));
        let texts = |reference: &str, observed: &str| (reference.to_owned(), observed.to_owned());
        assert_eq!(apart("0.123456789", "0.123456889"), texts("0.1234568", "0.1234569"));
        assert_eq!(apart("0.1", "0.10000000000000002"), texts("0.1", "0.10000000000000002"));
        assert_eq!(apart("1.0", "0.9999999999"), texts("1.0", "0.9999999999"));
        let labels = facts("outside", "");
        let names = worst_values(&labels, &row("1.23456789", "2.0"));
        assert_eq!(names, texts("1.23456789", "2.0"));
    }

    #[test]
    fn texts_from_outside_are_tamed() {
        assert_eq!(line("plain text"), "plain text");
        assert_eq!(line("a\r\n  b\t\u{1b}[31mred\u{1b}[0m \u{7} c\u{202e}d \n"), "a b red cd");
        assert_eq!(line("\u{1b}]0;title\u{7}x"), "x");
        assert_eq!(block("a\r\nb\u{0}\u{1b}[1mc\td"), "a\nbc    d");
        assert_eq!(shorten("abcdefgh", 6), "abc...");
        assert_eq!(shorten_middle("sk1.2.2-openblas", 10), "sk1...blas");
    }

    #[test]
    fn unsupported_does_not_outweigh_what_works() {
        let counts: Counts = [Verdict::Identical, Verdict::Unsupported].into_iter().collect();
        assert_eq!(counts.worst(), Some(Verdict::Unsupported));
        assert_eq!(counts.tone(), Some(Group::Works));
        assert_eq!(counts.sentence(), "1 unsupported, 1 identical");
        assert_eq!(Counts::default().tone(), None);
    }

    #[test]
    fn every_verdict_has_its_place() {
        let mut sorted = WORST_FIRST.to_vec();
        sorted.sort();
        assert_eq!(sorted, Verdict::ALL);
    }
}
