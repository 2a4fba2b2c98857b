//! What people give models to predict on, and what they say that comes out: whatever they write is what the model gets.

use std::sync::OnceLock;

use crate::context::{TestContext, models};

/// Models over a table of several types and over one dimension, with what pandas and scikit-learn say of them.
const MAKE: &str = r#"
import operator, joblib, numpy, pandas
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
generator = numpy.random.RandomState(0)
table = pandas.DataFrame({
    "n": generator.randn(40), "k": generator.randint(0, 4, 40), "flag": generator.rand(40) > 0.5,
    "town": generator.choice(["Ulm", "NA", None], 40),
})
table.to_csv("table.csv", index=False)
read = pandas.read_csv("table.csv")
label = numpy.where(read["n"] > 0, "late", "early")
others = make_column_selector(dtype_include=[object, "bool", "int64"])
columns = make_column_transformer((OneHotEncoder(), others), (StandardScaler(), ["n"]))
model = make_pipeline(columns, LogisticRegression()).fit(read, label)
joblib.dump(model, "typed.joblib")
said = pandas.DataFrame(model.predict_proba(read), columns=["probability(%s)" % c for c in model.classes_])
said = said[said.columns[::-1]]
said.insert(0, "arrival", model.predict(read))
said.to_csv("typed.csv", index=False)
lines = said.to_csv(index=False).split("\n")
lines[3] = lines[3].replace("0.", "O.", 1)
open("mistyped.csv", "w").write("\n".join(lines))
open("short.csv", "w").write("\n".join(lines[:3] + lines[5:]))
# It says nothing of what it was fitted on, and takes a DataFrame all the same.
silent = FunctionTransformer(operator.itemgetter(["k", "n"])).fit(read[["n", "k"]])
for name in ("feature_names_in_", "n_features_in_"):
    del silent.__dict__[name]
joblib.dump(silent, "silent.joblib")
line = numpy.sort(generator.rand(30))
joblib.dump(IsotonicRegression(out_of_bounds="clip").fit(line, line ** 2), "curve.joblib")
numpy.save("line.npy", line)
from sklearn.linear_model import LogisticRegression
few = generator.rand(12, 2)
one = LogisticRegression().fit(few, [0, 1] * 6)
joblib.dump(one, "one.joblib")
save = lambda name, head, *columns: open(name, "w").write(
    head + "\n" + "\n".join(",".join(map(str, row)) for row in zip(*columns)) + "\n"
)
save("few.csv", "a,b", *few.T.tolist())
labels, shares = one.predict(few), one.predict_proba(few)
save("floats.csv", "label", labels.astype(float))
save("words.csv", "label", [["no", "yes"][label] for label in labels])
save("others.csv", "label", labels + 1)
save("turned.csv", "probability(1),probability(0)", shares[:, 1], shares[:, 0])
save("classes.csv", "probability(no),probability(yes)", *shares.T)
save("margin.csv", "label,transform", labels, labels)
# As files of 0.23 are, which do not say how many columns they were fitted on.
from sklearn.linear_model import Ridge
from sklearn.preprocessing import Normalizer
def of_old(name, *steps):
    model = make_pipeline(*steps).fit(few, few[:, 0])
    for _, step in model.steps:
        step.__dict__.pop("n_features_in_", None)
    joblib.dump(model, name)
