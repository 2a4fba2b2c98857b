//! Layer 1: from a matrix to environments, artifacts and cells, deterministically.
//!
//! A plan is small: it holds every artifact and every consumer, and the cells are their product, walked on
//! demand. Order is declaration order throughout: artifacts by model, then by format, then by producer, and
//! for each artifact the consumers.
//!
//! Architecture Invariant: the same matrix and selection give an equal plan; no clock, no randomness, no
//! order of a hash map takes part.

mod digest;
mod selection;

pub use selection::{PlanError, Selection};

pub use crate::state::PlannedArtifact;

use std::collections::BTreeMap;

use crate::matrix::{EnvironmentSpec, Matrix, ModelSource, ModelSpec, RuntimeSpec};
use crate::state::{Layout, Roles, Written};
use crate::vocab::{
    ArtifactId, Digest, EnvironmentPlan, ExpectationRecord, FilePlan, FormatPlan, LeftOut, ModelPlan,
    PlanRecord,
};

/// What is going to be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The environments that take part, in declaration order, with their roles after selection.
    pub environments: Vec<EnvironmentSpec>,
    /// The models that take part, in declaration order, each with its formats after selection.
    pub models: Vec<ModelSpec>,
    /// The artifacts: every model in each of its formats from every producer; of a file, that file alone.
    pub artifacts: Vec<PlannedArtifact>,
    /// The environments that read artifacts, as indices into `environments`.
    pub consumers: Vec<u32>,
    /// Identity of what is tried: names, environments, models, dataset declarations and selections; not
    /// tolerances, limits or expectations, which only change opinions.
    pub digest: Digest,
}

/// Makes the plan of a matrix, narrowed by what the command line selects.
///
/// # Errors
/// [`PlanError::NothingSelected`] when a pattern matches nothing, or the patterns together leave nothing;
/// [`PlanError::TooLarge`] when there are more artifacts than 32 bits count.
pub fn plan(matrix: &Matrix, selection: &Selection) -> Result<Plan, PlanError> {
    let models = selection::models(matrix, selection)?;
    let environments = selection::environments(matrix, selection)?;
    let producers = environments.iter().filter(|env| env.producer && !env.external).count();
    let written: usize = models.iter().map(|model| model.formats.len()).sum();
    let count = written.checked_mul(producers.max(1)).filter(|&count| u32::try_from(count).is_ok());
    let mut artifacts = Vec::with_capacity(count.ok_or(PlanError::TooLarge)?);
    let layout = Layout::new(models.iter().map(written_in), environments.iter().map(roles));
    artifacts.extend(layout.artifacts());
    let consumers = layout.consumers().to_vec();
    let plan = Plan {
        digest: digest::of(matrix, &environments, &models),
        environments,
        models,
        artifacts,
        consumers,
    };
    if plan.cells().next().is_none() && !plan.models.is_empty() && !plan.consumers.is_empty() {
        return Err(PlanError::NobodyReads);
    }
    Ok(plan)
}

fn written_in(model: &ModelSpec) -> Written<'_> {
    Written { formats: &model.formats, producer: model.source.file().map(|file| &file.producer) }
}

fn roles(environment: &EnvironmentSpec) -> Roles<'_> {
    Roles {
        name: &environment.name,
        producer: environment.producer,
        consumer: environment.consumer,
        external: environment.external,
        writes: &environment.writes,
        reads: &environment.reads,
    }
}

impl Plan {
    /// Every cell as an index into `artifacts` and one into `environments`, in plan order.
    pub fn cells(&self) -> impl Iterator<Item = (u32, u32)> {
        (0u32..).zip(&self.artifacts).flat_map(move |(artifact, planned)| {
            let readers = self.consumers.iter().filter(move |&&consumer| self.is_read(*planned, consumer));
            readers.map(move |&consumer| (artifact, consumer))
        })
    }

    /// Number of cells.
    pub fn cell_count(&self) -> u64 {
        if self.consumers.iter().all(|&consumer| self.environments[consumer as usize].reads.is_none()) {
            return self.artifacts.len() as u64 * self.consumers.len() as u64;
        }
        self.cells().count() as u64
    }

    /// Number of cells of one artifact.
    ///
    /// # Panics
    /// When `artifact` is not below the number of artifacts.
    pub fn readers(&self, artifact: u32) -> u64 {
        let planned = self.artifacts[artifact as usize];
        self.consumers.iter().filter(|&&consumer| self.is_read(planned, consumer)).count() as u64
    }

    /// Whether an environment reads an artifact, as far as the matrix says which formats it reads.
    ///
    /// # Panics
    /// When `environment` is not below the number of environments.
    pub fn is_read(&self, artifact: PlannedArtifact, environment: u32) -> bool {
        let format = &self.models[artifact.model as usize].formats[artifact.format as usize];
        roles(&self.environments[environment as usize]).reads(format)
    }

