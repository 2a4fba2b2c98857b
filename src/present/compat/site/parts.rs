//! What the pages of the site share.

use std::collections::BTreeSet;

use askama::Template;

use crate::compat::{MapFacts, Question, Tally, measured, releases};
use crate::present::error::RenderError;
use crate::present::words::{Group, join, plural};

/// One field of a heat map.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    pub class: &'static str,
    /// How strong its colour is, as a style.
    pub style: String,
    /// Where it leads; empty where nobody has tried.
    pub link: String,
    pub about: String,
    pub sign: String,
    pub count: String,
}

/// One row of a heat map.
#[derive(Clone, Debug)]
pub(super) struct FieldRow {
    pub head: String,
    pub cells: Vec<Field>,
}

#[derive(Template)]
#[template(path = "map_sources.html")]
struct Sources {
    runs: Vec<SourceRun>,
}

struct SourceRun {
    matrix: String,
    about: String,
    environments: Vec<SourceEnvironment>,
}

struct SourceEnvironment {
    name: String,
    python: String,
    packages: String,
    machine: String,
    lock: String,
}

/// The records that all facts rest on.
pub(super) fn sources(facts: &MapFacts, of: &BTreeSet<&str>) -> Result<String, RenderError> {
    let runs = facts.runs.iter().filter(|(matrix, _)| of.contains(matrix.as_str()));
    let run = |(matrix, run): (&String, &crate::compat::MapRun)| {
        let day = run.started.split('T').next().unwrap_or_default();
        SourceRun {
            matrix: matrix.clone(),
            about: format!(
                "matrices/{matrix}.toml, run once on {day} by shelflife {}. BLAKE3 of its record: {}",
                run.shelflife, run.record
            ),
            environments: run.environments.iter().map(environment).collect(),
        }
    };
    let environments = Sources { runs: runs.map(run).collect() };
    Ok(environments.render()?)
}

fn environment(one: &crate::compat::MapEnvironment) -> SourceEnvironment {
    let packages: Vec<String> =
        one.packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
    SourceEnvironment {
        name: one.name.clone(),
        python: one.python.clone(),
        packages: join(packages.iter()),
        machine: format!("{}, {} bit, {}", one.arch, one.bits, one.libc),
        lock: one.lock.to_string(),
    }
}

/// The matrices of all runs.
pub(super) fn all_runs(facts: &MapFacts) -> BTreeSet<&str> {
    facts.runs.keys().map(String::as_str).collect()
}

/// Every question that the map can answer, plain pickles first.
pub(super) fn questions(facts: &MapFacts) -> Vec<Question> {
    let mut all = measured(facts);
    all.sort_by_key(|question| {
        (question.format.as_str() != "pickle", question.from_bits != 64 || question.bits != 64)
    });
    all
}

/// The releases that may stand on both sides of a pair.
pub(super) fn pairs(facts: &MapFacts) -> Vec<(String, String)> {
    let all = releases(facts, |_| true);
    let pair = |from: &String| all.iter().map(|to| (from.clone(), to.clone())).collect::<Vec<_>>();
    all.iter().flat_map(pair).collect()
}

/// `pickle`, or `joblib-32-64` where the machines are not both of 64 bit: part of the addresses within a page.
pub(super) fn anchor(question: &Question) -> String {
    match (question.from_bits, question.bits) {
        (64, 64) => question.format.to_string(),
        (from, to) => format!("{}-{from}-{to}", question.format),
    }
}

/// The same in words.
pub(super) fn title(question: &Question) -> String {
    match (question.from_bits, question.bits) {
        (64, 64) => question.format.to_string(),
        (from, to) => format!("{} from {from} to {to} bit", question.format),
    }
}

/// What the signs of a heat map mean.
pub(super) fn legend() -> String {
    let signs = [Group::Works, Group::Silent, Group::Fails, Group::Unsupported];
    signs.map(|group| format!("{} {}", group.symbol(), group.word())).join(", ")
}

/// The groups of the verdicts of a tally.
pub(super) fn groups(tally: &Tally) -> BTreeSet<Group> {
    let ends = tally.ends();
    ends.iter().flat_map(|end| &end.verdicts).map(|verdict| Group::of(*verdict)).collect()
}

/// The worst group of a tally.
fn worst(tally: &Tally) -> Group {
    groups(tally).into_iter().next().unwrap_or(Group::Unsupported)
}

/// The field of a tally.
pub(super) fn field(tally: &Tally, link: String) -> Field {
    let group = worst(tally);
    let (works, total) = (tally.works(), tally.total());
    let failing = total.saturating_sub(works);
    let share = (failing * 100).checked_div(total).unwrap_or(0);
    let ends = tally.ends();
    let about = ends.iter().map(|end| {
        let words: Vec<&str> = end.verdicts.iter().map(|verdict| verdict.as_str()).collect();
        format!("{}: {}", words.join(", "), plural(end.models as u64, "model"))
    });
    Field {
        class: group.class(),
        style: if failing > 0 { format!("--share:{share}%") } else { String::new() },
        link,
        about: about.collect::<Vec<_>>().join("; "),
        sign: group.symbol().to_string(),
        count: if total > 0 { format!("{works}/{total}") } else { String::new() },
    }
}
