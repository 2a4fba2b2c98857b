//! How the Python of an environment is started, and what stands between it and this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::engine::Image;
use super::reach::{Reach, Room, base};
use super::{launcher, sandbox};
use crate::cage::{self, Bind, CagePlan, View};
use crate::vocab::Lock;

/// An environment that is there and can import scikit-learn.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadyEnvironment {
    /// What it resolved to.
    pub lock: Lock,
    /// How its Python is started.
    pub launch: Launch,
    /// Seconds that preparing took.
    pub seconds: f64,
    /// Whether it was there already.
    pub reused: bool,
}

/// How the Python of an environment is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// Program and leading arguments that start Python, as seen from where it runs.
    pub command: Vec<String>,
    place: Place,
    /// Program and arguments before it all, such as `mpirun -n 2`.
    launcher: Vec<String>,
}

/// Where Python runs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// On this machine. The folder of an environment that is ours: its interpreter writes compiled modules there.
    Here { own: Option<PathBuf> },
    /// In a root folder of its own.
    Tree { root: PathBuf, linux32: Option<PathBuf> },
    /// In a container.
    Container(Image),
}

impl Launch {
    pub(super) fn here(command: Vec<String>, own: Option<PathBuf>) -> Self {
        Self { command, place: Place::Here { own }, launcher: Vec::new() }
    }

    pub(super) fn in_tree(root: PathBuf, linux32: Option<PathBuf>) -> Self {
        let place = Place::Tree { root, linux32 };
        Self { command: vec!["python3".to_owned()], place, launcher: Vec::new() }
    }

    pub(super) fn in_container(image: Image, python: &str) -> Self {
        Self { command: vec![python.to_owned()], place: Place::Container(image), launcher: Vec::new() }
    }

    pub(super) fn launched_by(self, launcher: &[String]) -> Self {
        Self { launcher: launcher.to_vec(), ..self }
    }

    /// What its launcher wants to find among the environment variables.
    pub fn variables(&self) -> BTreeMap<String, String> {
        launcher::variables(&self.launcher)
    }

    /// Whether a cage of ours stands around what is started with this reach. A container has walls of its engine's.
    pub fn is_caged(&self, room: Room) -> bool {
        let is_cageable = match &self.place {
            Place::Here { .. } => cage::is_interpreter(&self.command) && launcher::is_local(&self.launcher),
            Place::Tree { .. } => true,
            Place::Container(_) => false,
        };
        is_cageable && room != Room::Trusted && cage::door().is_some()
    }

    /// Folders that the interpreter may write to, and its cells may not.
    pub fn protected(&self) -> Vec<PathBuf> {
        match &self.place {
            Place::Here { own: Some(own) } => vec![own.clone()],
            Place::Here { own: None } | Place::Tree { .. } | Place::Container(_) => Vec::new(),
        }
    }

    /// Whether several interpreters may be started together, which talk to each other.
    pub fn has_launcher(&self) -> bool {
        !self.launcher.is_empty()
    }

    /// What a person types to start its Python, without a cage: what it runs can do whatever they can.
    pub fn by_hand(&self) -> Vec<String> {
        let own = self.command.iter().cloned();
        match &self.place {
            Place::Here { .. } => own.collect(),
            Place::Tree { root, linux32 } => {
                let entered = ["chroot".to_owned(), root.display().to_string()];
                linux32.iter().map(|path| path.display().to_string()).chain(entered).chain(own).collect()
            }
            Place::Container(image) => image.by_hand().into_iter().chain(own).collect(),
        }
    }

    /// The folder with its programs, where it is a virtual environment on this machine.
    pub fn programs(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Here { .. } => {
                self.command.first().map(Path::new).and_then(Path::parent).map(Path::to_owned)
            }
            Place::Tree { .. } | Place::Container(_) => None,
        }
    }

    /// Program and arguments that start Python from here with this reach; its own arguments are appended.
    pub fn argv(&self, reach: &Reach<'_>) -> Vec<String> {
        let caged = self.is_caged(reach.room);
        match &self.place {
            Place::Here { own } => {
                let launched = launcher::argv(&self.launcher, &self.command);
                let view = || self.view(own.as_deref(), reach);
                if caged { [self.cage(view(), reach), launched].concat() } else { launched }
            }
            Place::Tree { root, linux32 } => {
                let mut argv: Vec<String> = linux32.iter().map(|path| path.display().to_string()).collect();
                argv.extend(self.cage(sandbox::view(root), reach));
                argv.extend(["/usr/bin/env".to_owned(), format!("PATH={}", sandbox::PATH)]);
                argv.extend(self.command.iter().cloned());
                argv
            }
            Place::Container(image) => {
                let mut argv = image.argv(reach);
                argv.extend(self.command.iter().cloned());
                argv
            }
        }
    }

    fn view(&self, own: Option<&Path>, reach: &Reach<'_>) -> View {
        // One word: so it is where there is a cage.
        let python = self.command.first().map(Path::new).unwrap_or(Path::new("/"));
        let mut view = cage::of_interpreter(python, reach.variables, reach.device);
        view.binds.retain(|bind| Some(bind.to.as_path()) != own);
        view.binds.extend(own.map(Bind::write));
        view
    }

    fn cage(&self, view: View, reach: &Reach<'_>) -> Vec<String> {
        // Trees are started in cages only; without one, making the cage says why.
        let door = cage::door().unwrap_or(cage::Door { users: true, processes: true });
        let mut binds = view.binds;
        let sees_all = reach.room == Room::Recipes && matches!(self.place, Place::Here { .. });
        if sees_all {
            binds.retain(|bind| bind.writable);
        } else {
            binds.push(Bind::read(reach.objects));
        }
        binds.push(Bind::write(reach.scratch));
        let plan = CagePlan {
            door,
            base: base(reach.scratch),
            sees_all,
            binds,
            links: view.links,
            files: view.files,
            network: false,
            // Ranks meet at a socket in their common folder. Whoever does not need that works where nobody can leave
            // a module to be imported.
            folder: if self.has_launcher() { reach.scratch.to_owned() } else { PathBuf::from("/") },
        };
        cage::command(&plan)
    }
}
