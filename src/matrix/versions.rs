//! The version texts of a matrix: `1.5.2`, `1.5.*`, `latest`, `pre`, `1.2..1.9`, `>=1.2,<1.4`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use super::types::VersionSpec;
use crate::knowledge;
use crate::notation::{Requirement, Specifiers, Version, VersionError};

/// A major release, its first minor, and its last one where the major is closed; one with a gap has several.
type Major = (u64, u64, Option<u64>);

/// Minor releases by package: needed for ranges over several majors.
static MINORS: LazyLock<BTreeMap<String, Vec<Major>>> = LazyLock::new(|| {
    let listed: BTreeMap<String, Vec<String>> = knowledge::table("minors.toml");
    let majors = |(package, texts): (String, Vec<String>)| {
        (package, texts.iter().filter_map(|text| major(text)).collect())
    };
    listed.into_iter().map(majors).collect()
});

/// `0.18..0.24`, or `1.0..` where the major is still open.
fn major(text: &str) -> Option<Major> {
    let (first, last) = text.split_once("..")?;
    let minor = |text: &str| -> Option<(u64, u64)> {
        let version: Version = text.parse().ok()?;
        (version.parts().len() == 2).then(|| (version.part(0), version.part(1)))
    };
    let (major, from) = minor(first)?;
    match last {
        "" => Some((major, from, None)),
        _ => minor(last)
            .filter(|(same, to)| *same == major && from <= *to)
            .map(|(_, to)| (major, from, Some(to))),
    }
}

/// More minors than any package has: a longer range is a typing error.
const MOST_MINORS: u64 = 100;

/// What one version text stands for: one version, or for a range one for each minor.
///
/// # Errors
/// When it stands for none.
pub fn parse(package: &str, text: &str) -> Result<Vec<VersionSpec>, VersionError> {
    let text = text.trim();
    if let Some((first, last)) = text.split_once("..") {
        return range(package, first, last);
    }
    let spec = match text {
        "latest" => VersionSpec::Latest,
        "pre" => VersionSpec::PreRelease,
        "companion" if package != "scikit-learn" => VersionSpec::Companion,
        _ if Requirement::looks_like(text) => specifier(text)?,
        _ => match text.strip_suffix(".*") {
            Some(start) => prefix(text, start)?,
            None => exact(text)?,
        },
    };
    Ok(vec![spec])
}

fn specifier(text: &str) -> Result<VersionSpec, VersionError> {
    let specifiers: Specifiers = text.parse()?;
    Ok(match specifiers.exact() {
        Some(version) => VersionSpec::Exact(version.to_string()),
        None => VersionSpec::Specifier(specifiers.to_string()),
    })
}

fn prefix(text: &str, start: &str) -> Result<VersionSpec, VersionError> {
    let version: Version = start.parse()?;
    match version.parts() {
        [_, _] => Ok(VersionSpec::Minor(version.to_string())),
        _ => Ok(VersionSpec::Specifier(format!("=={version}.*"))),
    }
    .and_then(|spec| {
        if version.is_prerelease() {
            Err(VersionError::new(
                format!("`{text}` is not a series of releases"),
                "write, for example, `1.5.*`",
            ))
        } else {
            Ok(spec)
        }
    })
}

fn exact(text: &str) -> Result<VersionSpec, VersionError> {
    let version: Version = text.parse().map_err(|error: VersionError| VersionError {
        help: "write, for example, `1.5.2`, `1.5.*`, `1.2..1.9`, `latest`, `pre` or `>=1.2,<1.4`".to_owned(),
        ..error
    })?;
    if version.parts().len() < 3 && !version.is_prerelease() {
        // `1.5` means `1.5.0` to an installer and the newest 1.5 to most people.
        let full = if version.parts().len() == 1 { format!("{text}.0") } else { text.to_owned() };
        return Err(VersionError::new(
            format!("`{text}` can be read in two ways"),
            format!("write `{full}.*` for its latest micro release, or `{full}.0` for exactly that one"),
        ));
    }
    Ok(VersionSpec::Exact(version.to_string()))
}

