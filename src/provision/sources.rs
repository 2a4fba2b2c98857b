//! Packages that come from elsewhere than an index: what they hold now, and the wheels that are made of them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::matrix::{PackageSource, VersionSpec};
use crate::notation::package_name;
use crate::process::{self, Captured, Command};
use crate::store::{self, CacheRoot};
use crate::vocab::{DigestBuilder, EnvironmentTrouble};

use super::building;
use super::failure::ProvisionFailure;
use super::told::Speaker;
use super::uv::Uv;
use super::why::{ProgramFailure, Why};

/// Compiling an extension takes a while.
const BUILD_TIMEOUT: Duration = Duration::from_secs(3600);
const GIT_TIMEOUT: Duration = Duration::from_secs(600);
/// A project of more bytes holds something that no wheel is made of.
const MOST_BYTES: u64 = 1 << 30;
/// What is no code, or is made from code that is.
const SKIPPED: &[&str] =
    &[".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", "venv", ".tox", ".nox"];
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

/// Why a package cannot be made of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFailure {
    /// The package.
    pub package: String,
    /// The source, for people.
    pub from: String,
    /// What is wrong.
    pub trouble: SourceTrouble,
}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceTrouble {
    /// There is no such file or folder.
    Missing,
    /// The folder is no project: it has neither `pyproject.toml` nor `setup.py`.
    NoProject,
    /// It holds more bytes than any package.
    TooLarge,
    /// It cannot be read.
    Unreadable(String),
    /// It changed while it was being read.
    Changed,
    /// It is another package.
    OtherPackage(String),
    /// The repository has no such branch or tag.
    NoReference,
    /// git failed.
    Git(Box<ProgramFailure>),
    /// git is not installed, or did not end.
    NoGit(String),
    /// The build failed.
    Build(Box<ProgramFailure>),
    /// The build left no wheel.
    NoWheel,
}

impl SourceFailure {
    pub(super) fn kind(&self) -> EnvironmentTrouble {
        use EnvironmentTrouble as Trouble;
        match &self.trouble {
            SourceTrouble::Missing
            | SourceTrouble::NoProject
            | SourceTrouble::TooLarge
            | SourceTrouble::OtherPackage(_)
            | SourceTrouble::NoReference => Trouble::Declaration,
            SourceTrouble::Unreadable(_) => Trouble::Permission,
            SourceTrouble::Changed => Trouble::Busy,
            SourceTrouble::NoGit(_) => Trouble::ToolMissing,
            SourceTrouble::Git(_) => Trouble::Unreachable,
            SourceTrouble::Build(failed) if failed.why == Why::Unknown => Trouble::NoWheel,
            SourceTrouble::Build(failed) => failed.trouble(),
            SourceTrouble::NoWheel => Trouble::NoWheel,
        }
    }

    pub(super) fn reason(&self) -> String {
        let (package, from) = (&self.package, &self.from);
        let of = |what: &str| format!("{package} cannot be made of `{from}`: {what}");
        match &self.trouble {
            SourceTrouble::Missing => of("it does not exist"),
            SourceTrouble::NoProject => of("it has neither `pyproject.toml` nor `setup.py`"),
            SourceTrouble::TooLarge => of("it holds more than 1 GiB"),
            SourceTrouble::Unreadable(why) => of(why),
            SourceTrouble::Changed => of("it changed while it was being read"),
            SourceTrouble::OtherPackage(found) => of(&format!("it is the package {found}")),
            SourceTrouble::NoReference => of("the repository has no such branch or tag"),
            SourceTrouble::Git(failed) | SourceTrouble::Build(failed) => {
                of(&format!("{} failed:\n{}", failed.program, super::task_words::words(failed)))
            }
            SourceTrouble::NoGit(why) => of(why),
            SourceTrouble::NoWheel => of("its build made no wheel"),
        }
    }

    pub(super) fn remedy(&self) -> Option<String> {
        Some(match &self.trouble {
            SourceTrouble::Missing => {
                "correct the path: it is looked for relative to the matrix file".to_owned()
            }
            SourceTrouble::NoProject => "name the folder that holds `pyproject.toml`".to_owned(),
            SourceTrouble::TooLarge => {
                "keep data outside of the project's folder, or build a wheel and name that".to_owned()
            }
            SourceTrouble::Unreadable(_) => return None,
            SourceTrouble::Changed => "run the same command again".to_owned(),
            SourceTrouble::OtherPackage(found) => {
                format!("write `{found}` in the place of `{}`", self.package)
            }
            SourceTrouble::NoReference => {
                "name a branch, a tag, or a commit with all its 40 digits".to_owned()
            }
            SourceTrouble::Git(_) => {
                "see that `git clone` of it works here without asking for anything".to_owned()
            }
            SourceTrouble::NoGit(_) => "install git, or name a folder or a wheel".to_owned(),
            SourceTrouble::Build(_) | SourceTrouble::NoWheel => format!(
                "see that `python -m build --wheel` works in it with the same Python; it was tried in a cage that sees \
                 the system, the network and a copy of {}",
                self.from
            ),
        })
    }
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
                std::fs::copy(path, &copy).map_err(|error| fail(unreadable(&error)))?;
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
            Ok(facts) if facts.is_dir() => files_below(root, &path, depth + 1, found)?,
            Ok(facts) if facts.is_file() => found.push(path),
            // Neither a socket nor a link into nowhere is code.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

/// Copies a project, and its history too: releases are often read from there.
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
            Ok(facts) if facts.is_dir() => copy_folder(&path, &to.join(&name), depth + 1)?,
            Ok(facts) if facts.is_file() => drop(std::fs::copy(&path, to.join(&name))?),
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
        .map_err(|error| SourceTrouble::NoGit(super::failure::ProcessTrouble::from(error).text))?;
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
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
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
        std::fs::create_dir_all(other.path().join("toy/__pycache__")).unwrap();
        std::fs::write(other.path().join("toy/__pycache__/x.pyc"), "x").unwrap();
        std::fs::create_dir_all(other.path().join(".git")).unwrap();
        std::fs::write(other.path().join(".git/HEAD"), "x").unwrap();
        assert_eq!(of(&one), of(&other));
        std::fs::write(other.path().join("toy/data.json"), "[]\n").unwrap();
        assert_ne!(of(&one), of(&other));
        let third = project();
        std::fs::rename(third.path().join("toy/data.json"), third.path().join("toy/date.json")).unwrap();
        assert_ne!(of(&one), of(&third));
    }

    #[test]
    fn what_is_no_project_is_said() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(content_of(folder.path(), true), Err(SourceTrouble::NoProject));
        assert_eq!(content_of(&folder.path().join("none"), true), Err(SourceTrouble::Missing));
        assert_eq!(content_of(&folder.path().join("none.whl"), false), Err(SourceTrouble::Missing));
        std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
        std::fs::write(folder.path().join("setup.py"), "").unwrap();
        assert!(content_of(folder.path(), true).is_ok());
    }
}
