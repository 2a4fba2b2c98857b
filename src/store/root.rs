//! The cache folder: where it is, how it is laid out, and how files get into it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy as _;

use super::fresh::FreshFile;
use super::lock::{self, Hold, LockError, LockGuard};
use super::removal::{DOOMED, remove_abandoned, remove_tree};
use super::scratch::{self, Scratch};

/// The lock that whoever uses environments and objects shares.
const IN_USE: &str = "in-use";

/// The parts of the cache. A version in the name changes when the layout inside does, so that an older and a
/// newer shelflife can share one cache folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// Virtual environments, one folder each.
    Environments,
    /// shelflife's own uv, and what is known about interpreters.
    Tools,
    /// uv's cache of wheels, from which environments are hard-linked.
    Uv,
    /// Content-addressed bytes: artifacts, datasets, output arrays.
    Objects,
    /// Recorded observations by cache key.
    Observations,
    /// Lock files.
    Locks,
    /// Short-lived folders, removed by whoever made them.
    Scratch,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: &'static [Self] = &[
        Self::Environments,
        Self::Tools,
        Self::Uv,
        Self::Objects,
        Self::Observations,
        Self::Locks,
        Self::Scratch,
    ];

    /// Name of its folder.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Environments => "environments-v1",
            Self::Tools => "tools-v1",
            Self::Uv => "uv-v1",
            Self::Objects => "objects-v1",
            Self::Observations => "observations-v1",
            Self::Locks => "locks-v1",
            Self::Scratch => "scratch-v1",
        }
    }
}

/// Why the cache folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// There is no place for it.
    #[error("cannot tell where the cache belongs: {0}; set SHELFLIFE_CACHE_DIR to a folder")]
    Nowhere(String),
    /// It cannot be written.
    #[error("cannot use the cache folder: {0}; set SHELFLIFE_CACHE_DIR to a folder that you can write to")]
    Io(#[from] io::Error),
}

/// The cache folder.
///
/// ```text
/// $SHELFLIFE_CACHE_DIR, else $XDG_CACHE_HOME/shelflife, else ~/.cache/shelflife
/// ├── CACHEDIR.TAG            backup programs leave the folder out
/// ├── environments-v1/
/// │   └── <key>/              a virtual environment; complete when it holds ready.json
/// ├── tools-v1/
/// │   ├── uv/                 an own uv, where the system has none
/// │   ├── python/             interpreters that uv fetched
/// │   └── interpreters.json   what probing interpreters found, by path, time and size
/// ├── uv-v1/                  uv's cache
/// ├── objects-v1/             bytes by digest
/// ├── observations-v1/        observations by cache key
/// ├── locks-v1/               x.lock for whatever x is being made
/// └── scratch-v1/             short-lived folders
/// ```
///
/// Everything in it can be removed at any time at the price of doing it again.
#[derive(Clone, Debug)]
pub struct CacheRoot {
    path: Arc<Path>,
    /// Other caches, from which objects and observations are taken where this one has none.
    pub(super) sources: Arc<[PathBuf]>,
}

