//! Tolerances and expectations: rules whose patterns are resolved to names.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::error::{Fallible, Problems, Source};
use super::load::Placed;
use super::raw::{RawExpect, RawTolerance, Text, Texts, texts};
use super::select::env_pattern;
use super::types::{EnvironmentSpec, Expectation, ModelSpec, PairKind, ToleranceRule};
use crate::notation::glob;
use crate::vocab::{EnvName, FormatName, ModelName, Tolerance, Verdict};

/// What rules can name.
pub(super) struct Scope<'a> {
    main: &'a Arc<Source>,
    models: Vec<&'a ModelName>,
    model_names: glob::Names<'a>,
    formats: Vec<&'a FormatName>,
    format_names: glob::Names<'a>,
    environments: &'a [EnvironmentSpec],
}

impl<'a> Scope<'a> {
    pub fn new(main: &'a Arc<Source>, models: &'a [ModelSpec], environments: &'a [EnvironmentSpec]) -> Self {
        let mut formats: Vec<&FormatName> = Vec::new();
        for format in models.iter().flat_map(|model| &model.formats) {
            if !formats.contains(&format) {
                formats.push(format);
            }
        }
        Self {
            main,
            models: models.iter().map(|model| &model.name).collect(),
            model_names: glob::Names::new(models.iter().map(|model| model.name.as_str())),
            format_names: glob::Names::new(formats.iter().map(|format| format.as_str())),
            formats,
            environments,
        }
    }

    /// A base's rule may cover nothing, because the file that extends it may have fewer models and
    /// environments. It is then left out.
    fn inherited(&self, source: &Arc<Source>) -> bool {
        !Arc::ptr_eq(self.main, source)
    }

    fn models(&self, source: &Arc<Source>, patterns: Option<&Texts>) -> Fallible<Vec<ModelName>> {
        let covers = |pattern: &Text| Ok(self.model_names.matching(pattern.get_ref()));
        let covered = self.cover(source, patterns, self.models.len(), covers, |pattern| {
            complaint(pattern, "model", self.models.iter().map(|name| name.as_str()))
        })?;
        Ok(covered.into_iter().map(|at| self.models[at].clone()).collect())
    }

    fn formats(&self, source: &Arc<Source>, patterns: Option<&Texts>) -> Fallible<Vec<FormatName>> {
        let covers = |pattern: &Text| Ok(self.format_names.matching(pattern.get_ref()));
        let covered = self.cover(source, patterns, self.formats.len(), covers, |pattern| {
            complaint(pattern, "format in use", self.formats.iter().map(|name| name.as_str()))
        })?;
        Ok(covered.into_iter().map(|at| self.formats[at].clone()).collect())
    }

    fn environments(&self, source: &Arc<Source>, patterns: Option<&Texts>) -> Fallible<Vec<EnvName>> {
        let covers = |text: &Text| -> Fallible<Vec<usize>> {
            let pattern = env_pattern(source, text)?;
            let covered = self.environments.iter().enumerate().filter(|(_, env)| pattern.covers(env));
            Ok(covered.map(|(at, _)| at).collect())
        };
        let covered = self.cover(source, patterns, self.environments.len(), covers, |pattern| {
            complaint(pattern, "environment", self.environments.iter().map(|env| env.name.as_str()))
        })?;
        Ok(covered.into_iter().map(|at| self.environments[at].name.clone()).collect())
    }

    /// Which of `count` things any pattern covers, in declaration order; all of them where there are no patterns.
    fn cover(
        &self,
        source: &Arc<Source>,
        patterns: Option<&Texts>,
        count: usize,
        covers: impl Fn(&Text) -> Fallible<Vec<usize>>,
        complaint: impl Fn(&Text) -> (String, String),
    ) -> Fallible<Vec<usize>> {
        let Some(patterns) = patterns else { return Ok((0..count).collect()) };
        let list = texts(patterns);
        if list.is_empty() {
            let help = "name something, or remove the key to cover everything";
            return Err(source.problem(patterns.span(), "an empty list covers nothing", help));
        }
        let mut covered: Vec<usize> = Vec::new();
        for pattern in &list {
            let by_this = covers(pattern)?;
            if by_this.is_empty() && !self.inherited(source) {
                let (message, help) = complaint(pattern);
                return Err(source.problem(pattern.span(), message, help));
            }
            covered.extend(by_this);
        }
        covered.sort_unstable();
        covered.dedup();
        Ok(covered)
    }
}

