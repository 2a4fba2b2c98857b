//! Where a name of a module leads to, through imports, and from which classes a class inherits.

use std::collections::BTreeSet;

use crate::vocab::{BodyFacts, ClassShape, ReleaseFacts};

/// Imports of imports that are followed.
const DEEPEST: usize = 30;
/// Classes that a class inherits from at most.
const MOST_BASES: usize = 200;

/// What a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning<'r> {
    /// A class in Python: its module and name.
    Class(&'r str, &'r str),
    /// A function in Python.
    Function(&'r str, &'r str),
    /// Something else that a module in Python has.
    Value,
    /// Something of a compiled module.
    Compiled(&'r str),
    /// A module.
    Module(&'r str),
    /// Of another package.
    OfOthers,
    /// Made when it is asked for, or in a module whose names cannot be read: it may be there.
    Uncertain,
    /// The module is there and has no such name.
    NoName,
    /// There is no such module.
    NoModule,
}

/// Whether a module belongs to a release.
pub(crate) fn is_of(release: &ReleaseFacts, module: &str) -> bool {
    release.modules.contains_key(module.split('.').next().unwrap_or_default())
}

/// What a name in a module is.
pub(crate) fn meaning<'r>(release: &'r ReleaseFacts, module: &str, name: &str) -> Meaning<'r> {
    follow(release, module, name, 0)
}

fn follow<'r>(release: &'r ReleaseFacts, module: &str, name: &str, depth: usize) -> Meaning<'r> {
    if !is_of(release, module) {
        return Meaning::OfOthers;
    }
    let Some((key, facts)) = release.modules.get_key_value(module) else { return Meaning::NoModule };
    if depth > DEEPEST {
        return Meaning::Uncertain;
    }
    if let Some(compiled) = &facts.compiled {
        let bare = name.split('.').next().unwrap_or(name);
        if compiled.types.contains(bare) || compiled.identifiers.contains(bare) {
            return Meaning::Compiled(key);
        }
        if facts.names.is_empty() {
            let is_sure = compiled.is_readable && !facts.is_dynamic;
            return if is_sure { Meaning::NoName } else { Meaning::Uncertain };
        }
    }
    if let Some((own, _)) = facts.classes.get_key_value(name) {
        return Meaning::Class(key, own);
    }
    if let Some((own, _)) = facts.functions.get_key_value(name) {
        return Meaning::Function(key, own);
    }
    if let Some(from) = facts.names.get(name) {
        return match from.split_once(':') {
            None => Meaning::Value,
            Some((module, "")) => of_module(release, module),
            Some((from, _))
                if from == module && !release.modules.contains_key(&format!("{module}.{name}")) =>
            {
                Meaning::Value
            }
            Some((from, name)) => match follow(release, from, name, depth + 1) {
                Meaning::NoName | Meaning::NoModule => of_module(release, &format!("{from}.{name}")),
                found => found,
            },
        };
    }
    if facts.is_package
        && let Some((key, _)) = release.modules.get_key_value(&format!("{module}.{name}"))
    {
        return Meaning::Module(key);
    }
    let mut is_uncertain = facts.is_dynamic;
    for star in facts.stars.iter().filter(|star| *star != module) {
        match follow(release, star, name, depth + 1) {
            Meaning::NoName => {}
            Meaning::Uncertain | Meaning::OfOthers | Meaning::NoModule => is_uncertain = true,
            found => return found,
        }
    }
    if is_uncertain { Meaning::Uncertain } else { Meaning::NoName }
}

fn of_module<'r>(release: &'r ReleaseFacts, module: &str) -> Meaning<'r> {
    match release.modules.get_key_value(module) {
        Some((key, _)) => Meaning::Module(key),
        None if is_of(release, module) => Meaning::NoName,
        None => Meaning::OfOthers,
    }
}

/// What a dotted name means within a module: `np.mean`, `_helper.check`, `Model`.
pub(crate) fn dotted<'r>(release: &'r ReleaseFacts, module: &str, name: &str) -> Meaning<'r> {
    let mut parts = name.split('.');
    let mut found = meaning(release, module, parts.next().unwrap_or_default());
    for part in parts {
        let Meaning::Module(inner) = found else { return found };
        found = meaning(release, inner, part);
    }
    found
}

/// A class with those that it inherits from, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lineage<'r> {
    /// The classes: module, name, shape.
    pub(crate) classes: Vec<(&'r str, &'r str, &'r ClassShape)>,
    /// Whether a base is of code that is not seen: it may supply what it likes.
    pub(crate) is_open: bool,
}

/// Bases that supply no attribute of a model.
const PLAIN: [&str; 6] = ["object", "ABC", "Generic", "Protocol", "abc.ABC", "Exception"];

impl<'r> Lineage<'r> {
    pub(crate) fn of(release: &'r ReleaseFacts, module: &str, name: &str) -> Option<Self> {
        let Meaning::Class(module, name) = meaning(release, module, name) else { return None };
        let mut lineage = Self::default();
        let mut order = Vec::new();
        lineage.visit(release, module, name, &mut order, 0);
        // Python asks a base after all classes that inherit from it: the last place counts.
        let mut seen = BTreeSet::new();
        let mut kept: Vec<_> =
            order.into_iter().rev().filter(|class| seen.insert((class.0, class.1))).collect();
        kept.reverse();
        lineage.classes = kept;
        Some(lineage)
    }

    fn visit(
        &mut self,
        release: &'r ReleaseFacts,
        module: &'r str,
        name: &'r str,
        order: &mut Vec<(&'r str, &'r str, &'r ClassShape)>,
        depth: usize,
    ) {
        let Some(shape) = release.modules.get(module).and_then(|it| it.classes.get(name)) else { return };
        if depth > DEEPEST || order.len() > MOST_BASES {
            self.is_open = true;
            return;
        }
        order.push((module, name, shape));
        for base in &shape.bases {
            match dotted(release, module, base) {
                Meaning::Class(module, name) => self.visit(release, module, name, order, depth + 1),
                _ if PLAIN.contains(&base.as_str()) => {}
                _ => self.is_open = true,
            }
        }
    }

    /// The method that a name means, asked from a place in the lineage on: its place and body.
    pub(crate) fn method(&self, name: &str, from: usize) -> Option<(usize, &'r BodyFacts)> {
        let classes = self.classes.iter().enumerate().skip(from);
        classes.filter_map(|(at, (_, _, shape))| Some((at, shape.methods.get(name)?))).next()
    }

    /// Whether classes themselves supply an attribute.
    pub(crate) fn supplies(&self, name: &str) -> bool {
        self.classes.iter().any(|(_, _, shape)| {
            shape.attributes.contains(name)
                || shape.methods.contains_key(name)
                || shape.methods.contains_key("__getattr__")
        })
    }
}
