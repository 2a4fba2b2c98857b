//! Cache keys: what an observation depends on, and nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::format::Format;
use crate::matrix::{ModelSource, ModelSpec, Neighbour};
use crate::vocab::{ArtifactAbsence, Digest, DigestBuilder, InputForm, NoiseSetting, ReferenceKind};

/// The parts of a key that a whole run shares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    pub agent: Digest,
}

/// What is remembered of one training in one format.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum TrainingRecord {
    Made {
        digest: Digest,
        size: u64,
        train_seconds: f64,
        save_seconds: f64,
        methods: Vec<String>,
        /// Digest of the pickle of the fitted model, where the format's cells are compared with that.
        model: Option<Digest>,
    },
    Missing(ArtifactAbsence),
    /// It was tried twice, at different times, and raised the same exception.
    StillMissing(ArtifactAbsence),
}

impl Keys {
    /// Of the models whose class is absent in an environment.
    pub fn absent_models(&self, lock: &Digest, expressions: &[(String, String)]) -> Digest {
        let mut builder = DigestBuilder::new("lacks-v1").digest(&self.agent).digest(lock);
        for (model, expression) in expressions {
            builder = builder.text(model).text(expression);
        }
        builder.finish()
    }

    /// Of an artifact: the model, its data, its format and its producer.
    pub fn training(
        &self,
        model: &ModelSpec,
        data: &Digest,
        inputs: &Digest,
        format: &Format,
        lock: &Digest,
    ) -> Digest {
        let source = match &model.source {
            ModelSource::Expression(text) => DigestBuilder::new("expression").text(text),
            ModelSource::Recipe { source, neighbours, .. } => {
                with_neighbours(DigestBuilder::new("recipe").text(source), neighbours)
            }
            // Files are not trained; were one asked for, it would be itself.
            ModelSource::File(file) => DigestBuilder::new("file").text(&file.declared_path),
        };
        let mut builder = DigestBuilder::new("training-v1")
            .digest(&self.agent)
            .digest(lock)
            .digest(&source.finish())
            .digest(data)
            .digest(inputs)
            .field(&model.seed.to_le_bytes())
            .digest(&format_digest(format));
        match &model.methods {
            None => builder = builder.text("all methods"),
            Some(methods) => {
                for method in methods {
                    builder = builder.text("method").text(method);
                }
            }
        }
        for requirement in &model.requires {
            builder = builder.text("requires").text(requirement);
        }
        if let Some(arrays) = &model.arrays {
            builder = builder.text("arrays").text(arrays);
        }
        builder.finish()
    }

    /// Of an observation.
    pub fn observation(&self, observed: &Observed<'_>) -> Digest {
        let mut builder = DigestBuilder::new(observed.purpose)
            .digest(&self.agent)
            .digest(observed.lock)
            .digest(observed.artifact)
            .digest(&format_digest(observed.format))
            .digest(observed.inputs)
            .field(&observed.seed.to_le_bytes());
        match observed.methods {
            None => builder = builder.field(&[]),
            Some(methods) => {
                for method in methods {
                    builder = builder.text(method);
                }
            }
        }
        if let Some(arrays) = observed.arrays {
            builder = builder.text("arrays").text(arrays);
        }
        if let Some(form) = observed.form {
            builder = builder.text("form").text(form.word());
        }
        if let Some(columns) = observed.columns {
            builder = builder.text("columns").field(&columns.to_le_bytes());
        }
        if let Some(modules) = observed.modules {
            builder = builder.text("modules").digest(modules);
        }
        if let Some(setting) = observed.setting {
            builder = builder.text("setting").text(setting.word());
            for (name, value) in setting.variables() {
                builder = builder.text(name).text(value);
            }
        }
        builder.finish()
    }
}

/// Everything that an observation depends on, besides the agent.
pub(super) struct Observed<'a> {
    /// Keeps the reference and the producer's own cell apart: they are two independent observations of one thing.
    pub purpose: &'static str,
    pub artifact: &'a Digest,
    pub format: &'a Format,
    pub inputs: &'a Digest,
    /// `None` asks for whatever it offers.
    pub methods: Option<&'a [String]>,
    pub seed: u32,
    /// Whose arrays the inputs are; numpy's where `None`.
    pub arrays: Option<&'a str>,
    /// The archive of modules that were given with it.
    pub modules: Option<&'a Digest>,
    pub lock: &'a Digest,
    /// The form in which the inputs are handed over, where it is told.
    pub form: Option<InputForm>,
    /// In which other way it is computed.
    pub setting: Option<NoiseSetting>,
    /// How many columns are made up, where it is told.
    pub columns: Option<u32>,
}

/// The modules beside a recipe count by what they say, wherever they stand.
fn with_neighbours(builder: DigestBuilder, neighbours: &BTreeMap<String, Neighbour>) -> DigestBuilder {
    neighbours.iter().fold(builder, |builder, (name, it)| {
        builder.text("beside").text(name).field(&[u8::from(it.is_package)]).text(&it.source)
    })
}

/// What decides about the bytes of a format and how they are read.
fn format_digest(format: &Format) -> Digest {
    DigestBuilder::new("format-v1")
        .text(&format.source)
        .text(&format.options.to_string())
        .text(match format.reference {
            ReferenceKind::Artifact => "artifact",
            ReferenceKind::Model => "model",
        })
        .finish()
}
