//! Parts become one record.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;

use super::part::{PartRefusal, PartSource};
use crate::state::{ArtifactFacts, CellState, EnvironmentFacts, Finish, Recorded, RunState};
use crate::vocab::{
    ArtifactId, EnvName, Event, Lock, Move, Observation, Outcome, PartHeader, RunHeader, ShardPhase, Slice,
    moves, part_name,
};

/// Where merged events go.
pub type Sink<'s> = dyn FnMut(&Event) -> io::Result<()> + 's;

/// What is worth knowing about a merge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Parts that are not there.
    pub missing: Vec<String>,
    /// Parts that did not come to their end; what they have counts.
    pub unfinished: Vec<String>,
    /// Cells that two parts have, with the same observation.
    pub equal: u64,
    /// Cells that two parts have, with unequal ones.
    pub unequal: u64,
    /// Environments that could be made in one part and not in another: in which, and why.
    pub failed: BTreeMap<EnvName, (String, String)>,
    /// Environments that resolved to other packages in another part.
    pub moved: BTreeMap<EnvName, Vec<Move>>,
}

impl Told {
    /// Whether everything is there.
    pub const fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unfinished.is_empty()
    }
}

/// Takes parts in, those that write before those that read.
pub struct Merger {
    state: RunState,
    plan: PartHeader,
    /// The part that each artifact came from.
    origins: Vec<Option<String>>,
    /// The environments whose facts are from a part that reads in them.
    settled: BTreeSet<EnvName>,
    have: BTreeMap<(ShardPhase, u32), bool>,
    finish: Option<Finish>,
    told: Told,
}

impl Merger {
    /// Begins a record of this name.
    ///
    /// # Errors
    /// When its first line cannot be written.
    pub fn begin(
        name: &str,
        headers: &[&RunHeader],
        first: &PartHeader,
        sink: &mut Sink<'_>,
    ) -> io::Result<Option<Self>> {
        let Some(earliest) = headers.iter().min_by(|a, b| a.time.cmp(&b.time)) else { return Ok(None) };
        let header = RunHeader {
            run: name.to_owned(),
            jobs: headers.iter().map(|header| header.jobs).max().unwrap_or_default(),
            part: None,
            ..(**earliest).clone()
        };
        sink(&Event::RunStarted(Box::new(header.clone())))?;
        let state = RunState::new(header);
        let origins = vec![None; state.artifacts().len()];
        Ok(Some(Self {
            state,
            plan: first.clone(),
            origins,
            settled: BTreeSet::new(),
            have: BTreeMap::new(),
            finish: None,
            told: Told::default(),
        }))
    }

