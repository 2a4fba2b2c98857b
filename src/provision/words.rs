//! What people are told when an environment could not be made: every sentence and every remedy, from the typed failure.

use std::fmt;
use std::io;

use super::damage::DamageKind;
use super::emulator::{BINFMT, RULES};
use super::failure::{
    EngineTrouble, ImportTrouble, IoTrouble, MissingPackage, NoFetch, NoReleases, NoUv, NotInstalled,
    PipTrouble, ProbeTrouble, ProcessKind, ProcessTrouble, ProvisionFailure, SilentEngine, Unregistered,
    UvAttempt,
};
use super::task_words::{FULL_DISK, task_reason, task_remedy, words};
use super::uv::OLDEST;

const GIVE_PYTHON: &str = "give the path of a Python interpreter, or a command that starts one";

/// How a machine is brought to allow cages.
pub(super) const NAMESPACES: &str = "allow user namespaces (`sudo sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu \
     also `kernel.apparmor_restrict_unprivileged_userns=0`; in a container start it with `--privileged`)";

impl ProvisionFailure {
    /// What happened; may have several lines.
    pub fn reason(&self) -> String {
        match self {
            Self::UnknownProducer => "it stands for an unknown producer and cannot be made".to_owned(),
            Self::Task { task, failed } => task_reason(task, failed),
            Self::Process(trouble) => trouble.text.clone(),
            Self::Io(trouble) => trouble.text.clone(),
            Self::Busy(text) => text.clone(),
            Self::NotAPython(text) => format!("`{text}` is not a Python version"),
            Self::NoInterpreter { python, fetching } => {
                let why = match fetching {
                    NoFetch::Offline => "and `--offline` forbids fetching one".to_owned(),
                    NoFetch::DoesNotStart => "and the one that uv fetched does not start".to_owned(),
                    NoFetch::Failed(failure) => format!("and uv could not fetch one:\n{}", failure.reason()),
                };
                format!("no Python {python} found on this machine, {why}")
            }
            Self::NoUv(why) => {
                let missing = format!("there is no uv {}.{} or later on this machine", OLDEST.0, OLDEST.1);
                match why {
                    NoUv::Offline => missing,
                    NoUv::Failed(attempts) => {
                        let mut lines: Vec<String> = attempts.iter().map(uv_attempt).collect();
                        lines.dedup();
                        format!("{missing}, and it could not be fetched:\n{}", lines.join("\n"))
                    }
                }
            }
            Self::NoTools { packages, why } => {
                let missing = format!("not installed on this machine: {}", packages.join(" and "));
                match not_installed(why) {
                    Some(why) => format!("{missing}, and {why}"),
                    None => missing,
                }
            }
            Self::ToolGone(program) => format!("{program} is no longer installed"),
            Self::NoLauncher(program) => format!("the launcher `{program}` is not installed on this machine"),
            Self::NoEngine(engines) => {
                let told: Vec<String> = engines.iter().map(silent_engine).collect();
                format!("no container engine answers: {}", told.join("; "))
            }
            Self::ImageUnknown { engine, image } => format!("{engine} has no image {image}"),
            Self::ImageOffline(image) => format!("the image {image} is not on this machine"),
            Self::WrongPlatform { image, found, wanted } => {
                format!("the image {image} is for {found}, not for {wanted}")
            }
            Self::NoContext(folder) => format!("the build context `{}` does not exist", folder.display()),
            Self::UnknownCpu { arch, .. } => format!("unknown CPU `{arch}`"),
            Self::NoCage(refusal) => {
                format!("the kernel allows no namespaces here, in which Debian trees run: {refusal}")
            }
            Self::CacheInTree(taken) => format!(
                "the cache folder lies below `{}`, where a Debian tree has files of its own",
                taken.display()
            ),
            Self::NoIndex(folder) => {
                format!("`{}`, from which packages are to come, is no folder", folder.display())
            }
            Self::NoMirror => "no Debian mirror is configured: the sources of apt name none".to_owned(),
            Self::TreeOffline(tree) => format!("the Debian tree {tree} is not in the cache"),
            Self::NoEmulator { arch, why, .. } => unregistered(arch, why),
            Self::Damaged { damage, .. } => format!(
                "its file `{}` is damaged: {}",
                damage.file.display(),
                match damage.kind {
                    DamageKind::Missing => "it is missing".to_owned(),
                    DamageKind::Unreadable => "it makes no sense".to_owned(),
                    DamageKind::Size { was, is } => format!("it has {is} bytes instead of {was}"),
                    DamageKind::Bytes => "its bytes are not those that were installed".to_owned(),
                }
            ),
            Self::NoCommand => "the environment's command is empty".to_owned(),
            Self::NoProgram(program) => format!("the program `{program}` does not exist"),
            Self::NotExecutable(path) => format!("`{}` is not an executable file", path.display()),
            Self::Probe { command, trouble } => probe_reason(command, trouble),
            Self::NoReleases { package, why } => match why {
                NoReleases::Offline => format!("the releases of {package} cannot be listed offline"),
                NoReleases::NoPip => {
                    format!("the releases of {package} cannot be listed: no Python with pip was found")
                }
                NoReleases::Empty => {
                    format!("the releases of {package} cannot be listed: pip lists no version")
                }
                NoReleases::Pip(why) => format!("the releases of {package} cannot be listed: {}", pip(why)),
            },
            Self::Source(failure) => failure.reason(),
        }
    }

