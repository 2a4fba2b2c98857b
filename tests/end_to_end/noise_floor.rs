//! What has no more digits than it moves in its own producer, and what really changed, in real environments.

use serde_json::Value;

use crate::context::{TestContext, text};

/// Twelve columns that three explain: the covariance has a condition number of about 1e13.
fn collinear() -> String {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    // Near enough to a normal number.
    let mut normal = || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let names: Vec<String> = (0..12).map(|column| format!("x{column}")).collect();
    let mut text = format!("{},y\n", names.join(","));
    for _ in 0..160 {
        let hidden = [normal(), normal(), normal()];
        for column in 0..12_usize {
            let weight = |at: usize| ((column * 7 + at * 5) % 11) as f64 / 5.0 - 1.0;
            let value: f64 = (0..3).map(|at| weight(at) * hidden[at]).sum();
            text.push_str(&format!("{:?},", value + normal() * 1e-7));
        }
        text.push_str(&format!("{:?}\n", 2.0 * hidden[0] - hidden[1] + 0.1 * normal()));
    }
    text
}

/// Each release with the numpy and scipy of its time, which bring another OpenBLAS.
const MATRIX: &str = r#"
[[environments]]
name = "sk{scikit-learn}"
python = "3.11"
packages = { scikit-learn = ["1.2.2", "1.9.1"] }

[defaults]
formats = ["pickle"]
dataset = "d"

[datasets.d]
path = "collinear.csv"
target = "y"

[[models]]
name = "noise"
estimator = "PCA(n_components=6)"
methods = ["score_samples", "transform"]

# Since 1.9 the mean is subtracted before the standard deviation is computed.
[[models]]
name = "change"
estimator = "BayesianRidge()"
methods = ["predict_std"]
"#;

fn cell<'a>(results: &'a Value, model: &str, producer: &str, consumer: &str) -> &'a Value {
    let is_it = |cell: &&Value| {
        (text(cell, "model"), text(cell, "producer"), text(cell, "consumer")) == (model, producer, consumer)
    };
    results["cells"].as_array().unwrap().iter().find(is_it).expect("it is planned")
}

#[test]
fn noise_is_roundoff_with_its_floor_and_a_change_stays_drift() {
    let context = TestContext::new();
    context.write("collinear.csv", &collinear());
    context.write("noise.toml", MATRIX);
    let ended = context.run(["run", "noise.toml"]).expect(0);
    let results = context.results("noise");
    for (producer, consumer) in [("sk1.2.2", "sk1.9.1"), ("sk1.2.2", "sk1.2.2"), ("sk1.9.1", "sk1.9.1")] {
        let cell = cell(&results, "noise", producer, consumer);
        assert_ne!(text(cell, "verdict"), "drift", "{cell}");
    }
    let moved = cell(&results, "noise", "sk1.2.2", "sk1.9.1");
    let output = &moved["outputs"]["score_samples"];
    if output["agreement"] == "outside" {
        assert!(output["noise"]["max_abs"].as_f64().is_some_and(|floor| floor > 0.0), "{moved}");
        assert!(text(moved, "reason").contains("noise floor"), "{moved}");
        assert!(ended.stdout().contains("Roundoff by a measured noise floor"), "{ended}");
    }
    let changed = cell(&results, "change", "sk1.2.2", "sk1.9.1");
    assert_eq!(text(changed, "verdict"), "drift", "{changed}");
    assert_eq!(text(changed, "rule"), "bayesian-std-centred");
    // What was measured is known when it is asked again, without the record as well.
    let names = |results: &Value| -> Vec<String> {
        results["cells"].as_array().unwrap().iter().map(|cell| text(cell, "verdict").to_owned()).collect()
    };
    fs_err::remove_dir_all(context.path("reports")).unwrap();
    context.run(["run", "noise.toml"]).expect(0);
    assert_eq!(names(&context.results("noise")), names(&results));
}
