//! The matrix as it is written: TOML tables, with the places of what messages must point at.
//!
//! The doc comments here are what an editor shows, by way of the JSON schema.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_spanned::Spanned;

use super::raw_limits::{RawLimits, RawRecipes};
use crate::vocab::schema_text;

/// A text with its place.
pub(super) type Text = Spanned<String>;
/// A text or a list of texts, with its place.
pub(super) type Texts = Spanned<OneOrMany>;
/// Keys with texts, keys in any order.
pub(super) type TextMap = BTreeMap<Text, Texts>;

/// A matrix of shelflife: environments, models, datasets, tolerances and expectations.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "shelflife matrix")]
pub(super) struct RawMatrix {
    /// A matrix to start from, relative to this file. What this file gives replaces the base's list or table
    /// of the same key, except that datasets are replaced one by one, and `[[expect]]` and `[[tolerance]]`
    /// are appended to the base's.
    #[schemars(with = "Option<String>")]
    pub extends: Option<Text>,
    /// Name and description.
    pub matrix: Option<RawHeader>,
    /// Environments. Lists of versions are axes; every combination becomes one environment.
    #[schemars(with = "Option<Vec<RawEnvironment>>")]
    pub environments: Option<Vec<Spanned<RawEnvironment>>>,
    /// Which environments write artifacts and which read them; by default every one does both.
    pub select: Option<RawSelect>,
    /// What models use where they do not say otherwise.
    pub defaults: Option<RawDefaults>,
    /// Limits of one cell, and of one training.
    pub limits: Option<RawLimits>,
    /// What recipes may do.
    #[serde(default)]
    pub recipes: RawRecipes,
    /// The data that models are fitted on and predict on, by name.
    #[schemars(with = "BTreeMap<String, RawDataset>")]
    #[serde(default)]
    pub datasets: BTreeMap<Text, RawDataset>,
    /// Further formats, by name: other options for a known one, or a Python file.
    #[schemars(with = "BTreeMap<String, RawFormat>")]
    #[serde(default)]
    pub formats: BTreeMap<Text, RawFormat>,
    /// The models.
    #[schemars(with = "Option<Vec<RawModel>>")]
    pub models: Option<Vec<Spanned<RawModel>>>,
    /// Files that exist already and were written by somebody else: they are tried like artifacts of the models.
    #[schemars(with = "Option<Vec<RawArtifact>>")]
    pub artifact: Option<Vec<Spanned<RawArtifact>>>,
    /// Tolerances for part of the comparisons; later ones win.
    #[schemars(with = "Vec<RawTolerance>")]
    #[serde(default)]
    pub tolerance: Vec<Spanned<RawTolerance>>,
    /// Declared outcomes: what is known to fail. Later ones win.
    #[schemars(with = "Vec<RawExpect>")]
    #[serde(default)]
    pub expect: Vec<Spanned<RawExpect>>,
}

/// Name and description of a matrix.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHeader {
    /// Name of the matrix and of its runs. Default: the file's name without `.toml`.
    #[schemars(with = "Option<String>")]
    pub name: Option<Text>,
    /// What the matrix is for.
    pub description: Option<String>,
    /// The package under test, which every virtual environment declares. Default: `scikit-learn`.
    #[schemars(with = "Option<String>")]
    pub package: Option<Text>,
}

