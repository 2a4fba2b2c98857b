//! Conditions on versions: specifiers, requirements and package names.
//!
//! The operators mean what the Python packaging specification "Version specifiers" (PEP 440) says. Left out,
//! because release versions do not need it: arbitrary equality, `===`.

use std::fmt;
use std::str::FromStr;

use super::version::{Version, VersionError};

/// How a specifier compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Compatible,
}

impl Operator {
    /// Longer ones first, because they are tried in this order.
    const ALL: [(&'static str, Self); 7] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessEqual),
        (">=", Self::GreaterEqual),
        ("~=", Self::Compatible),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, operator)| *operator == self).map_or("", |(text, _)| text)
    }
}

/// One condition on a version, for example `>=1.2` or `==1.5.*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specifier {
    operator: Operator,
    version: Version,
    /// Whether `.*` follows the version.
    prefix: bool,
}

impl Specifier {
    /// Whether `version` fulfils it. Pre-releases are versions like any other here: whether they are taken
    /// at all is an installer's question.
    pub fn matches(&self, version: &Version) -> bool {
        let own = &self.version;
        match self.operator {
            Operator::Equal if self.prefix => version.starts_with(own),
            Operator::Equal => version == own,
            Operator::NotEqual if self.prefix => !version.starts_with(own),
            Operator::NotEqual => version != own,
            Operator::LessEqual => version <= own,
            Operator::GreaterEqual => version >= own,
            // The exclusive operators leave out pre- and post-releases of their own release.
            Operator::Less => {
                version < own
                    && (own.is_prerelease() || !(version.is_prerelease() && version.same_release(own)))
            }
            Operator::Greater => {
                version > own
                    && (own.post.is_some() || !(version.post.is_some() && version.same_release(own)))
            }
            Operator::Compatible => version >= own && version.starts_with(&own.series()),
        }
    }
}

impl fmt::Display for Specifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.operator.as_str(), self.version, if self.prefix { ".*" } else { "" })
    }
}

impl FromStr for Specifier {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (operator, rest) = Operator::ALL
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
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
                format!("`{text}` combines `{}` with `.*`", operator.as_str()),
                format!("write `{}{rest}` without `.*`", operator.as_str()),
            ));
        }
        if operator == Operator::Compatible && version.release.len() < 2 {
            return Err(VersionError::new(
                format!("`{text}` needs at least two numbers"),
                format!("write `~={rest}.0`"),
            ));
        }
        Ok(Self { operator, version, prefix })
    }
}

/// Conditions joined by commas, all of which must hold, for example `>=1.2,<1.4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Specifiers(Vec<Specifier>);

impl Specifiers {
    /// Whether `version` fulfils all of them; none are fulfilled by every version.
    pub fn matches(&self, version: &Version) -> bool {
        self.0.iter().all(|specifier| specifier.matches(version))
    }

    /// The single condition `==` without `.*`, if that is all there is.
    pub fn exact(&self) -> Option<&Version> {
        match self.0.as_slice() {
            [Specifier { operator: Operator::Equal, version, prefix: false }] => Some(version),
            _ => None,
        }
    }

    /// The versions that the conditions name: where their answer can change.
    pub(super) fn boundaries(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().map(|specifier| &specifier.version)
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

/// The normalised form of a package name (PEP 503): lower case, runs of `-`, `_` and `.` as one `-`.
///
/// # Errors
/// When it is no package name, or an import name that is not the package's (`sklearn`).
pub fn package_name(text: &str) -> Result<String, VersionError> {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !(text.chars().all(allowed) && ends_well(text.chars().next()) && ends_well(text.chars().last())) {
        return Err(VersionError::new(
            format!("`{text}` is not a package name"),
            "use letters, digits, `-`, `_` and `.`; extras and markers are not understood here",
        ));
    }
    let name = text
        .to_ascii_lowercase()
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-");
    if name == "sklearn" {
        return Err(VersionError::new("the package `sklearn` is not scikit-learn", "write `scikit-learn`"));
    }
    Ok(name)
}
