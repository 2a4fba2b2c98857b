//! Packages that come from elsewhere than an index: what they hold now, and the wheels that are made of them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::matrix::{PackageSource, VersionSpec};
use crate::notation::package_name;
use crate::process::{self, Captured, Command};
use crate::store::{self, CacheRoot};
use crate::vocab::DigestBuilder;

use super::building;
use super::failure::{ProcessTrouble, ProvisionFailure};
use super::source_failure::{SourceFailure, SourceTrouble};
use super::told::Speaker;
use super::uv::Uv;

/// Compiling an extension takes a while.
const BUILD_TIMEOUT: Duration = Duration::from_secs(3600);
const GIT_TIMEOUT: Duration = Duration::from_secs(600);
/// A project of more bytes holds something that no wheel is made of.
const MOST_BYTES: u64 = 1 << 30;
/// What is no code, or is made from code that is.
const SKIPPED: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "node_modules",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    "shelflife-baseline.json",
];
/// What is in the folder of a run.
const RECORD: &str = "events.jsonl";
/// Folders in folders, at most: a link may lead back.
const DEPTH: usize = 40;

/// A source, and which one it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    package: String,
    source: PackageSource,
    /// A digest of its content, or a commit.
    content: String,
}

/// The sources among declared packages, each with what it holds now.
pub(super) async fn locate(
    packages: &BTreeMap<String, VersionSpec>,
) -> Result<BTreeMap<String, Located>, ProvisionFailure> {
    let mut found = BTreeMap::new();
    for (package, spec) in packages {
        let VersionSpec::Source(source) = spec else { continue };
        let content = match source {
            PackageSource::Folder { path, .. } | PackageSource::File(path) => {
                let path = path.clone();
                let is_folder = matches!(source, PackageSource::Folder { .. });
                let read = move || content_of(&path, is_folder);
                tokio::task::spawn_blocking(read).await.unwrap_or(Err(SourceTrouble::Changed))
            }
            PackageSource::Git { url, reference } => commit(url, reference.as_deref()).await,
            PackageSource::Address(url) => Ok(url.clone()),
        };
        let content = content.map_err(|trouble| failure(package, source, trouble))?;
        found.insert(package.clone(), Located { package: package.clone(), source: source.clone(), content });
    }
    Ok(found)
}

fn failure(package: &str, source: &PackageSource, trouble: SourceTrouble) -> ProvisionFailure {
    let from = source.to_string();
    ProvisionFailure::Source(Box::new(SourceFailure { package: package.to_owned(), from, trouble }))
}

impl Located {
    /// What tells it from others: two with the same text give the same environment.
    pub(super) fn identity(&self) -> String {
        format!("{} @ {}", self.package, self.content)
    }

    /// Whether code of the package runs before there is a wheel.
    pub(super) fn is_built(&self) -> bool {
        match &self.source {
            PackageSource::Folder { .. } | PackageSource::Git { .. } => true,
            PackageSource::File(path) => path.extension().is_none_or(|ending| ending != "whl"),
            PackageSource::Address(_) => false,
        }
    }

    /// What an installer is given: the address or path of a wheel, which is built where there is none. What is built
    /// lies below `scratch`.
    pub(super) async fn wheel(
        &self,
        cache: &CacheRoot,
        uv: &Uv,
        environment: &Path,
        scratch: &Path,
    ) -> Result<String, ProvisionFailure> {
        let fail = |trouble| failure(&self.package, &self.source, trouble);
        let from = match &self.source {
            PackageSource::Address(url) => return Ok(format!("{} @ {url}", self.package)),
            PackageSource::File(path) => {
                let name = path.file_name().unwrap_or_default();
                let copy = scratch.join(name);
                fs_err::copy(path, &copy).map_err(|error| fail(unreadable(&error)))?;
                if content_of(&copy, false).map_err(fail)? != self.content {
                    return Err(fail(SourceTrouble::Changed));
                }
                if copy.extension().is_some_and(|ending| ending == "whl") {
                    return self.checked(&copy);
                }
                copy
            }
            PackageSource::Folder { path, .. } => {
                let copy = scratch.join("source");
                copy_folder(path, &copy, 0).map_err(|error| fail(unreadable(&error)))?;
                if content_of(&copy, true).map_err(fail)? != self.content {
                    return Err(fail(SourceTrouble::Changed));
                }
                copy
            }
            PackageSource::Git { url, .. } => {
                let copy = scratch.join("source");
                git(&["clone", "--quiet", "--no-checkout", "--", url, &copy.to_string_lossy()])
                    .await
                    .map_err(fail)?;
                let at = copy.to_string_lossy();
                git(&["-C", &at, "-c", "advice.detachedHead=false", "checkout", "--quiet", &self.content])
                    .await
                    .map_err(fail)?;
                git(&["-C", &at, "submodule", "--quiet", "update", "--init", "--recursive"])
                    .await
                    .map_err(fail)?;
                copy
            }
        };
        let wheels = scratch.join("wheels");
        store::create_folder(&wheels)?;
        let build = uv.command(cache, false).args(["build", "--wheel", "--python"]).args([
            environment.join("bin/python").as_os_str(),
            "--out-dir".as_ref(),
            wheels.as_os_str(),
            from.as_os_str(),
        ]);
        let caged = building::caged(build, uv.program(), environment, scratch)?;
        let captured = process::capture(&caged, BUILD_TIMEOUT).await?;
        if !captured.status.success() {
            return Err(fail(SourceTrouble::Build(
                Speaker::Uv { offline: false }.failed("its build", &captured),
            )));
        }
        let made = std::fs::read_dir(&wheels)?.flatten().map(|entry| entry.path());
        let wheel = made.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "whl"));
        self.checked(&wheel.ok_or_else(|| fail(SourceTrouble::NoWheel))?)
    }

    /// The path of a wheel that is of this package.
    fn checked(&self, wheel: &Path) -> Result<String, ProvisionFailure> {
        let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let found = name.split('-').next().unwrap_or_default();
        match package_name(found) {
            Ok(found) if found == self.package => Ok(wheel.to_string_lossy().into_owned()),
            _ => {
                let trouble = SourceTrouble::OtherPackage(found.to_owned());
                Err(failure(&self.package, &self.source, trouble))
            }
        }
    }
}

