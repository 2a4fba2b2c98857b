//! What correct matrices become: axes, names, roles, `extends`, rules, and the schema.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use shelflife::matrix::{self, Matrix, PairFacts, RuntimeSpec, VersionSpec};
use shelflife::vocab::{ModelName, Tolerance, Verdict};

const REST: &str =
    "\n[datasets.d]\npath = \"d.csv\"\n[[models]]\nname = \"ridge\"\nestimator = \"Ridge()\"\n";

fn load(files: &[(&str, &str)]) -> Matrix {
    let files: BTreeMap<&Path, &str> = files.iter().map(|(name, text)| (Path::new(*name), *text)).collect();
    matrix::load(Path::new("m/main.toml"), &|path| {
        let text = files.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))?;
        Ok(text.as_bytes().to_vec())
    })
    .map_err(|error| format!("{:?}", miette::Report::new(error)))
    .expect("a correct matrix")
}

fn one(text: &str) -> Matrix {
    load(&[("m/main.toml", text)])
}

fn names(environments: &str) -> Vec<String> {
    one(&(environments.to_owned() + REST)).environments.iter().map(|env| env.name.to_string()).collect()
}

#[test]
fn axes_make_a_product_in_the_order_in_which_they_are_written() {
    let names = names(
        r#"[[environments]]
           packages = { scikit-learn = ["1.2.2", "1.5.2"], numpy = ["1.26.4", "2.1.3"], joblib = "1.4.2" }
           python = ["3.11", "3.12"]
           exclude = [{ scikit-learn = "1.2.*", numpy = ">=2" }, { python = "3.12", scikit-learn = ["1.2.2"] }]
           include = [{ python = "3.13", scikit-learn = "1.7.2" }]"#,
    );
    assert_eq!(
        names,
        [
            "sk1.2.2-py3.11-np1.26.4-joblib1.4.2",
            "sk1.5.2-py3.11-np1.26.4-joblib1.4.2",
            "sk1.5.2-py3.11-np2.1.3-joblib1.4.2",
            "sk1.5.2-py3.12-np1.26.4-joblib1.4.2",
            "sk1.5.2-py3.12-np2.1.3-joblib1.4.2",
            "sk1.7.2-py3.13",
        ]
    );
}

#[test]
fn names_show_what_varies() {
    let of = |python: &str, sklearn: &str| {
        names(&format!("[[environments]]\npython = {python}\npackages = {{ scikit-learn = {sklearn} }}"))
    };
    assert_eq!(of("\"3.11\"", "\"1.5.2\""), ["sk1.5.2"]);
    assert_eq!(of("\"3.11\"", "\"latest\""), ["sklatest"]);
    assert_eq!(of("[\"3.11\", \"3.12.1\"]", "\"1.5.2\""), ["py3.11", "py3.12.1"]);
    assert_eq!(of("\"3.8..3.10\"", "\"1.0.*\""), ["py3.8", "py3.9", "py3.10"]);
    assert_eq!(of("\"3.9\"", "[\"0.24..1.1\", \"1.3.2\"]"), ["sk0.24", "sk1.0", "sk1.1", "sk1.3.2"]);
    assert_eq!(of("\"3.11\"", "[\">=1.2,<1.4\", \"pre\"]"), ["skge1.2-lt1.4", "skpre"]);
    let named = "[[environments]]\nname = \"{Scikit_Learn}+{python}\"\npython = \"3.11\"\npackages = { scikit-learn = [\"1.5.*\"] }";
    assert_eq!(names(named), ["1.5+3.11"]);
}

