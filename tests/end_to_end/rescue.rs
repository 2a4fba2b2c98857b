//! Files that are made to work elsewhere, with proof.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::context::{DATA, TestContext, models, text};
use crate::machine::not_tried;
use crate::run_container::tree;

/// What writes files of 1.2: a forest, a compressed one, and one in a dictionary.
const DUMP: &str = r#"
import os, pickle
import joblib, numpy
from sklearn.ensemble import RandomForestClassifier
generator = numpy.random.RandomState(0)
X = generator.normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0.5)
forest = RandomForestClassifier(20, random_state=0).fit(X, y)
os.makedirs("old/inner", exist_ok=True)
joblib.dump(forest, "old/forest.joblib")
joblib.dump(forest, "old/inner/packed.joblib", compress=("zlib", 3))
with open("old/dict.pkl", "wb") as target:
    pickle.dump({"model": forest, "threshold": 0.4}, target)
with open("old/forest.joblib", "rb") as source:
    data = source.read()
with open("cut.joblib", "wb") as target:
    target.write(data[: len(data) // 2])
numpy.savetxt("X.csv", X[:50], delimiter=",", header="a,b,c,d", comments="")
numpy.save("proba.npy", forest.predict_proba(generator.normal(size=(2000, 4))))
"#;

/// What reads a rescued forest as anybody would: without a warning, and equal to the last bit on rows that nobody has
/// verified.
const LOAD: &str = r#"
import sys, warnings
import joblib, numpy
warnings.simplefilter("error")
forest = joblib.load(sys.argv[1])
generator = numpy.random.RandomState(0)
generator.normal(size=(200, 4))
proba = forest.predict_proba(generator.normal(size=(2000, 4)))
assert numpy.array_equal(proba, numpy.load("proba.npy")), "the probabilities differ"
assert numpy.abs(proba.sum(axis=1) - 1).max() < 1e-12
assert type(forest).__module__ == "sklearn.ensemble._forest"
"#;

/// The files, made by 1.2.2, with the interpreter of 1.7.2.
fn old() -> (TestContext, String) {
    let context = TestContext::new();
    let environment = |name: &str, version: &str| {
        format!(
            "[[environments]]\nname = \"{name}\"\npackages = {{ scikit-learn = \"{version}\" }}\npython = \"3.11\"\n"
        )
    };
    let both = environment("old", "1.2.2") + &environment("new", "1.7.2");
    context.write("pair.toml", &format!("{both}{DATA}\n{}", models(&[("scaler", "StandardScaler()")])));
    context.run(["run", "pair.toml", "-q"]).expect(0);
    let interpreters = context.interpreters("pair");
    context.python(&interpreters["old"].clone(), &["-c", DUMP]);
    (context, interpreters["new"].clone())
}

fn record(context: &TestContext, name: &str) -> Value {
    serde_json::from_str(&context.read(name)).unwrap()
}

#[test]
fn a_forest_is_rescued_to_the_last_bit() {
    let (context, python) = old();
    let rescue = |more: &[&str]| {
        let words = ["rescue", "--to", "scikit-learn==1.7.2", "-i", "X.csv"];
        context.run([&words, more].concat())
    };
    rescue(&["old/forest.joblib", "--dry-run"]).expect(0);
    assert!(!context.list(".").iter().any(|name| name.contains("rescue.json")), "a dry run writes nothing");
    rescue(&["old/forest.joblib", "-o", "new.joblib", "--script"]).expect(0);
    context.python(&python, &["-c", LOAD, "new.joblib"]);
    let facts = record(&context, "new.joblib.rescue.json");
    assert_eq!(text(&facts["result"], "is"), "rescued");
    assert_eq!(text(&facts["result"], "way"), "mended");
    let verified = facts["verified"].as_array().unwrap();
    let origins: Vec<&str> = verified.iter().map(|it| text(it, "origin")).collect();
    assert_eq!(origins, ["given", "probes"]);
    assert!(verified.iter().all(|it| text(it, "verdict") == "identical"), "{verified:?}");
    for share in facts["probes"]["shares"].as_array().unwrap() {
        assert_eq!(share["reached"], share["of"], "{share}");
    }
    let changed: Vec<&str> =
        facts["changes"].as_array().unwrap().iter().map(|change| text(change, "mend")).collect();
    assert!(
        changed.contains(&"tree-node-layout") && changed.contains(&"tree-value-fractions"),
        "{changed:?}"
    );
    // The script does the same without shelflife.
    context.python(&python, &["new.joblib.rescue.py", "old/forest.joblib", "by-script.joblib"]);
    let bytes = |name: &str| fs_err::read(context.path(name)).unwrap();
    assert!(bytes("by-script.joblib") == bytes("new.joblib"), "the script writes other bytes");
    // Nothing is ever overwritten.
    let said = rescue(&["old/forest.joblib", "-o", "new.joblib"]).expect(110).to_string();
    assert!(said.contains("is there already"), "{said}");
    assert!(bytes("by-script.joblib") == bytes("new.joblib"));
}

#[test]
fn a_folder_is_rescued_and_what_is_no_model_is_told() {
    let (context, python) = old();
    let to = ["--to", "scikit-learn==1.7.2", "-i", "X.csv", "-o", "out"];
    context.run([&["rescue", "old"], to.as_slice()].concat()).expect(0);
    for name in ["out/forest.joblib", "out/inner/packed.joblib"] {
        context.python(&python, &["-c", LOAD, name]);
    }
    // Compressed as it was.
    assert_eq!(fs_err::read(context.path("out/inner/packed.joblib")).unwrap()[0], 0x78);
    assert_eq!(text(&record(&context, "out/dict.pkl.rescue.json")["result"], "is"), "rescued");
    context.run(["rescue", "cut.joblib", "--to", "scikit-learn==1.7.2", "-o", "cut-new.joblib"]).expect(102);
    // Without anybody who says what it gives, a file is not written.
    let unproven =
        ["rescue", "old/dict.pkl", "--to", "scikit-learn==1.7.2", "--load-only", "-o", "unproven.pkl"];
    context.run(unproven).expect(101);
    assert!(!context.list(".").iter().any(|name| name == "unproven.pkl"));
    context.run([&unproven, ["--allow-unproven"].as_slice()].concat()).expect(0);
    let page = context.read("unproven.pkl.rescue.md");
    assert!(page.contains("Nothing proves that this file predicts what the original did"), "{page}");
}

/// What writes further files of 1.2: in archives, of protocol 0, and what no class of the target can express.
const DUMP_OTHERS: &str = r#"
import io, os, pickle, tarfile, zipfile
import joblib, numpy
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
generator = numpy.random.RandomState(0)
X = generator.normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0.5)
forest = joblib.load("old/forest.joblib")
buffer = io.BytesIO()
joblib.dump(forest, buffer, compress=3)
with tarfile.open("model.tar.gz", "w:gz") as archive:
    for name, data in (("./code/inference.py", b"print(1)\n"), ("./model.joblib", buffer.getvalue())):
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
with zipfile.ZipFile("model.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.writestr("README", "words")
    archive.writestr("inner/model.pkl", pickle.dumps(forest, protocol=0))
os.makedirs("others", exist_ok=True)
boosted = AdaBoostClassifier(LogisticRegression(), n_estimators=5, random_state=0)
joblib.dump(boosted.fit(X, y), "others/boosted.joblib")
joblib.dump(LogisticRegression().fit(X, y), "others/linear.joblib")
"#;

/// What reads a translation as anybody would.
const LOAD_ONNX: &str = r#"
import sys
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1])
X = numpy.loadtxt("X.csv", delimiter=",", skiprows=1).astype("float32")
labels = session.run(None, {session.get_inputs()[0].name: X})[0]
assert len(labels) == 50
"#;

