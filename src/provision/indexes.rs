//! Where the packages of an environment come from: other indexes than the usual one, and folders with wheels.

use std::path::{Path, PathBuf};

use super::record;
use crate::matrix::Index;
use crate::notation::package_name;
use crate::store;
use crate::vocab::{Digest, DigestBuilder};

/// What an installer is told.
pub(super) fn arguments(indexes: &[Index]) -> Vec<String> {
    let mut arguments = Vec::new();
    for index in indexes {
        let place = place(index);
        let is_flat = index.is_folder() && !wheels(Path::new(&place)).is_empty();
        let option = match (is_flat, index.is_default) {
            (true, true) => {
                arguments.push("--no-index".to_owned());
                "--find-links"
            }
            (true, false) => "--find-links",
            (false, true) => "--default-index",
            (false, false) => "--index",
        };
        // What the installer keeps of a file of that name may be of another one.
        for package in
            wheels(Path::new(&place)).iter().filter(|_| is_flat).filter_map(|wheel| package_of(wheel))
        {
            arguments.extend(["--refresh-package".to_owned(), package]);
        }
        arguments.extend([option.to_owned(), place]);
    }
    arguments
}

/// `scikit-learn` of `scikit_learn-1.5.2-cp311-...whl`.
fn package_of(wheel: &Path) -> Option<String> {
    let name = wheel.file_name()?.to_str()?;
    package_name(name.split('-').next()?).ok()
}

/// Where it is for whoever runs elsewhere.
fn place(index: &Index) -> String {
    match index.is_folder().then(|| std::path::absolute(&index.place)) {
        Some(Ok(path)) => path.to_string_lossy().into_owned(),
        Some(Err(_)) | None => index.place.clone(),
    }
}

/// The folder of an index that is not there.
pub(super) fn missing(indexes: &[Index]) -> Option<PathBuf> {
    let folders = indexes.iter().filter(|index| index.is_folder()).map(|index| PathBuf::from(place(index)));
    folders.into_iter().find(|folder| !folder.is_dir())
}

/// What tells an index from another one. A folder counts by the wheels that it holds.
pub(super) fn identity(index: &Index) -> Digest {
    let mut builder = DigestBuilder::new("index-v1").text(&index.place).field(&[u8::from(index.is_default)]);
    if index.is_folder() {
        for wheel in wheels(Path::new(&index.place)) {
            builder = builder.text(&wheel.file_name().unwrap_or_default().to_string_lossy());
            // One that cannot be read cannot be installed either.
            if let Ok(digest) = store::digest_of_file(&wheel) {
                builder = builder.digest(&digest);
            }
        }
    }
    builder.finish()
}

/// The distributions in a folder, sorted.
fn wheels(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        [".whl", ".tar.gz", ".zip"].iter().any(|ending| name.ends_with(ending))
    };
    let mut found: Vec<PathBuf> = entries.filter(is_one).collect();
    found.sort();
    found
}

/// What was installed, where another index may have something else under the same version: a line for each distribution,
/// with the digest of what its installer wrote down of its files.
pub(super) fn contents(indexes: &[Index], sites: &[PathBuf]) -> Vec<String> {
    if indexes.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<String> = sites.iter().flat_map(|site| record::contents(site)).collect();
    found.sort();
    found.dedup();
    let from = indexes.iter().map(|index| format!("index {}", index.shown()));
    from.chain(found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(place: &str, is_default: bool) -> Index {
        Index { place: place.to_owned(), is_default }
    }

    #[test]
    fn a_folder_of_wheels_is_no_index_of_pages_and_counts_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_string_lossy().into_owned();
        let empty = identity(&index(&place, false));
        assert_eq!(arguments(&[index(&place, true)]), ["--default-index", &place]);
        fs_err::write(folder.path().join("a-1-py3-none-any.whl"), b"1").unwrap();
        let one = identity(&index(&place, false));
        let again = ["--refresh-package", "a"];
        assert_eq!(arguments(&[index(&place, false)]), [&again[..], &["--find-links", &place]].concat());
        assert_eq!(arguments(&[index(&place, true)])[..1], ["--no-index"]);
        fs_err::write(folder.path().join("a-1-py3-none-any.whl"), b"2").unwrap();
        let other = identity(&index(&place, false));
        assert!(empty != one && one != other && other != empty);
        let far = index("https://someone:secret@packages.example/simple/", false);
        assert_eq!(arguments(std::slice::from_ref(&far))[0], "--index");
        assert_eq!(far.shown(), "https://packages.example/simple/");
    }
}
