//! What packages import and do not ask for: old ones take `pkg_resources` or `six` for granted, which no environment has
//! by itself any more. An environment that shelflife makes gets them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::companions;
use super::launch::Launch;
use super::probe;
use crate::matrix::VersionSpec;
use crate::store::CacheRoot;

const SCRIPT: &str = include_str!("needs.py");
const MARKER: &str = "SHELFLIFE-NEEDS ";
/// Packages that the probe imports itself, or that nothing is taken for granted by.
const OWN: &[&str] = &["scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "setuptools", "six"];

/// A package that cannot be imported for want of a module.
#[derive(Clone, Debug, Deserialize)]
struct Lack {
    package: String,
    lacks: String,
}

/// A requirement that is to be installed, and the package that takes it for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) requirement: &'static str,
    pub(super) package: String,
}

impl Need {
    /// For the lock.
    pub(super) fn described(&self) -> String {
        format!("{} (needed by {})", self.requirement, self.package)
    }
}

/// What the declared packages of an environment lack, as far as the table knows who brings it.
pub(super) async fn of(
    cache: &CacheRoot,
    launch: &Launch,
    packages: &BTreeMap<String, VersionSpec>,
) -> Vec<Need> {
    let names: Vec<&str> = packages.keys().map(String::as_str).filter(|name| !OWN.contains(name)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    // Names of packages have no characters that JSON and Python write differently.
    let script = format!("NAMES = {}\n{SCRIPT}", serde_json::json!(names));
    // What cannot be asked is found out by cells.
    let Ok(captured) = probe::run_script(cache, launch, &BTreeMap::new(), &script).await else {
        return Vec::new();
    };
    needs(&captured.stdout_text(), packages)
}

fn needs(said: &str, packages: &BTreeMap<String, VersionSpec>) -> Vec<Need> {
    let answer = said.lines().rev().find_map(|line| line.strip_prefix(MARKER));
    let lacks: Vec<Lack> = answer.and_then(|answer| serde_json::from_str(answer).ok()).unwrap_or_default();
    let mut needs: Vec<Need> = Vec::new();
    for Lack { package, lacks } in lacks {
        let Some(requirement) = companions::helper(&lacks) else { continue };
        let is_declared = packages.contains_key(companions::package_of(requirement));
        if !is_declared && needs.iter().all(|need| need.requirement != requirement) {
            needs.push(Need { requirement, package });
        }
    }
    needs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_for_granted_is_installed_once() {
        let said = "noise\nSHELFLIFE-NEEDS [{\"package\": \"xgboost\", \"lacks\": \"pkg_resources\"}, \
                    {\"package\": \"mlflow-skinny\", \"lacks\": \"pkg_resources\"}, \
                    {\"package\": \"acme\", \"lacks\": \"utils\"}, {\"package\": \"old\", \"lacks\": \"six.moves\"}]\n";
        let requirements = |packages: &[&str]| {
            let packages = packages
                .iter()
                .map(|name| ((*name).to_owned(), VersionSpec::Latest))
                .collect::<BTreeMap<_, _>>();
            needs(said, &packages).iter().map(|need| need.requirement).collect::<Vec<_>>()
        };
        assert_eq!(requirements(&["xgboost"]), ["setuptools<81", "six"]);
        assert_eq!(requirements(&["setuptools"]), ["six"], "what is declared is left alone");
        assert!(needs("", &BTreeMap::new()).is_empty());
    }
}
