//! Layer 1: from a matrix to environments, artifacts and cells, deterministically.
//!
//! A plan holds indices, not names: a million cells are the product of two short lists.

use std::collections::BTreeMap;

use crate::matrix::{
    ContainerSpec, DatasetSpec, EnvironmentSpec, ImageSource, Matrix, ModelSource, ModelSpec, RootfsSpec,
    RuntimeSpec, glob,
};
use crate::vocab::{
    ArtifactId, Digest, DigestBuilder, EnvironmentPlan, ExpectationRecord, ModelPlan, PlanRecord,
};

/// What the command line asks for of a matrix: globs on names, where an empty list means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Models.
    pub models: Vec<String>,
    /// Formats.
    pub formats: Vec<String>,
    /// Environments that write.
    pub producers: Vec<String>,
    /// Environments that read.
    pub consumers: Vec<String>,
}

/// What would run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The environments that take part, in declaration order.
    pub environments: Vec<EnvironmentSpec>,
    /// The models that take part, in declaration order, with the selected formats only.
    pub models: Vec<ModelSpec>,
    /// The artifacts: for each model, each of its formats, each producer.
    pub artifacts: Vec<PlannedArtifact>,
    /// Indices of the environments that read.
    pub consumers: Vec<u32>,
    /// Identity of what is tried: environments, models, datasets and selection, not tolerances, limits or
    /// expectations, which change opinions only.
    pub digest: Digest,
}

/// One artifact as indices into its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlannedArtifact {
    /// Index into [`Plan::models`].
    pub model: u32,
    /// Index into the formats of that model.
    pub format: u32,
    /// Index into [`Plan::environments`].
    pub producer: u32,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A glob of the command line matches nothing.
    #[error("no {what} matches `{glob}`: {known}")]
    NothingSelected {
        /// `model`, `format`, `producer` or `consumer`.
        what: &'static str,
        /// The glob.
        glob: String,
        /// What there is, or the near miss.
        known: String,
    },
    /// The selection as a whole leaves no cell.
    #[error("nothing is selected: there is no {what}")]
    Empty {
        /// What there is none of.
        what: &'static str,
    },
    /// More than indices can count.
    #[error("the matrix has more than 4,294,967,295 {what}: split it")]
    TooLarge {
        /// What there are too many of.
        what: &'static str,
    },
}

/// Plans what a matrix and a selection ask for.
///
/// # Errors
/// When a glob matches nothing or no cell is left.
pub fn plan(matrix: &Matrix, selection: &Selection) -> Result<Plan, PlanError> {
    let models: Vec<&str> = matrix.models.iter().map(|model| model.name.as_str()).collect();
    check("model", &selection.models, &models)?;
    let names = |role: fn(&EnvironmentSpec) -> bool| -> Vec<&str> {
        matrix.environments.iter().filter(|env| role(env)).map(|env| env.name.as_str()).collect()
    };
    check("producer", &selection.producers, &names(|env| env.producer))?;
    check("consumer", &selection.consumers, &names(|env| env.consumer))?;
    let mut formats: Vec<&str> =
        matrix.models.iter().flat_map(|model| &model.formats).map(|format| format.as_str()).collect();
    formats.sort_unstable();
    formats.dedup();
    check("format", &selection.formats, &formats)?;

    let mut environments = Vec::new();
    for environment in &matrix.environments {
        let mut environment = environment.clone();
        let name = environment.name.as_str();
        environment.producer &= matches_any(&selection.producers, name);
        environment.consumer &= matches_any(&selection.consumers, name);
        if environment.producer || environment.consumer {
            environments.push(environment);
        }
    }
    let mut models = Vec::new();
    for model in &matrix.models {
        let mut model = model.clone();
        model.formats.retain(|format| matches_any(&selection.formats, format.as_str()));
        if matches_any(&selection.models, model.name.as_str()) && !model.formats.is_empty() {
            models.push(model);
        }
    }
    // The artifacts below are counted in 64 bits first, so that indices cannot wrap.
    let producers: Vec<u32> = indices(&environments, |environment| environment.producer)?;
    let consumers: Vec<u32> = indices(&environments, |environment| environment.consumer)?;
    let written: u64 = models.iter().map(|model| model.formats.len() as u64).sum();
    if u32::try_from(written * producers.len() as u64).is_err() {
        return Err(PlanError::TooLarge { what: "artifacts" });
    }
    for (what, is_empty) in
        [("model", models.is_empty()), ("producer", producers.is_empty()), ("consumer", consumers.is_empty())]
    {
        if is_empty {
            return Err(PlanError::Empty { what });
        }
    }
    let mut artifacts = Vec::with_capacity(written as usize * producers.len());
    for (model, spec) in models.iter().enumerate() {
        for format in 0..spec.formats.len() {
            for producer in &producers {
                artifacts.push(PlannedArtifact {
                    model: model as u32,
                    format: format as u32,
                    producer: *producer,
                });
            }
        }
    }
    let digest = digest(&environments, &models, &matrix.datasets);
    Ok(Plan { environments, models, artifacts, consumers, digest })
}

