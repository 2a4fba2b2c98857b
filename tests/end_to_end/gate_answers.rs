//! What a gate must never say: that something works, or 0, while it fails and nobody has accepted that. The first four are
//! the wrong answers that the first edition gave.

use crate::cli_files::trained;
use crate::context::{TestContext, both, environment, models};

const GATE: &str = "reports/gate/gate.md";

/// The last line of a gate, which is its answer.
fn answer(stderr: &str) -> String {
    let line = stderr.lines().rev().find(|line| line.contains("gate: "));
    line.unwrap_or_else(|| panic!("no answer in {stderr}")).to_owned()
}

fn statuses(context: &TestContext, run: &str) -> Vec<String> {
    let results = context.results(run);
    let cells = results["cells"].as_array().unwrap().iter();
    cells
        .map(|cell| {
            let status = cell["status"].as_str().unwrap_or("none");
            format!(
                "{} {} {} {} {status}",
                cell["model"].as_str().unwrap(),
                cell["consumer"].as_str().unwrap(),
                cell["verdict"].as_str().unwrap(),
                cell["reached"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_file_that_is_only_loaded_and_does_not_load_there_is_a_regression() {
    let context = trained();
    let moved = ["--from", "new.json", "--to", "old.json", "-q"];
    let gate =
        |file: &'static str| ["gate", file, "--load-only"].into_iter().chain(moved).collect::<Vec<_>>();
    let stopped = context.run(gate("saved/tree.joblib")).expect(100);
    assert!(answer(&stopped.stderr()).contains("Not yet: 1 of 1 model stops working in old"), "{stopped}");
    assert_eq!(
        statuses(&context, "gate"),
        ["tree new unverified loaded none", "tree old load-error started regression"]
    );
    // What loads passes, and nobody says more than that.
    let passed = context.run(gate("saved/scaler.joblib")).expect(0);
    assert!(answer(&passed.stderr()).contains("Go: the model loads in old"), "{passed}");
}

#[test]
fn a_failure_that_no_baseline_has_accepted_stops_the_gate() {
    let context = trained();
    context.run(["baseline", "accept", "both"]).expect(0);
    let with_tree = format!(
        "{}\n[[artifact]]\npath = \"saved/tree.joblib\"\nproducer = \"sk1.5.2\"\n",
        context.read("both.toml")
    );
    context.write("both.toml", &with_tree);
    let gate = ["gate", "both.toml", "--run", "gate", "--baseline", "shelflife-baseline.json", "-q"];
    let stopped = context.run(gate).expect(100);
    assert!(
        answer(&stopped.stderr())
            .contains("Not yet: 1 of 2 models fails in sk1.2.2, sk1.5.2, which nobody has accepted"),
        "{stopped}"
    );
    let page = context.read(GATE);
    assert!(page.contains("2 models given: 2 judged (1 failing and not accepted, 1 passing)."), "{page}");
    assert!(page.contains("and no baseline has accepted that"), "{page}");
    assert!(!page.contains("Nothing to do"), "{page}");
    // `run` says the same.
    let run = context.run(["run", "both.toml", "--baseline", "shelflife-baseline.json", "-q"]).expect(100);
    assert!(run.stdout().contains("1 new"), "{run}");
}

#[test]
fn a_class_that_is_gone_is_a_regression_whatever_the_reason() {
    let context = TestContext::new();
    let matrix = |reader: &str| {
        format!(
            "{}{}{}\n{}",
            environment("maker", "\"1.5.2\"", "role = \"producer\""),
            environment("reader", &format!("\"{reader}\""), "role = \"consumer\""),
            crate::context::DATA,
            models(&[("encoder", "TargetEncoder(random_state=0)"), ("scaler", "StandardScaler()")])
        )
    };
    context.write("gone.toml", &matrix("1.5.2"));
    context.run(["run", "gone.toml", "--run", "before", "-q"]).expect(0);
    context.write("gone.toml", &matrix("1.2.2"));
    let survey = context.run(["run", "gone.toml", "--run", "now", "-q"]).expect(0);
    assert!(survey.stdout().contains("absent"), "{survey}");
    let stopped =
        context.run(["gate", "gone.toml", "--run", "gate", "--baseline", "before", "-q"]).expect(100);
    assert!(
        answer(&stopped.stderr()).contains("Not yet: 1 of 2 models stops working in reader"),
        "{stopped}"
    );
    assert!(statuses(&context, "gate").contains(&"encoder reader absent started regression".to_owned()));
}

#[test]
fn what_loads_today_and_not_tomorrow_is_a_regression_also_where_the_inputs_do_not_fit() {
    let context = trained();
    let python = context.interpreters("both")["sk1.5.2"].clone();
    let train = "import joblib\nfrom sklearn.feature_extraction.text import TfidfVectorizer\n\
                 from sklearn.pipeline import make_pipeline\nfrom sklearn.tree import DecisionTreeClassifier\n\
                 model = make_pipeline(TfidfVectorizer(), DecisionTreeClassifier(random_state=0))\n\
                 joblib.dump(model.fit(['good day', 'bad day', 'good night'] * 5, [1, 0, 1] * 5), 'texts.joblib')\n";
    context.python(&python, &["-c", train]);
    let gate = ["gate", "texts.joblib", "--from", "new.json", "--to", "old.json", "-q"];
    let stopped = context.run(gate).expect(100);
    assert!(answer(&stopped.stderr()).contains("Not yet: 1 of 1 model stops working in old"), "{stopped}");
    let page = context.read(GATE);
    assert!(page.contains("cannot be loaded") && !page.contains("damaged"), "{page}");
    assert!(!context.run(["report", "gate", "--format", "terminal"]).stdout().contains("damaged"));
    // Where it loads in both and the inputs suit it in neither, nothing was judged.
    let gate = ["gate", "texts.joblib", "--from", "new.json", "--to", "new.json", "-q"];
    let open = context.run(gate);
    assert!(matches!(open.code(), Some(101 | 102)), "{open}");
    assert!(answer(&open.stderr()).contains("Not judged: 1 of 1 model"), "{open}");
    assert!(!context.read(GATE).contains("damaged"));
}

#[test]
fn what_could_not_be_tried_is_not_judged_and_the_numbers_add_up() {
    let context = trained();
    fs_err::create_dir_all(context.path("mixed")).unwrap();
    fs_err::copy(context.path("saved/scaler.joblib"), context.path("mixed/scaler.joblib")).unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    context.write("mixed/pointer.pkl", pointer);
    let whole = fs_err::read(context.path("saved/logistic.pkl")).unwrap();
    context.write("mixed/cut.pkl", "");
    fs_err::write(context.path("mixed/cut.pkl"), &whole[..whole.len() / 2]).unwrap();
    let gate = ["gate", "mixed", "--from", "new.json", "--to", "old.json", "-q"];
    let ended = context.run(gate).expect(102);
    assert!(
        answer(&ended.stderr()).contains("Not judged: 2 of 3 models could not be judged in old"),
        "{ended}"
    );
    let page = context.read(GATE);
    assert!(page.starts_with("## ⚠️ Not judged"), "{page}");
    assert!(page.contains("3 models given: 1 judged (1 passing), 2 not judged."), "{page}");
    // A path that leads nowhere is counted, too.
    let gate =
        ["gate", "saved/scaler.joblib", "saved/none.pkl", "--from", "new.json", "--to", "old.json", "-q"];
    let ended = context.run(gate).expect(102);
    assert!(answer(&ended.stderr()).contains("Not judged: 1 of 2 models"), "{ended}");
    let page = context.read(GATE);
    assert!(page.contains("2 models given: 1 judged (1 passing), 1 left out."), "{page}");
}

#[test]
fn wrong_expectations_are_an_error_of_the_input() {
    let context = trained();
    context.write("wrong.csv", &format!("predict\n{}", "7\n".repeat(20)));
    let ended = context.run([
        "gate",
        "saved/logistic.pkl",
        "--inputs",
        "X.csv",
        "--expected",
        "wrong.csv",
        "--from",
        "new.json",
        "--to",
        "old.json",
        "-q",
    ]);
    let ended = ended.expect(102);
    assert!(answer(&ended.stderr()).contains("Not judged: 1 of 1 model"), "{ended}");
    let page = context.read(GATE);
    assert!(page.contains("is not a class of the model"), "{page}");
}

#[test]
fn trouble_of_environments_is_never_the_files() {
    let context = trained();
    let nowhere = "scikit-learn==1.5.2 numpy==0.0.1 python==3.11";
    // The environment of tomorrow cannot be made.
    let gate = ["gate", "saved/scaler.joblib", "--from", "new.json", "--to", nowhere, "-q"];
    let ended = context.run(gate).expect(101);
    assert!(answer(&ended.stderr()).contains("Not judged: 1 of 1 model"), "{ended}");
    assert!(!context.read(GATE).contains("damaged"));
    // That of today cannot, and the file fails tomorrow: it fails, and nobody has accepted that.
    let gate = ["gate", "saved/tree.joblib", "--from", nowhere, "--to", "old.json", "-q"];
    let ended = context.run(gate).expect(100);
    assert!(answer(&ended.stderr()).contains("which nobody has accepted"), "{ended}");
    assert!(!context.read(GATE).contains("damaged"));
}

#[test]
fn a_package_that_is_missing_in_both_is_not_judged() {
    let context = trained();
    let python = context.interpreters("both")["sk1.5.2"].clone();
    let train = "import sys, types, joblib\nfrom sklearn.base import BaseEstimator\n\
                 module = types.ModuleType('hdbscan')\nsys.modules['hdbscan'] = module\n\
                 class Model(BaseEstimator):\n    def predict(self, X):\n        return [0] * len(X)\n\
                 Model.__module__ = 'hdbscan'\nmodule.Model = Model\njoblib.dump(Model(), 'foreign.joblib')\n";
    context.python(&python, &["-c", train]);
    let gate = ["gate", "foreign.joblib", "--from", "new.json", "--to", "old.json", "-q"];
    let ended = context.run(gate).expect(101);
    assert!(answer(&ended.stderr()).contains("Not judged: 1 of 1 model"), "{ended}");
    let page = context.read(GATE);
    assert!(page.contains("it needs hdbscan, which is not installed in new and old"), "{page}");
}

#[test]
fn a_survey_in_which_nothing_was_tried_does_not_end_well() {
    let context = TestContext::new();
    let matrix = format!(
        "{}{}\n{}",
        both().replace("1.2.2\", \"1.5.2", "1.5.2"),
        crate::context::DATA,
        models(&[("nothing", "NoSuchEstimator()")])
    );
    context.write("nothing.toml", &matrix);
    let ended = context.run(["run", "nothing.toml", "-q"]).expect(101);
    assert!(ended.stdout().contains("absent"), "{ended}");
}
