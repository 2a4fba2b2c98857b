//! The facts of a file over those of a release that nobody has run: what of it must break there, by kinds of change. No
//! class is known here.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Lineage, Meaning, is_of, meaning};
use super::reach::{ASKED, FITS, Reached, given, reached};
use crate::vocab::{ArrayFact, Expected, FileFacts, Forecast, Inspection, Layout, ReleaseFacts, Stage, When};

/// Names that one sentence lists at most.
const MOST_NAMES: usize = 4;
/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// A name that loading imports leads nowhere.
    NameGone {
        /// `module:name`.
        name: String,
        /// Whether the module itself is gone.
        is_module: bool,
        /// Where something of that name is now.
        elsewhere: Vec<String>,
    },
    /// An array of records has other fields than what reads it.
    Fields {
        /// The module whose machine code reads it.
        module: String,
        /// The structure.
        name: String,
        /// Fields that the file does not have.
        added: Vec<String>,
        /// Fields that only the file has.
        removed: Vec<String>,
    },
    /// A compiled class that takes states of other attributes.
    Checksum {
        /// `module:name` of what takes it.
        name: String,
        /// The checksum in the file.
        checksum: u64,
    },
    /// A method reads what the state does not have and the release that wrote it did not read.
    Attribute {
        /// The class.
        class: String,
        /// The attribute.
        attribute: String,
        /// The body that reads it.
        reader: String,
        /// When.
        when: When,
        /// Whether that breaks the file: the release gives its own objects the attribute, and reads it as a rule.
        breaks: bool,
    },
    /// Bodies that a method reaches are others.
    Bodies {
        /// The class.
        class: String,
        /// Those of its own classes.
        own: Vec<String>,
        /// Those of functions and other classes.
        shared: Vec<String>,
    },
    /// Machine code is reached, of which nothing says whether it computes the same.
    Compiled {
        /// The modules.
        modules: Vec<String>,
    },
    /// How a class takes or gives its state has changed.
    State {
        /// The class.
        class: String,
        /// The methods.
        methods: Vec<String>,
    },
    /// A name that may be there.
    Uncertain {
        /// `module:name`.
        name: String,
    },
    /// The file does not say which release wrote an object, or that release was not read.
    NoWriter {
        /// The version, where the file names one.
        version: Option<String>,
    },
}

impl Finding {
    /// Where the file fails on it; `None` for what only may matter.
    fn stage(&self) -> Option<Stage> {
        match self {
            Self::NameGone { .. } => Some(Stage::Resolve),
            Self::Fields { .. } | Self::Checksum { .. } => Some(Stage::State),
            Self::Attribute { breaks: true, .. } => Some(Stage::Predict),
            Self::Attribute { .. }
            | Self::Bodies { .. }
            | Self::Compiled { .. }
            | Self::State { .. }
            | Self::Uncertain { .. }
            | Self::NoWriter { .. } => None,
        }
    }
}

/// What is to be expected of a file in a release, from what both say of themselves. `writers` are the releases that the file
/// names, by version, as far as they were read.
pub fn overlay(
    file: &FileFacts,
    inspection: &Inspection,
    writers: &BTreeMap<String, &ReleaseFacts>,
    target: &ReleaseFacts,
) -> Forecast {
    let found = findings(file, inspection, writers, target);
    let first = found.iter().filter_map(Finding::stage).min();
    let (expected, is_told): (Expected, Box<dyn Fn(&Finding) -> bool>) = match first {
        Some(stage) => (Expected::Breaks, Box::new(move |finding| finding.stage() == Some(stage))),
        None if !file.whole => (Expected::Unknown, Box::new(|_| true)),
        None if found.is_empty() => (Expected::Works, Box::new(|_| true)),
        None => (Expected::Risk, Box::new(|_| true)),
    };
    let mut because: Vec<String> = found.iter().filter(|it| is_told(it)).map(|it| it.told(target)).collect();
    if !file.whole && first.is_none() {
        because.insert(0, "the file could not be read to its end".to_owned());
    }
    if expected == Expected::Works {
        because.push(format!(
            "every name in it is there, and everything in Python that its predictions reach is the same in {} {}",
            target.project, target.version
        ));
    }
    Forecast { expected, stage: first, causes: Vec::new(), because }
}

