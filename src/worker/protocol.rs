//! The frames that travel between the orchestrator and the agent: two little-endian `u32` lengths, that many
//! bytes of JSON, and that many bytes of payload.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::cage::{CellFilters, Machine};
use crate::vocab::{
    AttemptKind, Change, Encoding, ErrorFact, Holds, InputForm, KeyAccount, MadeUp, Obstacle, OutputKind,
    Probes, Unfit, WarningFact,
};

/// Largest JSON part that is believed. The agent's own limit is lower.
const MAX_JSON: usize = 16 << 20;
/// Largest payload that is believed.
const MAX_PAYLOAD: usize = 1 << 31;

/// What the agent is told first.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Hello {
    /// Folder for private scratch folders of cells.
    pub scratch: String,
    /// What cells are to be kept in.
    pub cage: CageRequest,
    /// Estimator expressions by model: what they use is imported before the first fork.
    pub expressions: BTreeMap<String, String>,
    /// Further modules to import.
    pub modules: Vec<String>,
    /// What `sklearn.set_config` is called with.
    pub config: BTreeMap<String, serde_json::Value>,
    /// The extension whose estimators take the place of scikit-learn's.
    pub extension: Option<String>,
    /// The device to compute on.
    pub device: Option<String>,
    /// What writes and reads the formats of the run, by name.
    pub handlers: BTreeMap<String, HandlerSource>,
}

/// What the agent is to keep its cells in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CageRequest {
    /// Whether a cage stands around the interpreter already.
    pub caged: bool,
    /// Whether its tasks may do what this user may: recipes of a matrix that says so.
    pub trusts: bool,
    /// The folder that cells write to.
    pub scratch: String,
    /// A folder in it, to put views together.
    pub stage: String,
    /// The folder of artifacts and datasets.
    pub objects: String,
    /// Folders that the interpreter may write to, and its cells may not.
    pub protected: Vec<String>,
    /// Homes, of which no cell sees more than what is named.
    pub homes: Vec<String>,
    /// Names below `/proc` that no cell is to see.
    pub hidden: &'static [&'static str],
    /// Processes that a cell may have.
    pub most_processes: u32,
    /// Filters of system calls.
    pub filters: BTreeMap<Machine, CellFilters>,
}

/// What an interpreter keeps its cells in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Walls {
    /// Files, processes and shared memory of their own, which go with them.
    pub spaces: bool,
    /// No network.
    pub network: bool,
    /// The version of Landlock, 0 for none.
    pub landlock: u32,
    /// Filters of system calls, and what they do.
    pub filter: Option<FilterKind>,
}

/// What a filter does with what it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterKind {
    /// Somebody is asked, who takes note.
    Ask,
    /// It is refused.
    Refuse,
}

/// A handler's Python source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlerSource {
    /// Its name.
    pub name: String,
    /// Its file, for tracebacks.
    pub file: String,
    /// Its text.
    pub text: String,
    /// Whether it comes from the matrix.
    pub foreign: bool,
}

/// How a model is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Source {
    /// A Python expression.
    Expression {
        /// Its text.
        expression: String,
    },
    /// A recipe file.
    Recipe {
        /// Its source text.
        recipe: String,
        /// Its path, for tracebacks.
        path: String,
        /// Modules beside it that it imports, by name.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        neighbours: BTreeMap<String, Beside>,
    },
}

/// A module beside a recipe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// Whether it is the `__init__.py` of a folder.
    pub is_package: bool,
    /// Its source text.
    pub source: String,
}

/// One way to write a fitted model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Saving {
    /// The handler.
    pub handler: String,
    /// Its options.
    pub options: serde_json::Value,
    /// Where to write.
    pub path: String,
    /// Where to write a pickle of the fitted model, too: what the artifact's cells are compared with.
    pub model: Option<String>,
}

/// Names and texts of Python sources that are part of the program.
pub type Sources = &'static [(&'static str, &'static str)];

