//! Which Python interpreters are on this machine, and which of them a request means.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::process::{self, Command};
use crate::store::{self, Bucket, CacheRoot};

/// How long an interpreter may take to say its version.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);
/// Newest Python minor that is looked for when everything is listed.
const NEWEST_MINOR: u32 = 20;

/// Isolated and without site packages: only what the interpreter itself says.
const PROBE: &str = "import os,platform,struct,sys
v=sys.version_info
print('%d %d %d %s %d %s %s' % (v[0],v[1],v[2],v[3],struct.calcsize('P')*8,platform.python_implementation(),\
os.path.realpath(sys.executable)))";

/// One interpreter on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    /// Its executable with links resolved.
    pub path: PathBuf,
    /// Major, minor and micro version.
    pub version: [u32; 3],
    /// Whether it is no final release.
    pub prerelease: bool,
    /// `CPython`, `PyPy`, ...
    pub implementation: String,
    /// Pointer width: 32 or 64.
    pub bits: u8,
}

impl Interpreter {
    /// The version as text, for example `3.11.7`.
    pub fn version_text(&self) -> String {
        let [major, minor, micro] = self.version;
        format!("{major}.{minor}.{micro}{}", if self.prerelease { " (pre-release)" } else { "" })
    }
}

/// A wanted version: `3.11` or `3.11.7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    major: u32,
    minor: u32,
    micro: Option<u32>,
}

impl Wanted {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let numbers: Vec<u32> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        match numbers[..] {
            [major, minor] => Some(Self { major, minor, micro: None }),
            [major, minor, micro] => Some(Self { major, minor, micro: Some(micro) }),
            _ => None,
        }
    }

    fn accepts(self, interpreter: &Interpreter) -> bool {
        let [major, minor, micro] = interpreter.version;
        (self.major, self.minor) == (major, minor) && self.micro.is_none_or(|wanted| wanted == micro)
    }

    fn program(self) -> String {
        format!("python{}.{}", self.major, self.minor)
    }
}

/// The best of `found` for a request: CPython before others, 64 before 32 bits, final releases before
/// pre-releases, then the highest micro release, then the one found first.
pub(super) fn choose(wanted: Wanted, found: &[Interpreter]) -> Option<&Interpreter> {
    found.iter().filter(|interpreter| wanted.accepts(interpreter)).rev().max_by_key(|interpreter| {
        (
            interpreter.implementation == "CPython",
            interpreter.bits,
            !interpreter.prerelease,
            interpreter.version[2],
        )
    })
}

/// Where interpreters may stand.
#[derive(Clone, Debug, Default)]
struct Places {
    path: Option<std::ffi::OsString>,
    home: Option<PathBuf>,
    pyenv: Option<PathBuf>,
    /// Folder of interpreters that uv fetched for shelflife.
    own: Option<PathBuf>,
}

impl Places {
    fn of_machine(cache: &CacheRoot) -> Self {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from);
        Self {
            path: variable("PATH"),
            pyenv: variable("PYENV_ROOT")
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(".pyenv"))),
            home,
            own: Some(own_folder(cache)),
        }
    }

    /// Folders with programs, in order of preference. Those on `PATH` come first, because the user chose them;
    /// version managers' shims are left out, because what they start depends on the working folder.
    fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self.path.iter().flat_map(std::env::split_paths).collect();
        let mut parents = Vec::new();
        parents.extend(self.pyenv.as_ref().map(|root| root.join("versions")));
        parents.extend(self.own.clone());
        if let Some(home) = &self.home {
            parents.push(home.join(".local/share/uv/python"));
            parents.push(home.join(".asdf/installs/python"));
            parents.push(home.join(".local/share/mise/installs/python"));
        }
        parents.push("/opt/python".into());
        parents.push("/Library/Frameworks/Python.framework/Versions".into());
        let mut condas: Vec<PathBuf> = vec!["/opt/conda".into()];
        if let Some(home) = &self.home {
            condas.extend(
                ["miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda"]
                    .map(|name| home.join(name)),
            );
        }
        for conda in condas {
            folders.push(conda.join("bin"));
            parents.push(conda.join("envs"));
        }
        for parent in parents {
            folders.extend(children(&parent).into_iter().map(|child| child.join("bin")));
        }
        folders.extend(["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"].map(PathBuf::from));
        let mut seen = HashSet::new();
        folders.retain(|folder| {
            folder.is_absolute()
                && !folder.ends_with("shims")
                && folder.is_dir()
                && seen.insert(folder.clone())
        });
        folders
    }
}

