//! From what is to be done to jobs: which task the agent is given, and under which key its result is kept.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use super::host::environment_folder;
use super::jobs::{Job, JobKind, Target, TrainingOf};
use super::keys::{Keys, Observed};
use super::known::Here;
use crate::format::{self, Format};
use crate::matrix::{ExternalArtifact, Matrix, ModelSource, ModelSpec, Neighbour};
use crate::notation::requirement_met;
use crate::plan::Plan;
use crate::provision::Room;
use crate::store::CacheRoot;
use crate::vocab::{Digest, InputForm, Lock, Observation, ReferenceKind};
use crate::worker::{Beside, HandlerSource, Saving, Source, Task};

/// Everything that jobs are made of. It knows nothing of how far the run has come.
pub(super) struct Orders {
    pub matrix: Arc<Matrix>,
    pub plan: Arc<Plan>,
    pub keys: Keys,
    pub cache: CacheRoot,
    /// The datasets by name, with where they are.
    pub datasets: HashMap<String, (Digest, String)>,
    /// The scratch folder of the run.
    pub scratch: PathBuf,
}

/// What an observation is asked for, as far as the reference has told it.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The outputs; whatever it offers where `None`.
    pub methods: Option<Vec<String>>,
    /// The form of the inputs.
    pub form: Option<InputForm>,
    /// How many columns are made up for it.
    pub columns: Option<u32>,
}

impl Asked {
    /// These outputs, of inputs as the reference was given them.
    pub fn like(reference: Option<&Observation>, methods: Option<Vec<String>>) -> Self {
        let form = reference.and_then(|reference| reference.form);
        let columns = reference.and_then(|reference| Some(reference.made_up.as_ref()?.columns));
        Self { methods, form, columns }
    }
}

/// One artifact that a training is to write.
pub(super) struct Wanted {
    pub artifact: u32,
    pub key: Digest,
    format: Arc<Format>,
}

impl Orders {
    /// The model of an artifact.
    pub fn model(&self, artifact: u32) -> &ModelSpec {
        &self.plan.models[self.plan.artifacts[artifact as usize].model as usize]
    }

    /// The file that an external artifact is.
    pub fn file(&self, artifact: u32) -> Option<&Arc<ExternalArtifact>> {
        match &self.model(artifact).source {
            ModelSource::File(file) => Some(file),
            ModelSource::Expression(_) | ModelSource::Recipe { .. } => None,
        }
    }

    /// A plan is made of the matrix's own formats, so the name is known.
    pub fn format(&self, artifact: u32) -> Arc<Format> {
        let planned = self.plan.artifacts[artifact as usize];
        let name = &self.plan.models[planned.model as usize].formats[planned.format as usize];
        self.matrix.formats.get(name).cloned().unwrap_or_else(|| Arc::new(format::model_reader()))
    }

    /// The environment in which something is observed.
    pub fn environment(&self, target: Target) -> u32 {
        match target {
            Target::Reference { artifact } | Target::Repeat { artifact } | Target::Noise { artifact, .. } => {
                self.plan.artifacts[artifact as usize].producer
            }
            Target::Cell { consumer, .. } | Target::Retry { consumer, .. } => {
                self.plan.consumers[consumer as usize]
            }
        }
    }

    /// The job that observes a target, in an environment with this lock.
    pub fn observation(&self, target: Target, here: Here, asked: Asked, lock: &Digest) -> (Digest, Job) {
        let Asked { methods, form, columns } = asked;
        let artifact = target.artifact();
        let spec = self.model(artifact);
        let format = self.format(artifact);
        let (inputs, inputs_path) = self.inputs(spec);
        // Where the artifact is a translation, the model itself is what its cells are compared with.
        let original = spec.source.file().and_then(|file| file.original.clone());
        let (of_producer, producers) = match (here.model, original) {
            (Some(model), _) => (Arc::new(format::model_reader()), model),
            (None, Some(original)) => (Arc::clone(&original.format), original.digest),
            (None, None) => (Arc::clone(&format), here.digest),
        };
        let (purpose, format, read) = match target {
            Target::Reference { .. } => ("reference-v1", of_producer, producers),
            Target::Repeat { .. } => ("repeat-v1", of_producer, producers),
            Target::Noise { .. } => ("noise-v1", of_producer, producers),
            Target::Cell { .. } | Target::Retry { .. } => ("cell-v1", format, here.digest),
        };
        // Two runs with one seed would agree about random numbers.
        let seed = spec.seed.wrapping_add(u32::from(matches!(target, Target::Repeat { .. })));
        let modules =
            spec.source.file().and_then(|file| file.given_modules.as_ref()).map(|given| &given.digest);
        let key = self.keys.observation(&Observed {
            purpose,
            artifact: &read,
            format: &format,
            inputs,
            methods: methods.as_deref(),
            seed,
            arrays: spec.arrays.as_deref(),
            modules,
            lock,
            form,
            setting: match target {
                Target::Noise { setting, .. } => Some(setting),
                Target::Reference { .. }
                | Target::Repeat { .. }
                | Target::Cell { .. }
                | Target::Retry { .. } => None,
            },
            columns,
        });
        let external = spec.source.file().is_some();
        let task = Task::Cell {
            artifact: self.cache.object_path(&read).display().to_string(),
            handler: format.handler.clone(),
            options: format.options.clone(),
            inputs: inputs_path.to_owned(),
            methods,
            seed,
            arrays: spec.arrays.clone(),
            external,
            form,
            columns,
            modules: modules.map(|digest| self.cache.object_path(digest).display().to_string()),
        };
        // What others have written is never read beside anything else: neither a file that came from outside, nor what a
        // recipe made. What an expression made holds what libraries put into it.
        let is_own = matches!(spec.source, ModelSource::Expression(_));
        let alone = !is_own || matches!(target, Target::Retry { .. });
        let kind = JobKind::Observation { target, key };
        (key, Job { task, kind, reads: Some(read), alone, room: Room::Cells, attempts: 0 })
    }

