//! From declarations to models: what each file is, what made it, what it predicts on and what is expected of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::admission;
use super::days;
use super::files::{Files, Kind};
use super::find::{self, Found};
use super::folder;
use super::given::{self, InputFile, Offered};
use super::modules;
use super::names::plain;
use super::package::Package;
use super::packages::{Packages, add};
use super::producer::{self, FileProducer};
use super::recognise::{self, Examined, Seen};
use crate::dataset::{self, Dataset};
use crate::format;
use crate::matrix::{
    ArtifactDeclaration, DatasetSpec, DeclaredInputs, EnvironmentSpec, Expanded, ExpectedOutput,
    ExternalArtifact, FindArtifacts, GivenModules, ModelSource, ModelSpec, Refusal, RuntimeSpec, VersionSpec,
};
use crate::vocab::{EnvName, ExpectedFile, Foreign, FormatName, InputsKind};

/// Name of the environment that stands for unknown producers.
pub const UNKNOWN: &str = "unknown";
/// Name of the dataset that the agent makes up.
pub const SYNTHETIC: &str = "synthetic";
/// Name of the dataset that is none.
pub const NONE: &str = "none";

/// What gives columns their names.
const PANDAS: &str = "pandas";
/// Files that are told apart by a number where neither their endings nor their folders do.
const MOST_OF_A_NAME: usize = 1000;

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
            read: BTreeMap::new(),
            modules: None,
        };
        for declaration in declared {
            state.modules = match modules::pack(self.files, &declaration.modules) {
                Ok(given) => given,
                Err(message) => {
                    let help = "give a folder that holds the .py files, or one such file".to_owned();
                    state.expanded.refused.push(Refusal { message, help });
                    continue;
                }
            };
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
    /// Files of inputs that were read, each once.
    read: BTreeMap<PathBuf, Option<Rc<InputFile>>>,
    /// The modules that were given with what is being looked at.
    modules: Option<GivenModules>,
}

/// Whether every output that is to be compared has expected values, so that nobody has to be asked for them.
pub fn all_expected(methods: Option<&[String]>, expected: &BTreeMap<String, ExpectedOutput>) -> bool {
    let is_given = |method: &String| gives(method, expected.keys());
    methods.is_some_and(|methods| !methods.is_empty() && methods.iter().all(is_given))
}

