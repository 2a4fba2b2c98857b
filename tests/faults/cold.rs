//! Several runs share one cold cache, and somebody prunes it meanwhile; clocks that jump.

use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::context::TestContext;
use crate::story::{cold, is_undisturbed, nothing_is_left, slow};

fn side_by_side(runs: &[&str]) {
    let context = cold();
    let mut children: Vec<_> = runs
        .iter()
        .map(|run| {
            let mut command = context.command(["run", "slow.toml", "--run", run, "--quiet", "--jobs", "1"]);
            let errors = fs_err::File::create(context.path(&format!("{run}.txt"))).unwrap().into_parts().0;
            command.stdout(Stdio::null()).stderr(errors).spawn().unwrap()
        })
        .collect();
    // Pruning never takes away what they use, whether it is refused or finds a moment.
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        let pruned = context.run(["env", "prune"]);
        assert!(matches!(pruned.code(), Some(0 | 1)), "{pruned}");
    }
    for (run, child) in runs.iter().zip(&mut children) {
        let code = child.wait().unwrap().code();
        assert_eq!(code, Some(0), "{run}: {}", context.read(&format!("{run}.txt")));
        is_undisturbed(&context, run);
    }
    context.run(["env", "list"]).expect(0);
    nothing_is_left(&context);
}

#[test]
fn two_cold_runs_share_a_cache_that_somebody_prunes() {
    side_by_side(&["first", "second"]);
}

#[test]
fn four_cold_runs_share_a_cache_that_somebody_prunes() {
    side_by_side(&["a", "b", "c", "d"]);
}

/// Sets the times of everything in a folder.
fn set_times(context: &TestContext, folder: &str, time: SystemTime) {
    for name in context.list(folder) {
        let path = context.path(folder).join(&name);
        if path.is_dir() && !path.is_symlink() {
            set_times(context, &format!("{folder}/{name}"), time);
        } else if path.is_file() && !path.is_symlink() {
            fs_err::OpenOptions::new().append(true).open(&path).unwrap().file().set_modified(time).unwrap();
        }
    }
}

#[test]
fn clocks_that_jump_change_nothing() {
    let context = slow();
    context.run(["run", "slow.toml"]).expect(0);
    let day = Duration::from_secs(86_400);
    for time in [SystemTime::now() + day, SystemTime::now() + 4000 * day, SystemTime::UNIX_EPOCH] {
        for folder in ["cache/objects-v1", "cache/observations-v1", "reports/slow"] {
            set_times(&context, folder, time);
        }
        let ended = context.run(["run", "slow.toml", "--run", "again"]).expect(0);
        assert!(ended.stderr().contains("nothing had to be executed"), "{ended}");
        is_undisturbed(&context, "again");
        fs_err::remove_dir_all(context.path("reports/again")).unwrap();
    }
}

#[test]
fn an_environment_that_was_used_tomorrow_is_used_and_kept() {
    let context = cold();
    context.run(["run", "slow.toml"]).expect(0);
    // Also what was installed looks as if it were installed tomorrow: its bytes say that it is the same.
    for name in context.list("cache/environments-v1") {
        let folder = format!("cache/environments-v1/{name}");
        let used = context.path(&folder).join("last-used");
        let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
        fs_err::OpenOptions::new().append(true).open(used).unwrap().file().set_modified(tomorrow).unwrap();
    }
    context.run(["env", "prune"]).expect(0);
    assert_eq!(context.list("cache/environments-v1").len(), 2);
    let ended = context.run(["run", "slow.toml", "--run", "again"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed"), "{ended}");
}
