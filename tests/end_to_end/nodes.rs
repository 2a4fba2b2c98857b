//! Nodes of a cluster on this machine: a Debian tree with Slurm, a run whose shards take a moment, and what nodes share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::context::{DATA, TestContext, both, models, recipe};
use crate::run_shards::{timeless, without_counts};

/// What a node needs: Slurm, and the libraries of interpreters that were built elsewhere.
const PACKAGES: &str = "slurmctld,slurmd,slurm-client,munge,iproute2,ca-certificates,libssl3,libffi8,libbz2-1.0,\
                        liblzma5,libsqlite3-0,libreadline8,zlib1g,libgomp1";
/// Where an apt on Debian 12 keeps its sources: a mirror of this machine's own.
const SOURCES: &str = "/etc/apt/sources.list.d/debian.sources";

/// The Debian tree of the nodes, which stays for the next time; or why there is none.
pub fn tree() -> Result<PathBuf, String> {
    let tree = Path::new(env!("CARGO_TARGET_TMPDIR")).join("slurm-tree");
    // It gets its name when it is whole.
    if tree.exists() {
        return Ok(tree);
    }
    // As an archive: what is begun and not ended may have things of this machine mounted in it.
    let (archive, unfinished) = (tree.with_extension("tar"), tree.with_extension("new"));
    let mut make = Command::new("mmdebstrap");
    make.args(["--variant=minbase", "--mode=root", &format!("--include={PACKAGES}"), "bookworm"])
        .arg(&archive);
    if Path::new(SOURCES).exists() {
        make.arg(SOURCES);
    }
    ended("mmdebstrap", &mut make)?;
    // It was not unpacked to its end.
    let _ = fs_err::remove_dir_all(&unfinished);
    fs_err::create_dir(&unfinished).unwrap();
    let mut unpack = Command::new("tar");
    unpack
        .args(["--extract", "--exclude=./dev/*", "--file"])
        .arg(&archive)
        .arg("--directory")
        .arg(&unfinished);
    ended("tar", &mut unpack)?;
    fs_err::remove_file(&archive).unwrap();
    fs_err::rename(&unfinished, &tree).unwrap();
    Ok(tree)
}

fn ended(program: &str, command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program}: {}", said.trim_end())) }
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests sees what was not tried")]
pub fn skipped(what: &str, why: &str) {
    eprintln!("skipped: there is no {what} here: {why}");
}

/// A run in two shards, in each of which something happens for some seconds, and `shelflife` where nodes look for it.
pub fn slow() -> TestContext {
    let context = TestContext::new();
    context.write("slow.py", &recipe("time.sleep(0.5)"));
    let model = |at| format!("[[models]]\nname = \"slow-{at}\"\nrecipe = \"slow.py\"\nseed = {at}\n\n");
    let slow: String = (0..4).map(model).collect();
    let quick = models(&[("scaler", "StandardScaler()"), ("pca", "PCA(n_components=3, whiten=True)")]);
    context.write("m.toml", &format!("{}{DATA}\n{quick}{slow}", both()));
    context.run(["shard", "plan", "m.toml", "--into", "2"]).expect(0);
    fs_err::create_dir(context.path("bin")).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_shelflife"), context.path("bin/shelflife")).unwrap();
    context
}

/// Results without what is of the machine: also what its cells were not kept from.
pub fn of_any_machine(text: &str) -> Value {
    let mut results = without_counts(&timeless(text));
    for environment in results["environments"].as_array_mut().unwrap() {
        environment.as_object_mut().unwrap().remove("gaps");
    }
    results
}

/// The folders that nodes share with this machine: those of the run, of the environments and of their interpreters.
pub fn shared(context: &TestContext) -> BTreeSet<PathBuf> {
    let real = |path: PathBuf| path.canonicalize().unwrap();
    let environments = real(context.cache().join("environments-v1"));
    let pythons = fs_err::read_dir(&environments).unwrap().flatten();
    let pythons = pythons.filter_map(|entry| entry.path().join("bin/python").canonicalize().ok());
    let prefixes = pythons.filter_map(|python| Some(python.parent()?.parent()?.to_owned()));
    let binary = Path::new(env!("CARGO_BIN_EXE_shelflife")).parent().unwrap().to_owned();
    let mut folders: BTreeSet<PathBuf> = prefixes.collect();
    let buckets = ["environments-v1", "tools-v1", "uv-v1", "locks-v1"];
    folders.extend(buckets.map(|bucket| real(context.cache().join(bucket))));
    folders.extend([binary, real(context.path("."))]);
    folders
}
