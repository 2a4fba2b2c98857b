//! Pins of a requirements file.

use std::collections::BTreeMap;

use super::admission::refuse;
use crate::matrix::{AskedPackage, NotAdmitted};
use crate::notation::{VersionError, package_name};

/// Characters of a line that are told.
const LONGEST_LINE: usize = 120;

/// Why a line of a requirements file pins nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It leaves the version open.
    #[error("`{0}` is not an exact version")]
    Open(String),
    /// It names no package.
    #[error(transparent)]
    Package(#[from] VersionError),
}

/// One line of a requirements file: a pin, or why it is none; `None` for comments, options and empty lines.
pub fn pin(line: &str) -> Option<Result<(String, String), PinError>> {
    let line = line.split(['#', ';', '\\']).next().unwrap_or_default().trim();
    if line.is_empty() || line.starts_with('-') {
        return None;
    }
    let Some((name, version)) = line.split_once("==") else {
        return Some(Err(PinError::Open(line.to_owned())));
    };
    let name = name.split('[').next().unwrap_or(name).trim();
    let version = version.trim_start_matches('=').split([' ', ',']).find(|part| !part.is_empty());
    Some(match (package_name(name), version) {
        (Ok(name), Some(version)) => Ok((name, version.to_owned())),
        (Ok(_), None) => Err(PinError::Open(line.to_owned())),
        (Err(error), _) => Err(error.into()),
    })
}

/// The pins of a requirements file that came with a model, and its lines that send the installer elsewhere than to the
/// index. What it leaves open is passed over.
pub(super) fn pins(text: &str) -> (BTreeMap<String, String>, Vec<AskedPackage>) {
    let mut elsewhere = Vec::new();
    // A line can go on behind a backslash.
    let lines = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let inside = lines.lines().filter(|line| {
        let is_elsewhere = leads_elsewhere(line);
        if is_elsewhere {
            let package = line.trim().chars().take(LONGEST_LINE).collect();
            refuse(&mut elsewhere, AskedPackage { package, version: None, why: NotAdmitted::NotFromIndex });
        }
        !is_elsewhere
    });
    let pins = inside.filter_map(pin).filter_map(Result::ok).collect();
    (pins, elsewhere)
}

/// Whether a line is an option of an installer, an address or a path. Hashes of a pin are neither.
fn leads_elsewhere(line: &str) -> bool {
    let line = line.split(" #").next().unwrap_or_default().trim();
    if line.starts_with('#') {
        return false;
    }
    let name = line.split(" --hash").next().unwrap_or_default();
    name.starts_with('-')
        || name.contains(['@', '/'])
        || name.contains("--")
        || [".whl", ".tar.gz", ".zip"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_and_the_rest_is_passed_over() {
        let text =
            "mlflow==2.22.0\nscikit_learn===1.5.2 ; python_version>'3'\npandas<3\n-r other.txt\n# numpy==1\n";
        let (pins, elsewhere) = pins(text);
        assert_eq!(pins.len(), 2);
        assert_eq!(
            elsewhere.iter().map(|asked| asked.package.as_str()).collect::<Vec<_>>(),
            ["-r other.txt"]
        );
        assert_eq!((pins["mlflow"].as_str(), pins["scikit-learn"].as_str()), ("2.22.0", "1.5.2"));
        assert!(pin("x==").is_some_and(|pin| pin.is_err()));
    }

    #[test]
    fn what_leads_elsewhere_is_named_and_not_followed() {
        for line in [
            "--index-url https://example.org/simple",
            "-i https://example.org/simple",
            "--extra-index-url=https://example.org/simple",
            "--find-links ./wheels",
            "-f wheels",
            "-e .",
            "-e git+https://example.org/x.git#egg=numpy",
            "git+https://example.org/x.git",
            "numpy @ https://example.org/numpy-1.0-py3-none-any.whl",
            "numpy@file:///tmp/numpy.whl",
            "./local/package",
            "/tmp/x.whl",
            "evil-1.0-py3-none-any.whl",
            "numpy==1.26.4 --index-url https://example.org",
            "numpy==1.26.4 \\\n  --index-url https://example.org",
            "-c constraints.txt",
            "--trusted-host example.org",
        ] {
            let (pins, elsewhere) = pins(line);
            assert!(pins.is_empty() && elsewhere.len() == 1, "{line}: {pins:?}");
        }
        let hashed =
            "numpy==1.26.4 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n# see https://example.org\n";
        let (pins, elsewhere) = pins(hashed);
        assert!(pins["numpy"] == "1.26.4" && elsewhere.is_empty(), "{elsewhere:?}");
    }
}
