//! Layer 2: the cache folder, its objects and its observations.

mod fresh;
mod history;
mod input;
mod lock;
mod objects;
mod removal;
mod root;
mod scratch;
mod tracking;
mod travel;
mod trust;

pub use fresh::FreshFile;
pub use history::{Change, History, HistoryError, PastCell, PastRun};
pub use input::{open_input, read_input};
pub use lock::{LockError, LockGuard, try_lock_file};
pub use objects::{Digesting, digest_of_file};
pub use root::{
    Bucket, CacheError, CacheRoot, create_folder, free_bytes, remove_file, remove_folder, rename, with_room,
    write_atomic, write_atomic_for, write_new,
};
pub use scratch::Scratch;
pub use tracking::{TrackingError, registered_versions};
pub use travel::sources_in;
