//! Real environments, made by a real uv. They need a package index (or a filled cache) and Python 3.11; the cache
//! is shared between runs of these tests.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shelflife::matrix::{EnvironmentSpec, RuntimeSpec, VersionSpec};
use shelflife::provision::{ProvisionOptions, Provisioner, ReadyEnvironment};
use shelflife::store::{Bucket, CacheRoot};

fn cache() -> CacheRoot {
    CacheRoot::open(Some(common::cache_folder())).expect("the test cache can be opened")
}

fn provisioner(options: ProvisionOptions) -> Provisioner {
    Provisioner::new(cache(), options)
}

fn venv(python: &str, packages: &[(&str, VersionSpec)]) -> EnvironmentSpec {
    EnvironmentSpec {
        packages: packages.iter().map(|(name, version)| ((*name).to_owned(), version.clone())).collect(),
        ..EnvironmentSpec::new("test", RuntimeSpec::Venv { python: python.to_owned() })
    }
}

fn exact(version: &str) -> VersionSpec {
    VersionSpec::Exact(version.to_owned())
}

/// The environment that most tests share.
fn small() -> EnvironmentSpec {
    venv("3.11", &[("scikit-learn", exact("1.3.2"))])
}

fn quiet(_: &str) {}

fn folder_of(ready: &ReadyEnvironment) -> PathBuf {
    Path::new(&ready.launch.command[0]).ancestors().nth(2).expect("bin/python has a folder above").to_owned()
}

#[tokio::test]
async fn an_environment_is_made_once_and_used_again() {
    let provisioner = provisioner(ProvisionOptions::default());
    let spec = small();
    let mut other = small();
    other.name = "twin".into();
    let (ready, twin) = tokio::join!(provisioner.prepare(&spec, &quiet), provisioner.prepare(&other, &quiet));
    let (ready, twin) = (ready.expect("it can be made"), twin.expect("it is the same"));
    assert_eq!(ready.lock.packages["scikit-learn"], "1.3.2");
    assert!(ready.lock.packages["numpy"].starts_with("1.26."), "{:?}", ready.lock.packages);
    assert!(ready.lock.companions.contains(&"numpy<2 (companion of scikit-learn 1.3)".to_owned()));
    assert!(ready.lock.python.starts_with("3.11."));
    assert!(!ready.lock.cpu_features.is_empty());
    assert!(
        ready.lock.blas.as_deref().is_some_and(|blas| blas.starts_with("OpenBLAS")),
        "{:?}",
        ready.lock.blas
    );
    assert_eq!(ready.launch.command, twin.launch.command);

    // Another run: nothing is known but what the cache holds.
    let second = self::provisioner(ProvisionOptions { offline: true, ..ProvisionOptions::default() });
    let again = second.prepare(&spec, &quiet).await.expect("it is there");
    assert!(again.reused);
    assert_eq!((&again.lock, &again.launch.command), (&ready.lock, &ready.launch.command));

    let listed = second.list().expect("the cache can be read");
    let entry = listed.iter().find(|entry| entry.folder == folder_of(&ready)).expect("it is listed");
    assert!(entry.complete && entry.bytes > 1_000_000 && entry.last_used.is_some());
    assert_eq!(entry.scikit_learn.as_deref(), Some("1.3.2"));
}

#[tokio::test]
async fn variables_are_part_of_the_lock_and_share_the_folder() {
    let provisioner = provisioner(ProvisionOptions::default());
    let mut spec = small();
    spec.variables.insert("OPENBLAS_CORETYPE".to_owned(), "Nehalem".to_owned());
    let plain = provisioner.prepare(&small(), &quiet).await.expect("it can be made");
    let old_cpu = provisioner.prepare(&spec, &quiet).await.expect("it can be made");
    assert_eq!(plain.launch.command, old_cpu.launch.command);
    assert_ne!(plain.lock.digest(), old_cpu.lock.digest());
    if plain.lock.arch == "x86_64" {
        assert!(old_cpu.lock.blas.is_some_and(|blas| blas.ends_with("Nehalem")));
    }
}

