//! A run in parts: who does what, and how a part says that it is one.

use serde::{Deserialize, Serialize};

use super::{Digest, DigestBuilder, EnvName};

/// Version of the serialized forms of this file.
pub const SHARDS_VERSION: u32 = 1;

/// The two halves of a run. What is read everywhere is written once, on one machine: two that train the same model on
/// unlike processors would be compared like apples and pears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShardPhase {
    /// Train, save, and take the references.
    Write,
    /// Load and predict.
    Read,
}

impl ShardPhase {
    /// Both, in the order in which they run.
    pub const ALL: [Self; 2] = [Self::Write, Self::Read];

    /// Its word in files and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
        }
    }
}

/// An environment that a shard does, or a piece of one that is split by what it writes or reads.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// Which.
    pub environment: EnvName,
    /// Which piece of it, counted from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub piece: u32,
    /// How many pieces there are.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub of: u32,
}

const fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_one(number: &u32) -> bool {
    *number == 1
}

impl Slice {
    /// All of an environment.
    pub const fn whole(environment: EnvName) -> Self {
        Self { environment, piece: 1, of: 1 }
    }

    /// Whether a model (when writing) or an artifact (when reading), by its index in the plan, is in it.
    pub const fn has(&self, index: u32) -> bool {
        index % self.of == self.piece - 1
    }
}

/// What one shard does in one phase, and how long that should take.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShardWork {
    /// Its environments.
    pub environments: Vec<Slice>,
    /// Seconds on one core, as far as they are recorded or usual.
    pub seconds: f64,
}

/// Whose noise floors are measured by whoever writes them, before anybody is in doubt. What is in doubt later and was not
/// measured then, is measured by everybody who reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Floors {
    /// Nobody's.
    #[default]
    None,
    /// Everybody's.
    All,
    /// Those of the artifacts from the first to the last of each pair, by their places in the plan.
    Of(Vec<(u32, u32)>),
}

impl Floors {
    /// Those of artifacts in the order of the plan.
    pub fn of(artifacts: impl IntoIterator<Item = u32>) -> Self {
        let mut pairs: Vec<(u32, u32)> = Vec::new();
        for artifact in artifacts {
            match pairs.last_mut() {
                Some((_, last)) if *last + 1 == artifact => *last = artifact,
                _ => pairs.push((artifact, artifact)),
            }
        }
        if pairs.is_empty() { Self::None } else { Self::Of(pairs) }
    }

    /// Whether that of an artifact is.
    pub fn has(&self, artifact: u32) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Of(pairs) => {
                let after = pairs.partition_point(|(first, _)| *first <= artifact);
                after.checked_sub(1).is_some_and(|at| artifact <= pairs[at].1)
            }
        }
    }

    /// Whether the pairs can be looked up.
    fn are_ordered(&self) -> bool {
        match self {
            Self::None | Self::All => true,
            Self::Of(pairs) => {
                pairs.iter().all(|(first, last)| first <= last)
                    && pairs.windows(2).all(|pair| pair[0].1 < pair[1].0)
            }
        }
    }

    /// Whether nobody's is.
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }
}

/// The part of a matrix that was selected when it was planned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardSelection {
    /// Patterns of models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Patterns of formats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// Patterns of environments that write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub producers: Vec<String>,
    /// Patterns of environments that read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<String>,
}

/// A run that is done in parts: the file that all of them are started with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardPlan {
    /// [`SHARDS_VERSION`] of the writer.
    pub shards_version: u32,
    /// Version of shelflife.
    pub shelflife: String,
    /// Digest of what runs inside environments.
    pub agent: Digest,
    /// The matrix file, as it was given.
    pub matrix: String,
    /// Digest of its bytes: tolerances, limits and expectations are the same in all parts.
    pub matrix_digest: Digest,
    /// What was selected of it.
    #[serde(default)]
    pub selection: ShardSelection,
    /// Digest of the whole plan, the same for all parts.
    pub plan_digest: Digest,
    /// Digest of the plan as records begin with it: also what is expected.
    pub record_digest: Digest,
    /// Planned artifacts.
    pub artifacts: u64,
    /// Planned cells.
    pub cells: u64,
    /// The most bytes that one cell may take.
    pub cell_memory_bytes: u64,
    /// Whose noise floors are measured in the phase that writes.
    #[serde(default, skip_serializing_if = "Floors::is_none")]
    pub floors: Floors,
    /// What each shard writes.
    pub write: Vec<ShardWork>,
    /// What each shard reads.
    pub read: Vec<ShardWork>,
    /// Digest of all of this but the seconds: parts of one run have the same.
    pub fingerprint: Digest,
}

