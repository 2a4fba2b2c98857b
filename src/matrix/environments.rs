//! Environments: what each `[[environments]]` stands for.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_spanned::Spanned;

use super::axes::{self, MOST_ENVIRONMENTS, unknown_word};
use super::error::{Fallible, Problems, Source};
use super::formats::{Formats, json};
use super::load::{Placed, resolve};
use super::naming;
use super::raw::{RawEnvironment, texts};
use super::runtimes::{self, Named};
use super::types::{EnvironmentSpec, Index, RuntimeSpec, VersionSpec};
use crate::vocab::{EnvName, Runtime, Setup};

/// Extensions that the agent knows how to switch on.
const EXTENSIONS: &[&str] = &["sklearnex"];

/// Every environment of the matrix, in declaration order; `package` is under test. Problems are noted.
pub(super) fn compile(
    placed: &Placed<Vec<Spanned<RawEnvironment>>>,
    formats: &Formats,
    package: &str,
    problems: &mut Problems,
) -> Vec<EnvironmentSpec> {
    let source = &placed.source;
    let mut environments: Vec<EnvironmentSpec> = Vec::new();
    let mut lines: BTreeMap<EnvName, usize> = BTreeMap::new();
    for raw in &placed.value {
        let Some(made) = problems.take(compile_one(source, raw, formats, package)) else { continue };
        let span = raw.get_ref().name.as_ref().map_or(raw.span(), Spanned::span);
        for environment in made {
            match lines.entry(environment.name.clone()) {
                Entry::Occupied(earlier) => {
                    problems.note(source.problem(
                        span,
                        format!("the environment `{}` is declared twice", environment.name),
                        format!(
                            "the other one is at line {}; give one of them another `name`",
                            earlier.get()
                        ),
                    ));
                    break;
                }
                Entry::Vacant(vacant) => {
                    vacant.insert(source.line(span.start));
                    environments.push(environment);
                }
            }
        }
        if environments.len() > MOST_ENVIRONMENTS {
            problems.note(source.problem(
                raw.span(),
                format!("this expands to more than {MOST_ENVIRONMENTS} environments"),
                "shorten an axis",
            ));
            break;
        }
    }
    environments
}

fn compile_one(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    formats: &Formats,
    package: &str,
) -> Fallible<Vec<EnvironmentSpec>> {
    let env = raw.get_ref();
    let select =
        |patterns: &Option<_>| patterns.as_ref().map(|list| formats.select(source, list)).transpose();
    let (writes, reads) = (select(&env.writes)?, select(&env.reads)?);
    let mut config = BTreeMap::new();
    for (key, value) in &env.config {
        config.insert(key.get_ref().clone(), json(source, key, value)?);
    }
    let (producer, consumer) = match env.role.as_ref().map(|role| role.get_ref().as_str()) {
        None | Some("both") => (true, true),
        Some("producer") => (true, false),
        Some("consumer") => (false, true),
        Some(other) => return Err(unknown_word(source, &env.role, other, &["both", "producer", "consumer"])),
    };
    for name in env.variables.keys() {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(source.problem(
                raw.span(),
                format!("`{name}` cannot be the name of an environment variable"),
                "write, for example, variables = { OMP_NUM_THREADS = \"1\" }",
            ));
        }
    }
    let setup = setup(source, raw)?;
    let indexes = indexes(source, raw)?;
    let make =
        |name: EnvName, runtime: RuntimeSpec, packages: BTreeMap<String, VersionSpec>| EnvironmentSpec {
            extras: BTreeMap::new(),
            name,
            runtime,
            packages,
            companions: env.companions.unwrap_or(true),
            indexes: indexes.clone(),
            build: env.allow_build.as_ref().is_some_and(|build| *build.get_ref()),
            variables: env.variables.clone(),
            config: config.clone(),
            setup: setup.clone(),
            writes: writes.clone(),
            reads: reads.clone(),
            producer,
            consumer,
            external: false,
            python_chosen: false,
            whole: false,
        };
    let named = match runtimes::declared(source, raw)? {
        Runtime::Venv => venv(source, raw, package)?,
        Runtime::Rootfs => runtimes::rootfs(source, raw)?,
        Runtime::Container => vec![runtimes::container(source, raw)?],
        // No word of a matrix means the last one.
        Runtime::Existing | Runtime::UnknownProducer => vec![runtimes::existing(source, raw)?],
    };
    Ok(named.into_iter().map(|(name, runtime, packages)| make(name, runtime, packages)).collect())
}

/// Where its packages come from.
fn indexes(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Vec<Index>> {
    let env = raw.get_ref();
    let extra = env.extra_index.as_ref().map(texts).unwrap_or_default();
    let all = extra.iter().map(|text| (text, false)).chain(env.index.iter().map(|text| (text, true)));
    let mut indexes = Vec::new();
    for (text, is_default) in all {
        let place = text.get_ref().trim();
        if place.is_empty() {
            return Err(source.problem(
                text.span(),
                "an index is empty",
                "write the address of an index, or the path of a folder with wheels",
            ));
        }
        if runtimes::declared(source, raw)? != Runtime::Venv {
            return Err(source.problem(
                text.span(),
                "only a virtual environment has an index",
                "remove it, or the `runtime`",
            ));
        }
        let place = match place.contains("://") {
            true => place.strip_prefix("file://").unwrap_or(place).to_owned(),
            false => resolve(&source.path, place).to_string_lossy().into_owned(),
        };
        indexes.push(Index { place, is_default });
    }
    Ok(indexes)
}

/// Launcher, extension and device.
fn setup(source: &Source, raw: &Spanned<RawEnvironment>) -> Fallible<Setup> {
    let env = raw.get_ref();
    let launcher: Vec<String> = match &env.launcher {
        Some(words) => texts(words).into_iter().map(Spanned::into_inner).collect(),
        None => Vec::new(),
    };
    if let Some(words) = env.launcher.as_ref().filter(|_| launcher.iter().all(String::is_empty)) {
        return Err(source.problem(
            words.span(),
            "`launcher` is empty",
            "write, for example, [\"mpirun\", \"-n\", \"2\"], or remove `launcher`",
        ));
    }
    let extension = env.extension.as_ref().map(|word| word.get_ref().clone());
    if let Some(other) = extension.as_deref().filter(|word| !EXTENSIONS.contains(word)) {
        return Err(unknown_word(source, &env.extension, other, EXTENSIONS));
    }
    if let Some(device) = env.device.as_ref().filter(|device| device.get_ref().trim().is_empty()) {
        return Err(source.problem(
            device.span(),
            "`device` is empty",
            "write, for example, \"gpu\" or \"gpu:0\"",
        ));
    }
    Ok(Setup { launcher, extension, device: env.device.as_ref().map(|word| word.get_ref().clone()) })
}

/// Every combination of the axes.
fn venv(source: &Source, raw: &Spanned<RawEnvironment>, package: &str) -> Fallible<Vec<Named>> {
    let combinations = axes::combinations(source, raw, package)?;
    let names = naming::names(source, raw, &combinations, package)?;
    let named = names.into_iter().zip(combinations).map(|(name, mut combination)| {
        let (_, python) = combination.remove(0);
        (name, RuntimeSpec::Venv { python: python.label() }, combination.into_iter().collect())
    });
    Ok(named.collect())
}
