use std::collections::BTreeSet;

use super::forecast::speaks_of_pickles;
use super::*;
use crate::vocab::{Expected, FileFacts, Stage, Verdict};

fn side(packages: &[(&str, &str)]) -> Side {
    let packages: std::collections::BTreeMap<String, String> =
        packages.iter().map(|(name, version)| ((*name).to_owned(), (*version).to_owned())).collect();
    Side::new("3.11.7", &packages, Some(64))
}

/// What a pickle shows of which nothing else is known.
fn symptom(verdict: Verdict, stage: Stage, texts: &[String]) -> Symptom<'_> {
    Symptom {
        verdict,
        stage,
        signal: None,
        misread: None,
        texts,
        module: None,
        frames: &[],
        outputs: &[],
        format: "pickle",
        damaged: false,
        translated: false,
        file: None,
        expression: "",
    }
}

/// A failing cell between two releases of scikit-learn with the numpy and joblib of their time.
fn id_of(
    verdict: Verdict,
    stage: Stage,
    text: &str,
    module: &str,
    producer: &str,
    consumer: &str,
) -> Option<&'static str> {
    let of = |version: &str| {
        let numpy = if version < "1.5" { "1.23.5" } else { "2.1.3" };
        side(&[("scikit-learn", version), ("numpy", numpy), ("joblib", "1.4.2"), ("scipy", "1.14.1")])
    };
    let texts = [text.to_owned()];
    let symptom = Symptom { module: Some(module), ..symptom(verdict, stage, &texts) };
    Explainer::new(&[of(producer), of(consumer)]).explain(&symptom, 0, 1).map(|rule| rule.id)
}

#[test]
fn where_little_is_known_of_the_writer_the_words_of_the_failure_say_enough() {
    let reader =
        side(&[("scikit-learn", "1.2.2"), ("numpy", "1.23.5"), ("joblib", "1.2.0"), ("scipy", "1.10.1")]);
    let file = FileFacts {
        globals: ["numpy._core.multiarray:_reconstruct".to_owned()].into(),
        whole: true,
        ..FileFacts::default()
    };
    let of = |writer: &[(&str, &str)], verdict, stage, text: &str| {
        let texts = [text.to_owned()];
        let symptom = Symptom {
            module: Some("numpy._core"),
            outputs: &["predict".to_owned()],
            file: Some(&file),
            ..symptom(verdict, stage, &texts)
        };
        Explainer::new(&[side(writer), reader.clone()]).explain(&symptom, 0, 1).map(|rule| rule.id)
    };
    let gone = "ModuleNotFoundError: No module named 'numpy._core'";
    let fails = |writer: &[(&str, &str)]| of(writer, Verdict::LoadError, Stage::Resolve, gone);
    assert_eq!(fails(&[("scikit-learn", "1.9.1"), ("numpy", "2.4.6")]), Some("numpy-core-module"));
    assert_eq!(fails(&[("scikit-learn", "1.9.1")]), Some("numpy-core-module"));
    let of_before = fails(&[("scikit-learn", "1.9.1"), ("numpy", "1.26.4")]);
    assert_eq!(of_before, Some("package-name-of-another-release"), "what is known speaks against the other");
    let drift = of(&[("scikit-learn", "1.9.1")], Verdict::Drift, Stage::Value, "");
    assert_eq!(drift, None, "of values a reader says nothing");
}

