//! Layer 0: the small notations in which people write conditions, wherever they write them: versions and what they
//! must fulfil, names of packages, globs over names, limits of time and memory, ranges of numbers; and how errors of files are told.
//!
//! Architecture Invariant: nothing here knows a matrix, a model or an environment; every error says what is wrong and
//! what to write instead.

mod abridged;
mod column_type;
pub mod glob;
mod limit;
mod package;
mod ranges;
mod refusal;
mod requirement;
mod specifier;
mod version;

pub use abridged::abridged;
pub use column_type::ColumnType;
pub use limit::{LimitError, memory_limit, time_limit};
pub use package::package_name;
pub use ranges::{numbers, ranges};
pub use refusal::without_path;
pub use requirement::{Requirement, allowed_package, requirement_met};
pub use specifier::{Specifier, Specifiers};
pub use version::{Version, VersionError};
