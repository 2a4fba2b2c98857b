//! Content-addressed bytes: artifacts, encoded datasets, output arrays; and JSON records by cache key.

use std::fs::Permissions;
use std::io::{self, Seek as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::fresh::FreshFile;
use super::input::open_input;
use super::root::{Bucket, CacheRoot, with_room, write_atomic};
use crate::vocab::{Digest, DigestBuilder};

/// Bytes that are read at a time where a file is not held in memory.
const STRETCH: usize = 1 << 20;

impl CacheRoot {
    fn entry(&self, bucket: Bucket, digest: &Digest, suffix: &str) -> PathBuf {
        entry_in(self.path(), bucket, digest, suffix)
    }

    /// Where the object of a digest is, or would be.
    pub fn object_path(&self, digest: &Digest) -> PathBuf {
        self.entry(Bucket::Objects, digest, "")
    }

    /// Keeps bytes and returns their digest. Bytes that are there already are not written again, unless they were
    /// damaged.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_object(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        self.put_known_object(&digest, bytes)?;
        Ok(digest)
    }

    /// An object to be read as a stream; its bytes are not checked. `None` where there is none.
    pub fn open_object(&self, digest: &Digest) -> Option<std::fs::File> {
        self.fetch_object(digest);
        let file = fs::File::open(self.object_path(digest)).ok()?.into_parts().0;
        file.metadata().is_ok_and(|data| data.is_file()).then_some(file)
    }

    /// As [`CacheRoot::put_object`], for bytes whose digest the caller has just computed.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_known_object(&self, digest: &Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.object_path(digest);
        match fs::read(&path) {
            Ok(found) if found == bytes => Ok(()),
            _ => write_entry(&path, bytes),
        }
    }

    /// Moves a finished file of this file system into the store, and returns its digest and size in bytes. It is read
    /// once, as a stream.
    ///
    /// # Errors
    /// When the file cannot be read or the cache not be written.
    pub fn adopt_object(&self, file: &Path) -> io::Result<(Digest, u64)> {
        let facts = fs::symlink_metadata(file)?;
        // What somebody else has another name for could change under its digest.
        if !facts.is_file() || facts.nlink() > 1 {
            let copied = self.copy_object(file, None)?;
            fs::remove_file(file)?;
            return Ok(copied);
        }
        let (digest, size) = hash(&mut fs::File::open(file)?, &mut io::sink())?;
        let path = self.object_path(&digest);
        make_folder_of(&path)?;
        // As every other object.
        fs::set_permissions(file, Permissions::from_mode(0o600))?;
        match fs::rename(file, &path) {
            // The parts of a cache can be on disks of their own.
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                self.copy_object(file, Some(digest))?;
                fs::remove_file(file)?;
            }
            renamed => renamed?,
        }
        Ok((digest, size))
    }

    /// Keeps a copy of a file that stays where it is, and returns its digest and size in bytes. It is read as a stream.
    /// Where the store has something under the expected digest already, nothing is written.
    ///
    /// # Errors
    /// When the file cannot be read or the cache not be written.
    pub fn copy_object(&self, file: &Path, expected: Option<Digest>) -> io::Result<(Digest, u64)> {
        let mut source = open_input(file)?;
        let size = source.metadata()?.len();
        let is_there = |digest: &Digest| {
            fs::metadata(self.object_path(digest)).is_ok_and(|facts| facts.is_file() && facts.len() == size)
        };
        if let Some(digest) = expected.filter(is_there) {
            let found = hash(&mut source, &mut io::sink())?;
            if found.0 == digest {
                return Ok(found);
            }
            source.rewind()?;
        }
        // The name is known when everything was read; until then it stands where leftovers are pruned.
        let place = expected.unwrap_or_else(|| Digest::of(file.as_os_str().as_encoded_bytes()));
        let place = self.object_path(&place);
        let folder = make_folder_of(&place)?;
        let room = |error| with_room(folder, error);
        let mut copy = FreshFile::in_folder(folder, 0o600).map_err(room)?;
        let (digest, size) = hash(&mut source, &mut copy).map_err(room)?;
        let path = self.object_path(&digest);
        make_folder_of(&path)?;
        copy.persist(&path).map_err(room)?;
        Ok((digest, size))
    }

    /// The bytes of an object. A damaged one is removed and counts as absent.
    pub fn object(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.fetch_object(digest);
        let path = self.object_path(digest);
        let bytes = fs::read(&path).ok()?;
        if Digest::of(&bytes) == *digest {
            return Some(bytes);
        }
        // Another process may have repaired or removed it meanwhile; absent is absent.
        let _ = fs::remove_file(&path);
        None
    }

    /// Whether an object is there and has the bytes of its digest. A damaged one is removed. It is read as a stream.
    pub fn is_sound(&self, digest: &Digest) -> bool {
        self.fetch_object(digest);
        let path = self.object_path(digest);
        let Ok(mut file) = fs::File::open(&path) else { return false };
        if hash(&mut file, &mut io::sink()).is_ok_and(|(found, _)| found == *digest) {
            return true;
        }
        // Another process may have repaired or removed it meanwhile; absent is absent.
        let _ = fs::remove_file(&path);
        false
    }

    /// The path of an object whose bytes were checked just now, or `None` where it is absent or was damaged.
    pub fn checked_object_path(&self, digest: &Digest) -> Option<PathBuf> {
        self.is_sound(digest).then(|| self.object_path(digest))
    }

    /// Remembers a record under a key.
    ///
    /// # Errors
    /// When the cache cannot be written.
    pub fn put_record<T: Serialize>(&self, key: &Digest, record: &T) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(record).map_err(io::Error::other)?;
        // The last line is the digest of what stands before it, so that damage is noticed.
        let digest = record_digest(key, &bytes);
        bytes.extend_from_slice(format!("\n{digest}\n").as_bytes());
        write_entry(&self.entry(Bucket::Observations, key, ".json"), &bytes)
    }

    /// The record under a key. A damaged one, or one of another shape, is removed and counts as absent.
    pub fn record<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        self.fetch_record(key);
        self.own_record(key)
    }

    /// Where the record of a key is, or would be.
    pub(super) fn record_path(&self, key: &Digest) -> PathBuf {
        self.entry(Bucket::Observations, key, ".json")
    }

    /// As [`CacheRoot::record`], of this cache alone.
    pub(super) fn own_record<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        let path = self.record_path(key);
        let bytes = fs::read(&path).ok()?;
        let parsed = split_record(&bytes)
            .filter(|(json, digest)| record_digest(key, json) == *digest)
            .and_then(|(json, _)| serde_json::from_slice(json).ok());
        if parsed.is_none() {
            let _ = fs::remove_file(&path);
        }
        parsed
    }

    /// Removes objects and records that were not written or renewed since `before`; returns how many and their
    /// bytes.
    ///
    /// # Errors
    /// When a cache folder cannot be listed or an entry not be removed.
    pub fn prune_objects(&self, before: SystemTime) -> io::Result<(u64, u64)> {
        let (mut count, mut size) = (0, 0);
        for bucket in [Bucket::Objects, Bucket::Observations] {
            let Ok(folders) = fs::read_dir(self.bucket(bucket)) else { continue };
            for folder in folders {
                let folder = folder?;
                if !folder.file_type()?.is_dir() {
                    continue;
                }
                for entry in fs::read_dir(folder.path())? {
                    let entry = entry?;
                    let facts = entry.metadata()?;
                    if facts.is_file() && facts.modified().is_ok_and(|time| time < before) {
                        fs::remove_file(entry.path())?;
                        count += 1;
                        size += facts.len();
                    }
                }
            }
        }
        Ok((count, size))
    }
}

