//! A place to run the built binary in, and eyes for what it leaves behind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::Value;
use shelflife::store::{Bucket, CacheRoot};

use crate::common::cache_folder;

/// The `[[environments]]` of two releases that break one another in known ways, on one numpy and scipy, so that
/// whatever differs between them is scikit-learn's own doing.
pub fn both() -> String {
    environment("sk{scikit-learn}", "[\"1.2.2\", \"1.5.2\"]", "")
}

/// One `[[environments]]` with a name, a version or versions of scikit-learn, and further lines.
pub fn environment(name: &str, versions: &str, more: &str) -> String {
    format!(
        "[[environments]]\nname = \"{name}\"\npython = \"3.11\"\npackages = {{ scikit-learn = {versions}, \
         numpy = \"1.26.4\", scipy = \"1.11.4\", joblib = \"1.3.2\", threadpoolctl = \"3.2.0\" }}\n{more}\n"
    )
}

/// A recipe for a logistic regression whose file runs `code` (without `\'\'\'`) when it is loaded.
///
/// The code finds the estimator as `inner` and may put another one there. In the consumer alone it finds the
/// environment variable `AWAY`, if the environment declares it.
pub fn recipe(code: &str) -> String {
    format!(
        "from sklearn.linear_model import LogisticRegression\n\nCODE = r\'\'\'\nimport os, sys, time\n{code}\n\'\'\'\n\n\n\
         class Model(LogisticRegression):\n    def __reduce__(self):\n        inner = LogisticRegression()\n        \
         inner.__dict__.update(self.__dict__)\n        \
         return eval, (\"(exec(code, globals()), inner)[1]\", {{\"code\": CODE, \"inner\": inner}})\n\n\n\
         def train(X, y):\n    return Model(max_iter=200).fit(X, y)\n"
    )
}

/// The `[[models]]` of names and estimator expressions.
pub fn models(models: &[(&str, &str)]) -> String {
    models
        .iter()
        .map(|(name, estimator)| format!("[[models]]\nname = {name:?}\nestimator = {estimator:?}\n\n"))
        .collect()
}

/// Defaults and datasets of all matrices here.
pub const DATA: &str = r#"
[defaults]
formats = ["pickle"]
dataset = "blobs"

[datasets.blobs]
path = "blobs.csv"
target = "label"

[datasets.waves]
path = "waves.csv"
target = "y"
"#;

/// Files as anybody writes them, by each of [`both`] releases: `tree-RELEASE.pkl`, `linear-RELEASE.pkl`, and `bare-RELEASE.pkl`, which
/// records no release.
pub fn pickled_by_both() -> TestContext {
    let context = TestContext::new();
    let models = models(&[
        ("tree", "DecisionTreeClassifier(random_state=0)"),
        ("linear", "LogisticRegression(max_iter=300)"),
    ]);
    context.write("two.toml", &format!("[matrix]\nname = \"two\"\n\n{}{DATA}\n{models}", both()));
    context.run(["run", "two.toml", "--consumer", "sk1.2.2"]).expect(0);
    for (_, python) in context.interpreters("two") {
        context.python(
            &python,
            &[
                "-c",
                "import pickle, sklearn, sklearn.tree as t, sklearn.linear_model as l\nv = sklearn.__version__\nX, y = [[0.], [1.], \
                 [2.], [3.]], [0, 0, 1, 1]\npickle.dump(t.DecisionTreeClassifier().fit(X, y), open('tree-%s.pkl' % v, 'wb'))\n\
                 pickle.dump(l.LogisticRegression().fit(X, y), open('linear-%s.pkl' % v, 'wb'))\n\
                 pickle.dump(t.DecisionTreeClassifier().fit(X, y).tree_, open('bare-%s.pkl' % v, 'wb'))",
            ],
        );
    }
    context
}

/// A folder with datasets, and a cache of its own that borrows the environments of the shared one.
///
/// What was observed is never borrowed: every test begins by executing.
pub struct TestContext {
    folder: tempfile::TempDir,
}

