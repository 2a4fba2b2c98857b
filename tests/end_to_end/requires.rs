//! Which releases a file needs, and an environment that reads it.

use serde_json::Value;

use crate::context::pickled_by_both;

#[test]
fn a_file_says_what_it_needs_and_an_environment_is_found_for_it() {
    let context = pickled_by_both();

    let json = |arguments: &[&str]| -> Value {
        let said = context.run([arguments, &["--json"]].concat()).expect(0).stdout();
        serde_json::from_str(said.lines().last().unwrap()).unwrap()
    };
    // A tree of 1.2 is read up to 1.2, one of 1.5 from 1.3 on: a field was added between them.
    let old = json(&["requires", "tree-1.2.2.pkl"]);
    assert!(old["requires"]["scikit-learn"].as_str().unwrap().ends_with(",<1.3"), "{old}");
    let new = json(&["requires", "tree-1.5.2.pkl"]);
    assert!(new["requires"]["scikit-learn"].as_str().unwrap().starts_with(">=1.3,<"), "{new}");
    let releases = old["artifacts"][0]["releases"].as_array().unwrap();
    let of = |release: &str| releases.iter().find(|it| it["release"] == release).unwrap();
    assert_eq!(of("1.3.0")["forecast"]["causes"][0], "tree-node-layout");

    let none =
        context.run(["requires", "tree-1.2.2.pkl", "tree-1.5.2.pkl", "--as", "requirements"]).expect(100);
    assert!(none.stderr().contains("no release is known that reads all of these files"), "{}", none.stderr());
    let both = context.run(["requires", "tree-1.2.2.pkl", "linear-1.2.2.pkl", "--as", "requirements"]);
    let text = both.expect(0).stdout();
    assert!(text.contains("scikit-learn>=") && text.contains(",<1.3\nnumpy>="), "{text}");

    // What the file records comes first.
    let found = json(&["env-for", "linear-1.5.2.pkl"]);
    let found = &found["answer"];
    assert_eq!(found["made"]["packages"]["scikit-learn"], "1.5.2", "{found}");
    assert_eq!(found["tried"].as_array().unwrap().len(), 1, "{found}");
    // And what records nothing is read by one that has what it names.
    let bare = json(&["env-for", "bare-1.5.2.pkl"]);
    assert_eq!(bare["answer"]["tried"].as_array().unwrap().last().unwrap()["reads"], true, "{bare}");

    let told = context.run([
        "env",
        "run",
        "scikit-learn==1.5.2",
        "--",
        "python",
        "-c",
        "import sklearn; print(sklearn.__version__)",
    ]);
    assert_eq!(told.expect(0).stdout().trim(), "1.5.2");
    context.run(["env", "run", "scikit-learn==1.5.2", "--", "python", "-c", "raise SystemExit(7)"]).expect(7);
    let path = context.run(["env", "path", "scikit-learn==1.5.2"]).expect(0).stdout();
    assert!(std::path::Path::new(path.trim()).is_file(), "{path}");
}
