//! One part of a run, as it comes back: whether it is one, is whole, and speaks of its own work only.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::state::{Layout, Roles, RunState};
use crate::vocab::{
    ArtifactId, Digest, EnvName, Event, PartHeader, PartSeal, PlanRecord, RunHeader, SHARDS_VERSION,
    ShardPhase, Slice,
};

/// Why a part is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartRefusal {
    /// There is no record in it.
    NoRecord {
        /// What the machine says.
        why: String,
    },
    /// A line of its record cannot be read.
    NotEvents {
        /// Which line, and what is wrong with it.
        why: String,
    },
    /// Its record has no whole line.
    Empty,
    /// It is a run of its own.
    WholeRun,
    /// Its plan was written by a later version.
    Newer(u32),
    /// It is of another matrix, or of another selection of it.
    Foreign {
        /// The matrix file that it is of.
        matrix: String,
    },
    /// It is of the same plan, shared out otherwise or at another time.
    Stale,
    /// Another version of shelflife made it.
    OtherVersion(String),
    /// What it says of the shards is not what its fingerprint was made of.
    Forged,
    /// There is no such shard.
    NoSuchShard {
        /// The shard that it says it is.
        shard: u32,
        /// How many there are.
        of: usize,
    },
    /// What it says is planned is not what the shards were planned from.
    OtherPlan,
    /// A second record begins in the middle of it.
    TwoRecords,
    /// Its seal cannot be read.
    BadSeal,
    /// Its seal is of another part.
    SealOfAnother(String),
    /// Its record is shorter than when it was sealed.
    Cut {
        /// Bytes that are there.
        has: u64,
        /// Bytes that were sealed.
        sealed: u64,
    },
    /// Its record is longer than when it was sealed.
    Grown {
        /// Bytes that are there.
        has: u64,
        /// Bytes that were sealed.
        sealed: u64,
    },
    /// Its record has other bytes than when it was sealed.
    Changed,
    /// It is sealed, and its record does not come to an end.
    NoEnd,
    /// It speaks of something that the plan does not have.
    NotPlanned(String),
    /// It speaks of work that is not its own.
    NotItsWork(String),
    /// It has a cell of an environment or of an artifact that it never had.
    FromNowhere(String),
    /// It has an artifact with other bytes than another part.
    OtherArtifact {
        /// Which artifact.
        artifact: String,
        /// The part that came first.
        part: String,
    },
    /// It compared with another reference than the one that another part took.
    OtherReference {
        /// Of which artifact.
        artifact: String,
        /// The part that came first.
        part: String,
    },
}

/// The bytes of a part, as far as its seal speaks of them.
#[derive(Clone, Copy, Debug)]
pub struct PartBytes<'a> {
    /// Digest of its record.
    pub record: Digest,
    /// Its length.
    pub length: u64,
    /// What stands in its seal; `None` where it has none and did not come to its end.
    pub seal: Option<&'a [u8]>,
}

/// A part that can be merged.
#[derive(Clone, Debug)]
pub struct PartSource {
    /// Which part it is.
    pub part: PartHeader,
    /// Whether it came to its end.
    pub is_sealed: bool,
    /// What it knows.
    pub state: RunState,
    /// The last events of each environment: what it resolved to or why not, and what its cells were not kept from.
    pub(super) environments: BTreeMap<EnvName, LastEvents>,
}

/// How an environment was made, and what its cells were not kept from.
pub(super) type LastEvents = [Option<Event>; 2];

/// The fingerprint that most of the parts have; of several, the one whose digest comes first, so that the order in which
/// they are given does not matter.
pub fn fingerprint_of_most(parts: impl IntoIterator<Item = Digest>) -> Option<Digest> {
    let mut counts: HashMap<Digest, usize> = HashMap::new();
    parts.into_iter().for_each(|fingerprint| *counts.entry(fingerprint).or_default() += 1);
    let most = counts.into_iter().max_by(|(a, many), (b, others)| many.cmp(others).then(b.cmp(a)));
    most.map(|(fingerprint, _)| fingerprint)
}

