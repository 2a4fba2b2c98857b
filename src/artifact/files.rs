//! The file system, as far as finding artifacts needs it.

use std::io;
use std::path::{Path, PathBuf};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, or a link to one.
    File,
    /// A folder, or a link to one.
    Folder,
    /// A link that leads nowhere.
    Dangling,
    /// Nothing.
    Missing,
}

/// A file that is read piece by piece.
pub trait Stream: io::Read + io::Seek {}

impl<T: io::Read + io::Seek> Stream for T {}

/// The file system, as far as finding artifacts needs it.
pub trait Files {
    /// What is there.
    fn kind(&self, path: &Path) -> Kind;
    /// What a folder holds, sorted.
    ///
    /// # Errors
    /// When it cannot be listed.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;
    /// The bytes of a file.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// A file to be read piece by piece, for those that may be larger than memory.
    ///
    /// # Errors
    /// When it cannot be read.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(io::Cursor::new(self.read(path)?)))
    }
    /// The path without links.
    fn canonical(&self, path: &Path) -> PathBuf;
}
