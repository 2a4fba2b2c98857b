//! A library of one's own: estimators that are no part of scikit-learn, from folders that are built, and code that changes
//! while its version stays.

use crate::context::{DATA, TestContext};

/// The project of a small library; `attribute` is where it keeps what it has learned, `best` how it chooses.
fn project(context: &TestContext, folder: &str, attribute: &str, best: &str) {
    context.write(
        &format!("{folder}/pyproject.toml"),
        "[build-system]\nrequires = [\"setuptools>=61\"]\nbuild-backend = \"setuptools.build_meta\"\n\
         [project]\nname = \"tinyclust\"\nversion = \"0.1.0\"\ndependencies = [\"numpy\"]\n\
         [tool.setuptools]\npackages = [\"tinyclust\"]\n",
    );
    context.write(
        &format!("{folder}/tinyclust/__init__.py"),
        &format!(
            "import numpy as np\n__version__ = '0.1.0'\n\n\nclass Nearest:\n    def __init__(self, k=2):\n        self.k = k\n\n    \
             def fit(self, X, y=None):\n        self.{attribute} = np.asarray(X, dtype=float)[: self.k]\n        return self\n\n    \
             def predict(self, X):\n        far = np.asarray(X, dtype=float)[:, None, :] - self.{attribute}[None]\n        \
             return (far ** 2).sum(axis=2).{best}(axis=1)\n"
        ),
    );
}

fn matrix(environments: &str, more: &str) -> String {
    format!(
        "[matrix]\npackage = \"tinyclust\"\n\n{environments}\n{DATA}\n[[models]]\nname = \"nearest\"\nestimator = \
         \"tinyclust.Nearest(k=2)\"\n{more}"
    )
}

#[test]
fn a_library_is_tried_without_scikit_learn_and_rebuilt_when_its_code_changes() {
    let context = TestContext::new();
    project(&context, "old", "centers_", "argmin");
    project(&context, "new", "centroids_", "argmin");
    let environments =
        "[[environments]]\npython = \"3.11\"\npackages = { tinyclust = [\"./old\", \"./new\"] }\n";
    context.write(
        "library.toml",
        &matrix(environments, "\n[[models]]\nname = \"typo\"\nestimator = \"tinyclust.Nearst()\"\n"),
    );
    context.run(["run", "library.toml"]).expect(0);
    let verdicts = context.verdicts("library");
    assert_eq!(verdicts["nearest tinyclustold tinyclustold"], "identical value", "{verdicts:?}");
    assert_eq!(verdicts["nearest tinyclustold tinyclustnew"], "predict-error predict");
    assert_eq!(verdicts["nearest tinyclustnew tinyclustold"], "predict-error predict");
    let results = context.results("library").to_string();
    assert!(results.contains("tinyclust 0.1.0 has no Nearst"), "a mistyped class is named");
    assert!(!results.contains("scikit-learn\":"), "no environment has it");

    // The same version, other code: nothing that was seen of the old code is served.
    project(&context, "new", "centers_", "argmax");
    context.run(["run", "library.toml"]).expect(0);
    let verdicts = context.verdicts("library");
    assert_eq!(verdicts["nearest tinyclustold tinyclustnew"], "drift value", "{verdicts:?}");
    project(&context, "new", "centers_", "argmin");
    context.run(["run", "library.toml"]).expect(0);
    assert_eq!(context.verdicts("library")["nearest tinyclustold tinyclustnew"], "identical value");

    for (source, said) in [
        ("./gone", "it does not exist"),
        ("./old/tinyclust", "it has neither `pyproject.toml` nor `setup.py`"),
        ("git+file:///nowhere/at/all", "git failed"),
    ] {
        let environments = format!(
            "[[environments]]\nname = \"a\"\npython = \"3.11\"\npackages = {{ tinyclust = \"{source}\" }}\n"
        );
        context.write("broken.toml", &matrix(&environments, ""));
        let ended = context.run(["run", "broken.toml"]);
        let told = ended.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said), "{source}: {told}");
    }
}

/// What is on `PYTHONPATH` is code like any other: when it changes, nothing that was seen before is served.
#[test]
fn changed_code_on_the_path_is_tried_again() {
    let context = TestContext::new();
    project(&context, "lib", "centers_", "argmin");
    let path = context.path("lib").display().to_string();
    let environment = format!(
        "[[environments]]\nname = \"own\"\npython = \"3.11\"\npackages = {{ scikit-learn = \"1.5.2\" }}\nvariables = {{ \
         PYTHONPATH = \"{path}\" }}\n"
    );
    let text = matrix(&environment, "").replace("package = \"tinyclust\"", "package = \"scikit-learn\"");
    context.write("path.toml", &text);
    context.run(["run", "path.toml"]).expect(0);
    assert_eq!(context.verdicts("path")["nearest own own"], "identical value");
    let again = context.run(["run", "path.toml"]).expect(0);
    assert!(again.stdout().contains("2 observations reused"), "{}", again.stdout());
    project(&context, "lib", "centers_", "argmax");
    let again = context.run(["run", "path.toml"]).expect(0);
    assert!(!again.stdout().contains("reused"), "{}", again.stdout());
}
