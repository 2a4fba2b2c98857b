//! Each mend on a model of its own: written by one release, mended for another, read there by a process that has never
//! seen the mends, and compared on rows that nobody has seen. The rows stand in `mends.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use shelflife::explain::{COMPANIONS, MENDS};
use shelflife::present::{RescueView, ScriptParts, rescue_script};
use shelflife::vocab::{Digest, RescueRecord};
use shelflife::worker::ENGINE;

use crate::context::{DATA, TestContext, models};
use crate::machine::not_tried;

#[derive(Deserialize)]
struct Table {
    environments: Vec<Environment>,
    rows: Vec<toml::Table>,
}

#[derive(Deserialize)]
struct Environment {
    /// Release of scikit-learn.
    release: String,
    /// What rows call it, where that is not the release.
    name: Option<String>,
    python: String,
    #[serde(default)]
    packages: BTreeMap<String, String>,
}

/// The release whose interpreter runs the comparison: the script needs Python 3.11.
const COMPARED_BY: &str = "1.9.1";

impl Environment {
    /// What rows call it.
    fn name(&self) -> &str {
        self.name.as_ref().unwrap_or(&self.release)
    }

    /// What is asked for, as the list of environments tells it.
    fn requirements(&self) -> Vec<String> {
        let release = ("scikit-learn", self.release.as_str());
        let packages = self.packages.iter().map(|(name, version)| (name.as_str(), version.as_str()));
        let mut wanted: Vec<String> =
            packages.chain([release]).map(|(name, version)| format!("{name}=={version}")).collect();
        wanted.sort();
        wanted
    }

    /// Its part of a matrix.
    fn declared(&self) -> String {
        let packages: String =
            self.packages.iter().map(|(name, version)| format!(", {name} = \"{version}\"")).collect();
        format!(
            "[[environments]]\nname = \"{}\"\npython = \"{}\"\npackages = {{ scikit-learn = \"{}\"{packages} }}\n\n",
            self.name(),
            self.python,
            self.release
        )
    }
}

/// The interpreters of environments, made where they are not there yet. An installation may take a while the first time.
fn interpreters(context: &TestContext, wanted: &[Environment]) -> BTreeMap<String, String> {
    let declared: String = wanted.iter().map(Environment::declared).collect();
    let model = models(&[("scaler", "StandardScaler()")]);
    context.write("mends.toml", &format!("{DATA}\n{declared}{model}"));
    context.run(["env", "prepare", "mends.toml"]);
    let listed = context.run(["env", "list", "--message-format", "json"]).expect(0).stdout();
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let of = |environment: &Environment| {
        let found = listed.iter().find(|it| {
            it["complete"] == true
                && it["requirements"] == json!(environment.requirements())
                && it["python"].as_str().is_some_and(|python| python.starts_with(&environment.python))
        })?;
        Some((environment.name().to_owned(), found["interpreter"].as_str()?.to_owned()))
    };
    wanted.iter().filter_map(of).collect()
}

#[test]
fn each_mend_gives_what_the_writer_gave() {
    let table: Table = toml::from_str(include_str!("mends.toml")).unwrap();
    let context = TestContext::new();
    let pythons = interpreters(&context, &table.environments);
    let Some(compared_by) = pythons.get(COMPARED_BY) else {
        return not_tried("mends: there is no interpreter for their comparison");
    };
    for environment in table.environments.iter().filter(|it| !pythons.contains_key(it.name())) {
        not_tried(format!("the mends of and for {}: there is no interpreter", environment.name()));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/mends.py");
    let mut arguments = vec![script.to_str().unwrap().to_owned(), "--work=mends".to_owned()];
    arguments.extend(pythons.iter().map(|(release, python)| format!("--interpreter={release}={python}")));
    let rows =
        right_rows(&context.python(compared_by, &arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    if pythons.len() == table.environments.len() {
        assert_eq!(rows, table.rows.len());
    }
    // The script of each does the same without this program.
    let written = write_scripts(&context);
    assert!(written * 10 > rows * 9, "{written} scripts of {rows} rows");
    arguments.push("--scripts=mends/scripts".to_owned());
    let rows =
        right_rows(&context.python(compared_by, &arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    assert_eq!(rows, written);
}

/// How many rows were tried, none of which is wrong.
#[track_caller]
fn right_rows(told: &str) -> usize {
    let told: Value = serde_json::from_str(told).unwrap();
    let wrong = told["wrong"].as_object().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    usize::try_from(told["rows"].as_u64().unwrap()).unwrap()
}

/// Writes the script of each row that was mended, and says how many.
fn write_scripts(context: &TestContext) -> usize {
    let parts = ScriptParts { engine: &ENGINE, mends: &MENDS, companions: &COMPANIONS };
    let mut written = 0;
    for name in context.list("mends").iter().filter(|it| it.starts_with("mend-") && it.ends_with(".answer")) {
        let answers: BTreeMap<String, Value> =
            serde_json::from_str(&context.read(&format!("mends/{name}"))).unwrap();
        for (row, facts) in answers.iter().filter(|(_, facts)| facts["outcome"] == "mended") {
            let record = record_of(facts);
            let text = String::from_utf8(rescue_script(&RescueView { record: &record }, &parts)).unwrap();
            context.write(&format!("mends/scripts/{row}.py"), &text);
            written += 1;
        }
    }
    written
}

/// As much of a record as a script is made of.
fn record_of(mended: &Value) -> RescueRecord {
    let digest = Digest::of(b"").to_string();
    serde_json::from_value(json!({
        "format_version": 1,
        "shelflife": "0.0.0",
        "time": "2026-11-29T01:02:03Z",
        "result": { "is": "rescued", "way": "mended" },
        "original": { "path": "model", "digest": digest, "size": 1, "format": "pickle" },
        "producer": { "name": "writer", "python": "3.11.7", "packages": mended["versions"], "lock": digest },
        "target": { "name": "target", "python": "3.11.7", "packages": {}, "lock": digest },
        "changes": mended["changes"],
        "mends": mended["mends"],
        "companions": mended["needs_companion"],
    }))
    .unwrap()
}
