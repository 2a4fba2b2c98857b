//! Full disks and folders that cannot be written, for everything that is written: small disks of their own, in a namespace
//! of their own.

use std::process::{Command, Stdio};

use crate::context::{DATA, Ended, TestContext, environment, recipe, text};
use crate::story::{is_undisturbed, nothing_is_left, slow};
use crate::terminal::not_tried;

/// Whether this machine lets a test have disks of its own.
fn has_disks() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let has = tried.is_ok_and(|status| status.success());
    if !has {
        not_tried("full disks: this machine gives no namespace of mounts");
    }
    has
}

/// Runs shelflife where a shell has mounted something before.
fn with_mounts(context: &TestContext, mounts: &str, arguments: &[&str]) -> Ended {
    let inner = context.command(arguments.iter().copied());
    let mut outer = Command::new("unshare");
    outer.args(["--mount", "--map-root-user", "sh", "-c", &format!("{mounts} && exec \"$@\"")]);
    outer.arg("sh").arg(inner.get_program()).args(inner.get_args()).stdin(Stdio::null()).env_clear();
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = inner.get_current_dir() {
        outer.current_dir(folder);
    }
    context.end(&mut outer)
}

fn small(folder: &str, size: &str) -> String {
    format!("mkdir -p {folder} && mount -t tmpfs -o size={size} none {folder}")
}

#[test]
fn a_full_cache_ends_with_one_error_and_loses_nothing() {
    if !has_disks() {
        return;
    }
    let context = slow();
    for (bucket, size) in [("objects-v1", "8k"), ("observations-v1", "48k")] {
        let ended = with_mounts(&context, &small(&format!("cache/{bucket}"), size), &["run", "slow.toml"]);
        assert_eq!(ended.code(), Some(101), "{bucket}: {ended}");
        // Errors are wrapped where their lines end.
        let said = ended.stderr().replace(['│', '\n'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(said.matches("No space left on device").count(), 1, "one error: {ended}");
        for words in ["No space left on device", "KiB are free in", bucket, "free some space"] {
            assert!(said.contains(words), "{words}: {ended}");
        }
    }
    context.run(["run", "slow.toml"]).expect(0);
    is_undisturbed(&context, "slow");
    nothing_is_left(&context);
}

#[test]
fn a_cache_without_room_for_an_environment_ends_with_one_error_and_blames_no_file() {
    if !has_disks() {
        return;
    }
    let context = TestContext::new();
    let environments = ["1.5.2", "1.6.1"].map(|version| environment(version, &format!("\"{version}\""), ""));
    let model = "[[models]]\nname = \"scaler\"\nestimator = \"StandardScaler()\"\n";
    context.write("room.toml", &format!("{}{DATA}\n{model}", environments.concat()));
    let mounts = format!("{} && export SHELFLIFE_CACHE_DIR=$PWD/little", small("little", "1m"));
    let ended = with_mounts(&context, &mounts, &["run", "room.toml"]);
    assert_eq!(ended.code(), Some(101), "{ended}");
    let said = ended.stderr().replace(['│', '\n'], " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(said.matches("the disk was full while").count(), 1, "{ended}");
    for words in ["KiB are free in", "free some space", "env prune", "SHELFLIFE_CACHE_DIR"] {
        assert!(said.contains(words), "{words}: {ended}");
    }
    nothing_is_left(&context);
}

#[test]
fn a_disk_that_is_full_while_a_cell_unpacks_is_no_fact_about_its_file() {
    if !has_disks() {
        return;
    }
    let context = TestContext::new();
    let code = "
if 'AWAY' in os.environ:
    with open('unpacked', 'wb') as file: file.write(b'x' * (3 << 20))";
    context.write("unpacks.py", &recipe(code));
    let home = environment("home", "\"1.5.2\"", "role = \"producer\"");
    let away = environment("away", "\"1.5.2\"", "role = \"consumer\"\nvariables = { AWAY = \"1\" }");
    let model = "[[models]]\nname = \"unpacks\"\nrecipe = \"unpacks.py\"\n";
    context.write("unpacks.toml", &format!("{home}{away}{DATA}\n{model}"));
    let ended = with_mounts(
        &context,
        &small("cache/scratch-v1", "1m"),
        &["run", "unpacks.toml", "--fail-on", "load-error"],
    );
    let results = context.results("unpacks");
    let cell = &results["cells"][0];
    // In a cage it writes to memory of its own, and meets no disk.
    let is_caged = results["environments"].as_array().unwrap().iter().all(|it| it["gaps"].is_null());
    if is_caged {
        assert_eq!(ended.code(), Some(0), "{ended}");
        assert_eq!(text(cell, "verdict"), "identical");
        return;
    }
    assert_eq!(ended.code(), Some(101), "{ended}");
    assert_eq!((text(cell, "verdict"), text(cell, "status")), ("env-error", "unjudged"));
    let trouble = &cell["cause"]["trouble"];
    assert_eq!((text(trouble, "kind"), text(&trouble["by"], "kind")), ("disturbed", "full-disk"));
    assert!(ended.stdout().contains("was full"), "{ended}");
    // With room, the same command tries it again.
    let ended = context.run(["run", "unpacks.toml", "--fail-on", "load-error"]).expect(0);
    assert!(ended.stderr().contains("executed 1 observation"), "{ended}");
}

#[test]
fn full_and_read_only_reports_end_with_110() {
    if !has_disks() {
        return;
    }
    let context = slow();
    let read_only = "mkdir -p reports && mount --bind reports reports && mount -o remount,ro,bind reports";
    for mounts in [&*small("reports", "16k"), read_only] {
        let ended = with_mounts(&context, mounts, &["run", "slow.toml"]).expect(110);
        assert!(ended.stderr().contains("reports"), "{ended}");
        context.wait_for_no_processes();
    }
    context.run(["run", "slow.toml"]).expect(0);
    is_undisturbed(&context, "slow");
}

#[test]
fn a_cache_that_cannot_be_written_is_said_so() {
    if !has_disks() {
        return;
    }
    let context = slow();
    context.run(["run", "slow.toml"]).expect(0);
    let read_only = "mount --bind cache cache && mount -o remount,ro,bind cache";
    let ended = with_mounts(&context, read_only, &["run", "slow.toml", "--run", "other"]);
    assert!(!matches!(ended.code(), Some(0 | 100)), "{ended}");
    assert!(ended.stderr().contains("Read-only file system"), "{ended}");
    context.run(["run", "slow.toml", "--run", "other"]).expect(0);
    is_undisturbed(&context, "other");
}

#[test]
fn a_full_folder_of_temporary_files_is_in_nobodys_way() {
    if !has_disks() {
        return;
    }
    let context = slow();
    let mounts =
        format!("{} && export TMPDIR=$PWD/tmp && (yes > tmp/full || true) 2>/dev/null", small("tmp", "8k"));
    with_mounts(&context, &mounts, &["run", "slow.toml"]).expect(0);
    is_undisturbed(&context, "slow");
}
