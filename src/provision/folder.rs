//! Folders of environments in the cache, of every runtime: their names, the marker of a complete one, and their locks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::interpreters::stamp;
use super::{machine, record};
use crate::cage;
use crate::store::{self, Bucket, CacheRoot};
use crate::vocab::{Digest, DigestBuilder, Lock};

/// The marker of a complete environment, written last.
pub(super) const READY: &str = "ready.json";
/// Its modification time says when the environment was last used.
pub(super) const USED: &str = "last-used";

/// What `ready.json` says about a complete environment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) made: Timestamp,
    pub(super) python: String,
    /// Where it is; for one that is a part of the environment, within its folder.
    pub(super) interpreter: PathBuf,
    pub(super) requirements: Vec<String>,
    pub(super) companions: Vec<String>,
    pub(super) packages: BTreeMap<String, String>,
    /// What was installed from other indexes than the usual one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) contents: Vec<String>,
    /// Folders of installed packages, as they are called within the folder of the environment, with the second of their
    /// last change: who installs or removes something there makes it another environment. The cache itself may be
    /// reached by several names, and be moved.
    pub(super) sites: Vec<(PathBuf, u64)>,
}

/// The interpreter of an environment in a folder.
pub(super) fn python_of(folder: &Path) -> PathBuf {
    folder.join("bin/python")
}

/// Reads the marker of a folder; `None` where the environment is not complete or the marker is damaged.
pub(super) fn read_ready(folder: &Path) -> Option<Ready> {
    let bytes = std::fs::read(folder.join(READY)).ok()?;
    let ready: Ready = serde_json::from_slice(&bytes).ok()?;
    let unchanged = ready.sites.iter().all(|(site, second)| changed_at(&folder.join(site)) == Some(*second));
    let is_own = ready.interpreter.is_relative() || ready.interpreter.starts_with(folder);
    let python = python_of(folder).exists() || is_own && folder.join(&ready.interpreter).exists();
    (unchanged && python).then_some(ready)
}

/// Seconds only: archives, through which caches travel between CI jobs, keep no more.
pub(super) fn changed_at(folder: &Path) -> Option<u64> {
    stamp(folder).map(|((seconds, _), _)| seconds)
}

/// The folders of one key, newest first, with their markers.
pub(super) fn folders_of(cache: &CacheRoot, key: &Digest) -> Vec<(PathBuf, Option<Ready>)> {
    let prefix = format!("{}-", key_text(key));
    let entries = std::fs::read_dir(cache.bucket(Bucket::Environments));
    let mut folders: Vec<_> = entries
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_else(|_| Vec::new())
        .into_iter()
        .filter(|path: &PathBuf| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&prefix))
        })
        .map(|path| {
            let ready = read_ready(&path);
            (path, ready)
        })
        .collect();
    folders.sort_by_key(|(_, ready)| std::cmp::Reverse(ready.as_ref().map(|ready| ready.made)));
    folders
}

/// The key as it stands in names of folders and locks.
pub(super) fn key_text(key: &Digest) -> String {
    key.to_string()[..16].to_owned()
}

/// A folder that is removed when dropped, unless it was finished.
pub(super) struct Unfinished(pub(super) Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take()
            && let Err(error) = store::remove_folder(&folder)
        {
            tracing::warn!(%error, "cannot remove an unfinished environment");
        }
    }
}

/// A folder for a new environment of a key, which does not exist yet.
pub(super) fn free_folder(cache: &CacheRoot, key: &Digest, made: Timestamp) -> PathBuf {
    let bucket = cache.bucket(Bucket::Environments);
    let mut second = made.as_second();
    loop {
        let folder = bucket.join(format!("{}-{second}", key_text(key)));
        if !folder.exists() {
            return folder;
        }
        second += 1;
    }
}

/// Keeps a lock in the folder of its environment.
pub(super) fn write_lock(folder: &Path, lock: &Lock) -> std::io::Result<()> {
    store::write_atomic(&lock_path(folder, &lock.variables), &serde_json::to_vec_pretty(lock)?)
}

/// The lock that a folder keeps for these variables and this machine. Where one of them names code, the environment is
/// asked each time.
pub(super) fn stored_lock(folder: &Path, variables: &BTreeMap<String, String>) -> Option<Lock> {
    if cage::CODE.iter().any(|name| variables.contains_key(*name)) {
        return None;
    }
    let bytes = std::fs::read(lock_path(folder, variables)).ok()?;
    serde_json::from_slice::<Lock>(&bytes).ok().filter(|lock| lock.variables == *variables)
}

/// From now on nothing counts that was seen in environments that resolved to what this one did.
pub(super) fn distrust(cache: &CacheRoot, folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)?.flatten() {
        let name = entry.file_name();
        let is_lock = name.to_string_lossy().starts_with("lock-");
        let bytes = if is_lock { std::fs::read(entry.path()).unwrap_or_default() } else { continue };
        if let Ok(lock) = serde_json::from_slice::<Lock>(&bytes) {
            cache.distrust(&lock.base_digest())?;
        }
    }
    Ok(())
}

/// The package of an environment that a file belongs to; all of them where nothing tells.
pub(super) fn packages_of(folder: &Path, file: &Path) -> Vec<String> {
    match record::owner(file) {
        Some(package) => vec![package],
        None => read_ready(folder).map(|ready| ready.packages.into_keys().collect()).unwrap_or_default(),
    }
}

/// Variables and the CPU decide about BLAS kernels and SIMD features.
fn lock_path(folder: &Path, variables: &BTreeMap<String, String>) -> PathBuf {
    let mut digest = DigestBuilder::new("variables-v1").digest(machine::identity());
    for (name, value) in variables {
        digest = digest.text(name).text(value);
    }
    folder.join(format!("lock-{}.json", digest.finish().short()))
}
