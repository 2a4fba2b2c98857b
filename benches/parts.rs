//! Writes the parts of a large run, as if they had come back from eight machines: `benches/shards/million.sh` merges them.
//!
//!     cargo bench --bench parts -- FOLDER [CELLS]
//!
//! The plan, the events and the seals are made by the types that a shard makes them with; only nothing was executed.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use shelflife::app::{ShardPlanRequest, load_plan, plan_shards};
use shelflife::plan::Selection;
use shelflife::shard::digest_of_record;
use shelflife::store;
use shelflife::vocab::*;

#[path = "../tests/present_report/fixture.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod fixture;

const SHARDS: usize = 8;
/// Environments that write and read.
const ENVIRONMENTS: usize = 40;

/// A matrix with that many cells, rounded up to whole models.
fn matrix(cells: usize) -> String {
    let mut text = "[matrix]\nname = \"parts\"\n[datasets.d]\npath = \"d.csv\"\ntarget = \"y\"\n\
                    [defaults]\nformats = [\"pickle\"]\ndataset = \"d\"\n"
        .to_owned();
    for number in 0..ENVIRONMENTS {
        let _ = write!(
            text,
            "[[environments]]\nname = \"e{number:02}\"\npython = \"3.12\"\npackages = {{ scikit-learn = \"1.{}.{}\" }}\n",
            number / 5,
            number % 5
        );
    }
    for number in 0..cells.div_ceil(ENVIRONMENTS * ENVIRONMENTS) {
        let _ =
            write!(text, "[[models]]\nname = \"ridge-{number:03}\"\nestimator = \"Ridge(alpha={number})\"\n");
    }
    text
}

/// Verdicts as they are spread in a wide matrix: what is far apart differs or breaks.
fn verdict(model: usize, producer: usize, consumer: usize) -> Verdict {
    let distance = producer.abs_diff(consumer);
    match (model * 7 + distance * 3) % 20 {
        _ if distance == 0 => Verdict::Identical,
        0..=1 => Verdict::Drift,
        2..=4 if producer > consumer => Verdict::LoadError,
        5..=8 => Verdict::Roundoff,
        _ => Verdict::Identical,
    }
}

fn ready(name: &EnvName) -> Event {
    let record = fixture::environment(name.as_str(), "3.12.1", "1.5.2", "1.26.4");
    Event::EnvironmentReady {
        name: name.clone(),
        // Made with one.
        lock: record.full_lock.expect("it has a lock"),
        absent_models: Default::default(),
        seconds: 3.0,
        reused: false,
    }
}

/// What the producer of an artifact recorded of it.
fn written(artifact: &ArtifactRecord) -> [Event; 2] {
    let id = fixture::cell(artifact, artifact.producer.as_str(), Verdict::Identical);
    let made = Event::ArtifactMade {
        artifact: id.artifact_id(),
        digest: Digest::of(artifact.id.as_bytes()),
        size: 12_345,
        train_seconds: 0.25,
        save_seconds: 0.0015,
        methods: ["predict", "predict_proba", "decision_function"].map(str::to_owned).to_vec(),
        reused: false,
    };
    let reference = Event::ReferenceTaken {
        artifact: id.artifact_id(),
        key: Digest::of(artifact.id.as_bytes()),
        observation: fixture::observation(&id, Digest::of(artifact.id.as_bytes())),
        reused: false,
    };
    [made, reference]
}

struct Run {
    header: RunHeader,
    shards: ShardPlan,
    artifacts: Vec<ArtifactRecord>,
    environments: Vec<EnvName>,
}

impl Run {
    fn new(matrix: &Path) -> Self {
        let request =
            ShardPlanRequest { matrix: matrix.to_owned(), into: SHARDS, ..ShardPlanRequest::default() };
        let (shards, _) = plan_shards(&request).expect("the matrix can be shared out");
        let (matrix, plan) = load_plan(matrix, &Selection::default()).expect("the matrix is valid");
        let record = plan.record(&matrix);
        assert_eq!(digest_of_record(&record), shards.record_digest);
        let header = RunHeader {
            format_version: FORMAT_VERSION,
            shelflife: shards.shelflife.clone(),
            run: String::new(),
            time: "2026-11-29T08:00:00Z".to_owned(),
            jobs: 1,
            matrix: MatrixRecord {
                file: None,
                name: matrix.name.clone(),
                description: None,
                package: None,
                plan_digest: plan.digest,
            },
            plan: record,
            part: None,
        };
        let artifact = |at| {
            let ArtifactId { model, format, producer } = plan.artifact_id(at);
            fixture::artifact(model.as_str(), format.as_str(), producer.as_str())
        };
        let artifacts = (0..plan.artifacts.len() as u32).map(artifact).collect();
        let environments = plan.environments.iter().map(|it| it.name.clone()).collect();
        Self { header, shards, artifacts, environments }
    }

