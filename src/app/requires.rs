//! Which releases read a file: what is known of them, and the borders of their range, tried.

use std::path::Path;

use super::disk::Disk;
use super::error::{AppError, BisectError};
use super::inspecting::inspect;
use super::request::{BisectRequest, FilesRequest};
use super::session::Session;
use crate::artifact::{self, Files as _, Kind, models_matching};
use crate::explain::{self, Required, Span};
use crate::inspect::InspectOptions;
use crate::matrix::SCIKIT_LEARN;
use crate::notation::Version;
use crate::vocab::{CellRecord, Foreign, Inspection};

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
    /// Why it could not be read to its end; `None` where it could.
    pub problem: Option<String>,
    /// What is known; `None` of formats that rules do not speak of.
    pub required: Option<Required>,
    /// The borders, where they were tried.
    pub borders: Option<Borders>,
}

impl RequiredFile {
    /// Whether what it predicts on stands beside it, by looking.
    pub fn brings_inputs(&self) -> bool {
        artifact::brings_inputs(&Disk, Path::new(&self.path))
    }
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
    let mut named = Vec::new();
    for path in &request.files.artifacts {
        let is_glob = path.to_string_lossy().contains(['*', '?']) && Disk.kind(path) == Kind::Missing;
        let matching = if is_glob { models_matching(path, &Disk) } else { Vec::new() };
        if is_glob && matching.is_empty() {
            return Err(AppError::EmptyFolder(path.clone()));
        }
        named.extend(if is_glob { matching } else { vec![path.clone()] });
    }
    inspect(&named, InspectOptions::FACTS, |artifact| {
        let facts = explain::facts_of(&artifact.inspection);
        found.push(RequiredFile {
            foreign: artifact.inspection.foreign,
            problem: (!artifact.is_sound()).then(|| problem_of(&artifact.inspection)),
            required: facts.map(|facts| explain::requires(&facts, request.bits)),
            path: artifact.path,
            borders: None,
        });
        Ok::<(), AppError>(())
    })?;
    if found.is_empty() { Err(AppError::NoArtifact) } else { Ok(found) }
}

fn problem_of(inspection: &Inspection) -> String {
    let first = inspection.problems.first();
    first.map_or_else(|| "it ends too early".to_owned(), |it| format!("at byte {}: {}", it.offset, it.what))
}