    /// What a training is to write, with the key of each.
    pub fn wanted(&self, of: TrainingOf, artifacts: &[u32], lock: &Digest) -> Vec<Wanted> {
        let spec = &self.plan.models[of.model as usize];
        let (data, _) = &self.datasets[&spec.dataset];
        let (inputs, _) = self.inputs(spec);
        let own = artifacts.iter().filter(|artifact| of.only.is_none_or(|only| only == **artifact));
        own.map(|artifact| {
            let format = self.format(*artifact);
            let key = self.keys.training(spec, data, inputs, &format, lock);
            Wanted { artifact: *artifact, key, format }
        })
        .collect()
    }

    /// The requirement of a model that an environment does not meet.
    pub fn unmet(&self, model: u32, lock: &Lock) -> Option<&String> {
        let requires = &self.plan.models[model as usize].requires;
        requires.iter().find(|requirement| !requirement_met(requirement, &lock.packages))
    }

    /// The job that trains a model and writes what is wanted of it.
    pub fn training(&self, of: TrainingOf, wanted: &[Wanted]) -> Option<Job> {
        let spec = &self.plan.models[of.model as usize];
        let source = match &spec.source {
            ModelSource::Expression(text) => Source::Expression { expression: text.clone() },
            ModelSource::Recipe { path, source, neighbours } => {
                let beside = |it: &Neighbour| Beside { is_package: it.is_package, source: it.source.clone() };
                Source::Recipe {
                    recipe: source.clone(),
                    path: path.display().to_string(),
                    neighbours: neighbours.iter().map(|(name, it)| (name.clone(), beside(it))).collect(),
                }
            }
            // Files are not trained.
            ModelSource::File(_) => return None,
        };
        let room = match &spec.source {
            ModelSource::Recipe { .. } if self.matrix.trusts_recipes => Room::Trusted,
            ModelSource::Recipe { .. } => Room::Recipes,
            ModelSource::Expression(_) | ModelSource::File(_) => Room::Cells,
        };
        // The only folder that it can write to and that stays: one for each training, so that none reaches what another
        // has left there.
        let folder = environment_folder(&self.scratch, of.producer, room).join(format!("out-{}", of.model));
        let saving = |wanted: &Wanted| {
            let path = |name: String| folder.join(name).display().to_string();
            let Wanted { artifact, format, .. } = wanted;
            Saving {
                handler: format.handler.clone(),
                options: format.options.clone(),
                path: path(format!("artifact-{artifact}.{}", format.extension)),
                model: (format.reference == ReferenceKind::Model)
                    .then(|| path(format!("model-{artifact}.pkl"))),
            }
        };
        let task = Task::Train {
            source,
            dataset: self.datasets[&spec.dataset].1.clone(),
            inputs: self.inputs(spec).1.to_owned(),
            methods: spec.methods.clone(),
            seed: spec.seed,
            arrays: spec.arrays.clone(),
            formats: wanted.iter().map(saving).collect(),
        };
        let artifacts = wanted.iter().map(|it| (it.artifact, it.key)).collect();
        let kind = JobKind::Training { training: of, artifacts };
        Some(Job { task, kind, reads: None, alone: room != Room::Cells, room, attempts: 0 })
    }

    fn inputs(&self, model: &ModelSpec) -> (&Digest, &str) {
        let (digest, path) = &self.datasets[model.inputs.as_ref().unwrap_or(&model.dataset)];
        (digest, path)
    }
}

/// The Python files that the agents need: of the formats of the matrix, and of what reads a model itself.
pub(super) fn handlers(matrix: &Matrix) -> BTreeMap<String, HandlerSource> {
    let reader = Arc::new(format::model_reader());
    handler_sources(matrix.formats.values().chain([&reader]))
}

/// The Python files of formats, by their handlers.
pub(super) fn handler_sources<'a>(
    formats: impl Iterator<Item = &'a Arc<Format>>,
) -> BTreeMap<String, HandlerSource> {
    let source = |format: &Arc<Format>| HandlerSource {
        // Names of modules have no dots: a file's own ending does not belong to it.
        name: format.handler.replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
        file: format!("{}.py", format.handler.trim_end_matches(".py")),
        text: format.source.to_string(),
        foreign: format::handler(&format.handler).is_none(),
    };
    formats.map(|format| (format.handler.clone(), source(format))).collect()
}
