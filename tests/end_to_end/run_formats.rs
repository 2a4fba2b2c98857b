//! Formats beyond pickle: damage, a translation, a file of the matrix's own, and what the record says of them.

use serde_json::Value;

use crate::context::{DATA, TestContext, both, models, text};
use crate::machine::not_tried;

const OWN: &str = "\
import json


def save(estimator, path, options, dataset):
    if not hasattr(estimator, 'coef_'):
        raise Unsupported('only linear models')
    with open(path, 'w') as target:
        json.dump([estimator.coef_.tolist(), estimator.intercept_.tolist(), estimator.classes_.tolist(), options], target)
    return ['predict']


def load(path, options):
    with open(path) as source:
        return Own(*json.load(source))


class Own:
    def __init__(self, coef, intercept, classes, options):
        self.parts, self.wrong = (coef, intercept, classes), options.get('wrong', False)

    def predict(self, X):
        import numpy
        coef, intercept, classes = map(numpy.array, self.parts)
        scores = X @ coef.T + intercept
        return classes[scores.argmin(axis=1) if self.wrong else scores.argmax(axis=1)]
";

const FORMATS: &str = r#"
[formats.truncated]
base = "joblib-zlib"
damage = "truncated"

[formats.empty]
base = "pickle"
damage = "empty"

[formats.own]
file = "own.py"
reference = "model"

[formats.own-wrong]
file = "own.py"
options = { wrong = true }
reference = "model"
"#;

#[test]
fn damage_is_noticed_and_translations_are_compared_with_the_model() {
    let context = TestContext::new();
    context.write("own.py", OWN);
    let data = DATA.replace(
        "formats = [\"pickle\"]",
        "formats = [\"pickle-gzip\", \"joblib-mmap\", \"truncated\", \"empty\", \"json-params\", \"own*\"]",
    );
    let models = models(&[
        ("logistic", "LogisticRegression(max_iter=500)"),
        ("tree", "DecisionTreeClassifier(max_depth=3, random_state=0)"),
    ]);
    let matrix = format!("[matrix]\nname = \"formats\"\n\n{}{data}{FORMATS}\n{models}", both());
    context.write("formats.toml", &matrix);
    context.run(["run", "formats.toml"]).expect(0);
    let results = context.results("formats");
    let verdict = |model: &str, format: &str, producer: &str, consumer: &str| {
        let cell = cell(&results, [model, format, producer, consumer]).unwrap();
        format!("{} {}", text(cell, "verdict"), text(cell, "stage"))
    };
    let (old, new) = ("sk1.2.2", "sk1.5.2");
    for format in ["pickle-gzip", "joblib-mmap"] {
        assert_eq!(verdict("logistic", format, old, old), "identical value", "{format}");
        assert_eq!(verdict("tree", format, old, new), "load-error state", "{format}");
    }
    for (format, producer, consumer) in
        [("truncated", old, old), ("truncated", new, old), ("empty", old, new)]
    {
        assert_eq!(verdict("logistic", format, producer, consumer), "load-error read", "{format}");
    }
    // Computed from the same numbers: which release reads them makes no difference.
    for consumer in [old, new] {
        assert!(verdict("logistic", "json-params", old, consumer).ends_with(" value"));
        assert_eq!(verdict("logistic", "own", new, consumer), "identical value");
        // A translation that is wrong everywhere, its own producer included, is no matter of chance.
        assert_eq!(verdict("logistic", "own-wrong", new, consumer), "drift value");
        assert_eq!(verdict("tree", "own", new, consumer), "unsupported env");
    }
    let findings = results["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| text(finding, "kind") != "nondeterministic"));
    let report = context.read("reports/formats/report.md");
    assert!(report.contains("### Formats side by side"), "{report}");
}

/// The cell of a model, a format, a producer and a consumer.
fn cell<'r>(results: &'r Value, wanted: [&str; 4]) -> Option<&'r Value> {
    let keys = ["model", "format", "producer", "consumer"];
    let is_it = |cell: &&Value| keys.iter().zip(wanted).all(|(key, value)| text(cell, key) == value);
    results["cells"].as_array().unwrap().iter().find(is_it)
}

