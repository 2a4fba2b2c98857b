//! Names of models, from the paths of their files.

use std::path::Path;

/// `NAME` of `NAME_model.joblib`, or of `NAME.joblib`.
pub(super) fn model_name(path: &Path) -> String {
    let stem = uncompressed(path).file_stem().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    stem.strip_suffix("_model").filter(|name| !name.is_empty()).map_or(stem.clone(), str::to_owned)
}

/// Endings of what was compressed.
const COMPRESSED: &[&str] = &["gz", "z", "bz2", "xz", "lzma", "lz4", "zst"];

/// A path without the ending that says how the file is compressed: `model.pkl` of `model.pkl.gz`.
pub(super) fn uncompressed(path: &Path) -> &Path {
    let ends = |ending: &&str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    let Some(ending) = COMPRESSED.iter().find(|ending| ends(ending)) else { return path };
    let text = path.to_str().and_then(|text| text.get(..text.len() - ending.len() - 1));
    text.map_or(path, Path::new)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_file_is_compressed_is_no_part_of_its_name() {
        let rows = [
            ("a/churn.pkl.gz", "churn"),
            ("churn.joblib.Z", "churn"),
            ("churn_model.joblib", "churn"),
            ("model.tar.gz", "model"),
            ("v1.2.pkl", "v1.2"),
            (".gz", ".gz"),
        ];
        for (path, name) in rows {
            assert_eq!(model_name(Path::new(path)), name, "{path}");
        }
    }
}
