//! Runs that are killed, interrupted, run side by side, or find a damaged record or cache: nothing that was finished
//! is done again, nothing is left behind, and no verdict changes.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use crate::context::{DATA, TestContext, both, distinct, executed, lines, observed, recipe, text};

const MODELS: usize = 6;
/// References and cells: two producers and two readers.
const OBSERVATIONS: usize = MODELS * 2 + MODELS * 4;

/// A matrix whose cells take a moment each, so that there is a middle to be killed in.
fn slow() -> TestContext {
    let context = TestContext::new();
    context.write("slow.py", &recipe("time.sleep(0.1)"));
    let models: String = (0..MODELS)
        .map(|index| format!("[[models]]\nname = \"slow-{index}\"\nrecipe = \"slow.py\"\nseed = {index}\n\n"))
        .collect();
    context.write("slow.toml", &format!("{}{DATA}\n{models}", both()));
    context
}

const ARGUMENTS: [&str; 6] = ["run", "slow.toml", "--message-format", "json", "--jobs", "2"];

/// A run in the background that has observed some cells, and has some to go.
fn started(context: &TestContext) -> (Child, BufReader<ChildStdout>) {
    let mut child = context
        .command(ARGUMENTS)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"event\":\"cell-observed\"") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "it ended without a cell");
    }
    (child, output)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap())
}

/// What must not depend on whether a run was interrupted: everything but times, memory, and where it was known from.
fn timeless(mut results: Value) -> Value {
    results["run"] = Value::Null;
    for (list, keys) in [
        ("cells", &["load_seconds", "predict_seconds", "peak_rss_bytes", "reused"][..]),
        ("artifacts", &["train_seconds", "save_seconds"][..]),
    ] {
        for item in results[list].as_array_mut().unwrap() {
            for key in keys {
                assert!(item.as_object_mut().unwrap().remove(*key).is_some(), "no {key} in {item}");
            }
        }
    }
    results
}

/// The results of a run that nobody disturbed.
fn uninterrupted() -> &'static Value {
    static WHOLE: OnceLock<Value> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let context = slow();
        context.run(["run", "slow.toml"]).expect(0);
        timeless(context.results("slow"))
    })
}

/// Two results are the same; otherwise says what differs, not all of both.
#[track_caller]
fn same(left: &Value, right: &Value) {
    let [left, right] = [left, right].map(|value| serde_json::to_string_pretty(value).unwrap());
    let diff = similar::TextDiff::from_lines(&left, &right);
    assert!(left == right, "{}", diff.unified_diff().context_radius(2));
}

/// The second half of a story that began with `before` being recorded.
fn goes_on(context: &TestContext, before: &[Value]) {
    let done = distinct(executed(before));
    assert!(!done.is_empty() && done.len() < OBSERVATIONS, "{} observations before", done.len());
    let ended = context.run(["run", "slow.toml"]).expect(0);
    let events = context.events("slow");
    assert_eq!(events[..before.len()], *before, "what was recorded stays");
    let after = &events[before.len()..];
    assert_eq!(text(&after[0], "event"), "run-resumed");
    let new = distinct(executed(after));
    // What was finished and not yet recorded comes from the cache.
    let found = distinct(observed(after, true));
    assert_eq!(new.intersection(&done).count(), 0, "executed again");
    let all: BTreeSet<_> = done.iter().chain(&new).chain(&found).cloned().collect();
    assert_eq!((all.len(), done.len() + new.len() + found.len()), (OBSERVATIONS, OBSERVATIONS));
    let words = format!("executed {} observations, {} were known", new.len(), done.len() + found.len());
    assert!(ended.stderr().contains(&words), "{words}: {ended}");

    same(&timeless(context.results("slow")), uninterrupted());
    assert!(context.verdicts("slow").values().all(|verdict| verdict == "identical value"));
}

#[test]
fn a_killed_run_goes_on_where_it_stopped() {
    let context = slow();
    let (mut child, _output) = started(&context);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    context.wait_for_no_processes();
    goes_on(&context, &context.events("slow"));
}

