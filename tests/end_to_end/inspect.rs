//! `shelflife inspect` against Python's own view of real artifacts: the same imports, the same versions, on every file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::context::{DATA, TestContext, both, models};

const MODELS: &[(&str, &str)] = &[
    ("pipeline", "make_pipeline(StandardScaler(), LogisticRegression())"),
    ("forest", "RandomForestClassifier(n_estimators=3, random_state=0)"),
    ("boosting", "GradientBoostingClassifier(n_estimators=3, random_state=0)"),
    ("histogram", "HistGradientBoostingClassifier(max_iter=3, random_state=0)"),
    ("neighbours", "KNeighborsClassifier(algorithm='kd_tree')"),
    ("svc", "SVC(random_state=0)"),
    ("search", "GridSearchCV(DecisionTreeClassifier(random_state=0), {'max_depth': [1, 2]})"),
];

/// The pickles and joblib files among the objects of a cache.
fn artifacts(context: &TestContext) -> Vec<PathBuf> {
    let objects = context.cache().join(shelflife::store::Bucket::Objects.folder());
    let mut found = Vec::new();
    for folder in fs_err::read_dir(objects).unwrap() {
        for file in fs_err::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if matches!(
                fs_err::read(&path).unwrap().as_slice(),
                [0x80, 0..=5, ..] | [b'x', 1 | 0x5e | 0x9c | 0xda, ..]
            ) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn imports_and_versions_are_those_that_python_sees() {
    let context = TestContext::new();
    let formats = r#"formats = ["pickle-2", "pickle-3", "pickle-4", "pickle-5", "joblib", "joblib-zlib"]"#;
    let data = DATA.replace(r#"formats = ["pickle"]"#, formats);
    let matrix = format!("[matrix]\nname = \"kinds\"\n\n{}{data}\n{}", both(), models(MODELS));
    context.write("kinds.toml", &matrix);
    context.run(["run", "kinds.toml", "--consumer", "sk1.2.2"]).expect(0);

    let files = artifacts(&context);
    assert_eq!(files.len(), 2 * MODELS.len() * 6, "one file a model, environment and format");
    let script = context.write("inspect_oracle.py", include_str!("inspect_oracle.py"));
    let paths: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let python = context.interpreters("kinds").into_values().next().unwrap();
    let expected = context.python(&python, &[&[script.to_str().unwrap()], paths.as_slice()].concat());

    let said = context.run([&["inspect", "--json"], paths.as_slice()].concat()).expect(0);
    let report: Value = serde_json::from_str(&said.stdout()).unwrap();
    let seen = report["artifacts"].as_array().unwrap();
    assert_eq!(seen.len(), files.len());
    for (line, artifact) in expected.lines().zip(seen) {
        let expected: Value = serde_json::from_str(line).unwrap();
        let path = &artifact["path"];
        let pickle = &artifact["pickle"];
        let globals: BTreeMap<_, _> = pickle["globals"].as_array().unwrap().iter().map(global).collect();
        assert_eq!(serde_json::to_value(globals).unwrap(), expected["globals"], "{path}");
        let mut versions = BTreeMap::new();
        for class in pickle["classes"].as_array().unwrap() {
            for (version, count) in class["versions"].as_object().unwrap() {
                versions.insert(format!("{} {version}", name(class)), count.clone());
            }
        }
        assert!(!versions.is_empty(), "{path}");
        assert_eq!(serde_json::to_value(versions).unwrap(), expected["versions"], "{path}");
        assert_eq!(artifact["complete"], true, "{path}");
        assert_eq!(artifact["problems"], Value::Array(Vec::new()), "{path}");
        let unknown: Vec<_> = pickle["globals"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|global| global["trust"] != "known")
            .collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
    }
    assert_eq!(expected.lines().count(), files.len());
}

fn name(value: &Value) -> String {
    format!("{}:{}", value["module"].as_str().unwrap(), value["name"].as_str().unwrap())
}

fn global(value: &Value) -> (String, Value) {
    (name(value), value["count"].clone())
}
