//! The compiled matrix: what the rest of the program reads, free of TOML and of defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::datasets::DatasetSpec;
use super::debian;
use super::external::{ExternalArtifact, Refusal};
use super::sources::PackageSource;
use crate::format::Format;
use crate::vocab::{EnvName, FormatName, ModelName, Runtime, Setup, Tolerance, Verdict};

/// A validated matrix. Axes are expanded, defaults applied, names resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Its name; the default name of its runs.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The package under test.
    pub package: String,
    /// The environments in declaration order.
    pub environments: Vec<EnvironmentSpec>,
    /// The models in declaration order.
    pub models: Vec<ModelSpec>,
    /// The formats by name; each is used by at least one model.
    pub formats: BTreeMap<FormatName, Arc<Format>>,
    /// The datasets by name; each is used by at least one model.
    pub datasets: BTreeMap<String, DatasetSpec>,
    /// Tolerance rules; later ones win.
    pub tolerances: Vec<ToleranceRule>,
    /// Limits of one cell.
    pub limits: Limits,
    /// Declared outcomes; later ones win.
    pub expectations: Vec<Expectation>,
    /// Whether recipes may do what their author may: write files, reach the network.
    pub trusts_recipes: bool,
    /// Datasets that no file of their own holds, as the agent reads them: inputs of validation files and the like.
    pub given: BTreeMap<String, Vec<u8>>,
    /// What was asked for and cannot be an artifact; the rest goes on.
    pub refused: Vec<Refusal>,
}

/// One environment to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSpec {
    /// Its name, unique in the matrix.
    pub name: EnvName,
    /// How it is made.
    pub runtime: RuntimeSpec,
    /// Declared packages by normalised name (`scikit-learn`, never `sklearn`).
    pub packages: BTreeMap<String, VersionSpec>,
    /// Packages that some of the files take and others do not: where one cannot be installed, the environment is made
    /// without it, and those files alone are not tried there.
    pub extras: BTreeMap<String, VersionSpec>,
    /// Whether known-good companions constrain what is not declared.
    pub companions: bool,
    /// Where packages come from, beside the usual index or in its place; the first is looked at first.
    pub indexes: Vec<Index>,
    /// Whether packages without wheels may be built, which runs their code.
    pub build: bool,
    /// Environment variables for its processes.
    pub variables: BTreeMap<String, String>,
    /// What `sklearn.set_config` is called with in its processes.
    pub config: BTreeMap<String, serde_json::Value>,
    /// What else decides how its processes compute.
    pub setup: Setup,
    /// The formats that it writes; all where `None`.
    pub writes: Option<Vec<FormatName>>,
    /// The formats that it reads; all where `None`.
    pub reads: Option<Vec<FormatName>>,
    /// Whether it writes artifacts.
    pub producer: bool,
    /// Whether it reads artifacts.
    pub consumer: bool,
    /// Whether it is here only because external artifacts were written in it: no model is trained there.
    pub external: bool,
    /// Whether its interpreter was chosen here, since nobody has named one: where there are no wheels for it, another one may
    /// be taken.
    pub python_chosen: bool,
    /// Whether its packages are all that it has, as a lock says it; nothing is added to them.
    pub whole: bool,
}

impl EnvironmentSpec {
    /// An environment that writes and reads everything, with nothing declared but how it is made.
    pub fn new(name: impl Into<EnvName>, runtime: RuntimeSpec) -> Self {
        Self {
            name: name.into(),
            runtime,
            packages: BTreeMap::new(),
            extras: BTreeMap::new(),
            companions: true,
            indexes: Vec::new(),
            build: false,
            variables: BTreeMap::new(),
            config: BTreeMap::new(),
            setup: Setup::default(),
            writes: None,
            reads: None,
            producer: true,
            consumer: true,
            external: false,
            python_chosen: false,
            whole: false,
        }
    }

    /// What is declared, and what some files take beside it.
    pub fn all_packages(&self) -> BTreeMap<&String, &VersionSpec> {
        self.extras.iter().chain(&self.packages).collect()
    }

    /// Adds packages that some files take, where they are not declared and do not come with scikit-learn. Says whether
    /// anything was added.
    pub fn add_extras(&mut self, packages: &BTreeMap<String, Option<String>>) -> bool {
        let before = self.extras.len();
        let has_scikit_learn = self.packages.contains_key(SCIKIT_LEARN);
        let comes = |package: &String| has_scikit_learn && WITH_SCIKIT_LEARN.contains(&package.as_str());
        let lacks = |package: &String| !self.packages.contains_key(package) && !comes(package);
        for (package, version) in packages.iter().filter(|(package, _)| lacks(package)) {
            let spec = || version.clone().map_or(VersionSpec::Latest, VersionSpec::Exact);
            self.extras.entry(package.clone()).or_insert_with(spec);
        }
        self.extras.len() > before
    }
}

