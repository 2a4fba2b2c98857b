//! What a person sees who wrote a wrong matrix: one snapshot for each kind of mistake.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use miette::{GraphicalReportHandler, GraphicalTheme};
use shelflife::matrix::{self, Matrix, MatrixError};

/// A small correct matrix; the cases change one line of it.
const GOOD: &str = r#"[[environments]]
python = "3.11"
packages = { scikit-learn = ["1.2.2", "1.5.2"] }

[datasets.blobs]
path = "blobs.csv"
target = "label"

[[models]]
name = "ridge"
estimator = "Ridge()"

[[models]]
name = "logistic"
estimator = "LogisticRegression()"
"#;

fn load(files: &[(&str, &str)]) -> Result<Matrix, MatrixError> {
    let files: BTreeMap<&Path, &str> = files.iter().map(|(name, text)| (Path::new(*name), *text)).collect();
    matrix::load(Path::new("m/main.toml"), &|path| {
        let text = files.get(path).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))?;
        Ok(text.as_bytes().to_vec())
    })
}

fn rendered(error: &MatrixError) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, error)
        .expect("writing to a String");
    text
}

fn refused(files: &[(&str, &str)]) -> String {
    rendered(&load(files).expect_err("the matrix is wrong"))
}

/// `GOOD` with one text replaced, and `more` at its end.
fn with(old: &str, new: &str, more: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    GOOD.replacen(old, new, 1) + more
}

/// Checks that a matrix is refused and shows how.
macro_rules! refuse {
    ($($name:ident: $old:expr => $new:expr, $more:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(refused(&[("m/main.toml", &with($old, $new, $more))]));
        })*
    };
}

#[test]
fn the_good_one_is_good() {
    let matrix = load(&[("m/main.toml", GOOD)]).expect("a correct matrix");
    assert_eq!(matrix.name, "main");
    assert_eq!(matrix.datasets["blobs"].path, Path::new("m/blobs.csv"));
}

