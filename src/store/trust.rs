//! Environments in which something was damaged: what was seen in them under the same lock is not believed any more.

use std::io;
use std::time::SystemTime;

use super::root::CacheRoot;
use crate::vocab::{Digest, DigestBuilder};

impl CacheRoot {
    /// From now on nothing counts that was seen in environments with this lock, given by [`Lock::base_digest`].
    ///
    /// [`Lock::base_digest`]: crate::vocab::Lock::base_digest
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn distrust(&self, base: &Digest) -> io::Result<()> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.put_record(&mark(base), &now.as_nanos().to_string())
    }

    /// What stands for a lock in keys of what was seen: the digest of the lock itself, unless something was damaged since.
    pub fn trusted(&self, lock: &Digest, base: &Digest) -> Digest {
        match self.own_record::<String>(&mark(base)) {
            Some(since) => DigestBuilder::new("trusted-v1").digest(lock).text(&since).finish(),
            None => *lock,
        }
    }
}

fn mark(base: &Digest) -> Digest {
    DigestBuilder::new("distrust-v1").digest(base).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_makes_other_keys_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
        let (lock, base, other) = (Digest::of(b"lock"), Digest::of(b"base"), Digest::of(b"other"));
        assert_eq!(cache.trusted(&lock, &base), lock);
        let mut seen = vec![lock];
        for _ in 0..3 {
            cache.distrust(&base).unwrap();
            let now = cache.trusted(&lock, &base);
            assert!(!seen.contains(&now));
            assert_eq!(cache.trusted(&lock, &base), now);
            seen.push(now);
        }
        assert_eq!(cache.trusted(&lock, &other), lock);
    }
}