#[test]
fn what_cannot_be_mended_is_translated() {
    let (context, _) = old();
    let producer = context.interpreters("pair")["old"].clone();
    context.python(&producer, &["-c", DUMP_OTHERS]);
    let to = ["--to", "scikit-learn==1.7.2", "-i", "X.csv"];
    let rescue = |more: &[&str]| context.run([&["rescue"], more, to.as_slice()].concat());
    // No class of the target can express it: what to do names the translation, and that works.
    let said = rescue(&["others/boosted.joblib", "-o", "new.joblib"]).expect(100).to_string();
    let command = "shelflife rescue others/boosted.joblib --to scikit-learn==1.7.2 --format onnx -o others/boosted.onnx";
    assert!(said.contains(command), "{said}");
    let said =
        rescue(&["others/boosted.joblib", "--format", "onnx", "-o", "boosted.onnx"]).expect(0).to_string();
    assert!(said.contains("translated"), "{said}");
    let facts = record(&context, "boosted.onnx.rescue.json");
    assert_eq!(text(&facts["result"], "way"), "translated");
    assert_eq!(text(&facts["translation"], "holds"), "translation");
    assert_eq!(text(&facts["rescued"], "format"), "onnx");
    let outputs: Vec<&str> =
        facts["translation"]["outputs"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(outputs, ["predict", "predict_proba"]);
    let origins: Vec<&str> =
        facts["verified"].as_array().unwrap().iter().map(|it| text(it, "origin")).collect();
    assert_eq!(origins, ["given", "probes"], "it is verified like any other file");
    let page = context.read("boosted.onnx.rescue.md");
    assert!(
        page.contains("It is no scikit-learn model any more")
            && page.contains("onnxruntime.InferenceSession"),
        "{page}"
    );
    let interpreters = context.interpreters("rescue");
    let (_, python) = interpreters.iter().find(|(name, _)| name.starts_with("sk1.7.2")).unwrap();
    context.python(python, &["-c", LOAD_ONNX, "boosted.onnx"]);
    // What a format cannot hold is refused in its words; what it can is written beside it.
    let said = rescue(&["others", "--format", "json-params", "-o", "numbers"]).expect(100).to_string();
    assert!(said.contains("can hold only linear models"), "{said}");
    assert_eq!(
        context
            .list("numbers")
            .iter()
            .filter(|name| name.ends_with(".json") && !name.contains("rescue"))
            .count(),
        1
    );
    // The estimator itself is written where it is read, and is what it was.
    rescue(&["old/forest.joblib", "--format", "pickle-gzip", "-o", "packed.pkl"]).expect(0);
    assert_eq!(fs_err::read(context.path("packed.pkl")).unwrap()[..2], [0x1f, 0x8b]);
    let facts = record(&context, "packed.pkl.rescue.json");
    assert_eq!(text(&facts["translation"], "holds"), "estimator");
    assert!(!facts["changes"].as_array().unwrap().is_empty(), "it was mended first");
    rescue(&["old/forest.joblib", "--format", "mlflow", "-o", "no"]).expect(2);
}

#[test]
fn a_model_in_an_archive_stays_in_it() {
    let (context, python) = old();
    let producer = context.interpreters("pair")["old"].clone();
    context.python(&producer, &["-c", DUMP_OTHERS]);
    let to = ["--to", "scikit-learn==1.7.2", "-i", "X.csv"];
    let words = ["rescue", "model.tar.gz", "model.zip", "-o", "out"];
    let ended = context.run([words.as_slice(), &to].concat());
    if ended.code() != Some(0) {
        panic!("{ended}\n{}", context.read("reports/rescue/report.md"));
    }
    let said = ended.to_string();
    // Its own words only: nothing of the runs that it is made of.
    for other in ["earlier run", "environments:", "cells:", "has changed"] {
        assert!(!said.contains(other), "{said}");
    }
    let unpack = "import sys, tarfile, zipfile; tarfile.open('out/model.tar.gz').extractall('unpacked'); \
                  zipfile.ZipFile('out/model.zip').extractall('unpacked')";
    context.python(&python, &["-c", unpack]);
    for name in ["unpacked/model.joblib", "unpacked/inner/model.pkl"] {
        context.python(&python, &["-c", LOAD, name]);
    }
    assert_eq!(context.read("unpacked/code/inference.py"), "print(1)\n");
    assert_eq!(context.read("unpacked/README"), "words");
    assert_eq!(text(&record(&context, "out/model.zip.rescue.json"), "wrapping"), "archive");
    // The same again: each name that is taken is named, and a line for programs says the same.
    let said = context.run([words.as_slice(), &to].concat()).expect(110).to_string();
    assert!(said.contains("`out/model.tar.gz` is there already"), "{said}");
    let json =
        context.run([words.as_slice(), &to, &["--message-format", "json"]].concat()).expect(110).stdout();
    let answer: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    let files = answer["answer"]["files"].as_array().unwrap();
    assert_eq!(files.len(), 2);
    assert!(
        files.iter().all(|it| it["written"].is_null() && text(&it["record"]["result"], "is") == "refused")
    );
    // Several files do not go where one is.
    let said =
        context.run([&["rescue", "old", "-o", "X.csv"], to.as_slice()].concat()).expect(110).to_string();
    assert!(said.contains("`X.csv` is a file"), "{said}");
    // What a rescue has written below what it is asked for is not rescued again.
    context.run([&["rescue", "old", "-o", "old/new"], to.as_slice()].concat()).expect(0);
    let said =
        context.run([&["rescue", "old", "-o", "old/new"], to.as_slice()].concat()).expect(110).to_string();
    assert!(!said.contains("old/new/new") && said.contains("trying 3 models as they are"), "{said}");
}

#[test]
fn what_probes_reach_stands_in_every_report() {
    let context = TestContext::new();
    let environment = |name: &str, version: &str| {
        format!(
            "[[environments]]\nname = \"{name}\"\npackages = {{ scikit-learn = \"{version}\" }}\npython = \"3.11\"\n"
        )
    };
    let both = environment("old", "1.2.2") + &environment("new", "1.7.2");
    let trees = models(&[("tree", "DecisionTreeClassifier(max_depth=4, random_state=0)")]);
    context.write("trees.toml", &format!("{both}{DATA}\n{trees}"));
    let said = context.run(["run", "trees.toml", "--probe", "--model", "tree"]).expect(0).to_string();
    assert!(said.contains("rows derived from the model, which reach"), "{said}");
    let results: Value = serde_json::from_str(&context.read("reports/trees/results.json")).unwrap();
    let artifacts = results["artifacts"].as_array().unwrap();
    let probed: Vec<&Value> = artifacts.iter().filter(|it| !it["file"]["probes"].is_null()).collect();
    assert!(probed.len() >= 2, "{artifacts:?}");
    for artifact in probed {
        let shares = artifact["file"]["probes"]["shares"].as_array().unwrap();
        let leaves = shares.iter().find(|share| text(share, "what") == "leaves").unwrap();
        assert_eq!(leaves["reached"], leaves["of"], "{artifact}");
    }
    for report in ["report.md", "report.html"] {
        let page = context.read(&format!("reports/trees/{report}"));
        assert!(page.contains("How much of each model its probes reach"), "{report}");
    }
}

/// What writes a file of 1.7, whose forests take missing values.
const DUMP_NEW: &str = r#"
import joblib, numpy
from sklearn.ensemble import RandomForestClassifier
generator = numpy.random.RandomState(0)
X = generator.normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int) + (X[:, 1] * X[:, 2] > 0.5)
forest = RandomForestClassifier(5, random_state=0).fit(X, y)
forest.predict([[float("nan")] * 4])
joblib.dump(forest, "forest-of-1.7.joblib")
"#;

