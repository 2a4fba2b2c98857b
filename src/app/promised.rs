//! What projects document about the pairs of a plan, from the versions that it declares.

use crate::explain::{self, Promise, Statement, Versions};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use crate::notation::Version;
use crate::plan::Plan;

/// A promise with the pairs of a plan that it speaks of.
pub struct Stated<'p> {
    /// The promise.
    pub promise: &'static Promise,
    /// What it says of each pair.
    pub pairs: Vec<StatedPair<'p>>,
}

/// What a promise says of a writer and a reader.
pub struct StatedPair<'p> {
    /// Who writes.
    pub producer: &'p EnvironmentSpec,
    /// Who reads.
    pub consumer: &'p EnvironmentSpec,
    /// What is documented about them.
    pub statement: Statement,
}

/// What is documented about the pairs of a plan; promises that speak of none are left out.
pub fn statements(plan: &Plan) -> Vec<Stated<'_>> {
    let all = explain::promises().iter().map(|promise| Stated { promise, pairs: pairs(plan, promise) });
    all.filter(|stated| !stated.pairs.is_empty()).collect()
}

fn pairs<'p>(plan: &'p Plan, promise: &'static Promise) -> Vec<StatedPair<'p>> {
    let is_concerned = |environment: &&EnvironmentSpec| {
        let extension = environment.setup.extension.as_deref();
        let mut formats = plan.models.iter().flat_map(|model| &model.formats);
        environment.producer && formats.any(|format| promise.concerns(extension, format.as_str()))
    };
    let consumers = || plan.environments.iter().filter(|environment| environment.consumer);
    let pair = |producer: &'p EnvironmentSpec, consumer: &'p EnvironmentSpec| StatedPair {
        producer,
        consumer,
        statement: promise.stated(&declared(producer), &declared(consumer)),
    };
    let concerned = plan.environments.iter().filter(is_concerned);
    concerned.flat_map(|producer| consumers().map(move |consumer| pair(producer, consumer))).collect()
}

/// The versions that an environment declares exactly.
fn declared(environment: &EnvironmentSpec) -> Versions {
    let exact = |spec: &VersionSpec| spec.label().parse::<Version>().ok();
    let mut versions: Versions =
        environment.packages.iter().filter_map(|(name, spec)| Some((name.clone(), exact(spec)?))).collect();
    if let RuntimeSpec::Venv { python } = &environment.runtime
        && let Ok(version) = python.parse()
    {
        versions.insert("python".to_owned(), version);
    }
    versions
}
