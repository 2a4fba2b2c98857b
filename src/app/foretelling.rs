//! What a release says of artifacts before it is tried: where a run has a reader with a release that nobody has run, the
//! statement is read out of the release and recorded before its environment is made, and held against what happens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::inspecting::look;
use super::listener::Notice;
use super::releases::{LOOK, ReleaseSource, Releases};
use crate::explain;
use crate::matrix::{EnvironmentSpec, Index, PackageSource, RuntimeSpec, SCIKIT_LEARN, VersionSpec};
use crate::notation::Version;
use crate::plan::Plan;
use crate::provision::AskedRelease;
use crate::state::RunState;
use crate::store::CacheRoot;
use crate::vocab::{ArtifactId, EnvName, Event, Expected, Inspected, ReleaseFacts};

/// A release of scikit-learn as an environment declares it, of which nobody may know anything yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Coming<'p> {
    /// It is at hand, or has a version.
    Release(ReleaseSource),
    /// Whatever the index has when it is asked.
    Newest {
        /// What an installer is asked for.
        requirement: String,
        /// Whether a pre-release will do.
        has_pre: bool,
        /// The interpreter that it is for.
        python: &'p str,
        /// Where it comes from.
        indexes: &'p [Index],
    },
}

impl<'p> Coming<'p> {
    fn of(environment: &'p EnvironmentSpec) -> Option<Self> {
        let RuntimeSpec::Venv { python } = &environment.runtime else { return None };
        let newest = |has_pre, requirement| {
            let indexes = &environment.indexes;
            Some(Self::Newest { requirement, has_pre, python: python.as_str(), indexes })
        };
        let spec = environment.packages.get(SCIKIT_LEARN)?;
        match spec {
            VersionSpec::Exact(version) if is_coming(version) && environment.indexes.is_empty() => {
                let (project, version) = (SCIKIT_LEARN.to_owned(), version.clone());
                Some(Self::Release(ReleaseSource::Index { project, version }))
            }
            VersionSpec::Exact(version) if is_coming(version) => newest(true, spec.requirement(SCIKIT_LEARN)),
            VersionSpec::Latest => newest(false, spec.requirement(SCIKIT_LEARN)),
            VersionSpec::PreRelease => newest(true, spec.requirement(SCIKIT_LEARN)),
            VersionSpec::Source(PackageSource::File(path)) => {
                ReleaseSource::parse(&path.to_string_lossy()).map(Self::Release)
            }
            VersionSpec::Source(PackageSource::Folder { path, .. }) => {
                Some(Self::Release(ReleaseSource::Folder(path.clone())))
            }
            VersionSpec::Exact(_)
            | VersionSpec::Minor(_)
            | VersionSpec::Companion
            | VersionSpec::Specifier(_)
            | VersionSpec::Proved(_)
            | VersionSpec::Source(PackageSource::Git { .. } | PackageSource::Address(_)) => None,
        }
    }
}

/// Whether a version is newer than every release that was run. What is older and was not run says nothing about the future.
fn is_coming(version: &str) -> bool {
    let known = explain::newest_release();
    !explain::is_tried(version)
        && version.parse::<Version>().is_ok_and(|it| known.is_none_or(|known| it > *known))
}

/// A reader of a plan with a release that nobody has run.
pub(super) struct Reader {
    environment: u32,
    name: EnvName,
    facts: ReleaseFacts,
}

impl Reader {
    /// As the record names it: `scikit-learn 1.10.0rc1`.
    fn release(&self) -> String {
        format!("{} {}", self.facts.project, self.facts.version)
    }
}

/// The readers of a plan that have such a release. What cannot be had, or is no release, says so when its environment is
/// made.
pub(super) fn readers(plan: &Plan, releases: &mut Releases<'_>, mut doing: impl FnMut(&str)) -> Vec<Reader> {
    let mut found = Vec::new();
    for environment in &plan.consumers {
        let declared = &plan.environments[*environment as usize];
        let Some(coming) = Coming::of(declared) else { continue };
        doing(&format!("reading the scikit-learn of {} before it is tried", declared.name));
        let facts = match &coming {
            Coming::Release(source) => releases.of(source).ok(),
            Coming::Newest { requirement, has_pre, python, indexes } => {
                let wanted = AskedRelease { requirement, python, has_pre: *has_pre, indexes };
                releases.newest(wanted, is_coming)
            }
        };
        if let Some(facts) = facts {
            found.push(Reader { environment: *environment, name: declared.name.clone(), facts });
        }
    }
    found
}

