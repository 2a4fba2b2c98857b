//! Parts of a run in words: why one is refused, what a merge found, who does what.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::inspection::plain;
use super::words::{join, plural};
use crate::shard::{PartRefusal, Told};
use crate::vocab::{CellRecord, Floors, PartHeader, ShardPhase, ShardPlan, ShardWork, Verdict};

/// Refused parts, each with its reason.
pub fn refused_parts(parts: &[(PathBuf, PartRefusal)]) -> String {
    let count = plural(parts.len() as u64, "part");
    let mut text = format!("{count} cannot be merged, and nothing was written:");
    for (folder, why) in parts {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n  {}: {}", plain(&folder.display().to_string()), refusal(why));
    }
    text
}

/// What a shard did, in a line.
pub fn shard_line(
    part: &PartHeader,
    artifacts: u64,
    cells: &[CellRecord],
    (executed, reused): (u64, u64),
) -> String {
    let what = match part.phase {
        ShardPhase::Write => format!("{} written", plural(artifacts, "artifact")),
        ShardPhase::Read => {
            let tried = cells.iter().filter(|cell| cell.verdict != Verdict::NotTried).count();
            format!("{tried} of {} tried", plural(cells.len() as u64, "cell"))
        }
    };
    format!(
        "shard {} of {}, {}: {what} (executed {executed}, {reused} were known)",
        part.shard,
        part.plan.count(),
        part.phase.word()
    )
}

/// Why a part is refused, and what to do.
pub fn refusal(why: &PartRefusal) -> String {
    match why {
        PartRefusal::NoRecord { why } => format!("there is no record in it that can be read ({why})"),
        PartRefusal::NotEvents { why } => format!("its record is damaged: {}", plain(why)),
        PartRefusal::Empty => "its record has no whole line: run this part again".to_owned(),
        PartRefusal::WholeRun => "it is a run of its own, not a part of one".to_owned(),
        PartRefusal::Newer(version) => {
            format!("it was planned in version {version}: update shelflife")
        }
        PartRefusal::Foreign { matrix } => {
            format!("it is of another plan than the other parts (`{}`): leave it out", plain(matrix))
        }
        PartRefusal::Stale => {
            "its shards were planned at another time than those of the other parts: run it again with their plan".to_owned()
        }
        PartRefusal::OtherVersion(version) => format!(
            "shelflife {} made it, and another one the other parts: run it again with theirs",
            plain(version)
        ),
        PartRefusal::Forged => "what it says of the shards was edited: run this part again".to_owned(),
        PartRefusal::NoSuchShard { shard, of } => {
            format!("it says it is shard {shard}, and there are {}", plural(*of as u64, "shard"))
        }
        PartRefusal::OtherPlan => {
            "what it says is planned is not what its shards were planned from: run this part again".to_owned()
        }
        PartRefusal::TwoRecords => "a second record begins in the middle of it: run this part again".to_owned(),
        PartRefusal::BadSeal => "its part.json cannot be read: copy the part again".to_owned(),
        PartRefusal::SealOfAnother(name) => {
            format!("its part.json is that of {name} or of another plan: copy the part again")
        }
        PartRefusal::Cut { has, sealed } => {
            format!("its record was cut: {has} of {sealed} bytes are there; copy the part again")
        }
        PartRefusal::Grown { has, sealed } => {
            format!("its record has {has} bytes and had {sealed} when it ended: copy the part again")
        }
        PartRefusal::Changed => {
            "its record is not the one with which it ended: copy the part again".to_owned()
        }
        PartRefusal::NoEnd => "it is sealed, and its record does not end: run this part again".to_owned(),
        PartRefusal::NotPlanned(what) => {
            format!("it speaks of {}, which nobody has planned", plain(what))
        }
        PartRefusal::NotItsWork(what) => {
            format!("it speaks of {}, which is the work of another shard", plain(what))
        }
        PartRefusal::FromNowhere(what) => {
            format!("it speaks of what came out of {} before that was there", plain(what))
        }
        PartRefusal::OtherArtifact { artifact, part } => format!(
            "it has {} with other bytes than {}: that was written again since; run the phase read of this shard again",
            plain(artifact),
            plain(part)
        ),
        PartRefusal::OtherReference { artifact, part } => format!(
            "it compared {} with another reference than that of {}: run the phase read of this shard again",
            plain(artifact),
            plain(part)
        ),
    }
}

