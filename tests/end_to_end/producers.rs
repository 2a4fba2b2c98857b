//! The environments that stand for whoever wrote a file, and what a file needs of its author.

use crate::cli_files::trained;
use crate::context::{DATA, TestContext, models, name_of, text};
use crate::machine::not_tried;

/// What writes a joblib file with arrays.
const DUMP: &str = r#"
import joblib, numpy
from sklearn.linear_model import LogisticRegression
X = numpy.random.RandomState(0).normal(size=(90, 4))
joblib.dump(LogisticRegression().fit(X, X[:, 0] > 0), "padded.joblib")
numpy.savetxt("X.csv", X[:20], delimiter=",", header="a,b,c,d", comments="")
"#;

/// What writes a model with a class of the author's own.
const OWN: &str = r#"
import os, sys
import joblib, numpy
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
os.makedirs("project", exist_ok=True)
with open("project/utils.py", "w") as file:
    file.write("""
import numpy
from sklearn.base import BaseEstimator, TransformerMixin

class Clip(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_features_in_ = numpy.asarray(X).shape[1]
        return self

    def transform(self, X):
        return numpy.clip(numpy.asarray(X, dtype=float), -1, 1)
""")
sys.path.insert(0, "project")
from utils import Clip
X = numpy.random.RandomState(0).normal(size=(90, 4))
joblib.dump(make_pipeline(Clip(), StandardScaler()).fit(X), "own.joblib")
"#;

#[test]
fn what_a_file_proves_goes_before_the_companions() {
    let context = TestContext::new();
    let newer = "[[environments]]\nname = \"newer\"\npackages = { scikit-learn = \"1.0.2\", joblib = \"1.3.2\" }\n\
                 python = \"3.10\"\n";
    context.write("newer.toml", &format!("{newer}{DATA}\n{}", models(&[("scaler", "StandardScaler()")])));
    context.run(["run", "newer.toml", "-q"]).expect(0);
    context.python(&context.interpreters("newer")["newer"].clone(), &["-c", DUMP]);
    let check = ["check", "padded.joblib", "--inputs", "X.csv", "--on", "scikit-learn==1.2.2", "--run", "c"];
    context.run(check).expect(0);
    let results = context.results("c");
    let maker = results["environments"].as_array().unwrap().iter().find(|it| it["producer"] == true).unwrap();
    assert!(!text(&maker["packages"], "joblib").starts_with("1.1"), "{maker}");
    assert_eq!(text(&results["cells"][0], "verdict"), "identical");
    // The release of the file itself, in few words, is what can read it as well.
    context
        .run([
            "gate",
            "padded.joblib",
            "-i",
            "X.csv",
            "--from",
            "scikit-learn==1.0.2",
            "--to",
            "next=scikit-learn==1.2.2",
        ])
        .expect(0);
}

#[test]
fn modules_of_ones_own_are_asked_for_and_imported_from_a_folder() {
    let context = trained();
    context.python(&context.interpreters("both")["sk1.5.2"].clone(), &["-c", OWN]);
    let check = |more: &[&str]| {
        let words = [
            "check",
            "own.joblib",
            "--inputs",
            "X.csv",
            "--on",
            "old.json",
            "--made-by",
            "new.json",
            "--run",
            "c",
        ];
        context.run([&words, more].concat())
    };
    let said = check(&[]).expect(101).to_string();
    assert!(said.contains("utils") && said.contains("--modules") && !said.contains("utils==."), "{said}");
    let cell = context.results("c")["cells"][0].clone();
    assert_eq!(text(&cell["cause"]["trouble"], "kind"), "module-missing", "{}", name_of(&cell));
    for modules in ["project", "project/utils.py"] {
        check(&["--modules", modules]).expect(0);
        assert_eq!(text(&context.results("c")["cells"][0], "verdict"), "identical");
    }
    let said = check(&["--modules", "saved"]).expect(102).to_string();
    assert!(said.contains("there is no .py file"), "{said}");
}

