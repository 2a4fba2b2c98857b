//! Each mend on a model of its own: written by one release, mended for another, read there by a process that has never
//! seen the mends, and compared on rows that nobody has seen. The rows stand in `mends.toml`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::context::{DATA, TestContext, models};
use crate::machine::not_tried;

#[derive(Deserialize)]
struct Table {
    environments: Vec<Environment>,
    rows: Vec<toml::Table>,
}

#[derive(Deserialize)]
struct Environment {
    release: String,
    python: String,
    #[serde(default)]
    packages: BTreeMap<String, String>,
}

/// The release whose interpreter runs the comparison: the script needs Python 3.11.
const COMPARED_BY: &str = "1.9.1";

#[test]
fn each_mend_gives_what_the_writer_gave() {
    let table: Table = toml::from_str(include_str!("mends.toml")).unwrap();
    let context = TestContext::new();
    let mut matrix = DATA.to_owned();
    for environment in &table.environments {
        let Environment { release, python, packages } = environment;
        let more: String =
            packages.iter().map(|(name, version)| format!(", {name} = \"{version}\"")).collect();
        write!(
            matrix,
            "[[environments]]\nname = \"{release}\"\npython = \"{python}\"\n\
             packages = {{ scikit-learn = \"{release}\"{more} }}\n\n"
        )
        .unwrap();
    }
    matrix.push_str(&models(&[("scaler", "StandardScaler()")]));
    context.write("mends.toml", &matrix);
    context.run(["run", "mends.toml", "-q"]).expect(0);
    let pythons = context.interpreters("mends");
    let Some(compared_by) = pythons.get(COMPARED_BY) else {
        return not_tried("mends: there is no interpreter for their comparison");
    };
    for environment in table.environments.iter().filter(|it| !pythons.contains_key(&it.release)) {
        not_tried(format!("the mends of and for {}: there is no interpreter", environment.release));
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/mends.py");
    let interpreters = pythons.iter().map(|(release, python)| format!("--interpreter={release}={python}"));
    let mut arguments = vec![script.to_str().unwrap().to_owned(), "--work=mends".to_owned()];
    arguments.extend(interpreters);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told: Value = serde_json::from_str(&context.python(compared_by, &arguments)).unwrap();
    let wrong = told["wrong"].as_object().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
    if pythons.len() == table.environments.len() {
        assert_eq!(told["rows"], table.rows.len());
    }
}
