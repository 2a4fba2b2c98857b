//! A pipeline of GitLab with two parallel jobs and a merge.

use super::jobs::{EngineJobs, origin, yaml};
use crate::vocab::{ExitCode, ShardPhase};

pub(super) fn render(jobs: &EngineJobs<'_>) -> String {
    let writes = !jobs.busy(ShardPhase::Write).is_empty();
    let stages = if writes { "write, read, merge" } else { "read, merge" };
    let mut text = format!(
        "{}#\n# Save it as .gitlab-ci.yml, or include it. The jobs of a stage get the parts of the stages before it.\nstages: [{stages}]\n\
         default:\n  image:\n    name: {}\n    entrypoint: [\"\"]\nvariables:\n  SHELFLIFE_CACHE_DIR: \"$CI_PROJECT_DIR/.shelflife\"\n",
        origin(jobs, "gitlab"),
        yaml(jobs.image)
    );
    let phases = if writes { &ShardPhase::ALL[..] } else { &[ShardPhase::Read] };
    for phase in phases {
        text += &job(jobs, *phase);
    }
    text += &format!(
        "merge:\n  stage: merge\n  # Whatever became of the shards: what is missing is said.\n  when: always\n  script:\n    - {}\n  artifacts:\n    \
         when: always\n    paths: [reports]\n",
        yaml(&jobs.merge())
    );
    text
}

fn job(jobs: &EngineJobs<'_>, phase: ShardPhase) -> String {
    let word = phase.word();
    let command = jobs.command(phase, "$CI_NODE_INDEX", "\"$(nproc)\"");
    format!(
        "{word}:\n  stage: {word}\n  parallel: {}\n  script:\n    - {}\n  retry:\n    max: 2\n    when: [runner_system_failure, stuck_or_timeout_failure]\n    \
         exit_codes: [{}, 137]\n  cache:\n    key: shelflife-wheels\n    paths: [.shelflife/uv-v1]\n  artifacts:\n    when: always\n    \
         expire_in: 1 week\n    paths: [\"parts/{word}-*\"]\n",
        jobs.count(),
        yaml(&command),
        ExitCode::CannotWrite as u8
    )
}