    /// What to do next, where that is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::UnknownProducer | Self::Busy(_) | Self::ToolGone(_) | Self::ImageUnknown { .. } => {
                return None;
            }
            Self::Task { task, failed } => return task_remedy(task, failed),
            Self::Source(failure) => return failure.remedy(),
            Self::Process(trouble) => return process_remedy(trouble).map(str::to_owned),
            Self::Io(trouble) => return io_remedy(trouble).map(str::to_owned),
            Self::NotAPython(_) => "write it as `3.11` or `3.11.7`".to_owned(),
            Self::NoInterpreter { python, .. } => format!(
                "install it with one of `uv python install {python}`, `pyenv install {python}`, `conda create -n \
                 py{python} python={python}`, `apt-get install python{python}`, or declare another Python"
            ),
            Self::NoUv(NoUv::Offline) => {
                "install uv (`pip install uv`), or run once without `--offline`".to_owned()
            }
            Self::NoUv(NoUv::Failed(_)) => {
                "install it by hand: `pip install uv`, `pipx install uv` or `brew install uv`".to_owned()
            }
            Self::NoTools { packages, why } => {
                let by_hand = format!("install it once: `sudo apt-get install -y {}`", packages.join(" "));
                match why {
                    NotInstalled::NotAllowed => format!(
                        "{by_hand}, or let shelflife do it: `shelflife doctor --fix`, or the same command with \
                         `--install-tools`"
                    ),
                    NotInstalled::Offline
                    | NotInstalled::NoApt
                    | NotInstalled::NoPrivilege
                    | NotInstalled::StillMissing
                    | NotInstalled::Failed(_)
                    | NotInstalled::Process(_) => by_hand,
                }
            }
            Self::NoLauncher(_) => "install it, or name its path in `launcher`".to_owned(),
            Self::NoEngine(_) => {
                "install docker or podman, start its daemon (`sudo systemctl start docker`), and see \
                                  that you may use it (`docker info`)"
                    .to_owned()
            }
            Self::ImageOffline(_) => "run once without `--offline`, so that it is pulled".to_owned(),
            Self::WrongPlatform { found, wanted, .. } => {
                format!("build or pull it with `--platform {wanted}`, or declare `platform = \"{found}\"`")
            }
            Self::NoContext(_) => {
                "correct `context`: it is looked for relative to the matrix file".to_owned()
            }
            Self::NoIndex(_) => {
                "correct `index` or `extra-index`: a path is looked for relative to the matrix file".to_owned()
            }
            Self::UnknownCpu { known, .. } => format!("write one of {}", known.join(", ")),
            Self::NoCage(_) => NAMESPACES.to_owned(),
            Self::CacheInTree(_) => {
                "set SHELFLIFE_CACHE_DIR to a folder below your home folder, /var or /tmp".to_owned()
            }
            Self::NoMirror => {
                "add `mirror = \"http://...\"`, the address of a Debian mirror, to the environment".to_owned()
            }
            Self::TreeOffline(_) => "run once without `--offline`, so that it is made".to_owned(),
            Self::NoEmulator { qemu, why, .. } => {
                let by_hand = format!(
                    "as root: `mount -t binfmt_misc binfmt_misc {BINFMT}` (where it is not mounted), then `cat \
                     {RULES}/qemu-{qemu}.conf > {BINFMT}/register`"
                );
                match why {
                    Unregistered::NotAllowed => {
                        format!("{by_hand}; or let shelflife do it: the same command with `--install-tools`")
                    }
                    Unregistered::NoPrivilege
                    | Unregistered::NoRule
                    | Unregistered::Failed(_)
                    | Unregistered::Process(_) => by_hand,
                }
            }
            Self::Damaged { is_ours: true, .. } => {
                "run the same command again: the environment is made again, and its cells are tried again".to_owned()
            }
            Self::Damaged { is_ours: false, .. } => {
                "install the package of that file again there (`pip install --force-reinstall --no-deps ...`), then run \
                 the same command again"
                    .to_owned()
            }
            Self::NoCommand => GIVE_PYTHON.to_owned(),
            Self::NotExecutable(_) => {
                "give the path of a Python interpreter, for example `.../bin/python`".to_owned()
            }
            Self::NoProgram(_) => {
                "give the path of a Python interpreter, for example `.../bin/python`, or make the environment"
                    .to_owned()
            }
            Self::Probe { command, trouble } => return probe_remedy(command, trouble),
            Self::NoReleases { why: NoReleases::Offline, .. } => "leave `--offline` out".to_owned(),
            Self::NoReleases { .. } => {
                "check the name, and that `python3 -m pip index versions` works here (pip 21.2 or later)"
                    .to_owned()
            }
        })
    }
}

