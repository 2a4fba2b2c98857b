//! What the zoo has tried, and which cells show each rule: measured by `shelflife explain --measure`, never written by
//! hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::packages::ANY_PACKAGE;
use super::pairs::Pairs;
use super::symptom::Side;
use crate::knowledge;
use crate::notation::Version;
use crate::vocab::{ByteOrder, FileFacts, Record, Verdict};

static EVIDENCE: LazyLock<Evidence> = LazyLock::new(|| knowledge::measured("evidence.json"));

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The runs, by matrix.
    pub matrices: BTreeMap<String, Tried>,
    /// The cells that show a rule, by its id.
    pub rules: BTreeMap<String, Shown>,
}

/// What one run tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Its environments, each of which read the files of all.
    pub environments: Vec<TriedEnvironment>,
    /// For each name that loading imports the pairs of environments, by index, between which a file with it worked.
    pub names: BTreeMap<String, Pairs>,
}

/// An environment of a measured run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedEnvironment {
    /// Version of Python.
    pub python: String,
    /// Pointer width.
    pub bits: u8,
    /// Whether its most significant byte comes first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub big_endian: bool,
    /// Versions of the packages that rules speak of.
    pub packages: BTreeMap<String, String>,
}

/// The cells that show a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// How many, by matrix.
    pub cells: BTreeMap<String, u64>,
    /// `matrix: artifact -> consumer`, one of them.
    pub example: String,
    /// First and last version of the rule's package that wrote such a file.
    pub written: (String, String),
    /// First and last version of the rule's package that showed it.
    pub read: (String, String),
}

/// Packages whose versions rules speak of.
const PACKAGES: [&str; 4] = ["scikit-learn", "numpy", "scipy", "joblib"];

/// Modules of packages whose releases are not kept here: that a file with one of them worked says nothing of another release.
const OF_OTHERS: [&str; 14] = [
    "catboost",
    "category_encoders",
    "feature_engine",
    "hdbscan",
    "imblearn",
    "lightgbm",
    "pyod",
    "quantile_forest",
    "sklearn_pandas",
    "skrub",
    "sksurv",
    "statsmodels",
    "umap",
    "xgboost",
];

/// The modules of what arrays and plain values are rebuilt with. What they hold says nothing of the release of scikit-learn that
/// wrote them; whether a reader has them hangs on its own numpy.
const OF_ARRAYS: [&str; 8] = [
    "_codecs",
    "builtins",
    "collections",
    "copyreg",
    "numpy",
    "numpy._core.multiarray",
    "numpy.core.multiarray",
    "numpy.core.numeric",
];

/// Whether a name is that of arrays or plain values.
fn is_of_arrays(name: &str) -> bool {
    name.split_once(':').is_some_and(|(module, _)| OF_ARRAYS.contains(&module))
}

/// What was measured.
pub fn evidence() -> &'static Evidence {
    &EVIDENCE
}

impl Evidence {
    /// Measures judged runs, each with the facts of its artifacts in the order of the record.
    pub fn measure(runs: &[(Record, Vec<Option<FileFacts>>)]) -> Self {
        let mut evidence = Self::default();
        for (record, facts) in runs {
            evidence.add(record, facts);
        }
        evidence
    }

    /// What was measured before of matrices that are not among these: their runs need not be repeated for a rule that
    /// does not concern them.
    pub fn joined(mut self, before: &Self) -> Self {
        let kept = |matrix: &str| before.matrices.contains_key(matrix) && !self.matrices.contains_key(matrix);
        let mut rules: Vec<(&String, Shown)> = Vec::new();
        for (id, shown) in &before.rules {
            let mut shown = shown.clone();
            shown.cells.retain(|matrix, _| kept(matrix));
            if super::find(id).is_some() && !shown.cells.is_empty() {
                rules.push((id, shown));
            }
        }
        let matrices: Vec<_> = before.matrices.iter().filter(|(name, _)| kept(name)).collect();
        self.matrices.extend(matrices.into_iter().map(|(name, tried)| (name.clone(), tried.clone())));
        for (id, old) in rules {
            let kept_example =
                old.example.split(": ").next().is_some_and(|name| old.cells.contains_key(name));
            match self.rules.get_mut(id) {
                None => {
                    self.rules.insert(id.clone(), old);
                }
                Some(new) => {
                    for range in [(&mut new.written, &old.written), (&mut new.read, &old.read)] {
                        widen(range.0, &range.1.0);
                        widen(range.0, &range.1.1);
                    }
                    new.cells.extend(old.cells);
                    if kept_example {
                        new.example = old.example;
                    }
                }
            }
        }
        self
    }

