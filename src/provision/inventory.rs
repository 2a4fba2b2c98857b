//! What is in the cache, and clearing it: for `shelflife env` and `shelflife doctor`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::store::{self, Bucket, CacheRoot, LockError};

use super::folder::{self, READY, USED};
use super::interpreters::Interpreter;
use super::offers::Offer;
use super::uv::Uv;

/// One environment in the cache.
#[derive(Clone, Debug, PartialEq)]
pub struct CachedEnvironment {
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it is complete; others are removed and made again when they are wanted.
    pub complete: bool,
    /// Version of its interpreter, where complete.
    pub python: Option<String>,
    /// Version of scikit-learn, where complete.
    pub scikit_learn: Option<String>,
    /// What was asked for when it was made.
    pub requirements: Vec<String>,
    /// Sum of its files' sizes in bytes. Most of them are hard links into uv's cache, so that the disk space
    /// they take is shared.
    pub bytes: u64,
    /// When it was made, where complete.
    pub made: Option<Timestamp>,
    /// When it was last prepared for a run.
    pub last_used: Option<Timestamp>,
}

/// What pruning removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pruned {
    /// The environments that were removed.
    pub removed: Vec<CachedEnvironment>,
    /// Whether uv's cache of wheels was removed too, because no environment is left that shares its files.
    pub wheels: bool,
}

/// Facts about this machine for `shelflife doctor`.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineFacts {
    /// The uv that would be used; fetched when first needed where `None`.
    pub uv: Option<Uv>,
    /// Python 3 interpreters that were found, sorted by version.
    pub interpreters: Vec<Interpreter>,
    /// The cache folder.
    pub cache: PathBuf,
    /// Bytes that are free for the cache.
    pub free_bytes: Option<u64>,
    /// What 32-bit and foreign environments and containers need.
    pub offers: Vec<Offer>,
}

pub(super) fn list(cache: &CacheRoot) -> io::Result<Vec<CachedEnvironment>> {
    let mut environments = Vec::new();
    for entry in fs_err::read_dir(cache.bucket(Bucket::Environments))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        environments.push(describe(&entry.path()));
    }
    environments.sort_by(|a, b| (b.last_used, &a.folder).cmp(&(a.last_used, &b.folder)));
    Ok(environments)
}

fn describe(folder: &Path) -> CachedEnvironment {
    let ready = folder::read_ready(folder);
    CachedEnvironment {
        folder: folder.to_owned(),
        complete: ready.is_some(),
        python: ready.as_ref().map(|ready| ready.python.clone()),
        scikit_learn: ready.as_ref().and_then(|ready| ready.packages.get("scikit-learn").cloned()),
        bytes: size_of(folder),
        made: ready.as_ref().map(|ready| ready.made),
        last_used: [USED, READY, ""].iter().find_map(|name| modified(&folder.join(name))),
        requirements: ready.map(|ready| ready.requirements).unwrap_or_default(),
    }
}

fn modified(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(path.metadata().ok()?.modified().ok()?).ok()
}

fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size_of(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |data| data.len()),
            _ => 0,
        })
        .sum()
}

pub(super) async fn prune(cache: &CacheRoot, keep_days: u32) -> io::Result<Pruned> {
    let keep = Duration::from_secs(u64::from(keep_days) * 24 * 3600);
    let mut pruned = Pruned::default();
    let mut left = 0;
    for environment in list(cache)? {
        let old = environment.last_used.is_none_or(|used| age(used) >= keep);
        if environment.complete && !old {
            left += 1;
            continue;
        }
        let name = environment.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let key = name.split('-').next().unwrap_or_default();
        match cache.lock(&lock_name(key), Duration::ZERO).await {
            Ok(_guard) => {
                // What cannot be removed of one is no reason to keep the others.
                match store::remove_folder(&environment.folder) {
                    Ok(()) => pruned.removed.push(environment),
                    Err(error) => tracing::warn!(%error, "an environment stays"),
                }
            }
            // Somebody is making it right now.
            Err(LockError::Timeout { .. }) => left += 1,
            Err(LockError::Io { source, .. }) => return Err(source),
        }
    }
    cache.sweep();
    if left == 0 && !pruned.removed.is_empty() {
        store::remove_folder(&cache.bucket(Bucket::Uv))?;
        store::create_folder(&cache.bucket(Bucket::Uv))?;
        pruned.wheels = true;
    }
    Ok(pruned)
}

/// Removes environments that nobody finished and nobody is making: what killed processes left.
pub(super) fn sweep(cache: &CacheRoot) {
    let Ok(entries) = std::fs::read_dir(cache.bucket(Bucket::Environments)) else { return };
    for entry in entries.flatten() {
        let (folder, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let is_unfinished = || folder.is_dir() && !folder.join(READY).exists();
        if name.starts_with('.') || !is_unfinished() {
            continue;
        }
        let key = name.split('-').next().unwrap_or_default();
        if let Ok(Some(_held)) = cache.try_lock(&lock_name(key))
            && is_unfinished()
            && let Err(error) = store::remove_folder(&folder)
        {
            tracing::warn!(%error, "an unfinished environment stays");
        }
    }
}

/// Name of the lock under which environments of a key are made and removed.
pub(super) fn lock_name(key: &str) -> String {
    format!("environment-{key}")
}

/// How long ago something was; zero for the future, which a corrected clock leaves behind.
pub(super) fn age(time: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(time)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn incomplete_environments_are_pruned_and_locked_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
        let environments = cache.bucket(Bucket::Environments);
        for name in ["aaaa-1", "bbbb-1"] {
            fs_err::create_dir_all(environments.join(name).join("bin")).unwrap();
            fs_err::write(environments.join(name).join("bin/file"), b"12345").unwrap();
        }
        let _held = cache.lock(&lock_name("bbbb"), Duration::ZERO).await.unwrap();
        let listed = list(&cache).unwrap();
        assert_eq!(listed.len(), 2);
        assert!(listed.iter().all(|environment| environment.bytes == 5 && !environment.complete));
        let pruned = prune(&cache, 30).await.unwrap();
        assert_eq!(pruned.removed.len(), 1);
        assert!(!pruned.wheels);
        assert!(!environments.join("aaaa-1").exists() && environments.join("bbbb-1").exists());
    }
}
