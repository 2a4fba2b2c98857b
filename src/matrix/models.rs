//! Models and the defaults that they fall back to.

use std::collections::BTreeMap;
use std::path::Path;

use serde_spanned::Spanned;

use super::error::{Fallible, Problems, Source};
use super::estimators::{Mistyped, mistyped};
use super::formats::Formats;
use super::load::{Placed, Read, resolve};
use super::naming::plain_name;
use super::raw::{RawDefaults, RawModel, Text, Texts, texts};
use super::recipe::neighbours;
use super::types::{ModelSource, ModelSpec};
use crate::notation::{Requirement, glob, without_path};
use crate::vocab::FormatName;

/// What models use where they do not say otherwise.
pub(super) struct Defaults<'a> {
    formats: Vec<FormatName>,
    dataset: Option<String>,
    pub(super) seed: u32,
    /// Names of the declared datasets.
    pub(super) datasets: &'a [&'a str],
    available: &'a Formats,
}

impl<'a> Defaults<'a> {
    pub fn compile(
        placed: Option<&Placed<RawDefaults>>,
        datasets: &'a [&'a str],
        available: &'a Formats,
    ) -> Fallible<Self> {
        let mut defaults = Self {
            formats: vec!["pickle".into(), "joblib".into()],
            // One dataset alone needs no naming.
            dataset: if let [only] = datasets { Some((*only).to_owned()) } else { None },
            seed: 0,
            datasets,
            available,
        };
        let Some(Placed { source, value }) = placed else { return Ok(defaults) };
        if let Some(formats) = &value.formats {
            defaults.formats = available.select(source, formats)?;
        }
        if let Some(dataset) = &value.dataset {
            defaults.dataset = Some(known_dataset(source, dataset, datasets)?);
        }
        defaults.seed = value.seed.unwrap_or(0);
        Ok(defaults)
    }
}

impl Defaults<'_> {
    /// One format, of the table or of the matrix's own.
    pub fn known_format(&self, source: &Source, name: &Text) -> Fallible<FormatName> {
        self.available.known(source, name)
    }
}

pub(super) fn known_dataset(source: &Source, name: &Text, datasets: &[&str]) -> Fallible<String> {
    if datasets.contains(&name.get_ref().as_str()) {
        return Ok(name.get_ref().clone());
    }
    let help = if datasets.is_empty() {
        format!("declare it: `[datasets.{name}]` with `path` and `target`")
    } else {
        glob::suggestion(name.get_ref(), datasets.iter().copied())
    };
    Err(source.problem(name.span(), format!("the dataset `{name}` is not declared"), help))
}

/// Every model of the matrix, in declaration order. Problems are noted.
pub(super) fn compile(
    placed: &Placed<Vec<Spanned<RawModel>>>,
    defaults: &Defaults<'_>,
    read: Read<'_>,
    problems: &mut Problems,
) -> Vec<ModelSpec> {
    let source = &placed.source;
    let mut models = Vec::new();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for raw in &placed.value {
        let name = &raw.get_ref().name;
        if let Some(earlier) = lines.insert(name.get_ref(), source.line(name.span().start)) {
            problems.note(source.problem(
                name.span(),
                format!("the model `{name}` is declared twice"),
                format!("the other one is at line {earlier}; give one of them another name"),
            ));
        } else if let Some(model) = problems.take(compile_one(source, raw, defaults, read)) {
            models.push(model);
        }
    }
    models
}

