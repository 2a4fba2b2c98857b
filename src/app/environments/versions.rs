//! Versions of packages: `scikit-learn==1.7.2 numpy==2.3.5`, with commas or blanks between them, and several of one
//! package by `scikit-learn==1.5.2,1.7.2` or by naming it twice. A version means what it means in a matrix, and so does what
//! stands behind an `@`: `mylib @ ./mylib`.

use std::path::Path;

use super::super::error::RequestError;
use crate::artifact::python_for;
use crate::matrix::{self, EnvironmentSpec, PackageSource, RuntimeSpec, VersionSpec};
use crate::notation::{Version, VersionError, package_name};

/// What is written in the place of an example.
const EXAMPLE: &str = "write, for example, \"scikit-learn==1.5.2,1.7.2\", or \"scikit-learn==1.7.2 numpy==2.3.5 \
                       python==3.13\"";
/// What is the interpreter and no package.
const PYTHON: &str = "python";
/// The signs with which a condition begins.
const SIGNS: [&str; 7] = ["==", ">=", "<=", "~=", "!=", "<", ">"];

/// A package, or Python, with what is wanted of it.
type Axis = (String, Vec<VersionSpec>);

/// The environments of a text: every combination of the versions of each package. They read artifacts.
///
/// # Errors
/// When it cannot be understood, with what to write instead.
pub(super) fn environments(text: &str) -> Result<Vec<EnvironmentSpec>, RequestError> {
    let axes = axes(text)?;
    let mut combinations: Vec<Vec<(String, VersionSpec)>> = vec![Vec::new()];
    for (package, versions) in &axes {
        let with = |known: &Vec<(String, VersionSpec)>, version: &VersionSpec| {
            let mut next = known.clone();
            next.push((package.clone(), version.clone()));
            next
        };
        combinations = combinations
            .iter()
            .flat_map(|known| versions.iter().map(|version| with(known, version)).collect::<Vec<_>>())
            .collect();
    }
    Ok(combinations.into_iter().map(consumer).collect())
}

/// What a text says of each package, in the order in which they are named.
pub(super) fn axes(text: &str) -> Result<Vec<Axis>, RequestError> {
    let mut axes: Vec<Axis> = Vec::new();
    for (package, versions) in requirements(text)? {
        let specs = if package == PYTHON { interpreters(&versions)? } else { choices(&package, &versions)? };
        match axes.iter_mut().find(|(known, _)| *known == package) {
            Some((_, known)) => {
                known.extend(specs.into_iter().filter(|spec| !known.contains(spec)).collect::<Vec<_>>())
            }
            None => axes.push((package, specs)),
        }
    }
    if axes.is_empty() {
        return Err(VersionError::new("an environment is empty".to_owned(), EXAMPLE).into());
    }
    Ok(axes)
}

/// The packages of a text with the conditions of each, as they are written.
fn requirements(text: &str) -> Result<Vec<(String, Vec<String>)>, RequestError> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    // Blanks around a sign belong to it.
    let text = SIGNS.iter().fold(text.to_owned(), |text, sign| {
        text.replace(&format!(" {sign} "), sign).replace(&format!("{sign} "), sign)
    });
    let text = text.replace(" @ ", "@");
    for part in text.split([',', ' ', '\t', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        if let Some((package, from)) = part.split_once('@').filter(|(_, from)| is_source(from)) {
            found.push((package_name(package.trim())?, vec![format!("@{from}")]));
            continue;
        }
        let start = SIGNS.iter().filter_map(|sign| part.find(sign)).min();
        match (start, found.last_mut()) {
            // Another version of the package before, or another condition on it.
            (None, Some((_, conditions))) if is_source(part) => conditions.push(format!("@{part}")),
            (None, Some((_, conditions))) if is_version(part) => conditions.push(part.to_owned()),
            (Some(0), Some((_, conditions))) => conditions.push(part.to_owned()),
            (Some(at), _) if at > 0 => {
                let (package, condition) = part.split_at(at);
                found.push((package_name(package.trim())?, vec![condition.trim().to_owned()]));
            }
            (Some(_) | None, _) => return Err(not_understood(part)),
        }
    }
    Ok(found)
}

