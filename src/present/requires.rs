//! What files require, as the files that people keep: a line of a project, requirements, an environment, an image.

use std::fmt::Write as _;

use crate::explain::Span;

/// How requirements can be written.
pub const REQUIREMENT_FILES: &[RequirementFile] = &[
    RequirementFile { name: "requirements", render: requirements },
    RequirementFile { name: "pyproject", render: pyproject },
    RequirementFile { name: "environment", render: environment },
    RequirementFile { name: "dockerfile", render: dockerfile },
];

/// One way to write ranges of packages down.
#[derive(Clone, Copy, Debug)]
pub struct RequirementFile {
    /// Its name on the command line.
    pub name: &'static str,
    /// The text of these ranges, by package.
    pub render: fn(&[(String, Span)]) -> String,
}

/// The interpreter, which is no package.
const PYTHON: &str = "python";

/// As one line: `scikit-learn>=1.3,<1.8  numpy>=1.22.4,<2.4  python>=3.8,<3.13`.
pub fn requirement_line(spans: &[(String, Span)]) -> String {
    let parts: Vec<String> =
        spans.iter().map(|(package, span)| format!("{package}{}", span.specifier())).collect();
    parts.join("  ")
}

fn packages(spans: &[(String, Span)]) -> impl Iterator<Item = String> {
    let packages = spans.iter().filter(|(package, _)| package != PYTHON);
    packages.map(|(package, span)| format!("{package}{}", span.specifier()))
}

fn python(spans: &[(String, Span)]) -> Option<&Span> {
    spans.iter().find(|(package, _)| package == PYTHON).map(|(_, span)| span)
}

fn requirements(spans: &[(String, Span)]) -> String {
    let mut text = String::new();
    if let Some(span) = python(spans) {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "# Python {}", span.specifier());
    }
    for package in packages(spans) {
        text.push_str(&package);
        text.push('\n');
    }
    text
}

fn pyproject(spans: &[(String, Span)]) -> String {
    let mut text = String::from("[project]\n");
    if let Some(span) = python(spans) {
        let _ = writeln!(text, "requires-python = \"{}\"", span.specifier());
    }
    text.push_str("dependencies = [\n");
    for package in packages(spans) {
        let _ = writeln!(text, "    \"{package}\",");
    }
    text.push_str("]\n");
    text
}

fn environment(spans: &[(String, Span)]) -> String {
    let mut text = String::from("channels:\n  - conda-forge\ndependencies:\n");
    for (package, span) in python(spans).map(|span| (PYTHON, span)).into_iter().chain(
        spans.iter().filter(|(package, _)| package != PYTHON).map(|(package, span)| (package.as_str(), span)),
    ) {
        let _ = writeln!(text, "  - \"{package}{}\"", span.specifier());
    }
    text
}

fn dockerfile(spans: &[(String, Span)]) -> String {
    let python = python(spans).map_or_else(|| "3".to_owned(), Span::newest_minor);
    let quoted: Vec<String> = packages(spans).map(|package| format!("'{package}'")).collect();
    format!("FROM python:{python}-slim\nRUN pip install --no-cache-dir {}\n", quoted.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans() -> Vec<(String, Span)> {
        let span = |lowest: &str, highest: &str| Span {
            lowest: lowest.parse().unwrap(),
            highest: highest.parse().unwrap(),
            below: None,
            above: None,
        };
        [("scikit-learn", "1.3.0", "1.7.2"), ("numpy", "1.22.4", "2.3.5"), ("python", "3.8", "3.12")]
            .map(|(package, lowest, highest)| (package.to_owned(), span(lowest, highest)))
            .to_vec()
    }

    #[test]
    fn each_file_says_all_ranges() {
        let spans = spans();
        assert_eq!(requirement_line(&spans), "scikit-learn>=1.3,<1.8  numpy>=1.22.4,<2.4  python>=3.8,<3.13");
        assert_eq!(
            requirements(&spans),
            "# Python >=3.8,<3.13\nscikit-learn>=1.3,<1.8\nnumpy>=1.22.4,<2.4\n"
        );
        assert_eq!(
            pyproject(&spans),
            "[project]\nrequires-python = \">=3.8,<3.13\"\ndependencies = [\n    \"scikit-learn>=1.3,<1.8\",\n    \
             \"numpy>=1.22.4,<2.4\",\n]\n"
        );
        assert!(environment(&spans).contains("  - \"python>=3.8,<3.13\"\n  - \"scikit-learn>=1.3,<1.8\"\n"));
        assert_eq!(
            dockerfile(&spans),
            "FROM python:3.12-slim\nRUN pip install --no-cache-dir 'scikit-learn>=1.3,<1.8' 'numpy>=1.22.4,<2.4'\n"
        );
    }
}
