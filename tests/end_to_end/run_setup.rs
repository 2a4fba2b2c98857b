//! What environments declare beyond packages: configuration and arrays of other libraries, an extension, a device.

use serde_json::Value;

use crate::context::{DATA, TestContext, environment, text};
use crate::machine::not_tried;

fn cell<'a>(results: &'a Value, model: &str, producer: &str, consumer: &str) -> &'a Value {
    let cells = results["cells"].as_array().unwrap();
    let wanted = [("model", model), ("producer", producer), ("consumer", consumer)];
    cells.iter().find(|cell| wanted.iter().all(|(key, value)| text(cell, key) == *value)).unwrap()
}

/// Environments that share one virtual environment with array-api-strict.
fn with_arrays(name: &str, more: &str) -> String {
    format!(
        "[[environments]]\nname = \"{name}\"\npython = \"3.11\"\npackages = {{ scikit-learn = \"1.9.1\", \
         array-api-strict = \"2.6.1\" }}\n{more}\n\n"
    )
}

#[test]
fn missing_configuration_is_told_from_a_broken_file() {
    let context = TestContext::new();
    let on = "config = { array_api_dispatch = true }";
    let variable = "variables = { SCIPY_ARRAY_API = \"1\" }";
    let reader = "role = \"consumer\"";
    let environments = [
        with_arrays("told", &format!("{on}\n{variable}")),
        with_arrays("untold", reader),
        with_arrays("half-told", &format!("{on}\n{reader}")),
        environment("without", "\"1.5.2\"", reader),
    ]
    .concat();
    let models = "[[models]]\nname = \"pca\"\nestimator = \"PCA(n_components=2, svd_solver='full')\"\n\
                  arrays = \"array_api_strict\"\n\n[[models]]\nname = \"minmax\"\nestimator = \"MinMaxScaler()\"\n\
                  arrays = \"array_api_strict\"\n";
    context.write("arrays.toml", &format!("{environments}{DATA}\n{models}"));
    context.run(["run", "arrays.toml"]).expect(0);
    let results = context.results("arrays");
    let of = |model: &str, consumer: &str| {
        let cell = cell(&results, model, "told", consumer);
        (text(cell, "verdict").to_owned(), cell["rule"].as_str().unwrap_or_default().to_owned())
    };
    let known = |verdict: &str, cause: &str| (verdict.to_owned(), cause.to_owned());
    assert_eq!(of("pca", "told"), known("identical", ""));
    assert_eq!(of("pca", "untold"), known("predict-error", "array-api-dispatch-off"));
    // numpy takes these arrays, so that this one works all the same.
    assert_eq!(of("minmax", "untold"), known("identical", ""));
    assert_eq!(of("pca", "half-told"), known("env-error", "array-api-scipy-variable"));
    assert_eq!(of("pca", "without"), known("load-error", "array-api-library-missing"));
    let report = context.read("reports/arrays/report.md");
    assert!(report.contains("SCIPY_ARRAY_API"), "{report}");
}

/// The real extension takes half a gigabyte. This one answers as a build without the backend for devices does.
const EXTENSION: &str = "\
def patch_sklearn(verbose=True):
    pass


def set_config(target_offload):
    pass
";

