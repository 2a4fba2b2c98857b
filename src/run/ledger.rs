//! The events of a run: what an earlier process recorded, and what this one adds.

use std::collections::{BTreeMap, HashMap};

use super::{Reporter, RunError};
use crate::vocab::{
    ArtifactAbsence, ArtifactId, Digest, EnvName, Event, Lock, ModelName, Observation, OutputComparison,
    RunHeader,
};

/// What is said of an environment, timings aside.
type EnvironmentFacts = (EnvName, Result<(Lock, BTreeMap<ModelName, String>), String>);
/// What is said of an artifact, timings aside.
type ArtifactFacts = (ArtifactId, Result<(Digest, Vec<String>), ArtifactAbsence>);

/// All events in order, with what is needed to find again what an earlier process recorded.
pub(super) struct Ledger {
    pub events: Vec<Event>,
    environments: HashMap<EnvName, usize>,
    artifacts: HashMap<ArtifactId, usize>,
    references: HashMap<ArtifactId, usize>,
    inspected: HashMap<ArtifactId, usize>,
    cells: HashMap<(ArtifactId, EnvName), usize>,
    comparisons: HashMap<(ArtifactId, EnvName), usize>,
    /// The header to be recorded before the first new event of this process, where it goes on from another.
    resumption: Option<RunHeader>,
}

impl Ledger {
    /// Goes on from recorded events, or begins with the header where there are none.
    pub fn new(
        recorded: Vec<Event>,
        header: RunHeader,
        reporter: &mut dyn Reporter,
    ) -> Result<Self, RunError> {
        let mut ledger = Self {
            events: Vec::with_capacity(recorded.len()),
            environments: HashMap::new(),
            artifacts: HashMap::new(),
            references: HashMap::new(),
            inspected: HashMap::new(),
            cells: HashMap::new(),
            comparisons: HashMap::new(),
            resumption: None,
        };
        if recorded.is_empty() {
            ledger.add(Event::RunStarted(Box::new(header)), reporter)?;
        } else {
            for event in recorded {
                ledger.index(&event);
                ledger.events.push(event);
            }
            // Expectations may have changed since, and the record is judged by them.
            let differs = ledger.header().is_none_or(|known| {
                known.plan != header.plan
                    || known.matrix != header.matrix
                    || known.shelflife != header.shelflife
            });
            ledger.resumption = Some(header);
            if differs {
                ledger.resume(reporter)?;
            }
        }
        Ok(ledger)
    }

    /// The header that holds now.
    fn header(&self) -> Option<&RunHeader> {
        self.events.iter().rev().find_map(|event| match event {
            Event::RunStarted(header) | Event::RunResumed { header } => Some(&**header),
            _ => None,
        })
    }

    /// Says once that another process goes on.
    fn resume(&mut self, reporter: &mut dyn Reporter) -> Result<(), RunError> {
        if let Some(header) = self.resumption.take() {
            let event = Event::RunResumed { header: Box::new(header) };
            reporter.record(&event).map_err(RunError::Record)?;
            self.events.push(event);
        }
        Ok(())
    }

    fn index(&mut self, event: &Event) {
        let index = self.events.len();
        match event {
            Event::EnvironmentReady { name, .. } | Event::EnvironmentFailed { name, .. } => {
                self.environments.insert(name.clone(), index);
            }
            Event::ArtifactMade { artifact, .. } | Event::ArtifactMissing { artifact, .. } => {
                self.artifacts.insert(artifact.clone(), index);
            }
            Event::ReferenceTaken { artifact, .. } => {
                self.references.insert(artifact.clone(), index);
            }
            Event::CellObserved { artifact, consumer, .. } => {
                self.comparisons.remove(&(artifact.clone(), consumer.clone()));
                self.cells.insert((artifact.clone(), consumer.clone()), index);
            }
            Event::CellLost { artifact, consumer, .. } => {
                self.cells.remove(&(artifact.clone(), consumer.clone()));
            }
            Event::CellCompared { artifact, consumer, .. } => {
                self.comparisons.insert((artifact.clone(), consumer.clone()), index);
            }
            Event::ArtifactInspected { artifact, .. } => {
                self.inspected.insert(artifact.clone(), index);
            }
            Event::RunStarted(_)
            | Event::RunResumed { .. }
            | Event::CellRetried { .. }
            | Event::ReferenceRepeated { .. }
            | Event::RunFinished { .. } => {}
        }
    }

    /// Records a new event and returns its index.
    pub fn add(&mut self, event: Event, reporter: &mut dyn Reporter) -> Result<usize, RunError> {
        if !matches!(event, Event::RunFinished { .. }) {
            self.resume(reporter)?;
        }
        reporter.record(&event).map_err(RunError::Record)?;
        self.index(&event);
        self.events.push(event);
        Ok(self.events.len() - 1)
    }

    /// Records an environment, unless the record says the same already.
    pub fn add_environment(&mut self, event: Event, reporter: &mut dyn Reporter) -> Result<(), RunError> {
        let facts = |event: &Event| -> Option<EnvironmentFacts> {
            match event {
                Event::EnvironmentReady { name, lock, lacks, .. } => {
                    Some((name.clone(), Ok((lock.clone(), lacks.clone()))))
                }
                Event::EnvironmentFailed { name, reason, remedy, absent, .. } => {
                    let remedy = remedy.as_deref().unwrap_or_default();
                    Some((name.clone(), Err(format!("{reason}\n{remedy}\n{absent}"))))
                }
                _ => None,
            }
        };
        let new = facts(&event);
        let known = new
            .as_ref()
            .and_then(|(name, _)| self.environments.get(name))
            .and_then(|index| facts(&self.events[*index]));
        if known != new {
            if let (Some((name, Ok((before, _)))), Some((_, Ok((now, _))))) = (&known, &new)
                && let Some(moved) = moved_packages(before, now)
            {
                reporter.note(&format!("{name} is not what it was in the earlier record:\n{moved}"));
            }
            self.add(event, reporter)?;
        }
        Ok(())
    }

