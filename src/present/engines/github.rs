//! A workflow of GitHub Actions with two matrix jobs and a merge.

use super::jobs::{EngineJobs, origin, yaml};
use crate::vocab::ShardPhase;

const BEGIN: &str = r#"    runs-on: ubuntu-24.04
    timeout-minutes: 350
"#;

/// Wheels are what takes long to fetch. Environments are made from them in seconds, hold the paths of the machine, and would
/// fill the 10 GB of a repository.
const STEPS: &str = r#"      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: cargo install --locked --path tools/shelflife
"#;

const WHEELS: &str = r#"      - uses: actions/cache@v4
        with:
          path: ~/.cache/shelflife/uv-v1
          key: shelflife-wheels-${{ github.run_id }}-${{ github.job }}-${{ matrix.shard }}
          restore-keys: shelflife-wheels-
"#;

/// Stands for the number of a shard. No path has it.
const SHARD: &str = "\0";

pub(super) fn render(jobs: &EngineJobs<'_>) -> String {
    let writes = !jobs.busy(ShardPhase::Write).is_empty();
    let mut text = format!(
        "{}#\n# Save it as .github/workflows/{}.yml, beside a plan in {}. shelflife stands in tools/shelflife here: change the step\n\
         # that installs it where it comes from elsewhere.\nname: {}\non:\n  workflow_dispatch: {{}}\npermissions:\n  contents: read\njobs:\n",
        origin(jobs, "github"),
        jobs.label(),
        jobs.shards.chars().filter(|c| !c.is_control()).collect::<String>(),
        yaml(&jobs.run())
    );
    if writes {
        text += &job(jobs, ShardPhase::Write, "", "");
        text += &job(jobs, ShardPhase::Read, "    needs: write\n", &download("write-*"));
    } else {
        text += &job(jobs, ShardPhase::Read, "", "");
    }
    text += &format!(
        "  merge:\n    needs: read\n    # Whatever became of the shards: what is missing is said.\n    if: ${{{{ !cancelled() }}}}\n{BEGIN}    \
         steps:\n{STEPS}{}{}      - run: {}\n      - if: always()\n        uses: actions/upload-artifact@v4\n        with:\n          \
         name: reports\n          path: reports\n",
        if writes { download("write-*") } else { String::new() },
        download("read-*"),
        yaml(&jobs.merge())
    );
    text
}

/// Each artifact becomes a folder of its name.
fn download(pattern: &str) -> String {
    format!(
        "      - uses: actions/download-artifact@v4\n        with:\n          pattern: {pattern}\n          path: parts\n"
    )
}

fn job(jobs: &EngineJobs<'_>, phase: ShardPhase, needs: &str, before: &str) -> String {
    let word = phase.word();
    let numbers: Vec<String> = jobs.busy(phase).iter().map(ToString::to_string).collect();
    // What looks like an expression in a path is none.
    let command = jobs.command(phase, SHARD, "\"$(nproc)\"").replace("${{", "${{ '${{' }}");
    let command = command.replace(SHARD, "${{ matrix.shard }}");
    format!(
        "  {word}:\n{needs}{BEGIN}    strategy:\n      fail-fast: false\n      matrix:\n        shard: [{}]\n    steps:\n{STEPS}{WHEELS}{before}      \
         - run: {}\n      - if: always()\n        uses: actions/upload-artifact@v4\n        with:\n          name: {word}-${{{{ matrix.shard }}}}\n          \
         path: parts/{word}-${{{{ matrix.shard }}}}\n          overwrite: true\n          retention-days: 7\n",
        numbers.join(", "),
        yaml(&command)
    )
}
