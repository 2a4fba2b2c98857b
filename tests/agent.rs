//! The agent's own tests, which are Python (`tests/agent`), under every interpreter that this machine has: the agent has
//! to run on each of them. Those that need numpy run in a real environment as well.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/terminal.rs"]
mod terminal;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::cache_folder;
use shelflife::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use shelflife::provision::{ProvisionOptions, Provisioner};
use shelflife::store::CacheRoot;
use shelflife::worker::AGENT;
use terminal::not_tried;

/// The minor versions of Python 3 that the agent promises to run on.
const VERSIONS: std::ops::RangeInclusive<u32> = 6..=15;

/// Interpreters by their version, one of each minor version.
fn interpreters() -> BTreeMap<u32, PathBuf> {
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from).or(home).unwrap_or_default();
    let mut commands: Vec<PathBuf> = fs_err::read_dir(pyenv.join("versions"))
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin/python")).collect())
        .unwrap_or_default();
    commands.sort();
    commands.push("python3".into());
    commands.iter().filter_map(|command| asked(command)).collect()
}

/// The minor version of an interpreter, and where it really is; `None` for Python 2 and what does not answer.
fn asked(command: &Path) -> Option<(u32, PathBuf)> {
    let question = "import sys; print(sys.version_info[0], sys.version_info[1], sys.executable)";
    let output = Command::new(command).args(["-c", question]).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let mut words = answer.trim().splitn(3, ' ');
    let (major, minor, place) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    (major == "3" && VERSIONS.contains(&minor)).then(|| (minor, place.into()))
}

/// Runs the tests; gives what they print.
fn run(python: &Path) -> Result<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let packed = folder.path().join("agent.py");
    fs_err::write(&packed, AGENT.as_slice()).unwrap();
    // Nothing is compiled into the folders of the sources.
    let output = Command::new(python)
        .args(["-B", "-s", "-m", "unittest", "discover", "--start-directory"])
        .arg(root.join("tests/agent"))
        .current_dir(folder.path())
        .env("PYTHONPATH", root.join("src/worker/agent"))
        .env("SHELFLIFE_PACKED_AGENT", &packed)
        .output()
        .map_err(|error| format!("{}: {error}", python.display()))?;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(printed) } else { Err(printed) }
}

/// Says how many tests were left out, which is the last thing that unittest prints.
fn tell_skipped(printed: &str, name: &str) {
    if let Some(skipped) = printed.trim_end().lines().last().and_then(|line| line.split_once("skipped=")) {
        let count = skipped.1.trim_end_matches(')');
        not_tried(format!("{count} tests of the agent under {name}: they need packages or a newer Python"));
    }
}

#[test]
fn its_tests_pass_under_every_interpreter() {
    let found = interpreters();
    assert!(!found.is_empty(), "there is no Python 3.6 or later on this machine");
    let mut failures = Vec::new();
    for minor in VERSIONS {
        let name = format!("Python 3.{minor}");
        match found.get(&minor).map(|python| run(python)) {
            None => not_tried(format!("the agent under {name}: there is none on this machine")),
            Some(Ok(printed)) => tell_skipped(&printed, &name),
            Some(Err(printed)) => failures.push(format!("{name}:\n{printed}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// In the environment that most tests share.
#[tokio::test]
async fn its_tests_pass_with_numpy() {
    let mut spec = EnvironmentSpec::new("test", RuntimeSpec::Venv { python: "3.11".to_owned() });
    spec.packages.insert("scikit-learn".to_owned(), VersionSpec::Exact("1.3.2".to_owned()));
    let cache = CacheRoot::open(Some(cache_folder())).unwrap();
    let ready = Provisioner::new(cache, ProvisionOptions::default()).prepare(&spec, &|_| ()).await.unwrap();
    match run(Path::new(&ready.launch.command[0])) {
        Ok(printed) => tell_skipped(&printed, "scikit-learn 1.3.2"),
        Err(printed) => panic!("{printed}"),
    }
}
