//! The installer: finding uv, or fetching one into the cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{self, Captured, Command};
use crate::store::{self, Bucket, CacheRoot};

use super::failure::{NoUv, NotInstalled, PipTrouble, ProvisionFailure, Task, UvAttempt};
use super::interpreters::is_executable;
use super::options::Means;
use super::told::Speaker;
use super::tools;
use super::why::Why;

/// Oldest uv whose options are known to do.
pub(super) const OLDEST: (u32, u32) = (0, 4);
/// How long fetching tools may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(600);
const LOCK_TIMEOUT: Duration = Duration::from_secs(900);

/// A usable uv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uv {
    /// Its executable.
    pub path: PathBuf,
    /// Its version, for example `0.8.4`.
    pub version: String,
}

impl Uv {
    /// Its program.
    pub(super) fn program(&self) -> &Path {
        &self.path
    }

    /// A uv command with shelflife's cache, apart from any project that the working folder may belong to.
    pub(super) fn command(&self, cache: &CacheRoot, offline: bool) -> Command {
        let mut env = client_environment();
        for (name, value) in [
            ("UV_CACHE_DIR", cache.bucket(Bucket::Uv)),
            ("UV_PYTHON_INSTALL_DIR", super::interpreters::own_folder(cache)),
        ] {
            env.insert(name.to_owned(), value.to_string_lossy().into_owned());
        }
        for (name, value) in [
            ("UV_NO_PROGRESS", "1"),
            ("NO_COLOR", "1"),
            ("UV_PYTHON_DOWNLOADS", "never"),
            // Fetched interpreters must not appear in the user's ~/.local/bin.
            ("UV_PYTHON_INSTALL_BIN", "0"),
        ] {
            env.insert(name.to_owned(), value.to_owned());
        }
        if offline {
            env.insert("UV_OFFLINE".to_owned(), "1".to_owned());
        }
        Command::new(&self.path, env).cwd(cache.bucket(Bucket::Environments))
    }

    /// Has uv forget what it keeps of packages: a file of theirs is damaged, and environments share it with the cache.
    pub(super) async fn forget(
        &self,
        cache: &CacheRoot,
        packages: &[String],
    ) -> Result<(), ProvisionFailure> {
        if packages.is_empty() {
            return Ok(());
        }
        let command = self.command(cache, true).args(["cache", "clean"]).args(packages);
        let captured = process::capture(&command, FETCH_TIMEOUT).await?;
        match captured.status.success() {
            true => Ok(()),
            false => Err(ProvisionFailure::Task {
                task: Task::CleanCache,
                failed: Speaker::Uv { offline: true }.failed("uv", &captured),
            }),
        }
    }
}

/// What keeps an installer from running the code of a package before anybody has looked at it: only wheels are taken,
/// unless building was allowed.
pub(super) fn wheels_only(build: bool) -> &'static [&'static str] {
    if build { &[] } else { &["--only-binary", ":all:"] }
}

/// What uv and pip see: the user's own settings about indexes, without what would redirect an installation.
fn client_environment() -> BTreeMap<String, String> {
    let mut env = process::base_environment();
    let redirecting = [
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_MANAGED_PYTHON",
        "UV_PYTHON_PREFERENCE",
        "UV_REQUIRE_HASHES",
        "UV_NO_BINARY",
        "UV_PROJECT_ENVIRONMENT",
        "UV_LINK_MODE",
        "PIP_USER",
        "PIP_TARGET",
        "PIP_PREFIX",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_NO_BINARY",
    ];
    for name in redirecting {
        env.remove(name);
    }
    // uv does not read pip's settings; who set an index for pip means it for uv too.
    for (pip, uv, others) in [
        ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"),
        ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX"),
    ] {
        if let Some(value) = env.get(pip).cloned()
            && !env.contains_key(others)
        {
            env.entry(uv.to_owned()).or_insert(value);
        }
    }
    env
}

/// Finds a recent enough uv on this machine or in the cache; starts nothing but `uv --version`.
pub(super) async fn find(cache: &CacheRoot) -> Option<Uv> {
    for path in candidates(cache) {
        if let Some(uv) = version_of(&path).await {
            return Some(uv);
        }
    }
    None
}

fn candidates(cache: &CacheRoot) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = which::which_all("uv").map(Iterator::collect).unwrap_or_default();
    if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
        paths.extend([".cargo/bin/uv", ".local/bin/uv"].map(|path| home.join(path)));
    }
    paths.push(own_folder(cache).join("bin/uv"));
    paths.retain(|path| is_executable(path));
    paths
}

fn own_folder(cache: &CacheRoot) -> PathBuf {
    cache.bucket(Bucket::Tools).join("uv")
}

async fn version_of(path: &Path) -> Option<Uv> {
    let command = Command::new(path, process::base_environment()).args(["--version"]).cwd("/");
    let ask = || process::capture(&command, Duration::from_secs(20));
    let mut captured = ask().await.ok()?;
    // One that was killed is not missing.
    if captured.status.signal.is_some() {
        captured = ask().await.ok()?;
    }
    let version = recent_version(&captured.stdout_text())?;
    Some(Uv { path: path.to_owned(), version })
}

