//! From everything that a static look found to what rules ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::forecast::SCIKIT_LEARN;
use super::rules;
use crate::vocab::{ArtifactKind, ClassFact, Digest, FileFacts, Inspection, Member, ObjectFacts, SkopsFacts};

/// `Class.parameter` whose values rules ask for.
static ASKED: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    let cases = rules().iter().flat_map(|rule| &rule.cases);
    cases.flat_map(|case| case.file.parameters.keys().map(String::as_str)).collect()
});

/// What [`FileFacts::asked`] is for the rules of this version.
pub fn asked() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        // The first entry counts what facts have become since.
        let names: Vec<&str> = ["4"].into_iter().chain(ASKED.iter().copied()).collect();
        Digest::of(names.join("\n").as_bytes()).short()
    });
    &TEXT
}

/// The facts of an inspected artifact; `None` where it is no kind that rules speak of.
pub fn facts_of(inspection: &Inspection) -> Option<FileFacts> {
    match inspection.kind {
        ArtifactKind::Pickle | ArtifactKind::Joblib => {}
        ArtifactKind::Skops => return inspection.skops.as_ref().map(|skops| of_schema(inspection, skops)),
        // An archive is what the one model in it is.
        ArtifactKind::Zip | ArtifactKind::Tar => {
            let is_pickle =
                |member: &Member| matches!(member.kind, ArtifactKind::Pickle | ArtifactKind::Joblib);
            inspection.only_member().filter(|member| is_pickle(member))?;
        }
        ArtifactKind::Onnx
        | ArtifactKind::Npy
        | ArtifactKind::Npz
        | ArtifactKind::Json
        | ArtifactKind::Mlflow
        | ArtifactKind::Xgboost
        | ArtifactKind::Lightgbm
        | ArtifactKind::Catboost
        | ArtifactKind::Unknown => return None,
    }
    let pickle = inspection.pickle.as_ref()?;
    let mut facts = FileFacts {
        globals: pickle.globals.iter().map(|global| format!("{}:{}", global.module, global.name)).collect(),
        protocol: pickle.protocols.last().copied().max(Some(pickle.protocol)),
        padded: pickle
            .joblib
            .as_ref()
            .filter(|joblib| joblib.aligned + joblib.packed > 0)
            .map(|j| j.aligned > 0),
        bits: agreed(pickle.pointers.iter().map(|pointer| pointer.bits)),
        byte_order: agreed(
            pickle
                .pointers
                .iter()
                .map(|pointer| pointer.byte_order)
                .chain(inspection.arrays.iter().filter_map(|array| array.byte_order)),
        ),
        releases: beside(inspection),
        categories: agreed(inspection.boosters.iter().filter_map(|booster| booster.categories)),
        asked: asked().to_owned(),
        whole: inspection.complete && pickle.unresolved_globals == 0 && inspection.problems.is_empty(),
        ..FileFacts::default()
    };
    for class in &pickle.classes {
        add(facts.objects.entry(class.name.clone()).or_default(), class);
    }
    Some(facts)
}

/// What the schema of a file of skops says.
fn of_schema(inspection: &Inspection, skops: &SkopsFacts) -> FileFacts {
    let name = |path: &String| path.rsplit_once('.').map(|(module, name)| format!("{module}:{name}"));
    let mut facts = FileFacts {
        globals: skops.types.keys().filter_map(name).collect(),
        releases: beside(inspection),
        byte_order: agreed(inspection.arrays.iter().filter_map(|array| array.byte_order)),
        asked: asked().to_owned(),
        is_schema: true,
        whole: inspection.complete && inspection.problems.is_empty(),
        ..FileFacts::default()
    };
    for class in &skops.classes {
        add(facts.objects.entry(class.name.clone()).or_default(), class);
    }
    facts
}

/// What is recorded of other packages than scikit-learn, whose releases the objects name class by class.
fn beside(inspection: &Inspection) -> BTreeMap<String, BTreeSet<String>> {
    let others = inspection.versions.iter().filter(|(package, _)| *package != SCIKIT_LEARN);
    others.map(|(package, versions)| (package.clone(), versions.clone())).collect()
}

fn add(object: &mut ObjectFacts, class: &ClassFact) {
    object.versions.extend(class.versions.keys().cloned());
    for (name, fact) in &class.attributes {
        object.attributes.insert(name.clone());
        if ASKED.contains(format!("{}.{name}", class.name).as_str()) {
            let values = object.values.entry(name.clone()).or_default();
            values.extend(fact.values.iter().map(|value| value.trim_matches('\'').to_owned()));
        }
        if name == "classes_" {
            object.targets.extend(&fact.lengths);
        }
    }
}

/// The only value, where all say the same.
fn agreed<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}
