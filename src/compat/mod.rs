//! Layer 1: the map, what was measured of estimators between releases of scikit-learn, as data: which release reads
//! what which other one has written, and how it fails elsewhere.
//!
//! Architecture Invariant: nothing here is filled in. A fact is a cell of a recorded run; what nobody has tried has no
//! entry, and whether a rescue helps is what the table of rules says.

mod ask;
mod caveats;
mod export;
mod facts;
mod measure;
mod square;

pub use ask::{
    End, MapRow, Question, Reach, Tally, Unasked, estimators, measured, pair, reaches, readers, release,
    releases, row, square, within,
};
pub use caveats::{MayMeet, caveats_of};
pub use export::{CompatData, compat_schema_json, data_version};
pub use facts::{MAP_VERSION, MapEnvironment, MapFacts, MapModel, MapRun, map};
pub use measure::MeasuredRun;
pub use square::{Seen, SeenCells, Square};
