//! What a static look into an artifact found. Nothing of the artifact was executed for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ByteOrder, Digest, Foreign};

/// What kind of artifact the bytes are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArtifactKind {
    /// A pickle without joblib's arrays.
    Pickle,
    /// A pickle with joblib's arrays in between.
    Joblib,
    /// A zip of skops: `schema.json` and arrays.
    Skops,
    /// An ONNX model.
    Onnx,
    /// One array of numpy.
    Npy,
    /// A zip of numpy arrays.
    Npz,
    /// Text in JSON.
    Json,
    /// A zip of something else.
    Zip,
    /// A tar archive.
    Tar,
    /// A folder with an `MLmodel` file.
    Mlflow,
    /// A booster in a format of XGBoost itself.
    Xgboost,
    /// A booster in LightGBM's text.
    Lightgbm,
    /// A model in a format of CatBoost itself.
    Catboost,
    /// Not recognised.
    #[default]
    Unknown,
}

/// What the bytes are wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// A zlib stream.
    Zlib,
    /// A gzip stream.
    Gzip,
    /// A bzip2 stream.
    Bz2,
    /// An xz stream.
    Xz,
    /// A stream in the older lzma format.
    Lzma,
    /// An lz4 frame.
    Lz4,
    /// A zip archive.
    Zip,
    /// A tar archive.
    Tar,
    /// The `ZF` header of joblib before 0.10, with a zlib stream behind it.
    ZFile,
}

/// Everything that a static look into one artifact found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// Bytes of the file.
    pub size: u64,
    /// BLAKE3 of the file, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Digest>,
    /// SHA-256 of the file in hexadecimal, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sha256: Option<String>,
    /// What it is.
    pub kind: ArtifactKind,
    /// What it is wrapped in, outermost first.
    pub containers: Vec<Container>,
    /// Bytes after decompression, as far as they were read; the size of the file where nothing is compressed.
    pub decoded_size: u64,
    /// Whether everything was read to its end.
    pub complete: bool,
    /// What its pickles say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pickle: Option<PickleFacts>,
    /// What a skops schema says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skops: Option<SkopsFacts>,
    /// What an ONNX model says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub onnx: Option<OnnxFacts>,
    /// What the boosters in it say of themselves, one of each library.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub boosters: Vec<BoosterFacts>,
    /// Arrays, grouped.
    pub arrays: Vec<ArrayFact>,
    /// Versions that the artifact records: package, and every version that is named for it.
    pub versions: BTreeMap<String, BTreeSet<String>>,
    /// What could not be read or does not fit together.
    pub problems: Vec<Problem>,
    /// What it is instead of an artifact, or what has happened to it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub foreign: Option<Foreign>,
    /// The models of an archive that is no format of its own.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub members: Vec<Member>,
}

/// One file of an archive that could be a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the archive; behind `: ` where the archive itself is in another one.
    pub name: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Whether it holds objects of other classes than those of arrays and tables.
    pub has_objects: bool,
}

/// What the pickles of an artifact say, taken together: the outermost one and those nested in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PickleFacts {
    /// Protocol of the outermost pickle; 0 and 1 are told apart by their opcodes.
    pub protocol: u8,
    /// Protocols of all pickles: joblib nests pickles of their own for arrays of objects.
    pub protocols: BTreeSet<u8>,
    /// How many pickles.
    pub pickles: u64,
    /// How many of them stand one after another in the file; `pickle.load` reads one at a time.
    #[serde(default)]
    pub consecutive: u64,
    /// Opcodes.
    pub opcodes: u64,
    /// Everything that loading imports, in order of appearance.
    pub globals: Vec<GlobalFact>,
    /// Imports whose names could not be read: computed, or too far from where they were written.
    pub unresolved_globals: u64,
    /// Calls of something that another call returned, or with arguments that cannot be told.
    pub calls_of_results: u64,
    /// References through `copyreg`'s registry of extensions, which name no module.
    pub extension_codes: u64,
    /// Persistent ids: whoever loads the file must know what they mean.
    pub persistent_ids: u64,
    /// Out-of-band buffers of protocol 5, which are not in the file.
    pub out_of_band_buffers: u64,
    /// Classes with instances, and what their state holds; in order of appearance.
    pub classes: Vec<ClassFact>,
    /// Where numpy's internals were when the file was written.
    pub numpy: NumpyFacts,
    /// How joblib put arrays between the opcodes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joblib: Option<JoblibFacts>,
    /// Integers as wide as a pointer of the producer.
    pub pointers: Vec<PointerFact>,
    /// Packages other than scikit-learn, numpy, scipy, joblib and Python itself.
    pub wrappers: Vec<PackageFact>,
    /// Why the file must be from Python 2; empty otherwise.
    pub python2: Vec<String>,
    /// Code objects, which bind the file to a minor version of Python: number of arguments and how often.
    pub code_objects: BTreeMap<u32, u64>,
}

