//! What laying a file over a release finds, and the words for it.

use crate::notation::abridged;
use crate::vocab::{ReleaseFacts, Stage, When};

/// Names that one sentence lists at most.
const MOST_NAMES: usize = 4;

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A name that loading imports leads nowhere.
    NameGone {
        /// `module:name`.
        name: String,
        /// Whether the module itself is gone.
        is_module: bool,
        /// Where something of that name is now.
        elsewhere: Vec<String>,
    },
    /// An array of records has other fields than what reads it.
    Fields {
        /// The module whose machine code reads it.
        module: String,
        /// The structure.
        name: String,
        /// Fields that the file does not have.
        added: Vec<String>,
        /// Fields that only the file has.
        removed: Vec<String>,
    },
    /// A compiled class that takes states of other attributes.
    Checksum {
        /// `module:name` of what takes it.
        name: String,
        /// The checksum in the file.
        checksum: u64,
    },
    /// A method reads what the state does not have and the release that wrote it did not read.
    Attribute {
        /// The class.
        class: String,
        /// The attribute.
        attribute: String,
        /// The body that reads it.
        reader: String,
        /// When.
        when: When,
        /// Whether that breaks the file: the release gives its own objects the attribute, and reads it as a rule.
        breaks: bool,
    },
    /// Bodies that a method reaches are others.
    Bodies {
        /// The class.
        class: String,
        /// Those of its own classes.
        own: Vec<String>,
        /// Those of functions and other classes.
        shared: Vec<String>,
    },
    /// Machine code is reached, of which nothing says whether it computes the same.
    Compiled {
        /// The modules.
        modules: Vec<String>,
    },
    /// How a class takes or gives its state has changed.
    State {
        /// The class.
        class: String,
        /// The methods.
        methods: Vec<String>,
    },
    /// A name that may be there.
    Uncertain {
        /// `module:name`.
        name: String,
    },
    /// Names of packages that the release does not hold.
    Beside {
        /// The packages.
        packages: Vec<String>,
    },
    /// The release holds the class of no object of the file.
    NothingOfIt,
    /// The file does not say which release wrote an object, or that release was not read.
    NoWriter {
        /// The version, where the file names one.
        version: Option<String>,
    },
}

impl Finding {
    /// Where the file fails on it; `None` for what only may matter.
    pub(super) fn stage(&self) -> Option<Stage> {
        match self {
            Self::NameGone { .. } => Some(Stage::Resolve),
            Self::Fields { .. } | Self::Checksum { .. } => Some(Stage::State),
            Self::Attribute { breaks: true, .. } => Some(Stage::Predict),
            Self::Attribute { .. }
            | Self::Bodies { .. }
            | Self::Compiled { .. }
            | Self::State { .. }
            | Self::Uncertain { .. }
            | Self::Beside { .. }
            | Self::NothingOfIt
            | Self::NoWriter { .. } => None,
        }
    }
}

/// The first of some names, and how many more there are.
fn first_names(names: &[String]) -> String {
    abridged(names.iter(), MOST_NAMES)
}

impl Finding {
    /// What was found, in words, as all forecasts say it.
    pub(super) fn told(&self, target: &ReleaseFacts) -> String {
        let release = format!("{} {}", target.project, target.version);
        match self {
            Self::NameGone { name, is_module, elsewhere } => {
                let what = if *is_module { name.split(':').next().unwrap_or(name) } else { name };
                let kind = if *is_module { "module " } else { "" };
                let place = match elsewhere.as_slice() {
                    [] => String::new(),
                    places => format!("; it has {}", first_names(places)),
                };
                let full = if *is_module { format!(" (for {name})") } else { String::new() };
                format!("{release} has no {kind}{what}{full}{place}")
            }
            Self::Fields { module, name, added, removed } => {
                let mut parts = Vec::new();
                if !added.is_empty() {
                    parts.push(format!("wants the field {}", first_names(added)));
                }
                if !removed.is_empty() {
                    parts.push(format!("has no field {}", first_names(removed)));
                }
                if parts.is_empty() {
                    parts.push("has its fields at other places".to_owned());
                }
                format!("the structure {name} of {module} in {release} {}", parts.join(" and "))
            }
            Self::Checksum { name, checksum } => {
                format!("{name} in {release} does not take the checksum {checksum:#x}")
            }
            Self::Attribute { class, attribute, reader, when: When::Always, .. } => {
                format!("{reader} of {release} reads {class}.{attribute}, which the file does not have")
            }
            Self::Attribute { class, attribute, reader, when: When::Likely, .. } => format!(
                "{reader} of {release} reads {class}.{attribute} unless something before it decides, and the file does not \
                 have it"
            ),
            Self::Attribute { class, attribute, reader, when: When::Sometimes, .. } => format!(
                "{reader} of {release} reads {class}.{attribute} under a condition, and the file does not have it"
            ),
            Self::Bodies { class, own, shared } if own.is_empty() => {
                format!(
                    "the methods of {class} are the same; others that they reach are not: {}",
                    first_names(shared)
                )
            }
            Self::Bodies { class, own, .. } => {
                format!("what predictions of {class} run has changed: {}", first_names(own))
            }
            Self::Compiled { modules } => {
                format!("machine code that predictions run cannot be compared: {}", first_names(modules))
            }
            Self::State { class, methods } => {
                format!("how {class} takes or gives its state has changed: {}", first_names(methods))
            }
            Self::Uncertain { name } => format!("whether {release} has {name} shows only when it runs"),
            Self::Beside { packages } => {
                format!("names of other packages were not looked at: {}", first_names(packages))
            }
            Self::NothingOfIt => format!("no object of the file is of a class of {release}"),
            Self::NoWriter { version: Some(version) } => {
                format!("the facts of scikit-learn {version}, which wrote it, are not there")
            }
            Self::NoWriter { version: None } => "the file does not say which release wrote it".to_owned(),
        }
    }
}
