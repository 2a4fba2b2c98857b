//! What a play came to, as a table for people.

use std::fmt::Write as _;

use crate::stage::Outcome;

/// One line an attack: kept, or how it escaped. What nobody can be blamed for comes first.
pub fn of(outcome: &Outcome, name: &str) -> String {
    let escaped = outcome.rows.iter().filter(|row| !row.escapes.is_empty()).count();
    let mut text = format!("hostile files in {name}: {} tried, {escaped} escaped\n", outcome.rows.len());
    for escape in &outcome.escapes {
        let _ = writeln!(text, "  ESCAPED  (somebody of) {escape}");
    }
    for row in &outcome.rows {
        let verdicts: Vec<&str> = row.verdicts.values().map(String::as_str).collect();
        let verdicts =
            if verdicts.is_empty() { "no verdict".to_owned() } else { one_line(&verdicts.join(", ")) };
        let word = if row.escapes.is_empty() { "kept   " } else { "ESCAPED" };
        let told = one_line(&row.escapes.join("; "));
        let _ = writeln!(text, "  {word}  {:<10} {:<32} {told}  [{verdicts}]", row.kind, row.attack);
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}

/// What hostile files say, without what a terminal would take for more than text.
fn one_line(text: &str) -> String {
    let mut line: String = text.escape_debug().take(240).collect();
    if line.len() < text.len() {
        line.push_str("...");
    }
    line
}