/// The version in `uv 0.8.4 (abc 2026-01-01)`, where it is recent enough.
fn recent_version(text: &str) -> Option<String> {
    let version = text.strip_prefix("uv ")?.split_whitespace().next()?;
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next()??, numbers.next()??);
    ((major, minor) >= OLDEST).then(|| version.to_owned())
}

/// Finds uv or fetches it once into the cache.
pub(super) async fn find_or_fetch(means: Means<'_>) -> Result<Uv, ProvisionFailure> {
    let cache = means.cache;
    if let Some(uv) = find(cache).await {
        return Ok(uv);
    }
    if means.options.offline {
        return Err(ProvisionFailure::NoUv(NoUv::Offline));
    }
    let _lock = cache.lock("tool-uv", LOCK_TIMEOUT).await?;
    if let Some(uv) = find(cache).await {
        return Ok(uv);
    }
    (means.note)("fetching uv, the package installer, into shelflife's cache");
    let mut attempts = Vec::new();
    if let Some(uv) = fetch_with_any_python(cache, &mut attempts).await? {
        return Ok(uv);
    }
    // On Debian and its relatives Python comes without pip.
    match tools::install(means, &["python3-pip", "python3-venv"]).await {
        Ok(()) => {
            if let Some(uv) = fetch_with_any_python(cache, &mut attempts).await? {
                return Ok(uv);
            }
        }
        Err(NotInstalled::NoApt) => {}
        Err(why) => attempts.push(UvAttempt::NoPip(why)),
    }
    Err(ProvisionFailure::NoUv(NoUv::Failed(attempts)))
}

async fn fetch_with_any_python(
    cache: &CacheRoot,
    attempts: &mut Vec<UvAttempt>,
) -> Result<Option<Uv>, ProvisionFailure> {
    let mut pythons: Vec<PathBuf> =
        ["python3", "python"].into_iter().filter_map(|name| which::which(name).ok()).collect();
    pythons.push("/usr/bin/python3".into());
    pythons.retain(|path| is_executable(path));
    pythons.dedup();
    if pythons.is_empty() {
        attempts.push(UvAttempt::NoPython);
    }
    for python in pythons {
        match fetch_with(cache, &python).await? {
            Ok(uv) => return Ok(Some(uv)),
            Err(why) => attempts.push(UvAttempt::Pip { python, why }),
        }
    }
    Ok(None)
}

/// Fetches uv with the pip of one Python, or with that of a virtual environment of it. The inner error is the
/// reason why this Python does not do.
async fn fetch_with(cache: &CacheRoot, python: &Path) -> Result<Result<Uv, PipTrouble>, ProvisionFailure> {
    let scratch = cache.scratch("uv")?;
    let target = scratch.path().join("target");
    let mut tried = pip_install(python, &target).await;
    if let Err(PipTrouble::Failed(failed)) = &tried
        && failed.why == Why::NoPip
    {
        let venv = scratch.path().join("venv");
        let made = run(python, vec!["-m", "venv", &venv.to_string_lossy()]).await;
        tried = match made {
            Ok(_) => pip_install(&venv.join("bin/python"), &target).await,
            Err(why) => Err(PipTrouble::NoVenv(Box::new(why))),
        };
    }
    if let Err(why) = tried {
        return Ok(Err(why));
    }
    store::remove_folder(&own_folder(cache))?;
    store::rename(&target, &own_folder(cache))?;
    Ok(version_of(&own_folder(cache).join("bin/uv")).await.ok_or(PipTrouble::DoesNotStart))
}

async fn pip_install(python: &Path, target: &Path) -> Result<Captured, PipTrouble> {
    let target = target.to_string_lossy();
    let [quiet, wheels] = [["--quiet", "--no-input"], ["--only-binary", ":all:"]];
    run(python, [&["-m", "pip", "install"], &quiet[..], &wheels, &["--target", &target, "uv>=0.4"]].concat())
        .await
}

async fn run(program: &Path, args: Vec<&str>) -> Result<Captured, PipTrouble> {
    let command = Command::new(program, client_environment()).args(args).cwd("/");
    match process::capture(&command, FETCH_TIMEOUT).await {
        Ok(captured) if captured.status.success() => Ok(captured),
        Ok(captured) => Err(PipTrouble::Failed(Speaker::Pip.failed("pip", &captured))),
        Err(error) => Err(PipTrouble::Process(error.into())),
    }
}

impl UvAttempt {
    /// Whether it ended because a disk was full.
    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Pip { why: PipTrouble::Failed(failed), .. } | Self::NoPip(NotInstalled::Failed(failed)) => {
                failed.why == Why::FullDisk
            }
            Self::Pip { why: PipTrouble::NoVenv(why), .. } => {
                matches!(&**why, PipTrouble::Failed(failed) if failed.why == Why::FullDisk)
            }
            Self::NoPython | Self::Pip { .. } | Self::NoPip(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_installers_are_refused() {
        assert_eq!(recent_version("uv 0.13.8 (x86_64-unknown-linux-gnu)\n").as_deref(), Some("0.13.8"));
        assert_eq!(recent_version("uv 1.0.0\n").as_deref(), Some("1.0.0"));
        for text in ["uv 0.3.9", "uv", "", "libuv 1.2", "uv x.y"] {
            assert_eq!(recent_version(text), None, "{text}");
        }
    }
}
