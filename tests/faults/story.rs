//! One run that takes a moment, what it comes to undisturbed, and what must be the same however it was disturbed.

use std::sync::OnceLock;

use serde_json::Value;
use shelflife::store::Bucket;

use crate::context::{DATA, TestContext, both, distinct, executed, observed, recipe};

const MODELS: usize = 6;
/// References and cells: two producers and two readers.
pub const OBSERVATIONS: usize = MODELS * 2 + MODELS * 4;

/// A matrix whose cells take a moment each, so that there is a middle to be disturbed in.
pub fn slow() -> TestContext {
    told(TestContext::new())
}

/// The same, in a cache that has no environment yet.
pub fn cold() -> TestContext {
    told(empty())
}

/// A context whose cache has no environment yet and borrows only the wheels and tools to make some.
pub fn empty() -> TestContext {
    let context = TestContext::new();
    for bucket in [Bucket::Environments, Bucket::Locks] {
        let own = context.cache().join(bucket.folder());
        fs_err::remove_file(&own).unwrap();
        fs_err::create_dir(&own).unwrap();
    }
    context
}

fn told(context: TestContext) -> TestContext {
    context.write("slow.py", &recipe("time.sleep(0.03)"));
    let models: String = (0..MODELS)
        .map(|index| format!("[[models]]\nname = \"slow-{index}\"\nrecipe = \"slow.py\"\nseed = {index}\n\n"))
        .collect();
    context.write("slow.toml", &format!("{}{DATA}\n{models}", both()));
    context
}

/// What must not depend on what happened meanwhile: everything but times, memory, and where it was known from.
pub fn timeless(mut results: Value) -> Value {
    results["run"] = Value::Null;
    for (list, keys) in [
        ("cells", &["load_seconds", "predict_seconds", "peak_rss_bytes", "reused"][..]),
        ("artifacts", &["train_seconds", "save_seconds"][..]),
    ] {
        for item in results[list].as_array_mut().unwrap() {
            for key in keys {
                item.as_object_mut().unwrap().remove(*key);
            }
        }
    }
    results
}

/// The results of a run that nobody disturbed.
pub fn undisturbed() -> &'static Value {
    static WHOLE: OnceLock<Value> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let context = slow();
        context.run(["run", "slow.toml"]).expect(0);
        timeless(context.results("slow"))
    })
}

/// The record of a run says what an undisturbed one says, and says nothing twice.
#[track_caller]
pub fn is_undisturbed(context: &TestContext, run: &str) {
    let (found, wanted) = (timeless(context.results(run)), undisturbed());
    let [found, wanted] = [&found, wanted].map(|value| serde_json::to_string_pretty(value).unwrap());
    let diff = similar::TextDiff::from_lines(&found, &wanted);
    assert!(found == wanted, "{}", diff.unified_diff().context_radius(2));
    let events = context.events(run);
    let seen = distinct([executed(&events), observed(&events, true)].concat());
    assert_eq!(seen.len(), OBSERVATIONS, "{run}");
}

/// Nothing of dead processes is left in the cache and beside the reports.
#[track_caller]
pub fn nothing_is_left(context: &TestContext) {
    // A cache that was full from the beginning has none.
    let scratch = context.path("cache/scratch-v1").exists();
    let mut left = if scratch { context.list("cache/scratch-v1") } else { Vec::new() };
    for bucket in ["cache/objects-v1", "cache/observations-v1"].iter().filter(|it| context.path(it).exists())
    {
        for folder in context.list(bucket) {
            let names = context.list(&format!("{bucket}/{folder}"));
            left.extend(names.into_iter().filter(|name| name.starts_with('.')));
        }
    }
    if !context.path("cache/environments-v1").is_symlink() {
        let is_made =
            |name: &String| context.path("cache/environments-v1").join(name).join("ready.json").exists();
        left.extend(context.list("cache/environments-v1").into_iter().filter(|name| !is_made(name)));
    }
    left.extend(context.list("cache").into_iter().filter(|name| name.starts_with(".removing")));
    if context.path("reports").exists() {
        for run in context.list("reports") {
            let names = context.list(&format!("reports/{run}"));
            left.extend(names.into_iter().filter(|name| name.starts_with('.')));
        }
    }
    assert!(left.is_empty(), "left behind: {left:#?}");
}
