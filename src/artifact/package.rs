//! The package layout of the field: `NAME_model.joblib` with `NAME_metadata.json` and `NAME_validation.json` beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::admission;
use super::arrays::Arrays;
use super::files::{Files, Kind};
use super::names::model_name;
use super::rows::rows;
use crate::dataset::Dataset;
use crate::matrix::ExpectedOutput;
use crate::notation::package_name;
use crate::vocab::Digest;

/// What stands beside an artifact.
#[derive(Debug, Default)]
pub(super) struct Package {
    /// Versions by package, `python` among them.
    pub versions: BTreeMap<String, String>,
    /// What keys such as `acme_version` say: a version of a package, or of anything else.
    pub hinted: BTreeMap<String, String>,
    /// Whether the versions are a whole lock rather than a few.
    pub is_lock: bool,
    /// Digests that the file must have: the algorithm, and hexadecimal digits.
    digests: Vec<(&'static str, String)>,
    /// Whether its columns have names.
    pub named_columns: bool,
    /// What it is validated on.
    pub inputs: Option<Dataset>,
    /// Whether that is an example that was saved within the artifact.
    pub example: bool,
    /// What it should give.
    pub expected: BTreeMap<String, ExpectedOutput>,
}

/// The algorithm that shelflife names bytes by.
const BLAKE3: &str = "blake3";

/// Keys of digests in metadata, by algorithm.
const DIGESTS: &[(&str, &str)] = &[
    ("sha256", "sha256"),
    ("model_sha256", "sha256"),
    ("file_sha256", "sha256"),
    ("blake3", BLAKE3),
    ("digest", "sha256"),
    ("checksum", "sha256"),
    ("model_hash", "sha256"),
];

impl Package {
    /// Reads what stands beside an artifact. A companion that cannot be understood is noted and left out.
    pub fn read(files: &dyn Files, artifact: &Path, notes: &mut Vec<String>) -> Self {
        let mut package = Self::default();
        let name = model_name(artifact);
        let folder = artifact.parent().unwrap_or(Path::new(""));
        let mut json = |kind: &str| -> Option<Value> {
            let path = [format!("{name}_{kind}.json"), format!("{kind}.json")]
                .into_iter()
                .map(|file| folder.join(file))
                .find(|path| files.kind(path) == Kind::File)?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let parsed = files
                .read(&path)
                .map_err(|error| error.to_string())
                .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
            parsed.map_err(|error| notes.push(format!("{file} is left out: {error}"))).ok()
        };
        let metadata = json("metadata");
        let validation = json("validation");
        let mut names = None;
        if let Some(metadata) = &metadata {
            package.read_metadata(metadata);
            names = metadata.get("feature_names").and_then(texts);
            package.named_columns = names.is_some();
        }
        if let Some(validation) = &validation
            && let Err(error) = package.read_validation(validation, names)
        {
            notes.push(format!("{name}_validation.json is left out: {error}"));
        }
        package
    }

    fn read_metadata(&mut self, metadata: &Value) {
        let Some(fields) = metadata.as_object() else { return };
        for (key, value) in fields {
            let Some(text) = value.as_str() else { continue };
            if let Some(package) = key.strip_suffix("_version") {
                let package = match package {
                    "sklearn" | "scikit_learn" => "scikit-learn".to_owned(),
                    "model" | "format" | "metadata" | "schema" | "shelflife" | "package" => continue,
                    other => other.replace('_', "-"),
                };
                let known = package == "python" || admission::is_known(&package);
                let versions = if known { &mut self.versions } else { &mut self.hinted };
                versions.insert(package, text.trim().to_owned());
            } else if let Some((_, algorithm)) = DIGESTS.iter().find(|(known, _)| known == key) {
                let (algorithm, digits) = match text.split_once(':') {
                    Some(("sha256", digits)) => ("sha256", digits),
                    Some((BLAKE3, digits)) => (BLAKE3, digits),
                    _ => (*algorithm, text),
                };
                if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    self.digests.push((algorithm, digits.to_ascii_lowercase()));
                }
            }
        }
        for key in ["lock", "packages", "environment"] {
            let Some(lock) = fields.get(key).and_then(Value::as_object) else { continue };
            // A lock of shelflife has its packages one level below.
            let packages = lock.get("packages").and_then(Value::as_object).unwrap_or(lock);
            for (package, version) in packages {
                if let Some(version) = version.as_str() {
                    // What is not a name is told as what it is.
                    let package = package_name(package).unwrap_or_else(|_| package.clone());
                    self.versions.insert(package, version.to_owned());
                    self.is_lock = true;
                }
            }
            if let Some(python) = lock.get("python").and_then(Value::as_str) {
                self.versions.insert("python".to_owned(), python.to_owned());
            }
        }
    }

    fn read_validation(&mut self, validation: &Value, names: Option<Vec<String>>) -> Result<(), String> {
        let names = validation.get("feature_names").and_then(texts).or(names);
        let inputs = ["inputs", "input", "X"].iter().find_map(|key| validation.get(*key));
        self.inputs = inputs.map(|inputs| rows(inputs, names)).transpose()?;
        let expected = ["expected_outputs", "expected_output", "expected", "outputs"]
            .iter()
            .find_map(|key| validation.get(*key));
        if let (Some(expected), true) = (expected, self.inputs.is_some()) {
            self.expected = Arrays::of_json(expected)?.outputs();
        }
        Ok(())
    }

    /// Whether its metadata names a SHA-256.
    pub fn names_sha256(&self) -> bool {
        self.digests.iter().any(|(algorithm, _)| *algorithm != BLAKE3)
    }

    /// What is wrong with the bytes of an artifact, given their digests, as far as its metadata tells.
    pub fn corruption(&self, declared: &str, blake3: Option<Digest>, sha256: Option<&str>) -> Option<String> {
        self.digests.iter().find_map(|(algorithm, expected)| {
            let found = match *algorithm {
                BLAKE3 => blake3?.to_string(),
                _ => sha256?.to_owned(),
            };
            (found != *expected).then(|| {
                format!(
                    "`{declared}` is corrupted: its {algorithm} is {}..., and its metadata says {}...; nothing was \
                     loaded",
                    &found[..12],
                    &expected[..12]
                )
            })
        })
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
