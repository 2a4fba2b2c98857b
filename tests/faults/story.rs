//! One run that takes a moment, what it comes to undisturbed, and what must be the same however it was disturbed.

use std::sync::OnceLock;

use serde_json::Value;

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
    told(TestContext::cold())
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
    let mut left = Vec::new();
    for bucket in ["cache/scratch-v1", "cache/objects-v1", "cache/observations-v1", "cache/environments-v1"] {
        let shared = context.path(bucket).is_symlink();
        for name in context.list(bucket) {
            let below = context.path(bucket).join(&name);
            let is_bucket = bucket.ends_with("objects-v1") || bucket.ends_with("observations-v1");
            if is_bucket {
                let names = fs_err::read_dir(below).unwrap().map(|entry| entry.unwrap().file_name());
                left.extend(
                    names.filter(|name| name.to_string_lossy().starts_with('.')).map(|it| format!("{it:?}")),
                );
            } else if bucket.ends_with("scratch-v1") {
                left.push(name);
            } else if !shared && !below.join("ready.json").exists() {
                left.push(name);
            }
        }
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
