//! External artifacts: what a matrix says of them, and what is found of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::datasets::DatasetSpec;
use crate::format::Format;
use crate::vocab::{
    Digest, EnvName, ExpectedFile, Foreign, FormatName, InputTypes, InputsKind, OutputRef, Probes, Registered,
};

/// Files that are to be tried, as they were asked for: one `[[artifact]]`, or one argument of `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactDeclaration {
    /// A file, a folder, a glob, or the root of a registry.
    pub path: PathBuf,
    /// The path as it was written.
    pub declared_path: String,
    /// Name of the model, for a single file.
    pub name: Option<String>,
    /// The format; by extension and content where `None`.
    pub format: Option<FormatName>,
    /// Who wrote it; what the files themselves say where `None`.
    pub made_by: Option<MadeBy>,
    /// What to predict on.
    pub inputs: Option<DeclaredInputs>,
    /// File with the expected values, or a pattern of one for each artifact: `{stem}.csv`.
    pub expected: Option<PathBuf>,
    /// Outputs to compare.
    pub methods: Option<Vec<String>>,
    /// Seed of the global generators, and of synthetic inputs.
    pub seed: u32,
    /// Packages that the files may name beside those that are known, in this version where one is given.
    pub allowed: BTreeMap<String, Option<String>>,
    /// Folders with modules that no package brings, or single files of them.
    pub modules: Vec<PathBuf>,
    /// What it is registered as, for a folder that was found in a registry.
    pub registered: Option<Registered>,
}

/// What artifacts predict on, as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeclaredInputs {
    /// A dataset of the matrix, or a word for none.
    Named(String),
    /// A file; its path may be a pattern of one for each artifact: `{dir}/X.csv`.
    File(Box<DatasetSpec>),
}

/// A package that words beside a file name, and that is not installed because of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedPackage {
    /// Its name, or the line of a requirements file, as written.
    pub package: String,
    /// Its version, as written.
    pub version: Option<String>,
    /// Why it is not installed.
    pub why: NotAdmitted,
}

/// Why a package is not installed because a file names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Nobody knows it.
    Unknown,
    /// Nobody knows it, and its name is nearly this one.
    LookAlike(String),
    /// It is not the name of a package.
    NoName,
    /// It is not a version, but an address or a condition.
    NoVersion,
    /// It comes from elsewhere than the index: an address, a path, or an option of an installer.
    NotFromIndex,
}

impl AskedPackage {
    /// As pip writes it.
    pub fn requirement(&self) -> String {
        match &self.version {
            Some(version) => format!("{}=={version}", self.package),
            None => self.package.clone(),
        }
    }
}

/// Who wrote an artifact, as it was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// An environment of the matrix.
    Environment(EnvName),
    /// Versions by package, `python` among them.
    Versions(BTreeMap<String, String>),
}

impl MadeBy {
    /// What was declared, as versions, where it is that.
    pub fn versions(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Versions(versions) => Some(versions),
            Self::Environment(_) => None,
        }
    }
}

/// One external artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalArtifact {
    /// Where it is.
    pub path: PathBuf,
    /// Its name in reports: as it was asked for, or below what was asked for.
    pub declared_path: String,
    /// Digest of its bytes; `None` where they could not be read.
    pub digest: Option<Digest>,
    /// The archive of a folder, which is what travels.
    pub packed: Option<Arc<[u8]>>,
    /// The environment that wrote it, or the one that stands for an unknown producer.
    pub producer: EnvName,
    /// What it predicts on.
    pub inputs: InputsKind,
    /// Where the inputs come from, in words.
    pub inputs_from: String,
    /// The file that they are in, where one was named.
    pub inputs_file: Option<String>,
    /// What it is registered as, where it was found in a registry.
    pub registered: Option<Registered>,
    /// Whether loading it runs commands or arbitrary code, as far as its bytes say.
    pub runs_commands: bool,
    /// What the columns of the inputs were taken for, where nobody has declared it.
    pub inferred: InputTypes,
    /// Modules of scikit-learn that loading it imports, as far as they are known.
    pub modules: Vec<String>,
    /// Packages beside scikit-learn that belong to its environments, such as pandas where it was fitted on named
    /// columns, with the release that it records.
    pub packages: BTreeMap<String, Option<String>>,
    /// What its bytes prove of the packages that wrote it, as specifiers.
    pub proved: BTreeMap<String, String>,
    /// Modules of further packages that loading it imports, with the package of each.
    pub imports: BTreeMap<String, String>,
    /// Modules that loading it imports and that no known package brings.
    pub own_modules: BTreeSet<String>,
    /// The modules that were given for it, as one archive.
    pub given_modules: Option<GivenModules>,
    /// Other interpreters that can have written it, the likeliest first, where nothing says which one did.
    pub other_pythons: Vec<String>,
    /// Why it is not loaded.
    pub refusal: Option<String>,
    /// What it is instead of an artifact, where that is why.
    pub foreign: Option<Foreign>,
    /// The file that it was made of, where it is a rescued one: what its producer reads instead of it.
    pub original: Option<Arc<OriginalArtifact>>,
    /// What its inputs are and reach, where they were derived from the model in it.
    pub probes: Option<Probes>,
    /// Expected outputs by name.
    pub expected: BTreeMap<String, ExpectedOutput>,
    /// The file that somebody gave them in.
    pub expected_from: Option<ExpectedFile>,
    /// Packages that what comes with it names, and that were not installed because of that.
    pub asked: Vec<AskedPackage>,
    /// What a reader of its verdicts has to know.
    pub notes: Vec<String>,
}

/// The file that a rescued artifact was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalArtifact {
    /// Digest of its bytes, which are in the store.
    pub digest: Digest,
    /// Its format.
    pub format: Arc<Format>,
}

/// Folders of modules as one archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenModules {
    /// Digest of the bytes.
    pub digest: Digest,
    /// The archive, as the agent unpacks it.
    pub bytes: Arc<[u8]>,
}

/// An output that was given instead of observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedOutput {
    /// How to read the bytes.
    pub output: OutputRef,
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// The class that heads each column of a table; none for a column that no class heads, and no columns where it was no
    /// table.
    pub classes: Vec<Option<String>>,
}

/// What was asked for and cannot be an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong, naming the file.
    pub message: String,
    /// What to do next.
    pub help: String,
}