#[test]
fn a_killed_process_group_goes_on_where_it_stopped() {
    let context = slow();
    let (mut child, _output) = started(&context);
    killpg(pid(&child), Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    context.wait_for_no_processes();
    // Reports of what there is can be had at once.
    let report = context.run(["report", "slow", "--format", "terminal"]).expect(130);
    assert!(report.stdout().contains("interrupted: cells are missing"), "{report}");
    goes_on(&context, &context.events("slow"));
}

fn renders_what_it_has_after(signal: Signal) {
    let context = slow();
    let (mut child, output) = started(&context);
    kill(pid(&child), signal).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    context.wait_for_no_processes();
    let streamed: Vec<String> = output.lines().map(Result::unwrap).collect();
    // Behind the events stands what it came to.
    let [.., last, answer] = streamed.as_slice() else { panic!("{streamed:?}") };
    let last = lines(&format!("{last}\n")).remove(0);
    assert!(answer.starts_with("{\"answer\":"), "{answer}");
    assert_eq!((text(&last, "event"), &last["interrupted"]), ("run-finished", &Value::Bool(true)));
    let results = context.results("slow");
    assert_eq!(results["run"]["interrupted"], true);
    assert_eq!(results["cells"].as_array().unwrap().len(), MODELS * 4);
    let verdicts: BTreeSet<_> = context.verdicts("slow").into_values().collect();
    let partial = BTreeSet::from(["not-tried env".to_owned(), "identical value".to_owned()]);
    assert!(verdicts.is_subset(&partial) && verdicts.contains("not-tried env"), "{verdicts:?}");
    assert!(context.read("reports/slow/report.md").contains("**Interrupted:** cells are missing"));
    goes_on(&context, &context.events("slow"));
}

#[test]
fn an_interrupted_run_renders_what_it_has() {
    renders_what_it_has_after(Signal::SIGINT);
}

#[test]
fn a_terminated_run_renders_what_it_has() {
    renders_what_it_has_after(Signal::SIGTERM);
}

#[test]
fn two_runs_share_a_cache_and_not_a_name() {
    let context = slow();
    let (mut first, output) = started(&context);
    let busy = context.run(["run", "slow.toml"]).expect(1);
    insta::assert_snapshot!(busy);
    context.run(["run", "slow.toml", "--run", "second"]).expect(0);
    assert!(output.lines().all(|line| line.is_ok()));
    assert_eq!(first.wait().unwrap().code(), Some(0));
    same(&timeless(context.results("slow")), &timeless(context.results("second")));
    for run in ["slow", "second"] {
        let events = context.events(run);
        let seen = distinct([executed(&events), observed(&events, true)].concat());
        assert_eq!(seen.len(), OBSERVATIONS, "{run}");
    }
}

#[test]
fn a_torn_line_and_a_damaged_cache_change_no_verdict() {
    let context = slow();
    context.run(["run", "slow.toml"]).expect(0);
    let whole = timeless(context.results("slow"));
    let log = context.path("reports/slow/events.jsonl");
    let record = fs_err::read(&log).unwrap();

    // In the middle of a line, right before its line break, right after it.
    let observed_at = record.windows(16).position(|part| part == b"\"cell-observed\",").unwrap();
    let line_end = observed_at + record[observed_at..].iter().position(|byte| *byte == b'\n').unwrap();
    for length in [observed_at, line_end, line_end + 1, record.len() - 1] {
        fs_err::write(&log, &record[..length]).unwrap();
        let ended = context.run(["run", "slow.toml"]).expect(0);
        assert!(ended.stderr().contains("nothing had to be executed: 36 observations"), "{ended}");
        same(&timeless(context.results("slow")), &whole);
        context.events("slow");
    }

    // A line in the middle that makes no sense: that record is not believed, and kept.
    let mut nonsense = record.clone();
    nonsense[observed_at] = b'!';
    fs_err::write(&log, &nonsense).unwrap();
    let ended = context.run(["run", "slow.toml"]).expect(0);
    insta::assert_snapshot!(ended);
    same(&timeless(context.results("slow")), &whole);

    for buckets in [&["objects-v1"][..], &["observations-v1"], &["objects-v1", "observations-v1"]] {
        for bucket in buckets {
            damage(&context, bucket);
        }
        let ended = context.run(["run", "slow.toml", "--run", "healed"]).expect(0);
        assert!(ended.stderr().contains("executed"), "damage to {buckets:?} was not noticed: {ended}");
        same(&timeless(context.results("healed")), &whole);
        fs_err::remove_dir_all(context.path("reports/healed")).unwrap();
    }
    damage(&context, "objects-v1");
    context.run(["run", "slow.toml", "--fresh"]).expect(0);
    same(&timeless(context.results("slow")), &whole);
}

/// Flips a byte in every file of a bucket.
fn damage(context: &TestContext, bucket: &str) {
    let mut count = 0;
    for folder in fs_err::read_dir(context.cache().join(bucket)).unwrap() {
        for entry in fs_err::read_dir(folder.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = fs_err::read(&path).unwrap();
            let place = (count * 31) % bytes.len();
            bytes[place] ^= 0x20;
            fs_err::write(&path, bytes).unwrap();
            count += 1;
        }
    }
    assert!(count > 0, "nothing in {bucket}");
}
