//! Engines of containers: docker or podman, how a container of an image is started, and taking back those that were
//! left behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::failure::{EngineTrouble, ProvisionFailure, SilentEngine};
use super::reach::{Reach, profile};
use super::told::Speaker;
use super::tools;
use super::why::ProgramFailure;
use crate::process::{self, Captured, Command, ProcessError};

/// The engines in the order in which they are tried.
const ENGINES: &[&str] = &["docker", "podman"];
/// The label by which a container says which process it belongs to.
const OWNER: &str = "shelflife.owner";
pub(super) const SHORT: Duration = Duration::from_secs(30);
/// Processes of one container: the interpreter, its children, and what they start.
const PROCESSES: &str = "1024";
/// Variables by which an engine's client finds its daemon.
const CLIENT: &[&str] = &[
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "XDG_RUNTIME_DIR",
];

/// An engine that answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Engine {
    pub(super) program: PathBuf,
    /// For people: `docker 24.0.5`.
    pub(super) name: String,
}

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) engine: Engine,
    /// Its digest; what it was called may change hands.
    pub(super) id: String,
    pub(super) platform: Option<String>,
}

impl Engine {
    fn command(&self) -> Command {
        let mut env = tools::system_environment();
        env.extend(client_variables());
        Command::new(&self.program, env).cwd("/")
    }

    pub(super) async fn run(&self, words: &[&str], limit: Duration) -> Result<Captured, ProcessError> {
        process::capture(&self.command().args(words), limit).await
    }

    /// How its client failed.
    pub(super) fn failed(&self, captured: &Captured) -> Box<ProgramFailure> {
        Speaker::Engine.failed(&self.name, captured)
    }

    fn is_podman(&self) -> bool {
        self.name.starts_with("podman")
    }
}

fn client_variables() -> BTreeMap<String, String> {
    CLIENT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}

/// The first engine that answers, or why none does.
pub(super) async fn engine() -> Result<Engine, ProvisionFailure> {
    let mut silent = Vec::new();
    for &name in ENGINES {
        let Some(program) = tools::find(name) else {
            silent.push(SilentEngine { name, why: EngineTrouble::NotInstalled });
            continue;
        };
        let format = if name == "docker" { "{{.ServerVersion}}" } else { "{{.Version.Version}}" };
        let engine = Engine { program, name: name.to_owned() };
        let why = match engine.run(&["info", "--format", format], SHORT).await {
            Ok(captured) if captured.status.success() && !captured.stdout_text().trim().is_empty() => {
                let name = format!("{name} {}", captured.stdout_text().trim());
                return Ok(Engine { name, ..engine });
            }
            Ok(captured) => EngineTrouble::Silent(engine.failed(&captured)),
            Err(error) => EngineTrouble::Process(error.into()),
        };
        silent.push(SilentEngine { name, why });
    }
    Err(ProvisionFailure::NoEngine(silent))
}

impl Image {
    /// What a person types to start something in it.
    pub(super) fn by_hand(&self) -> Vec<String> {
        let mut words = vec![self.engine.name.clone(), "run".to_owned(), "--rm".to_owned(), "-it".to_owned()];
        words.extend(self.platform.iter().map(|platform| format!("--platform={platform}")));
        words.push(self.id.clone());
        words
    }

    /// The engine's arguments that start a container and attach to it. It goes when its input is closed, and so when
    /// whoever started it goes.
    pub(super) fn argv(&self, reach: &Reach<'_>) -> Vec<String> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut argv = vec!["env".to_owned()];
        argv.extend(client_variables().iter().map(|(name, value)| format!("{name}={value}")));
        if let Ok(home) = std::env::var("HOME") {
            argv.push(format!("HOME={home}"));
        }
        argv.push(self.engine.program.display().to_string());
        let name = format!("shelflife-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let owner = format!("{OWNER}={}", *OWN);
        let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
        add(&["run", "--interactive", "--rm", "--pull", "never", "--network", "none", "--read-only"]);
        add(&[
            "--name",
            &name,
            "--label",
            &owner,
            "--cap-drop",
            "ALL",
            "--security-opt",
            "no-new-privileges",
        ]);
        // The cages of cells are made of namespaces, which the engine's own rules forbid to everybody in a container;
        // what those rules keep from it otherwise, ours do.
        add(&["--security-opt", &format!("seccomp={}", profile(reach.scratch).display())]);
        if self.engine.is_podman() {
            add(&["--security-opt", "unmask=ALL"]);
        } else {
            add(&["--security-opt", "systempaths=unconfined", "--security-opt", "apparmor=unconfined"]);
        }
        if tools::is_root() {
            // Whoever is root outside may stand for itself in a namespace of users only with this power (Linux 5.12);
            // cells have none.
            add(&["--cap-add", "SETFCAP"]);
        }
        add(&["--pids-limit", PROCESSES, "--ulimit", "core=0", "--tmpfs", "/tmp"]);
        if let Some(platform) = &self.platform {
            add(&["--platform", platform]);
        }
        if let Some(bytes) = reach.memory_bytes {
            add(&["--memory", &bytes.to_string()]);
        }
        let (objects, scratch) = (reach.objects.display(), reach.scratch.display());
        add(&[
            "--volume",
            &format!("{objects}:{objects}:ro"),
            "--volume",
            &format!("{scratch}:{scratch}:rw"),
        ]);
        add(&["--workdir", &scratch.to_string()]);
        if !self.engine.is_podman() {
            // podman's own init is a package that Debian only recommends; without one, orphans stay until the
            // container ends.
            add(&["--init"]);
        }
        if self.engine.is_podman() && !tools::is_root() {
            add(&["--userns", "keep-id"]);
        } else if let Some((user, group)) = ids() {
            add(&["--user", &format!("{user}:{group}")]);
        }
        for (name, value) in reach.variables.iter().filter(|(name, _)| *name != "PATH") {
            add(&["--env", &format!("{name}={value}")]);
        }
        add(&["--entrypoint", "", &self.id]);
        argv
    }
}

/// Ids of this process's user and group.
fn ids() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt as _;
    let data = std::fs::metadata("/proc/self").ok()?;
    Some((data.uid(), data.gid()))
}

