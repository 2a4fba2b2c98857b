//! From the raw matrix to the compiled one: defaults applied, names resolved, every problem noted.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::axes::package_key;
use super::datasets::DatasetSpec;
use super::error::{Fallible, MatrixError, Problem, Problems, Source};
use super::finding::{Expanded, FindArtifacts};
use super::formats::Formats;
use super::load::{self, Merged, Placed, Read, resolve};
use super::models::{self, Defaults};
use super::naming::plain_name;
use super::raw::{RawDataset, RawSelect, Text, Texts, texts};
use super::raw_limits::{Quantity, RawLimits};
use super::select::env_pattern;
use super::types::{EnvironmentSpec, Limits, Matrix, SCIKIT_LEARN};
use super::{artifacts, environments, rules};
use crate::notation::{ColumnType, LimitError, glob, memory_limit, time_limit};

/// Reads and checks the matrix at `path`; `read` gives the bytes of a file (the matrix, the matrices that it
/// extends, and recipes; never datasets).
///
/// # Errors
/// Every problem that was found, with its place and what to write instead.
pub fn load(path: &Path, read: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>) -> Result<Matrix, MatrixError> {
    compile(load::load(path, read)?, read, None)
}

/// As [`fn@load`], for matrices that may name external artifacts: `finder` finds them.
///
/// # Errors
/// As [`fn@load`].
pub fn load_with(
    path: &Path,
    read: &dyn Fn(&Path) -> std::io::Result<Vec<u8>>,
    finder: &dyn FindArtifacts,
) -> Result<Matrix, MatrixError> {
    compile(load::load(path, read)?, read, Some(finder))
}

fn compile(
    merged: Merged,
    read: Read<'_>,
    finder: Option<&dyn FindArtifacts>,
) -> Result<Matrix, MatrixError> {
    let problems = &mut Problems::default();
    let main = &merged.main;
    let name = problems.take(matrix_name(&merged)).unwrap_or_default();
    let limits = match &merged.limits {
        Some(placed) => problems.take(compile_limits(placed)),
        None => Some(Limits { seconds: 60.0, memory_bytes: 2 << 30 }),
    };
    let available = Formats::compile(&merged.formats, read, problems);
    let package = problems.take(package(&merged)).unwrap_or_else(|| SCIKIT_LEARN.to_owned());
    let mut environments = match &merged.environments {
        Some(placed) if !placed.value.is_empty() => {
            environments::compile(placed, &available, &package, problems)
        }
        _ => {
            problems.note(missing(main, "environments", "[[environments]]", "name, python and packages"));
            Vec::new()
        }
    };
    let mut datasets = BTreeMap::new();
    for (name, placed) in &merged.datasets {
        if let Some(spec) = problems.take(compile_dataset(name, placed)) {
            datasets.insert(spec.name.clone(), spec);
        }
    }
    let declared: Vec<&str> = merged.datasets.iter().map(|(name, _)| name.get_ref().as_str()).collect();
    let defaults = problems.take(Defaults::compile(merged.defaults.as_ref(), &declared, &available));
    let mut models = match (&merged.models, &defaults) {
        (Some(placed), Some(defaults)) if !placed.value.is_empty() => {
            models::compile(placed, defaults, read, problems)
        }
        (Some(_), None) => Vec::new(),
        _ if merged.artifacts.as_ref().is_some_and(|placed| !placed.value.is_empty()) => Vec::new(),
        _ => {
            problems.note(missing(main, "models", "[[models]]", "name and estimator"));
            Vec::new()
        }
    };
    // What follows names environments and models: it would only repeat the problems so far.
    problems.check()?;
    if let Some(select) = &merged.select {
        problems.take(apply_selection(select, &mut environments));
        problems.check()?;
    }
    let mut given = BTreeMap::new();
    let mut refused = Vec::new();
    if let (Some(placed), Some(defaults)) = (&merged.artifacts, &defaults) {
        let declared = artifacts::compile(placed, defaults, &environments, problems);
        problems.check()?;
        let expanded = match finder {
            Some(finder) => finder.find(&declared, &environments),
            None => Expanded::default(),
        };
        artifacts::join(placed, expanded, &mut environments, &mut models, problems, |more, refusals| {
            given = more;
            refused = refusals;
        });
        if models.is_empty() {
            // Where there is nothing else to try, what was left out is what is wrong.
            for refusal in refused.drain(..) {
                problems.note(artifacts::problem(placed, refusal));
            }
        }
        problems.check()?;
    }
    for (does, wanted) in [("writes", true), ("reads", false)] {
        if !environments.iter().any(|env| if wanted { env.producer } else { env.consumer }) {
            let role = if wanted { "producer" } else { "consumer" };
            problems.note(main.problem(
                first_line(main),
                format!("no environment {does} artifacts"),
                format!("give one of them `role = \"both\"` or `role = \"{role}\"`"),
            ));
        }
    }
    let scope = rules::Scope::new(main, &models, &environments);
    let tolerances = rules::tolerances(&merged.tolerance, &scope, problems);
    let expectations = rules::expectations(&merged.expect, &scope, problems);
    problems.check()?;
    let used: BTreeSet<&str> = models
        .iter()
        .flat_map(|model| [Some(model.dataset.as_str()), model.inputs.as_deref()])
        .flatten()
        .collect();
    datasets.retain(|name, _| used.contains(name.as_str()));
    let formats = available.used(&models);
    Ok(Matrix {
        name,
        description: merged.header.description,
        package,
        environments,
        models,
        formats,
        datasets,
        tolerances,
        // Set where nothing was noted, which `check` has made sure of.
        limits: limits.unwrap_or_default(),
        expectations,
        trusts_recipes: merged.recipes.trusted,
        given,
        refused,
    })
}

