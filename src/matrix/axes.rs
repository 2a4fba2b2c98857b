//! Axes of versions and their product, without what is excluded and with what is included.

use std::path::Path;

use serde_spanned::Spanned;

use super::error::{Fallible, Problem, Source};
use super::raw::{RawEnvironment, Text, TextMap, Texts, texts};
use super::sources::PackageSource;
use super::types::{SCIKIT_LEARN, VersionSpec};
use super::versions;
use crate::notation::{Requirement, Specifiers, glob, package_name};

/// The key of the interpreter among the axes.
pub(super) const PYTHON: &str = "python";

/// More environments than anybody can make: a typing error in an axis.
pub(super) const MOST_ENVIRONMENTS: usize = 10_000;

/// One choice from every axis, in the order of the axes; `python` first.
pub(super) type Combination = Vec<(String, VersionSpec)>;

/// A word that is none of those that can stand here.
pub(super) fn unknown_word(source: &Source, at: &Option<Text>, word: &str, words: &[&str]) -> Box<Problem> {
    let span = at.as_ref().map_or(0..0, Spanned::span);
    source.problem(span, format!("unknown value `{word}`"), glob::suggestion(word, words.iter().copied()))
}

/// The version texts of one axis.
pub(super) fn choices(source: &Source, key: &str, text: &Text) -> Fallible<Vec<VersionSpec>> {
    if key != PYTHON {
        let base = source.path.parent().unwrap_or(Path::new(""));
        if let Some(found) = PackageSource::parse(text.get_ref(), base) {
            let found = found.map_err(|error| source.version_problem(text.span(), error))?;
            return Ok(vec![VersionSpec::Source(found)]);
        }
    }
    let parsed = if key == PYTHON {
        versions::parse_python(text.get_ref())
    } else {
        versions::parse(key, text.get_ref())
    };
    parsed.map_err(|error| source.version_problem(text.span(), error))
}

/// The normalised name of a package key.
pub(super) fn package_key(source: &Source, key: &Text) -> Fallible<String> {
    package_name(key.get_ref()).map_err(|error| source.version_problem(key.span(), error))
}

/// The keys of a table in the order in which they are written.
pub(super) fn in_order(map: &TextMap) -> Vec<(&Text, &Texts)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// The product of the axes without what is excluded, and what is included. `package` must be among them.
pub(super) fn combinations(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    package: &str,
) -> Fallible<Vec<Combination>> {
    let env = raw.get_ref();
    let axes = axes(source, raw, package)?;
    let size = axes.iter().try_fold(1usize, |size, (_, specs)| size.checked_mul(specs.len()));
    if size.is_none_or(|size| size > MOST_ENVIRONMENTS) {
        return Err(source.problem(
            raw.span(),
            format!("this expands to more than {MOST_ENVIRONMENTS} environments"),
            "shorten an axis",
        ));
    }
    let mut product: Vec<Combination> = vec![Vec::new()];
    for (key, specs) in &axes {
        product = product
            .into_iter()
            .flat_map(|start| {
                specs.iter().map(move |spec| [start.as_slice(), &[(key.clone(), spec.clone())]].concat())
            })
            .collect();
    }
    for entry in &env.exclude {
        let rule = exclusion(source, entry, &axes)?;
        let before = product.len();
        product.retain(|combination| !rule.covers(combination));
        if product.len() == before {
            return Err(source.problem(
                entry.span(),
                "this matches no combination",
                "its keys must all match one combination of the axes; correct or remove it",
            ));
        }
    }
    for entry in &env.include {
        let combination = included(source, entry, &axes)?;
        if product.contains(&combination) {
            return Err(source.problem(entry.span(), "this combination is declared already", "remove it"));
        }
        product.push(combination);
    }
    if product.is_empty() {
        return Err(source.problem(
            raw.span(),
            "this environment has no combination left",
            "`exclude` removes all of them; delete one of its entries",
        ));
    }
    Ok(product)
}