/// The package that is under test where a matrix names none.
pub const SCIKIT_LEARN: &str = "scikit-learn";

/// What every environment with scikit-learn has.
const WITH_SCIKIT_LEARN: [&str; 4] = ["joblib", "numpy", "scipy", "threadpoolctl"];

/// Where an environment's packages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// An address, or the path of a folder with wheels.
    pub place: String,
    /// Whether it stands for the usual index.
    pub is_default: bool,
}

impl Index {
    /// Whether it is a folder of this machine.
    pub fn is_folder(&self) -> bool {
        !self.place.contains("://")
    }

    /// The place without a name and a password, for everything that is written down.
    pub fn shown(&self) -> String {
        let Some((scheme, rest)) = self.place.split_once("://") else { return self.place.clone() };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        format!("{scheme}://{host}/{path}")
    }
}

/// How an environment is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuntimeSpec {
    /// A virtual environment with this interpreter version (`3.11` or `3.11.7`).
    Venv {
        /// Wanted interpreter version.
        python: String,
    },
    /// A Debian tree with Debian's own scikit-learn.
    Rootfs(RootfsSpec),
    /// A container image that has Python and scikit-learn.
    Container(ContainerSpec),
    /// A command that starts Python: an interpreter's path, or a prefix such as `["ssh", "edge", "python3"]`.
    Existing {
        /// Program and leading arguments; the agent's own arguments are appended.
        command: Vec<String>,
    },
    /// Never made: the unknown producer of external artifacts.
    UnknownProducer,
}

impl RuntimeSpec {
    /// The word for it.
    pub fn runtime(&self) -> Runtime {
        match self {
            Self::Venv { .. } => Runtime::Venv,
            Self::Rootfs(_) => Runtime::Rootfs,
            Self::Container(_) => Runtime::Container,
            Self::Existing { .. } => Runtime::Existing,
            Self::UnknownProducer => Runtime::UnknownProducer,
        }
    }
}

impl fmt::Display for RuntimeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Venv { python } => write!(f, "venv, Python {python}"),
            Self::Rootfs(spec) => write!(f, "rootfs, Debian {} {}", spec.suite, spec.arch),
            Self::Container(ContainerSpec { source, platform }) => {
                match source {
                    ImageSource::Image(image) => write!(f, "container, {image}")?,
                    ImageSource::Build(BuildSpec { context, .. }) => {
                        write!(f, "container, built in {}", context.display())?;
                    }
                }
                platform.iter().try_for_each(|platform| write!(f, " for {platform}"))
            }
            Self::Existing { command } => write!(f, "existing, {}", command.join(" ")),
            Self::UnknownProducer => f.write_str("unknown, never made"),
        }
    }
}

/// A Debian tree to be made by mmdebstrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootfsSpec {
    /// Code name of the Debian release, for example `bookworm`.
    pub suite: String,
    /// Debian's name of the CPU, for example `i386`.
    pub arch: String,
    /// Debian packages beside Python and scikit-learn, sorted.
    pub debian: Vec<String>,
    /// Where the packages come from; the machine's own apt sources decide where `None`.
    pub mirror: Option<String>,
}

impl RootfsSpec {
    /// The scikit-learn of its Debian release, where that stands still.
    pub fn scikit_learn(&self) -> Option<VersionSpec> {
        debian::scikit_learn(&self.suite).map(|version| VersionSpec::Exact(version.to_owned()))
    }
}

/// A container image and the platform it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    /// Which image.
    pub source: ImageSource,
    /// For example `linux/386`; the engine's own where `None`.
    pub platform: Option<String>,
}

/// Where an image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// A name or digest that the engine knows or can pull.
    Image(String),
    /// It is built first.
    Build(BuildSpec),
}

/// How an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildSpec {
    /// Folder of the build, resolved against the matrix file.
    pub context: PathBuf,
    /// The Dockerfile relative to the context.
    pub dockerfile: Option<String>,
    /// The stage of the Dockerfile; its last one where `None`.
    pub target: Option<String>,
    /// The network of the build; the engine's own where `None`. Changes how an image is made, not what is in it.
    pub network: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
}

/// Which version of a package is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VersionSpec {
    /// Exactly this one: `1.5.2`.
    Exact(String),
    /// The latest micro release of a minor: `1.5` stands for `==1.5.*`.
    Minor(String),
    /// The newest release.
    Latest,
    /// The newest release, pre-releases included.
    PreRelease,
    /// What shelflife's table of companions has for the environment's scikit-learn.
    Companion,
    /// Specifiers as pip writes them: `>=1.2,<1.4`.
    Specifier(String),
    /// What a file proves of the release that wrote it, as specifiers. Companions narrow it further where they do not
    /// contradict it.
    Proved(String),
    /// No release: a folder, a file, a repository or an address.
    Source(PackageSource),
}