impl CacheRoot {
    /// Opens the cache folder and makes what is missing of it: at `explicit`, else where `SHELFLIFE_CACHE_DIR`
    /// says, else in the user's cache folder.
    ///
    /// # Errors
    /// When there is no such place or it cannot be written.
    pub fn open(explicit: Option<PathBuf>) -> Result<Self, CacheError> {
        let from_variable =
            || std::env::var_os("SHELFLIFE_CACHE_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
        let path = match explicit.or_else(from_variable) {
            Some(path) => path,
            None => etcetera::choose_base_strategy()
                .map_err(|error| CacheError::Nowhere(error.to_string()))?
                .cache_dir()
                .join("shelflife"),
        };
        // Virtual environments and child processes with another working folder need an absolute path.
        let path = std::path::absolute(path)?;
        fs_err::create_dir_all(&path)?;
        let root = Self { path: fs_err::canonicalize(path)?.into(), sources: Arc::default() };
        for bucket in Bucket::ALL {
            fs_err::create_dir_all(root.bucket(*bucket))?;
        }
        let tag = root.path().join("CACHEDIR.TAG");
        if !tag.exists() {
            write_atomic(&tag, TAG)?;
        }
        Ok(root)
    }

    /// The same cache, which looks for objects and observations that it does not have in other folders of its layout:
    /// those of other machines. Environments are never taken from there.
    #[must_use]
    pub fn reading_through(self, sources: Vec<PathBuf>) -> Self {
        Self { sources: sources.into(), ..self }
    }

    /// Where it looks for what it does not have.
    pub fn sources(&self) -> &[PathBuf] {
        &self.sources
    }

    /// The folder itself, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of a bucket; it exists.
    pub fn bucket(&self, bucket: Bucket) -> PathBuf {
        self.path.join(bucket.folder())
    }

    /// Locks `name` (letters, digits, `-`, `_` and `.`) against other processes that use this cache, and
    /// against other tasks of this one.
    ///
    /// # Errors
    /// When somebody else holds it for longer than `timeout`.
    pub async fn lock(&self, name: &str, timeout: Duration) -> Result<LockGuard, LockError> {
        lock::acquire(&self.lock_file(name), Hold::Alone, timeout).await
    }

    /// Says that what is in the cache is in use, for as long as the guard lives. Any number of processes can; while
    /// the cache is being emptied they wait.
    ///
    /// # Errors
    /// When emptying takes longer than `timeout`.
    pub async fn in_use(&self, timeout: Duration) -> Result<LockGuard, LockError> {
        lock::acquire(&self.lock_file(IN_USE), Hold::Shared, timeout).await
    }

    /// The right to remove what others may use; nobody can use the cache for as long as the guard lives.
    ///
    /// # Errors
    /// When somebody uses it.
    pub async fn unused(&self) -> Result<LockGuard, LockError> {
        lock::acquire(&self.lock_file(IN_USE), Hold::Alone, Duration::ZERO).await
    }

    fn lock_file(&self, name: &str) -> PathBuf {
        self.bucket(Bucket::Locks).join(format!("{name}.lock"))
    }

    /// As [`CacheRoot::lock`], without waiting: `None` where somebody else holds it.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked.
    pub fn try_lock(&self, name: &str) -> Result<Option<LockGuard>, LockError> {
        lock::try_acquire(&self.lock_file(name))
    }

    /// A new empty folder that is removed when the value is dropped, and by the next [`CacheRoot::sweep`] where this
    /// process is killed.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self, purpose: &str) -> io::Result<Scratch> {
        let folder = self.bucket(Bucket::Scratch);
        Scratch::make(&folder, purpose).map_err(|error| {
            let error = with_room(&folder, error);
            io::Error::new(error.kind(), format!("cannot make a folder in `{}`: {error}", folder.display()))
        })
    }

    /// Removes what dead processes left: their scratch folders, and what they were removing. Never fails, and never touches
    /// what a living process uses.
    pub fn sweep(&self) {
        let swept = scratch::sweep(&self.bucket(Bucket::Scratch));
        if swept > 0 {
            tracing::debug!(swept, "folders of dead processes were removed");
        }
        for folder in [self.path().to_owned(), self.bucket(Bucket::Environments), self.bucket(Bucket::Tools)]
        {
            for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
                if entry.file_name().to_string_lossy().starts_with(DOOMED)
                    && let Err(error) = remove_abandoned(&entry.path())
                {
                    tracing::warn!(%error, "what a dead process left stays");
                }
            }
        }
    }
}

const TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n\
# This folder is the cache of shelflife. It can be removed at any time.\n";

/// Writes a file so that readers see the old content or the new one, never a part. The folder must exist.
/// There is no sync: after a power failure the cache is checked by digests anyway.
///
/// # Errors
/// When the file cannot be written; the message names it.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_atomic_for(path, bytes, 0o600)
}

/// As [`write_atomic`], with these permissions as far as the umask leaves them.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_atomic_for(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // `parent` of a bare file name is the empty path, which means here.
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = |error: io::Error| {
        let error = with_room(folder, error);
        io::Error::new(error.kind(), format!("cannot write `{}`: {error}", path.display()))
    };
    let mut file = FreshFile::in_folder(folder, mode).map_err(name)?;
    file.write_all(bytes).map_err(name)?;
    file.persist(path).map_err(name)
}