/// A failure of a class of a package that is not scikit-learn, whose reader has another release of that package.
#[test]
fn whichever_package_has_moved_a_failure_of_its_own_is_its_release() {
    let file = FileFacts {
        globals: [
            "tiny.cluster:TinyKMeans".to_owned(),
            "sksurv.linear_model:Cox".to_owned(),
            "sklearn.neighbors._kd_tree:KDTree".to_owned(),
        ]
        .into(),
        whole: true,
        ..FileFacts::default()
    };
    let of = |verdict, stage, text: &str, frames: &[&str], read: &[(&str, &str)]| {
        let texts = [text.to_owned()];
        let frames: Vec<String> = frames.iter().map(|frame| (*frame).to_owned()).collect();
        let symptom = Symptom { file: Some(&file), frames: &frames, ..symptom(verdict, stage, &texts) };
        let written = [("scikit-learn", "1.5.2"), ("tiny", "0.1"), ("scikit-survival", "0.21.0")];
        Explainer::new(&[side(&written), side(read)]).explain(&symptom, 0, 1).map(|rule| rule.id)
    };
    let (tiny, survival) = ([("scikit-learn", "1.5.2"), ("tiny", "0.2")], [("scikit-survival", "0.22.2")]);
    let lacks = "AttributeError: 'TinyKMeans' object has no attribute 'n_threads'";
    let own = ["sklearn.pipeline:predict:795", "tiny.cluster:predict:14"];
    let predicts = |text: &str, frames: &[&str], read: &[(&str, &str)]| {
        of(Verdict::PredictError, Stage::Predict, text, frames, read)
    };
    let attribute = Some("package-attribute-of-another-release");
    assert_eq!(predicts(lacks, &own, &tiny), attribute);
    assert_eq!(
        predicts(lacks, &own, &[("scikit-learn", "1.6.1"), ("tiny", "0.1")]),
        None,
        "it has not moved"
    );
    assert_eq!(predicts(lacks, &own[..1], &tiny), None, "another package asks");
    let tree = lacks.replace("TinyKMeans", "KDTree");
    assert_eq!(predicts(&tree, &own, &tiny), attribute, "it asks an object of another package");
    assert_eq!(predicts(&lacks.replace("Tiny", "Huge"), &own, &tiny), None, "no class of the file");
    let unfitted = "NotFittedError: This TinyKMeans instance is not fitted yet. Call 'fit'";
    let asked = ["tiny.cluster:predict:14", "sklearn.utils.validation:check_is_fitted:1721"];
    assert_eq!(predicts(unfitted, &asked, &tiny), attribute);
    assert_eq!(predicts(lacks, &["tiny.cluster:predict:14", "contextlib:__exit__:158"], &tiny), attribute);
    let gone = "ModuleNotFoundError: No module named 'sksurv.linear_model.cox'";
    let name = of(Verdict::LoadError, Stage::Resolve, gone, &[], &survival);
    assert_eq!(name, Some("package-name-of-another-release"));
    assert_eq!(of(Verdict::LoadError, Stage::Resolve, gone, &[], &tiny), None, "it is not there at all");
    for rule in rules().iter().filter(|rule| rule.package == ANY_PACKAGE) {
        let named = |pattern: &pattern::Pattern| {
            pattern.regex().unwrap().capture_names().flatten().any(|name| ["class", "module"].contains(&name))
        };
        assert!(rule.cases.iter().all(|case| case.general && case.across_versions), "{}", rule.id);
        assert!(rule.cases.iter().flat_map(|case| &case.messages).all(named), "{} names nothing", rule.id);
    }
}

#[test]
fn every_file_is_a_rule() {
    for (id, text) in files() {
        let rule = rule::Rule::parse(id, text).unwrap_or_else(|error| panic!("{error}"));
        for pattern in rule.cases.iter().flat_map(|case| case.messages.iter().chain(&case.pasted)) {
            assert!(pattern.regex().is_some(), "{id}: {} is no regular expression", pattern.as_str());
        }
        assert!(
            id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "{id}"
        );
    }
    assert_eq!(rules().len(), files().len());
    assert_eq!(rules().iter().map(|rule| rule.id).collect::<BTreeSet<_>>().len(), files().len());
}

#[test]
fn every_rule_says_what_a_reader_needs() {
    for rule in rules() {
        let id = rule.id;
        assert!(!rule.title.ends_with('.') && rule.title.len() < 90, "{id}: {}", rule.title);
        let sentences = rule.cause.split(". ").count();
        assert!((2..=3).contains(&sentences) && rule.cause.ends_with('.'), "{id}: {sentences} in the cause");
        assert!(rule.remedy.ends_with('.'), "{id}: {}", rule.remedy);
        assert!(!rule.links.is_empty() && rule.links.iter().all(|link| link.starts_with("https://")), "{id}");
        assert!(!rule.cases.is_empty(), "{id} never speaks");
        // What was done to a file on purpose asks for nothing else.
        for case in rule.cases.iter().filter(|case| !case.damaged) {
            assert!(!case.verdict.works(), "{id} explains what works");
            if case.verdict != Verdict::EnvError {
                let machines = case.across_bits
                    || case.across_byte_order
                    || case.across_versions
                    || !case.raised_in.is_empty();
                // A case of other formats than pickles is no forecast: it needs to say less.
                let elsewhere = case.also && !case.formats.is_empty();
                assert!(!case.consumer.is_empty() || machines || elsewhere, "{id} speaks of every reader");
                let speaks_of_files = case.general || elsewhere || case.file != FileCondition::default();
                assert!(speaks_of_files, "{id} speaks of every file");
            }
        }
    }
}

