//! `shelflife inspect`: what artifacts are, without executing anything.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::args::InspectArgs;
use super::console;
use super::failure::Failure;
use crate::inspect::{InspectOptions, inspect as read, unreadable};
use crate::present::{inspections, sarif, write_file};
use crate::vocab::{ArtifactKind, ExitCode, Inspected, InspectionReport};

pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let mut paths = Vec::new();
    for path in &args.artifacts {
        collect(path, true, &mut paths)?;
    }
    if paths.is_empty() {
        return Err(Failure::Empty(args.artifacts[0].clone()));
    }
    let mut artifacts = read_all(&paths, InspectOptions { sha256: args.sha256 });
    let all = artifacts.len();
    artifacts.retain(|(given, artifact)| *given || artifact.inspection.kind != ArtifactKind::Unknown);
    if artifacts.len() < all {
        console::note(&format!("left out: {} files of folders that are no artifacts", all - artifacts.len()));
    }
    let artifacts: Vec<_> = artifacts.into_iter().map(|(_, artifact)| artifact).collect();
    if args.json {
        let report = InspectionReport::new(artifacts);
        let json = serde_json::to_string_pretty(&report).map_err(|error| Failure::Render(error.into()))?;
        console::print(&format!("{json}\n"))?;
        return finish(args, &report.artifacts);
    }
    console::print(&inspections(&artifacts))?;
    finish(args, &artifacts)
}

fn finish(args: &InspectArgs, artifacts: &[Inspected]) -> Result<ExitCode, Failure> {
    if let Some(path) = &args.sarif {
        write_file(path, &sarif::render(artifacts)?)?;
    }
    let broken = artifacts
        .iter()
        .any(|artifact| !artifact.inspection.complete || artifact.inspection.kind == ArtifactKind::Unknown);
    Ok(if broken { ExitCode::InvalidInput } else { ExitCode::Done })
}

/// The files of a folder, in the order of their names, without hidden ones and links; with each whether it was named
/// itself.
fn collect(path: &Path, given: bool, paths: &mut Vec<(PathBuf, bool)>) -> Result<(), Failure> {
    if !path.is_dir() {
        paths.push((path.to_owned(), given));
        return Ok(());
    }
    let cannot =
        |source| Failure::Machine { what: format!("cannot read the folder `{}`", path.display()), source };
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

/// Reads all files, several at a time.
fn read_all(paths: &[(PathBuf, bool)], options: InspectOptions) -> Vec<(bool, Inspected)> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(paths.len());
    let mut all: Vec<(usize, bool, Inspected)> = std::thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((path, given)) = paths.get(index) else { return mine };
                let inspection = match open(path) {
                    Ok(file) => read(file, options),
                    Err(error) => unreadable(&error),
                };
                let path = path.to_string_lossy().into_owned();
                mine.push((index, *given, Inspected { path, inspection }));
            }
        };
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    all.sort_by_key(|(index, ..)| *index);
    all.into_iter().map(|(_, given, artifact)| (given, artifact)).collect()
}

/// Opens a regular file; a pipe could block for ever.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(std::io::Error::other("it is no regular file; write the stream to a file first"));
    }
    std::fs::File::open(path)
}
