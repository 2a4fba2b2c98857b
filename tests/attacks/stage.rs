//! Starting the stage (`stage/stage.py`) in namespaces of its own, and what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::common::cache_folder;
use crate::places::{IMAGE, Place};

/// Who runs shelflife.
#[derive(Clone, Copy, Debug)]
pub enum User {
    Root,
    Ordinary,
}

impl User {
    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Ordinary => "an ordinary user",
        }
    }

    fn number(self) -> u32 {
        match self {
            Self::Root => 0,
            // Nobody's on any machine.
            Self::Ordinary => 31_337,
        }
    }
}

/// What the stage has to know.
#[derive(Serialize)]
struct Plan {
    uid: u32,
    shelflife: PathBuf,
    /// The folder in which everything is that runs use; it is empty and stays so outside of the stage.
    arena: PathBuf,
    /// Folders that are not thrown away.
    kept: Vec<PathBuf>,
    /// What an ordinary user has to get at.
    readable: Vec<PathBuf>,
    points: PathBuf,
    site: PathBuf,
    python: PathBuf,
    maker: PathBuf,
    /// The cache that environments are borrowed from.
    shared: PathBuf,
    kinds: Vec<String>,
    only: Vec<String>,
    attribution_seconds: u64,
    environments: String,
    docker: Option<Docker>,
}

#[derive(Serialize)]
struct Docker {
    data: PathBuf,
    tree: PathBuf,
    image: &'static str,
}

/// What one attack came to.
#[derive(Deserialize)]
pub struct Row {
    #[serde(rename = "row")]
    pub attack: String,
    pub kind: String,
    /// What shelflife says of the file, by environment.
    pub verdicts: BTreeMap<String, String>,
    /// What it achieved, a sentence each.
    pub escapes: Vec<String>,
}

#[derive(Deserialize)]
struct Note {
    note: String,
    #[serde(default)]
    is_escape: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Row(Row),
    Note(Note),
}

/// What a play came to.
#[derive(Default)]
pub struct Outcome {
    pub rows: Vec<Row>,
    /// What happened without anybody whose doing it is known to be.
    pub escapes: Vec<String>,
    pub notes: Vec<String>,
    pub has_ended: bool,
    /// What the stage wrote to standard error.
    pub trouble: String,
}

/// Namespaces, overlays and users: what only root has.
const UNSHARE: &[&str] =
    &["--mount", "--pid", "--ipc", "--uts", "--net", "--fork", "--kill-child", "--propagation", "private"];

/// Folders that are empty on the stage: what is written there is what an attack has written.
const FRESH: [&str; 2] = ["/tmp", "/run"];

pub fn can_be_built() -> Result<(), String> {
    if let Some(folder) =
        FRESH.iter().find(|folder| Path::new(env!("CARGO_TARGET_TMPDIR")).starts_with(folder))
    {
        return Err(format!(
            "the stage has a {folder} of its own, below which this clone lies: clone it elsewhere"
        ));
    }
    let script = "mount -t tmpfs none /mnt && mkdir /mnt/u /mnt/w /mnt/r && \
                  mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w none /mnt/r";
    let output = Command::new("unshare").args(UNSHARE).args(["sh", "-c", script]).output();
    let output = output.map_err(|error| format!("unshare: {error}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    output
        .status
        .success()
        .then_some(())
        .ok_or_else(|| format!("no stage can be built, which needs root: {told}"))
}

/// Plays all attacks, or those that were asked for.
pub fn play(place: &Place, user: User, kinds: &[&str]) -> std::io::Result<Outcome> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let arena = tempfile::Builder::new().prefix("attacks-").tempdir_in(temporary)?;
    let plan = plan(place, user, kinds, arena.path());
    let file = tempfile::NamedTempFile::new_in(temporary)?;
    fs_err::write(file.path(), serde_json::to_vec(&plan)?)?;
    let output = Command::new("unshare")
        .args(UNSHARE)
        .arg("python3")
        .arg(sources().join("stage/stage.py"))
        .arg(file.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()?;
    let mut outcome = Outcome {
        has_ended: output.status.success(),
        trouble: String::from_utf8_lossy(&output.stderr).into_owned(),
        ..Outcome::default()
    };
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        match serde_json::from_str(line)? {
            Line::Row(row) => outcome.rows.push(row),
            Line::Note(Note { note, is_escape: true }) => outcome.escapes.push(note),
            Line::Note(Note { note, is_escape: false }) => outcome.notes.push(note),
        }
    }
    Ok(outcome)
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks")
}

fn plan(place: &Place, user: User, kinds: &[&str], arena: &Path) -> Plan {
    let asked = words("SHELFLIFE_ATTACKS_KINDS");
    let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("attacks-docker");
    let docker = (place.runtime == crate::places::Runtime::Container).then(|| {
        fs_err::create_dir_all(&data).unwrap();
        Docker { data: data.clone(), tree: place.tree.clone().unwrap_or_default(), image: IMAGE }
    });
    Plan {
        uid: user.number(),
        shelflife: env!("CARGO_BIN_EXE_shelflife").into(),
        arena: arena.to_owned(),
        kept: docker.iter().map(|docker| docker.data.clone()).collect(),
        readable: vec![place.interpreter(), cache_folder(), env!("CARGO_BIN_EXE_shelflife").into()],
        points: Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/blobs.csv"),
        site: place.packages(),
        python: place.venv.join("bin/python"),
        maker: sources().join("hostile/make.py"),
        shared: cache_folder(),
        kinds: if asked.is_empty() { kinds.iter().map(ToString::to_string).collect() } else { asked },
        only: words("SHELFLIFE_ATTACKS_ONLY"),
        attribution_seconds: words("SHELFLIFE_ATTACKS_SEARCH")
            .first()
            .map_or(60, |seconds| seconds.parse().unwrap()),
        environments: place.environments.clone(),
        docker,
    }
}

/// What a variable lists, separated by commas.
fn words(variable: &str) -> Vec<String> {
    let listed = std::env::var(variable).unwrap_or_default();
    listed.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