    /// As the file that is kept: a line for each name and each rule, so that a change is easy to read.
    ///
    /// # Errors
    /// Never in practice: every key is text.
    pub fn to_text(&self) -> serde_json::Result<String> {
        let mut text = String::from("{\"matrices\":{\n");
        for (index, (matrix, tried)) in self.matrices.iter().enumerate() {
            let comma = if index == 0 { "" } else { ",\n" };
            text.push_str(&format!("{comma}{}:{{\"environments\":[\n", serde_json::to_string(matrix)?));
            let environments: Result<Vec<_>, _> =
                tried.environments.iter().map(serde_json::to_string).collect();
            text.push_str(&environments?.join(",\n"));
            text.push_str("],\"names\":{\n");
            text.push_str(&lines(&tried.names)?);
            text.push_str("}}");
        }
        text.push_str("},\n\"rules\":{\n");
        text.push_str(&lines(&self.rules)?);
        text.push_str("}}\n");
        Ok(text)
    }

    fn add(&mut self, record: &Record, facts: &[Option<FileFacts>]) {
        let matrix = &record.matrix.name;
        let mut tried = Tried::default();
        let index: BTreeMap<_, _> =
            record.environments.iter().enumerate().map(|(index, env)| (&env.name, index)).collect();
        for environment in &record.environments {
            tried.environments.push(TriedEnvironment {
                python: environment.python.clone(),
                bits: environment.bits,
                big_endian: environment.byte_order() == Some(ByteOrder::Big),
                packages: PACKAGES
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), environment.packages.get(*name)?.clone())))
                    .collect(),
            });
        }
        let of_artifact: HashMap<_, _> = record.artifacts.iter().map(|it| &it.id).zip(facts).collect();
        let worked = |verdict| matches!(verdict, Verdict::Identical | Verdict::Roundoff);
        for cell in record.cells.iter().filter(|cell| worked(cell.verdict)) {
            let facts = of_artifact.get(&cell.artifact).and_then(|facts| facts.as_ref());
            // What a schema names says nothing of pickles.
            for name in facts.filter(|facts| !facts.is_schema).iter().flat_map(|facts| &facts.globals) {
                if OF_OTHERS.contains(&name.split(['.', ':']).next().unwrap_or_default()) {
                    continue;
                }
                let pairs = tried.names.entry(name.clone()).or_default();
                pairs.insert(index[&cell.producer], index[&cell.consumer]);
            }
        }
        for cell in &record.cells {
            let Some(rule) = cell.rule.as_deref().and_then(super::find) else { continue };
            let version = |name| {
                let environment = &record.environments[index[name]];
                match rule.package.as_str() {
                    // Ranges over several packages say nothing.
                    ANY_PACKAGE => String::new(),
                    "python" => environment.python.clone(),
                    package => environment.packages.get(package).cloned().unwrap_or_default(),
                }
            };
            let (written, read) = (version(&cell.producer), version(&cell.consumer));
            let shown = self.rules.entry(rule.id.to_owned()).or_insert_with(|| Shown {
                example: format!("{matrix}: {} -> {}", cell.artifact, cell.consumer),
                written: (written.clone(), written.clone()),
                read: (read.clone(), read.clone()),
                ..Shown::default()
            });
            *shown.cells.entry(matrix.clone()).or_default() += 1;
            widen(&mut shown.written, &written);
            widen(&mut shown.read, &read);
        }
        self.matrices.insert(matrix.clone(), tried);
    }

    /// The environments that were tried with this minor release of scikit-learn and pointer width.
    pub fn environments(&self, minor: &str, bits: u8) -> impl Iterator<Item = (&str, &TriedEnvironment)> {
        self.matrices.iter().flat_map(move |(name, tried)| {
            let like = move |environment: &&TriedEnvironment| {
                environment.bits == bits && minor_of(environment.scikit_learn()) == Some(minor)
            };
            tried.environments.iter().filter(like).map(move |environment| (name.as_str(), environment))
        })
    }

    /// Whether anybody has read files in this minor release of scikit-learn.
    pub fn is_tried(&self, minor: &str) -> bool {
        let environments = self.matrices.values().flat_map(|tried| &tried.environments);
        environments
            .filter(|environment| environment.bits > 0)
            .any(|environment| minor_of(environment.scikit_learn()) == Some(minor))
    }

    /// The environment that is most like one of a minor release and pointer width: of the matrix that tried most.
    pub fn like(&self, minor: &str, bits: u8) -> Option<&TriedEnvironment> {
        let size = |matrix: &str| self.matrices.get(matrix).map_or(0, |tried| tried.names.len());
        self.environments(minor, bits).max_by_key(|(matrix, _)| size(matrix)).map(|(_, found)| found)
    }

    /// The names of a file that were not seen to work from one minor release into an environment; empty where all of
    /// them were, with the packages that it has.
    pub fn untried<'f>(&self, file: &'f FileFacts, from: &str, to: &Side) -> Vec<&'f str> {
        let indices = |tried: &Tried, is_like: &dyn Fn(&TriedEnvironment) -> bool| -> BTreeSet<usize> {
            let environments = tried.environments.iter().enumerate();
            environments.filter(|(_, environment)| is_like(environment)).map(|(index, _)| index).collect()
        };
        let is_from = |environment: &TriedEnvironment| minor_of(environment.scikit_learn()) == Some(from);
        let tables: Vec<(&Tried, BTreeSet<usize>, BTreeSet<usize>)> = self
            .matrices
            .values()
            .map(|tried| (tried, indices(tried, &is_from), indices(tried, &|it| it.is_like(to))))
            .filter(|(_, _, consumers)| !consumers.is_empty())
            .collect();
        let is_tried = |name: &str| {
            tables.iter().any(|(tried, producers, consumers)| {
                tried.names.get(name).is_some_and(|pairs| {
                    if is_of_arrays(name) {
                        pairs.reach(consumers)
                    } else {
                        pairs.between(producers, consumers)
                    }
                })
            })
        };
        file.globals.iter().map(String::as_str).filter(|name| !is_tried(name)).collect()
    }
}