impl TestContext {
    pub fn new() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::Builder::new().prefix("e2e-").tempdir_in(place).unwrap();
        let context = Self { folder };
        context.lend(&context.cache());
        // Made before the first test looks, so that none of them sees an installation.
        static PREPARED: Once = Once::new();
        PREPARED.call_once(|| {
            remove_leftovers(place);
            context.write(
                "both.toml",
                &format!("{}{DATA}\n{}", both(), models(&[("scaler", "StandardScaler()")])),
            );
            context.run(["env", "prepare", "both.toml"]).expect(0);
        });
        let datasets = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
        for name in ["blobs.csv", "waves.csv"] {
            fs_err::copy(datasets.join(name), context.path(name)).unwrap();
        }
        context
    }

    /// A copy of this context as it is now; also what it borrows.
    pub fn twin(&self) -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = tempfile::Builder::new().prefix("e2e-").tempdir_in(place).unwrap();
        copy_folder(self.folder.path(), folder.path());
        Self { folder }
    }

    fn lend(&self, cache: &Path) {
        let shared = CacheRoot::open(Some(cache_folder())).unwrap();
        fs_err::create_dir_all(cache).unwrap();
        for bucket in [Bucket::Environments, Bucket::Tools, Bucket::Uv, Bucket::Locks] {
            std::os::unix::fs::symlink(shared.bucket(bucket), cache.join(bucket.folder())).unwrap();
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, text).unwrap();
        path
    }

    pub fn make_executable(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Names in a folder, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let entries = fs_err::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The interpreters of a matrix's environments, by environment; they must have been made.
    pub fn interpreters(&self, run: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for event in self.events(run).iter().filter(|event| event["event"] == "environment-ready") {
            for entry in fs_err::read_dir(self.cache().join(Bucket::Environments.folder())).unwrap() {
                let folder = entry.unwrap().path();
                // One that is being made may be gone in a moment.
                if !folder.join("ready.json").exists() {
                    continue;
                }
                let python = folder.join("bin/python");
                // No more than these either: another test may have made one that has something beside them.
                let ask = "import sys, importlib.metadata as m\nfor p in sys.argv[1:]:\n  \
                           n, v = p.split('=')\n  assert m.version(n) == v\n\
                           tools = ('pip', 'setuptools', 'wheel')\n\
                           there = [d for d in m.distributions() if d.metadata['Name'] not in tools]\n\
                           wanted = [p for p in sys.argv[1:] if p.split('=')[0] not in tools]\n\
                           assert len(there) == len(wanted)";
                let packages = event["lock"]["packages"].as_object().unwrap().iter();
                let wanted = packages.map(|(name, version)| format!("{name}={}", version.as_str().unwrap()));
                let fits = |output: Output| output.status.success();
                if Command::new(&python).arg("-c").arg(ask).args(wanted).output().is_ok_and(fits) {
                    found.insert(text(event, "name").to_owned(), python.to_string_lossy().into_owned());
                    break;
                }
            }
        }
        found
    }

    /// Puts a script in the place of every interpreter of the borrowed environments, for this context only. It fails,
    /// and leaves a line in the file whose path is returned.
    pub fn replace_interpreters(&self) -> PathBuf {
        let log = self.path("interpreters.log");
        let link = self.cache().join(Bucket::Environments.folder());
        let shared = fs_err::read_link(&link).unwrap();
        fs_err::remove_file(&link).unwrap();
        for entry in fs_err::read_dir(shared).unwrap() {
            let from = entry.unwrap().path();
            let bin = link.join(from.file_name().unwrap()).join("bin");
            fs_err::create_dir_all(&bin).unwrap();
            for entry in fs_err::read_dir(from).unwrap() {
                let entry = entry.unwrap();
                // What is written down of the folder does not hold for this one.
                if entry.file_name() != "bin" && entry.file_name() != "files-v1" {
                    std::os::unix::fs::symlink(entry.path(), bin.with_file_name(entry.file_name())).unwrap();
                }
            }
            let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexit 1\n", log.display());
            let python = bin.strip_prefix(self.folder.path()).unwrap().join("python");
            let python = python.to_str().unwrap();
            self.write(python, &script);
            self.make_executable(python);
        }
        log
    }

    /// What a Python prints, in the folder of this context.
    pub fn python(&self, python: &str, arguments: &[&str]) -> String {
        let output = Command::new(python)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("OMP_NUM_THREADS", "1")
            .env("OPENBLAS_NUM_THREADS", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    pub fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with an environment of its own: nothing of the caller's but what finds interpreters and packages.
    pub fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelflife"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            matches!(
                &*name,
                "PATH" | "HOME" | "PYENV_ROOT" | "REQUESTS_CA_BUNDLE" | "CURL_CA_BUNDLE" | "NETRC"
            ) || ["PIP_", "UV_", "SSL_CERT_", "DOCKER_", "LLVM_PROFILE"]
                .iter()
                .any(|start| name.starts_with(start))
                || name.to_ascii_uppercase().ends_with("_PROXY")
        }));
        command.env("SHELFLIFE_CACHE_DIR", self.cache());
        command
    }

    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
        self.end(&mut self.command(arguments))
    }

    /// Runs a command to its end.
    pub fn end(&self, command: &mut Command) -> Ended {
        Ended { output: command.output().unwrap(), folder: self.folder.path().to_owned() }
    }

    pub fn events(&self, run: &str) -> Vec<Value> {
        lines(&fs_err::read_to_string(self.path("reports").join(run).join("events.jsonl")).unwrap())
    }

    pub fn results(&self, run: &str) -> Value {
        let results = serde_json::from_str(&self.read(&format!("reports/{run}/results.json"))).unwrap();
        let document = include_str!("../../docs/results.md");
        let missing = crate::documented::undocumented(&results, document);
        assert!(missing.is_empty(), "docs/results.md does not know {missing:?}");
        results
    }

    /// The verdict and stage of every cell, as `verdict stage` by `model producer consumer`.
    pub fn verdicts(&self, run: &str) -> BTreeMap<String, String> {
        let results = self.results(run);
        let cells = results["cells"].as_array().unwrap().iter();
        cells
            .map(|cell| (name_of(cell), format!("{} {}", text(cell, "verdict"), text(cell, "stage"))))
            .collect()
    }

    /// Waits until nothing that a run started is left.
    pub fn wait_for_no_processes(&self) {
        let start = Instant::now();
        loop {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "left behind: {left:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Processes that were started on behalf of this folder: their home is in its cache.
    pub fn processes(&self) -> Vec<String> {
        let mark = self.folder.path().to_string_lossy().into_owned();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            // Processes come and go while one looks.
            let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
            if String::from_utf8_lossy(&environment).contains(&mark) {
                let command = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let command: String =
                    String::from_utf8_lossy(&command).replace('\0', " ").chars().take(80).collect();
                // A zombie has done its work.
                if !command.is_empty() {
                    found.push(format!("{} {command}", entry.file_name().to_string_lossy()));
                }
            }
        }
        found
    }
}

