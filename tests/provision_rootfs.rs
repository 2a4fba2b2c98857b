//! Debian trees and containers, with real ones where this machine can have them. What cannot be tried says why on stderr
//! and passes: the reason is part of the test's output.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test may panic, and says why it tried nothing"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use shelflife::matrix::{ContainerSpec, EnvironmentSpec, ImageSource, RootfsSpec, RuntimeSpec};
use shelflife::provision::{ProvisionFailure, ProvisionOptions, Provisioner, ReadyEnvironment};
use shelflife::store::CacheRoot;
use shelflife::vocab::{ByteOrder, Runtime};

fn spec(runtime: RuntimeSpec) -> EnvironmentSpec {
    EnvironmentSpec {
        name: "tree".into(),
        runtime,
        packages: BTreeMap::new(),
        companions: true,
        variables: BTreeMap::new(),
        producer: true,
        consumer: true,
        outside: false,
    }
}

fn tree(suite: &str, arch: &str) -> RootfsSpec {
    RootfsSpec { suite: suite.to_owned(), arch: arch.to_owned(), debian: Vec::new(), mirror: None }
}

/// Trees are large and slow to make: tests share the cache that `SHELFLIFE_TEST_CACHE` names, else one of this build.
fn shared_cache() -> CacheRoot {
    let folder = std::env::var_os("SHELFLIFE_TEST_CACHE")
        .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache"), PathBuf::from);
    CacheRoot::open(Some(folder)).unwrap()
}

async fn prepare(
    cache: CacheRoot,
    options: ProvisionOptions,
    spec: &EnvironmentSpec,
) -> (Result<ReadyEnvironment, ProvisionFailure>, Vec<String>) {
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
    if !has("mmdebstrap") || !has("bwrap") || !has("arch-test") {
        eprintln!("not tried: mmdebstrap, bubblewrap and arch-test are not installed here");
        return;
    }
    let spec = spec(RuntimeSpec::Rootfs(tree("bookworm", "i386")));
    let (first, notes) = prepare(shared_cache(), ProvisionOptions::default(), &spec).await;
    let first = match first {
        Ok(first) => first,
        Err(failure)
            if failure.reason.contains("bubblewrap cannot") || failure.to_string().contains("reachable") =>
        {
            eprintln!("not tried: {failure}");
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
    if !has("bwrap") || !has("mmdebstrap") || !has("arch-test") {
        eprintln!("not tried: mmdebstrap, bubblewrap and arch-test are not installed here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cache = CacheRoot::open(Some(folder.path().to_owned())).unwrap();
    let offline = ProvisionOptions { offline: true, ..ProvisionOptions::default() };
    let wanted = spec(RuntimeSpec::Rootfs(tree("bookworm", "i386")));
    let failure = prepare(cache.clone(), offline, &wanted).await.0.unwrap_err();
    if failure.reason.contains("bubblewrap cannot") {
        eprintln!("not tried: {failure}");
        return;
    }
    assert!(failure.remedy.unwrap().contains("--offline"));

    let nowhere =
        RootfsSpec { mirror: Some("http://127.0.0.1:9/debian".to_owned()), ..tree("bookworm", "i386") };
    let wanted = spec(RuntimeSpec::Rootfs(nowhere));
    let failure = prepare(cache.clone(), ProvisionOptions::default(), &wanted).await.0.unwrap_err();
    assert!(failure.reason.starts_with("cannot make the Debian tree bookworm i386"), "{failure}");
    assert!(failure.remedy.as_ref().is_some_and(|remedy| remedy.contains("127.0.0.1:9")), "{failure}");

    let unknown =
        RootfsSpec { mirror: Some("http://127.0.0.1:9/debian".to_owned()), ..tree("bookworm", "vax") };
    let failure =
        prepare(cache.clone(), ProvisionOptions::default(), &spec(RuntimeSpec::Rootfs(unknown))).await.0;
    assert!(failure.unwrap_err().to_string().contains("vax"));
    assert_eq!(folders(&cache), 0, "a failure leaves no folder behind");
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
    if failure.reason.starts_with("no container engine answers") {
        eprintln!("no engine answers here, so only that was tried");
        assert!(failure.remedy.unwrap().contains("docker info"));
    } else {
        assert!(failure.reason.contains("shelflife-test/no-such-image:1"), "{failure}");
        assert!(failure.remedy.unwrap().contains("--offline"));
    }
}

#[tokio::test]
async fn an_image_runs_where_an_engine_answers() {
    let Ok(image) = std::env::var("SHELFLIFE_TEST_IMAGE") else {
        eprintln!("not tried: SHELFLIFE_TEST_IMAGE names no image with Python and scikit-learn");
        return;
    };
    let wanted =
        spec(RuntimeSpec::Container(ContainerSpec { source: ImageSource::Image(image), platform: None }));
    let ready = prepare(shared_cache(), ProvisionOptions::default(), &wanted).await.0.unwrap();
    assert_eq!(ready.lock.runtime, Runtime::Container);
    assert!(ready.lock.base.is_some_and(|base| base.starts_with("image ")));
}
