//! From the record of a run to the facts of the map.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{MAP_VERSION, MapEnvironment, MapFacts, MapModel, MapRun, SCIKIT_LEARN};
use super::square::{Seen, SeenCells, Square};
use crate::explain;
use crate::vocab::{
    ByteOrder, Digest, EnvironmentRecord, FileFacts, FormatName, ModelName, ModelPlan, Record, Setup, Verdict,
};

/// Packages whose versions are told beside it.
const PACKAGES: [&str; 8] =
    ["numpy", "scipy", "joblib", "skops", "onnx", "onnxruntime", "skl2onnx", "cloudpickle"];

/// Functions that make estimators, and what they make.
const MAKERS: [(&str, &str); 3] = [
    ("make_pipeline", "Pipeline"),
    ("make_union", "FeatureUnion"),
    ("make_column_transformer", "ColumnTransformer"),
];

/// A recorded run, as the map takes it in.
#[derive(Clone, Copy, Debug)]
pub struct MeasuredRun<'r> {
    /// As it was judged.
    pub record: &'r Record,
    /// Its models as they were planned.
    pub models: &'r [ModelPlan],
    /// What its artifacts hold, in the order of the record.
    pub files: &'r [Option<FileFacts>],
    /// Digest of the bytes of its record.
    pub digest: Digest,
}

impl MapFacts {
    /// What runs have shown.
    pub fn measure(runs: &[MeasuredRun<'_>]) -> Self {
        let run = |run: &MeasuredRun<'_>| (run.record.matrix.name.clone(), run.facts());
        Self { version: MAP_VERSION, runs: runs.iter().map(run).collect() }
    }
}

impl MeasuredRun<'_> {
    fn facts(&self) -> MapRun {
        let record = self.record;
        let mut indices = BTreeMap::new();
        let mut environments = Vec::new();
        for environment in &record.environments {
            if let Some(kept) = plain(environment) {
                indices.insert(&environment.name, environments.len());
                environments.push(kept);
            }
        }
        let mut cells: BTreeMap<(&ModelName, &FormatName), SeenCells> = BTreeMap::new();
        for cell in record.cells.iter().filter(|cell| says_something(cell.verdict)) {
            let sides = (indices.get(&cell.producer), indices.get(&cell.consumer));
            let (Some(producer), Some(consumer)) = sides else { continue };
            let seen = Seen { verdict: cell.verdict, rule: cell.rule.clone() };
            let square = cells.entry((&cell.model, &cell.format)).or_default();
            square.entry(*producer).or_default().insert(*consumer, seen);
        }
        let mut models = BTreeMap::new();
        let mut left_out = 0;
        for planned in self.models {
            let Some(estimator) = self.estimator(planned) else {
                left_out += 1;
                continue;
            };
            let square = |format: &FormatName| {
                let seen = cells.get(&(&planned.name, format))?;
                Some((format.clone(), Square::new(seen)))
            };
            let formats: BTreeMap<FormatName, Square> = planned.formats.iter().filter_map(square).collect();
            if !formats.is_empty() {
                let model = MapModel {
                    estimator,
                    expression: planned.estimator.clone(),
                    dataset: planned.dataset.clone(),
                    formats,
                };
                models.insert(planned.name.to_string(), model);
            }
        }
        MapRun {
            record: self.digest,
            started: record.run.started.clone(),
            shelflife: record.run.shelflife.clone(),
            environments,
            models,
            left_out,
        }
    }

    /// The outermost estimator of a model, by its public module: what its expression calls, where files of the model hold
    /// such a class of scikit-learn.
    fn estimator(&self, planned: &ModelPlan) -> Option<String> {
        let called = planned.estimator.split('(').next()?.trim();
        let made = MAKERS.iter().find(|(maker, _)| *maker == called);
        let class = made.map_or(called, |(_, class)| class);
        let artifacts = self.record.artifacts.iter().zip(self.files);
        let files = artifacts.filter(|(artifact, _)| artifact.model == planned.name);
        let modules: BTreeSet<&str> = files
            .filter_map(|(_, facts)| facts.as_ref())
            .flat_map(|facts| &facts.globals)
            .filter_map(|global| global.split_once(':'))
            .filter(|(module, name)| *name == class && module.starts_with("sklearn."))
            .map(|(module, _)| module)
            .collect();
        let module = modules.into_iter().find_map(|module| explain::public_module(module, class))?;
        Some(format!("{module}.{class}"))
    }
}

/// An environment that was made, and in which scikit-learn computes as it does by itself.
fn plain(environment: &EnvironmentRecord) -> Option<MapEnvironment> {
    let lock = environment.full_lock.as_ref()?;
    let is_plain = environment.setup == Setup::default() && lock.config.is_empty();
    if !is_plain || lock.byteorder == ByteOrder::Big || environment.is_broken() {
        return None;
    }
    let version = |name: &str| environment.packages.get(name).cloned();
    let packages = PACKAGES.iter().filter_map(|name| Some(((*name).to_owned(), version(name)?)));
    Some(MapEnvironment {
        name: environment.name.to_string(),
        release: version(SCIKIT_LEARN)?,
        python: environment.python.clone(),
        bits: environment.bits,
        arch: environment.arch.clone(),
        libc: lock.libc.clone(),
        packages: packages.collect(),
        lock: environment.lock?,
    })
}

/// Whether a verdict says anything of a file between two releases.
fn says_something(verdict: Verdict) -> bool {
    verdict.works() || verdict.fails() || verdict == Verdict::Absent
}
