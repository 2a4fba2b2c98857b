//! Files that are made to work elsewhere, with proof.

use serde_json::Value;

use crate::context::{DATA, TestContext, models, text};

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