impl fmt::Display for ProvisionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason())?;
        match self.remedy() {
            Some(remedy) => write!(f, "\nwhat to do: {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ProvisionFailure {}

fn process_remedy(trouble: &ProcessTrouble) -> Option<&'static str> {
    match trouble.kind {
        ProcessKind::TimedOut => Some("try again: what has been fetched so far is kept in the cache"),
        ProcessKind::NotFound | ProcessKind::NotStarted | ProcessKind::TooMuchOutput | ProcessKind::Lost => {
            None
        }
    }
}

fn io_remedy(trouble: &IoTrouble) -> Option<&'static str> {
    match trouble.kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(FULL_DISK),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            Some("set SHELFLIFE_CACHE_DIR to a folder that you can write to")
        }
        _ => None,
    }
}

fn uv_attempt(attempt: &UvAttempt) -> String {
    match attempt {
        UvAttempt::NoPython => "no python3 on PATH whose pip could fetch it".to_owned(),
        UvAttempt::Pip { python, why } => format!("{}: {}", python.display(), pip(why)),
        UvAttempt::NoPip(NotInstalled::Failed(failed)) => words(failed),
        UvAttempt::NoPip(NotInstalled::Process(trouble)) => trouble.text.clone(),
        UvAttempt::NoPip(_) => {
            "`sudo apt-get install python3-pip python3-venv` would give this Python a pip".to_owned()
        }
    }
}

fn pip(trouble: &PipTrouble) -> String {
    match trouble {
        PipTrouble::Failed(failed) => words(failed),
        PipTrouble::Process(trouble) => trouble.text.clone(),
        PipTrouble::NoVenv(why) => {
            format!("it has no pip, and no virtual environment can be made with it: {}", pip(why))
        }
        PipTrouble::DoesNotStart => "the fetched uv does not start".to_owned(),
    }
}

/// Why Debian packages were not installed, where there is more to say than that they are missing.
fn not_installed(why: &NotInstalled) -> Option<String> {
    match why {
        NotInstalled::Offline
        | NotInstalled::NoApt
        | NotInstalled::NoPrivilege
        | NotInstalled::StillMissing => None,
        NotInstalled::NotAllowed => {
            Some("shelflife installs Debian packages only with your consent".to_owned())
        }
        NotInstalled::Failed(failed) => Some(format!("apt-get could not install it:\n{}", words(failed))),
        NotInstalled::Process(trouble) => Some(format!("apt-get could not install it:\n{}", trouble.text)),
    }
}

fn silent_engine(engine: &SilentEngine) -> String {
    match &engine.why {
        EngineTrouble::NotInstalled => format!("{} is not installed", engine.name),
        EngineTrouble::Silent(failed) => format!("{} does not answer: {}", engine.name, words(failed)),
        EngineTrouble::Process(trouble) => trouble.text.clone(),
    }
}