/// What a booster says of itself in its own bytes, which pickles carry along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoosterFacts {
    /// The package that wrote it.
    pub library: String,
    /// The release that wrote it, where it says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// The version of its format, which several releases write.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub format_version: Option<u32>,
    /// What it was fitted for, in the words of its library.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub objective: Option<String>,
    /// Whether it keeps categories that it was fitted on, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<bool>,
}

/// How far a global is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// A class or function that ordinary artifacts refer to.
    Known,
    /// Not on the list: code of somebody that runs on load.
    Unknown,
    /// Runs commands or arbitrary code.
    Dangerous,
}

/// One thing that loading imports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GlobalFact {
    /// Module as written.
    pub module: String,
    /// Name as written.
    pub name: String,
    /// How many opcodes import it.
    pub count: u64,
    /// How often loading calls it.
    pub called: u64,
    /// How far it is trusted.
    pub trust: Trust,
    /// Where it is first imported: bytes from the beginning of the decompressed pickle.
    pub offset: u64,
    /// How it is called, up to four different lists of arguments, shortened.
    pub arguments: Vec<String>,
}

/// One class, its instances and their state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFact {
    /// Module as written.
    pub module: String,
    /// Name as written.
    pub name: String,
    /// How many instances.
    pub count: u64,
    /// How many of them have a state dictionary.
    pub states: u64,
    /// `_sklearn_version` of the instances and how often.
    pub versions: BTreeMap<String, u64>,
    /// The keys of the state dictionaries.
    pub attributes: BTreeMap<String, AttributeFact>,
}

/// One key of the state dictionaries of a class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AttributeFact {
    /// How many instances have it.
    pub count: u64,
    /// Up to eight different values, shortened, in Python's notation; `ndarray <f8 2d`, `dict`, `module.Class` for
    /// what is no scalar.
    pub values: Vec<String>,
    /// The lengths of those values that are arrays of one dimension.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lengths: BTreeSet<u64>,
}

/// Where numpy's internals were when the file was written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NumpyFacts {
    /// `numpy.core` (numpy 1), `numpy._core` (numpy 2), or both.
    pub generations: BTreeSet<String>,
    /// Which functions and classes of numpy are imported, `module.name`.
    pub functions: BTreeSet<String>,
}

/// How joblib put arrays between the opcodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JoblibFacts {
    /// Arrays behind an alignment pad (joblib 1.2 and later).
    pub aligned: u64,
    /// Arrays without a pad (joblib before 1.2, and compressed files of some versions).
    pub packed: u64,
    /// Arrays of objects, which are pickles of their own.
    pub objects: u64,
    /// The alignments that the file names, in bytes.
    pub alignments: BTreeSet<u64>,
    /// Files beside this one that hold arrays (joblib before 0.10).
    pub files: Vec<String>,
}

/// Evidence for the width of the producer's pointers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PointerFact {
    /// 32 or 64.
    pub bits: u8,
    /// Byte order of the producer.
    pub byte_order: ByteOrder,
    /// What says so.
    pub evidence: String,
}

/// A package that the artifact needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFact {
    /// Name of its top-level module.
    pub package: String,
    /// How many different globals are of it.
    pub globals: u64,
}

/// Arrays of one type and origin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrayFact {
    /// The type in numpy's notation, `<f8`; for records their names and types, `[left_child <i8, ...]`.
    pub dtype: String,
    /// How they were written: `pickle`, `joblib`, `buffer` (protocol 5), `npy`.
    pub source: String,
    /// How many.
    pub count: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// How many stand column by column.
    pub fortran: u64,
    /// Byte order; none where a type has none.
    pub byte_order: Option<ByteOrder>,
    /// Fields of records, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fields: Vec<FieldFact>,
    /// Bytes of one element, where the type says it.
    pub item_size: Option<u64>,
    /// Up to eight different shapes.
    pub shapes: Vec<Vec<u64>>,
}

/// One field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFact {
    /// Its name.
    pub name: String,
    /// Its type in numpy's notation.
    pub dtype: String,
    /// Where it is in the record.
    pub offset: u64,
}

/// What a skops schema says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SkopsFacts {
    /// `protocol` of the schema.
    pub protocol: Option<i64>,
    /// `_skops_version`.
    pub skops_version: Option<String>,
    /// The types it names, `module.Class`, and how often.
    pub types: BTreeMap<String, u64>,
    /// The loaders it names, and how often.
    pub loaders: BTreeMap<String, u64>,
    /// The classes with a state of their own, and what that holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassFact>,
    /// The types among them that skops asks to be trusted by name.
    pub untrusted: Vec<String>,
    /// Whether an estimator in it was fitted on named columns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named_columns: bool,
}