/// This process, told apart from every other one that this machine ran or runs.
static OWN: LazyLock<String> = LazyLock::new(|| identity(std::process::id()).unwrap_or_default());

/// Boot, process namespace, number and starting time of a process; `None` where there is no such process.
fn identity(process: u32) -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may hold anything: the state is the first field, the starting time the twentieth.
    let started = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_owned();
    Some(format!("{}/{}/{process}/{started}", boot.trim(), namespace.display()))
}

/// Whether the process that a container belongs to is surely gone.
fn is_orphan(owner: &str) -> bool {
    let mut parts = owner.rsplitn(3, '/');
    let (_, process, place) = (parts.next(), parts.next(), parts.next());
    let Some(process) = process.and_then(|text| text.parse().ok()) else { return false };
    let own_place = OWN.rsplitn(3, '/').nth(2);
    // Of another boot: nothing of it lives. Of another namespace: it cannot be seen from here.
    let (boot, own_boot) = (place.and_then(|p| p.split_once('/')), own_place.and_then(|p| p.split_once('/')));
    match (boot, own_boot) {
        (Some((boot, _)), Some((own, _))) if boot != own => true,
        (Some(place), Some(own)) if place == own => identity(process).as_deref() != Some(owner),
        _ => false,
    }
}

/// Removes containers whose owners were killed, or with `own` those of this process.
pub(super) async fn sweep(engine: &Engine, own: bool) {
    let format = format!("{{{{.ID}}}} {{{{.Label \"{OWNER}\"}}}}");
    let filter = format!("label={OWNER}");
    let listed = engine.run(&["ps", "--all", "--filter", &filter, "--format", &format], SHORT).await;
    let Ok(listed) = listed else { return };
    for line in listed.stdout_text().lines() {
        let Some((id, owner)) = line.trim().split_once(' ') else { continue };
        if (own && owner == *OWN) || is_orphan(owner) {
            tracing::info!(id, "removing a container that was left behind");
            let _ = engine.run(&["rm", "--force", id], SHORT).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::reach::Room;
    use super::*;

    #[test]
    fn only_containers_of_the_dead_are_orphans() {
        assert!(!is_orphan(&OWN));
        let own = OWN.clone();
        let (rest, started) = own.rsplit_once('/').unwrap();
        assert!(is_orphan(&format!("{rest}/{started}9")), "the number was given to another process");
        assert!(is_orphan(&format!("another-boot/pid:[1]/1/{started}")));
        let boot = own.split('/').next().unwrap();
        assert!(!is_orphan(&format!("{boot}/pid:[1]/1/1")), "of a namespace that cannot be seen");
        assert!(!is_orphan("nonsense"));
    }

    #[test]
    fn a_container_is_caged_and_named() {
        let engine = Engine { program: "/usr/bin/docker".into(), name: "docker 1".to_owned() };
        let image = Image { engine, id: "sha256:1".to_owned(), platform: Some("linux/386".to_owned()) };
        let variables = BTreeMap::from([("OMP_NUM_THREADS".to_owned(), "1".to_owned())]);
        let reach = Reach {
            scratch: Path::new("/c/s"),
            objects: Path::new("/c/o"),
            memory_bytes: Some(7),
            variables: &variables,
            room: Room::Cells,
            device: false,
        };
        let text = image.argv(&reach).join(" ");
        for part in [
            "--network none",
            "--read-only",
            "--rm",
            "--name shelflife-",
            "--memory 7",
            "--volume /c/o:/c/o:ro",
            "--volume /c/s:/c/s:rw",
            "--platform linux/386",
            "--env OMP_NUM_THREADS=1",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
