//! Which package a module belongs to, and whether what failed belongs to a package that has moved between writer and
//! reader, whichever that is.

use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::Pattern;
use super::rule::{Case, Rule};
use super::symptom::{Side, Symptom, differ};
use crate::knowledge;
use crate::notation::package_name;

/// The package of rules that speak of whichever one the failing object or name belongs to.
pub const ANY_PACKAGE: &str = "*";
/// What asks on behalf of others whether they are fitted.
const ASKS_FOR_OTHERS: &str = "sklearn.utils.validation";

static TABLE: LazyLock<Vec<KnownPackage>> =
    LazyLock::new(|| knowledge::table::<Table>("ecosystem.toml").package);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    package: Vec<KnownPackage>,
}

/// A row of the table. Where a project is, is for whoever reads the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPackage {
    /// Its normalised name.
    pub name: String,
    /// What it is imported as, where that is not its own name.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Where its project is.
    pub home: String,
    /// What it is to an environment of scikit-learn.
    pub kind: String,
}

/// The packages that are known by name, in the order of the table.
pub fn known_packages() -> &'static [KnownPackage] {
    &TABLE
}

/// The package that brings a module, where the table knows it: a name is never made up, since whoever owns it in the
/// index may be anybody.
pub fn package_of(module: &str) -> Option<&'static str> {
    let named = TABLE.iter().find(|row| row.modules.iter().any(|known| known == module));
    let own = || {
        let name = package_name(module).ok()?;
        TABLE.iter().find(|row| row.name == name && row.modules.is_empty())
    };
    named.or_else(own).map(|row| row.name.as_str())
}

/// Whether what failed is that of a package of which the reader has another release than the writer had: a module that a
/// message names is its own, or its code asks an object of the file, of a class that a message names, for what that has not.
/// Rules that speak of one package of their own need no such thing.
pub(super) fn speaks_of_what_moved(
    rule: &Rule,
    case: &Case,
    symptom: &Symptom<'_>,
    (producer, consumer): (&Side, &Side),
) -> bool {
    if rule.package != ANY_PACKAGE {
        return true;
    }
    let has_moved = |module: &str| {
        installed(module, producer).is_some_and(|package| differ(&package, producer, consumer))
    };
    let asks = || {
        // What Python's own library raises, somebody has it asked.
        let asking = raising(symptom).find(|module| installed(module, producer).is_some());
        asking.is_some_and(|module| {
            symptom.file.is_some_and(|file| file.imports(top(module))) && has_moved(module)
        })
    };
    let is_told = |regex: &regex::Regex, text: &str| {
        let Some(captures) = regex.captures(text) else { return false };
        let named = |group: &str| captures.name(group).map(|found| found.as_str());
        named("module").is_some_and(has_moved)
            || named("class")
                .is_some_and(|class| symptom.file.is_some_and(|file| file.has_class(class)) && asks())
    };
    let mut regexes = case.messages.iter().filter_map(Pattern::regex);
    regexes.any(|regex| symptom.texts.iter().any(|text| is_told(regex, text)))
}

/// The modules whose code failed, or had it asked whether something is fitted, the deepest first.
fn raising<'a>(symptom: &Symptom<'a>) -> impl Iterator<Item = &'a str> {
    let places = symptom.frames.iter().rev().filter_map(|frame| frame.split(':').next());
    places.chain(symptom.module).filter(|place| *place != ASKS_FOR_OTHERS)
}

/// The package of a module in an environment: as the table has it, else the one of its own name.
fn installed(module: &str, side: &Side) -> Option<String> {
    let module = top(module);
    let known = package_of(module).map(str::to_owned).or_else(|| package_name(module).ok());
    known.filter(|package| side.versions.contains_key(package))
}

fn top(module: &str) -> &str {
    module.split('.').next().unwrap_or(module)
}
