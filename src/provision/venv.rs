//! Virtual environments: one folder each, made by uv from wheels, complete when they hold `ready.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::matrix::{EnvironmentSpec, Index, VersionSpec};
use crate::process::{self, Captured, Command};
use crate::store::{self, CacheRoot};
use crate::vocab::{Digest, DigestBuilder, Lock, Runtime};

use super::building;
use super::companions::{self, Companions};
use super::failure::{Asked, ProvisionFailure, Task};
use super::folder::{
    READY, Ready, Unfinished, changed_at, free_folder, python_of, read_ready, stored_lock, write_lock,
};
use super::indexes;
use super::interpreters::Interpreter;
use super::launch::Launch;
use super::needs::{self, Need};
use super::options::Means;
use super::probe;
use super::sources::Located;
use super::told::Speaker;
use super::uv::{Uv, wheels_only};

const SCIKIT_LEARN: &str = "scikit-learn";
/// How often an environment is completed by what its packages take for granted.
const MOST_ROUNDS: usize = 3;
const INSTALL_TIMEOUT: Duration = Duration::from_secs(1800);

/// A virtual environment to be made or found.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) interpreter: Interpreter,
    pub(super) packages: BTreeMap<String, VersionSpec>,
    /// What is installed where it can be.
    pub(super) extras: BTreeMap<String, VersionSpec>,
    pub(super) companions: bool,
    /// The packages among them that come from elsewhere than an index.
    pub(super) sources: BTreeMap<String, Located>,
    /// Where packages come from beside the usual index, or in its place.
    pub(super) indexes: Vec<Index>,
    /// Whether packages without wheels may be built. What is installed in the end is the same, so that it is no part of
    /// the key.
    pub(super) build: bool,
}

impl Wish {
    /// What an environment of a matrix asks for.
    pub(super) fn of(
        spec: &EnvironmentSpec,
        interpreter: Interpreter,
        sources: BTreeMap<String, Located>,
        allow_build: bool,
    ) -> Self {
        Self {
            interpreter,
            packages: spec.packages.clone(),
            extras: spec.extras.clone(),
            companions: spec.companions,
            sources,
            indexes: spec.indexes.clone(),
            build: spec.build || allow_build,
        }
    }

    /// Equal wishes share a folder. Names, roles and variables of environments are no part of it.
    pub(super) fn key(&self) -> Digest {
        let mut key = DigestBuilder::new("venv-v1")
            .text(&self.interpreter.path.to_string_lossy())
            .text(&self.interpreter.version_text())
            .text(&self.interpreter.implementation)
            .field(&[self.interpreter.bits]);
        for requirement in self.requirements() {
            key = key.text(&requirement);
        }
        for requirement in requirements_of(&self.extras) {
            key = key.text("extra").text(&requirement);
        }
        for located in self.sources.values() {
            key = key.text("source").text(&located.identity());
        }
        for index in &self.indexes {
            key = key.text("index").digest(&indexes::identity(index));
        }
        if self.companions {
            key = key.digest(&companions::table_digest());
        }
        key.finish()
    }

    pub(super) fn requirements(&self) -> Vec<String> {
        requirements_of(&self.packages)
    }

    /// Whether tomorrow's index could resolve the declared packages to other versions.
    pub(super) fn is_floating(&self) -> bool {
        self.packages.values().any(VersionSpec::is_floating)
            || self.extras.values().any(VersionSpec::is_floating)
    }

    fn python(&self) -> String {
        self.interpreter.version_text()
    }
}

fn requirements_of(packages: &BTreeMap<String, VersionSpec>) -> Vec<String> {
    packages.iter().map(|(name, version)| version.requirement(name)).collect()
}

/// How the Python of an environment in a folder is started.
pub(super) fn launch(folder: &Path) -> Launch {
    Launch::here(vec![python_of(folder).to_string_lossy().into_owned()], Some(folder.to_owned()))
}

