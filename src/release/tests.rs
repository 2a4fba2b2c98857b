//! Small releases of a package that nobody has, and files of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Collector, Known, diff, overlay};
use crate::vocab::{
    CompiledFacts, Expected, FileFacts, Forecast, Inspection, Layout, ObjectFacts, ReleaseFacts, Stage,
};

const INIT: (&str, &str) = ("p/__init__.py", "from ._model import Model\n");
const OLD: &str = "
from ._help import check

class Base:
    def __init__(self, alpha=1, kind='a'):
        self.alpha = alpha
        self.kind = kind

    def fit(self, X):
        self.coef_ = X
        return self

class Model(Base):
    def predict(self, X):
        X = check(self, X)
        return X + self.coef_ if self.kind == 'a' else X
";
const HELP: (&str, &str) = ("p/_help.py", "def check(model, X):\n    return X\n");

fn release(version: &str, files: &[(&str, &str)]) -> ReleaseFacts {
    let mut collector = Collector::default();
    for (path, source) in files {
        collector.add(path, source.as_bytes()).unwrap();
    }
    let mut facts = collector.finish().unwrap();
    (facts.project, facts.version) = ("p".to_owned(), version.to_owned());
    facts
}

fn old() -> ReleaseFacts {
    release("1", &[INIT, ("p/_model.py", OLD), HELP])
}

