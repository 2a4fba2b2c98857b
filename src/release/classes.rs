//! What changed of one class between the release that wrote a file and the one that is to read it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::finding::Finding;
use super::names::{Lineage, Meaning, meaning};
use super::reach::{ASKED, FITS, Reached, given, reached};
use crate::vocab::{ReleaseFacts, When};

/// Methods by which a state is given and taken.
const STATES: [&str; 5] = ["__setstate__", "__reduce__", "__reduce_ex__", "__getstate__", "__new__"];

/// The changes of classes that were looked up before: many files hold objects of the same one.
#[derive(Debug, Default)]
pub struct Known {
    changes: BTreeMap<[String; 4], Arc<ClassChange>>,
}

/// The changes of one class.
#[derive(Debug, Default)]
pub(super) struct ClassChange {
    /// Attributes that fitting sets and that are named as such: an object without any of them was not fitted.
    fitted: BTreeSet<String>,
    /// What is read now and was not before, by attribute.
    reads: Vec<(String, Finding)>,
    /// What is so whatever the state holds.
    others: BTreeSet<Finding>,
}

impl Known {
    pub(super) fn change(
        &mut self,
        (module, name): (&str, &str),
        writer: &ReleaseFacts,
        target: &ReleaseFacts,
    ) -> Arc<ClassChange> {
        let key = [module, name, &writer.version, &target.version].map(str::to_owned);
        let change = self.changes.entry(key);
        Arc::clone(change.or_insert_with(|| Arc::new(ClassChange::of((module, name), writer, target))))
    }
}

impl ClassChange {
    /// What is found of an object with these attributes.
    pub(super) fn of_state(&self, state: &BTreeSet<String>) -> BTreeSet<Finding> {
        let is_unfitted = !self.fitted.is_empty() && !self.fitted.iter().any(|name| state.contains(name));
        let reads = self.reads.iter().filter(|(attribute, _)| !is_unfitted && !state.contains(attribute));
        reads.map(|(_, finding)| finding.clone()).chain(self.others.iter().cloned()).collect()
    }

    fn of((module, name): (&str, &str), writer: &ReleaseFacts, target: &ReleaseFacts) -> Self {
        let mut change = Self::default();
        let found = &mut change.others;
        let (before, after) = (Lineage::of(writer, module, name), Lineage::of(target, module, name));
        let (Some(before), Some(after)) = (before, after) else {
            // Machine code on one side at least.
            if matches!(meaning(target, module, name), Meaning::Compiled(_)) {
                compiled(&BTreeSet::from([module.to_owned()]), writer, target, found);
            } else {
                found.insert(Finding::Uncertain { name: format!("{module}:{name}") });
            }
            return change;
        };
        let class = name.to_owned();
        let fitted = reached(writer, &before, &FITS).sets.into_iter();
        change.fitted = fitted.filter(|name| name.ends_with('_') && !name.starts_with("__")).collect();
        let methods: Vec<&str> = ASKED
            .into_iter()
            .filter(|method| before.method(method, 0).is_some() && after.method(method, 0).is_some())
            .collect();
        let (old, new) = if methods.is_empty() {
            // No model: whoever holds it may call anything.
            let all = |lineage: &Lineage<'_>| -> Vec<String> {
                let shapes = lineage.classes.iter().map(|(_, _, shape)| *shape);
                shapes.flat_map(|shape| shape.methods.keys().cloned()).collect()
            };
            let (names, other) = (all(&before), all(&after));
            let some = |names: &[String], release, lineage: &_| {
                let names: Vec<&str> =
                    names.iter().map(String::as_str).filter(|name| !FITS.contains(name)).collect();
                reached(release, lineage, &names)
            };
            (some(&names, writer, &before), some(&other, target, &after))
        } else {
            (reached(writer, &before, &methods), reached(target, &after, &methods))
        };
        let given = given(target, &after);
        change.reads = lacking(&class, (&old, &new), (&before, &after, &given), !methods.is_empty());
        bodies(&class, (&old, &new), (&before, &after), found);
        compiled(&new.compiled, writer, target, found);
        let digests =
            |lineage: &Lineage<'_>, method| lineage.method(method, 0).map(|(_, body)| body.digest.clone());
        let changed = STATES.into_iter().filter(|method| digests(&before, method) != digests(&after, method));
        let methods: Vec<String> = changed.map(str::to_owned).collect();
        if !methods.is_empty() {
            found.insert(Finding::State { class, methods });
        }
        change
    }
}

