//! Removing a tree, whatever is in it: tens of thousands of nested folders, folders that nobody may enter, names that are no
//! text. Everything is done relative to descriptors, at a depth of two: what is deeper is first moved up, so that neither
//! the length of a path, nor the number of open descriptors, nor the stack is a limit, and no link is ever followed.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, AsRawFd as _};
use std::path::Path;

use fs_err as fs;
use nix::dir::{Dir, Type};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, Flock, FlockArg, OFlag, open, openat, renameat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

/// What the names of folders begin with that are being removed.
pub(super) const DOOMED: &str = ".removing-";

/// Removes a folder with everything in it. It goes on past what cannot be removed. Where somebody else is removing it, it
/// waits: two at once would move folders up behind each other's back.
///
/// # Errors
/// When something is left; the message names the folder and the first thing.
pub(super) fn remove_tree(path: &Path) -> io::Result<()> {
    remove(path, FlockArg::LockExclusive)
}

/// As [`remove_tree`], but a folder that somebody else is removing is left to them.
///
/// # Errors
/// As [`remove_tree`].
pub(super) fn remove_abandoned(path: &Path) -> io::Result<()> {
    remove(path, FlockArg::LockExclusiveNonblock)
}

fn remove(path: &Path, turn: FlockArg) -> io::Result<()> {
    let name = |error: Errno, what: &str| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("cannot remove {what} `{}`: {error}", path.display()))
    };
    allow(AT_FDCWD, path);
    let top = match open(path, FOLDER, Mode::empty()) {
        Ok(top) => top,
        Err(Errno::ENOENT) => return Ok(()),
        // It is a file, or a link.
        Err(Errno::ENOTDIR | Errno::ELOOP) => return fs::remove_file(path),
        Err(error) => return Err(name(error, "the folder")),
    };
    let top = match Flock::lock(top, turn) {
        Ok(top) => top,
        Err((_, Errno::EWOULDBLOCK)) => return Ok(()),
        Err((_, error)) => return Err(name(error, "(its lock cannot be had)")),
    };
    let mut left = None;
    let mut moved = 0;
    let mut folders = empty(&*top, &mut left, |_| None);
    while let Some(folder) = folders.pop() {
        allow(top.as_fd(), folder.as_c_str());
        let inside = match openat(&*top, folder.as_c_str(), FOLDER, Mode::empty()) {
            Ok(inside) => inside,
            Err(error) => {
                note(&mut left, error);
                continue;
            }
        };
        // What is in a folder of the top becomes a folder of the top.
        let risen = empty(&inside, &mut left, |name| {
            allow(inside.as_fd(), name);
            moved += 1;
            let higher = CString::new(format!(".risen-{}-{moved}", std::process::id())).ok()?;
            renameat(&inside, name, &*top, higher.as_c_str()).ok().map(|()| higher)
        });
        folders.extend(risen);
        note_failure(&mut left, unlinkat(&*top, folder.as_c_str(), UnlinkatFlags::RemoveDir));
    }
    note_failure(&mut left, unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir));
    left.map_or(Ok(()), |error| Err(name(error, "everything in")))
}

const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC)
    .union(OFlag::O_NONBLOCK);

/// Removes what is in a folder, but for folders that are not empty: of these it gives the names, or what `rise` makes of
/// them.
fn empty(
    folder: &impl AsFd,
    left: &mut Option<Errno>,
    mut rise: impl FnMut(&CStr) -> Option<CString>,
) -> Vec<CString> {
    let mut folders = Vec::new();
    let entries = match Dir::openat(folder, c".", FOLDER, Mode::empty()) {
        Ok(mut listed) => listed.iter().filter_map(Result::ok).collect::<Vec<_>>(),
        Err(error) => {
            note(left, error);
            return folders;
        }
    };
    for entry in entries {
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        if entry.file_type().is_none_or(|kind| kind == Type::Directory) {
            match unlinkat(folder, name, UnlinkatFlags::RemoveDir) {
                Err(Errno::ENOTEMPTY | Errno::EEXIST | Errno::EACCES) => {
                    folders.push(rise(name).unwrap_or_else(|| name.to_owned()));
                    continue;
                }
                // Some file systems do not tell what an entry is.
                Err(Errno::ENOTDIR) => {}
                other => {
                    note_failure(left, other);
                    continue;
                }
            }
        }
        note_failure(left, unlinkat(folder, name, UnlinkatFlags::NoRemoveDir));
    }
    folders
}

