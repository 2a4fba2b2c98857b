//! What is worth knowing and no result, in words.

use std::collections::BTreeMap;

use crate::app::{Aside, Notice, PartStep};
use crate::artifact::PackagesOf;
use crate::matrix::{AskedPackage, NotAdmitted};
use crate::present::inspection::plain;
use crate::present::refusal;
use crate::present::words::{join, plural};
use crate::shard::PartRefusal;

/// What is done next, in a line.
pub(super) fn step(step: PartStep) -> String {
    let count = |models| plural(models as u64, "model");
    match step {
        PartStep::AsTheyAre { models: 1 } => "trying 1 model as it is".to_owned(),
        PartStep::AsTheyAre { models } => format!("trying {} as they are", count(models)),
        PartStep::Deriving { models } => format!("deriving rows from {}", count(models)),
        PartStep::OnProbes { models } => format!("trying {} on rows derived from them", count(models)),
        PartStep::Mending { models } => format!("mending {}", count(models)),
        PartStep::Translating { models } => format!("writing {} in another format", count(models)),
        PartStep::Made { models } => format!("trying what was made of {}", count(models)),
    }
}

/// Whether a notice says how things go, which whoever asks for quiet does not want to hear; the others say what is wrong, or
/// other than was asked for.
pub(super) const fn is_note(notice: &Notice) -> bool {
    match notice {
        Notice::PackagesAdded(_)
        | Notice::Registry { .. }
        | Notice::Documented { .. }
        | Notice::Foretold { .. }
        | Notice::PartReplaced { .. }
        | Notice::SetAside { .. }
        | Notice::Retrying { .. }
        | Notice::Tried { .. }
        | Notice::Prepared { .. } => true,
        Notice::LeftOut(_)
        | Notice::PackagesAsked { .. }
        | Notice::PackagesNeeded { .. }
        | Notice::OtherInterpreter { .. }
        | Notice::OtherProducer { .. }
        | Notice::Unwritten { .. }
        | Notice::PartRefused { .. }
        | Notice::NotCarried { .. }
        | Notice::NotPrepared { .. } => false,
    }
}

/// One line for people.
pub(super) fn words(notice: &Notice) -> String {
    match notice {
        Notice::LeftOut(left) => format!("left out: {} ({})", left.says, left.help),
        Notice::Registry { name, tried, unused, total } => format!(
            "{} is a registry of MLflow with {}: {tried} of them with an alias or a stage, or the newest of a model without \
             either, are tried{}",
            plain(name),
            plural(*total as u64, "version"),
            if *unused == 0 { String::new() } else { format!("; nobody points at the other {unused}") }
        ),
        Notice::PackagesAdded(added) => added_packages(added),
        Notice::PackagesAsked { file, packages } => asked(file, packages),
        Notice::PackagesNeeded { packages, modules } => needed(packages, modules),
        Notice::OtherProducer { name, python, companions } => format!(
            "{name} cannot read what it should have written: tried again with Python {python}{}, which can",
            if *companions { "" } else { " and the newest packages that fit" }
        ),
        Notice::OtherInterpreter { name, python, before } => format!(
            "{name} is made with Python {python}: there are no wheels of all of its packages for {before}, and no Python was \
             asked for"
        ),
        Notice::Documented { title, works, pairs } => format!(
            "{title}: {works} of {pairs} pairs are documented as working (`shelflife plan` lists them); trying all"
        ),
        Notice::Foretold { name, release, counts } => {
            let said = counts.iter().map(|(expected, count)| format!("{count} {}", expected.as_str()));
            format!("read out of {release}, before {name} is made: {}", join(said.collect::<Vec<_>>().iter()))
        }
        Notice::SetAside { folder, why, kept } => {
            let others = kept.map_or_else(String::new, |kept| format!(" (the newest {kept} are kept)"));
            format!("the earlier run of this name is kept in {}: {}{others}", folder.display(), aside(why))
        }
        Notice::Retrying { cells } => {
            let verb = if *cells == 1 { "is" } else { "are" };
            format!("{cells} failed and {verb} tried again")
        }
        Notice::Tried { package, release, verdict } => format!("{package} {release}: {verdict}"),
        Notice::Prepared { name, python, scikit_learn, reused } => format!(
            "{name}: Python {python}, scikit-learn {}{}",
            scikit_learn.as_deref().unwrap_or("?"),
            if *reused { " (cached)" } else { "" }
        ),
        Notice::Unwritten { parts } => format!(
            "not there, or not at their end: {}; what they write cannot be read here. Run this shard again when they are",
            parts.join(", ")
        ),
        Notice::PartRefused { folder, why } => {
            format!("`{}` is not read: {}", folder.display(), refusal(why))
        }
        Notice::PartReplaced { folder, why } => {
            format!("what stood in `{}` is begun anew: {}", folder.display(), stale(why))
        }
        Notice::NotCarried { objects } => format!(
            "{} of this part were lost from the cache: run the same command again before others read it",
            plural(*objects, "object")
        ),
        Notice::NotPrepared { name, failure } => format!("{name}: {failure}"),
    }
}

