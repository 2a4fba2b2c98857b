//! SIGKILL at seeded random moments: of shelflife, of a warm interpreter, of a cell.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Stdio};

use crate::context::{TestContext, distinct, executed, observed};
use crate::processes::{Victim, kill_one};
use crate::story::{OBSERVATIONS, is_undisturbed, nothing_is_left, slow, undisturbed};

/// Random numbers that are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn seeded() -> Self {
        let seed = std::env::var("SHELFLIFE_FAULTS_SEED").ok().and_then(|text| text.parse().ok());
        Self(seed.unwrap_or(20_261_128))
    }

    /// A number below another one.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}

/// A run in the background.
fn started(context: &TestContext) -> (Child, BufReader<ChildStdout>) {
    let arguments = ["run", "slow.toml", "--message-format", "json", "--jobs", "2", "--quiet"];
    let mut child = context.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (child, output)
}

/// Kills `count` times, and says how often each victim was met.
fn kill_often(count: usize) -> BTreeMap<String, usize> {
    let mut chance = Chance::seeded();
    let mut met = BTreeMap::new();
    undisturbed();
    for round in 0..count {
        let victim = [Victim::Orchestrator, Victim::Agent, Victim::Cell][round % 3];
        *met.entry(format!("{victim:?}")).or_default() += usize::from(kill_once(victim, &mut chance));
        if round % 20 == 19 {
            // Only shown where somebody watches a long run.
            let told = format!("{} of {count} rounds: {met:?}\n", round + 1);
            std::io::stderr().write_all(told.as_bytes()).unwrap();
        }
    }
    met
}

/// One run with one kill in it; whether somebody was there to be killed.
fn kill_once(victim: Victim, chance: &mut Chance) -> bool {
    let context = slow();
    let (mut child, mut output) = started(&context);
    // The moment is one of the lines that the run streams.
    let moment = chance.below(60);
    let mut line = String::new();
    for _ in 0..moment {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
    }
    let mut is_killed = kill_one(child.id(), victim, &mut |count| chance.below(count));
    while !is_killed {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        is_killed = kill_one(child.id(), victim, &mut |count| chance.below(count));
    }
    if victim == Victim::Orchestrator {
        child.wait().unwrap();
        context.wait_for_no_processes();
        goes_on(&context);
    } else {
        // Nothing but time is lost, within the same run.
        output.lines().for_each(|line| drop(line.unwrap()));
        assert_eq!(child.wait().unwrap().code(), Some(0), "{victim:?} was killed after {moment} lines");
        context.wait_for_no_processes();
    }
    is_undisturbed(&context, "slow");
    nothing_is_left(&context);
    is_killed
}

/// The next run does what is missing, and nothing that was finished.
fn goes_on(context: &TestContext) {
    let events = context.path("reports/slow/events.jsonl");
    let before = if events.exists() { context.events("slow") } else { Vec::new() };
    let done = distinct(executed(&before));
    context.run(["run", "slow.toml", "--jobs", "2", "--quiet"]).expect(0);
    let after = context.events("slow");
    assert_eq!(after[..before.len()], *before, "what was recorded stays");
    let new = distinct(executed(&after[before.len()..]));
    assert_eq!(new.intersection(&done).count(), 0, "executed again");
    let found = distinct(observed(&after[before.len()..], true));
    assert_eq!(done.len() + new.len() + found.len(), OBSERVATIONS);
}

#[test]
fn kills_lose_nothing_and_change_nothing() {
    // One of each; `many_kills` does it 200 times.
    let met = kill_often(3);
    assert!(met.values().sum::<usize>() >= 2, "{met:?}");
}

#[test]
#[ignore = "takes minutes"]
fn many_kills_lose_nothing_and_change_nothing() {
    let count = std::env::var("SHELFLIFE_FAULTS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let started = std::time::Instant::now();
    let met = kill_often(count);
    let seconds = started.elapsed().as_secs();
    let told = format!("{count} rounds in {seconds} s: {met:?}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
    assert!(met.values().sum::<usize>() * 10 >= count * 9, "{met:?}");
}

#[test]
fn kills_of_commands_leave_nothing() {
    let context = slow();
    let mut chance = Chance::seeded();
    for _ in 0..8 {
        let (mut child, mut output) = started(&context);
        let mut line = String::new();
        for _ in 0..=chance.below(3) {
            line.clear();
            output.read_line(&mut line).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    context.wait_for_no_processes();
    context.run(["env", "list"]).expect(0);
    nothing_is_left(&context);
}
