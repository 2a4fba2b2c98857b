//! What several test programs share.

use std::path::{Path, PathBuf};

/// The cache in which tests keep real environments: `SHELFLIFE_TEST_CACHE`, else below `target/`. It is kept between
/// runs, so that only the first one downloads anything.
pub fn cache_folder() -> PathBuf {
    std::env::var_os("SHELFLIFE_TEST_CACHE")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("test-cache"))
}
