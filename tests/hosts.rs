//! Where people work: the GitHub Action, the GitLab component, the hooks of pre-commit and the plugin of pytest, each executed as its host would.
//! pre-commit, pytest, the schemas of GitHub's files and a reader of YAML come from the Python package index into a folder of the tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A model as plain pickle of protocol 4.
const MODEL: &[u8] = b"\x80\x04\x8c\x1esklearn.linear_model._logistic\x94\x8c\x12LogisticRegression\x94\x93\x94)\x81\x94}\x94(\
                       \x8c\x01CG?\xf0\x00\x00\x00\x00\x00\x00\x8c\x10_sklearn_version\x8c\x051.6.1ub.";

/// What comes from the index.
const TOOLS: &[&str] = &["check-jsonschema==0.39.0", "pre-commit==4.7.0", "pytest==9.2.0", "pyyaml==6.0.4"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs_err::read_to_string(root().join(file)).unwrap()
}

/// The folder of the programs of `TOOLS`.
fn tools() -> PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hosts");
        let mark = folder.join(TOOLS.join(","));
        if !mark.exists() {
            let venv = Command::new("python3").args(["-m", "venv"]).arg(&folder).output().unwrap();
            assert!(venv.status.success(), "{}", said(&venv));
            let pip = Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(TOOLS).output();
            let pip = pip.unwrap();
            assert!(pip.status.success(), "{}", said(&pip));
            fs_err::write(mark, "").unwrap();
        }
        folder.join("bin")
    };
    MADE.get_or_init(make).clone()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout).replace('\u{1b}', ""),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The folders of the path, those given first.
fn path_with(folders: &[&Path]) -> std::ffi::OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let rest = std::env::split_paths(&rest);
    std::env::join_paths(folders.iter().map(|folder| folder.to_path_buf()).chain(rest)).unwrap()
}

/// A YAML file as JSON.
fn yaml(file: &str) -> Vec<serde_json::Value> {
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let output =
        Command::new(tools().join("python")).args(["-c", script]).arg(root().join(file)).output().unwrap();
    assert!(output.status.success(), "{file}: {}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write_program(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, script).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The step of the action that does the gate, as a runner would start it: its `run`, with its `env` from `inputs`.
fn step(folder: &Path, inputs: &[(&str, &str)], programs: &Path) -> Output {
    let action = &yaml("action.yml")[0];
    let step = action["runs"]["steps"].as_array().unwrap().iter().find(|step| step["id"] == "gate").unwrap();
    let given = |name: &str| {
        let known = inputs.iter().find(|(input, _)| *input == name).map(|(_, value)| (*value).to_owned());
        known.unwrap_or_else(|| action["inputs"][name]["default"].as_str().unwrap_or_default().to_owned())
    };
    let filled = |text: &str| {
        let mut text = text.replace("${{ github.action_path }}", &root().display().to_string());
        text = text.replace("${{ runner.temp }}", &folder.join("temp").display().to_string());
        for name in action["inputs"].as_object().unwrap().keys() {
            text = text.replace(&format!("${{{{ inputs.{name} }}}}"), &given(name));
        }
        assert!(!text.contains("${{"), "{text}");
        text
    };
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &filled(step["run"].as_str().unwrap())]);
    for (name, value) in step["env"].as_object().unwrap() {
        command.env(name, filled(value.as_str().unwrap()));
    }
    command.env("PATH", path_with(&[programs])).env("GITHUB_STEP_SUMMARY", folder.join("summary.md"));
    command.env("GITHUB_OUTPUT", folder.join("output")).current_dir(folder);
    command.output().unwrap()
}

