//! Parts as they come back, made without Python.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::part;
use crate::app::known::EVENTS;
use crate::matrix::{self, Matrix};
use crate::plan::{self, Plan, Selection};
use crate::shard::{Load, Work, assign, digest_of_record};
use crate::state::RunState;
use crate::vocab::*;

const MATRIX: &str = r#"
[matrix]
name = "m"
[[environments]]
name = "a"
python = "3.11"
packages = { scikit-learn = "1.2.2" }
[[environments]]
name = "b"
python = "3.11"
packages = { scikit-learn = "1.5.2" }
[datasets.d]
path = "d.csv"
[[models]]
name = "ridge"
estimator = "Ridge()"
formats = ["pickle", "joblib"]
"#;

/// A small run in two shards, whose parts can be written and then spoilt.
pub(super) struct Shared {
    pub folder: tempfile::TempDir,
    matrix: Matrix,
    pub plan: Plan,
    pub shards: ShardPlan,
}

pub(super) fn lock(numpy: &str) -> Lock {
    Lock {
        runtime: Runtime::Venv,
        python: "3.11.7".to_owned(),
        implementation: "CPython".to_owned(),
        arch: "x86_64".to_owned(),
        bits: 64,
        byteorder: ByteOrder::Little,
        libc: String::new(),
        base: None,
        packages: [("numpy".to_owned(), numpy.to_owned())].into(),
        blas: None,
        cpu_features: Vec::new(),
        code: Vec::new(),
        companions: Vec::new(),
        variables: BTreeMap::new(),
        config: BTreeMap::new(),
        setup: Default::default(),
    }
}

pub(super) fn seen(seconds: f64, bytes: &str) -> Observation {
    let output = OutputRef {
        digest: Digest::of(bytes.as_bytes()),
        encoding: Encoding::F64,
        kind: OutputKind::Continuous,
        dtype: "float64".to_owned(),
        shape: vec![1],
    };
    Observation {
        outcome: Outcome::Predicted { outputs: [("predict".to_owned(), output)].into() },
        warnings: Default::default(),
        load_seconds: Some(seconds),
        predict_seconds: Some(seconds),
        peak_rss_bytes: None,
        printed: None,
        alone: false,
        tried: Vec::new(),
        form: None,
        made_up: None,
    }
}

impl Shared {
    pub fn new() -> Self {
        Self::of(MATRIX)
    }

    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes().to_vec();
        let matrix = matrix::load(Path::new("m.toml"), &|_| Ok(bytes.clone())).unwrap();
        let plan = plan::plan(&matrix, &Selection::default()).unwrap();
        let work = |environment: &EnvName| Work {
            environment: environment.clone(),
            creation: 1.0,
            load: Load { seconds: 1.0, parts: 1 },
        };
        let works: Vec<Work> = plan.environments.iter().map(|it| work(&it.name)).collect();
        let mut shards = ShardPlan {
            shards_version: SHARDS_VERSION,
            shelflife: "1".to_owned(),
            agent: Digest::of(b"agent"),
            matrix: "m.toml".to_owned(),
            matrix_digest: Digest::of(text.as_bytes()),
            selection: ShardSelection::default(),
            plan_digest: plan.digest,
            record_digest: digest_of_record(&plan.record(&matrix)),
            artifacts: plan.artifacts.len() as u64,
            cells: plan.cell_count(),
            cell_memory_bytes: 1 << 30,
            floors: Floors::None,
            write: assign(&works, 2),
            read: assign(&works, 2),
            fingerprint: plan.digest,
        };
        shards.fingerprint = shards.computed_fingerprint();
        Self { folder: tempfile::tempdir().unwrap(), matrix, plan, shards }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn header(&self, shard: u32, phase: ShardPhase) -> RunHeader {
        RunHeader {
            format_version: FORMAT_VERSION,
            shelflife: self.shards.shelflife.clone(),
            run: part_name(shard, phase),
            time: format!("2026-11-29T0{shard}:00:00Z"),
            jobs: 2,
            matrix: MatrixRecord {
                name: self.matrix.name.clone(),
                file: None,
                description: None,
                package: None,
                plan_digest: self.plan.digest,
            },
            plan: self.plan.record(&self.matrix),
            part: Some(Box::new(PartHeader { shard, phase, plan: self.shards.clone() })),
        }
    }