/// A pattern must not match what it does not explain: each text here differs from a known one in one word, one version
/// or one place.
#[test]
fn rules_do_not_catch_what_is_not_theirs() {
    use Stage::{Predict, Resolve, State};
    use Verdict::{LoadError, PredictError};
    let rows = [
        // The text of a known cause in a release that does not have it.
        (
            PredictError,
            Predict,
            "AttributeError: 'SimpleImputer' object has no attribute '_fit_dtype'",
            "",
            "1.2.2",
            "1.5.2",
        ),
        (
            LoadError,
            Resolve,
            "ModuleNotFoundError: No module named 'sklearn.ensemble._gb_losses'",
            "",
            "1.3.2",
            "1.2.2",
        ),
        // Another class, another attribute, another module.
        (
            PredictError,
            Predict,
            "AttributeError: 'MyImputer' object has no attribute '_fit_dtype'",
            "",
            "1.0.2",
            "1.5.2",
        ),
        (
            PredictError,
            Predict,
            "AttributeError: 'SimpleImputer' object has no attribute '_fit_dtype_'",
            "",
            "1.0.2",
            "1.5.2",
        ),
        (
            LoadError,
            Resolve,
            "ModuleNotFoundError: No module named 'numpy._core_extra'",
            "",
            "1.5.2",
            "1.2.2",
        ),
        (LoadError, Resolve, "ModuleNotFoundError: No module named 'my_losses'", "", "1.5.2", "1.3.2"),
        // A general message from somewhere else.
        (PredictError, Predict, "IndexError: tuple index out of range", "mypackage.model", "1.6.1", "1.5.2"),
        (PredictError, Predict, "TypeError: an integer is required", "mypackage.model", "1.9.1", "1.5.2"),
        (
            LoadError,
            State,
            "ValueError: too many values to unpack (expected 2)",
            "mypackage.model",
            "1.0.2",
            "1.9.1",
        ),
        (
            LoadError,
            State,
            "ValueError: Buffer dtype mismatch, expected 'SIZE_t' but got 'int'",
            "sklearn.tree._tree",
            "1.0.2",
            "1.0.2",
        ),
        // The right text at the wrong stage.
        (
            LoadError,
            State,
            "AttributeError: 'SimpleImputer' object has no attribute '_fit_dtype'",
            "",
            "1.0.2",
            "1.5.2",
        ),
        (LoadError, Stage::Read, "KeyError: 255", "pickle", "1.2.2", "1.5.2"),
    ];
    for (verdict, stage, text, module, producer, consumer) in rows {
        // A rule of a whole kind may say what kind it is of, and nothing of a class.
        let found = id_of(verdict, stage, text, module, producer, consumer);
        let found = found.filter(|id| !find(id).unwrap().cases.iter().all(|case| case.general));
        assert_eq!(found, None, "{text} from {module}, {producer} -> {consumer}");
    }
}

#[test]
fn rules_find_what_is_theirs() {
    use Stage::{Predict, Resolve, State};
    use Verdict::{LoadError, PredictError};
    let rows = [
        (
            LoadError,
            Resolve,
            "ModuleNotFoundError: No module named 'numpy._core'",
            "",
            "1.5.2",
            "1.2.2",
            "numpy-core-module",
        ),
        (
            PredictError,
            Predict,
            "AttributeError: 'SimpleImputer' object has no attribute '_fit_dtype'",
            "",
            "1.0.2",
            "1.5.2",
            "simple-imputer-attributes",
        ),
        (
            LoadError,
            State,
            "ValueError: node array from the pickle has an incompatible dtype:\n- expected: ...",
            "",
            "1.2.2",
            "1.3.2",
            "tree-node-layout",
        ),
        (
            LoadError,
            Resolve,
            "AttributeError: module 'sklearn.metrics._dist_metrics' has no attribute 'EuclideanDistance'",
            "",
            "1.2.2",
            "1.3.2",
            "neighbours-metric-classes",
        ),
        (
            LoadError,
            Resolve,
            "AttributeError: Can't get attribute 'EuclideanDistance' on <module 'sklearn.metrics._dist_metrics' from 'x.so'>",
            "",
            "1.2.2",
            "1.3.2",
            "neighbours-metric-classes",
        ),
    ];
    for (verdict, stage, text, module, producer, consumer, id) in rows {
        assert_eq!(id_of(verdict, stage, text, module, producer, consumer), Some(id), "{text}");
    }
}