/// One environment, or several where a value is a list.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEnvironment {
    /// Name, or a template with `{python}` and package names, such as `sk{scikit-learn}`. Default: made of
    /// what varies.
    #[schemars(with = "Option<String>")]
    pub name: Option<Text>,
    /// `venv` (default): made by uv. `rootfs`: a Debian tree, also of another CPU. `container`: an image of docker or
    /// podman. `existing`: an interpreter that somebody else set up.
    #[schemars(with = "Option<String>", extend("enum" = ["venv", "rootfs", "container", "existing", null]))]
    pub runtime: Option<Text>,
    /// Interpreter version, such as `"3.11"`, a list of them, or a range such as `"3.9..3.12"`.
    #[schemars(with = "Option<OneOrMany>")]
    pub python: Option<Texts>,
    /// Versions by package: `"1.5.2"`, `"1.5.*"` (its latest micro release), `"latest"`, `"pre"`,
    /// `"1.2..1.9"` (every minor release), `">=1.2,<1.4"`, or a list of these.
    #[schemars(with = "BTreeMap<String, OneOrMany>")]
    #[serde(default)]
    pub packages: TextMap,
    /// Combinations to leave out, given by some of their keys; globs are allowed.
    #[schemars(with = "Vec<BTreeMap<String, OneOrMany>>")]
    #[serde(default)]
    pub exclude: Vec<Spanned<TextMap>>,
    /// Further combinations, each given completely by `python` and packages.
    #[schemars(with = "Vec<BTreeMap<String, OneOrMany>>")]
    #[serde(default)]
    pub include: Vec<Spanned<TextMap>>,
    /// Whether known-good versions constrain the packages that are not declared. Default: true.
    pub companions: Option<bool>,
    /// The index that its packages come from in the place of the usual one: an address, or a folder with wheels.
    #[schemars(with = "Option<String>")]
    pub index: Option<Text>,
    /// Indexes that are looked at first, such as one of nightly wheels: addresses, or folders with wheels.
    #[schemars(with = "Option<OneOrMany>")]
    #[serde(rename = "extra-index")]
    pub extra_index: Option<Texts>,
    /// Whether packages without wheels may be built, which runs their code while they are installed. Default: false.
    #[schemars(with = "Option<bool>")]
    #[serde(rename = "allow-build")]
    pub allow_build: Option<Spanned<bool>>,
    /// Environment variables of its processes.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// What `sklearn.set_config` is called with in its processes, such as `{ array_api_dispatch = true }`.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    #[serde(default)]
    pub config: BTreeMap<Text, toml::Value>,
    /// Program and arguments that start its Python, such as `["mpirun", "-n", "2"]`: every rank takes part in loading
    /// and predicting.
    #[schemars(with = "Option<OneOrMany>")]
    pub launcher: Option<Texts>,
    /// `sklearnex`: the extension's estimators take the place of scikit-learn's (`patch_sklearn`).
    #[schemars(with = "Option<String>", extend("enum" = ["sklearnex", null]))]
    pub extension: Option<Text>,
    /// Device that the extension computes on (`target_offload`), such as `"gpu"`.
    #[schemars(with = "Option<String>")]
    pub device: Option<Text>,
    /// The formats that it writes, globs allowed. Default: all that models name.
    #[schemars(with = "Option<OneOrMany>")]
    pub writes: Option<Texts>,
    /// The formats that it reads, globs allowed. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub reads: Option<Texts>,
    /// `both` (default), `producer` or `consumer`.
    #[schemars(with = "Option<String>", extend("enum" = ["both", "producer", "consumer", null]))]
    pub role: Option<Text>,
    /// For `existing`: the interpreter's path, or a command prefix that ends in one.
    #[schemars(with = "Option<OneOrMany>")]
    pub command: Option<Texts>,
    /// For `rootfs`: the Debian release, `bullseye`, `bookworm`, `trixie` or `forky`, or a list of them.
    #[schemars(with = "Option<OneOrMany>")]
    pub suite: Option<Texts>,
    /// For `rootfs`: the CPU as Debian calls it, `amd64`, `i386`, `armhf`, `s390x`, ..., or a list of them.
    #[schemars(with = "Option<OneOrMany>")]
    pub arch: Option<Texts>,
    /// For `rootfs`: Debian packages beside Python and scikit-learn.
    #[schemars(with = "Option<OneOrMany>")]
    pub debian: Option<Texts>,
    /// For `rootfs`: the address of the Debian mirror. Default: that of the machine's own apt.
    #[schemars(with = "Option<String>")]
    pub mirror: Option<Text>,
    /// For `container`: the image.
    #[schemars(with = "Option<String>")]
    pub image: Option<Text>,
    /// For `container`: how to build the image.
    #[schemars(with = "Option<RawBuild>")]
    pub build: Option<Spanned<RawBuild>>,
    /// For `container`: the platform of the image, such as `linux/386`.
    #[schemars(with = "Option<String>")]
    pub platform: Option<Text>,
}

/// How to build a container image.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBuild {
    /// Folder of the build, relative to this file.
    #[schemars(with = "String")]
    pub context: Text,
    /// The Dockerfile, relative to the folder. Default: `Dockerfile`.
    pub dockerfile: Option<String>,
    /// The stage of the Dockerfile to build. Default: its last one.
    pub target: Option<String>,
    /// The network of the build, such as `host`. Default: the engine's own.
    pub network: Option<String>,
    /// Build arguments.
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// Which environments write artifacts and which read them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSelect {
    /// Globs on environment names, or requirements such as `scikit-learn<1.3`.
    #[schemars(with = "Option<OneOrMany>")]
    pub producers: Option<Texts>,
    /// Globs on environment names, or requirements such as `scikit-learn>=1.7`.
    #[schemars(with = "Option<OneOrMany>")]
    pub consumers: Option<Texts>,
}

