//! Which file's settings count.

use std::io;
use std::path::{Path, PathBuf};

use super::settings::{PYPROJECT, SETTINGS, Settings};
use crate::matrix::{Problem, Source};
use crate::notation::without_path;

/// Reads the bytes of a file.
type Read<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// The settings of the first folder that has any. In a folder the file of our own counts alone, so that nobody has to
/// know how two would be put together.
///
/// # Errors
/// When the file that counts cannot be used.
pub fn find(
    folders: impl IntoIterator<Item = PathBuf>,
    read: Read<'_>,
) -> Result<Option<Settings>, Box<Problem>> {
    for folder in folders {
        for name in [SETTINGS, PYPROJECT] {
            let path = folder.join(name);
            match read(&path) {
                Ok(bytes) => {
                    if let Some(found) = Settings::parse(&path, bytes)? {
                        return Ok(Some(found));
                    }
                }
                Err(error) if is_absent(&error) => {}
                // Another's file that may not be read says nothing about us.
                Err(_) if name == PYPROJECT => {}
                Err(error) => return Err(unreadable(&path, &error)),
            }
        }
    }
    Ok(None)
}

/// The settings of a file that somebody names; of another name it is one of our own.
///
/// # Errors
/// When it cannot be used, or has none.
pub fn read(path: &Path, read: Read<'_>) -> Result<Settings, Box<Problem>> {
    let bytes = read(path).map_err(|error| unreadable(path, &error))?;
    Settings::parse(path, bytes)?.ok_or_else(|| {
        Source::problem_of_file(
            path,
            format!("`{}` has no table `[tool.shelflife]`", path.display()),
            "write one, for example with `artifacts`, `from` and `to`",
        )
    })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn unreadable(path: &Path, error: &io::Error) -> Box<Problem> {
    Source::problem_of_file(
        path,
        format!("cannot read the settings `{}`: {}", path.display(), without_path(error)),
        "check the path, and that the file can be read",
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn found(files: &[(&str, &str)], folders: &[&str]) -> Option<PathBuf> {
        let files: BTreeMap<PathBuf, &str> =
            files.iter().map(|(path, text)| (PathBuf::from(path), *text)).collect();
        let read = |path: &Path| {
            files.get(path).map(|text| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
        };
        let folders = folders.iter().map(PathBuf::from);
        find(folders, &read).unwrap().map(|settings| settings.path)
    }

    #[test]
    fn the_nearest_folder_counts_and_there_our_own_file() {
        let table = "[tool.shelflife]\nfrom = \"a\"\n";
        let both = [("shelflife.toml", "to = \"b\"\n"), ("pyproject.toml", table)];
        assert_eq!(found(&both, &[""]), Some("shelflife.toml".into()));
        let above = [("pyproject.toml", "[project]\n"), ("../pyproject.toml", table)];
        assert_eq!(found(&above, &["", ".."]), Some("../pyproject.toml".into()));
        assert_eq!(found(&[("pyproject.toml", "[project]\n")], &["", ".."]), None);
    }

    #[test]
    fn a_file_that_is_named_has_to_have_settings() {
        let none = read(Path::new("pyproject.toml"), &|_| Ok(b"[project]\n".to_vec())).unwrap_err();
        assert!(none.message.contains("has no table `[tool.shelflife]`"), "{none:?}");
        let gone = read(Path::new("x.toml"), &|_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
        assert!(gone.message.contains("cannot read the settings `x.toml`"), "{gone:?}");
    }
}