/// What predictions read now, did not read before, and is not supplied otherwise.
fn lacking(
    class: &str,
    (old, new): (&Reached, &Reached),
    (before, lineage, given): (&Lineage<'_>, &Lineage<'_>, &BTreeSet<String>),
    is_model: bool,
) -> Vec<(String, Finding)> {
    let mut reads = Vec::new();
    let set_by_state: BTreeSet<&String> = lineage
        .classes
        .iter()
        .filter_map(|(_, _, shape)| shape.methods.get("__setstate__"))
        .flat_map(|body| body.strings.iter().chain(body.uses.values().flat_map(|uses| &uses.sets)))
        .collect();
    let is_there = |name: &String| {
        name.starts_with("__")
            || lineage.supplies(name)
            || set_by_state.contains(name)
            || new.sets.contains(name)
            || new.asked.contains(name)
    };
    for (attribute, (when, reader)) in &new.read {
        // What its own class gave it is in no state.
        if is_there(attribute) || old.reads(attribute) && !before.supplies(attribute) {
            continue;
        }
        reads.push((
            attribute.clone(),
            Finding::Attribute {
                class: class.to_owned(),
                attribute: attribute.clone(),
                reader: reader.clone(),
                when: *when,
                breaks: is_model
                    && !lineage.is_open
                    && match when {
                        When::Always => true,
                        // An attribute that the release itself gives its objects is read on purpose.
                        When::Likely => given.contains(attribute),
                        When::Sometimes => false,
                    },
            },
        ));
    }
    reads
}

/// Bodies that were reached before or are now, and are not the same.
fn bodies(
    class: &str,
    (old, new): (&Reached, &Reached),
    (before, after): (&Lineage<'_>, &Lineage<'_>),
    found: &mut BTreeSet<Finding>,
) {
    let names: BTreeSet<&String> = old.bodies.keys().chain(new.bodies.keys()).collect();
    let is_own = |name: &str| {
        let owner = name.rsplit_once('.').map_or("", |(owner, _)| owner);
        let mut classes = before.classes.iter().chain(&after.classes);
        classes.any(|(module, class, _)| {
            owner.strip_prefix(module).and_then(|it| it.strip_prefix('.')) == Some(*class)
        })
    };
    // A module may be another one while the code is the same.
    let last = |name: &str| name.rsplit('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let has = |bodies: &BTreeMap<String, String>, name: &str, digest: &String| {
        bodies.get(name) == Some(digest)
            || bodies.iter().any(|(other, known)| known == digest && last(other) == last(name))
    };
    let is_other = |name: &&String| match (old.bodies.get(*name), new.bodies.get(*name)) {
        (Some(before), Some(after)) => before != after,
        (Some(before), None) => !has(&new.bodies, name, before),
        (None, Some(after)) => !has(&old.bodies, name, after),
        (None, None) => false,
    };
    let changed = names.into_iter().filter(is_other).cloned();
    let (own, shared): (Vec<String>, Vec<String>) = changed.partition(|name| is_own(name));
    if !own.is_empty() || !shared.is_empty() {
        found.insert(Finding::Bodies { class: class.to_owned(), own, shared });
    }
}

/// Machine code of modules, unless the sources of both sides are there and the same.
fn compiled(
    modules: &BTreeSet<String>,
    writer: &ReleaseFacts,
    target: &ReleaseFacts,
    found: &mut BTreeSet<Finding>,
) {
    let sources = |release: &ReleaseFacts, module: &String| -> BTreeSet<String> {
        let compiled = release.modules.get(module).and_then(|it| it.compiled.as_ref());
        compiled.map(|it| it.sources.clone()).unwrap_or_default()
    };
    let is_other = |module: &&String| {
        let before = sources(writer, module);
        before.is_empty() || before != sources(target, module)
    };
    let modules: Vec<String> = modules.iter().filter(is_other).cloned().collect();
    if !modules.is_empty() {
        found.insert(Finding::Compiled { modules });
    }
}
