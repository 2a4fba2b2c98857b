//! What a cage is made of: plain data, which travels to the program that makes it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One folder or file of this machine, and where it is seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bind {
    /// Where it is seen.
    pub to: PathBuf,
    /// Where it is.
    pub from: PathBuf,
    /// Whether it can be written to.
    pub writable: bool,
}

impl Bind {
    /// A path that is seen where it is, and only read.
    pub fn read(path: impl Into<PathBuf>) -> Self {
        let from = path.into();
        Self { to: from.clone(), from, writable: false }
    }

    /// A path that is seen where it is, and written to.
    pub fn write(path: impl Into<PathBuf>) -> Self {
        Self { writable: true, ..Self::read(path) }
    }
}

/// How namespaces are entered. Both ask the kernel for a view of files, a network, names and shared memory of their
/// own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// By a namespace of users, in which everybody has the powers that it takes. Without one only root may.
    pub users: bool,
    /// With processes of their own: when the first one ends, the kernel ends all others.
    pub processes: bool,
}

/// A cage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CagePlan {
    /// How it is entered.
    pub door: Door,
    /// A folder of this machine that nobody else uses: the new root is put together there.
    pub base: PathBuf,
    /// Whether all of this machine is seen, read-only, beneath `binds`: for recipes, which read their author's files.
    pub sees_all: bool,
    /// What is seen.
    pub binds: Vec<Bind>,
    /// Links: where, and where to.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Small files: where, and their text.
    pub files: Vec<(PathBuf, String)>,
    /// Whether it keeps the network of this machine.
    pub network: bool,
    /// The working folder.
    pub folder: PathBuf,
}