/// Whether any of them reads what is written in the run itself.
pub(super) fn read_what_is_written(readers: &[Reader], plan: &Plan) -> bool {
    let is_trained = |model: u32| plan.models[model as usize].source.file().is_none();
    let reads = |reader: &Reader| {
        plan.artifacts.iter().any(|it| is_trained(it.model) && plan.is_read(*it, reader.environment))
    };
    readers.iter().any(reads)
}

/// What the releases of readers say of each artifact that is there, as far as the record does not have it, and a word on each
/// of them.
pub(super) fn statements(
    readers: &[Reader],
    plan: &Plan,
    known: Option<&RunState>,
    cache: &CacheRoot,
    releases: &mut Releases<'_>,
) -> (Vec<Event>, Vec<Notice>) {
    let mut looked: BTreeMap<u32, Option<Inspected>> = BTreeMap::new();
    let mut counts = vec![BTreeMap::<Expected, usize>::new(); readers.len()];
    let mut events = Vec::new();
    for (at, planned) in (0u32..).zip(&plan.artifacts) {
        let id = plan.artifact_id(at);
        for (reader, counts) in readers.iter().zip(&mut counts) {
            let release = reader.release();
            let is_said = known
                .and_then(|state| state.foretold(&id, &reader.name))
                .is_some_and(|it| it.release == release);
            if is_said || !plan.is_read(*planned, reader.environment) {
                continue;
            }
            let artifact = looked
                .entry(at)
                .or_insert_with(|| bytes(plan, at, known, cache).map(|path| inspected(path, &id)));
            let Some(artifact) = artifact.as_ref().filter(|it| it.inspection.foreign.is_none()) else {
                continue;
            };
            let forecast = releases.forecast(artifact, &reader.facts);
            *counts.entry(forecast.expected).or_default() += 1;
            let (artifact, consumer) = (id.clone(), reader.name.clone());
            events.push(Event::CellForetold { artifact, consumer, release, forecast });
        }
    }
    let said = readers.iter().zip(counts).filter(|(_, counts)| !counts.is_empty());
    let notice = |(reader, counts): (&Reader, _)| Notice::Foretold {
        name: reader.name.clone(),
        release: reader.release(),
        counts,
    };
    (events, said.map(notice).collect())
}

/// Where the bytes of an artifact are: those of a file, or what was written of it.
fn bytes(plan: &Plan, at: u32, known: Option<&RunState>, cache: &CacheRoot) -> Option<PathBuf> {
    let model = &plan.models[plan.artifacts[at as usize].model as usize];
    if let Some(file) = model.source.file() {
        // What loads a folder is not looked at as one file.
        return (file.packed.is_none() && file.refusal.is_none()).then(|| file.path.clone());
    }
    // The record has them in the order of the plan.
    let made = known?.artifacts().get(at as usize)?.made.as_ref()?;
    cache.checked_object_path(&made.digest)
}

fn inspected(path: PathBuf, id: &ArtifactId) -> Inspected {
    Inspected { path: id.to_string(), inspection: look(&path, LOOK) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(spec: VersionSpec) -> EnvironmentSpec {
        let mut environment = EnvironmentSpec::new("new", RuntimeSpec::Venv { python: "3.11".to_owned() });
        environment.packages.insert(SCIKIT_LEARN.to_owned(), spec);
        environment
    }

    #[test]
    fn only_a_release_that_nobody_has_run_is_read() {
        let exact = |version: &str| declared(VersionSpec::Exact(version.to_owned()));
        assert_eq!(Coming::of(&exact("1.5.2")), None);
        assert_eq!(Coming::of(&exact("0.10.1")), None);
        assert!(matches!(Coming::of(&exact("7.0.0")), Some(Coming::Release(ReleaseSource::Index { .. }))));
        let latest = declared(VersionSpec::Latest);
        assert!(matches!(Coming::of(&latest), Some(Coming::Newest { has_pre: false, .. })));
        let pre = declared(VersionSpec::PreRelease);
        let Some(Coming::Newest { has_pre: true, requirement, .. }) = Coming::of(&pre) else { panic!() };
        assert_eq!(requirement, "scikit-learn>=0.dev0");
        let without = EnvironmentSpec::new("new", RuntimeSpec::Venv { python: "3.11".to_owned() });
        assert_eq!(Coming::of(&without), None);
    }

    #[test]
    fn a_version_of_another_index_is_asked_for_there() {
        let mut nightly = declared(VersionSpec::Exact("7.0.0.dev0".to_owned()));
        nightly
            .indexes
            .push(Index { place: "https://packages.example/simple".to_owned(), is_default: false });
        let Some(Coming::Newest { requirement, indexes, .. }) = Coming::of(&nightly) else { panic!() };
        assert_eq!((requirement.as_str(), indexes.len()), ("scikit-learn==7.0.0.dev0", 1));
    }
}
