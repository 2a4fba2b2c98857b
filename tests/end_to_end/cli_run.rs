//! `shelflife run` on a small matrix whose outcomes are known: what it executes, says, writes and ends with.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

use crate::context::{
    DATA, Ended, TestContext, both, distinct, executed, is_progress, lines, models, observed, text,
};

/// Two releases and models of which one travels, one comes out different in the last bits, one silently different, and
/// the others fail in their own ways.
fn small() -> String {
    matrix(&models(MODELS), "")
}

const MODELS: &[(&str, &str)] = &[
    ("scaler", "StandardScaler()"),
    ("pca", "PCA(n_components=3, svd_solver='full')"),
    ("logistic", "make_pipeline(StandardScaler(), LogisticRegression(solver='liblinear'))"),
    ("tree", "DecisionTreeClassifier(max_depth=3, random_state=0)"),
    ("pls", "PLSRegression(n_components=2)"),
    ("target-encoder", "TargetEncoder(cv=3, random_state=0)"),
];

fn matrix(models: &str, more: &str) -> String {
    let head = "[matrix]\nname = \"small\"\n\n[limits]\ntime = \"30s\"\n\n";
    // The one regressor needs numbers as its target.
    let models = models.replace("name = \"pls\"\n", "name = \"pls\"\ndataset = \"waves\"\n");
    format!("{head}{}{DATA}\n{models}{more}", both())
}

/// All that fails in [`small`], declared.
const EXPECTED: &str = r#"
[[expect]]
model = "logistic"
producer = "sk1.5.2"
consumer = "sk1.2.2"
verdict = "drift"
reason = "1.2.2 does not know that liblinear means one versus rest in newer files"

[[expect]]
model = "tree"
producer = "sk1.2.2"
consumer = "sk1.5.2"
verdict = "load-error"
reason = "the node array has one field more since 1.3"

[[expect]]
model = "tree"
producer = "sk1.5.2"
consumer = "sk1.2.2"
verdict = "load-error"
reason = "the node array has one field more since 1.3"

[[expect]]
model = "pls"
producer = "sk1.2.2"
consumer = "sk1.5.2"
verdict = "predict-error"
reason = "coef_ became an attribute"

[[expect]]
model = "pls"
producer = "sk1.5.2"
consumer = "sk1.2.2"
verdict = "predict-error"
reason = "_coef_ is gone"
"#;

/// A context in which [`small`] has been run once.
fn surveyed() -> TestContext {
    static FIRST: OnceLock<TestContext> = OnceLock::new();
    FIRST
        .get_or_init(|| {
            let context = TestContext::new();
            context.write("small.toml", &small());
            context.run(["run", "small.toml"]).expect(0);
            context
        })
        .twin()
}

fn verdict_words(context: &TestContext) -> BTreeMap<String, String> {
    context.verdicts("small")
}

#[test]
fn a_survey_ends_well_and_puts_silent_differences_on_top() {
    let context = TestContext::new();
    context.write("small.toml", &small());
    let ended = context.run(["run", "small.toml"]).expect(0);
    insta::assert_snapshot!(ended);
    // On the way it says where it stands, and all that on standard error.
    assert!(!ended.stdout().lines().any(is_progress), "{ended}");
    assert!(
        ended.stderr().lines().any(|line| line.starts_with("environments: 2 of 2")),
        "{}",
        ended.stderr()
    );
    assert!(ended.stderr().lines().any(|line| line.starts_with("cells: 24 of 24")), "{}", ended.stderr());
    let silent = context.run(["run", "small.toml", "--quiet", "--run", "silent"]).expect(0);
    assert!(!silent.stderr().lines().any(is_progress), "{}", silent.stderr());
}

