//! Which releases read a file: what is known of them, and the borders of their range, tried.

use super::error::{AppError, BisectError};
use super::inspecting::inspect;
use super::request::{BisectRequest, FilesRequest};
use super::session::Session;
use crate::explain::{self, Required, Span};
use crate::inspect::InspectOptions;
use crate::notation::Version;
use crate::vocab::{CellRecord, Foreign};

/// The package whose releases are tried.
const SCIKIT_LEARN: &str = "scikit-learn";
/// Searches for one border, at most: from what is known, then inwards or outwards, then to an end.
const MOST: usize = 4;

/// Which releases read files.
#[derive(Clone, Debug, Default)]
pub struct RequiresRequest {
    /// The files, and what is known of them.
    pub files: FilesRequest,
    /// The pointer width of the machine.
    pub bits: u8,
    /// Whether the borders are tried.
    pub tried: bool,
    /// Name of the run in which they are.
    pub name: Option<String>,
}

/// What one file requires.
#[derive(Clone, Debug)]
pub struct RequiredFile {
    /// Its path as it was named.
    pub path: String,
    /// Set where it is no artifact.
    pub foreign: Option<Foreign>,
    /// Whether it could be read to its end.
    pub is_sound: bool,
    /// What is known; `None` of formats that rules do not speak of.
    pub required: Option<Required>,
    /// The borders, where they were tried.
    pub borders: Option<Borders>,
}

/// Both ends of the range in which a file was tried.
#[derive(Clone, Debug)]
pub struct Borders {
    /// The oldest release.
    pub lower: Border,
    /// The newest one.
    pub upper: Border,
}

/// One end.
#[derive(Clone, Debug)]
pub struct Border {
    /// The last release that works.
    pub inside: Version,
    /// The next one, and what the file did there; `None` where there is none that could be tried.
    pub outside: Option<(Version, Box<CellRecord>)>,
}

impl RequiredFile {
    /// The range of releases of scikit-learn: that which was tried, else that which is known.
    pub fn span(&self) -> Option<Span> {
        let known = || self.required.as_ref()?.spans.get(SCIKIT_LEARN).cloned();
        let Some(Borders { lower, upper }) = &self.borders else { return known() };
        Some(Span {
            lowest: lower.inside.clone(),
            highest: upper.inside.clone(),
            below: lower.outside.as_ref().map(|(version, _)| version.clone()),
            above: upper.outside.as_ref().map(|(version, _)| version.clone()),
        })
    }

    /// The ranges of all packages, that of scikit-learn first.
    pub fn spans(&self) -> Vec<(String, Span)> {
        let own = self.span().map(|span| (SCIKIT_LEARN.to_owned(), span));
        let beside = self.required.iter().flat_map(|required| &required.spans);
        let beside = beside.filter(|(package, _)| *package != SCIKIT_LEARN);
        own.into_iter().chain(beside.map(|(package, span)| (package.clone(), span.clone()))).collect()
    }
}

/// What the files require, as far as it is known without trying.
///
/// # Errors
/// When a folder cannot be read, or there is no file.
pub fn required(request: &RequiresRequest) -> Result<Vec<RequiredFile>, AppError> {
    let mut found = Vec::new();
    inspect(&request.files.artifacts, InspectOptions::FACTS, |artifact| {
        let facts = explain::facts_of(&artifact.inspection);
        found.push(RequiredFile {
            foreign: artifact.inspection.foreign,
            is_sound: artifact.is_sound(),
            required: facts.map(|facts| explain::requires(&facts, request.bits)),
            path: artifact.path,
            borders: None,
        });
        Ok::<(), AppError>(())
    })?;
    Ok(found)
}