/// The place of what is missing altogether.
fn first_line(source: &Source) -> std::ops::Range<usize> {
    0..source.text.find('\n').unwrap_or(source.text.len())
}

fn missing(main: &Source, what: &str, table: &str, keys: &str) -> Box<Problem> {
    main.problem(
        first_line(main),
        format!("the matrix declares no {what}"),
        format!("add at least one `{table}` table with {keys}"),
    )
}

/// The package under test.
fn package(merged: &Merged) -> Fallible<String> {
    match &merged.header.package {
        Some(name) => package_key(&merged.main, name),
        None => Ok(SCIKIT_LEARN.to_owned()),
    }
}

fn matrix_name(merged: &Merged) -> Fallible<String> {
    match &merged.header.name {
        Some(name) => Ok(plain_name(&merged.main, name, "matrix")?.to_owned()),
        None => {
            let stem = merged.main.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
            let stem = Spanned::new(first_line(&merged.main), stem.unwrap_or_default());
            plain_name(&merged.main, &stem, "matrix").map(str::to_owned).map_err(|mut problem| {
                problem.help =
                    Some("add `[matrix]` with a plain `name`; the file's name cannot be one".into());
                problem
            })
        }
    }
}

fn compile_limits(placed: &Placed<RawLimits>) -> Fallible<Limits> {
    fn value<T>(
        source: &Source,
        quantity: &Option<Spanned<Quantity>>,
        read: fn(&str) -> Result<T, LimitError>,
    ) -> Fallible<Option<T>> {
        let Some(quantity) = quantity else { return Ok(None) };
        let (text, parsed) = match quantity.get_ref() {
            // The same bounds hold for a plain number as for its text.
            Quantity::Number(number) => (number.to_string(), read(&number.to_string())),
            Quantity::Text(text) => (format!("\"{text}\""), read(text)),
        };
        let refuse = |(what, help)| source.problem(quantity.span(), format!("{text} {what}"), help);
        parsed.map(Some).map_err(refuse)
    }
    let defaults = Limits::default();
    let seconds = value(&placed.source, &placed.value.time, time_limit)?;
    let memory_bytes = value(&placed.source, &placed.value.memory, memory_limit)?;
    Ok(Limits {
        seconds: seconds.unwrap_or(defaults.seconds),
        memory_bytes: memory_bytes.unwrap_or(defaults.memory_bytes),
    })
}

fn plain_texts(value: Option<&Texts>) -> Vec<Text> {
    value.map(texts).unwrap_or_default()
}