impl PartHeader {
    /// Whether it belongs to the same run as another part.
    pub(super) fn belongs_to(&self, first: &Self) -> Result<(), PartRefusal> {
        if self.plan.fingerprint == first.plan.fingerprint {
            return Ok(());
        }
        Err(if self.plan.shelflife != first.plan.shelflife || self.plan.agent != first.plan.agent {
            PartRefusal::OtherVersion(self.plan.shelflife.clone())
        } else if self.plan.plan_digest != first.plan.plan_digest {
            PartRefusal::Foreign { matrix: self.plan.matrix.clone() }
        } else {
            PartRefusal::Stale
        })
    }
}

/// The digest of what is planned, as a plan of shards holds it.
pub fn digest_of_record(plan: &PlanRecord) -> Digest {
    // A plan is made of texts and lists, which JSON can hold.
    Digest::of(&serde_json::to_vec(plan).unwrap_or_default())
}

/// A part, event by event: checked against its own plan and the run that it has to belong to, and at the end against its
/// seal.
pub struct PartReader<'f> {
    first: &'f PartHeader,
    /// Set from the first event on.
    begun: Option<Begun>,
    /// Why it is not taken, as far as that is known.
    refusal: Option<PartRefusal>,
    is_at_end: bool,
}

struct Begun {
    part: PartHeader,
    work: Work,
    state: RunState,
    environments: BTreeMap<EnvName, LastEvents>,
}

impl<'f> PartReader<'f> {
    /// Begins one that has to belong to the same run as `first`.
    pub const fn new(first: &'f PartHeader) -> Self {
        Self { first, begun: None, refusal: None, is_at_end: false }
    }

    /// Takes in the next event of its record.
    pub fn take(&mut self, event: Event) {
        self.is_at_end = matches!(event, Event::RunFinished { interrupted: false, .. });
        if self.refusal.is_none()
            && let Err(refusal) = self.taken(event)
        {
            self.refusal = Some(refusal);
        }
    }

    fn taken(&mut self, event: Event) -> Result<(), PartRefusal> {
        let Some(begun) = &mut self.begun else {
            let Event::RunStarted(header) = event else { return Err(PartRefusal::Empty) };
            let part = header.part.as_deref().ok_or(PartRefusal::WholeRun)?.clone();
            check_header(&header, &part)?;
            part.belongs_to(self.first)?;
            let work = Work::of(&header, &part)?;
            let environments = BTreeMap::new();
            self.begun = Some(Begun { part, work, state: RunState::new(*header), environments });
            return Ok(());
        };
        begun.work.check(begun.state.header(), &event)?;
        keep_last(&mut begun.environments, &event);
        begun.state.apply(event);
        Ok(())
    }

    /// The part, if all of it can be taken.
    ///
    /// # Errors
    /// When it is not whole, or not of that run.
    pub fn finish(self, bytes: PartBytes<'_>) -> Result<PartSource, PartRefusal> {
        let Some(Begun { part, state, environments, .. }) = self.begun else {
            return Err(self.refusal.unwrap_or(PartRefusal::Empty));
        };
        let is_sealed = check_seal(&part, bytes)?;
        match self.refusal {
            Some(refusal) => Err(refusal),
            None if is_sealed && !self.is_at_end => Err(PartRefusal::NoEnd),
            None => Ok(PartSource { part, is_sealed, state, environments }),
        }
    }
}

fn keep_last(environments: &mut BTreeMap<EnvName, LastEvents>, event: &Event) {
    let (name, place) = match event {
        Event::EnvironmentReady { name, .. } | Event::EnvironmentFailed { name, .. } => (name, 0),
        Event::EnvironmentIsolation { name, .. } => (name, 1),
        _ => return,
    };
    let known = &mut environments.entry(name.clone()).or_default()[place];
    // A later process found in the cache what an earlier one made; how long that took is worth keeping.
    let is_same = match (&known, event) {
        (Some(Event::EnvironmentReady { lock: before, .. }), Event::EnvironmentReady { lock: now, .. }) => {
            before == now
        }
        _ => false,
    };
    if !is_same {
        *known = Some(event.clone());
    }
}