/// Where uv puts interpreters that it fetches for shelflife.
pub(super) fn own_folder(cache: &CacheRoot) -> PathBuf {
    cache.bucket(Bucket::Tools).join("python")
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let mut children: Vec<_> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    children.sort();
    children
}

/// Executables with one of these names in the folders, links resolved, each once.
fn executables(folders: &[PathBuf], names: &[String]) -> Vec<PathBuf> {
    let mut seen = HashSet::new();
    folders
        .iter()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .filter(|path| is_executable(path) && seen.insert(path.clone()))
        .collect()
}

pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// What is known about an executable that was probed before. It holds as long as time and size do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    modified: (u64, u32),
    size: u64,
    interpreter: Option<Interpreter>,
}

/// Modification time and size of a file: what tells that it is another one now.
pub(super) fn stamp(path: &Path) -> Option<((u64, u32), u64)> {
    let data = path.metadata().ok()?;
    let modified = data.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(((modified.as_secs(), modified.subsec_nanos()), data.len()))
}

/// Finds interpreters and remembers in the cache what probing them said, so that the next run starts none.
pub(super) struct Finder {
    cache: CacheRoot,
    known: tokio::sync::Mutex<Option<BTreeMap<PathBuf, Known>>>,
}

impl Finder {
    pub(super) fn new(cache: CacheRoot) -> Self {
        Self { cache, known: tokio::sync::Mutex::default() }
    }

    /// The interpreter for a request, where this machine has one.
    pub(super) async fn find(&self, wanted: Wanted) -> Option<Interpreter> {
        let folders = Places::of_machine(&self.cache).folders();
        // The name with the version first: of the others, most would be started in vain.
        for names in [vec![wanted.program()], vec!["python3".to_owned(), "python".to_owned()]] {
            let found = self.probe_all(executables(&folders, &names)).await;
            if let Some(interpreter) = choose(wanted, &found) {
                return Some(interpreter.clone());
            }
        }
        None
    }

    /// Every Python 3 interpreter that is found, sorted by version.
    pub(super) async fn all(&self) -> Vec<Interpreter> {
        let mut names: Vec<_> = (6..=NEWEST_MINOR).map(|minor| format!("python3.{minor}")).collect();
        names.push("python3".to_owned());
        let folders = Places::of_machine(&self.cache).folders();
        let mut found = self.probe_all(executables(&folders, &names)).await;
        let mut seen = HashSet::new();
        found.retain(|interpreter| seen.insert(interpreter.path.clone()));
        found.sort_by(|a, b| (a.version, &a.path).cmp(&(b.version, &b.path)));
        found
    }

    async fn probe_all(&self, paths: Vec<PathBuf>) -> Vec<Interpreter> {
        let file = self.cache.bucket(Bucket::Tools).join("interpreters.json");
        let mut guard = self.known.lock().await;
        let known = guard.get_or_insert_with(|| {
            std::fs::read(&file)
                .ok()
                .and_then(|bytes| serde_json::from_slice(&bytes).ok())
                .unwrap_or_default()
        });
        let mut found = Vec::new();
        let mut learned = false;
        for path in paths {
            let Some((modified, size)) = stamp(&path) else { continue };
            match known.get(&path) {
                Some(entry) if entry.modified == modified && entry.size == size => {
                    found.extend(entry.interpreter.clone());
                }
                _ => {
                    let interpreter = probe(&path).await;
                    found.extend(interpreter.clone());
                    known.insert(path, Known { modified, size, interpreter });
                    learned = true;
                }
            }
        }
        if learned && let Ok(bytes) = serde_json::to_vec_pretty(known) {
            // Another process may write at the same time: either content is right, and both are whole. When it
            // cannot be written, the next run probes again.
            let _ = store::write_atomic(&file, &bytes);
        }
        found
    }
}