/// The digest of a file's bytes, which are read as a stream.
///
/// # Errors
/// When the file cannot be read.
pub fn digest_of_file(path: &Path) -> io::Result<Digest> {
    Ok(hash(&mut open_input(path)?, &mut io::sink())?.0)
}

/// Where an entry of a folder with the layout of a cache is.
pub(super) fn entry_in(root: &Path, bucket: Bucket, digest: &Digest, suffix: &str) -> PathBuf {
    let name = digest.to_string();
    root.join(bucket.folder()).join(&name[..2]).join(format!("{}{suffix}", &name[2..]))
}

pub(super) fn write_entry(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder_of(path)?;
    write_atomic(path, bytes)
}

/// The folder of an entry, which is there then.
fn make_folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    Ok(folder)
}

/// Gives what another reader gives, and knows the digest of it.
pub struct Digesting<R> {
    from: R,
    hasher: blake3::Hasher,
    size: u64,
}

impl<R: io::Read> Digesting<R> {
    /// Of all that is going to be read.
    pub fn of(from: R) -> Self {
        Self { from, hasher: blake3::Hasher::new(), size: 0 }
    }

    /// The digest and the number of the bytes that were read.
    pub fn finish(self) -> (Digest, u64) {
        (Digest::of_hash(self.hasher.finalize()), self.size)
    }
}

