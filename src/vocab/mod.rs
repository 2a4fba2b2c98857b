//! Layer 0: the words of the product as types. Serde only, no logic beyond naming and counting.
//!
//! Architecture Invariant: nothing here touches the file system, a clock, a process or another module of
//! this crate.

mod comparison;
mod digest;
mod environment;
mod event;
mod exit;
mod ids;
mod observation;
mod real;
mod record;
mod verdict;

pub use comparison::{Agreement, DtypePair, Mismatch, OutputComparison, Tolerance, Worst};
pub use digest::{Digest, DigestBuilder, ParseDigestError};
pub use environment::{ByteOrder, Lock, Move, Runtime, moves};
pub use event::{
    ArtifactAbsence, EnvironmentPlan, Event, ExpectationRecord, FilePlan, InputsKind, MatrixRecord,
    ModelPlan, PlanRecord, RunHeader,
};
pub use exit::ExitCode;
pub use ids::{ArtifactId, EnvName, FormatName, ModelName};
pub use observation::{Encoding, ErrorFact, Observation, Outcome, OutputKind, OutputRef, Phase, WarningFact};
pub use real::Real;
pub use record::{
    ArtifactRecord, CellRecord, EnvironmentRecord, ExpectationNote, Finding, FindingKind, MatrixSummary,
    Record, RunSummary, Summary,
};
pub use verdict::{Stage, Status, Verdict};

/// Version of the serialized forms of this module (`events.jsonl` and `results.json`).
///
/// Readers refuse a larger number and accept smaller ones down to 1.
pub const FORMAT_VERSION: u32 = 1;
