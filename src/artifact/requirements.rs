//! Pins of a requirements file.

use std::collections::BTreeMap;

use crate::notation::{VersionError, package_name};

/// Why a line of a requirements file pins nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It leaves the version open.
    #[error("`{0}` is no exact version")]
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

/// The pins of a requirements file; what it leaves open is passed over.
pub(super) fn pins(text: &str) -> BTreeMap<String, String> {
    text.lines().filter_map(pin).filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_and_the_rest_is_passed_over() {
        let text =
            "mlflow==2.22.0\nscikit_learn===1.5.2 ; python_version>'3'\npandas<3\n-r other.txt\n# numpy==1\n";
        let pins = pins(text);
        assert_eq!(pins.len(), 2);
        assert_eq!((pins["mlflow"].as_str(), pins["scikit-learn"].as_str()), ("2.22.0", "1.5.2"));
        assert!(pin("x==").is_some_and(|pin| pin.is_err()));
    }
}
