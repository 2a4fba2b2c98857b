//! The file system of this machine, for finding artifacts.

use std::io;
use std::path::{Path, PathBuf};

use crate::artifact::{Files, Kind, Stream};
use crate::store;

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
        store::read_input(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(store::open_input(path)?))
    }

    fn canonical(&self, path: &Path) -> PathBuf {
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}