/// `model producer consumer` of a cell of `results.json`.
pub fn name_of(cell: &Value) -> String {
    format!("{} {} {}", text(cell, "model"), text(cell, "producer"), text(cell, "consumer"))
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text `{key}` in {value}"))
}

/// The JSON objects in the whole lines of a text.
pub fn lines(text: &str) -> Vec<Value> {
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// What was executed, as opposed to known, according to events: every artifact with its reader.
pub fn executed(events: &[Value]) -> Vec<String> {
    observed(events, false)
}

/// What was observed: freshly (`reused` is false) or from the cache.
pub fn observed(events: &[Value], reused: bool) -> Vec<String> {
    let kinds = ["cell-observed", "reference-taken"];
    events
        .iter()
        .filter(|event| kinds.contains(&text(event, "event")) && event["reused"] == reused)
        .map(|event| {
            let artifact = &event["artifact"];
            let [model, format, producer] = ["model", "format", "producer"].map(|key| text(artifact, key));
            let reader = event["consumer"].as_str().unwrap_or("a fresh process of its producer");
            format!("{model}/{format}/{producer} in {reader}")
        })
        .collect()
}

/// A list without repetitions; repetitions are a failure.
pub fn distinct(list: Vec<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for item in list {
        assert!(seen.insert(item.clone()), "{item} twice");
    }
    seen
}

/// A process that came to its end.
pub struct Ended {
    output: Output,
    folder: PathBuf,
}

impl Ended {
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        self
    }
}

/// Exit code, standard output and standard error, without what differs between machines and moments.
impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = |text: String| {
            let text = text.replace(&*self.folder.to_string_lossy(), "[DIR]");
            let mut clean = String::new();
            for line in text.lines().filter(|line| !is_progress(line)) {
                clean.push_str(&without_place(&without_patch(&without_durations(line))));
                clean.push('\n');
            }
            clean
        };
        match self.code() {
            Some(code) => writeln!(f, "exit code: {code}")?,
            None => writeln!(f, "{}", self.output.status)?,
        }
        write!(f, "----- stdout -----\n{}----- stderr -----\n{}", clean(self.stdout()), clean(self.stderr()))
    }
}

/// Lines whose order or presence depends on how fast things are, or on what the kernel allows here.
pub fn is_progress(line: &str) -> bool {
    ["environments: ", "cells: "].iter().any(|start| line.starts_with(start))
        || line.contains(" can reach the network: ")
}

/// `Python 3.11.7` without the number that differs between machines.
fn without_patch(line: &str) -> String {
    let Some((start, rest)) = line.split_once("Python 3.11.") else { return line.to_owned() };
    format!("{start}Python 3.11.[N]{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// The line of a record that was damaged depends on which event came first.
fn without_place(line: &str) -> String {
    let Some((start, rest)) = line.split_once(": line ") else { return line.to_owned() };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    if rest.starts_with(" of its record") { format!("{start}: line [N]{rest}") } else { line.to_owned() }
}

fn without_durations(line: &str) -> String {
    let mut text = String::new();
    let mut words = line.split(' ').peekable();
    while let Some(word) = words.next() {
        let number = word.trim_start_matches('(');
        let unit = words.peek().map(|unit| unit.trim_end_matches([')', ',', '.']));
        if matches!(unit, Some("s" | "ms" | "min")) && number.parse::<f64>().is_ok() {
            text.push_str(&word.replace(number, "[N]"));
        } else {
            text.push_str(word);
        }
        if words.peek().is_some() {
            text.push(' ');
        }
    }
    text
}

/// A context in a static is never dropped: folders that an earlier process left are removed here.
fn remove_leftovers(place: &Path) {
    for entry in fs_err::read_dir(place).unwrap().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with("e2e-");
        let age =
            entry.metadata().and_then(|facts| facts.modified()).ok().and_then(|time| time.elapsed().ok());
        // A younger one may belong to a process that runs right now.
        if is_ours && age.is_some_and(|age| age > Duration::from_secs(3600)) {
            // Somebody else may be removing it too.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs_err::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs_err::read_link(entry.path()).unwrap(), target).unwrap();
        } else if kind.is_dir() {
            fs_err::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), target).unwrap();
        }
    }
}
