//! Where rescued files go: one file, or below a folder as they stand below what was named. Nothing is ever overwritten.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::case::{Case, is_to_be_mended};
use crate::app::error::{AppError, RequestError};
use crate::app::request::RescueRequest;
use crate::app::session::Session;
use crate::format::Format;
use crate::vocab::Refused;

/// The ending of the record that stands beside a rescued file.
pub(super) const RECORD: &str = "rescue.json";

impl Session<'_> {
    /// Says where the new file of each case goes, before anything takes time: what needs a name that is taken is refused.
    pub(super) fn places(
        &self,
        cases: &mut [Case],
        request: &RescueRequest,
        wanted: Option<&Arc<Format>>,
    ) -> Result<(), AppError> {
        let Some(output) = &request.output else { return Ok(()) };
        let is_folder = is_folder(output, output.is_dir(), cases.len());
        if is_folder && output.exists() && !output.is_dir() {
            return Err(RequestError::OutputIsFile { path: output.clone(), files: cases.len() }.into());
        }
        let own = |case: &Case| PathBuf::from(case.file().map_or("", |file| file.declared_path.as_str()));
        let paths = named(cases.iter().map(own).collect(), wanted.map(|wanted| wanted.extension.as_str()));
        let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        for (case, place) in cases.iter_mut().zip(places(output, is_folder, &paths)) {
            let is_needed = case.refused.is_none() && (wanted.is_some() || is_to_be_mended(case));
            if let Some(path) = taken(&place, request.script).filter(|_| is_needed) {
                case.refused = Some(Refused::Exists { path: path.display().to_string() });
            }
            case.place = Some(place);
        }
        Ok(())
    }
}

/// The first of the names that a rescued file takes and that is taken.
pub(super) fn taken(place: &Path, script: bool) -> Option<PathBuf> {
    let beside_it = ENDINGS[..if script { ENDINGS.len() } else { ENDINGS.len() - 1 }].iter();
    std::iter::once(place.to_owned())
        .chain(beside_it.map(|ending| beside(place, ending)))
        .find(|it| it.exists())
}

/// The endings of the names of what stands beside a rescued model; that of the script, which has to be asked for, is the
/// last one.
pub(super) const ENDINGS: [&str; 4] = [RECORD, "rescue.md", "rescue.html", "rescue.py"];

/// Whether a file was written by an earlier rescue to the same place: it is nothing that is to be rescued.
pub(super) fn is_own(path: &Path, output: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_below = whole(path).starts_with(whole(output)) && whole(path) != whole(output);
    is_below && beside(path, RECORD).exists()
}

/// The names of new files: with the ending of the format that was asked for, in the place of their own where it stays theirs
/// alone.
fn named(paths: Vec<PathBuf>, ending: Option<&str>) -> Vec<PathBuf> {
    let Some(ending) = ending else { return paths };
    let instead: Vec<PathBuf> = paths.iter().map(|path| path.with_extension(ending)).collect();
    let is_alone = |name: &PathBuf| instead.iter().filter(|other| *other == name).count() == 1;
    let name = |(path, instead): (PathBuf, &PathBuf)| {
        if is_alone(instead) { instead.clone() } else { beside(&path, ending) }
    };
    paths.into_iter().zip(&instead).map(name).collect()
}

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

    #[test]
    fn another_format_has_another_ending_and_no_two_files_one_name() {
        let of = |paths: &[&str]| -> Vec<String> {
            let named = named(paths.iter().map(PathBuf::from).collect(), Some("onnx"));
            named.iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(of(&["m/a.joblib", "m/b.pkl"]), ["m/a.onnx", "m/b.onnx"]);
        assert_eq!(of(&["m/a.joblib", "m/a.pkl"]), ["m/a.joblib.onnx", "m/a.pkl.onnx"]);
        assert_eq!(named(vec!["a.pkl".into()], None), [PathBuf::from("a.pkl")]);
    }

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
