//! The model registry of an MLflow tracking store: which versions of registered models are in use, and the folders of their
//! files. A store in files is read here; what a database holds comes as the same rows from whoever reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{Files, Kind};
use super::folder::MLMODEL;
use super::names::plain;
use crate::matrix::Refusal;
use crate::vocab::Registered;

/// The folder of the registry in a store of files.
const MODELS: &str = "models";
/// What describes a model or a version there.
const META: &str = "meta.yaml";
/// Stages of versions that nobody uses.
const UNUSED: [&str; 2] = ["None", "Archived"];
/// Folders in which a server keeps artifacts, beside its store.
const ROOTS: [&str; 2] = ["mlruns", "mlartifacts"];

/// A version of a registered model, as a store describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelVersion {
    /// The model.
    pub model: String,
    /// Its version.
    pub version: u64,
    /// Its stage, such as `Production`; `None` for a version without one.
    pub stage: Option<String>,
    /// Its aliases.
    pub aliases: Vec<String>,
    /// Who owns it: the tag `owner` of the model or the version, else the user who registered it.
    pub owner: Option<String>,
    /// Where its files are, in the words of the store; the first one that leads to a folder counts.
    pub places: Vec<String>,
}

impl ModelVersion {
    /// Whether somebody points at it.
    fn is_used(&self) -> bool {
        let has_stage = self.stage.as_deref().is_some_and(|stage| !UNUSED.contains(&stage));
        has_stage || !self.aliases.is_empty()
    }
}

/// A version that is in use, with the folder of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredFolder {
    /// What it is registered as.
    pub registered: Registered,
    /// The folder with its `MLmodel`.
    pub path: PathBuf,
}

impl RegisteredFolder {
    /// The name of its model in a run: `churn-v3`.
    pub fn name(&self) -> String {
        plain(&format!("{}-v{}", self.registered.model, self.registered.version))
    }
}

/// What of a store is to be tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    /// The versions that are in use, by model and version.
    pub folders: Vec<RegisteredFolder>,
    /// Versions that nobody points at, and that are not the newest one of their model.
    pub unused: usize,
    /// What is in use and cannot be had.
    pub refused: Vec<Refusal>,
}

/// The versions in a store of files, which is the folder `mlruns`; `None` where a folder is not one with registered models.
pub fn versions_of_files(files: &dyn Files, store: &Path) -> Option<Vec<ModelVersion>> {
    let mut versions = Vec::new();
    for model in files.list(&store.join(MODELS)).ok()? {
        let Some(about) = described(files, &model) else { continue };
        let name = about.get("name").cloned().unwrap_or_else(|| last(&model));
        let mut aliases: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for alias in files.list(&model.join("aliases")).unwrap_or_default() {
            if let Some(version) = text(files, &alias).and_then(|text| text.trim().parse().ok()) {
                aliases.entry(version).or_default().push(last(&alias));
            }
        }
        let tag = |folder: &Path| text(files, &folder.join("tags/owner")).map(|text| text.trim().to_owned());
        let owner = tag(&model);
        for folder in files.list(&model).unwrap_or_default() {
            let Some(about) = last(&folder).strip_prefix("version-").and_then(|_| described(files, &folder))
            else {
                continue;
            };
            let Some(version) = about.get("version").and_then(|version| version.parse().ok()) else {
                continue;
            };
            let said = |key: &str| about.get(key).filter(|text| !text.is_empty()).cloned();
            versions.push(ModelVersion {
                model: name.clone(),
                version,
                stage: said("current_stage"),
                aliases: aliases.remove(&version).unwrap_or_default(),
                owner: tag(&folder).or_else(|| owner.clone()).or_else(|| said("user_id")),
                places: [said("storage_location"), said("source")].into_iter().flatten().collect(),
            });
        }
    }
    (!versions.is_empty()).then_some(versions)
}

/// Which versions of a store are tried: those with an alias or a stage, and the newest one of a model that has neither. Paths
/// that are not there any more are looked for below the folder of the store, since stores are moved and copied.
pub fn in_use(files: &dyn Files, folder: &Path, mut versions: Vec<ModelVersion>) -> Store {
    versions.sort_by(|a, b| (&a.model, a.version).cmp(&(&b.model, b.version)));
    let mut store = Store::default();
    for group in versions.chunk_by(|a, b| a.model == b.model) {
        let is_any_used = group.iter().any(ModelVersion::is_used);
        for (index, version) in group.iter().enumerate() {
            if !version.is_used() && (is_any_used || index + 1 < group.len()) {
                store.unused += 1;
                continue;
            }
            match version.places.iter().find_map(|place| resolved(files, folder, place)) {
                Some(path) => {
                    store.folders.push(RegisteredFolder { registered: registered(version), path });
                }
                None => store.refused.push(not_there(version)),
            }
        }
    }
    store
}

