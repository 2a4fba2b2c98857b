//! The facts of releases: those of a wheel, an sdist or a folder that is here, and those of a version that the package
//! index has. What was read once is kept by the digest of the file, or by the version.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::error::AppError;
use super::release_error::ReleaseError;
use crate::artifact::python_for;
use crate::explain;
use crate::inspect::InspectOptions;
use crate::matrix::SCIKIT_LEARN;
use crate::notation::Version;
use crate::provision::{AskedRelease, ProvisionFailure, Provisioner};
use crate::release::{self, Collector, NotARelease};
use crate::store::{self, CacheRoot};
use crate::vocab::{Digest, Expected, FileFacts, Forecast, Inspected, ReleaseFacts};

/// Changes when facts of the same release come out otherwise: what was kept is read again.
const EDITION: &str = "release-facts-7";
/// Folders within folders that are walked.
const DEEPEST: usize = 24;
/// Names in a folder that say that it holds the sources of a project, or a package that is installed.
const OF_SOURCES: [&str; 4] = ["pyproject.toml", "setup.py", "PKG-INFO", "setup.cfg"];

/// Where a release is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReleaseSource {
    /// A `.whl`.
    Wheel(PathBuf),
    /// A `.tar.gz`.
    Sdist(PathBuf),
    /// A folder: of a checkout, or of what was unpacked.
    Folder(PathBuf),
    /// A version in the package index.
    Index {
        /// The project.
        project: String,
        /// Its version.
        version: String,
    },
}

impl ReleaseSource {
    /// What a text names: a path that is there, or `PROJECT==VERSION`; `None` where it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let path = Path::new(text);
        if path.is_file() {
            let lower = text.to_ascii_lowercase();
            let is_tar = lower.ends_with(".tar.gz") || lower.ends_with(".tgz");
            return Some(if is_tar { Self::Sdist(path.to_owned()) } else { Self::Wheel(path.to_owned()) });
        }
        if path.is_dir() {
            return Some(Self::Folder(path.to_owned()));
        }
        let (project, version) = text.split_once("==")?;
        let is_name = !project.is_empty()
            && project.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        version.trim().parse::<Version>().ok().filter(|_| is_name)?;
        Some(Self::Index { project: project.to_owned(), version: version.trim().to_owned() })
    }

    /// Whether a text after `--to` names a release by its file or sources, and not an environment.
    pub fn is_release_file(text: &str) -> bool {
        let path = Path::new(text);
        let lower = text.to_ascii_lowercase();
        let is_archive = [".whl", ".tar.gz", ".tgz"].iter().any(|ending| lower.ends_with(ending));
        let has = |name: &str| path.join(name).is_file();
        let is_environment = || path.join("pyvenv.cfg").exists() || path.join("bin/python").exists();
        let is_unpacked = || {
            let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
            entries.into_iter().any(|entry| entry.file_name().to_string_lossy().ends_with(".dist-info"))
        };
        is_archive && path.is_file()
            || path.is_dir()
                && (OF_SOURCES.iter().any(|name| has(name)) || is_unpacked())
                && !is_environment()
    }
}

/// The facts of releases, each read once.
pub struct Releases<'s> {
    cache: CacheRoot,
    provisioner: Arc<Provisioner>,
    runtime: &'s Runtime,
    known: BTreeMap<String, Option<Arc<ReleaseFacts>>>,
    changes: release::Known,
}

impl<'s> Releases<'s> {
    /// None yet.
    pub(super) fn new(cache: CacheRoot, provisioner: Arc<Provisioner>, runtime: &'s Runtime) -> Self {
        Self { cache, provisioner, runtime, known: BTreeMap::new(), changes: release::Known::default() }
    }

