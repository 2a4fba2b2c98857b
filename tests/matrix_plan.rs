//! Plans: order, counts, determinism, selection and digest.

use std::path::Path;

use proptest::prelude::*;
use shelflife::matrix::{self, Matrix};
use shelflife::plan::{Plan, PlanError, Selection, plan};

fn load(text: &str) -> Matrix {
    matrix::load(Path::new("m.toml"), &|_| Ok(text.as_bytes().to_vec()))
        .map_err(|error| format!("{:?}", miette::Report::new(error)))
        .expect("a correct matrix")
}

const TEXT: &str = r#"
[[environments]]
python = "3.11"
packages = { scikit-learn = ["1.2.2", "1.5.2"] }
[[environments]]
name = "edge"
python = "3.12"
packages = { scikit-learn = "1.7.2" }
role = "consumer"
[datasets.d]
path = "d.csv"
[[models]]
name = "ridge"
estimator = "Ridge()"
[[models]]
name = "pca"
estimator = "PCA()"
formats = ["joblib"]
[[expect]]
model = "pca"
producer = "sk1.2.2"
verdict = "drift"
reason = "r"
"#;

fn selected(models: &[&str], formats: &[&str], producers: &[&str], consumers: &[&str]) -> Selection {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
    Selection {
        models: owned(models),
        formats: owned(formats),
        producers: owned(producers),
        consumers: owned(consumers),
    }
}

fn planned(selection: &Selection) -> Plan {
    plan(&load(TEXT), selection).expect("something is selected")
}

fn cells(plan: &Plan) -> Vec<String> {
    plan.cells()
        .map(|(artifact, consumer)| {
            format!("{} in {}", plan.artifact_id(artifact), plan.environments[consumer as usize].name)
        })
        .collect()
}

#[test]
fn order_is_declaration_order() {
    let plan = planned(&Selection::default());
    assert_eq!(plan.cell_count(), 18);
    let cells = cells(&plan);
    assert_eq!(cells.len(), 18);
    assert_eq!(
        cells[..7],
        [
            "ridge/pickle/sk1.2.2 in sk1.2.2",
            "ridge/pickle/sk1.2.2 in sk1.5.2",
            "ridge/pickle/sk1.2.2 in edge",
            "ridge/pickle/sk1.5.2 in sk1.2.2",
            "ridge/pickle/sk1.5.2 in sk1.5.2",
            "ridge/pickle/sk1.5.2 in edge",
            "ridge/joblib/sk1.2.2 in sk1.2.2",
        ]
    );
    assert_eq!(cells[17], "pca/joblib/sk1.5.2 in edge");
}

#[test]
fn selections_narrow_the_plan() {
    let plan = planned(&selected(&["p*"], &["joblib"], &["scikit-learn<1.3"], &["edge"]));
    assert_eq!(cells(&plan), ["pca/joblib/sk1.2.2 in edge"]);
    let names: Vec<_> = plan.environments.iter().map(|env| env.name.as_str()).collect();
    assert_eq!(names, ["sk1.2.2", "edge"], "who takes no part is left out");
    let plan = planned(&selected(&[], &["pickle"], &[], &[]));
    assert_eq!(plan.models.len(), 1, "a model without a format is left out");
}

#[test]
fn what_nobody_writes_or_reads_is_no_part_of_the_plan() {
    let with = |keys: &str| TEXT.replacen("[datasets.d]", &format!("{keys}\n[datasets.d]"), 1);
    // The keys join the environment above: `edge`, which only reads.
    let planned = plan(&load(&with("reads = \"joblib\"")), &Selection::default()).expect("a plan");
    assert!(planned.artifacts.len() > 4);
    assert!(cells(&planned).iter().any(|cell| cell == "ridge/joblib/sk1.2.2 in edge"));
    assert!(cells(&planned).iter().all(|cell| !(cell.contains("/pickle/") && cell.ends_with(" edge"))));
    assert_eq!(planned.cell_count(), cells(&planned).len() as u64);
    let counted: u64 = (0u32..).zip(&planned.artifacts).map(|(index, _)| planned.readers(index)).sum();
    assert_eq!(planned.cell_count(), counted);

    let writes = TEXT.replacen("[[environments]]", "[[environments]]\nwrites = \"joblib\"", 1);
    let planned = plan(&load(&writes), &Selection::default()).expect("a plan");
    assert!(cells(&planned).iter().all(|cell| cell.contains("/joblib/")));
    let both = with("reads = \"pickle\"").replacen(
        "[[environments]]",
        "[[environments]]\nwrites = \"joblib\"\nrole = \"producer\"",
        1,
    );
    let error = plan(&load(&both), &Selection::default()).expect_err("nobody reads what is written");
    assert!(matches!(error, PlanError::NobodyReads), "{error}");
}

