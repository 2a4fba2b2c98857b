//! Who listens while something is done: a terminal, a test, another program.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use crate::artifact::PackagesOf;
use crate::matrix::AskedPackage;
use crate::provision::ProvisionFailure;
use crate::run::Progress;
use crate::shard::PartRefusal;
use crate::vocab::{EnvName, Event, Expected, LeftOut, Verdict};

/// Something that a person may want to know and that is no result. The words are the listener's business.
#[derive(Debug)]
pub enum Notice {
    /// Something was asked for and is no artifact; the rest goes on.
    LeftOut(LeftOut),
    /// What was named is a registry, of which the versions that are in use are tried.
    Registry {
        /// It, as it was named.
        name: String,
        /// Versions that are tried.
        tried: usize,
        /// Versions that nobody points at.
        unused: usize,
        /// All versions.
        total: usize,
    },
    /// Environments of the command line got packages that reading the files takes.
    PackagesAdded(
        /// Which environment got what.
        Vec<PackagesOf>,
    ),
    /// What comes with a file names packages that nobody knows; they are not installed.
    PackagesAsked {
        /// The file, as it was named.
        file: String,
        /// What it asks for.
        packages: Vec<AskedPackage>,
    },
    /// What loading the files takes and nobody has declared, all of it.
    PackagesNeeded {
        /// Known packages, and how many files need each.
        packages: BTreeMap<String, usize>,
        /// Modules that no known package brings, and how many files need each.
        modules: BTreeMap<String, usize>,
    },
    /// The environment that was taken for a producer cannot read its files, and another one can.
    OtherProducer {
        /// Its name.
        name: EnvName,
        /// Its interpreter now.
        python: String,
        /// Whether known-good companions bound its packages.
        companions: bool,
    },
    /// Another interpreter is taken for an environment, since the one that was chosen has no wheels of what is declared.
    OtherInterpreter {
        /// Its name.
        name: EnvName,
        /// Its interpreter now.
        python: String,
        /// The one that was chosen first.
        before: String,
    },
    /// A promise of a project speaks of pairs of the plan.
    Documented {
        /// What it is about.
        title: String,
        /// Pairs that it says work.
        works: usize,
        /// Pairs that it speaks of.
        pairs: usize,
    },
    /// What a release that nobody has run says of artifacts, before it is tried.
    Foretold {
        /// The environment that has it.
        name: EnvName,
        /// The release, for example `scikit-learn 1.10.0rc1`.
        release: String,
        /// How many artifacts, by what is expected of them.
        counts: BTreeMap<Expected, usize>,
    },
    /// An earlier run of the same name was moved aside.
    SetAside {
        /// Where it is now.
        folder: PathBuf,
        /// Why it is not gone on with.
        why: Aside,
        /// How many of its kind are kept; all where `None`.
        kept: Option<usize>,
    },
    /// Cells that failed are tried again before that is believed.
    Retrying {
        /// How many.
        cells: usize,
    },
    /// A release was tried by a bisection.
    Tried {
        /// The package.
        package: String,
        /// Its release.
        release: String,
        /// What became of the artifact there.
        verdict: Verdict,
    },
    /// An environment was made, or found in the cache.
    Prepared {
        /// Its name.
        name: EnvName,
        /// Version of its interpreter.
        python: String,
        /// Version of its scikit-learn, where it has one.
        scikit_learn: Option<String>,
        /// Whether it was there already.
        reused: bool,
    },
    /// Parts that write are not there: what they should have written cannot be read.
    Unwritten {
        /// Their names.
        parts: Vec<String>,
    },
    /// A part that writes cannot be used.
    PartRefused {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        why: PartRefusal,
    },
    /// What stood in the folder of a part could not be gone on with, and is begun anew.
    PartReplaced {
        /// Its folder.
        folder: PathBuf,
        /// Why.
        why: PartRefusal,
    },
    /// Some of what readers need was lost before it could be put beside a part.
    NotCarried {
        /// How many objects and observations.
        objects: u64,
    },
    /// An environment could not be made.
    NotPrepared {
        /// Its name.
        name: EnvName,
        /// Why.
        failure: ProvisionFailure,
    },
}