/// Every package that a format needs, in one environment; beside it a reader without scikit-learn and with an older
/// runtime, and the last release that sklearn-porter runs beside, where there is a Python that old.
const FULL: &str = r#"
[matrix]
name = "full"

[[environments]]
name = "full"
python = "3.11"
packages = { scikit-learn = "1.5.2", cloudpickle = "companion", lz4 = "companion", skops = "companion", skl2onnx = "companion", onnxruntime = "companion", m2cgen = "companion", mlflow-skinny = "companion", pandas = "companion", sklearn-migrator = "companion" }
writes = ["joblib*", "cloudpickle", "skops*", "onnx*", "m2cgen*", "mlflow*", "migrator", "pickle-gzip*"]

[[environments]]
name = "bare"
python = "3.11"
packages = { numpy = "2.1.3", onnxruntime = "1.20.1" }
reads = ["onnx*", "m2cgen*", "porter*", "skops"]
role = "consumer"

[[environments]]
name = "porter"
python = "3.7"
packages = { scikit-learn = "0.22.1", sklearn-porter = "companion" }
writes = ["porter*"]
role = "producer"

[formats.onnx-17]
base = "onnx"
options = { opset = 17 }

[formats.onnx-double]
base = "onnx"
options = { dtype = "float64" }

[formats.mlflow-skops]
base = "mlflow"
options = { serialization = "skops", trust = ["sklearn.tree._tree.Tree"] }

[formats."pickle-gzip-{damage}"]
base = "pickle-gzip"
damage = ["bomb", "claim", "other-format"]

[formats."onnx-{damage}"]
base = "onnx"
damage = ["flipped", "claim", "magic"]

[formats.joblib-claim]
base = "joblib"
damage = "claim"

[datasets.steps]
path = "steps.csv"
target = "zone"

[datasets.halves]
path = "halves.csv"

[[models]]
name = "on-thresholds"
estimator = "RandomForestClassifier(n_estimators=10, random_state=0)"
dataset = "steps"
inputs = "halves"
formats = ["onnx", "onnx-double"]
"#;

