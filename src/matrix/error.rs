//! What is wrong with a matrix, where, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

use crate::notation::VersionError;

/// A matrix that cannot be used: every problem that was found, the first one leading.
///
/// As a [`miette::Diagnostic`] it carries the source text, so that a handler can print file, line and a
/// marker under the place. The exit code for it is 102.
#[derive(Clone)]
pub struct MatrixError(Vec<Problem>);

impl MatrixError {
    /// The problems in the order in which they were found, at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }

    fn first(&self) -> &Problem {
        &self.0[0]
    }
}

impl From<Box<Problem>> for MatrixError {
    fn from(problem: Box<Problem>) -> Self {
        Self(vec![*problem])
    }
}

impl fmt::Display for MatrixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.first().fmt(f)
    }
}

impl fmt::Debug for MatrixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MatrixError").field(&self.0).finish()
    }
}

impl std::error::Error for MatrixError {}

impl Diagnostic for MatrixError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.first().help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.first().source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.first().labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.0.len() < 2 {
            return None;
        }
        Some(Box::new(self.0[1..].iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// One problem of a matrix.
#[derive(Clone, Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    #[help]
    pub help: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// Line in the file, from 1; 0 where the file as a whole is meant.
    pub line: usize,
    #[source_code]
    text: NamedSource<Arc<String>>,
    #[label("{label}")]
    span: Option<SourceSpan>,
    label: &'static str,
}

/// A result whose error is boxed, because a problem carries a lot.
pub(super) type Fallible<T> = Result<T, Box<Problem>>;

/// The text of one file, with which places are told.
#[derive(Debug)]
pub struct Source {
    /// The file, as it was asked for.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<String>,
    /// Where each line ends, so that places are told without going through the text again.
    ends: Vec<usize>,
}

impl Source {
    /// The bytes of a file as its text.
    ///
    /// # Errors
    /// A sentence about the line that is not UTF-8.
    pub fn decoded(path: &Path, bytes: Vec<u8>) -> Result<Self, String> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            format!("`{}` is not UTF-8 text: line {line} has an invalid byte", path.display())
        })?;
        // A byte order mark would shift every place in messages.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        Ok(Self::new(path, text))
    }

    /// The text of a file.
    pub fn new(path: &Path, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self { path: path.to_owned(), text: Arc::new(text), ends }
    }

    /// A problem at a place.
    pub fn problem(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Box<Problem> {
        let start = span.start.min(self.text.len());
        let end = span.end.clamp(start, self.text.len());
        Box::new(Problem {
            message: message.into(),
            help: Some(help.into()).filter(|help| !help.is_empty()),
            path: self.path.clone(),
            line: self.line(start),
            text: NamedSource::new(self.path.display().to_string(), Arc::clone(&self.text)),
            span: Some((start..self.end_of_label(start, end)).into()),
            label: "here",
        })
    }

    /// A label over many lines hides what it points at: it ends with the first line.
    fn end_of_label(&self, start: usize, end: usize) -> usize {
        let shown = self.text.get(start..end).unwrap_or_default();
        start + shown.find('\n').unwrap_or(shown.len())
    }

    /// A problem of a version text.
    pub fn version_problem(&self, span: Range<usize>, error: VersionError) -> Box<Problem> {
        self.problem(span, error.message, error.help)
    }

    /// A problem of the file as a whole.
    pub fn problem_of_file(path: &Path, message: impl Into<String>, help: impl Into<String>) -> Box<Problem> {
        Box::new(Problem {
            message: message.into(),
            help: Some(help.into()).filter(|help| !help.is_empty()),
            path: path.to_owned(),
            line: 0,
            text: NamedSource::new(path.display().to_string(), Arc::default()),
            span: None,
            label: "here",
        })
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.ends.partition_point(|end| *end < offset) + 1
    }

    /// `file:line` of a byte offset.
    pub fn place(&self, offset: usize) -> String {
        format!("{}:{}", self.path.display(), self.line(offset))
    }
}

/// Collects problems, so that a person sees all of them at once.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// The value, or `None` after noting the problem.
    pub fn take<T>(&mut self, result: Fallible<T>) -> Option<T> {
        result.map_err(|problem| self.0.push(*problem)).ok()
    }

    /// Notes a problem.
    pub fn note(&mut self, problem: Box<Problem>) {
        self.take::<()>(Err(problem));
    }

    /// Fails where anything was noted so far.
    pub fn check(&mut self) -> Result<(), MatrixError> {
        if self.0.is_empty() { Ok(()) } else { Err(MatrixError(std::mem::take(&mut self.0))) }
    }
}
