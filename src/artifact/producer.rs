//! Who wrote an artifact, and the environment that stands for it.

use std::collections::BTreeMap;

use super::package::Package;
use super::packages::TOOLS;
use super::recognise::Seen;
use crate::matrix::{EnvironmentSpec, MadeBy, RuntimeSpec, VersionSpec};
use crate::notation::{Version, VersionError, package_name};
use crate::vocab::EnvName;

/// A minor release of scikit-learn.
type Minor = (u64, u64);

/// The interpreters that have wheels of a scikit-learn minor, oldest and newest; a newer minor takes the last row.
const PYTHONS: &[(Minor, (u64, u64))] = &[
    ((0, 20), (6, 7)),
    ((0, 21), (6, 7)),
    ((0, 22), (6, 8)),
    ((0, 23), (6, 8)),
    ((0, 24), (6, 9)),
    ((1, 0), (7, 10)),
    ((1, 1), (8, 10)),
    ((1, 2), (8, 11)),
    ((1, 3), (8, 12)),
    ((1, 4), (9, 12)),
    ((1, 5), (9, 12)),
    ((1, 6), (9, 13)),
    ((1, 7), (10, 13)),
    ((1, 8), (11, 14)),
    ((1, 9), (11, 14)),
];
/// The interpreter of choice: it has wheels of the most minors.
const CHOICE: u64 = 11;

/// Python for a scikit-learn: the wanted one, where given, else the nearest to 3.11 that has wheels of it.
pub fn python_for(scikit_learn: Option<&str>, wanted: Option<&str>) -> String {
    if let Some(wanted) = wanted {
        // Micro releases of an interpreter are interchangeable, and most machines have but one.
        let minor: Vec<&str> = wanted.split('.').take(2).collect();
        return minor.join(".");
    }
    let version = scikit_learn.and_then(|text| text.parse::<Version>().ok());
    let range = version.map_or((CHOICE, CHOICE), |version| {
        let minor = (version.part(0), version.part(1));
        let row = PYTHONS.iter().rev().find(|(known, _)| *known <= minor).or(PYTHONS.first());
        row.map_or((CHOICE, CHOICE), |(_, range)| *range)
    });
    format!("3.{}", CHOICE.clamp(range.0, range.1))
}

/// Who wrote an artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FileProducer {
    /// A declared environment.
    Environment(EnvName),
    /// These versions.
    Versions(Versions),
    /// Nothing tells.
    Unknown,
}

/// Versions that were found or declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    packages: BTreeMap<String, String>,
    /// Whether they are all that there was.
    whole: bool,
    found: &'static str,
}

