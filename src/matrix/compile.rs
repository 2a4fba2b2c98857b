//! From the raw matrix to the validated one: names are resolved, defaults applied, and every problem is noted
//! before any is reported.

use std::collections::BTreeMap;

use serde_spanned::Spanned;

use super::error::{Fallible, MatrixError, Problems, Source};
use super::load::{Merged, Placed, Read, resolve};
use super::raw::{Quantity, RawDataset, RawDefaults, RawExpect, RawModel, RawTolerance, Text, Texts, texts};
use super::requirement::Requirement;
use super::select::EnvPattern;
use super::types::{
    DatasetSpec, EnvironmentSpec, Expectation, Limits, Matrix, ModelSource, ModelSpec, PairKind,
    ToleranceRule,
};
use super::{environments, glob, units};
use crate::format;
use crate::vocab::{EnvName, FormatName, ModelName, Tolerance, Verdict};

/// What the formats of a model are where nobody says.
const DEFAULT_FORMATS: &[&str] = &["pickle", "joblib"];
/// Types that a column of a dataset can be declared as.
const DTYPES: &[&str] = &["float64", "float32", "int64", "bool", "text"];
const DEFAULT_LIMITS: Limits = Limits { seconds: 60.0, memory_bytes: 2 << 30 };

pub(super) fn compile(merged: &Merged, read: Read<'_>) -> Result<Matrix, MatrixError> {
    let mut problems = Problems::default();
    let mut environments = match &merged.environments {
        Some(placed) => environments::compile(placed, &mut problems),
        None => Vec::new(),
    };
    let main = &merged.main;
    if merged.environments.as_ref().is_none_or(|placed| placed.value.is_empty()) {
        problems.note(main.problem(
            0..0,
            "the matrix has no environments",
            "add such as\n[[environments]]\npython = \"3.11\"\npackages = { scikit-learn = [\"1.5.2\", \"1.7.2\"] }",
        ));
    }
    select(merged, &mut environments, &mut problems);
    let before = problems.count();
    let datasets = datasets(merged, &mut problems);
    // Models name datasets; complaints about missing ones would only repeat these problems.
    if problems.count() > before {
        problems.check()?;
    }
    let models = models(merged, &datasets, read, &mut problems);
    // What follows names environments and models.
    problems.check()?;
    roles(merged, &environments)?;
    let names = Names { environments: &environments, models: &models };
    let tolerances =
        merged.tolerance.iter().filter_map(|placed| problems.take(tolerance(placed, &names))).collect();
    let expectations =
        merged.expect.iter().filter_map(|placed| problems.take(expectation(placed, &names))).collect();
    let limits = limits(merged, &mut problems);
    let name = problems.take(name(merged)).unwrap_or_default();
    problems.check()?;
    let used = |name: &str| {
        models.iter().any(|model| model.dataset == name || model.inputs.as_deref() == Some(name))
    };
    let datasets = datasets.into_iter().filter(|(name, _)| used(name)).collect();
    Ok(Matrix {
        name,
        description: merged.header.description.clone(),
        environments,
        models,
        datasets,
        tolerances,
        limits,
        expectations,
    })
}

fn name(merged: &Merged) -> Fallible<String> {
    if let Some(name) = &merged.header.name {
        return Ok(environments::plain_name(&merged.main, name, "matrix")?.to_owned());
    }
    let stem = merged.main.path.file_stem().unwrap_or_default().to_string_lossy();
    let plain: String = stem
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') { c } else { '-' })
        .collect();
    let plain = plain.trim_start_matches(['.', '-', '+']);
    Ok(if plain.is_empty() { "matrix".to_owned() } else { plain.to_owned() })
}

/// Applies `[select]`.
fn select(merged: &Merged, environments: &mut [EnvironmentSpec], problems: &mut Problems) {
    let Some(placed) = &merged.select else { return };
    let source = &placed.source;
    let chosen =
        |patterns: &Option<Texts>, environments: &[EnvironmentSpec]| -> Fallible<Option<Vec<EnvName>>> {
            patterns.as_ref().map(|patterns| covered(source, patterns, environments)).transpose()
        };
    if let Some(Some(names)) = problems.take(chosen(&placed.value.producers, environments)) {
        environments.iter_mut().for_each(|env| env.producer &= names.contains(&env.name));
    }
    if let Some(Some(names)) = problems.take(chosen(&placed.value.consumers, environments)) {
        environments.iter_mut().for_each(|env| env.consumer &= names.contains(&env.name));
    }
}

