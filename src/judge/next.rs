//! What to do next about a finding, from what was seen in this very run.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::vocab::{
    ArtifactAbsence, ArtifactRecord, Cause, CellRecord, EnvName, ErrorFact, FilePlan, FindingKind, Misfit,
    ModelName, Next, Record, ReferenceKind, Stage, Trouble, Verdict,
};

/// What a run shows of each model, seen from both ends.
pub(super) struct Advisor<'a> {
    record: &'a Record,
    /// The environments in which what an environment wrote of a model works, in every format, by index.
    works: HashMap<(&'a ModelName, &'a EnvName), BTreeSet<usize>>,
    /// The environments whose artifacts of a model work in an environment, in every format, by index.
    sources: HashMap<(&'a ModelName, &'a EnvName), BTreeSet<usize>>,
    /// The environments in which training a model was seen to fail.
    untrained: HashSet<(&'a ModelName, &'a EnvName)>,
    /// The models that are files.
    files: BTreeMap<&'a ModelName, File<'a>>,
}

/// A model that is a file.
struct File<'a> {
    plan: &'a FilePlan,
    artifact: &'a ArtifactRecord,
    /// Whether every environment that was asked, its producer included, fails at reading the bytes.
    unreadable: bool,
}

impl<'a> Advisor<'a> {
    pub(super) fn new(record: &'a Record) -> Self {
        let index: HashMap<_, _> =
            record.environments.iter().enumerate().map(|(index, env)| (&env.name, index)).collect();
        let mut works: HashMap<_, BTreeSet<usize>> = HashMap::new();
        let mut sources: HashMap<_, BTreeSet<usize>> = HashMap::new();
        let mut fails: BTreeSet<(&ModelName, usize, usize)> = BTreeSet::new();
        let mut readable: BTreeSet<&ModelName> = BTreeSet::new();
        for cell in &record.cells {
            if !(cell.verdict == Verdict::LoadError && cell.stage == Stage::Read) {
                readable.insert(&cell.model);
            }
            let (Some(producer), Some(consumer)) = (index.get(&cell.producer), index.get(&cell.consumer))
            else {
                continue;
            };
            if cell.verdict.works() {
                works.entry((&cell.model, &cell.producer)).or_default().insert(*consumer);
                sources.entry((&cell.model, &cell.consumer)).or_default().insert(*producer);
            } else {
                fails.insert((&cell.model, *producer, *consumer));
            }
        }
        // A pair counts as working only when it does so in every format.
        for (model, producer, consumer) in fails {
            if let Some(set) = works.get_mut(&(model, &record.environments[producer].name)) {
                set.remove(&consumer);
            }
            if let Some(set) = sources.get_mut(&(model, &record.environments[consumer].name)) {
                set.remove(&producer);
            }
        }
        let files = record.artifacts.iter().filter_map(|artifact| {
            let plan = artifact.file.as_ref()?;
            let unreadable = !readable.contains(&artifact.model) && artifact.producer_fails.is_some();
            Some((&artifact.model, File { plan, artifact, unreadable }))
        });
        let untrained = record
            .artifacts
            .iter()
            .filter(|it| it.absence.as_ref().is_some_and(ArtifactAbsence::is_of_training));
        let untrained = untrained.map(|artifact| (&artifact.model, &artifact.producer)).collect();
        Self { record, works, sources, untrained, files: files.collect() }
    }

    /// Whether what a model should give was given.
    pub(super) fn is_expecting(&self, model: &ModelName) -> bool {
        self.files.get(model).is_some_and(|file| file.plan.expected)
    }

    /// What to do about cells of this kind, of which this one is the worst.
    pub(super) fn next(&self, kind: FindingKind, cell: &CellRecord) -> Next {
        match kind {
            FindingKind::Drift => {
                match self.record.formats.iter().find(|format| format.name == cell.format) {
                    Some(format) if format.damaged.is_some() => Next::UseDigest,
                    Some(format) if format.reference == ReferenceKind::Model => Next::UseAnotherFormat,
                    _ => self.for_failure(cell),
                }
            }
            FindingKind::Failure => self.for_failure(cell),
            FindingKind::Nondeterministic => Next::FixRandomness,
            FindingKind::Environment => self.for_environment(cell),
            FindingKind::Unjudged => self.for_unjudged(cell),
            FindingKind::NotTried | FindingKind::Noise | FindingKind::Unsupported => Next::Nothing,
        }
    }

    fn for_environment(&self, cell: &CellRecord) -> Next {
        if let Cause::Environment { trouble } = &cell.cause
            && let Some(next) = for_trouble(trouble)
        {
            return next;
        }
        let concerned =
            |env: &&crate::vocab::EnvironmentRecord| env.name == cell.producer || env.name == cell.consumer;
        let remedy = self.record.environments.iter().filter(concerned).find_map(|env| env.remedy.clone());
        match remedy {
            Some(says) => Next::Environment { says },
            None if cell.error.is_some() => Next::Constrain,
            None => Next::Nothing,
        }
    }