fn check_header(header: &RunHeader, part: &PartHeader) -> Result<(), PartRefusal> {
    let plan = &part.plan;
    if plan.shards_version > SHARDS_VERSION {
        return Err(PartRefusal::Newer(plan.shards_version));
    }
    if !plan.is_consistent() || plan.computed_fingerprint() != plan.fingerprint {
        return Err(PartRefusal::Forged);
    }
    if plan.work(part.shard, part.phase).is_none() {
        return Err(PartRefusal::NoSuchShard { shard: part.shard, of: plan.count() });
    }
    let is_planned =
        header.matrix.plan_digest == plan.plan_digest && digest_of_record(&header.plan) == plan.record_digest;
    if is_planned && header.shelflife == plan.shelflife { Ok(()) } else { Err(PartRefusal::OtherPlan) }
}

fn check_seal(part: &PartHeader, bytes: PartBytes<'_>) -> Result<bool, PartRefusal> {
    let Some(seal) = bytes.seal else { return Ok(false) };
    let seal: PartSeal = serde_json::from_slice(seal).map_err(|_| PartRefusal::BadSeal)?;
    if seal.shards_version > SHARDS_VERSION {
        return Err(PartRefusal::Newer(seal.shards_version));
    }
    let is_own =
        (seal.shard, seal.phase, seal.fingerprint) == (part.shard, part.phase, part.plan.fingerprint);
    if !is_own {
        return Err(PartRefusal::SealOfAnother(crate::vocab::part_name(seal.shard, seal.phase)));
    }
    let (has, sealed) = (bytes.length, seal.bytes);
    match has.cmp(&sealed) {
        std::cmp::Ordering::Less => Err(PartRefusal::Cut { has, sealed }),
        std::cmp::Ordering::Greater => Err(PartRefusal::Grown { has, sealed }),
        std::cmp::Ordering::Equal if seal.record != bytes.record => Err(PartRefusal::Changed),
        std::cmp::Ordering::Equal => Ok(true),
    }
}

/// What a part may speak of.
struct Work {
    phase: ShardPhase,
    artifacts: HashMap<ArtifactId, (u32, u32)>,
    /// Places in the plan.
    environments: HashMap<EnvName, usize>,
    slices: HashMap<EnvName, Slice>,
    ready: HashSet<EnvName>,
    made: HashSet<ArtifactId>,
}

impl Work {
    fn of(header: &RunHeader, part: &PartHeader) -> Result<Self, PartRefusal> {
        let plan = &header.plan;
        let id = |it: &crate::state::PlannedArtifact| {
            let model = &plan.models[it.model as usize];
            ArtifactId {
                model: model.name.clone(),
                format: model.formats[it.format as usize].clone(),
                producer: plan.environments[it.producer as usize].name.clone(),
            }
        };
        let planned: Vec<_> = Layout::of(plan).artifacts().collect();
        let artifacts = (0u32..).zip(&planned).map(|(at, it)| (id(it), (at, it.model)));
        let environments = plan.environments.iter().enumerate();
        let work = Self {
            phase: part.phase,
            artifacts: artifacts.collect(),
            environments: environments.map(|(at, it)| (it.name.clone(), at)).collect(),
            slices: part.slices().iter().map(|it| (it.environment.clone(), it.clone())).collect(),
            ready: HashSet::new(),
            made: HashSet::new(),
        };
        let is_planned = work.slices.keys().all(|name| work.environments.contains_key(name));
        if is_planned { Ok(work) } else { Err(PartRefusal::OtherPlan) }
    }

