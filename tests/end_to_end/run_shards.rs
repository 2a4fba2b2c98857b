//! A run in shards, on machines that share nothing but the folder of the parts, against the run of one process.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use crate::context::{DATA, Ended, TestContext, both, models};

const SHARDS: u32 = 3;

/// Two producers and readers, and models of which some travel, some break, and one moves by noise.
fn small() -> TestContext {
    let context = TestContext::new();
    let models = models(&[
        ("scaler", "StandardScaler()"),
        ("tree", "DecisionTreeClassifier(max_depth=3, random_state=0)"),
        ("pca", "PCA(n_components=3, whiten=True)"),
    ]);
    let onnx = "[[models]]\nname = \"translated\"\nestimator = \"LogisticRegression(max_iter=200)\"\nformats = [\"joblib\"]\n";
    context.write("small.toml", &format!("{}{DATA}\n{models}{onnx}", both()));
    context.run(["shard", "plan", "small.toml", "--into", "3"]).expect(0);
    context
}

/// What both ways have in common: everything but times and names of runs.
pub fn timeless(text: &str) -> String {
    let mut results: Value = serde_json::from_str(text).unwrap();
    for key in ["name", "started", "finished", "seconds", "jobs"] {
        results["run"][key] = Value::Null;
    }
    for (list, keys) in [
        ("cells", &["load_seconds", "predict_seconds", "peak_rss_bytes"][..]),
        ("artifacts", &["train_seconds", "save_seconds"][..]),
    ] {
        for item in results[list].as_array_mut().unwrap() {
            for key in keys {
                item[*key] = Value::Null;
            }
        }
    }
    serde_json::to_string_pretty(&results).unwrap()
}

/// The same, but for what was known already: of that there is more where somebody was killed.
pub fn without_counts(text: &str) -> Value {
    let mut results: Value = serde_json::from_str(text).unwrap();
    (results["run"]["executed"], results["run"]["reused"]) = (Value::Null, Value::Null);
    let cells = results["cells"].as_array_mut().unwrap();
    cells.iter_mut().for_each(|cell| cell["reused"] = Value::Null);
    results
}

/// A machine of its own: a cache with the environments of the others, and nothing else of theirs.
pub fn machine(context: &TestContext, name: &str) -> std::path::PathBuf {
    let cache = context.path(name);
    if !cache.exists() {
        fs_err::create_dir(&cache).unwrap();
        for bucket in ["environments-v1", "tools-v1", "uv-v1", "locks-v1"] {
            std::os::unix::fs::symlink(context.cache().join(bucket), cache.join(bucket)).unwrap();
        }
    }
    cache
}

fn command(context: &TestContext, cache: &Path, phase: &str, shard: u32) -> Command {
    let of = format!("{shard}/{SHARDS}");
    let words = ["run", "--shard", &of, "--phase", phase, "--shards", "shards.json", "--jobs", "1"];
    let mut command = context.command(words);
    command.env("SHELFLIFE_CACHE_DIR", cache);
    command
}

fn shard(context: &TestContext, cache: &Path, phase: &str, shard: u32) -> Ended {
    context.end(&mut command(context, cache, phase, shard))
}

fn merged(context: &TestContext) -> String {
    context.run(["merge", "parts", "-o", "reports/merged"]).expect(0);
    context.results("merged");
    timeless(&context.read("reports/merged/results.json"))
}

#[test]
fn three_machines_come_to_the_results_of_one() {
    let context = small();
    for phase in ["write", "read"] {
        for number in 1..=SHARDS {
            // Each phase is on another machine, too.
            let cache = machine(&context, &format!("cache-{phase}-{number}"));
            shard(&context, &cache, phase, number).expect(0);
        }
    }
    let merged = merged(&context);
    context.run(["run", "small.toml"]).expect(0);
    assert_eq!(merged, timeless(&context.read("reports/small/results.json")));
    // Nothing is done twice, and nobody who reads trains.
    let again = shard(&context, &machine(&context, "cache-read-1"), "read", 1).expect(0);
    assert!(again.stderr().contains("executed 0,"), "{}", again.stderr());
    // What is missing is said, and the same run finishes it here.
    fs_err::remove_dir_all(context.path("parts/read-1")).unwrap();
    let incomplete = context.run(["merge", "parts", "-o", "reports/part"]).expect(101);
    assert!(incomplete.stderr().contains("not there: read-1"), "{}", incomplete.stderr());
    let finished =
        context.run(["run", "small.toml", "--run", "part", "--cache-from", "parts", "--jobs", "1"]).expect(0);
    assert!(!finished.stderr().contains("executed 0"), "{}", finished.stderr());
    // Another machine, which shares this folder and no cache, merges into it.
    let held = fs_err::File::create(context.path("reports/.part.lock")).unwrap();
    held.file().lock().unwrap();
    let busy = context.run(["merge", "parts", "-o", "reports/part"]).expect(1).stderr();
    assert!(busy.contains("another shelflife is working in `reports/part`"), "{busy}");
    // A part that was cut on the way, and one of another plan.
    let events = context.read("parts/write-2/events.jsonl");
    context.write("parts/write-2/events.jsonl", &events[..events.len() / 2]);
    context.run(["shard", "plan", "small.toml", "--into", "2", "-o", "other.json"]).expect(0);
    let words = ["run", "--shard", "1/2", "--phase", "write", "--shards", "other.json", "--parts", "others"];
    context.run(words).expect(0);
    fs_err::rename(context.path("others/write-1"), context.path("parts/write-9")).unwrap();
    let refused = context.run(["merge", "parts", "-o", "reports/bad"]).expect(102).stderr();
    assert!(refused.contains("parts/write-2: its record was cut"), "{refused}");
    assert!(refused.contains("parts/write-9: its shards were planned at another time"), "{refused}");
    assert!(!context.path("reports/bad").exists());
}

#[test]
fn shards_that_are_killed_lose_nothing_and_do_nothing_twice() {
    let context = small();
    let cache = machine(&context, "cache-1");
    let mut killed = 0;
    for phase in ["write", "read"] {
        for number in 1..=SHARDS {
            // Earlier and earlier, so that some are killed wherever they are.
            for patience in [1_500u64, 700, 300] {
                let mut child = command(&context, &cache, phase, number)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .process_group(0)
                    .spawn()
                    .unwrap();
                std::thread::sleep(Duration::from_millis(patience / u64::from(number)));
                let group = Pid::from_raw(child.id().try_into().unwrap());
                killed += u32::from(child.try_wait().unwrap().is_none());
                // It may have ended by itself.
                let _ = killpg(group, Signal::SIGKILL);
                child.wait().unwrap();
            }
            shard(&context, &cache, phase, number).expect(0);
        }
    }
    assert!(killed >= 2, "only {killed} were killed");
    context.wait_for_no_processes();
    let merged = merged(&context);
    context.run(["run", "small.toml"]).expect(0);
    let whole = timeless(&context.read("reports/small/results.json"));
    assert_eq!(without_counts(&merged), without_counts(&whole));
}
