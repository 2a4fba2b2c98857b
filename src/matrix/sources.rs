//! Packages that come from elsewhere than an index: a folder, a file, a repository, an address.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::notation::{VersionError, package_name};

/// Where a package comes from, when no release of an index is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageSource {
    /// The folder of a project, which is built. What it holds when the environment is asked for decides which one it is.
    Folder {
        /// Where it is.
        path: PathBuf,
        /// What stands for it in names: the folder's own name, or `head` for the one that a matrix lies in.
        label: String,
    },
    /// A wheel or a source distribution of this machine.
    File(PathBuf),
    /// A commit of a git repository.
    Git {
        /// As `git clone` takes it.
        url: String,
        /// A branch, a tag or a commit; the repository's own choice where `None`.
        reference: Option<String>,
    },
    /// The address of a wheel.
    Address(String),
}

/// Endings of what an installer takes as a file.
const ARCHIVES: [&str; 4] = [".whl", ".tar.gz", ".zip", ".tar.bz2"];

impl PackageSource {
    /// The source that a text names; `None` where it is a version. Paths are relative to `base`.
    ///
    /// # Errors
    /// When it names a source that cannot be used.
    pub fn parse(text: &str, base: &Path) -> Option<Result<Self, VersionError>> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("git+") {
            return Some(git(rest));
        }
        if let Some(path) = text.strip_prefix("file://") {
            // `pip freeze` adds the digest of a wheel.
            return Some(Ok(local(path.split('#').next().unwrap_or(path), base)));
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Some(address(text));
        }
        let is_path = text == "."
            || ["./", "../", "/", "~/"].iter().any(|start| text.starts_with(start))
            || ARCHIVES.iter().any(|ending| text.ends_with(ending));
        is_path.then(|| Ok(local(text, base)))
    }

    /// The package that a folder or a file says it is; `read` gives the bytes of a file.
    pub fn package(&self, read: &dyn Fn(&Path) -> Option<Vec<u8>>) -> Option<String> {
        let name = match self {
            Self::Folder { path, .. } => {
                let text = String::from_utf8(read(&path.join("pyproject.toml"))?).ok()?;
                let project: toml::Table = text.parse().ok()?;
                project.get("project")?.get("name")?.as_str()?.to_owned()
            }
            Self::File(path) => path.file_name()?.to_string_lossy().split_once('-')?.0.to_owned(),
            Self::Address(url) => url.rsplit('/').next()?.split_once('-')?.0.to_owned(),
            Self::Git { .. } => return None,
        };
        package_name(&name).ok()
    }

    /// What stands for it in the place of a version, in the names of environments.
    pub fn label(&self) -> String {
        match self {
            Self::Folder { label, .. } => label.clone(),
            Self::File(path) => release_in(&path.to_string_lossy()).unwrap_or_else(|| "file".to_owned()),
            Self::Git { reference, .. } => plain(reference.as_deref().unwrap_or("git")),
            Self::Address(url) => release_in(url).unwrap_or_else(|| "url".to_owned()),
        }
    }
}

impl fmt::Display for PackageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { path, .. } | Self::File(path) => path.display().fmt(f),
            Self::Git { url, reference: None } => write!(f, "git+{url}"),
            Self::Git { url, reference: Some(reference) } => write!(f, "git+{url}@{reference}"),
            Self::Address(url) => f.write_str(url),
        }
    }
}

fn local(text: &str, base: &Path) -> PackageSource {
    let path = match (text.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => base.join(text.strip_prefix("./").unwrap_or(text)),
    };
    match ARCHIVES.iter().any(|ending| text.ends_with(ending)) {
        true => PackageSource::File(path),
        false => {
            let name = text.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let label = if matches!(name, "" | "." | "..") { "head".to_owned() } else { plain(name) };
            PackageSource::Folder { path, label }
        }
    }
}

fn git(text: &str) -> Result<PackageSource, VersionError> {
    let text = text.split('#').next().unwrap_or(text);
    // The `@` of `ssh://git@host` stands before the path.
    let path_at = text.find("://").map_or(0, |at| at + 3);
    let path_at = text[path_at..].find('/').map_or(text.len(), |at| path_at + at);
    let (url, reference) = match text[path_at..].rfind('@') {
        Some(at) => (&text[..path_at + at], Some(text[path_at + at + 1..].to_owned())),
        None => (text, None),
    };
    if url.is_empty()
        || url.starts_with('-')
        || reference.as_deref().is_some_and(|it| it.is_empty() || it.starts_with('-'))
    {
        return Err(VersionError::new(
            format!("`git+{text}` names no repository"),
            "write, for example, `git+https://example.org/mylib.git@main` or `git+file:///home/me/mylib@v1.2`",
        ));
    }
    Ok(PackageSource::Git { url: url.to_owned(), reference })
}

fn address(text: &str) -> Result<PackageSource, VersionError> {
    let path = text.split(['#', '?']).next().unwrap_or(text);
    if path.ends_with(".whl") {
        return Ok(PackageSource::Address(text.to_owned()));
    }
    Err(VersionError::new(
        format!("`{text}` is the address of something else than a wheel"),
        "give the address of a wheel, or download it and give its path; of a repository write `git+https://...`",
    ))
}

/// `1.2.3` of `mylib-1.2.3-py3-none-any.whl` and of `mylib-1.2.3.tar.gz`.
fn release_in(path: &str) -> Option<String> {
    let name = path.split(['#', '?']).next()?.rsplit('/').next()?;
    let stem = ARCHIVES.iter().find_map(|ending| name.strip_suffix(ending))?;
    let version = stem.split('-').nth(1)?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| plain(version))
}

/// A text that can stand in a name.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_from_versions() {
        let base = Path::new("/m");
        let of = |text: &str| {
            PackageSource::parse(text, base).map(|found| found.map(|it| (it.to_string(), it.label())))
        };
        let found = |text: &str| of(text).unwrap().unwrap();
        let pair = |text: &str, label: &str| (text.to_owned(), label.to_owned());
        assert_eq!(found("./mylib"), pair("/m/mylib", "mylib"));
        assert_eq!(found("."), pair("/m/.", "head"));
        assert_eq!(found("/x/mylib"), pair("/x/mylib", "mylib"));
        assert_eq!(found("file:///x/mylib"), pair("/x/mylib", "mylib"));
        assert_eq!(
            found("dist/mylib-1.2.3-py3-none-any.whl"),
            pair("/m/dist/mylib-1.2.3-py3-none-any.whl", "1.2.3")
        );
        assert_eq!(found("./mylib-2.0rc1.tar.gz"), pair("/m/mylib-2.0rc1.tar.gz", "2.0rc1"));
        assert_eq!(found("git+file:///x/lib@feature/y"), pair("git+file:///x/lib@feature/y", "feature-y"));
        assert_eq!(found("git+ssh://git@host/x.git"), pair("git+ssh://git@host/x.git", "git"));
        assert_eq!(
            found("https://h/a/mylib-3.1-py3-none-any.whl#sha256=00"),
            pair("https://h/a/mylib-3.1-py3-none-any.whl#sha256=00", "3.1")
        );
        assert!(of("https://h/a/mylib-3.1.tar.gz").unwrap().is_err());
        assert!(of("git+").unwrap().is_err());
        assert!(of("git+https://h/x@--upload-pack=x").unwrap().is_err());
        for version in ["1.5.2", "1.5.*", "latest", "pre", "1.2..1.9", ">=1.2,<1.4", "companion"] {
            assert!(of(version).is_none(), "{version}");
        }
    }
}