    /// What to tell so that a file that was tried can be judged.
    fn for_unjudged(&self, cell: &CellRecord) -> Next {
        match &cell.cause {
            Cause::NotAModel { .. } | Cause::InputsDoNotFit { because: Misfit::NotFitted, .. } => {
                Next::NameAModel
            }
            Cause::InputsDoNotFit { because: Misfit::NameNotSaved, .. } => Next::SaveWithNames,
            Cause::InputsDoNotFit { because: Misfit::Unserved, .. } => Next::PredictAlone,
            Cause::InputsDoNotFit { .. } => Next::GiveInputs,
            Cause::ExpectedMistyped { .. } => Next::CorrectExpected,
            Cause::Random { .. } => Next::FixRandomState,
            _ => {
                let producer = self.record.environments.iter().find(|env| env.name == cell.producer);
                match producer.and_then(|env| env.remedy.clone()) {
                    Some(says) => Next::Environment { says },
                    None => Next::DeclareProducerOrExpected,
                }
            }
        }
    }

    fn for_failure(&self, cell: &CellRecord) -> Next {
        if wants_trust(cell) {
            return Next::TrustTypes;
        }
        let works_in = self.names(self.works.get(&(&cell.model, &cell.producer)), &cell.producer);
        let file = self.files.get(&cell.model);
        if let Some(file) = file {
            if let Some(package) = missing_package(file, cell) {
                return Next::AddPackage { package, environment: cell.consumer.clone() };
            }
            // Damage is said only where the bytes show it, or where nobody can read them, their producer included.
            // Bytes that a reader does not know are no damage.
            let is_misread = matches!(cell.cause, Cause::Raised { misread: Some(_) });
            if cell.was_refused() || (file.unreadable && !is_misread) {
                let foreign = match &cell.cause {
                    Cause::Refused { foreign, .. } => *foreign,
                    _ => None,
                };
                return Next::GetFileAgain { foreign };
            }
            if file.artifact.producer_fails.is_some() && works_in.is_empty() {
                return Next::DeclareProducer { environment: cell.producer.clone() };
            }
        }
        Next::KeepOrRetrain {
            model: cell.model.clone(),
            producer: file.is_none().then(|| cell.producer.clone()),
            works_in,
            consumer: cell.consumer.clone(),
            sources: self.names(self.sources.get(&(&cell.model, &cell.consumer)), &cell.consumer),
            trains: !self.untrained.contains(&(&cell.model, &cell.consumer)),
        }
    }

    fn names(&self, set: Option<&BTreeSet<usize>>, except: &EnvName) -> Vec<EnvName> {
        set.into_iter()
            .flatten()
            .map(|index| &self.record.environments[*index].name)
            .filter(|name| *name != except)
            .cloned()
            .collect()
    }
}

/// Whether skops asks for types to be trusted by name, which says nothing about a release.
fn wants_trust(cell: &CellRecord) -> bool {
    cell.error.as_ref().is_some_and(|error| error.class.ends_with(".UntrustedTypesFoundException"))
}

/// The package that a file needs and its reader does not have, where it is none of scikit-learn's own world: that is no
/// finding about a release.
fn missing_package(file: &File<'_>, cell: &CellRecord) -> Option<String> {
    const OWN: &[&str] = &["sklearn", "numpy", "scipy", "joblib"];
    let error = cell.error.as_ref().filter(|error| error.class == "ModuleNotFoundError")?;
    let root = error.module.as_deref()?.split('.').next()?;
    (!OWN.contains(&root)).then(|| file.plan.imports.get(root).map_or(root, String::as_str).to_owned())
}
/// What to do about trouble that says so itself.
fn for_trouble(trouble: &Trouble) -> Option<Next> {
    Some(match trouble {
        Trouble::PackageMissing { package, .. } => Next::SayPackage { package: package.clone() },
        Trouble::ModuleMissing { module, .. } => Next::GiveModules { module: module.clone() },
        Trouble::OtherRelease { package, .. } => Next::OtherRelease { package: package.clone() },
        Trouble::NotImportable { environment, package, lacks, error } => Next::MendPackage {
            package: package.clone(),
            environment: environment.clone(),
            lacks: lacks.clone(),
            library: lacking_library(error),
        },
        Trouble::Disturbed { by, .. } => Next::TryAgain { by: by.clone() },
        Trouble::NotReached
        | Trouble::NotMade { .. }
        | Trouble::TrainingFailed { .. }
        | Trouble::TrainingDied { .. }
        | Trouble::NotInstalled { .. }
        | Trouble::Lost { .. }
        | Trouble::ProducerFails { .. }
        | Trouble::NotCompared
        | Trouble::NothingToCompare
        | Trouble::DamagedOutput { .. } => return None,
    })
}

/// The shared library that the loader did not find: `libgomp.so.1: cannot open shared object file`.
fn lacking_library(error: &ErrorFact) -> Option<String> {
    let before = error.message.split_once(": cannot open shared object file")?.0;
    let name = before.rsplit([' ', '/', '\n', '(']).next()?;
    name.contains(".so").then(|| name.to_owned())
}