#[test]
fn the_action_hands_on_every_input_and_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("bin");
    let recorder = "#!/bin/sh\nprintf '%s\\n' \"$@\" > typed\necho 'gate: Not yet: 1 of 1 model (reports/gate/gate.md)' >&2\nexit 100\n";
    write_program(&programs.join("shelflife"), recorder);
    let inputs = [
        ("artifacts", "models/a b.pkl\n$(touch hacked)\n"),
        ("from", "old=requirements.txt"),
        ("to", "scikit-learn==1.7.2 numpy==2.3.5"),
        ("inputs", "X.csv"),
        ("expected", "Y.csv"),
        ("baseline", "known.json"),
        ("fail-on", "roundoff,drift"),
        ("config", "other.toml"),
        ("badge", "badge.json"),
        ("options", "--probe\n--timeout=90s"),
    ];
    let ended = step(folder.path(), &inputs, &programs);
    assert_eq!(ended.status.code(), Some(100), "{}", said(&ended));
    let typed = fs_err::read_to_string(folder.path().join("typed")).unwrap();
    let typed: Vec<&str> = typed.lines().collect();
    assert_eq!(
        typed,
        [
            "gate",
            "--from=old=requirements.txt",
            "--to=scikit-learn==1.7.2 numpy==2.3.5",
            "--inputs=X.csv",
            "--expected=Y.csv",
            "--baseline=known.json",
            "--fail-on=roundoff,drift",
            "--config=other.toml",
            "--badge=badge.json",
            "--probe",
            "--timeout=90s",
            "--github",
            "--",
            "models/a b.pkl",
            "$(touch hacked)"
        ]
    );
    assert!(!folder.path().join("hacked").exists());
    let output = fs_err::read_to_string(folder.path().join("output")).unwrap();
    assert_eq!(output, "exit-code=100\npage=reports/gate/gate.md\n");
    // Every option that it names is one of the program.
    let ended = step(folder.path(), &[], &programs);
    assert_eq!(ended.status.code(), Some(100));
    assert_eq!(fs_err::read_to_string(folder.path().join("typed")).unwrap(), "gate\n--github\n--\n");
}

#[test]
fn the_program_understands_what_the_action_types() {
    let folder = tempfile::tempdir().unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_shelflife")).parent().unwrap();
    fs_err::write(folder.path().join("model.pkl"), MODEL).unwrap();
    let inputs = [
        ("artifacts", "model.pkl"),
        ("from", "scikit-learn==1.5.2"),
        ("to", "scikit-learn==1.7.2"),
        ("fail-on", "roundoff"),
        ("badge", "badge.json"),
        ("options", "--offline\n--load-only"),
    ];
    let ended = step(folder.path(), &inputs, programs);
    assert_eq!(ended.status.code(), Some(101), "{}", said(&ended));
    let output = fs_err::read_to_string(folder.path().join("output")).unwrap();
    assert_eq!(output, "exit-code=101\npage=reports/gate/gate.md\n");
    let summary = fs_err::read_to_string(folder.path().join("summary.md")).unwrap();
    assert!(summary.contains("Not judged"), "{summary}");
    assert!(
        folder.path().join("badge.json").is_file() && folder.path().join("reports/gate/gate.md").is_file()
    );
    // Without settings and artifacts it says what to do.
    let ended = step(folder.path(), &[], programs);
    assert_eq!(ended.status.code(), Some(2), "{}", said(&ended));
}

/// Whether a file is what GitHub's own schema says.
fn check(schema: &str, file: &Path) -> Output {
    let mut command = Command::new(tools().join("check-jsonschema"));
    command.args(["--builtin-schema", schema]).arg(file).output().unwrap()
}

#[test]
fn the_workflow_of_the_documents_and_the_action_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    let action = check("vendor.github-actions", &root().join("action.yml"));
    assert!(action.status.success(), "{}", said(&action));
    let document = text("docs/integrations.md");
    let workflow = document.split("```yaml\n# .github/workflows/").nth(1).unwrap();
    let (_, workflow) = workflow.split_once('\n').unwrap();
    let (workflow, _) = workflow.split_once("\n```").unwrap();
    let path = folder.path().join("models.yml");
    fs_err::write(&path, workflow).unwrap();
    let sound = check("vendor.github-workflows", &path);
    assert!(sound.status.success(), "{}", said(&sound));
    let workflow = &yaml(path.to_str().unwrap())[0];
    let known = yaml("action.yml")[0]["inputs"].clone();
    let steps = workflow["jobs"]["gate"]["steps"].as_array().unwrap();
    let gate = steps.iter().find(|step| step["id"] == "gate").unwrap();
    for name in gate["with"].as_object().unwrap().keys() {
        assert!(known.get(name).is_some(), "the action has no input {name}");
    }
    // What is wrong is found, or the check has looked at nothing.
    fs_err::write(&path, "on: push\njobs: { gate: { runs_on: x, steps: [] } }\n").unwrap();
    assert!(!check("vendor.github-workflows", &path).status.success());
}

