//! What was installed into an environment that shelflife made: every file with its size, its time and the digest of its
//! bytes. A look at sizes and times costs milliseconds; bytes are read where a time differs, or where that is asked for.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::damage::{Damage, DamageKind};
use super::folder::READY;
use crate::store;
use crate::vocab::Digest;

/// Its name in the folder of an environment. The first line of it is the version of its layout.
const MANIFEST: &str = "files-v1";
/// The folder of what Python compiles for itself: that can be removed at any time.
const COMPILED: &str = "__pycache__";

/// One file or link.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    path: PathBuf,
    size: u64,
    /// Seconds and nanoseconds.
    time: (i64, i64),
    /// Of the bytes, or of where a link leads; none where this user may not read it.
    digest: Option<Digest>,
}

/// Writes down what is in the folder of an environment now. Reads all of it.
///
/// # Errors
/// When the folder cannot be read or written.
pub(super) fn write(folder: &Path) -> io::Result<()> {
    let mut entries = Vec::new();
    collect(folder, Path::new(""), &mut entries)?;
    keep(folder, &entries)
}

/// What is not as it was when the environment was made. `verify` reads all bytes. Times that moved without the bytes, as
/// archives and copies do, are taken over; what Python compiled and was damaged is removed. An environment of an older
/// shelflife is written down as it is.
pub(super) fn check(folder: &Path, verify: bool) -> Option<Damage> {
    let entries = match std::fs::read(folder.join(MANIFEST)) {
        Ok(bytes) => parse(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.join(READY).exists() => {
            // Without it the next one cannot tell either, and nothing else depends on it.
            let _ = write(folder);
            return None;
        }
        Err(_) => None,
    };
    let Some(entries) = entries else {
        return Some(Damage { file: folder.join(MANIFEST), kind: DamageKind::Unreadable, is_shared: false });
    };
    let mut has_moved = false;
    let mut still = Vec::with_capacity(entries.len());
    for entry in entries {
        match look(folder, &entry, verify) {
            Look::Same => still.push(entry),
            Look::Moved(time) => {
                has_moved = true;
                still.push(Entry { time, ..entry });
            }
            Look::Damaged { .. } if is_compiled(&entry.path) => {
                has_moved = true;
                let _ = store::remove_file(&folder.join(&entry.path));
            }
            Look::Damaged { kind, is_shared } => {
                return Some(Damage { file: folder.join(&entry.path), kind, is_shared });
            }
        }
    }
    if has_moved {
        // Without it the next look only takes longer.
        let _ = keep(folder, &still);
    }
    None
}

fn is_compiled(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|folder| folder == COMPILED)
}

enum Look {
    Same,
    Moved((i64, i64)),
    Damaged { kind: DamageKind, is_shared: bool },
}

fn look(folder: &Path, entry: &Entry, verify: bool) -> Look {
    let path = folder.join(&entry.path);
    let facts = match std::fs::symlink_metadata(&path) {
        Ok(facts) => facts,
        Err(_) => return Look::Damaged { kind: DamageKind::Missing, is_shared: false },
    };
    // With a second name, the installer's cache has the same bytes.
    let damaged = |kind| Look::Damaged { kind, is_shared: facts.is_file() && facts.nlink() > 1 };
    if facts.len() != entry.size {
        return damaged(DamageKind::Size { was: entry.size, is: facts.len() });
    }
    let time = (facts.mtime(), facts.mtime_nsec());
    if (time == entry.time && !verify) || entry.digest.is_none() {
        return Look::Same;
    }
    match digest(&path, facts.is_symlink()) {
        found if found != entry.digest => damaged(DamageKind::Bytes),
        _ if time == entry.time => Look::Same,
        _ => Look::Moved(time),
    }
}