/// What environments got, those with the same packages together.
fn added_packages(added: &[PackagesOf]) -> String {
    let mut groups: Vec<(&[String], Vec<&str>)> = Vec::new();
    for PackagesOf { environment, requirements } in added {
        match groups.iter_mut().find(|(known, _)| known == requirements) {
            Some((_, names)) => names.push(environment.as_str()),
            None => groups.push((requirements, vec![environment.as_str()])),
        }
    }
    let said = groups
        .iter()
        .map(|(requirements, names)| format!("{} to {}", requirements.join(" and "), names.join(", ")));
    let said: Vec<String> = said.collect();
    format!("added, since reading these files needs it and nobody has declared it: {}", said.join("; "))
}

/// All that the files need and no environment has, with one command.
fn needed(packages: &BTreeMap<String, usize>, modules: &BTreeMap<String, usize>) -> String {
    let count = |(name, files): (&String, &usize)| match files {
        1 => plain(name),
        files => format!("{} ({files} files)", plain(name)),
    };
    let mut parts = Vec::new();
    if !packages.is_empty() {
        let names: Vec<String> = packages.iter().map(count).collect();
        let add: Vec<String> = packages.keys().map(|name| format!("{}==...", plain(name))).collect();
        parts.push(format!(
            "loading these files needs {}, which not every environment declares: name the releases with --made-by and --on, \
             for example \"scikit-learn==... {}\"",
            names.join(", "),
            add.join(" ")
        ));
    }
    if !modules.is_empty() {
        let names: Vec<String> = modules.iter().map(count).collect();
        parts.push(format!(
            "they import {}, which no known package brings: give the folder that holds it with --modules",
            names.join(", ")
        ));
    }
    parts.join("; ")
}

/// What comes with a file asks for, and what to type to allow it.
fn asked(file: &str, packages: &[AskedPackage]) -> String {
    const SHOWN: usize = 4;
    let named = |asked: &&AskedPackage| matches!(asked.why, NotAdmitted::Unknown | NotAdmitted::LookAlike(_));
    let words = packages.iter().take(SHOWN).map(|asked| {
        let what = plain(&asked.requirement());
        match &asked.why {
            NotAdmitted::Unknown => format!("{what} from the package index"),
            NotAdmitted::LookAlike(known) => format!("{what} from the package index, which is not {known}"),
            NotAdmitted::NoName => format!("`{what}`, which is not the name of a package"),
            NotAdmitted::NoVersion => format!("`{what}`, which is not a version of the package index"),
            NotAdmitted::NotFromIndex => format!("`{what}`, which leads elsewhere than to the package index"),
        }
    });
    let words: Vec<String> = words.collect();
    let more = packages.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let allow = packages.iter().find(named).map_or_else(String::new, |asked| {
        format!("; to allow a package, give for example --allow-package {}", plain(&asked.requirement()))
    });
    format!("what comes with `{}` asks for {}{more}: not installed{allow}", plain(file), words.join("; "))
}

/// Why a part is not gone on with.
fn stale(why: &PartRefusal) -> String {
    match why {
        PartRefusal::Stale => "it is of other shards than these".to_owned(),
        other => refusal(other),
    }
}

fn aside(why: &Aside) -> String {
    match why {
        Aside::Unreadable { line } => format!("line {line} of its record cannot be read"),
        Aside::Empty => "its record is empty".to_owned(),
        Aside::OtherPlan => "it tried something else".to_owned(),
        Aside::OtherVersion(version) => format!("it was made by shelflife {version}"),
        Aside::Fresh => "everything is executed again".to_owned(),
        Aside::MergedAgain => "parts were merged into it again".to_owned(),
    }
}
