//! A museum: the models of a matrix as each release saves them, kept with what they predict on and what they gave.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::datasets::load_matrix;
use super::error::AppError;
use super::files::Draft;
use super::naming::run_name;
use super::request::MuseumRequest;
use super::session::{Executed, Job, Session};
use crate::artifact;
use crate::matrix::{DatasetSpec, EnvironmentSpec, Matrix, ModelSpec, VersionSpec};
use crate::plan::Selection;
use crate::present;
use crate::state::{ArtifactFacts, EnvironmentFacts};
use crate::store;
use crate::vocab::{
    ArtifactAbsence, ArtifactId, Digest, EnvName, Kept, KeptInputs, Lock, ModelName, Outcome,
};

/// The folder of inputs in a museum, which all models share.
const INPUTS: &str = "inputs";

/// What became of a museum.
#[derive(Debug)]
pub struct Museum {
    /// Its folder.
    pub folder: PathBuf,
    /// The models that were added.
    pub added: Vec<PathBuf>,
    /// How many were there already; they stay as they are.
    pub kept: usize,
    /// What could not be added, and why.
    pub left_out: Vec<NotKept>,
    /// Whether it was interrupted.
    pub interrupted: bool,
}

/// A model that no museum can hold, or not yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NotKept {
    /// `model/format/producer`, or the name of an environment.
    pub what: String,
    /// Why.
    pub why: WhyNotKept,
}

/// Why something is not in a museum.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyNotKept {
    /// Its environment could not be made.
    Environment(String),
    /// It could not be trained or saved there, or does not exist there.
    NotMade {
        /// The model.
        id: ArtifactId,
        /// What became of it; nothing is known where the run ended before.
        absence: Option<Box<ArtifactAbsence>>,
    },
    /// Its own environment cannot read it back and predict.
    DoesNotReload,
    /// None of its outputs is the same twice.
    Random,
    /// What was observed is no longer in the cache.
    Gone,
}

impl NotKept {
    /// Whether nobody expected it: there is no such model in that release, or the matrix says so.
    pub fn is_by_design(&self) -> bool {
        let WhyNotKept::NotMade { absence: Some(absence), .. } = &self.why else { return false };
        matches!(**absence, ArtifactAbsence::RuledOut { .. } | ArtifactAbsence::ClassAbsent { .. })
    }
}

/// What environments resolved to, by name, as far as they were made.
type Locks<'s> = BTreeMap<&'s EnvName, &'s Lock>;

/// Where a model stands in a museum.
struct Place<'m> {
    matrix: &'m Matrix,
    folder: &'m Path,
}

impl Place<'_> {
    /// The name of a release's folder: its version, or the name of its environment where another one has that version.
    fn release(&self, environment: &EnvironmentSpec, locks: &Locks<'_>) -> Option<String> {
        let version = |it: &EnvironmentSpec| match it.packages.get(&self.matrix.package) {
            Some(VersionSpec::Exact(version)) => Some(version.clone()),
            // What was built counts by its content in a lock; a release is called by its version.
            _ => locks.get(&it.name)?.packages.get(&self.matrix.package).map(|text| plain(text).to_owned()),
        };
        let own = version(environment)?;
        let others = self.matrix.environments.iter().filter(|it| it.producer && it.name != environment.name);
        let is_taken = others.filter_map(version).any(|other| other == own);
        Some(if is_taken { environment.name.to_string() } else { own })
    }

    /// The path of a model without its ending.
    fn stem(&self, model: &ModelSpec, format: &str, release: &str) -> PathBuf {
        let name = match model.formats.len() {
            1 => format!("{}-{release}", model.name),
            _ => format!("{}-{release}-{format}", model.name),
        };
        self.folder.join(release).join(name)
    }

    fn file(&self, model: &ModelSpec, format: &str, release: &str) -> PathBuf {
        let own = self.matrix.formats.iter().find(|(name, _)| name.as_str() == format);
        let ending = own.map_or("pickle", |(_, it)| it.extension.as_str());
        let stem = self.stem(model, format, release);
        PathBuf::from(format!("{}.{ending}", stem.display()))
    }

    /// What made a model, and the digest of its file. Nothing of when and where.
    fn metadata(&self, model: &ModelName, lock: &Lock, bytes: &[u8]) -> serde_json::Value {
        let packages: BTreeMap<&String, &str> =
            lock.packages.iter().map(|(name, version)| (name, plain(version))).collect();
        serde_json::json!({
            "model": model,
            "package": self.matrix.package,
            "python_version": lock.python,
            "platform": lock.arch,
            "blake3": Digest::of(bytes).to_string(),
            "packages": packages,
        })
    }

    /// Whether all models of an environment stand there already, as far as its release is known before it is made.
    fn is_complete(&self, environment: &EnvironmentSpec, models: &[&ModelSpec]) -> bool {
        let Some(release) = self.release(environment, &Locks::new()) else { return false };
        models.iter().all(|model| {
            model.formats.iter().all(|format| self.file(model, format.as_str(), &release).exists())
        })
    }
}