#[test]
fn the_component_of_gitlab_does_what_its_inputs_say() {
    let documents = yaml("templates/gate.yml");
    let (inputs, job) = (&documents[0]["spec"]["inputs"], &documents[1]["shelflife-gate"]);
    let folder = tempfile::tempdir().unwrap();
    let programs = folder.path().join("bin");
    write_program(&programs.join("shelflife"), "#!/bin/sh\nprintf '%s\\n' \"$@\" > typed\n");
    write_program(&programs.join("pip"), "#!/bin/sh\nprintf '%s\\n' \"$@\" > installed\n");
    let mut script: String = job["script"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| format!("{}\n", line.as_str().unwrap()))
        .collect();
    let whole = job.to_string();
    for (name, input) in inputs.as_object().unwrap() {
        let place = format!("$[[ inputs.{name} ]]");
        assert!(whole.contains(&place), "the input {name} is not used");
        let value =
            if name == "options" { "--fail-on roundoff" } else { input["default"].as_str().unwrap_or("x") };
        script = script.replace(&place, value);
    }
    assert!(!script.contains("[["), "{script}");
    let mut command = Command::new("bash");
    command.args(["-eo", "pipefail", "-c", &script]).env("PATH", path_with(&[&programs]));
    let ended = command.current_dir(folder.path()).output().unwrap();
    assert!(ended.status.success(), "{}", said(&ended));
    assert_eq!(fs_err::read_to_string(folder.path().join("typed")).unwrap(), "gate\n--fail-on\nroundoff\n");
    assert_eq!(
        fs_err::read_to_string(folder.path().join("installed")).unwrap(),
        "install\n--quiet\nshelflife\n"
    );
}

#[test]
fn the_hooks_of_pre_commit_read_models_and_refuse_what_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let output = Command::new("git").current_dir(folder.path()).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
    };
    // The hooks as they are here now, in a repository of their own: cloning this one would take its whole history.
    let hooks = folder.path().join("hooks");
    fs_err::create_dir_all(&hooks).unwrap();
    fs_err::copy(root().join(".pre-commit-hooks.yaml"), hooks.join(".pre-commit-hooks.yaml")).unwrap();
    for place in ["hooks", "."] {
        git(&["-C", place, "init", "-q"]);
    }
    git(&["-C", "hooks", "add", ".pre-commit-hooks.yaml"]);
    git(&["-C", "hooks", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "hooks"]);
    fs_err::write(folder.path().join("model.pkl"), MODEL).unwrap();
    fs_err::write(folder.path().join("cut.joblib"), &MODEL[..60]).unwrap();
    fs_err::write(folder.path().join("notes.txt"), "words").unwrap();
    fs_err::write(folder.path().join("requirements.txt"), "scikit-learn==1.6.1\n").unwrap();
    git(&["add", "model.pkl", "cut.joblib", "notes.txt", "requirements.txt"]);
    let programs = Path::new(env!("CARGO_BIN_EXE_shelflife")).parent().unwrap();
    let hook = |name: &str, files: &[&str]| {
        let mut command = Command::new(tools().join("pre-commit"));
        command.args(["try-repo", "hooks", name, "--color=never", "--verbose", "--files"]).args(files);
        command.current_dir(folder.path()).env("PRE_COMMIT_HOME", folder.path().join("home"));
        command.env("PATH", path_with(&[programs])).output().unwrap()
    };
    let passed = hook("shelflife-inspect", &["model.pkl", "notes.txt"]);
    assert!(passed.status.success(), "{}", said(&passed));
    assert!(said(&passed).contains("1.6.1") && !said(&passed).contains("notes.txt"), "{}", said(&passed));
    let refused = hook("shelflife-inspect", &["model.pkl", "cut.joblib"]);
    assert!(!refused.status.success() && said(&refused).contains("exit code: 102"), "{}", said(&refused));
    let passed = hook("shelflife-forecast", &["model.pkl"]);
    assert!(passed.status.success(), "{}", said(&passed));
}