/// Whether a text names a folder, a file, a repository or an address, as `mylib @ ./mylib` does.
fn is_source(text: &str) -> bool {
    PackageSource::parse(text, Path::new("")).is_some()
}

fn is_version(part: &str) -> bool {
    matches!(part, "latest" | "pre" | "companion")
        || part.contains("..")
        || part.trim_end_matches(".*").parse::<Version>().is_ok()
}

fn not_understood(part: &str) -> RequestError {
    match part.split_once('=') {
        Some((key @ ("arch" | "bits" | "platform"), _)) => RequestError::MachineKey(key.to_owned()),
        Some((package, version)) => VersionError::new(
            format!("`{part}` is not understood: a version follows two signs"),
            format!("write {package}=={version}"),
        )
        .into(),
        None => VersionError::new(format!("`{part}` has no version"), EXAMPLE).into(),
    }
}

/// The versions of a package: each `==` is one of several, other conditions hold together.
fn choices(package: &str, conditions: &[String]) -> Result<Vec<VersionSpec>, RequestError> {
    let is_one = |text: &&String| text.starts_with("==") || !SIGNS.iter().any(|sign| text.starts_with(sign));
    let (one_of, bounds): (Vec<&String>, Vec<&String>) = conditions.iter().partition(is_one);
    if !bounds.is_empty() && one_of.is_empty() {
        let all: Vec<&str> = bounds.into_iter().map(String::as_str).collect();
        return Ok(matrix::versions(package, &all.join(","))?);
    }
    if !bounds.is_empty() {
        let text = format!("{package}{}", conditions.join(","));
        return Err(VersionError::new(format!("`{text}` is a version and a condition"), EXAMPLE).into());
    }
    let mut specs = Vec::new();
    for text in one_of {
        if let Some(from) = text.strip_prefix('@')
            && let Some(source) = PackageSource::parse(from, Path::new(""))
        {
            specs.push(VersionSpec::Source(source?));
            continue;
        }
        specs.extend(matrix::versions(package, text.trim_start_matches("=="))?);
    }
    Ok(specs)
}

/// Versions of Python, whose minor releases are versions: micro releases are interchangeable.
fn interpreters(versions: &[String]) -> Result<Vec<VersionSpec>, RequestError> {
    let one = |text: &String| {
        let text = text.trim_start_matches("==").trim_end_matches(".*");
        let version: Version = text.parse()?;
        match version.parts() {
            [_, _] | [_, _, _] => Ok(VersionSpec::Exact(text.to_owned())),
            _ => Err(VersionError::new(
                format!("`{text}` is not a version of Python"),
                "write, for example, python==3.12",
            )),
        }
    };
    Ok(versions.iter().map(one).collect::<Result<_, VersionError>>()?)
}

fn consumer(combination: Vec<(String, VersionSpec)>) -> EnvironmentSpec {
    let find = |name: &str| combination.iter().find(|(package, _)| package == name).map(|(_, it)| it);
    let scikit_learn = find("scikit-learn").and_then(release);
    let python = find(PYTHON).and_then(release);
    let label = |(package, version): &(String, VersionSpec)| match package.as_str() {
        "scikit-learn" => format!("sk{}", version.label()),
        PYTHON => format!("py{}", version.label()),
        _ => format!("{package}{}", version.label()),
    };
    let name: Vec<String> = combination.iter().map(label).collect();
    let runtime = RuntimeSpec::Venv { python: python_for(scikit_learn.as_deref(), python.as_deref()) };
    EnvironmentSpec {
        packages: combination.into_iter().filter(|(package, _)| package != PYTHON).collect(),
        python_chosen: python.is_none(),
        ..EnvironmentSpec::new(name.join("-"), runtime)
    }
}