    /// Takes a part in, unless it contradicts what came before.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn add(&mut self, source: PartSource, sink: &mut Sink<'_>) -> io::Result<Result<(), PartRefusal>> {
        let PartSource { part, is_sealed, state: own, environments } = source;
        if let Err(refusal) = self.check(&own) {
            return Ok(Err(refusal));
        }
        let known = self.have.entry((part.phase, part.shard)).or_default();
        *known |= is_sealed;
        self.finished(own.finish());
        let slices: HashMap<&EnvName, &Slice> =
            part.slices().iter().map(|slice| (&slice.environment, slice)).collect();
        for (name, events) in environments {
            if slices.contains_key(&name) {
                self.add_environment(&part, &name, events.into_iter().flatten().collect(), sink)?;
            }
        }
        let mut emit = Emit { state: &mut self.state, sink };
        for (index, facts) in (0u32..).zip(own.artifacts()) {
            let origin = &mut self.origins[index as usize];
            if emit.artifact(index as usize, facts)? && origin.is_none() {
                *origin = Some(part.name());
            }
            if part.phase == ShardPhase::Read {
                let (equal, unequal) = emit.cells(index, facts, &own, &slices)?;
                self.told.equal += equal;
                self.told.unequal += unequal;
            }
        }
        Ok(Ok(()))
    }

    /// Whether what a part was made from is what the others have: it may be of a time before something was written again.
    fn check(&self, own: &RunState) -> Result<(), PartRefusal> {
        for (index, (known, new)) in self.state.artifacts().iter().zip(own.artifacts()).enumerate() {
            let artifact = || new.id.to_string();
            let part = || self.origins[index].clone().unwrap_or_default();
            if let (Some(known), Some(new)) = (&known.made, &new.made)
                && known.digest != new.digest
            {
                return Err(PartRefusal::OtherArtifact { artifact: artifact(), part: part() });
            }
            // External artifacts have no part that writes: each that reads asks their producer itself.
            let is_written = new.file.is_none();
            if let (true, Some(known), Some(new)) = (is_written, &known.reference, &new.reference)
                && !is_equal(&known.observation, &new.observation)
            {
                return Err(PartRefusal::OtherReference { artifact: artifact(), part: part() });
            }
        }
        Ok(())
    }

    /// What a part says of one of its environments. Those who read in it have the last word; of several, the first.
    fn add_environment(
        &mut self,
        part: &PartHeader,
        name: &EnvName,
        events: Vec<Event>,
        sink: &mut Sink<'_>,
    ) -> io::Result<()> {
        let ready = events.iter().find_map(|event| match event {
            Event::EnvironmentReady { lock, .. } => Some(lock),
            _ => None,
        });
        if let (Some(now), Some(before)) = (ready, lock_of(&self.state, name)) {
            let moves = moves(&before.packages, &now.packages);
            if !moves.is_empty() {
                self.told.moved.entry(name.clone()).or_insert(moves);
            }
        }
        let failed = events.iter().find_map(|event| match event {
            Event::EnvironmentFailed { reason, .. } => Some(reason),
            _ => None,
        });
        // What was seen where it could be made stands.
        if let (Some(reason), Some(_)) = (failed, lock_of(&self.state, name)) {
            self.told.failed.entry(name.clone()).or_insert((part.name(), reason.clone()));
            return Ok(());
        }
        if let (Some(_), Some(reason)) = (ready, failure_of(&self.state, name)) {
            self.told.failed.entry(name.clone()).or_insert(("an earlier part".to_owned(), reason));
        }
        let is_later = part.phase == ShardPhase::Write || self.settled.insert(name.clone());
        if !is_later {
            return Ok(());
        }
        let mut emit = Emit { state: &mut self.state, sink };
        events.into_iter().try_for_each(|event| emit.add(event))
    }

    fn finished(&mut self, finish: Option<&Finish>) {
        let Some(new) = finish else { return };
        let before = self.finish.take().unwrap_or(Finish {
            time: String::new(),
            seconds: 0.0,
            executed: 0,
            reused: 0,
            interrupted: false,
        });
        self.finish = Some(Finish {
            time: before.time.max(new.time.clone()),
            seconds: before.seconds + new.seconds,
            executed: before.executed + new.executed,
            reused: before.reused + new.reused,
            interrupted: false,
        });
    }

    /// Ends the record, and says what is missing of it.
    ///
    /// # Errors
    /// When an event cannot be written.
    pub fn finish(mut self, sink: &mut Sink<'_>) -> io::Result<(RunState, Told)> {
        for phase in ShardPhase::ALL {
            for (shard, work) in (1u32..).zip(self.plan.plan.phase(phase)) {
                match self.have.get(&(phase, shard)) {
                    Some(true) => {}
                    Some(false) => self.told.unfinished.push(part_name(shard, phase)),
                    None if work.environments.is_empty() => {}
                    None => self.told.missing.push(part_name(shard, phase)),
                }
            }
        }
        if let Some(Finish { time, seconds, executed, reused, .. }) = self.finish {
            let interrupted = !self.told.is_complete();
            let mut emit = Emit { state: &mut self.state, sink };
            emit.add(Event::RunFinished { time, seconds, executed, reused, interrupted })?;
        }
        Ok((self.state, self.told))
    }
}

fn facts_of<'s>(state: &'s RunState, name: &EnvName) -> Option<&'s EnvironmentFacts> {
    let mut planned = state.header().plan.environments.iter().zip(state.environments());
    planned.find(|(plan, _)| plan.name == *name).map(|(_, facts)| facts)
}

fn failure_of(state: &RunState, name: &EnvName) -> Option<String> {
    match facts_of(state, name)? {
        EnvironmentFacts::Failed { reason, .. } => Some(reason.clone()),
        EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer | EnvironmentFacts::Ready { .. } => {
            None
        }
    }
}

fn lock_of<'s>(state: &'s RunState, name: &EnvName) -> Option<&'s Lock> {
    match facts_of(state, name)? {
        EnvironmentFacts::Ready { lock, .. } => Some(lock),
        EnvironmentFacts::Unknown | EnvironmentFacts::UnknownProducer | EnvironmentFacts::Failed { .. } => {
            None
        }
    }
}

/// Whether two observations are of the same, however long they took.
fn is_equal(a: &Observation, b: &Observation) -> bool {
    a.outcome == b.outcome
}

/// Whether the machine, and no file, is to blame for an observation.
fn is_disturbed(observation: &Observation) -> bool {
    matches!(observation.outcome, Outcome::Disturbed { .. })
}

/// Writes what is new.
struct Emit<'a, 's> {
    state: &'a mut RunState,
    sink: &'a mut Sink<'s>,
}

impl Emit<'_, '_> {
    fn add(&mut self, event: Event) -> io::Result<()> {
        (self.sink)(&event)?;
        self.state.apply(event);
        Ok(())
    }