#[test]
fn a_device_that_is_not_there_makes_cells_unsupported_and_nothing_else() {
    let context = TestContext::new();
    context.write("modules/sklearnex.py", EXTENSION);
    context.write("modules/onedal.py", "_is_dpc_backend = False\n");
    let modules = context.path("modules").display().to_string();
    let gpu = format!("device = \"gpu\"\nrole = \"consumer\"\nvariables = {{ PYTHONPATH = \"{modules}\" }}");
    let environments = [
        environment("sk1.5.2", "\"1.5.2\"", ""),
        environment("gpu", "\"1.5.2\"", &gpu),
        environment("no-extension", "\"1.5.2\"", "device = \"gpu\"\nrole = \"consumer\""),
    ]
    .concat();
    let model = "[[models]]\nname = \"scaler\"\nestimator = \"StandardScaler()\"\n";
    context.write("device.toml", &format!("{environments}{DATA}\n{model}"));
    let ended = context.run(["run", "device.toml", "--fail-on", "drift,load-error"]);
    // An environment that could not be made is something else than a device that is not there.
    let ended = ended.expect(101);
    let results = context.results("device");
    let gpu = cell(&results, "scaler", "sk1.5.2", "gpu");
    assert_eq!(text(gpu, "verdict"), "unsupported");
    assert!(text(gpu, "reason").contains("gpu: there is no device 'gpu'"), "{gpu}");
    let without = cell(&results, "scaler", "sk1.5.2", "no-extension");
    assert_eq!(text(without, "verdict"), "env-error");
    assert!(ended.stdout().contains("need scikit-learn-intelex"), "{ended}");
    assert_eq!(text(cell(&results, "scaler", "sk1.5.2", "sk1.5.2"), "verdict"), "identical");
}

/// Two releases of the extension, as [[environments]].
const RELEASES: &str = "\
[[environments]]
name = \"sx{scikit-learn-intelex}\"
python = \"3.11\"
packages = { scikit-learn-intelex = [\"2025.0.0\", \"2025.11.0\"], scikit-learn = \"1.5.2\", packaging = \"latest\", numpy = \"1.26.4\" }
extension = \"sklearnex\"
";

#[test]
fn what_is_documented_is_stated_before_and_compared_after() {
    let context = TestContext::new();
    let models = "[[models]]\nname = \"linear\"\nestimator = \"LinearRegression()\"\ndataset = \"waves\"\n\n\
                  [[models]]\nname = \"clusters\"\nestimator = \"KMeans(n_clusters=3, n_init=3, random_state=0)\"\n";
    context.write("onedal.toml", &format!("{RELEASES}{DATA}\n{models}"));
    let plan = context.run(["plan", "onedal.toml"]).expect(0).stdout();
    for line in [
        "sx2025.0.0 -> sx2025.0.0: works",
        "sx2025.0.0 -> sx2025.11.0: not promised (scikit-learn-intelex 2025.0.0 -> 2025.11.0)",
        "sx2025.11.0 -> sx2025.0.0: not promised (scikit-learn-intelex 2025.11.0 -> 2025.0.0, daal 2025.11.0 -> 2025.0.0)",
    ] {
        assert!(plan.contains(line), "no `{line}` in\n{plan}");
    }
    if std::env::var_os("SHELFLIFE_TEST_ONEDAL").is_none() {
        return not_tried("the extension for scikit-learn: set SHELFLIFE_TEST_ONEDAL=1 (a gigabyte)");
    }
    let ended = context.run(["run", "onedal.toml"]).expect(0);
    let results = context.results("onedal");
    let pairs = results["promises"][0]["pairs"].as_array();
    let pairs = pairs.unwrap_or_else(|| panic!("nothing is documented: {ended}"));
    let pair = |from: &str, to: &str| {
        let found = pairs.iter().find(|pair| text(pair, "producer") == from && text(pair, "consumer") == to);
        let pair = found.unwrap_or_else(|| panic!("no {from} -> {to}: {ended}"));
        (
            pair["promised"].as_bool().unwrap(),
            pair["works"].as_u64().unwrap(),
            pair["fails"].as_u64().unwrap(),
        )
    };
    assert_eq!(pair("sx2025.0.0", "sx2025.0.0"), (true, 2, 0));
    assert_eq!(pair("sx2025.0.0", "sx2025.11.0"), (false, 1, 1));
    assert_eq!(pair("sx2025.11.0", "sx2025.0.0"), (false, 1, 1));
    let broken = cell(&results, "linear", "sx2025.0.0", "sx2025.11.0");
    assert_eq!(text(broken, "rule"), "sklearnex-estimators");
}