fn indices(
    environments: &[EnvironmentSpec],
    role: fn(&EnvironmentSpec) -> bool,
) -> Result<Vec<u32>, PlanError> {
    if u32::try_from(environments.len()).is_err() {
        return Err(PlanError::TooLarge { what: "environments" });
    }
    let chosen = environments.iter().enumerate().filter(|(_, environment)| role(environment));
    Ok(chosen.map(|(index, _)| index as u32).collect())
}

fn check(what: &'static str, globs: &[String], names: &[&str]) -> Result<(), PlanError> {
    for pattern in globs {
        if !names.iter().any(|name| glob::matches(pattern, name)) {
            return Err(PlanError::NothingSelected {
                what,
                glob: pattern.clone(),
                known: glob::suggestion(pattern, names.iter().copied()),
            });
        }
    }
    Ok(())
}

fn matches_any(globs: &[String], name: &str) -> bool {
    globs.is_empty() || globs.iter().any(|pattern| glob::matches(pattern, name))
}

fn digest(
    environments: &[EnvironmentSpec],
    models: &[ModelSpec],
    datasets: &BTreeMap<String, DatasetSpec>,
) -> Digest {
    let mut builder = DigestBuilder::new("plan-v1");
    for environment in environments {
        builder = builder.text("environment").text(environment.name.as_str()).field(&[
            environment.producer.into(),
            environment.consumer.into(),
            environment.companions.into(),
        ]);
        builder = match &environment.runtime {
            RuntimeSpec::Venv { python } => builder.text("venv").text(python),
            RuntimeSpec::Rootfs(RootfsSpec { suite, arch, debian, mirror }) => {
                let builder = builder.text("rootfs").text(suite).text(arch);
                debian.iter().chain(mirror).fold(builder, |builder, word| builder.text(word))
            }
            RuntimeSpec::Container(ContainerSpec { source, platform }) => {
                let builder = builder.text("container").text(platform.as_deref().unwrap_or(""));
                match source {
                    ImageSource::Image(image) => builder.text("image").text(image),
                    ImageSource::Build { context, dockerfile, args } => args.iter().fold(
                        builder
                            .text("build")
                            .text(&context.to_string_lossy())
                            .text(dockerfile.as_deref().unwrap_or("")),
                        |builder, (name, value)| builder.text(name).text(value),
                    ),
                }
            }
            RuntimeSpec::Existing { command } => {
                command.iter().fold(builder.text("existing"), |builder, word| builder.text(word))
            }
        };
        for (package, version) in &environment.packages {
            builder = builder.text("package").text(&version.requirement(package));
        }
        for (name, value) in &environment.variables {
            builder = builder.text("variable").text(name).text(value);
        }
    }
    for model in models {
        builder = builder.text("model").text(model.name.as_str());
        builder = match &model.source {
            ModelSource::Expression(text) => builder.text("expression").text(text),
            ModelSource::Recipe { source, .. } => builder.text("recipe").text(source),
        };
        builder = builder.text(&model.dataset).text(model.inputs.as_deref().unwrap_or(""));
        builder = builder.field(&model.seed.to_le_bytes());
        for format in &model.formats {
            builder = builder.text("format").text(format.as_str());
        }
        for method in model.methods.iter().flatten() {
            builder = builder.text("method").text(method);
        }
        for requirement in &model.requires {
            builder = builder.text("requires").text(requirement);
        }
    }
    let used = |name: &String| {
        models.iter().any(|model| model.dataset == *name || model.inputs.as_ref() == Some(name))
    };
    for (name, dataset) in datasets.iter().filter(|(name, _)| used(name)) {
        builder = builder.text("dataset").text(name).field(&[dataset.dataframe.into()]);
        for target in &dataset.target {
            builder = builder.text("target").text(target);
        }
        for column in &dataset.drop {
            builder = builder.text("drop").text(column);
        }
        for (column, dtype) in &dataset.dtypes {
            builder = builder.text("dtype").text(column).text(dtype);
        }
    }
    builder.finish()
}

