//! What parts come to, and which are refused.

use std::path::{Path, PathBuf};

use super::error::ShardError;
use super::fixture::{Shared, finished, lines, made, observed, ready, reference};
use super::merging::{merged, peeked};
use super::part::SEAL;
use crate::app::error::AppError;
use crate::app::known::EVENTS;
use crate::present::RecordFile;
use crate::shard::{PartRefusal, Told};
use crate::state::RunState;
use crate::vocab::*;
use ShardPhase::{Read, Write};

fn merge(shared: &Shared, parts: &[PathBuf]) -> Result<(RunState, Told, String), AppError> {
    let (parts, first) = peeked(parts)?;
    let folder = shared.path("merged");
    let mut record = RecordFile::begin(&folder)?;
    let (state, told) = merged("merged", &parts, &first, &mut record)?;
    record.finish(EVENTS)?;
    let text = fs_err::read_to_string(folder.join(EVENTS)).unwrap();
    fs_err::remove_dir_all(&folder).unwrap();
    Ok((state, told, text))
}

/// Why the one bad part among others is refused.
fn refused(shared: &Shared, parts: &[PathBuf]) -> Vec<(String, PartRefusal)> {
    match merge(shared, parts) {
        Err(AppError::Shards(ShardError::Refused(refused))) => {
            assert!(!shared.path("merged").exists(), "something was written");
            let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            refused.into_iter().map(|(path, why)| (name(path), why)).collect()
        }
        other => panic!("nothing was refused: {other:?}"),
    }
}

/// What was seen, without what hangs on when and where it was.
fn facts(state: &RunState) -> Vec<String> {
    let cells = |index: usize| {
        let cells = state.cells_of(index).map(|cell| format!("{:?} {:?}", cell.consumer_name, cell.cell));
        cells.collect::<Vec<_>>().join("\n")
    };
    let artifacts = state.artifacts().iter().enumerate();
    artifacts.map(|(index, it)| format!("{:?} {:?}\n{}", it.made, it.reference, cells(index))).collect()
}

#[test]
fn all_parts_in_any_order_come_to_the_run_of_one_process() {
    let shared = Shared::new();
    let mut parts = shared.parts();
    let (state, told, text) = merge(&shared, &parts).unwrap();
    assert_eq!(told, Told::default());
    assert_eq!(facts(&state), facts(&shared.whole()));
    assert_eq!(state.environments(), shared.whole().environments());
    assert_eq!(state.header().part, None);
    assert_eq!(
        facts(&RunState::replay(crate::present::parse_events(text.as_bytes()).unwrap()).unwrap()),
        facts(&state)
    );
    for _ in 0..parts.len() {
        parts.rotate_left(1);
        assert_eq!(merge(&shared, &parts).unwrap().2, text);
        parts.swap(0, 2);
        assert_eq!(merge(&shared, &parts).unwrap().2, text);
    }
    // All in one folder, and one of them named twice.
    let all = [shared.folder.path().to_owned(), parts[0].clone()];
    assert_eq!(merge(&shared, &all).unwrap().2, text);
}

#[test]
fn what_is_missing_stays_missing() {
    let shared = Shared::new();
    let parts = shared.parts();
    for left_out in 0..4 {
        let mut some = parts.clone();
        let gone = some.remove(left_out).file_name().unwrap().to_string_lossy().into_owned();
        let (state, told, _) = merge(&shared, &some).unwrap();
        assert_eq!((told.missing.as_slice(), told.is_complete()), ([gone].as_slice(), false));
        assert!(state.finish().unwrap().interrupted);
    }
    // Killed while it was writing a line: what it had written counts.
    let mut events = shared.events(2, Read);
    events.truncate(events.len() - 3);
    let folder = shared.unsealed("read-2", &events);
    let torn = lines(&events) + "{\"event\":\"cell-obs";
    fs_err::write(folder.join(EVENTS), torn).unwrap();
    fs_err::remove_file(folder.join(SEAL)).unwrap();
    let (state, told, _) = merge(&shared, &parts).unwrap();
    assert_eq!(told.unfinished, ["read-2"]);
    let seen = (0..4).flat_map(|at| state.cells_of(at).collect::<Vec<_>>());
    assert_eq!(seen.filter(|cell| cell.cell.observation.is_some()).count(), 7);
}