#[test]
fn what_the_older_release_refuses_with_an_error_is_said() {
    let (context, python) = old();
    context.python(&python, &["-c", DUMP_NEW]);
    let words =
        ["rescue", "forest-of-1.7.joblib", "--to", "scikit-learn==1.2.2", "-i", "X.csv", "-o", "down.joblib"];
    context.run(words).expect(0);
    let facts = record(&context, "down.joblib.rescue.json");
    assert_eq!(facts["refuses_gaps"], true, "{facts}");
    assert_eq!(facts["probes"]["missing"], false);
    let page = context.read("down.joblib.rescue.md");
    assert!(page.contains("refused with an error, where the original takes them"), "{page}");
}

/// Ctrl-C in each phase: no new file, none that is half there, nothing beside them; and the same command ends what it began.
#[test]
fn an_interrupted_rescue_leaves_nothing_and_is_ended_by_the_same_command() {
    let (context, python) = old();
    let words = ["rescue", "old", "--to", "scikit-learn==1.7.2", "-i", "X.csv", "-o", "out"];
    let before = context.list("old");
    // Before anything runs, nobody listens: the signal ends the process by itself, and one that ignores Ctrl-C from the start, as
    // what a shell has put into the background does, goes on ignoring it.
    let phases = [
        ("trying 3 models as they are", Signal::SIGTERM),
        ("mending 3 models", Signal::SIGINT),
        ("trying what was made of 3 models", Signal::SIGINT),
    ];
    for (phase, signal) in phases {
        let mut child = context.command(words).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let mut said = said.skip_while(|line| !line.contains(phase));
        assert!(said.next().is_some(), "{phase}: never said");
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let rest: Vec<String> = said.collect();
        let status = child.wait().unwrap();
        let by_itself = status.signal() == Some(signal as i32);
        assert!(status.code() == Some(130) || by_itself, "{phase}: {status} {rest:?}");
        context.wait_for_no_processes();
        assert_eq!(context.list("old"), before, "{phase}: the originals");
        let made = if context.path("out").exists() { context.list("out") } else { Vec::new() };
        let files: Vec<&String> =
            made.iter().filter(|name| context.path("out").join(name).is_file()).collect();
        assert!(files.is_empty(), "{phase}: {files:?}");
    }
    context.run(words).expect(0);
    for name in ["out/forest.joblib", "out/inner/packed.joblib"] {
        context.python(&python, &["-c", LOAD, name]);
    }
}