impl ShardPlan {
    /// How many shards there are.
    pub const fn count(&self) -> usize {
        self.read.len()
    }

    /// What the shards do in a phase.
    pub const fn phase(&self, phase: ShardPhase) -> &Vec<ShardWork> {
        match phase {
            ShardPhase::Write => &self.write,
            ShardPhase::Read => &self.read,
        }
    }

    /// What a shard, counted from 1, does in a phase.
    pub fn work(&self, shard: u32, phase: ShardPhase) -> Option<&ShardWork> {
        self.phase(phase).get((shard as usize).checked_sub(1)?)
    }

    /// The fingerprint that belongs to what it says.
    pub fn computed_fingerprint(&self) -> Digest {
        let mut builder = DigestBuilder::new("shards-v1")
            .field(&self.shards_version.to_le_bytes())
            .text(&self.shelflife)
            .digest(&self.agent)
            .text(&self.matrix)
            .digest(&self.matrix_digest)
            .digest(&self.plan_digest)
            .digest(&self.record_digest)
            .field(&self.artifacts.to_le_bytes())
            .field(&self.cells.to_le_bytes());
        let ShardSelection { models, formats, producers, consumers } = &self.selection;
        for patterns in [models, formats, producers, consumers] {
            builder = builder.field(&(patterns.len() as u64).to_le_bytes());
            builder = patterns.iter().fold(builder, |builder, text| builder.text(text));
        }
        builder = match &self.floors {
            Floors::None => builder,
            Floors::All => builder.text("all"),
            Floors::Of(pairs) => pairs.iter().fold(builder.text("of"), |builder, (first, last)| {
                builder.field(&[first.to_le_bytes(), last.to_le_bytes()].concat())
            }),
        };
        for phase in ShardPhase::ALL {
            builder = builder.text(phase.word()).field(&(self.phase(phase).len() as u64).to_le_bytes());
            for work in self.phase(phase) {
                builder = builder.field(&(work.environments.len() as u64).to_le_bytes());
                for slice in &work.environments {
                    let piece = [slice.piece.to_le_bytes(), slice.of.to_le_bytes()].concat();
                    builder = builder.text(slice.environment.as_str()).field(&piece);
                }
            }
        }
        builder.finish()
    }

    /// Whether it hangs together: as many shards in both phases, at least one, and pieces that can be.
    pub fn is_consistent(&self) -> bool {
        let slices = self.write.iter().chain(&self.read).flat_map(|work| &work.environments);
        let are_pieces = slices.into_iter().all(|slice| (1..=slice.of).contains(&slice.piece));
        !self.read.is_empty()
            && self.write.len() == self.read.len()
            && are_pieces
            && self.floors.are_ordered()
    }
}

/// What the record of a part begins with, beside what every record does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartHeader {
    /// Which shard, counted from 1.
    pub shard: u32,
    /// Which half of it.
    pub phase: ShardPhase,
    /// What all shards do.
    pub plan: ShardPlan,
}

impl PartHeader {
    /// The name of its folder.
    pub fn name(&self) -> String {
        part_name(self.shard, self.phase)
    }

    /// What it does.
    pub fn slices(&self) -> &[Slice] {
        self.plan.work(self.shard, self.phase).map_or(&[], |work| &work.environments)
    }
}

/// The name of the folder of a part.
pub fn part_name(shard: u32, phase: ShardPhase) -> String {
    format!("{}-{shard}", phase.word())
}

