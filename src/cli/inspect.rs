//! `shelflife inspect`: what artifacts are, without executing anything.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::args::InspectArgs;
use super::console;
use super::failure::Failure;
use crate::inspect::{Digests, InspectOptions, digests, inspect as read, unreadable};
use crate::present::{inspections, sarif, write_file};
use crate::vocab::{ArtifactKind, ExitCode, Inspected, Inspection, InspectionReport, Trust};

pub(super) fn inspect(args: &InspectArgs) -> Result<ExitCode, Failure> {
    let mut paths = Vec::new();
    for path in &args.artifacts {
        collect(path, true, &mut paths)?;
    }
    if paths.is_empty() {
        return Err(Failure::Empty(args.artifacts[0].clone()));
    }
    let mut artifacts = read_all(&paths, InspectOptions { digest: !args.no_digest, sha256: args.sha256 });
    let all = artifacts.len();
    artifacts.retain(|(given, artifact)| {
        let found = &artifact.inspection;
        // A pickle that ends in garbage has run its commands before.
        let runs = || found.globals().iter().any(|global| global.called > 0 && global.trust != Trust::Known);
        *given || found.kind != ArtifactKind::Unknown || runs()
    });
    if artifacts.len() < all {
        console::note(&format!("left out: {} files of folders that are no artifacts", all - artifacts.len()));
    }
    let artifacts: Vec<_> = artifacts.into_iter().map(|(_, artifact)| artifact).collect();
    if args.json {
        let report = InspectionReport::new(artifacts);
        let mut json = serde_json::to_vec_pretty(&report).map_err(|error| Failure::Render(error.into()))?;
        json.push(b'\n');
        console::print_bytes(&json)?;
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
        Work::Digests => return Part::Digests(open(path).and_then(|file| digests(file, options.sha256))),
        Work::Facts => InspectOptions::FACTS,
        Work::Whole => options,
    };
    Part::Facts(Box::new(match open(path) {
        Ok(file) => read(file, options),
        Err(error) => unreadable(&error),
    }))
}

/// Opens a regular file; a pipe could block for ever.
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let kind = std::fs::metadata(path)?;
    if !kind.is_file() {
        return Err(std::io::Error::other("it is no regular file; write the stream to a file first"));
    }
    std::fs::File::open(path)
}
