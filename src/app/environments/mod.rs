//! Environments as a few words name them, the same in every command: `[LABEL=]WHAT`, where WHAT is versions, a lock or a
//! requirements file, an interpreter or the folder of a virtual environment, a Debian tree or an image.

mod label;
mod locks;
mod machines;
mod places;
mod requirements;
mod versions;

use std::path::Path;

use super::error::RequestError;
use crate::artifact::{Files, Kind};
use crate::matrix::EnvironmentSpec;
use crate::vocab::EnvName;

pub(super) use locks::is_lock;
pub(super) use places::installed;

/// The environments that a text means.
///
/// # Errors
/// When it means none.
pub fn environments(text: &str, files: &dyn Files) -> Result<Vec<EnvironmentSpec>, RequestError> {
    let (label, what) = label::split(text.trim())?;
    let mut all = unlabelled(what, files)?;
    if let Some(label) = label {
        let several = all.len() > 1;
        for environment in &mut all {
            environment.name = match several {
                true => EnvName::from(format!("{label}-{}", environment.name)),
                false => EnvName::from(label),
            };
        }
    }
    Ok(all)
}

fn unlabelled(what: &str, files: &dyn Files) -> Result<Vec<EnvironmentSpec>, RequestError> {
    if let Some(machine) = machines::machine(what)? {
        return Ok(vec![machine]);
    }
    let path = Path::new(what);
    match files.kind(path) {
        Kind::File if is_lock(path) => Ok(vec![locks::of_file(path, files)?]),
        Kind::File => Ok(vec![places::interpreter(path, files)?]),
        Kind::Folder => Ok(vec![places::folder(path, files)?]),
        Kind::Missing | Kind::Dangling if places::is_path(what) => {
            Err(RequestError::NoEnvironment(what.to_owned()))
        }
        Kind::Missing | Kind::Dangling => versions::environments(what),
    }
}

/// A text of an environment that was written in a folder, as it has to be written here.
pub(super) fn below(text: &str, folder: &Path, files: &dyn Files) -> String {
    // What cannot be understood is told with the words in which it was written.
    let Ok((label, what)) = label::split(text.trim()) else { return text.to_owned() };
    let placed = |path: &str| folder.join(path).display().to_string();
    let what = if matches!(machines::machine(what), Ok(Some(_)) | Err(_)) {
        what.to_owned()
    } else if places::is_path(what) || files.kind(&folder.join(what)) != Kind::Missing {
        placed(what)
    } else {
        match what.split_once('@') {
            Some((name, path)) if path.trim_start().starts_with('.') => {
                format!("{}@ {}", name, placed(path.trim_start()))
            }
            Some(_) | None => what.to_owned(),
        }
    };
    match label {
        Some(label) => format!("{label}={what}"),
        None => what,
    }
}

/// The one environment that a text means, which was given with `option`.
///
/// # Errors
/// When it means none, or several.
pub fn environment(
    text: &str,
    option: &'static str,
    files: &dyn Files,
) -> Result<EnvironmentSpec, RequestError> {
    let mut all = environments(text, files)?;
    match (all.pop(), all.is_empty()) {
        (Some(one), true) => Ok(one),
        (last, _) => Err(RequestError::SeveralEnvironments {
            option,
            text: text.to_owned(),
            names: all.into_iter().chain(last).map(|environment| environment.name).collect(),
        }),
    }
}

