//! Two job arrays of Slurm and a merge, in one script that submits them.

use super::jobs::{EngineJobs, origin, shell};
use crate::vocab::ShardPhase;

/// A heredoc's own end, which no command of ours contains.
const END: &str = "SHELFLIFE_JOB";

pub(super) fn render(jobs: &EngineJobs<'_>) -> String {
    let label = jobs.label();
    let array = |phase: ShardPhase| {
        let numbers: Vec<String> = jobs.busy(phase).iter().map(ToString::to_string).collect();
        numbers.join(",")
    };
    let limits = |phase: ShardPhase| {
        let minutes = jobs.patience(phase).div_ceil(60);
        format!("--cpus-per-task=1 --mem={}M --time={minutes}", jobs.memory() >> 20)
    };
    let command = |phase| jobs.command(phase, "$SLURM_ARRAY_TASK_ID", "\"${SLURM_CPUS_PER_TASK:-1}\"");
    let submit = |variable: &str, name: &str, options: &str, command: &str| {
        format!(
            "{variable}=$(sbatch --parsable --job-name={} {options} \"$@\" <<'{END}'\n#!/bin/sh\nset -eu\nexec {command}\n{END}\n)\n",
            shell(&format!("{label}-{name}"))
        )
    };
    let mut text = format!(
        "#!/bin/sh\n{}#\n# Submit it from the folder that has the matrix and the plan, on a file system that all nodes share:\n#\n\
         #     sh jobs.sh --partition=short --output='slurm-%A_%a.out'\n#\n\
         # What it is given goes to each sbatch. Every node needs shelflife on its PATH and a cache of its own, such as\n\
         # SHELFLIFE_CACHE_DIR=/local/shelflife: environments never travel. Exit codes are those of shelflife: 0 done, 100 judged\n\
         # and bad, 101 could not judge, 110 cannot write. A shard that was killed goes on when it is requeued.\n\
         set -eu\nmkdir -p parts\n",
        origin(jobs, "slurm")
    );
    let mut after = String::new();
    if !jobs.busy(ShardPhase::Write).is_empty() {
        let options = format!("--array={} --requeue {}", array(ShardPhase::Write), limits(ShardPhase::Write));
        text += &submit("write", "write", &options, &command(ShardPhase::Write));
        text += "write=${write%%;*}\necho \"write: $write\"\n";
        after = "--dependency=afterok:\"$write\" --kill-on-invalid-dep=yes ".to_owned();
    }
    let options =
        format!("{after}--array={} --requeue {}", array(ShardPhase::Read), limits(ShardPhase::Read));
    text += &submit("read", "read", &options, &command(ShardPhase::Read));
    text += "read=${read%%;*}\necho \"read: $read\"\n# Whatever became of them: what is missing is said.\n";
    let options = format!(
        "--dependency=afterany:\"$read\" --cpus-per-task=1 --mem={}M --time=60",
        jobs.memory().max(4 << 30) >> 20
    );
    text += &submit("merge", "merge", &options, &jobs.merge());
    text += "merge=${merge%%;*}\necho \"merge: $merge\"\n";
    text
}