/// Writes a file under a name that is still free: nothing is ever overwritten, also where somebody else takes the name
/// meanwhile. The folder must exist.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where the name is taken; what else keeps the file from being written.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = FreshFile::in_folder(folder, mode)?;
    file.write_all(bytes)?;
    file.persist_new(path)
}

/// Bytes that are free on the disk of a folder, for this user; `None` where nobody can tell.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let facts = nix::sys::statvfs::statvfs(folder).ok()?;
    #[expect(clippy::useless_conversion, reason = "the width of these numbers differs between systems")]
    Some(u64::from(facts.blocks_available()) * u64::from(facts.fragment_size()))
}

/// An error about a full disk, with the room that is left where `path` is; others as they are.
pub fn with_room(path: &Path, error: io::Error) -> io::Error {
    if !matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return error;
    }
    let folder = path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let Some(free) = free_bytes(folder) else { return error };
    let text = format!("{error}; {} KiB are free in `{}`", free >> 10, folder.display());
    io::Error::new(error.kind(), text)
}

/// Makes a folder and its parents.
///
/// # Errors
/// When it cannot be made; the message names it.
pub fn create_folder(path: &Path) -> io::Result<()> {
    fs_err::create_dir_all(path)
}

/// Gives a file or folder another name on the same file system.
///
/// # Errors
/// When that fails; the message names both.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs_err::rename(from, to)
}

/// Removes a file; one that does not exist is fine.
///
/// # Errors
/// When it cannot be removed; the message names it.
pub fn remove_file(path: &Path) -> io::Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes a folder and everything in it; one that does not exist is fine. It first gets another name, so
/// that nobody takes a half-removed folder for a whole one.
///
/// # Errors
/// When something in it cannot be removed; the message names it. Everything else is gone then.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    let doomed = path.with_file_name(format!(
        "{DOOMED}{}-{}",
        std::process::id(),
        path.file_name().unwrap_or_default().to_string_lossy()
    ));
    match fs_err::rename(path, &doomed) {
        Ok(()) => remove_tree(&doomed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => remove_tree(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_makes_the_layout_and_is_repeatable() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let root = CacheRoot::open(Some(folder.path().join("a/b"))).unwrap();
            for bucket in Bucket::ALL {
                assert!(root.bucket(*bucket).is_dir());
            }
            assert!(fs_err::read(root.path().join("CACHEDIR.TAG")).unwrap().starts_with(b"Signature: 8a47"));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = CacheRoot::open(Some(file.path().join("cache"))).unwrap_err().to_string();
        assert!(error.contains(&*file.path().to_string_lossy()), "{error}");
        assert!(error.contains("SHELFLIFE_CACHE_DIR"), "{error}");
    }

    #[test]
    fn writing_replaces_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"two");
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
        remove_folder(folder.path()).unwrap();
        remove_folder(folder.path()).unwrap();
    }

    #[tokio::test]
    async fn a_lock_excludes_and_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let root = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
        let held = root.lock("x", Duration::ZERO).await.unwrap();
        let error = root.lock("x", Duration::ZERO).await.unwrap_err();
        assert!(matches!(&error, LockError::Timeout { path, .. } if path.ends_with("x.lock")), "{error}");
        assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        drop(held);
        root.lock("x", Duration::ZERO).await.unwrap();
    }

    #[tokio::test]
    async fn a_cache_is_emptied_when_nobody_uses_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
        let users = [root.in_use(Duration::ZERO).await.unwrap(), root.in_use(Duration::ZERO).await.unwrap()];
        assert!(matches!(root.unused().await.unwrap_err(), LockError::Timeout { .. }));
        drop(users);
        let emptying = root.unused().await.unwrap();
        root.in_use(Duration::ZERO).await.unwrap_err();
        drop(emptying);
        root.in_use(Duration::ZERO).await.unwrap();
    }
}