/// Makes names unique: two environments of one name are two unless they are the same.
pub(super) fn joined(all: impl IntoIterator<Item = EnvironmentSpec>) -> Vec<EnvironmentSpec> {
    let mut kept: Vec<EnvironmentSpec> = Vec::new();
    for environment in all {
        let is_same = |known: &EnvironmentSpec| {
            known.runtime == environment.runtime && known.packages == environment.packages
        };
        if kept.iter().any(|known| known.name == environment.name && is_same(known)) {
            continue;
        }
        let mut named = environment;
        let mut number = 1;
        let own = named.name.clone();
        while kept.iter().any(|known| known.name == named.name) {
            number += 1;
            named.name = EnvName::from(format!("{own}-{number}"));
        }
        kept.push(named);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::error::LockTrouble;
    use super::super::fixture::Memory;
    use super::*;
    use crate::matrix::RuntimeSpec;

    fn files() -> Memory {
        Memory::of(&[
            ("a.json", r#"{"runtime": "venv", "python": "3.11.4", "packages": {"scikit-learn": "1.5.2"}}"#),
            ("tree.json", r#"{"runtime": "rootfs", "python": "3.11.4", "packages": {}}"#),
            ("odd.json", "[]"),
            ("r.txt", "scikit-learn==1.2.2\n"),
            ("uv.lock", "version = 1\n"),
            ("bin/python", "\x7fELF"),
            ("model.joblib", "\u{80}\u{4}"),
            (".venv/pyvenv.cfg", "home = /usr\n"),
            (".venv/bin/python", "\x7fELF"),
            ("broken/pyvenv.cfg", "home = /usr\n"),
            ("windows/Scripts/python.exe", "MZ"),
            ("project/requirements.txt", "scikit-learn==1.2.2\n"),
        ])
    }

    #[test]
    fn a_text_is_versions_a_lock_or_an_interpreter() {
        let files = files();
        let one = |text: &str| environment(text, "--to", &files);
        assert_eq!(one("a.json").unwrap().name.as_str(), "a");
        assert_eq!(one("r.txt").unwrap().name.as_str(), "r");
        assert!(matches!(one("bin/python").unwrap().runtime, RuntimeSpec::Existing { .. }));
        let RuntimeSpec::Existing { command } = one(".venv").unwrap().runtime else {
            panic!("no interpreter")
        };
        assert_eq!(command, [".venv/bin/python"]);
        assert_eq!(environments("scikit-learn==1.5.2,1.7.2", &files).unwrap().len(), 2);
        let wrong = |text: &str| one(text).unwrap_err();
        assert!(matches!(
            wrong("tree.json"),
            RequestError::Lock { why: LockTrouble::OtherRuntime(runtime), .. } if runtime == "rootfs"
        ));
        assert!(matches!(wrong("odd.json"), RequestError::Lock { why: LockTrouble::NoLock, .. }));
        assert!(matches!(wrong("uv.lock"), RequestError::Lock { why: LockTrouble::OtherTool(_), .. }));
        for gone in ["gone/python", "gone.txt", "./gone", "gone.json", "~/venv", ".env"] {
            assert!(matches!(wrong(gone), RequestError::NoEnvironment(_)), "{gone}");
        }
        let several = wrong("scikit-learn==1.5.2,1.7.2").to_string();
        assert!(several.contains("sk1.5.2 and sk1.7.2"), "{several}");
    }

    #[test]
    fn what_is_no_environment_is_named_as_what_it_is() {
        let files = files();
        let wrong = |text: &str| environment(text, "--to", &files).unwrap_err().to_string();
        for (text, word) in [
            ("model.joblib", "neither a program nor a lock"),
            ("broken", "bin/python"),
            ("windows", "Windows"),
            ("project", "project/requirements.txt"),
        ] {
            assert!(wrong(text).contains(word), "{text}: {}", wrong(text));
        }
    }

    #[test]
    fn labels_take_the_place_of_names() {
        let files = files();
        let names = |text: &str| {
            let all = environments(text, &files).map_err(|error| error.to_string())?;
            Ok::<_, String>(all.iter().map(|it| it.name.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(names("today=scikit-learn==1.5.2 numpy==2.1.3"), Ok(vec!["today".to_owned()]));
        assert_eq!(names("old=r.txt"), Ok(vec!["old".to_owned()]));
        assert_eq!(names("edge=debian:bookworm/i386"), Ok(vec!["edge".to_owned()]));
        assert_eq!(names("x=scikit-learn==1.5.2,1.7.2").unwrap(), ["x-sk1.5.2", "x-sk1.7.2"]);
        assert!(names("numpy=1.26").unwrap_err().contains("numpy=1.26"));
        assert!(names("scikit-learn==1.5.2 bits=32").unwrap_err().contains("bits"));
    }

    #[test]
    fn what_was_written_in_another_folder_is_found_from_here() {
        let files = Memory::of(&[("../venv/bin/python", "\x7fELF")]);
        let seen = |text: &str| below(text, Path::new(".."), &files);
        for (text, here) in [
            ("requirements.txt", "../requirements.txt"),
            ("today=locks/a.json", "today=../locks/a.json"),
            ("venv", "../venv"),
            ("./x", ".././x"),
            ("/opt/python", "/opt/python"),
            ("scikit-learn==1.5.2,1.7.2", "scikit-learn==1.5.2,1.7.2"),
            ("a=scikit-learn==1.5.2", "a=scikit-learn==1.5.2"),
            ("docker:ghcr.io/acme/serve:1.2", "docker:ghcr.io/acme/serve:1.2"),
            ("mylib @ ./mylib", "mylib @ .././mylib"),
            ("mylib @ git+https://example.org/mylib", "mylib @ git+https://example.org/mylib"),
        ] {
            assert_eq!(seen(text), here);
        }
        assert_eq!(below("./x", Path::new(""), &files), "./x");
    }

    #[test]
    fn two_of_one_name_are_two() {
        let files = Memory::of(&[("a/r.txt", "numpy==1.26.4\n"), ("b/r.txt", "numpy==2.1.3\n")]);
        let all = ["a/r.txt", "b/r.txt", "a/r.txt"].map(|text| environment(text, "--on", &files).unwrap());
        let names: Vec<_> = joined(all).into_iter().map(|it| it.name.to_string()).collect();
        assert_eq!(names, ["r", "r-2"]);
    }
}