#[test]
fn the_plugin_of_pytest_hands_on_what_the_program_says() {
    let folder = tempfile::tempdir().unwrap();
    let answer = r#"{\"answer\":{\"cells\":[{\"artifact\":\"model\",\"consumer\":\"new\",\"verdict\":\"VERDICT\",\"status\":\"STATUS\",\"reason\":\"it says so\"}]}}"#;
    let program = |verdict: &str, status: &str, code: u8| {
        let line = answer.replace("VERDICT", verdict).replace("STATUS", status);
        write_program(
            &folder.path().join("bin/shelflife"),
            &format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > typed\necho \"{line}\"\nexit {code}\n"),
        );
    };
    let tests = "def test_it_moves(shelflife):\n    answer = shelflife.works('model.pkl', inputs='X.csv')\n    \
                 assert [cell['verdict'] for cell in answer.cells] == ['identical']\n";
    fs_err::write(folder.path().join("test_models.py"), tests).unwrap();
    fs_err::write(folder.path().join("model.pkl"), MODEL).unwrap();
    let pytest = |programs: &Path, arguments: &[&str]| {
        let mut command = Command::new(tools().join("pytest"));
        command
            .args(["-p", "shelflife_pytest", "-p", "no:cacheprovider", "-rA", "--color=no"])
            .args(arguments);
        command.current_dir(folder.path()).env("PYTHONPATH", root().join("python")).env_remove("SHELFLIFE");
        command.env("PYTHONDONTWRITEBYTECODE", "1").env("PATH", path_with(&[programs])).output().unwrap()
    };
    let played = folder.path().join("bin");
    program("identical", "pass", 0);
    let skipped = pytest(&played, &[]);
    assert!(said(&skipped).contains("1 skipped") && skipped.status.success(), "{}", said(&skipped));
    let passed = pytest(&played, &["--shelflife-to", "scikit-learn==1.7.2", "--shelflife-reports", "runs"]);
    assert!(passed.status.success(), "{}", said(&passed));
    let typed = fs_err::read_to_string(folder.path().join("typed")).unwrap();
    let typed: Vec<&str> = typed.lines().collect();
    let wanted = "check --json --quiet --run test_it_moves --reports runs --on scikit-learn==1.7.2 --inputs X.csv -- model.pkl";
    assert_eq!(typed.join(" "), wanted);
    program("load-error", "regression", 100);
    let failed = pytest(&played, &["--shelflife-to", "new.txt"]);
    assert!(said(&failed).contains("model in new: load-error: it says so"), "{}", said(&failed));
    assert_eq!(failed.status.code(), Some(1));
    // The program itself, in an environment that cannot be made without the network.
    let own = "def test_elsewhere(shelflife):\n    \
               shelflife.works('model.pkl', options=['--offline', '--load-only'])\n";
    fs_err::write(folder.path().join("test_models.py"), own).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_shelflife")).parent().unwrap();
    let cache = folder.path().join("cache");
    let mut command = Command::new(tools().join("pytest"));
    command.args([
        "-p",
        "shelflife_pytest",
        "-p",
        "no:cacheprovider",
        "--shelflife-to",
        "scikit-learn==1.7.2",
    ]);
    command.current_dir(folder.path()).env("PYTHONPATH", root().join("python"));
    command.env("SHELFLIFE_CACHE_DIR", cache).env("PATH", path_with(&[programs]));
    let unjudged = command.output().unwrap();
    assert!(said(&unjudged).contains("not judged: model"), "{}", said(&unjudged));
}
