//! Artifacts that do their worst when they are loaded: each costs its own verdict and no other.

use std::collections::BTreeMap;
use std::net::TcpListener;

use crate::context::{DATA, TestContext, environment, recipe, text};

/// What the file does when it is loaded away from home; what is said of it there: verdict and stage, and words of
/// its error or reason.
struct Attack {
    name: &'static str,
    code: &'static str,
    verdict: &'static str,
    words: &'static str,
}

const fn attack(
    name: &'static str,
    code: &'static str,
    verdict: &'static str,
    words: &'static str,
) -> Attack {
    Attack { name, code, verdict, words }
}

/// They find `os`, `sys`, `time` and `inner`, and run where `AWAY` is set only.
const ATTACKS: &[Attack] = &[
    attack("segfault", "import ctypes; ctypes.string_at(1)", "crash load", "SIGSEGV"),
    attack("abort", "os.abort()", "crash load", "SIGABRT"),
    // It looks as if somebody else had killed it, which is believed of nobody's file.
    attack("kill-self", "os.kill(os.getpid(), 9)", "crash load", "SIGKILL"),
    attack(
        "endless",
        "
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True: pass",
        "timeout load",
        "did not finish within 4 s",
    ),
    attack(
        "endless-predict",
        "
class Endless:
    classes_ = inner.classes_
    def predict(self, X):
        while True: pass
    predict_proba = decision_function = predict
inner = Endless()",
        "timeout predict",
        "did not finish within 4 s",
    ),
    attack("gulp", "x = bytearray(8 << 30)", "out-of-memory load", "MemoryError"),
    attack(
        "creep",
        "
x = []
while True: x.append(b'x' * (1 << 20))",
        "out-of-memory load",
        "",
    ),
    attack("exit", "os._exit(3)", "crash load", "status 3"),
    attack("exit-well", "os._exit(0)", "crash load", "status 0"),
    attack("sys-exit", "sys.exit(4)", "load-error state", "SystemExit"),
    attack(
        "base-exception",
        "
class Worst(BaseException): pass
raise Worst('of all')",
        "load-error state",
        "of all",
    ),
    attack("interrupt", "raise KeyboardInterrupt", "load-error state", "KeyboardInterrupt"),
    attack(
        "unspeakable",
        "
class Mute(Exception):
    def __str__(self): raise RuntimeError('no words')
raise Mute()",
        "load-error state",
        "Mute",
    ),
    attack("close-all", "os.closerange(0, 256)", "crash load", "status"),
    // Where the kernel lets nobody out of a cell send signals to others, the first line raises.
    attack(
        "kill-parent",
        "
try: os.kill(os.getppid(), 9)
except PermissionError: os._exit(7)
time.sleep(600)",
        "crash load",
        "",
    ),
    attack(
        "kill-parent-and-stay",
        "
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: os.setsid()
    time.sleep(600)
try: os.kill(os.getppid(), 9)
except PermissionError: os._exit(7)
time.sleep(600)",
        "crash load",
        "",
    ),
    attack(
        "garbage",
        "
for fd in range(3, 21):
    try: os.write(fd, b'\\xff' * 4096)
    except OSError: pass",
        "crash load",
        "malformed",
    ),
    attack(
        "forged",
        "
import json, struct
for fd in range(3, 21):
    for batch in range(50):
        for index in range(32):
            frame = json.dumps({'op': 'result', 'batch': batch, 'index': index, 'outcome': 'predicted', 'outputs': []})
            try: os.write(fd, struct.pack('<II', len(frame), 0) + frame.encode())
            except OSError: pass",
        "crash load",
        "malformed",
    ),
    attack(
        "recursion",
        "
sys.setrecursionlimit(10 ** 9)
def nested():
    x = []
    for _ in range(10 ** 6): x = [x]
    return x
nested() == nested()",
        "crash load",
        "SIGSEGV",
    ),
    attack(
        "recursion-limited",
        "
def down(n): return down(n + 1)
down(0)",
        "load-error state",
        "RecursionError",
    ),
    attack(
        "stopped-threads",
        "
import threading
for _ in range(4): threading.Thread(target=time.sleep, args=(600,)).start()",
        "identical value",
        "",
    ),
    attack("chatty", "for _ in range(800): sys.stdout.write('x' * 65536)\nsys.stdout.flush()", "identical value", ""),
    attack(
        "flooding-stray",
        "
if os.fork() == 0:
    os.setsid()
    while True: os.write(1, b'y' * 65536)",
        "identical value",
        "",
    ),
    attack(
        "strays",
        "
for _ in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(600)
        os._exit(0)",
        "identical value",
        "",
    ),
    // The copy of the cell goes on as if it were the cell.
    attack("two-of-it", "os.fork()", "identical value", ""),
    attack(
        "globals",
        "
import numpy, sklearn.linear_model, pickle
numpy.exp = sklearn.linear_model.LogisticRegression.predict = None
pickle.load = lambda *_: 1 / 0",
        "predict-error predict",
        "'NoneType' object is not callable",
    ),
    // Not even the agent can go on then.
    attack(
        "builtins",
        "
import builtins, json
json.dumps = builtins.len = builtins.str = lambda *_: 1 / 0",
        "crash load",
        "status 70",
    ),
    attack(
        "quiet-globals",
        "
import numpy, sklearn
numpy.seterr(all='raise')
sklearn.set_config(assume_finite=True)
os.environ['OMP_NUM_THREADS'] = '7'
sys.path.insert(0, '/nonexistent')",
        "identical value",
        "",
    ),
    attack("chdir", "os.chdir('/')", "identical value", ""),
    attack(
        "warnings",
        "
import warnings
for i in range(20000): warnings.warn('flood %d' % i)",
        "identical value",
        "",
    ),
    attack("signals", "import signal; signal.signal(15, signal.SIG_IGN); signal.alarm(1)", "identical value", ""),
    attack("remove-itself", "import shutil; shutil.rmtree(os.getcwd())", "identical value", ""),
];