/// One unit of work for a forked child.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Task {
    /// Fit a model and write it.
    Train {
        /// How to make the estimator.
        source: Source,
        /// Path of the encoded dataset to fit on.
        dataset: String,
        /// Path of the encoded dataset to predict on.
        inputs: String,
        /// Outputs to ask for; all that are offered where `None`.
        methods: Option<Vec<String>>,
        /// Seed of the global generators.
        seed: u32,
        /// Module of the array API whose arrays are given; numpy's where `None`.
        arrays: Option<String>,
        /// The files to write.
        formats: Vec<Saving>,
    },
    /// Load an artifact and compute its outputs.
    Cell {
        /// Path of the artifact.
        artifact: String,
        /// The handler.
        handler: String,
        /// Its options.
        options: serde_json::Value,
        /// Path of the encoded dataset to predict on.
        inputs: String,
        /// Outputs to ask for; whatever it offers where `None`.
        methods: Option<Vec<String>>,
        /// Seed of the global generators.
        seed: u32,
        /// Module of the array API whose arrays are given; numpy's where `None`.
        arrays: Option<String>,
        /// Whether it is an external artifact, whose inputs may have to be brought into its model's form.
        #[serde(rename = "outside")]
        external: bool,
        /// The form in which its inputs are handed over: that of its reference; found out where `None`.
        form: Option<InputForm>,
        /// How many columns are made up for it: those of its reference; guessed where `None`.
        #[serde(skip_serializing_if = "Option::is_none")]
        columns: Option<u32>,
        /// Archive of modules that no package brings.
        #[serde(skip_serializing_if = "Option::is_none")]
        modules: Option<String>,
    },
    /// Read an artifact of another release, mend its states, and write it for this one.
    Mend {
        /// Path of the artifact.
        artifact: String,
        /// The handler.
        handler: String,
        /// Its options.
        options: serde_json::Value,
        /// Versions of the packages that wrote it, as far as they are known.
        versions: BTreeMap<String, String>,
        /// Names and sources of the mends.
        mends: Sources,
        /// Names and sources of the modules that may stand beside the file.
        companions: Sources,
        /// The names that reading it may call, as `module:name`; what runs commands is refused where `None`.
        allowed: Option<Vec<String>>,
        /// Where to write.
        output: String,
        /// Archive of modules that no package brings.
        #[serde(skip_serializing_if = "Option::is_none")]
        modules: Option<String>,
    },
    /// Read an artifact and write what is in it in another format.
    Translate {
        /// Path of the artifact.
        artifact: String,
        /// The handler.
        handler: String,
        /// Its options.
        options: serde_json::Value,
        /// The handler that writes.
        to: String,
        /// Its options.
        to_options: serde_json::Value,
        /// What a file of it holds.
        holds: Holds,
        /// Path of the encoded dataset that the model takes.
        inputs: String,
        /// Seed of the global generators.
        seed: u32,
        /// Where to write.
        output: String,
        /// Archive of modules that no package brings.
        #[serde(skip_serializing_if = "Option::is_none")]
        modules: Option<String>,
    },
    /// Derive inputs from an artifact that show what it does everywhere.
    Probe {
        /// Path of the artifact.
        artifact: String,
        /// The handler.
        handler: String,
        /// Its options.
        options: serde_json::Value,
        /// Path of the encoded dataset that it takes otherwise.
        inputs: String,
        /// Seed of what is chosen.
        seed: u32,
        /// Whether missing values and such as it has never seen may be among them.
        gaps: bool,
        /// Where to write the encoded dataset.
        output: String,
        /// Archive of modules that no package brings.
        #[serde(skip_serializing_if = "Option::is_none")]
        modules: Option<String>,
    },
}

/// Limits of each task of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WorkerLimits {
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Bytes of resident memory beyond the warm interpreter's own.
    pub memory_bytes: u64,
}

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(super) enum Request<'a> {
    Hello(&'a Hello),
    Batch { batch: u64, tasks: &'a [Task], limits: WorkerLimits },
}

/// The agent's answer to [`Hello`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ready {
    /// Modules that could not be imported, with the exception.
    pub troubles: BTreeMap<String, ErrorFact>,
    /// Models that do not exist there, with the reason.
    #[serde(rename = "lacks")]
    pub absent_models: BTreeMap<String, String>,
    /// Why the declared device does not exist there.
    pub absent: Option<String>,
    /// Whether it can do one task only: a process with a rank takes part in MPI once.
    #[serde(default)]
    pub lone: bool,
    /// Seconds that importing took.
    pub seconds: f64,
    /// What its cells are kept in.
    #[serde(default)]
    pub walls: Walls,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case")]
pub(super) enum Reply {
    Ready(Ready),
    Result(Box<RawResult>),
    StateChanged { batch: u64, index: usize, what: String },
    Ended(Ended),
}

/// How a batch's child ended.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ended {
    /// Number of the batch.
    pub batch: u64,
    /// The task that was going on.
    pub index: usize,
    /// Its phase: `start`, `train`, `save`, `load` or `predict`.
    pub phase: String,
    /// `finished`, `signal`, `exit`, `timeout`, `memory`, `processes` or `garbled`.
    pub how: String,
    /// The signal, for `signal`.
    #[serde(default)]
    pub signal: i32,
    /// Whether the signal may have come from somebody else than the cell.
    #[serde(default)]
    pub outside: bool,
    /// What the cell tried and was refused: kind and detail of each.
    #[serde(default)]
    pub tried: Vec<(AttemptKind, String)>,
    /// The exit status, for `exit`.
    #[serde(default)]
    pub status: i32,
    /// The end of what it printed, unless it finished.
    #[serde(default)]
    pub printed: Option<String>,
}

