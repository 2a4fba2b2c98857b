//! Who wrote an artifact, and the environment that stands for it.

use std::collections::BTreeMap;

use super::beside::scikit_learn_beside;
use super::evidence::Evidence;
use super::interpreters::{choices, python_among, python_for};
use super::package::Package;
use super::packages::{INSTALLERS, Packages};
use super::recognise::Seen;
use crate::matrix::{EnvironmentSpec, MadeBy, RuntimeSpec, VersionSpec};
use crate::notation::Version;
use crate::vocab::EnvName;

/// Who wrote an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FileProducer {
    /// A declared environment.
    Environment(EnvName),
    /// These versions.
    Versions(Versions),
    /// A release that a museum keeps it of; nobody has to be asked what it gave there.
    Release {
        /// The package.
        package: String,
        /// Its release.
        version: String,
    },
    /// Nothing tells.
    Unknown,
}

/// Versions that were found or declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    packages: BTreeMap<String, String>,
    /// What the file proves beside them.
    evidence: Evidence,
    /// The release of scikit-learn that is taken where nothing names one.
    beside: Option<&'static str>,
    /// Whether they are all that there was.
    whole: bool,
    found: &'static str,
}

impl FileProducer {
    /// What was declared, else the metadata beside the file, else what the file itself records.
    pub fn of(declared: Option<&MadeBy>, package: &Package, seen: &Seen, notes: &mut Vec<String>) -> Self {
        let versions = |packages: &BTreeMap<String, String>, found| {
            let whole = package.is_lock && declared.is_none();
            // What is declared is believed, whatever the file says; of the rest, the file knows more than a table.
            let mut evidence = seen.evidence.clone();
            if declared.is_some() && packages.contains_key("python") {
                evidence.pythons = None;
            }
            Self::Versions(Versions { packages: packages.clone(), evidence, beside: None, whole, found })
        };
        match declared {
            Some(MadeBy::Environment(name)) => return Self::Environment(name.clone()),
            Some(MadeBy::Versions(packages)) => return versions(packages, "declared"),
            None => {}
        }
        if package.versions.contains_key("scikit-learn") {
            let found = if package.is_lock { "locked in its metadata" } else { "recorded in its metadata" };
            return versions(&package.versions, found);
        }
        if !seen.versions.contains_key("scikit-learn") {
            return Self::beside(seen);
        }
        if let Some(several) = seen.several.get("scikit-learn") {
            notes.push(format!(
                "its parts were saved by scikit-learn {}: the newest is taken as its producer",
                several.join(" and ")
            ));
        }
        versions(&seen.versions, "recorded in the file")
    }
}

impl FileProducer {
    /// Of a file that names no scikit-learn: the environment of the days in which what it names was released.
    fn beside(seen: &Seen) -> Self {
        let is_numpy_2 = seen.evidence.packages.get("numpy") == Some(&">=2");
        let Some((package, version, release)) = scikit_learn_beside(&seen.versions, is_numpy_2) else {
            return Self::Unknown;
        };
        Self::Versions(Versions {
            packages: [(package.to_owned(), version.to_owned())].into(),
            evidence: seen.evidence.clone(),
            beside: Some(release),
            whole: false,
            found: "recorded in the file",
        })
    }

    /// Other interpreters that can have written the file, where nothing says which one did.
    pub fn other_pythons(&self) -> Vec<String> {
        match self {
            Self::Versions(versions) if !versions.packages.contains_key("python") => {
                let scikit_learn = versions.scikit_learn();
                let minors = choices(scikit_learn, versions.evidence.pythons.as_ref());
                minors.into_iter().skip(1).map(|minor| format!("3.{minor}")).collect()
            }
            Self::Versions(_) | Self::Environment(_) | Self::Release { .. } | Self::Unknown => Vec::new(),
        }
    }
}

/// Packages whose versions decide how a model behaves; a lock has them all.
const TOLD: &[&str] = &["python", "scikit-learn", "numpy", "scipy", "joblib"];
/// So many packages are told one by one.
const FEW: usize = 10;

impl Versions {
    /// The release of scikit-learn: the one that is named, or the one of those days.
    fn scikit_learn(&self) -> Option<&str> {
        self.packages.get("scikit-learn").map(String::as_str).or(self.beside)
    }

    /// For the reader: what is known, and what is assumed. `chosen` is what the file imports, and names no release of.
    pub fn said(&self, chosen: &Packages) -> String {
        let more = self.packages.keys().map(String::as_str).filter(|name| !TOLD.contains(name));
        // A whole lock stands elsewhere.
        let names = TOLD.iter().copied().chain(more.filter(|_| self.packages.len() <= FEW));
        let told: Vec<String> = names
            .filter_map(|name| self.packages.get(name).map(|version| format!("{name} {version}")))
            .collect();
        let lacking: Vec<&str> =
            TOLD.iter().copied().filter(|name| !self.packages.contains_key(*name)).collect();
        let chosen = chosen.iter().filter(|(name, _)| !self.packages.contains_key(*name));
        let chosen = chosen.map(|(name, version)| match version {
            Some(version) => format!("{name} {version}"),
            None => name.clone(),
        });
        let assumed: Vec<String> = lacking.into_iter().map(str::to_owned).chain(chosen).collect();
        let assumed = match assumed.as_slice() {
            [] => String::new(),
            names => format!("; {} chosen to match", names.join(", ")),
        };
        let proved: Vec<String> =
            self.proved().map(|(package, specifier)| format!("{package}{specifier}")).collect();
        let proved = match proved.as_slice() {
            [] => String::new(),
            some => format!("; its bytes prove {}", some.join(" and ")),
        };
        format!("made by {} ({}){assumed}{proved}", told.join(", "), self.found)
    }

