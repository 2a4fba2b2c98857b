//! Names of models, from the paths of their files.

use std::path::Path;

/// `NAME` of `NAME_model.joblib`, or of `NAME.joblib`.
pub(super) fn model_name(path: &Path) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    stem.strip_suffix("_model").filter(|name| !name.is_empty()).map_or(stem.clone(), str::to_owned)
}

/// `VERSION` of `NAME/VERSION/NAME_model.joblib`.
pub(super) fn registry_version(path: &Path, name: &str) -> Option<String> {
    let version = path.parent()?;
    let folder = version.parent()?.file_name()?.to_string_lossy().into_owned();
    (folder == name).then(|| version.file_name().map(|name| name.to_string_lossy().into_owned()))?
}

/// A text that can stand in globs and in `model/format/producer`.
pub(super) fn plain(text: &str) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+') { c } else { '-' };
    let name: String = text.chars().map(allowed).take(90).collect();
    let name = name.trim_start_matches(['.', '-', '+']).to_owned();
    if name.is_empty() { "model".to_owned() } else { name }
}
