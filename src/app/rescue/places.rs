//! Where rescued files go: one file, or below a folder as they stand below what was named. Nothing is ever overwritten.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// Where the rescued files of these paths go.
pub(super) fn places(output: &Path, is_folder: bool, paths: &[&Path]) -> Vec<PathBuf> {
    if !is_folder && let [_] = paths {
        return vec![output.to_owned()];
    }
    let common = common_folder(paths);
    let mut taken = BTreeSet::new();
    let place = |path: &&Path| {
        let below = path.strip_prefix(&common).unwrap_or(path);
        let plain: PathBuf = below.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let mut place = output.join(&plain);
        let mut number = 1;
        // The same file can be named twice.
        while !taken.insert(place.clone()) {
            number += 1;
            place = output.join(format!("{number}")).join(&plain);
        }
        place
    };
    paths.iter().map(place).collect()
}

/// Whether a text that was typed means a folder.
pub(super) fn is_folder(output: &Path, is_there: bool, files: usize) -> bool {
    is_there || files > 1 || output.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// The folder that all of these stand below.
fn common_folder(paths: &[&Path]) -> PathBuf {
    let mut folders = paths.iter().map(|path| path.parent().unwrap_or(Path::new("")).to_owned());
    let Some(first) = folders.next() else { return PathBuf::new() };
    folders.fold(first, |common, folder| {
        common.components().zip(folder.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    })
}

/// The name of a file that belongs to another one: `churn.joblib` and `rescue.json` give `churn.joblib.rescue.json`.
pub(super) fn beside(place: &Path, ending: &str) -> PathBuf {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    place.with_file_name(format!("{name}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(output: &str, files: &[&str]) -> Vec<String> {
        let paths: Vec<&Path> = files.iter().map(Path::new).collect();
        let folder = is_folder(Path::new(output), false, files.len());
        places(Path::new(output), folder, &paths).iter().map(|path| path.display().to_string()).collect()
    }

    #[test]
    fn one_file_is_named_and_several_stand_as_they_stood() {
        assert_eq!(of("new.joblib", &["models/a.joblib"]), ["new.joblib"]);
        assert_eq!(of("out/", &["models/a.joblib"]), ["out/a.joblib"]);
        assert_eq!(
            of("out", &["m/a/1/model.pkl", "m/b/1/model.pkl"]),
            ["out/a/1/model.pkl", "out/b/1/model.pkl"]
        );
        assert_eq!(of("out", &["x/a.pkl", "y/a.pkl"]), ["out/x/a.pkl", "out/y/a.pkl"]);
        assert_eq!(of("out", &["../a.pkl", "../a.pkl"]), ["out/a.pkl", "out/2/a.pkl"]);
        assert_eq!(of("out", &["/abs/a.pkl", "rel/b.pkl"]), ["out/abs/a.pkl", "out/rel/b.pkl"]);
    }

    #[test]
    fn what_belongs_to_a_file_carries_its_whole_name() {
        assert_eq!(beside(Path::new("out/a.pkl"), "rescue.json"), Path::new("out/a.pkl.rescue.json"));
    }
}
