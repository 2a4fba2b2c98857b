//! What to do with a file that was looked at: the environment that made it, as far as the file says, and what to type.

use super::words::quoted;
use crate::artifact::scikit_learn_beside;
use crate::inspect::library_of;
use crate::vocab::{ArtifactKind, Foreign, Inspected, Inspection, Trust};

/// What the file is instead of an artifact that can be tried.
pub(super) fn instead(found: &Inspection) -> Option<Foreign> {
    found.foreign.filter(|foreign| !foreign.is_sound())
}

/// The environment that made it, in words; empty where the file says nothing of it.
pub(super) fn maker(found: &Inspection) -> String {
    let Some(pickle) = found.pickle.as_ref().filter(|_| found.trust() != Trust::Dangerous) else {
        return String::new();
    };
    let mut parts = Vec::new();
    match found.versions.get("scikit-learn") {
        Some(versions) => {
            let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
            parts.push(format!("scikit-learn {}", versions.join(" and ")));
        }
        None => parts.extend(era(found).map(str::to_owned)),
    }
    // Other packages say in their own bytes which release wrote them.
    for wrapper in &pickle.wrappers {
        let version = found.recorded_version(&wrapper.package);
        parts.extend(version.map(|version| format!("{} {version}", wrapper.package)));
    }
    if pickle.numpy.generations.contains("numpy._core") {
        parts.push("numpy 2 or later".to_owned());
    } else if pickle.numpy.generations.contains("numpy.core") {
        parts.push("numpy 1, or one of the releases of numpy 2 that still write its names".to_owned());
    }
    if pickle.joblib.as_ref().is_some_and(|joblib| joblib.aligned > 0) {
        parts.push("joblib 1.2 or later".to_owned());
    }
    if !pickle.python2.is_empty() {
        parts.push("Python 2".to_owned());
    }
    parts.extend(pickle.code_objects.keys().map(|arguments| python_of_code(*arguments).to_owned()));
    parts.join(", ")
}

/// The releases of Python whose code objects are made with so many arguments.
pub(super) fn python_of_code(arguments: u32) -> &'static str {
    match arguments {
        // Python 2 has none for arguments that are named only, Python 3.8 has one for those that are not.
        14 => "Python 2",
        15 => "Python 3.0 to 3.7",
        16 => "Python 3.8 to 3.10",
        18 => "Python 3.11 or later",
        _ => "an unknown Python",
    }
}

/// Between which releases of scikit-learn the names of its modules were those of a file that records none.
fn era(found: &Inspection) -> Option<&'static str> {
    let modules = found.globals().iter().map(|global| global.module.as_str());
    let leaves = modules.filter_map(|module| {
        let parts: Vec<&str> = module.split('.').collect();
        (parts.first() == Some(&"sklearn") && parts.len() >= 3).then(|| parts[parts.len() - 1])
    });
    let (private, public): (Vec<&str>, Vec<&str>) = leaves.partition(|leaf| leaf.starts_with('_'));
    let is_old = public.iter().any(|leaf| OLD_MODULES.contains(leaf));
    match (is_old, private.is_empty()) {
        (true, _) => Some("scikit-learn 0.21 or earlier"),
        (false, false) => Some("scikit-learn 0.22 or later"),
        (false, true) => None,
    }
}

/// Modules that became private in scikit-learn 0.22, by the last part of their names: those of common estimators.
const OLD_MODULES: &[&str] = &[
    "base",
    "bayes",
    "classes",
    "classification",
    "coordinate_descent",
    "data",
    "forest",
    "gradient_boosting",
    "imputation",
    "k_means_",
    "label",
    "logistic",
    "pca",
    "regression",
    "ridge",
    "stochastic_gradient",
    "text",
    "tree",
    "weight_boosting",
];

/// What to do next, one line each.
pub(super) fn steps(artifact: &Inspected) -> Vec<String> {
    let found = &artifact.inspection;
    if let Some(foreign) = instead(found) {
        return vec![foreign.help().to_owned()];
    }
    let is_data = found.foreign.is_some() && found.kind != ArtifactKind::Mlflow;
    if found.kind == ArtifactKind::Unknown || is_data {
        return Vec::new();
    }
    let path = quoted(&artifact.path);
    if found.trust() == Trust::Dangerous {
        return vec![
            "do not load it outside of a cage; ask whoever made it why it runs what is named above"
                .to_owned(),
        ];
    }
    if let Some(step) = of_booster(found, &path) {
        return vec![step];
    }
    match found.recorded_version("scikit-learn") {
        Some(version) => vec![format!(
            "shelflife check {path} --inputs X.csv --on scikit-learn=={version} (try it where it was made)"
        )],
        None if beside(found).is_some() => beside(found)
            .map(|(package, version, release)| {
                format!(
                    "shelflife check {path} --inputs X.csv --on \"scikit-learn=={release} {package}=={version}\" (try it \
                     beside the scikit-learn of its days: the file names none)"
                )
            })
            .into_iter()
            .collect(),
        None if found.estimators().next().is_some() => vec![format!(
            "shelflife check {path} --inputs X.csv --made-by scikit-learn=={} --on scikit-learn==VERSION",
            newest(found)
        )],
        None if found.pickle.is_some() => vec![format!(
            "shelflife check {path} --inputs X.csv --made-by scikit-learn==VERSION --on scikit-learn==VERSION"
        )],
        None => Vec::new(),
    }
}

/// What to do with a file in a booster's own format, which needs its library alone.
fn of_booster(found: &Inspection, path: &str) -> Option<String> {
    let library = library_of(found.kind)?;
    Some(match found.recorded_version(library) {
        Some(version) => format!(
            "shelflife check {path} --inputs X.csv --on {library}=={version} (try it where it was made; it needs no scikit-learn)"
        ),
        None => format!(
            "shelflife check {path} --inputs X.csv --made-by \"scikit-learn==VERSION {library}==VERSION\" --on \
             {library}==VERSION (it does not say which release wrote it)"
        ),
    })
}

/// The package that tells when a file was saved which names no scikit-learn, its release, and the scikit-learn of its days.
fn beside(found: &Inspection) -> Option<(String, String, &'static str)> {
    let generations = found.pickle.as_ref().map(|pickle| &pickle.numpy.generations);
    let is_numpy_2 = generations.is_some_and(|it| it.contains("numpy._core") && !it.contains("numpy.core"));
    let versions = found
        .versions
        .keys()
        .filter_map(|package| Some((package.clone(), found.recorded_version(package)?.to_owned())));
    let versions = versions.collect();
    let (package, version, release) = scikit_learn_beside(&versions, is_numpy_2)?;
    Some((package.to_owned(), version.to_owned(), release))
}

fn newest(found: &Inspection) -> String {
    let versions = found.versions.get("scikit-learn").into_iter().flatten();
    let parsed = versions.filter_map(|text| Some((text.parse::<crate::notation::Version>().ok()?, text)));
    parsed.max_by(|a, b| a.0.cmp(&b.0)).map_or_else(|| "VERSION".to_owned(), |(_, text)| text.clone())
}
