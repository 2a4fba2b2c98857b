//! Which of the names that come with a file are taken: those of scikit-learn's own companions and of projects that a
//! table knows. Everything else is asked for, and the maker is made without it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::packages::{INSTALLERS, Packages};
use crate::explain::known_packages;
use crate::matrix::{AskedPackage, NotAdmitted};
use crate::notation::{Version, glob, package_name};

/// What is the interpreter and no package.
const PYTHON: &str = "python";

static NAMES: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| known_packages().iter().map(|row| row.name.as_str()).collect());

/// Whether the table knows a name.
pub(super) fn is_known(package: &str) -> bool {
    NAMES.contains(package)
}

/// Whether a package that a file imports is installed beside it: scikit-learn is what an environment is about, and its
/// own companions come with it.
pub(super) fn is_brought(package: &str) -> bool {
    let row = known_packages().iter().find(|row| row.name == package && !INSTALLERS.contains(&package));
    row.is_some_and(|row| !matches!(row.kind.as_str(), "itself" | "companion"))
}

/// Keeps of versions that came with a file those that may be installed; the others are asked for.
pub(super) fn admit(
    versions: BTreeMap<String, String>,
    allowed: &Packages,
    asked: &mut Vec<AskedPackage>,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (name, version) in versions {
        if INSTALLERS.contains(&name.as_str()) {
            continue;
        }
        match admitted(&name, &version, allowed) {
            Ok(package) => {
                kept.insert(package, version);
            }
            Err(why) => refuse(asked, AskedPackage { package: name, version: Some(version), why }),
        }
    }
    kept
}

/// Notes a name that is not taken, once.
pub(super) fn refuse(asked: &mut Vec<AskedPackage>, package: AskedPackage) {
    if !asked.contains(&package) {
        asked.push(package);
    }
}

/// The normalised name of a package that may be installed in a version.
fn admitted(name: &str, version: &str, allowed: &Packages) -> Result<String, NotAdmitted> {
    let package = package_name(name).map_err(|_| NotAdmitted::NoName)?;
    if version.parse::<Version>().is_err() {
        return Err(NotAdmitted::NoVersion);
    }
    let is_allowed = match allowed.get(&package) {
        Some(None) => true,
        Some(Some(wanted)) => wanted == version,
        None => false,
    };
    if package == PYTHON || is_allowed || is_known(&package) {
        return Ok(package);
    }
    // A name that is nearly a known one is the more suspicious.
    let near = glob::nearest(&package, NAMES.iter().copied().filter(|known| is_near(known, &package)));
    Err(near.map_or(NotAdmitted::Unknown, |known| NotAdmitted::LookAlike(known.to_owned())))
}

/// Whether two names differ in a letter or two, or in what stands between their words.
fn is_near(known: &str, name: &str) -> bool {
    let letters = |name: &str| name.replace('-', "");
    let (known, name) = (letters(known), letters(name));
    let shorter = known.len().min(name.len());
    let ends = known.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count()
        + known.bytes().rev().zip(name.bytes().rev()).take_while(|(a, b)| a == b).count();
    shorter >= 4 && known.len().abs_diff(name.len()) <= 2 && ends + 2 >= shorter
}