/// Everything that was found, the worst first.
pub fn findings(
    file: &FileFacts,
    inspection: &Inspection,
    writers: &BTreeMap<String, &ReleaseFacts>,
    target: &ReleaseFacts,
) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    let own: Vec<(&str, &str)> = file.globals.iter().filter_map(|name| name.split_once(':')).collect();
    for (module, name) in own.iter().filter(|(module, _)| is_of(target, module)) {
        gone(target, module, name, &mut found);
    }
    let fallback = writers.values().next().copied();
    for array in inspection.arrays.iter().filter(|array| array.fields.len() > 1) {
        fields(array, fallback, target, &mut found);
    }
    checksums(inspection, fallback, target, &mut found);
    if !found.iter().any(|finding: &Finding| finding.stage().is_some()) {
        for (class, object) in &file.objects {
            let Some((module, name)) =
                own.iter().find(|(module, name)| name == class && is_of(target, module))
            else {
                continue;
            };
            let version = object.versions.iter().next_back().cloned();
            let writer = version.as_ref().map_or(fallback, |version| writers.get(version).copied());
            match writer {
                Some(writer) => attributes(&object.attributes, (module, name), writer, target, &mut found),
                None => {
                    found.insert(Finding::NoWriter { version });
                }
            }
        }
    }
    let mut found: Vec<Finding> = found.into_iter().collect();
    found.sort_by_key(|finding| finding.stage().is_none());
    found
}

/// A name that leads nowhere, or may.
fn gone(target: &ReleaseFacts, module: &str, name: &str, found: &mut BTreeSet<Finding>) {
    let full = format!("{module}:{name}");
    let first = name.split('.').next().unwrap_or(name);
    let is_module = match meaning(target, module, first) {
        Meaning::NoName => false,
        Meaning::NoModule => true,
        Meaning::Uncertain => {
            found.insert(Finding::Uncertain { name: full });
            return;
        }
        _ => return,
    };
    if is_module && !target.is_compiled && is_built(target, module) {
        found.insert(Finding::Uncertain { name: full });
        return;
    }
    found.insert(Finding::NameGone { name: full, is_module, elsewhere: elsewhere(target, first) });
}

/// Whether a module that is not there may be made when the sources are built.
fn is_built(target: &ReleaseFacts, module: &str) -> bool {
    target.modules.get(module).is_some_and(|it| it.is_dynamic)
}

/// The places where a class or function of a name is.
pub(super) fn elsewhere(release: &ReleaseFacts, name: &str) -> Vec<String> {
    let has = |module: &&String| {
        let facts = &release.modules[*module];
        facts.classes.contains_key(name)
            || facts.functions.contains_key(name)
            || facts.compiled.as_ref().is_some_and(|compiled| compiled.types.contains(name))
    };
    release.modules.keys().filter(has).map(|module| format!("{module}:{name}")).take(MOST_NAMES).collect()
}

/// An array of records against the structure of the same name that reads it.
fn fields(
    array: &ArrayFact,
    writer: Option<&ReleaseFacts>,
    target: &ReleaseFacts,
    found: &mut BTreeSet<Finding>,
) {
    let Some(writer) = writer else { return };
    let names: Vec<&str> = array.fields.iter().map(|field| field.name.as_str()).collect();
    let is_same =
        |layout: &Layout| layout.fields.iter().map(|(name, _)| name.as_str()).eq(names.iter().copied());
    for (module, name, _) in structs(writer).filter(|(_, _, layout)| is_same(layout)) {
        let Some(layout) = structs(target).find(|it| it.0 == module && it.1 == name).map(|it| it.2) else {
            continue;
        };
        let is_known = |field: &str| names.contains(&field);
        let added: Vec<String> = layout
            .fields
            .iter()
            .filter(|(field, _)| !is_known(field))
            .map(|(field, _)| field.clone())
            .collect();
        let has = |field: &&&str| layout.fields.iter().any(|(name, _)| name == **field);
        let removed = names.iter().filter(|field| !has(field)).map(|field| (*field).to_owned()).collect();
        let is_moved = || {
            let places = array.fields.iter().map(|field| (field.name.as_str(), field.offset));
            let own = structs(writer).find(|it| it.0 == module && it.1 == name).map(|it| it.2);
            // A file of another machine lies otherwise; then only names tell.
            let is_of_same_machine = own.is_some_and(|own| {
                own.size > 0 && own.fields.iter().map(|it| it.1).eq(places.clone().map(|it| it.1))
            });
            is_of_same_machine
                && layout.size > 0
                && !layout.fields.iter().map(|(name, offset)| (name.as_str(), *offset)).eq(places)
        };
        if layout.fields.len() != names.len() || !is_same(layout) || is_moved() {
            found.insert(Finding::Fields {
                module: module.to_owned(),
                name: name.to_owned(),
                added,
                removed,
            });
            return;
        }
    }
}

