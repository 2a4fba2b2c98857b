//! The package layout of the field: `NAME_model.joblib` with `NAME_metadata.json` and `NAME_validation.json` beside it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::admission;
use super::arrays::Arrays;
use super::files::{Files, Kind};
use super::museum::{self, Exhibit};
use super::names::model_name;
use super::rows::rows;
use super::saved::saved;
use crate::dataset::Dataset;
use crate::matrix::ExpectedOutput;
use crate::notation::package_name;
use crate::vocab::{Digest, InputForm};

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
    /// The package whose release wrote it, and that release, where a museum keeps it.
    pub release: Option<(String, String)>,
    /// The methods whose outputs are compared, where that was written down.
    pub methods: Option<Vec<String>>,
    /// Why what it is to be checked by cannot be used.
    unusable: Option<String>,
    /// Why the inputs beside it cannot be used.
    no_inputs: Option<String>,
}

/// A file beside an artifact.
struct Companion {
    file: String,
    value: Result<Value, String>,
    /// Whether it is named after the artifact.
    is_own: bool,
}

fn unusable(file: &str, why: &str) -> String {
    format!("`{file}` beside it cannot be used: {why}; nothing was loaded")
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

/// Whether what a file predicts on stands beside it, so that nobody has to name it.
pub fn brings_inputs(files: &dyn Files, artifact: &Path) -> bool {
    Package::read(files, artifact, &mut Vec::new()).inputs.is_some()
}

impl Package {
    /// Reads what stands beside an artifact. What was written to check the artifact by and cannot be used is no reason to
    /// check it by less: the artifact is not tried then.
    pub fn read(files: &dyn Files, artifact: &Path, notes: &mut Vec<String>) -> Self {
        let mut package = Self::default();
        let name = model_name(artifact);
        let folder = artifact.parent().unwrap_or(Path::new(""));
        let json = |kind: &str| -> Option<Companion> {
            let path = [format!("{name}_{kind}.json"), format!("{kind}.json")]
                .into_iter()
                .map(|file| folder.join(file))
                .find(|path| files.kind(path) == Kind::File)?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let read = files.read(&path).map_err(|error| error.to_string());
            let value =
                read.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()));
            Some(Companion { is_own: file.starts_with(&*name), file, value })
        };
        let mut names = None;
        match json("metadata") {
            Some(Companion { file, value: Ok(metadata), .. }) => {
                package.unusable = package.read_metadata(&metadata).err().map(|why| unusable(&file, &why));
                names = metadata.get("feature_names").and_then(texts);
                package.named_columns = names.is_some();
            }
            Some(Companion { file, value: Err(error), is_own: true }) => {
                package.unusable = Some(unusable(&file, &error));
            }
            // Other tools have files of this name as well.
            Some(Companion { file, value: Err(error), is_own: false }) => {
                notes.push(format!("{file} is left out: {error}"));
            }
            None => {}
        }
        if let Some(Companion { file, value, is_own }) = json("validation") {
            let read = value.and_then(|validation| match museum::is_kept(&validation) {
                true => package.read_kept(files, folder, validation),
                false => package.read_validation(&validation, names),
            });
            let read = match read {
                Ok(()) if is_own && package.inputs.is_none() => Err("it has no `inputs`".to_owned()),
                other => other,
            };
            package.no_inputs = read.err().map(|why| unusable(&file, &why));
        }
        package
    }

    /// Why the artifact cannot be tried, where what stands beside it cannot be used. Inputs that were asked for take the
    /// place of those beside it.
    pub fn refusal(&self, has_inputs: bool) -> Option<&String> {
        self.unusable.as_ref().or(self.no_inputs.as_ref().filter(|_| !has_inputs))
    }

    fn read_metadata(&mut self, metadata: &Value) -> Result<(), String> {
        let Some(fields) = metadata.as_object() else { return Ok(()) };
        let mut trouble = Ok(());
        for (key, value) in fields {
            if let Some((_, algorithm)) = DIGESTS.iter().find(|(known, _)| known == key) {
                match digest(key, algorithm, value) {
                    Ok(digest) => self.digests.extend(digest),
                    Err(why) => trouble = trouble.and(Err(why)),
                }
                continue;
            }
            let (Some(package), Some(text)) = (key.strip_suffix("_version"), value.as_str()) else {
                continue;
            };
            let package = match package {
                "sklearn" | "scikit_learn" => "scikit-learn".to_owned(),
                "model" | "format" | "metadata" | "schema" | "shelflife" | "package" => continue,
                other => other.replace('_', "-"),
            };
            let known = package == "python" || admission::is_known(&package);
            let versions = if known { &mut self.versions } else { &mut self.hinted };
            versions.insert(package, text.trim().to_owned());
        }
        let named = |key: &str| fields.get(key).and_then(Value::as_str);
        let version = |package: &str| fields.get("packages")?.get(package)?.as_str();
        self.release = named("package").and_then(|name| Some((name.to_owned(), version(name)?.to_owned())));
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
        trouble
    }

    fn read_validation(&mut self, validation: &Value, names: Option<Vec<String>>) -> Result<(), String> {
        let names = validation.get("feature_names").and_then(texts).or(names);
        let inputs = ["inputs", "input", "X"].iter().find_map(|key| validation.get(*key));
        self.inputs = match inputs {
            Some(inputs) => Some(match saved(validation, inputs)? {
                Some(dataset) => dataset,
                None => as_written(validation, rows(inputs, names)?),
            }),
            None => None,
        };
        let expected = ["expected_outputs", "expected_output", "expected", "outputs"]
            .iter()
            .find_map(|key| validation.get(*key));
        if let (Some(expected), true) = (expected, self.inputs.is_some()) {
            let dtypes = validation.get("expected_dtypes");
            self.expected = Arrays::of_typed_json(expected, dtypes)?.outputs();
        }
        Ok(())
    }

    fn read_kept(&mut self, files: &dyn Files, folder: &Path, validation: Value) -> Result<(), String> {
        let Exhibit { inputs, expected, methods } = museum::read(files, folder, validation)?;
        (self.inputs, self.expected, self.methods) = (Some(inputs), expected, Some(methods));
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

/// The digest that a field of metadata names; none where it is empty or of an algorithm that is not known.
fn digest(
    key: &str,
    algorithm: &'static str,
    value: &Value,
) -> Result<Option<(&'static str, String)>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let wrong = || format!("`{key}` is not a {algorithm}, which has 64 hexadecimal digits");
    let text = value.as_str().ok_or_else(wrong)?.trim();
    let (algorithm, digits) = match text.split_once(':') {
        Some(("sha256", digits)) => ("sha256", digits),
        Some((BLAKE3, digits)) => (BLAKE3, digits),
        Some(_) if !key.contains(algorithm) => return Ok(None),
        None if !key.contains(algorithm) && is_of_another(text) => return Ok(None),
        Some(_) | None => (algorithm, text),
    };
    let is_digest = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| Some((algorithm, digits.to_ascii_lowercase()))).ok_or_else(wrong)
}