#[test]
fn every_format_lives_its_life_with_the_packages_that_it_needs() {
    let context = TestContext::new();
    let datasets = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    for name in ["steps.csv", "halves.csv"] {
        fs_err::copy(datasets.join(name), context.path(name)).unwrap();
    }
    let formats = "formats = [\"joblib-lz4\", \"cloudpickle\", \"skops\", \"skops-trusted\", \"onnx\", \"onnx-17\", \
        \"m2cgen-c\", \"m2cgen-java\", \"m2cgen-javascript\", \"m2cgen-python\", \"mlflow\", \"mlflow-skops\", \
        \"migrator\", \"porter-c\", \"*-bomb\", \"*-claim\", \"*-other-format\", \"*-flipped\", \"*-magic\"]";
    let data = DATA.replace("formats = [\"pickle\"]", formats);
    let models = models(&[
        ("logistic", "LogisticRegression(max_iter=500)"),
        ("tree", "DecisionTreeClassifier(max_depth=5, random_state=0)"),
    ]);
    context.write("full.toml", &format!("{FULL}{data}\n{models}"));
    context.run(["run", "full.toml"]).expect(0);
    let results = context.results("full");
    let judged = |model: &str, format: &str, producer: &str, consumer: &str| {
        let cell = cell(&results, [model, format, producer, consumer])
            .unwrap_or_else(|| panic!("no cell {model} {format} {producer} {consumer}"));
        let word = match text(cell, "verdict") {
            "identical" | "roundoff" => "works",
            other => other,
        };
        let rule = cell["rule"].as_str().unwrap_or("-");
        (format!("{word} {}", text(cell, "stage")), rule.to_owned(), cell["reason"].to_string())
    };
    let rows = [
        ("logistic", "joblib-lz4", "full", "works value", "-"),
        ("logistic", "cloudpickle", "full", "works value", "-"),
        ("logistic", "skops", "full", "works value", "-"),
        ("tree", "skops", "full", "load-error state", "skops-untrusted-types"),
        ("tree", "skops-trusted", "full", "works value", "-"),
        ("tree", "skops", "bare", "unsupported env", "-"),
        ("logistic", "onnx", "full", "works value", "-"),
        ("tree", "onnx", "full", "works value", "-"),
        ("tree", "onnx", "bare", "load-error read", "onnx-newer-than-runtime"),
        ("tree", "onnx-17", "bare", "works value", "-"),
        ("tree", "m2cgen-python", "bare", "works value", "-"),
        ("logistic", "m2cgen-python", "full", "works value", "-"),
        ("logistic", "mlflow", "full", "works value", "-"),
        // MLflow 3 refuses to write what nobody has declared as trusted.
        ("tree", "mlflow", "full", "unsupported env", "-"),
        ("tree", "mlflow-skops", "full", "works value", "-"),
        ("logistic", "migrator", "full", "works value", "-"),
        ("tree", "migrator", "full", "predict-error predict", "migrator-classes-list"),
        ("tree", "pickle-gzip-bomb", "full", "out-of-memory load", "damaged-file"),
        ("tree", "pickle-gzip-claim", "full", "out-of-memory load", "damaged-file"),
        ("tree", "joblib-claim", "full", "load-error read", "damaged-file"),
        ("tree", "pickle-gzip-other-format", "full", "load-error read", "damaged-file"),
        ("logistic", "onnx-flipped", "full", "load-error read", "damaged-file"),
        ("logistic", "onnx-claim", "full", "load-error read", "damaged-file"),
        ("logistic", "onnx-magic", "full", "load-error read", "damaged-file"),
    ];
    for (model, format, consumer, verdict, expected) in rows {
        let (found, rule, reason) = judged(model, format, "full", consumer);
        assert_eq!(
            (found.as_str(), rule.as_str()),
            (verdict, expected),
            "{model} {format} {consumer}: {reason}"
        );
    }
    // Compilers are the machine's; where one is missing, that is what the cells say.
    for (format, tool) in [("m2cgen-c", "gcc"), ("m2cgen-java", "javac"), ("m2cgen-javascript", "node")] {
        let (found, _, reason) = judged("tree", format, "full", "bare");
        if found == "works value" {
            continue;
        }
        assert!(found == "env-error env" && reason.contains(tool), "{format}: {found}: {reason}");
        not_tried(format!("{format}: {reason}"));
    }
    // Inputs on split thresholds go the other way where nobody rounds them to float32: labels flip, and are counted.
    assert_eq!(judged("on-thresholds", "onnx", "full", "full").0, "works value");
    let flipped = cell(&results, ["on-thresholds", "onnx-double", "full", "full"]).unwrap();
    assert_eq!(text(flipped, "verdict"), "drift");
    let flips = flipped["outputs"]["predict"]["flips"].as_u64().unwrap();
    assert!(flips > 0);
    let report = context.read("reports/full/report.md");
    assert!(report.contains(&format!("predict: {flips} of 150 labels flip")), "{report}");
    assert!(report.contains("### Who notices damage"), "{report}");
    // The C that sklearn-porter writes of a tree gives other labels than the tree: what this program is for.
    let (found, _, reason) = judged("tree", "porter-c", "porter", "bare");
    if found == "env-error env" {
        not_tried(reason);
    } else {
        assert_eq!(found, "drift value");
    }
    // What an environment does not write or read is no cell at all.
    assert!(cell(&results, ["tree", "onnx", "porter", "full"]).is_none());
    assert!(cell(&results, ["tree", "mlflow", "full", "bare"]).is_none());
}
