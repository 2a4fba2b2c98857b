//! `[[artifact]]`: files that exist already.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_spanned::Spanned;

use super::datasets::DatasetSpec;
use super::error::{Fallible, Problems, Source};
use super::external::{ArtifactDeclaration, DeclaredInputs, MadeBy, Refusal};
use super::finding::Expanded;
use super::load::{Placed, resolve};
use super::models::{Defaults, compile_methods, known_dataset};
use super::naming::plain_name;
use super::raw::{RawArtifact, Text, texts};
use super::types::{EnvironmentSpec, ModelSpec};
use crate::notation::{Version, allowed_package, glob, package_name};

/// The words that stand where the name of a dataset does.
pub(super) const WORDS: &[&str] = &["synthetic", "none"];

/// Every declaration of files. Problems are noted.
pub(super) fn compile(
    placed: &Placed<Vec<Spanned<RawArtifact>>>,
    defaults: &Defaults<'_>,
    environments: &[EnvironmentSpec],
    problems: &mut Problems,
) -> Vec<ArtifactDeclaration> {
    let one = |raw| compile_one(&placed.source, raw, defaults, environments);
    placed.value.iter().filter_map(|raw| problems.take(one(raw))).collect()
}

fn compile_one(
    source: &Source,
    spanned: &Spanned<RawArtifact>,
    defaults: &Defaults<'_>,
    environments: &[EnvironmentSpec],
) -> Fallible<ArtifactDeclaration> {
    let raw = spanned.get_ref();
    let name = match &raw.name {
        Some(name) => Some(plain_name(source, name, "model")?.to_owned()),
        None => None,
    };
    let format = match &raw.format {
        None => None,
        Some(name) => Some(defaults.known_format(source, name)?),
    };
    let mut versions = BTreeMap::new();
    for (package, version) in &raw.versions {
        let name =
            package_name(package.get_ref()).map_err(|error| source.version_problem(package.span(), error))?;
        version
            .get_ref()
            .parse::<Version>()
            .map_err(|error| source.version_problem(version.span(), error))?;
        versions.insert(name, version.get_ref().clone());
    }
    let made_by = match (&raw.producer, versions.is_empty()) {
        (Some(producer), true) => {
            let Some(known) = environments.iter().find(|env| env.name.as_str() == producer.get_ref()) else {
                return Err(source.problem(
                    producer.span(),
                    format!("the environment `{producer}` is not declared"),
                    glob::suggestion(producer.get_ref(), environments.iter().map(|env| env.name.as_str())),
                ));
            };
            Some(MadeBy::Environment(known.name.clone()))
        }
        (Some(producer), false) => {
            return Err(source.problem(
                producer.span(),
                "`producer` and `versions` both say what made it",
                "remove one of the two",
            ));
        }
        (None, false) => Some(MadeBy::Versions(versions)),
        (None, true) => None,
    };
    let mut allowed = BTreeMap::new();
    for text in raw.allow_packages.iter().flatten() {
        let (name, version) =
            allowed_package(text.get_ref()).map_err(|error| source.version_problem(text.span(), error))?;
        allowed.insert(name, version);
    }
    let modules = raw.modules.iter().flat_map(texts);
    let inputs = match &raw.inputs {
        None => None,
        Some(word) if WORDS.contains(&word.get_ref().as_str()) => {
            Some(DeclaredInputs::Named(word.get_ref().clone()))
        }
        Some(path) if is_file(path.get_ref(), defaults.datasets) => Some(input_file(source, path)),
        Some(name) => Some(DeclaredInputs::Named(known_dataset(source, name, defaults.datasets)?)),
    };
    Ok(ArtifactDeclaration {
        path: resolve(&source.path, raw.path.get_ref()),
        declared_path: raw.path.get_ref().clone(),
        name,
        format,
        made_by,
        inputs,
        expected: raw.expected.as_ref().map(|path| resolved(source, path.get_ref())),
        methods: raw.methods.as_ref().map(|methods| compile_methods(source, methods)).transpose()?,
        seed: raw.seed.unwrap_or(defaults.seed),
        allowed,
        modules: modules.map(|path| resolve(&source.path, path.get_ref())).collect(),
        registered: None,
    })
}

/// Whether what stands as `inputs` is the path of a file rather than the name of a dataset.
fn is_file(text: &str, datasets: &[&str]) -> bool {
    let known = [".csv", ".npy", ".parquet", ".json", ".jsonl"];
    !datasets.contains(&text) && known.iter().any(|ending| text.to_ascii_lowercase().ends_with(ending))
}

/// A path as seen from the matrix; a pattern that begins with the folder of the artifact is that already.
fn resolved(source: &Source, path: &str) -> PathBuf {
    if path.starts_with("{dir}") { PathBuf::from(path) } else { resolve(&source.path, path) }
}

fn input_file(source: &Source, path: &Text) -> DeclaredInputs {
    DeclaredInputs::File(Box::new(DatasetSpec {
        name: path.get_ref().clone(),
        path: resolved(source, path.get_ref()),
        declared_path: path.get_ref().clone(),
        target: Vec::new(),
        drop: Vec::new(),
        dtypes: BTreeMap::new(),
        digest: None,
        dataframe: false,
        span: path.span(),
        outside: true,
        declared_at: format!("{}:{}", source.path.display(), source.line(path.span().start)),
    }))
}

/// What cannot be an artifact, where nothing else is tried.
pub(super) fn problem(
    placed: &Placed<Vec<Spanned<RawArtifact>>>,
    refusal: Refusal,
) -> Box<super::error::Problem> {
    let span = placed.value.first().map_or(0..0, |raw| raw.get_ref().path.span());
    placed.source.problem(span, refusal.message, refusal.help)
}

/// Puts what was found beside what is declared.
pub(super) fn join(
    placed: &Placed<Vec<Spanned<RawArtifact>>>,
    expanded: Expanded,
    environments: &mut Vec<EnvironmentSpec>,
    models: &mut Vec<ModelSpec>,
    problems: &mut Problems,
    keep: impl FnOnce(BTreeMap<String, Vec<u8>>, Vec<Refusal>),
) {
    let first = placed.value.first().map_or(0..0, Spanned::span);
    for refusal in expanded.unusable {
        problems.note(problem(placed, refusal));
    }
    for model in expanded.models {
        if models.iter().any(|known| known.name == model.name) {
            problems.note(placed.source.problem(
                first.clone(),
                format!("the artifact `{}` has the same name as another model", model.name),
                "give the [[artifact]] or the [[models]] another `name`",
            ));
        } else {
            models.push(model);
        }
    }
    environments.extend(expanded.environments);
    keep(expanded.given, expanded.refused);
}