fn unreadable(error: &io::Error) -> SourceTrouble {
    match error.kind() {
        io::ErrorKind::NotFound => SourceTrouble::Missing,
        _ => SourceTrouble::Unreadable(error.to_string()),
    }
}

/// A digest of a file, or of all files of a project: their names and their bytes.
fn content_of(path: &Path, is_folder: bool) -> Result<String, SourceTrouble> {
    if path.is_dir() != is_folder || !path.exists() {
        return Err(SourceTrouble::Missing);
    }
    if is_folder && !["pyproject.toml", "setup.py"].iter().any(|name| path.join(name).is_file()) {
        return Err(SourceTrouble::NoProject);
    }
    let mut files = Vec::new();
    if is_folder {
        files_below(path, Path::new(""), 0, &mut files).map_err(|error| unreadable(&error))?;
        files.sort();
    } else {
        files.push(PathBuf::new());
    }
    let (mut builder, mut bytes) = (DigestBuilder::new("source-v1"), 0);
    for file in files {
        let read = std::fs::read(if is_folder { path.join(&file) } else { path.to_owned() });
        let read = read.map_err(|error| unreadable(&error))?;
        bytes += read.len() as u64;
        if bytes > MOST_BYTES {
            return Err(SourceTrouble::TooLarge);
        }
        builder = builder.text(&file.to_string_lossy()).field(&read);
    }
    Ok(builder.finish().to_string())
}

fn is_skipped(name: &str) -> bool {
    SKIPPED.contains(&name) || name.ends_with("_cache") || name.ends_with(".pyc")
}

/// Whether a folder of a project is what setuptools left of an earlier build. It takes modules from there that the project
/// has changed or removed since, so that old code would be tried in the name of the new one.
fn is_leftover(folder: &Path, depth: usize) -> bool {
    // Reports of this program about the project are no part of it: a new one is no new project.
    if folder.join(RECORD).is_file() {
        return true;
    }
    let is_of_build = |name: &str| name == "lib" || name.starts_with("lib.") || name.starts_with("bdist.");
    depth == 0
        && folder.file_name().is_some_and(|name| name == "build")
        && std::fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| is_of_build(&entry.file_name().to_string_lossy()))
        })
}

