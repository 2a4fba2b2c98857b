//! What is to be expected of artifacts in an environment that need not exist.

use std::collections::BTreeMap;
use std::path::Path;

use super::environments::{environment, installed};
use super::error::RequestError;
use crate::artifact::Files;
use crate::explain::{self, Side, evidence};
use crate::matrix::{EnvironmentSpec, RuntimeSpec, SCIKIT_LEARN, VersionSpec};
use crate::notation::Version;
use crate::vocab::{ByteOrder, Expected, Forecast, Inspection};

/// Pointer widths by the names of machines that anybody serves models on.
const ARCHITECTURES: [(&str, u8); 10] = [
    ("x86_64", 64),
    ("amd64", 64),
    ("aarch64", 64),
    ("arm64", 64),
    ("ppc64le", 64),
    ("s390x", 64),
    ("i386", 32),
    ("i686", 32),
    ("armhf", 32),
    ("armv7l", 32),
];

/// The one among them whose most significant byte comes first.
const BIG_ENDIAN: &str = "s390x";

/// An environment that is asked about.
#[derive(Debug)]
pub struct Target {
    side: Side,
    /// What was assumed of it: packages that were not named are those of an environment that was tried with the same
    /// minor release of scikit-learn.
    pub assumed: Vec<String>,
}

impl Target {
    /// The environment that texts such as `scikit-learn==1.7.2,arch=i386` mean, together.
    ///
    /// # Errors
    /// When they mean none, or several.
    pub fn parse(texts: &[String], files: &dyn Files) -> Result<Self, RequestError> {
        let (mut bits, mut order) = (None, ByteOrder::Little);
        let mut words = Vec::new();
        for word in texts.iter().flat_map(|text| text.split([',', ' '])).filter(|word| !word.is_empty()) {
            if let Some(machine) = word.strip_prefix("arch=") {
                order = if machine == BIG_ENDIAN { ByteOrder::Big } else { ByteOrder::Little };
                bits = Some(width(machine)?);
            } else if let Some(width) = word.strip_prefix("bits=") {
                let known = width.parse().ok().filter(|width| matches!(width, 32 | 64));
                let known = known.ok_or_else(|| RequestError::Width(width.to_owned()))?;
                bits = Some(known);
            } else {
                words.push(word);
            }
        }
        let environment = environment(&words.join(","), "--to", files)?;
        // An interpreter that nobody has named is a choice of whoever makes the environment.
        let is_named = words.iter().any(|word| word.starts_with("python") || word.ends_with(".json"));
        let mut versions = versions_of(&environment, is_named, files)?;
        if let RuntimeSpec::Rootfs(tree) = &environment.runtime {
            bits = bits.or(width_of_debian(&tree.arch));
            order = if tree.arch == BIG_ENDIAN { ByteOrder::Big } else { order };
        }
        let assumed = assume(&mut versions, bits);
        let side = Side { versions, bits: Some(bits.unwrap_or(64)), byte_order: Some(order) };
        Ok(Self { side, assumed })
    }

    /// The release of scikit-learn, and whether its like was run.
    pub fn release(&self) -> Option<(String, bool)> {
        let version = self.side.versions.get(SCIKIT_LEARN)?.to_string();
        let is_tried = explain::is_tried(&version);
        Some((version, is_tried))
    }

    /// What is to be expected of a file there that was looked at.
    pub fn forecast(&self, inspection: &Inspection) -> Forecast {
        explain::facts_of(inspection).map_or_else(
            || Forecast {
                expected: Expected::Unknown,
                stage: None,
                causes: Vec::new(),
                because: vec!["rules speak of pickle, joblib and skops files only".to_owned()],
            },
            |facts| explain::forecast(&facts, &self.side),
        )
    }
}