impl TriedEnvironment {
    /// Its version of scikit-learn.
    pub fn scikit_learn(&self) -> &str {
        self.packages.get("scikit-learn").map(String::as_str).unwrap_or_default()
    }

    /// Whether it is like another one: the same minor releases of the packages that are known there, and as wide.
    fn is_like(&self, side: &Side) -> bool {
        let is_minor = |name: &str| {
            let Some(wanted) = side.versions.get(name) else { return true };
            let own = self.packages.get(name).and_then(|text| text.parse::<Version>().ok());
            own.is_some_and(|own| own.has_minor_of(wanted))
        };
        side.bits.is_none_or(|bits| bits == self.bits) && PACKAGES.iter().all(|name| is_minor(name))
    }

    /// As a side of a cell.
    pub fn side(&self) -> Side {
        let order = if self.big_endian { ByteOrder::Big } else { ByteOrder::Little };
        Side::new(&self.python, &self.packages, Some(self.bits)).with_byte_order(Some(order))
    }
}

/// The entries of a table, one a line.
fn lines<T: Serialize>(table: &BTreeMap<String, T>) -> serde_json::Result<String> {
    let entry = |(name, value): (&String, &T)| {
        Ok(format!("{}:{}", serde_json::to_string(name)?, serde_json::to_string(value)?))
    };
    Ok(table.iter().map(entry).collect::<serde_json::Result<Vec<_>>>()?.join(",\n"))
}

/// `1.5` of `1.5.2`.
pub(super) fn minor_of(version: &str) -> Option<&str> {
    let second = version.find('.')? + 1;
    let end = version[second..].find(|letter: char| !letter.is_ascii_digit());
    let minor = &version[..end.map_or(version.len(), |end| second + end)];
    (minor.len() > second).then_some(minor)
}

/// Widens a range of versions to hold another one.
fn widen(range: &mut (String, String), version: &str) {
    let parse = |text: &str| text.parse::<crate::notation::Version>().ok();
    if parse(version) < parse(&range.0) {
        version.clone_into(&mut range.0);
    }
    if parse(version) > parse(&range.1) {
        version.clone_into(&mut range.1);
    }
}