/// The interpreter and the packages with their versions, in the order in which they are written.
fn axes(
    source: &Source,
    raw: &Spanned<RawEnvironment>,
    package: &str,
) -> Fallible<Vec<(String, Vec<VersionSpec>)>> {
    let env = raw.get_ref();
    let Some(python) = &env.python else {
        return Err(source.problem(
            raw.span(),
            "this environment does not say which Python it needs",
            "add, for example, `python = \"3.11\"`",
        ));
    };
    let mut axes: Vec<(String, Vec<VersionSpec>)> = Vec::new();
    let packages = in_order(&env.packages).into_iter().map(|(key, values)| (Some(key), values));
    for (key, values) in std::iter::once((None, python)).chain(packages) {
        let name = match key {
            None => PYTHON.to_owned(),
            Some(key) => package_key(source, key)?,
        };
        let span = key.map_or(values.span(), Spanned::span);
        if key.is_some() && name == PYTHON {
            return Err(source.problem(
                span,
                "Python is not a package",
                "write `python = \"3.11\"` beside it",
            ));
        }
        if axes.iter().any(|(other, _)| *other == name) {
            return Err(source.problem(
                span,
                format!("`{name}` is declared twice"),
                "`-`, `_`, `.` and capital letters make no difference in package names; remove one",
            ));
        }
        let mut specs: Vec<VersionSpec> = Vec::new();
        for text in texts(values) {
            for spec in choices(source, &name, &text)? {
                if specs.contains(&spec) {
                    let message = format!("`{spec}` is listed twice for {name}");
                    return Err(source.problem(text.span(), message, "remove one of the two"));
                }
                specs.push(spec);
            }
        }
        if specs.is_empty() {
            let message = format!("no version is given for {name}");
            return Err(source.problem(values.span(), message, "write at least one, such as \"1.5.2\""));
        }
        axes.push((name, specs));
    }
    // Who only reads exchange formats needs none.
    let only_reads = env.role.as_ref().is_some_and(|role| role.get_ref() == "consumer");
    if axes.iter().all(|(name, _)| name != package) && !(only_reads && axes.len() > 1) {
        let other = match axes.get(1) {
            Some((name, _)) => {
                format!("if {name} is what you test, write `package = \"{name}\"` below `[matrix]`")
            }
            None => "if you test another package, write its name as `package` below `[matrix]`".to_owned(),
        };
        return Err(source.problem(
            raw.span(),
            format!("this environment declares no {package}"),
            format!(
                "add, for example, `packages = {{ {package} = \"{}\" }}`; {other}; an environment with \
                 `role = \"consumer\"` and other packages can do without",
                if package == SCIKIT_LEARN { "1.5.2" } else { "latest" }
            ),
        ));
    }
    Ok(axes)
}

/// One entry of `exclude`.
struct Exclusion(Vec<(String, Vec<Condition>)>);

enum Condition {
    Glob(String),
    Specifiers(Specifiers),
}

impl Exclusion {
    fn covers(&self, combination: &Combination) -> bool {
        self.0.iter().all(|(key, conditions)| {
            combination.iter().find(|(name, _)| name == key).is_some_and(|(_, spec)| {
                conditions.iter().any(|condition| match condition {
                    Condition::Glob(glob) => {
                        glob::matches(glob, &spec.label()) || glob::matches(glob, &spec.to_string())
                    }
                    Condition::Specifiers(specifiers) => spec.surely_matches(specifiers),
                })
            })
        })
    }
}

fn exclusion(
    source: &Source,
    entry: &Spanned<TextMap>,
    axes: &[(String, Vec<VersionSpec>)],
) -> Fallible<Exclusion> {
    let mut rule = Vec::new();
    for (key, values) in in_order(entry.get_ref()) {
        let name = package_key(source, key)?;
        if axes.iter().all(|(axis, _)| *axis != name) {
            return Err(source.problem(
                key.span(),
                format!("`{name}` is not declared in this environment"),
                glob::suggestion(&name, axes.iter().map(|(axis, _)| axis.as_str())),
            ));
        }
        let mut conditions = Vec::new();
        for text in texts(values) {
            conditions.push(if Requirement::looks_like(text.get_ref()) {
                let parsed = text.get_ref().parse();
                Condition::Specifiers(parsed.map_err(|error| source.version_problem(text.span(), error))?)
            } else {
                Condition::Glob(text.get_ref().clone())
            });
        }
        rule.push((name, conditions));
    }
    if rule.is_empty() {
        return Err(source.problem(entry.span(), "this would exclude everything", "name what to leave out"));
    }
    Ok(Exclusion(rule))
}

/// One entry of `include`: a whole combination; the interpreter may be left out where there is only one.
fn included(
    source: &Source,
    entry: &Spanned<TextMap>,
    axes: &[(String, Vec<VersionSpec>)],
) -> Fallible<Combination> {
    let mut combination: Combination = Vec::new();
    for (key, values) in in_order(entry.get_ref()) {
        let name = package_key(source, key)?;
        let mut specs = Vec::new();
        for text in texts(values) {
            specs.extend(choices(source, &name, &text)?);
        }
        match specs.as_slice() {
            [spec] if combination.iter().all(|(other, _)| *other != name) => {
                combination.push((name, spec.clone()));
            }
            _ => {
                return Err(source.problem(
                    values.span(),
                    format!("an included combination needs exactly one version of {name}"),
                    "write one entry for each combination",
                ));
            }
        }
    }
    if combination.iter().all(|(name, _)| name != "scikit-learn") {
        return Err(source.problem(
            entry.span(),
            "this combination does not declare `scikit-learn`",
            "an included combination is given completely: `python` and every package that it pins",
        ));
    }
    match combination.iter().position(|(name, _)| name == PYTHON) {
        Some(at) => {
            let python = combination.remove(at);
            combination.insert(0, python);
        }
        None => match axes.first().map(|(_, specs)| specs.as_slice()) {
            Some([only]) => combination.insert(0, (PYTHON.to_owned(), only.clone())),
            _ => {
                return Err(source.problem(
                    entry.span(),
                    "this combination does not say which Python it needs",
                    "add, for example, `python = \"3.13\"`",
                ));
            }
        },
    }
    Ok(combination)
}