fn range(package: &str, first: &str, last: &str) -> Result<Vec<VersionSpec>, VersionError> {
    let text = format!("{first}..{last}");
    let minor = |end: &str| -> Result<(u64, u64), VersionError> {
        match end.trim().parse::<Version>() {
            Ok(version) if version.parts().len() == 2 && !version.is_prerelease() => {
                Ok((version.part(0), version.part(1)))
            }
            _ => Err(VersionError::new(
                format!("`{end}` in the range `{text}` is not a minor release"),
                "a range runs over minor releases: write, for example, `1.2..1.9`",
            )),
        }
    };
    let (low, high) = (minor(first)?, minor(last)?);
    if low > high {
        return Err(VersionError::new(
            format!("the range `{text}` runs backwards"),
            format!("write `{last}..{first}`"),
        ));
    }
    let majors: Vec<Major> = match MINORS.get(package) {
        Some(majors) => majors.clone(),
        None if low.0 == high.0 => vec![(low.0, 0, None)],
        None => {
            return Err(VersionError::new(
                format!("the minor releases of {package} in `{text}` are not known here"),
                "list them, such as [\"1.8.*\", \"2.0.*\"], or give a range within one major release",
            ));
        }
    };
    for end in [low, high] {
        let exists = majors
            .iter()
            .any(|&(major, from, to)| major == end.0 && end.1 >= from && to.is_none_or(|to| end.1 <= to));
        if !exists {
            return Err(VersionError::new(
                format!("{package} {}.{} in the range `{text}` is not a release known here", end.0, end.1),
                format!("known are {}", describe(&majors)),
            ));
        }
    }
    let mut minors = Vec::new();
    for (major, from, to) in majors {
        let from = if major == low.0 { from.max(low.1) } else { from };
        let to = match to {
            Some(to) if major == high.0 => to.min(high.1),
            Some(to) => to,
            None if major == high.0 => high.1,
            // An open major before the last one of the range would have no end.
            None => from,
        };
        if major < low.0 || major > high.0 || from > to {
            continue;
        }
        if to - from >= MOST_MINORS {
            return Err(VersionError::new(
                format!("the range `{text}` stands for more than {MOST_MINORS} releases"),
                "shorten it",
            ));
        }
        minors.extend((from..=to).map(|minor| VersionSpec::Minor(format!("{major}.{minor}"))));
    }
    Ok(minors)
}

fn describe(majors: &[Major]) -> String {
    let ranges: Vec<String> = majors
        .iter()
        .map(|(major, from, to)| match to {
            Some(to) => format!("`{major}.{from}..{major}.{to}`"),
            None => format!("`{major}.{from}` and later"),
        })
        .collect();
    ranges.join(", ")
}

/// What an interpreter version stands for: `3.11`, `3.11.7` or the range `3.9..3.12`.
pub(super) fn parse_python(text: &str) -> Result<Vec<VersionSpec>, VersionError> {
    let text = text.trim();
    if let Some((first, last)) = text.split_once("..") {
        return range("python", first, last);
    }
    let help = "write, for example, `3.11`, `3.11.7` or `3.9..3.12`";
    let version: Version =
        text.parse().map_err(|error: VersionError| VersionError { help: help.to_owned(), ..error })?;
    match version.parts() {
        [_, _] if !version.is_prerelease() => Ok(vec![VersionSpec::Minor(version.to_string())]),
        [_, _, _] => Ok(vec![VersionSpec::Exact(version.to_string())]),
        _ => Err(VersionError::new(format!("`{text}` is not an interpreter version"), help)),
    }
}

impl VersionSpec {
    /// Whether every version that it can resolve to fulfils `specifiers`. Only exact versions and minors can
    /// be compared; for the others the answer is no.
    pub fn surely_matches(&self, specifiers: &Specifiers) -> bool {
        let parse = |text: &str| text.parse::<Version>().ok();
        match self {
            Self::Exact(version) => parse(version).is_some_and(|version| specifiers.matches(&version)),
            Self::Minor(minor) => parse(minor).is_some_and(|minor| {
                // The answer can change only around the micro releases that the conditions name.
                let micro = |number| Version::release(&[minor.part(0), minor.part(1), number]);
                let named = specifiers.boundaries().filter(|version| version.starts_with(&minor));
                let around = named.flat_map(|version| {
                    let number = version.part(2);
                    [number.saturating_sub(1), number, number.saturating_add(1)]
                });
                around.chain([0, u64::from(u32::MAX)]).all(|number| specifiers.matches(&micro(number)))
            }),
            Self::Latest
            | Self::PreRelease
            | Self::Companion
            | Self::Specifier(_)
            | Self::Proved(_)
            | Self::Source(_) => false,
        }
    }

    /// The text in names of environments: `1.5.2`, `1.5`, `latest`, `ge1.2-lt1.4`.
    pub fn label(&self) -> String {
        match self {
            Self::Exact(version) => version.clone(),
            Self::Minor(minor) => minor.clone(),
            Self::Latest => "latest".to_owned(),
            Self::PreRelease => "pre".to_owned(),
            Self::Companion => "companion".to_owned(),
            Self::Source(source) => source.label(),
            Self::Specifier(specifier) | Self::Proved(specifier) => specifier
                .replace(">=", "ge")
                .replace("<=", "le")
                .replace("==", "")
                .replace("!=", "not")
                .replace("~=", "near")
                .replace('>', "gt")
                .replace('<', "lt")
                .replace(".*", ".x")
                .replace(',', "-"),
        }
    }
}

