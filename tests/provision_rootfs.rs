//! Debian trees and containers, with real ones where this machine can have them. What cannot be tried says why on stderr
//! and passes: the reason is part of the test's output.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[path = "common/mod.rs"]
mod common;
#[path = "common/machine.rs"]
mod machine;

use std::collections::BTreeMap;
use std::sync::Mutex;

use common::cache_folder;
use machine::not_tried;
use shelflife::matrix::{BuildSpec, ContainerSpec, EnvironmentSpec, ImageSource, RootfsSpec, RuntimeSpec};
use shelflife::provision::{ProvisionFailure, ProvisionOptions, Provisioner, ReadyEnvironment};
use shelflife::store::CacheRoot;
use shelflife::vocab::{ByteOrder, Runtime};

fn spec(runtime: RuntimeSpec) -> EnvironmentSpec {
    EnvironmentSpec::new("tree", runtime)
}

fn tree(suite: &str, arch: &str) -> RootfsSpec {
    RootfsSpec { suite: suite.to_owned(), arch: arch.to_owned(), debian: Vec::new(), mirror: None }
}

fn shared_cache() -> CacheRoot {
    CacheRoot::open(Some(cache_folder())).unwrap()
}

async fn prepare(
    cache: CacheRoot,
    options: ProvisionOptions,
    spec: &EnvironmentSpec,
) -> (Result<ReadyEnvironment, ProvisionFailure>, Vec<String>) {
    shelflife::cage::made_by(env!("CARGO_BIN_EXE_shelflife"));
    let notes = Mutex::new(Vec::new());
    let note = |text: &str| notes.lock().unwrap().push(text.to_owned());
    let provisioner = Provisioner::new(cache, options);
    let result = provisioner.prepare(spec, &note).await;
    provisioner.finish().await;
    (result, notes.into_inner().unwrap())
}

fn folders(cache: &CacheRoot) -> usize {
    fs_err::read_dir(cache.path().join("environments-v1")).unwrap().count()
}

fn has(program: &str) -> bool {
    which::which(program).is_ok()
}

#[tokio::test]
async fn a_tree_of_32_bits_is_made_once_and_used_again() {
    let spec = spec(RuntimeSpec::Rootfs(tree("bookworm", "i386")));
    let (first, notes) = prepare(shared_cache(), ProvisionOptions::default(), &spec).await;
    let first = match first {
        Ok(first) => first,
        Err(failure)
            if ["not installed on this machine", "allows no namespaces", "reachable"]
                .iter()
                .any(|reason| failure.to_string().contains(reason)) =>
        {
            not_tried(failure);
            return;
        }
        Err(failure) => panic!("{failure}"),
    };
    assert_eq!((first.lock.runtime, first.lock.bits), (Runtime::Rootfs, 32));
    assert_eq!((first.lock.arch.as_str(), first.lock.byteorder), ("i686", ByteOrder::Little));
    assert_eq!(first.lock.packages["scikit-learn"], "1.2.1");
    assert!(first.lock.base.as_ref().is_some_and(|base| base.starts_with("Debian bookworm i386, ")));
    assert!(first.reused || notes.iter().any(|note| note.starts_with("making the Debian tree")), "{notes:?}");

    // Again without the network: the tree and its lock are there.
    let offline = ProvisionOptions { offline: true, ..ProvisionOptions::default() };
    let (again, notes) = prepare(shared_cache(), offline, &spec).await;
    let again = again.unwrap();
    assert!(again.reused && notes.is_empty(), "{notes:?}");
    assert_eq!(again.lock, first.lock);
}

#[tokio::test]
async fn a_tree_that_cannot_be_made_leaves_nothing() {
    if !has("mmdebstrap") || !has("arch-test") {
        not_tried("mmdebstrap and arch-test are not installed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
    let offline = ProvisionOptions { offline: true, ..ProvisionOptions::default() };
    let wanted = spec(RuntimeSpec::Rootfs(tree("bookworm", "i386")));
    let failure = prepare(cache.clone(), offline, &wanted).await.0.unwrap_err();
    if failure.reason().contains("allows no namespaces") {
        not_tried(failure);
        return;
    }
    assert!(failure.remedy().unwrap().contains("--offline"));

    let nowhere =
        RootfsSpec { mirror: Some("http://127.0.0.1:9/debian".to_owned()), ..tree("bookworm", "i386") };
    let wanted = spec(RuntimeSpec::Rootfs(nowhere));
    let failure = prepare(cache.clone(), ProvisionOptions::default(), &wanted).await.0.unwrap_err();
    assert!(failure.reason().starts_with("cannot make the Debian tree bookworm i386"), "{failure}");
    assert!(failure.remedy().is_some_and(|remedy| remedy.contains("127.0.0.1:9")), "{failure}");

    let unknown =
        RootfsSpec { mirror: Some("http://127.0.0.1:9/debian".to_owned()), ..tree("bookworm", "vax") };
    let failure =
        prepare(cache.clone(), ProvisionOptions::default(), &spec(RuntimeSpec::Rootfs(unknown))).await.0;
    assert!(failure.unwrap_err().to_string().contains("vax"));
    assert_eq!(folders(&cache), 0, "a failure leaves no folder behind");
}

#[tokio::test]
async fn a_release_that_the_mirror_lacks_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
    let wanted = spec(RuntimeSpec::Rootfs(tree("bulseye", "i386")));
    let failure = prepare(cache.clone(), ProvisionOptions::default(), &wanted).await.0.unwrap_err();
    assert_eq!(folders(&cache), 0, "a failure leaves no folder behind");
    if !failure.reason().starts_with("cannot make the Debian tree")
        || failure.to_string().contains("reachable")
    {
        not_tried(failure);
        return;
    }
    assert!(failure.remedy().is_some_and(|remedy| remedy.contains("does not have this suite")), "{failure}");
}

#[tokio::test]
async fn a_missing_image_and_a_missing_engine_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
    let image = ContainerSpec {
        source: ImageSource::Image("shelflife-test/no-such-image:1".to_owned()),
        platform: Some("linux/386".to_owned()),
    };
    let offline = ProvisionOptions { offline: true, ..ProvisionOptions::default() };
    let failure = prepare(cache, offline, &spec(RuntimeSpec::Container(image))).await.0.unwrap_err();
    if failure.reason().starts_with("no container engine answers") {
        not_tried("an engine's word on an image: none answers here");
        assert!(failure.remedy().unwrap().contains("docker info"));
    } else {
        assert!(failure.reason().contains("shelflife-test/no-such-image:1"), "{failure}");
        assert!(failure.remedy().unwrap().contains("--offline"));
    }
}

