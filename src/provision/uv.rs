//! The installer: finding uv, or fetching one into the cache.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::{self, Captured, Command};
use crate::store::{self, Bucket, CacheRoot};

use super::failure::{ProvisionFailure, clean};
use super::interpreters::is_executable;
use super::tools;

/// Oldest uv whose options are known to do.
const OLDEST: (u32, u32) = (0, 4);
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
    let captured = process::capture(&command, Duration::from_secs(20)).await.ok()?;
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
pub(super) async fn find_or_fetch(
    cache: &CacheRoot,
    offline: bool,
    note: &(dyn Fn(&str) + Send + Sync),
) -> Result<Uv, ProvisionFailure> {
    if let Some(uv) = find(cache).await {
        return Ok(uv);
    }
    let missing =
        ProvisionFailure::new(format!("there is no uv {}.{} or later on this machine", OLDEST.0, OLDEST.1));
    if offline {
        return Err(missing.remedy("install uv (`pip install uv`), or run once without `--offline`"));
    }
    let _lock = cache.lock("tool-uv", LOCK_TIMEOUT).await?;
    if let Some(uv) = find(cache).await {
        return Ok(uv);
    }
    note("fetching uv, the package installer, into shelflife's cache");
    let mut reasons = Vec::new();
    if let Some(uv) = fetch_with_any_python(cache, &mut reasons).await? {
        return Ok(uv);
    }
    if install_pip_with_apt(note, &mut reasons).await
        && let Some(uv) = fetch_with_any_python(cache, &mut reasons).await?
    {
        return Ok(uv);
    }
    reasons.dedup();
    let reason = format!("{}, and it could not be fetched:\n{}", missing.reason, reasons.join("\n"));
    Err(ProvisionFailure::new(reason)
        .remedy("install it by hand: `pip install uv`, `pipx install uv` or `brew install uv`"))
}

async fn fetch_with_any_python(
    cache: &CacheRoot,
    reasons: &mut Vec<String>,
) -> Result<Option<Uv>, ProvisionFailure> {
    let mut pythons: Vec<PathBuf> =
        ["python3", "python"].into_iter().filter_map(|name| which::which(name).ok()).collect();
    pythons.push("/usr/bin/python3".into());
    pythons.retain(|path| is_executable(path));
    pythons.dedup();
    if pythons.is_empty() {
        reasons.push("no python3 on PATH whose pip could fetch it".to_owned());
    }
    for python in pythons {
        match fetch_with(cache, &python).await? {
            Ok(uv) => return Ok(Some(uv)),
            Err(reason) => reasons.push(format!("{}: {reason}", python.display())),
        }
    }
    Ok(None)
}

/// Fetches uv with the pip of one Python, or with that of a virtual environment of it. The inner error is the
/// reason why this Python does not do.
async fn fetch_with(cache: &CacheRoot, python: &Path) -> Result<Result<Uv, String>, ProvisionFailure> {
    let scratch = cache.scratch("uv")?;
    let target = scratch.path().join("target");
    let mut tried = pip_install(python, &target).await;
    if let Err(reason) = &tried
        && reason.contains("No module named pip")
    {
        let venv = scratch.path().join("venv");
        let made = run(python, ["-m", "venv", &venv.to_string_lossy()]).await;
        tried = match made {
            Ok(_) => pip_install(&venv.join("bin/python"), &target).await,
            Err(reason) => {
                Err(format!("it has no pip, and no virtual environment can be made with it: {reason}"))
            }
        };
    }
    if let Err(reason) = tried {
        return Ok(Err(reason));
    }
    store::remove_folder(&own_folder(cache))?;
    store::rename(&target, &own_folder(cache))?;
    Ok(version_of(&own_folder(cache).join("bin/uv"))
        .await
        .ok_or_else(|| "the fetched uv does not start".to_owned()))
}

async fn pip_install(python: &Path, target: &Path) -> Result<Captured, String> {
    let target = target.to_string_lossy();
    run(
        python,
        [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--only-binary",
            ":all:",
            "--target",
            &target,
            "uv>=0.4",
        ],
    )
    .await
}

async fn run<const N: usize>(program: &Path, args: [&str; N]) -> Result<Captured, String> {
    let command = Command::new(program, client_environment()).args(args).cwd("/");
    match process::capture(&command, FETCH_TIMEOUT).await {
        Ok(captured) if captured.status.success() => Ok(captured),
        Ok(captured) => Err(clean(&(captured.stdout_text() + &captured.stderr_text()))),
        Err(error) => Err(error.to_string()),
    }
}

/// On Debian and its relatives Python comes without pip. With the right to do so, installs it.
async fn install_pip_with_apt(note: &(dyn Fn(&str) + Send + Sync), reasons: &mut Vec<String>) -> bool {
    if tools::find("apt-get").is_none() {
        return false;
    }
    let Some(prefix) = tools::privilege().await else {
        reasons
            .push("`sudo apt-get install python3-pip python3-venv` would give this Python a pip".to_owned());
        return false;
    };
    note("this Python has no pip: running apt-get install python3-pip python3-venv");
    match tools::apt_install(prefix, &["python3-pip", "python3-venv"]).await {
        Ok(()) => true,
        Err(reason) => {
            reasons.push(reason);
            false
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
