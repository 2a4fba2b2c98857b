//! What the command line takes out of a matrix.

use crate::matrix::{EnvPattern, EnvironmentSpec, Matrix, ModelSpec};
use crate::notation::glob;

/// Patterns from the command line; an empty list selects everything. Models and formats are globs;
/// environments are globs or requirements such as `scikit-learn<1.3`.
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

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
pub enum PlanError {
    /// A pattern matches nothing: exit code 4.
    #[error("nothing selected: `{pattern}` matches no {what} of the matrix `{matrix}`")]
    #[diagnostic(help("{help}"))]
    NothingSelected {
        /// `model`, `format`, `producer` or `consumer`.
        what: &'static str,
        /// The pattern as it was given.
        pattern: String,
        /// Name of the matrix.
        matrix: String,
        /// What it could have been.
        help: String,
    },
    /// Each pattern matches something, but no model is written in a selected format: exit code 4.
    #[error("nothing selected: no selected model is written in a selected format")]
    #[diagnostic(help("the selected models are written in {formats}"))]
    NoFormatLeft {
        /// The formats of the selected models.
        formats: String,
    },
    /// Whoever writes the selected formats, nobody reads them: exit code 4.
    #[error("nothing selected: no selected environment writes a selected format that another one reads")]
    #[diagnostic(help("look at `writes` and `reads` of the environments"))]
    NobodyReads,
    /// A pattern is no pattern: exit code 2.
    #[error("`{pattern}` cannot select environments: {message}")]
    #[diagnostic(help("{help}"))]
    BadPattern {
        /// The pattern as it was given.
        pattern: String,
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        help: String,
    },
    /// More artifacts than can be counted: the axes of the matrix are out of hand.
    #[error("the matrix asks for more artifacts than can be planned")]
    #[diagnostic(help("shorten an axis, or select fewer models, formats or producers"))]
    TooLarge,
}

fn nothing<'a>(
    matrix: &Matrix,
    what: &'static str,
    pattern: &str,
    names: impl Iterator<Item = &'a str>,
) -> PlanError {
    let mut unique: Vec<&str> = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    PlanError::NothingSelected {
        what,
        pattern: pattern.to_owned(),
        matrix: matrix.name.clone(),
        help: glob::suggestion(pattern, unique),
    }
}

/// The selected models with their selected formats.
pub(super) fn models(matrix: &Matrix, selection: &Selection) -> Result<Vec<ModelSpec>, PlanError> {
    let any = |patterns: &[String], name: &str| {
        patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, name))
    };
    for pattern in &selection.models {
        if !matrix.models.iter().any(|model| glob::matches(pattern, model.name.as_str())) {
            let names = matrix.models.iter().map(|model| model.name.as_str());
            return Err(nothing(matrix, "model", pattern, names));
        }
    }
    let chosen: Vec<&ModelSpec> =
        matrix.models.iter().filter(|model| any(&selection.models, model.name.as_str())).collect();
    for pattern in &selection.formats {
        let mut names = matrix.models.iter().flat_map(|model| &model.formats).map(|format| format.as_str());
        if !names.clone().any(|name| glob::matches(pattern, name)) {
            return Err(nothing(matrix, "format", pattern, names.by_ref()));
        }
    }
    let narrowed = chosen.iter().filter_map(|model| {
        let mut model = (*model).clone();
        model.formats.retain(|format| any(&selection.formats, format.as_str()));
        (!model.formats.is_empty()).then_some(model)
    });
    let narrowed: Vec<ModelSpec> = narrowed.collect();
    if narrowed.is_empty() {
        let mut formats: Vec<String> = Vec::new();
        for format in chosen.iter().flat_map(|model| &model.formats) {
            let text = format!("`{format}`");
            if !formats.contains(&text) {
                formats.push(text);
            }
        }
        return Err(PlanError::NoFormatLeft { formats: formats.join(", ") });
    }
    Ok(narrowed)
}

/// The environments that write or read after selection.
pub(super) fn environments(
    matrix: &Matrix,
    selection: &Selection,
) -> Result<Vec<EnvironmentSpec>, PlanError> {
    let producers = covered(matrix, &selection.producers, "producer", |env| env.producer)?;
    let consumers = covered(matrix, &selection.consumers, "consumer", |env| env.consumer)?;
    let narrowed = matrix.environments.iter().zip(producers.into_iter().zip(consumers));
    let narrowed =
        narrowed.map(|(env, (producer, consumer))| EnvironmentSpec { producer, consumer, ..env.clone() });
    Ok(narrowed.filter(|env| env.producer || env.consumer).collect())
}

/// Which environments have a role and are covered by a pattern.
fn covered(
    matrix: &Matrix,
    patterns: &[String],
    what: &'static str,
    has: fn(&EnvironmentSpec) -> bool,
) -> Result<Vec<bool>, PlanError> {
    let mut covered: Vec<bool> =
        matrix.environments.iter().map(|env| patterns.is_empty() && has(env)).collect();
    for text in patterns {
        let pattern = EnvPattern::parse(text).map_err(|error| PlanError::BadPattern {
            pattern: text.clone(),
            message: error.message,
            help: error.help,
        })?;
        let mut any = false;
        for (env, covered) in matrix.environments.iter().zip(&mut covered) {
            if has(env) && pattern.covers(env) {
                any = true;
                *covered = true;
            }
        }
        if !any {
            let names = matrix.environments.iter().filter(|env| has(env)).map(|env| env.name.as_str());
            return Err(nothing(matrix, what, text, names));
        }
    }
    if covered.contains(&true) {
        Ok(covered)
    } else {
        // Only a matrix that was not made by `matrix::load` has nobody in a role.
        Err(nothing(matrix, what, "*", std::iter::empty()))
    }
}