#[tokio::test]
async fn an_image_runs_where_an_engine_answers() {
    if let Err(reason) = machine::engine(&["info"]) {
        not_tried(format_args!(
            "docker does not answer ({reason}); `docker/with-daemon.sh cargo test` starts one"
        ));
        return;
    }
    let tree = spec(RuntimeSpec::Rootfs(tree("bookworm", "i386")));
    let Ok(of_tree) = prepare(shared_cache(), ProvisionOptions::default(), &tree).await.0 else {
        not_tried("the tree to make an image of cannot be made here, see the other tests");
        return;
    };
    let listed = Provisioner::new(shared_cache(), ProvisionOptions::default()).list().unwrap();
    let made = listed.iter().find(|found| found.complete && found.requirements == ["debian bookworm i386"]);
    let Some(image) = machine::imported(&made.unwrap().folder.join("root")) else {
        return;
    };
    let wanted = |platform: &str| {
        let source = ImageSource::Image(image.clone());
        spec(RuntimeSpec::Container(ContainerSpec { source, platform: Some(platform.to_owned()) }))
    };

    let ready = prepare(shared_cache(), ProvisionOptions::default(), &wanted("linux/386")).await.0.unwrap();
    assert_eq!((ready.lock.runtime, ready.lock.bits), (Runtime::Container, 32));
    assert_eq!(ready.lock.packages, of_tree.lock.packages);
    assert!(ready.lock.base.is_some_and(|base| base.starts_with("image sha256:")));

    let failure = prepare(shared_cache(), ProvisionOptions::default(), &wanted("linux/amd64")).await.0;
    let failure = failure.unwrap_err();
    assert!(failure.reason().contains("is for linux/386, not for linux/amd64"), "{failure}");
    assert!(failure.remedy().unwrap().contains("platform = \"linux/386\""));
}

#[tokio::test]
async fn a_build_gives_an_image_and_says_what_went_wrong() {
    if let Err(reason) = machine::engine(&["info"]) {
        not_tried(format_args!(
            "docker does not answer ({reason}); `docker/with-daemon.sh cargo test` starts one"
        ));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("Dockerfile"), "FROM scratch AS bare\nCOPY Dockerfile /\nFROM bare\n")
        .unwrap();
    let wanted = |target: &str| {
        let build = BuildSpec {
            context: folder.path().to_owned(),
            dockerfile: None,
            target: Some(target.to_owned()),
            network: None,
            args: BTreeMap::new(),
        };
        spec(RuntimeSpec::Container(ContainerSpec { source: ImageSource::Build(build), platform: None }))
    };
    // The image is there then, and what it lacks is a Python.
    let failure = prepare(shared_cache(), ProvisionOptions::default(), &wanted("bare")).await.0.unwrap_err();
    assert!(failure.reason().contains("python"), "{failure}");
    let failure = prepare(shared_cache(), ProvisionOptions::default(), &wanted("none")).await.0.unwrap_err();
    assert!(failure.reason().starts_with("cannot build an image in"), "{failure}");
    assert!(failure.reason().contains("none"), "{failure}");
}

/// A disk that is full before a tree is complete, in a mount namespace of its own: the binary says so and leaves nothing.
#[test]
fn a_full_disk_ends_a_tree_and_leaves_nothing_of_it() {
    if !has("unshare") || !has("mmdebstrap") {
        not_tried("unshare and mmdebstrap are not both installed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let matrix = folder.path().join("full.toml");
    fs_err::write(&matrix, FULL).unwrap();
    fs_err::write(folder.path().join("points.csv"), "a,y\n1,2\n3,4\n").unwrap();
    let script = "mkdir -p \"$1/small\" && mount -t tmpfs -o size=60m none \"$1/small\" && \
                  { SHELFLIFE_CACHE_DIR=\"$1/small/cache\" \"$2\" env prepare \"$1/full.toml\"; echo \"ended $?\"; \
                  ls \"$1/small/cache/environments-v1\"; }";
    let output = std::process::Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(env!("CARGO_BIN_EXE_shelflife"))
        .output()
        .unwrap();
    let (told, left) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    if !output.status.success() || told.contains("reachable") {
        not_tried(format_args!("no mount of its own, or no mirror here: {told}"));
        return;
    }
    assert!(told.contains("cannot make the Debian tree bookworm i386"), "{told}");
    assert!(told.contains("env prune"), "{told}");
    assert_eq!(left, "ended 101\n", "no half tree is left");
}

const FULL: &str = r#"
[matrix]
name = "full"

[[environments]]
name = "tree"
runtime = "rootfs"
suite = "bookworm"
arch = "i386"

[datasets.points]
path = "points.csv"
target = "y"

[[models]]
name = "scaler"
estimator = "StandardScaler()"
dataset = "points"
formats = ["pickle"]
"#;
