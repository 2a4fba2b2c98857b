//! The file system of this machine, for finding artifacts.

use std::io;
use std::path::{Path, PathBuf};

use crate::artifact::{Files, Kind, Stream};

/// The file system of this machine, for finding artifacts.
pub struct Disk;

impl Files for Disk {
    fn kind(&self, path: &Path) -> Kind {
        match fs_err::metadata(path) {
            Ok(known) if known.is_dir() => Kind::Folder,
            Ok(_) => Kind::File,
            Err(_) if fs_err::symlink_metadata(path).is_ok() => Kind::Dangling,
            Err(_) => Kind::Missing,
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut entries: Vec<PathBuf> =
            fs_err::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        entries.sort();
        Ok(entries)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        regular(path)?;
        fs_err::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Stream>> {
        regular(path)?;
        Ok(Box::new(fs_err::File::open(path)?))
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// A pipe could block for ever.
fn regular(path: &Path) -> io::Result<()> {
    if fs_err::metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("it is no regular file"))
}
