//! Releases that are asked themselves: real wheels, read and not run.

use std::path::Path;

use serde_json::Value;

use crate::context::{DATA, TestContext, environment, models, pickled_by_both};

#[test]
fn a_wheel_says_what_it_breaks() {
    let context = pickled_by_both();
    let line = [
        "forecast",
        "tree-1.2.2.pkl",
        "linear-1.2.2.pkl",
        "--to",
        "scikit-learn==1.5.2",
        "--from-release",
        "--json",
    ];
    let said = context.run(line).expect(0).stdout();
    let answers: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |at: usize| &answers[at]["forecast"];
    assert_eq!((&of(0)["expected"], &of(0)["stage"]), (&"breaks".into(), &"state".into()), "{said}");
    assert!(of(0)["because"][0].as_str().unwrap().contains("wants the field missing_go_to_left"), "{said}");
    // What it runs has changed, and nobody says that it works.
    assert_eq!(of(1)["expected"], "risk", "{said}");

    let page =
        context.run(["release-diff", "scikit-learn==1.2.2", "scikit-learn==1.5.2", "--json"]).expect(0);
    let diff: Value = serde_json::from_str(&page.stdout()).unwrap();
    let node = diff["structs"].as_array().unwrap().iter().find(|it| it["name"] == "Node").unwrap();
    assert_eq!(node["added"][0], "missing_go_to_left");
    assert!(node["estimators"].as_array().unwrap().contains(&"RandomForestClassifier".into()), "{node}");
    let gone = diff["gone"].as_array().unwrap();
    let metric = gone.iter().find(|it| it["name"] == "EuclideanDistance").unwrap();
    assert_eq!(metric["likely"], "EuclideanDistance64");
    assert!(gone.iter().any(|it| it["module"] == "sklearn.ensemble._gb_losses" && it["is_module"] == true));
}

/// The wheel of a release, fetched once for all runs of the tests.
fn wheel(context: &TestContext, release: &str) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wheels").join(release);
    let here = || {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|it| it == "whl"))
    };
    if here().is_none() {
        let (requirement, folder) = (format!("scikit-learn=={release}"), folder.display().to_string());
        let wanted =
            ["-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"];
        context.python("python3", &[&wanted[..], &["-d", &folder, &requirement]].concat());
    }
    here().expect("pip has fetched it").display().to_string()
}

/// What an installer is given without a version that anybody has run is asked before it is tried, and held to what it said.
#[test]
fn a_release_is_asked_before_its_environment_is_made() {
    let context = pickled_by_both();
    let wheel = wheel(&context, "1.5.2");
    let to = format!("python==3.11, scikit-learn @ {wheel}");
    let gate = [
        "gate",
        "tree-1.2.2.pkl",
        "linear-1.2.2.pkl",
        "--inputs",
        "blobs.csv",
        "--from",
        "scikit-learn==1.2.2",
    ];
    let ended = context.run([&gate[..], &["--to", &to, "--drop", "label"]].concat());
    let said = ended.stderr();
    assert!(said.contains("read out of scikit-learn 1.5.2"), "{said}\n{}", ended.stdout());
    assert!(said.contains("1 breaks, 1 risk"), "{said}");
    let page = context.read("reports/gate/gate.md");
    assert!(page.contains("What the release said before it was tried"), "{page}");
    assert!(page.contains("said of 1 cell, precision 1.000; happened in 1, recall 1.000"), "{page}");

    // What is written in the run itself is there before anything can be said of it, and said before it is tried.
    let models = models(&[("tree", "DecisionTreeClassifier(random_state=0)")]);
    let environments = format!(
        "{}\n[[environments]]\nname = \"coming\"\npython = \"3.11\"\nrole = \"consumer\"\npackages = {{ \
         scikit-learn = \"{wheel}\" }}\n",
        environment("old", "\"1.2.2\"", "role = \"producer\"")
    );
    context.write("coming.toml", &format!("[matrix]\nname = \"coming\"\n\n{environments}{DATA}\n{models}"));
    context.run(["run", "coming.toml"]).expect(0);
    let events = context.events("coming");
    let at = |event: &str, name: &str| {
        let is_it = |it: &Value| it["event"] == event && (name.is_empty() || it["name"] == name);
        events.iter().position(is_it).unwrap_or_else(|| panic!("{event} {name}: {events:?}"))
    };
    assert!(at("cell-foretold", "") < at("environment-ready", "coming"));
    assert!(at("environment-ready", "old") < at("cell-foretold", ""));
    let results = context.results("coming");
    let cell = &results["cells"][0];
    assert_eq!((&cell["forecast"]["expected"], &cell["verdict"]), (&"breaks".into(), &"load-error".into()));
    assert_eq!(results["score"]["total"]["right"], 1, "{}", results["score"]);
    // Gone on with, it stands as it was said.
    context.run(["run", "coming.toml"]).expect(0);
    assert_eq!(context.events("coming").iter().filter(|it| it["event"] == "cell-foretold").count(), 1);
}
