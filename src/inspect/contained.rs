//! The one model that an archive holds, and what is compressed more than once, as the bytes that a handler reads.

use std::io::{self, Read, Seek};

use super::container;
use super::input::Input;
use super::members::{Files, failed};
use super::source::{Sequential, Source};
use super::tarball;
use crate::vocab::{ArtifactKind, Container, Inspection};

/// Bytes of a model that are taken out of what it is in.
const MOST: u64 = 2 << 30;

/// The model in a file of which an inspection says that it is an archive with one model, or compressed in a way that
/// joblib does not undo; none where a handler reads the file as it is.
///
/// # Errors
/// When it cannot be taken out.
pub fn contained<R: Read + Seek>(file: R, inspection: &Inspection) -> io::Result<Option<Vec<u8>>> {
    let source = Source::new(file)?;
    match inspection.kind {
        ArtifactKind::Zip | ArtifactKind::Tar => {
            let Some(member) = inspection.only_member() else { return Ok(None) };
            let mut bytes = None;
            let mut visit = |name: &str, input: &mut Input<'_>| {
                if bytes.is_none() && name == member.name {
                    bytes = Some(all(input)?);
                }
                Ok(())
            };
            archive(&source, &mut Files::new(&mut visit))?;
            bytes.map(Some).ok_or_else(|| io::Error::other("the archive has changed while it was read"))
        }
        ArtifactKind::Pickle | ArtifactKind::Joblib if needs_unwrapping(inspection) => {
            unwrapped(&source, &inspection.containers).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether what a pickle is wrapped in is more than joblib undoes, or hides that there are several.
fn needs_unwrapping(inspection: &Inspection) -> bool {
    let several = inspection.pickle.as_ref().is_some_and(|pickle| pickle.consecutive > 1);
    inspection.containers.len() > 1 || (several && !inspection.containers.is_empty())
}

/// Goes through the files of an archive, compressed or not.
fn archive<R: Read + Seek>(source: &Source<R>, files: &mut Files<'_>) -> io::Result<()> {
    let mut start = source.clone();
    start.rewind()?;
    let mut head = Vec::new();
    start.by_ref().take(container::HEAD as u64).read_to_end(&mut head)?;
    start.rewind()?;
    match container::recognise(&head) {
        Some(Container::Zip) => files.zip("", &mut start, 0),
        Some(container) => files.stream("", container::unwrap(container, source)?, 0),
        None if tarball::recognise(&head) => files.tar("", &mut start, 0),
        None => Ok(()),
    }
}

fn unwrapped<R: Read + Seek>(source: &Source<R>, containers: &[Container]) -> io::Result<Vec<u8>> {
    let mut containers = containers.iter();
    let Some(first) = containers.next() else { return Err(io::Error::other("it is not compressed")) };
    let mut stream = container::unwrap(*first, source)?;
    for container in containers {
        stream = container::unwrap_inner(*container, stream)?;
    }
    all(&mut Input::new(Box::new(Sequential(stream))))
}

fn all(input: &mut Input<'_>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        // What ends too early says so here, where `read` would only end.
        let held = input.peek(64 << 10).map_err(failed)?;
        if held.is_empty() {
            return Ok(bytes);
        }
        bytes.extend_from_slice(held);
        let count = held.len() as u64;
        if bytes.len() as u64 > MOST {
            return Err(io::Error::other("it is larger than 2 GiB: unpack it"));
        }
        input.skip(count, "inside a file of the archive").map_err(failed)?;
    }
}