    /// Records an artifact, unless the record says the same already.
    pub fn add_artifact(&mut self, event: Event, reporter: &mut dyn Reporter) -> Result<(), RunError> {
        let facts = |event: &Event| -> Option<ArtifactFacts> {
            match event {
                Event::ArtifactMade { artifact, digest, methods, .. } => {
                    Some((artifact.clone(), Ok((*digest, methods.clone()))))
                }
                Event::ArtifactMissing { artifact, absence } => {
                    Some((artifact.clone(), Err(absence.clone())))
                }
                _ => None,
            }
        };
        let new = facts(&event);
        let known = new
            .as_ref()
            .and_then(|(artifact, _)| self.artifacts.get(artifact))
            .and_then(|index| facts(&self.events[*index]));
        if known != new {
            self.add(event, reporter)?;
        }
        Ok(())
    }

    /// Whether the record says already what these bytes of an artifact say.
    pub fn is_inspected(&self, artifact: &ArtifactId, digest: &Digest) -> bool {
        self.inspected.get(artifact).is_some_and(|index| {
            matches!(&self.events[*index], Event::ArtifactInspected { digest: known, facts, .. }
                if known == digest && facts.asked == crate::explain::asked())
        })
    }

    /// Index of the recorded reference of an artifact, if it has this key.
    pub fn reference(&self, artifact: &ArtifactId, key: &Digest) -> Option<usize> {
        let index = *self.references.get(artifact)?;
        matches!(&self.events[index], Event::ReferenceTaken { key: known, .. } if known == key)
            .then_some(index)
    }

    /// Whether the record says the same already of a producer that was asked again.
    pub fn is_repeated(&self, event: &Event) -> bool {
        let said = |event: &Event| match event {
            Event::ReferenceRepeated { artifact, key, outputs, .. } => {
                Some((artifact.clone(), *key, outputs.clone()))
            }
            _ => None,
        };
        let new = said(event);
        self.events.iter().rev().filter_map(said).find(|known| new.as_ref().is_some_and(|it| it.0 == known.0))
            == new
    }

    /// Index of the recorded observation of a cell, if it has this key.
    pub fn cell(&self, cell: &(ArtifactId, EnvName), key: &Digest) -> Option<usize> {
        let index = *self.cells.get(cell)?;
        matches!(&self.events[index], Event::CellObserved { key: known, .. } if known == key).then_some(index)
    }

    /// The recorded comparison of a cell, if it is younger than the observation and the reference at these
    /// indices.
    pub fn comparison(
        &self,
        cell: &(ArtifactId, EnvName),
        observation: usize,
        reference: usize,
    ) -> Option<&BTreeMap<String, OutputComparison>> {
        let index = *self.comparisons.get(cell)?;
        match &self.events[index] {
            Event::CellCompared { outputs, .. } if index > observation && index > reference => Some(outputs),
            _ => None,
        }
    }

    /// The observation in the event at an index.
    pub fn observation(&self, index: usize) -> Option<&Observation> {
        match &self.events[index] {
            Event::ReferenceTaken { observation, .. } | Event::CellObserved { observation, .. } => {
                Some(observation)
            }
            _ => None,
        }
    }
}

/// The packages that moved between two locks, as lines of a diff; `None` where none did.
fn moved_packages(before: &Lock, now: &Lock) -> Option<String> {
    let lines = |lock: &Lock| {
        let packages = lock.packages.iter().map(|(name, version)| format!("{name} {version}\n"));
        std::iter::once(format!("python {}\n", lock.python)).chain(packages).collect::<String>()
    };
    let (before, now) = (lines(before), lines(now));
    let diff = similar::TextDiff::from_lines(&before, &now);
    let moved: Vec<String> = diff
        .iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("  {}{}", change.tag(), change.value().trim_end()))
        .collect();
    (!moved.is_empty()).then(|| moved.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::{ByteOrder, Runtime};

    #[test]
    fn moved_packages_are_lines_of_a_diff() {
        let mut before = Lock {
            runtime: Runtime::Venv,
            python: "3.11.7".to_owned(),
            implementation: "CPython".to_owned(),
            arch: "x86_64".to_owned(),
            bits: 64,
            byteorder: ByteOrder::Little,
            libc: String::new(),
            base: None,
            packages: BTreeMap::from([("numpy".to_owned(), "2.4.5".to_owned())]),
            blas: None,
            cpu_features: Vec::new(),
            companions: Vec::new(),
            variables: BTreeMap::new(),
            config: BTreeMap::new(),
            setup: Default::default(),
        };
        let now = before.clone();
        assert_eq!(moved_packages(&before, &now), None);
        before.packages.insert("numpy".to_owned(), "2.4.4".to_owned());
        assert_eq!(moved_packages(&before, &now).as_deref(), Some("  -numpy 2.4.4\n  +numpy 2.4.5"));
    }
}
