//! Formats beyond pickle: damage, a translation, a file of the matrix's own, and what the record says of them.

use crate::context::{DATA, TestContext, both, models, text};

const OWN: &str = "\
import json


def save(estimator, path, options, dataset):
    if not hasattr(estimator, 'coef_'):
        raise Unsupported('only linear models')
    with open(path, 'w') as target:
        json.dump([estimator.coef_.tolist(), estimator.intercept_.tolist(), estimator.classes_.tolist(), options], target)
    return ['predict']


def load(path, options):
    with open(path) as source:
        return Own(*json.load(source))


class Own:
    def __init__(self, coef, intercept, classes, options):
        self.parts, self.wrong = (coef, intercept, classes), options.get('wrong', False)

    def predict(self, X):
        import numpy
        coef, intercept, classes = map(numpy.array, self.parts)
        scores = X @ coef.T + intercept
        return classes[scores.argmin(axis=1) if self.wrong else scores.argmax(axis=1)]
";

const FORMATS: &str = r#"
[formats.truncated]
base = "joblib-zlib"
damage = "truncated"

[formats.empty]
base = "pickle"
damage = "empty"

[formats.own]
file = "own.py"
reference = "model"

[formats.own-wrong]
file = "own.py"
options = { wrong = true }
reference = "model"
"#;

#[test]
fn damage_is_noticed_and_translations_are_compared_with_the_model() {
    let context = TestContext::new();
    context.write("own.py", OWN);
    let data = DATA.replace(
        "formats = [\"pickle\"]",
        "formats = [\"pickle-gzip\", \"joblib-mmap\", \"truncated\", \"empty\", \"json-params\", \"own*\"]",
    );
    let models = models(&[
        ("logistic", "LogisticRegression(max_iter=500)"),
        ("tree", "DecisionTreeClassifier(max_depth=3, random_state=0)"),
    ]);
    let matrix = format!("[matrix]\nname = \"formats\"\n\n{}{data}{FORMATS}\n{models}", both());
    context.write("formats.toml", &matrix);
    context.run(["run", "formats.toml"]).expect(0);
    let results = context.results("formats");
    let verdict = |model: &str, format: &str, producer: &str, consumer: &str| {
        let cells = results["cells"].as_array().unwrap();
        let cell = cells.iter().find(|cell| {
            [("model", model), ("format", format), ("producer", producer), ("consumer", consumer)]
                .iter()
                .all(|(key, value)| text(cell, key) == *value)
        });
        let cell = cell.unwrap();
        format!("{} {}", text(cell, "verdict"), text(cell, "stage"))
    };
    let (old, new) = ("sk1.2.2", "sk1.5.2");
    for format in ["pickle-gzip", "joblib-mmap"] {
        assert_eq!(verdict("logistic", format, old, old), "identical value", "{format}");
        assert_eq!(verdict("tree", format, old, new), "load-error state", "{format}");
    }
    for (format, producer, consumer) in
        [("truncated", old, old), ("truncated", new, old), ("empty", old, new)]
    {
        assert_eq!(verdict("logistic", format, producer, consumer), "load-error read", "{format}");
    }
    // Computed from the same numbers: which release reads them makes no difference.
    for consumer in [old, new] {
        assert!(verdict("logistic", "json-params", old, consumer).ends_with(" value"));
        assert_eq!(verdict("logistic", "own", new, consumer), "identical value");
        // A translation that is wrong everywhere, its own producer included, is no matter of chance.
        assert_eq!(verdict("logistic", "own-wrong", new, consumer), "drift value");
        assert_eq!(verdict("tree", "own", new, consumer), "unsupported env");
    }
    let findings = results["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| text(finding, "kind") != "nondeterministic"));
    let report = context.read("reports/formats/report.md");
    assert!(report.contains("### Formats side by side"), "{report}");
}