#[test]
fn a_cell_of_two_machines_counts_once_or_is_contradicted() {
    let shared = Shared::new();
    let mut parts = shared.parts();
    // The same shard once more, elsewhere: slower, with other packages, and one output is another.
    let mut events = shared.events(2, Read);
    let (artifact, consumer) = (shared.plan.artifact_id(0), EnvName::from("b"));
    for event in &mut events {
        match event {
            Event::EnvironmentReady { name, .. } if *name == consumer => *event = ready(&consumer, "2.0.0"),
            Event::CellObserved { artifact: it, .. } if *it == artifact => {
                *event = observed(&artifact, &consumer, 9.0, "another");
            }
            Event::RunStarted(header) => header.time = "2026-11-29T05:00:00Z".to_owned(),
            _ => {}
        }
    }
    parts.push(shared.write("read-2-again", &events));
    let (state, told, text) = merge(&shared, &parts).unwrap();
    assert_eq!((told.equal, told.unequal), (3, 1));
    assert_eq!(told.moved.keys().collect::<Vec<_>>(), [&consumer]);
    let cell = state.cell(&artifact, &consumer).unwrap().view();
    assert_eq!(cell.observation.unwrap().load_seconds, Some(0.5));
    assert_eq!(cell.contradicted.unwrap().lock.packages["numpy"], "2.0.0");
    parts.reverse();
    assert_eq!(merge(&shared, &parts).unwrap().2, text);
    let record = crate::judge::judge(&state, &crate::judge::JudgeOptions::default());
    let told: Vec<_> = record.cells.iter().filter_map(|cell| cell.elsewhere.as_ref()).collect();
    assert_eq!(told.len(), 1);
    assert_ne!(told[0].lock, Some(told[0].other_lock));
}

#[test]
fn an_environment_that_fails_in_one_part_hides_nothing_of_another() {
    let shared = Shared::new();
    let parts = shared.parts();
    let consumer = EnvName::from("b");
    let mut events = vec![Event::RunStarted(Box::new(shared.header(2, Read)))];
    events.push(Event::EnvironmentFailed {
        name: consumer.clone(),
        reason: "no network".to_owned(),
        remedy: None,
        absent: false,
        cause: None,
    });
    events.push(finished("2026-11-29T08:00:00Z"));
    shared.write("read-2", &events);
    let (state, told, _) = merge(&shared, &parts).unwrap();
    assert_eq!(told.failed[&consumer], ("read-2".to_owned(), "no network".to_owned()));
    let seen = (0..4).flat_map(|at| state.cells_of(at).collect::<Vec<_>>());
    assert_eq!(seen.filter(|cell| cell.cell.observation.is_some()).count(), 4);
}

