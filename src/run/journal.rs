//! The record of a run: the one writer of its events, and what they come to.

use super::reporter::{Progress, Reporter};
use super::request::RunError;
use crate::state::{EnvironmentFacts, RunState};
use crate::vocab::{ArtifactId, Event, Lock, RunHeader};

/// The state of the run, and whoever keeps its events. Every event goes through here, once.
pub(super) struct Journal<'a> {
    state: RunState,
    reporter: &'a mut dyn Reporter,
    /// The header to be recorded before the first new event of this process, where it goes on from another.
    resumption: Option<RunHeader>,
}

impl<'a> Journal<'a> {
    /// Goes on from what is recorded, or begins with the header where nothing is.
    pub fn new(
        recorded: Option<RunState>,
        header: RunHeader,
        reporter: &'a mut dyn Reporter,
    ) -> Result<Self, RunError> {
        let Some(state) = recorded else {
            reporter.record(&Event::RunStarted(Box::new(header.clone()))).map_err(RunError::Record)?;
            return Ok(Self { state: RunState::new(header), reporter, resumption: None });
        };
        // Expectations may have changed since, and the record is judged by them.
        let known = state.header();
        let differs =
            known.plan != header.plan || known.matrix != header.matrix || known.shelflife != header.shelflife;
        let mut journal = Self { state, reporter, resumption: Some(header) };
        if differs {
            journal.resume()?;
        }
        Ok(journal)
    }

    /// What is known.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// What is known in the end.
    pub fn into_state(self) -> RunState {
        self.state
    }

    /// Tells whoever listens; it is not recorded.
    pub fn note(&mut self, text: &str) {
        self.reporter.note(text);
    }

    /// Tells that so many cells are tried again.
    pub fn retrying(&mut self, cells: usize) {
        self.reporter.retrying(cells);
    }

    /// Tells where the run stands.
    pub fn progress(&mut self, progress: &Progress) {
        self.reporter.progress(progress);
    }

    /// Says once that another process goes on.
    fn resume(&mut self) -> Result<(), RunError> {
        match self.resumption.take() {
            Some(header) => self.keep(Event::RunResumed { header: Box::new(header) }),
            None => Ok(()),
        }
    }

    /// Records a new event.
    pub fn add(&mut self, event: Event) -> Result<(), RunError> {
        if !matches!(event, Event::RunFinished { .. }) {
            self.resume()?;
        }
        self.keep(event)
    }

    fn keep(&mut self, event: Event) -> Result<(), RunError> {
        self.reporter.record(&event).map_err(RunError::Record)?;
        self.state.apply(event);
        Ok(())
    }

    /// Records an environment, unless the record says the same already.
    pub fn add_environment(&mut self, event: Event) -> Result<(), RunError> {
        let (name, facts) = match &event {
            Event::EnvironmentReady { name, lock, absent_models, .. } => {
                let facts = EnvironmentFacts::Ready {
                    lock: Box::new(lock.clone()),
                    absent_models: absent_models.clone(),
                };
                (name.clone(), facts)
            }
            Event::EnvironmentFailed { name, reason, remedy, absent, cause, .. } => {
                let (reason, remedy) = (reason.clone(), remedy.clone());
                (name.clone(), EnvironmentFacts::Failed { reason, remedy, absent: *absent, cause: *cause })
            }
            _ => return self.add(event),
        };
        let known = self.state.environment(&name);
        if known == Some(&facts) {
            return Ok(());
        }
        if let (Some(EnvironmentFacts::Ready { lock: before, .. }), EnvironmentFacts::Ready { lock: now, .. }) =
            (known, &facts)
            && let Some(moved) = moved_packages(before, now)
        {
            self.reporter.moved(&format!("{name} has changed since the earlier record:\n{moved}"));
        }
        self.add(event)
    }

    /// Records an artifact at an index of the plan, unless the record says the same already.
    pub fn add_artifact(&mut self, index: u32, event: Event) -> Result<(), RunError> {
        let known = &self.state.artifacts()[index as usize];
        let is_known = match &event {
            Event::ArtifactMade { digest, methods, .. } => {
                known.made.as_ref().is_some_and(|made| made.digest == *digest && made.methods == *methods)
            }
            Event::ArtifactMissing { absence, .. } => known.absence.as_ref() == Some(absence),
            _ => false,
        };
        if is_known { Ok(()) } else { self.add(event) }
    }

    /// The name of the artifact at an index of the plan.
    pub fn artifact(&self, index: u32) -> ArtifactId {
        self.state.artifacts()[index as usize].id.clone()
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
    use std::collections::BTreeMap;

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
            code: Vec::new(),
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