/// Whether outputs hold what a method gives: one array, or several by their places, such as `predict_proba[0]`.
pub fn gives<'a>(method: &str, mut outputs: impl Iterator<Item = &'a String>) -> bool {
    outputs.any(|name| name.strip_prefix(method).is_some_and(|rest| rest.is_empty() || rest.starts_with('[')))
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
        let found = &self.with_its_own_name(declaration, found);
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

    /// A file whose name another one has, told apart by its ending or by its folder, where nobody has named it.
    fn with_its_own_name(&self, declaration: &ArtifactDeclaration, found: &Found) -> Found {
        let Some(other) = self.taken.get(&found.name).filter(|_| declaration.name.is_none()) else {
            return found.clone();
        };
        let ending = |path: &Path| path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
        let folder = found.path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy());
        let own = ending(&found.path);
        let by_ending = own.as_ref().filter(|own| Some(*own) != ending(Path::new(other)).as_ref());
        let by_folder = folder.as_ref().map(|folder| format!("{folder}-{}", found.name));
        let both = by_folder.as_ref().zip(own.as_ref()).map(|(name, own)| format!("{name}-{own}"));
        let by_ending = by_ending.map(|own| format!("{}-{own}", found.name));
        let numbered = (2..=MOST_OF_A_NAME).map(|number| format!("{}-{number}", found.name));
        let mut names = by_ending.into_iter().chain(by_folder).chain(both).chain(numbered);
        let name = names.find_map(|name| Some(plain(&name)).filter(|name| !self.taken.contains_key(name)));
        Found { name: name.unwrap_or_else(|| found.name.clone()), ..found.clone() }
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
        let given = self.given(declaration, found);
        let offered =
            given.as_ref().map(|file| file.form).or_else(|| package.inputs.as_ref().map(Offered::by));
        if package.named_columns || seen.named_columns || offered.is_some_and(|it| it.needs_pandas(&seen)) {
            seen.packages.insert(PANDAS.to_owned());
        }
        let mut asked = std::mem::take(&mut seen.asked);
        // What a key names is a package where the file imports it.
        let is_imported = |package: &String| {
            let module = package.replace('-', "_");
            seen.imports.values().any(|import| import == package) || seen.own.contains(&module)
        };
        package.hinted.retain(|hinted, _| is_imported(hinted));
        package.versions.append(&mut package.hinted);
        for versions in [&mut package.versions, &mut seen.versions] {
            *versions = admission::admit(std::mem::take(versions), &declaration.allowed, &mut asked);
        }
        let mut packages: Packages = seen
            .packages
            .iter()
            .map(|package| (package.clone(), seen.versions.get(package).cloned()))
            .collect();
        // What its code imports and no byte of it names a release of.
        let imported: Packages = seen
            .imports
            .values()
            .filter(|package| admission::is_brought(package) && !packages.contains_key(*package))
            .map(|package| (package.clone(), seen.versions.get(package).cloned()))
            .collect();
        let (inputs, inputs_from, dataset) = self.inputs(declaration, &package, found, given.as_deref());
        let rows = given.as_ref().map(|file| file.rows);
        let mut told = Vec::new();
        let (expected, expected_from) = self.expected(declaration, &package, inputs, rows, found, &mut told);
        let methods = declaration.methods.clone().or(package.methods.take());
        let is_asked = !all_expected(methods.as_deref(), &expected);
        if !is_asked {
            // Words about a producer that is not made have nothing installed.
            asked.clear();
        }
        notes.extend(admission::said(&asked));
        let made_by = match package.release.take().filter(|_| !is_asked && declaration.made_by.is_none()) {
            Some((package, version)) => FileProducer::Release { package, version },
            None => FileProducer::of(declaration.made_by.as_ref(), &package, &seen, &mut notes),
        };
        let (producer, extra) = self.producer(&made_by, &packages, &imported, is_asked, &mut notes);
        packages.extend(imported);
        notes.append(&mut told);
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
            inputs_file: given.as_ref().map(|file| file.name.clone()),
            registered: declaration.registered.clone(),
            runs_commands: seen.runs_commands,
            inferred: given.map(|file| file.inferred.clone()).unwrap_or_default(),
            packages,
            proved: seen.evidence.specifiers(),
            imports: seen.imports,
            own_modules: seen.own,
            given_modules: self.modules.clone(),
            other_pythons: made_by.other_pythons(),
            modules: seen.modules,
            foreign: seen.foreign,
            refusal,
            original: None,
            probes: None,
            expected,
            expected_from,
            asked,
            notes,
        };
        ModelSpec {
            name: found.name.clone().into(),
            source: ModelSource::File(Arc::new(file)),
            dataset,
            inputs: None,
            formats: vec![format],
            methods,
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
        imported: &Packages,
        is_asked: bool,
        notes: &mut Vec<String>,
    ) -> (EnvName, Option<EnvironmentSpec>) {
        let spec = match recorded {
            FileProducer::Environment(name) => return (name.clone(), None),
            FileProducer::Versions(versions) => {
                let mut environment = versions.environment();
                add(packages, &mut environment.packages);
                let chosen = days::beside(imported, &environment, self.declared);
                notes.push(versions.said(&chosen));
                if !is_asked {
                    notes.push(
                        "its producer is not made: every output that is compared has expected values"
                            .to_owned(),
                    );
                    environment.runtime = RuntimeSpec::UnknownProducer;
                } else if !environment.whole {
                    environment.add_extras(&chosen);
                    let more = days::of(self.packages, &environment);
                    environment.add_extras(&more);
                }
                environment
            }
            FileProducer::Release { package, version } => {
                notes.push(format!("kept from {package} {version}"));
                let own = [(package.clone(), VersionSpec::Exact(version.clone()))].into();
                let name = producer::release_name(package, version);
                producer::environment(&name, RuntimeSpec::UnknownProducer, own)
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
                && known.all_packages() == spec.all_packages()
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
        given: Option<&InputFile>,
    ) -> (InputsKind, String, String) {
        let synthetic = || {
            (
                InputsKind::Synthetic,
                "synthetic inputs: random numbers, as many columns as the model expects".to_owned(),
                SYNTHETIC.to_owned(),
            )
        };
        let named = match &declaration.inputs {
            Some(DeclaredInputs::Named(name)) => Some(name.as_str()),
            Some(DeclaredInputs::File(spec)) => {
                let name = given.map_or(&spec.declared_path, |file| &file.name);
                return (InputsKind::Given, format!("inputs: {name}"), name.clone());
            }
            None => None,
        };
        let (kind, from, name) = match named {
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

    /// The file of inputs that a declaration names for an artifact, read; what is wrong with it is noted.
    fn given(&mut self, declaration: &ArtifactDeclaration, found: &Found) -> Option<Rc<InputFile>> {
        let Some(DeclaredInputs::File(spec)) = &declaration.inputs else { return None };
        let path = match given::filled_in(&spec.path, found, self.files) {
            Ok(path) => path,
            Err(refusal) => {
                self.expanded.unusable.push(refusal);
                return None;
            }
        };
        if let Some(known) = self.read.get(&path) {
            return known.clone();
        }
        let name = if path == spec.path { spec.declared_path.clone() } else { path.display().to_string() };
        let spec = DatasetSpec { path: path.clone(), name: name.clone(), ..(**spec).clone() };
        let file = match given::read(&spec, self.files) {
            Ok(dataset) => {
                self.expanded.given.insert(name.clone(), dataset.encode());
                Some(Rc::new(InputFile::of(name, &dataset)))
            }
            Err(refusal) => {
                self.expanded.unusable.push(refusal);
                None
            }
        };
        self.read.insert(path, file.clone());
        file
    }

    fn expected(
        &mut self,
        declaration: &ArtifactDeclaration,
        package: &Package,
        inputs: InputsKind,
        rows: Option<usize>,
        found: &Found,
        notes: &mut Vec<String>,
    ) -> (BTreeMap<String, ExpectedOutput>, Option<ExpectedFile>) {
        if let Some(pattern) = &declaration.expected {
            let read = given::expected(pattern, found, rows, self.files);
            return match read {
                Ok((outputs, file)) => {
                    let names: Vec<&str> = outputs.keys().map(String::as_str).collect();
                    let are = if names.len() == 1 { "is" } else { "are" };
                    notes.push(format!(
                        "{} {are} compared with the expected values that were given",
                        names.join(" and ")
                    ));
                    (outputs, Some(file))
                }
                Err(refusal) => {
                    if !self.expanded.unusable.contains(&refusal) {
                        self.expanded.unusable.push(refusal);
                    }
                    Default::default()
                }
            };
        }
        // Expected values belong to the inputs that stand beside them.
        if declaration.inputs.is_some() || inputs != InputsKind::Given || package.expected.is_empty() {
            return Default::default();
        }
        let names: Vec<&str> = package.expected.keys().map(String::as_str).collect();
        notes.push(format!("its validation file gives the expected values of {}", names.join(", ")));
        (package.expected.clone(), None)
    }
}
