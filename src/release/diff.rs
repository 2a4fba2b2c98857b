//! What changed between two releases for files that exist.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Lineage, Meaning, meaning};
use super::overlay::{elsewhere, has_lost, structs};
use super::reach::{ASKED, Reached, given, reached};
use crate::vocab::{
    ChecksumChange, CompiledFacts, GoneName, LackingAttribute, ParameterChange, ReleaseDiff, ReleaseFacts,
    StateChange, StateChangeKind, StructChange, UnreadAttribute, When,
};

/// Methods by which a state is given and taken.
const STATES: [&str; 5] = ["__setstate__", "__getstate__", "__reduce__", "__reduce_ex__", "__new__"];

/// An estimator of the earlier release, and what it reaches there.
struct Estimator<'r> {
    module: &'r str,
    name: &'r str,
    before: Lineage<'r>,
    /// From all of its methods.
    reached: Reached,
}

/// What changed from one release to another.
pub fn diff(from: &ReleaseFacts, to: &ReleaseFacts) -> ReleaseDiff {
    let estimators = estimators(from);
    let mut diff = ReleaseDiff {
        from: format!("{} {}", from.project, from.version),
        to: format!("{} {}", to.project, to.version),
        is_compiled: from.is_compiled && to.is_compiled,
        ..ReleaseDiff::default()
    };
    diff.structs = struct_changes(from, to, &estimators);
    diff.gone = gone(from, to, &estimators);
    diff.checksums = checksums(from, to, &estimators);
    of_estimators(from, to, &estimators, &mut diff);
    diff
}

/// The classes that can be fitted and that public packages show.
fn estimators(release: &ReleaseFacts) -> Vec<Estimator<'_>> {
    let is_public = |module: &str| !module.split('.').any(|part| part.starts_with('_'));
    let packages = release.modules.iter().filter(|(name, facts)| facts.is_package && is_public(name));
    let shown: BTreeSet<&str> =
        packages.flat_map(|(_, facts)| facts.names.keys().map(String::as_str)).collect();
    let mut found = Vec::new();
    for (module, facts) in &release.modules {
        for name in facts.classes.keys().filter(|name| shown.contains(name.as_str())) {
            let Some(before) = Lineage::of(release, module, name) else { continue };
            if before.method("fit", 0).is_none() {
                continue;
            }
            let reached = reached(release, &before, &all_methods(&before));
            found.push(Estimator { module, name, before, reached });
        }
    }
    found
}

fn all_methods<'r>(lineage: &Lineage<'r>) -> Vec<&'r str> {
    let shapes = lineage.classes.iter().map(|(_, _, shape)| *shape);
    let names: BTreeSet<&str> = shapes.flat_map(|shape| shape.methods.keys().map(String::as_str)).collect();
    names.into_iter().collect()
}

/// The estimators of which something is so.
fn those(estimators: &[Estimator<'_>], is_so: impl Fn(&Estimator<'_>) -> bool) -> BTreeSet<String> {
    estimators
        .iter()
        .filter(|estimator| is_so(estimator))
        .map(|estimator| estimator.name.to_owned())
        .collect()
}

/// Whether an estimator reaches a class or function of a module, or a compiled module.
fn reaches(estimator: &Estimator<'_>, module: &str, name: &str) -> bool {
    let full = format!("{module}.{name}");
    let is_it =
        |body: &String| body.strip_prefix(&full).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    (estimator.module, estimator.name) == (module, name)
        || estimator.reached.compiled.contains(module)
        || estimator
            .reached
            .bodies
            .range(full.clone()..)
            .take_while(|(body, _)| body.starts_with(&full))
            .any(|(body, _)| is_it(body))
}