#[tokio::test]
async fn an_interrupted_or_changed_environment_is_made_again() {
    // A cache of its own, whose wheels are those of the shared one.
    let root = tempfile::tempdir_in(cache().path().parent().expect("not the root")).expect("a folder");
    let cache = CacheRoot::open(Some(root.path().to_owned())).expect("a cache");
    fs_err::remove_dir(cache.bucket(Bucket::Uv)).expect("it is empty");
    std::os::unix::fs::symlink(self::cache().bucket(Bucket::Uv), cache.bucket(Bucket::Uv)).expect("a link");
    let prepare = async || {
        let provisioner = Provisioner::new(cache.clone(), ProvisionOptions::default());
        provisioner.prepare(&small(), &quiet).await.expect("it can be made")
    };

    let first = prepare().await;
    assert!(!first.reused);
    let folder = folder_of(&first);
    fs_err::remove_file(folder.join("ready.json")).expect("the marker is there");
    let second = prepare().await;
    assert!(!second.reused);
    assert_eq!(first.lock, second.lock);
    let folders = || fs_err::read_dir(cache.bucket(Bucket::Environments)).expect("a folder").count();
    assert_eq!(folders(), 1, "the incomplete folder is gone");

    let third = prepare().await;
    assert!(third.reused);
    assert_eq!(third.lock, second.lock);

    let site = folder_of(&second).join("lib/python3.11/site-packages");
    fs_err::rename(site.join("joblib"), site.join("joblib.away")).expect("joblib is installed");
    let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    std::fs::File::open(&site).and_then(|site| site.set_modified(past)).expect("times can be set");
    assert!(!prepare().await.reused);
    assert_eq!(folders(), 1);
}

#[tokio::test]
async fn an_environment_stays_what_it_is_when_its_cache_is_reached_by_another_name_or_moved() {
    let place = tempfile::tempdir_in(cache().path().parent().expect("not the root")).expect("a folder");
    let cache_in = |name: &str| CacheRoot::open(Some(place.path().join(name))).expect("a cache");
    let prepare = async |cache: CacheRoot| {
        let provisioner = Provisioner::new(cache, ProvisionOptions::default());
        provisioner.prepare(&small(), &quiet).await.expect("it can be made")
    };
    let first = cache_in("first");
    fs_err::remove_dir(first.bucket(Bucket::Uv)).expect("it is empty");
    std::os::unix::fs::symlink(cache().bucket(Bucket::Uv), first.bucket(Bucket::Uv)).expect("a link");
    let made = prepare(first.clone()).await;
    assert!(!made.reused);

    let link = place.path().join("link");
    std::os::unix::fs::symlink(first.path(), &link).expect("a link");
    let linked = prepare(cache_in("link")).await;
    assert!(linked.reused);
    assert_eq!(linked.lock, made.lock);

    fs_err::rename(first.path(), place.path().join("moved")).expect("it can be moved");
    let moved = prepare(cache_in("moved")).await;
    assert!(moved.reused);
    assert_eq!(moved.lock, made.lock);
}

#[tokio::test]
async fn contradictions_are_explained_and_leave_nothing() {
    let provisioner = provisioner(ProvisionOptions::default());
    let before = provisioner.list().expect("readable").len();
    let spec = venv("3.11", &[("scikit-learn", exact("1.3.2")), ("numpy", exact("2.0.2"))]);
    let failure = provisioner.prepare(&spec, &quiet).await.expect_err("numpy is too new");
    assert!(failure.reason().contains("scikit-learn==1.3.2 depends on numpy>=1.17.3,<2.0"), "{failure}");
    assert!(failure.remedy().is_some(), "{failure}");
    let spec = venv("3.11", &[("scikit-learn", exact("1.3.99"))]);
    let failure = provisioner.prepare(&spec, &quiet).await.expect_err("there is no such version");
    assert!(failure.reason().contains("no version of scikit-learn==1.3.99"), "{failure}");
    assert!(provisioner.list().expect("readable").len() <= before + 1, "only a concurrent test may add one");
}

#[tokio::test]
async fn declared_packages_win_over_companions() {
    let notes = Mutex::new(Vec::new());
    let note = |line: &str| notes.lock().expect("no panic before").push(line.to_owned());
    let spec =
        venv("3.11", &[("scikit-learn", exact("1.2.2")), ("numpy", VersionSpec::Minor("2.0".to_owned()))]);
    let failure =
        provisioner(ProvisionOptions::default()).prepare(&spec, &note).await.expect_err("numpy's ABI");
    assert!(failure.reason().contains("cannot be imported in Python 3.11"), "{failure}");
    assert!(failure.reason().contains("numpy 2.0."), "{failure}");
    assert!(failure.remedy().is_some_and(|remedy| remedy.contains("companions")));
    assert!(notes.lock().expect("no panic before").iter().any(|line| line.contains("contradict")));
}

