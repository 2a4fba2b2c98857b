//! Names that nobody has: a mistyped estimator is found in a matrix before any environment is made.

use std::sync::LazyLock;

use crate::explain;

/// The public classes and functions of scikit-learn, of every release from 0.20 on.
static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(explain::public_names);

/// Edits that make one name of another, at most: what differs more may be of a release that is not in the table.
const MOST_EDITS: usize = 2;

/// A name in an expression that no release has, and the one that was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistyped {
    /// As it is written.
    pub name: String,
    /// The nearest one.
    pub nearest: &'static str,
}

/// The first mistyped name of scikit-learn in a Python expression. A name that is like none is let through: it may be one of
/// a later release.
pub(super) fn mistyped(expression: &str) -> Option<Mistyped> {
    names(expression).find_map(|name| {
        let nearest = nearest(name)?;
        Some(Mistyped { name: name.to_owned(), nearest })
    })
}

/// The name that is nearest to one that is not in the table.
fn nearest(name: &str) -> Option<&'static str> {
    if NAMES.binary_search(&name).is_ok() {
        return None;
    }
    // Short names are near to each other by chance.
    let most = if name.len() < 6 { 1 } else { MOST_EDITS };
    let near = NAMES.iter().filter(|known| known.len().abs_diff(name.len()) <= most || same(known, name));
    let by_edits = near.map(|known| (if same(known, name) { 0 } else { edits(known, name) }, *known));
    by_edits.filter(|(edits, _)| *edits <= most).min().map(|(_, known)| known)
}

fn same(known: &str, name: &str) -> bool {
    known.eq_ignore_ascii_case(name)
}

/// Characters that are added, removed, replaced or swapped with their neighbour to make one name of another.
fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in 0..=left.len() {
        for j in 0..=right.len() {
            rows[i][j] = match (i, j) {
                (0, _) => j,
                (_, 0) => i,
                _ => {
                    let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
                    let swapped =
                        i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
                    let swapped = if swapped { rows[i - 2][j - 2] + 1 } else { usize::MAX };
                    replaced.min(swapped).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1)
                }
            };
        }
    }
    rows[left.len()][right.len()]
}

/// The names that an expression calls, and those that are written as classes are; what is in quotes, behind a dot or before
/// an equals sign is none of scikit-learn's.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    let bytes = expression.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            match bytes[at] {
                b'\'' | b'"' => at = end_of_text(bytes, at),
                b'#' => {
                    at = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| at + n)
                }
                byte if is_word(byte) => {
                    at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                    // A prefix such as that of r"..." belongs to the text.
                    let is_prefix = matches!(bytes.get(at), Some(b'\'' | b'"'));
                    let word = &expression[start..at];
                    if !is_prefix && is_free(bytes, start, at) && is_meant(word, &bytes[at..]) {
                        return Some(word);
                    }
                }
                _ => at += 1,
            }
        }
        None
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the text that begins at a quote ends.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let end: &[u8] = if triple { &[quote; 3] } else { &[quote] };
    let mut at = start + end.len();
    while at < bytes.len() && !bytes[at..].starts_with(end) {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + end.len()).min(bytes.len())
}

/// Whether a word is neither an attribute nor the name of an argument.
fn is_free(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = bytes[..start].iter().rev().find(|byte| !byte.is_ascii_whitespace());
    let mut behind = bytes[end..].iter().filter(|byte| !byte.is_ascii_whitespace());
    let is_argument = behind.next() == Some(&b'=') && behind.next() != Some(&b'=');
    before != Some(&b'.') && !is_argument
}

/// Whether a word can be meant as an estimator: as a class, or called.
fn is_meant(word: &str, behind: &[u8]) -> bool {
    let next = behind.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_class = word.starts_with(|first: char| first.is_ascii_uppercase());
    // Short words in lower case are Python's own, and bound by those who write them.
    is_class && word.len() > 2 || next == Some(&b'(') && word.len() > 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_mistyped_estimator_is_found_with_the_one_that_was_meant() {
        let rows = [
            ("LogisticRegresion(max_iter=500)", "LogisticRegression"),
            ("logisticregression()", "LogisticRegression"),
            ("make_pipeline(StandardScalar(), Ridge())", "StandardScaler"),
            ("make_pipline(StandardScaler(), Ridge())", "make_pipeline"),
            ("BaggingClassifier(DecisionTreeClasifier())", "DecisionTreeClassifier"),
            ("RandomForrestClassifier", "RandomForestClassifier"),
            ("Gradeint_is_no_name or GradientBoostingClassifer()", "GradientBoostingClassifier"),
            ("SVM()", "SVC"),
            ("Rigde()", "Ridge"),
        ];
        for (expression, meant) in rows {
            assert_eq!(mistyped(expression).map(|it| it.nearest), Some(meant), "{expression}");
        }
    }

    #[test]
    fn what_is_right_or_of_another_world_is_let_through() {
        let fine = [
            "make_pipeline(ColumnTransformer([('LogisticRegresion', StandardScaler(), ['a'])]), SVC(C=2))",
            "GridSearchCV(SVC(), {'C': [1, 2]}, scoring=\"Ridgee\")",
            "FunctionTransformer(func=np.log1p, kw_args=dict(out=None))",
            "xgboost.XGBClassifer()",
            "EstimatorOfARelease12(alpha=1)",
            "[Pipeline([('s', MinMaxScaler())]) for _ in range(2)][0] if True else None",
            "SVC(kernel=lambda X, Y: X @ Y.T)  # LogisticRegresion",
            "SVC(kernel=r'Ridg\\'e')",
            "float(1) == Ridge",
        ];
        for expression in fine {
            assert_eq!(mistyped(expression), None, "{expression}");
        }
        assert!(NAMES.is_sorted() && NAMES.len() > 400);
        assert!(NAMES.iter().all(|name| mistyped(name).is_none()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(expression in ".{0,80}") {
            let _ = mistyped(&expression);
        }

        #[test]
        fn edits_are_a_distance(left in "[ab]{0,6}", right in "[ab]{0,6}") {
            prop_assert_eq!(edits(&left, &right), edits(&right, &left));
            prop_assert_eq!(edits(&left, &right) == 0, left == right);
        }
    }
}
