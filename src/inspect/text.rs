//! JSON (skops schemas, metadata, parameters) and the description of MLflow models: walked, never held as a whole.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::facts::Versions;
use super::json::Shortened;
use super::trust;
use crate::vocab::{SkopsFacts, Trust};

/// Different types that are kept.
const MOST_TYPES: usize = 4096;
/// Bytes of a key or word that are kept.
const LONGEST: usize = 256;
/// Bytes of a description that are read.
const LONGEST_DESCRIPTION: u64 = 1 << 20;

/// What a walk through JSON collects.
#[derive(Default)]
pub(super) struct Walk {
    pub skops: SkopsFacts,
    pub versions: Versions,
    /// What two readers of a schema could take for two things, or this one does not tell.
    pub odd: Option<Odd>,
    kept: usize,
}

/// What is odd about a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// One object names its class, module, loader or content twice.
    Twice,
    /// The name of a class, a module or a loader is no text, or too long to be told.
    Unnamed,
    /// It names more types than are kept.
    ManyTypes,
}

impl Odd {
    /// In words.
    pub fn told(self) -> &'static str {
        match self {
            Self::Twice => "an object of the schema names its class, module, loader or content twice",
            Self::Unnamed => "the name of a class, a module or a loader in the schema is no text or too long",
            Self::ManyTypes => "the schema names more types than are kept",
        }
    }
}

/// The keys by which skops finds a type.
const NAMES: [&str; 3] = ["__class__", "__module__", "__loader__"];

impl Walk {
    /// Walks a document. The error says what is wrong with it.
    pub fn document(&mut self, source: impl Read) -> Result<(), serde_json::Error> {
        let mut deserializer =
            serde_json::Deserializer::from_reader(std::io::BufReader::new(Shortened::new(source)));
        Node { walk: self, versions: false }.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// The types that skops would want to be told to trust.
    pub fn finish(&mut self) {
        let known = |path: &str| {
            let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
            trust::trust(module, name, false) == Trust::Known
        };
        self.skops.untrusted = self.skops.types.keys().filter(|path| !known(path)).cloned().collect();
        if let Some(version) = &self.skops.skops_version {
            self.versions.entry("skops".to_owned()).or_default().insert(version.clone());
        }
    }

    fn word(&mut self, key: &str, value: &str, versions: bool) {
        if key.len() > LONGEST || value.len() > LONGEST || self.kept >= MOST_TYPES {
            return;
        }
        if key == "_skops_version" {
            self.skops.skops_version = Some(value.to_owned());
        } else if let Some(package) = package_of(key, versions).filter(|_| is_version(value)) {
            self.kept += 1;
            self.versions.entry(package).or_default().insert(value.to_owned());
        }
    }
}

/// The package whose version a key names.
fn package_of(key: &str, versions: bool) -> Option<String> {
    let package = match key.strip_suffix("_version") {
        Some("format" | "schema" | "model" | "metadata" | "package" | "file") | None if !versions => {
            return None;
        }
        Some(package) => package,
        None => key,
    };
    let package = package.trim_start_matches('_');
    Some(match package {
        "sklearn" | "scikit_learn" => "scikit-learn".to_owned(),
        other => other.replace('_', "-"),
    })
}

fn is_version(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit()) && value.contains('.')
}

/// One value of the document.
struct Node<'w> {
    walk: &'w mut Walk,
    /// Whether it is a table of versions.
    versions: bool,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok((value.len() <= LONGEST).then(|| value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element_seed(Node { walk: self.walk, versions: false })?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut module, mut class) = (None, None);
        let (mut literal, mut content) = (false, None);
        let mut names = [0u8; NAMES.len() + 1];
        while let Some(key) = map.next_key::<String>()? {
            if key == "__id__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let versions = matches!(key.as_str(), "versions" | "packages" | "dependencies");
            // Whatever its value is: only estimators that were fitted on named columns have it.
            self.walk.skops.named_columns |= key == "feature_names_in_";
            let value = map.next_value_seed(Node { walk: self.walk, versions })?;
            let name = NAMES.iter().position(|name| *name == key);
            if let Some(at) = name.or((key == "content").then_some(NAMES.len())) {
                names[at] = names[at].saturating_add(1);
                if names[at] > 1 {
                    self.walk.odd = Some(Odd::Twice);
                }
            }
            if name.is_some() && value.is_none() {
                self.walk.odd = Some(Odd::Unnamed);
            }
            let Some(value) = value else { continue };
            match key.as_str() {
                "__module__" => module = Some(value),
                "__class__" => class = Some(value),
                "__loader__" => {
                    literal = value == "JsonNode";
                    count(&mut self.walk.skops.loaders, value);
                }
                "content" => content = Some(value),
                "protocol" => self.walk.skops.protocol = value.parse().ok(),
                _ => self.walk.word(&key, &value, self.versions),
            }
        }
        if let (Some(module), Some(class)) = (module, class) {
            let path = format!("{module}.{class}");
            let types = &mut self.walk.skops.types;
            if types.len() >= MOST_TYPES && !types.contains_key(&path) {
                self.walk.odd = Some(Odd::ManyTypes);
            }
            count(types, path);
        }
        // skops writes a plain value as an object around its JSON: `"1.5.2"` stands for the text.
        Ok(content.filter(|_| literal).and_then(|text| serde_json::from_str(&text).ok()))
    }
}

fn count(counts: &mut std::collections::BTreeMap<String, u64>, key: String) {
    if counts.len() < MOST_TYPES || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}

/// Whether a text begins as an `MLmodel` file does: with one of its keys.
pub(super) fn looks_like_mlmodel(head: &[u8]) -> bool {
    const KEYS: &[&str] = &[
        "artifact_path:",
        "env_vars:",
        "flavors:",
        "is_signature",
        "mlflow_version:",
        "metadata:",
        "model_id:",
        "run_id:",
    ];
    KEYS.iter().any(|key| head.starts_with(key.as_bytes()))
}

/// The versions that an `MLmodel` file names; none where the text is something else.
pub(super) fn mlmodel(source: impl Read) -> Option<Versions> {
    let mut bytes = Vec::new();
    source.take(LONGEST_DESCRIPTION).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    if !text.lines().any(|line| line == "flavors:") {
        return None;
    }
    let mut versions = Versions::new();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['\'', '"']);
        if let Some(package) = package_of(key.trim(), false).filter(|_| is_version(value)) {
            versions.entry(package).or_default().insert(value.to_owned());
        }
    }
    Some(versions)
}