/// The release that decides which interpreter is taken.
fn release(spec: &VersionSpec) -> Option<String> {
    match spec {
        VersionSpec::Exact(version) => Some(version.clone()),
        // The newest one of it is what will be installed.
        VersionSpec::Minor(minor) => Some(format!("{minor}.99")),
        VersionSpec::Latest
        | VersionSpec::PreRelease
        | VersionSpec::Companion
        | VersionSpec::Specifier(_)
        | VersionSpec::Proved(_)
        | VersionSpec::Source(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let all = environments(text).map_err(|error| error.to_string())?;
        Ok(all.iter().map(|environment| environment.name.to_string()).collect())
    }

    #[test]
    fn lists_and_repetitions_are_axes() {
        for text in [
            "scikit-learn==1.5.2,1.7.2",
            "scikit-learn==1.5.2 scikit-learn==1.7.2",
            "scikit-learn==1.5.2,scikit-learn==1.7.2",
            "scikit-learn==1.5.2, 1.7.2",
            "scikit-learn == 1.5.2, 1.7.2",
            "scikit-learn==1.5.2,==1.7.2",
        ] {
            assert_eq!(names(text).unwrap(), ["sk1.5.2", "sk1.7.2"], "{text}");
        }
        assert_eq!(names("scikit-learn==1.7.2,scikit-learn==1.7.2").unwrap(), ["sk1.7.2"]);
        assert_eq!(names("scikit-learn==1.7.2 python==3.12").unwrap(), ["sk1.7.2-py3.12"]);
        assert_eq!(names("scikit-learn==1.7.2,numpy==2.3.5").unwrap(), ["sk1.7.2-numpy2.3.5"]);
        assert_eq!(names("scikit-learn==1.4..1.6").unwrap(), ["sk1.4", "sk1.5", "sk1.6"]);
    }

    #[test]
    fn a_version_means_what_it_means_in_a_matrix() {
        for text in ["scikit-learn==1.9", "scikit-learn==1"] {
            assert!(names(text).unwrap_err().contains("two ways"), "{text}");
        }
        assert_eq!(names("scikit-learn==1.9.*").unwrap(), ["sk1.9"]);
        assert_eq!(names("scikit-learn>=1.5,<1.7").unwrap(), ["skge1.5-lt1.7"]);
        assert_eq!(names("scikit-learn==latest,pre").unwrap(), ["sklatest", "skpre"]);
        let python = |text: &str| match &environments(text).unwrap()[0].runtime {
            RuntimeSpec::Venv { python } => python.clone(),
            other => panic!("{other}"),
        };
        assert_eq!(python("scikit-learn==1.0.*"), "3.10", "1.0.2 is the newest");
        assert_eq!(python("scikit-learn==1.0.1"), "3.9");
        assert_eq!(python("scikit-learn==1.7.2 python==3.12.4"), "3.12");
    }

    #[test]
    fn a_package_can_come_from_elsewhere() {
        for text in ["tiny @ ./tiny", "tiny@./tiny", "tiny @ tiny.zip", "tiny @ git+file:///x/tiny@main"] {
            let all = environments(text).unwrap();
            assert!(matches!(all[0].packages["tiny"], VersionSpec::Source(_)), "{text}");
        }
        let several = "scikit-learn==1.7.2 tiny==0.1.0 tiny @ ./tiny,../other";
        assert_eq!(names(several).unwrap(), ["sk1.7.2-tiny0.1.0", "sk1.7.2-tinytiny", "sk1.7.2-tinyother"]);
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            " , ",
            "sklearn==1.7.2",
            "scikit-learn",
            "scikit-learn==",
            "scikit-learn=1.7.2",
            "scikit-learn==1.7.2 pandas",
            "scikit-learn==1.7.2 bits=32",
            "scikit-learn==1.7.2 arch=i386",
            "scikit-learn==1.7.2,<1.8",
            "1.7.2",
            "==1.7.2",
            "python==three",
        ] {
            assert!(names(text).is_err(), "{text}: {:?}", names(text));
        }
    }
}
