//! Rules against real cells: the matrix that shows them, and forecasts of files that it made.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use shelflife::explain::evidence;

use crate::context::TestContext;

/// One run for all of it: five environments and some six hundred cells.
#[test]
fn the_matrix_of_rules_shows_them_and_forecasts_them() {
    let context = TestContext::new();
    let matrix = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrices/rules.toml");
    context.run(["run", matrix.to_str().unwrap(), "--forecast"]).expect(0);
    let results = context.results("rules");

    let cells = results["cells"].as_array().unwrap();
    let seen: BTreeSet<&str> = cells.iter().filter_map(|cell| cell["rule"].as_str()).collect();
    let measured = evidence().rules.iter().filter(|(_, shown)| shown.cells.contains_key("rules"));
    let missing: Vec<_> = measured.map(|(id, _)| id.as_str()).filter(|id| !seen.contains(id)).collect();
    assert!(missing.is_empty(), "no cell shows {missing:?}");
    assert_eq!(results["summary"]["unexplained"], 0);

    let score = &results["score"];
    let number = |value: &Value| value.as_u64().unwrap() as f64;
    let total = &score["total"];
    assert!(number(&total["right"]) >= 0.95 * number(&total["forecast"]), "{total}");
    assert!(number(&total["found"]) >= 0.95 * number(&total["actual"]), "{total}");
    assert!(number(&score["works"]) > 0.0);
    assert_eq!(score["works"], score["works_right"], "said to work, and does not");

    // The same file by hand, in an environment that works and in one that does not.
    let digest = results["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|artifact| artifact["id"] == "isomap/pickle/sk1.5.2")
        .and_then(|artifact| artifact["digest"].as_str())
        .unwrap();
    let object = format!("cache/objects-v1/{}/{}", &digest[..2], &digest[2..]);
    let answer = |to: &str| {
        let output = context.run(["forecast", &object, "--to", to]).expect(0);
        output.stdout().replace(&object, "FILE")
    };
    assert!(answer("scikit-learn==1.7.2").starts_with("FILE: works\n"));
    let broken = answer("scikit-learn==1.2.2");
    assert!(broken.starts_with("FILE: breaks (resolve)\n"), "{broken}");
    assert!(broken.contains("  neighbours-metric-classes: "), "{broken}");
    assert!(answer("scikit-learn==7.0.0").starts_with("FILE: unknown\n"));
}
