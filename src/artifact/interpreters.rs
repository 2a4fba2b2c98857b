//! Which interpreters have wheels of which release of scikit-learn, and the one that is taken.

use std::ops::RangeInclusive;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::knowledge;
use crate::notation::Version;

/// Minor releases of Python 3.
pub(super) type Minors = RangeInclusive<u64>;

static KNOWN: LazyLock<Known> = LazyLock::new(|| knowledge::table("interpreters.toml"));

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Known {
    /// From which release of scikit-learn on which interpreters have wheels; a row holds up to the next one.
    wheels: Vec<Wheels>,
    /// The interpreter that has wheels of the most releases.
    choice: u64,
    code_objects: Vec<CodeObjects>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wheels {
    from: String,
    /// The first and the last minor release of Python 3.
    python: (u64, u64),
}

/// What the number of arguments of a code object says of the interpreter that wrote it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeObjects {
    arguments: u32,
    python: (u64, u64),
}

/// The interpreters that have wheels of a release; all where nothing is known of it.
pub(super) fn with_wheels(scikit_learn: Option<&str>) -> Minors {
    let parse = |text: &str| text.parse::<Version>().ok();
    let choice = KNOWN.choice..=KNOWN.choice;
    let Some(version) = scikit_learn.and_then(parse) else { return choice };
    let row = KNOWN.wheels.iter().rev().find(|row| parse(&row.from).is_some_and(|first| first <= version));
    row.or(KNOWN.wheels.first()).map_or(choice, |row| row.python.0..=row.python.1)
}

/// The interpreters that write code objects like those of a file; `None` where it has none that say anything.
pub(super) fn of_code_objects(arguments: impl IntoIterator<Item = u32>) -> Option<Minors> {
    let mut minors = arguments.into_iter().filter_map(|arguments| {
        let row = KNOWN.code_objects.iter().find(|row| row.arguments == arguments)?;
        Some(row.python.0..=row.python.1)
    });
    let first = minors.next()?;
    minors.all(|other| other == first).then_some(first)
}

/// Python for a scikit-learn: the wanted one, where given, else the nearest to 3.11 that has wheels of it.
pub fn python_for(scikit_learn: Option<&str>, wanted: Option<&str>) -> String {
    python_among(scikit_learn, wanted, None)
}

/// Whether an interpreter, such as `3.12`, has wheels of a release of scikit-learn.
pub fn has_wheels(scikit_learn: &str, python: &str) -> bool {
    let minor = python.split('.').nth(1).and_then(|minor| minor.parse().ok());
    minor.is_some_and(|minor: u64| with_wheels(Some(scikit_learn)).contains(&minor))
}

/// Every interpreter for which there was ever a wheel of scikit-learn but one, the nearest to the interpreter of choice first.
pub fn other_interpreters(but: &str) -> Vec<String> {
    let first = KNOWN.wheels.iter().map(|row| row.python.0).min().unwrap_or(KNOWN.choice);
    let last = KNOWN.wheels.iter().map(|row| row.python.1).max().unwrap_or(KNOWN.choice);
    nearest_first((first..=last).collect())
        .into_iter()
        .map(|minor| format!("3.{minor}"))
        .filter(|python| python != but)
        .collect()
}

/// The same where a file says which interpreters can have written it: what it proves goes before wheels.
pub(super) fn python_among(
    scikit_learn: Option<&str>,
    wanted: Option<&str>,
    proved: Option<&Minors>,
) -> String {
    if let Some(wanted) = wanted {
        // Micro releases of an interpreter are interchangeable, and most machines have but one.
        let minor: Vec<&str> = wanted.split('.').take(2).collect();
        return minor.join(".");
    }
    format!("3.{}", choices(scikit_learn, proved).first().copied().unwrap_or(KNOWN.choice))
}

/// The interpreters that can have made a file, the likeliest first.
pub(super) fn choices(scikit_learn: Option<&str>, proved: Option<&Minors>) -> Vec<u64> {
    let wheels = with_wheels(scikit_learn);
    let is_proved = |minor: &u64| proved.is_none_or(|proved| proved.contains(minor));
    let mut all: Vec<u64> = wheels.clone().filter(is_proved).collect();
    if all.is_empty() {
        all = proved.map_or_else(Vec::new, |proved| vec![*proved.start()]);
    }
    nearest_first(all)
}

/// Interpreters in the order of their distance from the one of choice; newer ones first where two are as near.
fn nearest_first(mut minors: Vec<u64>) -> Vec<u64> {
    minors.sort_by_key(|minor| (minor.abs_diff(KNOWN.choice), u64::MAX - minor));
    minors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_the_nearest_first() {
        let others = other_interpreters("3.11");
        assert_eq!(others[..3], ["3.12", "3.10", "3.13"]);
        assert!(others.contains(&"3.6".to_owned()) && !others.contains(&"3.11".to_owned()));
        assert!(has_wheels("1.5.2", "3.13") && !has_wheels("1.2.2", "3.12") && !has_wheels("1.2.2", "nine"));
    }

    #[test]
    fn every_release_has_an_interpreter_with_wheels_of_it() {
        for (version, python) in [
            ("0.18", "3.6"),
            ("0.18.2", "3.6"),
            ("0.19.1", "3.6"),
            ("0.19.2", "3.7"),
            ("0.20.4", "3.7"),
            ("0.21.3", "3.7"),
            ("0.22", "3.8"),
            ("0.22.2.post1", "3.8"),
            ("0.23.2", "3.8"),
            ("0.24.0", "3.9"),
            ("1.0", "3.9"),
            ("1.0.1", "3.9"),
            ("1.0.2", "3.10"),
            ("1.1.2", "3.10"),
            ("1.1.3", "3.11"),
            ("1.3.0", "3.11"),
            ("1.4.1.post1", "3.11"),
            ("1.7.0", "3.11"),
            ("1.9.1", "3.11"),
            ("2.0.0", "3.11"),
        ] {
            assert_eq!(python_for(Some(version), None), python, "{version}");
        }
        assert_eq!(python_for(Some("1.5.2"), Some("3.12.4")), "3.12");
        assert_eq!(python_for(None, None), "3.11");
    }

    #[test]
    fn the_table_is_in_order() {
        let versions = KNOWN.wheels.iter().map(|row| row.from.parse::<Version>().unwrap());
        assert!(versions.clone().count() > 10 && versions.is_sorted());
    }

    #[test]
    fn what_a_file_proves_goes_before_the_choice() {
        let proved = of_code_objects([16]);
        assert_eq!(python_among(Some("1.3.2"), None, proved.as_ref()), "3.10");
        assert_eq!(python_among(Some("0.24.2"), None, of_code_objects([15, 15]).as_ref()), "3.7");
        assert_eq!(python_among(Some("1.7.2"), None, of_code_objects([18]).as_ref()), "3.11");
        assert_eq!(of_code_objects([15, 16]), None, "parts of two interpreters");
        assert_eq!(of_code_objects([2]), None);
        assert_eq!(choices(Some("1.3.2"), of_code_objects([18]).as_ref()), [11, 12]);
        // No release for that interpreter has wheels: the file is right.
        assert_eq!(python_among(Some("1.8.0"), None, proved.as_ref()), "3.8");
    }
}
