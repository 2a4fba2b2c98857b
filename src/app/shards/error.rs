//! Why a run cannot be shared out, done in parts or merged.

use std::path::PathBuf;

use crate::notation::without_path;
use crate::present::refused_parts;
use crate::shard::PartRefusal;

/// Why something about parts of a run ends early.
#[derive(Debug, thiserror::Error)]
pub enum ShardError {
    /// The file with the shards cannot be used.
    #[error("`{}` cannot be used as a plan of shards: {why}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// Why.
        why: PlanTrouble,
    },
    /// The matrix is not the one that was planned.
    #[error("`{}` has changed since its shards were planned", .0.display())]
    MatrixChanged(PathBuf),
    /// Another version of shelflife planned the shards.
    #[error("the shards were planned by shelflife {planned}, and this is {own}")]
    OtherVersion {
        /// Who planned.
        planned: String,
        /// This one.
        own: String,
    },
    /// More shards than make sense, or none.
    #[error("a run cannot be split into {0} shards")]
    Count(usize),
    /// There is no such shard.
    #[error("there is no shard {shard} of {of}: the plan has {planned}")]
    NoSuchShard {
        /// What was asked for.
        shard: u32,
        /// Of how many.
        of: u32,
        /// How many there are.
        planned: usize,
    },
    /// Another process does the same part.
    #[error("another shelflife is working on the part `{}`", .0.display())]
    Busy(PathBuf),
    /// Another process works in the folder of the run that is to be merged.
    #[error("another shelflife is working in `{}`", .0.display())]
    FolderBusy(PathBuf),
    /// There is nothing to merge.
    #[error("there are no parts in what was given")]
    NoParts,
    /// Parts that cannot be merged, with the reason of each.
    #[error("{}", refused_parts(.0))]
    Refused(Vec<(PathBuf, PartRefusal)>),
    /// Where a merge should go is no place for a run.
    #[error("`{}` cannot be the folder of a run", .0.display())]
    Output(PathBuf),
    /// Nothing travels in a folder.
    #[error("there are no objects and no observations in `{}`", .0.display())]
    NoSource(PathBuf),
    /// An engine cannot do so many.
    #[error("{engine} takes at most {most} jobs, and there are {shards} shards")]
    TooMany {
        /// Which.
        engine: &'static str,
        /// The most.
        most: usize,
        /// What was planned.
        shards: usize,
    },
}

/// What is wrong with a file of shards.
#[derive(Debug, thiserror::Error)]
pub enum PlanTrouble {
    /// It cannot be read.
    #[error("{}", without_path(.0))]
    Read(std::io::Error),
    /// It is no plan of shards.
    #[error("it is not what `shelflife shard plan` writes ({0})")]
    NoPlan(String),
    /// A later version wrote it.
    #[error("it was written in version {0}, which this shelflife does not know")]
    Newer(u32),
    /// It is not as it was written.
    #[error("it was edited: its fingerprint is of something else")]
    Edited,
}