/// All structures of a release.
pub(super) fn structs(release: &ReleaseFacts) -> impl Iterator<Item = (&str, &str, &Layout)> {
    let compiled =
        release.modules.iter().filter_map(|(module, facts)| Some((module, facts.compiled.as_ref()?)));
    compiled.flat_map(|(module, compiled)| {
        compiled.structs.iter().map(move |(name, layout)| (module.as_str(), name.as_str(), layout))
    })
}

/// Checksums that the file hands over and that its reader does not take.
fn checksums(
    inspection: &Inspection,
    writer: Option<&ReleaseFacts>,
    target: &ReleaseFacts,
    found: &mut BTreeSet<Finding>,
) {
    let accepts = |release: &ReleaseFacts, module: &str, checksum: u64| {
        let compiled = release.modules.get(module).and_then(|it| it.compiled.as_ref())?;
        (!compiled.checksums.is_empty()).then(|| compiled.checksums.contains_key(&checksum))
    };
    let globals = inspection.pickle.iter().flat_map(|pickle| &pickle.globals);
    for global in globals.filter(|global| global.name.starts_with("__pyx_unpickle_")) {
        for arguments in &global.arguments {
            let Some(checksum) = arguments.split(", ").nth(1).and_then(|text| text.parse::<u64>().ok())
            else {
                continue;
            };
            let is_understood = writer.is_some_and(|it| accepts(it, &global.module, checksum) == Some(true));
            if is_understood && accepts(target, &global.module, checksum) == Some(false) {
                let name = format!("{}:{}", global.module, global.name);
                found.insert(Finding::Checksum { name, checksum });
            }
        }
    }
}

/// What the methods of one class read that its state does not have, and what else has changed of them.
fn attributes(
    state: &BTreeSet<String>,
    (module, name): (&str, &str),
    writer: &ReleaseFacts,
    target: &ReleaseFacts,
    found: &mut BTreeSet<Finding>,
) {
    let (before, after) = (Lineage::of(writer, module, name), Lineage::of(target, module, name));
    let (Some(before), Some(after)) = (before, after) else {
        // Machine code on one side at least.
        if matches!(meaning(target, module, name), Meaning::Compiled(_)) {
            compiled(&BTreeSet::from([module.to_owned()]), writer, target, found);
        } else {
            found.insert(Finding::Uncertain { name: format!("{module}:{name}") });
        }
        return;
    };
    let class = name.to_owned();
    // What nobody fitted is not asked.
    let fitted = reached(writer, &before, &FITS).sets;
    let is_fitted_name = |name: &&String| name.ends_with('_') && !name.starts_with("__");
    let is_unfitted = fitted.iter().any(|name| is_fitted_name(&name))
        && !fitted.iter().filter(is_fitted_name).any(|name| state.contains(name));
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
    if !is_unfitted {
        let is_model = !methods.is_empty();
        let given = given(target, &after);
        lacking(state, &class, (&old, &new), (&after, &given), is_model, found);
    }
    bodies(&class, (&old, &new), (&before, &after), found);
    compiled(&new.compiled, writer, target, found);
    let digests =
        |lineage: &Lineage<'_>, method| lineage.method(method, 0).map(|(_, body)| body.digest.clone());
    let changed = ["__setstate__", "__reduce__", "__reduce_ex__", "__getstate__", "__new__"]
        .into_iter()
        .filter(|method| digests(&before, method) != digests(&after, method));
    let methods: Vec<String> = changed.map(str::to_owned).collect();
    if !methods.is_empty() {
        found.insert(Finding::State { class, methods });
    }
}

