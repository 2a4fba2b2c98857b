//! Images of docker or podman: one long-lived container for each live environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Note;
use super::emulator::{self, Cpu};
use super::failure::{FULL_DISK, ProvisionFailure, clean};
use super::launch::{Launch, Reach};
use super::{probe, tools};
use crate::matrix::{BuildSpec, ContainerSpec, ImageSource};
use crate::process::{self, Captured, Command};
use crate::store::CacheRoot;
use crate::vocab::{DigestBuilder, Lock, Runtime};

/// The engines in the order in which they are tried.
const ENGINES: &[&str] = &["docker", "podman"];
/// The label by which a container says which process it belongs to.
const OWNER: &str = "shelflife.owner";
/// The label of images that shelflife built.
const BUILT: &str = "shelflife.built=1";
const SHORT: Duration = Duration::from_secs(30);
const PULL: Duration = Duration::from_secs(3600);
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
    program: PathBuf,
    /// For people: `docker 24.0.5`.
    pub(super) name: String,
}

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Image {
    engine: Engine,
    /// Its digest; what it was called may change hands.
    id: String,
    platform: Option<String>,
}

impl Engine {
    fn command(&self) -> Command {
        let mut env = tools::system_environment();
        env.extend(client_variables());
        Command::new(&self.program, env).cwd("/")
    }