/// Refuses a matrix in which nobody writes or nobody reads.
fn roles(merged: &Merged, environments: &[EnvironmentSpec]) -> Fallible<()> {
    let source = &merged.main;
    let refuse = |does: &str, role: &str| {
        let first_line = 0..source.text.find('\n').unwrap_or(source.text.len());
        source.problem(
            first_line,
            format!("no environment {does} artifacts"),
            format!("give one of them `role = \"both\"` or `role = \"{role}\"`, and look at [select]"),
        )
    };
    if !environments.iter().any(|environment| environment.producer) {
        return Err(refuse("writes", "producer"));
    }
    if !environments.iter().any(|environment| environment.consumer) {
        return Err(refuse("reads", "consumer"));
    }
    Ok(())
}

/// The environments that patterns cover; each pattern must cover one.
fn covered(source: &Source, patterns: &Texts, environments: &[EnvironmentSpec]) -> Fallible<Vec<EnvName>> {
    let mut names = Vec::new();
    for text in non_empty(source, patterns)? {
        let pattern =
            EnvPattern::parse(text.get_ref()).map_err(|error| source.version_problem(text.span(), error))?;
        let before = names.len();
        names.extend(environments.iter().filter(|env| pattern.covers(env)).map(|env| env.name.clone()));
        if names.len() == before {
            let known = environments.iter().map(|env| env.name.as_str());
            let help = match pattern {
                EnvPattern::Glob(_) => glob::suggestion(text.get_ref(), known),
                EnvPattern::Requirement(_) => {
                    "no environment declares an exact version or a minor that fulfils it".to_owned()
                }
            };
            return Err(source.problem(
                text.span(),
                format!("no environment matches `{}`", text.get_ref()),
                help,
            ));
        }
    }
    Ok(names)
}

fn non_empty(source: &Source, list: &Texts) -> Fallible<Vec<Text>> {
    let list_of = texts(list);
    if list_of.is_empty() {
        return Err(source.problem(
            list.span(),
            "this list is empty, so it selects nothing",
            "name something, or remove the key",
        ));
    }
    Ok(list_of)
}

