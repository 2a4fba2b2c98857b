//! Debian trees: made once by mmdebstrap, entered in a cage.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::companions::{self, Companions};
use super::debian;
use super::emulator::{self, Cpu};
use super::failure::{ProvisionFailure, Task};
use super::folder::{self, Ready, Unfinished};
use super::launch::Launch;
use super::options::Means;
use super::reach::{base, prepare_scratch};
use super::told::Speaker;
use super::tools::{self, ARCH_TEST, MMDEBSTRAP, NEWUIDMAP, Tool};
use super::{probe, sandbox};
use crate::cage::{self, Bind, CagePlan};
use crate::matrix::{RootfsSpec, VersionSpec, is_moving};
use crate::process::{self, Captured, Command};
use crate::store::{self, CacheRoot};
use crate::vocab::{Digest, DigestBuilder, Lock, Runtime};

/// Emulated trees take tens of minutes on a slow machine.
const MAKE_TIMEOUT: Duration = Duration::from_secs(3 * 3600);
/// How often people hear that a tree is still being made.
const STILL: Duration = Duration::from_secs(30);
/// Where the bounds of pip stand inside a tree.
const BOUNDS: &str = "/tmp/constraints.txt";
const CERTIFICATES: &str = "/tmp/certificates.pem";
/// What nobody reads in a tree that only runs Python.
const UNREAD: &[&str] =
    &["/usr/include/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/man/*"];

/// A tree to be made or found.
#[derive(Clone, Debug)]
pub(super) struct Tree<'a> {
    pub(super) spec: &'a RootfsSpec,
    pub(super) packages: &'a BTreeMap<String, VersionSpec>,
}

impl Tree<'_> {
    /// Equal trees share a folder.
    pub(super) fn key(&self) -> Digest {
        let RootfsSpec { suite, arch, debian, mirror } = self.spec;
        let mut key = DigestBuilder::new("rootfs-v1").text(suite).text(arch);
        for word in debian {
            key = key.text("debian").text(word);
        }
        for requirement in self.requirements() {
            key = key.text("pip").text(&requirement);
        }
        if self.companions().is_some() {
            key = key.digest(&companions::table_digest());
        }
        key.text(mirror.as_deref().unwrap_or("")).finish()
    }

    fn requirements(&self) -> Vec<String> {
        self.packages.iter().map(|(name, version)| version.requirement(name)).collect()
    }

    /// Of a declared scikit-learn; Debian's own comes with Debian's own companions.
    fn companions(&self) -> Option<Companions> {
        let version = match self.packages.get("scikit-learn")? {
            VersionSpec::Exact(version) | VersionSpec::Minor(version) => version,
            VersionSpec::Latest
            | VersionSpec::PreRelease
            | VersionSpec::Specifier(_)
            | VersionSpec::Proved(_)
            | VersionSpec::Source(_)
            | VersionSpec::Companion => return None,
        };
        Companions::of(version, self.packages)
    }

    /// For people: `bookworm i386`.
    fn what(&self) -> String {
        format!("{} {}", self.spec.suite, self.spec.arch)
    }

    fn debian_packages(&self) -> Vec<String> {
        let own = if self.packages.is_empty() { debian::PACKAGES } else { debian::PIP_PACKAGES };
        own.iter().map(|name| (*name).to_owned()).chain(self.spec.debian.iter().cloned()).collect()
    }

    /// The programs that it takes to make and run it, or only to run it.
    pub(super) fn tools(&self, made: bool) -> Vec<Tool> {
        let emulated = Cpu::of(&self.spec.arch).filter(|cpu| !cpu.is_native() && !cpu.is_registered());
        let own = if made { Vec::new() } else { makers() };
        own.into_iter().chain(emulated.map(Cpu::emulator)).collect()
    }

    fn cpu(&self) -> Result<&'static Cpu, ProvisionFailure> {
        Cpu::of(&self.spec.arch).ok_or_else(|| ProvisionFailure::UnknownCpu {
            arch: self.spec.arch.clone(),
            known: emulator::CPUS.iter().map(|cpu| cpu.arch).collect(),
        })
    }
}

/// The tree's root in the folder of an environment.
pub(super) fn root_of(folder: &Path) -> PathBuf {
    folder.join("root")
}

/// What running in a tree needs: a cage, and the CPU.
pub(super) async fn need(means: Means<'_>, tree: &Tree<'_>) -> Result<(), ProvisionFailure> {
    let allowed = means.cage().await?;
    if allowed.door.is_none() {
        return Err(ProvisionFailure::NoCage(allowed.refusal.clone().unwrap_or_default()));
    }
    emulator::need(means, tree.cpu()?).await
}

/// What making a tree needs.
pub(super) fn makers() -> Vec<Tool> {
    let root_needs_no = (!tools::is_root()).then_some(NEWUIDMAP);
    [MMDEBSTRAP, ARCH_TEST].into_iter().chain(root_needs_no).collect()
}