fn texts(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn inspection(array: Option<&[(&str, u64)]>) -> Inspection {
    let fields = array.unwrap_or_default().iter();
    let fields: Vec<_> =
        fields.map(|(name, offset)| json!({"name": name, "dtype": "<i8", "offset": offset})).collect();
    let arrays = json!([{
        "dtype": "x", "source": "pickle", "count": 1, "bytes": 8, "fortran": 0, "byte_order": null, "fields": fields,
        "item_size": null, "shapes": [],
    }]);
    let whole = json!({
        "size": 1, "kind": "pickle", "containers": [], "decoded_size": 1, "complete": true, "arrays": arrays, "versions": {},
        "problems": [],
    });
    serde_json::from_value(whole).unwrap()
}

fn file(attributes: &[&str]) -> FileFacts {
    let model =
        ObjectFacts { versions: texts(&["1"]), attributes: texts(attributes), ..ObjectFacts::default() };
    FileFacts {
        globals: texts(&["p._model:Model", "numpy:ndarray"]),
        objects: BTreeMap::from([("Model".to_owned(), model)]),
        whole: true,
        ..FileFacts::default()
    }
}

const STATE: [&str; 4] = ["alpha", "kind", "coef_", "_sklearn_version"];

fn forecast(writer: &ReleaseFacts, target: &ReleaseFacts, state: &[&str]) -> Forecast {
    let writers = BTreeMap::from([("1".to_owned(), writer)]);
    overlay(&file(state), &inspection(None), &writers, target, &mut Known::default())
}

fn told(source: &str, state: &[&str]) -> Forecast {
    forecast(&old(), &release("2", &[INIT, ("p/_model.py", source), HELP]), state)
}

#[test]
fn what_is_the_same_works_and_comments_change_nothing() {
    let commented = OLD.replace("        return self\n", "        # why\n        return self\n");
    let found = told(&commented, &STATE);
    assert_eq!(found.expected, Expected::Works, "{found:?}");
}

#[test]
fn a_name_that_is_gone_breaks_and_one_that_is_still_imported_does_not() {
    let moved = release("2", &[INIT, ("p/_model.py", "from ._new import Model\n"), ("p/_new.py", OLD), HELP]);
    let found = forecast(&old(), &moved, &STATE);
    assert_eq!(found.expected, Expected::Works, "{found:?}");
    let gone = release("2", &[("p/__init__.py", ""), ("p/_new.py", OLD), HELP]);
    let found = forecast(&old(), &gone, &STATE);
    assert_eq!((found.expected, found.stage), (Expected::Breaks, Some(Stage::Resolve)), "{found:?}");
    assert!(found.because[0].contains("p._new:Model"), "{found:?}");
    let made = release("2", &[INIT, ("p/_model.py", "def __getattr__(name):\n    return 1\n"), HELP]);
    assert_eq!(forecast(&old(), &made, &STATE).expected, Expected::Risk);
}

#[test]
fn an_attribute_that_is_read_now_breaks_unless_something_supplies_it() {
    let reads = OLD.replace("X = check(self, X)", "X = check(self, X) * self.scale_");
    let found = told(&reads, &STATE);
    assert_eq!((found.expected, found.stage), (Expected::Breaks, Some(Stage::Predict)), "{found:?}");
    assert!(found.because[0].contains("Model.scale_"), "{found:?}");
    let supplied = [
        reads.replace("class Model(Base):", "class Model(Base):\n    scale_ = 1\n"),
        reads.replace(
            "class Model(Base):",
            "class Model(Base):\n    @property\n    def scale_(self):\n        return 1\n",
        ),
        reads.replace(
            "class Model(Base):",
            "class Model(Base):\n    def __setstate__(self, state):\n        state.setdefault('scale_', 1)\n",
        ),
        reads.replace("self.scale_", "getattr(self, 'scale_', 1)"),
        reads.replace(
            "X = check(self, X) * self.scale_",
            "if hasattr(self, 'scale_'):\n            X = X * self.scale_",
        ),
        reads.replace(
            "X = check(self, X) * self.scale_",
            "try:\n            X = X * self.scale_\n        except AttributeError:\n            pass",
        ),
        reads.replace("class Model(Base):", "from elsewhere import Other\nclass Model(Base, Other):"),
    ];
    for source in supplied {
        assert_eq!(told(&source, &STATE).expected, Expected::Risk, "{source}");
    }
    // What nobody fitted is not asked, and what the file has is there.
    assert_eq!(told(&reads, &["alpha", "kind"]).expected, Expected::Risk);
    assert_eq!(told(&reads, &[&STATE[..], &["scale_"]].concat()).expected, Expected::Risk);
}

#[test]
fn a_function_that_gets_the_model_reads_it_too() {
    let reads = ("p/_help.py", "def check(model, X):\n    return X * model.scale_\n");
    let found = forecast(&old(), &release("2", &[INIT, ("p/_model.py", OLD), reads]), &STATE);
    assert_eq!(found.expected, Expected::Breaks, "{found:?}");
    let changed = ("p/_help.py", "def check(model, X):\n    return X * 2\n");
    let found = forecast(&old(), &release("2", &[INIT, ("p/_model.py", OLD), changed]), &STATE);
    assert_eq!(found.expected, Expected::Risk);
    assert!(
        found.because[0].contains("are the same; others that they reach are not: p._help.check"),
        "{found:?}"
    );
}

#[test]
fn without_the_release_that_wrote_it_or_without_the_end_nothing_works() {
    let target = old();
    let found = overlay(&file(&STATE), &inspection(None), &BTreeMap::new(), &target, &mut Known::default());
    assert_eq!(found.expected, Expected::Risk);
    let cut = FileFacts { whole: false, ..file(&STATE) };
    let writers = BTreeMap::from([("1".to_owned(), &target)]);
    let found = overlay(&cut, &inspection(None), &writers, &target, &mut Known::default());
    assert_eq!(found.expected, Expected::Unknown);
}

#[test]
fn of_a_release_that_holds_nothing_of_the_file_nothing_is_known() {
    let stranger = release("3", &[("q/__init__.py", "x = 1\n")]);
    let writer = old();
    let found = forecast(&writer, &stranger, &STATE);
    assert_eq!(found.expected, Expected::Unknown, "{found:?}");
    let mut wrapped = file(&STATE);
    wrapped.globals.insert("other.models:Wrapper".to_owned());
    let writers = BTreeMap::from([("1".to_owned(), &writer)]);
    let found = overlay(&wrapped, &inspection(None), &writers, &writer, &mut Known::default());
    assert_eq!(found.expected, Expected::Risk, "{found:?}");
}

/// A release with a compiled module that has one structure.
fn with_struct(version: &str, fields: &[(&str, u64)], size: u64) -> ReleaseFacts {
    let mut facts = old();
    facts.version = version.to_owned();
    let layout = Layout { size, fields: fields.iter().map(|(name, at)| ((*name).to_owned(), *at)).collect() };
    let compiled = CompiledFacts {
        is_machine: true,
        is_readable: true,
        structs: BTreeMap::from([("Node".to_owned(), layout)]),
        ..CompiledFacts::default()
    };
    facts.modules.entry("p._tree".to_owned()).or_default().compiled = Some(compiled);
    facts
}

#[test]
fn records_with_other_fields_are_refused() {
    let fields = [("left", 0), ("right", 8)];
    let longer = [("left", 0), ("right", 8), ("missing", 16)];
    let (before, after) = (with_struct("1", &fields, 16), with_struct("2", &longer, 24));
    let writers = BTreeMap::from([("1".to_owned(), &before)]);
    let of = |target: &ReleaseFacts, array: &[(&str, u64)]| {
        overlay(&file(&STATE), &inspection(Some(array)), &writers, target, &mut Known::default())
    };
    let found = of(&after, &fields);
    assert_eq!((found.expected, found.stage), (Expected::Breaks, Some(Stage::State)), "{found:?}");
    assert!(found.because[0].contains("wants the field missing"), "{found:?}");
    assert_eq!(of(&before, &fields).expected, Expected::Works);
    // Records of somebody else are none of its business.
    assert_eq!(of(&after, &[("mine", 0), ("yours", 8)]).expected, Expected::Works);
    let changed = diff(&before, &after);
    assert_eq!(changed.structs[0].added, ["missing"]);
}

#[test]
fn a_difference_says_what_lost_its_meaning() {
    let deaf = OLD
        .replace("if self.kind == 'a' else X", "")
        .replace(", kind='a'", "")
        .replace("        self.kind = kind\n", "");
    let found = diff(&old(), &release("2", &[INIT, ("p/_model.py", &deaf), HELP]));
    let unread = &found.unread[0];
    assert_eq!((unread.attribute.as_str(), unread.was_parameter, unread.is_parameter), ("kind", true, false));
    assert!(unread.was_read_by_predictions && unread.estimators.contains("Model"));
    assert_eq!(found.parameters[0].removed, [("kind".to_owned(), Some("'a'".to_owned()))]);
    let nothing = diff(&old(), &old());
    assert!(nothing.gone.is_empty() && nothing.lacking.is_empty() && nothing.unread.is_empty());
}

#[test]
fn what_every_branch_reads_is_read() {
    let choice = |first: &str, other: &str| {
        let body = format!(
            "        if X:\n            X = {first}\n        else:\n            X = {other}\n        return X + self.coef_"
        );
        OLD.replace("        return X + self.coef_ if self.kind == 'a' else X", &body)
    };
    let expected = |source: &str| told(source, &STATE).expected;
    assert_eq!(expected(&choice("self.scale_", "X * self.scale_")), Expected::Breaks);
    assert_eq!(expected(&choice("self.scale_", "X")), Expected::Risk);
    let nested = "1\n            if X:\n                X = self.scale_\n            else:\n                X = -self.scale_";
    assert_eq!(expected(&choice("self.scale_", nested)), Expected::Breaks);
    let early = choice("self.scale_", "X * self.scale_")
        .replace("        if X:", "        if not X:\n            return X\n        if X:");
    assert_eq!(expected(&early), Expected::Risk, "it may have ended before");
    let unfinished = choice("self.scale_", "self.scale_").replace("        else:", "        elif self:");
    assert_eq!(expected(&unfinished), Expected::Risk, "neither may be so");
}

#[test]
fn what_a_class_gave_its_objects_is_in_no_state() {
    let with = "    @property\n    def classes_(self):\n        return 1\n\n    def predict(self, X):\n        X = X * self.classes_\n";
    let gave = OLD.replace("    def predict(self, X):\n", with);
    let sets = OLD
        .replace("        self.coef_ = X\n", "        self.coef_ = X\n        self.classes_ = X\n")
        .replace("    def predict(self, X):\n", "    def predict(self, X):\n        X = X * self.classes_\n");
    let before = release("1", &[INIT, ("p/_model.py", &gave), HELP]);
    let after = release("2", &[INIT, ("p/_model.py", &sets), HELP]);
    let found = forecast(&before, &after, &STATE);
    assert_eq!((found.expected, found.stage), (Expected::Breaks, Some(Stage::Predict)), "{found:?}");
    assert_eq!(forecast(&after, &before, &STATE).expected, Expected::Risk);
}

#[test]
fn a_bare_module_is_found_where_the_reader_knows_it_so_only() {
    let with = |version: &str, is_bare| {
        let mut facts = old();
        facts.version = version.to_owned();
        let compiled = CompiledFacts {
            is_machine: true,
            is_readable: true,
            is_bare,
            types: texts(&["Loss"]),
            identifiers: texts(&["Loss"]),
            ..CompiledFacts::default()
        };
        facts.modules.entry("p._loss".to_owned()).or_default().compiled = Some(compiled);
        facts
    };
    let mut named = file(&STATE);
    named.globals.insert("_loss:Loss".to_owned());
    let writer = with("1", true);
    let writers = BTreeMap::from([("1".to_owned(), &writer)]);
    let of =
        |target: &ReleaseFacts| overlay(&named, &inspection(None), &writers, target, &mut Known::default());
    assert_eq!(of(&with("2", true)).expected, Expected::Works);
    let found = of(&with("2", false));
    assert_eq!((found.expected, found.stage), (Expected::Breaks, Some(Stage::Resolve)), "{found:?}");
    assert!(found.because[0].contains("p._loss:Loss"), "{found:?}");
}