/// Names out of a closed set that globs cover; each glob must cover one.
fn globbed<'a>(source: &Source, patterns: &Texts, what: &str, known: &[&'a str]) -> Fallible<Vec<&'a str>> {
    let mut names: Vec<&str> = Vec::new();
    for text in non_empty(source, patterns)? {
        let mut matched = known.iter().filter(|name| glob::matches(text.get_ref(), name)).peekable();
        if matched.peek().is_none() {
            return Err(source.problem(
                text.span(),
                format!("no {what} matches `{}`", text.get_ref()),
                glob::suggestion(text.get_ref(), known.iter().copied()),
            ));
        }
        for name in matched {
            if !names.contains(name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

fn datasets(merged: &Merged, problems: &mut Problems) -> BTreeMap<String, DatasetSpec> {
    let made = merged.datasets.iter().filter_map(|(name, placed)| problems.take(dataset(name, placed)));
    made.map(|dataset| (dataset.name.clone(), dataset)).collect()
}

fn dataset(name: &Text, placed: &Placed<RawDataset>) -> Fallible<DatasetSpec> {
    let (source, raw) = (&placed.source, &placed.value);
    let list = |texts_of: &Option<Texts>| -> Vec<String> {
        texts_of.iter().flat_map(texts).map(Spanned::into_inner).collect()
    };
    let path = resolve(&source.path, raw.path.get_ref());
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let is_npy = match extension.as_deref() {
        Some("csv") => false,
        Some("npy") => true,
        _ => {
            return Err(source.problem(
                raw.path.span(),
                format!("the dataset `{}` is neither a .csv nor a .npy file", raw.path.get_ref()),
                "save it as CSV with a header line, or with numpy.save",
            ));
        }
    };
    let target = list(&raw.target);
    if is_npy {
        if target.len() > 1 {
            return Err(source.problem(
                raw.target.as_ref().map_or(name.span(), Spanned::span),
                "the target of a .npy dataset is one second .npy file",
                "name one file, such as target = \"y.npy\"; it may have several columns",
            ));
        }
        let columns = raw.drop.as_ref().map(|drop| (drop.span(), "drop"));
        let columns = columns.or_else(|| raw.dtypes.values().next().map(|text| (text.span(), "dtypes")));
        if let Some((span, key)) = columns {
            return Err(source.problem(
                span,
                format!("`{key}` names columns, and a .npy file has no column names"),
                "remove it, or save the data as CSV",
            ));
        }
    }
    let mut dtypes = BTreeMap::new();
    for (column, dtype) in &raw.dtypes {
        if !DTYPES.contains(&dtype.get_ref().as_str()) {
            return Err(source.problem(
                dtype.span(),
                format!("`{}` is no type of a column", dtype.get_ref()),
                glob::suggestion(dtype.get_ref(), DTYPES.iter().copied()),
            ));
        }
        dtypes.insert(column.clone(), dtype.get_ref().clone());
    }
    let digest = match &raw.digest {
        None => None,
        Some(text) => Some(text.get_ref().parse().map_err(|error: crate::vocab::ParseDigestError| {
            source.problem(
                text.span(),
                error.to_string(),
                "write the digest that `shelflife` says, or leave it out",
            )
        })?),
    };
    Ok(DatasetSpec {
        name: name.get_ref().clone(),
        path,
        target,
        drop: list(&raw.drop),
        dtypes,
        digest,
        dataframe: raw.dataframe,
        span: name.span(),
    })
}

fn models(
    merged: &Merged,
    datasets: &BTreeMap<String, DatasetSpec>,
    read: Read<'_>,
    problems: &mut Problems,
) -> Vec<ModelSpec> {
    let Some(placed) = merged.models.as_ref().filter(|placed| !placed.value.is_empty()) else {
        problems.note(merged.main.problem(
            0..0,
            "the matrix has no models",
            "add such as\n[[models]]\nname = \"logistic\"\nestimator = \"LogisticRegression()\"\ndataset = \"blobs\"",
        ));
        return Vec::new();
    };
    let mut models: Vec<ModelSpec> = Vec::new();
    for raw in &placed.value {
        let made = model(&placed.source, raw, merged.defaults.as_ref(), datasets, read);
        let Some(model) = problems.take(made) else { continue };
        if models.iter().any(|other| other.name == model.name) {
            problems.note(placed.source.problem(
                raw.get_ref().name.span(),
                format!("the model `{}` is declared twice", model.name),
                "give one of them another name",
            ));
        }
        models.push(model);
    }
    models
}

fn model(
    source: &Source,
    raw: &Spanned<RawModel>,
    defaults: Option<&Placed<RawDefaults>>,
    datasets: &BTreeMap<String, DatasetSpec>,
    read: Read<'_>,
) -> Fallible<ModelSpec> {
    let model = raw.get_ref();
    let name: ModelName = environments::plain_name(source, &model.name, "model")?.into();
    let model_source = match (&model.estimator, &model.recipe) {
        (Some(expression), None) if !expression.get_ref().trim().is_empty() => {
            ModelSource::Expression(expression.get_ref().trim().to_owned())
        }
        (None, Some(recipe)) => recipe_source(source, recipe, read)?,
        (Some(both), Some(_)) => {
            return Err(source.problem(
                both.span(),
                format!("the model `{name}` has an `estimator` and a `recipe`"),
                "keep one of them",
            ));
        }
        _ => {
            return Err(source.problem(
                model.name.span(),
                format!("the model `{name}` says not what it is"),
                "add such as `estimator = \"LogisticRegression()\"`, or `recipe = \"recipes/mine.py\"`",
            ));
        }
    };
    let known = || datasets.keys().map(String::as_str);
    let named = |source: &Source, text: &Text| -> Fallible<String> {
        if datasets.contains_key(text.get_ref()) {
            return Ok(text.get_ref().clone());
        }
        Err(source.problem(
            text.span(),
            format!("there is no dataset `{}`", text.get_ref()),
            glob::suggestion(text.get_ref(), known()),
        ))
    };
    let default_dataset = defaults.and_then(|d| d.value.dataset.as_ref().map(|text| (&*d.source, text)));
    let dataset = match (&model.dataset, default_dataset) {
        (Some(text), _) => named(source, text)?,
        (None, Some((source, text))) => named(source, text)?,
        // With one dataset there is nothing to choose.
        (None, None) if datasets.len() == 1 => datasets.keys().cloned().collect(),
        (None, None) => {
            return Err(source.problem(
                model.name.span(),
                format!("the model `{name}` has no dataset"),
                "add `dataset = \"...\"` here or under [defaults]",
            ));
        }
    };
    let inputs = model.inputs.as_ref().map(|text| named(source, text)).transpose()?;
    let default_formats = defaults.and_then(|d| d.value.formats.as_ref().map(|texts| (&*d.source, texts)));
    let table: Vec<&str> = format::TABLE.iter().map(|format| format.name).collect();
    let formats = match (&model.formats, default_formats) {
        (Some(patterns), _) => globbed(source, patterns, "format", &table)?,
        (None, Some((source, patterns))) => globbed(source, patterns, "format", &table)?,
        (None, None) => DEFAULT_FORMATS.to_vec(),
    };
    let methods = match &model.methods {
        None => None,
        Some(list) => Some(
            non_empty(source, list)?
                .into_iter()
                .map(|text| method(source, &text))
                .collect::<Result<_, _>>()?,
        ),
    };
    let mut requires = Vec::new();
    for text in model.requires.iter().flat_map(texts) {
        let requirement: Requirement =
            text.get_ref().parse().map_err(|error| source.version_problem(text.span(), error))?;
        requires.push(requirement.to_string());
    }
    Ok(ModelSpec {
        name,
        source: model_source,
        dataset,
        inputs,
        formats: formats.into_iter().map(FormatName::from).collect(),
        methods,
        requires,
        seed: model.seed.or_else(|| defaults.and_then(|d| d.value.seed)).unwrap_or(0),
    })
}

fn method(source: &Source, text: &Text) -> Fallible<String> {
    let name = text.get_ref();
    let is_identifier = !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_identifier {
        return Ok(name.clone());
    }
    Err(source.problem(
        text.span(),
        format!("`{name}` is no method or attribute"),
        "write such as \"predict\", \"transform\", \"predict_std\" or \"labels_\"",
    ))
}

fn recipe_source(source: &Source, recipe: &Text, read: Read<'_>) -> Fallible<ModelSource> {
    let path = resolve(&source.path, recipe.get_ref());
    let bytes = read(&path).map_err(|error| {
        source.problem(
            recipe.span(),
            format!("cannot read the recipe `{}`: {error}", path.display()),
            "check the path; it is relative to this file",
        )
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        source.problem(
            recipe.span(),
            format!("the recipe `{}` is not UTF-8 text", path.display()),
            "save the file as UTF-8",
        )
    })?;
    Ok(ModelSource::Recipe { path, source: text })
}

/// What later tables refer to.
struct Names<'a> {
    environments: &'a [EnvironmentSpec],
    models: &'a [ModelSpec],
}

impl Names<'_> {
    fn models(&self, source: &Source, patterns: &Option<Texts>) -> Fallible<Vec<ModelName>> {
        let known: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
        let names = match patterns {
            None => known,
            Some(patterns) => globbed(source, patterns, "model", &known)?,
        };
        Ok(names.into_iter().map(ModelName::from).collect())
    }

    fn formats(&self, source: &Source, patterns: &Option<Texts>) -> Fallible<Vec<FormatName>> {
        let mut known: Vec<&str> =
            self.models.iter().flat_map(|model| &model.formats).map(FormatName::as_str).collect();
        known.sort_unstable();
        known.dedup();
        let names = match patterns {
            None => known,
            Some(patterns) => globbed(source, patterns, "format", &known)?,
        };
        Ok(names.into_iter().map(FormatName::from).collect())
    }

    fn environments(&self, source: &Source, patterns: &Option<Texts>) -> Fallible<Vec<EnvName>> {
        match patterns {
            None => Ok(self.environments.iter().map(|env| env.name.clone()).collect()),
            Some(patterns) => covered(source, patterns, self.environments),
        }
    }
}

fn tolerance(placed: &Placed<Spanned<RawTolerance>>, names: &Names<'_>) -> Fallible<ToleranceRule> {
    let (source, raw) = (&placed.source, placed.value.get_ref());
    let pair = match raw.pair.as_ref().map(|pair| (pair, pair.get_ref().as_str())) {
        None => None,
        Some((_, "cross-arch")) => Some(PairKind::CrossArch),
        Some((_, "cross-bits")) => Some(PairKind::CrossBits),
        Some((_, "same-arch")) => Some(PairKind::SameArch),
        Some((_, "float32")) => Some(PairKind::Float32),
        Some((pair, other)) => {
            return Err(source.problem(
                pair.span(),
                format!("`{other}` is no kind of pair"),
                glob::suggestion(other, ["cross-arch", "cross-bits", "same-arch", "float32"]),
            ));
        }
    };
    for number in [&raw.rtol, &raw.stol] {
        if !(number.get_ref().is_finite() && *number.get_ref() >= 0.0) {
            return Err(source.problem(
                number.span(),
                "a tolerance is a number from 0 upwards",
                "write such as 1e-7",
            ));
        }
    }
    Ok(ToleranceRule {
        models: names.models(source, &raw.model)?,
        output: raw.output.clone(),
        pair,
        tolerance: Tolerance { rtol: *raw.rtol.get_ref(), stol: *raw.stol.get_ref() },
        reason: raw.reason.clone(),
    })
}

fn expectation(placed: &Placed<Spanned<RawExpect>>, names: &Names<'_>) -> Fallible<Expectation> {
    let (source, raw) = (&placed.source, placed.value.get_ref());
    let mut verdicts = Vec::new();
    for text in non_empty(source, &raw.verdict)? {
        verdicts.push(text.get_ref().parse::<Verdict>().map_err(|_| {
            source.problem(
                text.span(),
                format!("`{}` is no verdict", text.get_ref()),
                glob::suggestion(text.get_ref(), Verdict::ALL.iter().map(|verdict| verdict.as_str())),
            )
        })?);
    }
    if raw.reason.get_ref().trim().is_empty() {
        return Err(source.problem(
            raw.reason.span(),
            "an expectation needs a reason",
            "say in a sentence why this is expected; the report shows it",
        ));
    }
    Ok(Expectation {
        models: names.models(source, &raw.model)?,
        formats: names.formats(source, &raw.format)?,
        producers: names.environments(source, &raw.producer)?,
        consumers: names.environments(source, &raw.consumer)?,
        verdicts,
        reason: raw.reason.get_ref().clone(),
        link: raw.link.clone(),
        declared_at: source.place(placed.value.span().start),
    })
}

fn limits(merged: &Merged, problems: &mut Problems) -> Limits {
    let Some(placed) = &merged.limits else { return DEFAULT_LIMITS };
    let source = &placed.source;
    let amount =
        |quantity: &Option<Spanned<Quantity>>, parse: fn(&str) -> Result<f64, &'static str>, default: f64| {
            let Some(quantity) = quantity else { return Ok(default) };
            let (text, value) = match quantity.get_ref() {
                Quantity::Number(number) => (number.to_string(), parse(&number.to_string())),
                Quantity::Text(text) => (text.clone(), parse(text)),
            };
            value.map_err(|help| source.problem(quantity.span(), format!("`{text}` is no limit"), help))
        };
    let seconds = problems.take(amount(&placed.value.time, units::seconds, DEFAULT_LIMITS.seconds));
    let memory =
        problems.take(amount(&placed.value.memory, units::bytes, DEFAULT_LIMITS.memory_bytes as f64));
    Limits { seconds: seconds.unwrap_or(DEFAULT_LIMITS.seconds), memory_bytes: memory.unwrap_or(0.0) as u64 }
}
