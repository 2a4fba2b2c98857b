//! Two Indexed Jobs of Kubernetes, a merge, and a claim for the volume that they share.

use super::jobs::{EngineJobs, origin, yaml};
use crate::vocab::{ExitCode, ShardPhase, part_name};

/// What says something about the models, and comes out the same when it is done again.
const VERDICTS: [ExitCode; 5] = [
    ExitCode::Usage,
    ExitCode::NothingSelected,
    ExitCode::Judged,
    ExitCode::CouldNotJudge,
    ExitCode::InvalidInput,
];

/// What a kill for want of memory, or by somebody, ends a container with.
const KILLED: u8 = 137;

pub(super) fn render(jobs: &EngineJobs<'_>) -> String {
    let mut text = format!(
        "{}#\n# Copy the matrix, its datasets and the plan to the volume first: they stand in its root, which is the working folder of\n\
         # every pod. Then `kubectl apply -f` this. The pods that read wait until all have written. A pod that ends 100 (judged and\n\
         # bad) is not tried again; one that ends {} (cannot write) or {KILLED} (killed) is, and goes on where it stopped.\n{}",
        origin(jobs, "kubernetes"),
        ExitCode::CannotWrite as u8,
        claim(jobs)
    );
    if !jobs.busy(ShardPhase::Write).is_empty() {
        text += &job(jobs, ShardPhase::Write);
    }
    text += &job(jobs, ShardPhase::Read);
    text + &merge(jobs)
}

fn claim(jobs: &EngineJobs<'_>) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: {}-parts\nspec:\n  accessModes:\n    - ReadWriteMany\n  \
         resources:\n    requests:\n      storage: 20Gi\n",
        jobs.label()
    )
}

fn job(jobs: &EngineJobs<'_>, phase: ShardPhase) -> String {
    let (label, count, word) = (jobs.label(), jobs.count(), phase.word());
    // A name in brackets after a dollar is a variable to the cluster, wherever it stands; two are one dollar.
    let shards = jobs.shards.replace('$', "$$");
    let named = EngineJobs { shards: &shards, ..*jobs };
    let command = named.command(phase, "$((JOB_COMPLETION_INDEX + 1))", "1");
    let seals = jobs.busy(ShardPhase::Write);
    let waits = match phase {
        ShardPhase::Read if !seals.is_empty() => waiting(jobs, &seals, "read"),
        ShardPhase::Read | ShardPhase::Write => String::new(),
    };
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {label}-{word}\nspec:\n  completionMode: Indexed\n  completions: {count}\n  \
         parallelism: {count}\n  backoffLimitPerIndex: 3\n  podFailurePolicy:\n    rules:\n{}  template:\n    metadata:\n      labels:\n        \
         app: {label}\n    spec:\n      restartPolicy: Never\n{waits}      containers:\n{}{}",
        rules(word),
        container(jobs, word, &format!("exec {command}")),
        volumes(jobs)
    )
}

fn rules(container: &str) -> String {
    let verdicts: Vec<String> = VERDICTS.iter().map(|code| (*code as u8).to_string()).collect();
    format!(
        "      - action: FailIndex\n        onExitCodes:\n          containerName: {container}\n          operator: In\n          values: [{}]\n      \
         - action: Count\n        onExitCodes:\n          containerName: {container}\n          operator: In\n          values: [{}, {KILLED}]\n      \
         - action: Ignore\n        onPodConditions:\n          - type: DisruptionTarget\n            status: \"True\"\n",
        verdicts.join(", "),
        ExitCode::CannotWrite as u8
    )
}

/// Waits for the seals of parts: jobs of Kubernetes do not know of each other, and the volume does.
fn waiting(jobs: &EngineJobs<'_>, shards: &[u32], container: &str) -> String {
    let numbers: Vec<String> = shards.iter().map(ToString::to_string).collect();
    let script = format!(
        "for shard in {}; do until [ -e \"parts/{}$shard/part.json\" ]; do sleep 5; done; done",
        numbers.join(" "),
        part_name(0, ShardPhase::Write).trim_end_matches('0')
    );
    format!(
        "      initContainers:\n        - name: wait-to-{container}\n          image: {}\n          command: [\"/bin/sh\", \"-c\", {}]\n          \
         workingDir: /work\n          volumeMounts:\n            - name: parts\n              mountPath: /work\n",
        yaml(jobs.image),
        yaml(&script)
    )
}

fn container(jobs: &EngineJobs<'_>, name: &str, script: &str) -> String {
    let memory = format!("{}Mi", jobs.memory() >> 20);
    format!(
        "        - name: {name}\n          image: {}\n          command: [\"/bin/sh\", \"-c\", {}]\n          workingDir: /work\n          env:\n            \
         - name: SHELFLIFE_CACHE_DIR\n              value: /cache\n          resources:\n            requests:\n              cpu: \"1\"\n              \
         memory: {memory}\n            limits:\n              cpu: \"1\"\n              memory: {memory}\n          volumeMounts:\n            \
         - name: parts\n              mountPath: /work\n            - name: cache\n              mountPath: /cache\n",
        yaml(jobs.image),
        yaml(script)
    )
}

fn volumes(jobs: &EngineJobs<'_>) -> String {
    format!(
        "      volumes:\n        - name: parts\n          persistentVolumeClaim:\n            claimName: {}-parts\n        - name: cache\n          \
         emptyDir: {{}}\n",
        jobs.label()
    )
}

fn merge(jobs: &EngineJobs<'_>) -> String {
    let label = jobs.label();
    let numbers: Vec<String> = jobs.busy(ShardPhase::Read).iter().map(ToString::to_string).collect();
    let wait = format!(
        "for shard in {}; do until [ -e \"parts/read-$shard/part.json\" ]; do sleep 5; done; done; exec {}",
        numbers.join(" "),
        jobs.merge()
    );
    format!(
        "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {label}-merge\nspec:\n  backoffLimit: 3\n  podFailurePolicy:\n    \
         rules:\n      - action: FailJob\n        onExitCodes:\n          containerName: merge\n          operator: In\n          \
         values: [2, 4, 100, 101, 102]\n  template:\n    metadata:\n      labels:\n        app: {label}\n    spec:\n      \
         restartPolicy: Never\n      containers:\n{}{}",
        container(jobs, "merge", &wait),
        volumes(jobs)
    )
}