#[test]
fn defaults_and_details() {
    let matrix = one(&(r#"
        [limits]
        time = "2m"
        [[environments]]
        python = "3.11"
        packages = { Scikit_Learn = "1.5.*" }
        companions = false
        variables = { OMP_NUM_THREADS = "1" }
        role = "producer"
        [[environments]]
        name = "edge"
        runtime = "existing"
        command = ["ssh", "edge", "python3"]
        "#
    .to_owned()
        + REST));
    let [made, edge] = matrix.environments.as_slice() else { panic!("two environments") };
    assert_eq!(made.packages["scikit-learn"], VersionSpec::Minor("1.5".into()));
    assert!(made.producer && !made.consumer && !made.companions && edge.producer && edge.consumer);
    let RuntimeSpec::Existing { command } = &edge.runtime else { panic!("an existing one") };
    assert_eq!(command.join(" "), "ssh edge python3");
    assert_eq!(matrix.limits.seconds, 120.0);
    assert_eq!(matrix.limits.memory_bytes, 2 << 30);
    let model = &matrix.models[0];
    assert_eq!(model.dataset, "d");
    assert_eq!(model.formats.iter().map(|format| format.as_str()).collect::<Vec<_>>(), ["pickle", "joblib"]);
    assert!(model.methods.is_none() && model.requires.is_empty());
}

#[test]
fn selections_narrow_roles() {
    let matrix = one(&(r#"
        [select]
        producers = ["scikit-learn<1.3", "sk1.7*"]
        consumers = "scikit-learn>=1.5"
        [[environments]]
        python = "3.11"
        packages = { scikit-learn = ["1.2.*", "1.5.2", "1.7.2", "latest"] }
        "#
    .to_owned()
        + REST));
    let roles: Vec<_> =
        matrix.environments.iter().map(|env| (env.name.as_str(), env.producer, env.consumer)).collect();
    assert_eq!(
        roles,
        [
            ("sk1.2", true, false),
            ("sk1.5.2", false, true),
            ("sk1.7.2", true, true),
            ("sklatest", false, false)
        ]
    );
}

#[test]
fn a_base_is_replaced_key_by_key_and_rules_are_appended() {
    let base = r#"
        [matrix]
        name = "base"
        description = "what it is for"
        [[environments]]
        python = "3.11"
        packages = { scikit-learn = ["1.2.2", "1.5.2"] }
        [defaults]
        dataset = "a"
        formats = "pickle"
        [datasets.a]
        path = "a.csv"
        [datasets.b]
        path = "b.csv"
        [[models]]
        name = "ridge"
        estimator = "Ridge()"
        [[models]]
        name = "pca"
        recipe = "pca.py"
        dataset = "b"
        [[expect]]
        model = "pca"
        producer = "sk1.2.2"
        verdict = "drift"
        reason = "only where pca is"
        [[expect]]
        verdict = ["roundoff", "identical"]
        reason = "from the base"
        "#;
    let main = r#"
        extends = "../base/base.toml"
        [datasets.a]
        path = "../data/own.csv"
        [[expect]]
        consumer = "sk1.5.2"
        verdict = "drift"
        reason = "own"
        "#;
    let recipe = "def model():\n    return None\n";
    let matrix = load(&[("m/main.toml", main), ("base/base.toml", base), ("base/pca.py", recipe)]);
    assert_eq!(matrix.name, "main");
    assert_eq!(matrix.description.as_deref(), Some("what it is for"));
    assert_eq!(matrix.datasets["a"].path, PathBuf::from("data/own.csv"));
    assert_eq!(matrix.datasets["a"].declared_at, "m/main.toml:3");
    assert_eq!(matrix.datasets["b"].path, PathBuf::from("base/b.csv"));
    let reasons: Vec<_> = matrix.expectations.iter().map(|rule| rule.reason.as_str()).collect();
    assert_eq!(reasons, ["only where pca is", "from the base", "own"]);
    assert_eq!(matrix.expectations[2].declared_at, "m/main.toml:5");
    assert_eq!(matrix.expectations[1].verdicts, [Verdict::Roundoff, Verdict::Identical]);

    // With other models and environments, a rule of the base that covers nothing is left out.
    let other = main.replace("sk1.5.2", "sk1.7.2")
        + "[[environments]]\npython = \"3.11\"\npackages = { scikit-learn = \"1.7.2\" }\n[[models]]\nname = \"only\"\nestimator = \"Ridge()\"\n";
    let matrix = load(&[("m/main.toml", &other), ("base/base.toml", base)]);
    assert_eq!(matrix.expectations.len(), 2);
    assert!(!matrix.datasets.contains_key("b"), "an unused dataset is not read");
}