    fn check(&mut self, header: &RunHeader, event: &Event) -> Result<(), PartRefusal> {
        match event {
            Event::RunStarted(_) => Err(PartRefusal::TwoRecords),
            Event::RunResumed { header: again } => {
                let is_same = again.part == header.part && again.plan == header.plan;
                if is_same { Ok(()) } else { Err(PartRefusal::TwoRecords) }
            }
            Event::EnvironmentReady { name, .. } => {
                self.environment(name)?;
                self.ready.insert(name.clone());
                Ok(())
            }
            Event::EnvironmentFailed { name, .. } | Event::EnvironmentIsolation { name, .. } => {
                self.environment(name)
            }
            Event::ArtifactMade { artifact, .. } => {
                self.artifact(artifact)?;
                self.made.insert(artifact.clone());
                Ok(())
            }
            Event::ArtifactMissing { artifact, .. } => self.artifact(artifact),
            Event::ArtifactInspected { artifact, .. }
            | Event::ReferenceTaken { artifact, .. }
            | Event::ReferenceRepeated { artifact, .. }
            | Event::ReferenceVaried { artifact, .. } => {
                self.artifact(artifact)?;
                self.has_bytes(artifact)
            }
            Event::CellObserved { artifact, consumer, .. } => {
                self.cell(header, artifact, consumer)?;
                self.has_bytes(artifact)?;
                let is_ready = self.ready.contains(consumer);
                if is_ready { Ok(()) } else { Err(PartRefusal::FromNowhere(consumer.to_string())) }
            }
            Event::CellLost { artifact, consumer, .. }
            | Event::CellCompared { artifact, consumer, .. }
            | Event::CellRetried { artifact, consumer, .. } => self.cell(header, artifact, consumer),
            // What is foretold is said by whoever does all of a run.
            Event::CellForetold { artifact, consumer, .. }
            | Event::CellContradicted { artifact, consumer, .. } => {
                Err(PartRefusal::NotItsWork(format!("{artifact} in {consumer}")))
            }
            Event::RunFinished { .. } => Ok(()),
        }
    }

    fn environment(&self, name: &EnvName) -> Result<(), PartRefusal> {
        let is_known = self.environments.contains_key(name);
        if is_known { Ok(()) } else { Err(PartRefusal::NotPlanned(name.to_string())) }
    }

    /// Whoever writes speaks of what it writes; whoever reads, of everything that it reads.
    fn artifact(&self, artifact: &ArtifactId) -> Result<(), PartRefusal> {
        let Some((_, model)) = self.artifacts.get(artifact) else {
            return Err(PartRefusal::NotPlanned(artifact.to_string()));
        };
        let is_own = || self.slices.get(&artifact.producer).is_some_and(|slice| slice.has(*model));
        match self.phase {
            ShardPhase::Write if !is_own() => Err(PartRefusal::NotItsWork(artifact.to_string())),
            ShardPhase::Write | ShardPhase::Read => Ok(()),
        }
    }

    fn cell(&self, header: &RunHeader, artifact: &ArtifactId, consumer: &EnvName) -> Result<(), PartRefusal> {
        let (Some((index, _)), Some(at)) = (self.artifacts.get(artifact), self.environments.get(consumer))
        else {
            return Err(PartRefusal::NotPlanned(format!("{artifact} in {consumer}")));
        };
        let roles = Roles::from(&header.plan.environments[*at]);
        let is_own = self.phase == ShardPhase::Read
            && roles.consumer
            && roles.reads(&artifact.format)
            && self.slices.get(consumer).is_some_and(|slice| slice.has(*index));
        if is_own { Ok(()) } else { Err(PartRefusal::NotItsWork(format!("{artifact} in {consumer}"))) }
    }

    fn has_bytes(&self, artifact: &ArtifactId) -> Result<(), PartRefusal> {
        let is_there = self.made.contains(artifact);
        if is_there { Ok(()) } else { Err(PartRefusal::FromNowhere(artifact.to_string())) }
    }
}