impl<R: io::Read> io::Read for Digesting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

/// Copies what a reader gives, and returns its digest and size in bytes.
fn hash(from: &mut impl io::Read, to: &mut impl io::Write) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; STRETCH];
    let mut size = 0;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok((Digest::of_hash(hasher.finalize()), size)),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        size += count as u64;
    }
}

fn record_digest(key: &Digest, json: &[u8]) -> Digest {
    DigestBuilder::new("record-v1").digest(key).field(json).finish()
}

/// Whether bytes are a whole record of a key.
pub(super) fn is_record(key: &Digest, bytes: &[u8]) -> bool {
    split_record(bytes).is_some_and(|(json, digest)| record_digest(key, json) == digest)
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], Digest)> {
    let body = bytes.strip_suffix(b"\n")?;
    let split = body.len().checked_sub(65)?;
    let (json, tail) = body.split_at_checked(split)?;
    let digest = std::str::from_utf8(tail.strip_prefix(b"\n")?).ok()?;
    Some((json, digest.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, CacheRoot) {
        let folder = tempfile::tempdir().unwrap();
        let root = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
        (folder, root)
    }

    #[test]
    fn objects_come_back_and_damage_is_absence() {
        let (_folder, root) = cache();
        let digest = root.put_object(b"array").unwrap();
        assert_eq!(root.object(&digest).as_deref(), Some(&b"array"[..]));
        fs::write(root.object_path(&digest), b"arraX").unwrap();
        assert_eq!(root.object(&digest), None);
        assert!(!root.object_path(&digest).exists());
        root.put_object(b"array").unwrap();
        fs::write(root.object_path(&digest), b"arraX").unwrap();
        root.put_object(b"array").unwrap();
        assert!(root.checked_object_path(&digest).is_some());
    }

    #[test]
    fn records_come_back_and_damage_is_absence() {
        let (_folder, root) = cache();
        let key = Digest::of(b"key");
        root.put_record(&key, &vec![1, 2, 3]).unwrap();
        assert_eq!(root.record::<Vec<u8>>(&key), Some(vec![1, 2, 3]));
        let path = root.entry(Bucket::Observations, &key, ".json");
        let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
        fs::write(&path, text.replace("[1,2,3]", "[1,2,4]")).unwrap();
        assert_eq!(root.record::<Vec<u8>>(&key), None);
        for short in ["", "\n", "[]\n", "{}"] {
            fs::write(&path, short).unwrap();
            assert_eq!(root.record::<Vec<u8>>(&key), None);
        }
    }

    #[test]
    fn files_become_objects_without_being_held_in_memory() {
        let (folder, root) = cache();
        let file = folder.path().join("model.pkl");
        let bytes = vec![7u8; STRETCH * 2 + 3];
        let digest = Digest::of(&bytes);
        let is_kept = || root.object(&digest).as_deref() == Some(&bytes[..]);
        fs::write(&file, &bytes).unwrap();
        for expected in [None, Some(digest), Some(digest), Some(Digest::of(b"another"))] {
            assert_eq!(root.copy_object(&file, expected).unwrap(), (digest, bytes.len() as u64));
            assert!(is_kept() && file.exists());
        }
        // Damage of the same length is found by whoever checks before reading; of another length, here.
        fs::write(root.object_path(&digest), b"short").unwrap();
        root.copy_object(&file, Some(digest)).unwrap();
        assert!(is_kept());
        // A file with a second name is copied, since that name could still be written to.
        fs::hard_link(&file, folder.path().join("second")).unwrap();
        assert_eq!(root.adopt_object(&file).unwrap().0, digest);
        assert!(is_kept() && !file.exists() && folder.path().join("second").exists());
        fs::rename(folder.path().join("second"), &file).unwrap();
        assert_eq!(root.adopt_object(&file).unwrap(), (digest, bytes.len() as u64));
        assert!(is_kept() && !file.exists());
        assert!(root.is_sound(&digest) && !root.is_sound(&Digest::of(b"another")));
    }

    #[test]
    fn pruning_spares_what_is_young() {
        let (_folder, root) = cache();
        let digest = root.put_object(b"array").unwrap();
        assert_eq!(root.prune_objects(SystemTime::UNIX_EPOCH).unwrap(), (0, 0));
        assert!(root.object(&digest).is_some());
    }
}
