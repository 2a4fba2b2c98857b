//! Environments that were made, for people and programs.

use super::programs;
use crate::app::Made;
use crate::present::words::quoted;

/// An environment with what starts its interpreter.
pub(super) fn made_line(made: &Made) -> String {
    let release =
        made.packages.get("scikit-learn").map_or_else(String::new, |it| format!(", scikit-learn {it}"));
    format!("{}: python {}{release}\n  {}\n", made.name, made.python, shell(&made.command))
}

/// One that was made, for programs.
pub(super) fn of_made(made: &Made) -> serde_json::Value {
    serde_json::json!({
        "name": made.name,
        "python": made.python,
        "packages": made.packages,
        "command": made.command,
        "programs": made.programs.as_deref().map(programs::path),
    })
}

/// A command as it is typed.
pub(super) fn shell(words: &[String]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}
