//! Jobs of engines.

use super::jobs::{EngineJobs, shell};
use super::table::ENGINES;
use crate::vocab::{Digest, Floors, SHARDS_VERSION, ShardPlan, ShardSelection, ShardWork, Slice};

pub(super) fn plan(matrix: &str, into: usize) -> ShardPlan {
    let work =
        |name: String| ShardWork { environments: vec![Slice::whole(name.as_str().into())], seconds: 60.0 };
    let works = |count: usize| -> Vec<ShardWork> {
        let busy = (0..count).map(|at| work(format!("e{at}")));
        busy.chain(std::iter::repeat_n(ShardWork::default(), into - count)).collect()
    };
    let mut plan = ShardPlan {
        shards_version: SHARDS_VERSION,
        shelflife: "1".to_owned(),
        agent: Digest::of(b"agent"),
        matrix: matrix.to_owned(),
        matrix_digest: Digest::of(b"m"),
        selection: ShardSelection::default(),
        plan_digest: Digest::of(b"p"),
        record_digest: Digest::of(b"r"),
        artifacts: 2,
        cells: 4,
        cell_memory_bytes: 2 << 30,
        floors: Floors::None,
        write: works(into.min(2)),
        read: works(into),
        fingerprint: Digest::of(b""),
    };
    plan.fingerprint = plan.computed_fingerprint();
    plan
}

fn rendered(matrix: &str, shards: &str) -> Vec<(&'static str, String)> {
    let plan = plan(matrix, 3);
    let jobs = EngineJobs { plan: &plan, shards, image: "registry.example/shelflife:1" };
    ENGINES.iter().map(|engine| (engine.name, (engine.render)(&jobs))).collect()
}

#[test]
fn every_engine_does_both_phases_in_order_and_merges() {
    for (name, text) in rendered("matrices/releases.toml", "shards.json") {
        let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{name} has no {what}:\n{text}"));
        assert!(at("--phase write") < at("--phase read"), "{name}");
        assert!(at("--phase read") < at("shelflife merge parts -o reports/releases"), "{name}");
        assert!(text.replace('\\', "").contains("/3\" --phase"), "{name}:\n{text}");
    }
}

#[test]
fn jobs_are_as_they_were_looked_at() {
    for (name, text) in rendered("matrices/releases.toml", "shards.json") {
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn odd_names_stay_names() {
    let odd = "my 'models'\n$(touch x)`y`/\"a\" #1.toml";
    for (name, text) in rendered(odd, "a b/$(touch x)'.json") {
        assert!(!text.contains("\n$(touch"), "{name}:\n{text}");
        // Two dollars are one to a cluster.
        let dollar = if name == "kubernetes" { "$$" } else { "$" };
        let quoted = format!(r"'a b/{dollar}(touch x)'\''.json'");
        // In a scalar of JSON a backslash is written twice.
        let is_quoted = text.contains(&quoted) || text.contains(&quoted.replace('\\', r"\\"));
        assert!(is_quoted, "{name}:\n{text}");
    }
    let jobs = |matrix: &str| {
        let plan = plan(matrix, 1);
        let jobs = EngineJobs { plan: &plan, shards: "s", image: "i" };
        (jobs.run(), jobs.label())
    };
    assert_eq!(jobs("a/Über_Zoo 2.toml"), ("ber_Zoo2".to_owned(), "ber-zoo2".to_owned()));
    assert_eq!(jobs("---.toml"), ("run".to_owned(), "run".to_owned()));
}

#[test]
fn an_expression_in_a_path_is_none() {
    let all = rendered("m.toml", "${{ github.token }}.json");
    let (_, github) = all.iter().find(|(name, _)| *name == "github").unwrap();
    assert!(github.contains("'${{ '${{' }} github.token }}.json'"), "{github}");
    assert!(github.contains("\\\"${{ matrix.shard }}/3\\\""), "{github}");
}

#[test]
fn words_of_a_shell_stay_one_word() {
    for (word, quoted) in [("a/b-1.json", "a/b-1.json"), ("", "''"), ("-x", "'-x'"), ("a b", "'a b'")] {
        assert_eq!(shell(word), quoted);
    }
    assert_eq!(shell("it's"), r"'it'\''s'");
}
