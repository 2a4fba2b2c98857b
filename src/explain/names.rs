//! Which classes and public functions each release of scikit-learn has, by the names under which files and people ask for
//! them: what `benches/releases.py` found in the releases themselves. A file that names what its reader does not have cannot be
//! loaded there, and an expression that names what no release has is mistyped.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use crate::knowledge;
use crate::notation::{Version, numbers};

/// The first line names the releases; each further one a name and the releases that have it, by index.
fn text() -> &'static str {
    knowledge::text("names.txt")
}

static RELEASES: LazyLock<Releases> = LazyLock::new(|| Releases::parse(text()));

/// The releases and their names.
#[derive(Debug, Default)]
struct Releases {
    versions: Vec<Version>,
    names: HashMap<&'static str, BTreeSet<usize>>,
}

impl Releases {
    fn parse(text: &'static str) -> Self {
        let mut lines = text.lines();
        let versions = lines.next().unwrap_or_default().split(' ');
        let versions = versions.filter_map(|version| version.parse().ok()).collect();
        let name = |line: &'static str| {
            let (name, having) = line.split_once(' ')?;
            Some((name, numbers(having)?))
        };
        Self { versions, names: lines.filter_map(name).collect() }
    }

    /// The release that stands for another one: itself, or one of the same minor release.
    fn column(&self, version: &Version) -> Option<usize> {
        let same = self.versions.iter().position(|known| known == version);
        same.or_else(|| self.versions.iter().rposition(|known| known.has_minor_of(version)))
    }
}

/// The names among these that a release of scikit-learn does not have; empty where that release, or a name, was not
/// looked at.
pub(super) fn lacking<'n>(names: impl Iterator<Item = &'n String>, version: &Version) -> Vec<&'n str> {
    let releases = &*RELEASES;
    let Some(column) = releases.column(version) else { return Vec::new() };
    let lacks =
        |name: &&String| releases.names.get(name.as_str()).is_some_and(|having| !having.contains(&column));
    names.filter(lacks).map(String::as_str).collect()
}

/// The releases that were looked at, in order.
pub(super) fn all() -> &'static [Version] {
    &RELEASES.versions
}

/// The public module from which a class is imported that is defined in a module: the outermost one that any release offers
/// it in; `None` where none does.
pub fn public_module<'m>(module: &'m str, class: &str) -> Option<&'m str> {
    let ends = module.match_indices('.').map(|(at, _)| at).chain([module.len()]);
    let mut outer = ends.map(|end| &module[..end]);
    outer.find(|part| {
        let is_public = part.split('.').all(|word| !word.starts_with('_'));
        is_public && RELEASES.names.contains_key(format!("{part}:{class}").as_str())
    })
}

/// The newest release that was looked at.
pub fn newest_release() -> Option<&'static Version> {
    RELEASES.versions.last()
}

/// What any release offers to those who write expressions: the names of its public modules, sorted.
pub fn public_names() -> Vec<&'static str> {
    let name = |line: &'static str| {
        let (module, name) = line.split(' ').next()?.split_once(':')?;
        let is_public = |part: &str| !part.starts_with('_');
        (module.split('.').all(is_public) && is_public(name)).then_some(name)
    };
    let names: BTreeSet<&str> = text().lines().skip(1).filter_map(name).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_in_order_and_every_line_is_read() {
        assert!(RELEASES.versions.is_sorted() && RELEASES.versions.len() > 20);
        assert_eq!(RELEASES.names.len(), text().lines().count() - 1);
    }

    #[test]
    fn classes_are_found_where_people_import_them() {
        let forest = "RandomForestClassifier";
        for module in ["sklearn.ensemble._forest", "sklearn.ensemble.forest", "sklearn.ensemble"] {
            assert_eq!(public_module(module, forest), Some("sklearn.ensemble"));
        }
        let text = "sklearn.feature_extraction.text";
        assert_eq!(public_module(text, "TfidfVectorizer"), Some(text));
        assert_eq!(public_module("sklearn.tree._tree", "Nothing"), None);
    }

    #[test]
    fn classes_came_with_a_release_and_modules_were_renamed() {
        let lacks = |name: &str, version: &str| {
            let name = name.to_owned();
            !lacking(std::iter::once(&name), &version.parse().unwrap()).is_empty()
        };
        let hdbscan = "sklearn.cluster._hdbscan.hdbscan:HDBSCAN";
        assert!(lacks(hdbscan, "1.2.2") && !lacks(hdbscan, "1.3.2") && !lacks(hdbscan, "99.0"));
        let svm = "sklearn.linear_model._stochastic_gradient:SGDOneClassSVM";
        assert!(lacks(svm, "0.24.2") && !lacks(svm, "1.0.2"));
        let old = "sklearn.linear_model.logistic:LogisticRegression";
        assert!(!lacks(old, "0.23.2") && lacks(old, "0.24.2"));
        assert!(!lacks("mine:Shift", "1.0.2"));
    }
}
