//! A table beside the findings, the same in Markdown and HTML.

/// A table of texts whose first column names its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// A word for links.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// What its columns mean.
    pub legend: &'static str,
    /// The heads of its columns.
    pub heads: Vec<String>,
    /// How many columns after the first hold words; the rest are numbers.
    pub texts: usize,
    /// Its rows, as plain texts.
    pub rows: Vec<Vec<String>>,
}
