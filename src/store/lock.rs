//! Locks between processes that share a cache.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Why a lock was not obtained.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process held it for too long.
    #[error(
        "`{}` was locked by {holder} for more than {} s; wait for the other shelflife to end, or stop it",
        path.display(), waited.as_secs()
    )]
    Timeout {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as far as the file says.
        holder: String,
        /// How long it was tried.
        waited: Duration,
    },
    /// The lock file cannot be made or locked.
    #[error("cannot lock `{}`: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// A lock that is held. It is given back when this is dropped, and by the system when the process dies.
#[derive(Debug)]
pub struct LockGuard(#[expect(dead_code, reason = "holding the file open is what holds the lock")] File);

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Beside others that hold it the same way.
    Shared,
    /// Alone.
    Alone,
}

/// Locks the file at `path` alone, unless somebody else holds it.
pub(super) fn try_acquire(path: &Path) -> Result<Option<LockGuard>, LockError> {
    let io = |source| LockError::Io { path: path.to_owned(), source };
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(LockGuard(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// As a lock of the cache, for a file elsewhere: a folder that several machines share. `None` where somebody else holds it.
///
/// # Errors
/// When the file cannot be made or locked.
pub fn try_lock_file(path: &Path) -> Result<Option<LockGuard>, LockError> {
    try_acquire(path)
}

/// Locks the file at `path` (made where absent, never removed: removing would let two processes hold "the
/// same" lock on two files).
pub(super) async fn acquire(path: &Path, hold: Hold, timeout: Duration) -> Result<LockGuard, LockError> {
    let io = |source| LockError::Io { path: path.to_owned(), source };
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
    let started = Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        let tried = match hold {
            Hold::Shared => file.try_lock_shared(),
            Hold::Alone => file.try_lock(),
        };
        match tried {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        if started.elapsed() >= timeout {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".to_owned(),
                pid => format!("process {pid}"),
            };
            return Err(LockError::Timeout { path: path.to_owned(), holder, waited: timeout });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
    }
    // Only for the message of whoever waits in vain; a full disk must not matter here.
    if hold == Hold::Alone {
        let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
    }
    Ok(LockGuard(file))
}
