//! JSON (skops schemas, metadata, parameters) and the description of MLflow models: walked, never held as a whole.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::facts::Versions;
use super::json::Shortened;
use super::trust;
use crate::vocab::{ClassFact, SkopsFacts, Trust};

/// Different types that are kept.
const MOST_TYPES: usize = 4096;
/// Classes whose states are kept, keys of one of them, and values of one key.
const MOST_CLASSES: usize = 256;
const MOST_ENTRIES: usize = 256;
const MOST_VALUES: usize = 8;
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
            Self::Unnamed => {
                "the name of a class, a module or a loader in the schema is not text, or too long"
            }
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

    /// The state of an instance of a class.
    fn state(&mut self, module: &str, name: &str, state: &[(String, Option<String>)]) {
        let classes = &mut self.skops.classes;
        let known = classes.iter().position(|class| class.module == module && class.name == name);
        let index = known.unwrap_or(classes.len());
        if known.is_none() {
            if classes.len() >= MOST_CLASSES {
                return;
            }
            classes.push(ClassFact { module: module.into(), name: name.into(), ..ClassFact::default() });
        }
        let class = &mut classes[index];
        class.count += 1;
        class.states += 1;
        for (key, value) in state {
            if let (Some(version), "_sklearn_version") = (value, key.as_str()) {
                *class.versions.entry(version.clone()).or_default() += 1;
            }
            if class.attributes.len() >= MOST_ENTRIES && !class.attributes.contains_key(key) {
                continue;
            }
            let fact = class.attributes.entry(key.clone()).or_default();
            fact.count += 1;
            if let Some(value) = value.as_ref().filter(|value| !fact.values.contains(value))
                && fact.values.len() < MOST_VALUES
            {
                fact.values.push(value.clone());
            }
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

/// What one value of a document is.
enum Seen {
    /// A text or a number.
    Word(String),
    /// The keys of an object, with those values that are words.
    Entries(Vec<(String, Option<String>)>),
    Other,
}

impl Seen {
    fn word(self) -> Option<String> {
        match self {
            Self::Word(word) => Some(word),
            Self::Entries(_) | Self::Other => None,
        }
    }
}

/// A value that is written as JSON, as Python prints it; a text as it is.
fn plain_value(json: String) -> String {
    match json.as_str() {
        "null" => "None".to_owned(),
        "true" => "True".to_owned(),
        "false" => "False".to_owned(),
        _ => serde_json::from_str(&json).unwrap_or(json),
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
    type Value = Seen;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Seen;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Seen::Other)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Seen::Word(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Seen::Word(value.to_string()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Seen::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Seen::Other)
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(if value.len() <= LONGEST { Seen::Word(value.to_owned()) } else { Seen::Other })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element_seed(Node { walk: self.walk, versions: false })?.is_some() {}
        Ok(Seen::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut module, mut class) = (None, None);
        let (mut loader, mut content) = (String::new(), Seen::Other);
        let mut entries = Vec::new();
        let mut names = [0u8; NAMES.len() + 1];
        while let Some(key) = map.next_key::<String>()? {
            if key == "__id__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let versions = matches!(key.as_str(), "versions" | "packages" | "dependencies");
            // Whatever its value is: only estimators that were fitted on named columns have it.
            self.walk.skops.named_columns |= key == "feature_names_in_";
            let seen = map.next_value_seed(Node { walk: self.walk, versions })?;
            if key == "content" {
                content = seen;
                names[NAMES.len()] = names[NAMES.len()].saturating_add(1);
                if names[NAMES.len()] > 1 {
                    self.walk.odd = Some(Odd::Twice);
                }
                continue;
            }
            let value = seen.word();
            if entries.len() < MOST_ENTRIES && !key.starts_with("__") && key.len() <= LONGEST {
                entries.push((key.clone(), value.clone()));
            }
            let name = NAMES.iter().position(|name| *name == key);
            if let Some(at) = name {
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
                    loader.clone_from(&value);
                    count(&mut self.walk.skops.loaders, value);
                }
                "protocol" => self.walk.skops.protocol = value.parse().ok(),
                _ => self.walk.word(&key, &value, self.versions),
            }
        }
        if let (Some(module), Some(class)) = (&module, &class) {
            let path = format!("{module}.{class}");
            let types = &mut self.walk.skops.types;
            if types.len() >= MOST_TYPES && !types.contains_key(&path) {
                self.walk.odd = Some(Odd::ManyTypes);
            }
            count(types, path);
            if let Seen::Entries(state) = &content
                && loader == "ObjectNode"
            {
                self.walk.state(module, class, state);
            }
        }
        Ok(match loader.as_str() {
            // skops writes a plain value as an object around its JSON: `"1.5.2"` stands for the text.
            "JsonNode" => content.word().map_or(Seen::Other, |text| Seen::Word(plain_value(text))),
            "DictNode" => content,
            "" => Seen::Entries(entries),
            _ => Seen::Other,
        })
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
