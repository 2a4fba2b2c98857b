//! The release of scikit-learn beside which a file was probably saved that names none, by the release of the package
//! whose model it is: a model of XGBoost saved by itself holds nothing of scikit-learn.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;
use crate::notation::Version;

static KNOWN: LazyLock<Known> = LazyLock::new(|| knowledge::table("beside.toml"));

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Known {
    /// The first release of scikit-learn beside which a file of numpy 2 can be saved.
    with_numpy_2: String,
    /// By package: which release of scikit-learn was current from which of its releases on.
    beside: BTreeMap<String, Vec<Beside>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Beside {
    from: String,
    scikit_learn: String,
}

/// The release of scikit-learn for a file that names none, with the package and its release that tell it; `None` where
/// nothing does.
pub fn scikit_learn_beside(
    versions: &BTreeMap<String, String>,
    is_numpy_2: bool,
) -> Option<(&str, &str, &'static str)> {
    let parse = |text: &str| text.parse::<Version>().ok();
    versions.iter().find_map(|(package, text)| {
        let version = parse(text)?;
        let mut rows = KNOWN.beside.get(package)?.iter().rev();
        let release = &rows.find(|row| parse(&row.from).is_some_and(|first| first <= version))?.scikit_learn;
        let is_older = parse(release) < parse(&KNOWN.with_numpy_2);
        let release = if is_numpy_2 && is_older { &KNOWN.with_numpy_2 } else { release };
        Some((package.as_str(), text.as_str(), release.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_booster_tells_its_days() {
        let of = |package: &str, version: &str, is_numpy_2| {
            let versions = [(package.to_owned(), version.to_owned())].into();
            scikit_learn_beside(&versions, is_numpy_2).map(|(.., release)| release)
        };
        assert_eq!(of("xgboost", "1.7.6", false), Some("1.2.2"));
        assert_eq!(of("xgboost", "1.7.6", true), Some("1.5.2"));
        assert_eq!(of("xgboost", "3.2.0", true), Some("1.7.2"));
        assert_eq!(of("xgboost", "0.6", false), None);
        assert_eq!(of("pandas", "2.2.3", false), None);
    }

    #[test]
    fn the_table_is_in_order() {
        for rows in KNOWN.beside.values() {
            let first = rows.iter().map(|row| row.from.parse::<Version>().unwrap());
            assert!(!rows.is_empty() && first.is_sorted());
        }
        assert!(!KNOWN.beside.is_empty());
    }
}
