//! Known-good companions of scikit-learn: a data file and the choice from it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;
use crate::matrix::VersionSpec;
use crate::notation::Version;
use crate::vocab::Digest;

const TABLE: &str = "companions.toml";

static FILE: LazyLock<File> = LazyLock::new(|| knowledge::table(TABLE));

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    minor: Vec<CompanionRow>,
    helper: Vec<HelperRow>,
}

/// A module that old packages take for granted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HelperRow {
    module: String,
    requires: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct CompanionRow {
    scikit_learn: String,
    constraints: Vec<String>,
    #[serde(default)]
    requires: Vec<String>,
}

/// What is applied to one environment besides what its matrix declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Companions {
    /// The scikit-learn minor they belong to.
    pub(super) minor: String,
    /// Bounds such as `numpy<1.24`.
    pub(super) constraints: Vec<String>,
    /// Packages to be installed in addition.
    pub(super) requires: Vec<String>,
}

impl Companions {
    /// The companions of a scikit-learn version, without the packages that are declared. `None` where the
    /// table has none or nothing is left of them.
    pub(super) fn of(version: &str, declared: &BTreeMap<String, VersionSpec>) -> Option<Self> {
        let minor = minor_of(version)?;
        let row = FILE.minor.iter().find(|row| row.scikit_learn == minor)?;
        let undeclared = |requirement: &&String| match declared.get(package_of(requirement)) {
            None | Some(VersionSpec::Companion) => true,
            Some(VersionSpec::Proved(proved)) => !contradicts(requirement, proved),
            Some(_) => false,
        };
        let keep = |list: &[String]| list.iter().filter(undeclared).cloned().collect::<Vec<_>>();
        let companions = Self { constraints: keep(&row.constraints), requires: keep(&row.requires), minor };
        (!companions.constraints.is_empty() || !companions.requires.is_empty()).then_some(companions)
    }

    /// For the lock: what took effect, given the packages that were installed in the end.
    pub(super) fn described(&self, installed: &BTreeMap<String, String>) -> Vec<String> {
        let mut lines: Vec<_> = self
            .constraints
            .iter()
            .chain(&self.requires)
            .filter(|requirement| installed.contains_key(package_of(requirement)))
            .map(|requirement| format!("{requirement} (companion of scikit-learn {})", self.minor))
            .collect();
        lines.sort();
        lines
    }
}

/// What brings a module that an old package takes for granted.
pub(super) fn helper(module: &str) -> Option<&'static str> {
    let top = module.split('.').next().unwrap_or(module);
    FILE.helper.iter().find(|row| row.module == top).map(|row| row.requires.as_str())
}

/// Identity of the table, part of the key of every environment that uses it.
pub(super) fn table_digest() -> Digest {
    Digest::of(knowledge::text(TABLE).as_bytes())
}

/// `1.5` of `1.5.2`, `1.5` or `1.5rc1`; `None` for what does not start with two numbers.
fn minor_of(version: &str) -> Option<String> {
    let (major, rest) = version.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (number(major) && number(&minor)).then(|| format!("{major}.{minor}"))
}

/// Whether no version is below an upper bound such as `joblib<1.2` and as a file proves it, such as `>=1.2`.
fn contradicts(bound: &str, proved: &str) -> bool {
    let upper = bound.split_once('<').and_then(|(_, version)| version.parse::<Version>().ok());
    let lower =
        proved.split(',').filter_map(|one| one.trim().strip_prefix(">=")?.parse::<Version>().ok()).max();
    matches!((upper, lower), (Some(upper), Some(lower)) if lower >= upper)
}

/// The package's name in a requirement such as `numpy<1.24`.
pub(super) fn package_of(requirement: &str) -> &str {
    let end = requirement
        .find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_.".contains(letter))
        .unwrap_or(requirement.len());
    &requirement[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> BTreeMap<String, VersionSpec> {
        BTreeMap::new()
    }

    #[test]
    fn the_table_is_whole() {
        assert!(toml::from_str::<File>(knowledge::text(TABLE)).is_ok());
        let minors: Vec<_> = FILE.minor.iter().map(|row| row.scikit_learn.as_str()).collect();
        assert_eq!(
            minors,
            [
                "0.18", "0.19", "0.20", "0.21", "0.22", "0.23", "0.24", "1.0", "1.1", "1.2", "1.3", "1.4",
                "1.5", "1.6", "1.7", "1.8", "1.9"
            ]
        );
        for row in &FILE.minor {
            for package in ["numpy", "scipy", "joblib", "pandas", "threadpoolctl"] {
                let bounds = row.constraints.iter().filter(|bound| package_of(bound) == package);
                assert_eq!(bounds.count(), 1, "{package} for {}", row.scikit_learn);
            }
        }
    }

    #[test]
    fn the_minor_decides() {
        for version in ["1.0", "1.0.2", "1.0rc1", "1.0.post1"] {
            let companions = Companions::of(version, &none()).unwrap();
            assert_eq!(companions.minor, "1.0");
            assert!(companions.constraints.contains(&"numpy<1.23".to_owned()));
            assert!(companions.requires.is_empty());
        }
        assert_eq!(Companions::of("0.20.4", &none()).unwrap().requires, ["joblib"]);
        for version in ["7.0.1", "1", "", "x.y", "1.", ".5"] {
            assert_eq!(Companions::of(version, &none()), None, "{version}");
        }
    }

    #[test]
    fn what_is_declared_is_left_alone() {
        let mut declared = none();
        declared.insert("numpy".to_owned(), VersionSpec::Latest);
        declared.insert("joblib".to_owned(), VersionSpec::Exact("0.11".to_owned()));
        let companions = Companions::of("0.20.4", &declared).unwrap();
        assert_eq!(companions.constraints, ["scipy<1.3", "pandas<1.0", "threadpoolctl<3"]);
        assert!(companions.requires.is_empty());
    }

    #[test]
    fn what_a_file_proves_takes_the_place_of_what_contradicts_it() {
        let proved = |package: &str, specifier: &str| {
            let declared = [(package.to_owned(), VersionSpec::Proved(specifier.to_owned()))].into();
            Companions::of("1.0.2", &declared).unwrap().constraints
        };
        let newer = proved("joblib", ">=1.2");
        assert!(!newer.iter().any(|bound| bound.starts_with("joblib")) && newer.len() > 4, "{newer:?}");
        assert!(proved("joblib", ">=1.1").contains(&"joblib<1.2".to_owned()));
        assert!(proved("numpy", "<2").contains(&"numpy<1.23".to_owned()));
        assert!(!proved("numpy", ">=2").iter().any(|bound| bound.starts_with("numpy")));
    }

    #[test]
    fn the_lock_names_what_took_effect() {
        let installed = ["numpy", "scikit-learn", "joblib"];
        let installed = installed.into_iter().map(|name| (name.to_owned(), "1".to_owned())).collect();
        let lines = Companions::of("1.1.3", &none()).unwrap().described(&installed);
        assert_eq!(
            lines,
            ["joblib<1.3 (companion of scikit-learn 1.1)", "numpy<1.24 (companion of scikit-learn 1.1)"]
        );
    }
}