/// Makes the environment of a wish in a new folder. The caller holds the lock of its key. Whatever ends this
/// early leaves no folder behind, and after a power failure the folder lacks its marker.
pub(super) async fn make(means: Means<'_>, uv: &Uv, wish: &Wish) -> Result<PathBuf, ProvisionFailure> {
    let Means { cache, note, .. } = means;
    let offline = means.options.offline;
    if let Some(folder) = indexes::missing(&wish.indexes) {
        return Err(ProvisionFailure::NoIndex(folder));
    }
    let made = Timestamp::now();
    let folder = free_folder(cache, &wish.key(), made);
    let mut installer = Installer { cache, uv, wish, offline, asked: wish.requirements() };
    let mut unfinished = Unfinished(Some(folder.clone()));
    let venv = uv
        .command(cache, offline)
        .args(["venv", "--no-project", "--python"])
        .args([&wish.interpreter.path, &folder]);
    installer.run(&venv, &[]).await?;
    let scratch = cache.scratch("sources")?;
    installer.asked = installer.with_wheels(&folder, scratch.path(), note).await?;
    let (companions, left_out) = installer.install_with_extras(&python_of(&folder), note).await?;
    let needs = installer.meet_needs(&folder, note).await?;

    let wanted = match wish.packages.contains_key(SCIKIT_LEARN) {
        true => probe::Wanted::ScikitLearn,
        false => probe::Wanted::Numpy,
    };
    let facts = probe::probe_for(cache, &launch(&folder), &BTreeMap::new(), wanted).await?;
    let mut sites = Vec::new();
    for site in &facts.sites {
        let Ok(within) = site.strip_prefix(&folder) else { continue };
        // Importing a module that is one file makes this folder, which must not look like an installation.
        store::create_folder(&site.join("__pycache__"))?;
        sites.extend(changed_at(site).map(|second| (within.to_owned(), second)));
    }
    let facts_sites = facts.sites.clone();
    let mut lock = facts.into_lock(Runtime::Venv, BTreeMap::new());
    lock.companions = companions.map(|companions| companions.described(&lock.packages)).unwrap_or_default();
    lock.companions.extend(needs.iter().map(Need::described));
    lock.companions.extend(left_out.iter().map(|extra| format!("without {extra} (there is none for it)")));
    let contents = indexes::contents(&wish.indexes, &facts_sites);
    lock.code.extend(contents.iter().cloned());
    let ready = Ready {
        made,
        python: lock.python.clone(),
        interpreter: wish.interpreter.path.clone(),
        requirements: wish.requirements(),
        companions: lock.companions.clone(),
        packages: lock.packages.clone(),
        contents,
        sites,
    };
    write_lock(&folder, &lock)?;
    store::write_atomic(
        &folder.join(READY),
        &serde_json::to_vec_pretty(&ready).map_err(std::io::Error::from)?,
    )?;
    unfinished.0 = None;
    Ok(folder)
}

/// The lock of a complete environment with these variables: from the folder, else by asking the environment.
pub(super) async fn lock_of(
    cache: &CacheRoot,
    folder: &Path,
    variables: &BTreeMap<String, String>,
) -> Result<Lock, ProvisionFailure> {
    if let Some(lock) = stored_lock(folder, variables) {
        return Ok(lock);
    }
    // Whether it has what was declared was checked when it was made.
    let facts = probe::probe_for(cache, &launch(folder), variables, probe::Wanted::Numpy).await?;
    let mut lock = facts.into_lock(Runtime::Venv, variables.clone());
    if let Some(ready) = read_ready(folder) {
        lock.companions = ready.companions;
        lock.code.extend(ready.contents);
    }
    write_lock(folder, &lock)?;
    Ok(lock)
}

struct Installer<'a> {
    cache: &'a CacheRoot,
    uv: &'a Uv,
    wish: &'a Wish,
    offline: bool,
    /// What is declared, as it is installed.
    asked: Vec<String>,
}