/// What writes two kinds of trees to standard output: the sizes of their indexes are a machine's.
const DUMP_HERE: &str = r#"
import pickle, sys, numpy
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
generator = numpy.random.RandomState(0)
X = generator.normal(size=(100, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
models = [RandomForestClassifier(5, random_state=0), HistGradientBoostingClassifier(max_iter=5)]
sys.stdout.buffer.write(pickle.dumps([model.fit(X, y) for model in models], protocol=4))
"#;

/// What reads them from standard input, and says what they give.
const SAY_HERE: &str = r#"
import pickle, sys, numpy
models = pickle.load(sys.stdin.buffer)
X = numpy.random.RandomState(1).normal(size=(500, 3))
print([["%.12f" % value for value in model.predict_proba(X).ravel()] for model in models])
"#;

#[test]
fn a_file_goes_from_32_bit_to_64_and_back() {
    let (context, python) = old();
    if let Err(reason) = tree(&context) {
        return not_tried(format_args!("no 32-bit Debian tree to write a model in: {reason}"));
    }
    const MACHINE: &str = "debian:bookworm/i386";
    let ended = |words: &[&str], given: Option<&str>| {
        let stdin = given.map_or_else(Stdio::null, |name| {
            fs_err::File::open(context.path(name)).unwrap().into_parts().0.into()
        });
        let output = context.command(words.iter().copied()).stdin(stdin).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let there = ["env", "run", "-q", MACHINE, "--", "python3", "-c"];
    let here = ["env", "run", "-q", &python, "--", "python", "-c"];
    fs_err::write(context.path("there.pkl"), ended(&[&there[..], &[DUMP_HERE]].concat(), None)).unwrap();
    fs_err::write(context.path("here.pkl"), ended(&[&here[..], &[DUMP_HERE]].concat(), None)).unwrap();
    let up = ["rescue", "there.pkl", "--made-by", MACHINE, "--to", &python, "-o", "up.pkl"];
    context.run(up).expect(0);
    let down = ["rescue", "here.pkl", "--made-by", &python, "--to", MACHINE, "-o", "down.pkl"];
    context.run(down).expect(0);
    let said = |words: &[&str], name: &str| ended(&[words, &[SAY_HERE]].concat(), Some(name));
    // Exponentials round otherwise on another machine: the words have twelve digits.
    assert!(said(&there, "there.pkl") == said(&here, "up.pkl"), "up");
    assert!(said(&here, "here.pkl") == said(&there, "down.pkl"), "down");
}