/// The files of a project, relative to it. Links are what they lead to, since a copy has no links.
fn files_below(root: &Path, at: &Path, depth: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if depth > DEPTH {
        return Ok(());
    }
    for entry in std::fs::read_dir(root.join(at))? {
        let name = entry?.file_name();
        let path = at.join(&name);
        if is_skipped(&name.to_string_lossy()) {
            continue;
        }
        match std::fs::metadata(root.join(&path)) {
            Ok(facts) if facts.is_dir() && is_leftover(&root.join(&path), depth) => {}
            Ok(facts) if facts.is_dir() => files_below(root, &path, depth + 1, found)?,
            Ok(facts) if facts.is_file() => found.push(path),
            // Neither a socket nor a link into nowhere is code.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Copies a project, and its history too: releases are often read from there. Files keep their times, by which builds
/// decide what they do again.
fn copy_folder(from: &Path, to: &Path, depth: usize) -> io::Result<()> {
    store::create_folder(to)?;
    if depth > DEPTH {
        return Ok(());
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if is_skipped(&name.to_string_lossy()) && name != ".git" {
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(facts) if facts.is_dir() && is_leftover(&path, depth) => {}
            Ok(facts) if facts.is_dir() => copy_folder(&path, &to.join(&name), depth + 1)?,
            Ok(facts) if facts.is_file() => {
                let copy = to.join(&name);
                fs_err::copy(&path, &copy)?;
                fs_err::File::open(&copy)?.set_modified(facts.modified()?)?;
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// The commit that a reference of a repository means now.
async fn commit(url: &str, reference: Option<&str>) -> Result<String, SourceTrouble> {
    if let Some(whole) =
        reference.filter(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Ok(whole.to_owned());
    }
    let wanted = reference.unwrap_or("HEAD");
    let listed = git(&["ls-remote", "--", url]).await?.stdout_text();
    let names = [
        format!("refs/tags/{wanted}^{{}}"),
        format!("refs/heads/{wanted}"),
        format!("refs/tags/{wanted}"),
        wanted.to_owned(),
    ];
    let lines: Vec<(&str, &str)> = listed.lines().filter_map(|line| line.split_once('\t')).collect();
    let of =
        |name: &String| lines.iter().find(|(_, found)| found == name).map(|(commit, _)| (*commit).to_owned());
    names.iter().find_map(of).ok_or(SourceTrouble::NoReference)
}

async fn git(args: &[&str]) -> Result<Captured, SourceTrouble> {
    let mut env = process::base_environment();
    // Nobody is there to answer.
    env.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
    let command = Command::new("git", env).args(args).cwd("/");
    let captured = process::capture(&command, GIT_TIMEOUT)
        .await
        .map_err(|error| SourceTrouble::NoGit(ProcessTrouble::from(error).text))?;
    match captured.status.success() {
        true => Ok(captured),
        false => Err(SourceTrouble::Git(Speaker::Other.failed("git", &captured))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        };
        write("pyproject.toml", "[project]\nname = \"toy\"\n");
        write("toy/__init__.py", "a = 1\n");
        write("toy/data.json", "{}\n");
        folder
    }

    /// What a wheel is made of decides, whatever times and leftovers say.
    #[test]
    fn content_is_what_code_says() {
        let (one, other) = (project(), project());
        let of = |folder: &tempfile::TempDir| content_of(folder.path(), true).unwrap();
        assert_eq!(of(&one), of(&other));
        fs_err::create_dir_all(other.path().join("toy/__pycache__")).unwrap();
        fs_err::write(other.path().join("toy/__pycache__/x.pyc"), "x").unwrap();
        fs_err::create_dir_all(other.path().join("reports/gate")).unwrap();
        fs_err::write(other.path().join("reports/gate/events.jsonl"), "{}").unwrap();
        fs_err::write(other.path().join("shelflife-baseline.json"), "{}").unwrap();
        fs_err::create_dir_all(other.path().join(".git")).unwrap();
        fs_err::write(other.path().join(".git/HEAD"), "x").unwrap();
        assert_eq!(of(&one), of(&other));
        fs_err::write(other.path().join("toy/data.json"), "[]\n").unwrap();
        assert_ne!(of(&one), of(&other));
        let third = project();
        fs_err::rename(third.path().join("toy/data.json"), third.path().join("toy/date.json")).unwrap();
        assert_ne!(of(&one), of(&third));
    }

    /// `pip wheel .` leaves modules below `build/lib`, and the next build takes those that look newer than the project's.
    #[test]
    fn what_an_earlier_build_left_is_no_code() {
        let (one, other) = (project(), project());
        let of = |folder: &tempfile::TempDir| content_of(folder.path(), true).unwrap();
        fs_err::create_dir_all(other.path().join("build/lib/toy")).unwrap();
        fs_err::write(other.path().join("build/lib/toy/__init__.py"), "a = 0\n").unwrap();
        assert_eq!(of(&one), of(&other));
        let copies = tempfile::tempdir().unwrap();
        copy_folder(other.path(), &copies.path().join("other"), 0).unwrap();
        assert!(!copies.path().join("other/build").exists());
        let time = |path: &Path| fs_err::metadata(path.join("toy/__init__.py")).unwrap().modified().unwrap();
        assert_eq!(time(other.path()), time(&copies.path().join("other")));
        // A package may have that name.
        fs_err::create_dir_all(one.path().join("build")).unwrap();
        fs_err::write(one.path().join("build/__init__.py"), "").unwrap();
        assert_ne!(of(&one), of(&other));
        copy_folder(one.path(), &copies.path().join("one"), 0).unwrap();
        assert!(copies.path().join("one/build/__init__.py").exists());
    }

    #[test]
    fn what_is_no_project_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(content_of(folder.path(), true), Err(SourceTrouble::NoProject));
        assert_eq!(content_of(&folder.path().join("none"), true), Err(SourceTrouble::Missing));
        assert_eq!(content_of(&folder.path().join("none.whl"), false), Err(SourceTrouble::Missing));
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        fs_err::write(folder.path().join("setup.py"), "").unwrap();
        assert!(content_of(folder.path(), true).is_ok());
    }
}