fn struct_changes(from: &ReleaseFacts, to: &ReleaseFacts, estimators: &[Estimator<'_>]) -> Vec<StructChange> {
    let mut changes = Vec::new();
    for (module, name, before) in structs(from) {
        let Some((_, _, after)) = structs(to).find(|it| (it.0, it.1) == (module, name)) else { continue };
        let names =
            |fields: &[(String, u64)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        let (old, new) = (names(&before.fields), names(&after.fields));
        let is_resized = before.size > 0 && after.size > 0 && before != after;
        if old == new && !is_resized {
            continue;
        }
        changes.push(StructChange {
            module: module.to_owned(),
            name: name.to_owned(),
            added: new.iter().filter(|field| !old.contains(field)).cloned().collect(),
            removed: old.iter().filter(|field| !new.contains(field)).cloned().collect(),
            sizes: (before.size, after.size),
            estimators: those(estimators, |estimator| reaches(estimator, module, name)),
        });
    }
    changes
}

/// The names of a release that files import: classes, functions that are public, types of compiled modules.
fn names_of(release: &ReleaseFacts) -> impl Iterator<Item = (&str, &str)> {
    release.modules.iter().flat_map(|(module, facts)| {
        let types = |compiled: &CompiledFacts| {
            // What is written as a class is: `DTYPE_t` and `SIZE` are not.
            let is_type = |name: &&String| {
                let begins = name.trim_start_matches('_').starts_with(|first: char| first.is_uppercase());
                let is_class =
                    begins && name.contains(|letter: char| letter.is_lowercase()) && !name.ends_with("_t");
                is_class && !name.starts_with("__Pyx") || name.starts_with("__pyx_unpickle_")
            };
            compiled.types.iter().filter(is_type).cloned().collect::<BTreeSet<_>>()
        };
        let compiled: BTreeSet<String> = facts.compiled.as_ref().map(types).unwrap_or_default();
        let own = compiled.into_iter().filter_map(move |name| {
            Some((module.as_str(), facts.compiled.as_ref()?.types.get(&name)?.as_str()))
        });
        let functions = facts.functions.keys().filter(|name| !name.starts_with('_'));
        let written = facts.classes.keys().chain(functions).map(move |name| (module.as_str(), name.as_str()));
        written.chain(own)
    })
}

/// Types that Cython adds to every module with memory views.
const OF_CYTHON: [&str; 5] = ["Enum", "memoryview", "array", "View", "__pyx_unpickle_Enum"];
/// The state of the first of them.
const STATE_OF_ENUM: &str = "name";

fn gone(from: &ReleaseFacts, to: &ReleaseFacts, estimators: &[Estimator<'_>]) -> Vec<GoneName> {
    let mut found = Vec::new();
    for (module, name) in names_of(from).filter(|(_, name)| !OF_CYTHON.contains(name)) {
        let is_module = match meaning(to, module, name) {
            Meaning::NoName => false,
            Meaning::NoModule => true,
            Meaning::Uncertain if has_lost(Some(from), to, module, name) => false,
            _ => continue,
        };
        let likely = || {
            let compiled = to.modules.get(module)?.compiled.as_ref()?;
            let begins = |other: &&String| other.starts_with(name) && other.len() <= name.len() + 3;
            compiled.types.iter().filter(begins).max_by_key(|other| other.len()).cloned()
        };
        found.push(GoneName {
            module: module.to_owned(),
            is_module,
            name: name.to_owned(),
            elsewhere: elsewhere(to, name),
            likely: likely(),
            estimators: those(estimators, |estimator| reaches(estimator, module, name)),
        });
    }
    found
}

fn checksums(from: &ReleaseFacts, to: &ReleaseFacts, estimators: &[Estimator<'_>]) -> Vec<ChecksumChange> {
    let compiled = |release: &'_ ReleaseFacts, module: &str| -> Option<BTreeMap<u64, String>> {
        let compiled = release.modules.get(module)?.compiled.as_ref()?;
        Some(compiled.checksums.clone()).filter(|it| !it.is_empty())
    };
    let mut changes = Vec::new();
    for module in from.modules.keys() {
        let (Some(before), Some(after)) = (compiled(from, module), compiled(to, module)) else { continue };
        // One state has several checksums, one a way of computing it: it is refused where none of them is taken.
        let states: BTreeSet<&String> = before.values().filter(|state| *state != STATE_OF_ENUM).collect();
        let refused =
            |state: &&String| !before.iter().any(|(sum, of)| of == *state && after.contains_key(sum));
        let refused: Vec<String> = states.into_iter().filter(|state| refused(state)).cloned().collect();
        if !refused.is_empty() {
            let estimators = those(estimators, |estimator| estimator.reached.compiled.contains(module));
            changes.push(ChecksumChange { module: module.clone(), refused, estimators });
        }
    }
    changes
}

fn of_estimators(
    from: &ReleaseFacts,
    to: &ReleaseFacts,
    estimators: &[Estimator<'_>],
    diff: &mut ReleaseDiff,
) {
    let mut lacking: BTreeMap<(String, String, When), BTreeSet<String>> = BTreeMap::new();
    let mut unread: BTreeMap<(String, bool, bool, bool), BTreeSet<String>> = BTreeMap::new();
    let mut states: BTreeMap<(String, StateChangeKind), BTreeSet<String>> = BTreeMap::new();
    for estimator in estimators {
        let name = estimator.name.to_owned();
        let Some(after) = Lineage::of(to, estimator.module, estimator.name) else { continue };
        let before = &estimator.before;
        parameters(before, &after, &name, &mut diff.parameters);
        let old = reached(from, before, &ASKED);
        let new = reached(to, &after, &ASKED);
        let now = reached(to, &after, &all_methods(&after));
        let written = given(from, before);
        for (attribute, (when, reader)) in &new.read {
            let is_there = written.contains(attribute)
                || attribute.starts_with("__")
                || after.supplies(attribute)
                || new.sets.contains(attribute)
                || new.asked.contains(attribute)
                || old.reads(attribute);
            if !is_there {
                lacking.entry((attribute.clone(), reader.clone(), *when)).or_default().insert(name.clone());
            }
        }
        for attribute in written.iter().filter(|it| estimator.reached.reads(it) && !now.reads(it)) {
            let is_parameter = |lineage: &Lineage<'_>| {
                let init = lineage.method("__init__", 0);
                init.is_some_and(|(_, body)| body.parameters.iter().any(|(name, _)| name == attribute))
            };
            let key = (attribute.clone(), is_parameter(before), is_parameter(&after), old.reads(attribute));
            unread.entry(key).or_default().insert(name.clone());
        }
        for method in STATES {
            let of = |lineage: &Lineage<'_>| {
                let (at, body) = lineage.method(method, 0)?;
                let (module, class, _) = lineage.classes[at];
                Some((format!("{module}.{class}.{method}"), body.digest.clone()))
            };
            let (method, change) = match (of(before), of(&after)) {
                (None, Some((method, _))) => (method, StateChangeKind::New),
                (Some((method, _)), None) => (method, StateChangeKind::Gone),
                (Some(old), Some(new)) if old.1 != new.1 => (new.0, StateChangeKind::Changed),
                _ => continue,
            };
            states.entry((method, change)).or_default().insert(name.clone());
        }
    }
    diff.lacking = lacking
        .into_iter()
        .map(|((attribute, reader, when), estimators)| LackingAttribute {
            attribute,
            reader,
            when,
            estimators,
        })
        .collect();
    diff.lacking.sort_by_key(|it| it.when);
    diff.unread = unread
        .into_iter()
        .map(|((attribute, was_parameter, is_parameter, was_read_by_predictions), estimators)| {
            UnreadAttribute { attribute, was_parameter, is_parameter, was_read_by_predictions, estimators }
        })
        .collect();
    diff.unread.sort_by_key(|it| (!it.was_read_by_predictions, !it.was_parameter));
    diff.states = states
        .into_iter()
        .map(|((method, change), estimators)| StateChange { method, change, estimators })
        .collect();
}

fn parameters(before: &Lineage<'_>, after: &Lineage<'_>, name: &str, changes: &mut Vec<ParameterChange>) {
    let of = |lineage: &Lineage<'_>| -> Vec<(String, Option<String>)> {
        lineage.method("__init__", 0).map(|(_, body)| body.parameters.clone()).unwrap_or_default()
    };
    let (old, new) = (of(before), of(after));
    let lacks =
        |others: &[(String, Option<String>)], name: &String| !others.iter().any(|(other, _)| other == name);
    let mut change = ParameterChange {
        added: new.iter().filter(|(name, _)| lacks(&old, name)).cloned().collect(),
        removed: old.iter().filter(|(name, _)| lacks(&new, name)).cloned().collect(),
        defaults: Vec::new(),
        estimators: BTreeSet::from([name.to_owned()]),
    };
    for (name, default) in &old {
        let now = new.iter().find(|(other, _)| other == name).map(|(_, default)| default);
        if let Some(now) = now.filter(|now| *now != default) {
            change.defaults.push((name.clone(), default.clone(), now.clone()));
        }
    }
    if change.added.is_empty() && change.removed.is_empty() && change.defaults.is_empty() {
        return;
    }
    let is_like = |known: &&mut ParameterChange| {
        known.added == change.added && known.removed == change.removed && known.defaults == change.defaults
    };
    match changes.iter_mut().find(is_like) {
        Some(known) => known.estimators.extend(change.estimators),
        None => changes.push(change),
    }
}