    async fn run(&self, words: &[&str], limit: Duration) -> Result<Captured, ProvisionFailure> {
        Ok(process::capture(&self.command().args(words), limit).await?)
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
    let mut reasons = Vec::new();
    for name in ENGINES {
        let Some(program) = tools::find(name) else {
            reasons.push(format!("{name} is not installed"));
            continue;
        };
        let format = if *name == "docker" { "{{.ServerVersion}}" } else { "{{.Version.Version}}" };
        let engine = Engine { program, name: (*name).to_owned() };
        match engine.run(&["info", "--format", format], SHORT).await {
            Ok(captured) if captured.status.success() && !captured.stdout_text().trim().is_empty() => {
                let name = format!("{name} {}", captured.stdout_text().trim());
                return Ok(Engine { name, ..engine });
            }
            Ok(captured) => {
                reasons.push(format!("{name} does not answer: {}", clean(&captured.stderr_text())))
            }
            Err(failure) => reasons.push(failure.reason),
        }
    }
    Err(ProvisionFailure::new(format!("no container engine answers: {}", reasons.join("; "))).remedy(
        "install docker or podman, start its daemon (`sudo systemctl start docker`), and see that you may use it \
         (`docker info`)",
    ))
}

/// The image of an environment: pulled or built where that is asked for, and of the wanted platform.
pub(super) async fn image(
    cache: &CacheRoot,
    engine: &Engine,
    spec: &ContainerSpec,
    offline: bool,
    note: Note<'_>,
) -> Result<Image, ProvisionFailure> {
    if let Some(cpu) = spec.platform.as_deref().and_then(Cpu::of_platform) {
        emulator::need(cache, cpu, offline, note).await?;
    }
    let platform = spec.platform.as_deref();
    let reference = match &spec.source {
        ImageSource::Image(image) => {
            if inspect(engine, image).await?.is_none() {
                pull(engine, image, platform, offline, note).await?;
            }
            image.clone()
        }
        ImageSource::Build(spec) => build(engine, spec, platform, note).await?,
    };
    let Some((id, found)) = inspect(engine, &reference).await? else {
        return Err(ProvisionFailure::new(format!("{} does not know the image {reference}", engine.name)));
    };
    if let Some(wanted) = platform
        && !fits(wanted, &found)
    {
        return Err(ProvisionFailure::new(format!("the image {reference} is for {found}, not for {wanted}"))
            .remedy(format!(
                "build or pull it with `--platform {wanted}`, or declare `platform = \"{found}\"`"
            )));
    }
    Ok(Image { engine: engine.clone(), id, platform: spec.platform.clone() })
}

/// Engines name variants now and then: `linux/arm64` and `linux/arm64/v8` are the same.
fn fits(wanted: &str, found: &str) -> bool {
    let both = |text: &str| text.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
    both(wanted) == both(found)
        && (wanted.matches('/').count() < 2 || found.matches('/').count() < 2 || wanted == found)
}

/// Digest and platform of an image that is here.
async fn inspect(engine: &Engine, image: &str) -> Result<Option<(String, String)>, ProvisionFailure> {
    let format = "{{.Id}} {{.Os}}/{{.Architecture}}{{with .Variant}}/{{.}}{{end}}";
    // podman has no field for the variant in older releases.
    for format in [format, "{{.Id}} {{.Os}}/{{.Architecture}}"] {
        let captured = engine.run(&["image", "inspect", "--format", format, image], SHORT).await?;
        let text = captured.stdout_text();
        if captured.status.success()
            && let Some((id, platform)) = text.trim().split_once(' ')
        {
            return Ok(Some((id.to_owned(), platform.to_owned())));
        }
    }
    Ok(None)
}

async fn pull(
    engine: &Engine,
    image: &str,
    platform: Option<&str>,
    offline: bool,
    note: Note<'_>,
) -> Result<(), ProvisionFailure> {
    let missing = format!("the image {image} is not here");
    if offline {
        return Err(
            ProvisionFailure::new(missing).remedy("run once without `--offline`, so that it is pulled")
        );
    }
    note(&format!("pulling the image {image}"));
    let words: Vec<&str> = ["pull", "--quiet"]
        .into_iter()
        .chain(platform.into_iter().flat_map(|p| ["--platform", p]))
        .chain([image])
        .collect();
    let captured = engine.run(&words, PULL).await?;
    if captured.status.success() {
        return Ok(());
    }
    let stderr = captured.stderr_text();
    let failure = ProvisionFailure::new(format!("{missing}, and it cannot be pulled: {}", clean(&stderr)));
    Err(if stderr.contains("no space left") {
        failure.remedy(FULL_DISK)
    } else {
        failure.remedy(format!(
            "check its name, log in to its registry, or build it here (`{} build -t {image} ...`)",
            engine.program.display()
        ))
    })
}

/// Builds an image; layers that the engine knows are not built again. An image that an earlier build of the same
/// thing gave, and that this one replaces, is removed when nobody has used it for a while.
async fn build(
    engine: &Engine,
    spec: &BuildSpec,
    platform: Option<&str>,
    note: Note<'_>,
) -> Result<String, ProvisionFailure> {
    let BuildSpec { context, dockerfile, target, network, args } = spec;
    let context = std::path::absolute(context)?;
    if !context.is_dir() {
        return Err(ProvisionFailure::new(format!(
            "the build's folder `{}` does not exist",
            context.display()
        ))
        .remedy("correct `context`: it is looked for relative to the matrix file"));
    }
    note(&format!("building an image in {}", context.display()));
    let mut words = vec!["build".to_owned(), "--quiet".to_owned()];
    if let Some(platform) = platform {
        words.extend(["--platform".to_owned(), platform.to_owned()]);
    }
    if let Some(dockerfile) = dockerfile {
        words.extend(["--file".to_owned(), context.join(dockerfile).display().to_string()]);
    }
    if let Some(target) = target {
        words.extend(["--target".to_owned(), target.clone()]);
    }
    for (name, value) in args {
        words.extend(["--build-arg".to_owned(), format!("{name}={value}")]);
    }
    // What was asked for gives the name, so that a changed Dockerfile replaces its image instead of adding one.
    let mut name = DigestBuilder::new("image-v1").text(platform.unwrap_or_default());
    for word in words.iter().chain([&context.display().to_string()]) {
        name = name.text(word);
    }
    let tag = format!("shelflife/{}", name.finish().short());
    words.extend(["--tag", &tag, "--label", BUILT].map(str::to_owned));
    if let Some(network) = network {
        words.extend(["--network".to_owned(), network.clone()]);
    }
    words.push(context.display().to_string());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let captured = engine.run(&words, PULL).await?;
    let id = captured.stdout_text().lines().last().unwrap_or_default().trim().to_owned();
    if captured.status.success() && !id.is_empty() {
        // Only what has lost its name; the hour spares an image that another run has just built and not yet started.
        let label = format!("label={BUILT}");
        let _ = engine
            .run(&["image", "prune", "--force", "--filter", &label, "--filter", "until=1h"], SHORT)
            .await;
        return Ok(id);
    }
    let stderr = captured.stderr_text();
    let failure = ProvisionFailure::new(format!(
        "cannot build an image in `{}`:\n{}",
        context.display(),
        clean(&stderr)
    ));
    Err(if stderr.contains("no space left") { failure.remedy(FULL_DISK) } else { failure })
}

/// How Python is started in an image, and its lock.
pub(super) async fn open(
    cache: &CacheRoot,
    image: Image,
    variables: &BTreeMap<String, String>,
) -> Result<(Lock, Launch), ProvisionFailure> {
    let base = format!("image {}", image.id);
    let (engine, id) = (image.engine.program.display().to_string(), image.id.clone());
    let launch = Launch::in_container(image.clone(), "python3");
    let (facts, launch) = match probe::probe(cache, &launch, variables).await {
        Ok(facts) => (facts, launch),
        Err(failure) => {
            let launch = Launch::in_container(image, "python");
            match probe::probe(cache, &launch, variables).await {
                Ok(facts) => (facts, launch),
                Err(_) => return Err(blame(failure, &engine, &id)),
            }
        }
    };
    let mut lock = facts.into_lock(Runtime::Container, variables.clone());
    lock.base = Some(base);
    Ok((lock, launch))
}

/// An engine that cannot start a container ends with 125 (its own trouble) or 126 (the program could not be started).
fn blame(failure: ProvisionFailure, engine: &str, image: &str) -> ProvisionFailure {
    let is_of_engine = ["status 125", "status 126"].iter().any(|status| failure.reason.contains(status));
    if !is_of_engine {
        return failure;
    }
    failure.remedy(format!(
        "the engine could not start a container: see what `{engine} run --rm --network none --cap-drop ALL {image} \
         python3 -V` says"
    ))
}

impl Image {
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

    use super::*;

    #[test]
    fn an_engine_that_starts_nothing_is_told_from_an_image_without_python() {
        let told = |reason: &str| {
            blame(ProvisionFailure::new(reason).remedy("install Python"), "/usr/bin/podman", "sha256:1")
                .remedy
        };
        let own =
            told("`python3` ended with status 126, and did not say what environment it is: Error: runc");
        assert!(own.is_some_and(|text| text.contains("`/usr/bin/podman run")));
        assert_eq!(told("`python3` ended with status 1").as_deref(), Some("install Python"));
    }

    #[test]
    fn platforms_may_name_a_variant_or_not() {
        assert!(fits("linux/386", "linux/386"));
        assert!(fits("linux/arm64", "linux/arm64/v8"));
        assert!(fits("linux/arm/v7", "linux/arm"));
        assert!(!fits("linux/arm/v7", "linux/arm/v6"));
        assert!(!fits("linux/386", "linux/amd64"));
    }

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