impl Session<'_> {
    /// Trains the models of a matrix in its environments, and keeps what each of them saved. What is kept already stays
    /// as it is.
    ///
    /// # Errors
    /// When it cannot be started, or not be written. What environments and models do is no error.
    pub fn museum(&mut self, request: &MuseumRequest) -> Result<Museum, AppError> {
        let Draft { matrix, notices } = Draft::of(load_matrix(&request.matrix)?);
        let name = run_name(request.name.as_deref(), &format!("{}-museum", matrix.name))?;
        self.tell(notices);
        let place = Place { matrix: &matrix, folder: &request.output };
        let models: Vec<&ModelSpec> =
            matrix.models.iter().filter(|model| model.source.file().is_none()).collect();
        let writers: Vec<&EnvironmentSpec> = matrix.environments.iter().filter(|it| it.producer).collect();
        let missing: Vec<&&EnvironmentSpec> =
            writers.iter().filter(|it| !place.is_complete(it, &models)).collect();
        let kept =
            (writers.len() - missing.len()) * models.iter().map(|model| model.formats.len()).sum::<usize>();
        let mut museum = Museum {
            folder: request.output.clone(),
            added: Vec::new(),
            kept,
            left_out: Vec::new(),
            interrupted: false,
        };
        let Some(last) = missing.last() else { return Ok(museum) };
        let selection = Selection {
            models: models.iter().map(|model| model.name.to_string()).collect(),
            producers: missing.iter().map(|it| it.name.to_string()).collect(),
            // Somebody has to read in a plan; what is kept is what each producer reads back itself.
            consumers: vec![last.name.to_string()],
            ..Selection::default()
        };
        let mut readers = matrix.clone();
        for environment in &mut readers.environments {
            environment.consumer = environment.consumer || environment.name == last.name;
        }
        let job = Job::new(readers, &selection, name, &self.policy.reports)?;
        let executed = self.execute(job)?;
        museum.interrupted = executed.is_interrupted();
        self.keep(&place, &executed, &mut museum)?;
        Ok(museum)
    }

    fn keep(&self, place: &Place<'_>, executed: &Executed, museum: &mut Museum) -> Result<(), AppError> {
        let state = executed.state();
        let plan = &state.header().plan;
        let mut locks = Locks::new();
        for (environment, facts) in plan.environments.iter().zip(state.environments()) {
            match facts {
                EnvironmentFacts::Ready { lock, .. } => {
                    locks.insert(&environment.name, lock);
                }
                EnvironmentFacts::Failed { reason, .. } => museum.left_out.push(NotKept {
                    what: environment.name.to_string(),
                    why: WhyNotKept::Environment(reason.clone()),
                }),
                EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer => {}
            }
        }
        let mut inputs: BTreeMap<&str, KeptInputs> = BTreeMap::new();
        for facts in state.artifacts() {
            let Some(lock) = locks.get(&facts.id.producer).copied() else { continue };
            let model = place.matrix.models.iter().find(|model| model.name == facts.id.model);
            let environment = place.matrix.environments.iter().find(|it| it.name == facts.id.producer);
            let (Some(model), Some(environment)) = (model, environment) else { continue };
            let Some(release) = place.release(environment, &locks) else { continue };
            let path = place.file(model, facts.id.format.as_str(), &release);
            if path.exists() {
                museum.kept += 1;
                continue;
            }
            let dataset = model.inputs.as_deref().unwrap_or(&model.dataset);
            let shared = match inputs.get(dataset) {
                Some(known) => known.clone(),
                None => {
                    let kept = keep_inputs(place, dataset)?;
                    inputs.insert(dataset, kept.clone());
                    kept
                }
            };
            match self.exhibit(facts, shared) {
                Ok((bytes, kept)) => {
                    let stem = place.stem(model, facts.id.format.as_str(), &release);
                    write(&stem, "_validation.json", &kept)?;
                    write(&stem, "_metadata.json", &place.metadata(&facts.id.model, lock, &bytes))?;
                    present::write_new(&path, &bytes)?;
                    museum.added.push(path);
                }
                Err(why) => museum.left_out.push(NotKept { what: facts.id.to_string(), why }),
            }
        }
        Ok(())
    }

    /// The bytes of a model, with what it gave where it was made.
    fn exhibit(&self, facts: &ArtifactFacts, inputs_file: KeptInputs) -> Result<(Vec<u8>, Kept), WhyNotKept> {
        let Some(made) = &facts.made else {
            return Err(WhyNotKept::NotMade {
                id: facts.id.clone(),
                absence: facts.absence.clone().map(Box::new),
            });
        };
        let Some(Outcome::Predicted { outputs: given }) = facts.reference().map(|it| &it.outcome) else {
            return Err(WhyNotKept::DoesNotReload);
        };
        let mut outputs = BTreeMap::new();
        for (name, output) in given.iter().filter(|(name, _)| !facts.random.contains(*name)) {
            let bytes = self.cache.object(&output.digest).ok_or(WhyNotKept::Gone)?;
            outputs.insert(name.clone(), artifact::kept(output, &bytes));
        }
        let methods: Vec<String> =
            made.methods.iter().filter(|method| artifact::gives(method, outputs.keys())).cloned().collect();
        if methods.is_empty() {
            return Err(WhyNotKept::Random);
        }
        let bytes = self.cache.object(&made.digest).ok_or(WhyNotKept::Gone)?;
        Ok((bytes, Kept { inputs_file, methods, outputs }))
    }
}

