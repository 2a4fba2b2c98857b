//! From declarations to models: what each file is, what made it, what it predicts on and what is expected of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::admission;
use super::arrays::Arrays;
use super::files::{Files, Kind};
use super::find::{self, Found};
use super::folder;
use super::package::Package;
use super::packages::{Packages, add};
use super::producer::{self, FileProducer};
use super::recognise::{self, Examined, Seen};
use crate::dataset::{self, Dataset};
use crate::format;
use crate::matrix::{
    ArtifactDeclaration, EnvironmentSpec, Expanded, ExpectedOutput, ExternalArtifact, FindArtifacts,
    ModelSource, ModelSpec, Refusal, RuntimeSpec,
};
use crate::vocab::{EnvName, Foreign, FormatName, InputsKind};

/// Name of the environment that stands for unknown producers.
pub const UNKNOWN: &str = "unknown";
/// Name of the dataset that the agent makes up.
pub const SYNTHETIC: &str = "synthetic";
/// Name of the dataset that is none.
pub const NONE: &str = "none";

/// What gives columns their names.
const PANDAS: &str = "pandas";

/// Finds artifacts in a file system.
pub struct Finder<'a> {
    /// The file system.
    pub files: &'a dyn Files,
    /// The environment that made what nothing else tells; `None` leaves it unknown.
    pub default_producer: Option<EnvName>,
    /// What the environments of producers get beside what each file takes, so that files of one release share one.
    pub packages: Packages,
}

impl FindArtifacts for Finder<'_> {
    fn find(&self, declared: &[ArtifactDeclaration], environments: &[EnvironmentSpec]) -> Expanded {
        let mut state = State {
            files: self.files,
            default_producer: self.default_producer.as_ref(),
            packages: &self.packages,
            declared: environments,
            expanded: Expanded::default(),
            taken: BTreeMap::new(),
            seen: BTreeSet::new(),
        };
        for declaration in declared {
            let found = find::files(self.files, declaration, &mut state.expanded.refused);
            for file in found {
                state.add(declaration, &file);
            }
        }
        state.expanded
    }
}

struct State<'a> {
    files: &'a dyn Files,
    default_producer: Option<&'a EnvName>,
    packages: &'a Packages,
    declared: &'a [EnvironmentSpec],
    expanded: Expanded,
    /// Names of models with the files that have them.
    taken: BTreeMap<String, String>,
    seen: BTreeSet<PathBuf>,
}

/// What is in a file or folder.
#[derive(Default)]
struct Content {
    seen: Seen,
    /// The archive of a folder.
    packed: Option<Arc<[u8]>>,
    /// Rows that were saved with it.
    example: Option<Dataset>,
    /// Why it is not loaded.
    refusal: Option<String>,
}