impl Session<'_> {
    /// What the files require, each border tried with the file itself.
    ///
    /// # Errors
    /// When something cannot be started or recorded, or the release that wrote a file does not read it.
    pub fn requires(&mut self, request: &RequiresRequest) -> Result<Vec<RequiredFile>, AppError> {
        let mut files = required(request)?;
        for (index, file) in files.iter_mut().enumerate() {
            let Some(required) = file.required.as_ref().filter(|_| file.foreign.is_none()) else { continue };
            let Some(anchor) = required.written.last() else { continue };
            let only = FilesRequest { artifacts: vec![(&file.path).into()], ..request.files.clone() };
            let base = request.name.clone().unwrap_or_else(|| "requires".to_owned());
            let name = if index == 0 { base } else { format!("{base}-{}", index + 1) };
            let mut sides = Sides { session: self, files: only, name, anchor };
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
    files: FilesRequest,
    name: String,
    anchor: &'s Version,
}

/// What a search between two releases came to.
enum Between<T, E> {
    /// The border lies there: the last release that works, the first that does not, and what happens in it.
    Border(Version, Version, T),
    /// Both ends work.
    Neither,
    /// The one that should work does not.
    Both(E),
}

impl Sides<'_, '_> {
    /// The border on one side, and whether it lies where it was thought to be.
    fn border(
        &mut self,
        inside: Option<&Version>,
        outside: Option<&Version>,
        end: &Version,
    ) -> Result<Border, AppError> {
        let start = (inside.unwrap_or(self.anchor), outside.unwrap_or(end));
        let (inside, outside) = border(self.anchor, start, end, |good, bad| self.between(good, bad))?;
        Ok(Border { inside, outside: outside.map(|(release, cell)| (release, Box::new(cell))) })
    }

    fn between(&mut self, good: &Version, bad: &Version) -> Result<Between<CellRecord, AppError>, AppError> {
        let request = BisectRequest {
            files: self.files.clone(),
            good: good.to_string(),
            bad: bad.to_string(),
            package: SCIKIT_LEARN.to_owned(),
            with: None,
            name: Some(self.name.clone()),
        };
        match self.session.bisect(&request) {
            Ok(found) if found.good.cell.verdict.works() => Ok(Between::Border(
                found.good.release.parse().unwrap_or_else(|_| good.clone()),
                found.bad.release.parse().unwrap_or_else(|_| bad.clone()),
                found.bad.cell,
            )),
            Ok(found) => {
                let at = |step: &super::Step| (step.release.clone(), step.cell.verdict);
                let (package, first, last) = (found.package, at(&found.good), at(&found.bad));
                Ok(Between::Both(BisectError::NothingWorse { package, first, last }.into()))
            }
            Err(AppError::Bisect(error)) => match error {
                BisectError::NothingWorse { ref first, ref last, .. }
                    if first.1.works() && last.1.works() =>
                {
                    Ok(Between::Neither)
                }
                error @ BisectError::NothingWorse { .. } => Ok(Between::Both(error.into())),
                error => Err(error.into()),
            },
            Err(other) => Err(other),
        }
    }
}

/// A border between what works and what does not: the last release that works, and the next one with what happens there;
/// `None` where everything up to the end works. The search begins between `inside` and `outside`, where the border is thought
/// to be, and goes on inwards to the release that wrote the file, or outwards to the end.
fn border<T, E>(
    anchor: &Version,
    (inside, outside): (&Version, &Version),
    end: &Version,
    mut between: impl FnMut(&Version, &Version) -> Result<Between<T, E>, E>,
) -> Result<(Version, Option<(Version, T)>), E> {
    let (mut good, mut bad) = (inside.clone(), outside.clone());
    let mut is_narrowed = false;
    loop {
        if good == bad {
            // What lies at the end of everything is tried from where the file came from.
            if good == *anchor {
                return Ok((good, None));
            }
            good = anchor.clone();
        }
        match between(&good, &bad)? {
            Between::Border(inside, outside, what) => return Ok((inside, Some((outside, what)))),
            // What worked on the second look is not looked at a third time.
            Between::Neither if bad == *end || is_narrowed => return Ok((bad, None)),
            Between::Neither => (good, bad) = (bad, end.clone()),
            Between::Both(error) if good == *anchor => return Err(error),
            Between::Both(_) => {
                (good, bad) = (anchor.clone(), good);
                is_narrowed = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a search over releases `0..count` finds, of which the first `works` work.
    fn searched(works: u64, good: &Version, bad: &Version) -> Between<u64, String> {
        let (good, bad) = (good.part(0), bad.part(0));
        match (good < works, bad < works) {
            (true, true) => Between::Neither,
            (true, false) => {
                Between::Border(Version::release(&[works - 1]), Version::release(&[works]), works)
            }
            (false, _) => Between::Both("the good end does not work".to_owned()),
        }
    }

    proptest! {
        #[test]
        fn the_border_is_found_wherever_it_was_thought_to_be(
            count in 2u64..40, works in 0u64..41, anchor in 0u64..40, inside in 0u64..40, is_open in any::<bool>()
        ) {
            let works = works.min(count);
            let anchor = anchor % count;
            let inside = anchor.max(inside % count);
            let outside = if is_open || inside + 1 >= count { count - 1 } else { inside + 1 };
            let release = |at: u64| Version::release(&[at]);
            let mut searches = 0;
            let found = border(&release(anchor), (&release(inside), &release(outside)), &release(count - 1), |good, bad| {
                searches += 1;
                assert!(good < bad, "{good} {bad}");
                Ok(searched(works, good, bad))
            });
            prop_assert!(searches <= 3);
            match found {
                Err(_) => prop_assert!(works <= anchor || searches == 0),
                Ok((last, None)) => {
                    let is_last = last.part(0) == count - 1 && (works == count || anchor == count - 1);
                    prop_assert!(is_last, "{last} of {works}/{count}");
                }
                Ok((last, Some((next, _)))) => {
                    prop_assert_eq!((last.part(0), next.part(0)), (works - 1, works));
                }
            }
        }
    }
}