of_old("guessed.joblib", Normalizer(), StandardScaler(), Ridge())
of_old("refused.joblib", FunctionTransformer(numpy.diff), Ridge())
joblib.dump(TfidfVectorizer().fit(["good day", "bad day"]), "words.joblib")
joblib.dump(DictVectorizer().fit([{"a": 1, "b": "x"}, {"b": "y"}]), "records.joblib")
# Types that a CSV cannot say: categories with and without an order, moments, whole numbers with gaps.
typed = pandas.DataFrame({
    "size": pandas.Categorical(generator.choice(["S", "M", "L"], 60), ["S", "M", "L"], ordered=True),
    "town": pandas.Categorical(generator.choice(["Ulm", "Bern", "Graz"], 60)),
    "when": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(generator.randint(0, 10**6, 60), "s"),
    "rooms": pandas.array(generator.choice([1, 2, 3], 60), dtype="Int64"), "n": generator.randn(60),
})
typed.loc[3, "rooms"], typed.loc[4, "town"], typed.loc[5, "when"] = pandas.NA, None, pandas.NaT
NUMBERS = """def numbers(table):
    kinds = [str(kind) for kind in table.dtypes]
    assert kinds == ["category", "category", "datetime64[ns]", "Int64", "float64"], kinds
    assert table["size"].cat.ordered and not table["town"].cat.ordered
    codes = {"size": table["size"].cat.codes, "town": table["town"].cat.codes}
    moments = {"when": table["when"].dt.hour.fillna(-1), "rooms": table["rooms"].fillna(9).astype(float)}
    return table.assign(**codes, **moments)
"""
open("clocks.py", "w").write(NUMBERS)
import sys
sys.path.insert(0, ".")
import clocks
model = make_pipeline(FunctionTransformer(clocks.numbers), Ridge()).fit(typed, typed["n"])
joblib.dump(model, "clocks.joblib")
typed.to_csv("clocks.csv", index=False)
numpy.save("clocks.npy", model.predict(typed))
towns = typed[["town", "n"]].assign(town=typed["town"].cat.add_categories("Wien"))
boosted = HistGradientBoostingClassifier(categorical_features="from_dtype", max_iter=5, min_samples_leaf=2)
boosted.fit(towns, towns["town"] == "Bern")
joblib.dump(boosted, "towns.joblib")
towns.to_csv("towns.csv", index=False)
numpy.save("towns.npy", boosted.predict(towns))
open("records.json", "w").write('[{"a": 1, "b": "x"}, {"a": 3, "b": "y"}]')
"#;

/// A context with these models, and the path of the interpreter that made them.
fn made() -> (&'static TestContext, &'static str) {
    static MADE: OnceLock<(TestContext, String)> = OnceLock::new();
    let (context, python) = MADE.get_or_init(|| {
        let context = TestContext::new();
        let environment = "[[environments]]\nname = \"sk\"\npython = \"3.11\"\npackages = { scikit-learn = \"1.5.2\", \
                           numpy = \"1.26.4\", scipy = \"1.11.4\", joblib = \"1.3.2\", threadpoolctl = \"3.2.0\", \
                           pandas = \"2.2.3\", \
                           pyarrow = \"17.0.0\" }\n";
        let scaler = models(&[("scaler", "StandardScaler()")]);
        context.write("sk.toml", &format!("{environment}{}\n{scaler}", crate::context::DATA));
        context.run(["run", "sk.toml", "-q"]).expect(0);
        let python = context.interpreters("sk")["sk"].clone();
        context.python(&python, &["-c", MAKE]);
        (context, python)
    });
    (context, python)
}

/// Checks in the environment that made everything; what was said.
fn check(more: &[&str], code: i32) -> String {
    let (context, python) = made();
    // Runs of one test are not in the way of those of another.
    let context = context.twin();
    let on = ["check", "--on", python, "--made-by", python];
    let ended = context.run(on.into_iter().chain(more.iter().copied())).expect(code);
    format!("{}{}", ended.stdout(), ended.stderr())
}

#[test]
fn a_package_is_identical_where_it_was_packed_whatever_the_columns_are() {
    let (context, python) = made();
    let context = context.twin();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/frames/frames.py");
    fs_err::copy(folder, context.path("frames.py")).unwrap();
    let helper = context.run(["pack", "--helper"]).expect(0).stdout();
    context.write("shelflife_pack.py", &helper);
    for seed in ["1", "2"] {
        context.python(python, &["frames.py", seed, seed]);
        context.run(["check", seed, "--on", python, "--made-by", python, "-q"]).expect(0);
        let verdicts = context.verdicts("check");
        assert!(verdicts.len() > 30);
        for (cell, verdict) in verdicts {
            assert_eq!(verdict, "identical value", "{cell} with seed {seed}");
        }
    }
}

