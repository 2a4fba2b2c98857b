//! Requirements: a package and what its version must fulfil. Extras and markers are left out on purpose: a condition
//! that holds on one machine only would make two runs of one matrix mean two things.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::package::package_name;
use super::specifier::Specifiers;
use super::version::{Version, VersionError};

/// A package and what its version must fulfil, for example `scikit-learn>=1.3,<1.6`, or just `pandas`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Normalised name.
    pub package: String,
    /// Conditions; none where any version will do.
    pub specifiers: Specifiers,
}

impl Requirement {
    /// Whether `text` is meant as a requirement with a condition rather than as a name.
    pub fn looks_like(text: &str) -> bool {
        text.contains(['<', '>', '=', '!', '~'])
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.package, self.specifiers)
    }
}

impl FromStr for Requirement {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let start = text.find(['<', '>', '=', '!', '~']).unwrap_or(text.len());
        let (name, conditions) = text.split_at(start);
        let specifiers = if conditions.is_empty() { Specifiers::default() } else { conditions.parse()? };
        Ok(Self { package: package_name(name.trim())?, specifiers })
    }
}

/// A package that may be installed, `NAME` or `NAME==VERSION`: its normalised name, and the version where one is given.
///
/// # Errors
/// When it is neither.
pub fn allowed_package(text: &str) -> Result<(String, Option<String>), VersionError> {
    let Some((name, version)) = text.split_once("==") else {
        return Ok((package_name(text.trim())?, None));
    };
    let version = version.trim();
    version.parse::<Version>()?;
    Ok((package_name(name.trim())?, Some(version.to_owned())))
}

/// Whether installed packages fulfil a requirement such as `scikit-learn>=1.1`. A package that is not installed, or
/// whose version cannot be read, fulfils none.
pub fn requirement_met(requirement: &str, packages: &BTreeMap<String, String>) -> bool {
    let Ok(requirement) = requirement.parse::<Requirement>() else { return false };
    packages
        .get(&requirement.package)
        .and_then(|version| version.parse::<Version>().ok())
        .is_some_and(|version| requirement.specifiers.matches(&version))
}