/// What is asked for, in words: for the notes of a file.
pub(super) fn said(asked: &[AskedPackage]) -> Vec<String> {
    const SHOWN: usize = 6;
    let told = |asked: &&AskedPackage| {
        !matches!(asked.why, NotAdmitted::NotFromIndex | NotAdmitted::NoName | NotAdmitted::NoVersion)
    };
    let (names, lines): (Vec<&AskedPackage>, Vec<&AskedPackage>) = asked.iter().partition(told);
    let mut notes = Vec::new();
    if let Some(first) = names.first() {
        let list = |words: Vec<String>| {
            let more = words.len().saturating_sub(SHOWN);
            let shown = words.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
            if more > 0 { format!("{shown} and {more} more") } else { shown }
        };
        let words = names.iter().map(|asked| match &asked.why {
            NotAdmitted::LookAlike(known) => format!("{} (not {known})", asked.requirement()),
            _ => asked.requirement(),
        });
        notes.push(format!(
            "it names packages of the index that shelflife does not know, and they were not installed: {}; to allow one, \
             give --allow-package {}",
            list(words.collect()),
            first.requirement()
        ));
    }
    if !lines.is_empty() {
        let words: Vec<String> =
            lines.iter().take(SHOWN).map(|asked| format!("`{}`", asked.requirement())).collect();
        let more = lines.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(format!(
            "what it asks for that is not a version in the package index is not followed: {}{more}",
            words.join(", ")
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{explain, format};

    #[test]
    fn the_table_is_whole() {
        let table = known_packages();
        assert_eq!(table.len(), NAMES.len(), "a name is there twice");
        for row in table {
            assert_eq!(package_name(&row.name).as_ref(), Ok(&row.name), "names are normalised");
            assert!(row.home.starts_with("https://") && !row.kind.is_empty(), "{}", row.name);
        }
        for handler in format::HANDLERS {
            for package in handler.packages {
                assert!(is_known(package), "{package}, which `{}` takes, is not in the table", handler.name);
            }
        }
    }

    #[test]
    fn a_module_is_a_package_where_the_table_says_so() {
        for (module, package) in [
            ("imblearn", Some("imbalanced-learn")),
            ("xgboost", Some("xgboost")),
            ("category_encoders", Some("category-encoders")),
            ("pkg_resources", Some("setuptools")),
            ("sklearn_extra", Some("scikit-learn-extra")),
            ("mlflow", Some("mlflow-skinny")),
            ("utils", None),
            ("acme_models", None),
            ("PIL", Some("pillow")),
            // What is imported otherwise is not imported as this.
            ("pillow", None),
        ] {
            assert_eq!(explain::package_of(module), package, "{module}");
        }
    }

    fn asked_of(name: &str, version: &str, allowed: &Packages) -> Option<NotAdmitted> {
        let mut asked = Vec::new();
        admit([(name.to_owned(), version.to_owned())].into(), allowed, &mut asked);
        asked.pop().map(|asked| asked.why)
    }

    #[test]
    fn strangers_and_look_alikes_are_asked_for() {
        let none = Packages::new();
        for name in ["numpy", "NumPy", "scikit_learn", "Imbalanced.Learn", "python", "xgboost"] {
            assert_eq!(asked_of(name, "1.5.2", &none), None, "{name}");
        }
        for name in ["evil-package", "acme-models", "requests", "setuptools-evil", "numpy-x86-runtime"] {
            assert_eq!(asked_of(name, "1.0", &none), Some(NotAdmitted::Unknown), "{name}");
        }
        for (name, known) in [
            ("scikit-leam", "scikit-learn"),
            ("scikitlearn", "scikit-learn"),
            ("scikits-learn", "scikit-learn"),
            ("numpyy", "numpy"),
            ("xgbost", "xgboost"),
            ("pandsa", "pandas"),
        ] {
            assert_eq!(
                asked_of(name, "1.0", &none),
                Some(NotAdmitted::LookAlike(known.to_owned())),
                "{name}"
            );
        }
        for name in ["sklearn", "numpy @ https://x", "-e .", "../x", "a b", "--index-url=x", ""] {
            assert_eq!(asked_of(name, "1.0", &none), Some(NotAdmitted::NoName), "{name}");
        }
        for version in [
            "1.0 @ https://x/y.whl",
            "git+https://x",
            "1.0\n--index-url https://x",
            "*",
            "",
            "../x",
            "1.0; os",
        ] {
            assert_eq!(asked_of("numpy", version, &none), Some(NotAdmitted::NoVersion), "{version}");
        }
    }

    #[test]
    fn what_is_allowed_is_taken_in_that_version() {
        let allowed: Packages =
            [("acme-models".to_owned(), Some("1.0".to_owned())), ("other".to_owned(), None)].into();
        assert_eq!(asked_of("Acme_Models", "1.0", &allowed), None);
        assert_eq!(asked_of("acme-models", "6.6.6", &allowed), Some(NotAdmitted::Unknown));
        assert_eq!(asked_of("other", "6.6.6", &allowed), None);
        assert_eq!(asked_of("other", "git+https://x", &allowed), Some(NotAdmitted::NoVersion));
    }
}
