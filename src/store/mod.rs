//! Layer 2: the cache folder, its objects and its observations.

mod history;
mod lock;
mod objects;
mod root;

pub use history::{Change, History, HistoryError, PastCell, PastRun};
pub use lock::{LockError, LockGuard};
pub use root::{Bucket, CacheError, CacheRoot, create_folder, remove_folder, rename, write_atomic};