#[test]
fn the_last_rule_that_covers_a_comparison_gives_the_tolerance() {
    let matrix = one(&(r#"
        [[environments]]
        python = "3.11"
        packages = { scikit-learn = "1.5.2" }
        [[tolerance]]
        model = "rid*"
        rtol = 1e-5
        stol = 1e-10
        [[tolerance]]
        output = "predict_*"
        pair = "cross-bits"
        rtol = 1e-3
        stol = 1e-8
        [[tolerance]]
        pair = "float32"
        output = "transform"
        rtol = 1e-2
        stol = 1e-4
        "#
    .to_owned()
        + REST));
    let (ridge, other) = (ModelName::from("ridge"), ModelName::from("other"));
    let near = PairFacts::default();
    let bits = PairFacts { cross_bits: true, cross_arch: true };
    let rtol = |model, output, pair, float32| matrix.tolerance(model, output, pair, float32).rtol;
    assert_eq!(rtol(&ridge, "predict", near, false), 1e-5);
    assert_eq!(rtol(&ridge, "predict_std", bits, false), 1e-3);
    assert_eq!(rtol(&ridge, "predict_std", near, false), 1e-5);
    assert_eq!(rtol(&other, "transform", near, true), 1e-2);
    assert_eq!(matrix.tolerance(&other, "predict", near, false), Tolerance::FLOAT64);
    assert_eq!(matrix.tolerance(&other, "predict", bits, true), Tolerance::FLOAT32);
}

fn committed(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_committed_matrices_are_correct() {
    for (name, expectations) in [("quickstart", false), ("expected", true)] {
        let matrix = matrix::load(&committed(&format!("matrices/{name}.toml")), &|path| std::fs::read(path))
            .map_err(|error| format!("{:?}", miette::Report::new(error)))
            .expect("a correct matrix");
        assert_eq!(matrix.name, name);
        assert_eq!((matrix.environments.len(), matrix.models.len()), (7, 14));
        assert_eq!(!matrix.expectations.is_empty(), expectations);
        for dataset in matrix.datasets.values() {
            assert!(dataset.path.is_file(), "{}", dataset.path.display());
        }
    }
}

#[test]
fn the_committed_schema_is_in_step() {
    let committed = std::fs::read_to_string(committed("schema/matrix.schema.json")).unwrap_or_default();
    assert!(
        committed == matrix::schema_json(),
        "schema/matrix.schema.json is out of step with src/matrix/raw.rs; renew it with\n    \
         shelflife schema > schema/matrix.schema.json"
    );
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,80}") {
        let _ = matrix::load(Path::new("x.toml"), &|_| Ok(text.clone().into_bytes()));
    }

    #[test]
    fn no_value_panics(key in "(python|name|role|runtime|command|companions|exclude|include)",
                       value in "(\"\\PC{0,12}\"|[0-9.]{1,5}|\\[\\]|\\{\\}|\\[\"[0-9.*<>=,]{0,9}\"\\])") {
        let text = format!("[[environments]]\n{key} = {value}\npackages = {{ scikit-learn = {value} }}{REST}");
        let _ = matrix::load(Path::new("x.toml"), &|_| Ok(text.clone().into_bytes()));
    }

    #[test]
    fn damaging_a_matrix_never_panics(at in 0usize..3000, by in "[\\[\\]{}\"=.*a0é]?") {
        let text = std::fs::read_to_string(committed("matrices/quickstart.toml")).unwrap();
        let start = (0..=at.min(text.len())).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0);
        let end = (start + 1..=text.len()).find(|&index| text.is_char_boundary(index)).unwrap_or(text.len());
        let damaged = [&text[..start], &by, &text[end..]].concat();
        if let Err(error) = matrix::load(Path::new("x.toml"), &|_| Ok(damaged.clone().into_bytes())) {
            prop_assert!(error.problems().iter().all(|problem| problem.help.is_some()), "{error}");
        }
    }
}
