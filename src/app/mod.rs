//! Layer 4: between typing and doing. Requests are plain data and become a matrix and what it is judged by in pure
//! functions; a [`Session`], opened once, carries them out and returns values; a [`Listener`] hears of what happens
//! meanwhile.
//!
//! Architecture Invariant: nothing here prints, knows a command line or writes a sentence for people; what goes wrong is
//! an [`AppError`], which holds facts. A test framework or another program can rest on this layer.

mod accepting;
mod attesting;
mod bisect;
mod bundle;
mod care;
mod check;
mod datasets;
mod disk;
mod earlier;
mod env_for;
mod environments;
mod error;
mod files;
#[cfg(test)]
mod fixture;
mod forecasting;
mod foretelling;
mod formats;
mod gate;
mod history;
mod inputs;
mod inspecting;
mod interpreters;
mod judging;
mod known;
mod listener;
mod makers;
mod mapping;
mod museum;
mod naming;
mod outcome;
mod packing;
mod project;
mod promised;
mod recorder;
mod registries;
mod release_error;
mod releases;
mod reporting;
mod request;
mod request_error;
mod requires;
mod rescue;
mod run;
mod search;
mod session;
mod shards;
mod starting;

pub use accepting::{AcceptRequest, Accepted};
pub use attesting::{Attested, attest, mismatches};
pub use bisect::{Bisected, Step};
pub use bundle::{Bundle, bundle};
pub use care::{Made, Removed};
pub use datasets::{load_datasets, load_matrix, load_plan};
pub use disk::Disk;
pub use env_for::{EnvForRequest, Found, TriedEnv};
pub use environments::{environment, environments};
pub use error::{AppError, BisectError, Doing, LockTrouble, PlaceTrouble, RequestError, Unreadable};
pub use files::Draft;
pub use forecasting::Target;
pub use gate::Gated;
pub use history::{HistoryRequest, Told, write_history};
pub use inspecting::{PassedOver, inspect};
pub use judging::gate_options;
pub use known::{EVENTS, Opened, open, open_accepted, open_record, open_run, parse};
pub use listener::{Aside, Listener, Notice, PartStep, Silent};
pub use mapping::measure_map;
pub use museum::{Museum, NotKept, WhyNotKept};
pub use outcome::Outcome;
pub use packing::{PACK_HELPER, PackRequest, Packed};
pub use project::{Taken, reports_of, settings, target_of};
pub use promised::{Stated, StatedPair, statements};
pub use release_error::ReleaseError;
pub use releases::{LOOK, ReleaseSource, Releases};
pub use reporting::ReportRequest;
pub use request::{
    BisectRequest, CheckRequest, FilesRequest, GateRequest, MuseumRequest, RescueRequest, RunRequest,
};
pub use requires::{Border, Borders, RequiredFile, RequiresRequest, required};
pub use rescue::{RescueItem, Rescued};
pub use session::{KEPT, Policy, Session, runtime};
pub use shards::{
    MergeRequest, Merged, PlanTrouble, ShardError, ShardOutcome, ShardPlanRequest, ShardRunRequest,
    open_shards, plan_shards,
};
pub use starting::{Started, start};
