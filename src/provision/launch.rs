//! How the Python of an environment is started, and what it may see of this machine then.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::engine::Image;
use super::reach::Reach;
use super::{launcher, sandbox};

/// How the Python of an environment is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Program and leading arguments that start Python, as seen from inside the cage.
    pub command: Vec<String>,
    cage: Cage,
    /// Program and arguments before it all, such as `mpirun -n 2`.
    launcher: Vec<String>,
}

/// What stands between the interpreter and this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cage {
    /// Nothing: it sees what shelflife sees.
    Open,
    /// A root folder of its own, entered with bubblewrap.
    Tree { bwrap: PathBuf, root: PathBuf, linux32: Option<PathBuf> },
    /// A container.
    Container(Image),
}

impl Launch {
    /// Whether nothing stands between the interpreter and this machine.
    pub fn is_open(&self) -> bool {
        self.cage == Cage::Open
    }

    pub(super) fn open(command: Vec<String>) -> Self {
        Self { command, cage: Cage::Open, launcher: Vec::new() }
    }

    pub(super) fn in_tree(bwrap: PathBuf, root: PathBuf, linux32: Option<PathBuf>) -> Self {
        let cage = Cage::Tree { bwrap, root, linux32 };
        Self { command: vec!["python3".to_owned()], cage, launcher: Vec::new() }
    }

    pub(super) fn in_container(image: Image, python: &str) -> Self {
        Self { command: vec![python.to_owned()], cage: Cage::Container(image), launcher: Vec::new() }
    }

    pub(super) fn launched_by(self, launcher: &[String]) -> Self {
        Self { launcher: launcher.to_vec(), ..self }
    }

    /// What its launcher wants to find among the environment variables.
    pub fn variables(&self) -> BTreeMap<String, String> {
        launcher::variables(&self.launcher)
    }

    /// Program and arguments that start Python from here with this reach; its own arguments are appended.
    pub fn argv(&self, reach: &Reach<'_>) -> Vec<String> {
        match &self.cage {
            Cage::Open => launcher::argv(&self.launcher, &self.command),
            Cage::Tree { bwrap, root, linux32 } => {
                let mut argv: Vec<String> = linux32.iter().map(|path| path.display().to_string()).collect();
                argv.extend(sandbox::argv(bwrap, root, reach));
                argv.extend(self.command.iter().cloned());
                argv
            }
            Cage::Container(image) => {
                let mut argv = image.argv(reach);
                argv.extend(self.command.iter().cloned());
                argv
            }
        }
    }
}