fn unregistered(arch: &str, why: &Unregistered) -> String {
    match why {
        Unregistered::NoPrivilege | Unregistered::NotAllowed => {
            format!("the kernel cannot run {arch} programs")
        }
        Unregistered::NoRule => format!("qemu-user-static has no rule for {arch} programs"),
        Unregistered::Failed(failed) => format!(
            "the kernel cannot run {arch} programs, and qemu could not be registered: {}",
            words(failed)
        ),
        Unregistered::Process(trouble) => format!(
            "the kernel cannot run {arch} programs, and qemu could not be registered: {}",
            trouble.text
        ),
    }
}

fn probe_reason(command: &str, trouble: &ProbeTrouble) -> String {
    match trouble {
        ProbeTrouble::Process(trouble) => trouble.text.clone(),
        ProbeTrouble::NoAnswer(failed) if failed.exit.signal.is_some() => {
            let said = if failed.words.is_empty() { String::new() } else { format!(":\n{}", failed.words) };
            format!("importing scikit-learn in `{command}` crashed: the process {}{said}", failed.exit)
        }
        ProbeTrouble::NoAnswer(failed) | ProbeTrouble::Engine { failed, .. } => {
            // How it ended stands before it.
            let said = if failed.words.is_empty() { "(it gave no reason)" } else { failed.words.as_str() };
            format!("`{command}` {} without describing its environment:\n{said}", failed.exit)
        }
        ProbeTrouble::Unreadable(error) => format!("`{command}` gave an unreadable answer: {error}"),
        ProbeTrouble::NoNumpy => "numpy is not installed, which shelflife needs to read outputs".to_owned(),
        ProbeTrouble::Import(error) => import_reason(error),
    }
}

fn import_reason(error: &ImportTrouble) -> String {
    let installed: Vec<String> =
        error.installed.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let installed = if installed.is_empty() { String::new() } else { format!(" ({})", installed.join(", ")) };
    format!("scikit-learn cannot be imported in Python {}{installed}: {}", error.python, error.last_line)
}

fn probe_remedy(command: &str, trouble: &ProbeTrouble) -> Option<String> {
    Some(match trouble {
        ProbeTrouble::Process(trouble) if trouble.kind == ProcessKind::NotFound => {
            format!("check that `{command}` starts Python on this machine")
        }
        ProbeTrouble::Process(_) => return None,
        ProbeTrouble::Engine { engine, image, .. } => format!(
            "the engine could not start a container: see what `{engine} run --rm --network none --cap-drop ALL \
             {image} \
             python3 -V` says"
        ),
        ProbeTrouble::NoAnswer(_) => {
            format!("check that `{command}` starts Python 3.6 or later and can import sklearn")
        }
        ProbeTrouble::Unreadable(_) => {
            "check that the command starts Python itself, and that nothing rewrites its output".to_owned()
        }
        ProbeTrouble::NoNumpy => "add numpy to the packages of the environment".to_owned(),
        ProbeTrouble::Import(error) => match error.missing {
            Some(MissingPackage::ScikitLearn) => {
                "install scikit-learn there, or declare it among the environment's packages".to_owned()
            }
            Some(MissingPackage::Numpy) => {
                "install scikit-learn and numpy there, or declare them among the environment's packages".to_owned()
            }
            None => "these versions do not fit together: leave out the declared numpy and scipy so that known-good \
                     companions are chosen (and `companions = false`, if it is set), or declare older ones"
                .to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::EnvironmentTrouble;

    #[test]
    fn nobody_is_surprised_by_an_installation() {
        let failure =
            ProvisionFailure::NoTools { packages: vec!["mmdebstrap"], why: NotInstalled::NotAllowed };
        let told = failure.to_string();
        for words in
            ["machine: mmdebstrap", "sudo apt-get install -y mmdebstrap", "--install-tools", "doctor --fix"]
        {
            assert!(told.contains(words), "{told}");
        }
        assert_eq!(failure.trouble(), EnvironmentTrouble::ToolMissing);
    }

    #[test]
    fn a_full_disk_has_a_remedy() {
        let full = ProvisionFailure::from(io::Error::from(io::ErrorKind::StorageFull));
        assert!(full.to_string().contains("\nwhat to do: free some space"), "{full}");
    }
}
