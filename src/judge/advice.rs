//! What to do next about a finding, in words that name environments of this very run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::findings::cut;
use crate::vocab::{CellRecord, EnvName, ModelName, Record, Stage};

pub(super) fn environment_remedy(record: &Record, cell: &CellRecord) -> Option<String> {
    let imports = imports(record);
    if imports.contains_key(&cell.model)
        && let Some(package) = missing_package(&imports, cell)
    {
        return Some(format!(
            "Say which {package} belongs to it, where it was made and where it is read: `--made-by \
             \"scikit-learn==... {package}==...\"` and the same for --on (`versions` and `packages` in a matrix)."
        ));
    }
    record
        .environments
        .iter()
        .filter(|env| env.name == cell.producer || env.name == cell.consumer)
        .find_map(|env| env.remedy.clone())
        .or_else(|| {
            cell.error.as_ref().map(|_| {
                "If this version lacks the feature, give the model a `requires`; else constrain the environment's \
                 packages."
                    .to_owned()
            })
        })
}

/// Where a model works, seen from both ends, for advice that names environments of this very run.
pub(super) struct Advice<'a> {
    works: HashMap<(&'a ModelName, &'a EnvName), BTreeSet<usize>>,
    trained: HashMap<(&'a ModelName, &'a EnvName), BTreeSet<usize>>,
    names: Vec<&'a EnvName>,
    /// Models that are files from outside.
    outside: BTreeSet<&'a ModelName>,
    /// Those of them whose outputs were given.
    pub(super) expecting: BTreeSet<&'a ModelName>,
    /// What they import.
    imports: BTreeMap<&'a ModelName, &'a Imports>,
    /// What their own producers did instead of predicting.
    broken: BTreeMap<&'a ModelName, &'a str>,
}

impl<'a> Advice<'a> {
    pub(super) fn new(record: &'a Record) -> Self {
        let names: Vec<_> = record.environments.iter().map(|env| &env.name).collect();
        let index: HashMap<_, _> = names.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        let mut works: HashMap<_, BTreeSet<usize>> = HashMap::new();
        let mut trained: HashMap<_, BTreeSet<usize>> = HashMap::new();
        let mut fails: BTreeSet<(&ModelName, usize, usize)> = BTreeSet::new();
        for cell in &record.cells {
            let (Some(producer), Some(consumer)) = (index.get(&cell.producer), index.get(&cell.consumer))
            else {
                continue;
            };
            if cell.verdict.works() {
                works.entry((&cell.model, &cell.producer)).or_default().insert(*consumer);
                trained.entry((&cell.model, &cell.consumer)).or_default().insert(*producer);
            } else {
                fails.insert((&cell.model, *producer, *consumer));
            }
        }
        // A pair counts as working only when it does so in every format.
        for (model, producer, consumer) in fails {
            if let Some(set) = works.get_mut(&(model, names[producer])) {
                set.remove(&consumer);
            }
            if let Some(set) = trained.get_mut(&(model, names[consumer])) {
                set.remove(&producer);
            }
        }
        let outside = record.artifacts.iter().filter(|it| it.file.is_some()).map(|it| &it.model).collect();
        let given = |it: &&crate::vocab::ArtifactRecord| it.file.as_ref().is_some_and(|file| file.expected);
        let expecting = record.artifacts.iter().filter(given).map(|it| &it.model).collect();
        let broken = record
            .artifacts
            .iter()
            .filter(|it| it.file.is_some() && it.digest.is_some())
            .filter_map(|it| Some((&it.model, it.reason.as_deref()?)))
            .collect();
        Self { works, trained, names, outside, expecting, imports: imports(record), broken }
    }

    fn list(&self, set: Option<&BTreeSet<usize>>, except: &EnvName) -> Vec<String> {
        set.into_iter()
            .flatten()
            .map(|index| self.names[*index])
            .filter(|name| *name != except)
            .map(ToString::to_string)
            .collect()
    }

    pub(super) fn for_cell(&self, cell: &CellRecord) -> Option<String> {
        if wants_trust(cell) {
            return Some(
                "Look at the types that it names; those that you trust go into --trust, or into `trust` of the format \
                 in a matrix."
                    .to_owned(),
            );
        }
        let elsewhere = self.list(self.works.get(&(&cell.model, &cell.producer)), &cell.producer);
        let sources = self.list(self.trained.get(&(&cell.model, &cell.consumer)), &cell.consumer);
        let retrain = if sources.is_empty() {
            format!("retrain {} in {}", cell.model, cell.consumer)
        } else {
            format!(
                "retrain {} in {} (artifacts of {} work there too)",
                cell.model,
                cell.consumer,
                sources.join(", ")
            )
        };
        if self.outside.contains(&cell.model) {
            if let Some(package) = missing_package(&self.imports, cell) {
                return Some(format!(
                    "{} has no `{package}`: the file needs it. Name it with the environment, such as \
                     \"scikit-learn==... {package}==...\".",
                    cell.consumer
                ));
            }
            if cell.stage == Stage::Read && elsewhere.is_empty() {
                return Some("Get the file again, or save it again: it is damaged, or no model.".to_owned());
            }
            if let Some(what) = self.broken.get(&cell.model).filter(|_| elsewhere.is_empty()) {
                return Some(format!(
                    "It fails where it was made as well ({}): the file is damaged, or something else made it; say what \
                     with --made-by (`versions` in a matrix).",
                    cut(what)
                ));
            }
            // Its maker is not where it is used: what counts is where it was tried.
            let stay = match elsewhere.as_slice() {
                [] => "keep it where it was made".to_owned(),
                names => format!("keep it in {}", names.join(", ")),
            };
            return Some(format!("Either {stay}, or retrain {} in {}.", cell.model, cell.consumer));
        }
        let keep = if elsewhere.is_empty() {
            format!("keep artifacts of {} in {} only", cell.producer, cell.producer)
        } else {
            format!("keep artifacts of {} in {} or {}", cell.producer, cell.producer, elsewhere.join(", "))
        };
        Some(format!("Either {keep}, or {retrain}."))
    }
}

/// Whether skops asks for types to be trusted by name, which says nothing about a release.
fn wants_trust(cell: &CellRecord) -> bool {
    cell.error.as_ref().is_some_and(|error| error.class.ends_with(".UntrustedTypesFoundException"))
}

/// The package that a file needs and its reader does not have, where it is none of scikit-learn's own world: that is no
/// finding about a release.
fn missing_package<'a>(imports: &BTreeMap<&ModelName, &'a Imports>, cell: &'a CellRecord) -> Option<&'a str> {
    const OWN: &[&str] = &["sklearn", "numpy", "scipy", "joblib"];
    let error = cell.error.as_ref().filter(|error| error.class == "ModuleNotFoundError")?;
    let root = error.module.as_deref()?.split('.').next()?;
    let known = imports.get(&cell.model).and_then(|imports| imports.get(root));
    (!OWN.contains(&root)).then(|| known.map_or(root, String::as_str))
}

/// Modules with the packages that bring them.
type Imports = BTreeMap<String, String>;

/// What the files of a record import.
fn imports(record: &Record) -> BTreeMap<&ModelName, &Imports> {
    let files = record.artifacts.iter().filter_map(|it| Some((&it.model, &it.file.as_ref()?.imports)));
    files.collect()
}
