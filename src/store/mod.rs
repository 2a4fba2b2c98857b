//! Layer 2: the cache folder, its objects and its observations.

mod lock;
mod objects;
mod root;

pub use lock::{LockError, LockGuard};
pub use root::{Bucket, CacheError, CacheRoot, remove_folder, write_atomic};