impl FileProducer {
    /// What was declared, else the metadata beside the file, else what the file itself records.
    pub fn of(declared: Option<&MadeBy>, package: &Package, seen: &Seen, notes: &mut Vec<String>) -> Self {
        let versions = |packages: &BTreeMap<String, String>, found| {
            let whole = package.is_lock && declared.is_none();
            Self::Versions(Versions { packages: packages.clone(), whole, found })
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
            return Self::Unknown;
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

/// Packages whose versions decide how a model behaves; a lock has them all.
const TOLD: &[&str] = &["python", "scikit-learn", "numpy", "scipy", "joblib"];
/// So many packages are told one by one.
const FEW: usize = 10;

impl Versions {
    /// For the reader: what is known, and what is assumed.
    pub fn said(&self) -> String {
        let more = self.packages.keys().map(String::as_str).filter(|name| !TOLD.contains(name));
        // A whole lock stands elsewhere.
        let names = TOLD.iter().copied().chain(more.filter(|_| self.packages.len() <= FEW));
        let told: Vec<String> = names
            .filter_map(|name| self.packages.get(name).map(|version| format!("{name} {version}")))
            .collect();
        let lacking: Vec<&str> =
            TOLD.iter().copied().filter(|name| !self.packages.contains_key(*name)).collect();
        let assumed = match lacking.as_slice() {
            [] => String::new(),
            names => format!("; {} chosen to match", names.join(", ")),
        };
        format!("made by {} ({}){assumed}", told.join(", "), self.found)
    }

    /// The environment that these versions make.
    pub fn environment(&self) -> EnvironmentSpec {
        let scikit_learn = self.packages.get("scikit-learn").map(String::as_str);
        let python = self.packages.get("python").map(String::as_str);
        let mut name = match scikit_learn {
            Some(version) => format!("made-by-sk{version}"),
            None => "made-by".to_owned(),
        };
        if let Some(python) = python {
            name.push_str(&format!("-py{}", python_for(scikit_learn, Some(python))));
        }
        let packages: BTreeMap<String, VersionSpec> = self
            .packages
            .iter()
            .filter(|(package, _)| *package != "python" && !TOOLS.contains(&package.as_str()))
            .map(|(package, version)| (package.clone(), VersionSpec::Exact(version.clone())))
            .collect();
        let runtime = RuntimeSpec::Venv { python: python_for(scikit_learn, python) };
        EnvironmentSpec { whole: self.whole, ..environment(&name, runtime, packages) }
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

/// An environment as a command line writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentText;

impl EnvironmentText {
    /// The environments of `scikit-learn==1.5.2,1.7.2`, or of `scikit-learn==1.7.2 numpy==2.3.5 python==3.13`: every
    /// combination of the versions that are separated by commas. They read artifacts.
    ///
    /// # Errors
    /// When it cannot be understood, with what to write instead.
    pub fn parse(text: &str) -> Result<Vec<EnvironmentSpec>, VersionError> {
        let mut axes: Vec<(String, Vec<String>)> = Vec::new();
        for part in text.split_whitespace() {
            let (package, versions) = part.split_once("==").ok_or_else(|| {
                VersionError::new(
                    format!("`{part}` has no version"),
                    "write, for example, \"scikit-learn==1.5.2,1.7.2\", or \"scikit-learn==1.7.2 numpy==2.3.5 \
                     python==3.13\"",
                )
            })?;
            let package = package_name(package)?;
            let mut list = Vec::new();
            for version in versions.split(',') {
                let version = version.trim().trim_start_matches("==");
                let known = matches!(version, "latest" | "pre");
                if !known {
                    version.trim_end_matches(".*").parse::<Version>()?;
                }
                list.push(version.to_owned());
            }
            axes.push((package, list));
        }
        if axes.is_empty() {
            return Err(VersionError::new(
                "an environment is empty".to_owned(),
                "write, for example, \"scikit-learn==1.7.2\"",
            ));
        }
        let mut combinations: Vec<Vec<(String, String)>> = vec![Vec::new()];
        for (package, versions) in &axes {
            combinations = combinations
                .into_iter()
                .flat_map(|known| {
                    versions.iter().map(move |version| {
                        let mut next = known.clone();
                        next.push((package.clone(), version.clone()));
                        next
                    })
                })
                .collect();
        }
        Ok(combinations.iter().map(|combination| consumer(combination)).collect())
    }

    /// The environment of a lock: exactly these packages.
    pub fn of_lock(name: &str, python: &str, packages: &BTreeMap<String, String>) -> EnvironmentSpec {
        let packages = packages
            .iter()
            .filter(|(package, _)| !TOOLS.contains(&package.as_str()))
            .map(|(package, version)| (package.clone(), VersionSpec::Exact(version.clone())))
            .collect();
        let runtime = RuntimeSpec::Venv { python: python_for(None, Some(python)) };
        EnvironmentSpec { packages, whole: true, ..EnvironmentSpec::new(name, runtime) }
    }
}

fn consumer(combination: &[(String, String)]) -> EnvironmentSpec {
    let find =
        |name: &str| combination.iter().find(|(package, _)| package == name).map(|(_, it)| it.as_str());
    let scikit_learn = find("scikit-learn");
    let python = find("python");
    let label = |(package, version): &(String, String)| match package.as_str() {
        "scikit-learn" => format!("sk{version}"),
        "python" => format!("py{version}"),
        _ => format!("{package}{version}"),
    };
    let name: Vec<String> = combination.iter().map(label).collect();
    let packages = combination.iter().filter(|(package, _)| package != "python").map(|(package, version)| {
        let spec = match (version.as_str(), version.strip_suffix(".*")) {
            ("latest", _) => VersionSpec::Latest,
            ("pre", _) => VersionSpec::PreRelease,
            (_, Some(minor)) => VersionSpec::Minor(minor.to_owned()),
            (version, None) => VersionSpec::Exact(version.to_owned()),
        };
        (package.clone(), spec)
    });
    let runtime = RuntimeSpec::Venv { python: python_for(scikit_learn, python) };
    EnvironmentSpec {
        packages: packages.collect(),
        ..EnvironmentSpec::new(name.join("-").replace(".*", ""), runtime)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_go_with_the_release() {
        for (version, python) in [("0.22.2", "3.8"), ("1.0.2", "3.10"), ("1.5.2", "3.11"), ("2.0.0", "3.11")]
        {
            assert_eq!(python_for(Some(version), None), python, "{version}");
        }
        assert_eq!(python_for(Some("1.5.2"), Some("3.12.4")), "3.12");
    }

    #[test]
    fn lists_of_versions_are_axes() {
        let names = |text: &str| {
            EnvironmentText::parse(text)
                .map(|envs| envs.iter().map(|env| env.name.to_string()).collect::<Vec<_>>())
                .map_err(|error| error.message)
        };
        assert_eq!(names("scikit-learn==1.5.2,1.7.2"), Ok(vec!["sk1.5.2".into(), "sk1.7.2".into()]));
        assert!(names("sklearn==1.7.2").is_err());
        assert_eq!(names("scikit-learn==1.7.2 python==3.12"), Ok(vec!["sk1.7.2-py3.12".into()]));
        assert_eq!(names("scikit-learn>=1.5").map_err(|it| it.contains(">=")), Err(true));
        assert!(names("").is_err());
    }
}