/// Gives this user every right to a folder. Whatever stands in the way of that is met again by whoever needs it.
fn allow<P: ?Sized + nix::NixPath>(parent: impl AsFd, name: &P) {
    let place = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let Ok(folder) = openat(parent, name, place, Mode::empty()) else { return };
    let Ok(facts) = nix::sys::stat::fstat(&folder) else { return };
    if facts.st_mode & 0o700 != 0o700 {
        let by_descriptor = format!("/proc/self/fd/{}", folder.as_raw_fd());
        let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
        let _ = fs::set_permissions(by_descriptor, mode);
    }
}

fn note_failure(left: &mut Option<Errno>, done: nix::Result<()>) {
    if let Err(error) = done {
        note(left, error);
    }
}

/// Keeps the first error. What is gone already is what was wanted: others may be removing it, too.
fn note(left: &mut Option<Errno>, error: Errno) {
    if error != Errno::ENOENT {
        left.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn whatever_is_in_it_goes_and_what_links_lead_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (doomed, kept) = (folder.path().join("doomed"), folder.path().join("kept"));
        fs::create_dir_all(doomed.join("a/b/c")).unwrap();
        fs::create_dir_all(doomed.join("wide/x")).unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), b"x").unwrap();
        for place in ["link", "a/link", "a/b/c/link"] {
            symlink(&kept, doomed.join(place)).unwrap();
        }
        for number in 0..300u32 {
            fs::write(doomed.join(format!("wide/{number}")), b"x").unwrap();
            fs::create_dir_all(doomed.join(format!("wide/x/{number}/y"))).unwrap();
        }
        fs::write(doomed.join(std::ffi::OsStr::from_bytes(b"no \xff text")), b"x").unwrap();
        fs::write(doomed.join("a/b/read-only"), b"x").unwrap();
        for shut in ["a/b/c", "a/b", "wide/x"] {
            mode(&doomed.join(shut), 0);
        }
        mode(&doomed, 0);
        remove_tree(&doomed).unwrap();
        assert!(!doomed.exists() && kept.join("file").exists());
        remove_tree(&doomed).unwrap();
    }

    #[test]
    fn many_at_once_are_not_in_each_others_way() {
        for round in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            let doomed = folder.path().join("doomed");
            for number in 0..200 {
                fs::create_dir_all(doomed.join(format!("a/{number}/b/{number}/c"))).unwrap();
            }
            std::thread::scope(|scope| {
                for remover in 0..4 {
                    let remove = if (round + remover) % 2 == 0 { remove_tree } else { remove_abandoned };
                    let doomed = &doomed;
                    scope.spawn(move || remove(doomed).unwrap());
                }
            });
            assert!(!doomed.exists());
        }
    }

    #[test]
    fn depth_is_no_limit() {
        let folder = tempfile::tempdir().unwrap();
        let doomed = folder.path().join("doomed");
        fs::create_dir(&doomed).unwrap();
        let mut at = open(&doomed, FOLDER, Mode::empty()).unwrap();
        for _ in 0..10_000 {
            nix::sys::stat::mkdirat(&at, "deeper", Mode::S_IRWXU).unwrap();
            at = openat(&at, "deeper", FOLDER, Mode::empty()).unwrap();
        }
        remove_tree(&doomed).unwrap();
        assert!(!doomed.exists());
    }
}
