//! What is to be expected of artifacts in an environment that need not exist.

use std::collections::BTreeMap;

use super::error::RequestError;
use crate::explain::{self, Side, evidence};
use crate::notation::{Version, package_name};
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
    /// The environment that texts such as `scikit-learn==1.7.2,arch=i386` mean.
    ///
    /// # Errors
    /// When they mean none.
    pub fn parse(texts: &[String]) -> Result<Self, RequestError> {
        let mut versions: BTreeMap<String, Version> = BTreeMap::new();
        let (mut bits, mut order) = (None, ByteOrder::Little);
        for text in texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|it| !it.is_empty()) {
            let pair = text.split_once("==").or_else(|| text.split_once('='));
            let (name, value) = pair.ok_or_else(|| RequestError::NoVersion(text.to_owned()))?;
            if name == "arch" {
                order = if value == BIG_ENDIAN { ByteOrder::Big } else { ByteOrder::Little };
                bits = Some(width(value)?);
                continue;
            }
            let name = package_name(name)?;
            if versions.insert(name.clone(), value.parse::<Version>()?).is_some() {
                return Err(RequestError::NamedTwice(name));
            }
        }
        let assumed = assume(&mut versions, bits);
        let side = Side { versions, bits: Some(bits.unwrap_or(64)), byte_order: Some(order) };
        Ok(Self { side, assumed })
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
    use super::*;

    #[test]
    fn a_target_is_versions_and_a_machine() {
        let of = |text: &str| Target::parse(&[text.to_owned()]);
        let target = of("scikit-learn==1.7.2, arch=s390x").unwrap();
        assert_eq!((target.side.bits, target.side.byte_order), (Some(64), Some(ByteOrder::Big)));
        assert!(matches!(of("scikit-learn"), Err(RequestError::NoVersion(_))));
        assert!(matches!(of("numpy==1,numpy==2"), Err(RequestError::NamedTwice(_))));
        assert!(matches!(of("arch=vax"), Err(RequestError::Architecture { .. })));
        assert!(matches!(of("numpy==x"), Err(RequestError::Version(_))));
    }
}
