//! New files: they get their name when they are whole, and whoever is killed before leaves nothing.

use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::unistd::linkat;

/// A file that has no name yet.
#[derive(Debug)]
pub struct FreshFile {
    folder: PathBuf,
    mode: u32,
    file: Body,
}

#[derive(Debug)]
enum Body {
    /// The kernel forgets it with the process.
    Unnamed(std::fs::File),
    /// Where the file system has no such files.
    Named(tempfile::NamedTempFile),
}

impl FreshFile {
    /// A file that is going to stand in this folder, with these permissions as far as the umask leaves them.
    ///
    /// # Errors
    /// When there can be none.
    pub fn in_folder(folder: &Path, mode: u32) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.write(true).custom_flags(nix::libc::O_TMPFILE).mode(mode);
        let file = match options.open(folder) {
            Ok(file) => Body::Unnamed(file.into_parts().0),
            Err(_) => Body::Named(named(folder, mode)?),
        };
        Ok(Self { folder: folder.to_owned(), mode, file })
    }

    /// Gives it a name that is still free.
    pub(super) fn persist_new(self, path: &Path) -> io::Result<()> {
        let file = match self.file {
            Body::Named(file) => {
                return file.persist_noclobber(path).map(drop).map_err(|error| error.error);
            }
            Body::Unnamed(file) => file,
        };
        match link(&file, path) {
            Ok(()) => Ok(()),
            Err(Errno::EEXIST) => Err(Errno::EEXIST.into()),
            // Without /proc a file cannot be named later; a rename would take a name that somebody has.
            Err(_) if path.exists() => Err(Errno::EEXIST.into()),
            Err(_) => copy(&file, named(&self.folder, self.mode)?, path),
        }
    }

    /// Gives it its name; who reads under that name sees the old file or this one.
    ///
    /// # Errors
    /// When the name cannot be given.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        let file = match self.file {
            Body::Named(file) => return file.persist(path).map(drop).map_err(|error| error.error),
            Body::Unnamed(file) => file,
        };
        match link(&file, path) {
            Ok(()) => return Ok(()),
            Err(Errno::EEXIST) => {}
            // Without /proc a file cannot be named later.
            Err(_) => return copy(&file, named(&self.folder, self.mode)?, path),
        }
        // Only a rename replaces what has the name.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let place = self.folder.join(format!("{WRITING}{}-{number}", std::process::id()));
            match link(&file, &place) {
                Ok(()) => return fs::rename(&place, path),
                Err(Errno::EEXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What names of files begin with that are not whole yet, or about to be renamed.
pub(super) const WRITING: &str = ".write-";

impl Write for FreshFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Body::Unnamed(file) => file.write(bytes),
            Body::Named(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn named(folder: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode);
    tempfile::Builder::new().prefix(WRITING).permissions(mode).tempfile_in(folder)
}

fn link(file: &std::fs::File, path: &Path) -> nix::Result<()> {
    let by_descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    linkat(AT_FDCWD, by_descriptor.as_str(), AT_FDCWD, path.as_c_str(), AtFlags::AT_SYMLINK_FOLLOW)
}

fn copy(file: &std::fs::File, mut to: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    let (mut buffer, mut offset) = (vec![0; 1 << 20], 0);
    loop {
        match file.read_at(&mut buffer, offset)? {
            0 => return to.persist(path).map(drop).map_err(|error| error.error),
            count => {
                to.write_all(&buffer[..count])?;
                offset += count as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_name_until_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let names = || fs::read_dir(folder.path()).unwrap().count();
        for text in ["one", "two"] {
            let mut file = FreshFile::in_folder(folder.path(), 0o600).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let before = names();
            file.persist(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            assert!(names() == 1 && before <= 1, "{before} names before");
        }
        // Dropped, it leaves nothing.
        drop(FreshFile::in_folder(folder.path(), 0o600).unwrap());
        assert_eq!(names(), 1);
    }
}
