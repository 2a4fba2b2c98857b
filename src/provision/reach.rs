//! What a started interpreter may see of this machine.

use std::collections::BTreeMap;
use std::path::Path;

/// What a started interpreter may see of this machine, each at the path that it has here.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The folder that it may write to; its working folder.
    pub scratch: &'a Path,
    /// The folder of artifacts and datasets, which it only reads.
    pub objects: &'a Path,
    /// Bytes of memory that all of its processes together may take, where a limit is known.
    pub memory_bytes: Option<u64>,
    /// Its environment variables.
    pub variables: &'a BTreeMap<String, String>,
}
