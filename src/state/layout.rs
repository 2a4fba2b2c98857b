//! Which artifacts and cells a run has, from the roles of its environments and the formats of its models.

use crate::vocab::{EnvName, EnvironmentPlan, FormatName, ModelPlan, PlanRecord, is_among};

/// What an environment takes part in.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'a> {
    /// Its name.
    pub name: &'a EnvName,
    /// Whether it writes artifacts.
    pub producer: bool,
    /// Whether it reads artifacts.
    pub consumer: bool,
    /// Whether it stands for the producer of external artifacts, and trains nothing.
    pub external: bool,
    /// The formats that it writes; all where there is no list.
    pub writes: &'a Option<Vec<FormatName>>,
    /// The formats that it reads; all where there is no list.
    pub reads: &'a Option<Vec<FormatName>>,
}

/// What a model is written in.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// Its formats.
    pub formats: &'a [FormatName],
    /// The one environment that wrote it, where it is an external artifact.
    pub maker: Option<&'a EnvName>,
}

/// One artifact of a plan, as indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlannedArtifact {
    /// Index among the models.
    pub model: u32,
    /// Index among the model's formats.
    pub format: u32,
    /// Index among the environments.
    pub producer: u32,
}

impl<'a> From<&'a EnvironmentPlan> for Roles<'a> {
    fn from(plan: &'a EnvironmentPlan) -> Self {
        Self {
            name: &plan.name,
            producer: plan.producer,
            consumer: plan.consumer,
            external: plan.external,
            writes: &plan.writes,
            reads: &plan.reads,
        }
    }
}

impl<'a> From<&'a ModelPlan> for Written<'a> {
    fn from(plan: &'a ModelPlan) -> Self {
        Self { formats: &plan.formats, maker: plan.file.as_ref().map(|file| &file.producer) }
    }
}

impl Roles<'_> {
    /// Whether it reads a format, as far as the matrix says which it reads.
    pub fn reads(&self, format: &FormatName) -> bool {
        is_among(self.reads, format)
    }

    fn writes(&self, format: &FormatName) -> bool {
        self.producer && !self.external && is_among(self.writes, format)
    }
}

/// The artifacts and cells of a plan or of its record: one place says which there are, so that what is planned, what is
/// executed and what is judged are the same.
#[derive(Clone, Debug)]
pub struct Layout<'a> {
    models: Vec<Written<'a>>,
    environments: Vec<Roles<'a>>,
    consumers: Vec<u32>,
}

impl<'a> Layout<'a> {
    /// Of models and environments in plan order.
    pub fn new(
        models: impl IntoIterator<Item = Written<'a>>,
        environments: impl IntoIterator<Item = Roles<'a>>,
    ) -> Self {
        let environments: Vec<_> = environments.into_iter().collect();
        let consumers = (0u32..).zip(&environments).filter(|(_, it)| it.consumer).map(|(at, _)| at);
        Self { consumers: consumers.collect(), models: models.into_iter().collect(), environments }
    }

    /// Of the plan at the beginning of a record.
    pub fn of(plan: &'a PlanRecord) -> Self {
        Self::new(plan.models.iter().map(Written::from), plan.environments.iter().map(Roles::from))
    }

    /// The environments that read, as indices in plan order.
    pub fn consumers(&self) -> &[u32] {
        &self.consumers
    }

    /// The artifacts: every model in each of its formats from every producer that writes it; of an external artifact,
    /// that one alone.
    pub fn artifacts(&self) -> impl Iterator<Item = PlannedArtifact> {
        (0u32..).zip(&self.models).flat_map(move |(model, written)| {
            (0u32..).zip(written.formats).flat_map(move |(format, name)| {
                let writers = (0u32..).zip(&self.environments).filter(move |(_, it)| match written.maker {
                    Some(maker) => it.name == maker,
                    None => it.writes(name),
                });
                writers.map(move |(producer, _)| PlannedArtifact { model, format, producer })
            })
        })
    }
}