const INNOCENT: &[(&str, &str)] = &[
    ("innocent-scaler", "StandardScaler()"),
    ("innocent-pca", "PCA(n_components=2, svd_solver='full')"),
    ("innocent-tree", "DecisionTreeClassifier(max_depth=3, random_state=0)"),
    ("innocent-drift", "make_pipeline(StandardScaler(), LogisticRegression(solver='liblinear'))"),
];

/// A home that writes, and two places away that read: one where attacks happen, and one release further.
fn places() -> String {
    let home = environment("home", "\"1.5.2\"", "role = \"producer\"");
    let away = environment("away", "\"1.5.2\"", "role = \"consumer\"\nvariables = { AWAY = \"1\" }");
    let older = environment("older", "\"1.2.2\"", "role = \"consumer\"");
    format!("{home}{away}{older}{DATA}\n[limits]\ntime = \"4s\"\nmemory = \"256MiB\"\n\n")
}

fn innocent() -> String {
    crate::context::models(INNOCENT)
}

fn hostile(context: &TestContext, attack: &Attack) -> String {
    let file = format!("{}.py", attack.name);
    let code: String =
        attack.code.trim_start_matches('\n').lines().map(|line| format!("    {line}\n")).collect();
    context.write(&file, &recipe(&format!("if 'AWAY' in os.environ:\n{code}")));
    format!("[[models]]\nname = {:?}\nrecipe = {file:?}\n\n", attack.name)
}