impl Plan {
    /// The cells as (index of the artifact, position among the consumers' environments).
    pub fn cells(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        // `plan` made sure that artifacts fit into 32 bits.
        (0..self.artifacts.len() as u32)
            .flat_map(|artifact| self.consumers.iter().map(move |consumer| (artifact, *consumer)))
    }

    /// Number of cells.
    pub fn cell_count(&self) -> u64 {
        self.artifacts.len() as u64 * self.consumers.len() as u64
    }

    /// Names of an artifact of this plan.
    ///
    /// # Panics
    /// When the index is not below the number of artifacts.
    pub fn artifact_id(&self, index: u32) -> ArtifactId {
        let artifact = self.artifacts[index as usize];
        let model = &self.models[artifact.model as usize];
        ArtifactId {
            model: model.name.clone(),
            format: model.formats[artifact.format as usize].clone(),
            producer: self.environments[artifact.producer as usize].name.clone(),
        }
    }

    /// The plan as records keep it, with the expectations of its matrix.
    pub fn record(&self, matrix: &Matrix) -> PlanRecord {
        let environments = self.environments.iter().map(|environment| EnvironmentPlan {
            name: environment.name.clone(),
            runtime: environment.runtime.runtime(),
            python: match &environment.runtime {
                RuntimeSpec::Venv { python } => Some(python.clone()),
                RuntimeSpec::Rootfs(_) | RuntimeSpec::Container(_) | RuntimeSpec::Existing { .. } => None,
            },
            packages: environment
                .packages
                .iter()
                .map(|(name, version)| (name.clone(), version.requirement(name)[name.len()..].to_owned()))
                .collect(),
            producer: environment.producer,
            consumer: environment.consumer,
        });
        let models = self.models.iter().map(|model| ModelPlan {
            name: model.name.clone(),
            estimator: match &model.source {
                ModelSource::Expression(text) => text.clone(),
                ModelSource::Recipe { path, .. } => {
                    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
                }
            },
            dataset: model.dataset.clone(),
            formats: model.formats.clone(),
        });
        let expectations = matrix.expectations.iter().map(|expectation| ExpectationRecord {
            models: expectation.models.clone(),
            formats: expectation.formats.clone(),
            producers: expectation.producers.clone(),
            consumers: expectation.consumers.clone(),
            verdicts: expectation.verdicts.clone(),
            reason: expectation.reason.clone(),
            link: expectation.link.clone(),
            declared_at: expectation.declared_at.clone(),
        });
        PlanRecord {
            environments: environments.collect(),
            models: models.collect(),
            expectations: expectations.collect(),
        }
    }
}