#[test]
fn pasted_messages_are_taken_as_they_come() {
    let rows = [
        ("ModuleNotFoundError: No module named 'numpy._core'", "numpy-core-module"),
        ("No module named numpy._core", "numpy-core-module"),
        (
            "> E       ModuleNotFoundError: No module named \u{2018}sklearn.ensemble.forest\u{2019}",
            "sklearn-private-modules",
        ),
        (
            "ValueError: node array from the pickle\n    has an incompatible dtype:\n- expected: {'names': [...",
            "tree-node-layout",
        ),
        (
            "joblib.load failed\\nAttributeError: 'SimpleImputer' object has no attribute \"_fill_dtype\"",
            "simple-imputer-attributes",
        ),
        ("KeyError: 255", "joblib-alignment-pad"),
        (
            "  File \"/x/site-packages/sklearn/linear_model/_base.py\", line 365, in decision_function\nIndexError: tuple index out of range",
            "ridge-classifier-coefficients",
        ),
        (
            "ValueError: numpy.dtype size changed, may indicate binary incompatibility. Expected 96",
            "numpy-abi",
        ),
    ];
    for (text, id) in rows {
        let found = for_message(text);
        assert_eq!(found.first().map(|found| found.rule.id), Some(id), "{text}: {found:?}");
    }
    let last_line = for_message("AttributeError: 'str' object has no attribute 'transform'");
    let passthrough = last_line.iter().find(|found| found.rule.id == "column-transformer-passthrough");
    assert!(passthrough.is_some_and(|found| found.vague), "no place is known: {last_line:?}");
    for text in
        ["", "KeyError: 'a'", "IndexError: tuple index out of range", "ValueError: something else", "E"]
    {
        assert!(for_message(text).is_empty(), "{text}");
    }
}

#[test]
fn conditions_on_files_say_what_they_know() {
    let condition = FileCondition {
        classes: vec!["SimpleImputer".to_owned()],
        lacks: vec!["SimpleImputer._fit_dtype".to_owned()],
        ..FileCondition::default()
    };
    let mut facts = FileFacts::default();
    assert_eq!(cells::holds(&condition, &facts), None, "nothing is known of half a file");
    facts.whole = true;
    assert_eq!(cells::holds(&condition, &facts), Some(false), "a whole file without the class");
    let object = facts.objects.entry("SimpleImputer".to_owned()).or_default();
    assert_eq!(object.attributes.len(), 0);
    assert_eq!(cells::holds(&condition, &facts), None, "an object whose attributes are not known");
    let object = facts.objects.entry("SimpleImputer".to_owned()).or_default();
    object.attributes.insert("statistics_".to_owned());
    assert_eq!(cells::holds(&condition, &facts), Some(true));
    let object = facts.objects.entry("SimpleImputer".to_owned()).or_default();
    object.attributes.insert("_fit_dtype".to_owned());
    assert_eq!(cells::holds(&condition, &facts), Some(false));
}

/// A file of a scaler, as scikit-learn 1.5 writes it.
fn scaler() -> FileFacts {
    let mut file = FileFacts { whole: true, ..FileFacts::default() };
    file.globals.extend(
        ["sklearn.preprocessing._data:MaxAbsScaler", "numpy:ndarray", "numpy:dtype"].map(str::to_owned),
    );
    let object = file.objects.entry("MaxAbsScaler".to_owned()).or_default();
    object.versions.insert("1.5.2".to_owned());
    object.attributes.extend(["copy", "scale_", "max_abs_"].map(str::to_owned));
    file
}