/// How Python is started in a complete tree.
pub(super) fn launch(cache: &CacheRoot, tree: &Tree<'_>, folder: &Path) -> Result<Launch, ProvisionFailure> {
    let root = root_of(folder);
    if let Some(taken) = sandbox::collision(&root, cache.path()) {
        return Err(ProvisionFailure::CacheInTree(taken));
    }
    // Else the kernel would call the machine x86_64 in there, and so would Python.
    let linux32 = if tree.cpu()?.linux32 { tools::find("linux32") } else { None };
    Ok(Launch::in_tree(root, linux32))
}

/// Makes a tree in a new folder. The caller holds the lock of its key. Whatever ends this early leaves no complete
/// folder behind, and the next one who wants the tree removes what is left.
pub(super) async fn make(means: Means<'_>, tree: &Tree<'_>) -> Result<PathBuf, ProvisionFailure> {
    let Means { cache, options, note } = means;
    if options.offline {
        return Err(ProvisionFailure::TreeOffline(tree.what()));
    }
    let root_user = tools::is_root();
    tools::need(means, &makers()).await?;
    let made = Timestamp::now();
    let started = Instant::now();
    let folder = folder::free_folder(cache, &tree.key(), made);
    let mut unfinished = Unfinished(Some(folder.clone()));
    store::create_folder(&folder)?;
    let root = root_of(&folder);
    let what = tree.what();
    let emulated = if tree.cpu()?.is_native() { "" } else { ", emulated" };
    note(&format!(
        "making the Debian tree {what} with mmdebstrap (once; about 0.7 GB and some minutes{emulated})"
    ));
    let working = bootstrap(cache, tree, &root, root_user);
    tokio::pin!(working);
    loop {
        tokio::select! {
            done = &mut working => {
                done?;
                break;
            }
            () = tokio::time::sleep(STILL) => {
                note(&format!("still making {what}: {} s", started.elapsed().as_secs()));
            }
        }
    }
    if !tree.packages.is_empty() {
        install(cache, tree, &root).await?;
    }
    let launch = launch(cache, tree, &folder)?;
    let mut lock = ask(cache, tree, &folder, &launch, &BTreeMap::new()).await?;
    if let Some(companions) = tree.companions() {
        lock.companions = companions.described(&lock.packages);
    }
    let ready = Ready {
        made,
        python: lock.python.clone(),
        interpreter: root.strip_prefix(&folder).unwrap_or(&root).join("usr/bin/python3"),
        requirements: std::iter::once(format!("debian {what}")).chain(tree.requirements()).collect(),
        companions: lock.companions.clone(),
        packages: lock.packages.clone(),
        contents: Vec::new(),
        sites: Vec::new(),
    };
    folder::write_lock(&folder, &lock)?;
    let bytes = serde_json::to_vec_pretty(&ready).map_err(std::io::Error::from)?;
    store::write_atomic(&folder.join(folder::READY), &bytes)?;
    unfinished.0 = None;
    note(&format!("made {what} in {} s", started.elapsed().as_secs()));
    Ok(folder)
}

/// Runs mmdebstrap. Root gets the tree directly; for others it arrives as an archive and is unpacked, so that its
/// files are theirs and can be removed again.
async fn bootstrap(
    cache: &CacheRoot,
    tree: &Tree<'_>,
    root: &Path,
    root_user: bool,
) -> Result<(), ProvisionFailure> {
    let Some(mirror) = tree.spec.mirror.clone().or_else(debian::mirror) else {
        return Err(ProvisionFailure::NoMirror);
    };
    let suite = &tree.spec.suite;
    let scratch = cache.scratch("tree")?;
    let archive = scratch.path().join("tree.tar");
    let mut args = vec![
        "--variant=minbase".to_owned(),
        format!("--architectures={}", tree.spec.arch),
        format!("--mode={}", if root_user { "root" } else { "unshare" }),
        format!("--include={}", tree.debian_packages().join(",")),
        "--aptopt=Acquire::Retries \"3\"".to_owned(),
    ];
    args.extend(UNREAD.iter().map(|pattern| format!("--dpkgopt=path-exclude={pattern}")));
    if is_moving(suite) {
        args.push("--aptopt=Acquire::Check-Valid-Until \"false\"".to_owned());
    }
    args.push(suite.clone());
    args.push((if root_user { root } else { archive.as_path() }).display().to_string());
    args.push(format!("deb {mirror} {suite} main"));
    let program = tools::find(MMDEBSTRAP.program).ok_or(ProvisionFailure::ToolGone("mmdebstrap"))?;
    let made = run(&Command::new(program, tools::system_environment()).args(args).cwd("/")).await?;
    let failure = |program: &str, captured: &Captured| ProvisionFailure::Task {
        task: Task::MakeTree { tree: tree.what(), mirror: mirror.clone() },
        failed: Speaker::Mmdebstrap.failed(program, captured),
    };
    if !made.status.success() {
        return Err(failure("mmdebstrap", &made));
    }
    if root_user {
        return Ok(());
    }
    store::create_folder(root)?;
    let unpack = Command::new("tar", tools::system_environment())
        .args(["--extract", "--delay-directory-restore", "--exclude=./dev/*", "--file"])
        .args([archive.as_os_str(), "--directory".as_ref(), root.as_os_str()])
        .cwd("/");
    let unpacked = run(&unpack).await?;
    if unpacked.status.success() { Ok(()) } else { Err(failure("tar", &unpacked)) }
}