/// Why an earlier run is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aside {
    /// A line of its record cannot be read.
    Unreadable {
        /// The line, counted from 1.
        line: usize,
    },
    /// Its record is empty.
    Empty,
    /// It tried something else.
    OtherPlan,
    /// Another version made it.
    OtherVersion(String),
    /// Everything is to be executed again.
    Fresh,
    /// Parts were merged into it again.
    MergedAgain,
}

/// What something that has several steps does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartStep {
    /// Models are tried as they are.
    AsTheyAre {
        /// How many.
        models: usize,
    },
    /// Rows are derived from them.
    Deriving {
        /// From how many.
        models: usize,
    },
    /// They are tried on these rows.
    OnProbes {
        /// How many.
        models: usize,
    },
    /// Their states are mended.
    Mending {
        /// How many.
        models: usize,
    },
    /// They are written in another format.
    Translating {
        /// How many.
        models: usize,
    },
    /// What was made of them is tried.
    Made {
        /// How many.
        models: usize,
    },
}

/// Who listens. Everything has a silent default.
pub trait Listener: Send {
    /// A new event of a run; it is in the record already.
    ///
    /// # Errors
    /// When it cannot be passed on: the run ends then.
    fn event(&mut self, _event: &Event) -> io::Result<()> {
        Ok(())
    }

    /// A run stands elsewhere than before.
    fn progress(&mut self, _progress: &Progress) {}

    /// Something about work that is going on, such as an installation, in the words of whoever does it.
    fn doing(&mut self, _text: &str) {}

    /// One of several steps begins; how far it is follows as progress.
    fn step(&mut self, _step: PartStep) {}

    /// What an environment has now and had not in an earlier record.
    fn moved(&mut self, text: &str) {
        self.doing(text);
    }

    /// Something that is no result and worth knowing.
    fn notice(&mut self, _notice: Notice) {}

    /// Whether these Debian packages may be installed, which environments need: asked once, before anything starts.
    fn may_install(&mut self, _packages: &[&str]) -> bool {
        false
    }

    /// Nothing is going on any more.
    fn idle(&mut self) {}
}

/// Listens to nothing.
pub struct Silent;

impl Listener for Silent {}

/// Passes on what a person has to know of one of many runs: no progress, no work.
pub(super) struct Hushed<'a>(pub &'a mut dyn Listener);

impl Listener for Hushed<'_> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.event(event)
    }

    fn notice(&mut self, notice: Notice) {
        self.0.notice(notice);
    }

    fn may_install(&mut self, packages: &[&str]) -> bool {
        self.0.may_install(packages)
    }
}

/// Passes on what a person has to know of a run that is a part of something else: its record is nobody's result.
pub(super) struct Part<'a>(pub &'a mut dyn Listener);

impl Listener for Part<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.0.progress(progress);
    }

    fn doing(&mut self, text: &str) {
        self.0.doing(text);
    }

    fn moved(&mut self, _text: &str) {}

    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::SetAside { .. } | Notice::Retrying { .. } | Notice::Documented { .. } => {}
            Notice::LeftOut(_)
            | Notice::Registry { .. }
            | Notice::PackagesAdded(_)
            | Notice::PackagesAsked { .. }
            | Notice::PackagesNeeded { .. }
            | Notice::OtherInterpreter { .. }
            | Notice::OtherProducer { .. }
            | Notice::Foretold { .. }
            | Notice::Tried { .. }
            | Notice::Prepared { .. }
            | Notice::Unwritten { .. }
            | Notice::PartRefused { .. }
            | Notice::PartReplaced { .. }
            | Notice::NotCarried { .. }
            | Notice::NotPrepared { .. } => self.0.notice(notice),
        }
    }

    fn may_install(&mut self, packages: &[&str]) -> bool {
        self.0.may_install(packages)
    }

    fn idle(&mut self) {
        self.0.idle();
    }
}