    /// What a part knows of an artifact and the record does not. Whether it has its bytes.
    fn artifact(&mut self, index: usize, new: &ArtifactFacts) -> io::Result<bool> {
        let artifact = || new.id.clone();
        let known = |emit: &Self| {
            let known = &emit.state.artifacts()[index];
            (known.made.is_some(), known.absence.is_some(), known.facts.is_some(), known.reference.is_some())
        };
        let (is_made, is_missing, ..) = known(self);
        match (&new.made, &new.absence) {
            (Some(made), _) if !is_made => {
                let made = made.clone();
                self.add(Event::ArtifactMade {
                    artifact: artifact(),
                    digest: made.digest,
                    size: made.size,
                    train_seconds: made.train_seconds,
                    save_seconds: made.save_seconds,
                    methods: made.methods,
                    reused: false,
                })?;
            }
            (None, Some(absence)) if !is_made && !is_missing => {
                self.add(Event::ArtifactMissing { artifact: artifact(), absence: absence.clone() })?;
            }
            _ => {}
        }
        let (_, _, has_facts, has_reference) = known(self);
        if let (false, Some(facts), Some(made)) = (has_facts, &new.facts, &new.made) {
            let facts = (**facts).clone();
            self.add(Event::ArtifactInspected { artifact: artifact(), digest: made.digest, facts })?;
        }
        if let (false, Some(Recorded { key, observation, reused })) =
            (has_reference, new.reference.as_deref())
        {
            let (key, observation, reused) = (*key, observation.clone(), *reused);
            self.add(Event::ReferenceTaken { artifact: artifact(), key, observation, reused })?;
        }
        self.measured(index, new)?;
        Ok(new.made.is_some())
    }

    /// How far the producer's answer moves when it is asked again.
    fn measured(&mut self, index: usize, new: &ArtifactFacts) -> io::Result<()> {
        if let (None, Some(repeated)) = (&self.state.artifacts()[index].repeated, &new.repeated) {
            let (key, outputs) = (repeated.key, repeated.outputs.clone());
            let artifact = new.id.clone();
            self.add(Event::ReferenceRepeated { artifact, key, outputs, reused: false })?;
        }
        for (setting, measured) in &new.noise {
            if !self.state.artifacts()[index].noise.contains_key(setting) {
                let (setting, key, outputs) = (*setting, measured.key, measured.outputs.clone());
                let artifact = new.id.clone();
                self.add(Event::ReferenceVaried { artifact, setting, key, outputs, reused: false })?;
            }
        }
        Ok(())
    }

    /// The cells of an artifact that are a part's own; how many the record has already, with an equal observation and with
    /// another one.
    fn cells(
        &mut self,
        index: u32,
        new: &ArtifactFacts,
        own: &RunState,
        slices: &HashMap<&EnvName, &Slice>,
    ) -> io::Result<(u64, u64)> {
        let (mut equal, mut unequal) = (0, 0);
        for (position, at) in (0u32..).zip(own.consumers()) {
            let consumer = &own.header().plan.environments[*at as usize].name;
            if slices.get(consumer).is_none_or(|slice| !slice.has(index)) {
                continue;
            }
            let cell = new.cell(position);
            let known = self.state.artifacts()[index as usize].cell(position).recorded();
            let known = known.map(|it| &it.observation).filter(|it| !is_disturbed(it));
            match (known, cell.recorded()) {
                (None, _) => self.cell(&new.id, consumer, cell)?,
                (Some(_), None) => {}
                (Some(_), Some(now)) if is_disturbed(&now.observation) => {}
                (Some(known), Some(now)) if is_equal(known, &now.observation) => equal += 1,
                (Some(_), Some(now)) => {
                    unequal += 1;
                    if let Some(lock) = lock_of(own, consumer) {
                        let event = Event::CellContradicted {
                            artifact: new.id.clone(),
                            consumer: consumer.clone(),
                            observation: now.observation.clone(),
                            outputs: cell.comparison().cloned().unwrap_or_default(),
                            lock: Box::new(lock.clone()),
                        };
                        self.add(event)?;
                    }
                }
            }
        }
        Ok((equal, unequal))
    }

    fn cell(&mut self, artifact: &ArtifactId, consumer: &EnvName, cell: &CellState) -> io::Result<()> {
        let id = || (artifact.clone(), consumer.clone());
        if let Some(Recorded { key, observation, reused }) = cell.recorded() {
            let ((artifact, consumer), key, reused) = (id(), *key, *reused);
            let observation = observation.clone();
            self.add(Event::CellObserved { artifact, consumer, key, observation, reused })?;
        } else if let Some(reason) = cell.view().lost {
            let (artifact, consumer) = id();
            self.add(Event::CellLost { artifact, consumer, reason: reason.to_owned() })?;
        }
        if let Some(outputs) = cell.comparison() {
            let ((artifact, consumer), outputs) = (id(), outputs.clone());
            self.add(Event::CellCompared { artifact, consumer, outputs })?;
        }
        if let Some((observation, outputs)) = cell.view().retried {
            let ((artifact, consumer), outputs) = (id(), outputs.clone());
            let observation = observation.clone();
            self.add(Event::CellRetried { artifact, consumer, observation, outputs })?;
        }
        Ok(())
    }
}
