//! Names of runs, which become folders, and the lock that keeps two processes out of one.

use std::path::Path;
use std::time::Duration;

use super::error::{AppError, RequestError};
use crate::store::{CacheRoot, LockError, LockGuard};
use crate::vocab::Digest;

/// The name of a run: the one that was asked for, else `usual`.
pub(super) fn run_name(asked: Option<&str>, usual: &str) -> Result<String, RequestError> {
    let name = asked.unwrap_or(usual).to_owned();
    let is_plain = !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
    if is_plain { Ok(name) } else { Err(RequestError::RunName(name)) }
}

/// Keeps others out of the folder of a run.
pub(super) async fn lock_run(cache: &CacheRoot, folder: &Path, name: &str) -> Result<LockGuard, AppError> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let lock = format!("run-{}", Digest::of(absolute.as_os_str().as_encoded_bytes()).short());
    match cache.lock(&lock, Duration::from_secs(1)).await {
        Err(LockError::Timeout { .. }) => Err(AppError::Busy(name.to_owned())),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_names_of_folders() {
        assert_eq!(run_name(None, "zoo").unwrap(), "zoo");
        assert_eq!(run_name(Some("a-1_b.c+d"), "zoo").unwrap(), "a-1_b.c+d");
        for odd in ["", "../up", ".hidden", "a b"] {
            assert!(matches!(run_name(Some(odd), "zoo"), Err(RequestError::RunName(_))), "{odd}");
        }
    }
}
