//! What of this machine is seen in a cage: the system, an interpreter with its packages, nothing of anybody's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::plan::Bind;

/// Folders of the system, as they stand in the standard of its file hierarchy, and those of package managers that
/// keep theirs elsewhere.
const SYSTEM: &[&str] =
    &["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr", "/opt", "/nix/store", "/gnu/store"];
/// Of `/etc` what libraries read. The rest holds secrets, which root can read in a cage as well.
const SETTINGS: &[&str] = &[
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/OpenCL",
    "/etc/openmpi",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/protocols",
    "/etc/python3",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
];
/// Of `/sys` what says how many cores and caches there are.
const HARDWARE: &[&str] = &["/sys/devices/system/cpu", "/sys/devices/system/node"];
/// Devices to compute on, with what their libraries look up.
const ACCELERATORS: &[&str] = &["/dev/dri", "/dev/kfd", "/sys/bus/pci", "/sys/class/drm", "/sys/class/kfd"];
/// Variables that name code which no installer has put into an environment: it is seen from there, and may change while
/// nothing is installed.
pub const CODE: &[&str] = &["PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "JAVA_HOME", "CONDA_PREFIX"];

/// What is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Folders and files of this machine.
    pub binds: Vec<Bind>,
    /// Links: where, and where to.
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Small files: where, and their text.
    pub files: Vec<(PathBuf, String)>,
}

impl View {
    /// Shows further paths, each where it is, unless an earlier one shows it already.
    pub fn read(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            let is_shown = self.binds.iter().any(|bind| bind.to == bind.from && path.starts_with(&bind.to));
            if !is_shown && path.exists() {
                self.binds.push(Bind::read(path));
            }
        }
    }
}

/// The system alone.
pub fn system() -> View {
    let mut view = View { files: names(), ..View::default() };
    for path in SYSTEM.iter().map(Path::new) {
        match std::fs::read_link(path) {
            Ok(target) => view.links.push((path.to_owned(), target)),
            Err(_) => view.read([path.to_owned()]),
        }
    }
    for path in SETTINGS.iter().map(Path::new) {
        match std::fs::read_link(path) {
            // Where it leads to is shown anyway, or is nothing to be seen.
            Ok(target) => view.links.push((path.to_owned(), target)),
            Err(_) => view.read([path.to_owned()]),
        }
    }
    // An installation of Java keeps its settings there, and does not start without.
    let settings = entries(Path::new("/etc")).into_iter();
    view.read(
        settings.filter(|path| path.file_name().is_some_and(|it| it.to_string_lossy().starts_with("java"))),
    );
    view.read(HARDWARE.iter().map(PathBuf::from));
    view
}

/// Who is who in a cage: nobody but this user.
pub fn names() -> Vec<(PathBuf, String)> {
    let (user, group) = (nix::unistd::getuid(), nix::unistd::getgid());
    let text = |path: &str, text: String| (PathBuf::from(path), text);
    vec![
        text("/etc/passwd", format!("user:x:{user}:{group}::/tmp:/bin/sh\n")),
        text("/etc/group", format!("user:x:{group}:\n")),
        text("/etc/hosts", "127.0.0.1 localhost shelflife\n::1 localhost\n".to_owned()),
        text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n".to_owned()),
    ]
}

/// The system and a local interpreter with its packages, as it is started with these variables.
pub fn of_interpreter(python: &Path, variables: &BTreeMap<String, String>, device: bool) -> View {
    let mut view = system();
    let homes = homes();
    view.read(interpreter_folders(python).into_iter().filter(|path| !holds_home(path, &homes)));
    view.read(elsewhere(python).into_iter().filter(|path| !holds_home(path, &homes)));
    for name in CODE {
        let entries = variables.get(*name).map(|text| std::env::split_paths(text).collect::<Vec<_>>());
        let entries = entries.unwrap_or_default().into_iter().filter(|path| path.is_absolute());
        view.read(entries.filter(|path| !holds_home(path, &homes)));
    }
    view.read(programs(variables, &homes));
    if device {
        view.read(ACCELERATORS.iter().map(PathBuf::from));
        let nvidia = std::fs::read_dir("/dev").map(|entries| entries.flatten().collect::<Vec<_>>());
        let is_gpu = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("nvidia");
        view.read(nvidia.unwrap_or_default().iter().filter(|e| is_gpu(&e.file_name())).map(|e| e.path()));
    }
    view
}

/// Whether a command is one local interpreter. A script that stands for one may need anything.
pub fn is_interpreter(command: &[String]) -> bool {
    let [program] = command else { return false };
    let mut start = [0; 2];
    let read = fs_err::File::open(program).and_then(|mut file| {
        use std::io::Read as _;
        file.read_exact(&mut start)
    });
    Path::new(program).is_absolute() && read.is_ok() && &start != b"#!"
}

/// The installation of an interpreter: its own folder, that of the one which it links to or extends.
fn interpreter_folders(python: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut at = python.to_owned();
    // Each link of the chain is looked up on the way, so that each of their folders has to be there.
    for _ in 0..16 {
        found.extend(prefix_of(&at));
        let Ok(target) = std::fs::read_link(&at) else { break };
        at = normal(&at.parent().unwrap_or(Path::new("/")).join(target));
    }
    if let Ok(real) = std::fs::canonicalize(python) {
        found.extend(prefix_of(&real));
    }
    let configuration = python.parent().and_then(Path::parent).map(|prefix| prefix.join("pyvenv.cfg"));
    let text = configuration.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=')
            && key.trim() == "home"
        {
            let home = Path::new(value.trim());
            found.extend(home.parent().map(Path::to_owned));
            found.extend(std::fs::canonicalize(home).ok().and_then(|real| Some(real.parent()?.to_owned())));
        }
    }
    found
}