/// What stands beside the record of a part that came to its end: whoever merges sees whether all of it arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartSeal {
    /// [`SHARDS_VERSION`] of the writer.
    pub shards_version: u32,
    /// Which shard, counted from 1.
    pub shard: u32,
    /// Which half of it.
    pub phase: ShardPhase,
    /// [`ShardPlan::fingerprint`].
    pub fingerprint: Digest,
    /// Digest of the bytes of its record.
    pub record: Digest,
    /// How many these are.
    pub bytes: u64,
}

/// A cell that two machines tried, and that came out otherwise on the second one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineDifference {
    /// Digest of the lock under which the first one tried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Digest>,
    /// Digest of the lock under which the second one did.
    pub other_lock: Digest,
    /// What it was on the second one.
    pub verdict: super::Verdict,
    /// How far it got there.
    pub reached: super::Reached,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> ShardPlan {
        let work = |names: &[&str]| ShardWork {
            environments: names.iter().map(|name| Slice::whole(EnvName::from(*name))).collect(),
            seconds: 1.0,
        };
        let mut plan = ShardPlan {
            shards_version: SHARDS_VERSION,
            shelflife: "1".to_owned(),
            agent: Digest::of(b"agent"),
            matrix: "m.toml".to_owned(),
            matrix_digest: Digest::of(b"m"),
            selection: ShardSelection::default(),
            plan_digest: Digest::of(b"p"),
            record_digest: Digest::of(b"r"),
            artifacts: 2,
            cells: 4,
            cell_memory_bytes: 1 << 30,
            floors: Floors::None,
            write: vec![work(&["a"]), work(&["b"])],
            read: vec![work(&["a", "b"]), work(&[])],
            fingerprint: Digest::of(b""),
        };
        plan.fingerprint = plan.computed_fingerprint();
        plan
    }

    #[test]
    fn a_fingerprint_covers_who_does_what_and_not_how_long_it_takes() {
        let before = plan();
        let mut now = before.clone();
        now.read[0].seconds = 9.0;
        assert_eq!(now.computed_fingerprint(), before.fingerprint);
        let moved = now.read[0].environments.pop().unwrap();
        now.read[1].environments.push(moved);
        assert_ne!(now.computed_fingerprint(), before.fingerprint);
        let mut split = before.clone();
        split.read[1].environments.push(Slice { environment: "a".into(), piece: 2, of: 2 });
        assert_ne!(split.computed_fingerprint(), before.fingerprint);
        let mut prints = vec![before.fingerprint];
        for floors in [Floors::All, Floors::Of(vec![(0, 1)]), Floors::Of(vec![(0, 0), (1, 1)])] {
            prints.push(ShardPlan { floors, ..before.clone() }.computed_fingerprint());
        }
        let all = prints.len();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), all);
    }

    #[test]
    fn floors_are_those_that_were_named() {
        for wanted in [vec![], vec![0], vec![3, 4, 5], vec![0, 2, 3, 9, 10, 11, 20]] {
            let floors = Floors::of(wanted.iter().copied());
            let has: Vec<u32> = (0..30).filter(|at| floors.has(*at)).collect();
            assert_eq!(has, wanted);
            assert_eq!(floors.is_none(), wanted.is_empty());
        }
        assert!(Floors::All.has(7) && !Floors::None.has(7));
    }

    #[test]
    fn pieces_share_everything_and_nothing_twice() {
        for of in 1..5 {
            for index in 0..20 {
                let has = |piece| Slice { environment: "a".into(), piece, of }.has(index);
                assert_eq!((1..=of).filter(|piece| has(*piece)).count(), 1);
            }
        }
    }

    #[test]
    fn files_of_shards_round_trip() {
        let before = plan();
        let text = serde_json::to_string(&before).unwrap();
        assert!(!text.contains("piece"), "{text}");
        assert_eq!(serde_json::from_str::<ShardPlan>(&text).unwrap(), before);
        assert!(before.is_consistent());
        let mut odd = before;
        odd.read[0].environments[0].piece = 0;
        assert!(!odd.is_consistent());
    }
}
