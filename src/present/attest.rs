//! What is wrong with a statement, and how a record came out again, in words.

// Writing to a `String` cannot fail.
use std::fmt::Write as _;

use super::words::{line, plural};
use crate::judge::{Discrepancy, Repetition};

/// Cells that are listed before the rest is counted.
const MOST: usize = 20;

/// One line about what a statement says otherwise.
pub fn mismatch_line(mismatch: &Discrepancy) -> String {
    match mismatch {
        Discrepancy::Form => "it is not an in-toto statement of test results in this form".to_owned(),
        Discrepancy::Digest { name } => format!("the digest of {} is another one", line(name)),
        Discrepancy::Unknown { name } => {
            format!("it names {} once too often: the record has no such thing", line(name))
        }
        Discrepancy::LeftOut { name } => format!("it leaves out {}", line(name)),
        Discrepancy::Result => "the result of all is another one".to_owned(),
        Discrepancy::Cell { said } => format!("it says `{}`, and the record does not", line(said)),
        Discrepancy::File { path } => format!("{} is none of the artifacts of this run", line(path)),
        Discrepancy::Unchecked { name } => {
            format!("the SHA-256 of {} cannot be checked here: give the file with --artifact", line(name))
        }
    }
}

/// How the cells of a record came out again.
pub fn repetition_text(found: &Repetition) -> String {
    let total = found.agree + found.differ.len() + found.unjudged.len();
    let mut text = format!("{} of {} that were tried again agree", found.agree, plural(total as u64, "cell"));
    if found.left_out > 0 {
        let _ = write!(text, "; {} more of the record were not tried", found.left_out);
    }
    text.push('\n');
    for (cell, told, now) in found.differ.iter().take(MOST) {
        let _ = writeln!(text, "  {}: {told} in the record, {now} here", line(cell));
    }
    for cell in found.unjudged.iter().take(MOST) {
        let _ = writeln!(text, "  {}: not judged here", line(cell));
    }
    let rest = found.differ.len().saturating_sub(MOST) + found.unjudged.len().saturating_sub(MOST);
    if rest > 0 {
        let _ = writeln!(text, "  and {rest} more");
    }
    text
}