impl VersionSpec {
    /// The requirement as an installer reads it, for example `scikit-learn==1.5.*`.
    pub fn requirement(&self, package: &str) -> String {
        match self {
            Self::Exact(version) => format!("{package}=={version}"),
            Self::Minor(minor) => format!("{package}=={minor}.*"),
            Self::Latest | Self::Companion => package.to_owned(),
            Self::PreRelease => format!("{package}>=0.dev0"),
            Self::Specifier(specifier) | Self::Proved(specifier) => format!("{package}{specifier}"),
            Self::Source(source) => format!("{package} @ {source}"),
        }
    }

    /// Whether tomorrow's index could resolve it to another version.
    pub fn is_floating(&self) -> bool {
        match self {
            Self::Exact(_) | Self::Companion | Self::Proved(_) => false,
            Self::Minor(_) | Self::Latest | Self::PreRelease | Self::Specifier(_) => true,
            // What stands there is looked at each time, but for an address without a digest.
            Self::Source(PackageSource::Address(url)) => !url.contains("#sha256="),
            Self::Source(_) => false,
        }
    }
}

/// One model to be trained in every producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSpec {
    /// Its name, unique in the matrix.
    pub name: ModelName,
    /// How to make the estimator.
    pub source: ModelSource,
    /// Dataset it is fitted on.
    pub dataset: String,
    /// Dataset it predicts on; its own where `None`.
    pub inputs: Option<String>,
    /// The formats it is written in, names of [`Matrix::formats`].
    pub formats: Vec<FormatName>,
    /// Outputs to compare; everything that the fitted estimator offers where `None`.
    pub methods: Option<Vec<String>>,
    /// Requirements without which the model is `unsupported` in a producer, for example
    /// `scikit-learn>=1.1`, with the reason in words.
    pub requires: Vec<String>,
    /// Module of the array API whose arrays it is fitted and asked with; numpy's where `None`.
    pub arrays: Option<String>,
    /// Seed of the global random generators before fitting and before predicting.
    pub seed: u32,
}

/// How to make an estimator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// A Python expression in which scikit-learn's estimators, `np` and `numpy` are known names.
    Expression(String),
    /// A Python file that defines `model()` (unfitted) or `train(X, y)` (fitted).
    Recipe {
        /// Path for messages.
        path: PathBuf,
        /// Its source text.
        source: String,
        /// The modules beside it that it imports, by name.
        neighbours: BTreeMap<String, Neighbour>,
    },
    /// It exists already: a file that somebody else wrote. It is never trained.
    File(Arc<ExternalArtifact>),
}

/// A module beside a recipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Whether it is the `__init__.py` of a folder.
    pub is_package: bool,
    /// Its source text.
    pub source: String,
}

impl ModelSource {
    /// The file, where it is one.
    pub fn file(&self) -> Option<&ExternalArtifact> {
        match self {
            Self::File(file) => Some(file),
            Self::Expression(_) | Self::Recipe { .. } => None,
        }
    }
}

/// A tolerance for part of the comparisons.
#[derive(Clone, Debug, PartialEq)]
pub struct ToleranceRule {
    /// Models it covers; all where empty.
    pub models: BTreeSet<ModelName>,
    /// Outputs it covers (globs already compiled to a list is impossible here: outputs are known only after
    /// the run, so this stays a glob); all where `None`.
    pub output: Option<String>,
    /// Pairs it covers; all where `None`.
    pub pair: Option<PairKind>,
    /// The tolerance.
    pub tolerance: Tolerance,
    /// Why.
    pub reason: Option<String>,
}

/// Kinds of producer and consumer pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PairKind {
    /// Machines differ.
    CrossArch,
    /// Pointer widths differ.
    CrossBits,
    /// Machine and pointer width are the same.
    SameArch,
    /// The output is float32 on either side.
    Float32,
}

/// Limits of one cell, also of one training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Bytes of resident memory beyond the warm interpreter's own.
    pub memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 60.0, memory_bytes: 2 << 30 }
    }
}

/// A declared outcome, names resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// Models it covers.
    pub models: Vec<ModelName>,
    /// Formats it covers.
    pub formats: Vec<FormatName>,
    /// Producers it covers.
    pub producers: Vec<EnvName>,
    /// Consumers it covers.
    pub consumers: Vec<EnvName>,
    /// The verdicts that are as expected.
    pub verdicts: Vec<Verdict>,
    /// Why.
    pub reason: String,
    /// Where to read more.
    pub link: Option<String>,
    /// Where it is declared, as `file:line`.
    pub declared_at: String,
}