impl Installer<'_> {
    /// What is declared, with wheels in the place of what comes from elsewhere than an index.
    async fn with_wheels(
        &self,
        folder: &Path,
        scratch: &Path,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<String>, ProvisionFailure> {
        let mut asked = Vec::new();
        for (package, spec) in &self.wish.packages {
            let Some(located) = self.wish.sources.get(package) else {
                asked.push(spec.requirement(package));
                continue;
            };
            if located.is_built() {
                note(&format!("building {}", spec.requirement(package)));
            }
            let own = scratch.join(package);
            store::create_folder(&own)?;
            asked.push(located.wheel(self.cache, self.uv, folder, &own).await?);
        }
        Ok(asked)
    }

    /// Installs the wish with as many of its extras as there are for it, and says which companions were applied.
    async fn install_with_extras(
        &self,
        python: &Path,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(Option<Companions>, Vec<String>), ProvisionFailure> {
        let all: Vec<String> = requirements_of(&self.wish.extras);
        let failure = match self.install(python, &all, note).await {
            Ok(companions) => return Ok((companions, Vec::new())),
            Err(failure) => failure,
        };
        if all.is_empty() || !failure.is_about_packages() {
            return Err(failure);
        }
        let (mut kept, mut left_out): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut companions = self.install(python, &kept, note).await?;
        for extra in all {
            kept.push(extra);
            match self.install(python, &kept, note).await {
                Ok(applied) => companions = applied,
                Err(failure) if failure.is_about_packages() => left_out.extend(kept.pop()),
                Err(failure) => return Err(failure),
            }
        }
        note(&format!(
            "made without {}: there is none for Python {} and what is declared; files that need it are not tried there",
            left_out.join(" and "),
            self.wish.python()
        ));
        Ok((companions, left_out))
    }

    /// Installs the wish and some extras, and says which companions were applied.
    async fn install(
        &self,
        python: &Path,
        extras: &[String],
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Option<Companions>, ProvisionFailure> {
        let version = self.scikit_learn(python).await?;
        let companions = version.as_deref().and_then(|version| Companions::of(version, &self.wish.packages));
        let mut bounds = companions.as_ref().map(|found| found.constraints.clone()).unwrap_or_default();
        if let (Some(version), true) = (&version, self.floats()) {
            // Bounds chosen for one version must not make the resolver prefer another one.
            bounds.push(format!("{SCIKIT_LEARN}=={version}"));
        }
        let mut requires = companions.as_ref().map(|found| found.requires.clone()).unwrap_or_default();
        requires.extend_from_slice(extras);
        let first = self.pip_install(python, &bounds, &requires).await;
        let (Err(failure), Some(companions)) = (&first, &companions) else {
            return first.map(|()| companions);
        };
        if companions.constraints.is_empty() || !failure.is_no_solution() {
            return first.map(|()| None);
        }
        // The declared packages may contradict the bounds; what was declared counts.
        let pinned: Vec<_> = bounds.split_off(companions.constraints.len());
        // Where that fails too, what it says is about the declared packages alone.
        self.pip_install(python, &pinned, &requires).await?;
        note(&format!(
            "the declared packages contradict the known-good companions of scikit-learn {}, which were left out",
            companions.minor
        ));
        Ok(None)
    }

    /// Installs what declared packages take for granted, and says what that is.
    async fn meet_needs(
        &self,
        folder: &Path,
        note: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<Need>, ProvisionFailure> {
        let mut met: Vec<Need> = Vec::new();
        // What was missing first may hide what is missing next.
        for _ in 0..MOST_ROUNDS {
            let mut packages = self.wish.packages.clone();
            packages.extend(self.wish.extras.clone());
            let found = needs::of(self.cache, &launch(folder), &packages).await;
            let new: Vec<Need> = found.into_iter().filter(|need| !met.contains(need)).collect();
            if new.is_empty() {
                break;
            }
            let requirements: Vec<String> = new.iter().map(|need| need.requirement.to_owned()).collect();
            note(&format!("installing {}, which {} needs", requirements.join(" and "), new[0].package));
            self.install_these(&python_of(folder), &[], &requirements).await?;
            met.extend(new);
        }
        Ok(met)
    }

    fn floats(&self) -> bool {
        self.wish.packages.get(SCIKIT_LEARN).is_some_and(VersionSpec::is_floating)
    }

    /// The scikit-learn version whose companions are wanted: as declared, else as the index resolves it now.
    async fn scikit_learn(&self, python: &Path) -> Result<Option<String>, ProvisionFailure> {
        match (self.wish.companions, self.wish.packages.get(SCIKIT_LEARN)) {
            (false, _) | (_, None) => Ok(None),
            (true, Some(VersionSpec::Exact(version))) => Ok(Some(version.clone())),
            (true, Some(_)) => {
                let scratch = self.cache.scratch("resolve")?;
                let input = scratch.path().join("requirements.in");
                store::write_atomic(&input, self.asked.join("\n").as_bytes())?;
                let compile = self
                    .uv
                    .command(self.cache, self.offline)
                    .args(["pip", "compile", "--quiet", "--no-header", "--no-annotate"])
                    .args(wheels_only(self.wish.build))
                    .args(indexes::arguments(&self.wish.indexes))
                    .args(["--python".as_ref(), python.as_os_str(), input.as_os_str()]);
                let compiled = self.run(&compile, &[]).await?;
                Ok(pinned_version(&compiled.stdout_text(), SCIKIT_LEARN))
            }
        }
    }

    async fn pip_install(
        &self,
        python: &Path,
        bounds: &[String],
        requires: &[String],
    ) -> Result<(), ProvisionFailure> {
        let requirements = [&self.asked[..], requires].concat();
        self.install_these(python, bounds, &requirements).await
    }

    async fn install_these(
        &self,
        python: &Path,
        bounds: &[String],
        requirements: &[String],
    ) -> Result<(), ProvisionFailure> {
        let scratch = self.cache.scratch("install")?;
        let constraints = scratch.path().join("constraints.txt");
        store::write_atomic(&constraints, bounds.join("\n").as_bytes())?;
        if requirements.is_empty() {
            return Ok(());
        }
        let install = self
            .uv
            .command(self.cache, self.offline)
            .args(["pip", "install"])
            .args(wheels_only(self.wish.build))
            .args(indexes::arguments(&self.wish.indexes))
            .args(["--link-mode", if self.wish.build { "copy" } else { "hardlink" }, "--constraint"])
            .args([constraints.as_os_str(), "--python".as_ref(), python.as_os_str(), "--".as_ref()])
            .args(requirements);
        if self.wish.build {
            let environment = python.parent().and_then(Path::parent).unwrap_or(python);
            let install = building::caged(install, self.uv.program(), environment, scratch.path())?;
            self.run(&install, bounds).await?;
        } else {
            self.run(&install, bounds).await?;
        }
        Ok(())
    }

    async fn run(&self, command: &Command, bounds: &[String]) -> Result<Captured, ProvisionFailure> {
        tracing::debug!(%command, "installer");
        let captured = process::capture(command, INSTALL_TIMEOUT).await?;
        if captured.status.success() {
            return Ok(captured);
        }
        let asked = Asked {
            python: self.wish.python(),
            requirements: self.wish.requirements(),
            companions: !bounds.is_empty(),
            offline: self.offline,
        };
        let failed = Speaker::Uv { offline: self.offline }.failed("uv", &captured);
        Err(ProvisionFailure::Task { task: Task::Install(asked), failed })
    }
}

/// The version that a resolution such as `numpy==2.1.3` in lines pins for a package.
fn pinned_version(resolution: &str, package: &str) -> Option<String> {
    resolution.lines().find_map(|line| {
        let (name, version) = line.split_once("==")?;
        let version = version.split([' ', ';', '\\']).next()?.trim();
        (name.trim() == package).then(|| version.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(packages: &[(&str, VersionSpec)]) -> Wish {
        Wish {
            interpreter: Interpreter {
                path: "/usr/bin/python3.11".into(),
                version: [3, 11, 7],
                prerelease: false,
                implementation: "CPython".to_owned(),
                bits: 64,
            },
            packages: packages.iter().map(|(name, version)| ((*name).to_owned(), version.clone())).collect(),
            extras: BTreeMap::new(),
            companions: true,
            sources: BTreeMap::new(),
            indexes: Vec::new(),
            build: false,
        }
    }

    #[test]
    fn keys_tell_apart_what_differs() {
        let exact = wish(&[("scikit-learn", VersionSpec::Exact("1.2.2".to_owned()))]);
        assert_eq!(exact.key(), exact.clone().key());
        assert!(!exact.is_floating());
        let minor = wish(&[("scikit-learn", VersionSpec::Minor("1.2".to_owned()))]);
        assert!(minor.is_floating());
        let bare = Wish { companions: false, ..exact.clone() };
        let mut other = exact.clone();
        other.interpreter.version = [3, 11, 9];
        for different in [minor, bare, other] {
            assert_ne!(exact.key(), different.key());
        }
    }

    #[test]
    fn resolutions_are_read() {
        let text = "joblib==1.5.3\nscikit-learn==1.8.0 ; extra\nscipy==1.17.1\n";
        assert_eq!(pinned_version(text, "scikit-learn").as_deref(), Some("1.8.0"));
        assert_eq!(pinned_version(text, "numpy"), None);
    }
}
