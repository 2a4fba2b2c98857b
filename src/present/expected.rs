//! What was given with a file, in words: what is wrong with expected values, what the width of made-up inputs rests on.

use super::words::{join, line, plural};
use crate::vocab::{ExpectedPlace, MadeUp, Mistyped};

/// A width that was guessed: `4 columns (as many as mean_ of StandardScaler tells)`.
pub(super) fn columns(guess: &MadeUp) -> String {
    format!("{} (as many as {} tells)", plural(u64::from(guess.columns), "column"), line(&guess.from))
}

/// Where it stands: the file, the line or the row, the column.
pub(super) fn place(place: &ExpectedPlace) -> String {
    let row = match (place.line, place.row) {
        (Some(line), _) => format!(":{line}"),
        (None, Some(row)) => format!(", row {}", row.saturating_add(1)),
        (None, None) => String::new(),
    };
    let column = place.column.as_ref().map(|column| format!(", column `{column}`")).unwrap_or_default();
    format!("expected values `{}`{row}{column}", place.path)
}

/// What is wrong, as a sentence.
pub(super) fn mistyped(output: &str, how: &Mistyped) -> String {
    match how {
        Mistyped::NoSuchOutput => {
            format!("the model does not have {output}; what it predicts stands in a column `predict`")
        }
        Mistyped::Rows { expected, observed } => {
            format!("{output} has {} there, and the model gives {observed}", plural(*expected, "row"))
        }
        Mistyped::Columns { expected, observed } => {
            format!("{output} has {} there, and the model gives {observed}", plural(*expected, "column"))
        }
        Mistyped::NoSuchClass { class, classes } => {
            format!("`{class}` is not a class of the model: its classes are {}", named(classes))
        }
        Mistyped::Labels { value, count, classes } => {
            let more = match count {
                1 => String::new(),
                count => format!(" (and {} more of this kind)", plural(count - 1, "label")),
            };
            format!("`{value}` is not a class of the model: its classes are {}{more}", named(classes))
        }
        Mistyped::Text { value } => format!("`{value}` is a text, and {output} of the model gives numbers"),
        Mistyped::Number { value } => format!("`{value}` is a number, and {output} of the model gives texts"),
        Mistyped::Missing => "the value is missing".to_owned(),
        Mistyped::Range { value } => format!("{value} is not a probability"),
        Mistyped::Sum { value } => format!("the probabilities of the row add up to {value}, not to 1"),
    }
}

/// Classes, the first of them where there are many.
fn named(classes: &[String]) -> String {
    match classes.len() > Mistyped::MOST_CLASSES {
        true => format!("{} and more", join(&classes[..Mistyped::MOST_CLASSES])),
        false => join(classes),
    }
}
