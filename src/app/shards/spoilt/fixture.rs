//! What becomes of parts between one machine and another, and what people do to them.

use std::path::Path;

use super::super::fixture::{Shared, finished, lines, made, observed, ready, reference};
use super::super::part::SEAL;
use crate::app::known::EVENTS;
use crate::shard::PartRefusal;
use crate::vocab::*;
use ShardPhase::{Read, Write};

/// What somebody may do to a part, and what is said then.
pub(in crate::app::shards) type Spoilt = (&'static str, fn(&Shared, &Path), fn(&PartRefusal) -> bool);

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

fn bytes(folder: &Path, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let path = folder.join(EVENTS);
    let all = fs_err::read(&path).unwrap();
    fs_err::write(path, change(all)).unwrap();
}

/// Puts a pipe, on which nobody writes, in the place of a file.
fn pipe(path: &Path) {
    fs_err::remove_file(path).unwrap();
    nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR).unwrap();
}

/// Puts a link in the place of a file.
fn link(path: &Path, to: &str) {
    fs_err::remove_file(path).unwrap();
    fs_err::os::unix::fs::symlink(to, path).unwrap();
}

/// All these are done to `read-2`, beside three good parts.
pub(in crate::app::shards) const SPOILT: &[Spoilt] = &[
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
    (
        "a pipe for a record",
        |_, at| pipe(&at.join(EVENTS)),
        |why| matches!(why, PartRefusal::NoRecord { .. }),
    ),
    (
        "a link to nowhere for a record",
        |_, at| link(&at.join(EVENTS), "nowhere"),
        |why| matches!(why, PartRefusal::NoRecord { .. }),
    ),
    (
        "a link to itself for a record",
        |_, at| link(&at.join(EVENTS), EVENTS),
        |why| matches!(why, PartRefusal::NoRecord { .. }),
    ),
    ("a pipe for a seal", |_, at| pipe(&at.join(SEAL)), |why| *why == PartRefusal::BadSeal),
    (
        "the seal for a record",
        |_, at| {
            fs_err::copy(at.join(SEAL), at.join(EVENTS)).unwrap();
        },
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "the record for a seal",
        |_, at| {
            fs_err::copy(at.join(EVENTS), at.join(SEAL)).unwrap();
        },
        |why| *why == PartRefusal::BadSeal,
    ),
    (
        "a mark before the seal",
        |_, at| edit(at, SEAL, |text| format!("\u{feff}{text}")),
        |why| *why == PartRefusal::BadSeal,
    ),
    (
        "line breaks of another system",
        |_, at| edit(at, EVENTS, |text| text.replace('\n', "\r\n")),
        |why| matches!(why, PartRefusal::Grown { .. }),
    ),
    (
        "a mark before the record",
        |_, at| edit(at, EVENTS, |text| format!("\u{feff}{text}")),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "two bytes a letter",
        |_, at| bytes(at, |all| all.iter().flat_map(|byte| [*byte, 0]).collect()),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "packed",
        |_, at| bytes(at, |_| b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\n\n\x03".to_vec()),
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "a byte that is no text in the middle",
        |_, at| {
            bytes(at, |mut all| {
                let place = all.windows(8).position(|it| it == b"observed").unwrap();
                all[place] = 0xc3;
                all
            })
        },
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
    (
        "an ending of zeros, as after a loss of power",
        |_, at| {
            bytes(at, |mut all| {
                let end = all.len();
                all[end - 40..].fill(0);
                all
            })
        },
        |why| *why == PartRefusal::Changed,
    ),
    (
        "a line twice",
        |_, at| {
            edit(at, EVENTS, |text| {
                text.lines().flat_map(|line| [line, "\n"]).chain(text.lines().last()).collect::<String>()
                    + "\n"
            })
        },
        |why| matches!(why, PartRefusal::Grown { .. }),
    ),
    (
        "two lines in another order",
        |_, at| {
            edit(at, EVENTS, |text| {
                let mut all: Vec<&str> = text.lines().collect();
                let end = all.len();
                all.swap(end - 2, end - 3);
                all.join("\n") + "\n"
            })
        },
        |why| *why == PartRefusal::Changed,
    ),
    (
        "a field twice",
        |shared, at| {
            again(shared, at, |_| {});
            edit(at, EVENTS, |text| {
                text.replacen("\"reused\":false}\n", "\"reused\":false,\"reused\":true}\n", 1)
            })
        },
        |why| matches!(why, PartRefusal::NotEvents { .. }),
    ),
];