    /// Gives each event of a part. As the real one does, whoever reads begins with what the others have written.
    fn events(&self, part: &PartHeader, mut sink: impl FnMut(&Event)) {
        let header =
            RunHeader { run: part.name(), part: Some(Box::new(part.clone())), ..self.header.clone() };
        sink(&Event::RunStarted(Box::new(header)));
        let is_own = |name: &EnvName| part.slices().iter().any(|slice| slice.environment == *name);
        let is_told = |name: &EnvName| part.phase == ShardPhase::Read || is_own(name);
        self.environments.iter().filter(|name| is_told(name)).for_each(|name| sink(&ready(name)));
        for artifact in self.artifacts.iter().filter(|it| is_told(&it.producer)) {
            written(artifact).iter().for_each(&mut sink);
        }
        let mut cells = 0;
        for (at, artifact) in self.artifacts.iter().enumerate().filter(|_| part.phase == ShardPhase::Read) {
            let place =
                |name: &EnvName| self.environments.iter().position(|it| it == name).unwrap_or_default();
            for (consumer, name) in self.environments.iter().enumerate().filter(|(_, name)| is_own(name)) {
                let verdict = verdict(at / ENVIRONMENTS, place(&artifact.producer), consumer);
                let own = Digest::of(format!("{} {name}", artifact.id).as_bytes());
                // Equal outputs have the digests of those of the producer.
                let is_equal = verdict == Verdict::Identical;
                let outputs = if is_equal { Digest::of(artifact.id.as_bytes()) } else { own };
                let [mut observed, compared] =
                    fixture::seen(&fixture::cell(artifact, name.as_str(), verdict), outputs);
                if let Event::CellObserved { key, .. } = &mut observed {
                    *key = own;
                }
                [observed, compared].iter().for_each(&mut sink);
                cells += 1;
            }
        }
        sink(&Event::RunFinished {
            time: "2026-11-29T09:00:00Z".to_owned(),
            seconds: 600.0,
            executed: cells,
            reused: 0,
            interrupted: false,
        });
    }

    fn write(&self, folder: &Path, part: &PartHeader) {
        fs_err::create_dir_all(folder).expect("a folder can be made");
        let path = folder.join("events.jsonl");
        let mut file = BufWriter::new(fs_err::File::create(&path).expect("a file can be made"));
        self.events(part, |event| {
            serde_json::to_writer(&mut file, event).expect("an event can be written");
            file.write_all(b"\n").expect("an event can be written");
        });
        file.into_inner().expect("the record can be written");
        let seal = PartSeal {
            shards_version: SHARDS_VERSION,
            shard: part.shard,
            phase: part.phase,
            fingerprint: part.plan.fingerprint,
            record: store::digest_of_file(&path).expect("the record can be read"),
            bytes: path.metadata().expect("the record is there").len(),
        };
        let text = serde_json::to_string(&seal).expect("a seal can be written");
        fs_err::write(folder.join("part.json"), text).expect("a seal can be written");
    }
}

fn main() {
    // What `cargo bench` adds is none of ours.
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    // `cargo test --benches` gives nothing.
    let Some(folder) = words.first().map(PathBuf::from) else { return };
    let cells = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    fs_err::create_dir_all(&folder).expect("the folder can be made");
    fs_err::write(folder.join("d.csv"), "x,y\n1,2\n3,4\n").expect("a file can be written");
    fs_err::write(folder.join("parts.toml"), matrix(cells)).expect("a file can be written");
    let run = Run::new(&folder.join("parts.toml"));
    for phase in ShardPhase::ALL {
        for shard in 1..=SHARDS as u32 {
            let part = PartHeader { shard, phase, plan: run.shards.clone() };
            run.write(&folder.join("parts").join(part.name()), &part);
        }
    }
}