    /// The facts of one release.
    ///
    /// # Errors
    /// When there is none, or what is there is no release.
    pub fn of(&mut self, source: &ReleaseSource) -> Result<ReleaseFacts, AppError> {
        let cache = self.cache.clone();
        let wrong = |given: &Path, why: NotARelease| {
            AppError::from(ReleaseError::NotARelease { given: given.to_owned(), why })
        };
        let unreadable = |given: &Path, why| AppError::Artifact { path: given.to_owned(), why };
        match source {
            ReleaseSource::Wheel(path) | ReleaseSource::Sdist(path) => {
                let digest = store::digest_of_file(path).map_err(|why| unreadable(path, why))?;
                let is_wheel = matches!(source, ReleaseSource::Wheel(_));
                kept(&cache, &digest.to_string(), || {
                    let file = store::open_input(path).map_err(|why| unreadable(path, why))?;
                    let read = if is_wheel {
                        release::wheel(BufReader::new(file))
                    } else {
                        release::sdist(BufReader::new(file))
                    };
                    read.map_err(|why| wrong(path, why))
                })
            }
            // What is worked on changes under its name.
            ReleaseSource::Folder(path) => folder(path).map_err(|why| wrong(path, why)),
            ReleaseSource::Index { project, version } => {
                let requirement = format!("{project}=={version}");
                let python = python_for((project == SCIKIT_LEARN).then_some(version), None);
                let wanted =
                    AskedRelease { requirement: &requirement, python: &python, has_pre: true, indexes: &[] };
                kept(&cache, &requirement, || self.fetch(project, version, wanted))
            }
        }
    }

    /// The facts of whatever an index has for a requirement of scikit-learn, where its version is wanted; `None` where it is not,
    /// or cannot be had.
    pub(super) fn newest(
        &mut self,
        wanted: AskedRelease<'_>,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<ReleaseFacts> {
        let asking = self.provisioner.newest(SCIKIT_LEARN, wanted, &|_| {});
        let version = self.runtime.block_on(asking).ok()??;
        if !is_wanted(&version) {
            return None;
        }
        let exact = format!("{SCIKIT_LEARN}=={version}");
        let wanted = AskedRelease { requirement: &exact, ..wanted };
        // Another index may have something else under the same version.
        if !wanted.indexes.is_empty() {
            return self.fetch(SCIKIT_LEARN, &version, wanted).ok();
        }
        kept(&self.cache, &exact, || self.fetch(SCIKIT_LEARN, &version, wanted)).ok()
    }

    fn fetch(
        &self,
        project: &str,
        version: &str,
        wanted: AskedRelease<'_>,
    ) -> Result<ReleaseFacts, AppError> {
        let requirement = wanted.requirement;
        let failed = |why: ProvisionFailure| ReleaseError::NotHad {
            given: requirement.to_owned(),
            why: Box::new(why),
        };
        let scratch = self.cache.scratch("release").map_err(|error| failed(error.into()))?;
        let into = scratch.path().join("unpacked");
        let unpacking = self.provisioner.unpack(wanted, &into, &|_| {});
        self.runtime.block_on(unpacking).map_err(failed)?;
        let mut facts =
            folder(&into).map_err(|why| ReleaseError::NotARelease { given: requirement.into(), why })?;
        (facts.project, facts.version) = (project.to_owned(), version.to_owned());
        Ok(facts)
    }

    /// The releases of a project that a file names, as far as they can be had.
    fn writers(&mut self, file: &FileFacts, project: &str) -> BTreeMap<String, Arc<ReleaseFacts>> {
        let versions: BTreeSet<&String> = match project {
            SCIKIT_LEARN => file.objects.values().flat_map(|object| &object.versions).collect(),
            _ => file.releases.get(project).into_iter().flatten().collect(),
        };
        let mut found = BTreeMap::new();
        for version in versions {
            let key = format!("{project}=={version}");
            if !self.known.contains_key(&key) {
                let source = version
                    .parse::<Version>()
                    .ok()
                    .map(|_| ReleaseSource::Index { project: project.to_owned(), version: version.clone() });
                // A release that cannot be had is said to be missing where it matters.
                let read = source.and_then(|source| self.of(&source).ok()).map(Arc::new);
                self.known.insert(key.clone(), read);
            }
            if let Some(Some(facts)) = self.known.get(&key) {
                found.insert(version.clone(), Arc::clone(facts));
            }
        }
        found
    }