fn lacking(
    state: &BTreeSet<String>,
    class: &str,
    (old, new): (&Reached, &Reached),
    (lineage, given): (&Lineage<'_>, &BTreeSet<String>),
    is_model: bool,
    found: &mut BTreeSet<Finding>,
) {
    let set_by_state: BTreeSet<&String> = lineage
        .classes
        .iter()
        .filter_map(|(_, _, shape)| shape.methods.get("__setstate__"))
        .flat_map(|body| body.strings.iter().chain(body.uses.values().flat_map(|uses| &uses.sets)))
        .collect();
    let is_there = |name: &String| {
        state.contains(name)
            || name.starts_with("__")
            || lineage.supplies(name)
            || set_by_state.contains(name)
            || new.sets.contains(name)
            || new.asked.contains(name)
    };
    for (attribute, (when, reader)) in &new.read {
        if is_there(attribute) || old.reads(attribute) {
            continue;
        }
        found.insert(Finding::Attribute {
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
        });
    }
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
    let changed = names.into_iter().filter(|name| old.bodies.get(*name) != new.bodies.get(*name)).cloned();
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

/// The first of some names, and how many more there are.
pub(super) fn first_names(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

impl Finding {
    /// What was found, in words, as all forecasts say it.
    fn told(&self, target: &ReleaseFacts) -> String {
        let release = format!("{} {}", target.project, target.version);
        match self {
            Self::NameGone { name, is_module, elsewhere } => {
                let what = if *is_module { name.split(':').next().unwrap_or(name) } else { name };
                let kind = if *is_module { "module " } else { "" };
                let place = match elsewhere.as_slice() {
                    [] => String::new(),
                    places => format!("; it has {}", first_names(places)),
                };
                let full = if *is_module { format!(" (for {name})") } else { String::new() };
                format!("{release} has no {kind}{what}{full}{place}")
            }
            Self::Fields { module, name, added, removed } => {
                let mut parts = Vec::new();
                if !added.is_empty() {
                    parts.push(format!("wants the field {}", first_names(added)));
                }
                if !removed.is_empty() {
                    parts.push(format!("has no field {}", first_names(removed)));
                }
                if parts.is_empty() {
                    parts.push("has its fields at other places".to_owned());
                }
                format!("the structure {name} of {module} in {release} {}", parts.join(" and "))
            }
            Self::Checksum { name, checksum } => {
                format!("{name} in {release} does not take the checksum {checksum:#x}")
            }
            Self::Attribute { class, attribute, reader, when: When::Always, .. } => {
                format!("{reader} of {release} reads {class}.{attribute}, which the file does not have")
            }
            Self::Attribute { class, attribute, reader, when: When::Likely, .. } => format!(
                "{reader} of {release} reads {class}.{attribute} unless something before it decides, and the file does not \
                 have it"
            ),
            Self::Attribute { class, attribute, reader, when: When::Sometimes, .. } => format!(
                "{reader} of {release} reads {class}.{attribute} under a condition, and the file does not have it"
            ),
            Self::Bodies { class, own, shared } if own.is_empty() => {
                format!(
                    "the methods of {class} are the same; others that they reach are not: {}",
                    first_names(shared)
                )
            }
            Self::Bodies { class, own, .. } => {
                format!("what predictions of {class} run has changed: {}", first_names(own))
            }
            Self::Compiled { modules } => {
                format!("machine code that predictions run cannot be compared: {}", first_names(modules))
            }
            Self::State { class, methods } => {
                format!("how {class} takes or gives its state has changed: {}", first_names(methods))
            }
            Self::Uncertain { name } => format!("whether {release} has {name} shows only when it runs"),
            Self::NoWriter { version: Some(version) } => {
                format!("the facts of scikit-learn {version}, which wrote it, are not there")
            }
            Self::NoWriter { version: None } => "the file does not say which release wrote it".to_owned(),
        }
    }
}
