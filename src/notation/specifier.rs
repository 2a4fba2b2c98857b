//! Conditions on versions: `>=1.2`, `==1.5.*`, and several joined by commas.
//!
//! The operators mean what the Python packaging specification "Version specifiers" (PEP 440) says. Left out, because
//! release versions do not need it: arbitrary equality, `===`.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{Operator, VersionPattern, VersionSpecifier};

use super::version::{Version, VersionError};

/// The signs of comparison, the longer ones first, because they are tried in this order.
const SIGNS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessThanEqual),
    (">=", Operator::GreaterThanEqual),
    ("~=", Operator::TildeEqual),
    ("<", Operator::LessThan),
    (">", Operator::GreaterThan),
];

/// One condition on a version, for example `>=1.2` or `==1.5.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specifier(VersionSpecifier);

impl Specifier {
    /// Whether `version` fulfils it. Pre-releases are versions like any other here: whether they are taken
    /// at all is an installer's question.
    pub fn matches(&self, version: &Version) -> bool {
        let own = self.0.version();
        match self.0.operator() {
            // The crate leaves out every pre-release of the release that is named; the specification only does so
            // where a final release is named: `<1.3rc2` is fulfilled by `1.3rc1`.
            Operator::LessThan if own.any_prerelease() => version.0.clone().without_local() < *own,
            // The crate compares as many numbers as both have; `1` means `1.0` and is no `1.5.*`.
            Operator::EqualStar | Operator::NotEqualStar => self.0.contains(&padded(version, own)),
            Operator::Equal
            | Operator::ExactEqual
            | Operator::NotEqual
            | Operator::TildeEqual
            | Operator::LessThan
            | Operator::LessThanEqual
            | Operator::GreaterThan
            | Operator::GreaterThanEqual => self.0.contains(&version.0),
        }
    }
}

/// `version` with zeros written out, so that it has at least as many release numbers as `like`.
fn padded(version: &Version, like: &pep440_rs::Version) -> pep440_rs::Version {
    let length = version.parts().len().max(like.release().len());
    version.0.clone().with_release((0..length).map(|index| version.part(index)))
}

impl fmt::Display for Specifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Specifier {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (sign, operator, rest) = SIGNS
            .iter()
            .find_map(|(sign, operator)| Some((*sign, *operator, text.strip_prefix(sign)?)))
            .ok_or_else(|| {
                VersionError::new(
                    format!("`{text}` is not a version specifier"),
                    "begin with one of `==`, `!=`, `<`, `<=`, `>`, `>=`, `~=`, such as `>=1.2`",
                )
            })?;
        let rest = rest.trim();
        let (rest, prefix) = rest.strip_suffix(".*").map_or((rest, false), |start| (start, true));
        let version: Version = rest.parse()?;
        if prefix && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(VersionError::new(
                format!("`{text}` combines `{sign}` with `.*`"),
                format!("write `{sign}{rest}` without `.*`"),
            ));
        }
        if operator == Operator::TildeEqual && version.parts().len() < 2 {
            return Err(VersionError::new(
                format!("`{text}` needs at least two numbers"),
                format!("write `~={rest}.0`"),
            ));
        }
        let pattern =
            if prefix { VersionPattern::wildcard(version.0) } else { VersionPattern::verbatim(version.0) };
        VersionSpecifier::from_pattern(operator, pattern).map(Self).map_err(|_| {
            // What is left are local parts, which no order is defined for.
            VersionError::new(
                format!("`{text}` compares with a local version"),
                format!("leave out what follows `+`, or write `=={rest}`"),
            )
        })
    }
}

/// Conditions joined by commas, all of which must hold, for example `>=1.2,<1.4`. They keep the order in which they
/// are written, because texts of them are parts of digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Specifiers(Vec<Specifier>);

impl Specifiers {
    /// Whether `version` fulfils all of them; none are fulfilled by every version.
    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().all(|specifier| specifier.matches(version))
    }

    /// The single condition `==` without `.*`, if that is all there is.
    pub fn exact(&self) -> Option<Version> {
        match self.0.as_slice() {
            [Specifier(one)] if *one.operator() == Operator::Equal => Some(Version(one.version().clone())),
            _ => None,
        }
    }

    /// The versions that the conditions name: where their answer can change.
    pub fn boundaries(&self) -> impl Iterator<Item = Version> {
        self.0.iter().map(|specifier| Version(specifier.0.version().clone()))
    }
}

impl fmt::Display for Specifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Specifier::to_string).collect();
        f.write_str(&texts.join(","))
    }
}

impl FromStr for Specifiers {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}
