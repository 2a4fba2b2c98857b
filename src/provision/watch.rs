//! Looking for damage in environments: before they are used, and again when a run has ended.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::damage::Damage;
use super::existing;
use super::failure::ProvisionFailure;
use super::{folder, manifest};
use crate::store::CacheRoot;
use crate::vocab::EnvName;

/// What is looked at of an environment.
#[derive(Clone, Debug)]
pub(super) enum Watched {
    /// A folder that shelflife made.
    Made(PathBuf),
    /// What somebody else made.
    Existing(existing::Watched),
}

/// The environments that were prepared.
pub(super) struct Watch {
    cache: CacheRoot,
    /// Whether bytes are read, and not only sizes and times.
    verify: bool,
    prepared: Mutex<BTreeMap<EnvName, Watched>>,
}

impl Watch {
    pub(super) fn new(cache: CacheRoot, verify: bool) -> Self {
        Self { cache, verify, prepared: Mutex::default() }
    }

    /// Remembers what is to be looked at again.
    pub(super) fn add(&self, name: &EnvName, watched: Watched) {
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), watched);
    }

    /// Remembers what is to be looked at again, after a first look.
    pub(super) async fn look(&self, name: &EnvName, watched: Option<Watched>) -> Option<ProvisionFailure> {
        self.add(name, watched?);
        self.look_again(name).await
    }

    /// What is damaged by now. Nothing is believed any more that was seen there.
    pub(super) async fn look_again(&self, name: &EnvName) -> Option<ProvisionFailure> {
        let watched = self.prepared.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()?;
        let (cache, verify) = (self.cache.clone(), self.verify);
        let looking = tokio::task::spawn_blocking(move || match watched {
            Watched::Existing(watched) => watched.damage(&cache, verify),
            Watched::Made(path) => {
                let damage = manifest::check(&path, verify)?;
                let failure = ProvisionFailure::Damaged { damage, is_ours: true };
                Some(folder::distrust(&cache, &path).map_or_else(ProvisionFailure::from, |()| failure))
            }
        });
        // Looking does not panic.
        looking.await.unwrap_or_default()
    }

    /// What is damaged in a folder that shelflife made.
    pub(super) async fn damage(&self, folder: &Path) -> Option<Damage> {
        let (folder, verify) = (folder.to_owned(), self.verify);
        tokio::task::spawn_blocking(move || manifest::check(&folder, verify)).await.unwrap_or_default()
    }

    /// Writes down what is in a folder that was made just now.
    pub(super) async fn write_down(&self, folder: &Path) -> io::Result<()> {
        let folder = folder.to_owned();
        let writing = tokio::task::spawn_blocking(move || manifest::write(&folder));
        writing.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}