async fn probe(path: &Path) -> Option<Interpreter> {
    let command = Command::new(path, process::base_environment()).args(["-I", "-S", "-c", PROBE]).cwd("/");
    let captured = process::capture(&command, PROBE_TIMEOUT).await.ok()?;
    captured.status.success().then(|| parse_probe(&captured.stdout_text())).flatten()
}

fn parse_probe(line: &str) -> Option<Interpreter> {
    let mut words = line.trim_end_matches(['\n', '\r']).splitn(7, ' ');
    let mut number = || words.next()?.parse::<u32>().ok();
    let version = [number()?, number()?, number()?];
    let prerelease = words.next()? != "final";
    let bits = words.next()?.parse().ok()?;
    let implementation = words.next()?.to_owned();
    let path = PathBuf::from(words.next()?);
    path.is_absolute().then_some(Interpreter { path, version, prerelease, implementation, bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interpreter(path: &str, version: [u32; 3]) -> Interpreter {
        Interpreter {
            path: path.into(),
            version,
            prerelease: false,
            implementation: "CPython".to_owned(),
            bits: 64,
        }
    }

    #[test]
    fn requests_are_two_or_three_numbers() {
        assert_eq!(Wanted::parse("3.11"), Some(Wanted { major: 3, minor: 11, micro: None }));
        assert_eq!(Wanted::parse("3.11.7"), Some(Wanted { major: 3, minor: 11, micro: Some(7) }));
        for text in ["", "3", "3.", "3.x", "pypy3.9", "3.11.7.1", "3.13t"] {
            assert_eq!(Wanted::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_best_interpreter_is_chosen() {
        let mut found = vec![
            interpreter("/a", [3, 11, 2]),
            interpreter("/b", [3, 11, 9]),
            interpreter("/c", [3, 11, 9]),
            interpreter("/d", [3, 12, 1]),
            Interpreter { prerelease: true, ..interpreter("/e", [3, 14, 0]) },
            Interpreter { bits: 32, ..interpreter("/f", [3, 11, 11]) },
            Interpreter { implementation: "PyPy".to_owned(), ..interpreter("/g", [3, 11, 13]) },
        ];
        let choice = |text: &str, found: &[Interpreter]| {
            choose(Wanted::parse(text).unwrap(), found).map(|interpreter| interpreter.path.clone())
        };
        assert_eq!(choice("3.11", &found), Some("/b".into()));
        assert_eq!(choice("3.11.2", &found), Some("/a".into()));
        assert_eq!(choice("3.11.11", &found), Some("/f".into()));
        assert_eq!(choice("3.14", &found), Some("/e".into()));
        assert_eq!(choice("3.4", &found), None);
        found.drain(..6);
        assert_eq!(choice("3.11", &found), Some("/g".into()));
    }

    #[test]
    fn probe_lines_are_read() {
        let line = "3 11 7 final 64 CPython /opt/with space/python3.11\n";
        assert_eq!(parse_probe(line), Some(interpreter("/opt/with space/python3.11", [3, 11, 7])));
        assert!(parse_probe("3 14 0 candidate 64 CPython /p").unwrap().prerelease);
        for line in ["", "Python 3.11", "3 11 7 final 64 CPython relative"] {
            assert_eq!(parse_probe(line), None, "{line}");
        }
    }

    #[test]
    fn folders_are_searched_in_order_and_shims_are_not() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["first", "pyenv/shims", "pyenv/versions/3.8.18/bin", "pyenv/versions/3.9.1/bin"] {
            fs_err::create_dir_all(root.path().join(folder)).unwrap();
        }
        let at = |name: &str| root.path().join(name);
        let places = Places {
            path: Some(std::env::join_paths([at("pyenv/shims"), at("first"), at("absent")]).unwrap()),
            pyenv: Some(at("pyenv")),
            ..Places::default()
        };
        let mut folders = places.folders();
        folders.retain(|folder| folder.starts_with(root.path()));
        assert_eq!(folders, [at("first"), at("pyenv/versions/3.8.18/bin"), at("pyenv/versions/3.9.1/bin")]);
    }
}