#[tokio::test]
async fn a_missing_interpreter_has_a_remedy() {
    let provisioner = provisioner(ProvisionOptions { offline: true, ..ProvisionOptions::default() });
    for (python, words) in [("3.4", "no Python 3.4 found"), ("three", "not a Python version")] {
        let failure = provisioner.prepare(&venv(python, &[]), &quiet).await.expect_err("there is none");
        assert!(failure.reason().contains(words), "{failure}");
        assert!(failure.remedy().is_some(), "{failure}");
    }
}

#[tokio::test]
async fn existing_environments_are_looked_at() {
    let provisioner = provisioner(ProvisionOptions::default());
    let made = provisioner.prepare(&small(), &quiet).await.expect("it can be made");
    let mut spec = small();
    spec.runtime = RuntimeSpec::Existing { command: made.launch.command.clone() };
    let existing = provisioner.prepare(&spec, &quiet).await.expect("it is there");
    assert_eq!(existing.lock.packages, made.lock.packages);
    assert_eq!(existing.launch.command, made.launch.command);
    let again = provisioner.prepare(&spec, &quiet).await.expect("it is there");
    assert!(again.reused);
    assert_eq!(again.lock, existing.lock);

    spec.runtime = RuntimeSpec::Existing { command: vec!["env".to_owned(), made.launch.command[0].clone()] };
    let prefixed = provisioner.prepare(&spec, &quiet).await.expect("a prefix works");
    assert!(!prefixed.reused && prefixed.launch.command.len() == 2);
    assert_eq!(prefixed.lock, existing.lock);

    spec.runtime = RuntimeSpec::Existing { command: vec!["/bin/sh".to_owned()] };
    let failure = provisioner.prepare(&spec, &quiet).await.expect_err("a shell is no Python");
    assert!(failure.reason().contains("/bin/sh"), "{failure}");
    assert!(failure.remedy().is_some(), "{failure}");
}

#[tokio::test]
async fn what_some_files_take_keeps_no_environment_from_being_made() {
    let mut spec = small();
    spec.extras = [("skops", exact("99.0")), ("lz4", VersionSpec::Latest)]
        .map(|(name, it)| (name.to_owned(), it))
        .into();
    let ready =
        provisioner(ProvisionOptions::default()).prepare(&spec, &quiet).await.expect("it can be made");
    assert!(ready.lock.packages.contains_key("lz4") && !ready.lock.packages.contains_key("skops"));
    assert!(
        ready.lock.companions.iter().any(|line| line.starts_with("without skops==99.0")),
        "{:?}",
        ready.lock.companions
    );
}

/// Minor releases that are the last of theirs, and those at which the interpreters with wheels change.
const RELEASES: &[&str] = &[
    "0.18.1",
    "0.18.2",
    "0.19.1",
    "0.19.2",
    "0.20.4",
    "0.21.3",
    "0.22",
    "0.22.2.post1",
    "0.23.2",
    "0.24.0",
    "0.24.2",
    "1.0",
    "1.0.1",
    "1.0.2",
    "1.1.0",
    "1.1.3",
    "1.2.2",
    "1.3.0",
    "1.3.2",
    "1.4.0",
    "1.4.2",
    "1.5.2",
    "1.6.1",
    "1.7.0",
    "1.7.2",
    "1.8.0",
    "1.9.1",
];

#[tokio::test]
#[ignore = "makes 27 environments with the interpreters 3.6 to 3.11"]
async fn every_release_can_be_made() {
    let provisioner = provisioner(ProvisionOptions::default());
    for release in RELEASES {
        let python = shelflife::artifact::python_for(Some(release), None);
        let ready = provisioner.prepare(&venv(&python, &[("scikit-learn", exact(release))]), &quiet).await;
        let ready = ready.unwrap_or_else(|failure| panic!("{release} with Python {python}: {failure}"));
        assert!(ready.lock.packages.contains_key("numpy"), "{release}");
    }
}
