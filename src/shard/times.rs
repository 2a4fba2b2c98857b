//! What environments took in an earlier run, and what is usual where nothing is recorded.

use std::collections::{BTreeMap, BTreeSet};

use crate::vocab::{ArtifactId, EnvName, Event, NoiseSetting, Observation, Runtime};

/// Seconds that a cell takes besides loading and predicting: its share of a fork, of messages and of comparing. Of 64,800
/// cells of small models.
const AROUND: f64 = 0.005;
/// Seconds until an interpreter has imported what it needs, where none is recorded.
const START: f64 = 2.0;
/// Seconds of a cell of which nothing like it is recorded.
const CELL: f64 = 0.05;
/// In how many ways an environment usually computes.
const SETTINGS: u32 = 8;
/// Seconds to fit a model and save it in one format, where nothing like it is recorded.
const TRAINING: f64 = 0.2;

/// Seconds of a number of things.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sum {
    seconds: f64,
    count: u32,
}

impl Sum {
    fn add(&mut self, seconds: f64) {
        self.seconds += seconds;
        self.count += 1;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.seconds / f64::from(self.count))
    }
}

/// What is recorded of an earlier run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    creations: BTreeMap<EnvName, f64>,
    starts: BTreeMap<EnvName, f64>,
    writing: BTreeMap<EnvName, Sum>,
    reading: BTreeMap<EnvName, Sum>,
    /// In which other ways producers computed.
    settings: BTreeMap<EnvName, BTreeSet<NoiseSetting>>,
    /// The artifacts that were in doubt, so that their producers were asked.
    measured: BTreeSet<ArtifactId>,
}

impl Times {
    /// From the events of a run.
    pub fn of(events: &[Event]) -> Self {
        let mut times = Self::default();
        events.iter().for_each(|event| times.take_in(event));
        times
    }

    /// Takes in the next event of a run.
    pub fn take_in(&mut self, event: &Event) {
        match event {
            // What was at hand then, which took no time, is taken to be at hand again.
            Event::EnvironmentReady { name, seconds, .. } => {
                let known = self.creations.entry(name.clone()).or_default();
                *known = known.max(*seconds);
            }
            Event::EnvironmentIsolation { name, start_seconds, .. } if *start_seconds > 0.0 => {
                self.starts.entry(name.clone()).or_insert(*start_seconds);
            }
            Event::ArtifactMade { artifact, train_seconds, save_seconds, .. } => {
                let sum = self.writing.entry(artifact.producer.clone()).or_default();
                sum.add(train_seconds + save_seconds);
            }
            Event::ReferenceTaken { artifact, observation, .. } => {
                let sum = self.writing.entry(artifact.producer.clone()).or_default();
                sum.seconds += seconds_of(observation);
            }
            Event::CellObserved { consumer, observation, .. } => {
                self.reading.entry(consumer.clone()).or_default().add(seconds_of(observation));
            }
            Event::ReferenceVaried { artifact, setting, .. } => {
                self.settings.entry(artifact.producer.clone()).or_default().insert(*setting);
                if !self.measured.contains(artifact) {
                    self.measured.insert(artifact.clone());
                }
            }
            _ => {}
        }
    }

    /// Whether anything is known.
    pub fn is_empty(&self) -> bool {
        self.writing.is_empty() && self.reading.is_empty()
    }

    /// Seconds to make an environment and to start its interpreter.
    pub fn creation(&self, name: &EnvName, runtime: Runtime) -> f64 {
        self.start(name) + self.creations.get(name).copied().unwrap_or_else(|| usual_creation(runtime))
    }

    /// Seconds until an interpreter has imported what it needs: those of the environment, else of all.
    fn start(&self, name: &EnvName) -> f64 {
        let usual = || {
            let sum: f64 = self.starts.values().sum();
            if self.starts.is_empty() { START } else { sum / self.starts.len() as f64 }
        };
        self.starts.get(name).copied().unwrap_or_else(usual)
    }

    /// Seconds to write so many artifacts.
    pub fn writing(&self, name: &EnvName, artifacts: u32) -> f64 {
        f64::from(artifacts) * mean_of(&self.writing, name).unwrap_or(TRAINING)
    }

    /// Whether the noise floor of an artifact was measured.
    pub fn is_measured(&self, artifact: &ArtifactId) -> bool {
        self.measured.contains(artifact)
    }

    /// Seconds to measure the noise floors of so many artifacts: an interpreter is started for each way of computing, and
    /// loads each of them.
    pub fn measuring(&self, name: &EnvName, artifacts: u32) -> f64 {
        if artifacts == 0 {
            return 0.0;
        }
        let ways = self.settings.get(name).map_or(SETTINGS, |settings| settings.len() as u32);
        f64::from(ways) * (self.start(name) + self.reading(name, artifacts))
    }

    /// Seconds to read so many artifacts.
    pub fn reading(&self, name: &EnvName, artifacts: u32) -> f64 {
        f64::from(artifacts) * mean_of(&self.reading, name).unwrap_or(CELL)
    }
}

/// Seconds of one thing in an environment, else in all of them.
fn mean_of(sums: &BTreeMap<EnvName, Sum>, name: &EnvName) -> Option<f64> {
    let all = || {
        let add = |a: Sum, b: &Sum| Sum { seconds: a.seconds + b.seconds, count: a.count + b.count };
        sums.values().fold(Sum::default(), add).mean()
    };
    sums.get(name).and_then(|sum| sum.mean()).or_else(all)
}

fn seconds_of(observation: &Observation) -> f64 {
    AROUND + observation.load_seconds.unwrap_or_default() + observation.predict_seconds.unwrap_or_default()
}

const fn usual_creation(runtime: Runtime) -> f64 {
    match runtime {
        Runtime::Venv => 8.0,
        Runtime::Rootfs => 90.0,
        Runtime::Container => 30.0,
        Runtime::Existing | Runtime::UnknownProducer => 0.0,
    }
}