impl State<'_> {
    fn add(&mut self, declaration: &ArtifactDeclaration, found: &Found) {
        if !self.seen.insert(self.files.canonical(&found.path)) {
            return;
        }
        if let Some(other) = self.taken.get(&found.name) {
            self.expanded.refused.push(Refusal {
                message: format!(
                    "two artifacts are named `{}`: `{other}` and `{}`; the second is left out",
                    found.name, found.declared
                ),
                help: "rename one of the files, or name them one by one in a matrix with `name`".to_owned(),
            });
            return;
        }
        self.taken.insert(found.name.clone(), found.declared.clone());
        let model = self.model(declaration, found);
        self.expanded.models.push(model);
    }

    fn model(&mut self, declaration: &ArtifactDeclaration, found: &Found) -> ModelSpec {
        let mut notes = Vec::new();
        let mut package = Package::read(self.files, &found.path, &mut notes);
        let Content { mut seen, packed, example, mut refusal } = self.content(found, &package, &mut notes);
        refusal = refusal.or_else(|| package.refusal(declaration.inputs.is_some()).cloned());
        package.example = package.inputs.is_none() && example.is_some();
        package.inputs = package.inputs.take().or(example);
        let format = match (&declaration.format, seen.format) {
            (Some(declared), _) => {
                if let Some(row) = format::find(declared.as_str()) {
                    seen.take_format(row.name);
                }
                declared.clone()
            }
            (None, Some(format)) => FormatName::from(format),
            (None, None) => {
                let foreign = seen.foreign.unwrap_or(Foreign::Unknown);
                let reason = format!("`{}` is {}; nothing was loaded", found.declared, foreign.what());
                refusal = refusal.or(Some(reason));
                "pickle".into()
            }
        };
        if package.named_columns || seen.named_columns {
            seen.packages.insert(PANDAS.to_owned());
        }
        let mut asked = std::mem::take(&mut seen.asked);
        // What a key names is a package where the file imports it.
        let is_imported = |package: &String| seen.imports.values().any(|import| import == package);
        package.hinted.retain(|hinted, _| is_imported(hinted));
        package.versions.append(&mut package.hinted);
        for versions in [&mut package.versions, &mut seen.versions] {
            *versions = admission::admit(std::mem::take(versions), &declaration.allowed, &mut asked);
        }
        notes.extend(admission::said(&asked));
        let recorded = FileProducer::of(declaration.made_by.as_ref(), &package, &seen, &mut notes);
        let packages: Packages = seen
            .packages
            .iter()
            .map(|package| (package.clone(), seen.versions.get(package).cloned()))
            .collect();
        let (producer, extra) = self.producer(&recorded, &packages, &mut notes);
        let (inputs, inputs_from, dataset) = self.inputs(declaration, &package, found);
        let expected = self.expected(declaration, &package, inputs, &mut notes, &mut refusal);
        if let Some(environment) = extra {
            self.expanded.environments.push(environment);
        }
        let file = ExternalArtifact {
            path: found.path.clone(),
            declared_path: found.declared.clone(),
            digest: seen.digest,
            packed,
            producer,
            inputs,
            inputs_from,
            packages,
            imports: seen.imports,
            modules: seen.modules,
            foreign: seen.foreign,
            refusal,
            expected,
            asked,
            notes,
        };
        ModelSpec {
            name: found.name.clone().into(),
            source: ModelSource::File(Arc::new(file)),
            dataset,
            inputs: None,
            formats: vec![format],
            methods: declaration.methods.clone(),
            requires: Vec::new(),
            arrays: None,
            seed: declaration.seed,
        }
    }

    /// What is in a file or folder, as far as it can be seen without loading it.
    fn content(&self, found: &Found, package: &Package, notes: &mut Vec<String>) -> Content {
        let refused = |what: String| Content { refusal: Some(what), ..Content::default() };
        if self.files.kind(&found.path) == Kind::Folder {
            return match folder::read(self.files, &found.path, notes) {
                Ok(folder) => Content {
                    seen: folder.seen,
                    packed: Some(folder.bytes.into()),
                    example: folder.inputs,
                    refusal: None,
                },
                Err(reason) => refused(format!("`{}` cannot be tried: {reason}", found.declared)),
            };
        }
        let opened = self.files.open(&found.path);
        let looked = opened.and_then(|file| recognise::examine(&found.path, file, package.names_sha256()));
        match looked {
            Ok(Examined { mut seen, digest, sha256, unpacked }) => {
                notes.append(&mut seen.notes);
                Content {
                    refusal: package.corruption(&found.declared, Some(digest), sha256.as_deref()),
                    packed: unpacked.map(Into::into),
                    seen,
                    ..Content::default()
                }
            }
            Err(error) => {
                // Who reads may name the path again.
                let text = error.to_string();
                let reason = text.rsplit_once("`: ").map_or(text.as_str(), |(_, reason)| reason);
                refused(format!("`{}` cannot be read: {reason}", found.declared))
            }
        }
    }

    /// The environment that wrote the file, and that environment itself where it is a new one.
    fn producer(
        &self,
        recorded: &FileProducer,
        packages: &Packages,
        notes: &mut Vec<String>,
    ) -> (EnvName, Option<EnvironmentSpec>) {
        let spec = match recorded {
            FileProducer::Environment(name) => return (name.clone(), None),
            FileProducer::Versions(versions) => {
                notes.push(versions.said());
                let mut environment = versions.environment();
                add(packages, &mut environment.packages);
                if !environment.whole {
                    add(self.packages, &mut environment.packages);
                }
                environment
            }
            FileProducer::Unknown => match self.default_producer {
                Some(name) => {
                    notes.push(format!("its producer is unknown: assumed to be {name}"));
                    return (name.clone(), None);
                }
                None => {
                    notes.push("its producer is unknown".to_owned());
                    producer::environment(UNKNOWN, RuntimeSpec::UnknownProducer, BTreeMap::new())
                }
            },
        };
        let same = |known: &&EnvironmentSpec| {
            known.runtime == spec.runtime
                && known.packages == spec.packages
                && known.variables.is_empty()
                && known.config.is_empty()
                && known.setup == spec.setup
        };
        let known = self.declared.iter().filter(|known| known.producer && known.companions).find(same);
        if let Some(known) = known.or_else(|| self.expanded.environments.iter().find(same)) {
            return (known.name.clone(), None);
        }
        let taken = |name: &str| {
            let mut all = self.declared.iter().chain(&self.expanded.environments);
            all.any(|known| known.name.as_str() == name)
        };
        let mut name = spec.name.to_string();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{}-{number}", spec.name);
        }
        let name = EnvName::from(name);
        (name.clone(), Some(EnvironmentSpec { name, ..spec }))
    }

    /// What it predicts on: what was asked for, the validation file beside it, or made-up numbers.
    fn inputs(
        &mut self,
        declaration: &ArtifactDeclaration,
        package: &Package,
        found: &Found,
    ) -> (InputsKind, String, String) {
        let synthetic = || {
            (
                InputsKind::Synthetic,
                "synthetic inputs: random numbers, as many columns as the model expects".to_owned(),
                SYNTHETIC.to_owned(),
            )
        };
        let (kind, from, name) = match declaration.inputs.as_deref() {
            Some(SYNTHETIC) => synthetic(),
            Some(NONE) => (InputsKind::None, "no inputs: it is only loaded".to_owned(), NONE.to_owned()),
            Some(name) => return (InputsKind::Given, format!("inputs: {name}"), name.to_owned()),
            None => match &package.inputs {
                Some(dataset) => {
                    let name = format!("{}-validation", found.name);
                    self.expanded.given.insert(name.clone(), dataset.encode());
                    let from = if package.example { "its input example" } else { "its validation file" };
                    return (InputsKind::Given, format!("inputs: {from}"), name);
                }
                None => synthetic(),
            },
        };
        // Seeds make different inputs, so that each has its own name.
        let name = match (kind, declaration.seed) {
            (InputsKind::Synthetic, seed) if seed != 0 => format!("{name}-{seed}"),
            _ => name,
        };
        let encoded =
            if kind == InputsKind::None { dataset::none() } else { dataset::synthetic(declaration.seed) };
        self.expanded.given.insert(name.clone(), encoded);
        (kind, from, name)
    }

    fn expected(
        &self,
        declaration: &ArtifactDeclaration,
        package: &Package,
        inputs: InputsKind,
        notes: &mut Vec<String>,
        refusal: &mut Option<String>,
    ) -> BTreeMap<String, ExpectedOutput> {
        if let Some(path) = &declaration.expected {
            let read = self.files.read(path).map_err(|error| error.to_string());
            match read.and_then(|bytes| Arrays::of_file(path, &bytes)) {
                Ok(arrays) => {
                    notes.push("predict is compared with the expected values that were given".to_owned());
                    return arrays.outputs();
                }
                Err(reason) => {
                    *refusal = refusal.take().or_else(|| {
                        Some(format!(
                            "the expected values in `{}` cannot be used: {reason}; nothing was loaded",
                            path.display()
                        ))
                    });
                    return BTreeMap::new();
                }
            }
        }
        // Expected values belong to the inputs that stand beside them.
        if declaration.inputs.is_some() || inputs != InputsKind::Given || package.expected.is_empty() {
            return BTreeMap::new();
        }
        let names: Vec<&str> = package.expected.keys().map(String::as_str).collect();
        notes.push(format!("its validation file gives the expected values of {}", names.join(", ")));
        package.expected.clone()
    }
}