#[test]
fn verdicts_are_what_plain_python_sees() {
    let context = surveyed();
    let script = context.write("oracle.py", include_str!("oracle.py"));
    let pythons = context.interpreters("small");
    for python in pythons.values() {
        context.python(python, &[script.to_str().unwrap(), "write", &small()]);
    }
    let mut seen = BTreeMap::new();
    for python in pythons.values() {
        for line in context.python(python, &[script.to_str().unwrap(), "read"]).lines() {
            let (cell, outcome) = line.split_once(": ").unwrap();
            seen.insert(cell.to_owned(), outcome.to_owned());
        }
    }
    let said: BTreeMap<_, _> = verdict_words(&context)
        .into_iter()
        .map(|(cell, word)| (cell, word.split(' ').next().unwrap().to_owned()))
        .collect();
    assert_eq!(said, seen);
}

#[test]
fn failing_on_a_verdict_ends_100() {
    let context = surveyed();
    let ended = context.run(["run", "small.toml", "--fail-on", "drift"]).expect(100);
    insta::assert_snapshot!(ended);
    // What does not occur is no reason to fail.
    context.run(["run", "small.toml", "--fail-on", "crash,timeout"]).expect(0);
    context.run(["run", "small.toml", "--fail-on", "drfit"]).expect(2);
    context.run(["report", "small", "--fail-on", "load-error"]).expect(100);
    context.run(["report", "small"]).expect(0);
}

#[test]
fn declared_outcomes_end_well_until_one_of_them_changes() {
    let context = surveyed();
    context.write("small.toml", &matrix(&models(MODELS), EXPECTED));
    let ended = context.run(["run", "small.toml"]).expect(0);
    insta::assert_snapshot!("declared_outcomes", ended);
    assert_eq!(
        statuses(&context),
        BTreeMap::from([("known".to_owned(), 5), ("pass".to_owned(), 16), ("skipped".to_owned(), 3)])
    );

    // A declared failure that works.
    let works = "\n[[expect]]\nmodel = \"scaler\"\nconsumer = \"sk1.5.2\"\nproducer = \"sk1.2.2\"\n\
                 verdict = \"drift\"\nreason = \"nothing does this\"\n";
    context.write("small.toml", &matrix(&models(MODELS), &format!("{EXPECTED}{works}")));
    let ended = context.run(["run", "small.toml"]).expect(100);
    insta::assert_snapshot!("declared_failure_that_works", ended);
    assert_eq!(statuses(&context)["fixed"], 1);

    // Another failure than the declared one.
    context
        .write("small.toml", &matrix(&models(MODELS), &EXPECTED.replacen("load-error", "predict-error", 1)));
    let ended = context.run(["run", "small.toml"]).expect(100);
    insta::assert_snapshot!("another_failure_than_declared", ended);
    assert_eq!(statuses(&context)["regression"], 1);

    // One declaration less.
    let (_, rest) = EXPECTED.split_once("\n\n").unwrap();
    context.write("small.toml", &matrix(&models(MODELS), rest));
    context.run(["run", "small.toml"]).expect(100);
    assert_eq!(statuses(&context)["regression"], 1);

    assert_eq!(executed(&context.events("small")).len(), EXECUTED, "opinions cost no execution");
}

fn statuses(context: &TestContext) -> BTreeMap<String, u64> {
    serde_json::from_value(context.results("small")["summary"]["statuses"].clone()).unwrap()
}

/// References and cells of [`small`] that can be executed: eleven artifacts, each once for its producer and once for
/// either reader.
const EXECUTED: usize = 11 + 22;

