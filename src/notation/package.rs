//! Names of packages.

use super::version::VersionError;

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
