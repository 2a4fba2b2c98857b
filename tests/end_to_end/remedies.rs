//! Remedies that tell people what to type, typed: the model of one release is right in another afterwards.

use std::path::Path;

use serde_json::Value;

use crate::context::{DATA, TestContext, models};
use crate::machine::not_tried;

/// Releases, with the Python that has wheels of them. All have one numpy, so that nothing else is in the way.
const RELEASES: [(&str, &str, &str); 7] = [
    ("0.22.2.post1", "3.8", "1.21.6"),
    ("1.1.3", "3.11", "1.26.4"),
    ("1.2.2", "3.11", "1.26.4"),
    ("1.3.2", "3.11", "1.26.4"),
    ("1.5.2", "3.11", "1.26.4"),
    ("1.7.2", "3.11", "1.26.4"),
    ("1.8.0", "3.11", "1.26.4"),
];

#[test]
fn what_remedies_tell_to_type_makes_models_right() {
    let context = TestContext::new();
    let environments = RELEASES.map(|(release, python, numpy)| {
        format!(
            "[[environments]]\nname = \"{release}\"\npython = \"{python}\"\n\
             packages = {{ scikit-learn = \"{release}\", numpy = \"{numpy}\" }}\n\n"
        )
    });
    let model = models(&[("scaler", "StandardScaler()")]);
    context.write("remedies.toml", &format!("{DATA}\n{}{model}", environments.concat()));
    context.run(["run", "remedies.toml"]).expect(0);
    let pythons = context.interpreters("remedies");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/remedies.py");
    let script = script.to_str().unwrap();
    let some = pythons.values().next().unwrap();
    let rows: Vec<Value> = serde_json::from_str(&context.python(some, &[script, "rows"])).unwrap();
    assert!(!rows.is_empty());
    let mut wrong = Vec::new();
    for row in rows {
        let (rule, producer, consumer) =
            (row[1].as_str().unwrap(), row[2].as_str().unwrap(), row[3].as_str().unwrap());
        assert!(shelflife::explain::find(rule).is_some(), "{rule}");
        let (Some(made_by), Some(read_by)) = (pythons.get(producer), pythons.get(consumer)) else {
            not_tried(format!("the remedy of {rule}: no interpreter for {producer} or {consumer}"));
            continue;
        };
        let index = row[0].to_string();
        context.python(made_by, &[script, "make", &index, "."]);
        let told: Value =
            serde_json::from_str(&context.python(read_by, &[script, "try", &index, "."])).unwrap();
        if told["needed"] != true || told["right"] != true {
            wrong.push(format!("{rule}, {producer} to {consumer}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