/// What models use where they do not say otherwise.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDefaults {
    /// Formats, globs allowed. Default: pickle and joblib.
    #[schemars(with = "Option<OneOrMany>")]
    pub formats: Option<Texts>,
    /// Name of a dataset.
    #[schemars(with = "Option<String>")]
    pub dataset: Option<Text>,
    /// Seed of the global random generators. Default: 0.
    pub seed: Option<u32>,
}

/// One dataset.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataset {
    /// A `.csv` with a header line, a `.parquet` or a `.npy`, relative to this file.
    #[schemars(with = "String")]
    pub path: Text,
    /// Column of the target, or a list of columns; for `.npy` the path of a second `.npy`. Without it models
    /// are fitted on X alone.
    #[schemars(with = "Option<OneOrMany>")]
    pub target: Option<Texts>,
    /// Columns to leave out.
    #[schemars(with = "Option<OneOrMany>")]
    pub drop: Option<Texts>,
    /// Types by column: `float64`, `float32`, `int64`, `bool`, `text`, and of a DataFrame `category`, `category(a|b)`,
    /// `category(a<b)` with an order, `datetime`, `Int64`, `boolean`, `string`. Inferred where absent.
    #[schemars(with = "BTreeMap<String, String>")]
    #[serde(default)]
    pub dtypes: BTreeMap<String, Text>,
    /// The BLAKE3 digest that the file must have, as 64 hexadecimal digits.
    #[schemars(with = "Option<String>")]
    pub digest: Option<Text>,
    /// Whether X is handed over as a pandas DataFrame with column names. Default: false.
    #[serde(default)]
    pub dataframe: bool,
}

/// One declared format.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawFormat {
    /// The format whose handler and options it starts from.
    #[schemars(with = "Option<String>")]
    pub base: Option<Text>,
    /// Instead of `base`: a Python file that defines `save(estimator, path, options, dataset)` and
    /// `load(path, options)`, relative to this file.
    #[schemars(with = "Option<String>")]
    pub file: Option<Text>,
    /// Options of the handler.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    #[serde(default)]
    pub options: BTreeMap<Text, toml::Value>,
    /// What it is, in one line.
    pub about: Option<String>,
    /// What its artifacts are compared with: `artifact` (the producer's own reload) or `model` (a pickle of the same
    /// model in the producer). Default: that of its base, `artifact` for a file.
    #[schemars(with = "Option<String>", extend("enum" = ["artifact", "model", null]))]
    pub reference: Option<Text>,
    /// Whether reading a file runs code that it brings along. Default: that of its base, unknown for a file.
    pub runs_code: Option<bool>,
    /// Damages its files after they are written, to see who notices: `truncated`, `last-byte`, `flipped`, `magic`,
    /// `empty`, `other-format`, `bomb` or `claim`. Several make a format each; the name says where the word stands,
    /// as in `"pickle-{damage}"`.
    #[schemars(with = "Option<OneOrMany>")]
    pub damage: Option<Texts>,
}

/// One model.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawModel {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Text,
    /// A Python expression in which scikit-learn's estimators and `np` are known.
    #[schemars(with = "Option<String>")]
    pub estimator: Option<Text>,
    /// Instead of `estimator`: a Python file that defines `model()` or `train(X, y)`, relative to this file.
    #[schemars(with = "Option<String>")]
    pub recipe: Option<Text>,
    /// The dataset it is fitted on. Default: `defaults.dataset`.
    #[schemars(with = "Option<String>")]
    pub dataset: Option<Text>,
    /// The dataset it predicts on, if another one.
    #[schemars(with = "Option<String>")]
    pub inputs: Option<Text>,
    /// Formats it is written in, globs allowed. Default: `defaults.formats`.
    #[schemars(with = "Option<OneOrMany>")]
    pub formats: Option<Texts>,
    /// Outputs to compare, such as `predict`. Default: every output that it offers.
    #[schemars(with = "Option<OneOrMany>")]
    pub methods: Option<Texts>,
    /// Requirements without which it does not apply, such as `scikit-learn>=1.1`.
    #[schemars(with = "Option<OneOrMany>")]
    pub requires: Option<Texts>,
    /// Module of the array API whose arrays it is fitted and asked with, such as `array_api_strict` or `torch`. Default:
    /// numpy's arrays.
    #[schemars(with = "Option<String>")]
    pub arrays: Option<Text>,
    /// Seed of the global random generators. Default: `defaults.seed`.
    pub seed: Option<u32>,
}

