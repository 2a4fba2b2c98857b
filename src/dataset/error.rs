//! What is wrong with a dataset, where, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use crate::matrix::{COMMAND_LINE, DatasetSpec};

/// A dataset that cannot be used. As a [`miette::Diagnostic`] it shows the line of the CSV file. The exit
/// code for it is 102.
#[derive(Clone, Debug)]
pub struct DatasetError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    message: String,
    help: String,
    name: String,
    path: PathBuf,
    declared_at: String,
    /// Line from 1, and name of the column where one is meant.
    line: Option<u64>,
    column: Option<String>,
    source: Option<(NamedSource<Arc<str>>, Range<usize>)>,
}

impl DatasetError {
    /// A problem of the file as a whole.
    pub(crate) fn of_file(spec: &DatasetSpec, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            help: help.into(),
            name: spec.name.clone(),
            path: spec.path.clone(),
            declared_at: spec.declared_at.clone(),
            line: None,
            column: None,
            source: None,
        }))
    }

    /// A file that cannot be read: for the caller that reads it.
    pub fn unreadable(spec: &DatasetSpec, error: &std::io::Error) -> Self {
        Self::of_file(
            spec,
            format!("the file cannot be read: {error}"),
            if spec.declared_at == COMMAND_LINE {
                "check the path; it is relative to this folder"
            } else {
                "check the path; it is relative to the matrix file that declares the dataset"
            },
        )
    }

    /// Adds the place: the line, a column, and the text with the span to show.
    pub(super) fn at(mut self, line: u64, column: Option<&str>, text: &Arc<str>, span: Range<usize>) -> Self {
        self.0.line = Some(line);
        self.0.column = column.map(str::to_owned);
        let source = NamedSource::new(self.0.path.display().to_string(), Arc::clone(text));
        self.0.source = Some((source, span));
        self
    }

    /// With another advice.
    pub(crate) fn advised(mut self, help: impl Into<String>) -> Self {
        self.0.help = help.into();
        self
    }

    /// Adds the row of the data, counted from 0, and its column.
    pub(crate) fn in_row(mut self, row: usize, column: &str) -> Self {
        // Below the header line.
        self.0.line = Some(row as u64 + 2);
        self.0.column = Some(column.to_owned());
        self
    }

    /// The line in the file, from 1, where one line is to blame.
    pub fn line(&self) -> Option<u64> {
        self.0.line
    }

    /// The column, where one is to blame.
    pub fn column(&self) -> Option<&str> {
        self.0.column.as_deref()
    }
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, name, path, line, column, .. } = &*self.0;
        write!(f, "dataset `{name}`: {}", path.display())?;
        if let Some(line) = line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {message}")
    }
}

impl std::error::Error for DatasetError {}

impl Diagnostic for DatasetError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let Inner { help, declared_at, .. } = &*self.0;
        Some(Box::new(format!("{help} (declared at {declared_at})")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.0.source.as_ref()?;
        let label = LabeledSpan::new(Some("here".to_owned()), span.start, span.len());
        Some(Box::new(std::iter::once(label)))
    }
}