async fn run(command: &Command) -> Result<Captured, ProvisionFailure> {
    tracing::debug!(%command, "tree");
    Ok(process::capture(command, MAKE_TIMEOUT).await?)
}

/// Installs wheels into a tree with its own pip, under the bounds of known-good companions.
async fn install(cache: &CacheRoot, tree: &Tree<'_>, root: &Path) -> Result<(), ProvisionFailure> {
    let companions = tree.companions().unwrap_or_default();
    let scratch = cache.scratch("pip")?;
    let bounds = scratch.path().join("constraints.txt");
    store::write_atomic(&bounds, companions.constraints.join("\n").as_bytes())?;
    let mut env = tools::system_environment();
    env.insert("PIP_BREAK_SYSTEM_PACKAGES".to_owned(), "1".to_owned());
    env.insert("HOME".to_owned(), "/tmp".to_owned());
    let mut args: Vec<String> = Vec::new();
    if tree.cpu()?.linux32
        && let Some(linux32) = tools::find("linux32")
    {
        args.push(linux32.display().to_string());
    }
    let mut view = sandbox::view(root);
    view.binds.iter_mut().for_each(|bind| bind.writable = true);
    // How this machine reaches its index.
    for path in ["/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs"] {
        if let Ok(real) = std::fs::canonicalize(path) {
            view.binds.push(Bind { to: path.into(), from: real, writable: false });
        }
    }
    let certificates = env.get("SSL_CERT_FILE").or(env.get("PIP_CERT")).cloned();
    if let Some(path) = certificates.filter(|path| !path.starts_with("/etc/ssl/certs/") && tools::has(path)) {
        view.binds.push(Bind { to: CERTIFICATES.into(), from: path.into(), writable: false });
        env.insert("PIP_CERT".to_owned(), CERTIFICATES.to_owned());
    }
    view.binds.push(Bind { to: BOUNDS.into(), from: bounds, writable: false });
    env.insert("PIP_CONSTRAINT".to_owned(), BOUNDS.to_owned());
    prepare_scratch(scratch.path())?;
    args.extend(cage::command(&CagePlan {
        door: cage::door().ok_or_else(|| ProvisionFailure::NoCage(String::new()))?,
        base: base(scratch.path()),
        sees_all: false,
        binds: view.binds,
        links: view.links,
        files: view.files,
        network: true,
        folder: PathBuf::from("/"),
    }));
    args.extend(
        ["/usr/bin/python3", "-m", "pip", "install", "--only-binary", ":all:", "--no-cache-dir"]
            .map(str::to_owned),
    );
    args.extend(tree.requirements().into_iter().chain(companions.requires));
    let command = Command::from_prefix(&args, env).ok_or(ProvisionFailure::NoCommand)?;
    let captured = run(&command.cwd("/")).await?;
    if captured.status.success() {
        return Ok(());
    }
    let task = Task::InstallInTree { requirements: tree.requirements(), tree: tree.what() };
    Err(ProvisionFailure::Task { task, failed: Speaker::Pip.failed("pip", &captured) })
}

/// The lock of a complete tree with these variables: from the folder, else by asking the tree.
pub(super) async fn lock_of(
    cache: &CacheRoot,
    tree: &Tree<'_>,
    folder: &Path,
    launch: &Launch,
    variables: &BTreeMap<String, String>,
) -> Result<Lock, ProvisionFailure> {
    if let Some(lock) = folder::stored_lock(folder, variables) {
        return Ok(lock);
    }
    let mut lock = ask(cache, tree, folder, launch, variables).await?;
    lock.companions = folder::read_ready(folder).map(|ready| ready.companions).unwrap_or_default();
    folder::write_lock(folder, &lock)?;
    Ok(lock)
}

async fn ask(
    cache: &CacheRoot,
    tree: &Tree<'_>,
    folder: &Path,
    launch: &Launch,
    variables: &BTreeMap<String, String>,
) -> Result<Lock, ProvisionFailure> {
    let facts = probe::probe(cache, launch, variables).await?;
    let mut lock = facts.into_lock(Runtime::Rootfs, variables.clone());
    let (count, digest) = debian::package_list(&root_of(folder))?;
    lock.base = Some(format!("Debian {}, {count} packages {}", tree.what(), digest.short()));
    Ok(lock)
}
