//! Names: which texts can be one, and how environments get theirs.

use std::ops::Range;

use serde_spanned::Spanned;

use super::axes::{Combination, PYTHON};
use super::error::{Fallible, Source};
use super::raw::{RawEnvironment, Text};
use super::types::VersionSpec;
use crate::notation::{glob, package_name};
use crate::vocab::EnvName;

/// A name that can stand in file names, globs and `model/format/producer`.
pub(super) fn plain_name<'a>(source: &Source, name: &'a Text, what: &str) -> Fallible<&'a str> {
    check_name(name.get_ref(), what)
        .map(|()| name.get_ref().as_str())
        .map_err(|(message, help)| source.problem(name.span(), message, help))
}

pub(super) fn check_name(name: &str, what: &str) -> Result<(), (String, &'static str)> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    let begins_well = name.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
    if begins_well && name.chars().all(allowed) && name.len() <= 100 {
        return Ok(());
    }
    Err((
        format!("`{name}` cannot be the name of a {what}",),
        "use letters, digits, `.`, `_`, `-` and `+`, begin with a letter or a digit, and stay below 100 bytes",
    ))
}

/// The names of the combinations of one `[[environments]]`, by its template or by what varies.
pub(super) fn names(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    combinations: &[Combination],
    package: &str,
) -> Fallible<Vec<EnvName>> {
    let span = raw.get_ref().name.as_ref().map_or(raw.span(), Spanned::span);
    let varying = varying(combinations, package);
    let mut names: Vec<EnvName> = Vec::new();
    for combination in combinations {
        let name = match &raw.get_ref().name {
            Some(template) => fill(source, template, combination)?,
            None => default_name(&varying, combination),
        };
        check_name(&name, "environment")
            .map_err(|(message, help)| source.problem(span.clone(), message, help))?;
        let name = EnvName::from(name);
        if names.contains(&name) {
            let parts: Vec<String> = varying.iter().map(|key| format!("{}{{{key}}}", short(key))).collect();
            return Err(source.problem(
                span,
                format!("several combinations get the name `{name}`"),
                format!("put what varies into the name, such as `name = \"{}\"`", parts.join("-")),
            ));
        }
        names.push(name);
    }
    Ok(names)
}

/// The key's part of a default name, before the version.
fn short(key: &str) -> &str {
    match key {
        "scikit-learn" => "sk",
        PYTHON => "py",
        "numpy" => "np",
        "scipy" => "sp",
        "pandas" => "pd",
        other => other,
    }
}

fn find<'a>(combination: &'a Combination, key: &str) -> Option<&'a VersionSpec> {
    combination.iter().find(|(name, _)| name == key).map(|(_, spec)| spec)
}

/// The keys that differ between the combinations, the package under test first; that one where none does.
fn varying<'a>(combinations: &'a [Combination], package: &'a str) -> Vec<&'a str> {
    let mut keys = vec![package, PYTHON];
    for (key, _) in combinations.iter().flatten() {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    let first = |key: &str| combinations.first().and_then(|combination| find(combination, key));
    keys.retain(|key| combinations.iter().any(|combination| find(combination, key) != first(key)));
    if keys.is_empty() {
        keys.push(package);
    }
    keys
}

fn default_name(varying: &[&str], combination: &Combination) -> String {
    let parts: Vec<String> = varying
        .iter()
        .filter_map(|key| Some(format!("{}{}", short(key), find(combination, key)?.label())))
        .collect();
    parts.join("-")
}

/// The template with `{python}` and package names replaced by versions.
fn fill(source: &Source, template: &Text, combination: &Combination) -> Fallible<String> {
    let span: Range<usize> = template.span();
    let mut name = String::new();
    let mut rest = template.get_ref().as_str();
    while let Some((before, after)) = rest.split_once('{') {
        name.push_str(before);
        let Some((key, behind)) = after.split_once('}') else {
            let message = format!("the name `{}` opens a brace that it does not close", template.get_ref());
            return Err(source.problem(span, message, "write, for example, `sk{scikit-learn}`"));
        };
        let normal = package_name(key).map_err(|error| source.version_problem(span.clone(), error))?;
        let Some(spec) = find(combination, &normal) else {
            return Err(source.problem(
                span,
                format!("the name uses `{{{key}}}`, which not every combination declares"),
                glob::suggestion(key, combination.iter().map(|(name, _)| name.as_str())),
            ));
        };
        name.push_str(&spec.label());
        rest = behind;
    }
    name.push_str(rest);
    Ok(name)
}