/// `bin/python` belongs to what holds `bin`; any other place shows the file alone.
fn prefix_of(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let is_bin = folder.file_name().is_some_and(|name| name == "bin");
    Some(if is_bin { folder.parent()?.to_owned() } else { program.to_owned() })
}

/// A path without `..`, as text: what links on the way mean is looked up elsewhere.
fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut whole, part| {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => whole.push(part),
        }
        whole
    })
}

/// Where packages lie that an environment only points to: editable installations and folders in `.pth` files.
fn elsewhere(python: &Path) -> BTreeSet<PathBuf> {
    let Some(prefix) = python.parent().and_then(Path::parent) else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for site in site_folders(prefix) {
        for entry in entries(&site) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".pth") || name.ends_with(".egg-link") {
                let text = std::fs::read_to_string(&entry).unwrap_or_default();
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with("import"));
                found.extend(lines.map(PathBuf::from).filter(|path| path.is_absolute() && path.is_dir()));
            } else if name.ends_with(".dist-info") {
                found.extend(source_of(&entry.join("direct_url.json")));
            }
        }
    }
    found
}

/// The folder that an editable installation was made of.
fn source_of(record: &Path) -> Option<PathBuf> {
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(record).ok()?).ok()?;
    value.pointer("/dir_info/editable")?.as_bool().filter(|editable| *editable)?;
    let path = value.get("url")?.as_str()?.strip_prefix("file://")?;
    Some(PathBuf::from(path)).filter(|path| path.is_dir())
}

fn site_folders(prefix: &Path) -> Vec<PathBuf> {
    let libraries = ["lib", "lib64"].map(|name| prefix.join(name));
    let versions = libraries.iter().flat_map(|library| entries(library));
    versions.map(|version| version.join("site-packages")).filter(|path| path.is_dir()).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

/// Folders of `PATH` outside of homes, and installations of Java wherever they are: those have a file `release` beside
/// their `bin`.
fn programs(variables: &BTreeMap<String, String>, homes: &[PathBuf]) -> Vec<PathBuf> {
    let path = variables.get("PATH").map(|text| std::env::split_paths(text).collect::<Vec<_>>());
    let mut found = Vec::new();
    for folder in path.unwrap_or_default().into_iter().filter(|folder| folder.is_absolute()) {
        let Ok(folder) = std::fs::canonicalize(folder) else { continue };
        let installation = folder.parent().filter(|parent| parent.join("release").is_file());
        let whole = installation.unwrap_or(&folder).to_owned();
        let is_own = installation.is_none() && homes.iter().any(|home| folder.starts_with(home));
        if !is_own && !holds_home(&whole, homes) {
            found.push(whole);
        }
    }
    found
}

/// The folders in which people keep their own: as the machine says, before any namespace is entered.
pub fn homes() -> Vec<PathBuf> {
    let declared = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|user| user.dir);
    let variable = std::env::var_os("HOME").map(PathBuf::from);
    let mut found: Vec<PathBuf> = declared.into_iter().chain(variable).collect();
    found.extend(["/root", "/home"].map(PathBuf::from));
    let real: Vec<PathBuf> = found.iter().filter_map(|home| std::fs::canonicalize(home).ok()).collect();
    found.extend(real);
    found.retain(|home| home.is_absolute() && home.as_path() != Path::new("/"));
    found
}

/// Whether showing a folder would show somebody's home as a whole.
fn holds_home(path: &Path, homes: &[PathBuf]) -> bool {
    homes.iter().any(|home| home.starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_not_shown_and_what_stands_in_them_by_name_is() {
        let homes = vec![PathBuf::from("/home/ann")];
        assert!(holds_home(Path::new("/home"), &homes));
        assert!(holds_home(Path::new("/"), &homes));
        assert!(holds_home(Path::new("/home/ann"), &homes));
        assert!(!holds_home(Path::new("/home/ann/project"), &homes));
        let path = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/home/ann/bin:relative".to_owned())]);
        assert_eq!(programs(&path, &homes), [PathBuf::from("/usr/bin")]);
    }

    #[test]
    fn an_interpreter_brings_what_it_links_to_and_what_it_extends() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("base");
        let environment = folder.path().join("env");
        let source = folder.path().join("source");
        let record = environment.join("lib/python3.11/site-packages/own-1.dist-info");
        for path in [base.join("bin"), environment.join("bin"), source.clone(), record.clone()] {
            fs_err::create_dir_all(path).unwrap();
        }
        fs_err::write(base.join("bin/python3.11"), "").unwrap();
        std::os::unix::fs::symlink(base.join("bin/python3.11"), environment.join("bin/python")).unwrap();
        let url =
            format!("{{\"url\": \"file://{}\", \"dir_info\": {{\"editable\": true}}}}", source.display());
        fs_err::write(record.join("direct_url.json"), url).unwrap();
        let view = of_interpreter(&environment.join("bin/python"), &BTreeMap::new(), false);
        for path in [base, environment, source] {
            assert!(view.binds.iter().any(|bind| bind.from == path), "{}", path.display());
        }
    }

    #[test]
    fn scripts_are_no_interpreters() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("python");
        fs_err::write(&script, "#!/bin/sh\n").unwrap();
        let words = |path: &Path| vec![path.display().to_string()];
        assert!(!is_interpreter(&words(&script)));
        assert!(is_interpreter(&words(Path::new("/bin/sh"))));
        assert!(!is_interpreter(&["python".to_owned()]));
    }
}
