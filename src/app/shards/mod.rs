//! A run that several machines share: planned here, done in parts anywhere, merged here.

mod error;
#[cfg(test)]
mod fixture;
mod merging;
mod part;
mod planning;
mod running;
#[cfg(test)]
mod spoilt;
#[cfg(test)]
mod tests;

pub use error::{PlanTrouble, ShardError};
pub use merging::{MergeRequest, Merged};
pub use planning::{ShardPlanRequest, open_shards, plan_shards};
pub use running::{ShardOutcome, ShardRunRequest};