    /// The name of an artifact by its index into `artifacts`.
    ///
    /// # Panics
    /// When `index` is not below the number of artifacts.
    pub fn artifact_id(&self, index: u32) -> ArtifactId {
        let artifact = self.artifacts[index as usize];
        let model = &self.models[artifact.model as usize];
        ArtifactId {
            model: model.name.clone(),
            format: model.formats[artifact.format as usize].clone(),
            producer: self.environments[artifact.producer as usize].name.clone(),
        }
    }

    /// The plan as it stands at the beginning of a record. Of the matrix's expectations those are kept that
    /// cover a planned cell.
    pub fn record(&self, matrix: &Matrix) -> PlanRecord {
        let environments = self.environments.iter().map(|env| EnvironmentPlan {
            name: env.name.clone(),
            runtime: env.runtime.runtime(),
            python: match &env.runtime {
                RuntimeSpec::Venv { python } => Some(python.clone()),
                RuntimeSpec::Rootfs(_)
                | RuntimeSpec::Container(_)
                | RuntimeSpec::Existing { .. }
                | RuntimeSpec::UnknownProducer => None,
            },
            packages: env
                .all_packages()
                .into_iter()
                .map(|(name, spec)| (name.clone(), spec.to_string()))
                .collect(),
            producer: env.producer,
            consumer: env.consumer,
            external: env.external,
            writes: env.writes.clone(),
            reads: env.reads.clone(),
        });
        let models = self.models.iter().map(|model| ModelPlan {
            name: model.name.clone(),
            estimator: match &model.source {
                ModelSource::Expression(expression) => expression.clone(),
                ModelSource::Recipe { path, .. } => {
                    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
                }
                ModelSource::File(file) => file.declared_path.clone(),
            },
            dataset: model.dataset.clone(),
            formats: model.formats.clone(),
            file: model.source.file().map(|file| FilePlan {
                path: file.declared_path.clone(),
                producer: file.producer.clone(),
                inputs: file.inputs,
                inputs_from: file.inputs_from.clone(),
                inputs_file: file.inputs_file.clone(),
                registered: file.registered.clone(),
                runs_commands: file.runs_commands,
                inferred: file.inferred.clone(),
                expected: !file.expected.is_empty(),
                expected_from: file.expected_from.clone(),
                proved: file.proved.clone(),
                imports: file.imports.clone(),
                own_modules: file.own_modules.clone(),
                modules_given: file.given_modules.is_some(),
                probes: file.probes.clone(),
                notes: file.notes.clone(),
            }),
        });
        PlanRecord {
            environments: environments.collect(),
            models: models.collect(),
            formats: self.formats(matrix),
            expectations: self.expectations(matrix),
            left_out: matrix
                .refused
                .iter()
                .map(|refusal| LeftOut { says: refusal.message.clone(), help: refusal.help.clone() })
                .collect(),
        }
    }

    /// The formats that take part, in the order in which models name them.
    fn formats(&self, matrix: &Matrix) -> Vec<FormatPlan> {
        let mut formats: Vec<FormatPlan> = Vec::new();
        for name in self.models.iter().flat_map(|model| &model.formats) {
            if formats.iter().all(|format| format.name != *name) {
                formats.extend(matrix.formats.get(name).map(|format| format.plan()));
            }
        }
        formats
    }

    fn expectations(&self, matrix: &Matrix) -> Vec<ExpectationRecord> {
        let roles: BTreeMap<_, _> =
            self.environments.iter().map(|env| (&env.name, (env.producer, env.consumer))).collect();
        let formats: BTreeMap<_, _> = self.models.iter().map(|model| (&model.name, &model.formats)).collect();
        let records = matrix.expectations.iter().filter_map(|expectation| {
            let mut record = ExpectationRecord {
                models: expectation.models.clone(),
                formats: expectation.formats.clone(),
                producers: expectation.producers.clone(),
                consumers: expectation.consumers.clone(),
                verdicts: expectation.verdicts.clone(),
                reason: expectation.reason.clone(),
                link: expectation.link.clone(),
                declared_at: expectation.declared_at.clone(),
            };
            let wanted = record.formats.clone();
            record.models.retain(|model| {
                formats.get(model).is_some_and(|formats| formats.iter().any(|format| wanted.contains(format)))
            });
            let models = record.models.clone();
            record.formats.retain(|format| models.iter().any(|model| formats[model].contains(format)));
            record.producers.retain(|name| roles.get(name).is_some_and(|(producer, _)| *producer));
            record.consumers.retain(|name| roles.get(name).is_some_and(|(_, consumer)| *consumer));
            let covers_nothing =
                record.models.is_empty() || record.producers.is_empty() || record.consumers.is_empty();
            (!covers_nothing).then_some(record)
        });
        records.collect()
    }
}