fn write(stem: &Path, ending: &str, value: &impl serde::Serialize) -> Result<(), AppError> {
    // What is written here are texts and numbers, which JSON holds.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    Ok(present::write_file(Path::new(&format!("{}{ending}", stem.display())), &text)?)
}

/// A version without what says which content was built.
fn plain(version: &str) -> &str {
    version.split_once("+direct.").map_or(version, |(version, _)| version)
}

/// Copies the file of a dataset into the museum, and says how it is read.
fn keep_inputs(place: &Place<'_>, name: &str) -> Result<KeptInputs, AppError> {
    let spec: Option<&DatasetSpec> = place.matrix.datasets.get(name);
    // A model that is trained names a dataset of its matrix: that was checked when it was read.
    let Some(spec) = spec else { return Err(AppError::NoArtifact) };
    let bytes =
        store::read_input(&spec.path).map_err(|why| AppError::Artifact { path: spec.path.clone(), why })?;
    let blake3 = Digest::of(&bytes);
    let ending = spec.path.extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    let ending = ending.unwrap_or_else(|| "csv".to_owned());
    let own = place.folder.join(INPUTS).join(format!("{name}.{ending}"));
    let file = match store::read_input(&own) {
        Ok(there) if there == bytes => own,
        // Older models were made on other rows, and keep them.
        Ok(_) => place.folder.join(INPUTS).join(format!("{name}-{}.{ending}", blake3.short())),
        Err(_) => own,
    };
    if !file.exists() {
        present::write_file(&file, &bytes)?;
    }
    let file_name = file.file_name().unwrap_or_default().to_string_lossy();
    // The target of an array is a file of its own.
    let target: &[String] = if ending == "npy" { &[] } else { &spec.target };
    let drop: BTreeSet<&String> = spec.drop.iter().chain(target).collect();
    Ok(KeptInputs {
        path: format!("../{INPUTS}/{file_name}"),
        blake3,
        drop: drop.into_iter().cloned().collect(),
        dtypes: spec.dtypes.clone(),
        dataframe: spec.dataframe,
    })
}