    /// What is to be expected of a file in a release, from what both say of themselves.
    pub fn forecast(&mut self, artifact: &Inspected, target: &ReleaseFacts) -> Forecast {
        let inspection = &artifact.inspection;
        let Some(facts) = explain::facts_of(inspection) else {
            return Forecast {
                expected: Expected::Unknown,
                stage: None,
                causes: Vec::new(),
                because: vec!["only pickle, joblib and skops files are laid over a release".to_owned()],
            };
        };
        let writers = self.writers(&facts, &target.project);
        let writers = writers.iter().map(|(version, facts)| (version.clone(), &**facts)).collect();
        release::overlay(&facts, inspection, &writers, target, &mut self.changes)
    }
}

/// The facts under a name, read and kept where they are not known.
fn kept(
    cache: &CacheRoot,
    name: &str,
    read: impl FnOnce() -> Result<ReleaseFacts, AppError>,
) -> Result<ReleaseFacts, AppError> {
    let key = Digest::of(format!("{EDITION} {name}").as_bytes());
    if let Some(facts) = cache.record(&key) {
        return Ok(facts);
    }
    let facts = read()?;
    // A cache that cannot be written costs the time of reading it again.
    let _ = cache.put_record(&key, &facts);
    Ok(facts)
}

/// The facts of a folder: of one that holds packages, or holds them below `src`.
fn folder(path: &Path) -> Result<ReleaseFacts, NotARelease> {
    let sources = path.join("src");
    let has_packages = |folder: &Path| {
        let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
        entries.into_iter().any(|entry| entry.path().join("__init__.py").is_file())
    };
    let root = if !has_packages(path) && has_packages(&sources) { &sources } else { path };
    let mut collector = Collector::default();
    walk(root, "", 0, &mut collector)?;
    if root != path
        && let Ok(file) = fs_err::File::open(path.join("PKG-INFO"))
    {
        collector.add("PKG-INFO", file)?;
    }
    collector.finish()
}

fn walk(folder: &Path, within: &str, depth: usize, collector: &mut Collector) -> Result<(), NotARelease> {
    let mut entries = fs_err::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs_err::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        if name.starts_with('.') || depth > DEEPEST {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &path, depth + 1, collector)?;
        } else if kind.is_file() && Collector::wants(&path).is_some() {
            collector.add(&path, store::open_input(&entry.path())?)?;
        }
    }
    Ok(())
}

/// How files are looked at that are laid over a release.
pub const LOOK: InspectOptions = InspectOptions::FACTS;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_path_or_a_version() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a.whl", "a.tar.gz", "pyproject.toml"] {
            fs_err::write(path(name), "").unwrap();
        }
        let parse = |path: PathBuf| ReleaseSource::parse(&path.to_string_lossy());
        assert_eq!(parse(path("a.whl")), Some(ReleaseSource::Wheel(path("a.whl"))));
        assert_eq!(parse(path("a.tar.gz")), Some(ReleaseSource::Sdist(path("a.tar.gz"))));
        assert!(matches!(parse(folder.path().to_owned()), Some(ReleaseSource::Folder(_))));
        assert!(matches!(ReleaseSource::parse("scikit-learn==1.10.0rc1"), Some(ReleaseSource::Index { .. })));
        for text in ["scikit-learn", "scikit-learn==x", "==1.0", "a b==1", "nowhere.whl"] {
            assert_eq!(ReleaseSource::parse(text), None, "{text}");
        }
        assert!(ReleaseSource::is_release_file(&folder.path().to_string_lossy()));
        fs_err::write(path("pyvenv.cfg"), "").unwrap();
        assert!(!ReleaseSource::is_release_file(&folder.path().to_string_lossy()));
    }
}
