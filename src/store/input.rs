//! Files that somebody names as an input: regular ones only, and nothing is waited for.

use std::fs::FileType;
use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt as _;

/// Opens a regular file. What it is, the descriptor says, so that nobody puts a pipe in its place in between; opening a
/// pipe without a writer, or a terminal, does not wait.
///
/// # Errors
/// When it cannot be opened, or is no regular file; the message names it.
pub fn open_input(path: &Path) -> io::Result<std::fs::File> {
    tracing::debug!(path = %path.display(), "a file is read");
    let mut options = fs::OpenOptions::new();
    options.read(true).custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY);
    let opened = options.open(path);
    // A socket cannot be opened at all, for a reason that explains nothing.
    let kind = match &opened {
        Ok(file) => file.metadata()?.file_type(),
        Err(_) => match fs::metadata(path) {
            Ok(facts) if !facts.is_file() => facts.file_type(),
            Ok(_) | Err(_) => return opened.map(|file| file.into_parts().0),
        },
    };
    if kind.is_file() {
        return opened.map(|file| file.into_parts().0);
    }
    let text = format!("`{}` is {}, not a regular file: {}", path.display(), word(kind), remedy(kind));
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// The bytes of a regular file.
///
/// # Errors
/// As [`open_input`], and when it cannot be read.
pub fn read_input(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_input(path)?.read_to_end(&mut bytes).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display()))
    })?;
    Ok(bytes)
}

fn word(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn remedy(kind: FileType) -> &'static str {
    if kind.is_dir() { "name a file in it" } else { "write what comes from it to a file first" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, socket) = (folder.path().join("pipe"), folder.path().join("socket"));
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, word) in [
            (pipe.as_path(), "a pipe"),
            (socket.as_path(), "a socket"),
            (Path::new("/dev/zero"), "a device"),
            (folder.path(), "a folder"),
        ] {
            let error = read_input(path).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
        let file = folder.path().join("file");
        fs::write(&file, b"x").unwrap();
        std::os::unix::fs::symlink(&file, folder.path().join("link")).unwrap();
        assert_eq!(read_input(&folder.path().join("link")).unwrap(), b"x");
        let gone = read_input(&folder.path().join("gone")).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::NotFound);
    }
}
