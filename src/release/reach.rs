//! What the methods of a class reach: attributes through `self`, and the bodies of everything that they name.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Lineage, Meaning, dotted};
use crate::vocab::{BodyFacts, ReleaseFacts, When};

/// The methods by which a model is asked.
pub(crate) const ASKED: [&str; 5] =
    ["predict", "predict_proba", "decision_function", "transform", "score_samples"];
/// Methods by which a model is fitted.
pub(crate) const FITS: [&str; 3] = ["fit", "partial_fit", "fit_transform"];
/// Bodies that are followed for one class.
const MOST: usize = 4_000;

/// What was reached from some methods of one class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    /// Attributes that are read: when, and by which body.
    pub(crate) read: BTreeMap<String, (When, String)>,
    /// Attributes that are set on the way.
    pub(crate) sets: BTreeSet<String>,
    /// Attributes whose absence is provided for.
    pub(crate) asked: BTreeSet<String>,
    /// The bodies, by the full names of what they belong to, with their digests.
    pub(crate) bodies: BTreeMap<String, String>,
    /// Compiled modules of which something is named.
    pub(crate) compiled: BTreeSet<String>,
}

impl Reached {
    /// Whether an attribute is read, in any case, under a condition, or where its absence is provided for.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        self.read.contains_key(attribute) || self.asked.contains(attribute)
    }
}

/// Follows methods of a class.
pub(crate) fn reached(release: &ReleaseFacts, lineage: &Lineage<'_>, methods: &[&str]) -> Reached {
    let mut walk =
        Walk { release, lineage, found: Reached::default(), seen: BTreeSet::new(), named: BTreeSet::new() };
    for method in methods {
        walk.method(method, 0, When::Always);
    }
    walk.found
}

/// The attributes that a release gives objects of a class: what its constructor takes, and `fit` sets.
pub(crate) fn given(release: &ReleaseFacts, lineage: &Lineage<'_>) -> BTreeSet<String> {
    let methods: Vec<&str> = FITS.into_iter().chain(["__init__"]).collect();
    let mut sets = reached(release, lineage, &methods).sets;
    if let Some((_, init)) = lineage.method("__init__", 0) {
        let names = init.parameters.iter().map(|(name, _)| name.clone());
        sets.extend(names.filter(|name| name != "self" && !name.starts_with('*')));
    }
    sets
}

struct Walk<'r> {
    release: &'r ReleaseFacts,
    lineage: &'r Lineage<'r>,
    found: Reached,
    seen: BTreeSet<(String, String, When)>,
    named: BTreeSet<String>,
}

/// A body with its place.
#[derive(Clone, Copy)]
struct Place<'r> {
    module: &'r str,
    /// Its full name.
    name: &'r str,
    /// Where its class is in the lineage, where it is a method of it.
    class: Option<usize>,
    body: &'r BodyFacts,
}

impl<'r> Walk<'r> {
    fn method(&mut self, name: &str, from: usize, when: When) {
        let Some((at, body)) = self.lineage.method(name, from) else { return };
        let (module, class, _) = self.lineage.classes[at];
        // A static method has no `self`, and one of a class sees nothing of the instance.
        let first = body.parameters.first().map(|(name, _)| name.as_str());
        let parameter = first.filter(|name| *name == "self").unwrap_or_default();
        let name = format!("{module}.{class}.{name}");
        self.body(Place { module, name: &name, class: Some(at), body }, parameter, when);
    }

