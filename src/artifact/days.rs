//! Which release of a package was current beside which minor release of scikit-learn: for a file that imports a package and
//! names no release of it, the likeliest one, and the one that works there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;
use crate::matrix::{EnvironmentSpec, SCIKIT_LEARN, VersionSpec};
use crate::notation::Version;

/// Packages with their release, where one is known.
pub type Packages = BTreeMap<String, Option<String>>;

const FILE: &str = "days.toml";

static TABLE: LazyLock<BTreeMap<String, BTreeMap<String, String>>> =
    LazyLock::new(|| knowledge::table::<Days>(FILE).beside);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    /// The release by package and minor release of scikit-learn.
    beside: BTreeMap<String, BTreeMap<String, String>>,
}

/// The release of a package of the days of a scikit-learn; `None` where the table has none, or that scikit-learn is not
/// known before it is installed.
fn release(package: &str, scikit_learn: &VersionSpec) -> Option<&'static str> {
    let version: Version = match scikit_learn {
        VersionSpec::Exact(version) => version.parse().ok()?,
        VersionSpec::Minor(minor) => minor.parse().ok()?,
        VersionSpec::Latest
        | VersionSpec::PreRelease
        | VersionSpec::Companion
        | VersionSpec::Specifier(_)
        | VersionSpec::Proved(_)
        | VersionSpec::Source(_) => return None,
    };
    let minor = format!("{}.{}", version.part(0), version.part(1));
    TABLE.get(package)?.get(&minor).map(String::as_str)
}

/// Packages as an environment gets them: where nothing says in which release, in the one of the days of its scikit-learn.
pub(super) fn of(packages: &Packages, environment: &EnvironmentSpec) -> Packages {
    let scikit_learn = environment.packages.get(SCIKIT_LEARN);
    let of_its_days = |package: &str| scikit_learn.and_then(|it| release(package, it)).map(str::to_owned);
    let one = |(package, version): (&String, &Option<String>)| {
        (package.clone(), version.clone().or_else(|| of_its_days(package)))
    };
    packages.iter().map(one).collect()
}

/// The same for the producer of a file: what somebody has declared beside the same scikit-learn is likelier than a table.
pub(super) fn beside(
    packages: &Packages,
    producer: &EnvironmentSpec,
    declared: &[EnvironmentSpec],
) -> Packages {
    let scikit_learn = producer.packages.get(SCIKIT_LEARN);
    let alike = || declared.iter().filter(|known| known.packages.get(SCIKIT_LEARN) == scikit_learn);
    let mut chosen = of(packages, producer);
    for (package, version) in &mut chosen {
        let releases = alike().filter_map(|known| match known.packages.get(package) {
            Some(VersionSpec::Exact(release)) => Some(release),
            _ => None,
        });
        let mut releases = releases.collect::<BTreeSet<_>>().into_iter();
        let is_recorded = packages.get(package).is_some_and(Option::is_some);
        if let (false, Some(only), None) = (is_recorded, releases.next(), releases.next()) {
            *version = Some(only.clone());
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::super::admission;
    use super::*;
    use crate::matrix::RuntimeSpec;

    fn with(packages: &[(&str, &str)]) -> EnvironmentSpec {
        let exact = |(package, version): &(&str, &str)| {
            ((*package).to_owned(), VersionSpec::Exact((*version).to_owned()))
        };
        EnvironmentSpec {
            packages: packages.iter().map(exact).collect(),
            ..EnvironmentSpec::new("e", RuntimeSpec::UnknownProducer)
        }
    }

    fn encoders(version: Option<&str>) -> Packages {
        [("category-encoders".to_owned(), version.map(str::to_owned))].into()
    }

    #[test]
    fn the_table_holds_releases_of_known_packages() {
        let days = toml::from_str::<Days>(knowledge::text(FILE)).unwrap();
        assert!(!days.beside.is_empty());
        for (package, releases) in &days.beside {
            assert!(admission::is_brought(package), "{package}");
            let mut rows: Vec<(Version, Version)> = Vec::new();
            for (minor, release) in releases {
                rows.push((minor.parse().unwrap(), release.parse().unwrap()));
            }
            rows.sort();
            assert!(rows.is_sorted_by_key(|(_, release)| release.clone()), "{package} goes backwards");
        }
    }

    #[test]
    fn the_days_of_a_scikit_learn_choose_where_nothing_else_does() {
        let of = |packages: &Packages, scikit_learn: &str| {
            of(packages, &with(&[("scikit-learn", scikit_learn)]))["category-encoders"].clone()
        };
        assert_eq!(of(&encoders(None), "1.2.2").as_deref(), Some("2.6.0"));
        assert_eq!(of(&encoders(None), "1.7.2").as_deref(), Some("2.8.1"));
        assert_eq!(
            of(&encoders(Some("2.5.0")), "1.7.2").as_deref(),
            Some("2.5.0"),
            "what is recorded counts"
        );
        assert_eq!(of(&encoders(None), "7.0.0"), None, "the newest one");
    }

    #[test]
    fn what_is_declared_beside_the_same_scikit_learn_is_likelier() {
        let producer = with(&[("scikit-learn", "1.2.2")]);
        let chosen = |declared: &[EnvironmentSpec]| {
            beside(&encoders(None), &producer, declared)["category-encoders"].clone()
        };
        let old = with(&[("scikit-learn", "1.2.2"), ("category-encoders", "2.5.1")]);
        let new = with(&[("scikit-learn", "1.7.2"), ("category-encoders", "2.9.0")]);
        let other = with(&[("scikit-learn", "1.2.2"), ("category-encoders", "2.6.3")]);
        assert_eq!(chosen(&[old.clone(), new.clone()]).as_deref(), Some("2.5.1"));
        assert_eq!(chosen(&[new]).as_deref(), Some("2.6.0"));
        assert_eq!(chosen(&[old, other]).as_deref(), Some("2.6.0"), "two of them say nothing");
    }
}