/// Files that exist already.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawArtifact {
    /// A file, a folder, a glob such as `"models/*.joblib"`, or the root of a registry `NAME/VERSION/`, relative to
    /// this file. Every file becomes a model of its name.
    #[schemars(with = "String")]
    pub path: Text,
    /// Name of the model, for a single file. Default: the file's name.
    #[schemars(with = "Option<String>")]
    pub name: Option<Text>,
    /// Its format, such as `joblib`. Default: by the file's extension and content.
    #[schemars(with = "Option<String>")]
    pub format: Option<Text>,
    /// The environment of this matrix that wrote it. Default: made from the versions that the file records.
    #[schemars(with = "Option<String>")]
    pub producer: Option<Text>,
    /// The versions that wrote it, where the file does not record them, such as
    /// `{ scikit-learn = "1.5.2", python = "3.12" }`.
    #[schemars(with = "BTreeMap<String, String>")]
    #[serde(default)]
    pub versions: BTreeMap<Text, Text>,
    /// Name of the dataset to predict on, a file such as `"X.csv"` or `"{dir}/X.csv"` (relative to this file; `{dir}` is
    /// the folder of each artifact, `{stem}` its name), `"synthetic"` or `"none"`. Default: the validation file beside it,
    /// else synthetic.
    #[schemars(with = "Option<String>")]
    pub inputs: Option<Text>,
    /// The expected values: a `.npy`, `.csv` or `.json`, relative to this file, or a pattern such as `"{stem}.csv"`.
    #[schemars(with = "Option<String>")]
    pub expected: Option<Text>,
    /// Outputs to compare, such as `predict`. Default: every output that it offers.
    #[schemars(with = "Option<OneOrMany>")]
    pub methods: Option<Texts>,
    /// Seed of the global random generators and of synthetic inputs. Default: `defaults.seed`.
    pub seed: Option<u32>,
    /// Packages that what comes with the files may name beside those that shelflife knows, such as `"acme-models==1.2"`
    /// or `"acme-models"`. Nothing else that a file names is installed.
    #[schemars(with = "Option<Vec<String>>")]
    #[serde(rename = "allow-packages")]
    pub allow_packages: Option<Vec<Text>>,
    /// Folders with modules that the files need and that no package brings (the author's own code), or single `.py`
    /// files, relative to this file.
    #[schemars(with = "Option<OneOrMany>")]
    pub modules: Option<Texts>,
}

/// A tolerance for part of the comparisons.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTolerance {
    /// Globs on model names. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub model: Option<Texts>,
    /// Glob on output names, such as `predict_std`. Default: all.
    pub output: Option<String>,
    /// Kind of producer and consumer pair. Default: all.
    #[schemars(
        with = "Option<String>",
        extend("enum" = ["cross-arch", "cross-bits", "same-arch", "float32", null])
    )]
    pub pair: Option<Text>,
    /// Relative to the element.
    #[schemars(with = "f64", range(min = 0))]
    pub rtol: Spanned<f64>,
    /// Relative to the largest magnitude of the reference output.
    #[schemars(with = "f64", range(min = 0))]
    pub stol: Spanned<f64>,
    /// Why.
    pub reason: Option<String>,
}

/// A declared outcome.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawExpect {
    /// Globs on model names. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub model: Option<Texts>,
    /// Globs on formats. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub format: Option<Texts>,
    /// Globs on environment names, or requirements such as `scikit-learn<1.3`. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub producer: Option<Texts>,
    /// Globs on environment names, or requirements such as `scikit-learn>=1.3,<1.6`. Default: all.
    #[schemars(with = "Option<OneOrMany>")]
    pub consumer: Option<Texts>,
    /// The verdict that is as expected, or a list of them.
    #[schemars(with = "OneOrMany")]
    pub verdict: Texts,
    /// Why, in a sentence for the reader of the report.
    #[schemars(with = "String")]
    pub reason: Text,
    /// Where to read more.
    pub link: Option<String>,
}

/// A text or a list of texts.
#[derive(Debug)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<Text>),
}

/// The texts with their places.
pub(super) fn texts(value: &Texts) -> Vec<Text> {
    match value.get_ref() {
        OneOrMany::One(text) => vec![Spanned::new(value.span(), text.clone())],
        OneOrMany::Many(texts) => texts.clone(),
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextsVisitor;
        impl<'de> Visitor<'de> for TextsVisitor {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in quotes or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(text.to_owned()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<OneOrMany, E> {
                // TOML reads the version 3.10 as the number 3.1.
                Err(E::custom(format!("the number {number} stands where a text in quotes is expected")))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMany::Many(texts))
            }
        }
        deserializer.deserialize_any(TextsVisitor)
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "OneOrMany".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text or a list of texts.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

/// The JSON schema of matrix files, as it stands in `schema/matrix.schema.json`.
pub fn schema_json() -> String {
    schema_text::<RawMatrix>()
}
