//! What a started interpreter may see of this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cage;
use crate::store;

/// What a started interpreter may see of this machine, each at the path that it has here.
#[derive(Clone, Copy, Debug)]
pub struct Reach<'a> {
    /// The folder that it may write to; its own alone. [`prepare_scratch`] makes what has to lie in it.
    pub scratch: &'a Path,
    /// The folder of artifacts and datasets, which it only reads.
    pub objects: &'a Path,
    /// Bytes of memory that all of its processes together may take, where a limit is known.
    pub memory_bytes: Option<u64>,
    /// Its environment variables.
    pub variables: &'a BTreeMap<String, String>,
    /// Whose code it runs.
    pub room: Room,
    /// Whether it computes on a device of this machine.
    pub device: bool,
}

/// Whose code an interpreter runs, and so what of this machine it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// Libraries and artifacts: the system and its environment.
    #[default]
    Cells,
    /// Recipes: all that this user can read, since they may read their author's files.
    Recipes,
    /// Recipes of a matrix that trusts them: everything, as if its author had started them.
    Trusted,
}

/// Where the root of a cage is put together, in the folder that it may write to.
pub(super) fn base(scratch: &Path) -> PathBuf {
    scratch.join("root")
}

/// Where the views of cells are put together.
pub fn stage(scratch: &Path) -> PathBuf {
    scratch.join("stage")
}

/// Where the rules for the system calls of a container are written, for its engine to read.
pub(super) fn profile(scratch: &Path) -> PathBuf {
    scratch.join("profile.json")
}

/// Makes the folders that an interpreter needs in the one that it may write to.
///
/// # Errors
/// When they cannot be made.
pub fn prepare_scratch(scratch: &Path) -> std::io::Result<()> {
    for folder in [scratch.to_owned(), base(scratch), stage(scratch)] {
        store::create_folder(&folder)?;
    }
    store::write_atomic(&profile(scratch), cage::container_profile().as_bytes())
}
