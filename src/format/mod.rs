//! Layer 1: the formats in which a fitted estimator is written.
//!
//! A format is a row of [`TABLE`]: a name, the handler that writes and reads it, and that handler's options. A
//! handler is a row of [`HANDLERS`]: a Python file for the agent, and what is known of it beforehand. A matrix may
//! declare further formats: other options for a handler, or a handler of its own. The runner and the reports know no
//! format by name.

mod table;

use std::sync::Arc;

use crate::vocab::{ArtifactKind, FormatName, FormatPlan, Holds, ReferenceKind};

pub use table::{HANDLERS, TABLE};

/// What writes and reads files: a Python file for the agent, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handler {
    /// Its name.
    pub name: &'static str,
    /// Its Python source: `save`, `load` and what they need.
    pub source: &'static str,
    /// What its artifacts are compared with.
    pub reference: ReferenceKind,
    /// Whether reading a file runs code that the file brings along.
    pub runs_code: bool,
    /// File name extension, without the dot.
    pub extension: &'static str,
    /// The options that it understands.
    pub options: &'static [&'static str],
    /// What the static reader calls files that somebody else made and this handler reads; `None` where only what
    /// shelflife wrote itself can be read.
    pub reads: Option<ArtifactKind>,
    /// Packages beside scikit-learn that reading takes.
    pub packages: &'static [&'static str],
    /// Whether its files hold the estimator itself.
    pub holds: Holds,
    /// Packages beside scikit-learn that it takes to write a model that somebody has as one file that others read; `None`
    /// where that is not offered.
    pub writing: Option<&'static [&'static str]>,
}

/// One row of the table of formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatRow {
    /// Name in matrices and reports.
    pub name: &'static str,
    /// The handler.
    pub handler: &'static str,
    /// The handler's options as JSON.
    pub options: &'static str,
    /// One line for people.
    pub about: &'static str,
}

/// One format of a matrix: a row of the table, or what the matrix declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Name in the matrix and in reports.
    pub name: FormatName,
    /// Name of the handler; unique for a source within a matrix.
    pub handler: String,
    /// The handler's Python source.
    pub source: Arc<str>,
    /// The handler's options.
    pub options: serde_json::Value,
    /// File name extension, without the dot.
    pub extension: String,
    /// One line for people.
    pub about: String,
    /// What its artifacts are compared with.
    pub reference: ReferenceKind,
    /// Whether reading a file runs code that the file brings along; `None` where nobody has said so.
    pub runs_code: Option<bool>,
    /// The format that it is without the damage that is done to its files.
    pub intact: Option<FormatName>,
}

impl Format {
    /// What the record keeps of it.
    pub fn plan(&self) -> FormatPlan {
        FormatPlan {
            name: self.name.clone(),
            handler: self.handler.clone(),
            about: self.about.clone(),
            reference: self.reference,
            runs_code: self.runs_code,
            damaged: self.options.get("damage").and_then(|kind| kind.as_str()).map(str::to_owned),
            intact: self.intact.clone(),
        }
    }
}

impl FormatRow {
    /// The format as a matrix uses it.
    pub fn format(&self) -> Format {
        let handler = handler(self.handler).unwrap_or(&HANDLERS[0]);
        Format {
            name: self.name.into(),
            handler: handler.name.to_owned(),
            source: handler.source.into(),
            // The table's own test says that options are JSON objects.
            options: serde_json::from_str(self.options).unwrap_or_default(),
            extension: handler.extension.to_owned(),
            about: self.about.to_owned(),
            reference: handler.reference,
            runs_code: Some(handler.runs_code),
            intact: None,
        }
    }
}

/// The row of a format by name.
pub fn find(name: &str) -> Option<&'static FormatRow> {
    TABLE.iter().find(|row| row.name == name)
}

/// Options without which a file is written as anybody would: they speak of reading, or of several models in one file.
const OF_SPECIAL_FILES: [&str; 3] = ["encoding", "mmap_mode", "consecutive"];

/// The row of a format in which a model that somebody has can be written, as one file.
pub fn writable(name: &str) -> Option<&'static FormatRow> {
    let row = find(name)?;
    let is_offered = handler(row.handler).is_some_and(|handler| handler.writing.is_some());
    let is_special = OF_SPECIAL_FILES.iter().any(|option| row.options.contains(option));
    (is_offered && !is_special).then_some(row)
}

/// The handler of a name.
pub fn handler(name: &str) -> Option<&'static Handler> {
    HANDLERS.iter().find(|handler| handler.name == name)
}

/// What reads the pickle that stands for the fitted model itself, where a format says that its artifacts are
/// compared with the model.
pub fn model_reader() -> Format {
    TABLE[0].format()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_options_are_known_to_the_handler() {
        for (index, row) in TABLE.iter().enumerate() {
            assert!(TABLE[index + 1..].iter().all(|other| other.name != row.name), "{}", row.name);
            let options: serde_json::Value = serde_json::from_str(row.options).expect("options are JSON");
            let handler = handler(row.handler).expect("the handler exists");
            for option in options.as_object().expect("options are an object").keys() {
                assert!(handler.options.contains(&option.as_str()), "{}: {option}", row.name);
            }
            assert_eq!(find(row.name), Some(row));
        }
        assert_eq!(model_reader().handler, "pickle");
    }

    #[test]
    fn every_handler_has_a_source_with_both_functions() {
        for (index, handler) in HANDLERS.iter().enumerate() {
            assert!(HANDLERS[index + 1..].iter().all(|other| other.name != handler.name), "{}", handler.name);
            for function in ["def save(", "def load("] {
                assert!(handler.source.contains(function), "{} lacks {function}", handler.name);
            }
            let needs =
                handler.source.lines().find(|line| line.starts_with("LOAD_NEEDS = ")).unwrap_or_default();
            for package in handler.packages {
                assert!(needs.contains(&format!("\"{package}\")")), "{}: {package}", handler.name);
            }
            assert!(
                handler.reads.is_none()
                    || needs.matches("(\"").count()
                        == handler.packages.len() + needs.matches("sklearn").count(),
                "{} needs more than its row says",
                handler.name
            );
            assert!(TABLE.iter().any(|row| row.handler == handler.name), "{} has no format", handler.name);
            let needs =
                handler.source.lines().find(|line| line.starts_with("SAVE_NEEDS = ")).unwrap_or_default();
            for package in handler.writing.into_iter().flatten() {
                assert!(needs.contains(&format!("\"{package}\")")), "{}: {package}", handler.name);
            }
        }
    }

    #[test]
    fn a_model_is_written_as_one_file_that_anybody_reads() {
        for name in ["pickle", "joblib-zlib", "skops-trusted", "onnx", "json-params", "dill"] {
            assert!(writable(name).is_some(), "{name}");
        }
        for name in ["mlflow", "m2cgen-c", "joblib-mmap", "pickle-latin1", "pickle-consecutive", "none"] {
            assert!(writable(name).is_none(), "{name}");
        }
    }
}