    fn body(&mut self, place: Place<'_>, parameter: &str, when: When) {
        let Place { module, name, class, body } = place;
        let is_new = self.seen.insert((name.to_owned(), parameter.to_owned(), when));
        if !is_new || self.seen.len() > MOST {
            return;
        }
        self.found.bodies.insert(name.to_owned(), body.digest.clone());
        self.names(module, body);
        if parameter.is_empty() {
            return;
        }
        if let Some(uses) = body.uses.get(parameter) {
            for (attribute, own) in &uses.reads {
                let when = when.max(*own);
                if self.lineage.method(attribute, 0).is_some() {
                    self.method(attribute, 0, when);
                }
                if self.found.read.get(attribute).is_none_or(|(known, _)| when < *known) {
                    self.found.read.insert(attribute.clone(), (when, name.to_owned()));
                }
            }
            self.found.sets.extend(uses.sets.iter().cloned());
            self.found.asked.extend(uses.asked.iter().cloned());
        }
        if let Some(class) = class {
            for (method, own) in &body.supers {
                self.method(method, class + 1, when.max(*own));
            }
        }
        for pass in body.passes.iter().filter(|pass| pass.parameter == parameter) {
            self.pass(module, &pass.to, &pass.place, when.max(pass.when));
        }
    }

    /// Something that gets the object as an argument.
    fn pass(&mut self, module: &str, to: &str, place: &str, when: When) {
        let release = self.release;
        match dotted(release, module, to) {
            Meaning::Function(module, name) => {
                let Some(body) = release.modules.get(module).and_then(|it| it.functions.get(name)) else {
                    return;
                };
                let parameter = match place.parse::<usize>() {
                    Ok(index) => body.parameters.get(index).map(|(name, _)| name.as_str()),
                    Err(_) => {
                        body.parameters.iter().map(|(name, _)| name.as_str()).find(|name| *name == place)
                    }
                };
                let Some(parameter) = parameter.filter(|name| !name.starts_with('*')) else { return };
                let name = format!("{module}.{name}");
                self.body(Place { module, name: &name, class: None, body }, parameter, when);
            }
            // `Base.method(self, ...)`.
            Meaning::Class(module, class) if place == "0" => {
                let Some((_, method)) = to.rsplit_once('.') else { return };
                let at = self.lineage.classes.iter().position(|it| (it.0, it.1) == (module, class));
                if let Some(at) = at {
                    self.method(method, at, when);
                }
            }
            _ => {}
        }
    }

    /// A compiled module with those that it imports.
    fn compiled(&mut self, module: &str) {
        let mut left = vec![module.to_owned()];
        while let Some(module) = left.pop() {
            let Some(compiled) = self.release.modules.get(&module).and_then(|it| it.compiled.as_ref()) else {
                continue;
            };
            if self.found.compiled.insert(module) {
                left.extend(compiled.imports.iter().cloned());
            }
        }
    }

    /// Everything that a body names, and what that names in turn.
    fn names(&mut self, module: &str, body: &BodyFacts) {
        let mut left: Vec<(String, &BodyFacts)> = vec![(module.to_owned(), body)];
        let release = self.release;
        while let Some((module, body)) = left.pop() {
            for name in &body.names {
                match dotted(release, &module, name) {
                    Meaning::Function(module, name) => {
                        let full = format!("{module}.{name}");
                        if let Some(body) = release.modules.get(module).and_then(|it| it.functions.get(name))
                            && self.named.insert(full.clone())
                        {
                            self.found.bodies.insert(full, body.digest.clone());
                            left.push((module.to_owned(), body));
                        }
                    }
                    Meaning::Class(module, name) => {
                        let shape = release.modules.get(module).and_then(|it| it.classes.get(name));
                        let Some(shape) = shape.filter(|_| self.named.insert(format!("{module}.{name}")))
                        else {
                            continue;
                        };
                        for (method, body) in &shape.methods {
                            self.found
                                .bodies
                                .insert(format!("{module}.{name}.{method}"), body.digest.clone());
                            left.push((module.to_owned(), body));
                        }
                    }
                    Meaning::Compiled(module) => {
                        self.compiled(module);
                    }
                    Meaning::Value
                    | Meaning::Module(_)
                    | Meaning::OfOthers
                    | Meaning::Uncertain
                    | Meaning::NoName
                    | Meaning::NoModule => {}
                }
            }
        }
    }
}