/// Everything below a folder, in order, but for what shelflife itself writes into the top of it.
fn collect(folder: &Path, below: &Path, entries: &mut Vec<Entry>) -> io::Result<()> {
    let listed = match std::fs::read_dir(folder.join(below)) {
        Ok(listed) => listed,
        // A tree has folders of its own root.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut names: Vec<_> = listed
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<BTreeSet<_>>>()?
        .into_iter()
        .collect();
    if below.as_os_str().is_empty() {
        names.retain(|name| folder.join(name).is_dir() || name == "pyvenv.cfg");
    }
    for name in names {
        let path = below.join(name);
        let whole = folder.join(&path);
        let facts = match std::fs::symlink_metadata(&whole) {
            Ok(facts) => facts,
            // Somebody uses the environment already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if facts.is_dir() {
            collect(folder, &path, entries)?;
        } else if is_compiled(&path) && path.extension().is_none_or(|extension| extension != "pyc") {
            // Python is compiling right now, and renames it in a moment.
        } else if facts.is_file() || facts.is_symlink() {
            let digest = digest(&whole, facts.is_symlink());
            entries.push(Entry {
                path,
                size: facts.len(),
                time: (facts.mtime(), facts.mtime_nsec()),
                digest,
            });
        }
    }
    Ok(())
}

fn digest(path: &Path, is_link: bool) -> Option<Digest> {
    if is_link {
        return Some(Digest::of(std::fs::read_link(path).ok()?.as_os_str().as_bytes()));
    }
    store::digest_of_file(path).ok()
}

/// One line each: size, seconds, nanoseconds, digest, and the path with line breaks and backslashes escaped.
fn keep(folder: &Path, entries: &[Entry]) -> io::Result<()> {
    let mut text = Vec::with_capacity(entries.len() * 160);
    for Entry { path, size, time: (seconds, nanos), digest } in entries {
        let digest = digest.map_or_else(|| "-".to_owned(), |digest| digest.to_string());
        text.extend_from_slice(format!("{size} {seconds} {nanos} {digest} ").as_bytes());
        for byte in path.as_os_str().as_bytes() {
            match byte {
                b'\n' => text.extend_from_slice(b"\\n"),
                b'\\' => text.extend_from_slice(b"\\\\"),
                other => text.push(*other),
            }
        }
        text.push(b'\n');
    }
    // So that damage of the list itself is not taken for damage of a file.
    let mut bytes = Digest::of(&text).to_string().into_bytes();
    bytes.push(b'\n');
    bytes.extend_from_slice(&text);
    store::write_atomic(&folder.join(MANIFEST), &bytes)
}

fn parse(bytes: &[u8]) -> Option<Vec<Entry>> {
    let split = bytes.iter().position(|byte| *byte == b'\n')?;
    let (digest, text) = (std::str::from_utf8(&bytes[..split]).ok()?, &bytes[split + 1..]);
    if digest.parse::<Digest>().ok()? != Digest::of(text) {
        return None;
    }
    text.split_inclusive(|byte| *byte == b'\n').map(|line| entry(line.strip_suffix(b"\n")?)).collect()
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut parts = line.splitn(5, |byte| *byte == b' ');
    let mut text = || std::str::from_utf8(parts.next()?).ok();
    let (size, seconds, nanos) = (text()?.parse().ok()?, text()?.parse().ok()?, text()?.parse().ok()?);
    let digest = match text()? {
        "-" => None,
        digest => Some(digest.parse().ok()?),
    };
    let mut path = Vec::new();
    let mut escaped = parts.next()?.iter();
    while let Some(byte) = escaped.next() {
        path.push(match byte {
            b'\\' if escaped.next()? == &b'n' => b'\n',
            other => *other,
        });
    }
    let path = PathBuf::from(std::ffi::OsString::from_vec(path));
    Some(Entry { path, size, time: (seconds, nanos), digest })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use fs_err as fs;

    use super::*;

    fn environment() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let lib = folder.path().join("lib/__pycache__");
        fs::create_dir_all(&lib).unwrap();
        for (name, text) in [("lib/a.py", "a = 1"), ("lib/odd\n\\ name", "x"), ("lib/__pycache__/a.pyc", "c")]
        {
            fs::write(folder.path().join(name), text).unwrap();
        }
        std::os::unix::fs::symlink("/usr/bin/python3", folder.path().join("lib/python")).unwrap();
        for own in [READY, "last-used", "lock-1.json"] {
            fs::write(folder.path().join(own), "{}").unwrap();
        }
        write(folder.path()).unwrap();
        folder
    }

    fn at(path: &Path, time: SystemTime) {
        fs::OpenOptions::new().append(true).open(path).unwrap().file().set_modified(time).unwrap();
    }

    #[test]
    fn a_sound_environment_is_sound_whatever_its_times() {
        let folder = environment();
        assert_eq!(check(folder.path(), true), None);
        // Archives keep whole seconds, copies keep none, and clocks jump.
        let file = folder.path().join("lib/a.py");
        for time in [SystemTime::now() + Duration::from_secs(86_400), SystemTime::UNIX_EPOCH] {
            at(&file, time);
            assert_eq!(check(folder.path(), false), None);
        }
        for name in ["new.py", "__pycache__/b.pyc"] {
            fs::write(folder.path().join("lib").join(name), "x").unwrap();
        }
        fs::write(folder.path().join("last-used"), "now").unwrap();
        assert_eq!(check(folder.path(), true), None);
    }

    #[test]
    fn damage_is_named() {
        let damaged = |damage: &dyn Fn(&Path), verify| {
            let folder = environment();
            damage(&folder.path().join("lib/a.py"));
            check(folder.path(), verify).map(|damage| {
                assert!(damage.file.ends_with("lib/a.py"), "{damage:?}");
                damage.kind
            })
        };
        assert_eq!(damaged(&|file| fs::remove_file(file).unwrap(), false), Some(DamageKind::Missing));
        let size = DamageKind::Size { was: 5, is: 2 };
        assert_eq!(damaged(&|file| fs::write(file, "a=").unwrap(), false), Some(size));
        let later = SystemTime::now() + Duration::from_secs(5);
        let flip = |file: &Path| fs::write(file, "a = 2").unwrap();
        let moved = |file: &Path| {
            flip(file);
            at(file, later);
        };
        assert_eq!(damaged(&moved, false), Some(DamageKind::Bytes));
        // What keeps size and time is found by reading.
        let hidden = |file: &Path| {
            let time = fs::metadata(file).unwrap().modified().unwrap();
            flip(file);
            at(file, time);
        };
        assert_eq!(damaged(&hidden, false), None);
        assert_eq!(damaged(&hidden, true), Some(DamageKind::Bytes));
    }

    #[test]
    fn what_python_compiled_is_removed_and_an_older_environment_is_taken_as_it_is() {
        let folder = environment();
        let compiled = folder.path().join("lib/__pycache__/a.pyc");
        fs::write(&compiled, "longer").unwrap();
        assert_eq!(check(folder.path(), false), None);
        assert!(!compiled.exists());
        assert_eq!(check(folder.path(), false), None);
        fs::remove_file(folder.path().join(MANIFEST)).unwrap();
        assert_eq!(check(folder.path(), false), None);
        assert!(folder.path().join(MANIFEST).exists());
        fs::write(folder.path().join(MANIFEST), "nonsense").unwrap();
        assert_eq!(check(folder.path(), false).unwrap().kind, DamageKind::Unreadable);
    }
}
