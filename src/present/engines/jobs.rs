//! What the jobs of every engine are made of: their commands, names and limits.

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

/// Memory that shelflife and an interpreter need beside a cell.
const AROUND: u64 = 1 << 30;

impl EngineJobs<'_> {
    /// How many shards there are.
    pub(super) const fn count(&self) -> usize {
        self.plan.count()
    }

    /// The name of the run: that of the matrix file.
    pub(super) fn run(&self) -> String {
        let file = self.plan.matrix.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = file.strip_suffix(".toml").unwrap_or(file);
        let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
        let kept: String = kept.collect();
        let kept = kept.trim_start_matches(['.', '-']);
        if kept.is_empty() { "run".to_owned() } else { kept.to_owned() }
    }

    /// The same as a name of things in a cluster: lower case, digits and dashes.
    pub(super) fn label(&self) -> String {
        let label: String =
            self.run().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let label: String = label.to_ascii_lowercase().chars().take(40).collect();
        let label = label.trim_matches('-');
        if label.is_empty() { "run".to_owned() } else { label.to_owned() }
    }

    /// The shards that have something to do.
    pub(super) fn busy(&self, phase: ShardPhase) -> Vec<u32> {
        let works = (1u32..).zip(self.plan.phase(phase));
        works.filter(|(_, work)| !work.environments.is_empty()).map(|(shard, _)| shard).collect()
    }

    /// Bytes of memory that a job with one core needs.
    pub(super) const fn memory(&self) -> u64 {
        self.plan.cell_memory_bytes.saturating_add(AROUND)
    }

    /// Seconds after which a job of a phase has lost its way: it may be on a slower machine than the one whose times are
    /// known, and make environments that were there already.
    pub(super) fn patience(&self, phase: ShardPhase) -> u64 {
        let longest = self.plan.phase(phase).iter().map(|work| work.seconds).fold(0.0, f64::max);
        1_800 + (longest * 4.0).ceil() as u64
    }

    /// The command of a shard, whose number a variable of the engine has.
    pub(super) fn command(&self, phase: ShardPhase, shard: &str, jobs: &str) -> String {
        format!(
            "shelflife run --shard \"{shard}/{}\" --phase {} --shards {} --jobs {jobs}",
            self.count(),
            phase.word(),
            shell(self.shards)
        )
    }

    /// The command that merges.
    pub(super) fn merge(&self) -> String {
        format!("shelflife merge parts -o {}", shell(&format!("reports/{}", self.run())))
    }
}

/// A word of a shell.
pub(super) fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+=:@%,".contains(c);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A scalar of YAML: every text of JSON is one.
pub(super) fn yaml(text: &str) -> String {
    // A text can always be written.
    serde_json::to_string(text).unwrap_or_default()
}

/// Where a text comes from, as comments of all four begin.
pub(super) fn origin(jobs: &EngineJobs<'_>, option: &str) -> String {
    let line: String = jobs.plan.matrix.chars().filter(|c| !c.is_control()).collect();
    format!(
        "# {line} in {} shards, written by `shelflife shard render --{option}`.\n# Plan {}.\n",
        jobs.count(),
        jobs.plan.fingerprint.short()
    )
}
