//! Values that somebody expects of an artifact: the file in which they stand, and what of them no model like it can give.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The file that holds the values which are expected of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedFile {
    /// The file as it was named.
    pub path: String,
    /// Whether each row stands in a line of its own below a header, as in a CSV.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lines: bool,
    /// By output, the headings of its columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub columns: BTreeMap<String, Vec<String>>,
}

impl ExpectedFile {
    /// Where a value of an output stands in it.
    pub fn place(&self, output: &str, row: Option<u64>, column: Option<u64>) -> ExpectedPlace {
        let named = self.columns.get(output);
        let heading = column.and_then(|column| named?.get(usize::try_from(column).ok()?).cloned());
        ExpectedPlace {
            path: self.path.clone(),
            line: row.filter(|_| self.lines).map(|row| row.saturating_add(2)),
            row,
            column: heading,
        }
    }
}

/// A place in such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedPlace {
    /// The file as it was named.
    pub path: String,
    /// The line, from 1, where the file has lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The row, from 0, where one is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The heading of the column, where one is meant and has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

/// What is wrong with an expected output: this model gives nothing of the kind, whatever release it is read with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Mistyped {
    /// The model does not have the output.
    NoSuchOutput,
    /// The rows differ in number.
    Rows {
        /// In the file.
        expected: u64,
        /// That the model gives.
        observed: u64,
    },
    /// The columns differ in number.
    Columns {
        /// In the file.
        expected: u64,
        /// That the model gives.
        observed: u64,
    },
    /// A column belongs to a class that the model does not have.
    NoSuchClass {
        /// The class.
        class: String,
        /// The classes of the model, the first of them where there are many.
        classes: Vec<String>,
    },
    /// Labels that are none of the model's classes.
    Labels {
        /// The first of them.
        value: String,
        /// How many there are.
        count: u64,
        /// The classes of the model, the first of them where there are many.
        classes: Vec<String>,
    },
    /// A text where the model gives numbers.
    Text {
        /// The text.
        value: String,
    },
    /// A number where the model gives texts.
    Number {
        /// The number.
        value: String,
    },
    /// There is no value.
    Missing,
    /// A probability below 0 or above 1.
    Range {
        /// It.
        value: String,
    },
    /// Probabilities of a row that do not add up to 1, as those of the model do.
    Sum {
        /// What they add up to.
        value: String,
    },
}

impl Mistyped {
    /// Classes that are named at most; one more is kept where there are more.
    pub const MOST_CLASSES: usize = 10;

    /// The word of its kind, as it is serialised.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoSuchOutput => "no-such-output",
            Self::Rows { .. } => "rows",
            Self::Columns { .. } => "columns",
            Self::NoSuchClass { .. } => "no-such-class",
            Self::Labels { .. } => "labels",
            Self::Text { .. } => "text",
            Self::Number { .. } => "number",
            Self::Missing => "missing",
            Self::Range { .. } => "range",
            Self::Sum { .. } => "sum",
        }
    }
}