#[test]
fn a_second_run_executes_nothing() {
    let context = surveyed();
    let before = context.events("small");
    assert_eq!(distinct(executed(&before)).len(), EXECUTED);
    let ended = context.run(["run", "small.toml"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed: 33 observations were known"), "{ended}");
    let after = context.events("small");
    assert_eq!(after[..before.len()], before, "a record only grows");
    let new: Vec<_> = after[before.len()..].iter().map(|event| text(event, "event")).collect();
    assert_eq!(new, ["run-finished"]);
    // Under another name there is no record yet, but the cache knows everything.
    let ended = context.run(["run", "small.toml", "--run", "other"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed: 33 observations were known"), "{ended}");
    assert_eq!(executed(&context.events("other")), Vec::<String>::new());
    assert_eq!(context.verdicts("other"), context.verdicts("small"));
}

#[test]
fn a_second_run_starts_no_python() {
    let context = surveyed();
    let log = context.replace_interpreters();
    let ended = context.run(["run", "small.toml"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed"), "{ended}");
    assert!(!log.exists(), "Python was started: {}", fs_err::read_to_string(log).unwrap());
    // With something to do they are started, so the trap works.
    // Nothing comes of it, and a survey in which nothing was tried does not end well.
    context.run(["run", "small.toml", "--fresh"]).expect(101);
    assert!(log.exists());
}

#[test]
fn an_existing_environment_is_used_through_its_command() {
    let context = surveyed();
    let python = &context.interpreters("small")["sk1.2.2"];
    let log = context.path("started.log");
    let script = format!("#!/bin/sh\necho started >> {}\nexec {python} \"$@\"\n", log.display());
    let wrapper = context.write("python", &script);
    context.make_executable("python");
    let environment =
        format!("[[environments]]\nname = \"ours\"\nruntime = \"existing\"\ncommand = {wrapper:?}\n");
    context.write("ours.toml", &format!("{environment}{DATA}{}", models(&MODELS[..2])));
    context.run(["run", "ours.toml"]).expect(0);
    assert_eq!(context.verdicts("ours")["pca ours ours"], "identical value");
    assert_eq!(context.results("ours")["environments"][0]["packages"]["scikit-learn"], "1.2.2");
    fs_err::remove_file(&log).unwrap();
    // What stands behind a command may change at any time, so it is looked at, once.
    let ended = context.run(["run", "ours.toml"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed"), "{ended}");
    assert_eq!(fs_err::read_to_string(&log).unwrap(), "started\n");
    fs_err::remove_file(&log).unwrap();
    context.run(["plan", "ours.toml"]).expect(0);
    context.run(["report", "ours"]).expect(0);
    assert!(!log.exists(), "planning or reporting started Python");
}

#[test]
fn fresh_executes_everything_again_and_keeps_the_earlier_run() {
    let context = surveyed();
    let before = context.read("reports/small/events.jsonl");
    let verdicts = context.verdicts("small");
    let ended = context.run(["run", "small.toml", "--fresh"]).expect(0);
    assert!(ended.stderr().contains("executed 33 observations, 0 were known"), "{ended}");
    assert_eq!(distinct(executed(&context.events("small"))).len(), EXECUTED);
    assert_eq!(context.verdicts("small"), verdicts);
    let folders = context.list("reports");
    let [now, earlier] = folders.as_slice() else { panic!("{folders:?}") };
    assert_eq!(now, "small");
    assert!(
        ended.stderr().contains(&format!("is kept in reports/{earlier}: everything is executed again")),
        "{ended}"
    );
    assert_eq!(context.read(&format!("reports/{earlier}/events.jsonl")), before);
}

#[test]
fn another_tolerance_judges_again_without_executing() {
    let context = surveyed();
    let cell = "pca sk1.2.2 sk1.5.2";
    assert_eq!(context.verdicts("small")[cell], "roundoff value");
    let strict = "\n[[tolerance]]\nmodel = \"pca\"\nrtol = 0.0\nstol = 0.0\nreason = \"to the last bit\"\n";
    context.write("small.toml", &matrix(&models(MODELS), strict));
    let ended = context.run(["run", "small.toml"]).expect(0);
    assert!(ended.stderr().contains("nothing had to be executed"), "{ended}");
    assert_eq!(context.verdicts("small")[cell], "drift value");
    assert_eq!(context.verdicts("small")["scaler sk1.2.2 sk1.5.2"], "identical value");
    context.write("small.toml", &small());
    context.run(["run", "small.toml"]).expect(0);
    assert_eq!(context.verdicts("small")[cell], "roundoff value");
    assert_eq!(executed(&context.events("small")).len(), EXECUTED);
}

#[test]
fn a_new_model_executes_its_own_cells_only() {
    let context = surveyed();
    let mut more = MODELS.to_vec();
    more.push(("normalizer", "Normalizer()"));
    context.write("small.toml", &matrix(&models(&more), ""));
    let ended = context.run(["run", "small.toml"]).expect(0);
    assert!(ended.stderr().contains("executed 6 observations, 33 were known"), "{ended}");
    assert!(ended.stderr().contains(": it tried something else\n"), "{ended}");
    let events = context.events("small");
    let new = distinct(executed(&events));
    assert!(new.len() == 6 && new.iter().all(|cell| cell.contains("normalizer/")), "{new:?}");
    assert_eq!(distinct(observed(&events, true)).len(), EXECUTED);
}

#[test]
fn all_report_files_agree() {
    let context = surveyed();
    for file in ["events.jsonl", "results.json", "results.csv", "report.md", "report.html", "junit.xml"] {
        assert!(context.path("reports/small").join(file).is_file(), "{file} is missing");
    }
    assert_eq!(context.list("reports/small/locks"), ["sk1.2.2.json", "sk1.5.2.json"]);

    let results = context.results("small");
    let from_json: BTreeMap<String, String> = context.verdicts("small");
    assert_eq!(from_json.len(), 24);
    assert_eq!(results["summary"]["cells"], 24);
    let mut counts = BTreeMap::<String, u64>::new();
    for verdict in from_json.values() {
        *counts.entry(verdict.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(serde_json::to_value(&counts).unwrap(), results["summary"]["verdicts"]);

    let csv = context.read("reports/small/results.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().collect::<Result<_, _>>().unwrap();
    let from_csv: BTreeMap<String, String> = rows
        .iter()
        .map(|row| {
            let cell = format!("{} {} {}", row["model"], row["producer"], row["consumer"]);
            (cell, format!("{} {}", row["verdict"], row["stage"]))
        })
        .collect();
    assert_eq!(from_csv, from_json);

    let junit = context.read("reports/small/junit.xml");
    assert_eq!(junit.matches("<testcase ").count(), 24);
    assert!(junit.contains("tests=\"24\""), "{junit}");

    let events = context.events("small");
    let cells = events.iter().filter(|event| event["event"] == "cell-observed").count();
    let not_run = counts["absent"] as usize;
    // Where only the reader lacks the class, the cell was tried, and failed.
    let tried =
        from_json.iter().filter(|(cell, word)| word.starts_with("absent") && cell.contains("sk1.5.2 sk"));
    assert_eq!(cells, 24 - not_run + tried.count());

    for environment in results["environments"].as_array().unwrap() {
        let lock: Value = serde_json::from_str(
            &context.read(&format!("reports/small/locks/{}.json", text(environment, "name"))),
        )
        .unwrap();
        assert_eq!(lock["packages"], environment["packages"]);
        assert_eq!(lock["packages"]["numpy"], "1.26.4");
        assert_eq!(format!("sk{}", text(&lock["packages"], "scikit-learn")), text(environment, "name"));
    }

    let html = context.read("reports/small/report.html");
    let markdown = context.read("reports/small/report.md");
    for words in ["logistic", "sk1.5.2", "sk1.2.2"] {
        assert!(html.contains(words) && markdown.contains(words), "{words} is missing");
    }
    // Links that a reader may follow are no parts of the page.
    let parts = ["src=\"http", "<link rel=\"stylesheet", "url(http", "@import"];
    assert!(parts.iter().all(|part| !html.contains(part)), "the report asks for other files");
}

#[test]
fn reports_are_rendered_again_without_python() {
    let context = surveyed();
    let files: Vec<_> = context
        .list("reports/small")
        .into_iter()
        .filter(|name| context.path("reports/small").join(name).is_file())
        .collect();
    let first: BTreeMap<_, _> =
        files.iter().map(|name| (name.clone(), context.read(&format!("reports/small/{name}")))).collect();
    for name in files.iter().filter(|name| *name != "events.jsonl") {
        fs_err::remove_file(context.path("reports/small").join(name)).unwrap();
    }
    let mut command = context.command(["report", "small"]);
    command.env_clear().env("PATH", "").env("SHELFLIFE_CACHE_DIR", "/nonexistent/cache");
    let ended = context.end(&mut command).expect(0);
    insta::assert_snapshot!(ended);
    for (name, text) in first {
        assert!(context.read(&format!("reports/small/{name}")) == text, "{name} differs");
    }

    let terminal = context.run(["report", "small", "--format", "terminal"]).expect(0);
    assert!(terminal.stdout().starts_with("small: "), "{terminal}");
    let csv = context.run(["report", "reports/small", "--format", "csv", "--output", "-"]).expect(0);
    assert_eq!(csv.stdout(), context.read("reports/small/results.csv"));
    assert_eq!(csv.stderr(), "");
}

#[test]
fn events_are_streamed_to_standard_output_alone() {
    let context = TestContext::new();
    context.write("small.toml", &matrix(&models(&MODELS[..1]), ""));
    let ended = context.run(["run", "small.toml", "--message-format", "json"]).expect(0);
    let streamed = lines(&ended.stdout());
    let (answer, events) = streamed.split_last().unwrap();
    assert_eq!(events, context.events("small"));
    assert_eq!(text(&events[0], "event"), "run-started");
    assert_eq!(text(events.last().unwrap(), "event"), "run-finished");
    assert!(events.iter().any(|event| event["event"] == "cell-compared"));
    assert!(!ended.stderr().contains("\"event\""), "{ended}");
    // What it came to stands behind the events, as in the results.
    let results = context.results("small");
    let told = |cells: &Value| {
        let cells = cells.as_array().unwrap().iter();
        cells
            .map(|cell| (text(cell, "consumer").to_owned(), text(cell, "verdict").to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(&answer["answer"]["cells"]), told(&results["cells"]));
    assert_eq!(answer["answer"]["exit_code"], 0);

    // Everything is known now, and told all the same.
    let again = context.run(["run", "small.toml", "--json"]).expect(0);
    let again = lines(&again.stdout());
    let (answer, known) = again.split_last().unwrap();
    assert_eq!(known[..events.len()], *events);
    assert_eq!(answer["answer"]["executed"], 0);
    assert_eq!(told(&answer["answer"]["cells"]), told(&results["cells"]));
}

#[test]
fn planning_runs_nothing() {
    let context = TestContext::new();
    context.write("small.toml", &matrix(&models(MODELS), EXPECTED));
    let mut command = context.command(["plan", "small.toml"]);
    // Whatever it tried to make or start, it would fail.
    command.env("PATH", "").env("SHELFLIFE_CACHE_DIR", "/nonexistent/cache");
    let ended = context.end(&mut command).expect(0);
    insta::assert_snapshot!(ended);
    assert!(!context.path("reports").exists());
    let json = context.run(["plan", "small.toml", "--message-format", "json", "--model", "tree"]).expect(0);
    let plan: Value = serde_json::from_str(&json.stdout()).unwrap();
    assert_eq!(plan["models"].as_array().unwrap().len(), 1);
}

#[test]
fn a_reports_folder_that_cannot_be_written_ends_110() {
    let context = surveyed();
    context.write("blocked", "a file where a folder should be");
    let ended: Ended = context.run(["run", "small.toml", "--reports", "blocked"]).expect(110);
    insta::assert_snapshot!("reports_folder_is_a_file", ended);
    // A report that cannot be replaced, after everything went well.
    fs_err::remove_file(context.path("reports/small/results.csv")).unwrap();
    fs_err::create_dir(context.path("reports/small/results.csv")).unwrap();
    let ended = context.run(["run", "small.toml"]).expect(110);
    insta::assert_snapshot!("a_report_is_a_folder", ended);
    let ended = context.run(["report", "small", "--output", "blocked"]).expect(110);
    insta::assert_snapshot!("output_is_a_file", ended);
}

#[test]
fn mistakes_are_explained() {
    let context = TestContext::new();
    context.write("small.toml", &small());
    insta::assert_snapshot!(
        "unknown_glob",
        context.run(["run", "small.toml", "--model", "forest*"]).expect(4)
    );
    insta::assert_snapshot!("unknown_option", context.run(["run", "small.toml", "--modle", "x"]).expect(2));
    insta::assert_snapshot!(
        "unknown_verdict",
        context.run(["run", "small.toml", "--fail-on", "drfit"]).expect(2)
    );
    insta::assert_snapshot!("bad_run_name", context.run(["run", "small.toml", "--run", "../x"]).expect(2));
    insta::assert_snapshot!("unknown_report_format", context.run(["report", "small", "-f", "pdf"]).expect(2));
    insta::assert_snapshot!("no_such_matrix", context.run(["run", "none.toml"]).expect(102));
    insta::assert_snapshot!("no_such_run", context.run(["report", "none"]).expect(102));
    context.write("blobs.csv", "length,width\n1,2\n");
    insta::assert_snapshot!("no_target_column", context.run(["run", "small.toml"]).expect(102));
    fs_err::remove_file(context.path("blobs.csv")).unwrap();
    insta::assert_snapshot!("no_dataset", context.run(["run", "small.toml"]).expect(102));
    assert!(!context.path("reports").exists(), "nothing was recorded");
}

#[test]
fn what_the_page_offers_to_type_tries_that_cell_again_and_nothing_else() {
    let context = surveyed();
    let page = context.read("reports/small/report.html");
    let (_, rest) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let data: Value = serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap();
    let offered = |text: &str| {
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(words[0], "shelflife", "{text}");
        let ended = context.run(words[1..].iter().copied());
        assert_eq!(ended.code(), Some(0), "{ended}");
        context.verdicts("small-again")
    };
    let known = verdict_words(&context);
    // What the page's own script puts together: the beginning, and the names of the cell.
    let beginning = data["again"].as_str().unwrap();
    assert_eq!(data["trained"].as_array().unwrap().len(), MODELS.len());
    let results = context.results("small");
    let command = |cell: &Value| {
        let part = |key: &str| format!(" --{key} {}", text(cell, key));
        format!("{beginning}{}{}{}{}", part("model"), part("format"), part("producer"), part("consumer"))
    };
    let commands: Vec<String> = results["cells"].as_array().unwrap().iter().map(command).collect();
    for command in
        commands.iter().filter(|text| text.contains("--model tree") || text.contains("--model pls"))
    {
        let again = offered(command);
        let (name, verdict) = again.first_key_value().unwrap();
        assert_eq!((again.len(), known.get(name)), (1, Some(verdict)), "{command}: {again:?}");
    }
    // A finding: its cells, and those between the same environments.
    let findings: Vec<&str> = page.split("data-copy=\"shelflife run ").skip(1).collect();
    let mut finding = findings.iter().filter_map(|rest| rest.split_once('"')).map(|(text, _)| text);
    let finding = finding.find(|text| text.contains("--model tree")).unwrap();
    let again = offered(&format!("shelflife run {finding}"));
    let of_tree = known.iter().filter(|(name, _)| name.starts_with("tree "));
    assert_eq!(again.iter().collect::<Vec<_>>(), of_tree.collect::<Vec<_>>(), "{finding}");
    // The run that it was taken from still stands where it stood.
    assert_eq!(verdict_words(&context), known);
}