/// Everything that a child may say about one task; which fields are present depends on the kind of task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RawResult {
    pub batch: u64,
    pub index: usize,
    // Training.
    pub unsupported: Option<String>,
    pub train_error: Option<ErrorFact>,
    pub train_seconds: f64,
    pub methods: Vec<String>,
    pub saved: Vec<RawSaved>,
    // Observing.
    pub outcome: Option<String>,
    pub phase: Option<String>,
    pub method: Option<String>,
    pub error: Option<ErrorFact>,
    pub reason: Option<String>,
    pub unfit: Option<Unfit>,
    pub warnings: Vec<WarningFact>,
    pub load_seconds: Option<f64>,
    pub predict_seconds: Option<f64>,
    pub peak_rss_bytes: Option<u64>,
    pub outputs: Vec<RawOutput>,
    pub form: Option<InputForm>,
    pub made_up: Option<MadeUp>,
    // Mending.
    pub changes: Vec<Change>,
    pub keys: Option<KeyAccount>,
    pub mends: Vec<String>,
    pub refused: Vec<Obstacle>,
    pub needs_companion: Vec<String>,
    pub would_use: Vec<String>,
    // Probing.
    pub probes: Option<Probes>,
    // Translating.
    pub held: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawSaved {
    #[serde(default)]
    pub error: Option<ErrorFact>,
    #[serde(default)]
    pub unsupported: Option<String>,
    #[serde(default)]
    pub missing: Option<String>,
    #[serde(default)]
    pub save_seconds: f64,
    #[serde(default)]
    pub methods: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RawOutput {
    pub name: String,
    pub encoding: Encoding,
    pub kind: OutputKind,
    pub dtype: String,
    pub shape: Vec<u64>,
    pub offset: usize,
    pub length: usize,
}

pub(super) async fn send<W: AsyncWrite + Unpin>(
    writer: &mut W,
    request: &Request<'_>,
) -> std::io::Result<()> {
    let json = serde_json::to_vec(request).map_err(std::io::Error::other)?;
    let length = u32::try_from(json.len()).map_err(std::io::Error::other)?;
    writer.write_all(&length.to_le_bytes()).await?;
    writer.write_all(&0u32.to_le_bytes()).await?;
    writer.write_all(&json).await?;
    writer.flush().await
}

pub(super) async fn receive<R: AsyncRead + Unpin>(reader: &mut R) -> std::io::Result<(Reply, Vec<u8>)> {
    let mut head = [0u8; 8];
    reader.read_exact(&mut head).await?;
    let [a, b, c, d, e, f, g, h] = head;
    let json_length = u32::from_le_bytes([a, b, c, d]) as usize;
    let payload_length = u32::from_le_bytes([e, f, g, h]) as usize;
    if json_length > MAX_JSON || payload_length > MAX_PAYLOAD {
        return Err(std::io::Error::other("the agent announced a frame that is too large"));
    }
    let mut json = vec![0; json_length];
    reader.read_exact(&mut json).await?;
    // Grow with what really arrives instead of believing the announced length.
    let mut payload = Vec::new();
    reader.take(payload_length as u64).read_to_end(&mut payload).await?;
    if payload.len() != payload_length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let reply = serde_json::from_slice(&json)
        .map_err(|error| std::io::Error::other(format!("the agent sent something unreadable: {error}")))?;
    Ok((reply, payload))
}
