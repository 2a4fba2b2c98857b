//! The table of environments in `report.html`.

use super::markup::html_spans;
use super::reasons::broken;
use super::view::View;
use super::words::line;

/// One row of the table of environments; each text is one line.
#[derive(Clone, Debug)]
pub(super) struct EnvironmentRow {
    pub name: String,
    pub runtime: &'static str,
    pub python: String,
    pub versions: Vec<String>,
    pub machine: String,
    pub bits: String,
    pub error: String,
    pub remedy: String,
}

/// Packages with a column of their own among the environments, behind the one that is under test.
const PACKAGES: [&str; 4] = ["scikit-learn", "numpy", "scipy", "joblib"];

/// Packages with a column of their own: the one under test, and those that every environment is told by.
pub(super) fn packages<'a>(view: &View<'a>) -> Vec<&'a str> {
    view.record.matrix.package.as_deref().into_iter().chain(PACKAGES).collect()
}

/// The rows of the table of environments.
pub(super) fn environments(view: &View<'_>) -> Vec<EnvironmentRow> {
    let packages = packages(view);
    view.record
        .environments
        .iter()
        .map(|environment| EnvironmentRow {
            name: line(environment.name.as_str()).into_owned(),
            runtime: environment.runtime.as_str(),
            python: line(&environment.python).into_owned(),
            versions: packages
                .iter()
                .map(|package| {
                    environment.packages.get(*package).map(|v| line(v).into_owned()).unwrap_or_default()
                })
                .collect(),
            machine: line(&environment.arch).into_owned(),
            bits: if environment.bits == 0 { String::new() } else { environment.bits.to_string() },
            error: broken(environment).as_deref().map(line).unwrap_or_default().into_owned(),
            remedy: environment.remedy.as_deref().map(html_spans).unwrap_or_default(),
        })
        .collect()
}