fn compile_one(
    source: &Source,
    spanned: &Spanned<RawModel>,
    defaults: &Defaults<'_>,
    read: Read<'_>,
) -> Fallible<ModelSpec> {
    let raw = spanned.get_ref();
    let name = plain_name(source, &raw.name, "model")?.into();
    let model_source = compile_source(source, raw, read)?;
    let dataset = match (&raw.dataset, &defaults.dataset) {
        (Some(dataset), _) => known_dataset(source, dataset, defaults.datasets)?,
        (None, Some(dataset)) => dataset.clone(),
        (None, None) => {
            return Err(source.problem(
                raw.name.span(),
                format!("the model `{}` does not declare the dataset that it is fitted on", raw.name),
                "add `dataset = \"...\"` here or under `[defaults]`",
            ));
        }
    };
    let inputs = raw.inputs.as_ref().map(|inputs| known_dataset(source, inputs, defaults.datasets));
    let formats = raw.formats.as_ref().map(|formats| defaults.available.select(source, formats));
    Ok(ModelSpec {
        name,
        source: model_source,
        dataset,
        inputs: inputs.transpose()?,
        formats: formats.transpose()?.unwrap_or_else(|| defaults.formats.clone()),
        methods: raw.methods.as_ref().map(|methods| compile_methods(source, methods)).transpose()?,
        requires: compile_requires(source, raw.requires.as_ref())?,
        arrays: raw.arrays.as_ref().map(|arrays| compile_arrays(source, arrays)).transpose()?,
        seed: raw.seed.unwrap_or(defaults.seed),
    })
}

fn compile_source(source: &Source, raw: &RawModel, read: Read<'_>) -> Fallible<ModelSource> {
    match (&raw.estimator, &raw.recipe) {
        (Some(estimator), None) if estimator.get_ref().trim().is_empty() => Err(source.problem(
            estimator.span(),
            "the estimator is empty",
            "write a Python expression such as \"Ridge(alpha=0.5)\"",
        )),
        (Some(estimator), None) => match mistyped(estimator.get_ref()) {
            Some(Mistyped { name, nearest }) => Err(source.problem(
                estimator.span(),
                format!("no release of scikit-learn has `{name}`"),
                format!("did you mean `{nearest}`?"),
            )),
            None => Ok(ModelSource::Expression(estimator.get_ref().trim().to_owned())),
        },
        (None, Some(recipe)) => {
            let path = resolve(&source.path, recipe.get_ref());
            let refuse = |what: String, help: &str| source.problem(recipe.span(), what, help);
            let bytes = read(&path).map_err(|error| {
                refuse(
                    format!("cannot read the recipe `{}`: {}", path.display(), without_path(&error)),
                    "check the path; it is relative to this matrix file",
                )
            })?;
            let text = String::from_utf8(bytes).map_err(|_| {
                refuse(format!("the recipe `{}` is not UTF-8 text", path.display()), "save it as UTF-8")
            })?;
            let neighbours = neighbours(path.parent().unwrap_or(Path::new("")), &text, read);
            Ok(ModelSource::Recipe { path, source: text, neighbours })
        }
        (Some(_), Some(recipe)) => Err(source.problem(
            recipe.span(),
            format!("the model `{}` has both an estimator and a recipe", raw.name),
            "remove one of the two",
        )),
        (None, None) => Err(source.problem(
            raw.name.span(),
            format!("the model `{}` has neither an estimator nor a recipe", raw.name),
            "add `estimator = \"Ridge()\"`, or `recipe = \"recipes/model.py\"`",
        )),
    }
}

pub(super) fn compile_methods(source: &Source, methods: &Texts) -> Fallible<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for text in texts(methods) {
        let name = text.get_ref();
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let message = format!("`{name}` is not the name of a method");
            return Err(source.problem(
                text.span(),
                message,
                "write, for example, \"predict\" or \"transform\"",
            ));
        }
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        let help = "name at least one, or remove `methods` to compare everything";
        return Err(source.problem(methods.span(), "no method is left to compare", help));
    }
    Ok(names)
}

fn compile_arrays(source: &Source, arrays: &Text) -> Fallible<String> {
    let name = arrays.get_ref();
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if !name.split('.').all(is_name) {
        let help = "write the module that makes the arrays, such as \"array_api_strict\" or \"torch\"";
        return Err(source.problem(arrays.span(), format!("`{name}` is not the name of a module"), help));
    }
    Ok(name.clone())
}

fn compile_requires(source: &Source, requires: Option<&Texts>) -> Fallible<Vec<String>> {
    requires
        .map(texts)
        .unwrap_or_default()
        .into_iter()
        .map(|text| match text.get_ref().parse::<Requirement>() {
            Ok(requirement) => Ok(requirement.to_string()),
            Err(error) => Err(source.version_problem(text.span(), error)),
        })
        .collect()
}