#[test]
fn a_parquet_file_is_what_pandas_reads_whatever_the_columns_are() {
    let (context, python) = made();
    let context = context.twin();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/frames/frames.py");
    fs_err::copy(folder, context.path("frames.py")).unwrap();
    context.write("shelflife_pack.py", &context.run(["pack", "--helper"]).expect(0).stdout());
    context.python(python, &["frames.py", "stored", "3", "parquet"]);
    let given = ["--inputs", "{dir}/{stem}.parquet", "--expected", "{dir}/{stem}.json"];
    let check = ["check", "stored", "--on", python, "--made-by", python, "-q"];
    context.run(check.into_iter().chain(given)).expect(0);
    let verdicts = context.verdicts("check");
    assert!(verdicts.len() > 25, "{verdicts:?}");
    for (cell, verdict) in verdicts {
        assert_eq!(verdict, "identical value", "{cell}");
    }
    // What is packed with such a file is handed over in the same way.
    let inputs = fs_err::read_dir(context.path("stored")).unwrap().flatten().map(|entry| entry.path());
    let inputs = inputs.filter(|path| path.to_string_lossy().contains("ordered-whole-category.parquet"));
    for inputs in inputs {
        let (model, inputs) = (inputs.with_extension("joblib"), inputs.display().to_string());
        let model = model.display().to_string();
        context.run(["pack", &model, "--inputs", &inputs, "--python", python, "-o", "packed"]).expect(0);
    }
    context.run(["check", "packed", "--on", python, "--made-by", python, "-q"]).expect(0);
}

#[test]
fn a_table_is_what_pandas_reads_and_expected_values_are_what_people_keep() {
    let said = check(&["typed.joblib", "--inputs", "{dir}/table.csv", "--expected", "{stem}.csv"], 0);
    assert!(said.contains("predict and predict_proba are compared with the expected values"), "{said}");
    assert!(said.contains("whole numbers: k; true or false: flag; texts: town"), "{said}");
    let said = check(&["silent.joblib", "--inputs", "table.csv"], 0);
    assert!(said.contains("identical"), "{said}");
}

#[test]
fn expected_values_that_are_mistyped_are_an_error_of_the_input() {
    let of = |expected: &str| check(&["typed.joblib", "--inputs", "table.csv", "--expected", expected], 102);
    let said = of("mistyped.csv").replace("\n  │ ", " ");
    assert!(said.contains("mistyped.csv:4, column `probability(late)`: `O."), "{said}");
    assert!(!said.contains("damaged"), "{said}");
    let said = of("short.csv").replace("\n  │ ", " ");
    assert!(said.contains("have 38 rows of") && said.contains("the inputs have 40"), "{said}");
    let said = of("{name}-{stm}.csv");
    assert!(said.contains("`{stm}`, which stands for nothing"), "{said}");
}

#[test]
fn expected_values_that_no_such_model_gives_are_told_and_not_judged() {
    let of = |expected: &str, code: i32| {
        check(&["one.joblib", "--inputs", "few.csv", "--expected", expected], code).replace("\n      ", " ")
    };
    for (expected, says) in [
        ("words.csv", "`words.csv`:2, column `label`: `"),
        ("words.csv", "is not a class of the model: its classes are 0, 1"),
        ("others.csv", "`2` is not a class of the model"),
        ("classes.csv", "`classes.csv`, column `probability(no)`: `no` is not a class of the model"),
        ("margin.csv", "`margin.csv`, column `transform`: the model does not have transform"),
    ] {
        let said = of(expected, 102);
        assert!(said.contains(says), "{expected}: {said}");
        assert!(!said.contains("drift") && !said.contains("damaged"), "{expected}: {said}");
    }
    for expected in ["floats.csv", "turned.csv"] {
        assert!(of(expected, 0).contains("identical"), "{expected}");
    }
}

#[test]
fn a_width_that_a_file_does_not_say_is_guessed_and_tried() {
    let said = check(&["guessed.joblib"], 0);
    assert!(
        said.contains("random numbers in 2 columns (as many as mean_ of StandardScaler tells)"),
        "{said}"
    );
    assert!(said.contains("identical"), "{said}");
    let said = check(&["refused.joblib"], 101).replace("\n      ", " ");
    assert!(said.contains("(as many as coef_ of Ridge tells) do not fit it"), "{said}");
    assert!(said.contains("--inputs") && !said.contains("damaged"), "{said}");
}

