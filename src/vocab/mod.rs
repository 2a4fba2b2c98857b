//! Layer 0: the words of the product as types. Serde only, no logic beyond naming and counting.
//!
//! Architecture Invariant: nothing here touches the file system, a clock, a process or another module of
//! this crate.

mod attempt;
mod attestation;
mod cause;
mod comparison;
mod digest;
mod environment;
mod event;
mod exit;
mod expected;
mod facts;
mod forecast;
mod foreign;
mod given;
mod ids;
mod inputs;
mod inspection;
pub mod legacy;
mod museum;
mod next;
mod noise;
mod observation;
mod outputs;
mod promise;
mod real;
mod record;
mod release;
mod release_diff;
mod rescue;
mod schema;
mod shards;
mod trouble;
mod verdict;

pub use attempt::{Attempt, AttemptKind, Gap};
pub use attestation::{Described, STATEMENT_TYPE, Statement, TEST_RESULT_TYPE, TestOutcome, TestResult};
pub use cause::{Cause, Inapplicable, Limit, Misfit, Misread, NoReference, Opinion, Standing, Trouble};
pub use comparison::{Agreement, DtypePair, Mismatch, OutputComparison, Tolerance, Worst};
pub use digest::{Digest, DigestBuilder, ParseDigestError};
pub use environment::{ByteOrder, Lock, Move, Runtime, Setup, moves};
pub use event::{
    ArtifactAbsence, EnvironmentPlan, Event, ExpectationRecord, FilePlan, FormatPlan, MatrixRecord,
    ModelPlan, PlanRecord, ReferenceKind, RunHeader, is_among,
};
pub use exit::ExitCode;
pub use expected::{ExpectedFile, ExpectedPlace, Mistyped};
pub use facts::{FileFacts, ObjectFacts};
pub use forecast::{Expected, Forecast, RuleScore, Score};
pub use foreign::Foreign;
pub use given::{InputsKind, Registered};
pub use ids::{ArtifactId, EnvName, FormatName, ModelName};
pub use inputs::{InferredColumns, InferredType, InputForm, InputTypes, MadeUp};
pub use inspection::{
    ArrayFact, ArtifactKind, AttributeFact, BoosterFacts, ClassFact, Container, FieldFact, GlobalFact,
    Inspected, Inspection, InspectionReport, JoblibFacts, Member, NumpyFacts, OnnxFacts, PackageFact,
    PickleFacts, PointerFact, Problem, ProblemKind, SkopsFacts, TensorFact, Trust,
};
pub use museum::{Kept, KeptInputs, KeptOutput};
pub use next::{LeftOut, Next};
pub use noise::{NoiseFloor, NoiseSetting};
pub use observation::{
    Disturbance, Encoding, ErrorFact, ImportFact, Observation, Outcome, OutputKind, OutputRef, Phase, Unfit,
    WarningFact,
};
pub use outputs::ByOutput;
pub use promise::{PromisePair, PromiseRecord};
pub use real::Real;
pub use record::{
    ArtifactRecord, CellRecord, EnvironmentRecord, ExpectationNote, Finding, FindingKind, MatrixSummary,
    Record, RunSummary, Summary,
};
pub use release::{
    BodyFacts, ClassShape, CompiledFacts, Layout, ModuleFacts, Pass, ReleaseFacts, Uses, When,
};
pub use release_diff::{
    ChecksumChange, GoneName, LackingAttribute, ParameterChange, ReleaseDiff, StateChange, StateChangeKind,
    StructChange, UnreadAttribute,
};
pub use rescue::{
    Change, Exactness, Holds, InputsOrigin, KeyAccount, KeyNote, MendOutcome, NoProof, Obstacle,
    ObstacleKind, ProbedPart, Probes, RESCUE_VERSION, Refused, RescueEnvironment, RescueFile, RescueRecord,
    RescueResult, Share, TranslateOutcome, Translation, Tried, Verification, Way, Wrapping,
};
pub use schema::schema_text;
pub use shards::{
    Floors, MachineDifference, PartHeader, PartSeal, SHARDS_VERSION, ShardPhase, ShardPlan, ShardSelection,
    ShardWork, Slice, part_name,
};
pub use trouble::EnvironmentTrouble;
pub use verdict::{Reached, Stage, Status, Verdict};

/// Version of the serialized forms of this module (`events.jsonl` and `results.json`).
///
/// Readers refuse a larger number and accept smaller ones down to 1.
pub const FORMAT_VERSION: u32 = 2;