impl fmt::Display for VersionSpec {
    /// As a matrix writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(version) => f.pad(version),
            Self::Minor(minor) => f.pad(&format!("{minor}.*")),
            Self::Latest => f.pad("latest"),
            Self::PreRelease => f.pad("pre"),
            Self::Companion => f.pad("companion"),
            Self::Specifier(specifier) | Self::Proved(specifier) => f.pad(specifier),
            Self::Source(source) => f.pad(&source.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_major_is_read() {
        let listed: BTreeMap<String, Vec<String>> = toml::from_str(knowledge::text("minors.toml")).unwrap();
        for (package, texts) in listed {
            assert!(!texts.is_empty());
            texts.iter().for_each(|text| assert!(major(text).is_some(), "{package}: {text}"));
        }
        assert_eq!(major("0.9..0.26"), Some((0, 9, Some(26))));
        assert_eq!(major("1.0.."), Some((1, 0, None)));
        assert!(["1", "1..2", "1.5..1.2", "1.0..2.0"].iter().all(|text| major(text).is_none()));
    }

    fn one(text: &str) -> VersionSpec {
        let mut specs = parse("scikit-learn", text).unwrap();
        assert_eq!(specs.len(), 1);
        specs.remove(0)
    }

    #[test]
    fn texts_and_their_meaning() {
        assert_eq!(one("1.2.2"), VersionSpec::Exact("1.2.2".into()));
        assert_eq!(one("==1.2.2"), VersionSpec::Exact("1.2.2".into()));
        assert_eq!(one("1.6.0rc1"), VersionSpec::Exact("1.6.0rc1".into()));
        assert_eq!(one("1.5.*"), VersionSpec::Minor("1.5".into()));
        assert_eq!(one("latest"), VersionSpec::Latest);
        assert_eq!(one("pre"), VersionSpec::PreRelease);
        assert_eq!(one(">=1.2, <1.4"), VersionSpec::Specifier(">=1.2,<1.4".into()));
        assert_eq!(one("1.*"), VersionSpec::Specifier("==1.*".into()));
        for text in ["1.2.2", "1.5.*", "latest", "pre", ">=1.2,<1.4"] {
            assert_eq!(one(text).to_string(), text);
        }
        for text in
            ["1.5", "1", "newest", "", "1.2..", "..1.2", "1.9..1.2", "1.2.1..1.3", "0.25..1.2", "0.1..1.2"]
        {
            assert!(parse("scikit-learn", text).is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_know_where_a_major_ends() {
        let minors = |package, text| -> Vec<String> {
            parse(package, text).unwrap().iter().map(VersionSpec::label).collect()
        };
        assert_eq!(minors("scikit-learn", "0.23..1.1"), ["0.23", "0.24", "1.0", "1.1"]);
        assert_eq!(minors("numpy", "1.25..2.1"), ["1.25", "1.26", "2.0", "2.1"]);
        assert_eq!(minors("pandas", "1.5..3.0"), ["1.5", "2.0", "2.1", "2.2", "2.3", "3.0"]);
        assert_eq!(minors("xgboost", "0.82..1.1"), ["0.82", "0.90", "1.0", "1.1"]);
        assert_eq!(minors("xgboost", "2.1..3.4"), ["2.1", "3.0", "3.1", "3.2", "3.3", "3.4"]);
        assert_eq!(minors("lightgbm", "3.2..4.1"), ["3.2", "3.3", "4.0", "4.1"]);
        assert_eq!(minors("glum", "2.6..3.1"), ["2.6", "2.7", "3.0", "3.1"]);
        assert_eq!(minors("catboost", "0.26..1.2"), ["0.26", "1.0", "1.1", "1.2"]);
        assert!(parse("xgboost", "0.85..1.1").is_err());
        assert_eq!(minors("joblib", "1.2..1.4"), ["1.2", "1.3", "1.4"]);
        assert!(parse("joblib", "0.14..1.2").unwrap_err().help.contains("list them"));
        assert!(parse("joblib", "1.0..1.99999999999").is_err());
        let pythons: Vec<_> = parse_python("3.9..3.11").unwrap().iter().map(VersionSpec::label).collect();
        assert_eq!(pythons, ["3.9", "3.10", "3.11"]);
        assert!(parse_python("311").is_err());
    }

    #[test]
    fn requirements_hold_only_where_that_is_certain() {
        let sure = |version: &str, condition: &str| one(version).surely_matches(&condition.parse().unwrap());
        assert!(sure("1.2.2", "<1.3"));
        assert!(sure("1.2.*", "<1.3"));
        assert!(!sure("1.3.*", "<1.3"));
        assert!(!sure("1.5.*", "<1.5.2"));
        assert!(!sure("1.5.*", ">=1.5.1"));
        assert!(sure("1.5.*", ">=1.5"));
        assert!(!sure("1.5.*", "!=1.5.1"));
        assert!(!sure("latest", ">=0.1"));
    }
}