    /// What the file proves of packages whose release is not known otherwise.
    fn proved(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let release = self.scikit_learn().and_then(|version| version.parse::<Version>().ok());
        let open = self.evidence.packages.iter().filter(move |(package, specifier)| {
            !self.packages.contains_key(**package) && !is_chosen_anyway(release.as_ref(), package, specifier)
        });
        open.map(|(package, specifier)| (*package, *specifier))
    }

    /// The environment that these versions make.
    pub fn environment(&self) -> EnvironmentSpec {
        let scikit_learn = self.scikit_learn();
        let python = self.packages.get("python").map(String::as_str);
        let mut name = match (scikit_learn, self.beside, self.packages.iter().next()) {
            (_, Some(_), Some((package, version))) => format!("made-by-{package}{version}"),
            (Some(version), ..) => format!("made-by-sk{version}"),
            (None, ..) => "made-by".to_owned(),
        };
        if let Some(python) = python {
            name.push_str(&format!("-py{}", python_for(scikit_learn, Some(python))));
        }
        let packages: BTreeMap<String, VersionSpec> = self
            .packages
            .iter()
            .filter(|(package, _)| *package != "python" && !INSTALLERS.contains(&package.as_str()))
            .map(|(package, version)| (package.clone(), VersionSpec::Exact(version.clone())))
            .chain(
                self.beside
                    .map(|release| ("scikit-learn".to_owned(), VersionSpec::Exact(release.to_owned()))),
            )
            .chain(
                self.proved()
                    .map(|(package, proved)| (package.to_owned(), VersionSpec::Proved(proved.to_owned()))),
            )
            .collect();
        let proved = self.evidence.pythons.as_ref();
        let runtime = RuntimeSpec::Venv { python: python_among(scikit_learn, python, proved) };
        let python_chosen = python.is_none() && proved.is_none();
        EnvironmentSpec { whole: self.whole, python_chosen, ..environment(&name, runtime, packages) }
    }
}

/// What companions choose without being told, from a release of scikit-learn on (`true`) or before it: files of one
/// release share an environment then, whatever each of them proves.
const CHOSEN: &[(&str, &str, bool, [u64; 3])] = &[
    ("joblib", ">=1.2", true, [1, 1, 0]),
    ("numpy", ">=2", true, [1, 5, 0]),
    ("numpy", "<2", false, [1, 4, 2]),
];

/// What a file proves beside a release of scikit-learn, where companions would not choose it anyway.
pub fn proved_beside(scikit_learn: &str, proved: &BTreeMap<String, String>) -> Vec<(String, VersionSpec)> {
    let release = scikit_learn.parse::<Version>().ok();
    let open = proved.iter().filter(|(package, it)| !is_chosen_anyway(release.as_ref(), package, it));
    open.map(|(package, specifier)| (package.clone(), VersionSpec::Proved(specifier.clone()))).collect()
}

fn is_chosen_anyway(release: Option<&Version>, package: &str, specifier: &str) -> bool {
    let Some(release) = release else { return false };
    let row = CHOSEN.iter().find(|(known, said, ..)| *known == package && *said == specifier);
    row.is_some_and(|(_, _, from, bound)| (*release >= Version::release(bound)) == *from)
}

/// The name of the environment that stands for a release.
pub(super) fn release_name(package: &str, version: &str) -> String {
    match package {
        "scikit-learn" => format!("sk{version}"),
        other => format!("{other}{version}"),
    }
}

/// An environment that is here because files were written in it.
pub(super) fn environment(
    name: &str,
    runtime: RuntimeSpec,
    packages: BTreeMap<String, VersionSpec>,
) -> EnvironmentSpec {
    EnvironmentSpec { packages, consumer: false, external: true, ..EnvironmentSpec::new(name, runtime) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_by(scikit_learn: &str, proved: &[(&'static str, &'static str)]) -> EnvironmentSpec {
        let evidence = Evidence { packages: proved.iter().copied().collect(), pythons: None };
        let packages = [("scikit-learn".to_owned(), scikit_learn.to_owned())].into();
        Versions { packages, evidence, beside: None, whole: false, found: "recorded in the file" }
            .environment()
    }

    #[test]
    fn what_a_file_proves_is_declared_where_companions_would_choose_otherwise() {
        let of = |scikit_learn: &str, package: &'static str, specifier: &'static str| {
            made_by(scikit_learn, &[(package, specifier)]).packages.get(package).cloned()
        };
        let proved = |specifier: &str| Some(VersionSpec::Proved(specifier.to_owned()));
        assert_eq!(of("1.0.2", "joblib", ">=1.2"), proved(">=1.2"));
        assert_eq!(of("1.3.2", "joblib", ">=1.2"), None);
        assert_eq!(of("1.4.2", "numpy", ">=2"), proved(">=2"));
        assert_eq!(of("1.5.2", "numpy", ">=2"), None);
        assert_eq!(of("1.6.1", "numpy", "<2"), proved("<2"));
        assert_eq!(of("1.0.2", "numpy", "<2"), None);
    }
}
