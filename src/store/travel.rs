//! What goes from the cache of one machine to that of another: objects and observations, by digest. A folder that carries
//! them has the layout of a cache, as far as these go. Environments never travel.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::fresh::FreshFile;
use super::objects::{digest_of_file, entry_in, is_record, write_entry};
use super::root::{Bucket, CacheRoot, with_room};
use crate::vocab::Digest;

/// The buckets that travel, with the ends of their files' names.
const TRAVELLING: [(Bucket, &str); 2] = [(Bucket::Objects, ""), (Bucket::Observations, ".json")];

/// Folders with objects or observations: the one that is named, and those right below it, in the order of their names.
pub fn sources_in(folder: &Path) -> Vec<PathBuf> {
    let is_source = |path: &Path| TRAVELLING.iter().any(|(bucket, _)| path.join(bucket.folder()).is_dir());
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut below: Vec<PathBuf> = below.filter(|path| is_source(path)).collect();
    below.sort();
    let own = is_source(folder).then(|| folder.to_owned());
    own.into_iter().chain(below).collect()
}

impl CacheRoot {
    /// Whether an object is here, or could be fetched. Its bytes are not checked.
    pub fn has_object(&self, digest: &Digest) -> bool {
        self.fetch_object(digest);
        self.object_path(digest).exists()
    }

    /// Copies an object from where this cache reads through, if it has none. What is damaged there counts as absent.
    pub(super) fn fetch_object(&self, digest: &Digest) {
        if self.sources.is_empty() || self.object_path(digest).exists() {
            return;
        }
        for source in self.sources.iter() {
            let path = entry_in(source, Bucket::Objects, digest, "");
            if digest_of_file(&path).is_ok_and(|found| found == *digest)
                && self.copy_object(&path, Some(*digest)).is_ok()
            {
                return;
            }
        }
    }

    /// As [`CacheRoot::fetch_object`], for the record under a key.
    pub(super) fn fetch_record(&self, key: &Digest) {
        let own = self.record_path(key);
        if self.sources.is_empty() || own.exists() {
            return;
        }
        for source in self.sources.iter() {
            let path = entry_in(source, Bucket::Observations, key, ".json");
            if let Ok(bytes) = super::input::read_input(&path)
                && is_record(key, &bytes)
                && write_entry(&own, &bytes).is_ok()
            {
                return;
            }
        }
    }

    /// Copies objects and records to a folder that other machines can read through. What is there already is not copied
    /// again; what is not here, or damaged, is left out. Returns how many were.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn carry(&self, to: &Path, objects: &[Digest], records: &[Digest]) -> io::Result<u64> {
        let mut left_out = 0;
        for ((bucket, suffix), digests) in TRAVELLING.into_iter().zip([objects, records]) {
            for digest in digests {
                let (from, target) =
                    (entry_in(self.path(), bucket, digest, suffix), entry_in(to, bucket, digest, suffix));
                let is_sound = match bucket {
                    Bucket::Objects => self.is_sound(digest),
                    _ => super::input::read_input(&from).is_ok_and(|bytes| is_record(digest, &bytes)),
                };
                match is_sound {
                    true => copy(&from, &target)?,
                    false => left_out += 1,
                }
            }
        }
        Ok(left_out)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let length = fs::metadata(from)?.len();
    if fs::metadata(to).is_ok_and(|facts| facts.is_file() && facts.len() == length) {
        return Ok(());
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let room = |error| with_room(folder, error);
    // Others read it, on machines where they may have another name.
    let mut fresh = FreshFile::in_folder(folder, 0o644).map_err(room)?;
    io::copy(&mut fs::File::open(from)?, &mut fresh).map_err(room)?;
    fresh.persist(to).map_err(room)
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
    fn what_is_carried_is_read_through_and_checked() {
        let ((_here, from), carried, (_there, to)) = (cache(), tempfile::tempdir().unwrap(), cache());
        let part = carried.path().join("write-1");
        let (object, key) = (from.put_object(b"model").unwrap(), Digest::of(b"key"));
        from.put_record(&key, &7u8).unwrap();
        let absent = Digest::of(b"nobody");
        assert_eq!(from.carry(&part, &[object, absent], &[key, absent]).unwrap(), 2);
        assert_eq!(sources_in(carried.path()), std::slice::from_ref(&part));
        assert_eq!(sources_in(&part), std::slice::from_ref(&part));
        let reading = to.clone().reading_through(sources_in(carried.path()));
        assert!(reading.has_object(&object) && !reading.has_object(&absent));
        assert_eq!(reading.object(&object).as_deref(), Some(&b"model"[..]));
        assert_eq!(reading.record::<u8>(&key), Some(7));
        // It is here now, whatever becomes of the folder.
        fs::remove_dir_all(&part).unwrap();
        assert!(to.is_sound(&object));
        assert_eq!(to.record::<u8>(&key), Some(7));
    }

    #[test]
    fn what_was_damaged_on_the_way_counts_as_absent() {
        let ((_here, from), carried, (_there, to)) = (cache(), tempfile::tempdir().unwrap(), cache());
        let (object, key) = (from.put_object(b"model").unwrap(), Digest::of(b"key"));
        from.put_record(&key, &7u8).unwrap();
        from.carry(carried.path(), &[object], &[key]).unwrap();
        fs::write(entry_in(carried.path(), Bucket::Objects, &object, ""), b"nodel").unwrap();
        fs::write(entry_in(carried.path(), Bucket::Observations, &key, ".json"), b"8\n\n").unwrap();
        let reading = to.reading_through(sources_in(carried.path()));
        assert!(!reading.has_object(&object) && reading.object(&object).is_none());
        assert_eq!(reading.record::<u8>(&key), None);
    }
}
