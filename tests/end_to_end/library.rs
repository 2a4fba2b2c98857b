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

/// The next release of a library on files of its earlier ones: one environment is made, and no release is.
#[test]
fn a_head_is_tried_on_the_files_of_its_releases() {
    let context = TestContext::new();
    project(&context, "old", "centers_", "argmin");
    project(&context, "lib", "centers_", "argmin");
    let releases = "[[environments]]\npython = \"3.11\"\npackages = { tinyclust = \"./old\" }\n";
    context.write(
        "releases.toml",
        &matrix(releases, "\n[[models]]\nname = \"typo\"\nestimator = \"tinyclust.Nearst()\"\n"),
    );
    // A model that no release has is told and keeps nothing else out.
    let made = context.run(["museum", "releases.toml"]).expect(0);
    assert!(
        made.stderr().contains("museum: 1 added, 0 kept as they were; 1 do not exist in their release"),
        "{}",
        made.stderr()
    );
    assert_eq!(context.list("museum"), ["0.1.0", "inputs"]);
    let kept = ["nearest-0.1.0.pkl", "nearest-0.1.0_metadata.json", "nearest-0.1.0_validation.json"];
    assert_eq!(context.list("museum/0.1.0"), kept);
    let before = context.read("museum/0.1.0/nearest-0.1.0_validation.json");
    let again = context.run(["museum", "releases.toml"]).expect(0);
    assert!(again.stderr().contains("museum: 0 added, 1 kept as they were"), "{}", again.stderr());
    assert_eq!(context.read("museum/0.1.0/nearest-0.1.0_validation.json"), before);

    let gate = |code| context.run(["gate", "museum", "--head", "lib"]).expect(code);
    gate(0);
    assert_eq!(context.verdicts("gate")["nearest-0.1.0 tinyclust0.1.0 head"], "identical value");
    assert!(
        context.read("reports/gate/gate.md").contains("Go: the model works in head"),
        "{}",
        context.read("reports/gate/gate.md")
    );
    project(&context, "lib", "centroids_", "argmin");
    gate(100);
    let page = context.read("reports/gate/gate.md");
    assert!(page.contains("has no attribute 'centroids\\_'") && page.contains("`__setstate__`"), "{page}");
    project(&context, "lib", "centers_", "argmax");
    gate(100);
    let page = context.read("reports/gate/gate.md");
    assert!(page.contains("say in the release notes what changed"), "{page}");

    // Inputs that changed are no reason to blame the head, and neither are values that were damaged.
    let data = context.read("museum/inputs/blobs.csv");
    context.write("museum/inputs/blobs.csv", &data.replacen("3.86", "3.87", 1));
    let ended = gate(102);
    let told = ended.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("does not match its declared digest"), "{told}");
    context.write("museum/inputs/blobs.csv", &data);
    context.write(
        "museum/0.1.0/nearest-0.1.0_validation.json",
        &before.replacen("\"base64\": \"A", "\"base64\": \"B", 1),
    );
    let ended = gate(102);
    let told = ended.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("is not what its digest says"), "{told}");

    for (arguments, said) in [
        (vec!["gate", "museum", "--head", "museum"], "does not say which package it is"),
        (
            vec!["gate", "museum/0.1.0/nearest-0.1.0.pkl", "--to", "tinyclust @ ./lib", "-i", "blobs.csv"],
            "does not bring what all of its outputs were",
        ),
    ] {
        let ended = context.run(arguments.iter().copied()).expect(2);
        let told = ended.stderr().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said), "{told}");
    }
}
