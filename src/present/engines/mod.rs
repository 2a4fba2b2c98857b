//! The jobs of engines that do a run in shards: text that is written to a file and submitted by whoever runs the engine.

mod github;
mod gitlab;
mod kubernetes;
mod slurm;

use crate::vocab::{ShardPhase, ShardPlan};

/// What the jobs are made of.
#[derive(Clone, Copy, Debug)]
pub struct EngineJobs<'a> {
    /// Who does what.
    pub plan: &'a ShardPlan,
    /// The file with the plan, as the jobs find it.
    pub shards: &'a str,
    /// The image with shelflife, where jobs run in one.
    pub image: &'a str,
}

/// An engine: its name, its jobs, and how many shards it takes.
#[derive(Clone, Copy, Debug)]
pub struct EngineTemplate {
    /// Its name.
    pub name: &'static str,
    /// Its jobs as a text.
    pub render: fn(&EngineJobs<'_>) -> String,
    /// The most jobs that it runs of one kind.
    pub most: usize,
}

/// The engines.
pub const ENGINES: &[EngineTemplate] = &[
    // `MaxArraySize` is 1001 where nobody has set it, and counts from 0.
    EngineTemplate { name: "slurm", render: slurm::render, most: 1_000 },
    EngineTemplate { name: "kubernetes", render: kubernetes::render, most: 10_000 },
    EngineTemplate { name: "github", render: github::render, most: 256 },
    EngineTemplate { name: "gitlab", render: gitlab::render, most: 200 },
];

/// Memory that shelflife and an interpreter need beside a cell.
const AROUND: u64 = 1 << 30;

impl EngineJobs<'_> {
    /// How many shards there are.
    const fn count(&self) -> usize {
        self.plan.count()
    }

    /// The name of the run: that of the matrix file.
    fn run(&self) -> String {
        let file = self.plan.matrix.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = file.strip_suffix(".toml").unwrap_or(file);
        let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
        let kept: String = kept.collect();
        let kept = kept.trim_start_matches(['.', '-']);
        if kept.is_empty() { "run".to_owned() } else { kept.to_owned() }
    }

    /// The same as a name of things in a cluster: lower case, digits and dashes.
    fn label(&self) -> String {
        let label: String =
            self.run().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let label: String = label.to_ascii_lowercase().chars().take(40).collect();
        let label = label.trim_matches('-');
        if label.is_empty() { "run".to_owned() } else { label.to_owned() }
    }

    /// The shards that have something to do.
    fn busy(&self, phase: ShardPhase) -> Vec<u32> {
        let works = (1u32..).zip(self.plan.phase(phase));
        works.filter(|(_, work)| !work.environments.is_empty()).map(|(shard, _)| shard).collect()
    }

    /// Bytes of memory that a job with one core needs.
    const fn memory(&self) -> u64 {
        self.plan.cell_memory_bytes.saturating_add(AROUND)
    }

    /// Seconds after which a job of a phase has lost its way: it may be on a slower machine than the one whose times are
    /// known, and make environments that were there already.
    fn patience(&self, phase: ShardPhase) -> u64 {
        let longest = self.plan.phase(phase).iter().map(|work| work.seconds).fold(0.0, f64::max);
        1_800 + (longest * 4.0).ceil() as u64
    }

    /// The command of a shard, whose number a variable of the engine has.
    fn command(&self, phase: ShardPhase, shard: &str, jobs: &str) -> String {
        format!(
            "shelflife run --shard \"{shard}/{}\" --phase {} --shards {} --jobs {jobs}",
            self.count(),
            phase.word(),
            shell(self.shards)
        )
    }

    fn merge(&self) -> String {
        format!("shelflife merge parts -o {}", shell(&format!("reports/{}", self.run())))
    }
}

/// A word of a shell.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+=:@%,".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A scalar of YAML: every text of JSON is one.
fn yaml(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// Where a text comes from, as comments of all four begin.
fn origin(jobs: &EngineJobs<'_>, option: &str) -> String {
    let line: String = jobs.plan.matrix.chars().filter(|c| !c.is_control()).collect();
    format!(
        "# {line} in {} shards, written by `shelflife shard render --{option}`.\n# Plan {}.\n",
        jobs.count(),
        jobs.plan.fingerprint.short()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{Digest, SHARDS_VERSION, ShardSelection, ShardWork, Slice};

    pub(super) fn plan(matrix: &str, into: usize) -> ShardPlan {
        let work = |name: String| ShardWork {
            environments: vec![Slice::whole(name.as_str().into())],
            seconds: 60.0,
        };
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
            let quoted = r"'a b/$(touch x)'\''.json'";
            // In a scalar of JSON a backslash is written twice.
            let is_quoted = text.contains(quoted) || text.contains(&quoted.replace('\\', r"\\"));
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
    fn words_of_a_shell_stay_one_word() {
        for (word, quoted) in [("a/b-1.json", "a/b-1.json"), ("", "''"), ("-x", "'-x'"), ("a b", "'a b'")] {
            assert_eq!(shell(word), quoted);
        }
        assert_eq!(shell("it's"), r"'it'\''s'");
    }
}