/// What somebody may do to a part, and what is said then.
type Spoilt = (&'static str, fn(&Shared, &Path), fn(&PartRefusal) -> bool);

/// Writes a part again, with a seal that fits.
fn again(shared: &Shared, folder: &Path, change: impl FnOnce(&mut Vec<Event>)) {
    let mut events = shared.events(2, Read);
    change(&mut events);
    shared.write(&folder.file_name().unwrap().to_string_lossy(), &events);
}

fn header(events: &mut [Event]) -> &mut RunHeader {
    match &mut events[0] {
        Event::RunStarted(header) => header,
        _ => unreachable!("a record begins with its header"),
    }
}

fn planned(events: &mut [Event]) -> &mut PartHeader {
    header(events).part.as_deref_mut().unwrap()
}

fn edit(folder: &Path, file: &str, change: impl FnOnce(String) -> String) {
    let path = folder.join(file);
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(path, change(text)).unwrap();
}

fn foreign(shared: &Shared, folder: &Path) {
    let text = "[[environments]]\nname = \"z\"\npython = \"3.11\"\npackages = { scikit-learn = \"1.2.2\" }\n\
                [datasets.d]\npath = \"d.csv\"\n[[models]]\nname = \"r\"\nestimator = \"Ridge()\"\nformats = [\"pickle\"]\n";
    let other = Shared::of(text);
    let events = other.events(1, Write);
    shared.write(&folder.file_name().unwrap().to_string_lossy(), &events);
}

fn copied(shared: &Shared, folder: &Path, file: &str) {
    fs_err::copy(shared.path("read-1").join(file), folder.join(file)).unwrap();
}

/// All these are done to `read-2`, beside three good parts.
const SPOILT: &[Spoilt] = &[
    (
        "no record",
        |_, at| fs_err::remove_file(at.join(EVENTS)).unwrap(),
        |why| matches!(why, PartRefusal::NoRecord { .. }),
    ),
    (
        "a folder for a record",
        |_, at| {
            fs_err::remove_file(at.join(EVENTS)).unwrap();
            fs_err::create_dir(at.join(EVENTS)).unwrap()
        },
        |why| matches!(why, PartRefusal::NoRecord { .. }),
    ),
    (
        "an empty record",
        |_, at| fs_err::write(at.join(EVENTS), "").unwrap(),
        |why| *why == PartRefusal::Empty,
    ),
    (
        "half a line",
        |_, at| edit(at, EVENTS, |text| text[..200].to_owned()),
        |why| *why == PartRefusal::Empty,
    ),
    (
        "cut between lines",
        |_, at| edit(at, EVENTS, |text| text.lines().take(5).map(|line| format!("{line}\n")).collect()),
        |why| matches!(why, PartRefusal::Cut { .. }),
    ),
    (
        "cut in a line",
        |_, at| edit(at, EVENTS, |text| text[..text.len() - 9].to_owned()),
        |why| matches!(why, PartRefusal::Cut { .. }),
    ),
    (
        "a line more",
        |_, at| edit(at, EVENTS, |text| text + &lines(&[finished("x")])),
        |why| matches!(why, PartRefusal::Grown { .. }),
    ),
    (
        "other bytes",
        |_, at| edit(at, EVENTS, |text| text.replacen("0.5", "0.6", 1)),
        |why| *why == PartRefusal::Changed,
    ),
    ("zeros", |_, at| edit(at, EVENTS, |text| "\0".repeat(text.len())), |why| *why == PartRefusal::Empty),
    (
        "no text",
        |_, at| fs_err::write(at.join(EVENTS), [0xff, 0xfe, b'\n']).unwrap(),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "an unknown event",
        |shared, at| {
            again(shared, at, |_| {});
            edit(at, EVENTS, |text| text.replacen("cell-observed", "cell-dreamed", 1))
        },
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "a later format",
        |shared, at| again(shared, at, |events| header(events).format_version = 99),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "without its first line",
        |_, at| edit(at, EVENTS, |text| text.split_once('\n').unwrap().1.to_owned()),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "a whole run",
        |shared, at| {
            let events = {
                let mut events = shared.events(2, Read);
                header(&mut events).part = None;
                events
            };
            shared.unsealed(&at.file_name().unwrap().to_string_lossy(), &events);
        },
        |why| *why == PartRefusal::WholeRun,
    ),
    (
        "a seal that is none",
        |_, at| fs_err::write(at.join(SEAL), "{").unwrap(),
        |why| *why == PartRefusal::BadSeal,
    ),
    ("an empty seal", |_, at| fs_err::write(at.join(SEAL), "").unwrap(), |why| *why == PartRefusal::BadSeal),
    (
        "a folder for a seal",
        |_, at| {
            fs_err::remove_file(at.join(SEAL)).unwrap();
            fs_err::create_dir(at.join(SEAL)).unwrap()
        },
        |why| *why == PartRefusal::BadSeal,
    ),
    (
        "the seal of another part",
        |shared, at| copied(shared, at, SEAL),
        |why| *why == PartRefusal::SealOfAnother("read-1".to_owned()),
    ),
    (
        "the record of another part",
        |shared, at| copied(shared, at, EVENTS),
        |why| matches!(why, PartRefusal::SealOfAnother(_)),
    ),
    (
        "a seal of a later version",
        |_, at| edit(at, SEAL, |text| text.replacen("\"shards_version\": 1", "\"shards_version\": 7", 1)),
        |why| *why == PartRefusal::Newer(7),
    ),
    ("another matrix", foreign, |why| matches!(why, PartRefusal::Foreign { .. })),
    (
        "another sharing out",
        |shared, at| {
            again(shared, at, |events| {
                let plan = &mut planned(events).plan;
                plan.read.reverse();
                plan.fingerprint = plan.computed_fingerprint();
            })
        },
        |why| *why == PartRefusal::Stale,
    ),
    (
        "another version",
        |shared, at| {
            again(shared, at, |events| {
                header(events).shelflife = "0".to_owned();
                let plan = &mut planned(events).plan;
                plan.shelflife = "0".to_owned();
                plan.fingerprint = plan.computed_fingerprint();
            })
        },
        |why| *why == PartRefusal::OtherVersion("0".to_owned()),
    ),
    (
        "another agent",
        |shared, at| {
            again(shared, at, |events| {
                let plan = &mut planned(events).plan;
                plan.agent = Digest::of(b"other");
                plan.fingerprint = plan.computed_fingerprint();
            })
        },
        |why| matches!(why, PartRefusal::OtherVersion(_)),
    ),
    (
        "more work than it was given",
        |shared, at| {
            again(shared, at, |events| {
                planned(events).plan.read[1].environments.push(Slice::whole("a".into()))
            })
        },
        |why| *why == PartRefusal::Forged,
    ),
    (
        "a shard too many",
        |shared, at| again(shared, at, |events| planned(events).shard = 3),
        |why| *why == PartRefusal::NoSuchShard { shard: 3, of: 2 },
    ),
    (
        "shard 0",
        |shared, at| again(shared, at, |events| planned(events).shard = 0),
        |why| *why == PartRefusal::NoSuchShard { shard: 0, of: 2 },
    ),
    (
        "an expectation more",
        |shared, at| {
            again(shared, at, |events| header(events).plan.models[0].estimator = "Lasso()".to_owned())
        },
        |why| *why == PartRefusal::OtherPlan,
    ),
    (
        "another digest of the plan",
        |shared, at| again(shared, at, |events| header(events).matrix.plan_digest = Digest::of(b"x")),
        |why| *why == PartRefusal::OtherPlan,
    ),
    (
        "two records in one",
        |shared, at| {
            again(shared, at, |events| events.insert(2, Event::RunStarted(Box::new(shared.header(2, Read)))))
        },
        |why| *why == PartRefusal::TwoRecords,
    ),
    (
        "gone on with as another part",
        |shared, at| {
            again(shared, at, |events| {
                events.insert(2, Event::RunResumed { header: Box::new(shared.header(1, Read)) })
            })
        },
        |why| *why == PartRefusal::TwoRecords,
    ),
    (
        "sealed without an end",
        |shared, at| again(shared, at, |events| drop(events.pop())),
        |why| *why == PartRefusal::NoEnd,
    ),
    (
        "sealed when it was interrupted",
        |shared, at| {
            again(shared, at, |events| {
                events.pop();
                events.push(Event::RunFinished {
                    time: String::new(),
                    seconds: 0.0,
                    executed: 0,
                    reused: 0,
                    interrupted: true,
                })
            })
        },
        |why| *why == PartRefusal::NoEnd,
    ),
    (
        "an environment that nobody planned",
        |shared, at| again(shared, at, |events| events.insert(1, ready(&"z".into(), "1"))),
        |why| *why == PartRefusal::NotPlanned("z".to_owned()),
    ),
    (
        "an artifact that nobody planned",
        |shared, at| {
            again(shared, at, |events| {
                let mut artifact = shared.plan.artifact_id(0);
                artifact.model = "m".into();
                events.insert(3, made(&artifact, "x"))
            })
        },
        |why| matches!(why, PartRefusal::NotPlanned(_)),
    ),
    (
        "a cell of another shard",
        |shared, at| {
            again(shared, at, |events| {
                let end = events.len() - 1;
                events.insert(end, observed(&shared.plan.artifact_id(0), &"a".into(), 1.0, "output"))
            })
        },
        |why| matches!(why, PartRefusal::NotItsWork(_)),
    ),
    (
        "a cell before its environment",
        |shared, at| {
            again(shared, at, |events| {
                events.retain(|event| !matches!(event, Event::EnvironmentReady { .. }))
            })
        },
        |why| *why == PartRefusal::FromNowhere("b".to_owned()),
    ),
    (
        "a cell without its artifact",
        |shared, at| {
            again(shared, at, |events| {
                events.retain(|event| {
                    !matches!(event, Event::ArtifactMade { .. } | Event::ReferenceTaken { .. })
                })
            })
        },
        |why| matches!(why, PartRefusal::FromNowhere(_)),
    ),
    (
        "an artifact that was written again since",
        |shared, at| {
            again(shared, at, |events| {
                for event in events {
                    if let Event::ArtifactMade { artifact, .. } = event {
                        *event = made(&artifact.clone(), "older")
                    }
                }
            })
        },
        |why| matches!(why, PartRefusal::OtherArtifact { part, .. } if part == "write-1"),
    ),
    (
        "a reference that was taken again since",
        |shared, at| {
            again(shared, at, |events| {
                for event in events {
                    if let Event::ReferenceTaken { artifact, .. } = event {
                        *event = reference(&artifact.clone(), "older")
                    }
                }
            })
        },
        |why| matches!(why, PartRefusal::OtherReference { part, .. } if part == "write-1"),
    ),
];

#[test]
fn bad_parts_are_refused_by_name_with_the_reason() {
    for (name, spoil, is_expected) in SPOILT {
        let shared = Shared::new();
        let parts = shared.parts();
        spoil(&shared, &shared.path("read-2"));
        let refused = refused(&shared, &parts);
        let [(part, why)] = refused.as_slice() else { panic!("{name}: {refused:?}") };
        assert_eq!(part, "read-2", "{name}");
        assert!(is_expected(why), "{name}: {why:?}");
        let said = crate::present::refusal(why);
        assert!(!said.is_empty() && !said.ends_with('.'), "{name}: {said}");
    }
    assert!(SPOILT.len() >= 30);
}

#[test]
fn parts_that_write_speak_of_what_they_write_only() {
    let shared = Shared::new();
    let parts = shared.parts();
    let mut events = shared.events(1, Write);
    let other = (0..4).map(|at| shared.plan.artifact_id(at)).find(|it| it.producer.as_str() == "b").unwrap();
    events.insert(2, made(&other, "x"));
    shared.write("write-1", &events);
    let mut cells = shared.events(2, Write);
    let own = (0..4).map(|at| shared.plan.artifact_id(at)).find(|it| it.producer.as_str() == "b").unwrap();
    cells.insert(cells.len() - 1, observed(&own, &"b".into(), 1.0, "output"));
    shared.write("write-2", &cells);
    let refused = refused(&shared, &parts);
    let named: Vec<&str> = refused.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, ["write-1", "write-2"]);
    assert!(refused.iter().all(|(_, why)| matches!(why, PartRefusal::NotItsWork(_))), "{refused:?}");
}

#[test]
fn nothing_at_all_is_no_merge() {
    let shared = Shared::new();
    assert!(matches!(
        merge(&shared, &[shared.path("nowhere")]),
        Err(AppError::Shards(ShardError::Refused(_)))
    ));
}
