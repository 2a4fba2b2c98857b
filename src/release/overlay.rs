//! The facts of a file over those of a release that nobody has run: what of it must break there, by kinds of change. No
//! class is known here.

use std::collections::{BTreeMap, BTreeSet};

use super::classes::Known;
use super::finding::Finding;
use super::names::{Meaning, is_of, meaning};
use crate::vocab::{ArrayFact, Expected, FileFacts, Forecast, Inspection, Layout, ReleaseFacts};

/// Packages of arrays: what of them a file names hangs on their own releases.
const OF_ARRAYS: [&str; 3] = ["numpy", "scipy", "joblib"];
/// Places that are named where something has moved.
const MOST_PLACES: usize = 4;
/// What is to be expected of a file in a release, from what both say of themselves. `writers` are the releases that the file
/// names, by version, as far as they were read.
pub fn overlay(
    file: &FileFacts,
    inspection: &Inspection,
    writers: &BTreeMap<String, &ReleaseFacts>,
    target: &ReleaseFacts,
    known: &mut Known,
) -> Forecast {
    let found = findings(file, inspection, writers, target, known);
    let first = found.iter().filter_map(Finding::stage).min();
    let expected = match first {
        Some(_) => Expected::Breaks,
        None if !file.whole || found.contains(&Finding::NothingOfIt) => Expected::Unknown,
        None if found.is_empty() => Expected::Works,
        None => Expected::Risk,
    };
    // Of what breaks a file, that counts which it meets first.
    let is_told = |finding: &&Finding| first.is_none() || finding.stage() == first;
    let mut because: Vec<String> = found.iter().filter(is_told).map(|it| it.told(target)).collect();
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
    known: &mut Known,
) -> Vec<Finding> {
    let mut found = BTreeSet::new();
    let own: Vec<(&str, &str)> = file.globals.iter().filter_map(|name| name.split_once(':')).collect();
    let fallback = writers.values().next().copied();
    beside(&own, target, &mut found);
    for (module, name) in &own {
        let full = fallback.and_then(|writer| without_package(writer, module));
        if let Some(full) = full.filter(|full| says_its_packages(target, full)) {
            let elsewhere = vec![format!("{full}:{name}")];
            found.insert(Finding::NameGone { name: format!("{module}:{name}"), is_module: true, elsewhere });
            continue;
        }
        let module = full.unwrap_or(module);
        if is_of(target, module) {
            gone(fallback, target, (module, name), &mut found);
        }
    }
    for array in inspection.arrays.iter().filter(|array| array.fields.len() > 1) {
        fields(array, fallback, target, &mut found);
    }
    checksums(inspection, fallback, target, &mut found);
    if !found.iter().any(|finding: &Finding| finding.stage().is_some()) {
        let mut is_one_of_it = false;
        for (class, object) in &file.objects {
            let Some((module, name)) =
                own.iter().find(|(module, name)| name == class && is_of(target, module))
            else {
                continue;
            };
            is_one_of_it = true;
            let version = object.versions.iter().next_back().cloned();
            let writer = version.as_ref().map_or(fallback, |version| writers.get(version).copied());
            match writer {
                Some(writer) => {
                    let change = known.change((module, name), writer, target);
                    found.extend(change.of_state(&object.attributes));
                }
                None => {
                    found.insert(Finding::NoWriter { version });
                }
            }
        }
        if !is_one_of_it {
            found.insert(Finding::NothingOfIt);
        }
    }
    let mut found: Vec<Finding> = found.into_iter().collect();
    found.sort_by_key(|finding| finding.stage().is_none());
    found
}

/// What a file names of packages that are neither the release nor what plain values and arrays are made of.
fn beside(own: &[(&str, &str)], target: &ReleaseFacts, found: &mut BTreeSet<Finding>) {
    let package = |module: &str| module.split('.').next().unwrap_or_default().to_owned();
    let others = own.iter().filter(|(module, _)| module.contains('.') && !is_of(target, module));
    let packages: BTreeSet<String> = others.map(|(module, _)| package(module)).collect();
    let packages: Vec<String> = packages.into_iter().filter(|it| !OF_ARRAYS.contains(&it.as_str())).collect();
    if !packages.is_empty() {
        found.insert(Finding::Beside { packages });
    }
}

/// The module that a bare name means: the machine code of some builds knows nothing of the package around it.
fn without_package<'r>(writer: &'r ReleaseFacts, module: &str) -> Option<&'r str> {
    if module.contains('.') || writer.modules.contains_key(module) {
        return None;
    }
    let is_it = |(name, facts): &(&String, &crate::vocab::ModuleFacts)| {
        facts.compiled.is_some() && name.rsplit('.').next() == Some(module)
    };
    let mut places = writer.modules.iter().filter(is_it).map(|(name, _)| name.as_str());
    places.next().filter(|_| places.next().is_none())
}

/// Whether a compiled module is known by its full name and by nothing else.
fn says_its_packages(release: &ReleaseFacts, module: &str) -> bool {
    let compiled = release.modules.get(module).and_then(|it| it.compiled.as_ref());
    compiled.is_some_and(|it| it.is_machine && !it.types.is_empty() && !it.is_bare)
}

/// A name that leads nowhere, or may.
fn gone(
    writer: Option<&ReleaseFacts>,
    target: &ReleaseFacts,
    (module, name): (&str, &str),
    found: &mut BTreeSet<Finding>,
) {
    let full = format!("{module}:{name}");
    let first = name.split('.').next().unwrap_or(name);
    let is_module = match meaning(target, module, first) {
        Meaning::NoName => false,
        Meaning::NoModule => true,
        // Types and functions stand in machine code wherever it keeps other names.
        Meaning::Uncertain if has_lost(writer, target, module, first) => false,
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

/// Whether a compiled module had a type or function of a name and has no more, although it has others.
pub(super) fn has_lost(
    writer: Option<&ReleaseFacts>,
    target: &ReleaseFacts,
    module: &str,
    name: &str,
) -> bool {
    let compiled = |release: &ReleaseFacts| release.modules.get(module).and_then(|it| it.compiled.clone());
    let had =
        writer.and_then(compiled).is_some_and(|before| before.is_machine && before.types.contains(name));
    had && compiled(target).is_some_and(|after| after.is_machine && !after.types.is_empty())
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
    release.modules.keys().filter(has).map(|module| format!("{module}:{name}")).take(MOST_PLACES).collect()
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