    /// What one part records: as the real one does, whoever reads begins with what the others have written.
    pub fn events(&self, shard: u32, phase: ShardPhase) -> Vec<Event> {
        let header = self.header(shard, phase);
        let own: Vec<EnvName> =
            header.part.iter().flat_map(|it| it.slices()).map(|it| it.environment.clone()).collect();
        let mut events = vec![Event::RunStarted(Box::new(header))];
        for environment in &self.plan.environments {
            if phase == ShardPhase::Read || own.contains(&environment.name) {
                events.push(ready(&environment.name, "1.26.4"));
            }
        }
        let artifacts: Vec<ArtifactId> =
            (0..self.plan.artifacts.len() as u32).map(|at| self.plan.artifact_id(at)).collect();
        for artifact in &artifacts {
            if phase == ShardPhase::Read || own.contains(&artifact.producer) {
                events.extend(written(artifact));
            }
        }
        let cells = own.iter().filter(|_| phase == ShardPhase::Read);
        for consumer in cells {
            artifacts.iter().for_each(|artifact| events.extend(read(artifact, consumer, 0.5)));
        }
        events.push(finished("2026-11-29T09:00:00Z"));
        events
    }

    /// Writes a part as it was left, and seals it.
    pub fn write(&self, name: &str, events: &[Event]) -> PathBuf {
        let folder = self.unsealed(name, events);
        let Some(Event::RunStarted(header)) = events.first() else { return folder };
        part::seal(&folder, header.part.as_deref().unwrap()).unwrap();
        folder
    }

    pub fn unsealed(&self, name: &str, events: &[Event]) -> PathBuf {
        let folder = self.path(name);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join(EVENTS), lines(events)).unwrap();
        folder
    }

    /// All four parts.
    pub fn parts(&self) -> Vec<PathBuf> {
        let each = ShardPhase::ALL.into_iter().flat_map(|phase| [(1, phase), (2, phase)]);
        each.map(|(shard, phase)| self.write(&part_name(shard, phase), &self.events(shard, phase))).collect()
    }

    /// The run that one process would have recorded.
    pub fn whole(&self) -> RunState {
        let mut header = self.header(1, ShardPhase::Write);
        (header.part, header.run) = (None, "merged".to_owned());
        let mut events = vec![Event::RunStarted(Box::new(header))];
        for phase in ShardPhase::ALL {
            for shard in [1, 2] {
                let is_inner =
                    |event: &Event| !matches!(event, Event::RunStarted(_) | Event::RunFinished { .. });
                events.extend(self.events(shard, phase).into_iter().filter(is_inner));
            }
        }
        RunState::replay(events).unwrap()
    }
}

pub(super) fn lines(events: &[Event]) -> String {
    events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n").collect()
}

pub(super) fn ready(name: &EnvName, numpy: &str) -> Event {
    Event::EnvironmentReady {
        name: name.clone(),
        lock: lock(numpy),
        absent_models: BTreeMap::new(),
        seconds: 3.0,
        reused: false,
    }
}

pub(super) fn made(artifact: &ArtifactId, bytes: &str) -> Event {
    Event::ArtifactMade {
        artifact: artifact.clone(),
        digest: Digest::of(bytes.as_bytes()),
        size: 1,
        train_seconds: 0.1,
        save_seconds: 0.1,
        methods: vec!["predict".to_owned()],
        reused: false,
    }
}

pub(super) fn reference(artifact: &ArtifactId, bytes: &str) -> Event {
    Event::ReferenceTaken {
        artifact: artifact.clone(),
        key: Digest::of(artifact.to_string().as_bytes()),
        observation: seen(0.1, bytes),
        reused: false,
    }
}

fn written(artifact: &ArtifactId) -> [Event; 2] {
    [made(artifact, &artifact.to_string()), reference(artifact, "output")]
}

pub(super) fn observed(artifact: &ArtifactId, consumer: &EnvName, seconds: f64, bytes: &str) -> Event {
    Event::CellObserved {
        artifact: artifact.clone(),
        consumer: consumer.clone(),
        key: Digest::of(format!("{artifact} {consumer}").as_bytes()),
        observation: seen(seconds, bytes),
        reused: false,
    }
}

fn read(artifact: &ArtifactId, consumer: &EnvName, seconds: f64) -> [Event; 2] {
    let compared = Event::CellCompared {
        artifact: artifact.clone(),
        consumer: consumer.clone(),
        outputs: Default::default(),
    };
    [observed(artifact, consumer, seconds, "output"), compared]
}

pub(super) fn finished(time: &str) -> Event {
    Event::RunFinished { time: time.to_owned(), seconds: 1.0, executed: 4, reused: 0, interrupted: false }
}
