//! A project's settings: what was written once is done by plain `shelflife gate`, from any folder of the project.

use serde_json::Value;

use crate::cli_files::trained;

#[test]
fn plain_gate_does_what_the_settings_say_from_any_folder() {
    let context = trained();
    for name in ["shelflife.toml", "pyproject.toml"] {
        assert!(!context.path(name).exists());
    }
    let started = context.run(["init", "--json"]).expect(0);
    let told: Value = serde_json::from_str(&started.stdout()).unwrap();
    assert_eq!(told["written"], "shelflife.toml", "{told}");
    let artifacts: Vec<&str> =
        told["artifacts"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(artifacts, ["dict.pkl", "registry", "saved"]);
    // Nothing is overwritten.
    let before = context.read("shelflife.toml");
    context.run(["init"]).expect(110);
    assert_eq!(context.read("shelflife.toml"), before);
    fs_err::remove_file(context.path("shelflife.toml")).unwrap();
    let keys = "artifacts = [\"saved/scaler.joblib\"]\ninputs = \"X.csv\"\nfrom = \"new.json\"\nto = \"there=old.json\"\n";
    let table = format!("[project]\nname = \"churn\"\n\n[tool.shelflife]\n{keys}");
    context.write("pyproject.toml", &table);
    fs_err::create_dir_all(context.path("src/deep")).unwrap();
    let gate = |arguments: &[&'static str]| {
        let mut command = context.command(["gate", "-q"].into_iter().chain(arguments.iter().copied()));
        context.end(command.current_dir(context.path("src/deep")))
    };
    let passed = gate(&[]).expect(0);
    assert!(passed.stderr().contains("Go: the model works in there"), "{passed}");
    assert!(context.path("reports/gate/gate.md").is_file());
    // What the files of the project require, and what a pattern in quotes matches.
    let requires = |arguments: &[&'static str]| {
        let mut command = context.command(["requires"].into_iter().chain(arguments.iter().copied()));
        context.end(command.current_dir(context.path("src/deep")))
    };
    let known = requires(&[]).expect(0);
    assert!(known.stdout().starts_with("../../saved/scaler.joblib: scikit-learn>="), "{known}");
    let matching = requires(&["../../saved/sc*.joblib"]).expect(0);
    assert_eq!(matching.stdout(), known.stdout());
    requires(&["../../saved/none*.joblib"]).expect(4);
    // What is typed wins, and relative to where it is typed.
    let stopped = gate(&["../../saved/tree.joblib", "--reports", "here"]).expect(100);
    assert!(stopped.stderr().contains("1 of 1 model stops working in there"), "{stopped}");
    assert!(context.path("src/deep/here/gate/gate.md").is_file());
    let asked = gate(&["--fail-on", "identical"]).expect(100);
    assert!(asked.stderr().contains("gives in there what is to stop the gate"), "{asked}");
    // The file of our own counts alone, and what is wrong in it has a place.
    context.write("shelflife.toml", &format!("{keys}\nfial-on = []\n"));
    let wrong = gate(&[]).expect(102);
    let said = wrong.stderr();
    assert!(said.contains("shelflife.toml:6:1") && said.contains("did you mean `fail-on`?"), "{wrong}");
    gate(&["--no-config"]).expect(2);
}