#[test]
fn what_matches_nothing_is_named() {
    let matrix = load(TEXT);
    for (selection, expected) in [
        (selected(&["rigde"], &[], &[], &[]), "nothing selected: `rigde` matches no model of the matrix `m`"),
        (selected(&[], &["pickle-4"], &[], &[]), "nothing selected: `pickle-4` matches no format"),
        (selected(&[], &[], &["edge"], &[]), "nothing selected: `edge` matches no producer"),
        (
            selected(&[], &[], &[], &["scikit-learn>2"]),
            "nothing selected: `scikit-learn>2` matches no consumer",
        ),
        (selected(&["pca"], &["pickle"], &[], &[]), "no selected model is written in a selected format"),
        (selected(&[], &[], &["scikit-learn<<1"], &[]), "cannot select environments"),
    ] {
        let error = plan(&matrix, &selection).expect_err("nothing is selected");
        assert!(error.to_string().contains(expected), "{error}");
        let help = miette::Diagnostic::help(&error).map(|help| help.to_string());
        assert!(help.is_some_and(|help| !help.is_empty()), "{error}");
    }
    let error = plan(&matrix, &selected(&["rigde"], &[], &[], &[])).expect_err("nothing is selected");
    assert!(matches!(error, PlanError::NothingSelected { help, .. } if help == "did you mean `ridge`?"));
}

#[test]
fn the_digest_covers_what_is_tried_and_not_how_it_is_judged() {
    let digest = |text: &str| plan(&load(text), &Selection::default()).expect("a plan").digest;
    let own = digest(TEXT);
    for judged in ["[limits]\ntime = 5\n", "[[tolerance]]\nrtol = 1e-3\nstol = 1e-3\n"] {
        assert_eq!(digest(&format!("{TEXT}{judged}")), own, "{judged}");
    }
    assert_eq!(digest(&TEXT.replace("verdict = \"drift\"", "verdict = \"crash\"")), own);
    for (old, new) in [
        ("Ridge()", "Ridge(1)"),
        ("1.2.2\", ", "1.2.1\", "),
        ("\"3.12\"", "\"3.13\""),
        ("role = \"consumer\"", ""),
        ("d.csv\"", "d.csv\"\ntarget = \"y\""),
        ("d.csv\"", "d.csv\"\ndataframe = true"),
        ("\"PCA()\"", "\"PCA()\"\nmethods = \"transform\""),
        ("\"PCA()\"", "\"PCA()\"\nseed = 1"),
        ("\"PCA()\"", "\"PCA()\"\nrequires = \"pandas\""),
    ] {
        // The expectation names an environment that some of these rename.
        let changed = TEXT.replacen(old, new, 1).replace("producer = \"sk1.2.2\"", "");
        assert_ne!(digest(&changed), own, "{old} -> {new}");
    }
    assert_ne!(planned(&selected(&[], &[], &[], &["edge"])).digest, own);
}

#[test]
fn the_record_keeps_the_expectations_that_cover_a_cell() {
    let matrix = load(TEXT);
    let record = |selection: &Selection| plan(&matrix, selection).expect("a plan").record(&matrix);
    let all = record(&Selection::default());
    assert_eq!(all.expectations.len(), 1);
    assert_eq!(all.expectations[0].formats, ["joblib".into()], "pca is written in joblib only");
    assert_eq!(all.environments[2].packages["scikit-learn"], "1.7.2");
    assert_eq!(all.models[1].estimator, "PCA()");
    assert!(record(&selected(&["ridge"], &[], &[], &[])).expectations.is_empty());
    assert!(record(&selected(&[], &[], &["sk1.5.2"], &[])).expectations.is_empty());
}

fn any_matrix() -> impl Strategy<Value = String> {
    (1usize..5, 1usize..5, prop::collection::vec(1usize..4, 1..5)).prop_map(|(series, pythons, formats)| {
        let list = |start: &str, count: usize| -> String {
            (0..count).map(|index| format!("\"{start}{index}\", ")).collect()
        };
        let mut text = format!(
            "[[environments]]\npython = [{}]\npackages = {{ scikit-learn = [{}] }}\n[datasets.d]\npath = \"d.csv\"\n",
            list("3.1", pythons),
            list("1.5.", series),
        );
        for (index, count) in formats.iter().enumerate() {
            let formats = &["pickle", "joblib", "pickle-4"][..*count];
            text += &format!("[[models]]\nname = \"m{index}\"\nestimator = \"E()\"\nformats = {formats:?}\n");
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn plans_are_deterministic_complete_and_in_order(text in any_matrix()) {
        let matrix = load(&text);
        let first = plan(&matrix, &Selection::default()).unwrap();
        prop_assert_eq!(&first, &plan(&load(&text), &Selection::default()).unwrap());
        let formats: usize = matrix.models.iter().map(|model| model.formats.len()).sum();
        let environments = matrix.environments.len();
        prop_assert_eq!(first.artifacts.len(), formats * environments);
        let cells: Vec<_> = first.cells().collect();
        prop_assert_eq!(cells.len() as u64, first.cell_count());
        prop_assert_eq!(cells.len(), first.artifacts.len() * environments);
        prop_assert!(cells.is_sorted());
        let keys: Vec<_> = first.artifacts.iter().map(|a| (a.model, a.format, a.producer)).collect();
        prop_assert!(keys.is_sorted());
        let mut ids: Vec<_> = (0..first.artifacts.len() as u32).map(|index| first.artifact_id(index)).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), first.artifacts.len());
    }

    #[test]
    fn selecting_everything_by_name_is_selecting_everything(text in any_matrix()) {
        let matrix = load(&text);
        let everything = selected(&["*"], &["*"], &["*"], &["*"]);
        prop_assert_eq!(
            plan(&matrix, &everything).unwrap(),
            plan(&matrix, &Selection::default()).unwrap()
        );
    }
}