refuse! {
    an_address_is_not_a_package: "" => "", "[[artifact]]\npath = \"m.pkl\"\nallow-packages = [\"numpy\", \"evil @ https://example.org/x.whl\"]\n";
    building_in_an_image: "python = \"3.11\"\npackages = { scikit-learn = [\"1.2.2\", \"1.5.2\"] }" =>
        "runtime = \"container\"\nimage = \"x\"\nallow-build = true", "";
    a_mistyped_estimator: "Ridge()" => "make_pipeline(StandardScalar(), Ridge())", "";
    syntax: "python = " => "python ", "";
    unknown_key: "packages =" => "package =", "";
    unknown_table: "[datasets.blobs]" => "[dataset.blobs]", "";
    number_for_version: "\"3.11\"" => "3.11", "";
    wrong_type: "\"label\"" => "true", "";
    missing_key: "name = \"ridge\"" => "", "";
    missing_reason: "" => "", "[[expect]]\nverdict = \"drift\"\n";
    empty_reason: "" => "", "[[expect]]\nverdict = \"drift\"\nreason = \" \"\n";
    unknown_dataset: "estimator = \"Ridge()\"" => "estimator = \"Ridge()\"\ndataset = \"blob\"", "";
    unknown_inputs: "estimator = \"Ridge()\"" => "estimator = \"Ridge()\"\ninputs = \"zzz\"", "";
    unknown_format: "estimator = \"Ridge()\"" => "estimator = \"Ridge()\"\nformats = [\"pickle\", \"joblb\"]", "";
    unknown_environment: "" => "", "[[expect]]\nproducer = \"sk1.2.1\"\nverdict = \"drift\"\nreason = \"r\"\n";
    unknown_model_in_expect: "" => "", "[[expect]]\nmodel = \"rigde\"\nverdict = \"drift\"\nreason = \"r\"\n";
    unknown_model_in_tolerance: "" => "", "[[tolerance]]\nmodel = \"gp-*\"\nrtol = 1e-6\nstol = 1e-9\n";
    requirement_covers_nothing: "" => "", "[select]\nproducers = \"scikit-learn>=1.6\"\n";
    empty_selection: "" => "", "[select]\nconsumers = []\n";
    selection_against_roles: "packages =" => "role = \"producer\"\npackages =", "";
    duplicate_model: "name = \"logistic\"" => "name = \"ridge\"", "";
    duplicate_environment: "" => "", "[[environments]]\npython = \"3.11\"\npackages = { scikit-learn = \"1.2.2\" }\n";
    name_that_does_not_vary: "python = \"3.11\"" => "python = \"3.11\"\nname = \"py{python}\"", "";
    name_of_what_is_not_there: "python = \"3.11\"" => "python = \"3.11\"\nname = \"np{numpy}\"", "";
    ambiguous_version: "\"1.2.2\"" => "\"1.2\"", "";
    bad_version: "\"1.2.2\"" => "\"1.2.2 or so\"", "";
    range_over_unknown_majors: "scikit-learn =" => "joblib = \"0.14..1.2\", scikit-learn =", "";
    version_twice: "\"1.2.2\", \"1.5.2\"" => "\"1.2.2\", \"1.2.2\"", "";
    sklearn: "scikit-learn =" => "sklearn =", "";
    package_twice: "scikit-learn =" => "scikit_learn = \"1.5.2\", scikit-learn =", "";
    no_python: "python = \"3.11\"\n" => "", "";
    axis_excluded_away: "packages =" => "exclude = [{ scikit-learn = \"1.*\" }]\npackages =", "";
    exclusion_of_nothing: "packages =" => "exclude = [{ scikit-learn = \"1.6.*\" }]\npackages =", "";
    bad_time: "" => "", "[limits]\ntime = \"soon\"\n";
    bad_memory: "" => "", "[limits]\nmemory = -1\n";
    bad_verdict: "" => "", "[[expect]]\nverdict = [\"drift\", \"load_error\"]\nreason = \"r\"\n";
    bad_pair: "" => "", "[[tolerance]]\npair = \"cross-bit\"\nrtol = 1e-6\nstol = 1e-9\n";
    bad_tolerance: "" => "", "[[tolerance]]\nrtol = -1e-6\nstol = 1e-9\n";
    bad_digest: "path = \"blobs.csv\"" => "path = \"blobs.csv\"\ndigest = \"abc\"", "";
    bad_dtype: "path = \"blobs.csv\"" => "path = \"blobs.csv\"\ndtypes = { width = \"float\" }", "";
    bad_extension: "blobs.csv" => "blobs.xlsx", "";
    missing_recipe: "estimator = \"Ridge()\"" => "recipe = \"recipes/x.py\"", "";
    estimator_and_recipe: "estimator = \"Ridge()\"" => "estimator = \"Ridge()\"\nrecipe = \"x.py\"", "";
    neither_estimator_nor_recipe: "estimator = \"Ridge()\"" => "", "";
    bad_model_name: "\"ridge\"" => "\"ridge/alpha\"", "";
    bad_requirement: "estimator = \"Ridge()\"" => "estimator = \"Ridge()\"\nrequires = \"sklearn>=1\"", "";
    bad_role: "packages =" => "role = \"reader\"\npackages =", "";
    existing_with_packages: "python =" => "runtime = \"existing\"\ncommand = \"python3\"\npython =", "";
    several_at_once: "\"1.2.2\"" => "\"1.2\"", "[[models]]\nname = \"x\"\n[[models]]\nname = \"ridge\"\nestimator = \"Ridge()\"\n";
}

#[test]
fn no_environments_and_no_models() {
    insta::assert_snapshot!(refused(&[("m/main.toml", "[matrix]\nname = \"empty\"\n")]));
}

#[test]
fn no_such_file() {
    insta::assert_snapshot!(refused(&[]));
}

#[test]
fn not_utf8() {
    let error = matrix::load(Path::new("m/main.toml"), &|_| Ok(b"[matrix]\nname = \"\xff\"".to_vec()));
    insta::assert_snapshot!(rendered(&error.expect_err("not UTF-8")));
}

#[test]
fn an_error_in_the_base_points_into_the_base() {
    let base = with("\"1.2.2\"", "\"1.2\"", "");
    insta::assert_snapshot!(refused(&[("m/main.toml", "extends = \"base.toml\"\n"), ("m/base.toml", &base)]));
}

#[test]
fn a_missing_base() {
    insta::assert_snapshot!(refused(&[("m/main.toml", "extends = \"../base.toml\"\n")]));
}

#[test]
fn a_cycle() {
    let files =
        [("m/main.toml", "extends = \"b.toml\"\n"), ("m/b.toml", "\nextends = \"./../m/main.toml\"\n")];
    insta::assert_snapshot!(refused(&files));
}

#[test]
fn every_problem_has_a_place_and_advice() {
    let text = with("\"1.2.2\"", "\"1.2\"", "[[models]]\nname = \"x\"\n");
    let error = load(&[("m/main.toml", &text)]).expect_err("two mistakes");
    let lines: Vec<usize> = error.problems().iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 17]);
    assert!(error.problems().iter().all(|problem| problem.help.is_some()));
}
