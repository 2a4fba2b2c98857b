//! The release of scikit-learn beside which a file was probably saved that names none, by the release of the package
//! whose model it is: a model of XGBoost saved by itself holds nothing of scikit-learn.

use std::collections::BTreeMap;

use crate::notation::Version;

/// From which release of a package on which release of scikit-learn was current; a row holds up to the next one.
const BESIDE: &[(&str, &str, &str)] = &[
    ("xgboost", "0.72", "0.20.4"),
    ("xgboost", "0.90", "0.21.3"),
    ("xgboost", "1.0", "0.22.2.post1"),
    ("xgboost", "1.2", "0.23.2"),
    ("xgboost", "1.3", "0.24.2"),
    ("xgboost", "1.5", "1.0.2"),
    ("xgboost", "1.6", "1.1.3"),
    ("xgboost", "1.7", "1.2.2"),
    ("xgboost", "2.0", "1.3.2"),
    ("xgboost", "2.1", "1.5.2"),
    ("xgboost", "3.0", "1.6.1"),
    ("xgboost", "3.1", "1.7.2"),
];
/// The first release of scikit-learn beside which a file of numpy 2 can be saved.
const WITH_NUMPY_2: &str = "1.5.2";

/// The release of scikit-learn for a file that names none, with the package and its release that tell it; `None` where
/// nothing does.
pub fn scikit_learn_beside<'v>(
    versions: &'v BTreeMap<String, String>,
    is_numpy_2: bool,
) -> Option<(&'v str, &'v str, &'static str)> {
    let parse = |text: &str| text.parse::<Version>().ok();
    versions.iter().find_map(|(package, text)| {
        let version = parse(text)?;
        let rows = BESIDE.iter().rev().filter(|(known, ..)| known == package);
        let mut rows = rows.filter(|(_, first, _)| parse(first).is_some_and(|first| first <= version));
        let (.., release) = rows.next()?;
        let is_older = parse(release) < parse(WITH_NUMPY_2);
        let release = if is_numpy_2 && is_older { WITH_NUMPY_2 } else { release };
        Some((package.as_str(), text.as_str(), release))
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
        let first = |row: &(&str, &str, &str)| (row.0.to_owned(), row.1.parse::<Version>().unwrap());
        assert!(BESIDE.iter().map(first).collect::<Vec<_>>().is_sorted());
    }
}