#[test]
fn an_attack_costs_its_own_verdict_and_no_other() {
    let alone = TestContext::new();
    alone.write("innocent.toml", &format!("{}{}", places(), innocent()));
    alone.run(["run", "innocent.toml"]).expect(0);
    let undisturbed = alone.verdicts("innocent");

    let context = TestContext::new();
    let mut models: Vec<String> = ATTACKS.iter().map(|attack| hostile(&context, attack)).collect();
    // Among them, at the beginning and at the end.
    models.insert(7, innocent());
    let matrix = format!("{}{}", places(), models.concat());
    context.write("hostile.toml", &matrix);
    let ended = context.run(["run", "hostile.toml"]).expect(0);
    let left = context.processes();
    assert!(left.is_empty(), "left behind: {left:#?}");

    let verdicts = context.verdicts("hostile");
    let results = context.results("hostile");
    let said: BTreeMap<String, String> = results["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| {
            let error = format!("{} {}", cell["error"]["type"], cell["error"]["message"]);
            (crate::context::name_of(cell), format!("{error} {}", cell["reason"]))
        })
        .collect();
    let mut wrong = Vec::new();
    for attack in ATTACKS {
        let cell = format!("{} home away", attack.name);
        let is_expected = attack.verdict.is_empty() || verdicts[&cell] == attack.verdict;
        if !is_expected || !said[&cell].contains(attack.words) {
            wrong.push(format!("{cell}: {}, {}", verdicts[&cell], said[&cell]));
        }
        let quiet = &verdicts[&format!("{} home older", attack.name)];
        if quiet != "identical value" {
            wrong.push(format!("{} in older: {quiet}", attack.name));
        }
    }
    for (cell, verdict) in undisturbed {
        if verdicts[&cell] != verdict {
            wrong.push(format!("{cell}: {}, undisturbed {verdict}", verdicts[&cell]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{ended}");
}

#[test]
fn a_cell_has_no_network() {
    let context = TestContext::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let code = format!("    import socket\n    socket.create_connection(('127.0.0.1', {port}), 2)");
    context.write("caller.py", &recipe(&format!("if 'AWAY' in os.environ:\n{code}")));
    context.write(
        "caller.toml",
        &format!("{}[[models]]\nname = \"caller\"\nrecipe = \"caller.py\"\n", places()),
    );
    let ended = context.run(["run", "caller.toml"]).expect(0);
    let is_told = ended.stderr().contains("can reach the network");
    assert_eq!(is_told, !can_isolate(), "{ended}");
    if is_told {
        return;
    }
    assert_eq!(context.verdicts("caller")["caller home away"], "load-error state");
    let results = context.results("caller");
    let cells = results["cells"].as_array().unwrap();
    let cell = cells.iter().find(|cell| text(cell, "consumer") == "away").unwrap();
    assert!(text(&cell["error"], "type").contains("Error"), "{cell}");
    assert!(listener.accept().is_err(), "a cell has called");
}

#[test]
fn a_cell_sees_no_files_of_the_user() {
    let context = TestContext::new();
    context.write("secret.txt", "of the user");
    let secret = context.path("secret.txt");
    let attacks = [
        ("reads", format!("open({secret:?}).read()")),
        // A folder on the way to something that is shown may be there; what else lies in it is not.
        (
            "lists",
            format!(
                "if 'secret.txt' not in os.listdir({:?}): raise OSError('not there')",
                secret.parent().unwrap()
            ),
        ),
        ("appends", format!("open({secret:?}, 'a').write('!')")),
        ("creates", format!("open({:?}, 'w')", context.path("left.txt"))),
        ("removes", format!("os.remove({secret:?})")),
        ("truncates", format!("os.truncate({secret:?}, 0)")),
        ("asks-a-program", format!("import subprocess; subprocess.check_output(['cat', {secret:?}])")),
        ("reads-variables", "open('/proc/%d/environ' % os.getppid()).read()".to_owned()),
        ("kills-all", "os.kill(os.getppid(), 15)".to_owned()),
    ];
    let mut matrix = places();
    for (name, code) in &attacks {
        let file = format!("{name}.py");
        context.write(&file, &recipe(&format!("if 'AWAY' in os.environ:\n    {code}")));
        matrix.push_str(&format!("[[models]]\nname = {name:?}\nrecipe = {file:?}\n\n"));
    }
    // What it may do: its scratch folder, and worker processes of joblib.
    let useful = "if 'AWAY' in os.environ:
    import joblib, tempfile
    with tempfile.NamedTemporaryFile() as file: file.write(b'x')
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(-i) for i in range(4)) == [0, 1, 2, 3]";
    context.write("useful.py", &recipe(useful));
    matrix.push_str("[[models]]\nname = \"useful\"\nrecipe = \"useful.py\"\n");
    context.write("spies.toml", &matrix);
    let ended = context.run(["run", "spies.toml"]).expect(0);
    let version = landlock_version();
    let is_told = ended.stderr().contains("can read and write your files");
    assert_eq!(is_told, version == 0, "{ended}");
    if is_told {
        return;
    }
    assert_eq!(fs_err::read_to_string(&secret).unwrap(), "of the user");
    assert!(!context.path("left.txt").exists());
    let verdicts = context.verdicts("spies");
    // A cell has a /tmp of its own: what it makes there is no file of anybody, and goes with it.
    let is_its_own = |name: &str| secret.starts_with("/tmp") && matches!(name, "appends" | "creates");
    for (name, _) in attacks.iter().filter(|(name, _)| !is_its_own(name)) {
        // Signals since version 6, truncating since version 3.
        if !(*name == "kills-all" && version < 6 || *name == "truncates" && version < 3) {
            assert_eq!(verdicts[&format!("{name} home away")], "load-error state", "{name}\n{ended}");
        }
    }
    assert_eq!(verdicts["useful home away"], "identical value", "{ended}");
}

/// The version of Landlock that the kernel has, 0 for none: what `landlock_create_ruleset` says when asked for it.
fn landlock_version() -> i64 {
    let code = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1))";
    let output = std::process::Command::new("python3").args(["-c", code]).output().unwrap();
    let version: i64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    version.max(0)
}

/// Whether the kernel lets a process have a network of its own.
fn can_isolate() -> bool {
    let try_it = |arguments: &[&str]| {
        let output = std::process::Command::new("unshare").args(arguments).arg("true").output();
        output.is_ok_and(|output| output.status.success())
    };
    try_it(&["--net"]) || try_it(&["--user", "--net"])
}
