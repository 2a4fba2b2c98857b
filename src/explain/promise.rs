//! What projects document about which of their releases read the files of which others, as data.

use std::sync::LazyLock;

use serde::Deserialize;

use super::rule::Versions;
use crate::knowledge;
use crate::notation::{Version, glob};

static PROMISES: LazyLock<Vec<Promise>> =
    LazyLock::new(|| knowledge::table::<Promises>("promises.toml").promise);

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Promises {
    promise: Vec<Promise>,
}

/// What one project documents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Promise {
    /// The extension that an environment declares when its files are concerned.
    pub extension: Option<String>,
    /// The formats that are concerned, whoever writes them; globs.
    #[serde(default)]
    pub formats: Vec<String>,
    /// The package that reader and writer need.
    pub package: String,
    /// One line.
    pub title: String,
    /// Where it is documented.
    pub link: String,
    /// What must hold between writer and reader; all of it.
    #[serde(rename = "rule")]
    pub rules: Vec<Relation>,
}

/// What must hold between the versions of a package on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Relation {
    /// The package.
    pub package: String,
    /// What must hold.
    pub relation: Kind,
    /// The package whose version it has where its own is not known.
    pub else_as: Option<String>,
}

/// A relation between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The same version.
    Same,
    /// The same major number, and the same or a higher minor one.
    SameOrNewerMinor,
    /// The same release or a later one.
    SameOrNewer,
    /// The same major number.
    SameMajor,
}

/// What is documented about one writer and one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Whether the reader is promised to work; `None` where that hangs on a version that is not known.
    pub promised: Option<bool>,
    /// The rules that are broken, or what is not known.
    pub because: Vec<String>,
}

/// Everything that is documented.
pub fn promises() -> &'static [Promise] {
    &PROMISES
}

impl Relation {
    /// As the documentation says it.
    pub fn text(&self) -> String {
        match self.relation {
            Kind::Same => format!("the same {}", self.package),
            Kind::SameOrNewerMinor => {
                format!("{}: the same major version, and the same or a higher minor one", self.package)
            }
            Kind::SameOrNewer => format!("{}: the same release or a later one", self.package),
            Kind::SameMajor => format!("{}: the same major version", self.package),
        }
    }

    fn version<'v>(&self, versions: &'v Versions) -> Option<&'v Version> {
        versions.get(&self.package).or_else(|| versions.get(self.else_as.as_ref()?))
    }

    fn holds(&self, written: &Version, read: &Version) -> bool {
        match self.relation {
            Kind::Same => written == read,
            Kind::SameOrNewerMinor => written.part(0) == read.part(0) && read.part(1) >= written.part(1),
            Kind::SameOrNewer => written <= read,
            Kind::SameMajor => written.part(0) == read.part(0),
        }
    }
}

impl Promise {
    /// Whether it speaks of files in a format that an environment with this extension writes.
    pub fn concerns(&self, extension: Option<&str>, format: &str) -> bool {
        match &self.extension {
            Some(own) => extension == Some(own.as_str()),
            None => self.formats.iter().any(|glob| glob::matches(glob, format)),
        }
    }

    /// What is documented about files of this extension between two environments.
    pub fn stated(&self, producer: &Versions, consumer: &Versions) -> Statement {
        if !consumer.is_empty() && !consumer.contains_key(&self.package) {
            let because = vec![format!("the reader has no {}", self.package)];
            return Statement { promised: Some(false), because };
        }
        let (mut broken, mut unknown) = (Vec::new(), Vec::new());
        for rule in &self.rules {
            match (rule.version(producer), rule.version(consumer)) {
                (Some(written), Some(read)) if rule.holds(written, read) => {}
                (Some(written), Some(read)) => broken.push(format!("{} {written} -> {read}", rule.package)),
                _ => unknown.push(format!("{} is not declared", rule.package)),
            }
        }
        if broken.is_empty() {
            Statement { promised: unknown.is_empty().then_some(true), because: unknown }
        } else {
            Statement { promised: Some(false), because: broken }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(texts: &[(&str, &str)]) -> Versions {
        texts.iter().map(|(name, version)| ((*name).to_owned(), version.parse().unwrap())).collect()
    }

    #[test]
    fn the_documented_rules_say_yes_no_and_unknown() {
        let promise = promises().iter().find(|promise| promise.extension.is_some()).unwrap();
        let side = |extension: &str, daal: &str, python: &str| {
            versions(&[
                ("scikit-learn", "1.5.2"),
                ("scikit-learn-intelex", extension),
                ("daal", daal),
                ("python", python),
            ])
        };
        let written = side("2025.8.0", "2025.8.0", "3.11.7");
        let stated = |read: &Versions| promise.stated(&written, read);
        assert_eq!(stated(&written).promised, Some(true));
        assert_eq!(stated(&side("2025.8.0", "2025.10.0", "3.12.1")).promised, Some(true));
        assert_eq!(stated(&side("2025.8.0", "2025.7.0", "3.11.7")).because, ["daal 2025.8.0 -> 2025.7.0"]);
        assert_eq!(stated(&side("2025.8.0", "2026.8.0", "3.11.7")).promised, Some(false));
        assert_eq!(stated(&side("2025.8.0", "2025.8.0", "3.10.2")).promised, Some(false));
        assert_eq!(
            stated(&versions(&[("scikit-learn", "1.5.2")])).because,
            ["the reader has no scikit-learn-intelex"]
        );
        let declared = versions(&[("scikit-learn", "1.5.2"), ("scikit-learn-intelex", "2025.8.0")]);
        assert_eq!(stated(&declared).because, ["python is not declared"]);
        assert_eq!(stated(&declared).promised, None);
    }
    #[test]
    fn boosters_promise_that_later_releases_read_their_own_formats() {
        let stated = |format: &str, package: &str, written: &str, read: &str| {
            let promise = promises().iter().find(|promise| promise.concerns(None, format)).unwrap();
            promise.stated(&versions(&[(package, written)]), &versions(&[(package, read)])).promised
        };
        assert_eq!(stated("xgboost-json", "xgboost", "1.0.2", "3.4.1"), Some(true));
        assert_eq!(stated("xgboost-json", "xgboost", "3.4.1", "1.0.2"), Some(false));
        assert_eq!(stated("lightgbm-text", "lightgbm", "3.3.5", "3.0.0"), Some(true));
        assert_eq!(stated("lightgbm-text", "lightgbm", "3.3.5", "4.0.0"), Some(false));
        assert_eq!(stated("catboost-cbm", "catboost", "0.20.2", "1.2.10"), Some(true));
        assert!(promises().iter().all(|promise| !promise.concerns(None, "pickle")));
    }
}
