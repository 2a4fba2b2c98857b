//! Zip archives: skops files, `.npz`, and others that hold pickles.

use std::io::{self, Read, Seek, SeekFrom};

use super::container::{self, ALWAYS, RATIO};
use super::input::{Input, stop};
use super::members::Files;
use super::source::{Sequential, Source};
use super::text::Walk;
use super::{Found, contents, foreign, npy, tarball};
use crate::vocab::{ArtifactKind, ProblemKind};

/// Entries that are looked at.
const MOST_ENTRIES: usize = 20_000;
/// Bytes that the table of contents may take.
const LARGEST_TABLE: u64 = 32 << 20;
/// Bytes of a schema that are read.
const LARGEST_SCHEMA: u64 = 256 << 20;

/// A source that gives only so many bytes, so that a table of contents cannot fill the memory.
struct Limited<R> {
    source: Source<R>,
    left: std::rc::Rc<std::cell::Cell<u64>>,
}

impl<R: Read + Seek> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        let Some(left) = self.left.get().checked_sub(read as u64) else {
            return Err(io::Error::other("its table of contents is too large"));
        };
        self.left.set(left);
        Ok(read)
    }
}

impl<R: Read + Seek> Seek for Limited<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// Reads an archive.
pub(super) fn read<R: Read + Seek>(source: &Source<R>, found: &mut Found) {
    let left = std::rc::Rc::new(std::cell::Cell::new(LARGEST_TABLE));
    let limited = Limited { source: source.clone(), left: std::rc::Rc::clone(&left) };
    let mut archive = match zip::ZipArchive::new(limited) {
        Ok(archive) => archive,
        Err(error) => {
            let what = format!("the zip archive cannot be read: {error}");
            return found.stopped(stop(ProblemKind::Malformed, 0, what));
        }
    };
    match contents::oddities(&mut source.clone()) {
        Ok(odd) => odd.into_iter().for_each(|what| found.stopped(stop(ProblemKind::Malformed, 0, what))),
        Err(error) => {
            let what = format!("its table of contents cannot be read: {error}");
            found.stopped(stop(ProblemKind::Malformed, 0, what));
        }
    }
    let most = ALWAYS.max(source.size().saturating_mul(RATIO));
    left.set(u64::MAX);
    let (mut arrays, mut pickled, mut schema) = (0, 0, false);
    if archive.len() > MOST_ENTRIES {
        let what = format!("only the first {MOST_ENTRIES} of {} entries are read", archive.len());
        found.stopped(stop(ProblemKind::Limit, 0, what));
    }
    let mut given = 0;
    for index in 0..archive.len().min(MOST_ENTRIES) {
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                let what = format!("entry {index} of the zip archive cannot be read: {error}");
                found.stopped(stop(ProblemKind::Malformed, 0, what));
                continue;
            }
        };
        let name = entry.name().map(|name| name.into_owned()).unwrap_or_default();
        let left = most.saturating_sub(given);
        let problems = found.problems.len();
        if name == "schema.json" {
            schema = true;
            let mut walk = Walk::default();
            let mut entry = entry.take(LARGEST_SCHEMA.min(left));
            if let Err(error) = walk.document(&mut entry) {
                let large = entry.limit() == 0;
                let (kind, what) = match large {
                    true => (ProblemKind::Limit, "it is larger than any schema; not read further".to_owned()),
                    false => (ProblemKind::Malformed, format!("it is not a schema: {error}")),
                };
                found.stopped(stop(kind, 0, what));
            }
            if let Some(odd) = walk.odd {
                found.stopped(stop(ProblemKind::Malformed, 0, odd.told()));
            }
            walk.finish();
            found.merge(walk.versions);
            found.skops = Some(walk.skops);
        } else {
            let mut input = Input::new(Box::new(Sequential(entry.take(left))));
            let head = input.peek(container::HEAD).map(<[u8]>::to_vec).unwrap_or_default();
            if head.starts_with(npy::MAGIC) {
                arrays += 1;
                found.array(&mut input);
            } else if container::recognise(&head).is_some() || tarball::recognise(&head) {
                let mut visit = |name: &str, input: &mut Input<'_>| {
                    found.member(name, input);
                    Ok(())
                };
                let walked = Files::new(&mut visit).stream(&name, &mut input, 0);
                if let Err(error) = walked {
                    found.stopped(stop(ProblemKind::Malformed, 0, format!("it cannot be read: {error}")));
                }
            } else if found.member(&name, &mut input) {
                pickled += 1;
            }
            given += input.offset();
        }
        // Places within entries mean nothing without their names.
        for problem in &mut found.problems[problems..] {
            problem.what = format!("{}: {}", super::dtype::short(&name, 200), problem.what);
        }
    }
    let all = archive.len();
    found.kind = match (schema, arrays) {
        (true, _) => ArtifactKind::Skops,
        (false, arrays) if arrays > 0 && arrays + pickled == all => ArtifactKind::Npz,
        _ => ArtifactKind::Zip,
    };
    found.decoded = given;
    if found.kind == ArtifactKind::Zip {
        found.foreign =
            foreign::kind_of_archive(&found.members, archive.file_names().flatten(), found.booster);
    } else {
        found.members.clear();
    }
}