/// What writes a model with a function of its own, whose byte code only the interpreter runs that wrote it.
const CODE: &str = r#"
import cloudpickle, numpy
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
X = numpy.random.RandomState(0).normal(size=(50, 3))
def guarded(rows):
    out = []
    for row in rows:
        with numpy.errstate(all="ignore"):
            try:
                out.append([value * value if value > 0 else {**{"a": value}}["a"] for value in row])
            except ValueError as error:
                raise RuntimeError("no number") from error
    return numpy.array(out)
model = make_pipeline(FunctionTransformer(guarded), LogisticRegression()).fit(X, X[:, 0] > 0)
with open("code.pkl", "wb") as file:
    cloudpickle.dump(model, file)
numpy.savetxt("X.csv", X[:10], delimiter=",", header="a,b,c", comments="")
"#;

#[test]
fn where_the_first_environment_cannot_read_its_file_the_next_one_is_tried_and_told() {
    let context = TestContext::new();
    let old = "[[environments]]\nname = \"old\"\npython = \"3.8\"\n\
               packages = { scikit-learn = \"1.0.2\", cloudpickle = \"2.2.1\" }\n";
    context.write("old.toml", &format!("{old}{DATA}\n{}", models(&[("scaler", "StandardScaler()")])));
    context.run(["run", "old.toml", "-q"]).expect(0);
    let python = context.interpreters("old")["old"].clone();
    context.python(&python, &["-c", CODE]);
    let check = ["check", "code.pkl", "--inputs", "X.csv", "--on", &python, "--run", "c"];
    let said = context.run(check).expect(0).to_string();
    assert!(said.contains("cannot read what it should have written: tried again with Python 3.8"), "{said}");
    assert!(
        said.contains("was chosen first for its producer cannot read it: Python 3.8 was taken"),
        "{said}"
    );
    assert_eq!(text(&context.results("c")["cells"][0], "verdict"), "identical");
    // What was found is remembered.
    let again = context.run(check).expect(0).to_string();
    assert!(!again.contains("tried again with"), "{again}");
}

/// numpy 2.5 takes Python 3.12 and later, and 3.11 is the interpreter of choice.
#[test]
fn a_release_that_wants_another_interpreter_gets_one_where_none_was_asked_for() {
    let context = trained();
    let check = |on: &str, run: &str| {
        let files = ["check", "saved/scaler.joblib", "--inputs", "X.csv", "--on", on, "--run", run];
        context.run(files).to_string()
    };
    let asked = check("scikit-learn==1.9.1 numpy==2.5.5 python==3.11", "python-asked");
    let plain = asked.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain.contains("Because numpy==2.5.5 ") && plain.contains("declare another Python"), "{asked}");
    let chosen = check("scikit-learn==1.9.1 numpy==2.5.5", "python-chosen");
    let pip = std::process::Command::new("python3").args(["-m", "pip", "--version"]).output();
    if !chosen.contains("is made with Python") && !pip.is_ok_and(|pip| pip.status.success()) {
        return not_tried("numpy 2.5 beside a file: no pip lists the releases of the index");
    }
    assert!(chosen.contains("sk1.9.1-numpy2.5.5 is made with Python 3.12: "), "{chosen}");
    let failed =
        context.events("python-chosen").into_iter().find(|event| event["event"] == "environment-failed");
    if failed.is_some_and(|event| event["cause"] == "no-interpreter") {
        return not_tried("numpy 2.5 beside a file: there is no Python 3.12");
    }
    assert!(
        context.verdicts("python-chosen").values().all(|verdict| verdict.starts_with("identical")),
        "{chosen}"
    );
    // What was found is remembered.
    let again = check("scikit-learn==1.9.1 numpy==2.5.5", "python-again");
    assert!(!again.contains("is made with Python") && again.contains("identical"), "{again}");
}