/// The versions that are known of an environment before it is made.
fn versions_of(
    environment: &EnvironmentSpec,
    has_python: bool,
    files: &dyn Files,
) -> Result<BTreeMap<String, Version>, RequestError> {
    let declared = environment.packages.iter().map(|(name, spec)| match spec {
        VersionSpec::Exact(version) => Ok((name.clone(), version.parse::<Version>()?)),
        other => Err(RequestError::NoExactVersion { package: name.clone(), spec: other.to_string() }),
    });
    let mut versions: BTreeMap<String, Version> = declared.collect::<Result<_, _>>()?;
    match &environment.runtime {
        RuntimeSpec::Venv { python } if has_python => {
            versions.insert("python".to_owned(), python.parse()?);
        }
        RuntimeSpec::Rootfs(tree) => {
            if let Some(VersionSpec::Exact(version)) = tree.scikit_learn() {
                versions.insert("scikit-learn".to_owned(), version.parse()?);
            }
        }
        RuntimeSpec::Existing { command } => {
            versions = command.first().map(|it| installed(Path::new(it), files)).unwrap_or_default();
            if versions.is_empty() {
                return Err(RequestError::UnknownContents(environment.name.to_string()));
            }
        }
        RuntimeSpec::Container(_) => return Err(RequestError::UnknownContents(environment.name.to_string())),
        RuntimeSpec::Venv { .. } | RuntimeSpec::UnknownProducer => {}
    }
    Ok(versions)
}

/// The pointer width of a CPU by Debian's name of it.
fn width_of_debian(arch: &str) -> Option<u8> {
    Some(if matches!(arch, "i386" | "armhf") { 32 } else { 64 })
}

fn width(machine: &str) -> Result<u8, RequestError> {
    let found = ARCHITECTURES.iter().find(|(known, _)| *known == machine);
    found.map(|(_, bits)| *bits).ok_or_else(|| RequestError::Architecture {
        name: machine.to_owned(),
        known: ARCHITECTURES.iter().map(|(name, _)| *name).collect(),
    })
}

/// Completes versions by those of an environment that was tried, and says which.
fn assume(versions: &mut BTreeMap<String, Version>, bits: Option<u8>) -> Vec<String> {
    let mut assumed = Vec::new();
    if bits.is_none() {
        assumed.push("64 bit".to_owned());
    }
    let minor =
        versions.get("scikit-learn").map(|version| format!("{}.{}", version.part(0), version.part(1)));
    if let Some(like) = minor.and_then(|minor| evidence().like(&minor, bits.unwrap_or(64))) {
        for (name, version) in like.side().versions {
            versions.entry(name).or_insert_with_key(|name| {
                assumed.push(format!("{name} {version}"));
                version
            });
        }
    }
    assumed
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Memory;
    use super::*;

    #[test]
    fn a_target_is_versions_and_a_machine() {
        let files = Memory::of(&[
            ("r.txt", "scikit-learn==1.2.2\nnumpy==1.23.5\n"),
            (".venv/bin/python", ""),
            (".venv/lib/python3.11/site-packages/scikit_learn-1.5.2.dist-info/METADATA", ""),
            (".venv/lib/python3.11/site-packages/numpy-2.1.3.dist-info/METADATA", ""),
        ]);
        let of = |text: &str| Target::parse(&[text.to_owned()], &files);
        let target = of("scikit-learn==1.7.2, arch=s390x").unwrap();
        assert_eq!((target.side.bits, target.side.byte_order), (Some(64), Some(ByteOrder::Big)));
        let two = ["scikit-learn==1.7.2".to_owned(), "numpy==2.3.5 bits=32".to_owned()];
        assert_eq!(Target::parse(&two, &files).unwrap().side.bits, Some(32));
        let version = |target: Target, name: &str| target.side.versions[name].to_string();
        assert_eq!(version(of("r.txt").unwrap(), "numpy"), "1.23.5");
        assert_eq!(version(of(".venv").unwrap(), "scikit-learn"), "1.5.2");
        assert_eq!(version(of(".venv").unwrap(), "python"), "3.11");
        assert_eq!(version(of("scikit-learn==1.7.2,python==3.12").unwrap(), "python"), "3.12");
        assert_eq!(of("debian:bookworm/i386").unwrap().side.bits, Some(32));
        assert!(matches!(of("scikit-learn"), Err(RequestError::Version(_))));
        assert!(matches!(of("bits=16,numpy==2.1.3"), Err(RequestError::Width(_))));
        assert!(matches!(of("docker:serve"), Err(RequestError::UnknownContents(_))));
        assert!(matches!(of("scikit-learn==1.7.*"), Err(RequestError::NoExactVersion { .. })));
        assert!(matches!(of("numpy==1.26.4,numpy==2.1.3"), Err(RequestError::SeveralEnvironments { .. })));
        assert!(matches!(of("arch=vax"), Err(RequestError::Architecture { .. })));
        assert!(matches!(of("numpy==x"), Err(RequestError::Version(_))));
    }
}