/// What is wrong with a pattern that covers nothing, and what could have been meant.
fn complaint<'a>(pattern: &Text, what: &str, names: impl Iterator<Item = &'a str>) -> (String, String) {
    (format!("`{pattern}` matches no {what}"), glob::suggestion(pattern.get_ref(), names))
}

/// The tolerance rules in order. Problems are noted.
pub(super) fn tolerances(
    placed: &[Placed<Spanned<RawTolerance>>],
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Vec<ToleranceRule> {
    placed.iter().filter_map(|rule| problems.take(tolerance(rule, scope)).flatten()).collect()
}

fn tolerance(placed: &Placed<Spanned<RawTolerance>>, scope: &Scope<'_>) -> Fallible<Option<ToleranceRule>> {
    let (source, raw) = (&placed.source, placed.value.get_ref());
    let models = match &raw.model {
        None => BTreeSet::new(),
        Some(patterns) => {
            let models: BTreeSet<_> = scope.models(source, Some(patterns))?.into_iter().collect();
            if models.is_empty() {
                return Ok(None);
            }
            models
        }
    };
    const PAIRS: &[(&str, PairKind)] = &[
        ("cross-arch", PairKind::CrossArch),
        ("cross-bits", PairKind::CrossBits),
        ("same-arch", PairKind::SameArch),
        ("float32", PairKind::Float32),
    ];
    let pair = match &raw.pair {
        None => None,
        Some(text) => match PAIRS.iter().find(|(word, _)| word == text.get_ref()) {
            Some((_, kind)) => Some(*kind),
            None => {
                return Err(source.problem(
                    text.span(),
                    format!("`{text}` is not a kind of pair"),
                    glob::suggestion(text.get_ref(), PAIRS.iter().map(|(word, _)| *word)),
                ));
            }
        },
    };
    for value in [&raw.rtol, &raw.stol] {
        if !(value.get_ref().is_finite() && *value.get_ref() >= 0.0) {
            return Err(source.problem(
                value.span(),
                format!("{value} is not a tolerance"),
                "write a number that is not negative, such as 1e-7",
            ));
        }
    }
    let tolerance = Tolerance { rtol: *raw.rtol.get_ref(), stol: *raw.stol.get_ref() };
    Ok(Some(ToleranceRule {
        models,
        output: raw.output.clone(),
        pair,
        tolerance,
        reason: raw.reason.clone(),
    }))
}

/// The expectations in order. Problems are noted.
pub(super) fn expectations(
    placed: &[Placed<Spanned<RawExpect>>],
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Vec<Expectation> {
    placed.iter().filter_map(|rule| problems.take(expectation(rule, scope)).flatten()).collect()
}

fn expectation(placed: &Placed<Spanned<RawExpect>>, scope: &Scope<'_>) -> Fallible<Option<Expectation>> {
    let (source, raw) = (&placed.source, placed.value.get_ref());
    let models = scope.models(source, raw.model.as_ref())?;
    let formats = scope.formats(source, raw.format.as_ref())?;
    let producers = scope.environments(source, raw.producer.as_ref())?;
    let consumers = scope.environments(source, raw.consumer.as_ref())?;
    let mut verdicts: Vec<Verdict> = Vec::new();
    for text in texts(&raw.verdict) {
        let verdict = text.get_ref().parse().map_err(|_| {
            source.problem(
                text.span(),
                format!("`{text}` is not a verdict"),
                glob::suggestion(text.get_ref(), Verdict::ALL.iter().map(|verdict| verdict.as_str())),
            )
        })?;
        if !verdicts.contains(&verdict) {
            verdicts.push(verdict);
        }
    }
    if verdicts.is_empty() {
        let message = "no verdict is given";
        return Err(source.problem(raw.verdict.span(), message, "write, for example, verdict = \"drift\""));
    }
    if raw.reason.get_ref().trim().is_empty() {
        return Err(source.problem(
            raw.reason.span(),
            "the reason is empty",
            "say in a sentence why this is expected; reports show it",
        ));
    }
    if models.is_empty() || formats.is_empty() || producers.is_empty() || consumers.is_empty() {
        return Ok(None);
    }
    Ok(Some(Expectation {
        models,
        formats,
        producers,
        consumers,
        verdicts,
        reason: raw.reason.get_ref().trim().to_owned(),
        link: raw.link.clone(),
        declared_at: source.place(placed.value.span().start),
    }))
}