impl Session<'_> {
    /// What the files require, each border tried with the file itself.
    ///
    /// # Errors
    /// When something cannot be started or recorded, or the release that wrote a file does not read it.
    pub fn requires(&mut self, request: &RequiresRequest) -> Result<Vec<RequiredFile>, AppError> {
        let mut files = required(request)?;
        for file in &mut files {
            let Some(required) = file.required.as_ref().filter(|_| file.foreign.is_none()) else { continue };
            let Some(anchor) = required.written.last() else { continue };
            let only = FilesRequest { artifacts: vec![(&file.path).into()], ..request.files.clone() };
            let mut sides = Sides { session: self, request, files: only, anchor };
            let span = required.spans.get(SCIKIT_LEARN);
            let ends = (required.readings.first(), required.readings.last());
            let (Some(oldest), Some(newest)) = ends else { continue };
            let lower = sides.border(
                span.map(|span| &span.lowest),
                span.and_then(|span| span.below.as_ref()),
                &oldest.release,
            )?;
            let upper = sides.border(
                span.map(|span| &span.highest),
                span.and_then(|span| span.above.as_ref()),
                &newest.release,
            )?;
            file.borders = Some(Borders { lower, upper });
        }
        Ok(files)
    }
}

/// The search for the borders of one file.
struct Sides<'s, 'l> {
    session: &'s mut Session<'l>,
    request: &'s RequiresRequest,
    files: FilesRequest,
    anchor: &'s Version,
}

/// What a search between two releases came to.
enum Between {
    /// The border lies there.
    Border(Border),
    /// Both ends work.
    Neither,
    /// The one that should work does not.
    Both(Box<AppError>),
}

impl Sides<'_, '_> {
    /// The border on one side: first where it is thought to be, then further in or further out.
    fn border(
        &mut self,
        inside: Option<&Version>,
        outside: Option<&Version>,
        end: &Version,
    ) -> Result<Border, AppError> {
        let mut good = inside.unwrap_or(self.anchor).clone();
        let mut bad = outside.unwrap_or(end).clone();
        let mut failure = None;
        for _ in 0..MOST {
            if good == bad {
                // What lies at the end of everything is tried from where the file came from.
                if good == *self.anchor {
                    return Ok(Border { inside: good, outside: None });
                }
                good = self.anchor.clone();
            }
            match self.between(&good, &bad)? {
                Between::Border(border) => return Ok(border),
                Between::Neither if bad == *end => return Ok(Border { inside: bad, outside: None }),
                Between::Neither => (good, bad) = (bad, end.clone()),
                Between::Both(error) if good == *self.anchor => return Err(*error),
                Between::Both(error) => {
                    failure = Some(error);
                    (good, bad) = (self.anchor.clone(), good);
                }
            }
        }
        Err(failure.map_or(AppError::NoArtifact, |error| *error))
    }

    fn between(&mut self, good: &Version, bad: &Version) -> Result<Between, AppError> {
        let request = BisectRequest {
            files: self.files.clone(),
            good: good.to_string(),
            bad: bad.to_string(),
            package: SCIKIT_LEARN.to_owned(),
            with: None,
            name: Some(self.request.name.clone().unwrap_or_else(|| "requires".to_owned())),
        };
        match self.session.bisect(&request) {
            Ok(found) if found.good.cell.verdict.works() => Ok(Between::Border(Border {
                inside: found.good.release.parse().unwrap_or_else(|_| good.clone()),
                outside: found.bad.release.parse().ok().map(|release| (release, Box::new(found.bad.cell))),
            })),
            Ok(found) => {
                let at = |step: &super::Step| (step.release.clone(), step.cell.verdict);
                let (package, first, last) = (found.package, at(&found.good), at(&found.bad));
                Ok(Between::Both(Box::new(BisectError::NothingWorse { package, first, last }.into())))
            }
            Err(AppError::Bisect(error)) => match error {
                BisectError::NothingWorse { ref first, ref last, .. }
                    if first.1.works() && last.1.works() =>
                {
                    Ok(Between::Neither)
                }
                error @ BisectError::NothingWorse { .. } => Ok(Between::Both(Box::new(error.into()))),
                error => Err(error.into()),
            },
            Err(other) => Err(other),
        }
    }
}
