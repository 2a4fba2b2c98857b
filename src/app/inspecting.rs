//! Artifacts are looked at, several at a time, without executing anything.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::{AppError, Doing};
use crate::inspect::{Digests, InspectOptions, digests, inspect as read, unreadable};
use crate::store;
use crate::vocab::{ArtifactKind, Inspected, Inspection, Trust};

/// What was found of artifacts.
#[derive(Debug)]
pub struct Looked {
    /// The artifacts.
    pub artifacts: Vec<Inspected>,
    /// Files of folders that are none.
    pub left_out: usize,
}

/// Looks at files, and at those in folders.
///
/// # Errors
/// When a folder cannot be read, or there is no file.
pub fn inspect(given: &[PathBuf], options: InspectOptions) -> Result<Looked, AppError> {
    let mut paths = Vec::new();
    for path in given {
        collect(path, true, &mut paths)?;
    }
    if paths.is_empty() {
        return Err(AppError::EmptyFolder(given.first().cloned().unwrap_or_default()));
    }
    let mut artifacts = read_all(&paths, options);
    let all = artifacts.len();
    artifacts.retain(|(given, artifact)| *given || is_artifact(&artifact.inspection));
    let left_out = all - artifacts.len();
    Ok(Looked { artifacts: artifacts.into_iter().map(|(_, artifact)| artifact).collect(), left_out })
}

fn is_artifact(found: &Inspection) -> bool {
    // A pickle that ends in garbage has run its commands before.
    let runs = || found.globals().iter().any(|global| global.called > 0 && global.trust != Trust::Known);
    found.kind != ArtifactKind::Unknown || runs()
}

/// The files of a folder, in the order of their names, without hidden ones and links; with each whether it was named
/// itself.
fn collect(path: &Path, given: bool, paths: &mut Vec<(PathBuf, bool)>) -> Result<(), AppError> {
    if !path.is_dir() {
        paths.push((path.to_owned(), given));
        return Ok(());
    }
    let cannot = |source| AppError::Machine { doing: Doing::Folder(path.to_owned()), source };
    let mut entries =
        fs_err::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(cannot)?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let kind = entry.file_type().map_err(cannot)?;
        if !hidden && kind.is_dir() {
            collect(&entry.path(), false, paths)?;
        } else if !hidden && kind.is_file() {
            paths.push((entry.path(), false));
        }
    }
    Ok(())
}

/// From this size on, the digest of a file is work of its own, which another core does meanwhile.
const LARGE: u64 = 4 << 20;

/// What one turn at a core does.
enum Work {
    Whole,
    Facts,
    Digests,
}

/// What came out of it.
enum Part {
    Facts(Box<Inspection>),
    Digests(std::io::Result<Digests>),
}

/// Reads all files, several at a time.
fn read_all(paths: &[(PathBuf, bool)], options: InspectOptions) -> Vec<(bool, Inspected)> {
    let work = &plan(paths, options);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(work.len());
    let parts: Vec<(usize, Part)> = std::thread::scope(|scope| {
        let turns = || {
            let mut mine = Vec::new();
            while let Some((index, turn)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                mine.push((*index, part(&paths[*index].0, turn, options)));
            }
            mine
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(turns)).collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let mut found: Vec<Option<Box<Inspection>>> = paths.iter().map(|_| None).collect();
    let mut digested = Vec::new();
    for (index, part) in parts {
        match part {
            Part::Facts(inspection) => found[index] = Some(inspection),
            Part::Digests(digests) => digested.push((index, digests)),
        }
    }
    for (index, digests) in digested {
        if let Some(inspection) = &mut found[index] {
            inspection.digested(digests);
        }
    }
    let both = paths.iter().zip(found);
    both.filter_map(|((path, given), inspection)| {
        let path = path.to_string_lossy().into_owned();
        Some((*given, Inspected { path, inspection: *inspection? }))
    })
    .collect()
}

/// The turns for all files; those of one file stand together.
fn plan(paths: &[(PathBuf, bool)], options: InspectOptions) -> Vec<(usize, Work)> {
    let mut work = Vec::new();
    for (index, (path, _)) in paths.iter().enumerate() {
        let large = || std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() >= LARGE);
        if (options.digest || options.sha256) && large() {
            work.extend([(index, Work::Digests), (index, Work::Facts)]);
        } else {
            work.push((index, Work::Whole));
        }
    }
    work
}

fn part(path: &Path, work: &Work, options: InspectOptions) -> Part {
    let options = match work {
        Work::Digests => {
            return Part::Digests(store::open_input(path).and_then(|file| digests(file, options.sha256)));
        }
        Work::Facts => InspectOptions::FACTS,
        Work::Whole => options,
    };
    Part::Facts(Box::new(match store::open_input(path) {
        Ok(file) => read(file, options),
        Err(error) => unreadable(&error),
    }))
}