#[test]
fn one_dimension_lists_and_dictionaries_are_handed_over_as_they_are() {
    assert!(check(&["curve.joblib", "--inputs", "line.npy"], 0).contains("identical"));
    assert!(check(&["curve.joblib"], 0).contains("identical"), "one column is made up for it");
    assert!(check(&["records.joblib", "--inputs", "records.json"], 0).contains("identical"));
    let said = check(&["words.joblib"], 102);
    assert!(said.contains("give it --inputs") && !said.contains("damaged"), "{said}");
}

#[test]
fn inputs_of_a_matrix_may_be_a_path() {
    let (context, _) = made();
    let context = context.twin();
    let environment = context.read("sk.toml").split("[defaults]").next().unwrap().to_owned();
    let artifact = |inputs: &str| {
        format!("[[artifact]]\npath = \"typed.joblib\"\nproducer = \"sk\"\ninputs = \"{inputs}\"\n")
    };
    context
        .write("files.toml", &format!("{environment}{}expected = \"{{stem}}.csv\"\n", artifact("table.csv")));
    context.run(["run", "files.toml", "-q"]).expect(0);
    context.write("wrong.toml", &format!("{environment}{}", artifact("tabel.csv")));
    let said = context.run(["plan", "wrong.toml"]).expect(102);
    assert!(said.stderr().contains("tabel.csv"), "{said}");
}

/// A model of which `predict_proba` raises in the older environment alone, because its file says so.
const HALF: &str = r#"
import joblib, numpy
from sklearn.linear_model import LogisticRegression
CODE = "import sklearn\nif sklearn.__version__ < '1.3': inner.predict_proba = float"
class Half(LogisticRegression):
    def __reduce__(self):
        inner = LogisticRegression()
        inner.__dict__.update(self.__dict__)
        return eval, ("(exec(code, globals()), inner)[1]", {"code": CODE, "inner": inner})
X = numpy.random.RandomState(0).normal(size=(60, 3))
joblib.dump(Half().fit(X, X[:, 0] > 0), "half.joblib")
"#;

#[test]
fn an_output_is_compared_though_another_raises() {
    let context = crate::cli_files::trained().twin();
    let python = context.interpreters("both")["sk1.5.2"].clone();
    context.python(&python, &["-c", HALF]);
    context.run(["check", "half.joblib", "--made-by", "new.json", "--on", "old.json", "-q"]).expect(100);
    let results = context.results("check");
    let cell = results["cells"].as_array().unwrap().iter().find(|cell| cell["consumer"] == "old").unwrap();
    assert_eq!(cell["verdict"], "predict-error", "{cell}");
    assert!(cell["error"]["type"].as_str().unwrap().ends_with("TypeError"), "{cell}");
    let outputs = cell["outputs"].as_object().unwrap();
    assert!(outputs.contains_key("predict") && !outputs.contains_key("predict_proba"), "{cell}");
}

/// What a CSV cannot say of its columns is declared, and reaches the model as pandas has it; what is not declared and is refused
/// as texts is tried as categories.
#[test]
fn columns_of_a_csv_have_the_types_that_are_declared() {
    let types = "size=category(S<M<L),town=category,when=datetime,rooms=Int64";
    let given = ["clocks.joblib", "-i", "clocks.csv", "-e", "clocks.npy", "--module", "clocks.py"];
    let said = check(&[given.as_slice(), &["--dtype", types]].concat(), 0);
    assert!(said.contains("identical"), "{said}");
    let said = check(&[given.as_slice(), &["--dtype", "size=category(S<M)"]].concat(), 102);
    assert!(said.contains("`L` is none of the categories"), "{said}");
    let said = check(&[given.as_slice(), &["--dtype", "when=moment"]].concat(), 2);
    assert!(said.contains("size=category(S<M<L)"), "{said}");
    let said = check(&["towns.joblib", "-i", "towns.csv", "-e", "towns.npy"], 0);
    assert!(said.contains("identical"), "{said}");
}
