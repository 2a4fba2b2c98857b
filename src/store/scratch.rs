//! Short-lived folders. Each has a lock that its process holds as long as it lives, so that the next process knows what is
//! left of dead ones, and removes it.

use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;

use super::removal::{DOOMED, remove_abandoned, remove_tree};

/// What a lock of a folder is called: the folder's own name with this behind it.
const LOCK: &str = ".lock";
/// A folder without a lock, which an older shelflife made, is surely left behind after this time.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// An empty folder that is removed when this is dropped, and by the next process where this one is killed.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    lock: PathBuf,
    /// Holding it open is what holds the lock; `None` where the file system has none.
    _held: Option<fs::File>,
}

impl Scratch {
    /// A new folder below `bucket`.
    pub(super) fn make(bucket: &Path, purpose: &str) -> io::Result<Self> {
        let mut number = 0u32;
        loop {
            // Numbers of processes are used again, also side by side in other containers.
            let moment = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            let name = format!("{purpose}-{}-{}-{number}", std::process::id(), moment.as_micros());
            number += 1;
            let (folder, lock) = (bucket.join(&name), bucket.join(format!("{name}{LOCK}")));
            // The lock is there before the folder is, so that no folder of a living process is ever without.
            let file = match fs::OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let held = match file.try_lock() {
                Ok(()) if lock.exists() => Some(file),
                Err(TryLockError::Error(_)) => None,
                // Whoever removes what is left was faster.
                Ok(()) | Err(TryLockError::WouldBlock) => continue,
            };
            if let Err(error) = fs::create_dir(&folder) {
                let _ = fs::remove_file(&lock);
                return Err(error);
            }
            return Ok(Self { folder, lock, _held: held });
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Removes it.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn close(self) -> io::Result<()> {
        self.remove()
    }

    fn remove(&self) -> io::Result<()> {
        remove_tree(&self.folder)?;
        let _ = fs::remove_file(&self.lock);
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is met again by the next process.
        if self.folder.exists() {
            let _ = self.remove();
        }
    }
}

/// Removes what dead processes left in a bucket of scratch folders, and says how many folders went. What cannot be removed
/// stays, and is no reason to fail: the cells that could make it so are long gone.
pub(super) fn sweep(bucket: &Path) -> usize {
    let Ok(entries) = fs::read_dir(bucket) else { return 0 };
    let names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let mut swept = 0;
    for name in &names {
        let (path, lock) = (bucket.join(name), bucket.join(format!("{name}{LOCK}")));
        if let Some(folder) = name.strip_suffix(LOCK) {
            if !names.iter().any(|other| other == folder) && is_free(&path).is_some() {
                let _ = fs::remove_file(&path);
            }
            continue;
        }
        // Held until the folder is gone.
        let held = if lock.exists() { is_free(&lock) } else { None };
        let is_dead = held.is_some() || name.starts_with(DOOMED) || (!lock.exists() && is_old(&path));
        if !is_dead {
            continue;
        }
        match remove_abandoned(&path) {
            // Somebody else is at it, and its lock stays as long as it does.
            Ok(()) if path.exists() => {}
            Ok(()) => {
                swept += 1;
                let _ = fs::remove_file(&lock);
            }
            Err(error) => tracing::warn!(%error, "what a dead process left stays"),
        }
    }
    swept
}

/// The lock of a dead process, which is held now.
fn is_free(lock: &Path) -> Option<fs::File> {
    let file = fs::File::open(lock).ok()?;
    file.try_lock().is_ok().then_some(file)
}

fn is_old(path: &Path) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|facts| facts.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= LEFT_BEHIND))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_use_stays() {
        let bucket = tempfile::tempdir().unwrap();
        let here = |name: &str| bucket.path().join(name).exists();
        let alive = Scratch::make(bucket.path(), "run").unwrap();
        fs::write(alive.path().join("file"), b"x").unwrap();
        // A process that was killed has left its folder and its lock, which nobody holds.
        fs::create_dir_all(bucket.path().join("run-1-2-0/deep/er")).unwrap();
        fs::write(bucket.path().join("run-1-2-0.lock"), b"").unwrap();
        // Another was killed before it made the folder, and a third while it removed something.
        fs::write(bucket.path().join("run-1-3-0.lock"), b"").unwrap();
        fs::create_dir(bucket.path().join(format!("{DOOMED}7-x"))).unwrap();
        // An older shelflife holds no lock, and may be alive.
        fs::create_dir(bucket.path().join("run-Xy")).unwrap();
        assert_eq!(sweep(bucket.path()), 2);
        assert!(alive.path().join("file").exists() && here("run-Xy"));
        assert_eq!(fs::read_dir(bucket.path()).unwrap().count(), 3);
        alive.close().unwrap();
        // What somebody else is removing is theirs, and goes on having its lock.
        fs::create_dir(bucket.path().join("run-1-4-0")).unwrap();
        fs::write(bucket.path().join("run-1-4-0.lock"), b"").unwrap();
        let removed = fs::File::open(bucket.path().join("run-1-4-0")).unwrap();
        removed.file().try_lock().unwrap();
        assert_eq!(sweep(bucket.path()), 0);
        assert!(here("run-1-4-0") && here("run-1-4-0.lock"));
        drop(removed);
        assert_eq!(sweep(bucket.path()), 1);
        drop(Scratch::make(bucket.path(), "run").unwrap());
        assert_eq!(fs::read_dir(bucket.path()).unwrap().count(), 1);
    }
}