/// Rows of numbers in the form that a package says of them; without one, whatever the model takes.
fn as_written(validation: &Value, dataset: Dataset) -> Dataset {
    let is_array = validation.get("form").and_then(Value::as_str) == Some("array");
    Dataset { form: is_array.then_some(InputForm::Array), ..dataset }
}

/// Whether a text has as many digits as MD5 or another SHA gives.
fn is_of_another(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 56 | 96 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_digest_that_cannot_be_used_is_no_missing_digest() {
        let digits = "AB".repeat(32);
        let of = |key: &str, value: Value| Package::default().read_metadata(&json!({ key: value }));
        for value in [json!(digits), json!(format!("sha256:{digits}")), Value::Null] {
            assert_eq!(of("sha256", value), Ok(()));
        }
        for value in [json!("abc"), json!(""), json!(7), json!("md5:0123"), json!(digits[1..])] {
            assert!(of("model_sha256", value.clone()).unwrap_err().contains("model_sha256"), "{value}");
        }
        // Who does not say which algorithm may mean another one, if it is named.
        assert_eq!(of("checksum", json!("md5:0123")), Ok(()));
        assert_eq!(of("checksum", json!("ab".repeat(16))), Ok(()));
        assert!(of("checksum", json!("0123")).is_err());
    }
}
