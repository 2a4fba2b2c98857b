//! The files of archives, and of archives and compressed streams in them, one after another as streams. An archive is
//! what models are shipped in: `model.tar.gz` of a cloud, a zip, the artifact of a program.

use std::io::{self, Cursor, Read, Seek};

use super::container;
use super::input::Input;
use super::source::Sequential;
use super::tarball::{self, Entries};
use crate::vocab::Container;

/// Containers within containers that are opened.
const DEEPEST: usize = 6;
/// Files that are looked at.
const MOST_FILES: usize = 20_000;
/// Bytes of a zip archive within another archive, which has to be held to be read.
const LARGEST_INNER_ZIP: u64 = 64 << 20;

/// Who is shown each file, by its name; an error ends the walk.
pub(super) type Visit<'v> = dyn FnMut(&str, &mut Input<'_>) -> io::Result<()> + 'v;

/// A walk through the files of an archive.
pub(super) struct Files<'v> {
    pub visit: &'v mut Visit<'v>,
    pub seen: usize,
}

impl<'v> Files<'v> {
    pub fn new(visit: &'v mut Visit<'v>) -> Self {
        Self { visit, seen: 0 }
    }

    /// One stream: what it is wrapped in is opened, and archives are gone through.
    pub fn stream<'s>(&mut self, name: &str, stream: impl Read + 's, depth: usize) -> io::Result<()> {
        self.seen += 1;
        if self.seen > MOST_FILES {
            return Err(io::Error::other(format!("only the first {MOST_FILES} of its files are read")));
        }
        let mut input = Input::new(Box::new(Sequential(stream)));
        let head = input.peek(container::HEAD).map_err(failed)?.to_vec();
        if tarball::recognise(&head) && depth < DEEPEST {
            return self.tar(name, &mut input, depth + 1);
        }
        match container::recognise(&head) {
            Some(Container::Zip) if depth < DEEPEST => {
                let mut bytes = Vec::new();
                Read::take(&mut input, LARGEST_INNER_ZIP + 1).read_to_end(&mut bytes)?;
                if bytes.len() as u64 > LARGEST_INNER_ZIP {
                    return Err(io::Error::other(
                        "a zip archive in the archive is too large to be read there",
                    ));
                }
                self.zip(name, &mut Cursor::new(bytes), depth + 1)
            }
            Some(container) if depth < DEEPEST && container != Container::Zip => {
                let decoded = container::unwrap_inner(container, &mut input)?;
                self.stream(name, decoded, depth + 1)
            }
            Some(_) | None => (self.visit)(name, &mut input),
        }
    }

    /// A tar archive.
    pub fn tar(&mut self, name: &str, stream: &mut dyn Read, depth: usize) -> io::Result<()> {
        let mut entries = Entries::new(stream);
        while let Some(entry) = entries.next_file()? {
            let file = within(name, &entry.name);
            self.stream(&file, Read::take(&mut entries, entry.size), depth)?;
        }
        Ok(())
    }

    /// A zip archive; one of skops is a file of its own.
    pub fn zip<R: Read + Seek>(&mut self, name: &str, file: &mut R, depth: usize) -> io::Result<()> {
        let mut archive = zip::ZipArchive::new(&mut *file)?;
        let is_skops = archive.file_names().any(|name| name.is_ok_and(|name| name == "schema.json"));
        if !is_skops {
            for index in 0..archive.len().min(MOST_FILES) {
                let entry = archive.by_index(index)?;
                let own = entry.name().map(|name| name.into_owned()).unwrap_or_default();
                if entry.is_file() {
                    self.stream(&within(name, &own), entry, depth)?;
                }
            }
            return Ok(());
        }
        drop(archive);
        file.rewind()?;
        (self.visit)(name, &mut Input::new(Box::new(Sequential(file))))
    }
}

/// The name of a file in an archive that has a name itself where it is in another one.
fn within(archive: &str, name: &str) -> String {
    let name = name.trim_start_matches("./");
    if archive.is_empty() { name.to_owned() } else { format!("{archive}: {name}") }
}

/// A stop as an error, with its words.
#[expect(clippy::boxed_local, reason = "every reader returns it boxed, so that results stay small")]
pub(super) fn failed(stopped: super::input::Stop) -> io::Error {
    let kind = match stopped.kind {
        crate::vocab::ProblemKind::Truncated => io::ErrorKind::UnexpectedEof,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, stopped.what)
}
