//! Programs of the system that shelflife needs, and installing them through apt where it may.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::{NotInstalled, ProvisionFailure};
use super::options::{Means, ToolConsent};
use super::told::Speaker;
use crate::process::{self, Captured, Command, ProcessError};

/// How long apt may take.
const APT_TIMEOUT: Duration = Duration::from_secs(1200);
const LOCK_TIMEOUT: Duration = Duration::from_secs(1800);
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program and the Debian package that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) program: &'static str,
    pub(super) package: &'static str,
}

pub(super) const MMDEBSTRAP: Tool = Tool { program: "mmdebstrap", package: "mmdebstrap" };
/// mmdebstrap asks it whether this machine can run the programs of another CPU.
pub(super) const ARCH_TEST: Tool = Tool { program: "arch-test", package: "arch-test" };
/// Trees of ordinary users need ranges of user ids.
pub(super) const NEWUIDMAP: Tool = Tool { program: "newuidmap", package: "uidmap" };
/// Starts the ranks of an MPI job.
pub(super) const OPEN_MPI: Tool = Tool { program: "mpirun", package: "openmpi-bin" };

/// The path of a program, also where the user's `PATH` leaves out the system's folders.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    which::which(program).ok().or_else(|| which::which_in(program, Some(SYSTEM_PATH), "/").ok())
}

/// What installers of the system see: the user's proxies, and a path that has the system's own programs.
pub(super) fn system_environment() -> std::collections::BTreeMap<String, String> {
    let mut env = process::base_environment();
    let path = env.get("PATH").map_or_else(String::new, |path| format!("{path}:"));
    env.insert("PATH".to_owned(), format!("{path}{SYSTEM_PATH}"));
    env.insert("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned());
    env
}

/// Whether this process is root.
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

/// What to put before a command that only root may run; `None` where nothing helps.
pub(super) async fn privilege() -> Option<Vec<String>> {
    if is_root() {
        return Some(Vec::new());
    }
    let sudo = find("sudo")?;
    let command = Command::new(&sudo, system_environment()).args(["-n", "true"]).cwd("/");
    let captured = process::capture(&command, Duration::from_secs(20)).await.ok()?;
    captured.status.success().then(|| vec![sudo.display().to_string(), "-n".to_owned()])
}

/// Runs a command with the system's environment.
pub(super) async fn run(words: &[String], input: &[u8], limit: Duration) -> Result<Captured, ProcessError> {
    let command = Command::from_prefix(words, system_environment())
        .unwrap_or_else(|| Command::new("true", Default::default()));
    process::capture_with_input(&command.cwd("/"), input, limit).await
}

/// Whether this machine is a container or a job of CI, where installing something surprises nobody.
fn is_disposable() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "false");
    ["CI", "container", "KUBERNETES_SERVICE_HOST"].into_iter().any(is_set)
        || ["/.dockerenv", "/run/.containerenv"].into_iter().any(has)
        || std::fs::read_to_string("/proc/1/cgroup").is_ok_and(|text| is_cgroup_of_container(&text))
}

fn is_cgroup_of_container(text: &str) -> bool {
    ["docker", "kubepods", "containerd", "libpod", "/lxc/"].iter().any(|word| text.contains(word))
}

/// Whether a person has to agree before something is installed.
pub(super) fn is_to_be_asked(consent: ToolConsent) -> bool {
    consent == ToolConsent::Unasked && !(is_root() && is_disposable())
}

/// What to put before a command that changes this machine; else why it must not be changed.
pub(super) async fn permission(consent: ToolConsent) -> Result<Vec<String>, NotInstalled> {
    let prefix = privilege().await.ok_or(NotInstalled::NoPrivilege)?;
    if is_to_be_asked(consent) { Err(NotInstalled::NotAllowed) } else { Ok(prefix) }
}

/// Finds programs, and installs the packages of those that are missing where that is allowed.
pub(super) async fn need(means: Means<'_>, tools: &[Tool]) -> Result<(), ProvisionFailure> {
    if missing(tools).is_empty() {
        return Ok(());
    }
    let _lock = means.cache.lock("tool-apt", LOCK_TIMEOUT).await?;
    let packages = missing(tools);
    if packages.is_empty() {
        return Ok(());
    }
    match install(means, &packages).await {
        Ok(()) if missing(tools).is_empty() => Ok(()),
        Ok(()) => Err(ProvisionFailure::NoTools { packages, why: NotInstalled::StillMissing }),
        Err(why) => Err(ProvisionFailure::NoTools { packages, why }),
    }
}

/// Installs Debian packages, after saying the command.
pub(super) async fn install(means: Means<'_>, packages: &[&'static str]) -> Result<(), NotInstalled> {
    if means.options.offline {
        return Err(NotInstalled::Offline);
    }
    if find("apt-get").is_none() {
        return Err(NotInstalled::NoApt);
    }
    let prefix = permission(means.options.install_tools).await?;
    let sudo = if prefix.is_empty() { "" } else { "sudo " };
    (means.note)(&format!("installing, once: {sudo}apt-get install -y {}", packages.join(" ")));
    apt_install(prefix, packages).await
}

/// The packages of those tools that are not here.
pub(super) fn missing(tools: &[Tool]) -> Vec<&'static str> {
    let mut packages: Vec<_> =
        tools.iter().filter(|tool| find(tool.program).is_none()).map(|tool| tool.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Installs Debian packages; the lists are fetched when the first try fails.
async fn apt_install(mut prefix: Vec<String>, packages: &[&str]) -> Result<(), NotInstalled> {
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"].map(str::to_owned));
    let install = [&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat();
    let mut why = NotInstalled::StillMissing;
    for args in [&install[..], &["update", "--quiet"], &install] {
        let words: Vec<String> =
            prefix.iter().cloned().chain(args.iter().map(|word| (*word).to_owned())).collect();
        match run(&words, &[], APT_TIMEOUT).await {
            Ok(captured) if captured.status.success() && args[0] == "install" => return Ok(()),
            Ok(captured) if captured.status.success() => {}
            Ok(captured) => why = NotInstalled::Failed(Speaker::Other.failed("apt-get", &captured)),
            Err(error) => why = NotInstalled::Process(error.into()),
        }
    }
    Err(why)
}

/// Whether a file is there; for packages that have no program.
pub(super) fn has(path: &str) -> bool {
    Path::new(path).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_the_cgroup_of_their_first_process() {
        assert!(is_cgroup_of_container("12:memory:/docker/0123abcd\n"));
        assert!(is_cgroup_of_container("0::/kubepods.slice/kubepods-burstable.slice/x\n"));
        assert!(!is_cgroup_of_container("0::/init.scope\n"));
    }
}
