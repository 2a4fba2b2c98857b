//! The job arrays on a real Slurm: two nodes on this machine, in a Debian tree and namespaces of their own. One of them
//! dies in the middle.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::context::TestContext;
use crate::nodes::{of_any_machine, shared, skipped, slow, tree};
use crate::run_shards::machine;

/// Runs the script of the cluster, as root of a Debian tree with processes and a network of its own.
fn cluster(context: &TestContext, tree: &Path) -> Command {
    let folder = context.path(".").canonicalize().unwrap();
    let script = context.write("cluster.sh", include_str!("slurm/cluster.sh"));
    let mut command = Command::new("bwrap");
    command.args(["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent"]);
    command.args(["--cap-add", "ALL", "--bind"]).arg(tree).args(["/", "--proc", "/proc", "--dev", "/dev"]);
    command.args(["--tmpfs", "/tmp", "--tmpfs", "/run"]);
    for folder in shared(context) {
        command.arg("--bind").args([&folder, &folder]);
    }
    command.args(["--", "/bin/sh"]).args([&script, &folder]).arg("slurm.job");
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", folder.join("bin").display());
    command.env_clear().env("PATH", path).env("HOME", "/root");
    command.env("SHELFLIFE_CACHE_DIR", machine(context, "cache-of-nodes"));
    command.stdin(Stdio::null());
    command
}

#[test]
#[ignore = "makes a Debian tree of 230 MB, and then takes a minute"]
fn a_node_dies_and_the_run_comes_to_the_same() {
    if !nix::unistd::geteuid().is_root() {
        return skipped("Slurm", "only root can make its nodes");
    }
    let context = slow();
    context.run(["shard", "render", "shards.json", "--slurm", "-o", "slurm.job"]).expect(0);
    let tree = match tree() {
        Ok(tree) => tree,
        Err(why) => return skipped("Slurm", &why),
    };
    let output = match cluster(&context, &tree).output() {
        Ok(output) => output,
        Err(error) => return skipped("Slurm", &format!("bwrap: {error}")),
    };
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    assert!(output.status.success(), "{said}");
    for word in ["w2 is down: ", "first merge: JobState=COMPLETED", "second merge: JobState=COMPLETED"] {
        assert!(said.contains(word), "no `{word}` in:\n{said}");
    }
    context.run(["run", "m.toml", "--run", "whole"]).expect(0);
    let whole = of_any_machine(&context.read("reports/whole/results.json"));
    for merged in ["cluster/first/m", "reports/m"] {
        let merged = context.read(&format!("{merged}/results.json"));
        assert_eq!(of_any_machine(&merged), whole, "{said}");
    }
    // Neither node did anything twice: what was lost with one of them was going on when it died.
    let again = std::iter::once("read-1").chain(["read-2", "write-1", "write-2"]).map(|part| {
        let events = context.read(&format!("parts/{part}/events.jsonl"));
        events.matches("\"event\":\"run-finished\"").count()
    });
    assert!(again.eq([2; 4]), "each part came to its end once, and once more with nothing to do");
}