fn registered(version: &ModelVersion) -> Registered {
    let stage = version.stage.clone().filter(|stage| stage != UNUSED[0]);
    Registered {
        model: version.model.clone(),
        version: version.version,
        stage,
        aliases: version.aliases.clone(),
        owner: version.owner.clone(),
    }
}

fn not_there(version: &ModelVersion) -> Refusal {
    let place = version.places.first().map_or("nowhere", String::as_str);
    Refusal {
        message: format!(
            "version {} of the registered model `{}` is left out: its files are in `{place}`, which is no folder of this \
             machine",
            version.version, version.model
        ),
        help: format!(
            "fetch them with `mlflow artifacts download --artifact-uri models:/{}/{}`, and name the folder",
            version.model, version.version
        ),
    }
}

/// The folder with an `MLmodel` that a place of a store means.
fn resolved(files: &dyn Files, store: &Path, place: &str) -> Option<PathBuf> {
    let is_model = |path: &PathBuf| files.kind(&path.join(MLMODEL)) == Kind::File;
    let local = match place.split_once(':') {
        Some(("file", rest)) => unescaped(rest.strip_prefix("//").unwrap_or(rest)),
        // What a server hands out lies below a folder beside its store.
        Some(("mlflow-artifacts", rest)) => rest.trim_start_matches('/').to_owned(),
        Some(("models", rest)) => return logged(files, store, rest.trim_start_matches('/')).filter(is_model),
        Some(_) => return None,
        None => place.to_owned(),
    };
    let path = Path::new(&local);
    let beside = store.parent().unwrap_or(Path::new(""));
    let mut places = vec![path.to_owned()];
    if path.is_relative() {
        places.extend([beside.join(path), store.join(path)]);
        places.extend(
            ROOTS.iter().flat_map(|root| [beside.join(root).join(path), store.join(root).join(path)]),
        );
    }
    // Moved as a whole: what stood below the folder of runs stands below it still.
    let parts: Vec<_> = path.iter().collect();
    if let Some(at) = parts.iter().rposition(|part| ROOTS.iter().any(|root| *part == *root)) {
        let below: PathBuf = parts[at + 1..].iter().collect();
        let root = Path::new(parts[at]);
        places.extend([store.join(&below), store.join(root).join(&below), beside.join(root).join(&below)]);
    }
    places.into_iter().find(is_model)
}

/// The folder of a logged model, `m-...`, in any experiment of a store.
fn logged(files: &dyn Files, store: &Path, id: &str) -> Option<PathBuf> {
    let beside = store.parent().unwrap_or(Path::new(""));
    let roots = std::iter::once(store.to_owned())
        .chain(ROOTS.iter().flat_map(|root| [store.join(root), beside.join(root)]));
    let mut found = roots.flat_map(|root| files.list(&root).unwrap_or_default());
    found.find_map(|experiment| {
        let path = experiment.join(MODELS).join(id).join("artifacts");
        (files.kind(&path) == Kind::Folder).then_some(path)
    })
}

/// A path of an address: `%20` is a blank.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The keys of a description that hold one word or text each.
fn described(files: &dyn Files, folder: &Path) -> Option<BTreeMap<String, String>> {
    let text = text(files, &folder.join(META))?;
    let pair = |line: &str| {
        let (key, value) = line.split_once(':')?;
        let is_top = !key.starts_with([' ', '-', '#']);
        is_top.then(|| (key.to_owned(), unquoted(value.trim())))
    };
    Some(text.lines().filter_map(pair).collect())
}

fn unquoted(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    match (inner('\''), inner('"'), value) {
        (Some(text), ..) => text.replace("''", "'"),
        (None, Some(text), _) => text.replace("\\\"", "\""),
        (None, None, "null") => String::new(),
        (None, None, value) => value.to_owned(),
    }
}

fn text(files: &dyn Files, path: &Path) -> Option<String> {
    let is_file = files.kind(path) == Kind::File;
    is_file.then(|| files.read(path).ok()).flatten().and_then(|bytes| String::from_utf8(bytes).ok())
}

fn last(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