#[test]
fn forecasts_rest_on_rules_and_on_what_was_tried() {
    let to = |packages: &[(&str, &str)]| forecast(&scaler(), &side(packages));
    let all = |version: &'static str| {
        [("scikit-learn", version), ("numpy", "2.3.5"), ("scipy", "1.16.3"), ("joblib", "1.5.3")]
    };
    assert_eq!(to(&all("1.7.2")).expected, Expected::Works);
    let broken = to(&all("1.8.0"));
    assert_eq!((broken.expected, broken.stage), (Expected::Breaks, Some(Stage::Predict)));
    assert_eq!(broken.causes, ["scaler-clip"]);
    // Nobody has tried the next release, and nobody knows an environment without scikit-learn.
    assert_eq!(to(&all("7.0")).expected, Expected::Unknown);
    assert_eq!(to(&[("numpy", "2.3.5")]).expected, Expected::Unknown);

    // A name that no tried file had, half a file, a file that does not say who wrote it.
    let target = side(&all("1.7.2"));
    let mut strange = scaler();
    strange.globals.insert("mypackage:Scaler".to_owned());
    let answer = forecast(&strange, &target);
    assert_eq!(answer.expected, Expected::Unknown);
    assert!(answer.because.iter().any(|line| line.contains("mypackage:Scaler")), "{answer:?}");
    let half = FileFacts { whole: false, ..scaler() };
    assert_eq!(forecast(&half, &target).expected, Expected::Unknown);
    let mut silent = scaler();
    silent.objects.clear();
    assert_eq!(forecast(&silent, &target).expected, Expected::Unknown);
}

/// What a case asks of the producer beyond scikit-learn must show in the file, or no forecast could ever see it.
#[test]
fn what_a_file_cannot_show_is_hidden() {
    for rule in rules() {
        for case in rule.cases.iter().filter(|case| !case.also && case.verdict != Verdict::EnvError) {
            let foreign = case.producer.iter().any(|requirement| requirement.package != "scikit-learn");
            let shows = !case.file.globals.is_empty() || case.file.padded || case.file.protocol.is_some();
            assert!(!foreign || shows || case.hidden, "{}", rule.id);
        }
    }
}

/// A cause that hangs on a package that most environments do not have would make every forecast unsure, unless the file
/// shows that it has to do with that package.
#[test]
fn causes_of_other_packages_are_about_files_that_name_them() {
    let everywhere = ["scikit-learn", "numpy", "scipy", "joblib", "python"];
    for rule in rules() {
        for case in rule.cases.iter().filter(|case| case.verdict != Verdict::EnvError) {
            let is_common = case.consumer.iter().all(|wanted| everywhere.contains(&wanted.package.as_str()));
            let is_told = !case.file.globals.is_empty() || !speaks_of_pickles(case);
            assert!(is_common || is_told, "{}", rule.id);
        }
    }
}

#[test]
fn every_rule_has_a_mend_or_says_why_it_cannot_have_one() {
    let both: Vec<&str> = rules()
        .iter()
        .filter(|rule| rule.no_mend.is_some() && rule.mend().is_some_and(|text| !text.contains(".refuse(")))
        .map(|rule| rule.id)
        .collect();
    assert!(both.is_empty(), "these have a mend that refuses nothing, and say that none can exist: {both:?}");
    let open: Vec<&str> = rules()
        .iter()
        .filter(|rule| !rule.has_mend() && rule.no_mend.is_none())
        .map(|rule| rule.id)
        .collect();
    assert!(open.is_empty(), "write a mend for each of these, or `no-mend`: {open:?}");
    let trained: Vec<&str> = rules()
        .iter()
        .filter(|rule| rule.has_mend() && rule.remedy.to_lowercase().contains("train again"))
        .map(|rule| rule.id)
        .collect();
    assert!(trained.is_empty(), "nobody has to train where a mend exists: {trained:?}");
    let alone: Vec<&str> = MENDS.iter().map(|(id, _)| *id).filter(|id| find(id).is_none()).collect();
    assert!(alone.is_empty(), "these mends belong to no rule: {alone:?}");
}

/// Mends, each with a model that shows it in real environments, or why there is none.
#[derive(serde::Deserialize)]
struct ShownMends {
    rows: Vec<ShownMend>,
    unshown: Vec<ShownMend>,
}

#[derive(serde::Deserialize)]
struct ShownMend {
    mend: String,
}

#[test]
fn every_mend_is_shown_in_real_environments_or_it_is_said_why_not() {
    let table: ShownMends = toml::from_str(include_str!("../../tests/end_to_end/mends.toml")).unwrap();
    let shown: BTreeSet<&str> = table.rows.iter().map(|row| row.mend.as_str()).collect();
    let unshown: BTreeSet<&str> = table.unshown.iter().map(|row| row.mend.as_str()).collect();
    let there: BTreeSet<&str> = MENDS.iter().map(|(id, _)| *id).collect();
    assert_eq!(shown.intersection(&unshown).count(), 0, "shown, and said not to be");
    assert_eq!(&shown | &unshown, there, "add a row to tests/end_to_end/mends.toml");
}
