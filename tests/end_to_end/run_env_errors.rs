//! Environments that cannot be made: said with reason and remedy, and no obstacle for the rest.

use crate::context::{DATA, TestContext, environment, text};

/// What an installer says about them is its own business, and not the same in each of its versions.
const NOT_INSTALLED: &str = r#"
[[environments]]
name = "missing-interpreter"
python = "3.4"
packages = { scikit-learn = "0.19.2" }

[[environments]]
name = "impossible-pin"
python = "3.11"
packages = { scikit-learn = "1.2.2", numpy = "0.0.99" }
"#;

const NOT_THERE: &str = r#"
[[environments]]
name = "no-such-command"
runtime = "existing"
command = "/nonexistent/bin/python"

[[environments]]
name = "no-python"
runtime = "existing"
command = ["/bin/false"]

[[models]]
name = "scaler"
estimator = "StandardScaler()"
"#;

fn broken(more: &str) -> TestContext {
    let context = TestContext::new();
    let sound = environment("sound", "\"1.2.2\"", "");
    context.write("broken.toml", &format!("{sound}{DATA}{NOT_THERE}{more}"));
    context
}

#[test]
fn the_rest_runs_and_the_reasons_are_told() {
    let context = broken(NOT_INSTALLED);
    let ended = context.run(["run", "broken.toml"]).expect(0);
    let verdicts = context.verdicts("broken");
    assert_eq!(verdicts.len(), 25);
    for (cell, verdict) in &verdicts {
        let expected = if cell == "scaler sound sound" { "identical value" } else { "env-error env" };
        assert_eq!(verdict, expected, "{cell}");
    }
    assert!(ended.stdout().contains("4 findings (4 environments)"), "each is told once: {ended}");
    let results = context.results("broken");
    let words = [
        ("missing-interpreter", "no Python 3.4", "uv python install 3.4"),
        ("impossible-pin", "no version of numpy==0.0.99", "declare a version that exists"),
        ("no-such-command", "/nonexistent/bin/python", "give the path"),
        ("no-python", "/bin/false", "starts Python"),
    ];
    let one_line = ended.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
    for (name, reason, remedy) in words {
        let environments = results["environments"].as_array().unwrap();
        let environment = environments.iter().find(|environment| environment["name"] == name).unwrap();
        assert!(text(environment, "error").contains(reason), "{environment}");
        assert!(text(environment, "remedy").contains(remedy), "{environment}");
        assert!(environment["lock"].is_null());
        assert!(one_line.contains(&format!("? {name} could not be made: ")), "{ended}");
        assert!(one_line.contains(reason) && one_line.contains(remedy), "{name}: {ended}");
        for file in ["report.md", "report.html", "junit.xml", "results.csv"] {
            let report = context.read(&format!("reports/broken/{file}"));
            assert!(report.contains(name), "{name} is not in {file}");
        }
        let report = context.read("reports/broken/report.md").replace('\\', "");
        assert!(report.contains(reason), "the reason of {name} is not in the report: {report}");
    }

    // It is tried again, since an interpreter may have been installed meanwhile, and recorded only where that
    // changed something.
    let before = context.events("broken").len();
    context.run(["run", "broken.toml"]).expect(0);
    let new: Vec<_> =
        context.events("broken")[before..].iter().map(|e| text(e, "event").to_owned()).collect();
    assert_eq!(new, ["run-finished"]);
}

#[test]
fn judging_needs_every_environment() {
    let context = broken("");
    insta::assert_snapshot!("survey", context.run(["run", "broken.toml"]).expect(0));
    let context = broken(
        "\n[[expect]]\nmodel = \"scaler\"\nproducer = \"sound\"\nconsumer = \"sound\"\nverdict = \"identical\"\n\
         reason = \"it always was\"\n",
    );
    let ended = context.run(["run", "broken.toml"]).expect(101);
    insta::assert_snapshot!("judged", ended);
    // Asking for it makes it a failure.
    context.run(["report", "broken", "--fail-on", "env-error"]).expect(100);
    // So does a real one, whatever is missing besides.
    context.run(["report", "broken", "--fail-on", "drift"]).expect(101);
}

#[test]
fn a_missing_environment_can_be_declared() {
    let everything = "\n[[expect]]\nproducer = \"no-*\"\nverdict = \"env-error\"\nreason = \"not on this machine\"\n\
                      \n[[expect]]\nconsumer = \"no-*\"\nverdict = \"env-error\"\nreason = \"not on this machine\"\n";
    let context = broken(everything);
    context.run(["run", "broken.toml"]).expect(0);
    let statuses = &context.results("broken")["summary"]["statuses"];
    assert_eq!(*statuses, serde_json::json!({"known": 8, "pass": 1}));
}

#[test]
fn preparing_says_what_could_not_be_made() {
    let context = broken("");
    let ended = context.run(["env", "prepare", "broken.toml"]).expect(101);
    // They are made side by side, and each is told of as soon as its end is known.
    let mut told: Vec<String> = Vec::new();
    let said = ended.to_string();
    let (head, tail) = said.split_once("----- stderr -----\n").unwrap();
    for line in tail.lines() {
        let begins = ["sound:", "no-such-command:", "no-python:"].iter().any(|name| line.starts_with(name));
        match told.last_mut() {
            Some(last) if !begins => last.push_str(&format!("{line}\n")),
            _ => told.push(format!("{line}\n")),
        }
    }
    told.sort();
    insta::assert_snapshot!("prepare", format!("{head}{}", told.concat()));
}