fn compile_dataset(name: &Text, placed: &Placed<RawDataset>) -> Fallible<DatasetSpec> {
    let (source, raw): (&Arc<Source>, _) = (&placed.source, &placed.value);
    let own_name = plain_name(source, name, "dataset")?.to_owned();
    let path = resolve(&source.path, raw.path.get_ref());
    let extension = path.extension().map(|ext| ext.to_string_lossy().to_ascii_lowercase());
    let npy = match extension.as_deref() {
        Some("csv" | "parquet") => false,
        Some("npy") => true,
        _ => {
            return Err(source.problem(
                raw.path.span(),
                format!("the dataset `{}` is neither a .csv, a .parquet nor a .npy file", raw.path.get_ref()),
                "save it as CSV with a header line, or with numpy.save",
            ));
        }
    };
    let targets = plain_texts(raw.target.as_ref());
    let drop = plain_texts(raw.drop.as_ref());
    if npy {
        if let Some(extra) = targets.get(1) {
            return Err(source.problem(
                extra.span(),
                "the target of a .npy dataset is one file",
                "give the path of one .npy; it may have several columns",
            ));
        }
        let columns = drop.first().map(|text| (text.span(), "drop"));
        let columns = columns.or(raw.dtypes.values().next().map(|text| (text.span(), "dtypes")));
        if let Some((span, key)) = columns {
            return Err(source.problem(
                span,
                format!("`{key}` names columns, but a .npy file has no column names"),
                "remove it, or save the data as CSV",
            ));
        }
    }
    for dtype in raw.dtypes.values() {
        let Some(declared) = ColumnType::parse(dtype.get_ref()) else {
            return Err(source.problem(
                dtype.span(),
                format!("`{}` is not a column type", dtype.get_ref()),
                glob::suggestion(dtype.get_ref(), ColumnType::WORDS.iter().copied()),
            ));
        };
        if declared.is_of_frames() && !raw.dataframe {
            return Err(source.problem(
                dtype.span(),
                format!("only a DataFrame has columns of the type `{}`", dtype.get_ref()),
                "add `dataframe = true` to the dataset, or declare another type",
            ));
        }
    }
    let also_target: HashSet<&str> = targets.iter().map(|target| target.get_ref().as_str()).collect();
    for dropped in &drop {
        if also_target.contains(dropped.get_ref().as_str()) {
            let message = format!("the column `{dropped}` is both dropped and the target");
            return Err(source.problem(dropped.span(), message, "remove it from `drop`"));
        }
    }
    let digest = match &raw.digest {
        None => None,
        Some(text) => Some(text.get_ref().parse().map_err(|error: crate::vocab::ParseDigestError| {
            source.problem(text.span(), error.to_string(), "leave `digest` out to accept the file as it is")
        })?),
    };
    let target = targets
        .into_iter()
        .map(Spanned::into_inner)
        .map(|target| if npy { resolve(&source.path, &target).display().to_string() } else { target });
    Ok(DatasetSpec {
        name: own_name,
        path,
        declared_path: raw.path.get_ref().clone(),
        target: target.collect(),
        drop: drop.into_iter().map(Spanned::into_inner).collect(),
        dtypes: raw.dtypes.iter().map(|(name, dtype)| (name.clone(), dtype.get_ref().clone())).collect(),
        digest,
        dataframe: raw.dataframe,
        span: name.span(),
        outside: false,
        declared_at: source.place(name.span().start),
    })
}

/// Narrows who writes and who reads.
fn apply_selection(placed: &Placed<RawSelect>, environments: &mut [EnvironmentSpec]) -> Fallible<()> {
    let select = &placed.value;
    type Flag = fn(&mut EnvironmentSpec) -> &mut bool;
    let cases: [(_, &str, Flag); 2] = [
        (&select.producers, "writes artifacts", |env| &mut env.producer),
        (&select.consumers, "reads artifacts", |env| &mut env.consumer),
    ];
    for (patterns, does, flag) in cases {
        let Some(patterns) = patterns else { continue };
        let mut covered = vec![false; environments.len()];
        for text in texts(patterns) {
            let pattern = env_pattern(&placed.source, &text)?;
            let mut any = false;
            for (environment, covered) in environments.iter_mut().zip(&mut covered) {
                if pattern.covers(environment) && *flag(environment) {
                    any = true;
                    *covered = true;
                }
            }
            if !any {
                let names = environments.iter().map(|env| env.name.as_str());
                return Err(placed.source.problem(
                    text.span(),
                    format!("`{text}` selects no environment that {does}"),
                    glob::suggestion(text.get_ref(), names),
                ));
            }
        }
        if !covered.contains(&true) {
            let message = format!("an empty list leaves no environment that {does}");
            return Err(placed.source.problem(patterns.span(), message, "write \"*\" for all, or remove it"));
        }
        for (environment, covered) in environments.iter_mut().zip(covered) {
            *flag(environment) &= covered;
        }
    }
    Ok(())
}
