//! Statements about runs: what a run says is confirmed, and every way in which a statement, a record or a file can be other than
//! it was is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shelflife::app::{attest, mismatches};
use shelflife::judge::Discrepancy;
use shelflife::vocab::Digest;

/// A run with its statement, and a file that is one of its artifacts.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example/events.jsonl");
        let events = fs_err::read_to_string(example).unwrap();
        // One of its artifacts is at hand: its digest in the record is that of a file.
        let made = events.lines().find(|line| line.contains("\"artifact-made\"")).unwrap();
        let made: Value = serde_json::from_str(made).unwrap();
        let old = made["digest"].as_str().unwrap();
        let events = events.replace(old, &Digest::of(b"a model").to_string());
        let place = Self { folder };
        fs_err::create_dir_all(place.path("run")).unwrap();
        fs_err::write(place.path("run/events.jsonl"), events).unwrap();
        fs_err::write(place.path("model.pkl"), b"a model").unwrap();
        fs_err::write(place.path("swapped.pkl"), b"a mode!").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn statement(&self) -> Value {
        let attested = attest(&self.path("run"), self.folder.path(), &[self.path("model.pkl")]).unwrap();
        assert!(attested.strangers.is_empty());
        serde_json::to_value(&attested.statement).unwrap()
    }

    /// What is wrong with a statement about the run in a folder, with these files at hand.
    fn wrong(&self, said: &Value, run: &str, files: &[&str]) -> Vec<Discrepancy> {
        fs_err::write(self.path("said.json"), said.to_string()).unwrap();
        let files: Vec<PathBuf> = files.iter().map(|name| self.path(name)).collect();
        match attest(&self.path(run), self.folder.path(), &files) {
            Ok(attested) => mismatches(&self.path("said.json"), &attested).unwrap().into_iter().collect(),
            // A record that cannot be read any more confirms nothing.
            Err(_) => vec![Discrepancy::Form],
        }
    }
}

fn turned(text: &str) -> String {
    let first = if text.starts_with('0') { "1" } else { "0" };
    format!("{first}{}", &text[1..])
}