/// What is worth knowing about merged parts, a line each.
pub fn merge_notes(told: &Told) -> Vec<String> {
    let mut lines = Vec::new();
    if !told.missing.is_empty() {
        lines.push(format!("not there: {}; what they should have tried is missing", join(&told.missing)));
    }
    if !told.unfinished.is_empty() {
        lines.push(format!("did not come to their end: {}; what they have counts", join(&told.unfinished)));
    }
    if told.equal > 0 {
        lines.push(format!(
            "{} came out the same on two machines, and count once",
            plural(told.equal, "cell")
        ));
    }
    if told.unequal > 0 {
        lines.push(format!(
            "{} came out otherwise on a second machine: see `elsewhere` in results.json, which names both locks",
            plural(told.unequal, "cell")
        ));
    }
    for (name, (part, reason)) in &told.failed {
        lines.push(format!(
            "{name} could not be made in {part}, and in another part it could: {}",
            plain(reason)
        ));
    }
    for (name, moves) in &told.moved {
        let moves: Vec<String> = moves.iter().map(ToString::to_string).collect();
        lines.push(format!("{name} resolved to other packages in another part: {}", moves.join(", ")));
    }
    lines
}

/// Who does what, for people.
pub fn shards_text(plan: &ShardPlan, has_times: bool) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{}: {} and {} in {}, {}",
        plan.matrix,
        plural(plan.artifacts, "artifact"),
        plural(plan.cells, "cell"),
        plural(plan.count() as u64, "shard"),
        if has_times {
            "by the times of an earlier run"
        } else {
            "by what is usual: no earlier run is recorded"
        }
    );
    for phase in ShardPhase::ALL {
        let works = plan.phase(phase);
        let longest = works.iter().map(|work| work.seconds).fold(0.0, f64::max);
        let sum: f64 = works.iter().map(|work| work.seconds).sum();
        let _ = writeln!(
            text,
            "\n{}: about {sum:.0} s on one core, {longest:.0} s the longest shard",
            phase.word()
        );
        for (shard, work) in (1u32..).zip(works) {
            let _ = writeln!(text, "  {shard}: {:.0} s, {}", work.seconds, environments(work));
        }
    }
    if let Some(whose) = floors(plan) {
        let _ = writeln!(text, "\nwhoever writes measures the noise floors of {whose}");
    }
    let split: Vec<String> = split(plan);
    if !split.is_empty() {
        let _ = writeln!(
            text,
            "\nsplit by what they write or read, since each would be the longest shard alone: {}",
            split.join(", ")
        );
    }
    text
}

fn floors(plan: &ShardPlan) -> Option<String> {
    match &plan.floors {
        Floors::None => None,
        Floors::All => Some("all artifacts, since several readers may be in doubt about the same".to_owned()),
        Floors::Of(pairs) => {
            let count = pairs.iter().map(|(first, last)| u64::from(last - first) + 1).sum();
            Some(format!(
                "{} that {} in doubt in that run",
                plural(count, "artifact"),
                if count == 1 { "was" } else { "were" }
            ))
        }
    }
}

fn environments(work: &ShardWork) -> String {
    let name = |slice: &crate::vocab::Slice| match slice.of {
        1 => slice.environment.to_string(),
        of => format!("{} ({} of {of})", slice.environment, slice.piece),
    };
    let names: Vec<String> = work.environments.iter().map(name).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn split(plan: &ShardPlan) -> Vec<String> {
    let mut names = Vec::new();
    for phase in ShardPhase::ALL {
        for slice in plan.phase(phase).iter().flat_map(|work| &work.environments) {
            if slice.of > 1 && slice.piece == 1 {
                names.push(format!("{} into {} to {}", slice.environment, slice.of, phase.word()));
            }
        }
    }
    names
}
