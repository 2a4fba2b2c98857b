//! Boosters, libraries beside scikit-learn, and what people save that is no estimator: a part of each of the three matrices,
//! with what was forecast of its files.

use std::path::Path;

use serde_json::Value;

use crate::context::TestContext;

/// Runs these models between two environments of a matrix, and gives what came of it.
fn between(matrix: &str, environments: [&str; 2], models: &[&str]) -> Value {
    let context = TestContext::new();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("matrices/{matrix}.toml"));
    let mut arguments = vec!["run", path.to_str().unwrap(), "--forecast", "--format", "pickle"];
    for environment in environments {
        arguments.extend(["--producer", environment, "--consumer", environment]);
    }
    for &model in models {
        arguments.extend(["--model", model]);
    }
    context.run(arguments).expect(0);
    context.results(matrix)
}

/// Holds that what was said of cells came true, and gives how many of those that went wrong were foreseen, of how many.
fn foreseen(results: &Value) -> (u64, u64) {
    let score = &results["score"];
    let number = |value: &Value| value.as_u64().unwrap();
    let total = &score["total"];
    let (right, forecast) = (number(&total["right"]), number(&total["forecast"]));
    assert!(100 * right >= 97 * forecast, "said to break, and does not: {score}");
    assert_eq!(score["works"], score["works_right"], "said to work, and does not: {score}");
    assert_eq!(results["summary"]["unexplained"], 0);
    (number(&total["found"]), number(&total["actual"]))
}

/// A part of `boosters.toml` that takes some hundred megabytes: two of its three libraries, without what came for GPUs later.
#[test]
fn a_part_of_the_boosters_breaks_as_forecast() {
    let context = TestContext::new();
    let boosters = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrices/boosters.toml");
    let text = format!(
        "extends = {:?}\n[matrix]\nname = \"part\"\n\
         [[environments]]\nname = \"old\"\npython = \"3.8\"\n\
         packages = {{ xgboost = \"1.0.2\", lightgbm = \"2.3.1\", scikit-learn = \"1.1.3\", numpy = \"1.23.5\", pandas = \"companion\" }}\n\
         [[environments]]\nname = \"new\"\npython = \"3.8\"\n\
         packages = {{ xgboost = \"1.2.1\", lightgbm = \"4.0.0\", scikit-learn = \"1.1.3\", numpy = \"1.23.5\", pandas = \"companion\" }}\n",
        boosters.to_str().unwrap()
    );
    fs_err::write(context.path("part.toml"), text).unwrap();
    let models = ["lgb-*", "xgb-classifier", "xgb-regressor"].into_iter().flat_map(|it| ["--model", it]);
    context.run(["run", "part.toml", "--forecast"].into_iter().chain(models)).expect(0);
    let results = context.results("part");
    let (found, actual) = foreseen(&results);
    assert!(actual >= 8 && 100 * found >= 90 * actual, "{found} of {actual}: {}", results["score"]);
}

#[test]
#[ignore = "two environments of three boosters each take gigabytes"]
fn what_boosters_break_is_forecast_from_their_own_bytes() {
    let models =
        ["xgb-classifier", "xgb-regressor", "xgb-pipeline", "lgb-*", "cat-classifier", "cat-regressor"];
    let results = between("boosters", ["xgb1.0.2-*", "xgb1.7.6-lgb4.1.0-*"], &models);
    let (found, actual) = foreseen(&results);
    assert!(actual >= 8 && 100 * found >= 90 * actual, "{found} of {actual}: {}", results["score"]);
}

#[test]
#[ignore = "two environments of eleven packages each take gigabytes"]
fn what_libraries_beside_scikit_learn_break_has_a_cause() {
    let models =
        ["encoders-target", "imblearn-*", "skrub-vectorizer", "engine-*", "quantile-trees", "pyod-knn"];
    let results = between("ecosystem", ["sk1.5.2", "sk1.6.1"], &models);
    foreseen(&results);
}

#[test]
fn every_estimator_in_a_bundle_is_tried_by_its_path() {
    let results = between("bundles", ["sk1.2.2-*", "sk1.5.2-*"], &["*"]);
    let (found, actual) = foreseen(&results);
    assert!(actual > 0 && found == actual, "{found} of {actual}: {}", results["score"]);
    let cells = results["cells"].as_array().unwrap();
    let seen = |model: &str, output: &str| {
        let own = |cell: &&Value| cell["model"] == model && !cell["outputs"][output].is_null();
        cells.iter().filter(own).count()
    };
    for (model, output) in [
        ("dictionary", "model/predict_proba"),
        ("dictionary", "labels/classes_"),
        ("dictionary", "threshold/data"),
        ("by-segment", "segments/low/predict"),
        ("tuple", "2/predict"),
        ("folds", "1/predict"),
        ("object", "encoder/transform"),
        ("object", "history/data"),
    ] {
        assert!(seen(model, output) > 0, "{model} is asked for {output}");
    }
}