/// What an ONNX model says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OnnxFacts {
    /// Version of the intermediate representation.
    pub ir_version: Option<i64>,
    /// The library that wrote it.
    pub producer: Option<String>,
    /// Its version.
    pub producer_version: Option<String>,
    /// Opset versions by domain; the standard domain is `ai.onnx`.
    pub opsets: BTreeMap<String, i64>,
    /// Operators, `domain.Name`, and how often.
    pub operators: BTreeMap<String, u64>,
    /// Inputs of the graph.
    pub inputs: Vec<TensorFact>,
    /// Outputs of the graph.
    pub outputs: Vec<TensorFact>,
    /// `metadata_props`.
    pub metadata: BTreeMap<String, String>,
}

/// One input or output of a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorFact {
    /// Its name.
    pub name: String,
    /// `float32[?, 4]`, or what else it is.
    pub kind: String,
}

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The file ends too early.
    Truncated,
    /// There is something behind the end.
    Trailing,
    /// The bytes do not follow their format.
    Malformed,
    /// A limit of this reader ended the reading.
    Limit,
    /// The file could not be read at all.
    Unreadable,
}

/// What could not be read or does not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind.
    pub kind: ProblemKind,
    /// Bytes from the beginning, after decompression.
    pub offset: u64,
    /// What is wrong, for people.
    pub what: String,
}

/// One artifact with its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspected {
    /// Where it is, as it was given or found in a folder.
    pub path: String,
    /// What was found.
    #[serde(flatten)]
    pub inspection: Inspection,
}

impl Inspected {
    /// Whether it is an artifact, or sound data beside one, that could be read to its end.
    pub fn is_sound(&self) -> bool {
        let found = &self.inspection;
        found.complete && found.foreign.map_or(found.kind != ArtifactKind::Unknown, Foreign::is_sound)
    }
}

/// What `shelflife inspect --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InspectionReport {
    /// Version of this form; readers refuse a larger number.
    pub format_version: u32,
    /// In the order in which they were given.
    pub artifacts: Vec<Inspected>,
}

impl InspectionReport {
    /// What stands before the first artifact, where they are written one by one with `,\n` between them.
    pub const BEGIN: &'static str = "{\"format_version\":1,\"artifacts\":[\n";
    /// What stands behind the last one.
    pub const END: &'static str = "\n]}\n";
}

impl Inspection {
    /// The globals of its pickles.
    pub fn globals(&self) -> &[GlobalFact] {
        self.pickle.as_ref().map_or(&[], |pickle| &pickle.globals)
    }

    /// How far the least trusted thing is trusted that loading its pickles would do: what cannot be named is unknown,
    /// and so is what stands where this reader had to stop and another one may go on. Where a file ends, all stop.
    pub fn trust(&self) -> Trust {
        let goes_on = |problem: &Problem| match problem.kind {
            ProblemKind::Malformed | ProblemKind::Limit | ProblemKind::Unreadable => true,
            ProblemKind::Truncated | ProblemKind::Trailing => false,
        };
        let is_pickled = match self.kind {
            ArtifactKind::Onnx
            | ArtifactKind::Json
            | ArtifactKind::Mlflow
            | ArtifactKind::Xgboost
            | ArtifactKind::Lightgbm
            | ArtifactKind::Catboost => false,
            ArtifactKind::Pickle
            | ArtifactKind::Joblib
            | ArtifactKind::Skops
            | ArtifactKind::Npy
            | ArtifactKind::Npz
            | ArtifactKind::Zip
            | ArtifactKind::Tar
            | ArtifactKind::Unknown => true,
        };
        let stopped = is_pickled && !self.complete && self.problems.iter().any(goes_on);
        let hidden = stopped || self.pickle.as_ref().is_some_and(|pickle| pickle.hidden() > 0);
        let named = self.globals().iter().map(|global| global.trust).max().unwrap_or(Trust::Known);
        if hidden { named.max(Trust::Unknown) } else { named }
    }

    /// The one model of an archive; none where it holds none or several.
    pub fn only_member(&self) -> Option<&Member> {
        let with_objects: Vec<&Member> = self.members.iter().filter(|member| member.has_objects).collect();
        match (with_objects.as_slice(), self.members.as_slice()) {
            ([only], _) => Some(*only),
            ([], [only]) => Some(only),
            _ => None,
        }
    }

    /// The classes of its pickles.
    pub fn classes(&self) -> &[ClassFact] {
        self.pickle.as_ref().map_or(&[], |pickle| &pickle.classes)
    }

    /// The classes that record a version of scikit-learn.
    pub fn estimators(&self) -> impl Iterator<Item = &ClassFact> {
        self.classes().iter().filter(|class| !class.versions.is_empty())
    }

    /// The only version that is recorded for a package, `scikit-learn` for instance; none where several disagree.
    pub fn recorded_version(&self, package: &str) -> Option<&str> {
        let versions = self.versions.get(package)?;
        (versions.len() == 1).then(|| versions.first().map(String::as_str)).flatten()
    }
}

impl PickleFacts {
    /// Imports and calls of which a static look cannot say what they are.
    pub fn hidden(&self) -> u64 {
        self.unresolved_globals + self.calls_of_results + self.extension_codes
    }
}

impl ClassFact {
    /// `module.Name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

impl GlobalFact {
    /// `module.name`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}