#[test]
fn what_a_run_says_is_confirmed() {
    let place = Place::new();
    let said = place.statement();
    assert_eq!(said["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(said["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
    assert_eq!(said["predicate"]["result"], "FAILED");
    let has_sha256 = |one: &Value| one["digest"]["sha256"].is_string();
    assert!(said["subject"].as_array().unwrap().iter().any(has_sha256));
    assert_eq!(place.wrong(&said, "run", &["model.pkl"]), []);
    // Without the file its SHA-256 cannot be checked, which is no contradiction, and no confirmation.
    let unchecked = place.wrong(&said, "run", &[]);
    assert!(!unchecked.is_empty() && unchecked.iter().all(|one| !one.is_contradiction()), "{unchecked:?}");
}

#[test]
fn whatever_is_other_than_it_was_is_refused() {
    type Tampering = (&'static str, fn(&mut Value));
    fn at<'v>(said: &'v mut Value, list: &str, index: usize) -> &'v mut Value {
        &mut said["predicate"][list][index]
    }
    fn moved(said: &mut Value, from: &str, to: &str) {
        let one = said["predicate"][from].as_array_mut().unwrap().remove(0);
        said["predicate"][to].as_array_mut().unwrap().push(one);
    }
    fn digest(one: &mut Value, algorithm: &str) {
        let text = turned(one["digest"][algorithm].as_str().unwrap());
        one["digest"][algorithm] = text.into();
    }
    fn with_sha256(said: &mut Value) -> &mut Value {
        let mut all = said["subject"].as_array_mut().unwrap().iter_mut();
        all.find(|one| one["digest"]["sha256"].is_string()).unwrap()
    }
    let tamperings: &[Tampering] = &[
        ("another type", |it| it["_type"] = "https://in-toto.io/Statement/v0.1".into()),
        ("another predicate", |it| it["predicateType"] = "https://slsa.dev/provenance/v1".into()),
        ("no type", |it| drop(it.as_object_mut().unwrap().remove("_type"))),
        ("no predicate", |it| drop(it.as_object_mut().unwrap().remove("predicate"))),
        ("a key more", |it| it["note"] = "works everywhere".into()),
        ("a key more in the predicate", |it| it["predicate"]["url"] = "https://example.org".into()),
        ("a key more in a subject", |it| it["subject"][0]["uri"] = "file:other.pkl".into()),
        ("FAILED is PASSED", |it| it["predicate"]["result"] = "PASSED".into()),
        ("FAILED is WARNED", |it| it["predicate"]["result"] = "WARNED".into()),
        ("a result that there is not", |it| it["predicate"]["result"] = "FINE".into()),
        ("the digest of the first artifact", |it| digest(&mut it["subject"][0], "blake3")),
        ("the digest of another artifact", |it| digest(&mut it["subject"][3], "blake3")),
        ("the SHA-256 of an artifact", |it| digest(with_sha256(it), "sha256")),
        ("only a SHA-256", |it| drop(with_sha256(it)["digest"].as_object_mut().unwrap().remove("blake3"))),
        ("no digest", |it| it["subject"][0]["digest"] = json!({})),
        ("another algorithm", |it| it["subject"][0]["digest"]["md5"] = "0".into()),
        ("an upper-case digest", |it| {
            let text = it["subject"][0]["digest"]["blake3"].as_str().unwrap().to_uppercase();
            it["subject"][0]["digest"]["blake3"] = text.into();
        }),
        ("another artifact's name", |it| it["subject"][0]["name"] = "other/pickle/sk1.2.2".into()),
        ("two artifacts swapped", |it| {
            let first = it["subject"][0]["digest"].take();
            let second = it["subject"][1]["digest"].take();
            it["subject"][0]["digest"] = second;
            it["subject"][1]["digest"] = first;
        }),
        ("an artifact less", |it| drop(it["subject"].as_array_mut().unwrap().remove(0))),
        ("an artifact twice", |it| {
            let one = it["subject"][0].clone();
            it["subject"].as_array_mut().unwrap().push(one);
        }),
        ("an artifact more", |it| {
            let one = json!({ "name": "mine", "digest": { "blake3": "00" } });
            it["subject"].as_array_mut().unwrap().push(one);
        }),
        ("no artifacts", |it| it["subject"] = json!([])),
        ("the digest of the record", |it| digest(&mut it["predicate"]["configuration"][0], "blake3")),
        ("the digest of the plan", |it| digest(&mut it["predicate"]["configuration"][1], "blake3")),
        ("the digest of a lock", |it| digest(&mut it["predicate"]["configuration"][2], "blake3")),
        ("two locks swapped", |it| {
            let first = it["predicate"]["configuration"][2]["digest"].take();
            let second = it["predicate"]["configuration"][3]["digest"].take();
            it["predicate"]["configuration"][2]["digest"] = second;
            it["predicate"]["configuration"][3]["digest"] = first;
        }),
        ("a lock less", |it| drop(it["predicate"]["configuration"].as_array_mut().unwrap().pop())),
        ("no configuration", |it| it["predicate"]["configuration"] = json!([])),
        ("the record less", |it| drop(it["predicate"]["configuration"].as_array_mut().unwrap().remove(0))),
        ("a failure passes", |it| moved(it, "failedTests", "passedTests")),
        ("a failure is a warning", |it| moved(it, "failedTests", "warnedTests")),
        ("what works fails", |it| moved(it, "passedTests", "failedTests")),
        ("a failure less", |it| drop(it["predicate"]["failedTests"].as_array_mut().unwrap().pop())),
        ("no failures", |it| it["predicate"]["failedTests"] = json!([])),
        ("a cell twice", |it| {
            let one = at(it, "passedTests", 0).clone();
            it["predicate"]["passedTests"].as_array_mut().unwrap().push(one);
        }),
        ("another verdict that works", |it| {
            let one = at(it, "passedTests", 0);
            let text = one.as_str().unwrap().replace(": identical", ": roundoff");
            *one = text.into();
        }),
        ("another failure", |it| {
            let one = at(it, "failedTests", 0);
            let name = one.as_str().unwrap().rsplit_once(": ").unwrap().0.to_owned();
            *one = format!("{name}: crash").into();
        }),
        ("a cell that nobody tried", |it| {
            let list = it["predicate"]["passedTests"].as_array_mut().unwrap();
            list.push("mine/pickle/sk1.2.2 -> sk1.9.1: identical".into());
        }),
        ("another reader", |it| {
            let one = at(it, "passedTests", 0);
            let text = one.as_str().unwrap().replace("-> ", "-> other-");
            *one = text.into();
        }),
    ];
    let place = Place::new();
    let said = place.statement();
    for (name, tamper) in tamperings {
        let mut other = said.clone();
        tamper(&mut other);
        assert_ne!(other, said, "{name} changes nothing");
        let wrong = place.wrong(&other, "run", &["model.pkl"]);
        assert!(wrong.iter().any(Discrepancy::is_contradiction), "{name}: {wrong:?}");
    }
    assert!(tamperings.len() >= 30, "{}", tamperings.len());
}

#[test]
fn another_record_or_another_file_is_refused() {
    let place = Place::new();
    let said = place.statement();
    let events = fs_err::read_to_string(place.path("run/events.jsonl")).unwrap();
    let records: &[(&str, String)] = &[
        (
            "a line less",
            events.lines().take(events.lines().count() - 2).map(|line| format!("{line}\n")).collect(),
        ),
        ("another package in a lock", events.replacen("\"joblib\":\"", "\"joblib\":\"9.", 1)),
        ("another digest of an artifact", {
            let ours = Digest::of(b"a model").to_string();
            events.replace(&ours, &turned(&ours))
        }),
        (
            "another comparison",
            events.replacen("\"agreement\":\"outside\"", "\"agreement\":\"identical\"", 1),
        ),
        ("another time", events.replacen("\"time\":\"20", "\"time\":\"21", 1)),
        ("nothing", String::new()),
    ];
    for (name, text) in records {
        assert_ne!(*text, events, "{name} changes nothing");
        fs_err::create_dir_all(place.path("other")).unwrap();
        fs_err::write(place.path("other/events.jsonl"), text).unwrap();
        let wrong = place.wrong(&said, "other", &["model.pkl"]);
        assert!(wrong.iter().any(Discrepancy::is_contradiction), "{name}: {wrong:?}");
    }
    // The file was swapped between check and load.
    let wrong = place.wrong(&said, "run", &["swapped.pkl"]);
    assert!(wrong.iter().any(|one| matches!(one, Discrepancy::File { .. })), "{wrong:?}");
    for text in ["", "{}", "[]", "\u{0}", "{\"_type\": 1}"] {
        fs_err::write(place.path("said.json"), text).unwrap();
        let attested = attest(&place.path("run"), place.folder.path(), &[]).unwrap();
        let wrong = mismatches(&place.path("said.json"), &attested).unwrap();
        assert!(wrong.contains(&Discrepancy::Form), "{text}");
    }
}
